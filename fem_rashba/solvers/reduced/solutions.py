"""What one factorisation gives a reduced model: solutions, adjoint solutions, and their Taylor series.

The coefficients of the equations are taken as polynomials of degree 2 of the lines along which they change. Without
refinement: what rounding leaves in them, the residuals of the points contain.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np

from fem_rashba.solvers.discretization import FIELDS
from fem_rashba.solvers.reduced.basis import Basis
from fem_rashba.solvers.reduced.matrix import Entry
from fem_rashba.solvers.reduced.points import Changes, Points

if TYPE_CHECKING:
    from fem_rashba.solvers.reduced.adjoint import Adjoint

DEGREE, ADJOINT_DEGREE = 3, 1
"""Of the series. A term costs a tenth of another factorisation; with more of them the bases grow too much."""


def solutions(operator: Entry, basis: Basis, point: Points, changes: Changes) -> np.ndarray:
    """The solution and its Taylor series along lines. Collective.

    Args:
        operator: The operator at the point, factorised.
        basis: Of the solutions; its lifts, loads and modes are used.
        point: The point.
        changes: Of the coefficients around it.

    Returns:
        Coordinates, shape (size, terms).
    """
    lifts, theta = basis.functions[:, :, : basis.lifts], basis.modes.theta(point.t[0], basis.space.pieces.count)

    def given(points: Points) -> tuple[np.ndarray, np.ndarray]:
        """Functions that carry what is given at points, and right-hand sides."""
        carried, rows = lifts @ points.lifted.T, basis.loads @ points.loaded.T
        if points.lifted.any():
            rows = rows - basis.space.pieces.applied(theta, carried)
        return carried, rows

    return _series(operator, basis, changes, DEGREE, given(point), given, transposed=False)


def adjoint_solutions(
    operator: Entry, adjoint: Adjoint, own: np.ndarray, point: Points, changes: Changes, degree: int
) -> np.ndarray:
    """Adjoint solutions, and their Taylor series. Collective.

    Args:
        operator: The operator at the point, factorised.
        adjoint: The adjoint problems.
        own: Which of them.
        point: The point.
        changes: Of the coefficients around it.
        degree: Of the series.

    Returns:
        Coordinates, shape (size, own times terms).
    """
    basis = adjoint.basis
    carried = basis.functions[:, :, : basis.lifts] @ adjoint.lifted[:, own]
    theta = basis.modes.theta(point.t[0], basis.space.pieces.count)
    rows = adjoint.functionals[:, :, own] - basis.space.pieces.applied(theta, carried)
    return _series(operator, basis, changes, degree if len(own) else 0, (carried, rows), None, transposed=True)


def _series(
    operator: Entry,
    basis: Basis,
    changes: Changes,
    degree: int,
    first: tuple[np.ndarray, np.ndarray],
    given: Callable[[Points], tuple[np.ndarray, np.ndarray]] | None,
    *,
    transposed: bool,
) -> np.ndarray:
    """Taylor series of K problems, term by term.

    Args:
        operator, basis, changes: Of the problems.
        degree: Of the series.
        first: Functions that carry what is given, and right-hand sides, shapes (local, 4, K) and (owned, 4, K).
        given: The same of changes for K = 1; None if nothing that is given changes.
        transposed: Whether the operator is to be.

    Returns:
        Coordinates, shape (size, terms K), all K of one term together.
    """
    space, count, lines = basis.space, first[1].shape[2], len(changes.slopes)
    shape = (space.pieces.count, FIELDS, FIELDS)
    parts: dict[tuple[int, ...], np.ndarray] = {
        (i,): theta for i, theta in enumerate(basis.modes.thetas(changes.slopes.t, shape[0]))
    }
    for (i, j), theta in zip(changes.pairs, basis.modes.thetas(changes.curvatures.t, shape[0]), strict=True):
        parts[i, j] = theta / (1 + (i == j))
    x = operator.solved(space.restricted(first[1]), transposed=transposed)
    found, functions = [x], first[0] + space.functions(x)
    place: dict[tuple[int, ...], int] = {(): 0}
    for order in range(1, degree + 1 if lines else 1):
        terms = list(combinations_with_replacement(range(lines), order))
        thetas = np.zeros((len(terms), count, len(place), count, *shape))
        for r, term in enumerate(terms):
            for part, theta in parts.items():
                rest = _without(term, part)
                if rest is not None:
                    thetas[r, range(count), place[rest], range(count)] -= theta
        columns = len(terms) * count
        rows = space.pieces.combined(thetas.reshape(columns, functions.shape[2], *shape), functions)
        carried: np.ndarray = np.zeros((space.pieces.local, FIELDS, columns))
        if given is not None and order <= 2:
            carried, more = given(changes.slopes if order == 1 else changes.curvatures)
            scale = np.array([1.0 if order == 1 else 1.0 + (term[0] == term[1]) for term in terms])
            carried, rows = carried / scale, rows + more / scale
        x = operator.solved(space.restricted(rows), transposed=transposed)
        place |= {term: len(place) + r for r, term in enumerate(terms)}
        found.append(x)
        functions = np.concatenate([functions, carried + space.functions(x)], axis=2)
    return np.concatenate(found, axis=1)


def _without(term: tuple[int, ...], part: tuple[int, ...]) -> tuple[int, ...] | None:
    """The lines of a term without those of a part, None if it has not all of them."""
    rest = list(term)
    for line in part:
        if line not in rest:
            return None
        rest.remove(line)
    return tuple(rest)
