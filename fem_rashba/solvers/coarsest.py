"""The coarsest level: a matrix that the first rank has and factorises. So small a one gains nothing by more ranks."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI
from petsc4py import PETSc
from scipy.sparse import csr_array

from fem_rashba.solvers.multigrid import FACTORISED

_FAILED = 76
"""PETSc's error of a library that it calls."""


class Coarsest:
    """The solutions of a small system.

    Args:
        matrix: On rank 0, None on the others.
        comm: The ranks.
    """

    def __init__(self, matrix: PETSc.Mat | None, comm: MPI.Comm) -> None:
        self._comm, self._matrix = comm, matrix
        if matrix is None:
            return
        self._solver = PETSc.KSP().create(PETSc.COMM_SELF)
        self._solver.setOperators(matrix)
        self._solver.setType("preonly")
        self._solver.getPC().setType("lu")
        pc = self._solver.getPC()
        pc.setFactorSolverType("mumps")
        pc.setFactorSetUpSolverType()
        pc.getFactorMatrix().setMumpsIcntl(14, int(FACTORISED["mat_mumps_icntl_14"]))
        self._x, self._b = matrix.createVecs()

    def factorise(self) -> None:
        """Does so. Collective.

        Raises:
            PETSc.Error: On all ranks, if the first cannot.
        """
        code = 0
        if self._matrix is not None:
            try:
                self._solver.setUp()
                # a singular matrix raises nothing
                code = _FAILED if self._solver.getPC().getFailedReason() else 0
            except PETSc.Error as error:
                code = error.ierr
        code = self._comm.bcast(code)
        if code:
            raise PETSc.Error(code)

    def solve(self, right: np.ndarray, *, adjoint: bool) -> np.ndarray:
        """The solution, on all ranks, for the sum of their right-hand sides, of the same shape. Collective."""
        found = right.copy()
        if self._comm.size > 1:
            self._comm.Reduce(right, found)
        if self._matrix is not None:
            self._b.array[:] = found.ravel()
            try:
                (self._solver.solveTranspose if adjoint else self._solver.solve)(self._b, self._x)
                found[:] = self._x.array_r.reshape(found.shape)
            except PETSc.Error:
                # the others wait; all ranks find that it is not a number
                found[:] = np.nan
        if self._comm.size > 1:
            self._comm.Bcast(found)
        return found

    def destroy(self) -> None:
        """Frees it."""
        if self._matrix is not None:
            for thing in (self._solver, self._matrix, self._x, self._b):
                thing.destroy()


def petsc_matrix(matrix: csr_array) -> PETSc.Mat:
    """The same matrix in PETSc's format, on this rank alone."""
    integer = PETSc.IntType
    csr = (matrix.indptr.astype(integer), matrix.indices.astype(integer), matrix.data)
    return PETSc.Mat().createAIJ(matrix.shape, csr=csr, comm=PETSc.COMM_SELF)
