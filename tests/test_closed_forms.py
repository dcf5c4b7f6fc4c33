"""Solutions known in closed form: Ohm, the Edelstein state, spin flip, D'yakonov-Perel relaxation, exchange precession.

A steady source of spin shows the rates: the spin of the source over the rate, and layers at the sinks whose length is
sqrt(D/rate).
"""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
import pytest
import ufl
from samples import NO_EXCHANGE, OBLIQUE, film, unit_field

from fem_rashba import (
    Contact,
    Couplings,
    Ground,
    Voltage,
    currents,
    hall_cross,
    neel_wall,
    probe,
    resistance,
    solve,
    uniform,
    wire,
)
from fem_rashba.results.solution import Solution, complete
from fem_rashba.solvers.problem import pose
from fem_rashba.solvers.steady import solve_steady

ENDS = {"source": Ground(), "drain": Ground()}


@pytest.mark.parametrize("degree", [1, 2, 3])
@pytest.mark.parametrize("denominators", ["dirty", "full"])
@pytest.mark.parametrize("by", ["field", "voltage"])
def test_edelstein_state(degree: int, denominators: str, by: str) -> None:
    """Without exchange and spin flip S = (B/r_dp) G_z = (alpha tau/hbar) G_z, also next to insulating sides."""
    made = film(rashba_parameter=0.03, spin_flip_time=inf, denominators=denominators, **NO_EXCHANGE)
    device = wire(length=12, width=8).mesh(made, element_size=2.0, degree=degree)
    field = unit_field(made)
    driven: dict[str, Any] = {"electric_field": field, "terminals": {}}
    if by == "field":
        driven["terminals"] = {name: Contact("insulating") for name in ENDS}
    else:
        volts = {"source": 12 * field[0], "drain": 0.0}
        driven = {"terminals": {name: Voltage(value, "insulating") for name, value in volts.items()}}
    solution = solve(device, made, uniform(OBLIQUE), edges="insulating", degree=degree, **driven)
    points = np.array([(x, y) for x in (0, 0.7, 6.1, 12) for y in (0, 3.3, 8)])
    found = probe(solution, points)
    expected = 0.03 * 1e-3 / 6.582119569509066e-4
    assert np.abs(found[:, 3:6] - (0, expected, 0)).max() < 1e-9 * expected
    n = np.zeros(len(points)) if by == "field" else points[:, 0] - 12
    assert np.abs(found[:, 2] - n).max() < 1e-9


@pytest.mark.parametrize("exchange", [inf, 1e-2])
def test_ohm(exchange: float) -> None:
    """12.06 kOhm per square, whatever the exchange, if there is no Rashba coupling."""
    made = film(rashba_parameter=0.0, exchange_time=exchange)
    device = wire(length=30, width=8).mesh(made, element_size=2.0, degree=1)
    driven = {"source": Voltage("3 mV"), "drain": Voltage("1 mV")}
    solution = solve(device, made, uniform(OBLIQUE), terminals=driven, degree=1)
    assert made.sheet_resistance == pytest.approx(12.06e3, rel=4e-4)
    assert resistance(solution, "source", "drain") == pytest.approx(made.sheet_resistance * 30 / 8, rel=1e-9)
    # e^2/h in 1/Ohm times kF times the free path is the conductance of a square
    drude = 1.602176634e-19**2 / 6.62607015e-34 * 4.3 * made.fermi_velocity * 1e-3
    assert made.sheet_resistance == pytest.approx(1 / drude, rel=1e-9)
    assert currents(solution)["source"] == pytest.approx(2e-3 * drude * 8 / 30, rel=1e-9)


def test_hall_cross_without_rashba_coupling_is_ohmic() -> None:
    """A texture that polarizes the current does not change the charge current."""
    plain, textured = (
        solve(
            hall_cross(arm_width=6, arm_length=4).mesh(made, element_size=1.0, degree=2),
            made,
            neel_wall(center=[0, 0], width=3, angle=0.3),
            terminals={"source": Voltage("1 mV"), "drain": Ground()},
            degree=2,
        )
        for made in (film(rashba_parameter=0.0, **NO_EXCHANGE), film(rashba_parameter=0.0))
    )
    assert currents(textured)["source"] == pytest.approx(currents(plain)["source"], rel=1e-9)
    assert np.abs(textured.integrals.spin_density).max() > 1e-7
    assert np.abs(plain.integrals.spin_density).max() == 0.0


def with_source(length: float, width: float, spin: tuple[float, float, float], edges: str, **changes: Any) -> Solution:
    """A wire at 0 V in which `spin` appears, per ps and nm^2; terminals are sinks."""
    made = film(**changes)
    device = wire(length=length, width=width).mesh(made, degree=4)
    problem = pose(device, made, uniform((0, 0, 1)), terminals=ENDS, edges=edges, degree=4)
    return complete(solve_steady(problem, source=lambda r: (ufl.as_ufl(0.0), ufl.as_vector(spin))), None)


def layered(x: np.ndarray, length: float, rate: complex, diffusion: float) -> np.ndarray:
    """s with D s'' - rate s + 1 = 0 and s = 0 at both ends."""
    kappa = np.sqrt(rate / diffusion)
    return (1 - np.cosh(kappa * (x - length / 2)) / np.cosh(kappa * length / 2)) / rate


def test_spin_flip_and_exchange_precession() -> None:
    """m = z: S_z knows spin flip only; S_x + i S_y precesses about m and dephases."""
    solution = with_source(24, 3, (1.0, 0.0, 1.0), "insulating", rashba_parameter=0.0, spin_flip_time=0.3)
    x = np.linspace(0, 24, 40)
    found = probe(solution, np.column_stack([x, np.full_like(x, 1.1)]))[:, 3:6]
    D, flip, dephasing, exchange = 123.9028, 1 / 0.3, 10.0, 100.0
    along = layered(x, 24, flip, D).real
    across = layered(x, 24, flip + dephasing - 1j * exchange, D)
    assert np.abs(found[:, 2] - along).max() < 1e-5 * along.max()
    transverse = np.column_stack([across.real, across.imag])
    assert np.abs(found[:, :2] - transverse).max() < 1e-5 * np.abs(across).max()


@pytest.mark.parametrize("spin_flip_time", [inf, 5e-3])
def test_dyakonov_perel_rates(spin_flip_time: float) -> None:
    """Far from the edges: D k0^2 in the plane and 2 D k0^2 across it, beside spin flip.

    Without the charge current that S drives, which an open edge would turn into a field that drives S.
    """
    alone = Couplings(charge_weights=(0, 0))
    changes = {"rashba_parameter": 0.1, "spin_flip_time": spin_flip_time, "couplings": alone} | NO_EXCHANGE
    solution = with_source(14, 14, (0.6, -0.8, 1.0), "sink", **changes)
    middle = probe(solution, np.array([[7.0, 7.0]]))[0, 3:6]
    # k0 = 2 m alpha/hbar^2 and hbar^2/m_e = 0.0762 eV nm^2; D as above
    rate = 123.9028 * (2 * 0.1 / 0.0761996423) ** 2
    flip = 1 / spin_flip_time
    expected = np.array([0.6 / (rate + flip), -0.8 / (rate + flip), 1.0 / (2 * rate + flip)])
    assert middle == pytest.approx(expected, rel=2e-5)
