"""A sweep by a reduced basis against single solves, side by side: a Hall cross of 200 nm, alpha = 0.05 eV nm.

    python tests/benchmarks/reduced.py [--theta 100 --phi 100] [--alpha 8] [--degree 2] [--size auto] [--accuracy 1e-6]

The torque over directions of m, or over directions and Rashba parameters from 0.0005 to 0.05 eV nm on one mesh. Single
solves are made at some of the points, before and after the sweep, and stand for all of them: "solve" from the mesh to
the solution, "point" what a full sweep does at each. Seconds of the wall and of the processor, without meshing.
Errors are those at the single solves, over the largest torque of the same film; so are the bounds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from cross import CROSS

from fem_rashba.cli.loading import solved_on
from fem_rashba.cli.progress import Stages
from fem_rashba.cli.reducing import Reducer
from fem_rashba.config import sweeping
from fem_rashba.solvers.steady import solve_steady
from fem_rashba.studies.record import record
from fem_rashba.studies.reduced.parts import trained
from fem_rashba.studies.reduced.surrogate import Surrogate, Wanted

TEXT = (
    CROSS
    + """[sweep]
method = "reduced"
accuracy = {accuracy}
{films}
magnetization.theta = {{ start = "0.9 deg", stop = "179.1 deg", count = {theta} }}
magnetization.phi = {{ start = "0 deg", stop = "{last} deg", count = {phi} }}
"""
)
FILMS = 'film.rashba_parameter = {{ start = "0.0005 eV nm", stop = "0.05 eV nm", count = {}, spacing = "log" }}'


class Watch:
    """Seconds of the wall and of the processor, of all times that it ran."""

    wall = cpu = 0.0

    def __enter__(self) -> Watch:
        self._start = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall += time.perf_counter() - self._start[0]
        self.cpu += time.process_time() - self._start[1]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--theta", type=int, default=100)
    parser.add_argument("--phi", type=int, default=100)
    parser.add_argument("--alpha", type=int, default=1, help="number of Rashba parameters")
    parser.add_argument("--degree", type=int, default=2)
    parser.add_argument("--size", default="auto", help="of the elements")
    parser.add_argument("--accuracy", type=float, default=1e-6)
    parser.add_argument("--singles", type=int, default=20)
    parser.add_argument("--quiet", action="store_true", help="without a line for each sample")
    given = parser.parse_args()
    films = FILMS.format(given.alpha) if given.alpha > 1 else ""
    if films and given.size == "auto":
        parser.error("--alpha needs --size")
    last = 360 * (1 - 1 / given.phi)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sweep.toml"
        file.write_text(TEXT.format(**vars(given), m='theta = "90 deg"', films=films, last=last))
        with Watch() as reading:
            plan = sweeping.load(file)
        compare(plan, given, reading)


def compare(plan: Any, given: argparse.Namespace, reading: Watch) -> None:
    reducer = Reducer(plan, None, Stages(shown=False))
    with Watch() as checking:
        cases = reducer.cases()
    solver = Singles(plan, reducer._device, given.singles)
    solver.run(first=True)
    say = (
        (lambda text: None) if given.quiet else (lambda text: print(f"  {time.perf_counter():.1f} {text}", flush=True))
    )
    rows: list[Any] = [None] * len(cases)
    made: list[Surrogate] = []
    offline, online = Watch(), Watch()
    wanted = Wanted(accuracy=given.accuracy, maps=False)
    every = trained(cases, wanted, lambda own, point: None, lambda *found: None, say)
    while True:
        with offline:
            part = next(every, None)
        if part is None:
            break
        with online:
            surrogate = part.surrogate
            found = surrogate.everywhere()
            own = surrogate.outputs.rows(found, np.arange(len(part.points)), surrogate.spin_bound(found))
            for point, row in zip(part.points, own, strict=True):
                rows[point] = row
        made.append(surrogate)
    solver.run(first=False)
    total = {key: sum(getattr(w, key) for w in (reading, offline, online)) for key in ("wall", "cpu")}
    print(
        f"{made[0].model.unknowns} unknowns, {plan.size} points, {sum(len(own.samples) for own in made)} solves, "
        f"{len(made)} bases of up to {max(own.model.primal.size for own in made)} and "
        f"{max(own.model.adjoint_size for own in made)} adjoint functions, Q = {made[0].points.t.shape[1]}"
    )
    print(f"{'':34} {'wall s':>8} {'cpu s':>8}")
    parts = {"read the file": reading, "mesh and check the points": checking, "solves and basis": offline}
    for name, watch in (parts | {"all points with bounds": online}).items():
        print(f"{name:34} {watch.wall:8.2f} {watch.cpu:8.2f}")
    print(f"{'sweep without mesh':34} {total['wall']:8.2f} {total['cpu']:8.2f}")
    for name in ("solve", "point"):
        single = {key: getattr(solver, f"{name}_{key}") for key in ("wall", "cpu")}
        whole = {key: plan.size * np.median(single[key]) for key in single}
        print(
            f"{'single ' + name + ', median (least)':34} {np.median(single['wall']):8.2f} "
            f"{np.median(single['cpu']):8.2f}   ({min(single['wall']):.2f}, {min(single['cpu']):.2f})"
        )
        print(
            f"{'  times all points, over the sweep':34} {whole['wall'] / total['wall']:8.0f} "
            f"{whole['cpu'] / total['cpu']:8.0f}"
        )
    torque = np.array([row["torque_average_density"] for row in rows])
    size = np.linalg.norm(torque, axis=1)
    largest = np.array([size[cases.of == case].max() for case in range(len(cases.cases))])[cases.of]
    bound = np.array([row["torque_error_bound"] for row in rows])
    errors = {p: np.linalg.norm(torque[p] - own) for p, own in solver.torque.items()}
    relative = [error / largest[p] for p, error in errors.items()]
    ratios = [bound[p] / error for p, error in errors.items() if error > 0]
    print(f"largest bound {np.max(bound / largest):.1e}, largest error of {len(errors)} {max(relative):.1e}")
    print(f"bound over error: least {min(ratios):.1f}, median {np.median(ratios):.1f}")


class Singles:
    """Single solves at some points, in two halves."""

    def __init__(self, plan: Any, device: Any, count: int) -> None:
        self._plan, self._device = plan, device
        self._points = np.random.default_rng(5).choice(plan.size, size=min(count, plan.size), replace=False)
        self.torque: dict[int, np.ndarray] = {}
        self.solve_wall: list[float] = []
        self.solve_cpu: list[float] = []
        self.point_wall: list[float] = []
        self.point_cpu: list[float] = []
        self._one(int(self._points[0]))  # compiles the forms
        for times in (self.solve_wall, self.solve_cpu, self.point_wall, self.point_cpu):
            times.clear()

    def run(self, *, first: bool) -> None:
        half = len(self._points) // 2
        for point in self._points[:half] if first else self._points[half:]:
            self._one(int(point))

    def _one(self, point: int) -> None:
        config = self._plan.config(point)
        problem = config.problem(self._device)
        with Watch() as watch:
            solve_steady(problem, tolerance=config.solver.tolerance)
        self.solve_wall.append(watch.wall)
        self.solve_cpu.append(watch.cpu)
        with Watch() as watch:
            row = record(solved_on(self._device, config, Stages(shown=False)))
        self.point_wall.append(watch.wall)
        self.point_cpu.append(watch.cpu)
        self.torque[point] = np.array(row["torque_average_density"])


if __name__ == "__main__":
    main()
