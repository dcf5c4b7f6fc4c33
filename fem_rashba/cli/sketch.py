"""The command that draws a device before any solve."""

from __future__ import annotations

from argparse import Namespace

from fem_rashba.cli.loading import config_of, meshed, named
from fem_rashba.cli.progress import Stages


def sketch(arguments: Namespace) -> None:
    """Draw outline, terminals, edges, regions and mesh of a device."""
    config = config_of(arguments)
    from fem_rashba.mpi import on_root
    from fem_rashba.results.sketch import check_target, draw, gathered

    check_target(arguments.out)
    with Stages() as stages:
        problem = config.problem(meshed(config, stages))
        stages("drawing")
        found = gathered(problem)
        with named(arguments.out):
            on_root(problem.device.mesh.comm, lambda: found and draw(found, arguments.out))
    print(f"{arguments.out} written")
