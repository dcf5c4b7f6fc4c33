"""The outputs of a reduced model, and the adjoint problems by which they are corrected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fem_rashba.solvers.reduced.basis import Basis, between
from fem_rashba.solvers.reduced.points import Points

if TYPE_CHECKING:
    from fem_rashba.solvers.reduced.model import Reduced


_SHARE = 1e-2
"""By how much the residual's square is enlarged for what its functionals leave out."""


@dataclass(frozen=True)
class Output:
    """A linear output s(u) = f(u) + a(g, u).

    Attributes:
        kind: "spin" (integral of S_i over a region), "current" (particles that flow in through a contact), "level"
            (n + (e/eF) n0 E.r on a contact) or "flow" (minus the integral of J_n along an axis).
        of: The tag of the region ("" for the film), or the name of the contact.
        axis: i.
    """

    kind: str
    of: str
    axis: int = 0


class Adjoint:
    """The adjoint problems of some outputs in one basis, and all that the corrections need.

    Args:
        model: Whose outputs they are.
        outputs: Their numbers.
        functionals: Of the outputs, shape (owned, 4, outputs).
        lifts: The functions g that some outputs have, shape (local, 4, lifts).
        has: Which output has which of them, shape (lifts, outputs).
    """

    def __init__(
        self, model: Reduced, outputs: np.ndarray, functionals: np.ndarray, lifts: np.ndarray, has: np.ndarray
    ) -> None:
        self.model, self.outputs, self.functionals, self.lifted = model, outputs, functionals, -has
        modes = model.modes.adjoint(model.pieces.signs)
        self.basis = Basis(model.space, model.norm, modes, lifts, functionals, model.tolerance)
        self._entries = np.zeros((len(modes.entries), 0, 0))
        self.grow()

    def grow(self) -> None:
        """The operator between the functions of both bases, with those that are new. Collective."""
        model, owned = self.model, self.model.pieces.owned
        tests, functions, entries = self.basis.functions, model.primal.functions, model.modes.entries
        rows, columns = self._entries.shape[1:]
        new_rows, new_columns = self.basis.products, model.primal.products
        place = {p: k for k, p in enumerate(new_columns)}
        right = between(tests[:owned], new_columns)
        down = between(functions[:owned, :, :columns], new_rows)
        grown = np.zeros((len(entries), tests.shape[2], functions.shape[2]))
        for e, (p, i, j) in enumerate(entries):
            grown[e, :, columns:] = right[place[p], i, :, j]
            # M_p and its transpose differ by a sign
            grown[e, rows:, :columns] = model.pieces.signs[p] * down[place[p], j, :, i].T
        grown = model.sum(grown)
        grown[:, :rows, :columns] = self._entries
        self._entries = grown
        self._blocks = np.tensordot(model.modes.weights, grown, axes=1)
        self._direct = model.sum(_products(functions[:owned], self.functionals))
        self._loads = model.sum(_products(model.drive.loads, tests[:owned, :, self.basis.lifts :]))

    def found(self, points: Points, primal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The outputs, shape (N, outputs), and the inner products of the adjoint residuals."""
        count, outputs = len(points), self.functionals.shape[2]
        lifted = np.broadcast_to(self.lifted, (count, *self.lifted.shape))
        loaded = np.broadcast_to(np.eye(outputs), (count, outputs, outputs))
        psi = self.basis.solved(points.t, lifted, loaded)
        between = (points.t @ self._blocks.reshape(len(self._blocks), -1)).reshape(count, *self._entries.shape[1:])
        a = np.einsum("nro,nr->no", psi, np.einsum("nrc,nc->nr", between, primal, optimize=True), optimize=True)
        loads = np.einsum("nf,fk,nko->no", points.loaded, self._loads, psi[:, self.basis.lifts :], optimize=True)
        left, rest = self.basis.residual(points.t, psi, loaded)
        products = (1 + _SHARE) * (left @ left.swapaxes(1, 2))
        # |a + b|^2 <= (1 + s) |a|^2 + (1 + 1/s) |b|^2, and b is a sum over the outputs
        products[:, range(outputs), range(outputs)] += (1 + 1 / _SHARE) * outputs * rest**2
        return primal @ self._direct + loads - a, products


def _products(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Sums over nodes and fields, (owned, 4, k) and (owned, 4, l) -> (k, l)."""
    size = left.shape[0] * left.shape[1]
    return np.asarray(left.reshape(size, left.shape[2]).T @ right.reshape(size, right.shape[2]))
