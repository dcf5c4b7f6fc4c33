"""A reduced basis: orthonormal snapshots, the operator between them, and the norm of the residual.

The operator at a point is sum t[q] theta[q, p, i, j] M_p over Q modes theta, the scalar matrices M_p and the fields i
(test) and j. What needs the mesh is done once for all points: what is left at each is dense and small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from mpi4py import MPI

from fem_rashba.solvers.discretization import FIELDS
from fem_rashba.solvers.reduced_matrix import Entry
from fem_rashba.solvers.reduced_space import Norm, Space

_NEGLIGIBLE = 1e-10
_WELL = 1e-8
_ROUNDING = 1e-14
_DEPENDENT = 1e-10
_PASSES = 4


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


class Family:
    """Functionals on one field as combinations of few that are orthonormal in the dual norm.

    A residual is then the length of a vector of coefficients. Its square is never formed from a Gram matrix of the
    functionals themselves, in which a residual below 1e-8 of its terms would drown.

    Args:
        entry: The matrix of the norm on the field, factorised.
        comm: The ranks.
        size: Number of coordinates of the field on this rank.
    """

    def __init__(self, entry: Entry, comm: MPI.Comm, size: int) -> None:
        self._entry, self._comm = entry, comm
        self._representers = np.empty((size, 0))

    @property
    def dimension(self) -> int:
        """How many orthonormal functionals there are."""
        return int(self._representers.shape[1])

    def add(self, functionals: np.ndarray) -> np.ndarray:
        """The coefficients of functionals, shape (dimension afterwards, k), given on the coordinates. Collective."""
        count = functionals.shape[1]
        coefficients = np.zeros((self.dimension, count))
        before = np.sqrt(self._sum((functionals**2).sum(axis=0)))
        rest = functionals
        if self.dimension:
            coefficients = self._sum(self._representers.T @ rest)
            rest = rest - self._entry.times(self._representers @ coefficients)
        scale = np.zeros(count)
        for _ in range(_PASSES):
            # what is rounding needs no representer
            chosen = np.flatnonzero(np.sqrt(self._sum((rest**2).sum(axis=0))) > _ROUNDING * before)
            representers = self._entry.solved(rest[:, chosen])
            lengths = np.sqrt(np.maximum(self._sum((representers * rest[:, chosen]).sum(axis=0)), 0.0))
            scale[chosen] = np.maximum(
                scale[chosen], np.hypot(np.linalg.norm(coefficients[:, chosen], axis=0), lengths)
            )
            large = lengths > _NEGLIGIBLE * scale[chosen]
            chosen, representers, lengths = chosen[large], representers[:, large], lengths[large]
            if not len(chosen):
                break
            # columns of unit length: the directions that are well determined now, the others in the next pass
            units = representers / lengths
            values, vectors = np.linalg.eigh(_symmetric(self._sum(units.T @ (rest[:, chosen] / lengths))))
            kept = values > _WELL * values[-1]
            new, image = self._orthogonal(units @ (vectors[:, kept] / np.sqrt(values[kept])))
            more = self._sum(new.T @ rest)
            rest = rest - image @ more
            self._representers = np.concatenate([self._representers, new], axis=1)
            coefficients = np.concatenate([coefficients, more])
        return coefficients

    def _orthogonal(self, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """New representers once more against those that are there and among themselves; and their functionals."""
        image = self._entry.times(new)
        if self.dimension:
            new = new - self._representers @ self._sum(self._representers.T @ image)
            image = self._entry.times(new)
        values, vectors = np.linalg.eigh(_symmetric(self._sum(new.T @ image)))
        # they had unit length: what is left of others was there already
        kept = values > _WELL
        turned = vectors[:, kept] / np.sqrt(values[kept])
        return new @ turned, image @ turned

    def _sum(self, local: np.ndarray) -> np.ndarray:
        return np.asarray(self._comm.allreduce(local, op=MPI.SUM)) if self._comm.size > 1 else local


class Basis:
    """The basis for functions u with a(v, u) = f(v) for all v of the space, u minus its lift in the space.

    Args:
        space, norm: The space and its norm.
        modes: Of the operators a.
        lifts: The functions that carry given values, shape (local, 4, lifts).
        loads: The functionals that f is made of, shape (owned, 4, loads).

    Attributes:
        functions: The lifts and the basis, shape (local, 4, lifts + size).
    """

    def __init__(self, space: Space, norm: Norm, modes: Modes, lifts: np.ndarray, loads: np.ndarray) -> None:
        self._space, self._norm, self.modes = space, norm, modes
        self.lifts, self.loads, self.functions = lifts.shape[2], loads, lifts[:, :, :0]
        # which M_p of which field enter the rows of n, and those of S
        of_spin = modes.entries[:, 1] > 0
        self._pairs = [np.unique(modes.entries[rows][:, [0, 2]], axis=0) for rows in (~of_spin, of_spin)]
        self._families = Family(norm.charge, space.comm, space.charge), Family(norm.spin, space.comm, space.spin)
        self._coordinates: np.ndarray = np.empty((space.size, 0))
        self._entries = np.zeros((len(modes.entries), 0, 0))
        self._rows = [np.zeros((0, len(pairs), 0)) for pairs in self._pairs]
        columns = space.charge_of(loads[:, 0]), np.concatenate([space.spin_of(loads[:, i]) for i in (1, 2, 3)], axis=1)
        self._loads = [family.add(own) for family, own in zip(self._families, columns, strict=True)]
        self._load_rows = np.zeros((0, loads.shape[2]))
        self._enter(lifts)

    @property
    def size(self) -> int:
        """How many functions the basis has, without the lifts."""
        return int(self._coordinates.shape[1])

    def add(self, coordinates: np.ndarray) -> None:
        """Takes functions into the basis, shape (size of the space, k), but for what it has already. Collective."""
        new: np.ndarray = np.empty((len(coordinates), 0))
        for k in range(coordinates.shape[1]):
            x = coordinates[:, k : k + 1]
            before, known = self._length(x), np.concatenate([self._coordinates, new], axis=1)
            for _ in range(2):
                x = x - known @ self._sum(known.T @ self._norm.times(x))
            length = self._length(x)
            if not length > _DEPENDENT * before:
                continue
            x = x / length
            x = x - known @ self._sum(known.T @ self._norm.times(x))
            new = np.concatenate([new, x / self._length(x)], axis=1)
        self._coordinates = np.concatenate([self._coordinates, new], axis=1)
        self._enter(self._space.functions(new))

    def _length(self, x: np.ndarray) -> float:
        return float(np.sqrt(self._sum(np.sum(x * self._norm.times(x)))))

    def _enter(self, functions: np.ndarray) -> None:
        """Everything that a point needs with new functions: at first the lifts, then of the basis. Collective."""
        pieces, before = self._space.pieces, self.functions.shape[2]
        self.functions = np.concatenate([self.functions, functions], axis=2)
        products = {p: pieces.product(p, functions) for p in np.unique(self.modes.entries[:, 0])}
        tests = self.functions[: pieces.owned, :, self.lifts :]
        grown = np.zeros((len(self.modes.entries), tests.shape[2], self.functions.shape[2]))
        old = self._entries.shape[1]
        for e, (p, i, j) in enumerate(self.modes.entries):
            grown[e, :, before:] = tests[:, i].T @ products[p][:, j]
            # M_p and its transpose differ by a sign
            new_rows = pieces.signs[p] * products[p][:, i].T
            grown[e, old:, :before] = (new_rows @ self.functions[: pieces.owned, j, :before])[: tests.shape[2] - old]
        grown = self._sum(grown)
        grown[:, :old, :before] = self._entries
        self._entries = grown
        more = self._sum(np.einsum("nik,nif->kf", tests[:, :, old:], self.loads, optimize=True))
        self._load_rows = np.concatenate([self._load_rows, more])
        of_field = self._space.charge_of, self._space.spin_of
        for k, (pairs, family, values) in enumerate(zip(self._pairs, self._families, of_field, strict=True)):
            columns = [values(products[p][:, j]) for p, j in pairs]
            self._rows[k] = _widened(self._rows[k], family.add(np.concatenate(columns, axis=1)), functions.shape[2])
        self._reduce()

    def _reduce(self) -> None:
        """The modes between the functions; and the residual of every point in few orthonormal functionals."""
        weights = self.modes.weights
        self._blocks = np.tensordot(weights, self._entries, axes=1)
        parts = []
        for i in range(FIELDS):
            family, pairs, rows = self._families[i > 0], self._pairs[i > 0], self._rows[i > 0]
            own = np.flatnonzero(self.modes.entries[:, 1] == i)
            place = {tuple(pair): k for k, pair in enumerate(pairs)}
            chosen = np.array([place[p, j] for p, _, j in self.modes.entries[own]], dtype=int)
            operators = np.einsum("qe,dec->dqc", weights[:, own], rows[:, chosen], optimize=True)
            loads = self._loads[i > 0]
            loads = loads.reshape(len(loads), 3 if i else 1, self.loads.shape[2])[:, max(i - 1, 0)]
            loads = np.concatenate([loads, np.zeros((family.dimension - len(loads), loads.shape[1]))])
            parts.append(
                np.concatenate([loads, -operators.reshape(len(loads), math.prod(operators.shape[1:]))], axis=1)
            )
        self._residual = np.concatenate(parts)

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

    def residual(self, t: np.ndarray, coefficients: np.ndarray, loaded: np.ndarray) -> np.ndarray:
        """What coefficients leave of the equations, in orthonormal functionals, shape (N, K, functionals)."""
        rows, columns = self._residual.shape
        if rows > columns and len(t) * coefficients.shape[2] > 2 * columns:
            # pays for many points only
            self._residual = np.asarray(np.linalg.qr(self._residual, mode="r"))
        products = (t[:, :, None, None] * coefficients[:, None]).reshape(
            len(t), t.shape[1] * coefficients.shape[1], coefficients.shape[2]
        )
        terms = np.concatenate([loaded, products], axis=1).swapaxes(1, 2)
        left = terms.reshape(len(t) * terms.shape[1], terms.shape[2]) @ self._residual.T
        return np.asarray(left.reshape(len(t), terms.shape[1], len(self._residual)))

    def _sum(self, local: np.ndarray) -> np.ndarray:
        comm = self._space.comm
        return np.asarray(comm.allreduce(local, op=MPI.SUM)) if comm.size > 1 else np.asarray(local)


def _symmetric(matrix: np.ndarray) -> np.ndarray:
    return (matrix + matrix.T) / 2


def _widened(rows: np.ndarray, new: np.ndarray, count: int) -> np.ndarray:
    """Coefficients of functionals (dimension, pairs, columns) with those of new columns."""
    grown = np.zeros((new.shape[0], rows.shape[1], rows.shape[2] + count))
    grown[: rows.shape[0], :, : rows.shape[2]] = rows
    grown[:, :, rows.shape[2] :] = new.reshape(new.shape[0], rows.shape[1], count)
    return grown
