"""Strong and weak scaling of a Hall cross over ranks, stage by stage, and what limits the solve.

    python tests/benchmarks/scaling.py [--ranks 1 2 4] [--strong 400000] [--weak 200000] [--graded]

Strong: so many unknowns in all; weak: so many for each rank. 0 leaves a table out. Every row is a run of its own under
the launcher. Seconds are those of the slowest rank and the second solve, so that forms are compiled: mesh; assembly;
set-up of the preconditioner; solve; output (summary, state and fields; no pictures). Efficiency: of the sum without the
mesh, which one rank makes. Memory is the peak of the largest rank, and per unknown what all ranks have together.

The second table says what the solve does: the bytes of the finest operator for each unknown; how many products with it
would take as many bytes as all products and all smoothing; the rate at which products and smoothing take matrices from
memory, also over that of a triad a = b + 3 c which all ranks run at once; the share of the time that each takes, the
exchange of values between ranks apart. "predicted" is the time in which those bytes would come at the triad's rate, and
the coarse solve as it was measured. With --graded the elements are those of `accuracy = 1e-5` at degree 4, on one rank.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

WIDTH, LENGTH, DEGREE = 50.0, 75.0, 2
TOLERANCE = 1e-8
PRODUCT_BYTES, SWEEP_BYTES, FACTOR_BYTES = 4 * 8 + 4, 4 * 4 + 4, 16 * 4 + 4
"""Of an entry and its column: four scalars of double or single precision, or a block of single precision."""

Row = dict[str, Any]


def element_size(unknowns: int) -> float:
    """Of even elements of degree 2, nm: four fields at four nodes for each cell."""
    area = WIDTH**2 + 4 * WIDTH * LENGTH
    return float((16 * area / unknowns) ** 0.5)


def one(unknowns: int, folder: str) -> None:
    """A run on the ranks of this process, on graded elements for no unknowns; rank 0 prints it as JSON."""
    from mpi4py import MPI
    from peer_form import DIRECTION, peak_memory
    from peers import film

    from fem_rashba import Ground, Voltage, hall_cross, save, solve, uniform

    comm, degree = MPI.COMM_WORLD, DEGREE if unknowns else 4
    bandwidth = comm.allreduce(triad(comm))
    seconds: dict[str, float] = {}

    def timed(name: str, work: Any) -> Any:
        comm.barrier()
        start = time.perf_counter()
        result = work()
        seconds[name] = comm.allreduce(time.perf_counter() - start, op=MPI.MAX)
        return result

    def mesh(scale: float = 1.0) -> Any:
        shape = hall_cross(arm_width=scale * WIDTH, arm_length=scale * LENGTH)
        if not unknowns:
            return shape.mesh(film(), degree=degree, accuracy=1e-5, goal="torque")
        return shape.mesh(film(), element_size=element_size(unknowns) if scale == 1 else 5.0, degree=degree)

    def solved(device: Any) -> Any:
        terminals = {"source": Voltage(1e-3)} | dict.fromkeys(("drain", "left", "right"), Ground())
        options = {"terminals": terminals, "degree": degree, "method": "iterative", "tolerance": TOLERANCE}
        return solve(device, film(), uniform(DIRECTION), **options)

    out = Path(folder) / "out"
    save(solved(mesh(0.4)), out, plots=False)
    device = timed("mesh", mesh)
    work = watched(comm)
    solution = solved(device)
    stages = comm.allreduce(solution.report.seconds, op=MPI.Op.Create(lambda a, b, _: {k: max(a[k], b[k]) for k in a}))
    seconds |= {"set-up": 0.0, "solve": stages.pop("solving")}
    for name in [name for name in stages if "precond" in name or "factor" in name]:
        seconds["set-up"] += stages.pop(name)
    seconds["assembly"] = sum(stages.values())
    counted = {f"{kind}_{what}": comm.allreduce(number) for (kind, what), number in work.items()}
    timed("output", lambda: save(solution, out, plots=False))
    memory = comm.allgather(peak_memory())
    row = {"ranks": comm.size, "unknowns": solution.report.unknowns, "iterations": solution.report.iterations}
    row |= {"seconds": seconds, "GB": memory, "triad": bandwidth} | counted
    if comm.rank == 0:
        print(json.dumps(row))


def triad(comm: Any, size: int = 4_000_000) -> float:
    """Bytes per second of this rank while all run a = b + 3 c, in two passes over five arrays in all."""
    import numpy as np

    a, b, c = (np.full(size, float(k)) for k in range(3))
    best = float("inf")
    for _ in range(8):
        comm.barrier()
        start = time.perf_counter()
        np.multiply(c, 3.0, out=a)
        np.add(a, b, out=a)
        best = min(best, time.perf_counter() - start)
    return 5 * 8 * size / best


def watched(comm: Any) -> dict[tuple[str, str], float]:
    """Bytes and seconds of products, smoothing, coarse solves and exchanges of this rank, from now on."""
    from fem_rashba.solvers.coarsest import Coarsest
    from fem_rashba.solvers.halo import Halo
    from fem_rashba.solvers.loops.factors import IncompleteFactors
    from fem_rashba.solvers.loops.kernels import Kernels

    work: dict[tuple[str, str], float] = {(k, w): 0.0 for k in ("product", "smoother") for w in ("bytes", "seconds")}
    work |= {("coarse", "seconds"): 0.0, ("exchange", "seconds"): 0.0, ("operator", "bytes"): 0.0}

    def watch(owner: Any, name: str, kind: str, size: Any) -> None:
        called = getattr(owner, name)

        def timed(self: Any, *arguments: Any, **options: Any) -> Any:
            start = time.perf_counter()
            result = called(self, *arguments, **options)
            work[kind, "seconds"] += time.perf_counter() - start
            if size is not None:
                work[kind, "bytes"] += size(self)
            return result

        setattr(owner, name, timed)

    def product(matrix: Any) -> float:
        size = PRODUCT_BYTES * float(len(matrix.columns))
        work["operator", "bytes"] = max(work["operator", "bytes"], size)
        return size

    watch(Kernels, "product", "product", product)
    watch(Kernels, "residual", "product", product)
    watch(Kernels, "sweep", "smoother", lambda matrix: SWEEP_BYTES * len(matrix.columns) + 64 * len(matrix.free))
    watch(IncompleteFactors, "solve", "smoother", lambda factors: FACTOR_BYTES * len(factors.blocks))
    watch(Coarsest, "solve", "coarse", None)
    watch(Halo, "update", "exchange", None)
    watch(Halo, "gathered", "exchange", None)
    return work


def run(ranks: int, unknowns: int, launcher: str) -> Row:
    """A row of the tables."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        words = [*shlex.split(launcher), str(ranks), sys.executable, __file__, "--one", str(unknowns), folder]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


STAGES = ("mesh", "assembly", "set-up", "solve", "output")


def tables(title: str, rows: list[Row], weak: bool) -> None:
    """Prints both."""
    print(f"\n{title}")
    names = "".join(f"{name:>9}" for name in STAGES)
    print(f"{'ranks':>5} {'unknowns':>9} {'its':>4} {names} {'efficiency':>11} {'GB':>6} {'B/unknown':>10}")
    first = rows[0]
    for row in rows:
        took, before = (sum(r["seconds"][s] for s in STAGES[1:]) for r in (row, first))
        share = before / took * (1 if weak else first["ranks"] / row["ranks"])
        stages = "".join(f"{row['seconds'][name]:9.2f}" for name in STAGES)
        print(f"{row['ranks']:5} {row['unknowns']:9} {row['iterations']:4} {stages} {share:11.2f} ", end="")
        print(f"{max(row['GB']):6.2f} {1e9 * sum(row['GB']) / row['unknowns']:10.0f}")
    print(f"{'':5} {'triad':>6} {'':>17} {'products':>14} {'smoothing':>14} {'share of the time of a solve':>42}")
    print(
        f"{'ranks':>5} {'GB/s':>6} {'B/unknown':>10} {'number':>6} {'GB/s':>7} {'triad':>6} {'GB/s':>7} {'triad':>6}"
        f" {'products':>9} {'smoothing':>10} {'coarse':>7} {'others':>6} {'rest':>6} {'predicted':>10} {'measured':>9}"
    )
    for row in rows:
        measured, both = row["seconds"]["solve"], row["product_bytes"] + row["smoother_bytes"]
        text = f"{row['ranks']:5} {row['triad'] / 1e9:6.1f} {row['operator_bytes'] / row['unknowns']:10.0f} "
        text += f"{both / row['operator_bytes']:6.1f}"
        seconds = {
            kind: row[f"{kind}_seconds"] / row["ranks"] for kind in ("product", "smoother", "coarse", "exchange")
        }
        for kind in ("product", "smoother"):
            rate = row[f"{kind}_bytes"] / max(seconds[kind], 1e-9)
            text += f" {rate / 1e9:7.1f} {rate / row['triad']:6.2f}"
        shares = [taken / measured for taken in seconds.values()]
        predicted = both / row["triad"] + seconds["coarse"]
        text += f" {shares[0]:9.2f} {shares[1]:10.2f} {shares[2]:7.2f} {shares[3]:6.2f} {1 - sum(shares):6.2f}"
        print(f"{text} {predicted:10.3f} {measured:9.3f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--strong", type=int, default=400_000)
    parser.add_argument("--weak", type=int, default=200_000)
    parser.add_argument("--graded", action="store_true", help="a graded mesh as well")
    parser.add_argument("--launcher", default="mpirun -n", help="what stands before the number of ranks")
    parser.add_argument("--one", nargs=2, metavar=("UNKNOWNS", "FOLDER"), help="a run, as JSON")
    given = parser.parse_args()
    if given.one:
        one(int(given.one[0]), given.one[1])
        return
    if given.strong:
        rows = [run(n, given.strong, given.launcher) for n in given.ranks]
        tables(f"strong scaling, about {given.strong} unknowns", rows, weak=False)
    if given.weak:
        rows = [run(n, n * given.weak, given.launcher) for n in given.ranks]
        tables(f"weak scaling, about {given.weak} unknowns for each rank", rows, weak=True)
    if given.graded:
        tables("degree 4 on graded elements", [run(1, 0, given.launcher)], weak=False)


if __name__ == "__main__":
    main()
