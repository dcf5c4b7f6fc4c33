"""The outputs of a reduced model, and the adjoint problems by which they are corrected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fem_rashba.solvers.reduced_basis import Basis
from fem_rashba.solvers.reduced_points import Points

if TYPE_CHECKING:
    from fem_rashba.solvers.reduced import Reduced


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
        self.basis = Basis(model.space, model.norm, modes, lifts, functionals)
        self._entries = np.zeros((len(modes.entries), 0, 0))
        self.grow()

    def grow(self) -> None:
        """The operator between the functions of both bases, with those that are new. Collective."""
        model, pieces, owned = self.model, self.model.pieces, self.model.pieces.owned
        tests, functions, entries = self.basis.functions, model.primal.functions, model.modes.entries
        rows, columns = self._entries.shape[1:]
        used = np.unique(entries[:, 0])
        new_columns = {p: pieces.product(p, functions[:, :, columns:]) for p in used}
        new_rows = {p: pieces.product(p, tests[:, :, rows:]) for p in used}
        grown = np.zeros((len(entries), tests.shape[2], functions.shape[2]))
        for e, (p, i, j) in enumerate(entries):
            grown[e, :, columns:] = tests[:owned, i].T @ new_columns[p][:, j]
            grown[e, rows:, :columns] = pieces.signs[p] * (new_rows[p][:, i].T @ functions[:owned, j, :columns])
        grown = model.sum(grown)
        grown[:, :rows, :columns] = self._entries
        self._entries = grown
        self._blocks = np.tensordot(model.modes.weights, grown, axes=1)
        own = tests[:owned, :, self.basis.lifts :]
        self._direct = model.sum(np.einsum("nif,nik->kf", self.functionals, functions[:owned], optimize=True))
        self._loads = model.sum(np.einsum("nif,nik->fk", model.drive.loads, own, optimize=True))

    def found(self, points: Points, primal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The outputs, shape (N, outputs), and the inner products of the adjoint residuals."""
        count, outputs = len(points), self.functionals.shape[2]
        lifted = np.broadcast_to(self.lifted, (count, *self.lifted.shape))
        loaded = np.broadcast_to(np.eye(outputs), (count, outputs, outputs))
        psi = self.basis.solved(points.t, lifted, loaded)
        between = (points.t @ self._blocks.reshape(len(self._blocks), -1)).reshape(count, *self._entries.shape[1:])
        a = np.einsum("nro,nr->no", psi, np.einsum("nrc,nc->nr", between, primal, optimize=True), optimize=True)
        loads = np.einsum("nf,fk,nko->no", points.loaded, self._loads, psi[:, self.basis.lifts :], optimize=True)
        left = self.basis.residual(points.t, psi, loaded)
        return primal @ self._direct + loads - a, left @ left.swapaxes(1, 2)
