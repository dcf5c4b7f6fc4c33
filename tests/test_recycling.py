"""Points of a sweep solved with what those before them have left, against each solved by itself."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI
from samples import film

from fem_rashba.devices.conditions import Current, Ground, Voltage
from fem_rashba.devices.shapes import hall_cross
from fem_rashba.physics.magnetization import uniform
from fem_rashba.physics.textures import bloch_wall
from fem_rashba.results.solution import Solution, solve
from fem_rashba.results.terminals import currents, voltages
from fem_rashba.solvers.linear import ConvergenceError
from fem_rashba.solvers.recycling import Recycling
from fem_rashba.solvers.steady import solve_steady
from fem_rashba.solvers.subspace import projected, reduced

DRIVE = {"source": Voltage(1e-3), "drain": Ground(), "left": Current(2e-9)}
FILM = film()


def oblique(phi: float) -> Any:
    return uniform([0.8 * np.cos(phi), 0.8 * np.sin(phi), 0.6])


TURNED = [{"magnetization": oblique(0.02 * k)} for k in range(24)]
FILMS = [{"film": film(rashba_parameter=0.01 * 1.15**k)} for k in range(8)]
VOLTAGES = [{"terminals": DRIVE | {"source": Voltage(1e-3 * (1 + k))}} for k in range(4)]
WALLS = [{"magnetization": bloch_wall(center=[0, 0], width=4 + 0.1 * k)} for k in range(3)]
FAR = [{"film": film(exchange_time=time)} for time in ("inf", 0.1, 2e-3, 5e-2)]
EDGES = [{"edges": kind, "magnetization": oblique(0.1)} for kind in ("sink", "insulating", "sink")]


def numbers(solution: Solution) -> dict[str, np.ndarray]:
    found = solution.integrals
    return {
        "spin": found.spin_density,
        "torque": found.torque,
        "currents": np.array(list(currents(solution).values())),
        "voltages": np.array([v for v in voltages(solution).values() if v is not None]),
    }


def compared(points: list[dict[str, Any]], recycling: Recycling, **settings: Any) -> tuple[list[Solution], float]:
    """The solutions, and the largest relative difference from those of each point alone."""
    device = hall_cross(arm_width=8, arm_length=8).mesh(FILM, element_size=2, degree=2)
    found, worst = [], 0.0
    for point in points:
        given = {"film": FILM, "magnetization": oblique(0.0), "terminals": DRIVE, "degree": 2, **settings, **point}
        found.append(solve(device, **given, recycling=recycling))
        recycled, alone = numbers(found[-1]), numbers(solve(device, **given))
        for name, values in alone.items():
            worst = max(worst, float(np.linalg.norm(recycled[name] - values) / (np.linalg.norm(values) or 1.0)))
    return found, worst


@pytest.mark.parametrize(("points", "most"), [(TURNED, 3), (FILMS, 3), (VOLTAGES, 1), (WALLS, 1), (FAR, 4), (EDGES, 3)])
def test_numbers_of_points_alone(points: list[dict[str, Any]], most: int) -> None:
    """By few factorisations, whatever changes from point to point and however far; nothing adds up along a sweep."""
    recycling = Recycling(smallest=0)
    solutions, worst = compared(points, recycling)
    assert worst < 1e-11
    assert max(solution.report.residual for solution in solutions) < 1e-12
    assert 1 <= recycling.factorisations <= most
    recycling.destroy()


def test_the_same_equations_need_no_iteration() -> None:
    recycling = Recycling(smallest=0)
    solutions, _ = compared(VOLTAGES, recycling)
    # all voltages are combinations of the first two
    assert [solution.report.iterations for solution in solutions[2:]] == [0, 0]
    recycling.destroy()


def test_iterations_begin_where_the_points_before_ended() -> None:
    recycling = Recycling(smallest=0)
    solutions, worst = compared(TURNED, recycling, method="iterative", tolerance=1e-12)
    assert worst < 1e-9
    counts = [solution.report.iterations for solution in solutions]
    assert max(counts[8:]) < 0.6 * counts[0]
    assert recycling.factorisations == 0
    recycling.destroy()


def test_small_problems_are_left_alone() -> None:
    """To the last digit, so that a sweep of them does not depend on its order."""
    _, worst = compared(TURNED[:3], Recycling())
    assert worst == 0


def test_new_mesh_and_options_of_ones_own() -> None:
    recycling = Recycling(smallest=0)
    _, worst = compared(TURNED[:2], recycling)
    assert recycling.factorisations == 1
    _, other = compared(TURNED[:2], recycling)
    assert recycling.factorisations == 2 and max(worst, other) < 1e-11
    _, worst = compared(TURNED[:2], recycling, petsc={"ksp_type": "gmres"})
    assert worst == 0 and recycling.factorisations == 2
    recycling.destroy()


def test_what_cannot_be_reached() -> None:
    """A tolerance below rounding is an error at a point that goes on, as at one alone; the next one is none."""
    device = hall_cross(arm_width=8, arm_length=8).mesh(FILM, element_size=4, degree=2)
    recycling = Recycling(smallest=0)
    given: dict[str, Any] = {"terminals": DRIVE, "degree": 2, "recycling": recycling}
    solve(device, FILM, oblique(0.0), **given)
    with pytest.raises(ConvergenceError, match="stopped at a relative residual of"):
        solve(device, FILM, oblique(0.1), tolerance=1e-20, **given)
    found, alone = solve(device, FILM, oblique(0.2), **given), solve(device, FILM, oblique(0.2), **given)
    assert found.integrals.torque == pytest.approx(alone.integrals.torque, rel=1e-10)
    with pytest.raises(ValueError, match="recycling goes only without error_estimate"):
        solve(device, FILM, oblique(0.2), error_estimate=True, **given)
    recycling.destroy()


def test_right_hand_sides_together_are_those_alone() -> None:
    """A current and a floating contact: three right-hand sides; by the factorisation at once, and one after another."""
    device = hall_cross(arm_width=8, arm_length=8).mesh(FILM, element_size=2, degree=2)
    posed = solve(device, FILM, oblique(0.3), terminals=DRIVE, degree=2)
    one = solve_steady(posed.problem, petsc={"ksp_type": "preonly"})
    for name, voltage in posed.state.voltages.items():
        assert voltage == pytest.approx(one.voltages[name], rel=1e-12, abs=1e-18)
    x = one.u.x.array
    assert np.abs(posed.u.x.array - x).max() < 1e-12 * np.abs(x).max()


def test_least_residuals() -> None:
    """Of all that a block Krylov space has; dense matrices."""
    rng = np.random.default_rng(3)
    a, p = np.eye(40) + 0.1 * rng.standard_normal((40, 40)), np.diag(rng.uniform(0.5, 2, 40))
    right, comm = rng.standard_normal((40, 2)), MPI.COMM_SELF
    x, left, count = reduced(comm, lambda c: a @ c, lambda c: p @ c, right, np.zeros(2), 3)
    assert left == pytest.approx(right - a @ x, abs=1e-13)
    krylov = np.hstack([np.linalg.matrix_power(p @ a, k) @ p @ right for k in range(3)])
    best = right - a @ krylov @ np.linalg.lstsq(a @ krylov, right, rcond=None)[0]
    assert count == 3
    assert np.linalg.norm(right - a @ x, axis=0) == pytest.approx(np.linalg.norm(best, axis=0), rel=1e-9)
    # twice the same direction, and none
    some = np.hstack([krylov, krylov[:, :1], np.zeros((40, 1))])
    x = projected(comm, lambda c: a @ c, some, right)
    assert np.linalg.norm(right - a @ x, axis=0) == pytest.approx(np.linalg.norm(best, axis=0), rel=1e-9)
    # brought to an aim and no further
    x, _, count = reduced(comm, lambda c: a @ c, lambda c: c, right, np.array([1e-6, 1e-2]), 40)
    left = np.linalg.norm(right - a @ x, axis=0)
    assert left[0] <= 1e-6 and left[1] <= 1e-2 and 1 < count < 25
    # a preconditioner that breaks down ends it
    x, left, count = reduced(comm, lambda c: a @ c, lambda c: np.nan * c, right, np.zeros(2), 40)
    assert count == 1 and not x.any() and np.array_equal(left, right)


@pytest.mark.mpi
@pytest.mark.parametrize("ranks", [2, 3])
def test_on_ranks(ranks: int) -> None:
    """As on one: directly, and with assembled and unassembled levels."""
    program = (
        "import sys\n"
        f"sys.path[:0] = {sys.path!r}\n"
        "import test_recycling as t\n"
        "from mpi4py import MPI\n"
        "for settings in ({}, {'method': 'iterative'}, {'method': 'iterative', 'regions': None}):\n"
        "    recycling = t.Recycling(smallest=0)\n"
        "    points = t.WALLS if 'regions' in settings else t.TURNED[:8]\n"
        "    _, worst = t.compared(points, recycling, tolerance=1e-12, **settings)\n"
        "    if MPI.COMM_WORLD.rank == 0:\n"
        "        print(worst, recycling.factorisations)\n"
        "    recycling.destroy()\n"
    )
    command = ["mpirun", "-n", str(ranks), sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    direct, even, walls = (line.split() for line in done.stdout.splitlines())
    assert float(direct[0]) < 1e-11 and int(direct[1]) == 1
    assert float(even[0]) < 1e-9 and float(walls[0]) < 1e-9


def test_rows_of_a_sweep_on_larger_meshes(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """The command recycles; what it writes is what `run` finds to rounding."""
    import xarray as xr
    from samples import FILM_TOML

    from fem_rashba.cli import main

    monkeypatch.setattr("fem_rashba.solvers.recycling.SMALLEST", 0)
    (tmp_path / "sweep.toml").write_text(
        FILM_TOML + '[device]\nshape = "wire"\nlength = "20 nm"\nwidth = "8 nm"\nelement_size = "2 nm"\ndegree = 2\n'
        '[magnetization]\ntheta = "60 deg"\nphi = "0 deg"\n[terminals.source]\nvoltage = "1 mV"\n'
        '[terminals.drain]\nvoltage = "0 V"\n[sweep]\nmagnetization.phi = ["0 deg", "1 deg", "2 deg", "3 deg"]\n'
    )
    rows = []
    for recycled in (True, False):
        if not recycled:
            monkeypatch.setattr("fem_rashba.solvers.recycling.SMALLEST", 10**9)
        out = tmp_path / f"{recycled}.nc"
        assert main(["sweep", str(tmp_path / "sweep.toml"), "-o", str(out)]) == 0
        with xr.open_dataset(out) as found:
            rows.append(found.load())
    for name in ("torque_average_density", "current", "fieldlike", "spin_density"):
        size = np.abs(rows[1][name].values).max()
        assert 0 < np.abs(rows[0][name].values - rows[1][name].values).max() < 1e-11 * size
    assert (rows[0]["iterations"].values[1:] > 0).all()
