"""A reduced basis: orthonormal snapshots, the operator between them, and the norm of the residual.

The operator at a point is sum t[q] theta[q, p, i, j] M_p over Q modes theta, the scalar matrices M_p and the fields i
(test) and j. What needs the mesh is done once for all points: what is left at each is dense and small.
"""

from __future__ import annotations

import math

import numpy as np

from fem_rashba.solvers.columns import total
from fem_rashba.solvers.reduced.functionals import Functionals
from fem_rashba.solvers.reduced.modes import Modes
from fem_rashba.solvers.reduced.norm import Norm
from fem_rashba.solvers.reduced.space import Space

_DEPENDENT = 1e-10
_WELL = 1e-12


class Basis:
    """The basis for functions u with a(v, u) = f(v) for all v of the space, u minus its lift in the space.

    Args:
        space, norm: The space and its norm.
        modes: Of the operators a.
        lifts: The functions that carry given values, shape (local, 4, lifts).
        loads: The functionals that f is made of, shape (owned, 4, loads).
        tolerance: What may be left out of each functional that residuals are made of, relative to its norm.

    Attributes:
        space, modes, loads: As given.
        lifts: How many there are.
        functions: The lifts and the basis, shape (local, 4, lifts + size).
        products: The scalar matrices times the functions that came last, by number, each of shape (owned, 4, k).
    """

    def __init__(
        self, space: Space, norm: Norm, modes: Modes, lifts: np.ndarray, loads: np.ndarray, tolerance: float
    ) -> None:
        self.space, self._norm, self.modes = space, norm, modes
        self.lifts, self.loads, self.functions = lifts.shape[2], loads, lifts[:, :, :0]
        self._functionals = Functionals(space, norm, modes, loads, tolerance)
        self._coordinates: np.ndarray = np.empty((space.size, 0))
        self._entries = np.zeros((len(modes.entries), 0, 0))
        self._load_rows = np.zeros((0, loads.shape[2]))
        self.products: dict[int, np.ndarray] = {}
        self._enter(lifts, None)

    @property
    def size(self) -> int:
        """How many functions the basis has, without the lifts."""
        return int(self._coordinates.shape[1])

    def add(self, coordinates: np.ndarray) -> None:
        """Takes functions into the basis, shape (size of the space, k), but for what it has already. Collective."""
        if not coordinates.shape[1]:
            self.products = {p: product[:, :, :0] for p, product in self.products.items()}
            return
        known, image = self._coordinates, self._norm.times(coordinates)
        before = self._sum((coordinates * image).sum(axis=0))
        new = coordinates - known @ self._sum(known.T @ image)
        image = self._norm.times(new)
        # twice is enough for what is not dependent
        new = new - known @ self._sum(known.T @ image)
        image = self._norm.times(new)
        lengths = self._sum((new * image).sum(axis=0))
        independent = lengths > _DEPENDENT**2 * before
        scale = np.sqrt(lengths[independent])
        new, image = new[:, independent] / scale, image[:, independent] / scale
        for again in (False, True):
            if again:
                new = new - known @ self._sum(known.T @ image)
                image = self._norm.times(new)
            products = self._sum(new.T @ image)
            # one rank decides about the last digits
            values, vectors = self.space.comm.bcast(tuple(np.linalg.eigh((products + products.T) / 2)))
            kept = values > _WELL
            turned = vectors[:, kept] / np.sqrt(values[kept])
            new, image = new @ turned, image @ turned
        self._coordinates = np.concatenate([self._coordinates, new], axis=1)
        self._enter(self.space.functions(new), new)

    def _enter(self, functions: np.ndarray, coordinates: np.ndarray | None) -> None:
        """Everything that a point needs with new functions: at first the lifts, then of the basis. Collective."""
        pieces, before = self.space.pieces, self.functions.shape[2]
        self.functions = np.concatenate([self.functions, functions], axis=2)
        self.products = {p: pieces.product(p, functions) for p in np.unique(self.modes.entries[:, 0])}
        every = self._sum(between(self.functions[: pieces.owned], self.products))
        # lifts are no test functions
        old, count = self._entries.shape[1], self.functions.shape[2]
        grown = np.zeros((len(self.modes.entries), count - self.lifts, count))
        place = {p: k for k, p in enumerate(self.products)}
        for e, (p, i, j) in enumerate(self.modes.entries):
            grown[e, :, before:] = every[place[p], i, self.lifts :, j]
            if before:
                # M_p and its transpose differ by a sign
                grown[e, old:, :before] = pieces.signs[p] * every[place[p], j, :before, i].T
        grown[:, :old, :before] = self._entries
        self._entries = grown
        if coordinates is not None:
            flat = functions[: pieces.owned].reshape(math.prod(self.loads.shape[:2]), functions.shape[2])
            self._load_rows = np.concatenate(
                [self._load_rows, self._sum(flat.T @ self.loads.reshape(len(flat), self.loads.shape[2]))]
            )
        self._functionals.add(self.products, functions, coordinates)
        self._blocks = np.tensordot(self.modes.weights, self._entries, axes=1)
        self._residual, self._left = self._functionals.reduced()

    def solved(self, t: np.ndarray, lifted: np.ndarray, loaded: np.ndarray) -> np.ndarray:
        """The coefficients of lifts and basis at N points for K right-hand sides each, shape (N, lifts + size, K).

        Args:
            t: Coefficients of the modes, shape (N, Q).
            lifted, loaded: Those of the lifts and of the loads, shapes (N, lifts, K) and (N, loads, K).
        """
        if self.size == 0:
            return lifted
        matrices = (t @ self._blocks.reshape(len(self._blocks), -1)).reshape(len(t), *self._blocks.shape[1:])
        right = self._load_rows @ loaded - matrices[:, :, : self.lifts] @ lifted
        return np.concatenate([lifted, np.linalg.solve(matrices[:, :, self.lifts :], right)], axis=1)

    def residual(self, t: np.ndarray, coefficients: np.ndarray, loaded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What coefficients leave of the equations.

        Returns:
            In orthonormal functionals, shape (N, K, functionals), and bounds of the norms of the rest, shape (N, K).
        """
        rows, columns = self._residual.shape
        if rows > columns and len(t) * coefficients.shape[2] > 2 * columns:
            # pays for many points only
            self._residual = np.asarray(np.linalg.qr(self._residual, mode="r"))
        count, loads = coefficients.shape[2], loaded.shape[1]
        terms = np.empty((len(t), count, columns))
        terms[:, :, :loads] = loaded.swapaxes(1, 2)
        products = t[:, None, :, None] * coefficients.swapaxes(1, 2)[:, :, None]
        terms[:, :, loads:] = products.reshape(len(t), count, columns - loads)
        terms = terms.reshape(len(t) * count, columns)
        left = (terms @ self._residual.T).reshape(len(t), count, len(self._residual))
        rest = np.abs(terms) @ self._left if self._left.any() else np.zeros(len(terms))
        return left, rest.reshape(left.shape[:2])

    def _sum(self, local: np.ndarray) -> np.ndarray:
        return total(self.space.comm, np.asarray(local))


def between(tests: np.ndarray, products: dict[int, np.ndarray]) -> np.ndarray:
    """Sums over the nodes of tests, shape (owned, 4, n), times P products, (owned, 4, k): shape (P, 4, n, 4, k)."""
    flat = tests.reshape(len(tests), math.prod(tests.shape[1:]))
    found = np.zeros((len(products), flat.shape[1], math.prod(next(iter(products.values())).shape[1:])))
    for to, product in zip(found, products.values(), strict=True):
        own = product.reshape(len(flat), found.shape[2])
        # matrices of the border are zero nearly everywhere
        rows = np.flatnonzero(own.any(axis=1))
        to[:] = flat[rows].T @ own[rows] if len(rows) < len(own) / 2 else flat.T @ own
    return found.reshape(len(products), *tests.shape[1:], *next(iter(products.values())).shape[1:])
