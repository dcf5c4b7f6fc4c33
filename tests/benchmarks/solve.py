"""One solve of a Hall cross with even elements, side by side: plain dolfinx, the direct and the iterative method.

    python tests/benchmarks/solve.py [--sizes 1.0 0.5] [--repeats 3]

Each row is a process of its own. Seconds are those from the mesh (excluded) to the solution, after a solve on another,
small mesh: forms are compiled by then, everything else is done anew. Minimum and median of the repeats, taken in turns,
the seconds of the processor, and the peak memory of the whole process. "plain" is what the dolfinx tutorial teaches: a
mixed space, LinearProblem, MUMPS.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ARM_WIDTH, ARM_LENGTH, DEGREE = 50.0, 75.0, 2
TOLERANCE = 1e-8
WAYS = ("plain", "direct", "iterative")


def problem(size: float) -> Any:
    """The cross at its strongest Rashba coupling, an oblique magnetization, spin sinks."""
    from fem_rashba import Film, Ground, Voltage, hall_cross, uniform
    from fem_rashba.solvers.problem import pose

    film = Film(
        rashba_parameter=0.05,
        exchange_time=1e-2,
        momentum_relaxation_time=1e-3,
        spin_flip_time=1.0,
        fermi_wavevector=4.3,
    )
    device = hall_cross(arm_width=ARM_WIDTH, arm_length=ARM_LENGTH).mesh(film, element_size=size, degree=DEGREE)
    terminals = {"source": Voltage(1e-3), "drain": Ground(), "left": Ground(), "right": Ground()}
    return pose(device, film, uniform([0.5, 0.3, 0.8]), terminals=terminals, degree=DEGREE)


def plain(posed: Any) -> tuple[int, float]:
    """Unknowns, and the integral of S_y as a check."""
    import basix.ufl
    import numpy as np
    import ufl
    from dolfinx import fem
    from dolfinx.fem.petsc import LinearProblem

    from fem_rashba.physics import equations

    device = posed.device
    mesh, cell = device.mesh, device.mesh.basix_cell()
    scalar = basix.ufl.element("Lagrange", cell, DEGREE)
    space = fem.functionspace(
        mesh, basix.ufl.mixed_element([scalar, basix.ufl.element("Lagrange", cell, DEGREE, shape=(3,))])
    )
    conditions = []
    for name, tag in (device.terminals | device.edges).items():
        facets = device.facet_tags.find(tag)
        spin, _ = space.sub(1).collapse()
        rows = fem.locate_dofs_topological((space.sub(1), spin), 1, facets)
        conditions.append(fem.dirichletbc(fem.Function(spin), rows, space.sub(1)))
        if name in device.terminals:
            level = fem.Constant(mesh, -posed.film.coefficients.states * float(posed.terminals[name].value))
            conditions.append(
                fem.dirichletbc(level, fem.locate_dofs_topological(space.sub(0), 1, facets), space.sub(0))
            )
    (n, S), (q, v) = ufl.TrialFunctions(space), ufl.TestFunctions(space)
    m = fem.Constant(mesh, np.array([0.5, 0.3, 0.8]) / np.linalg.norm([0.5, 0.3, 0.8]))
    zero = ufl.as_vector((0, 0))
    form = equations.weak_form(posed.film.coefficients, n, S, q, v, m, zero) * ufl.dx
    right = fem.Constant(mesh, 0.0) * q * ufl.dx
    options = {"ksp_type": "preonly", "pc_type": "lu", "pc_factor_mat_solver_type": "mumps", "mat_mumps_icntl_14": 60}
    more: dict[str, Any] = {}
    if "petsc_options_prefix" in LinearProblem.__init__.__code__.co_varnames:
        more["petsc_options_prefix"] = "plain_"
    u = LinearProblem(form, right, bcs=conditions, petsc_options=options, **more).solve()
    unknowns = space.dofmap.index_map.size_global * space.dofmap.index_map_bs
    return unknowns, fem.assemble_scalar(fem.form(u[2] * ufl.dx))


def packaged(method: str) -> Callable[[Any], tuple[int, float]]:
    """The same by the package."""

    def solve(posed: Any) -> tuple[int, float]:
        import ufl
        from dolfinx import fem

        from fem_rashba.solvers.steady import solve_steady

        found = solve_steady(posed, method=method, tolerance=TOLERANCE)
        return found.report.unknowns, fem.assemble_scalar(fem.form(found.u[2] * ufl.dx))

    return solve


def one(way: str, size: float) -> None:
    """Prints unknowns, the check, seconds and gigabytes as JSON."""
    posed = problem(size)
    solve = plain if way == "plain" else packaged(way)
    # on another mesh: the package keeps what belongs to one
    solve(problem(ARM_WIDTH / 4))
    start, used = time.perf_counter(), time.process_time()
    unknowns, check = solve(posed)
    seconds, used = time.perf_counter() - start, time.process_time() - used
    # ru_maxrss of a child begins with what its parent uses
    status = Path("/proc/self/status").read_text()
    memory = 1024 * int(status.split("VmHWM:")[1].split()[0]) / 1e9
    print(json.dumps({"unknowns": unknowns, "check": check, "seconds": seconds, "cpu": used, "GB": memory}))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=float, nargs="+", default=[1.0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", nargs=2, metavar=("WAY", "SIZE"), help="one measurement, as JSON")
    given = parser.parse_args()
    if given.one:
        one(given.one[0], float(given.one[1]))
        return
    head = f"{'size nm':>8} {'way':10} {'unknowns':>9} {'min s':>7} {'median':>7} {'ratio':>6} {'cpu s':>6} {'GB':>5}"
    print(f"{head}  integral of S_y")
    for size in given.sizes:
        rows: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        for _ in range(given.repeats):
            for way in WAYS:
                words = [sys.executable, __file__, "--one", way, str(size)]
                rows[way].append(json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout))
        first = min(row["seconds"] for row in rows["plain"])
        for way, found in rows.items():
            seconds, used = sorted(row["seconds"] for row in found), min(row["cpu"] for row in found)
            most = max(row["GB"] for row in found)
            print(
                f"{size:8g} {way:10} {found[0]['unknowns']:9} {seconds[0]:7.2f} {statistics.median(seconds):7.2f} "
                f"{first / seconds[0]:6.1f} {used:6.2f} {most:5.2f}  {found[0]['check']:.8e}",
                flush=True,
            )


if __name__ == "__main__":
    main()
