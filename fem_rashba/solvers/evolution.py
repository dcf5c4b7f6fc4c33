"""The problem in time on a finite-element space: M(t) du/dt + R(u, t) = 0 at the free unknowns.

M holds the storage of charge and spin, R the steady problem and the pumping. Unknowns of voltage terminals, and of
edges where S is given, are constant. On a terminal with a given current n is constant in space and follows from the
total inflow, storage included: a matrix then has one response for each such terminal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from fem_rashba.compat import compiled
from fem_rashba.physics import equations
from fem_rashba.physics.motion import InMotion, at_time, rate_field
from fem_rashba.solvers.assembly import residual_vector
from fem_rashba.solvers.discretization import FIELDS, Discretization, split
from fem_rashba.solvers.estimate import resolved_method
from fem_rashba.solvers.linear import ConvergenceError, LinearSystem
from fem_rashba.solvers.multigrid import Multigrid
from fem_rashba.solvers.operators import CompiledOperator
from fem_rashba.solvers.terminals import Terminals

# a third factorisation would cost memory and seldom be used
_KEPT = 2


@dataclass(frozen=True, kw_only=True)
class _Factorised:
    """A factorised matrix, and the responses to n = 1 on each terminal whose potential is unknown."""

    system: LinearSystem
    responses: list[np.ndarray]
    inflows: np.ndarray


class Evolution:
    """The operators of a problem in time.

    Args:
        discretization: Of the problem.
        method, tolerance, petsc: As in `solve_steady`.

    Attributes:
        discretization: Of the problem; its magnetization is that of the time last used.
        terminals: Of the problem.
        moving: Whether the magnetization depends on time, so that no matrix serves two stages.
        factorisations: How many there were.
        iterations, residual: The most of any linear solve.
        settings: method, tolerance, petsc, repeatable.
    """

    def __init__(
        self,
        discretization: Discretization,
        *,
        method: str,
        tolerance: float,
        petsc: Mapping[str, str | float | bool],
    ) -> None:
        self.discretization = d = discretization
        self.terminals = Terminals(d)
        self.moving = isinstance(d.problem.magnetization, InMotion)
        self.factorisations = self.iterations = 0
        self.residual = 0.0
        self.settings: dict[str, Any] = {"method": method, "tolerance": tolerance, "petsc": petsc}
        direct = resolved_method(method, FIELDS * d.space.dofmap.index_map.size_global) == "direct"
        # or a run that is taken up again would differ in the last digits
        self.settings["repeatable"] = direct and not petsc and self.terminals.comm.size > 1
        self._kept: dict[tuple[float, float], _Factorised] = {}
        self._free_rows = [list(self.terminals.contacts).index(name) for name in self.terminals.free]
        mesh = d.space.mesh
        self._u, self._w = fem.Function(d.space), fem.Function(d.space)
        self._inverse_step, self._share = fem.Constant(mesh, 0.0), fem.Constant(mesh, 1.0)
        test, dx = ufl.TestFunction(d.space), d.measure("dx")
        self._operators: dict[int, CompiledOperator] = {}
        self._multigrid = Multigrid(d, self._operator)
        self._action = self._combined_form(d, self._w)
        steady = self._steady_part(self._u, test, d.electric_field, pumped=True) * dx
        self._residual = compiled(steady + d.edge_terms(self._u, test, driven=True))
        n, S = split(self._w)
        self._squares = [compiled(square * dx) for square in (n * n, ufl.dot(S, S))]

    def _operator(self, d: Discretization) -> CompiledOperator:
        """The operator at the degree of a discretization, compiled once."""
        if d.problem.degree not in self._operators:
            form = self._combined_form(d, ufl.TrialFunction(d.space))
            self._operators[d.problem.degree] = CompiledOperator(form, repeatable=self.settings["repeatable"])
        return self._operators[d.problem.degree]

    def _combined_form(self, d: Discretization, w: Any) -> fem.Form:
        test = ufl.TestFunction(d.space)
        edges = d.edge_terms(w, test, driven=False, share=self._share)
        return compiled(self._combined(w, test) * d.measure("dx") + edges)

    def _steady_part(self, u: Any, test: Any, E: Any, pumped: bool) -> Any:
        d = self.discretization
        (n, S), (q, v) = split(u), split(test)
        rate = rate_field(d.problem.magnetization, ufl.SpatialCoordinate(d.space.mesh), d.parameters, d.functions)
        result = equations.weak_form(d.coefficients, n, S, q, v, d.magnetization, E)
        return result if rate is None or not pumped else result + equations.pumping(d.coefficients, v, rate)

    def _combined(self, u: Any, test: Any) -> Any:
        d = self.discretization
        stored = equations.storage(d.coefficients, *split(u), *split(test), d.magnetization)
        return self._inverse_step * stored + self._share * self._steady_part(u, test, ufl.as_vector((0, 0)), False)

    def defect(self, u: np.ndarray, time: float) -> np.ndarray:
        """R(u, t), on the owned unknowns."""
        self.move(time)
        self._u.x.array[:] = u
        return residual_vector(self._residual)

    def applied(self, w: np.ndarray, inverse_step: float, share: float) -> np.ndarray:
        """(inverse_step M + share A) w at the time last used, on the owned unknowns; A is the linear part of R."""
        self._inverse_step.value, self._share.value = inverse_step, share
        self._w.x.array[:] = w
        return residual_vector(self._action)

    def function(self, u: np.ndarray) -> fem.Function:
        """A function with given values on owned and ghost unknowns."""
        result = fem.Function(self.discretization.space, name="u")
        result.x.array[:] = u
        return result

    def norms(self, w: np.ndarray) -> np.ndarray:
        """L2 norms of n and of S, shape (2,)."""
        self._w.x.array[:] = w
        local = np.array([fem.assemble_scalar(form) for form in self._squares])
        # quadrature of squares may be a rounding below zero
        return np.sqrt(np.maximum(self.terminals.comm.allreduce(local, op=MPI.SUM), 0.0))

    def inflows(self, u: np.ndarray, rate: np.ndarray, time: float) -> np.ndarray:
        """Particles per ps that enter through each contacted terminal."""
        return self.terminals.inflows(self.defect(u, time) + self.applied(rate, 1.0, 0.0))

    def move(self, time: float) -> None:
        """Gives the magnetization its direction at a time."""
        parameters = self.discretization.parameters
        if self.moving and parameters is not None:
            parameters.value[:] = at_time(self.discretization.problem.magnetization, time).parameters

    def solve(self, right: np.ndarray, inverse_step: float, share: float, *, driven: bool, fresh: bool) -> np.ndarray:
        """w with (inverse_step M + share A) w = right, zero at the fixed unknowns; on owned and ghost unknowns.

        Args:
            right: On the owned unknowns; what it has in the rows of a terminal adds to the inflow through it.
            inverse_step, share: Of the operator.
            driven: Whether given currents enter, or none.
            fresh: Whether the magnetization has moved since the last solve.

        Raises:
            ConvergenceError: If the linear solver does not converge.
        """
        factorised = self._factorised(inverse_step, share, fresh)
        w = self._solution(factorised.system, right)
        if factorised.responses:
            targets = self.terminals.targets() if driven else np.zeros(len(self._free_rows))
            found = self._through_free(right) - self._through_free(self.applied(w, inverse_step, share))
            levels = np.linalg.solve(factorised.inflows, targets + found)
            w = w + sum(level * response for level, response in zip(levels, factorised.responses, strict=True))
        if not np.isfinite(self.terminals.comm.allreduce(float(np.abs(w).max(initial=0.0)), op=MPI.MAX)):
            raise ConvergenceError("the solution is not a number; check the parameters for extreme values")
        return w

    def _through_free(self, rows: np.ndarray) -> np.ndarray:
        return self.terminals.inflows(rows)[self._free_rows]

    def _solution(self, system: LinearSystem, right: np.ndarray) -> np.ndarray:
        masked = right.copy()
        masked[self.terminals.fixed_rows] = 0.0
        self._w.x.array[: self.terminals.owned] = system.solve(masked)
        self._w.x.scatter_forward()
        self.iterations = max(self.iterations, system.iterations)
        self.residual = max(self.residual, system.residual)
        return self._w.x.array.copy()

    def _factorised(self, inverse_step: float, share: float, fresh: bool) -> _Factorised:
        key = (inverse_step, share)
        if key in self._kept and not (self.moving and fresh):
            self._kept[key] = self._kept.pop(key)
            return self._kept[key]
        while len(self._kept) >= (1 if self.moving else _KEPT):
            self._kept.pop(next(iter(self._kept))).system.destroy()
        self._inverse_step.value, self._share.value = key
        settings = self.settings
        system = LinearSystem(
            self._operator(self.discretization),
            self.terminals,
            method=settings["method"],
            tolerance=settings["tolerance"],
            options=settings["petsc"],
            repeatable=settings["repeatable"],
            multigrid=self._multigrid,
        )
        self.factorisations += 1
        system.factorize()
        responses = [self._response(system, name, key) for name in self.terminals.free]
        through = [self._through_free(self.applied(response, *key)) for response in responses]
        self._kept[key] = _Factorised(system=system, responses=responses, inflows=np.array(through).T)
        return self._kept[key]

    def _response(self, system: LinearSystem, name: str, key: tuple[float, float]) -> np.ndarray:
        level = np.zeros_like(self._w.x.array)
        level.reshape(-1, FIELDS)[self.terminals.blocks[name], 0] = 1.0
        return level + self._solution(system, -self.applied(level, *key))

    @property
    def method(self) -> str:
        """The method of the linear solver, "direct" or "iterative"; that asked for, before any solve."""
        return next((f.system.method for f in self._kept.values()), str(self.settings["method"]))

    def destroy(self) -> None:
        """Frees the factorisations. Collective."""
        while self._kept:
            self._kept.popitem()[1].system.destroy()

    def forget(self) -> None:
        """Leaves the factorisations to the end of the process, when this rank may be the only one that failed."""
        for factorised in self._kept.values():
            factorised.system.forget_options()
