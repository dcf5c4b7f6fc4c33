"""Functionals on one field by their inner products in the dual norm."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI
from scipy.linalg import solve_triangular

from fem_rashba.solvers.columns import total

LEAST = 1e-6
"""The least share of its terms to which a residual is known: inner products are good to 1e-12 or better."""

_SAFETY = 8.0
"""By how much more than the asymmetry of what should be symmetric, which is rounding, functionals are enlarged."""


class Gram:
    """Functionals on one field, taken in block by block, each with a part of its own in a direction of its own.

    The coefficients are a Cholesky factor of the Gram matrix with its diagonal enlarged: so the length of a sum of
    columns is never less than the sum's norm, and not larger by more than a share of the terms' lengths, root sum
    square. That share has to be well above the root of rounding; `Family` has none, and takes several times as long.

    Args:
        comm: The ranks.
        tolerance: By what share of itself each functional is enlarged, at least `LEAST`; by more if rounding is.
    """

    def __init__(self, comm: MPI.Comm, tolerance: float) -> None:
        if tolerance < LEAST:
            raise ValueError(f"a tolerance of {tolerance:g} is below {LEAST:g}, what inner products are good for")
        self._comm, self._enlarged = comm, tolerance**2
        self._held: list[np.ndarray] = []
        self._factor = np.zeros((0, 0))

    @property
    def dimension(self) -> int:
        """How many functionals there are."""
        return len(self._factor)

    def add(self, functionals: np.ndarray, representers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Takes functionals in. Collective.

        Args:
            functionals: Their values for the test functions, shape (k, size), which are kept.
            representers: Their Riesz representers, shape (k, size).

        Returns:
            Their coefficients, shape (dimension afterwards, k), and what these leave out: nothing.
        """
        before, count = self.dimension, len(functionals)
        self._held.append(functionals)
        products = np.concatenate([representers @ held.T for held in self._held], axis=1)
        products = total(self._comm, products)
        across = solve_triangular(self._factor, products[:, :before].T, lower=True, check_finite=False)
        own = (products[:, before:] + products[:, before:].T) / 2
        squares = np.maximum(np.diag(own), 0.0)
        scale = np.sqrt(np.where(squares > 0, squares, 1.0))
        uneven = (products[:, before:] - products[:, before:].T) / 2 / scale / scale[:, None]
        enlarged = max(self._enlarged, _SAFETY * float(np.linalg.norm(uneven)))
        values, vectors = np.linalg.eigh((own - across.T @ across) / scale / scale[:, None] + enlarged * np.eye(count))
        # not below what was added: what rounding took away would make the bound smaller
        root = (vectors * np.sqrt(np.maximum(values, enlarged))).T * scale
        upper = np.linalg.qr(root, mode="r")
        coefficients = np.concatenate([across, upper])
        if self._comm.size > 1:
            # one rank decides about the last digits
            coefficients = self._comm.bcast(coefficients)
        grown = np.zeros((before + count, before + count))
        grown[:before, :before] = self._factor
        grown[before:] = coefficients.T
        self._factor = grown
        return coefficients, np.zeros(count)
