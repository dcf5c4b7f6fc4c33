"""Spin waves: exact rates on a rectangle, a spectral reference with Rashba coupling, the infinite film."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import pyvista
from samples import FILM_TOML

import fem_rashba as fr
from fem_rashba.physics.spin_waves import bulk_spin_waves
from fem_rashba.solvers.modes import Modes, spin_waves
from fem_rashba.solvers.problem import pose

REST = {"momentum_relaxation_time": "1 fs", "spin_flip_time": "1 ps", "fermi_wavevector": "4.3 1/nm"}
LENGTH, WIDTH = 30.0, 20.0


def modes(film: fr.Film, direction: list[float], spin: str, count: int, element_size: float = 2.0) -> Modes:
    device = fr.wire(length=LENGTH, width=WIDTH).mesh(film, element_size=element_size, degree=3)
    contact = fr.Contact(spin)
    terminals = {"source": contact, "drain": contact}
    problem = pose(
        device, film, fr.uniform(direction), terminals=terminals, electric_field=[1e-3, 0], edges=spin, degree=3
    )
    return spin_waves(problem, count)


@pytest.mark.parametrize("spin", ["insulating", "sink"])
def test_exact_rates_without_rashba_coupling(spin: str) -> None:
    """Cosines (sines): D q^2 + r_sf along m, and r_phi more at the frequency of exchange across it."""
    film = fr.Film(rashba_parameter=0.0, exchange_time="10 fs", **REST)
    c = film.coefficients
    first = 0 if spin == "insulating" else 1
    squares = [np.pi**2 * ((i / LENGTH) ** 2 + (j / WIDTH) ** 2) for i in range(first, 9) for j in range(first, 9)]
    along = [(c.D * s + c.r_sf, 0.0) for s in squares]
    across = [(rate + c.r_phi, c.w) for rate, _ in along]
    expected = np.array(sorted(along + across)[:8])
    found = modes(film, [1, 0.5, 0.2], spin, 8)
    assert found.rates == pytest.approx(expected[:, 0], rel=1e-4)
    assert found.frequencies == pytest.approx(expected[:, 1], rel=1e-4, abs=1e-6)
    assert found.residuals.max() < 1e-6


def spectral_rates(
    D: float, k: float, r_sf: float, sizes: tuple[float, float], degree: int = 16, loss: float = 0.0
) -> np.ndarray:
    """Rates of -D (d_i + k a_i x)^2 S + r_sf S on a rectangle, Legendre polynomials, shape (N,).

    Without flux through the sides, or with nu_i J_i = loss S on all four.
    """
    nodes, weights = np.polynomial.legendre.leggauss(degree + 2)
    values = np.array([np.polynomial.legendre.Legendre.basis(n)(nodes) for n in range(degree + 1)])
    slopes = np.array([np.polynomial.legendre.Legendre.basis(n).deriv()(nodes) for n in range(degree + 1)])
    values, slopes = (v * np.sqrt(np.arange(degree + 1) + 0.5)[:, None] for v in (values, slopes))
    one = np.eye(degree + 1)
    first = (values * weights) @ slopes.T  # int P_i P_j'
    second = (slopes * weights) @ slopes.T
    cross = {0: np.array([[0, 0, 1], [0, 0, 0], [-1, 0, 0]]), 1: np.array([[0, 0, 0], [0, 0, 1], [0, -1, 0]])}
    total = r_sf * np.eye(3 * (degree + 1) ** 2)
    ends = np.array([np.polynomial.legendre.Legendre.basis(n)([-1.0, 1.0]) for n in range(degree + 1)])
    ends *= np.sqrt(np.arange(degree + 1) + 0.5)[:, None]
    for axis, size in enumerate(sizes):
        place = (lambda m: np.kron(m, one)) if axis == 0 else (lambda m: np.kron(one, m))
        d, dd, turn = place(first) * 2 / size, place(second) * 4 / size**2, k * cross[axis]
        total += D * (np.kron(dd, np.eye(3)) + np.kron(d.T, turn) + np.kron(d, turn.T))
        total += D * np.kron(np.eye((degree + 1) ** 2), turn.T @ turn)
        total += loss * np.kron(place(ends @ ends.T) * 2 / size, np.eye(3))
    return np.linalg.eigvalsh(total)


def test_rashba_coupling_against_a_spectral_reference() -> None:
    film = fr.Film(rashba_parameter=0.02, exchange_splitting=0.0, **REST)
    c = film.coefficients
    expected = spectral_rates(c.D, film.rashba_wavevector, c.r_sf, (LENGTH, WIDTH), degree=20)[:6]
    assert modes(film, [0, 0, 1], "insulating", 6, 1.0).rates == pytest.approx(expected, rel=1e-4)


def test_relaxation_slows_down_in_a_narrow_channel() -> None:
    """Insulating edges: far below the slowest wave of the infinite film where the channel is narrower than 1/k0."""
    film = fr.Film(rashba_parameter=0.02, exchange_splitting=0.0, **REST)
    c = film.coefficients
    narrow = fr.wire(length=20.0, width=1.0).mesh(film, element_size=0.5, degree=3)
    contact = fr.Contact("insulating")
    problem = pose(
        narrow,
        film,
        fr.uniform([0, 0, 1]),
        terminals={"source": contact, "drain": contact},
        electric_field=[1e-3, 0],
        edges="insulating",
        degree=3,
    )
    found = spin_waves(problem, 2).rates
    assert found == pytest.approx(spectral_rates(c.D, film.rashba_wavevector, c.r_sf, (20.0, 1.0))[:2], rel=1e-4)
    assert found[0] - c.r_sf < 0.03 * 7 / 16 * c.r_dp


def test_infinite_film_without_exchange() -> None:
    film = fr.Film(rashba_parameter=0.02, exchange_splitting=0.0, **REST)
    c, k0 = film.coefficients, film.rashba_wavevector
    q = np.linspace(0.0, 3.0, 13)[:, None] * k0 * np.array([np.cos(0.7), np.sin(0.7)])
    square = (q**2).sum(axis=1)
    root = np.sqrt(0.25 + 4 * square / k0**2)
    base = c.D * square + c.r_sf
    expected = np.sort([base + c.r_dp, base + c.r_dp * (1.5 - root), base + c.r_dp * (1.5 + root)], axis=0).T
    assert bulk_spin_waves(film, np.array([1.0, 0, 0]), q) == pytest.approx(expected, rel=1e-10)


def test_slowest_wave_of_the_infinite_film() -> None:
    film = fr.Film(rashba_parameter=0.02, exchange_splitting=0.0, **REST)
    c, k0 = film.coefficients, film.rashba_wavevector
    square = np.linspace(0.5, 1.5, 2001) * k0**2
    slowest = bulk_spin_waves(film, np.array([0, 0, 1.0]), np.stack([np.sqrt(square), 0 * square], axis=1))[:, 0].real
    assert slowest.min() == pytest.approx(c.r_sf + 7 / 16 * c.r_dp, rel=1e-6)
    assert square[slowest.argmin()] == pytest.approx(15 / 16 * k0**2, rel=1e-3)


def test_a_count_that_is_not_positive_is_refused() -> None:
    film = fr.Film(rashba_parameter=0.0, exchange_time="10 fs", **REST)
    with pytest.raises(ValueError, match="must be positive"):
        modes(film, [1, 0, 0], "sink", 0)
    with pytest.raises(ValueError, match="are meaningful on this mesh"):
        modes(film, [1, 0, 0], "sink", 100_000)


CONFIG = (
    FILM_TOML
    + """
[device]
shape = "wire"
length = "20 nm"
width = "10 nm"
element_size = "1 nm"
degree = 2
[magnetization]
direction = [1, 0.3, 0.5]
[terminals.source]
voltage = "1 mV"
[terminals.drain]
voltage = "0 V"
"""
)


def run(folder: Path, *words: str) -> dict[str, list[float]]:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.mpi
def test_the_command_on_one_two_and_three_ranks(tmp_path: Path) -> None:
    (tmp_path / "strip.toml").write_text(CONFIG)
    command = ("fem-rashba", "modes", "strip.toml", "-n", "4")
    one = run(tmp_path, *command, "-o", "waves")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["strip.toml", "waves"]
    several = [run(tmp_path, "mpirun", "-n", ranks, *command) for ranks in ("2", "3")]
    assert set(one) == {"rates_per_ps", "frequencies_per_ps", "residuals"}
    assert len(one["rates_per_ps"]) == 4
    assert one["rates_per_ps"] == sorted(one["rates_per_ps"])
    for key in ("rates_per_ps", "frequencies_per_ps"):
        for other in several:
            assert one[key] == pytest.approx(other[key], rel=1e-8, abs=1e-6)
    grid = pyvista.get_reader(str(tmp_path / "waves" / "modes.pvd")).read()[0]
    assert np.abs(grid.point_data["S_0_real"]).max() > 0
    assert {f"{name}_{k}_{part}" for name in "nS" for k in range(4) for part in ("real", "imaginary")} <= set(
        grid.point_data
    )


def test_bad_counts_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "strip.toml").write_text(CONFIG)
    done = subprocess.run(
        ["fem-rashba", "modes", "strip.toml", "-n", "0"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "-n" in done.stderr and len(done.stderr.splitlines()) == 1
