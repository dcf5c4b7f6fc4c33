"""The operators of many points as combinations of few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fem_rashba.solvers.discretization import FIELDS


@dataclass(frozen=True, kw_only=True)
class Modes:
    """The operators of all points as combinations of Q.

    Attributes:
        entries: p, i, j of the coefficients theta[p, i, j] that differ from zero somewhere, shape (E, 3).
        weights: Their values in each mode, shape (Q, E).
    """

    entries: np.ndarray
    weights: np.ndarray

    def adjoint(self, signs: np.ndarray) -> Modes:
        """Those of the adjoint operators; `signs` are -1 for skew matrices M_p, shape (P,)."""
        return Modes(entries=self.entries[:, [0, 2, 1]], weights=self.weights * signs[self.entries[:, 0]])

    def theta(self, t: np.ndarray, count: int) -> np.ndarray:
        """The coefficients of one operator, shape (P, 4, 4) for a number P of matrices."""
        result = np.zeros((count, FIELDS, FIELDS))
        result[tuple(self.entries.T)] = t @ self.weights
        return result

    def thetas(self, t: np.ndarray, count: int) -> np.ndarray:
        """The same of N operators, shape (N, P, 4, 4)."""
        return np.array([self.theta(own, count) for own in t]).reshape(len(t), count, FIELDS, FIELDS)


def modes_of(theta: np.ndarray) -> tuple[Modes, np.ndarray]:
    """The modes of N operators, shape (N, P, 4, 4), and the coefficients of each, shape (N, Q)."""
    largest = np.abs(theta).max(axis=0)
    entries = np.argwhere(largest > 0)
    scale = largest[tuple(entries.T)]
    values = theta[(slice(None), *entries.T)] / scale
    # few points stand for many that are combinations of them
    _, sizes, rows = np.linalg.svd(values, full_matrices=False)
    kept = rows[sizes > 1e-13 * sizes[0]]
    return Modes(entries=entries, weights=kept * scale), values @ kept.T
