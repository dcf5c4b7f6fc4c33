"""The command harmonic."""

from __future__ import annotations

import itertools
import json
import shlex
import sys
from argparse import Namespace
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fem_rashba.cli.loading import config_of, meshed, named, solved_on
from fem_rashba.cli.progress import Stages

if TYPE_CHECKING:
    from fem_rashba.physics.magnetization import Magnetization
    from fem_rashba.results.solution import Solution


def harmonic(arguments: Namespace) -> None:
    """Write the voltages of a synthetic harmonic Hall measurement and print what their analysis recovers."""
    config = config_of(arguments)
    protocol = config.harmonic
    if protocol is None:
        raise ValueError(
            "the section [harmonic] is missing; it takes anomalous_hall_resistance, planar_hall_resistance, "
            "anisotropy_field, external_field, current and angles"
        )
    if config.time is not None:
        raise ValueError("the section [time] does not go with harmonic, whose currents are slow; leave it out")
    from mpi4py import MPI

    from fem_rashba.config.builders import in_section
    from fem_rashba.config.schema import HARMONIC
    from fem_rashba.mpi import on_root
    from fem_rashba.results.summary import versions
    from fem_rashba.studies import harmonic as study
    from fem_rashba.studies import sweep_file

    comm, out = MPI.COMM_WORLD, Path(arguments.out)
    on_root(comm, lambda: sweep_file.check_target(out))
    with Stages() as stages, named(arguments.out):
        device = meshed(config, stages)
        number = itertools.count(1)

        def solved(m: Magnetization) -> Solution:
            stages(f"direction {next(number)} of {study.count(protocol)}")
            return solved_on(device, replace(config, magnetization=m), Stages(shown=False))

        response = study.response(solved, protocol)
        with in_section("harmonic", HARMONIC):
            data, numbers = study.measurement(response, protocol)
        data.attrs |= {
            "program": sweep_file.PROGRAM,
            "title": "fem_rashba harmonic Hall measurement",
            "results": json.dumps(numbers),
            "versions": json.dumps(versions()),
            "config": json.dumps(config.resolved),
            "command": shlex.join(["fem-rashba", *sys.argv[1:]]),
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        on_root(comm, lambda: sweep_file.write(out, data))
    print(json.dumps(numbers, indent=1))
