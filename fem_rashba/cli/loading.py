"""From the arguments of a command to what it works on. Imports that take time happen where they are needed."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fem_rashba.cli.progress import Stages

if TYPE_CHECKING:
    from mpi4py import MPI

    from fem_rashba.config import Config
    from fem_rashba.devices.device import Device
    from fem_rashba.results.solution import Solution
    from fem_rashba.solvers.recycling import Recycling


def config_of(arguments: Namespace, petsc: dict[str, str] | None = None, *, driven: bool = True) -> Config:
    """What the TOML file says, with the values of --set.

    Raises:
        ValueError: If it asks for an accuracy that the command does not know of.
    """
    from fem_rashba.config import load

    config = load(arguments.config, arguments.overrides, petsc or {}, driven=driven)
    check_accuracy(config, arguments.command)
    return config


def check_accuracy(config: Config, command: str) -> None:
    """Raise a ValueError for a wanted accuracy in a command that solves on the mesh as it is."""
    if config.accuracy.accuracy is not None and command not in ("run", "check", "mesh", "sketch"):
        raise ValueError(
            f"solver.accuracy = {config.accuracy.accuracy:g} is for the command run; leave it out for {command}"
        )


def meshed(config: Config, stages: Stages, comm: MPI.Comm | None = None) -> Device:
    """The device of a TOML file, on all ranks unless `comm` says which. Collective."""
    from fem_rashba.config.builders import in_device

    stages("meshing")
    with in_device(config.resolved):
        return config.shape.mesh(**mesh_arguments(config), **({} if comm is None else {"comm": comm}))


def mesh_arguments(config: Config) -> dict[str, Any]:
    """The arguments of `Shape.mesh`."""
    m = config.magnetization
    return {
        "film": {"film": config.film} | config.regions,
        "element_size": config.element_size,
        "degree": config.degree,
        "walls": m.walls,
        # a texture that varies everywhere needs elements of its own length everywhere
        "largest": m.finest if not m.walls and m.finest < float("inf") else None,
        **_aim(config),
    }


def _aim(config: Config) -> dict[str, Any]:
    """What the automatic mesh, on which refinement begins, is to be good for."""
    from fem_rashba.devices.grading import COARSEST, finest_start

    wanted, goal = config.accuracy.accuracy, config.accuracy.goal
    if wanted is None or goal is None or config.element_size != "auto":
        return {}
    return {"accuracy": min(max(wanted, finest_start(config.degree, goal)), COARSEST), "goal": goal}


def solved(config: Config, stages: Stages) -> Solution:
    """The steady state of a TOML file, on a refined mesh if it asks for an accuracy. Collective."""
    device = meshed(config, stages)
    if config.accuracy.accuracy is None:
        return solved_on(device, config, stages, error_estimate=config.accuracy.error_estimate)
    from fem_rashba.studies.adaptive import solve_adaptively

    config.problem(device)  # for its messages, which name the sections
    wanted = {key: value for key, value in asdict(config.accuracy).items() if key != "error_estimate"}
    return solve_adaptively(device, config.film, config.magnetization, **wanted, **_given(config, stages))


def solved_on(
    device: Device,
    config: Config,
    stages: Stages,
    *,
    error_estimate: bool | str = False,
    recycling: Recycling | None = None,
) -> Solution:
    """The steady state of a TOML file on a device that is meshed for it. Collective."""
    from fem_rashba.results.solution import solve

    config.problem(device)  # for its messages, which name the sections
    return solve(
        device,
        config.film,
        config.magnetization,
        error_estimate=error_estimate,
        recycling=recycling,
        **_given(config, stages),
    )


def _given(config: Config, stages: Stages) -> dict[str, Any]:
    """What `solve` and `solve_adaptively` take alike."""
    return {
        "terminals": config.terminals,
        "electric_field": config.electric_field,
        "edges": config.edges,
        "regions": config.regions,
        "degree": config.degree,
        "torque_axis": config.torque_axis,
        "progress": stages,
        **asdict(config.solver),
    }


@contextmanager
def named(out: str) -> Iterator[None]:
    """Errors of the system name what the user asked for, not a temporary file."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), out) from error
