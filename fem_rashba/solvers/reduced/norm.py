"""The norm of a reduced space, in which its errors are bounded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fem_rashba.solvers.reduced.matrix import Entry
from fem_rashba.solvers.reduced.space import Space


class Norm:
    """D |grad n|^2 + D |grad S|^2 + kappa |S|^2, integrated, on the coordinates.

    Args:
        space: The space.
        diffusion: D, nm^2/ps.
        rate: kappa, 1/ps.
    """

    def __init__(self, space: Space, diffusion: float, rate: float) -> None:
        pieces = space.pieces
        names = [name for name, _ in pieces.keys]
        stiffness = np.array([diffusion * (name == "stiffness") for name in names])
        mass = np.array([rate * (name == "mass") for name in names])
        self.space, self.diffusion, self.rate = space, diffusion, rate
        self.charge, self.spin = space.matrix((0,)), space.matrix((1,))
        self.charge.fill(pieces.scalar_values(stiffness))
        self.spin.fill(pieces.scalar_values(stiffness + mass))

    def parts(self, x: np.ndarray) -> Iterator[tuple[Entry, np.ndarray]]:
        """The matrix of each field with the coordinates of that field, of coordinates of shape (size, k)."""
        c, s = self.space.charge, self.space.spin
        yield self.charge, x[:c]
        for i in range(3):
            yield self.spin, x[c + i * s : c + (i + 1) * s]

    def times(self, x: np.ndarray) -> np.ndarray:
        """The matrix of the norm times columns."""
        return np.concatenate([entry.times(part) for entry, part in self.parts(x)])

    def represented(self, functionals: np.ndarray) -> np.ndarray:
        """The Riesz representers of functionals, shape (size, k)."""
        return np.concatenate([entry.solved(part) for entry, part in self.parts(functionals)])
