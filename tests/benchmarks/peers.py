"""A Hall cross with this package, plain dolfinx, NGSolve and scikit-fem on one mesh; then each on a graded one.

    python tests/benchmarks/peers.py [--size 1.14] [--repeats 3] [--no-graded]

The peers run in the Python that FEM_RASHBA_PEERS names (default: this one), if it has them:

    python -m venv --system-site-packages build/peers
    build/peers/bin/python -m pip install ngsolve scikit-fem pypardiso
    FEM_RASHBA_PEERS=build/peers/bin/python python tests/benchmarks/peers.py

Each row is a process of its own with one thread, in turns. "solve": seconds from the mesh to the integral of S, minimum
and median, and the least processor time, which a busy machine changes less; "with mesh": minimum with the mesh made,
which in the first table the peers only read. Imports and just-in-time compilation are left out. Peak memory is that of
the whole process. The reference is a mesh of NGSolve at degree 6; the graded meshes reach 3e-7 of the torque. The
equations of the peers are in peer_form.py, written apart from the package's.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PEERS = os.environ.get("FEM_RASHBA_PEERS", sys.executable)
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NGS_NUM_THREADS")
REFERENCE = ("peer_ngsolve.py", "graded", "6", "pardiso", "1.5", "0.01", "0.25")
ARM_WIDTH, ARM_LENGTH = 50.0, 75.0
TOLERANCE, ACCURACY = 1e-8, 1e-5
NGSOLVE_MESH = ("1.5", "0.05", "0.35")
Row = dict[str, Any]


def store_mesh(path: str, size: float) -> None:
    """The mesh of the package as plain arrays: points, cells, and the ends of the sides on terminals and edges."""
    import numpy as np
    from dolfinx.mesh import entities_to_geometry

    made = device(str(size), 2)
    mesh, tags = made.mesh, made.facet_tags
    mesh.topology.create_connectivity(1, 2)
    ends = {f"terminal_{n}": tags.find(tag) for n, tag in made.terminals.items()}
    ends["edge"] = np.concatenate([tags.find(tag) for tag in made.edges.values()])
    sides = {name: entities_to_geometry(mesh, 1, facets)[:, :2] for name, facets in ends.items()}
    cells = mesh.geometry.dofmap
    # dolfinx numbers the corners of a quadrilateral row by row, the peers around it
    np.savez(
        path, points=mesh.geometry.x[:, :2], cells=cells if cells.shape[1] == 3 else cells[:, [0, 1, 3, 2]], **sides
    )


def packaged(way: str, size: str, degree: int) -> None:
    """Prints a measurement of this package or of plain dolfinx; forms are compiled before, on a small mesh."""
    import peer_form

    from fem_rashba.solvers.steady import solve_steady

    def solved(device: Any) -> tuple[int, Any, float]:
        problem = posed(device, degree)
        if way == "plain":
            return (*plain(problem), device.area)
        found = solve_steady(problem, method=way, tolerance=TOLERANCE)
        return found.report.unknowns, total_spin(found.u), device.area

    solved(device("auto" if size == "auto" else "5.0", degree, 0.3))
    peer_form.tell(lambda: device(size, degree), solved)


def device(size: str, degree: int, scale: float = 1.0) -> Any:
    """The cross, or a smaller one, with even or (size "auto") graded elements."""
    from fem_rashba import hall_cross

    shape = hall_cross(arm_width=scale * ARM_WIDTH, arm_length=scale * ARM_LENGTH)
    if size == "auto":
        return shape.mesh(film(), degree=degree, accuracy=ACCURACY, goal="torque")
    return shape.mesh(film(), element_size=float(size), degree=degree)


def film() -> Any:
    """That of the peers."""
    from peer_form import FILM

    from fem_rashba import Film

    return Film(
        rashba_parameter=FILM["alpha"],
        exchange_time=FILM["tau_exchange"],
        momentum_relaxation_time=FILM["tau"],
        spin_flip_time=FILM["tau_sf"],
        fermi_wavevector=FILM["kF"],
    )


def posed(device: Any, degree: int) -> Any:
    """1 mV at the source, the other terminals grounded, spin sinks everywhere."""
    from peer_form import DIRECTION

    from fem_rashba import Ground, Voltage, uniform
    from fem_rashba.solvers.problem import pose

    terminals = {"source": Voltage(1e-3)} | dict.fromkeys(("drain", "left", "right"), Ground())
    return pose(device, film(), uniform(DIRECTION), terminals=terminals, degree=degree)


def total_spin(u: Any) -> Any:
    """The integral of S, shape (3,), of (n, S) in one function, on one rank."""
    import ufl
    from dolfinx import fem

    test = ufl.TestFunction(fem.functionspace(u.function_space.mesh, ("DG", 0, (3,))))
    return (
        fem.assemble_vector(fem.form(ufl.inner(ufl.as_vector([u[1], u[2], u[3]]), test) * ufl.dx))
        .array.reshape(-1, 3)
        .sum(axis=0)
    )


def plain(problem: Any) -> tuple[int, Any]:
    """What the dolfinx tutorial teaches: a mixed space, LinearProblem, MUMPS. Unknowns and the integral of S."""
    import basix.ufl
    import ufl
    from dolfinx import fem
    from dolfinx.fem.petsc import LinearProblem
    from peer_form import DIRECTION

    from fem_rashba.physics import equations

    device, degree = problem.device, problem.degree
    mesh, cell = device.mesh, device.mesh.basix_cell()
    parts = [basix.ufl.element("Lagrange", cell, degree), basix.ufl.element("Lagrange", cell, degree, shape=(3,))]
    space = fem.functionspace(mesh, basix.ufl.mixed_element(parts))
    conditions = []
    for name, tag in (device.terminals | device.edges).items():
        facets = device.facet_tags.find(tag)
        spin, _ = space.sub(1).collapse()
        rows = fem.locate_dofs_topological((space.sub(1), spin), 1, facets)
        conditions.append(fem.dirichletbc(fem.Function(spin), rows, space.sub(1)))
        if name in device.terminals:
            level = fem.Constant(mesh, -problem.film.coefficients.states * float(problem.terminals[name].value))
            rows = fem.locate_dofs_topological(space.sub(0), 1, facets)
            conditions.append(fem.dirichletbc(level, rows, space.sub(0)))
    (n, S), (q, v) = ufl.TrialFunctions(space), ufl.TestFunctions(space)
    m, zero = fem.Constant(mesh, DIRECTION), ufl.as_vector((0, 0))
    form = equations.weak_form(problem.film.coefficients, n, S, q, v, m, zero) * ufl.dx
    options = {"ksp_type": "preonly", "pc_type": "lu", "pc_factor_mat_solver_type": "mumps", "mat_mumps_icntl_14": 60}
    more = {"petsc_options_prefix": "plain_"} if _takes_prefix(LinearProblem) else {}
    u = LinearProblem(form, fem.Constant(mesh, 0.0) * q * ufl.dx, bcs=conditions, petsc_options=options, **more).solve()
    return space.dofmap.index_map.size_global * space.dofmap.index_map_bs, total_spin(u)


def _takes_prefix(problem: Any) -> bool:
    return "petsc_options_prefix" in problem.__init__.__code__.co_varnames


def measured(words: list[str], python: str = sys.executable) -> Row | None:
    """What a process of its own prints; None if a peer is not installed."""
    environment = os.environ | dict.fromkeys(THREADS, "1")
    done = subprocess.run(
        [python, str(FOLDER / words[0]), *words[1:]], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        if "ModuleNotFoundError" in done.stderr:
            return None
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def table(title: str, ways: dict[str, tuple[list[str], str]], repeats: int, reference: float | None) -> None:
    """Measures all ways in turns and prints a row for each."""
    rows: dict[str, list[Row]] = {name: [] for name in ways}
    missing = set()
    for _ in range(repeats):
        for name, (words, python) in ways.items():
            if name not in missing and (row := measured(words, python)) is not None:
                rows[name].append(row)
            elif name not in missing:
                missing.add(name)
    print(f"\n{title}")
    names = f"{'solve: min':>10} {'median':>7} {'cpu':>6} {'with mesh':>9}"
    print(f"{'':28} {'unknowns':>9} {names} {'GB':>5}  torque, eV/nm^2", end="")
    print("    against the reference" if reference else "")
    for name, found in rows.items():
        if not found:
            print(f"{name:28} not installed")
            continue
        seconds = [row["seconds"] for row in found]
        whole = min(row["seconds"] + row["mesh"] for row in found)
        error = f"  {found[0]['torque'] / reference - 1:20.1e}" if reference else ""
        print(
            f"{name:28} {found[0]['unknowns']:9} {min(seconds):10.2f} {statistics.median(seconds):7.2f} "
            f"{min(row['cpu'] for row in found):6.2f} {whole:9.2f} "
            f"{max(row['GB'] for row in found):5.2f}  {found[0]['torque']:.9e}{error}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=float, default=1.14, help="of the even elements, nm")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-graded", dest="graded", action="store_false")
    parser.add_argument("--own", nargs=3, metavar=("WAY", "SIZE", "DEGREE"), help="one measurement, as JSON")
    parser.add_argument("--store", nargs=2, metavar=("FILE", "SIZE"), help="write the mesh")
    given = parser.parse_args()
    if given.own:
        packaged(given.own[0], given.own[1], int(given.own[2]))
        return
    if given.store:
        store_mesh(given.store[0], float(given.store[1]))
        return
    me = sys.executable
    known = measured(list(REFERENCE), PEERS) if given.graded else None
    target = known and known["torque"]
    with tempfile.TemporaryDirectory() as folder:
        mesh = str(Path(folder) / "mesh.npz")
        subprocess.run([me, __file__, "--store", mesh, str(given.size)], check=True)
        own = {
            f"fem_rashba, {way}": (["peers.py", "--own", way, str(given.size), "2"], me)
            for way in ("iterative", "direct")
        }
        ways = {"dolfinx, mixed, MUMPS": (["peers.py", "--own", "plain", str(given.size), "2"], me)} | own
        ways |= {
            "NGSolve, umfpack": (["peer_ngsolve.py", mesh, "2", "umfpack"], PEERS),
            "NGSolve, pardiso": (["peer_ngsolve.py", mesh, "2", "pardiso"], PEERS),
            "scikit-fem": (["peer_skfem.py", mesh], PEERS),
        }
        table(f"degree 2, the same mesh of even elements of {given.size:g} nm", ways, given.repeats, target)
    if not given.graded:
        return
    ways = {
        "fem_rashba, direct": (["peers.py", "--own", "direct", "auto", "4"], me),
        "fem_rashba, iterative": (["peers.py", "--own", "iterative", "auto", "4"], me),
        "NGSolve, umfpack": (["peer_ngsolve.py", "graded", "4", "umfpack", *NGSOLVE_MESH], PEERS),
    }
    table("degree 4, each on a graded mesh of its own", ways, given.repeats, target)


if __name__ == "__main__":
    main()
