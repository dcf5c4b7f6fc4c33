"""Points of a reduced model: the coefficients that make them, and what is found at them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Points:
    """The coefficients of N points.

    Attributes:
        t: Of the modes of the operator, shape (N, Q).
        lifted: Of the given values, shape (N, lifts): `Drive.lifted`.
        loaded: Of what is given as a current, shape (N, loads).
        coercivity: Lower bounds, shape (N,).
    """

    t: np.ndarray
    lifted: np.ndarray
    loaded: np.ndarray
    coercivity: np.ndarray

    def __getitem__(self, which: slice | np.ndarray) -> Points:
        return Points(
            t=self.t[which],
            lifted=self.lifted[which],
            loaded=self.loaded[which],
            coercivity=self.coercivity[which],
        )

    def __len__(self) -> int:
        return len(self.t)

    def at(self, point: int) -> Points:
        """One of them."""
        return self[point : point + 1]


@dataclass(frozen=True, kw_only=True)
class Changes:
    """How the coefficients of points change around one of them, along d lines.

    Attributes:
        slopes: Their first derivatives, d points; the coercivity means nothing.
        curvatures: Their second derivatives along each pair of lines, (0, 0), (0, 1), ... (1, 1), ...
    """

    slopes: Points
    curvatures: Points

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The lines of each second derivative."""
        return list(combinations_with_replacement(range(len(self.slopes)), 2))


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the reduced model finds at N points.

    Attributes:
        values: The outputs, shape (N, outputs).
        field_bound: Of the error of the fields in the norm, shape (N,).
        adjoint: Inner products of the residuals of the adjoint problems, shape (N, outputs, outputs), of spins among
            themselves and of the others among themselves.
        spin: Root mean square of |S| over the film, 1/nm^2, shape (N,).
    """

    values: np.ndarray
    field_bound: np.ndarray
    adjoint: np.ndarray
    spin: np.ndarray

    def bounds(self, matrices: np.ndarray, chosen: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Of the length of the errors of matrices, shape (3, outputs) or (N, 3, outputs), times the outputs."""
        squares = matrices @ self.adjoint[chosen] @ np.swapaxes(matrices, -1, -2)
        return self.field_bound[chosen] * np.sqrt(np.maximum(np.linalg.eigvalsh(squares)[:, -1], 0.0))
