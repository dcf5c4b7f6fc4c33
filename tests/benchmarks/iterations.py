"""Iterations of the iterative solver to a relative residual of 1e-8, over the box of films that the model covers.

    python tests/benchmarks/iterations.py [--quick] [--meshes uniform graded flat]

One row for each mesh, degree and spin condition: the fewest, the median and the most iterations of any film and
magnetization, uniform ones and a wall apart; then the worst of all. Degree 1 of a small graded mesh is factorised
(one iteration), and so it is where a wall crosses an even mesh. "flat" are triangles that are flat along sides, of a
strip with a sharp notch.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Iterator

from mpi4py import MPI

from fem_rashba import Film, Ground, Voltage, neel_wall, notched_strip, uniform, wire
from fem_rashba.devices.device import Device
from fem_rashba.physics.magnetization import Magnetization
from fem_rashba.solvers.estimate import unknowns
from fem_rashba.solvers.linear import ConvergenceError
from fem_rashba.solvers.problem import pose
from fem_rashba.solvers.steady import solve_steady

RASHBA_PARAMETERS = (0.0, 1e-3, 1e-2, 5e-2, 0.1)
EXCHANGE_TIMES = (2e-3, 1e-1)
SPIN_FLIP_TIMES = (0.1, math.inf)
MAGNETIZATIONS: dict[str, Magnetization] = {
    "x": uniform([1, 0, 0]),
    "y": uniform([0, 1, 0]),
    "z": uniform([0, 0, 1]),
    "oblique": uniform([0.5, 0.3, 0.8]),
    "wall": neel_wall(center=(20.0, 8.0), width=3.0),
}
LENGTH, WIDTH = 40.0, 16.0
# nm by degree, of even elements
SIZES = {1: 0.5, 2: 1.0, 3: 1.0, 4: 2.0}
WORST = 8
TOLERANCE = 1e-8


def films(quick: bool) -> Iterator[Film]:
    """Every corner of the box, and the values between."""
    for alpha, exchange, flip in itertools.product(RASHBA_PARAMETERS, EXCHANGE_TIMES, SPIN_FLIP_TIMES):
        if quick and (alpha not in (1e-3, 0.1) or math.isfinite(flip)):
            continue
        yield Film(
            rashba_parameter=alpha,
            exchange_time=exchange,
            momentum_relaxation_time=1e-3,
            spin_flip_time=flip,
            fermi_wavevector=4.3,
        )


def iterations(device: Device, film: Film, m: Magnetization, edges: str, degree: int) -> float:
    """Of one solve; infinite if it does not converge."""
    terminals = {"source": Voltage("1 mV"), "drain": Ground()}
    problem = pose(device, film, m, terminals=terminals, edges=edges, degree=degree)
    try:
        return solve_steady(problem, method="iterative", tolerance=TOLERANCE).report.iterations
    except ConvergenceError:
        return math.inf


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="the corners of the box that are hardest")
    parser.add_argument("--meshes", nargs="+", default=["uniform", "graded", "flat"])
    given = parser.parse_args()
    quick = given.quick
    strip = wire(length=LENGTH, width=WIDTH)
    notched = notched_strip(length=LENGTH, width=WIDTH, notch_width=6.0, notch_depth=5.0, notch="v")
    shapes = {"uniform": strip, "graded": strip, "flat": notched}
    root = MPI.COMM_WORLD.rank == 0
    if root:
        print(f"{'mesh':8} {'degree':>6} {'edges':10} {'m':7} {'unknowns':>8} {'solves':>6}  least median most")
    worst: list[tuple[float, str]] = []
    for kind, degree, edges in itertools.product(given.meshes, (1, 2, 3, 4), ("sink", "insulating")):
        shape = shapes[kind]
        found: dict[str, list[float]] = {"uniform": [], "wall": []}
        for film in films(quick):
            size = SIZES[degree] if kind == "uniform" else "auto"
            plain = shape.mesh(film, element_size=size, degree=degree)
            for name, m in MAGNETIZATIONS.items():
                walls = m.walls if size == "auto" else ()
                device = shape.mesh(film, element_size=size, degree=degree, walls=walls) if walls else plain
                needed = iterations(device, film, m, edges, degree)
                found["wall" if name == "wall" else "uniform"].append(needed)
                what = f"alpha {film.rashba_parameter:g} eV nm, tau_D {film.exchange_time:g} ps, "
                what += f"tau_sf {film.spin_flip_time:g} ps, m {name}"
                worst.append((needed, f"{kind}, degree {degree}, {edges}, {what}"))
        for name, numbers in found.items() if root else ():
            numbers.sort()
            middle = numbers[len(numbers) // 2]
            print(
                f"{kind:8} {degree:6} {edges:10} {name:7} {unknowns(plain, degree):8} {len(numbers):6}  "
                f"{numbers[0]:5g} {middle:6g} {numbers[-1]:4g}",
                flush=True,
            )
    if root:
        print("the worst:")
        for needed, what in sorted(worst, reverse=True)[:WORST]:
            print(f"{needed:5g}  {what}")


if __name__ == "__main__":
    main()
