"""Short wires, ends and all, against an independent spectral solution of the strong equations.

Both start from the model only. Where a sink meets an insulating side the solution has an r log r term at the corner:
the reference then has graded elements, and the tolerances are wider.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp
from references.rectangle import graded, solve_rectangle
from references.strong_form import x, y
from samples import OBLIQUE, X, film, reference, unit, unit_field

from fem_rashba import Contact, Voltage, currents, expression, neel_wall, probe, solve, torque, uniform, wire
from fem_rashba.units import AMPERE_PER_RATE, HBAR

LENGTH, WIDTH = 12.0, 8.0
WALL = neel_wall(center=[6, 4], width=3)
NEEL = [1 / sp.cosh((x - 6) / 3), sp.Integer(0), sp.tanh((x - 6) / 3)]

# m = NEEL, g = 1/nm^3, all sides alike: particles per ps along +x, T_fl, T_dl (hbar/(ps nm^2)). The digits on which
# solve_rectangle(film, NEEL, 12, 8, 30, 24, 0, 0, 1.0, sides, sides) and runs with graded elements agree.
QUOTED = {
    ("paper", 0.01, "sink"): (-991.244096, 2.1663013, -0.81914437),
    ("paper", 0.01, "insulating"): (-991.250438, 2.6926399, 0.0916587),
    ("paper", 0.05, "sink"): (-1001.921065, 8.8226687, -4.9027909),
    ("paper", 0.05, "insulating"): (-1006.417571, 12.420747, -5.8626603),
    ("consistent", 0.01, "sink"): (-991.229731, 0.16161699, 0.09841396),
    ("consistent", 0.01, "insulating"): (-991.217966, -0.13445343, 0.19570977),
    ("consistent", 0.05, "sink"): (-1020.730341, 5.6606708, 0.84807413),
    ("consistent", 0.05, "insulating"): (-1027.019492, 6.7997398, 1.7031264),
}


def solved(m: Any, *, edges: Any = "sink", ends: str = "sink", voltage: bool = False, degree: int = 4, **changes: Any):
    """The rectangle under g = 1/nm^3 along x, as a field or as the voltage drop that it stands for."""
    made = film(**changes)
    device = wire(length=LENGTH, width=WIDTH).mesh(made, degree=degree, walls=m.walls)
    field = unit_field(made)
    drop = field[0] * LENGTH
    if voltage:
        driven = {"terminals": {"source": Voltage(drop, ends), "drain": Voltage(0.0, ends)}}
    else:
        driven = {"electric_field": field, "terminals": {"source": Contact(ends), "drain": Contact(ends)}}
    # without an axis a voltage drop would take that of the mean current
    return solve(device, made, m, edges=edges, degree=degree, torque_axis=(0, 1, 0), **driven)


def numbers(solution: Any) -> tuple[float, float, float]:
    """Particles per ps along +x, T_fl and T_dl."""
    found = torque(solution)
    flow = -currents(solution)["source"] / AMPERE_PER_RATE
    assert currents(solution)["drain"] == pytest.approx(flow * AMPERE_PER_RATE, rel=1e-9)
    assert found.fieldlike is not None and found.dampinglike is not None
    return flow, found.fieldlike / HBAR, found.dampinglike / HBAR


@pytest.mark.parametrize(("couplings", "alpha", "sides"), QUOTED)
def test_wall_against_quoted_numbers(couplings: str, alpha: float, sides: str) -> None:
    flow, fieldlike, dampinglike = QUOTED[couplings, alpha, sides]
    found = numbers(solved(WALL, edges=sides, ends=sides, couplings=couplings, rashba_parameter=alpha))
    assert found[0] == pytest.approx(flow, rel=1e-7)
    largest = max(abs(fieldlike), abs(dampinglike))
    assert found[1:] == pytest.approx((fieldlike, dampinglike), abs=1e-6 * largest)


def compared(solution: Any, exact: Any, maps: float, totals: float, shift: bool = False) -> None:
    """Fields at a grid of points and the integrals; `shift`: the reference has the field, the solution the voltages."""
    X_, Y_ = (a.ravel() for a in np.meshgrid(np.linspace(0.2, 11.8, 13), np.linspace(0.15, 7.85, 9), indexing="ij"))
    u = exact.evaluate(X_, Y_)
    if shift:
        u[0] += X_ - LENGTH
    found = probe(solution, np.column_stack([X_, Y_]))[:, 2:6].T
    scale = np.abs(u[1:]).max()
    assert np.abs(found[1:] - u[1:]).max() < maps * scale
    assert np.abs(found[0] - u[0]).max() < maps * scale
    assert numbers(solution)[0] == pytest.approx(exact.current(6.0), rel=totals)
    averages = np.array(exact.torque_averages())
    assert np.abs(numbers(solution)[1:] - averages).max() < totals * np.abs(averages).max()
    mean = solution.integrals.spin_density / solution.integrals.area
    assert np.abs(mean - exact.mean_S).max() < totals * np.abs(exact.mean_S).max()


TILTED = ("sin(x/5)", "cos(y/4)", "1 + x*y/60")
TILTED_VECTOR = [sp.sin(x / 5), sp.cos(y / 4), 1 + x * y / 60]
TILTED_EXACT = [e / sp.sqrt(sum(v**2 for v in TILTED_VECTOR)) for e in TILTED_VECTOR]


@pytest.mark.parametrize(
    ("m", "exact_m", "edges", "changes"),
    [
        (uniform(X), X, "sink", {}),
        (uniform(OBLIQUE), unit(OBLIQUE), "sink", {"couplings": "consistent", "rashba_parameter": -0.03}),
        (WALL, NEEL, "sink", {"denominators": "full", "rashba_parameter": 0.03}),
        (expression(TILTED), TILTED_EXACT, "sink", {"rashba_parameter": 0.02}),
        (expression(TILTED), TILTED_EXACT, "insulating", {"couplings": "consistent", "rashba_parameter": 0.02}),
    ],
    ids=["x", "oblique", "wall", "tilted", "tilted insulating"],
)
@pytest.mark.parametrize("voltage", [False, True], ids=["field", "voltage"])
def test_fields_and_integrals(voltage: bool, m: Any, exact_m: Any, edges: str, changes: dict[str, Any]) -> None:
    exact = solve_rectangle(reference(**changes), exact_m, LENGTH, WIDTH, 20, 16, 0, 0, 1.0, edges, edges)
    compared(solved(m, edges=edges, ends=edges, voltage=voltage, **changes), exact, 2e-4, 1e-6, voltage)


@pytest.mark.parametrize(
    ("edges", "ends"),
    [("insulating", "sink"), ("sink", "insulating"), ({"lower": "sink", "upper": "insulating"}, "sink")],
    ids=["insulating edges", "insulating ends", "mixed"],
)
def test_sides_of_different_kinds(edges: Any, ends: str) -> None:
    changes = {"couplings": "consistent", "rashba_parameter": 0.03}
    breaks = graded(LENGTH, 1, 0.1, 3), graded(WIDTH, 1, 0.1, 2)
    pair = edges if isinstance(edges, str) else (edges["lower"], edges["upper"])
    exact = solve_rectangle(reference(**changes), NEEL, LENGTH, WIDTH, 8, 8, 0, 0, 1.0, pair, ends, *breaks)
    compared(solved(WALL, edges=edges, ends=ends, **changes), exact, 3e-4, 2e-5)
