"""A V-cycle on operators that are not assembled.

The levels are the degrees of the elements. On even meshes each is smoothed by block Gauss-Seidel sweeps, and below
degree 1 there is a background grid, which is factorised. On graded ones, whose flat elements such sweeps do not smooth,
there are incomplete factors instead, and degree 1 is factorised.

Of several ranks each sweeps over its own nodes and takes the values of others as they were before the sweep; the first
one has the factorised grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from fem_rashba.solvers.affine import AffineOperator
from fem_rashba.solvers.coarsest import Coarsest, petsc_matrix
from fem_rashba.solvers.estimate import fill_levels, is_even
from fem_rashba.solvers.loops.kernels import Kernels
from fem_rashba.solvers.smoothers import Factors, Smoother, Sweeps
from fem_rashba.solvers.terminals import Terminals
from fem_rashba.solvers.transfers import Degrees, Grid, Transfer

_MANY = 3
"""Sweeps each way on levels that cost little, and where one leaves too much: between degrees 4 and 2, and where spin
turns by more than `_LARGEST_TURN` (rad) from one node to the next."""

_LARGEST_TURN = 0.5


class Cycle:
    """A V-cycle through operators from the finest degree to degree 1. Collective throughout.

    Args:
        operators: One for each degree, each of one film; on graded meshes of several degrees, on one rank.
    """

    def __init__(self, operators: Sequence[AffineOperator]) -> None:
        discretizations = [operator.discretization for operator in operators]
        terminals = [Terminals(discretization) for discretization in discretizations]
        masks = [found.free_fields for found in terminals]
        even = is_even(discretizations[0].problem.device)
        smoothed = operators if even else operators[:-1]
        self._levels = [_Level(*pair) for pair in zip(smoothed, masks, strict=False)]
        self._transfers: list[Transfer] = [
            Degrees(*pair, *free) for pair, free in zip(pairwise(discretizations), pairwise(masks), strict=True)
        ]
        self._smoothers: list[Smoother]
        if even:
            counts = [_sweeps(operators[0]), *[_MANY] * (len(operators) - 1)]
            self._smoothers = [Sweeps(x.matrix, n, x.halo) for x, n in zip(self._levels, counts, strict=True)]
            grid = Grid(operators[-1], self._levels[-1].matrix)
            self._transfers.append(grid)
            coarse = None if grid.matrix is None else petsc_matrix(grid.matrix)
        else:
            levels = fill_levels(discretizations[0].problem.device)
            self._smoothers = [Factors(level.matrix, levels=levels) for level in self._levels]
            coarse = operators[-1].matrix(terminals[-1], blocked=False)
        self._coarse = Coarsest(coarse, discretizations[0].space.mesh.comm)

    def factorise(self) -> None:
        """Sets the coarsest level up."""
        self._coarse.factorise()

    def product(self, x: np.ndarray) -> np.ndarray:
        """A x at the free unknowns, for x that is zero at the fixed ones; all shapes (owned nodes, 4)."""
        finest = self._levels[0]
        return finest.matrix.product(finest.halo.extended(x))

    def __call__(self, b: np.ndarray, *, adjoint: bool = False, level: int = 0) -> np.ndarray:
        """An approximate solution of A x = b, or A^T x = b: one V-cycle, or exactly its transpose."""
        if level == len(self._levels):
            return self._coarse.solve(b, adjoint=adjoint)
        here, smoother, transfer = self._levels[level], self._smoothers[level], self._transfers[level]
        x = smoother.before(b, adjoint=adjoint)
        own = x[: here.halo.owned]
        here.halo.update(x)
        rest = (here.matrix.transposed if adjoint else here.matrix).residual(b, x)
        own += transfer.up(self(transfer.down(rest), adjoint=adjoint, level=level + 1))
        smoother.after(b, x, adjoint=adjoint)
        return own

    def destroy(self) -> None:
        """Frees the factorisation."""
        self._coarse.destroy()


class _Level:
    def __init__(self, operator: AffineOperator, free: np.ndarray) -> None:
        self.matrix: Kernels = operator.kernels(free)
        self.halo = operator.scalars.halo


def _sweeps(finest: AffineOperator) -> int:
    """How many sweeps there are each way on the finest level."""
    discretization, nodes = finest.discretization, finest.scalars.space.dofmap.index_map.size_global
    turn = abs(float(discretization.coefficients.precession.value)) * np.sqrt(finest.scalars.area / nodes)
    return _MANY if discretization.problem.degree in (1, 4) or turn > _LARGEST_TURN else 1
