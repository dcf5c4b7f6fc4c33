"""The command sweep with `method = "reduced"`: one mesh, and reduced bases on it."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from fem_rashba.cli.loading import mesh_arguments, meshed, named, solved_on
from fem_rashba.cli.progress import Stages

if TYPE_CHECKING:
    import numpy as np

    from fem_rashba.config import Config
    from fem_rashba.config.sweeping import Plan
    from fem_rashba.devices.device import Device
    from fem_rashba.solvers.reduced.points import Found
    from fem_rashba.studies.record import Row
    from fem_rashba.studies.reduced.rows import Cases
    from fem_rashba.studies.reduced.surrogate import Surrogate
    from fem_rashba.studies.solutions import Solutions

_FIXED = ("device", "solver", "output")


def reduced(
    plan: Plan, arguments: Namespace, kept: Solutions | None, *, identity: dict[str, Any], attributes: dict[str, str]
) -> None:
    """Find the points of a plan from few solves and write a NetCDF file. Collective."""
    from mpi4py import MPI

    from fem_rashba.mpi import on_root
    from fem_rashba.studies.reduced.surrogate import Wanted
    from fem_rashba.studies.reduced.sweep import reduced_sweep

    check(plan, arguments)
    world = MPI.COMM_WORLD
    with Stages() as stages, named(arguments.out):
        solver = Reducer(plan, kept, stages)
        if kept is not None:
            on_root(world, kept.begin)
        assert plan.accuracy is not None
        found = reduced_sweep(
            plan.axes,
            solver.cases,
            Wanted(accuracy=plan.accuracy, maps=kept is not None),
            arguments.out,
            full=solver.full,
            keep_solution=solver.write if kept is not None else None,
            identity=identity,
            attributes=attributes,
            comm=world,
            progress=stages,
        )
    print(
        f"{arguments.out} written: {plan.size} points over {', '.join(map(str, found['fieldlike'].dims))} from "
        f"{found.attrs['reduced_solves']} solves, bound of the error {found.attrs['reduced_bound'].split(':')[0]}"
    )


def check(plan: Plan, arguments: Namespace) -> None:
    """Raises ValueError for what a reduced basis cannot do, as far as that shows without a mesh."""
    for axis in plan.axes:
        if axis.path[0] in _FIXED:
            raise ValueError(
                f"sweep.method = 'reduced' cannot sweep {axis.key}, because all points share one mesh and one solver; "
                "leave the method out, or sweep film, magnetization, drive, terminals and edges alone"
            )
    if arguments.parallel == "points":
        raise ValueError(
            "--parallel points does not go with sweep.method = 'reduced', whose solves are shared by all ranks"
        )


class Reducer:
    """The points of a plan on one mesh.

    Args:
        plan: What is swept.
        kept: Where the solutions go, if anywhere.
        stages: Told what is going on.
    """

    def __init__(self, plan: Plan, kept: Solutions | None, stages: Stages) -> None:
        self._plan, self._kept, self._stages = plan, kept, stages
        self._device: Device | None = None
        self._cases: Cases | None = None
        self._configs: list[Config] = []

    def cases(self) -> Cases:
        """The points. Collective.

        Raises:
            ValueError: For a wrong value at some point, or if the points do not share a mesh.
        """
        import numpy as np

        from fem_rashba.physics.magnetization import values
        from fem_rashba.results.solution import unit_axis
        from fem_rashba.solvers.problem import warnings
        from fem_rashba.studies.reduced.rows import Case, Cases

        plan = self._plan
        first = plan.config(0)
        device = self._device = meshed(first, self._stages)
        self._stages(f"checking {plan.size} points")
        numbers: dict[tuple[int, ...], int] = {}
        cases: list[Case] = []
        of, m = np.empty(plan.size, dtype=int), np.empty((plan.size, 3))
        for point in range(plan.size):
            config, group = plan.config(point), plan.group(point)
            if not config.magnetization.is_uniform:
                raise ValueError("sweep.method = 'reduced' needs a uniform magnetization; leave it out for a texture")
            if group not in numbers:
                check_mesh(first, config)
                numbers[group] = len(cases)
                try:
                    problem = config.problem(device)
                except ValueError as error:
                    raise ValueError(f"[sweep] at {plan.label(point)}: {error}") from None
                axis = None if config.torque_axis is None else unit_axis(config.torque_axis)
                cases.append(Case(problem=problem, axis=axis, warnings="; ".join(warnings(problem))))
            of[point] = numbers[group]
            m[point] = values(config.magnetization, np.zeros(1), np.zeros(1)).ravel()
        self._cases = Cases(cases=cases, of=of, m=m)
        return self._cases

    def full(self, point: int) -> tuple[Row, np.ndarray]:
        """The row of a point by a solve of its own, and n and S at the local nodes. Collective."""
        from fem_rashba.studies.record import record

        assert self._device is not None
        solution = solved_on(self._device, self._plan.config(point), Stages(shown=False))
        nodes = solution.u.x.array.reshape(-1, 4).copy()
        return record(solution), nodes

    def write(self, surrogate: Surrogate, point: int, place: int, found: Found) -> None:
        """Writes the solution of a point, and of a place in the model, as `run` does. Collective."""
        from fem_rashba.mpi import on_root
        from fem_rashba.results.files import save

        assert self._kept is not None and self._cases is not None
        kept = self._kept
        if on_root(surrogate.model.comm, lambda: kept.has(point)):
            return
        config = self._plan.config(point)
        solution = surrogate.solution(place, found, config.magnetization)
        save(solution, kept.of(point), fields=config.output.fields, plots=config.output.plots, config=config.resolved)


def check_mesh(first: Config, config: Config) -> None:
    """Raises ValueError if another film asks for another mesh."""
    if first.element_size == "auto" and mesh_arguments(config)["film"] != mesh_arguments(first)["film"]:
        raise ValueError(
            "sweep.method = 'reduced' needs one mesh for all points, and device.element_size = 'auto' follows the "
            "film; give a length"
        )
