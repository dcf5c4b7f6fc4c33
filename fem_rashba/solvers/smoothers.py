"""Smoothers of a matrix that is not assembled, all four fields of a node together. Collective throughout."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from fem_rashba.solvers.halo import Halo
from fem_rashba.solvers.loops.factors import IncompleteFactors
from fem_rashba.solvers.loops.kernels import Kernels


class Smoother(Protocol):
    """What reduces the error that a coarser level does not see. The two steps are each other's transposes."""

    def before(self, b: np.ndarray, *, adjoint: bool) -> np.ndarray:
        """An approximate solution of A x = b (or A^T x = b), shape (known nodes, 4); right at the owned ones."""
        ...

    def after(self, b: np.ndarray, x: np.ndarray, *, adjoint: bool) -> None:
        """Improves x, shape (known nodes, 4), at the owned nodes."""
        ...


class Sweeps:
    """Block Gauss-Seidel, up and down in turns; fails on flat elements.

    Args:
        matrix: A.
        count: Sweeps each time.
        halo: Of its columns. Other ranks sweep at the same time.
    """

    def __init__(self, matrix: Kernels, count: int, halo: Halo) -> None:
        self._matrix, self._count, self._halo = matrix, count, halo

    def before(self, b: np.ndarray, *, adjoint: bool) -> np.ndarray:
        """As of `Smoother`."""
        x = np.zeros((self._halo.known, b.shape[1]))
        matrix = self._matrix.transposed if adjoint else self._matrix
        for i in range(self._count):
            if i > 0:
                self._halo.update(x)
            matrix.sweep(b, x, downwards=i % 2 == 1, zero=i == 0)
        return x

    def after(self, b: np.ndarray, x: np.ndarray, *, adjoint: bool) -> None:
        """As of `Smoother`."""
        matrix = self._matrix.transposed if adjoint else self._matrix
        for i in reversed(range(self._count)):
            self._halo.update(x)
            matrix.sweep(b, x, downwards=i % 2 == 0)


class Factors:
    """An incomplete factorisation, in an order that follows the strong couplings across flat elements. On one rank.

    Args:
        matrix: A.
        levels: As of `IncompleteFactors`.
    """

    def __init__(self, matrix: Kernels, *, levels: int) -> None:
        self._matrix, self._factors = matrix, IncompleteFactors(matrix, levels=levels)

    def before(self, b: np.ndarray, *, adjoint: bool) -> np.ndarray:
        """As of `Smoother`."""
        return self._factors.solve(b, transposed=adjoint)

    def after(self, b: np.ndarray, x: np.ndarray, *, adjoint: bool) -> None:
        """As of `Smoother`."""
        matrix = self._matrix.transposed if adjoint else self._matrix
        x += self._factors.solve(matrix.residual(b, x), transposed=adjoint)
