"""Goals: numbers that are linear in the solution, and the directions in which several of them have an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import ufl
from dolfinx import fem

from fem_rashba.compat import compiled
from fem_rashba.physics import equations
from fem_rashba.solvers.assembly import residual_vector
from fem_rashba.solvers.discretization import Discretization, split

GOALS = ("torque", "current", "map")


@dataclass(frozen=True, kw_only=True)
class Goal:
    """An integral over the film, plus inflows through contacts, plus levels of n on contacts whose level is unknown.

    Attributes:
        density: From a discretization and a function (n, Sx, Sy, Sz) to the integrand, linear in the function; None: 0.
        inflows: Weight of the inflow through each contact of known level, particles per ps.
        levels: Weight of the level on each contact of unknown level.
    """

    density: Callable[[Discretization, Any], Any] | None = None
    inflows: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)

    def vector(self, discretization: Discretization) -> np.ndarray:
        """The integral of each basis function, on the owned unknowns. Collective."""
        space = discretization.space
        if self.density is None:
            return np.zeros(space.dofmap.index_map_bs * space.dofmap.index_map.size_local)
        integrand = self.density(discretization, ufl.TestFunction(space))
        return np.array(residual_vector(compiled(integrand * discretization.measure("dx"))))


def torque_along(direction: np.ndarray) -> Goal:
    """The integral of the torque along a direction, shape (3,), hbar/ps."""

    def density(discretization: Discretization, u: Any) -> Any:
        # a constant, so that one compiled form serves every direction
        along = fem.Constant(discretization.space.mesh, np.array(direction, dtype=float))
        T = equations.torque(discretization.coefficients, split(u)[1], discretization.magnetization)
        return ufl.dot(along, T)

    return Goal(density=density)
