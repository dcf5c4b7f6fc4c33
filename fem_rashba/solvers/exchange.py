"""Matrices of which every rank has the cells that it owns, summed over the ranks."""

from __future__ import annotations

import numpy as np
from dolfinx.common import IndexMap

from fem_rashba.solvers.halo import Halo
from fem_rashba.solvers.loops.pattern import Pattern


class Exchange:
    """Sends entries in rows of other ranks there, where they are added in the order of the ranks.

    Args:
        pattern: Of what this rank has, in its own numbers.
        rows: Who owns which node. Collective.

    Attributes:
        halo: The nodes that occur in the rows that this rank owns.
        known: The pattern of those rows, columns in the numbers of `halo`, ascending.
        owned: The same with columns in global numbers, ascending.
        places: Where entries of the given pattern stand in values that are to be `completed`, int32: in `known`, and
            after that the rows of other ranks.
        size: Number of those values.
    """

    def __init__(self, pattern: Pattern, rows: IndexMap) -> None:
        self._comm, owned, end = rows.comm, rows.size_local, int(pattern.starts[rows.size_local])
        self.size = len(pattern.columns)
        self.places = np.arange(self.size, dtype=np.int32) if self._comm.size > 1 else np.empty(0, dtype=np.int32)
        self.known = self.owned = Pattern(pattern.starts[: owned + 1], pattern.columns[:end])
        self.halo = Halo(rows, np.empty(0, dtype=np.int64))
        self._sent: list[np.ndarray] = []
        self._received: list[np.ndarray] = []
        self._between: np.ndarray = np.empty(0, dtype=np.int64)
        self._sorted = self._between
        if self._comm.size > 1:
            self._join(pattern, rows, end)

    def _join(self, pattern: Pattern, rows: IndexMap, end: int) -> None:
        """Finds the rows in which there are nodes of other ranks; all others stay as they are."""
        owned, at, here = rows.size_local, pattern.rows, pattern.columns
        numbers = rows.local_to_global(np.arange(owned + rows.num_ghosts, dtype=np.int32))
        owners = rows.owners[at[end:] - owned]
        sent = [np.flatnonzero(owners == rank) + end for rank in range(self._comm.size)]
        received = self._comm.alltoall([np.stack([numbers[at[p]], numbers[here[p]]], axis=1) for p in sent])
        between = np.zeros(owned, dtype=bool)
        between[at[:end][here[:end] >= owned]] = True
        for part in received:
            part[:, 0] -= rows.local_range[0]
            between[part[:, 0]] = True
        own = np.flatnonzero(between[at[:end]])
        pairs = [np.stack([at[own], numbers[here[own]]], axis=1), *received]
        self.halo = Halo(rows, np.concatenate(pairs)[:, 1])
        parts = [pair[:, 0] * self.halo.known + self.halo.numbers(pair[:, 1]) for pair in pairs]
        row, column = np.divmod(np.unique(np.concatenate(parts)), max(self.halo.known, 1))
        counts = np.diff(pattern.starts[: owned + 1])
        counts[between] = np.bincount(row, minlength=owned)[between]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        is_between = np.repeat(between, counts)
        self._between = np.flatnonzero(is_between)
        # of each rank, this one first, by the order of rows and columns
        found = [self._between[np.searchsorted(row * self.halo.known + column, part)] for part in parts]
        self._received = found[1:]
        self.places[:end][~between[at[:end]]] = np.flatnonzero(~is_between)
        self.places[own] = found[0]
        self.places[end:] += len(is_between) - end
        self._sent = [p + len(is_between) - end for p in sent]
        self.size += len(is_between) - end
        columns = np.empty(len(is_between), dtype=np.int32)
        columns[self.places[:end]] = here[:end]
        columns[self._between] = column
        self.known = Pattern(starts, columns)
        known = self.halo.nodes
        self._sorted = np.lexsort((known[column], row))
        far = known[columns].astype(np.int32)
        far[self._between] = far[self._between][self._sorted]
        self.owned = Pattern(starts, far)

    def completed(self, values: np.ndarray) -> np.ndarray:
        """What all ranks have, on `known`.

        Args:
            values: Of this rank, shape (`size`, ...); overwritten.
        """
        if self._comm.size == 1:
            return values
        received = self._comm.alltoall([values[positions] for positions in self._sent])
        for positions, part in zip(self._received, received, strict=True):
            values[positions] += part
        return values[: len(self.known.columns)]

    def summed(self, values: np.ndarray) -> np.ndarray:
        """What all ranks have, shape (entries,), of what this one has on the given pattern; on `owned`."""
        if self._comm.size == 1:
            return values
        every = np.zeros(self.size)
        every[self.places] = values
        result = self.completed(every)
        result[self._between] = result[self._between][self._sorted]
        return result
