"""The operator of a discretization, and which of two ways makes it: scalar matrices, or a compiled form."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from dolfinx import fem
from dolfinx.fem.petsc import assemble_matrix
from petsc4py import PETSc

from fem_rashba.solvers.affine import AffineOperator, tensors
from fem_rashba.solvers.assembly import blocked_matrix, repeatable_matrix, residual_vector
from fem_rashba.solvers.columns import Action
from fem_rashba.solvers.discretization import Discretization, Source
from fem_rashba.solvers.terminals import Terminals


class Operator(Protocol):
    """A linear operator on a space of four fields."""

    def matrix(self, terminals: Terminals, *, blocked: bool) -> PETSc.Mat:
        """The assembled matrix, a diagonal of 1 for fixed unknowns, in blocks of four or by entries. Collective."""
        ...

    def action(self, terminals: Terminals) -> Action | None:
        """The same times columns, with no matrix; None where that is no faster. Collective."""
        ...


class SteadyOperator(Operator, Protocol):
    """That of the steady equations, with what drives them."""

    def defect(self, u: fem.Function) -> np.ndarray:
        """The weak form of u: zero, at all free unknowns, at the solution. On the owned unknowns. Collective."""
        ...


class CompiledOperator:
    """The operator of a compiled bilinear form.

    Args:
        form: The form.
        repeatable: Whether every run on as many ranks gives the same digits; not in blocks.
    """

    def __init__(self, form: fem.Form, *, repeatable: bool = False) -> None:
        self._form, self._repeatable = form, repeatable

    def matrix(self, terminals: Terminals, *, blocked: bool) -> PETSc.Mat:
        """As of `Operator`."""
        if blocked:
            return blocked_matrix(self._form, terminals.fixed)
        if self._repeatable:
            return repeatable_matrix(self._form, terminals.fixed)
        matrix = assemble_matrix(self._form, bcs=terminals.fixed)
        matrix.assemble()
        return matrix

    def action(self, terminals: Terminals) -> Action | None:
        """As of `Operator`."""
        return None


class CompiledSteadyOperator(CompiledOperator):
    """The steady operator of any discretization, whatever its magnetization and coefficients.

    Args:
        discretization: Of the problem.
        source: Particles and spin that appear in the film.
        repeatable: As of `CompiledOperator`.
    """

    def __init__(
        self, discretization: Discretization, source: Source | None = None, *, repeatable: bool = False
    ) -> None:
        super().__init__(discretization.bilinear, repeatable=repeatable)
        self._discretization, self._source = discretization, source
        self._last: tuple[fem.Function, fem.Form] | None = None

    def defect(self, u: fem.Function) -> np.ndarray:
        """As of `SteadyOperator`."""
        if self._last is None or self._last[0] is not u:
            self._last = u, self._discretization.residual(u, self._source)
        return residual_vector(self._last[1])


def steady_operator(
    discretization: Discretization, source: Source | None = None, *, repeatable: bool = False
) -> SteadyOperator:
    """The operator from scalar matrices where coefficients are constant in regions, else from compiled forms.

    Args:
        discretization: Of the problem.
        source: Particles and spin that appear in the film.
        repeatable: Whether every run on as many ranks gives the same digits.
    """
    coefficients = tensors(discretization)
    if coefficients is None:
        return CompiledSteadyOperator(discretization, source, repeatable=repeatable)
    return AffineOperator(discretization, coefficients, None if source is None else discretization.source_form(source))
