"""The command sweep."""

from __future__ import annotations

import hashlib
import shlex
import sys
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fem_rashba.cli.loading import check_accuracy, mesh_arguments, meshed, named, solved_on
from fem_rashba.cli.progress import Stages

if TYPE_CHECKING:
    from mpi4py import MPI

    from fem_rashba.config import Config
    from fem_rashba.config.sweeping import Plan
    from fem_rashba.devices.device import Device
    from fem_rashba.solvers.recycling import Recycling
    from fem_rashba.studies.record import Row
    from fem_rashba.studies.solutions import Solutions

_FILES = ("mesh", "gds", "ovf")


def sweep(arguments: Namespace) -> None:
    """Solve for all values of the keys in [sweep] and write a NetCDF file."""
    from fem_rashba.config import sweeping

    plan = sweeping.load(arguments.config, arguments.overrides)
    from mpi4py import MPI

    from fem_rashba.mpi import on_root
    from fem_rashba.solvers.linear import ConvergenceError
    from fem_rashba.studies.solutions import Solutions
    from fem_rashba.studies.sweep import Points, failed
    from fem_rashba.studies.sweep import sweep as study

    world, this = MPI.COMM_WORLD, identity(plan)
    kept = None
    if arguments.solutions is not None:
        kept = Solutions(folder=Path(arguments.solutions), axes=plan.axes, identity=this)
        on_root(world, lambda: kept.check(arguments.out))
    if plan.method == "reduced":
        from fem_rashba.cli.reducing import reduced

        reduced(plan, arguments, kept, identity=this, attributes=attributes(plan))
        return
    shared = arguments.parallel == "points" or (arguments.parallel is None and plan.size >= world.size)
    with Stages() as stages, named(arguments.out):
        solver = Solver(plan, MPI.COMM_SELF if shared else world, kept)
        points = Points(
            check=solver.check,
            solve=solver.solve,
            label=plan.label,
            order=solver.order(),
            begin=kept.begin if kept else lambda: None,
            kept=kept.has if kept else lambda point: True,
        )
        found = study(
            plan.axes,
            points,
            arguments.out,
            identity=this,
            attributes=attributes(plan),
            comm=world,
            shared=shared,
            progress=stages,
        )
        solver.close()
    lost = failed(found)
    print(f"{arguments.out} written: {plan.size} points over {', '.join(map(str, found['fieldlike'].dims))}")
    if lost:
        raise ConvergenceError(
            f"{len(lost)} of {plan.size} points did not converge and are NaN in {arguments.out}, which says why "
            f"under message; the first: {lost[0]}"
        )


class Solver:
    """The points of a plan, one device for all that share its mesh.

    Args:
        plan: What is swept.
        comm: The ranks that share each point.
        kept: Where the solutions go, if anywhere.
    """

    def __init__(self, plan: Plan, comm: MPI.Comm, kept: Solutions | None) -> None:
        self._plan, self._comm, self._kept = plan, comm, kept
        self._quiet = Stages(shown=False)
        self._recycling: Recycling | None = None
        self._device: tuple[str, Device] | None = None

    def order(self) -> list[int]:
        """The points, those on the same mesh one after the other."""
        first: dict[str, int] = {}
        keys = [mesh_key(self._plan.config(point)) for point in range(self._plan.size)]
        for key in keys:
            first.setdefault(key, len(first))
        return sorted(range(len(keys)), key=lambda point: first[keys[point]])

    def check(self, point: int) -> None:
        """Raise a ValueError for a point that cannot be solved. Collective."""
        config = self._plan.config(point)
        check_accuracy(config, "sweep")
        try:
            config.problem(self._on(config))
        except ValueError as error:
            raise ValueError(f"[sweep] at {self._plan.label(point)}: {error}") from None

    def solve(self, point: int) -> Row:
        """The row of a point, after its solution is written. Collective."""
        from fem_rashba.results.files import save
        from fem_rashba.solvers.recycling import Recycling
        from fem_rashba.studies.record import record

        self._recycling = self._recycling or Recycling()
        config = self._plan.config(point)
        solution = solved_on(self._on(config), config, self._quiet, recycling=self._recycling)
        if self._kept is not None:
            place, output = self._kept.of(point), config.output
            save(solution, place, fields=output.fields, plots=output.plots, config=config.resolved)
        return record(solution)

    def close(self) -> None:
        """Frees what points have left to the next ones. Collective."""
        if self._recycling is not None:
            self._recycling.destroy()

    def _on(self, config: Config) -> Device:
        key = mesh_key(config)
        if self._device is None or self._device[0] != key:
            self._device = key, meshed(config, self._quiet, self._comm)
        return self._device[1]


def mesh_key(config: Config) -> str:
    """Everything that the mesh of a configuration depends on."""
    given = mesh_arguments(config)
    if config.element_size != "auto":
        # the film sets automatic sizes only
        del given["film"]
    places = [
        {name: own.get("at") for name, own in config.resolved[section].items() if isinstance(own, dict)}
        for section in ("terminals", "edges")
    ]
    return repr((config.resolved["device"], places, given))


def identity(plan: Plan) -> dict[str, Any]:
    """What the numbers of a sweep depend on: versions, the file without what it writes, and the files that it names."""
    from fem_rashba.results.summary import versions

    base = {section: own for section, own in plan.base.items() if section != "output"}
    how = {} if plan.method == "full" else {"method": plan.method, "accuracy": plan.accuracy}
    return how | {
        "versions": versions(),
        "sweep": {axis.key: list(axis.values) for axis in plan.axes},
        "config": base,
        "files": {name: _hash(plan.folder / name) for name in sorted(_files(plan))},
    }


def attributes(plan: Plan) -> dict[str, str]:
    """The provenance of a sweep."""
    import json

    from fem_rashba.results.summary import versions

    first = plan.config(0).resolved
    return {
        "title": "fem_rashba sweep",
        "versions": json.dumps(versions()),
        "sweep": json.dumps({axis.key: list(axis.values) for axis in plan.axes}),
        "config": json.dumps(first),
        "config_of": "the first point, with every default",
        "command": shlex.join(["fem-rashba", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _files(plan: Plan) -> set[str]:
    named = {table.get(key) for table in plan.base.values() if isinstance(table, dict) for key in _FILES}
    swept = {value for axis in plan.axes if axis.path[-1] in _FILES for value in axis.values}
    return {name for name in named | swept if isinstance(name, str)}


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
