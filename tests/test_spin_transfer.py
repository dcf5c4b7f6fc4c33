"""Spin transfer: the exact spiral, wide walls, Zhang and Li's coefficients, forces on walls and skyrmions."""

from __future__ import annotations

import json
import subprocess
import sys
from math import inf, pi
from pathlib import Path

import numpy as np
import pytest
from references import spiral as exact
from samples import film, reference, unit_field
from scipy.integrate import simpson

import fem_rashba as fr
from fem_rashba.physics.bulk import infinite_medium
from fem_rashba.units import HBAR

# without Rashba coupling; spin flip fast enough for a visible nonadiabatic torque and for short devices
BARE = {"rashba_parameter": 0.0, "spin_flip_time": 0.1}
RASHBA = {"rashba_parameter": 0.01, "spin_flip_time": 0.1}
MIDDLE = [[30, 0], [50, 6]]


def solved(made: fr.Film, m, length: float, width: float, element_size: float, **changes) -> fr.Solution:
    """A wire driven by the unit gradient along x, no spin across its long edges."""
    device = fr.wire(length=length, width=width).mesh(made, element_size=element_size, degree=3)
    options = {"edges": "insulating", "electric_field": unit_field(made)} | changes
    return fr.solve(device, made, m, **options)


def smooth_coefficients(made: fr.Film) -> tuple[float, float]:
    """PF (1 - xi b) and PF b of (25)."""
    c = made.coefficients
    beta, xi = c.r_sf / c.w, (c.r_sf + c.r_phi) / c.w
    b = beta / (1 + xi**2)
    return c.PF * (1 - xi * b), c.PF * b


@pytest.mark.parametrize("plane", ["xz", "yx", "zy"])
@pytest.mark.parametrize("period", [8.0, 20.0])
def test_torque_on_a_spiral_is_exact(plane: str, period: float) -> None:
    """The middle of a long spiral, however short its period: spin, torque, coefficients and force."""
    made, q = film(**BARE), 2 * pi / period
    solution = solved(made, fr.spiral(period=period, plane=plane), 80, 6, 1)
    x = np.linspace(30, 50, 41)
    found = fr.probe(solution, np.column_stack([x, np.full_like(x, 2.7)]))
    e1, e2 = (np.eye(3)["xyz".index(axis)] for axis in plane)
    c, s = np.cos(q * x)[:, None], np.sin(q * x)[:, None]
    frame = np.stack([c * e1 + s * e2, c * e2 - s * e1, np.broadcast_to(np.cross(e1, e2), (41, 3))], axis=1)
    S, T = exact.spin_density(reference(**BARE), q), exact.torque(reference(**BARE), q)
    np.testing.assert_allclose(found[:, 3:6], S @ frame, rtol=0, atol=1e-4 * np.linalg.norm(S))
    np.testing.assert_allclose(found[:, 6:9], HBAR * T @ frame, rtol=0, atol=1e-4 * HBAR * np.linalg.norm(T))

    fit = fr.zhang_li(solution, window=MIDDLE)
    source = made.coefficients.D * q
    assert fit.adiabatic == pytest.approx(T[1] / source, rel=1e-4)
    assert fit.nonadiabatic == pytest.approx(-T[2] / source, rel=1e-4)
    assert fit.beta == pytest.approx(-T[2] / T[1], rel=1e-4)
    assert fit.residual < 1e-4
    force = fr.texture_force(solution, window=MIDDLE).force
    assert force == pytest.approx([HBAR * q * T[2] * 20 * 6, 0], rel=1e-4, abs=1e-4 * HBAR * abs(q * T[2]) * 120)


def test_smooth_textures_of_the_paper() -> None:
    """(25) is the spiral of long period; the error is of second order in exchange length / period."""
    made = film(**BARE)
    expected = np.array(smooth_coefficients(made))
    errors = []
    for period in (50.0, 100.0, 200.0):
        T = exact.torque(reference(**BARE), 2 * pi / period) * period / (2 * pi * made.coefficients.D)
        errors.append(abs([T[1], -T[2]] - expected).max())
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.05)
    assert np.log2(errors[1] / errors[2]) == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize("wall", [fr.neel_wall, fr.bloch_wall])
def test_wide_wall(wall) -> None:
    """(25), and Thiele's force -P_n u 2 W/w, up to (exchange length / wall width)^2; kinds do not differ."""
    made = film(**BARE)
    adiabatic, nonadiabatic = smooth_coefficients(made)
    u = made.coefficients.D  # -J_n of the unit gradient
    errors = []
    for width in (5.0, 10.0, 20.0):
        solution = solved(made, wall(center=[8 * width, 2], width=width), 16 * width, 4, width / 5)
        fit, pushed = fr.zhang_li(solution), fr.texture_force(solution)
        thiele = -HBAR * nonadiabatic * u * 2 * 4 / width
        errors.append(
            [
                abs(fit.adiabatic / adiabatic - 1),
                abs(fit.nonadiabatic / nonadiabatic - 1),
                abs(pushed.force[0] / thiele - 1),
            ]
        )
        assert max(errors[-1]) < 5 * (made.lengths.exchange / width) ** 2
        assert pushed.force[0] < 0 == pytest.approx(pushed.force[1], abs=1e-9 * abs(thiele))
        assert pushed.dissipation[0, 0] == pytest.approx(2 * 4 / width, rel=1e-5)
        assert pushed.mean_current == pytest.approx([u, 0], rel=1e-6, abs=1e-6 * u)
    orders = np.log2(np.array(errors)[:-1] / np.array(errors)[1:])
    assert orders == pytest.approx(2, abs=0.3)


def test_velocity_in_si_units() -> None:
    made = film(**BARE, saturation_magnetization=8e5, thickness=1.0)
    fit = fr.zhang_li(solved(made, fr.spiral(period=20), 60, 4, 1))
    magneton, charge = 9.2740100783e-24, 1.602176634e-19
    g = 2.00231930436
    assert fit.velocity_per_1e11 == pytest.approx(g * magneton * fit.adiabatic * 1e11 / (charge * 8e5), rel=1e-8)
    assert fr.zhang_li(solved(film(**BARE), fr.spiral(period=20), 60, 4, 2)).velocity_per_1e11 is None


def test_no_exchange_no_torque() -> None:
    fit = fr.zhang_li(solved(film(**BARE | {"exchange_time": inf}), fr.spiral(period=20), 60, 4, 2))
    assert (fit.adiabatic, fit.nonadiabatic, fit.beta, fit.residual) == (0, 0, None, 0)


# --- skyrmions --------------------------------------------------------------------------------------------------------


def skyrmion(made: fr.Film, size: float = 4.0, **changes) -> fr.TextureForce:
    """Force on a skyrmion in the middle of a square 18 sizes wide, with wall width `size` and radius 2 sizes."""
    side = 18 * size
    m = fr.skyrmion(center=[side / 2, side / 2], radius=2 * size, width=size, **changes)
    return fr.texture_force(solved(made, m, side, side, side / 20))


@pytest.mark.parametrize("polarity", [1, -1])
def test_thiele_force_on_a_skyrmion(polarity: int) -> None:
    """F_i = 4 pi Q P_a eps_ij u_j - P_n D_ij u_j, up to (exchange length / wall width)^2."""
    made = film(**BARE)
    adiabatic, nonadiabatic = smooth_coefficients(made)
    errors = []
    for size in (6.0, 12.0):
        found = skyrmion(made, size, polarity=polarity)
        assert found.topological_charge == pytest.approx(polarity, abs=1e-4)
        assert found.dissipation == pytest.approx(np.eye(2) * np.trace(found.dissipation) / 2, abs=1e-3)
        u = HBAR * found.mean_current[0]
        thiele = u * np.array([-nonadiabatic * found.dissipation[0, 0], -4 * pi * polarity * adiabatic])
        errors.append(abs(found.force - thiele) / abs(thiele))
        assert max(errors[-1]) < 8 * (made.lengths.exchange / size) ** 2
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.3)


@pytest.mark.parametrize("couplings", ["paper", "consistent"])
@pytest.mark.parametrize("helicity", [0.0, 0.5 * pi, 0.3])
def test_mirror_of_a_skyrmion(couplings: str, helicity: float) -> None:
    """y -> -y takes (polarity, helicity) to (-polarity, pi - helicity): F_x stays, F_y turns; T is an axial vector."""
    made = film(**RASHBA, couplings=couplings)
    one = skyrmion(made, polarity=1, helicity=helicity)
    other = skyrmion(made, polarity=-1, helicity=pi - helicity)
    assert other.topological_charge == pytest.approx(-one.topological_charge)
    assert other.force == pytest.approx(one.force * [1, -1], rel=1e-6)
    scale = 1e-6 * abs(one.total_torque).max()
    assert other.total_torque == pytest.approx(one.total_torque * [-1, 1, -1], rel=1e-6, abs=scale)
    assert min(abs(one.force)) > 0.01 * max(abs(one.force))


# --- walls with Rashba coupling ---------------------------------------------------------------------------------------


def wall_force(kind, alpha: float, angle: float = 0.0, direction: float = 1.0) -> fr.TextureForce:
    made = film(**RASHBA | {"rashba_parameter": alpha})
    m = kind(center=[30, 6], width=4, angle=angle)
    field = [direction * e for e in unit_field(made)]
    return fr.texture_force(solved(made, m, 60, 12, 1, electric_field=field))


def test_neel_wall_is_its_own_mirror_image() -> None:
    """x -> -x maps the wall to itself and the current to its reverse: T_x is odd, so its integral vanishes."""
    found = wall_force(fr.neel_wall, 0.01)
    T = found.total_torque
    assert abs(T[0]) < 1e-7 * abs(T).max()
    assert min(abs(T[1:])) > 1e-3 * abs(T).max()


def test_bloch_wall_has_no_such_mirror() -> None:
    assert abs(wall_force(fr.bloch_wall, 0.01).total_torque[0]) > 1e-3


def test_reversal_of_the_rashba_parameter() -> None:
    """z -> -z turns it, and the chirality of a wall; x -> -x, with the current, gives a Bloch wall its own back."""
    plus, minus = (wall_force(fr.bloch_wall, alpha) for alpha in (0.01, -0.01))
    assert minus.force[0] == pytest.approx(plus.force[0], rel=1e-7)
    made = film(**RASHBA | {"rashba_parameter": -0.01})
    other = fr.expression(["-1/cosh((x - 30)/4)", "0", "tanh((x - 30)/4)"])
    right, left = wall_force(fr.neel_wall, 0.01), fr.texture_force(solved(made, other, 60, 12, 1))
    assert left.force[0] == pytest.approx(right.force[0], rel=1e-7)
    scale = abs(right.total_torque).max()
    assert left.total_torque == pytest.approx(right.total_torque * [-1, -1, 1], rel=1e-6, abs=1e-7 * scale)


@pytest.mark.parametrize("kind", ["neel", "bloch"])
def test_force_on_a_wide_wall_is_that_of_the_infinite_medium(kind: str) -> None:
    """int T.(m x dm/dx) with T of the local m: it pushes a Neel wall, not a Bloch wall; the rest falls like 1/width."""
    made, forces = film(**RASHBA), []
    for width in (8.0, 16.0):
        length = 12 * width
        m = {"neel": fr.neel_wall, "bloch": fr.bloch_wall}[kind](center=[length / 2, 16], width=width)
        middle = [[0, 12], [length, 20]]  # far from the long edges
        forces.append(fr.texture_force(solved(made, m, length, 32, 2), window=middle).force[0] / 8)
    polar = np.linspace(0, pi, 2001)
    in_plane = {"neel": [1, 0], "bloch": [0, 1]}[kind]
    direction = np.column_stack([*(np.sin(polar) * e for e in in_plane), -np.cos(polar)])
    slope = np.column_stack([*(np.cos(polar) * e for e in in_plane), np.sin(polar)])
    T = infinite_medium(made, direction, unit_field(made)).torque
    expected = simpson((T * np.cross(direction, slope)).sum(axis=1), x=polar)
    off = np.array(forces) - expected
    assert np.log2(off[0] / off[1]) == pytest.approx(1, abs=0.1)
    if kind == "bloch":
        assert abs(expected) < 1e-15
    else:
        assert 2 * forces[1] - forces[0] == pytest.approx(expected, rel=0.02)


def test_force_is_linear_in_the_current() -> None:
    forward, back = (wall_force(fr.neel_wall, 0.01, direction=sign).force for sign in (1.0, -1.0))
    assert back[0] == pytest.approx(-forward[0], rel=1e-9)


# --- what is not physics ----------------------------------------------------------------------------------------------


def test_force_density_is_what_is_integrated() -> None:
    made = film(**RASHBA)
    solution = solved(made, fr.skyrmion(center=[20, 16], radius=6, width=3), 40, 32, 2)
    nodes, weights = np.polynomial.legendre.leggauss(6)
    at = {side: (np.arange(0, side, 2)[:, None] + 1 + nodes).ravel() for side in (40, 32)}
    x, y = np.meshgrid(at[40], at[32], indexing="ij")
    density = fr.force_density(solution, np.column_stack([x.ravel(), y.ravel()])).reshape(*x.shape, 2)
    total = np.einsum("i,j,ijk->k", np.tile(weights, 20), np.tile(weights, 16), density)
    assert total == pytest.approx(fr.texture_force(solution).force, rel=1e-5)


def test_bad_windows_and_uniform_magnetization() -> None:
    made = film(**BARE)
    textured = solved(made, fr.spiral(period=10), 20, 4, 2)
    with pytest.raises(ValueError, match="holds no cell"):
        fr.zhang_li(textured, window=[[50, 0], [60, 4]])
    with pytest.raises(ValueError, match="two corners"):
        fr.texture_force(textured, window=[1, 2])
    plain = solved(made, fr.uniform([1, 1, 0]), 20, 4, 2)
    with pytest.raises(ValueError, match="does not vary along the current"):
        fr.zhang_li(plain)
    assert fr.texture_force(plain).force == pytest.approx([0, 0])
    whole = fr.zhang_li(textured)
    assert fr.zhang_li(textured, window=[[20, 4], [0, 0]]) == whole


RANKS = """
import json
import fem_rashba as fr
from fem_rashba.physics.bulk import infinite_medium
film = fr.Film(rashba_parameter=0.01, exchange_time=0.01, momentum_relaxation_time=1e-3, spin_flip_time=0.1,
               fermi_wavevector=4.3)
device = fr.wire(length=30, width=20).mesh(film, element_size=2, degree=2)
m = fr.skyrmion(center=[14, 11], radius=5, width=3, helicity=0.4)
s = fr.solve(device, film, m, electric_field=[1e-3, 2e-4], degree=2)
fit, force = fr.zhang_li(s, window=[[6, 4], [22, 18]]), fr.texture_force(s)
found = [fit.adiabatic, fit.nonadiabatic, fit.residual, force.topological_charge, *force.force, *force.total_torque,
         *force.dissipation.ravel(), *force.mean_current, *fr.force_density(s, [[13, 6], [9, 12]]).ravel()]
if device.mesh.comm.rank == 0:
    print("FOUND", json.dumps([float(f) for f in found]))
"""


def test_same_numbers_on_one_and_two_ranks(tmp_path: Path) -> None:
    (tmp_path / "ranks.py").write_text(RANKS)
    found = []
    for ranks in (1, 2):
        command = ["mpirun", "-n", str(ranks), sys.executable, "ranks.py"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout.split("FOUND")[1]))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-8, atol=1e-12)
