"""The steady solve: terminals at fixed potentials, then those whose potential follows from their current.

The problem is linear, so a terminal with a given current costs one more right-hand side: its response to a unit of n,
from which the potentials follow by a small dense system for the terminal currents. Those are the consistent reactions:
the charge row tested with 1 on the terminal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from dolfinx import fem
from mpi4py import MPI

from fem_rashba.solvers.columns import Action
from fem_rashba.solvers.discretization import Discretization, Source, discretize
from fem_rashba.solvers.levels import levels
from fem_rashba.solvers.linear import ConvergenceError, LinearSystem, check_method
from fem_rashba.solvers.operators import SteadyOperator, steady_operator
from fem_rashba.solvers.problem import Problem
from fem_rashba.solvers.recycling import Recycling
from fem_rashba.solvers.terminals import Terminals
from fem_rashba.units import AMPERE_PER_RATE

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class SolverReport:
    """How a solution was found.

    Attributes:
        method: "direct" or "iterative".
        iterations: Of the Krylov solver, the most of any right-hand side, or of all that were solved together.
        residual: Largest relative residual of any right-hand side.
        seconds: Wall time by stage.
        ranks: Number of MPI ranks.
        unknowns: Number of unknowns.
    """

    method: str
    iterations: int
    residual: float
    seconds: dict[str, float]
    ranks: int
    unknowns: int


@dataclass(frozen=True, kw_only=True)
class Solved:
    """A solution together with what solved it, while that is there."""

    discretization: Discretization
    terminals: Terminals
    system: LinearSystem
    u: fem.Function
    currents: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class SteadyState:
    """What a steady solve finds: the function (n, Sx, Sy, Sz), voltages (V) and currents (A) of the terminals."""

    discretization: Discretization
    u: fem.Function
    voltages: dict[str, float]
    currents: dict[str, float]
    report: SolverReport


def solve_steady(
    problem: Problem,
    *,
    method: str = "auto",
    tolerance: float = 1e-10,
    petsc: Mapping[str, str | float | bool] | None = None,
    progress: Progress | None = None,
    source: Source | None = None,
    discretization: Discretization | None = None,
    repeatable: bool = False,
    then: Callable[[Solved], None] | None = None,
    recycling: Recycling | None = None,
) -> SteadyState:
    """Solves a problem.

    Args:
        problem: From `pose`.
        method: "auto", "direct" or "iterative".
        tolerance: Largest relative residual.
        petsc: PETSc options, over those of the method.
        progress: Called with the name of each stage.
        source: Particles and spin that appear in the film, for verification with manufactured solutions; no terminal
            may then have an unknown voltage.
        discretization: Of the problem, if it is not the usual one.
        repeatable: As for `LinearSystem`.
        then: Called with the solution before the factorisation is freed; adds the stage "estimating errors".
        recycling: What earlier points of a sweep have left; not together with `then`.

    Raises:
        ValueError: For an unknown method or option.
        ConvergenceError: If a solve does not converge.
    """
    check_method(method)
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance = {tolerance!r} must lie between 0 and 1")
    clock = Clock(progress)
    clock.stage("preparing the equations")
    discretization = discretize(problem) if discretization is None else discretization
    terminals = Terminals(discretization)
    u = fem.Function(discretization.space, name="u")
    if source is not None and terminals.free:
        raise ValueError(f"terminal {terminals.free[0]!r} has no given voltage; with a source every terminal needs one")
    operator = steady_operator(discretization, source, repeatable=repeatable)
    clock.stage("assembling")
    system = LinearSystem(
        operator,
        terminals,
        method=method,
        tolerance=tolerance,
        options=petsc or {},
        multigrid=levels(discretization, petsc),
        repeatable=repeatable,
    )
    try:
        if recycling is None:
            system.assemble()
        clock.stage("factorizing" if system.method == "direct" else "setting up the preconditioner")
        if recycling is None:
            system.factorize()
        else:
            recycling.prepare(system, terminals)
        clock.stage("solving")
        solve = system.solve if recycling is None else partial(recycling.solve, system)
        currents = _solve(solve, operator, discretization, terminals, u)
        if then is not None:
            clock.stage("estimating errors")
            then(Solved(discretization=discretization, terminals=terminals, system=system, u=u, currents=currents))
    except BaseException:
        # freeing the matrix is collective, and this rank may be the only one that failed
        system.forget_options()
        raise
    report = closed(
        system, terminals, clock, system.destroy if recycling is None else partial(recycling.release, system)
    )
    return SteadyState(
        discretization=discretization,
        u=u,
        voltages=terminals.voltages,
        currents=currents,
        report=report,
    )


def closed(
    system: LinearSystem, terminals: Terminals, clock: Clock, free: Callable[[], None] | None = None
) -> SolverReport:
    """How the last solve with a system went; frees it, or calls `free`. Collective."""
    (free or system.destroy)()
    return SolverReport(
        method=system.method,
        iterations=system.iterations,
        residual=system.residual,
        seconds=clock.stop(),
        ranks=terminals.comm.size,
        unknowns=system.size,
    )


class Clock:
    """Wall seconds by stage, and word of each to whoever watches."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._seconds: dict[str, float] = {}
        self._stage = ""
        self._since = 0.0

    def stage(self, name: str) -> None:
        self.stop()
        self._stage, self._since = name, time.perf_counter()
        if self._progress is not None:
            self._progress(name)

    def stop(self) -> dict[str, float]:
        if self._stage:
            self._seconds[self._stage] = time.perf_counter() - self._since
        return self._seconds


def _solve(
    solve: Action, operator: SteadyOperator, discretization: Discretization, terminals: Terminals, u: fem.Function
) -> dict[str, float]:
    """Fills u and returns the terminal currents in A."""
    field = discretization.problem.electric_field
    drives = [Drive(terminals.levels, field, 1.0)] + [Drive({name: 1.0}) for name in terminals.free]
    (base, *responses), (inflows, *unit_inflows) = respond(solve, operator, discretization, terminals, u, drives)
    u.x.array[:] = base
    if terminals.free:
        rows = [list(terminals.contacts).index(name) for name in terminals.free]
        terminals.conductances, terminals.responses = np.array(unit_inflows).T, responses
        levels = np.linalg.solve(terminals.conductances[rows], terminals.targets() - inflows[rows])
        u.x.array[:] += sum(level * response for level, response in zip(levels, responses, strict=True))
        terminals.levels.update(zip(terminals.free, map(float, levels), strict=True))
        inflows = terminals.inflows(operator.defect(u))
    return {name: -float(rate) * AMPERE_PER_RATE for name, rate in zip(terminals.contacts, inflows, strict=True)}


@dataclass(frozen=True)
class Drive:
    """What drives a solve.

    Attributes:
        levels: n on the terminals, 1/nm^2, 0 where nothing is said.
        field: (Ex, Ey), V/nm.
        injection: By which all spin that is injected is multiplied.
    """

    levels: Mapping[str, float]
    field: tuple[float, float] = (0.0, 0.0)
    injection: float = 0.0


def respond(
    solve: Action,
    operator: SteadyOperator,
    discretization: Discretization,
    terminals: Terminals,
    u: fem.Function,
    drives: Sequence[Drive],
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The solutions for some drives, and for each the inflow through every contact. Collective.

    Args:
        solve: x with A x = right, for columns.
        operator: Whose A it is.
        discretization: Of the operator.
        terminals: Its fixed unknowns.
        u: To work with.
        drives: What drives each; that of the discretization is left as it is.

    Raises:
        ConvergenceError: If a solution is not found, or is not a number.
    """
    given = discretization.electric_field.value.copy(), float(discretization.injection.value)
    begins, rights = [], []
    for drive in drives:
        _set(discretization, drive.field, drive.injection)
        terminals.impose(u, drive.levels, drive.field)
        begins.append(u.x.array.copy())
        right = -operator.defect(u)
        right[terminals.fixed_rows] = 0.0
        rights.append(right)
    found, inflows = solve(np.array(rights).T), []
    for drive, values, x in zip(drives, begins, found.T, strict=True):
        _set(discretization, drive.field, drive.injection)
        u.x.array[:] = values
        u.x.array[: terminals.owned] += x
        u.x.scatter_forward()
        values[:] = u.x.array
        if not np.isfinite(terminals.comm.allreduce(float(np.abs(values).max(initial=0.0)), op=MPI.MAX)):
            raise ConvergenceError("the solution is not a number; check the parameters for extreme values")
        inflows.append(terminals.inflows(operator.defect(u)))
    _set(discretization, *given)
    return begins, inflows


def _set(discretization: Discretization, field: Sequence[float] | np.ndarray, injection: float) -> None:
    discretization.electric_field.value[:] = field
    discretization.injection.value = injection
