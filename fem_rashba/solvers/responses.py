"""The conductance matrix of a device: the currents through all its contacts per volt at each, by one factorisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from dolfinx import fem

from fem_rashba.devices.conditions import Open, Voltage
from fem_rashba.solvers.discretization import discretize
from fem_rashba.solvers.levels import levels
from fem_rashba.solvers.linear import LinearSystem, check_method
from fem_rashba.solvers.operators import steady_operator
from fem_rashba.solvers.problem import Problem
from fem_rashba.solvers.steady import Clock, Drive, Progress, SolverReport, closed, respond
from fem_rashba.solvers.terminals import Terminals
from fem_rashba.units import AMPERE_PER_RATE


@dataclass(frozen=True, kw_only=True)
class Responses:
    """What flows in linear response to the voltages of the contacts.

    Attributes:
        terminals: Names of the contacts, N of them.
        conductance: Shape (N, N), S: conventional current into the film through contact i per volt at contact j, the
            others at 0 V.
        report: How it was found.
    """

    terminals: tuple[str, ...]
    conductance: np.ndarray
    report: SolverReport


def solve_responses(
    problem: Problem,
    *,
    method: str = "auto",
    tolerance: float = 1e-10,
    petsc: Mapping[str, str | float | bool] | None = None,
    progress: Progress | None = None,
) -> Responses:
    """The responses to 1 V at each terminal that is not open; what drives the problem does not matter. Collective.

    Raises:
        ValueError: For an unknown method or option, or a tolerance out of range.
        ConvergenceError: If a solve does not converge.
    """
    check_method(method)
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance = {tolerance!r} must lie between 0 and 1")
    clock = Clock(progress)
    clock.stage("preparing the equations")
    discretization = discretize(_grounded(problem))
    terminals = Terminals(discretization)
    u = fem.Function(discretization.space, name="u")
    operator = steady_operator(discretization)
    clock.stage("assembling")
    system = LinearSystem(
        operator,
        terminals,
        method=method,
        tolerance=tolerance,
        options=petsc or {},
        multigrid=levels(discretization, petsc),
    )
    names = tuple(terminals.contacts)
    try:
        clock.stage("factorizing" if system.method == "direct" else "setting up the preconditioner")
        system.factorize()
        clock.stage("solving")
        volt = -terminals.states
        drives = [Drive({name: volt}) for name in names]
        _, inflows = respond(system.solve, operator, discretization, terminals, u, drives)
    except BaseException:
        # freeing the matrix is collective, and this rank may be the only one that failed
        system.forget_options()
        raise
    report = closed(system, terminals, clock)
    # electrons that enter carry -e
    return Responses(terminals=names, conductance=-AMPERE_PER_RATE * np.array(inflows).T, report=report)


def _grounded(problem: Problem) -> Problem:
    """The problem with every contact at 0 V and no field: the same matrix whatever drove it."""
    contacts = {
        name: condition if isinstance(condition, Open) else Voltage(0.0, condition.spin)
        for name, condition in problem.terminals.items()
    }
    return replace(problem, terminals=contacts, electric_field=(0.0, 0.0))
