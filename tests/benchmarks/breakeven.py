"""The direct method beside the iterative one as "auto" has it, over sizes: from where on it is faster, and how near.

    python tests/benchmarks/breakeven.py [--largest 300000] [--repeats 3]

Degree 3, alpha = 0.05 eV nm, crosses with even and with graded elements, and notched strips with flat triangles, all of
growing size. Seconds of the processor, minimum and median, from the mesh to the solution, the two taken in turns after
a first solve that is left out. "differ" is the largest difference of a terminal current over the largest current, and
that of the total torque over its length. "auto" is what it takes there.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from fem_rashba import Film, Ground, Voltage, hall_cross, notched_strip, uniform
from fem_rashba.results.integrals import integrals
from fem_rashba.solvers.estimate import largest_direct, resolved_method, unknowns
from fem_rashba.solvers.problem import Problem, pose
from fem_rashba.solvers.steady import SteadyState, solve_steady

DEGREE = 3
FILM = Film(
    rashba_parameter=0.05,
    exchange_time=1e-2,
    momentum_relaxation_time=1e-3,
    spin_flip_time=1.0,
    fermi_wavevector=4.3,
)
WAYS: dict[str, dict[str, Any]] = {
    "direct": {"method": "direct"},
    # what "auto" aims at, a hundredth of its tolerance
    "iterative": {"method": "iterative", "tolerance": 1e-12},
}


def problems() -> Iterator[tuple[str, Problem]]:
    """Meshes by name, each smaller than the next of its name."""
    sizes = (4.0, 8.0, 16.0, 32.0, 64.0)
    shapes = {
        "even": [(hall_cross(arm_width=s, arm_length=1.5 * s), {"element_size": 1.0}) for s in (8, 16, 24, 32, 48)],
        "graded": [(hall_cross(arm_width=s, arm_length=s), {}) for s in sizes],
        "flat": [
            (notched_strip(length=4 * s, width=2 * s, notch_width=s, notch_depth=s / 2, notch="round"), {})
            for s in sizes
        ],
    }
    for name, every in shapes.items():
        for shape, others in every:
            device = shape.mesh(FILM, degree=DEGREE, **others)
            terminals = {"source": Voltage(1e-3), "drain": Ground()}
            yield name, pose(device, FILM, uniform([0.5, 0.3, 0.8]), terminals=terminals, degree=DEGREE)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--largest", type=int, default=300_000, help="number of unknowns")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    print(
        f"{'mesh':8} {'unknowns':>9} {'direct':>7} {'median':>7} {'iterative':>10} {'median':>7} {'ratio':>6}", end=""
    )
    print(f" {'its':>4} {'residual':>9} {'differ: I':>10} {'torque':>8}  auto")
    for name, problem in problems():
        size = unknowns(problem.device, DEGREE)
        if size > given.largest:
            continue
        seconds: dict[str, list[float]] = {way: [] for way in WAYS}
        states: dict[str, SteadyState] = {}
        for _ in range(given.repeats + 1):
            for way, settings in WAYS.items():
                start = time.process_time()
                states[way] = solve_steady(problem, **settings)
                seconds[way].append(time.process_time() - start)
        one, other = states.values()
        currents = [np.array(list(state.currents.values())) for state in (one, other)]
        torques = [integrals(state).torque for state in (one, other)]
        print(f"{name:8} {size:9d}", end="")
        for width, own in zip((7, 10), seconds.values(), strict=True):
            print(f" {min(own[1:]):{width}.3f} {statistics.median(own[1:]):7.3f}", end="")
        print(f" {min(seconds['direct'][1:]) / min(seconds['iterative'][1:]):6.1f}", end="")
        print(f" {other.report.iterations:4d} {other.report.residual:9.0e}", end="")
        print(f" {np.abs(currents[1] - currents[0]).max() / np.abs(currents[0]).max():10.0e}", end="")
        print(f" {np.linalg.norm(torques[1] - torques[0]) / np.linalg.norm(torques[0]):8.0e}", end="")
        print(f"  {resolved_method('auto', size, largest_direct(problem))}", flush=True)


if __name__ == "__main__":
    main()
