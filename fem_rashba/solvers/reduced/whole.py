"""Functionals on a field with few coordinates, by all of them."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI
from scipy.linalg import cholesky, solve_triangular

from fem_rashba.solvers.reduced.matrix import Entry

LARGEST = 3000
"""Coordinates up to which the dense matrix of the norm is no burden."""


class Whole:
    """Functionals as coefficients in an orthonormal basis of the whole space of a field.

    A basis that has functionals of its own comes to as many as there are coordinates on a coarse mesh, where another
    one has no direction left that is not rounding.

    Args:
        entry: The matrix of the norm on the field.
        comm: The ranks, which all have all of it.
        size: Number of coordinates of the field on this rank.
        tolerance: As of `Family`. So much is left for rounding, in what the functionals are for too: the square of it
            is what bounds of outputs are to be good for.
    """

    def __init__(self, entry: Entry, comm: MPI.Comm, size: int, tolerance: float) -> None:
        self._comm, self._tolerance, sizes = comm, tolerance, comm.allgather(size)
        first = sum(sizes[: comm.rank])
        own = np.zeros((size, sum(sizes)))
        own[:, first : first + size] = np.eye(size)
        matrix = np.concatenate(comm.allgather(entry.times(own)))
        self._factor = cholesky((matrix + matrix.T) / 2, lower=True)

    @property
    def dimension(self) -> int:
        """How many coordinates there are."""
        return len(self._factor)

    def add(self, functionals: np.ndarray, representers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As of `Family`. Collective."""
        whole = np.concatenate(self._comm.allgather(functionals), axis=1)
        found = solve_triangular(self._factor, whole.T, lower=True)
        return found, self._tolerance * np.linalg.norm(found, axis=0)
