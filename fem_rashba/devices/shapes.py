"""The shapes of devices: wire, Hall cross, notched strip, polygons and mesh files.

Lengths are unit strings or plain numbers in nm.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mpi4py import MPI

from fem_rashba.devices import gmsh_io, tensor, triangles
from fem_rashba.devices.device import Device
from fem_rashba.devices.gmsh_io import Estimate, Groups
from fem_rashba.devices.meshing import Films, sizing
from fem_rashba.devices.outline import Outline, Point, Side, closed
from fem_rashba.physics.magnetization import Wall
from fem_rashba.units import quantity

Length = str | float


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The shape of a device, to be meshed for a film.

    Attributes:
        name: "wire", "hall_cross", ...
        outline: The boundary with its terminals and edges.
    """

    name: str
    outline: Outline

    def mesh(
        self,
        film: Films,
        *,
        element_size: str | float = "auto",
        degree: int = 3,
        walls: Sequence[Wall] = (),
        largest: float | None = None,
        comm: MPI.Comm = MPI.COMM_WORLD,
    ) -> Device:
        """Mesh the shape: quadrilaterals where all sides are parallel to x or y, triangles elsewhere. Collective.

        Args:
            film: The film, or the film of each region: the finest counts.
            element_size: "auto" resolves the film's shortest length at edges, corners and walls; a length is the size
                of all elements.
            degree: Polynomial degree of the solution, which sets how fine "auto" is.
            walls: Lines along which the magnetization turns: as fine there as their width requires.
            largest: Upper limit in nm of the automatic size.
            comm: The ranks that share the mesh.

        Raises:
            ValueError: If the degree or a size is out of range.
        """

        def build() -> Groups:
            return self._build(film, element_size, degree, walls, largest)

        return gmsh_io.device_from(self.name, build, comm)

    def _build(
        self, film: Films, element_size: str | float, degree: int, walls: Sequence[Wall], largest: float | None
    ) -> Groups:
        sizes = sizing(
            film, self.outline.extent, element_size=element_size, degree=degree, walls=walls, largest=largest
        )
        mesher = tensor if self.outline.is_rectilinear else triangles
        return gmsh_io.name_groups(mesher.build(self.outline, sizes), self.outline.terminals)


def wire(*, length: Length, width: Length) -> Shape:
    """A wire 0 <= x <= length, 0 <= y <= width; terminals source (x = 0) and drain; edges lower and upper.

    Raises:
        ValueError: If a length is not positive.
    """
    x, y = _positive(length, "length"), _positive(width, "width")
    side = closed([(0, 0), (x, 0), (x, y), (0, y)], ["lower", "drain", "upper", "source"])
    return Shape(name="wire", outline=Outline(loops=(side,), terminals=("source", "drain")))


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
    corners = [(a, a), (a, b), (-a, b), (-a, a), (-b, a), (-b, -a), (-a, -a), (-a, -b), (a, -b), (a, -a), (b, -a), (b, a)]
    names = ["edge", "left", "edge", "edge", "source", "edge", "edge", "right", "edge", "edge", "drain", "edge"]
    outline = Outline(loops=(closed(corners, names),), terminals=("source", "drain", "left", "right"))
    return Shape(name="hall_cross", outline=outline)


def _positive(value: Length, key: str) -> float:
    number = quantity(value, "nm", key)
    if not 0.0 < number < math.inf:
        raise ValueError(f"{key} = {value!r} must be a positive length")
    return number
