"""The folder of a transient run: the last state, the series, the fields in time."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fem_rashba import __version__
from fem_rashba.mpi import on_root
from fem_rashba.physics.motion import at_time
from fem_rashba.results import files, store
from fem_rashba.results.fields import gathered_fields
from fem_rashba.results.series import SERIES, Row, write_netcdf
from fem_rashba.results.solution import Solution
from fem_rashba.results.summary import summary
from fem_rashba.solvers.clock import Clock
from fem_rashba.solvers.steady import SolverReport
from fem_rashba.solvers.transient import Moment


def last_state(solution: Solution, moment: Moment, clock: Clock, rows: list[Row], report: SolverReport) -> Solution:
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


def transient_summary(
    last: Solution, moment: Moment, clock: Clock, scheme: str, rows: list[Row], config: dict[str, Any] | None
) -> dict[str, Any]:
    """What is in summary.json. Collective."""
    numbers = summary(last, config)
    charge, spin = (rows[-1][name] for name in ("balance_charge", "balance_spin"))
    # with storage; those of a steady state do not hold
    numbers["balance"] = dict.fromkeys(numbers["balance"]) | {
        "charge": charge if np.isfinite(charge) else None,
        "spin": spin if np.isfinite(spin) else None,
    }
    numbers["time"] = {
        "end_ps": clock.end,
        "scheme": scheme,
        "steps": moment.steps,
        "rejected": moment.rejected,
        "shortest_step_ps": min(row["step"] for row in rows[1:]),
        "longest_step_ps": max(row["step"] for row in rows[1:]),
        "frames": clock.frames + 1,
    }
    return numbers


def write_folder(
    out: Path,
    folder: Path,
    last: Solution,
    rows: list[Row],
    clock: Clock,
    numbers: dict[str, Any],
    fields: bool,
    plots: bool,
) -> None:
    """The folder OUT, whole, then OUT.partial goes. Collective."""
    drawn = gathered_fields(last) if plots else None

    def write(target: Path) -> None:
        files.write_on_root(target, numbers, drawn)
        names = list(last.state.voltages)
        write_netcdf(target / SERIES, rows, names, {"title": "fem_rashba transient", "version": __version__})
        if fields:
            _collect(folder, target, clock)

    with files.new_folder(last.comm, out) as target:
        store.write(target / files.STATE, last)
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
