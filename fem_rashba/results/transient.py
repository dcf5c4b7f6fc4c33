"""A transient run from start or checkpoint to its folder: series, fields at equal intervals, the last state."""

from __future__ import annotations

import os
import shutil
import time as wall
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fem_rashba import __version__
from fem_rashba.devices.conditions import Current, Voltage
from fem_rashba.mpi import on_root
from fem_rashba.physics.motion import at_time
from fem_rashba.results import checkpoint, files
from fem_rashba.results.fields import gathered_fields
from fem_rashba.results.series import Recorder, Row, write_netcdf
from fem_rashba.results.solution import Solution, complete, unit_axis
from fem_rashba.results.store import pack
from fem_rashba.results.summary import summary
from fem_rashba.solvers.clock import Clock
from fem_rashba.solvers.discretization import discretize
from fem_rashba.solvers.evolution import Evolution
from fem_rashba.solvers.problem import Problem
from fem_rashba.solvers.steady import Progress, SolverReport, SteadyState, solve_steady
from fem_rashba.solvers.transient import Moment, check_initial, check_scheme, first_moment, moments

SERIES = "series.nc"


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
    last = _last(solution, moment, course.clock, rows, report)
    numbers = _summary(last, moment, course, rows, config)
    _write(Path(out), folder, last, rows, course.clock, numbers, fields, plots)
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


def _last(solution: Solution, moment: Moment, clock: Clock, rows: list[Row], report: SolverReport) -> Solution:
    """The state at the end as a solution, with the magnetization of that time."""
    problem = solution.problem
    at_end = replace(problem, magnetization=at_time(problem.magnetization, clock.end))
    solution.u.x.array[:] = moment.u
    names = list(solution.state.voltages)
    state = replace(
        solution.state,
        discretization=replace(solution.discretization, problem=at_end),
        voltages=dict(zip(names, rows[-1]["voltage"], strict=True)),
        currents=dict(zip(names, rows[-1]["current"], strict=True)),
        report=report,
    )
    return Solution(state=state, axis=solution.axis, warnings=solution.warnings)


def _summary(
    last: Solution, moment: Moment, course: Course, rows: list[Row], config: dict[str, Any] | None
) -> dict[str, Any]:
    numbers = summary(last, config)
    charge, spin = (rows[-1][name] for name in ("balance_charge", "balance_spin"))
    # with storage; those of a steady state do not hold
    numbers["balance"] = dict.fromkeys(numbers["balance"]) | {
        "charge": charge if np.isfinite(charge) else None,
        "spin": spin if np.isfinite(spin) else None,
    }
    numbers["time"] = {
        "end_ps": course.clock.end,
        "scheme": course.scheme,
        "steps": moment.steps,
        "rejected": moment.rejected,
        "shortest_step_ps": min(row["step"] for row in rows[1:]),
        "longest_step_ps": max(row["step"] for row in rows[1:]),
        "frames": course.clock.frames + 1,
    }
    return numbers


def _write(
    out: Path,
    folder: Path,
    last: Solution,
    rows: list[Row],
    clock: Clock,
    numbers: dict[str, Any],
    fields: bool,
    plots: bool,
) -> None:
    """The folder OUT, whole, then OUT.partial goes."""
    arrays = pack(last)
    drawn = gathered_fields(last) if plots else None

    def write(target: Path) -> None:
        files.write_on_root(target, numbers, arrays, drawn)
        names = list(last.state.voltages)
        write_netcdf(target / SERIES, rows, names, {"title": "fem_rashba transient", "version": __version__})
        if fields:
            _collect(folder, target, clock)

    with files.new_folder(last.comm, out) as target:
        on_root(last.comm, lambda: write(target))
    on_root(last.comm, lambda: shutil.rmtree(folder))


def _collect(folder: Path, target: Path, clock: Clock) -> None:
    """Puts the files of all frames into a folder, and fields.pvd, which says their times."""
    entries = []
    for number in range(clock.frames + 1):
        name = f"frame_{number:04d}"
        for path in sorted(folder.glob(f"{name}*.*vtu")):
            # OUT.partial stays whole until OUT is
            os.link(path, target / path.name)
            if path.suffix == ".pvtu":
                at = clock.time((number * clock.last) // clock.frames)
                entries.append(f'    <DataSet timestep="{at!r}" part="0" file="{path.name}" />')
    lines = ['<?xml version="1.0"?>', '<VTKFile type="Collection" version="0.1">', "  <Collection>", *entries]
    (target / "fields.pvd").write_text("\n".join([*lines, "  </Collection>", "</VTKFile>"]) + "\n")
