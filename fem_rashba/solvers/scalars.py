"""Scalar matrices of a mesh: computed once, the same for every film and every magnetization.

All share one pattern, that of a Lagrange space. A rank sums over the cells that it owns. What it has in rows of other
ranks they add in the order of the ranks, so that every run gives the same digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
from dolfinx import fem
from mpi4py import MPI
from scipy.sparse import csr_array

from fem_rashba.devices.device import Device
from fem_rashba.solvers.elements import Elements
from fem_rashba.solvers.exchange import Exchange
from fem_rashba.solvers.loops.kernels import scatter, scatter_all
from fem_rashba.solvers.loops.pattern import Pattern, summation

BULK = ("mass", "stiffness", "along_x", "along_y")
"""What every film needs everywhere."""
AT_BORDER = ("turn", "border_x", "border_y")
"""What differs from zero only between nodes at the border of the cells that are summed."""
_ROUNDING = 1e-14


@dataclass(frozen=True)
class Entries:
    """Values on a pattern: on all of it, or at some positions."""

    values: np.ndarray
    positions: np.ndarray | None = None

    def added(self, to: np.ndarray, block: np.ndarray, part: slice) -> None:
        """Adds those at positions, times a matrix (4, 4), to a part of the pattern, shape (part, 4, 4)."""
        assert self.positions is not None
        first, last = np.searchsorted(self.positions, (part.start, part.stop))
        to[self.positions[first:last] - part.start] += self.values[first:last, None, None] * block


class ScalarMatrices:
    """The scalar matrices of a space on a device, each made when it is first asked for.

    Args:
        space: Lagrange, with any number of components.
        device: Whose mesh it is.
        quadrature: Degree of the rule on every cell.

    Attributes:
        space: The space.
        pattern: Of the rows and columns that this rank knows, in its own numbers.
        owned: Of the rows that this rank owns, columns in global numbers.
        known: The same with columns in the numbers of `halo`.
        halo: The nodes in those rows.
    """

    def __init__(self, space: fem.FunctionSpace, device: Device, quadrature: int) -> None:
        mesh = device.mesh
        self.space = space
        self._elements = Elements(mesh, space.element.basix_element.degree, quadrature)
        self._cell_tags, self._facet_tags = device.cell_tags, device.facet_tags
        self._cells = mesh.topology.index_map(2).size_local
        self._dofs = space.dofmap.list[: self._cells]
        self._found: dict[tuple[str, int | None], Entries] = {}
        self._sizes: dict[tuple[str, int | None], float] = {}
        self._bulk: dict[int | None, np.ndarray] = {}
        self._targets, self.pattern = summation(self._dofs, self._nodes)
        self._exchange = Exchange(self.pattern, space.dofmap.index_map)
        self.owned, self.known, self.halo = self._exchange.owned, self._exchange.known, self._exchange.halo
        self._rows: np.ndarray | None = None
        self._few_rows: dict[tuple[str, int | None], Entries] = {}
        self._is_shared = mesh.comm.size > 1

    @property
    def _nodes(self) -> int:
        return self.space.dofmap.index_map.size_local + self.space.dofmap.index_map.num_ghosts

    def bulk(self, tag: int | None = None) -> np.ndarray:
        """The matrices `BULK` summed over the cells of a region, or all; on `pattern`, shape (entries, 4)."""
        if tag not in self._bulk:
            self._bulk[tag] = self._summed(self._chosen(tag))
        return self._bulk[tag]

    def _summed(self, cells: np.ndarray, *, placed: bool = False) -> np.ndarray:
        """The matrices `BULK` summed over cells, on `pattern` or, `placed`, for the exchange."""
        bulk = np.zeros((self._exchange.size if placed else len(self.pattern.columns), len(BULK)))
        for part, found in self._elements.matrices(BULK, cells):
            targets = self._targets[cells[part]]
            scatter_all(self._exchange.places[targets] if placed else targets, found, bulk)
        return bulk

    def _at_border(self, tag: int | None) -> None:
        """Finds the matrices `AT_BORDER` of a region, from the cells that touch its border."""
        chosen = self._chosen(tag)
        topology, element = self.space.mesh.topology, self.space.element.basix_element
        topology.create_connectivity(2, 1)
        sides = topology.connectivity(2, 1).array.reshape(-1, len(element.entity_closure_dofs[1]))[chosen]
        cell, side = np.nonzero(np.bincount(sides.ravel(), minlength=1)[sides] == 1)
        is_outer = np.zeros(self._nodes, dtype=bool)
        is_outer[self._dofs[chosen[cell, None], np.array(element.entity_closure_dofs[1])[side]]] = True
        chosen = chosen[is_outer[self._dofs[chosen]].any(axis=1)]
        positions = np.unique(self._targets[chosen])
        outer = is_outer[self.pattern.rows_at(positions)] & is_outer[self.pattern.columns[positions]]
        positions = positions[outer]
        values, largest = np.zeros((len(positions) + 1, len(AT_BORDER))), np.zeros(len(AT_BORDER))
        for part, found in self._elements.matrices(AT_BORDER, chosen):
            targets = self._targets[chosen[part]]
            to = np.minimum(np.searchsorted(positions, targets), max(len(positions) - 1, 0)).astype(np.int32)
            # what is between other nodes cancels
            to[positions[to] != targets] = len(positions)
            for k, matrices in enumerate(found):
                scatter(to, matrices, values, k)
                largest[k] = max(largest[k], np.abs(matrices).max())
        for name, column, size in zip(AT_BORDER, values[:-1].T, largest, strict=True):
            self._sizes[name, tag] = float(size)
            self._found[name, tag] = _few(column, size, positions)

    def cells(self, name: str, tag: int | None = None) -> Entries:
        """A matrix (see `elements`) summed over the cells of a region, or all; on `pattern`."""
        if name in BULK:
            return Entries(self.bulk(tag)[:, BULK.index(name)])
        if (name, tag) not in self._found and name in AT_BORDER:
            self._at_border(tag)
        elif (name, tag) not in self._found:
            chosen, to = self._chosen(tag), np.zeros((len(self.pattern.columns), 1))
            for part, (matrices,) in self._elements.matrices([name], chosen):
                scatter(self._targets[chosen[part]], matrices, to, 0)
            self._found[name, tag] = Entries(to[:, 0])
        return self._found[name, tag]

    def _chosen(self, tag: int | None) -> np.ndarray:
        if tag is None:
            return np.arange(self._cells, dtype=np.int32)
        found = self._cell_tags.find(tag)
        return found[found < self._cells]

    def edge(self, tag: int) -> Entries:
        """Integrals of q u over the edge of a tag; on `pattern`."""
        if ("edge", tag) not in self._found:
            topology = self.space.mesh.topology
            topology.create_connectivity(1, 2)
            topology.create_connectivity(2, 1)
            facets = self._facet_tags.find(tag)
            cells = np.array([topology.connectivity(1, 2).links(f)[0] for f in facets], dtype=np.int32)
            facets, cells = facets[cells < self._cells], cells[cells < self._cells]
            sides = np.array(
                [
                    np.flatnonzero(topology.connectivity(2, 1).links(c) == f)[0]
                    for f, c in zip(facets, cells, strict=True)
                ],
                dtype=np.int32,
            )
            to = np.zeros((len(self.pattern.columns), 1))
            matrices = self._elements.edge_masses(cells, sides)
            scatter(self._targets[cells], matrices, to, 0)
            self._found["edge", tag] = _few(to[:, 0], np.abs(matrices).max(initial=0.0))
        return self._found["edge", tag]

    def rows(self) -> np.ndarray:
        """The matrices `BULK` of the whole film, all ranks together, on `known`, shape (entries, 4). Collective."""
        if not self._is_shared:
            return self.bulk()
        if self._rows is None:
            self._rows = self._exchange.completed(self._summed(self._chosen(None), placed=True))
        return self._rows

    def few_rows(self, name: str, tag: int | None = None) -> Entries:
        """A matrix at the border of the film, or that of an "edge", all ranks together, on `known`. Collective."""
        if not self._is_shared:
            return self.cells(name) if tag is None else self.edge(tag)
        if (name, tag) not in self._few_rows:
            values, here = np.zeros(self._exchange.size), self.cells(name) if tag is None else self.edge(tag)
            values[self._exchange.places[here.positions]] = here.values
            # where the cells of two ranks meet there is no border
            size = self.space.mesh.comm.allreduce(self._sizes.get((name, tag), 0.0), op=MPI.MAX)
            self._few_rows[name, tag] = _few(self._exchange.completed(values), size)
        return self._few_rows[name, tag]

    def _everywhere(self, entries: Entries) -> np.ndarray:
        if entries.positions is None:
            return entries.values
        values = np.zeros(len(self.pattern.columns))
        values[entries.positions] = entries.values
        return values

    def row_sums(self, name: str) -> np.ndarray:
        """A matrix of the whole film times 1, at the nodes that this rank owns. Collective."""
        entries = Entries(self.rows()[:, BULK.index(name)]) if name in BULK else self.few_rows(name)
        return np.asarray(_sparse(self.known, entries, self.halo.known).sum(axis=1))

    @cached_property
    def area(self) -> float:
        """nm^2 of the film. Collective."""
        return float(self.space.mesh.comm.allreduce(self.row_sums("mass").sum()))

    def sparse(self, entries: Entries) -> csr_array:
        """Entries as a matrix on the nodes that this rank knows."""
        return _sparse(self.pattern, entries, self._nodes)

    def product(self, entries: Entries, values: np.ndarray) -> np.ndarray:
        """A matrix times values at the nodes that this rank knows, shape (nodes, k): its part of the sum."""
        return self.sparse(entries) @ values

    def on_owned(self, entries: Entries) -> Entries:
        """The sum of what all ranks have, on the pattern `owned`. Collective on several ranks."""
        return Entries(self._exchange.summed(self._everywhere(entries))) if self._is_shared else entries


def _sparse(pattern: Pattern, entries: Entries, columns: int) -> csr_array:
    shape = (len(pattern.starts) - 1, columns)
    if entries.positions is None:
        return csr_array((np.ascontiguousarray(entries.values), pattern.columns, pattern.starts), shape=shape)
    rows = pattern.rows_at(entries.positions)
    return csr_array((entries.values, (rows, pattern.columns[entries.positions])), shape=shape)


def _few(values: np.ndarray, size: float, positions: np.ndarray | None = None) -> Entries:
    """Those that are not rounding of numbers of a size: integrands that cancel leave some."""
    kept = np.flatnonzero(np.abs(values) > _ROUNDING * size)
    return Entries(values[kept], kept if positions is None else positions[kept])


_made: WeakKeyDictionary[Device, dict[tuple[int, int], ScalarMatrices]] = WeakKeyDictionary()


def scalar_matrices(space: fem.FunctionSpace, device: Device, quadrature: int) -> ScalarMatrices:
    """Those of a device, made once for each degree and quadrature and kept as long as the device."""
    of_device = _made.setdefault(device, {})
    key = (space.element.basix_element.degree, quadrature)
    if key not in of_device:
        of_device[key] = ScalarMatrices(space, device, quadrature)
    return of_device[key]
