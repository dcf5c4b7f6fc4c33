"""Currents through a path: exact fluxes of polynomials, Ohm's law, terminals, loops, ranks."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
from references.strong_form import strong_form, x, y
from samples import NO_EXCHANGE, STRONG, film, reference, square
from scipy.integrate import quad

from fem_rashba import (
    Contact,
    Ground,
    Solution,
    Voltage,
    current_through,
    currents,
    expression,
    hall_cross,
    notched_strip,
    polygon,
    save,
    solve,
    uniform,
    wire,
)
from fem_rashba.units import AMPERE_PER_RATE

DRIVE = {"source": Voltage("1 mV"), "drain": Ground()}


def solved(shape: Any, size: float, degree: int = 2, m: Any = None, drive: Any = DRIVE, **changes: Any) -> Solution:
    made = film(**(STRONG | changes))
    device = shape.mesh(made, element_size=size, degree=degree)
    return solve(device, made, m or uniform([1, 0.4, 0.8]), terminals=drive, degree=degree)


@pytest.mark.parametrize("cell", ["triangle", "quadrilateral"])
@pytest.mark.parametrize("field", [(0.0, 0.0), (2e-3, -1e-3)])
def test_fluxes_of_polynomials(cell: str, field: tuple[float, float]) -> None:
    """Fields that the elements hold exactly, a texture, an oblique path: the integral of the SymPy fluxes."""
    made = film(**STRONG)
    device = square(cell, 5, (7.0, 5.0))
    texture = expression(["cos(x/5)", "sin(x/5)*cos(y/4)", "sin(x/5)*sin(y/4)"])
    driven = any(field)
    ends = {"frame": Contact() if driven else Ground()}
    solution = solve(device, made, texture, degree=2, electric_field=field, terminals=ends)
    exact = [1e-3 * x * y - 2e-3 * y**2, 2e-4 * x**2 + 1e-3, 3e-4 * y * (x - 1), 1e-3 - 2e-4 * x * y]
    numeric = sp.lambdify((x, y), exact)
    solution.u.interpolate(lambda X: np.stack([v + 0 * X[0] for v in numeric(X[0], X[1])]))
    m = sp.Matrix([sp.cos(x / 5), sp.sin(x / 5) * sp.cos(y / 4), sp.sin(x / 5) * sp.sin(y / 4)])
    g = [float(made.coefficients.states * E) for E in field]
    form = strong_form(exact[0], exact[1:], m, reference(**STRONG), g=g)
    path = [(0.3, 4.4), (6.1, 3.7), (2.2, 0.1), (6.9, 0.2)]
    expected = np.zeros(4)
    for start, end in zip(path[:-1], path[1:], strict=True):
        dx, dy = end[0] - start[0], end[1] - start[1]
        charge, spin = form.normal_flux((dy, -dx))
        for f, flux in enumerate((charge, *spin)):
            along = sp.lambdify((x, y), flux, "numpy")
            expected[f] += quad(lambda t, a=along: a(start[0] + t * dx, start[1] + t * dy), 0, 1, epsabs=1e-13)[0]  # noqa: B023
    found = current_through(solution, path)
    assert found.charge / -AMPERE_PER_RATE == pytest.approx(expected[0], rel=1e-9)
    assert found.spin == pytest.approx(expected[1:], rel=1e-8)
    assert found.spin_amperes == pytest.approx(2 * AMPERE_PER_RATE * expected[1:], rel=1e-8)
    assert max(found.charge_error / abs(found.charge), *found.spin_error / abs(found.spin)) < 1e-9
    back = current_through(solution, path[::-1])
    assert back.charge == pytest.approx(-found.charge, rel=1e-12)
    assert (back.inside, back.length) == pytest.approx((found.length, found.length), rel=1e-12)


PATHS = [[(10, 0), (10, 20)], [(3, -5), (37, 30)], [(20, 0), (20, 10), (25, 10), (25, 20)], [(0, 0), (0, 20)]]


@pytest.mark.parametrize("path", PATHS)
def test_ohm(path: list[tuple[float, float]]) -> None:
    """Without exchange and Rashba coupling: V W / (R_s L) through any cut, and no spin."""
    solution = solved(wire(length=40, width=20), 2.0, 1, rashba_parameter=0.0, **NO_EXCHANGE)
    found = current_through(solution, path)
    assert found.charge == pytest.approx(1e-3 * 20 / (solution.film.sheet_resistance * 40), rel=1e-9)
    assert np.abs(found.spin).max() < 1e-12 * found.charge / AMPERE_PER_RATE


def test_any_cut_carries_the_current_of_the_terminal() -> None:
    """Through curved sides, too; the difference shrinks with the elements."""
    shape = notched_strip(length=30, width=16, notch_width=10, notch_depth=5, notch="round")
    cuts = [[(15, -1), (15, 17)], [(9, 0), (17, 6), (13, 17)], [(24, 0), (24, 3), (12, 17)]]
    worst = []
    for size in (2.0, 0.7):
        solution = solved(shape, size)
        expected = currents(solution)["source"]
        worst.append(max(abs(current_through(solution, cut).charge / expected - 1) for cut in cuts))
    assert worst[1] < 0.3 * worst[0] < 0.3 * 5e-3
    across = current_through(solution, cuts[0])
    assert (across.length, across.inside) == pytest.approx((18.0, 11.0), abs=1e-8)


def test_a_loop_around_a_hole() -> None:
    """Nothing leaves in total, though a part of the loop carries much of the current."""
    outline = [[0, 0], [30, 0], [30, 20], [0, 20]]
    hole = [[12, 8], [18, 8], [18, 13], [12, 13]]
    ends = {"source": [[0, 0], [0, 20]], "drain": [[30, 0], [30, 20]]}
    solution = solved(polygon(outline, holes=[hole], terminals=ends), 1.0, 3)
    loop = [(9, 5), (21, 5), (21, 16), (9, 16), (9, 5)]
    closed, part = current_through(solution, loop), current_through(solution, loop[1:3])
    terminal = currents(solution)["source"]
    assert 0.3 * terminal < part.charge < terminal
    assert abs(closed.charge) < 1e-3 * terminal
    # through a hole and the middle of the film: what is in the hole carries nothing
    assert current_through(solution, [(15, 0), (15, 20)]).inside == pytest.approx(15.0)


def test_wrong_paths() -> None:
    solution = solved(wire(length=12, width=6), 2.0, 1)
    with pytest.raises(ValueError, match="two or more points of two finite numbers"):
        current_through(solution, [(1, 2)])
    with pytest.raises(ValueError, match="two or more points of two finite numbers"):
        current_through(solution, [(1, 2), (3, np.nan)])
    with pytest.raises(ValueError, match=r"the point 3,4 twice in a row"):
        current_through(solution, [(1, 2), (3, 4), (3, 4)])
    with pytest.raises(ValueError, match=r"the path from 20,2 to 20,4 does not touch the film"):
        current_through(solution, [(20, 2), (20, 4)])


def test_same_currents_on_one_two_and_three_ranks(tmp_path: Path) -> None:
    save(solved(hall_cross(arm_width=6, arm_length=5), 1.0), tmp_path / "out", plots=False, fields=False)
    # along sides of cells, across them, and out of the film
    words = ["fem-rashba", "current", "out", "--path", "-3,-9", "-3,9", "5,1", "5,-20"]
    found = []
    for ranks in (1, 2, 3):
        command = ["mpirun", "-n", str(ranks), *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
    for other in found[1:]:
        assert other["charge_current_A"] == pytest.approx(found[0]["charge_current_A"], rel=1e-9)
        assert other["spin_current_per_ps"] == pytest.approx(found[0]["spin_current_per_ps"], rel=1e-8)
        assert other["inside_nm"] == pytest.approx(found[0]["inside_nm"], rel=1e-12)
    assert found[0]["path_nm"][0] == [-3.0, -9.0]
