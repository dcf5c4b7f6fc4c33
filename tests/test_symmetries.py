"""Symmetries of the model, which a discretization on a mesh that has them keeps to solver tolerance.

Spin and magnetization are axial vectors: a mirror turns the components that lie in it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any

import numpy as np
import pytest
from samples import OBLIQUE, STRONG, assert_same, coarse, fields, film, unit, unit_field

from fem_rashba import (
    Contact,
    Ground,
    Open,
    Voltage,
    currents,
    hall_cross,
    neel_wall,
    torque,
    uniform,
    voltages,
    wire,
)

LENGTH, WIDTH = 12.0, 8.0
CROSS = hall_cross(arm_width=6, arm_length=4)
TIP = 7.0
RECTANGLE = wire(length=LENGTH, width=WIDTH)
TURN = np.diag([-1.0, -1.0, 1.0])
INSIDE = np.array([(0.7, 1.1), (2.6, 6.2), (5.4, 3.9), (8.3, 0.5), (9.2, 6.1), (11.8, 4.7)])
POINTS = np.array([(-6.3, 1.1), (-2.6, -2.2), (0.4, 0.9), (1.3, 5.5), (2.2, -6.1), (5.8, -1.7)])


@pytest.mark.parametrize("m", [uniform(OBLIQUE), neel_wall(center=[5, 3], width=3, angle=0.4)], ids=["uniform", "wall"])
@pytest.mark.parametrize("edges", ["sink", "insulating"])
def test_field_is_voltage_drop_in_a_wire(m: Any, edges: str) -> None:
    field = unit_field(film(**STRONG))
    by_field = coarse(RECTANGLE, m, electric_field=field, edges=edges, torque_axis=(0, 1, 0))
    driven = {"source": Voltage(field[0] * LENGTH), "drain": Ground()}
    by_voltage = coarse(RECTANGLE, m, terminals=driven, edges=edges, torque_axis=(0, 1, 0))
    expected = fields(by_field, INSIDE)
    expected[0] += INSIDE[:, 0] - LENGTH
    assert_same(fields(by_voltage, INSIDE), expected)
    assert currents(by_voltage) == pytest.approx(currents(by_field), rel=1e-9)
    assert torque(by_voltage).fieldlike == pytest.approx(torque(by_field).fieldlike, rel=1e-8)
    assert torque(by_voltage).dampinglike == pytest.approx(torque(by_field).dampinglike, rel=1e-8)


@pytest.mark.parametrize("side", [Open(), Contact()], ids=["open", "contact"])
def test_field_is_voltage_drop_in_a_cross(side: Any) -> None:
    """The voltage of a contact under a field is -E.r_c, also where the field is along the contact."""
    direction = (1.0, 0.0) if isinstance(side, Open) else (0.8, -0.5)
    Ex, Ey = unit_field(film(**STRONG), direction)
    m = neel_wall(center=[1, -0.5], width=3, angle=1.1)
    by_field = coarse(CROSS, m, electric_field=[Ex, Ey], terminals={"left": side, "right": side})
    driven: dict[str, Any] = {"source": Voltage(Ex * TIP), "drain": Voltage(-Ex * TIP)}
    sides = {"left": Voltage(-Ey * TIP), "right": Voltage(Ey * TIP)}
    driven |= {"left": side, "right": side} if isinstance(side, Open) else sides
    by_voltage = coarse(CROSS, m, terminals=driven)
    expected = fields(by_field, POINTS)
    expected[0] += POINTS @ direction
    assert_same(fields(by_voltage, POINTS), expected)
    largest = max(map(abs, currents(by_field).values()))
    assert currents(by_voltage) == pytest.approx(currents(by_field), abs=1e-9 * largest)
    assert voltages(by_voltage) == pytest.approx(voltages(by_field), abs=1e-12 * Ex * TIP)


def mapped(
    before: Any,
    after: Any,
    place: Callable[[np.ndarray], np.ndarray],
    spin: np.ndarray,
    sign: float,
    points: np.ndarray,
) -> None:
    """n'(r') = sign n(r), S'(r') = sign spin S(r), and T as S."""
    u = fields(before, points)
    expected = sign * np.concatenate([u[:1], spin @ u[1:4], spin @ u[4:]])
    assert_same(fields(after, place(points)), expected)


WIRE_SYMMETRIES = {
    # name: (place, what spin and m become, what the field along x becomes, what the angle of a wall becomes)
    "mirror y": (lambda r: r * (1, -1) + (0, WIDTH), np.diag([-1.0, 1.0, -1.0]), 1, lambda a: pi - a),
    "mirror x": (lambda r: r * (-1, 1) + (LENGTH, 0), np.diag([1.0, -1.0, -1.0]), -1, lambda a: -a),
    "half turn": (lambda r: -r + (LENGTH, WIDTH), TURN, -1, lambda a: a + pi),
}


@pytest.mark.parametrize("name", WIRE_SYMMETRIES)
@pytest.mark.parametrize("kind", ["uniform", "wall"])
@pytest.mark.parametrize("couplings", ["paper", "consistent"])
def test_mirrors_and_half_turn(name: str, kind: str, couplings: str) -> None:
    place, spin, sign, turned = WIRE_SYMMETRIES[name]
    made = film(rashba_parameter=0.03, couplings=couplings)
    if kind == "uniform":
        m, image = uniform(OBLIQUE), uniform(spin @ unit(OBLIQUE))
    else:
        center = np.array([5.0, 3.0])
        m = neel_wall(center=center, width=3, angle=0.4)
        image = neel_wall(center=place(center), width=3, angle=turned(0.4))
    edges = {"lower": "sink", "upper": "insulating"}
    swapped = edges if name == "mirror x" else {"lower": "insulating", "upper": "sink"}
    # the field keeps its direction: what the symmetry makes of it, sign times the field, is undone by linearity
    before, after = (
        coarse(RECTANGLE, direction, film=made, electric_field=unit_field(made), edges=sides)
        for direction, sides in ((m, edges), (image, swapped))
    )
    mapped(before, after, place, spin, sign, INSIDE)


@pytest.mark.parametrize("denominators", ["dirty", "full"])
def test_sign_of_the_rashba_parameter(denominators: str) -> None:
    """-alpha is a half turn of spin and m alone."""
    direction = unit(OBLIQUE)
    changes = STRONG | {"denominators": denominators}
    films = film(**changes), film(**(changes | {"rashba_parameter": -0.03}))
    m = uniform(direction), uniform(TURN @ direction)
    before, after = (
        coarse(RECTANGLE, m[i], film=films[i], electric_field=unit_field(films[i]), edges="insulating") for i in (0, 1)
    )
    mapped(before, after, lambda r: r, TURN, 1, INSIDE)
    assert currents(after) == pytest.approx(currents(before), rel=1e-9)


@pytest.mark.parametrize(
    ("m", "place", "spin", "sign"),
    [
        ((0.6, 0.0, 0.8), WIRE_SYMMETRIES["mirror y"][0], WIRE_SYMMETRIES["mirror y"][1], 1),
        ((0.6, 0.8, 0.0), WIRE_SYMMETRIES["half turn"][0], TURN, -1),
        ((0.0, 0.6, 0.8), WIRE_SYMMETRIES["mirror x"][0], WIRE_SYMMETRIES["mirror x"][1], -1),
    ],
    ids=["xz", "xy", "yz"],
)
def test_reversed_magnetization(m: Any, place: Any, spin: np.ndarray, sign: float) -> None:
    """m in a plane of symmetry: -m is what the symmetry makes of it."""
    assert np.allclose(spin @ m, np.negative(m))
    field = unit_field(film(**STRONG))
    before, after = (coarse(RECTANGLE, uniform(s * np.array(m)), electric_field=field) for s in (1, -1))
    mapped(before, after, place, spin, sign, INSIDE)


@pytest.mark.parametrize("kind", ["uniform", "wall"])
def test_quarter_turn_of_the_cross(kind: str) -> None:
    quarter = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    center = np.array([1.0, -0.5])
    found = []
    for spin, angle in ((np.eye(3), 0.0), (quarter, pi / 2)):
        wall = neel_wall(center=spin[:2, :2] @ center, width=3, angle=0.3 + angle)
        m = wall if kind == "wall" else uniform(spin @ unit(OBLIQUE))
        field = spin[:2, :2] @ unit_field(film(**STRONG), (1.0, 0.4))
        sides = {"left": Contact(), "right": Contact()}
        found.append(coarse(CROSS, m, electric_field=list(field), terminals=sides))
    mapped(found[0], found[1], lambda r: r @ quarter[:2, :2].T, quarter, 1, POINTS)
    before, after = (currents(solution) for solution in found)
    turned = {"right": "source", "drain": "right", "left": "drain", "source": "left"}
    largest = max(map(abs, before.values()))
    assert {name: after[image] for image, name in turned.items()} == pytest.approx(before, abs=1e-9 * largest)


def test_superposition() -> None:
    made = film(**STRONG)
    sides = {"left": Contact(), "right": Contact()}
    along, across, both = (
        fields(coarse(CROSS, uniform(OBLIQUE), electric_field=unit_field(made, d), terminals=sides), POINTS)
        for d in ((1.0, 0.0), (0.0, 1.0), (2.0, -0.5))
    )
    assert_same(both, 2 * along - 0.5 * across)
