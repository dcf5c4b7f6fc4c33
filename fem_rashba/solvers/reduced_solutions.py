"""What one factorisation gives a reduced model: solutions, adjoint solutions, and their derivatives.

Without refinement: what rounding leaves in them, the residuals of the points contain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fem_rashba.solvers.discretization import FIELDS
from fem_rashba.solvers.reduced_basis import Basis
from fem_rashba.solvers.reduced_matrix import Entry
from fem_rashba.solvers.reduced_points import Changes, Points

if TYPE_CHECKING:
    from fem_rashba.solvers.reduced_adjoint import Adjoint


def solutions(operator: Entry, basis: Basis, point: Points, changes: Changes) -> np.ndarray:
    """The solution, its first derivatives along lines, and its second ones. Collective.

    Args:
        operator: The operator at the point, factorised.
        basis: Of the solutions; its lifts, loads and modes are used.
        point: The point.
        changes: Of the coefficients around it.

    Returns:
        Coordinates, shape (size, 1 + lines + curvatures).
    """
    space, pieces = basis.space, basis.space.pieces
    lifts = basis.functions[:, :, : basis.lifts]
    theta, first, second = (
        basis.modes.thetas(points.t, pieces.count) for points in (point, changes.slopes, changes.curvatures)
    )

    def solved(points: Points, thetas: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates and functions for what is given at points, less operators times functions."""
        given, rows = lifts @ points.lifted.T, basis.loads @ points.loaded.T
        if points.lifted.any():
            rows = rows - pieces.applied(theta[0], given)
        if values.shape[2] and len(points):
            rows = rows - pieces.combined(thetas, values)
        x = operator.solved(space.restricted(rows))
        return x, given + space.functions(x)

    x, u = solved(point, theta[:, None], np.zeros((pieces.local, FIELDS, 0)))
    dx, du = solved(changes.slopes, first[:, None], u)
    both = np.concatenate([u, du], axis=2)
    thetas = np.zeros((len(second), both.shape[2], *theta.shape[1:]))
    thetas[:, 0] = second
    for r, (i, j) in enumerate(changes.pairs):
        thetas[r, 1 + i] += first[j]
        thetas[r, 1 + j] += first[i]
    ddx, _ = solved(changes.curvatures, thetas, both)
    return np.concatenate([x, dx, ddx], axis=1)


def adjoint_solutions(operator: Entry, adjoint: Adjoint, own: np.ndarray, point: Points, lines: Points) -> np.ndarray:
    """Adjoint solutions, and their first derivatives. Collective.

    Args:
        operator: The operator at the point, factorised.
        adjoint: The adjoint problems.
        own: Which of them.
        point: The point.
        lines: First derivatives of the coefficients.

    Returns:
        Coordinates, shape (size, own (1 + lines)).
    """
    basis, count = adjoint.basis, len(own)
    space, pieces = basis.space, basis.space.pieces
    given = basis.functions[:, :, : basis.lifts] @ adjoint.lifted[:, own]
    rows = adjoint.functionals[:, :, own] - pieces.applied(basis.modes.theta(point.t[0], pieces.count), given)
    x = operator.solved(space.restricted(rows), transposed=True)
    if not len(lines) or not count:
        return x
    thetas = np.zeros((len(lines) * count, count, pieces.count, FIELDS, FIELDS))
    for i, theta in enumerate(basis.modes.thetas(lines.t, pieces.count)):
        thetas[i * count + np.arange(count), np.arange(count)] = -theta
    rows = pieces.combined(thetas, given + space.functions(x))
    return np.concatenate([x, operator.solved(space.restricted(rows), transposed=True)], axis=1)
