"""A transient run from start or checkpoint to its folder: series, fields at equal intervals, the last state."""

from __future__ import annotations

import time as wall
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fem_rashba import __version__
from fem_rashba.devices.conditions import Current, Voltage
from fem_rashba.results import checkpoint, files
from fem_rashba.results.series import Recorder, Row
from fem_rashba.results.solution import Solution, complete, unit_axis
from fem_rashba.results.transient_folder import last_state, transient_summary, write_folder
from fem_rashba.solvers.clock import Clock
from fem_rashba.solvers.discretization import discretize
from fem_rashba.solvers.evolution import Evolution
from fem_rashba.solvers.problem import Problem
from fem_rashba.solvers.steady import Progress, SolverReport, SteadyState, solve_steady
from fem_rashba.solvers.transient import Moment, check_initial, check_scheme, first_moment, moments


@dataclass(frozen=True, kw_only=True)
class Course:
    """How a transient run goes.

    Attributes:
        clock: Its times.
        scheme: "tr-bdf2" (second order) or "esdirk3" (third).
        initial: As in `first_moment`.
        checkpoint: Seconds between checkpoints; one is written with the fields too.
    """

    clock: Clock
    scheme: str = "tr-bdf2"
    initial: str | Sequence[str] = "zero"
    checkpoint: float = 30.0

    def __post_init__(self) -> None:
        check_scheme(self.scheme)
        check_initial(self.initial)
        if not self.checkpoint >= 0:
            raise ValueError(f"checkpoint = {self.checkpoint!r} s must not be negative")


@dataclass(frozen=True, kw_only=True)
class Linear:
    """How the linear systems are solved, as in `solve_steady`."""

    method: str = "auto"
    tolerance: float = 1e-10
    petsc: Mapping[str, str | float | bool]


def run(
    problem: Problem,
    course: Course,
    out: str | Path,
    *,
    linear: Linear,
    torque_axis: Sequence[float] | None = None,
    fields: bool = True,
    plots: bool = True,
    config: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Solves a problem in time and writes a folder; takes a run that was cut short up again. Collective.

    Args:
        problem: From `pose`.
        course: How it goes.
        out: The folder. Until the end everything is in OUT.partial, from which the same call goes on.
        linear: How linear systems are solved.
        torque_axis: e of the torque's decomposition; default z^ x (field, or mean current of the steady state).
        fields: Whether to write fields.pvd, at t = 0 and at the end of each interval of the clock.
        plots: Whether to draw maps of the last state.
        config: The resolved configuration, for summary.json; a checkpoint of another one is refused.
        progress: Called with the name of each stage.

    Returns:
        What is in summary.json.

    Raises:
        ValueError: For a wrong value, or a checkpoint of another run.
        ConvergenceError: If a linear solve does not converge; the checkpoint stays.
    """
    comm, folder = problem.device.mesh.comm, checkpoint.folder_of(out)
    say = progress or (lambda name: None)
    identity = {"version": __version__, "configuration": config, "course": asdict(course)}
    say("starting")
    found = checkpoint.read(comm, folder, identity)
    if found is None:
        checkpoint.start(comm, folder)
        solution, moment = _begun(problem, course, linear, torque_axis)
        checkpoint.write(folder, solution, moment, [], identity)
        # what a run that is taken up again reads: both go on with the same digits
        found = checkpoint.read(comm, folder, identity)
        assert found is not None
    solution, moment, rows = found
    evolution = Evolution(solution.discretization, **asdict(linear))
    began = wall.perf_counter()
    try:
        moment = _advance(evolution, course, solution, moment, rows, folder, identity, fields, say)
        report = _report(evolution, solution, {"stepping": wall.perf_counter() - began})
    except BaseException:
        evolution.forget()
        raise
    evolution.destroy()
    say("writing")
    last = last_state(solution, moment, course.clock, rows, report)
    numbers = transient_summary(last, moment, course.clock, course.scheme, rows, config)
    write_folder(Path(out), folder, last, rows, course.clock, numbers, fields, plots)
    return numbers


def _begun(
    problem: Problem, course: Course, linear: Linear, torque_axis: Sequence[float] | None
) -> tuple[Solution, Moment]:
    """The state at t = 0 on the device as it was made."""
    discretization = discretize(problem)
    axis = None if torque_axis is None else unit_axis(torque_axis)
    driven = any(isinstance(c, Voltage | Current) and float(c.value) for c in problem.terminals.values())
    if axis is None and driven:
        state = solve_steady(problem, discretization=discretization, **asdict(linear))
        axis = complete(state, None).axis
    evolution = Evolution(discretization, **asdict(linear))
    try:
        moment = first_moment(evolution, course.clock, course.initial)
        state = SteadyState(
            discretization=discretization,
            u=evolution.function(moment.u),
            voltages=evolution.terminals.voltages,
            currents=dict.fromkeys(evolution.terminals.contacts, 0.0),
            report=SolverReport(method="", iterations=0, residual=0.0, seconds={}, ranks=0, unknowns=0),
        )
    except BaseException:
        evolution.forget()
        raise
    evolution.destroy()
    return (Solution(state=state, axis=axis) if axis is not None else complete(state, None)), moment


def _advance(
    evolution: Evolution,
    course: Course,
    solution: Solution,
    moment: Moment,
    rows: list[Row],
    folder: Path,
    identity: dict[str, Any],
    fields: bool,
    say: Progress,
) -> Moment:
    """Goes to the end, adding to the rows, with fields and checkpoints on the way."""
    comm, clock = solution.comm, course.clock
    recorder = Recorder(evolution, clock, solution.axis)
    if not rows:
        rows.append(recorder.row(moment, 0.0))
        _frame(folder, solution, moment, clock, fields)
    written, before = wall.monotonic(), moment.position
    first = moment
    for moment in moments(evolution, clock, first, course.scheme):
        rows.append(recorder.row(moment, clock.time(moment.position) - clock.time(before)))
        before = moment.position
        say(f"{rows[-1]['time']:.4g} of {clock.end:g} ps, step {moment.steps}")
        framed = _frame(folder, solution, moment, clock, fields)
        if comm.bcast(framed or wall.monotonic() - written >= course.checkpoint):
            checkpoint.write(folder, solution, moment, rows, identity)
            written = wall.monotonic()
    return moment


def _frame(folder: Path, solution: Solution, moment: Moment, clock: Clock, fields: bool) -> bool:
    """Writes the fields if the clock says so; whether it does."""
    number = clock.frame(moment.position)
    if fields and number is not None:
        solution.u.x.array[:] = moment.u
        files.write_fields(solution, folder, f"frame_{number:04d}")
    return number is not None


def _report(evolution: Evolution, solution: Solution, seconds: dict[str, float]) -> SolverReport:
    space = solution.discretization.space
    return SolverReport(
        method=evolution.method,
        iterations=evolution.iterations,
        residual=evolution.residual,
        seconds=seconds,
        ranks=solution.comm.size,
        unknowns=space.dofmap.index_map.size_global * space.dofmap.index_map_bs,
    )
