"""[device], and where its terminals, edges and regions are -> a shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fem_rashba.config.builders import in_device, in_section
from fem_rashba.config.schema import ENDS, LIST, SPIN
from fem_rashba.devices.outline import REST

if TYPE_CHECKING:
    from fem_rashba.devices.shapes import Shape

Table = dict[str, Any]


def shape(resolved: Table, folder: Path) -> Shape:
    """The shape of [device]; terminals, edges and regions are where their sections or the file put them."""
    device, terminals = resolved["device"], resolved["terminals"]
    edges = {name: table for name, table in resolved["edges"].items() if name not in (*SPIN, "edge")}
    _check_places("outline" in device, {"terminals": terminals, "edges": edges})
    regions = _polygons(resolved["regions"], next((key for key in ("mesh", "gds") if key in device), None))
    if "mesh" in device:
        path = folder / device["mesh"]
        if not path.is_file():
            raise ValueError(f"device.mesh = {device['mesh']!r} must be a .msh file; there is no file {path}")
    if "gds" in device:
        own = [name for name in resolved["regions"] if name != REST]
        _check_layers(device["layers"], {"terminals": list(terminals), "edges": list(edges), "regions": own})
    # not before the checks above: this imports Gmsh and dolfinx
    from fem_rashba.devices import shapes

    given = {name: value for name, value in device.items() if name not in ("shape", "element_size", "degree")}
    if "gds" in device:
        with in_device(resolved):
            return shapes.gds_file(folder / given.pop("gds"), **given, regions=own, edges=list(edges))
    with in_section("device", given):
        if "shape" in device:
            maker: Callable[..., Shape] = getattr(shapes, device["shape"])
            return maker(**given).with_regions(regions)
        if "mesh" in device:
            return shapes.mesh_file(path, scale=given.get("scale"), terminals=list(terminals), edges=list(edges))
        places = [{name: table["at"] for name, table in named.items()} for named in (terminals, edges)]
        holes = given.get("holes", ())
        made = shapes.polygon(given["outline"], holes=holes, terminals=places[0], edges=places[1])
        return made.with_regions(regions)


def _polygons(regions: Table, file: str | None) -> Table:
    """Where the regions are, unless a file says so; "film" is what the others leave."""
    for name, table in regions.items():
        if file is None and "polygon" not in table and name != REST:
            raise ValueError(f"regions.{name}.polygon is missing; it must be {LIST.allowed}, where the region is")
        if file is not None and "polygon" in table:
            has = "surfaces are regions" if file == "mesh" else "layers are regions"
            raise ValueError(f"regions.{name}.polygon does not go with device.{file}, whose {has}")
    return {name: table["polygon"] for name, table in regions.items() if "polygon" in table}


def _check_layers(layers: Mapping[str, Any], sections: Mapping[str, list[str]]) -> None:
    owner: dict[str, str] = {}
    for section, names in sections.items():
        for name in names:
            if name not in layers or name in (REST, "holes"):
                has = ", ".join(key for key in layers if key not in (REST, "holes")) or "no other"
                raise ValueError(f"unknown name in [{section}.{name}]: device.layers has no such name but {has}")
            if name in owner:
                raise ValueError(f"{name!r} is in [{owner[name]}] and in [{section}]; a layer is one of them")
            owner[name] = section


def _check_places(outline: bool, sections: Mapping[str, Mapping[str, Table]]) -> None:
    for section, named in sections.items():
        for name, table in named.items():
            if outline and "at" not in table:
                raise ValueError(f"{section}.{name}.at is missing; it must be {ENDS.allowed}, on the outline")
            if not outline and "at" in table:
                raise ValueError(f"{section}.{name}.at goes only with device.outline; leave it out")
