"""The functionals that the residuals of a basis are made of: scalar matrices times its functions."""

from __future__ import annotations

import math

import numpy as np
from mpi4py import MPI

from fem_rashba.solvers.discretization import FIELDS
from fem_rashba.solvers.reduced.family import Family
from fem_rashba.solvers.reduced.gram import LEAST, Gram
from fem_rashba.solvers.reduced.matrix import Entry
from fem_rashba.solvers.reduced.modes import Modes
from fem_rashba.solvers.reduced.norm import Norm
from fem_rashba.solvers.reduced.space import Space
from fem_rashba.solvers.reduced.whole import LARGEST, Whole

_ROUNDING = 1e-14


class Functionals:
    """Those of the rows of n and those of the rows of S, each in an orthonormal family.

    Args:
        space, norm, modes, loads, tolerance: As of `reduced_basis.Basis`.
    """

    def __init__(self, space: Space, norm: Norm, modes: Modes, loads: np.ndarray, tolerance: float) -> None:
        self._space, self._norm, self._modes, self._given = space, norm, modes, loads.shape[2]
        # which M_p of which field enter the rows of n, and those of S
        of_spin = modes.entries[:, 1] > 0
        self._pairs = [np.unique(modes.entries[rows][:, [0, 2]], axis=0) for rows in (~of_spin, of_spin)]
        sizes = space.charge, space.spin
        self._entries = norm.charge, norm.spin
        self._families = [
            _family(entry, space.comm, size, tolerance) for entry, size in zip(self._entries, sizes, strict=True)
        ]
        self._rows = [np.zeros((0, len(pairs), 0)) for pairs in self._pairs]
        self._left = [np.zeros((len(pairs), 0)) for pairs in self._pairs]
        columns = space.charge_of(loads[:, 0]), np.concatenate([space.spin_of(loads[:, i]) for i in (1, 2, 3)], axis=1)
        found = [
            family.add(np.ascontiguousarray(own.T), np.ascontiguousarray(entry.solved(own).T))
            for family, entry, own in zip(self._families, self._entries, columns, strict=True)
        ]
        self._loads, self._loads_left = [own for own, _ in found], [left for _, left in found]
        names = [name for name, _ in space.pieces.keys]
        # known without a solve if it is a part of the norm
        self._stiffness = names.index("stiffness") if names.count("stiffness") == 1 else -1
        self._mass = names.index("mass")

    def add(self, products: dict[int, np.ndarray], functions: np.ndarray, coordinates: np.ndarray | None) -> None:
        """Takes in those of new functions. Collective.

        Args:
            products: The scalar matrices times the functions, each of shape (owned, 4, k).
            functions: The functions, shape (local, 4, k).
            coordinates: Theirs, shape (size of the space, k); None for lifts, which are no functions of the space.
        """
        count = functions.shape[2]
        sizes = self._space.sum(np.array([np.vdot(product, product) for product in products.values()]))
        size = dict(zip(products, sizes, strict=True))
        for k, (pairs, family) in enumerate(zip(self._pairs, self._families, strict=True)):
            restricted = self._space.spin_of if k else self._space.charge_of
            every = [restricted(products[p][:, j]) for p, j in pairs]
            own = self._space.sum(np.array([np.vdot(rows, rows) for rows in every]))
            # matrices of the border see nothing of functions that vanish there
            used = np.flatnonzero(own > _ROUNDING**2 * np.array([size[p] for p, _ in pairs]))
            known = {} if coordinates is None else self._known(k, functions, coordinates)
            # those that need no solve come first
            solved = (pairs[used, 0] != self._stiffness) | ~np.isin(pairs[used, 1], list(known))
            used = used[np.argsort(solved, kind="stable")]
            rows = np.empty((len(used) * count, len(every[0])))
            for number, n in enumerate(used):
                rows[number * count : (number + 1) * count] = every[n].T
            representers = self._represented(k, [tuple(pair) for pair in pairs[used]], rows, known)
            found, left = family.add(rows, representers)
            more: np.ndarray = np.zeros((len(found), len(pairs), count))
            rest: np.ndarray = np.zeros((len(pairs), count))
            more[:, used], rest[used] = found.reshape(len(found), len(used), count), left.reshape(len(used), count)
            self._rows[k] = _widened(self._rows[k], more)
            self._left[k] = np.concatenate([self._left[k], rest], axis=1)

    def _known(self, kind: int, functions: np.ndarray, coordinates: np.ndarray) -> dict[int, np.ndarray]:
        """By the number of a field: what stands for its stiffness, but for its mass, without a solve."""
        space, owned = self._space, functions[: self._space.pieces.owned]
        if kind:
            return {j: space.spin_of(owned[:, j]).T for j in (1, 2, 3)}
        spins = {j: space.charge_values(owned[:, j]).T for j in (1, 2, 3)} if space.holds_spin else {}
        return {0: coordinates[: space.charge].T} | spins

    def _represented(
        self, kind: int, pairs: list[tuple[int, int]], rows: np.ndarray, known: dict[int, np.ndarray]
    ) -> np.ndarray:
        """The Riesz representers of rows of pairs; those of stiffness from those of mass where that is known."""
        count = len(rows) // max(len(pairs), 1)
        place = {pair: slice(k * count, (k + 1) * count) for k, pair in enumerate(pairs)}
        free = {
            j: values
            for j, values in known.items()
            if (self._stiffness, j) in place and (not kind or (self._mass, j) in place)
        }
        first = min(
            (place[pair].start for pair in pairs if pair[0] != self._stiffness or pair[1] not in free), default=0
        )
        result = np.empty_like(rows)
        result[first:] = self._entries[kind].solved(rows[first:].T).T
        for j, values in free.items():
            if kind:
                values = values - self._norm.rate * result[place[self._mass, j]]
            result[place[self._stiffness, j]] = values / self._norm.diffusion
        return result

    def reduced(self) -> tuple[np.ndarray, np.ndarray]:
        """The residual of every point in few orthonormal functionals.

        Returns:
            A matrix that takes the loads, and the products of coefficients of modes and functions, to those of the
            functionals; and what each of its columns leaves out.
        """
        weights, entries = self._modes.weights, self._modes.entries
        count = self._rows[0].shape[2]
        parts, operators_left = [], np.zeros((len(weights), count))
        for i in range(FIELDS):
            pairs, rows = self._pairs[i > 0], self._rows[i > 0]
            own = np.flatnonzero(entries[:, 1] == i)
            place = {tuple(pair): k for k, pair in enumerate(pairs)}
            chosen = np.array([place[p, j] for p, _, j in entries[own]], dtype=int)
            operators = np.tensordot(rows[:, chosen], weights[:, own], axes=(1, 1)).swapaxes(1, 2)
            operators_left += np.abs(weights[:, own]) @ self._left[i > 0][chosen]
            loads = self._loads[i > 0]
            loads = loads.reshape(len(loads), 3 if i else 1, self._given)[:, max(i - 1, 0)]
            loads = np.concatenate([loads, np.zeros((len(rows) - len(loads), self._given))])
            parts.append(np.concatenate([loads, -operators.reshape(len(rows), math.prod(operators.shape[1:]))], axis=1))
        loads_left = self._loads_left[0] + self._loads_left[1].reshape(3, self._given).sum(axis=0)
        return np.concatenate(parts), np.concatenate([loads_left, operators_left.reshape(-1)])


def _family(entry: Entry, comm: MPI.Comm, size: int, tolerance: float) -> Gram | Whole | Family:
    """What has the digits that a tolerance asks for in the shortest time. Collective."""
    if tolerance >= LEAST:
        return Gram(comm, tolerance)
    if comm.allreduce(size) <= LARGEST:
        return Whole(entry, comm, size, tolerance)
    return Family(entry, comm, size, tolerance)


def _widened(rows: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Coefficients of functionals (dimension, pairs, columns) with those of new columns."""
    grown = np.zeros((new.shape[0], rows.shape[1], rows.shape[2] + new.shape[2]))
    grown[: rows.shape[0], :, : rows.shape[2]] = rows
    grown[:, :, rows.shape[2] :] = new
    return grown
