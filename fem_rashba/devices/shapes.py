"""The shapes of devices, all in one place: those by name, polygons and mesh files.

Lengths are unit strings or plain numbers in nm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fem_rashba.devices.branches import hall_bar, l_bend, t_junction
from fem_rashba.devices.files import MeshFile
from fem_rashba.devices.rings import cloverleaf, corbino
from fem_rashba.devices.shape import Length, Shape, positive
from fem_rashba.devices.strips import hall_cross, notched_strip, wire

__all__ = [
    "Length",
    "Shape",
    "cloverleaf",
    "corbino",
    "gds_file",
    "hall_bar",
    "hall_cross",
    "l_bend",
    "mesh_file",
    "notched_strip",
    "polygon",
    "t_junction",
    "wire",
]


def polygon(
    outline: Sequence[Any],
    *,
    holes: Sequence[Any] = (),
    terminals: Mapping[str, Any] = MappingProxyType({}),
    edges: Mapping[str, Any] = MappingProxyType({}),
) -> Shape:
    """A polygon, or the union of several, without holes. Coordinates are numbers in nm.

    Args:
        outline: Corners [[x, y], ...] in either sense, or a list of such lists.
        holes: A list of lists of corners, each inside the outline.
        terminals: Name -> the ends [[x0, y0], [x1, y1]] of a straight piece of the boundary.
        edges: The same for pieces of the boundary to be named; the rest is called "edge".

    Raises:
        ValueError: If a polygon is not simple, the union is not one piece, a hole is not inside, or a terminal or edge
            is not on the boundary or overlaps another.
    """
    # shapely takes a noticeable part of the start-up time, and the other shapes do not need it
    from fem_rashba.devices.polygons import outline_of

    return Shape(name="polygon", geometry=outline_of(outline, holes, terminals, edges))


def gds_file(
    path: str | Path,
    *,
    layers: Mapping[str, Any],
    cell: str | None = None,
    snap: Length = "auto",
    regions: Sequence[str] = (),
    edges: Sequence[str] = (),
) -> Shape:
    """The device of a GDSII file, with the references of its cell flattened.

    The film is the union of the polygons, paths and boxes on the layer "film" without those on "holes". Every other
    name is a terminal, an edge or a region: terminals and edges are the parts of the boundary of the film that their
    shapes cover or touch, regions the parts of the film.

    Args:
        path: The file, read at once.
        layers: Name -> a layer, whatever the datatype, or [layer, datatype]; "film" must be there, "holes" may.
        cell: Name of the cell; by default the only one that no other refers to.
        snap: Sides and corners nearer than this are one; "auto" is the database unit of the file.
        regions: Which names are regions.
        edges: Which names are edges.

    Raises:
        ValueError: If the file is no GDSII file, a layer is empty, the film is not one piece, or a shape fits nowhere.
    """
    if "film" not in layers:
        raise ValueError(f"layers = {dict(layers)!r} must have film, the layer of the film")
    for name in (*regions, *edges):
        if name not in layers or name in ("film", "holes"):
            has = ", ".join(repr(key) for key in layers if key not in ("film", "holes")) or "none"
            raise ValueError(f"{name!r} must be the name of a layer, to be a region or an edge; layers has {has}")
    width = None if snap == "auto" else positive(snap, "snap")
    # shapely takes a noticeable part of the start-up time
    from fem_rashba.devices import gds
    from fem_rashba.devices.layout import outline_from

    drawing = gds.read(Path(path), layers, cell)
    labels = {name: f"layer {gds.shown(layer)}" for name, layer in layers.items()}
    try:
        outline = outline_from(
            drawing.polygons, labels, snap=width or drawing.unit, regions=tuple(regions), edges=tuple(edges)
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return Shape(name=Path(path).name, geometry=outline)


def mesh_file(
    path: str | Path,
    *,
    scale: Length | None = None,
    terminals: Sequence[str] = (),
    edges: Sequence[str] = (),
) -> Shape:
    """A mesh in a .msh file; its physical surfaces are regions, its physical curves terminals and edges.

    Curve groups called "edge", "edge...", or "edge:NAME" are edges, all others terminals; exterior sides in no group
    are the edge called "edge".

    Args:
        path: The file, read when it is meshed.
        scale: The unit of length in the file: nm, or a length such as "1 um".
        terminals: Names that the file must have as terminals.
        edges: Further curve groups that are edges.

    Raises:
        ValueError: If the scale is not positive.
    """
    factor = 1.0 if scale is None else positive(scale, "scale")
    file = MeshFile(path=Path(path), scale=factor, terminals=tuple(terminals), edges=tuple(edges))
    return Shape(name=file.path.name, geometry=file)
