"""The shapes of devices: wire, Hall cross, notched strip, polygons and mesh files.

Lengths are unit strings or plain numbers in nm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mpi4py import MPI

from fem_rashba.devices import gmsh_io, tensor, triangles
from fem_rashba.devices.device import Device
from fem_rashba.devices.files import MeshFile
from fem_rashba.devices.gmsh_io import Estimate, Groups
from fem_rashba.devices.meshing import Films, sizing
from fem_rashba.devices.outline import Outline, Side, chain, closed
from fem_rashba.physics.magnetization import Wall
from fem_rashba.units import quantity

Length = str | float


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The shape of a device, to be meshed for a film.

    Attributes:
        name: "wire", "hall_cross", ... or the name of the mesh file.
        geometry: The boundary with its terminals and edges, or the file that holds a mesh.
    """

    name: str
    geometry: Outline | MeshFile

    def mesh(
        self,
        film: Films,
        *,
        element_size: Length = "auto",
        degree: int = 3,
        walls: Sequence[Wall] = (),
        largest: float | None = None,
        comm: MPI.Comm = MPI.COMM_WORLD,
    ) -> Device:
        """The device: quadrilaterals where all sides are parallel to x or y, triangles elsewhere. Collective.

        Args:
            film: The film, or the film of each region: the finest counts.
            element_size: "auto" resolves the film's shortest length at edges, corners and walls; a length is the size
                of all elements. A mesh file keeps its own elements.
            degree: Polynomial degree of the solution, which sets how fine "auto" is.
            walls: Lines along which the magnetization turns: as fine there as their width requires.
            largest: Upper limit in nm of the automatic size.
            comm: The ranks that share the mesh.

        Raises:
            ValueError: If the degree or a size is out of range, or the mesh file cannot be used.
        """
        return gmsh_io.device_from(self.name, self._build(film, element_size, degree, walls, largest), comm)

    def write(
        self,
        path: str | Path,
        film: Films,
        *,
        element_size: Length = "auto",
        degree: int = 3,
        walls: Sequence[Wall] = (),
        largest: float | None = None,
        comm: MPI.Comm = MPI.COMM_WORLD,
    ) -> None:
        """Write the mesh that `mesh` makes as a .msh file in nm: whole, or not at all. Collective.

        Raises:
            ValueError: As `mesh`, or if the path is not that of a .msh file in an existing folder.
        """
        gmsh_io.write(path, self._build(film, element_size, degree, walls, largest), comm)

    def cells(
        self,
        film: Films,
        *,
        element_size: Length = "auto",
        degree: int = 3,
        walls: Sequence[Wall] = (),
        largest: float | None = None,
    ) -> Estimate:
        """What the mesh that `mesh` makes will cost: cells, unknowns and sizes, exactly. Not collective.

        Raises:
            ValueError: As `mesh`.
        """
        return gmsh_io.estimate(self._build(film, element_size, degree, walls, largest), degree)

    def _build(
        self, film: Films, element_size: Length, degree: int, walls: Sequence[Wall], largest: float | None
    ) -> Callable[[], Groups]:
        """The function that fills a Gmsh model."""
        geometry = self.geometry
        if isinstance(geometry, MeshFile):
            if element_size != "auto":
                raise ValueError(f"element_size = {element_size!r} does not apply to a mesh file, which has elements")
            return geometry.load
        size = sizing(film, geometry.extent, element_size=element_size, degree=degree, walls=walls, largest=largest)
        mesher = tensor if geometry.is_rectilinear else triangles
        return lambda: gmsh_io.name_groups(mesher.build(geometry, size), geometry.terminals)


def wire(*, length: Length, width: Length) -> Shape:
    """A wire 0 <= x <= length, 0 <= y <= width; terminals source (x = 0) and drain; edges lower and upper.

    Raises:
        ValueError: If a length is not positive.
    """
    x, y = _positive(length, "length"), _positive(width, "width")
    side = closed([(0, 0), (x, 0), (x, y), (0, y)], ["lower", "drain", "upper", "source"])
    return Shape(name="wire", geometry=Outline(loops=(side,), terminals=("source", "drain")))


def hall_cross(*, arm_width: Length, arm_length: Length) -> Shape:
    """A cross centred on the origin; terminals source (-x), drain (+x), left (+y), right (-y); one edge.

    Args:
        arm_width: Width of all four arms.
        arm_length: From the edge of the central square to the terminal.

    Raises:
        ValueError: If a length is not positive.
    """
    a = _positive(arm_width, "arm_width") / 2
    b = a + _positive(arm_length, "arm_length")
    corners = [
        (a, a),
        (a, b),
        (-a, b),
        (-a, a),
        (-b, a),
        (-b, -a),
        (-a, -a),
        (-a, -b),
        (a, -b),
        (a, -a),
        (b, -a),
        (b, a),
    ]
    names = ["edge", "left", "edge", "edge", "source", "edge", "edge", "right", "edge", "edge", "drain", "edge"]
    outline = Outline(loops=(closed(corners, names),), terminals=("source", "drain", "left", "right"))
    return Shape(name="hall_cross", geometry=outline)


def notched_strip(
    *, length: Length, width: Length, notch_width: Length, notch_depth: Length, notch: str = "v", notches: int = 1
) -> Shape:
    """A wire with a notch at x = length/2 in the upper edge, or in both; terminals and edges as of the wire, and notch.

    Args:
        length, width: Of the strip.
        notch_width: Of the notch at the edge.
        notch_depth: From the edge to the tip.
        notch: "v" ends in a sharp tip, "slit" is a rectangle, "round" the circular arc through the mouth and the tip.
        notches: 1, or 2 with the lower edge.

    Raises:
        ValueError: If a length is not positive, the notch does not fit, or its kind is unknown.
    """
    x, y = _positive(length, "length"), _positive(width, "width")
    a, d = _positive(notch_width, "notch_width") / 2, _positive(notch_depth, "notch_depth")
    if notches not in (1, 2):
        raise ValueError(f"notches = {notches!r} must be 1 or 2")
    if notch not in ("v", "slit", "round"):
        raise ValueError(f"notch = {notch!r} must be 'v', 'slit' or 'round'")
    if 2 * a >= x:
        raise ValueError(f"notch_width = {notch_width!r} must be less than the length, {x:g} nm")
    if notches * d >= y:
        limit = "the width" if notches == 1 else "half the width"
        raise ValueError(f"notch_depth = {notch_depth!r} must be less than {limit}, {y / notches:g} nm")
    radius = (a * a + d * d) / (2 * d)
    if notch == "round" and d > a and 2 * radius >= x:
        raise ValueError(
            f"notch_depth = {notch_depth!r} makes an arc {2 * radius:g} nm wide; the strip is {x:g} nm long"
        )
    tip = [(x / 2 + a, y - d), (x / 2 - a, y - d)] if notch == "slit" else [(x / 2, y - d)]
    corners = [(x, y), (x / 2 + a, y), *tip, (x / 2 - a, y)]
    names = ["upper", *["notch"] * (len(tip) + 1), "upper"]
    centres = {1: (x / 2, y - d + radius), 2: (x / 2, y - d + radius)} if notch == "round" else {}
    upper = chain([*corners, (0.0, y)], names, centres)
    if notches == 2:
        names = ["lower" if name == "upper" else name for name in names]
        turned = {i: (x - cx, y - cy) for i, (cx, cy) in centres.items()}
        lower = chain([(x - px, y - py) for px, py in [*corners, (0.0, y)]], names, turned)
    else:
        lower = chain([(0.0, 0.0), (x, 0.0)], ["lower"])
    ends = (Side(start=(x, 0.0), end=(x, y), name="drain"), Side(start=(0.0, y), end=(0.0, 0.0), name="source"))
    loop = (*lower, ends[0], *upper, ends[1])
    return Shape(name="notched_strip", geometry=Outline(loops=(loop,), terminals=("source", "drain")))


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
    factor = 1.0 if scale is None else _positive(scale, "scale")
    file = MeshFile(path=Path(path), scale=factor, terminals=tuple(terminals), edges=tuple(edges))
    return Shape(name=file.path.name, geometry=file)


def _positive(value: Length, key: str) -> float:
    number = quantity(value, "nm", key)
    if not 0.0 < number < math.inf:
        raise ValueError(f"{key} = {value!r} must be a positive length")
    return number
