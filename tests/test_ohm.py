"""Without Rashba coupling and exchange the film is an Ohmic sheet: resistances that conformal maps give exactly.

In squares, that is in units of the sheet resistance. Arms are long enough that exp(-2 pi length/width), by which their
ends matter, is below the tolerance.
"""

from __future__ import annotations

from math import inf, log, pi
from typing import Any

import pytest
from references import ohmic
from samples import film

from fem_rashba import corbino, hall_cross, polygon, resistances, uniform, van_der_pauw

SHEET = film(rashba_parameter=0.0, exchange_time=inf)
W = 20.0
BODY = [[0, 0], [60, 0], [70, 40], [25, 55], [0, 45]]
ARMS = [
    [[20, -20], [30, -20], [30, 5], [20, 5]],
    [[40, 10], [100, 10], [100, 24], [40, 24]],
    [[35, 30], [43, 30], [43, 75], [35, 75]],
    [[-24, 20], [5, 20], [5, 32], [-24, 32]],
]
ENDS = {
    "a": [[20, -20], [30, -20]],
    "b": [[100, 10], [100, 24]],
    "c": [[35, 75], [43, 75]],
    "d": [[-24, 20], [-24, 32]],
}


def measured(shape: Any, degree: int = 3, **size: Any) -> Any:
    device = shape.mesh(SHEET, degree=degree, **size)
    return resistances(device, SHEET, uniform([0, 0, 1]), degree=degree)


def squares(found: Any, current: str, voltage: str) -> float:
    """R_AB,CD in squares; contacts have names of one letter."""
    return float(found.four_point(current=tuple(current), voltage=tuple(voltage)) / SHEET.sheet_resistance)


def test_right_angle_bend() -> None:
    arm = 2.5 * W
    outline = [[0, 0], [arm + W, 0], [arm + W, W], [W, W], [W, arm + W], [0, arm + W]]
    ends = {"a": [[arm + W, 0], [arm + W, W]], "b": [[0, arm + W], [W, arm + W]]}
    found = squares(measured(polygon(outline, terminals=ends)), "ab", "ab")
    assert found == pytest.approx(2 * arm / W + ohmic.corner(), abs=1e-5)


def test_step_in_the_width() -> None:
    narrow, ratio = 12.0, 2.5
    wide = ratio * narrow
    outline = [[0, 0], [110, 0], [110, wide], [30, wide], [30, narrow], [0, narrow]]
    ends = {"a": [[0, 0], [0, narrow]], "b": [[110, 0], [110, wide]]}
    found = squares(measured(polygon(outline, terminals=ends)), "ab", "ab")
    assert found == pytest.approx(30 / narrow + 80 / wide + ohmic.step(ratio), abs=1e-5)


@pytest.mark.parametrize("part", [0.2, 0.55])
def test_narrow_contact_which_is_half_a_slit(part: float) -> None:
    """By the mirror at the contact: a strip with a slit of the depth 1 - part across it has twice this excess."""
    length = 2.5 * W
    outline = [[0, 0], [length, 0], [length, W], [0, W]]
    ends = {"a": [[0, 0], [0, part * W]], "b": [[length, 0], [length, W]]}
    found = squares(measured(polygon(outline, terminals=ends), degree=4), "ab", "ab")
    assert found == pytest.approx(length / W + ohmic.contact(part), abs=1e-5)


@pytest.mark.parametrize("outer", [25.0, 80.0])
def test_corbino_ring(outer: float) -> None:
    found = measured(corbino(inner_radius=20, outer_radius=outer))
    volts = found.matrix("outer")[0, 0] / SHEET.sheet_resistance
    assert volts == pytest.approx(ohmic.ring(20, outer), rel=1e-6)


def test_hall_cross() -> None:
    """All resistances of the symmetric cross, and no Hall voltage."""
    arm = 2.5
    found = measured(hall_cross(arm_width=W, arm_length=arm * W))
    expected = ohmic.cross(arm)
    unit = SHEET.sheet_resistance

    def of(current: tuple[str, str], voltage: tuple[str, str]) -> float:
        return float(found.four_point(current=current, voltage=voltage) / unit)

    assert of(("source", "drain"), ("source", "drain")) == pytest.approx(expected["straight"], abs=1e-5)
    assert of(("source", "right"), ("source", "right")) == pytest.approx(expected["around"], abs=1e-5)
    assert of(("source", "right"), ("left", "drain")) == pytest.approx(expected["neighbours"], abs=1e-5)
    assert of(("source", "drain"), ("left", "right")) == pytest.approx(0, abs=1e-9)


def test_van_der_pauw_on_an_asymmetric_plate() -> None:
    """The end of a long arm is a point contact: the theorem is exact but for exp(-2 pi length/width)."""
    plate = measured(polygon([BODY, *ARMS], terminals=ENDS))
    found = van_der_pauw(plate, list("abcd"))
    assert found.resistances[0] > 1.3 * found.resistances[1]
    assert found.sum(SHEET.sheet_resistance) == pytest.approx(1, abs=1e-5)
    assert found.sheet_resistance == pytest.approx(SHEET.sheet_resistance, rel=1e-5)
    for start in (1, 2, 3):
        names = [*"abcd"[start:], *"abcd"[:start]]
        assert van_der_pauw(plate, names).sheet_resistance == pytest.approx(SHEET.sheet_resistance, rel=1e-5)


def test_a_hole_breaks_van_der_pauw() -> None:
    """The sum is below 1, for a small hole by an amount in proportion to its area."""
    sums = []
    for half in (1.5, 3.0):
        x, y = 32, 22
        hole = [[x - half, y - half], [x + half, y - half], [x + half, y + half], [x - half, y + half]]
        found = measured(polygon([BODY, *ARMS], holes=[hole], terminals=ENDS), degree=2, element_size=1.5)
        sums.append(van_der_pauw(found, list("abcd")).sum(SHEET.sheet_resistance))
    assert sums[1] < sums[0] < 0.999
    assert (1 - sums[0]) / (1 - sums[1]) == pytest.approx(1 / 4, rel=0.15)


def test_wide_contacts_break_van_der_pauw_by_their_square() -> None:
    def defect(length: float) -> float:
        ends = {
            "a": [[10, 0], [10 + length, 0]],
            "b": [[60, 5], [60, 5 + length]],
            "c": [[42 - length, 40], [42, 40]],
            "d": [[0, 20], [0, 20 + length]],
        }
        plate = polygon([[0, 0], [60, 0], [60, 40], [0, 40]], terminals=ends)
        return abs(van_der_pauw(measured(plate, degree=2), list("abcd")).sum(SHEET.sheet_resistance) - 1)

    wide, half = defect(2.0), defect(1.0)
    assert wide < 1e-2
    assert wide / half == pytest.approx(4, rel=0.1)


def test_the_references_have_their_closed_forms() -> None:
    assert ohmic.corner() == pytest.approx(1 - 2 / pi * log(2), abs=1e-12)
    assert ohmic.corner() == pytest.approx(0.558729, abs=5e-7)
    for k in (1.2, 2.5, 7.0):
        exact = ((k + 1 / k) * log((k + 1) / (k - 1)) - 2 * log(4 * k / (k * k - 1))) / pi
        assert ohmic.step(k) == pytest.approx(exact, abs=1e-9)
