"""Values at the nodes that a rank owns, and at those of other ranks that it needs."""

from __future__ import annotations

import numpy as np
from dolfinx.common import IndexMap
from mpi4py import MPI

_TAG = 4711


class Halo:
    """The nodes that a rank owns, numbered first, and after them those of others among some, by their global number.

    Args:
        rows: Who owns which node.
        nodes: Global numbers of all that are needed. Collective.

    Attributes:
        owned: How many nodes this rank owns.
        known: How many there are with those of others.
    """

    def __init__(self, rows: IndexMap, nodes: np.ndarray) -> None:
        self._comm: MPI.Comm = rows.comm
        self.owned: int = rows.size_local
        self._first, last = rows.local_range
        self._others = np.unique(nodes[(nodes < self._first) | (nodes >= last)])
        self.known = self.owned + len(self._others)
        self._given: list[tuple[int, np.ndarray]] = []
        self._taken: list[tuple[int, slice]] = []
        if self._comm.size == 1:
            return
        starts = np.array(self._comm.allgather(self._first))
        # ranks with no node begin where the next one does
        ends = np.searchsorted(self._others, [*starts[1:], rows.size_global])
        begins = np.concatenate([[0], ends[:-1]])
        parts = [slice(begin, end) for begin, end in zip(begins, ends, strict=True)]
        asked = self._comm.alltoall([self._others[part] for part in parts])
        self._given = [(rank, part - self._first) for rank, part in enumerate(asked) if len(part)]
        shift = self.owned
        self._taken = [
            (rank, slice(p.start + shift, p.stop + shift)) for rank, p in enumerate(parts) if p.start < p.stop
        ]

    @property
    def nodes(self) -> np.ndarray:
        """The global numbers of those that are known."""
        return np.concatenate([np.arange(self._first, self._first + self.owned), self._others])

    def numbers(self, nodes: np.ndarray) -> np.ndarray:
        """The numbers here of nodes by their global numbers, int32."""
        own = nodes - self._first
        others = self.owned + np.searchsorted(self._others, nodes)
        return np.where((own >= 0) & (own < self.owned), own, others).astype(np.int32)

    def extended(self, values: np.ndarray) -> np.ndarray:
        """Values at owned nodes, shape (owned, k), at all that are known, shape (known, k). Collective."""
        if self._comm.size == 1:
            return values
        result = np.empty((self.known, *values.shape[1:]), dtype=values.dtype)
        result[: self.owned] = values
        self.update(result)
        return result

    def update(self, values: np.ndarray) -> None:
        """Takes values at nodes of others, shape (known, k), from their owners. Collective."""
        receive = [self._comm.Irecv(values[part], source=rank, tag=_TAG) for rank, part in self._taken]
        sent = [np.ascontiguousarray(values[part]) for _, part in self._given]
        send = [
            self._comm.Isend(buffer, dest=rank, tag=_TAG) for (rank, _), buffer in zip(self._given, sent, strict=True)
        ]
        MPI.Request.Waitall(receive + send)

    def gathered(self, values: np.ndarray) -> np.ndarray:
        """The transpose of `extended`: what the ranks have at a node, added up in their order. Collective."""
        if self._comm.size == 1:
            return values
        result = values[: self.owned]
        shape = values.shape[1:]
        received = [np.empty((len(part), *shape), dtype=values.dtype) for _, part in self._given]
        receive = [
            self._comm.Irecv(buffer, source=rank, tag=_TAG)
            for (rank, _), buffer in zip(self._given, received, strict=True)
        ]
        send = [self._comm.Isend(values[part], dest=rank, tag=_TAG) for rank, part in self._taken]
        MPI.Request.Waitall(receive + send)
        for (_, part), buffer in zip(self._given, received, strict=True):
            result[part] += buffer
        return result
