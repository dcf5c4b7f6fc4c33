"""Refinement of the mesh until the estimated error of a goal is small enough."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from fem_rashba.devices.conditions import Condition
from fem_rashba.devices.device import Device
from fem_rashba.devices.refinement import Grid, refined
from fem_rashba.devices.spin import SpinCondition
from fem_rashba.devices.whole import distributed, gathered, gathered_by_cell
from fem_rashba.mpi import PATIENCE, on_root, together
from fem_rashba.physics.film import Film
from fem_rashba.physics.magnetization import Magnetization
from fem_rashba.results.errors import with_errors
from fem_rashba.results.solution import Solution, complete, unit_axis
from fem_rashba.solvers.enriched import Enriched, enriched_states
from fem_rashba.solvers.estimate import degrees_added, unknowns
from fem_rashba.solvers.goals import GOALS
from fem_rashba.solvers.linear import ConvergenceError
from fem_rashba.solvers.marking import marked_sides
from fem_rashba.solvers.problem import Problem, pose
from fem_rashba.solvers.steady import Progress, Solved, SteadyState, solve_steady
from fem_rashba.studies.assessment import Assessment, assess

_STEPS = 40
# so many steps in a row without an error less than half as large are not getting anywhere
_PATIENCE = 8


@dataclass(frozen=True, kw_only=True)
class Step:
    """One mesh.

    Attributes:
        cells: Number of cells.
        unknowns: Number of unknowns.
        estimate: Estimated relative error of the goal.
    """

    cells: int
    unknowns: int
    estimate: float


def solve_adaptively(
    device: Device,
    film: Film,
    magnetization: Magnetization,
    *,
    accuracy: float,
    goal: str = "torque",
    most_unknowns: int = 2_000_000,
    terminals: Mapping[str, Condition] | None = None,
    electric_field: Sequence[str | float] = (0.0, 0.0),
    edges: SpinCondition | Mapping[str, SpinCondition] = "sink",
    regions: Mapping[str, Film] | None = None,
    degree: int = 3,
    method: str = "auto",
    tolerance: float = 1e-10,
    petsc: Mapping[str, str | float | bool] | None = None,
    torque_axis: Sequence[float] | None = None,
    progress: Progress | None = None,
) -> Solution:
    """As `solve`, on the device's mesh refined until the goal is known well enough. Collective.

    Args:
        device: Where it begins.
        film: Its film.
        magnetization: `uniform(...)` or a texture.
        accuracy: Largest estimated error of the goal, relative to it.
        goal: "torque" (the total, a vector), "current" (through contacts of given voltage, and the voltages of the
            others) or "map" (of S, in the mean square).
        most_unknowns: Where refinement ends in any case; the solution then says so in its warnings.
        terminals: As for `solve`, and so are all others.
        electric_field: Uniform field.
        edges: Spin conditions.
        regions: Films of named regions.
        degree: Of the elements.
        method: "auto", "direct" or "iterative".
        tolerance: Largest relative residual.
        petsc: PETSc options.
        torque_axis: e of the torque's decomposition.
        progress: Called with the name of each stage.

    Returns:
        The last solution; its `adaptivity` tells of the steps, and whether the accuracy is reached. Where the solver
        does not converge on a finer mesh, that is the one of the mesh before.

    Raises:
        ValueError: For a wrong value.
        ConvergenceError: If the solver does not converge on the first mesh.
    """
    if goal not in GOALS:
        raise ValueError(f"goal = {goal!r} must be {', '.join(map(repr, GOALS[:-1]))} or {GOALS[-1]!r}")
    if not 0 < accuracy < 1:
        raise ValueError(f"accuracy = {accuracy!r} must lie between 0 and 1")
    axis = None if torque_axis is None else unit_axis(torque_axis)
    problem = pose(
        device,
        film,
        magnetization,
        terminals=terminals,
        electric_field=electric_field,
        edges=edges,
        regions=regions,
        degree=degree,
    )
    steps: list[Step] = []
    kept: _Found | None = None
    solved = partial(_solved, goal, accuracy, method=method, tolerance=tolerance, petsc=petsc, progress=progress)
    while True:
        found, why = _tried(solved, problem, is_finer=kept is not None)
        if found is not None:
            kept, estimate = found, found.assessment.estimate
            steps.append(Step(cells=problem.device.cells, unknowns=unknowns(problem.device, degree), estimate=estimate))
            if progress is not None:
                progress(f"step {len(steps)}: {steps[-1].unknowns} unknowns, estimated error {estimate:.1e}")
            why = "" if estimate <= accuracy else _stuck(steps)
            if estimate > accuracy and not why:
                finer = _refined(problem.device, found.assessment, accuracy)
                size = unknowns(finer, degree)
                if size > most_unknowns:
                    why = f"the next mesh has {size} unknowns, and there may be {most_unknowns} (most_unknowns)"
        assert kept is not None
        if why or kept.assessment.estimate <= accuracy:
            solution = with_errors(complete(kept.state, axis), kept.enriched, axis)
            return _told(solution, steps, accuracy, goal, why)
        problem = replace(problem, device=finer)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The state on one mesh, those at a higher degree, and the error of the goal by one degree more."""

    state: SteadyState
    enriched: list[SteadyState]
    assessment: Assessment


def _tried(solved: Callable[[Problem], _Found], problem: Problem, *, is_finer: bool) -> tuple[_Found | None, str]:
    """What `solved` finds or, on a mesh that `is_finer` than one that has a solution, why nothing. Collective.

    Raises:
        ConvergenceError: If the solver does not converge, and there is no other solution or one rank fails alone.
    """
    comm, found, error = problem.device.mesh.comm, None, None
    try:
        found = solved(problem)
    except ConvergenceError as raised:
        error = raised
        # where one rank fails alone nothing collective can follow
        if not is_finer or not together(comm, PATIENCE):
            raise
    if error is None and is_finer:
        together(comm, math.inf)
    first = next((e for e in comm.allgather(error) if e is not None), None) if is_finer else None
    if first is None:
        return found, ""
    return None, f"with {unknowns(problem.device, problem.degree)} unknowns {first}"


def _solved(goal: str, accuracy: float, problem: Problem, **settings: Any) -> _Found:
    """The state on the mesh of a problem, and what is estimated by it. Collective."""
    found: list[tuple[list[SteadyState], Assessment]] = []

    def then(solved: Solved) -> None:
        enriched = Enriched(solved)
        try:
            states = enriched.states()
            assessed = assess(enriched, states, goal)
        finally:
            enriched.destroy()
        if assessed.estimate <= accuracy and degrees_added(problem.device, problem.degree) > 1:
            states = enriched_states(solved)
        found.append((states, assessed))

    state = solve_steady(problem, **settings, then=then)
    enriched, assessment = found[0]
    return _Found(state=state, enriched=enriched, assessment=assessment)


def _refined(device: Device, found: Assessment, accuracy: float) -> Device:
    """The device with a mesh cut where the error is. Collective."""
    rest = float(np.clip(0.3 * (accuracy / found.estimate) ** found.power, 0.05, 0.3))
    grid, indicators = gathered(device), gathered_by_cell(device.mesh, found.indicators)

    # what is cut stays on rank 0, from where it is distributed
    finer: list[Grid] = []

    def cut() -> None:
        assert grid is not None and indicators is not None
        finer.append(refined(grid, marked_sides(grid, indicators, rest)))

    on_root(device.mesh.comm, cut)
    return distributed(device, finer[0] if finer else None)


def _stuck(steps: list[Step]) -> str:
    """Why it does not go on; empty if it does."""
    if len(steps) >= _STEPS:
        return f"{_STEPS} meshes were not enough"
    if len(steps) > _PATIENCE and steps[-1].estimate > 0.5 * steps[-1 - _PATIENCE].estimate:
        return f"the last {_PATIENCE} meshes did not make it half as large"
    return ""


def _told(solution: Solution, steps: list[Step], accuracy: float, goal: str, why: str) -> Solution:
    """The solution with the history of its mesh."""
    adaptivity = {"goal": goal, "accuracy": accuracy, "reached": not why, "steps": [asdict(step) for step in steps]}
    warnings = solution.warnings
    if why:
        last = steps[-1].estimate
        warnings = (*warnings, f"the {goal} is known to {last:.1e} only; accuracy = {accuracy:g} is not reached: {why}")
    return replace(solution, adaptivity=adaptivity, warnings=warnings)
