"""Operators from scalar matrices and coefficients against the assembled forms of the equations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import FILM_TOML, OBLIQUE, film, square, unit

from fem_rashba import Contact, Current, Ground, Injected, Relaxing, hall_cross, neel_wall, notched_strip, uniform
from fem_rashba.physics.film import Film
from fem_rashba.physics.motion import in_motion
from fem_rashba.solvers.loops import native
from fem_rashba.solvers.problem import Problem, pose
from fem_rashba.solvers.tensors import tensor

# every weight of the equations is at work
EVERY: dict[str, Any] = {"rashba_parameter": 0.03, "couplings": "consistent", "denominators": "full"}
PLAIN: dict[str, Any] = {"rashba_parameter": 0.0, "exchange_time": np.inf}
DRIVEN = {"source": Current("1 nA"), "drain": Ground()}


def cross(degree: int) -> Problem:
    """Rectangles, many of them long and thin, sinks."""
    made = film(rashba_parameter=1e-2)
    device = hall_cross(arm_width=6.0, arm_length=3.0).mesh(made, degree=3)
    return pose(device, made, uniform(OBLIQUE), terminals=DRIVEN, degree=degree)


def strip(degree: int) -> Problem:
    """Curved triangles, a uniform field, edges that relax spin."""
    made = film(**EVERY)
    shape = notched_strip(length=40.0, width=20.0, notch_width=10.0, notch_depth=5.0, notch="round")
    return pose(
        shape.mesh(made, element_size=3.0, degree=degree),
        made,
        uniform(OBLIQUE),
        electric_field=("1 mV/nm", "0.4 mV/nm"),
        edges=Relaxing(loss_velocity=50.0),
        degree=degree,
    )


def bent(degree: int) -> Problem:
    """Quadrilaterals that are no parallelograms, a spin current that is injected."""
    made = film(rashba_parameter=-1e-3)
    device = square("quadrilateral", 5, size=(10.0, 10.0), sides=lambda x, y: "source" if y < 0.1 else "drain")
    x, y = device.mesh.geometry.x[:, 0].copy(), device.mesh.geometry.x[:, 1].copy()
    device.mesh.geometry.x[:, 0] = x + 0.3 * y + 0.02 * x * y
    return pose(
        device,
        made,
        uniform([0, 0.6, -0.8]),
        terminals={"source": Contact(spin=Injected(spin_current=[0.03, 0.02, -0.05])), "drain": Contact()},
        electric_field=("0.3 mV/nm", "0 V/nm"),
        degree=degree,
    )


def regions(degree: int) -> Problem:
    """Triangles of two films."""
    from pathlib import Path

    from fem_rashba import mesh_file

    made = film(rashba_parameter=0.02)
    device = mesh_file(Path(__file__).parents[1] / "meshes" / "bent_wire.msh").mesh(made, degree=degree)
    return pose(
        device,
        made,
        uniform(OBLIQUE),
        terminals=DRIVEN,
        edges="insulating",
        regions={"lead": film(**PLAIN)},
        degree=degree,
    )


CASES = {"cross": cross, "strip": strip, "bent": bent, "regions": regions}
# a rounding of coordinates of some nm is 1e-13 of elements of some pm
TOLERANCES = {"cross": 1e-11, "strip": 1e-13, "bent": 1e-13, "regions": 1e-13}


def differences(problem: Problem) -> tuple[float, float, float]:
    """Relative differences of the matrix by entries, in blocks, and of the weak form of a random function."""
    from dolfinx import fem
    from mpi4py import MPI
    from petsc4py import PETSc

    from fem_rashba.solvers.affine import AffineOperator
    from fem_rashba.solvers.discretization import discretize
    from fem_rashba.solvers.operators import CompiledSteadyOperator, steady_operator
    from fem_rashba.solvers.terminals import Terminals

    d = discretize(problem)
    terminals, comm = Terminals(d), d.space.mesh.comm
    made, expected = steady_operator(d), CompiledSteadyOperator(d)
    assert isinstance(made, AffineOperator)
    found = []
    for blocked in (False, True):
        a, b = (o.matrix(terminals, blocked=blocked) for o in (made, expected))
        assert a.getType() == b.getType() and a.getBlockSize() == 4
        a, b = a.convert("aij"), b.convert("aij")
        size = b.norm(PETSc.NormType.INFINITY)
        a.axpy(-1.0, b, PETSc.Mat.Structure.DIFFERENT_NONZERO_PATTERN)
        found.append(a.norm(PETSc.NormType.INFINITY) / size)
    u = fem.Function(d.space)
    u.x.array[:] = np.random.default_rng(comm.rank).standard_normal(len(u.x.array))
    u.x.scatter_forward()
    terms = [o.defect(u) for o in (made, expected)]
    sizes = [comm.allreduce(np.abs(v).max(initial=0.0), op=MPI.MAX) for v in (terms[0] - terms[1], terms[1])]
    return found[0], found[1], sizes[0] / sizes[1]


@pytest.mark.parametrize(("name", "degree"), [("cross", 2), ("strip", 4), ("bent", 3), ("regions", 1)])
def test_operator(name: str, degree: int) -> None:
    assert max(differences(CASES[name](degree))) < TOLERANCES[name]


@pytest.mark.mpi
@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks(ranks: int) -> None:
    program = (
        "import sys\n"
        f"sys.path[:0] = {sys.path!r}\n"
        "import test_affine as t\n"
        "for name, case in t.CASES.items():\n"
        "    assert max(t.differences(case(2))) < t.TOLERANCES[name], name\n"
    )
    command = ["mpirun", "-n", str(ranks), sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_coefficients_of_a_film_without_spin_orbit_coupling() -> None:
    """Diffusion and relaxation only: no first derivatives, and no precession without exchange."""
    made = film(**PLAIN, spin_flip_time=0.25)
    found = tensor(made.coefficients, unit(OBLIQUE)).blocks
    assert found["mass"] == pytest.approx(np.diag([0.0, 4.0, 4.0, 4.0]), abs=1e-12)
    assert found["stiffness"] == pytest.approx(made.coefficients.D * np.eye(4), rel=1e-13)
    assert all(np.abs(block).max() < 1e-12 for name, block in found.items() if name not in ("mass", "stiffness"))


def test_drive_of_a_plain_film() -> None:
    """A field drives charge like a gradient of n0 E/eF: the current D n0 E/eF along it, the other way for electrons."""
    made = film(**PLAIN)
    found = tensor(made.coefficients, unit(OBLIQUE)).drive
    expected = np.zeros((3, 4, 2))
    expected[1, 0, 0] = expected[2, 0, 1] = made.coefficients.D * made.coefficients.states
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12 * expected.max())


def test_another_film_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is a matrix of the mesh made again."""
    from fem_rashba.solvers import discretization, elements, steady, tensors

    first = cross(2)
    steady.solve_steady(first)

    def never(*given: Any) -> None:
        raise AssertionError(given)

    for module in (discretization, tensors):
        monkeypatch.setattr(module, "compiled", never)
    monkeypatch.setattr(elements.Elements, "matrices", never)
    made = film(rashba_parameter=0.01, exchange_time=0.05)
    again = pose(first.device, made, uniform([0, 0, 1]), terminals=DRIVEN, degree=2)
    assert steady.solve_steady(again).report.residual < 1e-10


def test_forms_where_coefficients_depend_on_the_place() -> None:
    from dolfinx import fem

    from fem_rashba.solvers.affine import AffineOperator
    from fem_rashba.solvers.discretization import discretize
    from fem_rashba.solvers.operators import CompiledSteadyOperator, steady_operator

    made: Film = film()
    device = square("triangle", 2, sides=lambda x, y: "source" if x < 0.01 else "drain")

    def posed(m: Any) -> Problem:
        return pose(device, made, m, terminals=DRIVEN, degree=1)

    turned = in_motion(uniform(OBLIQUE), rotation_axis=[0, 0, 1], rotation_frequency=1.0)
    for m in (uniform(OBLIQUE), turned):
        assert isinstance(steady_operator(discretize(posed(m))), AffineOperator)
    wall = neel_wall(center=(0.5, 0.5), width=0.5)
    assert isinstance(steady_operator(discretize(posed(wall))), CompiledSteadyOperator)
    varying = discretize(posed(uniform(OBLIQUE)))
    varying.coefficients.w = fem.Function(fem.functionspace(device.mesh, ("Lagrange", 1)))
    assert isinstance(steady_operator(varying), CompiledSteadyOperator)


@pytest.mark.parametrize(("compiler", "said"), [("no-such-compiler", "No such file"), ("false", "status 1")])
def test_no_compiler(compiler: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CC", compiler)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(OSError, match=f"{compiler}.*{said}.*CC names another"):
        native.library_file("kernels.c")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    # the command, which compiles forms first: one sentence
    path, out = tmp_path / "wire.toml", tmp_path / "out"
    path.write_text(
        FILM_TOML + '[device]\nshape = "wire"\nlength = "8 nm"\nwidth = "4 nm"\nelement_size = "4 nm"\ndegree = 1\n'
        '[magnetization]\ndirection = [1, 0, 0]\n[terminals.source]\nvoltage = "1 mV"\n'
    )
    command = [sys.executable, "-m", "fem_rashba", "run", str(path), "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode not in (0, 3) and "Traceback" not in done.stderr
    assert "the C compiler cannot compile a form" in done.stderr and "CC names another one" in done.stderr
    assert not out.exists()
