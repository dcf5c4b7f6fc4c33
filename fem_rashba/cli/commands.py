"""What the commands do. Imports that take time happen where a command has come that far."""

from __future__ import annotations

import csv
import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fem_rashba.cli.loading import config_of, mesh_arguments, meshed, named, solved
from fem_rashba.cli.progress import Stages

if TYPE_CHECKING:
    from fem_rashba.config import Config


def new(arguments: Namespace) -> None:
    """Print a commented TOML file."""
    from fem_rashba.config.templates import template

    print(template(arguments.shape), end="")


def check(arguments: Namespace) -> None:
    """Print everything that can be said of a TOML file without a solve."""
    config = config_of(arguments)
    from fem_rashba.cli import preflight

    with Stages() as stages:
        device = meshed(config, stages)
        problem = config.problem(device)
        text = preflight.text(problem, config.solver.method, config.accuracy.error_estimate)
    print(text, end="")


def mesh(arguments: Namespace) -> None:
    """Write the mesh of a device."""
    config = config_of(arguments)
    from fem_rashba.config.builders import in_device
    from fem_rashba.devices.gmsh_io import check_target

    check_target(Path(arguments.out))
    with Stages() as stages, in_device(config.resolved), named(arguments.out):
        stages("meshing")
        config.shape.write(arguments.out, **mesh_arguments(config))
    print(f"{arguments.out} written")


def run(arguments: Namespace) -> None:
    """Solve, write a folder and print the main numbers."""
    config = config_of(arguments, arguments.petsc)
    from fem_rashba.cli import closing
    from fem_rashba.results import files

    files.check_target(arguments.out)
    if config.time is not None:
        print(closing.text(arguments.out, _run_in_time(config, arguments.out)), end="")
        return
    with Stages() as stages:
        solution = solved(config, stages)
        stages("writing")
        with named(arguments.out):
            numbers = files.save(
                solution,
                arguments.out,
                fields=config.output.fields,
                plots=config.output.plots,
                config=config.resolved,
            )
    print(closing.text(arguments.out, numbers), end="")
    if solution.adaptivity is not None and not solution.adaptivity["reached"]:
        from fem_rashba.solvers.linear import ConvergenceError

        raise ConvergenceError(f"{solution.warnings[-1]}; {arguments.out} has the last solution")


def probe(arguments: Namespace) -> None:
    """Print the solution at points as CSV."""
    from fem_rashba.cli import points

    if arguments.line is None and arguments.count is not None:
        raise ValueError("argument -n: the number of points goes with --line")
    if arguments.points is not None:
        where = points.read(arguments.points)
    else:
        start, end = arguments.line
        where = points.on_line(start, end, arguments.count or 101)
    from fem_rashba.results.files import load
    from fem_rashba.results.probe import COLUMNS
    from fem_rashba.results.probe import probe as probed

    values = probed(load(arguments.out), where)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([f"{value:.12g}" for value in row] for row in values)


def modes(arguments: Namespace) -> None:
    """Print the slowest spin waves of a device."""
    config = config_of(arguments)
    from fem_rashba.results import files, waves
    from fem_rashba.solvers.modes import spin_waves

    if arguments.out is not None:
        files.check_target(arguments.out)
    with Stages() as stages:
        problem = config.problem(meshed(config, stages))
        stages("searching spin waves")
        found = spin_waves(problem, arguments.count)
        if arguments.out is not None:
            stages("writing")
            with named(arguments.out):
                waves.save_waves(found, arguments.out)
    print(json.dumps(waves.report(found), indent=1))


def bulk(arguments: Namespace) -> None:
    """Print spin density and torque of the infinite medium as JSON."""
    from fem_rashba.cli import medium

    print(json.dumps(medium.report(medium.load(arguments.config, arguments.overrides)), indent=2))


def _run_in_time(config: Config, out: str) -> dict[str, Any]:
    """Solve in time, from the start or from a checkpoint, and write a folder; what is in its summary."""
    from dataclasses import asdict

    from fem_rashba.results.transient import Course, Linear, run

    assert config.time is not None
    course = Course(**{name: getattr(config.time, name) for name in ("clock", "scheme", "initial", "checkpoint")})
    with Stages() as stages:
        problem = config.problem(meshed(config, stages))
        with named(out):
            return run(
                problem,
                course,
                out,
                linear=Linear(**asdict(config.solver)),
                torque_axis=config.torque_axis,
                config=config.resolved,
                progress=stages,
                **asdict(config.output),
            )
