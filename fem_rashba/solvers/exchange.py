"""Matrices of which every rank has the cells that it owns, summed over the ranks."""

from __future__ import annotations

import numpy as np
from dolfinx.common import IndexMap

from fem_rashba.solvers.halo import Halo
from fem_rashba.solvers.pattern import Pattern


class Exchange:
    """Sends entries in rows of other ranks there, where they are added in the order of the ranks.

    Args:
        pattern: Of what this rank has, in its own numbers.
        rows: Who owns which node.

    Attributes:
        halo: The nodes that occur in the rows that this rank owns.
        known: The pattern of those rows, columns in the numbers of `halo`.
        owned: The same, columns in global numbers. Its entries are in the order of these.
    """

    def __init__(self, pattern: Pattern, rows: IndexMap) -> None:
        self._comm, owned = rows.comm, rows.size_local
        end = int(pattern.starts[owned])
        self.known = self.owned = Pattern(pattern.starts[: owned + 1], pattern.columns[:end])
        if self._comm.size == 1:
            self.halo = Halo(rows, np.empty(0, dtype=np.int64))
            return
        numbers = rows.local_to_global(np.arange(owned + rows.num_ghosts, dtype=np.int32))
        at, here = pattern.rows, pattern.columns[:end]
        owners = rows.owners[at[end:] - owned]
        self._sent = [np.flatnonzero(owners == rank) + end for rank in range(self._comm.size)]
        parts = [np.stack([numbers[at[p]], numbers[pattern.columns[p]]], axis=1) for p in self._sent]
        received = np.concatenate(self._comm.alltoall(parts))
        received[:, 0] -= rows.local_range[0]
        # only rows with nodes of other ranks change
        between = np.zeros(owned, dtype=bool)
        between[received[:, 0]] = True
        between[at[:end][here >= owned]] = True
        self._between = between[at[:end]]
        row = np.concatenate([at[:end][self._between], received[:, 0]])
        column = np.concatenate([numbers[here[self._between]], received[:, 1]])
        self.halo = Halo(rows, column)
        orders = [_Order(row, column), _Order(row, self.halo.numbers(column))]
        counts = np.diff(pattern.starts[: owned + 1])
        counts[between] = np.bincount(orders[0].rows, minlength=owned)[between]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        self._placed = np.repeat(between, counts)
        columns = [self._joined(part, order.columns) for part, order in zip((numbers[here], here), orders, strict=True)]
        self.owned, self.known = (Pattern(starts, c.astype(np.int32)) for c in columns)
        self._orders = {"owned": orders[0], "known": orders[1]}

    def summed(self, values: np.ndarray, on: str) -> np.ndarray:
        """What all ranks have, shape (entries, ...), in the rows of this one, on "owned" or "known". Collective."""
        if self._comm.size == 1:
            return values
        received = self._comm.alltoall([values[positions] for positions in self._sent])
        here = values[: len(self._between)]
        return self._joined(here, self._orders[on].summed(np.concatenate([here[self._between], *received])))

    def _joined(self, within: np.ndarray, between: np.ndarray) -> np.ndarray:
        """Entries in rows without nodes of other ranks, and in the others."""
        result = np.empty((len(self._placed), *within.shape[1:]), dtype=within.dtype)
        result[~self._placed] = within[~self._between]
        result[self._placed] = between
        return result


class _Order:
    """Entries by rows and columns, equal ones together."""

    def __init__(self, rows: np.ndarray, columns: np.ndarray) -> None:
        width = int(columns.max(initial=0)) + 1
        keys = rows.astype(np.int64) * width + columns
        self._sorted = np.argsort(keys, kind="stable")
        keys, self._first = np.unique(keys[self._sorted], return_index=True)
        self.rows, self.columns = np.divmod(keys, width)

    def summed(self, values: np.ndarray) -> np.ndarray:
        if not len(self._first):
            return values
        return np.asarray(np.add.reduceat(values[self._sorted], self._first, axis=0))
