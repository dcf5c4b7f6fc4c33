"""Right-hand sides and solutions as the columns of one array, shape (owned, k), of the owned unknowns of each rank."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from mpi4py import MPI
from petsc4py import PETSc

Action = Callable[[np.ndarray], np.ndarray]
"""Of a linear operator on columns, shape (owned, k) -> (owned, k). Collective."""


def total(comm: MPI.Comm, part: np.ndarray) -> np.ndarray:
    """The sum over the ranks. Collective."""
    return np.asarray(comm.allreduce(part, op=MPI.SUM)) if comm.size > 1 else part


def norms(comm: MPI.Comm, columns: np.ndarray) -> np.ndarray:
    """Lengths of columns, shape (k,). Collective."""
    return np.sqrt(total(comm, np.einsum("ij,ij->j", columns, columns)))


def largest(residuals: np.ndarray, sizes: np.ndarray) -> float:
    """The largest relative residual of some, shape (k,), right-hand sides that are zero left out."""
    return float(np.max(residuals[sizes > 0] / sizes[sizes > 0], initial=0.0))


def solved_together(factors: PETSc.Mat, columns: np.ndarray) -> np.ndarray:
    """A factorisation applied to columns, shape (owned, k), at once: each takes a fraction of its time alone."""
    sizes = factors.getSizes()[0], (PETSc.DECIDE, columns.shape[1])
    b = PETSc.Mat().createDense(sizes, array=np.asfortranarray(columns), comm=factors.comm)
    x = PETSc.Mat().createDense(sizes, comm=factors.comm)
    b.assemble()
    x.assemble()
    factors.matSolve(b, x)
    result = np.array(x.getDenseArray())
    b.destroy()
    x.destroy()
    return result


def by_column(action: Callable[[PETSc.Vec, PETSc.Vec], None], matrix: PETSc.Mat, columns: np.ndarray) -> np.ndarray:
    """An action on the vectors of a matrix, column by column. Collective."""
    source, target = matrix.createVecs()
    result = np.empty_like(columns)
    for k in range(columns.shape[1]):
        source.array[:] = columns[:, k]
        action(source, target)
        result[:, k] = target.array
    source.destroy()
    target.destroy()
    return result
