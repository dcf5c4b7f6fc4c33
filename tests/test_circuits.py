"""Terminals: currents, the voltages they produce, reciprocity; and the switch of the literal drift."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from samples import OBLIQUE, X, assert_same, coarse, fields, film, unit, unit_field

from fem_rashba import (
    Couplings,
    Current,
    Floating,
    Ground,
    Voltage,
    currents,
    hall_cross,
    neel_wall,
    uniform,
    voltages,
    wire,
)
from fem_rashba.solvers.problem import pose, warnings

CROSS = hall_cross(arm_width=6, arm_length=4)
POINTS = np.array([(-6.3, 1.1), (-2.6, -2.2), (0.4, 0.9), (1.3, 5.5), (2.2, -6.1), (5.8, -1.7)])


def test_currents_and_the_voltages_they_produce() -> None:
    """Side arms that float; then all four voltages given; then the current given: one state."""
    m = neel_wall(center=[1, -0.5], width=3, angle=1.1)
    floating = coarse(CROSS, m, terminals={"source": Voltage("1 mV"), "drain": Ground(), "left": Floating()})
    volts, amperes = voltages(floating), currents(floating)
    assert abs(amperes["left"]) + abs(amperes["right"]) < 1e-9 * amperes["source"]
    assert 0 < volts["left"] < 1e-3
    assert volts["left"] != pytest.approx(volts["right"], rel=1e-6)
    fixed = coarse(CROSS, m, terminals={name: Voltage(value) for name, value in volts.items()})
    given = {"source": Current(amperes["source"]), "drain": Voltage("2 mV")}
    driven = coarse(CROSS, m, terminals=given)
    expected = fields(floating, POINTS)
    assert_same(fields(fixed, POINTS), expected)
    assert currents(fixed) == pytest.approx(amperes, abs=1e-9 * amperes["source"])
    shifted = fields(driven, POINTS)
    shifted[0] += 2e-3 * film().coefficients.states
    assert_same(shifted, expected)
    assert {n: v - 2e-3 for n, v in voltages(driven).items()} == pytest.approx(volts, abs=1e-11)


def conductances(m: np.ndarray, couplings: Couplings) -> np.ndarray:
    """G_ij: the current through i per volt at j, all others grounded."""
    made = film(rashba_parameter=0.05, couplings=couplings, polarization=0.0)
    names = ("source", "drain", "left", "right")
    columns = []
    for driven in names:
        terminals = {name: Voltage(1.0 if name == driven else 0.0) for name in names}
        found = currents(coarse(CROSS, uniform(m), film=made, terminals=terminals))
        columns.append([found[name] for name in names])
    return np.array(columns).T


def test_onsager_reciprocity() -> None:
    """With the charge weights of (15), and no drive by the equilibrium spin."""
    m = unit((0.4, 0.7, 0.6))
    weights = Couplings(charge_weights=(4, 8), gamma_weights=(1, 1, 2))
    forward, backward = conductances(m, weights), conductances(-m, weights)
    scale = np.abs(forward).max()
    assert np.abs(forward - backward.T).max() < 1e-12 * scale
    assert np.abs(forward - forward.T).max() > 1e-8 * scale
    printed = Couplings(charge_weights=(1, 1), gamma_weights=(1, 1, 2))
    assert np.abs(conductances(m, printed) - conductances(-m, printed).T).max() > 1e-9 * scale


def changed(m: Sequence[float], length: float) -> float:
    """What the literal drift changes at the mid-section of a wire, relative."""
    points = np.column_stack([np.full(5, length / 2), np.linspace(0.5, 5.5, 5)])
    found = []
    for literal in (False, True):
        made = film(rashba_parameter=0.1, exchange_time=5e-3, couplings=Couplings(literal_drift=literal))
        solution = coarse(wire(length=length, width=6), uniform(m), film=made, electric_field=unit_field(made))
        found.append(fields(solution, points)[1:4])
    return float(np.abs(found[1] - found[0]).max() / np.abs(found[0]).max())


def test_literal_drift() -> None:
    """With m along the field only the ends of a wire change, by which n has a slope of a share 1/length in the middle;
    with an oblique m all of it does."""
    short, long = changed(X, 60), changed(X, 240)
    assert 3 < short / long < 5
    assert changed(OBLIQUE, 240) > 50 * long


def test_a_drive_beyond_linear_response_is_told() -> None:
    made = film()
    device = wire(length=12, width=8).mesh(made, element_size=4.0, degree=1)
    limit = 0.1 * made.fermi_energy
    for volts, told in ((0.5 * limit, False), (2 * limit, True)):
        by_voltage = {"terminals": {"source": Voltage(volts), "drain": Ground()}}
        for drive in (by_voltage, {"electric_field": [volts / 12, 0.0]}):
            found = warnings(pose(device, made, uniform([1, 0, 0]), degree=1, **drive))
            assert any("linear response" in warning for warning in found) == told
