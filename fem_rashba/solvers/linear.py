"""Linear systems: assembly with fixed unknowns, and PETSc's Krylov solvers with named presets.

One matrix serves many right-hand sides. A solve that does not reach its tolerance, or yields a value that is not a
number, raises `ConvergenceError` on every rank.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import cached_property

import numpy as np
from petsc4py import PETSc, __version__

from fem_rashba.solvers.columns import Action, by_column, largest, norms, solved_together
from fem_rashba.solvers.discretization import FIELDS
from fem_rashba.solvers.estimate import LARGEST_DIRECT, resolved_method
from fem_rashba.solvers.levels import Levels
from fem_rashba.solvers.multigrid import FACTORISED
from fem_rashba.solvers.operators import Operator
from fem_rashba.solvers.options import merged, reason, was_used
from fem_rashba.solvers.terminals import Terminals

PETSC4PY = __version__
METHODS = ("auto", "direct", "iterative")

_DIRECT = {"ksp_type": "preonly"} | FACTORISED
_ITERATIVE = {"ksp_type": "fgmres", "ksp_gmres_restart": "60", "ksp_max_it": "300"}
# MUMPS on several ranks adds in the order in which messages come: here every rank factorises the whole matrix
_REPEATABLE = {
    "ksp_type": "preonly",
    "pc_type": "redundant",
    "redundant_pc_type": "lu",
    "redundant_pc_factor_mat_solver_type": "mumps",
    "redundant_mat_mumps_icntl_14": "60",
}
_REFINEMENTS = 4
_prefixes = itertools.count()


class ConvergenceError(RuntimeError):
    """A linear solve did not reach its tolerance."""


class LinearSystem:
    """A matrix with fixed unknowns and the solver for it.

    Args:
        operator: What the matrix is made by.
        terminals: Which unknowns are fixed.
        method: "auto", "direct" (MUMPS) or "iterative". On one rank "auto" factorises too what can be, if the iteration
            does not converge.
        tolerance: Largest relative residual, |b - A x| / |b|, of an accepted solution.
        options: PETSc options without prefix, over those of the method.
        multigrid: The coarser levels of an iterative solve.
        repeatable: Whether every run on as many ranks gives the same digits; direct, without options of one's own, and
            with an operator that does so.

    Attributes:
        method: "direct" or "iterative".
        size: Number of unknowns.
        comm: The ranks that share them.
        tolerance: As given.
        aim: The relative residual that the iterative method aims at.
        reach: That to which one pass of it may be asked to go.
        iterations: Of the last solve.
        residual: Relative residual of the last solve.

    Raises:
        ValueError: For an unknown method, or (at the first solve) an option that nothing used.
    """

    def __init__(
        self,
        operator: Operator,
        terminals: Terminals,
        *,
        method: str,
        tolerance: float,
        options: Mapping[str, str | float | bool],
        multigrid: Levels,
        repeatable: bool = False,
    ) -> None:
        self.size = FIELDS * terminals.space.dofmap.index_map.size_global
        self.method = resolved_method(method, self.size, multigrid.largest_direct)
        self.comm = terminals.comm
        self.iterations = 0
        self.residual = 0.0
        self.tolerance = tolerance
        given = _REPEATABLE if repeatable else options
        self._given = {str(key).lstrip("-"): _text(value) for key, value in given.items()}
        preset = _DIRECT if self.method == "direct" else _ITERATIVE | multigrid.options
        self._options = merged(preset, self._given)
        # without a coarser level, or with a preconditioner of the user's, the options say it all
        self._multigrid = multigrid if self._options.get("pc_type") == multigrid.kind else None
        self._operator, self._terminals = operator, terminals
        self.reach = multigrid.reach
        self.aim = 0.3 * tolerance * (multigrid.aim if method == "auto" else 1.0)
        self._may_factorise = (
            method == "auto"
            and self.method == "iterative"
            and self.size <= LARGEST_DIRECT
            and self.comm.size == 1
            and not self._given
        )
        self._prefix = f"fem_rashba_{next(_prefixes)}_"
        self._checked = False

    @cached_property
    def matrix(self) -> PETSc.Mat:
        """The matrix, assembled when it is first asked for, which is collective."""
        if self._multigrid is None:
            return self._operator.matrix(self._terminals, blocked=False)
        return self._multigrid.matrix(self._operator, self._terminals)

    @cached_property
    def _solver(self) -> PETSc.KSP:
        settings = PETSc.Options()
        solver = PETSc.KSP().create(self.matrix.comm)
        solver.setOptionsPrefix(self._prefix)
        solver.setOperators(self.matrix)
        solver.setTolerances(rtol=self.aim, atol=0.0)
        for key, value in self._options.items():
            settings[self._prefix + key] = value
        try:
            if self._multigrid is not None:
                self._multigrid.attach(solver.getPC())
            solver.setFromOptions()
        except PETSc.Error as error:
            self.forget_options()
            given = " ".join(f"-{key} {value}".strip() for key, value in self._given.items())
            raise ValueError(f"PETSc refuses the options {given}: {reason(error)}") from None
        return solver

    def assemble(self) -> None:
        """Makes matrix and solver. Collective.

        Raises:
            ValueError: If PETSc refuses an option.
        """
        assert self._solver is not None

    def factorize(self) -> None:
        """Sets the preconditioner up (the factorisation, for a direct method)."""
        try:
            self._solver.setUp()
        except PETSc.Error as error:
            raise ConvergenceError(f"PETSc could not set the {self.method} solver up: {reason(error)}") from None

    @property
    def has_options(self) -> bool:
        """Whether there are PETSc options of the user's."""
        return bool(self._given)

    def solve(self, right: np.ndarray) -> np.ndarray:
        """x with A x = right, of the owned unknowns of this rank. Collective.

        Args:
            right: Shape (owned,), or (owned, k) for k columns, which a factorisation solves for at once.

        Raises:
            ConvergenceError: If a relative residual stays above the tolerance.
            ValueError: If an option that was given is used by nothing.
        """
        try:
            return self._solved(right)
        except ConvergenceError:
            if not self._may_factorise:
                raise
            self.destroy()
            self.method, self._options, self._multigrid, self._may_factorise = "direct", _DIRECT, None, False
            return self._solved(right)

    def _solved(self, right: np.ndarray) -> np.ndarray:
        if right.ndim == 1:
            return self._alone(right)
        if self.method != "direct" or self._given or right.shape[1] < 2:
            return self._one_by_one(right)
        return self._together(right)

    def _together(self, rights: np.ndarray) -> np.ndarray:
        sizes = norms(self.comm, rights)
        solutions, residuals = np.zeros_like(rights), rights
        self.iterations, self.residual = 0, np.inf
        while self.iterations < _REFINEMENTS and not self.residual <= self.tolerance:
            solutions = solutions + self.preconditioned(residuals)
            residuals = rights - self.products(solutions)
            self.iterations += 1
            self.residual = largest(norms(self.comm, residuals), sizes)
        self.check()
        return solutions

    def _one_by_one(self, rights: np.ndarray) -> np.ndarray:
        solutions, iterations, residual = np.empty_like(rights), 0, 0.0
        for k in range(rights.shape[1]):
            solutions[:, k] = self._alone(rights[:, k])
            iterations, residual = max(iterations, self.iterations), max(residual, self.residual)
        self.iterations, self.residual = iterations, residual
        return solutions

    def _alone(self, right: np.ndarray) -> np.ndarray:
        b, r = self.matrix.createVecLeft(), self.matrix.createVecLeft()
        x, correction = self.matrix.createVecRight(), self.matrix.createVecRight()
        b.array[:] = right
        size = b.norm()
        self.iterations, self.residual = 0, 0.0
        if size == 0:
            return np.zeros_like(right)
        x.set(0.0)
        b.copy(r)
        # a factorisation with delayed pivots can lose digits; each pass of refinement brings them back
        for _ in range(_REFINEMENTS):
            if self.method == "iterative" and "ksp_rtol" not in self._given:
                # the final check is on the true residual; the iteration's own estimate gets a margin
                self._solver.setTolerances(rtol=max(self.aim * size / r.norm(), self.reach))
            self._apply(r, correction)
            x.axpy(1.0, correction)
            self.matrix.mult(x, r)
            r.aypx(-1.0, b)
            self.residual = r.norm() / size
            if not self.residual > self.tolerance or self._solver.getConvergedReason() < 0:
                break
        self._check_options()
        self.check(f" (reason {self._solver.getConvergedReason()} of PETSc)")
        solution = x.array.copy()
        for vector in (b, r, x, correction):
            vector.destroy()
        return solution

    def check(self, why: str = "") -> None:
        """Raises a ConvergenceError if the last residual is above the tolerance."""
        if not self.residual <= self.tolerance:
            raise ConvergenceError(
                f"the {self.method} solver stopped at a relative residual of {self.residual:.1e} after "
                f"{self.iterations} iterations; the tolerance is {self.tolerance:g}{why}"
            )

    def _apply(self, right: PETSc.Vec, solution: PETSc.Vec) -> None:
        try:
            self._solver.solve(right, solution)
        except PETSc.Error as error:
            raise ConvergenceError(f"PETSc stopped in the {self.method} solver: {reason(error)}") from None
        self.iterations += self._solver.getIterationNumber()

    def precondition(self, right: PETSc.Vec, solution: PETSc.Vec, *, adjoint: bool = False) -> None:
        """One application of the preconditioner (the factorisation, for a direct method), or of its transpose."""
        pc = self._solver.getPC()
        (pc.applyTranspose if adjoint else pc.apply)(right, solution)

    def products(self, columns: np.ndarray) -> np.ndarray:
        """The matrix times columns, shape (owned, k). Collective."""
        if self._action is not None:
            return self._action(columns)
        return by_column(self.matrix.mult, self.matrix, columns)

    @cached_property
    def _action(self) -> Action | None:
        return self._operator.action(self._terminals)

    def preconditioned(self, columns: np.ndarray) -> np.ndarray:
        """The preconditioner (the factorisation, for a direct method) times columns, shape (owned, k). Collective."""
        pc = self._solver.getPC()
        if self.method == "direct" and not self._given:
            return solved_together(pc.getFactorMatrix(), columns)
        return by_column(pc.apply, self.matrix, columns)

    def _check_options(self) -> None:
        if self._checked:
            return
        unused = [key for key in self._given if not was_used(self._prefix + key)]
        if unused:
            raise ValueError(
                f"the PETSc option {unused[0]!r} is used by nothing; check its name and the solver it is for"
            )
        self._checked = True

    def destroy(self) -> None:
        """Frees the matrix and the factorisation. Collective."""
        self.forget_options()
        for made in ("_solver", "matrix"):
            if made in self.__dict__:
                self.__dict__.pop(made).destroy()

    def forget_options(self) -> None:
        """Takes this solver's options out of PETSc's database, which would otherwise report some as unused."""
        settings = PETSc.Options()
        for key in self._options:
            settings.delValue(self._prefix + key)


def check_method(method: str) -> None:
    """Raises ValueError unless `method` is known."""
    if method not in METHODS:
        raise ValueError(f"method = {method!r} must be 'auto', 'direct' or 'iterative'")


def _text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
