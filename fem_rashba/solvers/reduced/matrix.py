"""Matrices on the coordinates of a reduced space, factorised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from mpi4py import MPI
from petsc4py import PETSc
from scipy.sparse import csr_array

from fem_rashba.solvers.columns import by_column, solved_together
from fem_rashba.solvers.multigrid import FACTORISED

if TYPE_CHECKING:
    from fem_rashba.solvers.reduced.space import Pieces, Space


_MUMPS_BLOCK = 27, -128
"""How many right-hand sides are solved for together."""

_MUMPS_UNSCALED = 8, 0
"""All unknowns have the same unit; finding factors for them takes a sixth of a factorisation."""

_MUMPS_SIDE = 9
"""The option that solves with the transposed matrix if it is not 1."""


class Entry:
    """A matrix on coordinates, with its factorisation."""

    def __init__(self, space: Space, fields: tuple[int, ...]) -> None:
        pattern, pieces = space.pieces.scalars.owned, space.pieces
        numbers, own, size = space.numbers(fields)
        rows = np.repeat(np.arange(pieces.owned), np.diff(pattern.starts))
        columns, places = np.unique(np.asarray(pattern.columns), return_inverse=True)
        across = _asked(pieces, numbers, columns)[places]
        i, j = np.broadcast_arrays(numbers[rows][:, :, None], across[:, None, :])
        kept = np.flatnonzero((i >= 0) & (j >= 0))
        i, j = i.reshape(-1)[kept], j.reshape(-1)[kept]
        self._comm = space.comm
        first = self._comm.exscan(own, op=MPI.SUM) or 0
        # rows of constants, which rank 0 owns, have entries on all ranks that touch their contact
        here = (i >= first) & (i < first + own) if self._comm.size > 1 else np.ones(len(i), dtype=bool)
        self._sent, self._held = kept[~here], kept[here]
        gathered = self._comm.gather((i[~here], j[~here])) or []
        if self._comm.size > 1:
            i, j = (
                np.concatenate([own_part, *(part[k] for part in gathered)])
                for k, own_part in ((0, i[here]), (1, j[here]))
            )
        keys = (i - first) * size + j
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        is_new = np.diff(keys, prepend=-1) > 0
        # few entries are sums, those of constants
        begins, more = np.flatnonzero(is_new), np.flatnonzero(~is_new)
        self._to = np.searchsorted(begins, more, side="right") - 1
        place = self._held[order] if self._comm.size == 1 else order
        self._from, self._also = place[begins], place[more]
        keys = keys[begins]
        integers = PETSc.IntType
        starts = np.concatenate([[0], np.cumsum(np.bincount(keys // size, minlength=own))]).astype(integers)
        self._csr = starts, (keys % size).astype(integers)
        self.matrix = PETSc.Mat().createAIJ(
            ((own, size), (own, size)), csr=(*self._csr, np.zeros(len(keys))), comm=self._comm
        )
        self._solver: PETSc.KSP | None = None

    def fill(self, values: np.ndarray) -> None:
        """Takes the values of the entries, of shape (entries,) or (entries, fields, fields), and factorises."""
        flat = values.reshape(-1)
        gathered = self._comm.gather(flat[self._sent]) or []
        every = flat if self._comm.size == 1 else np.concatenate([flat[self._held], *gathered])
        data = every[self._from]
        np.add.at(data, self._to, every[self._also])
        self._data = data
        self.matrix.setValuesCSR(*self._csr, data)
        self.matrix.assemble()
        if self._solver is None:
            self._solver = PETSc.KSP().create(self.matrix.comm)
            self._solver.setType("preonly")
            pc = self._solver.getPC()
            pc.setType("lu")
            pc.setFactorSolverType("mumps")
            self._solver.setOperators(self.matrix)
            pc.setFactorSetUpSolverType()
            pc.getFactorMatrix().setMumpsIcntl(14, int(FACTORISED["mat_mumps_icntl_14"]))
            pc.getFactorMatrix().setMumpsIcntl(*_MUMPS_BLOCK)
            pc.getFactorMatrix().setMumpsIcntl(*_MUMPS_UNSCALED)
        self._solver.setUp()

    def times(self, x: np.ndarray) -> np.ndarray:
        """The matrix times columns, shape (own size, k). Collective."""
        if self._comm.size == 1:
            return np.asarray(csr_array((self._data, self._csr[1], self._csr[0]), shape=self.matrix.getSize()) @ x)
        return by_column(self.matrix.mult, self.matrix, x)

    def solved(self, right: np.ndarray, *, transposed: bool = False) -> np.ndarray:
        """Solutions for right-hand sides, shape (own size, k). Collective."""
        assert self._solver is not None
        if not right.shape[1]:
            return right
        # the matrix may be new
        self._solver.getPC().setUp()
        factors = self._solver.getPC().getFactorMatrix()
        factors.setMumpsIcntl(_MUMPS_SIDE, 0 if transposed else 1)
        return solved_together(factors, right)

    def destroy(self) -> None:
        """Frees matrix and factorisation. Collective."""
        if self._solver is not None:
            self._solver.destroy()
        self.matrix.destroy()


def _asked(pieces: Pieces, numbers: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Rows of `numbers` for nodes by their global number, from their owners: some are no neighbours of owned cells."""
    comm = pieces.comm
    first = pieces.discretization.space.dofmap.index_map.local_range[0]
    owners = np.searchsorted(comm.allgather(first), nodes, side="right") - 1
    asked = comm.alltoall([nodes[owners == rank] for rank in range(comm.size)])
    answers = comm.alltoall([numbers[own - first] for own in asked])
    # nodes are sorted, and so are their owners
    return np.concatenate(answers)
