"""What all shapes have in common: a boundary or a mesh file, to be meshed for a film."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpi4py import MPI

from fem_rashba.devices import gmsh_io, tensor, triangles
from fem_rashba.devices.device import Device
from fem_rashba.devices.files import MeshFile
from fem_rashba.devices.gmsh_io import Estimate, Groups
from fem_rashba.devices.meshing import Films, sizing
from fem_rashba.devices.outline import Outline
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

    def with_regions(self, regions: Mapping[str, Sequence[Any]]) -> Shape:
        """The same shape with regions, which may have films of their own; the rest of it is the region "film".

        Args:
            regions: Name -> corners [[x, y], ...] in nm, or a list of such lists; what of it lies in the device is the
                region.

        Raises:
            ValueError: If the shape is a mesh file, a polygon is not simple, no part of the device lies in a region, or
                two regions overlap in it.
        """
        if isinstance(self.geometry, MeshFile):
            raise ValueError(f"{self.name}: a mesh file has regions of its own, its physical surfaces; name them there")
        if not regions:
            return self
        # shapely takes a noticeable part of the start-up time
        from fem_rashba.devices.regions import divided

        return Shape(name=self.name, geometry=divided(self.geometry, regions))

    def mesh(
        self,
        film: Films,
        *,
        element_size: Length = "auto",
        degree: int = 3,
        walls: Sequence[Wall] = (),
        largest: float | None = None,
        accuracy: float | None = None,
        goal: str = "map",
        comm: MPI.Comm = MPI.COMM_WORLD,
    ) -> Device:
        """The device: quadrilaterals where all sides (not too many) are parallel to x or y, else triangles. Collective.

        Args:
            film: The film, or the film of each region: the finest counts.
            element_size: "auto" resolves the film's shortest length at edges, corners and walls; a length is the size
                of all elements. A mesh file keeps its own elements.
            degree: Polynomial degree of the solution, which sets how fine "auto" is.
            walls: Lines along which the magnetization turns: as fine there as their width requires.
            largest: Upper limit in nm of the automatic size.
            accuracy: Relative error that "auto" is to reach; None for one that suits the degree (`grading.GRADINGS`).
            goal: The error of what: "map" (of the torque), "torque" (its average) or "current".
            comm: The ranks that share the mesh.

        Raises:
            ValueError: If the degree or a size is out of range, or the mesh file cannot be used.
        """
        return gmsh_io.device_from(
            self.name, self._build(film, element_size, degree, walls, largest, accuracy, goal), comm
        )

    def write(
        self,
        path: str | Path,
        film: Films,
        *,
        element_size: Length = "auto",
        degree: int = 3,
        walls: Sequence[Wall] = (),
        largest: float | None = None,
        accuracy: float | None = None,
        goal: str = "map",
        comm: MPI.Comm = MPI.COMM_WORLD,
    ) -> None:
        """Write the mesh that `mesh` makes as a .msh file in nm: whole, or not at all. Collective.

        Raises:
            ValueError: As `mesh`, or if the path is not that of a .msh file in an existing folder.
        """
        gmsh_io.write(path, self._build(film, element_size, degree, walls, largest, accuracy, goal), comm)

    def cells(
        self,
        film: Films,
        *,
        element_size: Length = "auto",
        degree: int = 3,
        walls: Sequence[Wall] = (),
        largest: float | None = None,
        accuracy: float | None = None,
        goal: str = "map",
    ) -> Estimate:
        """What the mesh that `mesh` makes will cost: cells, unknowns and sizes, exactly. Not collective.

        Raises:
            ValueError: As `mesh`.
        """
        return gmsh_io.estimate(self._build(film, element_size, degree, walls, largest, accuracy, goal), degree)

    def _build(
        self,
        film: Films,
        element_size: Length,
        degree: int,
        walls: Sequence[Wall],
        largest: float | None,
        accuracy: float | None,
        goal: str,
    ) -> Callable[[], Groups]:
        """The function that fills a Gmsh model."""
        geometry = self.geometry
        if isinstance(geometry, MeshFile):
            if element_size != "auto":
                raise ValueError(f"element_size = {element_size!r} does not apply to a mesh file, which has elements")
            return geometry.load
        size = sizing(
            film,
            geometry.extent,
            element_size=element_size,
            degree=degree,
            walls=walls,
            largest=largest,
            accuracy=accuracy,
            goal=goal,
        )

        def build() -> Groups:
            mesher = tensor if geometry.is_rectilinear and tensor.is_worth(geometry, size) else triangles
            curves, surfaces = mesher.build(geometry, size)
            return gmsh_io.name_groups(curves, surfaces, geometry.terminals)

        return build


def positive(value: Length, key: str) -> float:
    """A length in nm.

    Raises:
        ValueError: If it is not positive and finite.
    """
    number = quantity(value, "nm", key)
    if not 0.0 < number < math.inf:
        raise ValueError(f"{key} = {value!r} must be a positive length")
    return number
