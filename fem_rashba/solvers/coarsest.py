"""The coarsest level: a matrix that the first rank has and factorises. So small a one gains nothing by more ranks."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI
from petsc4py import PETSc
from scipy.sparse import csr_array


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
        self._solver.getPC().setFactorSolverType("mumps")
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
            (self._solver.solveTranspose if adjoint else self._solver.solve)(self._b, self._x)
            found[:] = self._x.array_r.reshape(found.shape)
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
