"""The steady solve: terminals at fixed potentials, then those whose potential follows from their current.

The problem is linear, so a terminal with a given current costs one more right-hand side: its response to a unit of n,
from which the potentials follow by a small dense system for the terminal currents. Those are the consistent reactions:
the charge row tested with 1 on the terminal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from dolfinx import fem
from mpi4py import MPI

from fem_rashba.solvers.discretization import Discretization, Source, discretize
from fem_rashba.solvers.levels import levels
from fem_rashba.solvers.linear import ConvergenceError, LinearSystem, check_method
from fem_rashba.solvers.operators import SteadyOperator, steady_operator
from fem_rashba.solvers.problem import Problem
from fem_rashba.solvers.terminals import Terminals
from fem_rashba.units import AMPERE_PER_RATE

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class SolverReport:
    """How a solution was found.

    Attributes:
        method: "direct" or "iterative".
        iterations: Of the Krylov solver, the most of any right-hand side.
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
        clock.stage("factorizing" if system.method == "direct" else "setting up the preconditioner")
        system.factorize()
        clock.stage("solving")
        currents = _solve(discretization, system, operator, terminals, u)
        if then is not None:
            clock.stage("estimating errors")
            then(Solved(discretization=discretization, terminals=terminals, system=system, u=u, currents=currents))
    except BaseException:
        # freeing the matrix is collective, and this rank may be the only one that failed
        system.forget_options()
        raise
    report = closed(system, terminals, clock)
    return SteadyState(
        discretization=discretization,
        u=u,
        voltages=terminals.voltages,
        currents=currents,
        report=report,
    )


def closed(system: LinearSystem, terminals: Terminals, clock: Clock) -> SolverReport:
    """How the solves with a system went; frees it. Collective."""
    unknowns = system.matrix.getSize()[0]
    system.destroy()
    return SolverReport(
        method=system.method,
        iterations=terminals.iterations,
        residual=terminals.residual,
        seconds=clock.stop(),
        ranks=terminals.comm.size,
        unknowns=unknowns,
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
    discretization: Discretization,
    system: LinearSystem,
    operator: SteadyOperator,
    terminals: Terminals,
    u: fem.Function,
) -> dict[str, float]:
    """Fills u and returns the terminal currents in A."""
    field = discretization.problem.electric_field
    inflows = respond(system, operator, terminals, u, terminals.levels, field)
    if terminals.free:
        base = u.x.array.copy()
        responses, unit_inflows = [], []
        discretization.electric_field.value[:] = 0.0
        discretization.injection.value = 0.0
        for name in terminals.free:
            unit_inflows.append(respond(system, operator, terminals, u, {name: 1.0}, (0.0, 0.0)))
            responses.append(u.x.array.copy())
        discretization.electric_field.value[:] = field
        discretization.injection.value = 1.0
        rows = [list(terminals.contacts).index(name) for name in terminals.free]
        terminals.conductances, terminals.responses = np.array(unit_inflows).T, responses
        levels = np.linalg.solve(terminals.conductances[rows], terminals.targets() - inflows[rows])
        u.x.array[:] = base + sum(level * response for level, response in zip(levels, responses, strict=True))
        terminals.levels.update(zip(terminals.free, map(float, levels), strict=True))
        inflows = terminals.inflows(operator.defect(u))
    return {name: -float(rate) * AMPERE_PER_RATE for name, rate in zip(terminals.contacts, inflows, strict=True)}


def respond(
    system: LinearSystem,
    operator: SteadyOperator,
    terminals: Terminals,
    u: fem.Function,
    levels: Mapping[str, float],
    field: tuple[float, float],
) -> np.ndarray:
    """Solves for u with the given levels of n on the terminals; returns the inflow through each."""
    terminals.impose(u, levels, field)
    right = -operator.defect(u)
    right[terminals.fixed_rows] = 0.0
    u.x.array[: terminals.owned] += system.solve(right)
    u.x.scatter_forward()
    if not np.isfinite(terminals.comm.allreduce(float(np.abs(u.x.array).max(initial=0.0)), op=MPI.MAX)):
        raise ConvergenceError("the solution is not a number; check the parameters for extreme values")
    terminals.iterations = max(terminals.iterations, system.iterations)
    terminals.residual = max(terminals.residual, system.residual)
    return terminals.inflows(operator.defect(u))
