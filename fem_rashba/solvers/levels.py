"""Which multigrid serves a discretization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from petsc4py import PETSc

from fem_rashba.solvers.discretization import Discretization
from fem_rashba.solvers.multigrid import Multigrid
from fem_rashba.solvers.operators import Operator, steady_operator
from fem_rashba.solvers.terminals import Terminals
from fem_rashba.solvers.unassembled import UnassembledMultigrid


class Levels(Protocol):
    """A multigrid method for one operator whose coefficients may change."""

    @property
    def kind(self) -> str:
        """PETSc's name of the preconditioner."""
        ...

    @property
    def reach(self) -> float:
        """The relative residual to which one pass of the Krylov method may be asked to go."""
        ...

    @property
    def largest_direct(self) -> int:
        """Unknowns up to which "auto" is a factorisation."""
        ...

    @property
    def aim(self) -> float:
        """The share of the tolerance that "auto" aims at."""
        ...

    @property
    def options(self) -> dict[str, str]:
        """PETSc options of the solver."""
        ...

    def matrix(self, operator: Operator, terminals: Terminals) -> PETSc.Mat:
        """The matrix of the finest level. Collective."""
        ...

    def attach(self, pc: PETSc.PC) -> None:
        """Makes a preconditioner of that matrix. Collective."""
        ...


def levels(discretization: Discretization, options: Mapping[str, str | float | bool] | None = None) -> Levels:
    """Those of the steady equations. Collective.

    Args:
        discretization: Of the finest level.
        options: PETSc options without prefix; pc_type = "mg" asks for assembled levels on any mesh.
    """
    asked = {str(key).lstrip("-"): value for key, value in (options or {}).items()}.get("pc_type")
    if asked != Multigrid.kind and UnassembledMultigrid.serves(discretization):
        return UnassembledMultigrid(discretization)
    return Multigrid(discretization, steady_operator)
