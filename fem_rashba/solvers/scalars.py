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
from scipy.sparse import csr_array

from fem_rashba.devices.device import Device
from fem_rashba.solvers.elements import Elements
from fem_rashba.solvers.kernels import scatter, scatter_all

BULK = ("mass", "stiffness", "along_x", "along_y")
"""What every film needs everywhere."""
AT_BORDER = ("turn", "border_x", "border_y")
SCALE = {"turn": 1, "border_x": 2, "border_y": 3}
_ROUNDING = 1e-14
_ROWS = 1 << 14


@dataclass(frozen=True)
class Pattern:
    """Where each row begins, and the column of every entry."""

    starts: np.ndarray
    columns: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """The row of every entry."""
        return np.repeat(np.arange(len(self.starts) - 1, dtype=np.int32), np.diff(self.starts))


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
    """

    def __init__(self, space: fem.FunctionSpace, device: Device, quadrature: int) -> None:
        mesh = device.mesh
        self.space = space
        self._elements = Elements(mesh, space.element.basix_element.degree, quadrature)
        self._cell_tags, self._facet_tags = device.cell_tags, device.facet_tags
        self._cells = mesh.topology.index_map(2).size_local
        self._dofs = space.dofmap.list[: self._cells]
        self._found: dict[tuple[str, int | None], Entries] = {}
        self._bulk: dict[int | None, np.ndarray] = {}
        self._targets, self.pattern = _summation(self._dofs, self._nodes)
        self._exchange = _Exchange(self.pattern, space)
        self.owned = self._exchange.pattern

    @property
    def _nodes(self) -> int:
        return self.space.dofmap.index_map.size_local + self.space.dofmap.index_map.num_ghosts

    def bulk(self, tag: int | None = None) -> np.ndarray:
        """The matrices `BULK` summed over the cells of a region, or all; on `pattern`, shape (entries, 4)."""
        if tag not in self._bulk:
            to = self._bulk[tag] = np.zeros((len(self.pattern.columns), len(BULK)))
            chosen = self._chosen(tag)
            for part, found in self._elements.matrices(BULK, chosen):
                scatter_all(self._targets[chosen[part]], found, to)
            for name, (values, positions) in zip(AT_BORDER, self._at_border(chosen), strict=True):
                few = _few(values, np.abs(to[:, SCALE[name]]).max(initial=0.0))
                self._found[name, tag] = Entries(few.values, positions[few.positions])
        return self._bulk[tag]

    def _at_border(self, chosen: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """The matrices `AT_BORDER` summed over cells: values and their positions, of pairs of nodes on the border.

        Of all other pairs the sum is zero.
        """
        on_border = np.zeros(self._nodes, dtype=bool)
        on_border[_border_nodes(self.space, chosen)] = True
        cells = chosen[on_border[self._dofs[chosen]].any(axis=1)]
        pairs = on_border[self._dofs[cells]]
        kept = (pairs[:, :, None] & pairs[:, None, :]).reshape(len(cells), pairs.shape[1] ** 2)
        positions, numbers = np.unique(self._targets[cells][kept], return_inverse=True)
        sums = np.zeros((len(positions), len(AT_BORDER)))
        first = 0
        for part, found in self._elements.matrices(AT_BORDER, cells):
            last = first + int(kept[part].sum())
            for k, matrices in enumerate(found):
                scatter(numbers[first:last].astype(np.int32), matrices[kept[part]], sums, k)
            first = last
        return [(column, positions) for column in sums.T]

    def cells(self, name: str, tag: int | None = None) -> Entries:
        """A matrix (see `elements`) summed over the cells of a region, or all; on `pattern`."""
        bulk = self.bulk(tag)
        if name in BULK:
            return Entries(bulk[:, BULK.index(name)])
        if (name, tag) not in self._found:
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

    @property
    def area(self) -> float:
        """nm^2 of the cells that this rank owns."""
        return float(self.cells("mass").values.sum())

    def sparse(self, entries: Entries) -> csr_array:
        """Entries as a matrix on the nodes that this rank knows."""
        shape = (self._nodes, self._nodes)
        if entries.positions is None:
            values = np.ascontiguousarray(entries.values)
            return csr_array((values, self.pattern.columns, self.pattern.starts), shape=shape)
        rows = np.searchsorted(self.pattern.starts, entries.positions, side="right") - 1
        return csr_array((entries.values, (rows, self.pattern.columns[entries.positions])), shape=shape)

    def product(self, entries: Entries, values: np.ndarray) -> np.ndarray:
        """A matrix times values at the nodes that this rank knows, shape (nodes, k): its part of the sum."""
        return self.sparse(entries) @ values

    def on_owned(self, entries: Entries) -> Entries:
        """The sum of what all ranks have, on the pattern `owned`. Collective on several ranks."""
        return self._exchange.summed(entries)


def _border_nodes(space: fem.FunctionSpace, cells: np.ndarray) -> np.ndarray:
    """Nodes on the facets that one of the cells alone has."""
    topology = space.mesh.topology
    topology.create_connectivity(2, 1)
    facets = topology.connectivity(2, 1).array.reshape(len(space.dofmap.list), -1)[cells]
    alone = np.bincount(facets.reshape(-1), minlength=1)[facets] == 1
    closures = space.element.basix_element.entity_closure_dofs[1]
    dofs = space.dofmap.list[cells]
    return np.concatenate([dofs[alone[:, side]][:, nodes].reshape(-1) for side, nodes in enumerate(closures)])


def _few(values: np.ndarray, size: float) -> Entries:
    """Those that are not rounding: integrands that cancel inside leave some there."""
    positions = np.flatnonzero(np.abs(values) > _ROUNDING * size)
    return Entries(values[positions], positions)


_made: WeakKeyDictionary[Device, dict[tuple[int, int], ScalarMatrices]] = WeakKeyDictionary()


def scalar_matrices(space: fem.FunctionSpace, device: Device, quadrature: int) -> ScalarMatrices:
    """Those of a device, made once for each degree and quadrature and kept as long as the device."""
    of_device = _made.setdefault(device, {})
    key = (space.element.basix_element.degree, quadrature)
    if key not in of_device:
        of_device[key] = ScalarMatrices(space, device, quadrature)
    return of_device[key]


def _summation(dofs: np.ndarray, nodes: int) -> tuple[np.ndarray, Pattern]:
    """Where the entries of element matrices go, shape (cells, nodes squared), and the pattern there."""
    count = dofs.shape[1]
    at_node = np.argsort(dofs, axis=None, kind="stable")
    begins_of = np.concatenate([[0], np.cumsum(np.bincount(dofs.reshape(-1), minlength=nodes))])
    targets = np.empty((dofs.size, count), dtype=np.int32)
    starts, columns, total = [np.zeros(1, dtype=np.int32)], [], 0
    # rows in blocks: what is sorted stays in the cache, and is never there as a whole
    for first in range(0, nodes, _ROWS):
        last = min(first + _ROWS, nodes)
        mine = at_node[begins_of[first] : begins_of[last]]
        rows = count * (begins_of[first : last + 1] - begins_of[first])
        source = np.arange(count * len(mine), dtype=np.int32)
        exploded = csr_array((source, dofs[mine // count].reshape(-1), rows), shape=(last - first, nodes))
        exploded.sort_indices()
        begins = np.ones(len(source), dtype=bool)
        begins[1:] = exploded.indices[1:] != exploded.indices[:-1]
        begins[exploded.indptr[:-1][np.diff(exploded.indptr) > 0]] = True
        found = np.empty(len(source), dtype=np.int32)
        found[exploded.data] = total - 1 + np.cumsum(begins, dtype=np.int32)
        targets[mine] = found.reshape(-1, count)
        distinct = np.flatnonzero(begins)
        starts.append((total + np.searchsorted(distinct, exploded.indptr[1:])).astype(np.int32))
        columns.append(exploded.indices[distinct].astype(np.int32))
        total += len(distinct)
    every = np.concatenate(columns) if columns else np.empty(0, dtype=np.int32)
    return targets.reshape(len(dofs), -1), Pattern(np.concatenate(starts), every)


class _Exchange:
    """Sends entries in rows of other ranks there."""

    def __init__(self, pattern: Pattern, space: fem.FunctionSpace) -> None:
        rows = self._map = space.dofmap.index_map
        self._comm = space.mesh.comm
        self._own = int(pattern.starts[rows.size_local])
        self.pattern = Pattern(pattern.starts[: rows.size_local + 1], pattern.columns)
        if self._comm.size == 1:
            return
        known = rows.local_to_global(np.arange(rows.size_local + rows.num_ghosts, dtype=np.int32))
        where = np.stack([known[pattern.rows], known[pattern.columns]], axis=1)
        owners = rows.owners[pattern.rows[self._own :] - rows.size_local]
        self._sent = [np.flatnonzero(owners == rank) + self._own for rank in range(self._comm.size)]
        received = self._comm.alltoall([where[positions] for positions in self._sent])
        where = np.concatenate([where[: self._own], *received])
        where[:, 0] -= rows.local_range[0]
        keys = where[:, 0] * rows.size_global + where[:, 1]
        self._order = np.argsort(keys, kind="stable")
        keys, self._first = np.unique(keys[self._order], return_index=True)
        counts = np.bincount(keys // rows.size_global, minlength=rows.size_local)
        self.pattern = Pattern(
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int32), (keys % rows.size_global).astype(np.int32)
        )

    @cached_property
    def _length(self) -> int:
        return self._own + sum(len(positions) for positions in self._sent)

    def summed(self, entries: Entries) -> Entries:
        if self._comm.size == 1:
            return entries
        values = entries.values
        if entries.positions is not None:
            values = np.zeros(self._length)
            values[entries.positions] = entries.values
        received = self._comm.alltoall([values[positions] for positions in self._sent])
        every = np.concatenate([values[: self._own], *received])
        return Entries(np.add.reduceat(every[self._order], self._first) if len(self._first) else np.empty(0))
