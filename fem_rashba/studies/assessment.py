"""The relative error of a goal, and where on the mesh it comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fem_rashba.results.integrals import integrals
from fem_rashba.solvers.discretization import cell_integrals
from fem_rashba.solvers.enriched import Enriched
from fem_rashba.solvers.goals import Goal, torque_along
from fem_rashba.solvers.indicators import map_residuals, weighted_residuals
from fem_rashba.solvers.steady import SteadyState
from fem_rashba.units import AMPERE_PER_RATE


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """How large the error of a goal is.

    Attributes:
        estimate: Relative.
        indicators: Contributions of the owned cells by direction, shape (cells, 1 or 2).
        power: Which power of the error they add up to.
    """

    estimate: float
    indicators: np.ndarray
    power: int


def assess(enriched: Enriched, states: list[SteadyState], goal: str) -> Assessment:
    """The error of the solution that `enriched` stands on. Collective.

    Args:
        enriched: One degree higher.
        states: What it found; the one with the larger error counts.
        goal: "torque", "current" or "map".
    """
    relative = {"torque": _torque, "current": _current, "map": _map}[goal]
    found = [(state, *relative(enriched, state)) for state in states]
    state, estimate, functional = max(found, key=lambda one: one[1])
    if functional is None:
        return Assessment(estimate=estimate, indicators=map_residuals(enriched, state).by_cell, power=2)
    return Assessment(estimate=estimate, indicators=weighted_residuals(enriched, state, functional).by_cell, power=1)


def _torque(enriched: Enriched, state: SteadyState) -> tuple[float, Goal]:
    """The relative error, and the linear functional whose error it is."""
    found, finer = integrals(_below(enriched)).torque, integrals(state).torque
    error, size = (float(np.linalg.norm(vector)) for vector in (finer - found, found))
    direction = finer - found if error > 0 else found
    along = direction / max(float(np.linalg.norm(direction)), 1e-300)
    return error / size if size > 0 else 0.0, torque_along(along)


def _current(enriched: Enriched, state: SteadyState) -> tuple[float, Goal]:
    """As `_torque`; of several relative errors the largest, and of their functionals the sum."""
    below, free = _below(enriched), enriched.solved.terminals.free
    largest = max(map(abs, below.currents.values()), default=0.0)
    span = max(below.voltages.values(), default=0.0) - min(below.voltages.values(), default=0.0)
    states = enriched.solved.terminals.states
    inflows: dict[str, float] = {}
    levels: dict[str, float] = {}
    errors = [0.0]
    for name, current in below.currents.items():
        if name in free:
            change, scale = state.voltages[name] - below.voltages[name], span
        else:
            change, scale = state.currents[name] - current, largest
        if scale > 0:
            errors.append(abs(change) / scale)
            # V = -level/states, I = -inflow
            target, unit = (levels, -1.0 / states) if name in free else (inflows, -AMPERE_PER_RATE)
            target[name] = unit * float(np.sign(change)) / scale
    return max(errors), Goal(inflows=inflows, levels=levels)


def _map(enriched: Enriched, state: SteadyState) -> tuple[float, None]:
    """The relative error, which has no functional."""
    S, comm = enriched.start, enriched.terminals.comm
    change = state.u - S
    terms = [sum(f[i] ** 2 for i in (1, 2, 3)) for f in (change, S)]
    error, size = comm.allreduce(cell_integrals(enriched.discretization, terms).sum(axis=0))
    return float(np.sqrt(error / size)) if size > 0 else 0.0, None


def _below(enriched: Enriched) -> SteadyState:
    """The state of the problem itself."""
    solved = enriched.solved
    return SteadyState(
        discretization=solved.discretization,
        u=solved.u,
        voltages=solved.terminals.voltages,
        currents=solved.currents,
        report=enriched.report,
    )
