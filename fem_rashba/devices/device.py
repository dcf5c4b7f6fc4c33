"""A device: a mesh with named regions, terminals and edges."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from dolfinx.mesh import Mesh, MeshTags, exterior_facet_indices, meshtags
from mpi4py import MPI

from fem_rashba.devices.measures import cell_areas, facet_moments


@dataclass(frozen=True, kw_only=True, eq=False)
class Device:
    """What a solver needs to know of the geometry.

    Attributes:
        name: "wire", "hall_cross", ... or the name of the mesh file.
        mesh: Two-dimensional, coordinates in nm, with ghost cells across facets that two ranks share.
        cell_tags: The region of every cell.
        facet_tags: The terminal or edge of every exterior facet.
        regions: Name -> tag in cell_tags.
        terminals: Name -> tag in facet_tags.
        edges: Name -> tag in facet_tags of the exterior facets that are no terminals.
        element_size: Shortest and longest side of a cell, nm, over all ranks.
    """

    name: str
    mesh: Mesh
    cell_tags: MeshTags
    facet_tags: MeshTags
    regions: dict[str, int]
    terminals: dict[str, int]
    edges: dict[str, int]
    element_size: tuple[float, float]

    @property
    def cells(self) -> int:
        """Number of cells over all ranks."""
        return self.mesh.topology.index_map(2).size_global

    @cached_property
    def area(self) -> float:
        """nm^2, over all ranks. Collective."""
        return float(self.mesh.comm.allreduce(cell_areas(self.mesh).sum(), op=MPI.SUM))

    def terminal_length(self, name: str) -> float:
        """Length of a terminal in nm, over all ranks. Collective.

        Raises:
            ValueError: If there is no such terminal.
        """
        check_names([name], self.terminals, "terminal")
        return self._length(self.terminals[name])

    def terminal_center(self, name: str) -> np.ndarray:
        """Middle of a terminal, shape (2,), nm. Collective.

        Raises:
            ValueError: If there is no such terminal.
        """
        check_names([name], self.terminals, "terminal")
        length, *first = self._moments(self.terminals[name])
        return np.array(first) / length

    def edge_length(self, name: str) -> float:
        """Length of an edge in nm, over all ranks. Collective.

        Raises:
            ValueError: If there is no such edge.
        """
        check_names([name], self.edges, "edge")
        return self._length(self.edges[name])

    def _length(self, tag: int) -> float:
        return float(self._moments(tag)[0])

    def _moments(self, tag: int) -> np.ndarray:
        """Integrals of (1, x, y) over the facets of a tag, shape (3,)."""
        if tag not in self._known_moments:
            local = facet_moments(self.mesh, self.facet_tags.find(tag))
            self._known_moments[tag] = np.asarray(self.mesh.comm.allreduce(local, op=MPI.SUM))
        return self._known_moments[tag]

    @cached_property
    def _known_moments(self) -> dict[int, np.ndarray]:
        return {}


def check_names(names: list[str] | tuple[str, ...], known: dict[str, int], what: str) -> None:
    """Raise a ValueError that lists what there is, for the first of `names` that is not `known`."""
    for name in names:
        if name not in known:
            has = ", ".join(repr(key) for key in known) or "none"
            raise ValueError(f"unknown {what} {name!r}; this device has {has}")


def complete_facets(mesh: Mesh, facets: MeshTags | None, tag: int) -> MeshTags:
    """`facets` with `tag` for every exterior facet that has none. Collective."""
    mesh.topology.create_connectivity(1, 2)
    here = mesh.topology.index_map(1)
    values = np.zeros(here.size_local + here.num_ghosts, dtype=np.int32)
    values[exterior_facet_indices(mesh.topology)] = tag
    if facets is not None:
        values[facets.indices] = facets.values
    tagged = np.flatnonzero(values).astype(np.int32)
    return meshtags(mesh, 1, tagged, values[tagged])


def element_size(mesh: Mesh) -> tuple[float, float]:
    """Shortest and longest side of a cell (the chord, if curved), nm, over all ranks. Collective."""
    mesh.topology.create_connectivity(1, 2)
    sides = mesh.h(1, np.arange(mesh.topology.index_map(1).size_local, dtype=np.int32))
    shortest = mesh.comm.allreduce(sides.min(initial=np.inf), op=MPI.MIN)
    longest = mesh.comm.allreduce(sides.max(initial=0.0), op=MPI.MAX)
    return float(shortest), float(longest)
