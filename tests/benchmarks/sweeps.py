"""Full sweeps, each point by itself and with what the points before it left, side by side: a Hall cross of 200 nm.

    python tests/benchmarks/sweeps.py [--sizes 4 2] [--points 20] [--methods direct iterative] [--sweeps film ...]

Seconds of the processor for a point, the median, from the mesh to the row of the file, the first point left out:
"alone" and "recycled" are taken in turns, point by point; "ratio" is that of their sums. "factorised" is how many
points were, "iterations" the mean of the others, "differ" the largest difference of the torque over its length.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from cross import CROSS

from fem_rashba.cli.loading import meshed, solved_on
from fem_rashba.cli.progress import Stages
from fem_rashba.config import sweeping
from fem_rashba.solvers.recycling import Recycling
from fem_rashba.studies.record import record

TEXT = (
    CROSS
    + """[solver]
method = "{method}"
[sweep]
{axis}
"""
)
UNIFORM = 'theta = "60 deg"\nphi = "20 deg"'
SWEEPS = {
    "turn by 1 deg": (UNIFORM, 'magnetization.phi = {{ start = "0 deg", stop = "{0} deg", count = {1} }}'),
    "turn by 10 deg": (UNIFORM, 'magnetization.phi = {{ start = "0 deg", stop = "{0}0 deg", count = {1} }}'),
    "film": (
        UNIFORM,
        'film.rashba_parameter = {{ start = "0.01 eV nm", stop = "0.05 eV nm", count = {1}, spacing = "log" }}',
    ),
    "voltage": (UNIFORM, 'terminals.source.voltage = {{ start = "1 mV", stop = "2 mV", count = {1} }}'),
    "wall": (
        'texture = "bloch_wall"\nwidth = "10 nm"\ncenter = ["0 nm", "0 nm"]',
        'magnetization.width = {{ start = "10 nm", stop = "12 nm", count = {1} }}',
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=float, nargs="+", default=[4.0, 2.0], help="of the elements, nm")
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--methods", nargs="+", default=["direct", "iterative"])
    parser.add_argument("--sweeps", nargs="+", choices=SWEEPS, default=list(SWEEPS))
    given = parser.parse_args()
    print(f"{'sweep':16s} {'unknowns':>9s} {'method':>10s} {'alone':>7s} {'recycled':>9s} {'ratio':>6s}", end="")
    print(f" {'factorised':>11s} {'iterations':>11s} {'differ':>8s}")
    for name in given.sweeps:
        for size in given.sizes:
            for method in given.methods:
                m, axis = SWEEPS[name]
                axis = axis.format(given.points - 1, given.points)
                row = compared(TEXT.format(size=f"{size} nm", degree=2, m=m, method=method, axis=axis))
                print(
                    f"{name:16s} {row['unknowns']:9d} {method:>10s} {row['alone']:7.3f} {row['recycled']:9.3f}", end=""
                )
                print(f" {row['ratio']:6.2f} {row['factorised']:>11s} {row['iterations']:11.1f} {row['differ']:8.0e}")


def compared(text: str) -> dict[str, Any]:
    """One sweep both ways."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sweep.toml"
        path.write_text(text)
        plan = sweeping.load(path)
    quiet = Stages(shown=False)
    device = meshed(plan.config(0), quiet)
    recycling = Recycling()
    seconds: dict[bool, list[float]] = {True: [], False: []}
    iterations, factorised, differ = [], 0, 0.0
    for point in range(plan.size):
        config, torques = plan.config(point), []
        before = recycling.factorisations
        for is_recycled in (False, True):
            start = time.process_time()
            solution = solved_on(device, config, quiet, recycling=recycling if is_recycled else None)
            row = record(solution)
            seconds[is_recycled].append(time.process_time() - start)
            torques.append(np.array(row["torque_average_density"]))
        differ = max(differ, float(np.linalg.norm(torques[1] - torques[0]) / np.linalg.norm(torques[0])))
        if recycling.factorisations == before:
            iterations.append(solution.report.iterations)
        factorised += recycling.factorisations - before
    recycling.destroy()
    alone, recycled = (seconds[way][1:] for way in (False, True))
    return {
        "unknowns": solution.report.unknowns,
        "alone": statistics.median(alone),
        "recycled": statistics.median(recycled),
        "ratio": sum(alone) / sum(recycled),
        "factorised": f"{factorised} of {plan.size}" if factorised else "-",
        "iterations": float(np.mean(iterations)) if iterations else 0.0,
        "differ": differ,
    }


if __name__ == "__main__":
    main()
