"""Functionals on one field as combinations of few that are orthonormal in the dual norm."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI

from fem_rashba.solvers.columns import total
from fem_rashba.solvers.reduced.matrix import Entry

_WELL = 1e-12
"""Squares of lengths in one pass are good to 1e-16 of the largest, so these to 1e-4 of themselves."""

_ORTHOGONAL, _NONE, _ROUNDING = 1e-8, 1e-8, 1e-15
_PASSES = 4
_MANY = 1024


class Family:
    """Functionals on one field, taken in block by block.

    A residual is the length of a vector of coefficients. Its square is never formed from a Gram matrix of the
    functionals themselves, in which a residual below 1e-8 of its terms would drown.

    Args:
        entry: The matrix of the norm on the field.
        comm: The ranks.
        size: Number of coordinates of the field on this rank.
        tolerance: What may be left out of each functional, relative to its norm.
    """

    def __init__(self, entry: Entry, comm: MPI.Comm, size: int, tolerance: float) -> None:
        self._entry, self._comm, self._tolerance = entry, comm, tolerance
        # one after the other in memory, as all that follow are
        self._held: np.ndarray = np.empty((0, size))
        self.dimension = 0

    def add(self, functionals: np.ndarray, representers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Takes functionals in. Collective.

        Args:
            functionals: Their values for the test functions, shape (k, size).
            representers: Their Riesz representers, shape (k, size).

        Returns:
            Their coefficients, shape (dimension afterwards, k), and bounds of the norms of what these leave out.
        """
        count = len(functionals)
        coefficients = self._sum(self._held[: self.dimension] @ functionals.T)
        sizes, left, chosen = np.zeros(count), np.zeros(count), np.arange(count)
        rest, own = functionals, representers
        for again in range(_PASSES):
            if not len(chosen):
                break
            known = coefficients[:, chosen].T @ self._held[: self.dimension]
            own = (representers[chosen] if again else representers) - known
            if again:
                rest = functionals[chosen] - self._entry.times(known.T).T
            products = self._sum(own @ rest.T)
            lengths = np.hypot(np.linalg.norm(coefficients[:, chosen], axis=0), np.sqrt(np.abs(np.diag(products))))
            sizes[chosen] = np.maximum(sizes[chosen], lengths)
            scale = np.where(sizes[chosen] > 0, sizes[chosen], 1.0)
            values, vectors = self._eigen(products / scale / scale[:, None])
            largest = max(float(values[-1]), 0.0)
            kept = values > max(_WELL * largest, self._tolerance**2 / count)
            more = (vectors[:, kept] * np.sqrt(values[kept])).T * scale
            inner, turned, dropped = self._hold((vectors[:, kept] / np.sqrt(values[kept]) / scale[:, None]).T @ own)
            grown = np.zeros((len(turned), count))
            grown[:, chosen] = turned @ more
            coefficients[:, chosen] += inner @ more
            coefficients = np.concatenate([coefficients, grown])
            rest_of = np.where(kept, 0.0, np.maximum(values, 1e-16 * len(chosen) * largest))
            left[chosen] = scale * np.sqrt(vectors**2 @ rest_of) + np.linalg.norm(dropped @ more, axis=0)
            chosen = chosen[left[chosen] > self._tolerance * scale]
        return coefficients, left

    def _hold(self, new: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Keeps representers that are nearly orthonormal, once more against those that are there and themselves.

        Returns:
            Their coefficients in those that are there, in those that are kept, and in what is not.
        """
        known = self._held[: self.dimension]
        image = self._entry.times(new.T)
        inner = self._sum(known @ image)
        if np.abs(inner).max(initial=0.0) > _ORTHOGONAL:
            new = new - inner.T @ known
            image = self._entry.times(new.T)
        else:
            inner = np.zeros_like(inner)
        values, vectors = self._eigen(self._sum(new @ image))
        # they had unit length: what is left of others was there already
        kept = values > _NONE
        needed = self.dimension + int(kept.sum())
        if needed > len(self._held):
            # memory that is never written to costs nothing
            grown = np.empty((max(2 * needed, _MANY), self._held.shape[1]))
            grown[: self.dimension] = known
            self._held = grown
        turned = vectors * np.sqrt(np.maximum(values, _ROUNDING))
        np.matmul((vectors[:, kept] / np.sqrt(values[kept])).T, new, out=self._held[self.dimension : needed])
        self.dimension = needed
        return inner, turned[:, kept].T, turned[:, ~kept].T

    def _eigen(self, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Eigenvalues and vectors of what is symmetric but for rounding; one rank decides about the last digits."""
        found = np.linalg.eigh((matrix + matrix.T) / 2)
        return found if self._comm.size == 1 else self._comm.bcast(tuple(found))  # type: ignore[no-any-return]

    def _sum(self, local: np.ndarray) -> np.ndarray:
        return total(self._comm, local)
