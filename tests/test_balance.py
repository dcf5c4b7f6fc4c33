"""Balances: reactions add up, currents from the fields agree with them ever better, and a break shows.

A current taken with another coefficient than that of the solve is what a mistake in the flux would be.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from samples import OBLIQUE, STRONG, coarse, film, unit_field

from fem_rashba import (
    Contact,
    Current,
    Ground,
    Solution,
    Voltage,
    balance,
    currents,
    hall_cross,
    neel_wall,
    solve,
    uniform,
    wire,
)
from fem_rashba.results.balance import section_currents

WALL = neel_wall(center=[6, 4], width=3, angle=0.5)


def strip(size: float, degree: int = 2, m: Any = WALL, edges: str = "insulating", **changes: Any) -> Solution:
    made = film(**(STRONG | changes))
    device = wire(length=12, width=8).mesh(made, element_size=size, degree=degree)
    ends = {"source": Contact(), "drain": Contact()}
    return solve(device, made, m, electric_field=unit_field(made), terminals=ends, edges=edges, degree=degree)


def broken(solution: Solution, **factors: float) -> SimpleNamespace:
    """The solution's coefficients, some of them times a factor."""
    names = solution.discretization.coefficients.__dict__
    return SimpleNamespace(**{name: factors.get(name, 1.0) * value for name, value in names.items()})


@pytest.mark.parametrize("edges", ["sink", "insulating"])
def test_reactions_add_up(edges: str) -> None:
    terminals = {"source": Voltage("1 mV"), "drain": Ground(), "left": Current("10 nA"), "right": Voltage("0.3 mV")}
    solution = coarse(hall_cross(arm_width=6, arm_length=4), uniform(OBLIQUE), terminals=terminals, edges=edges)
    found = currents(solution)
    assert found["left"] == pytest.approx(1e-8, rel=1e-9)
    assert abs(sum(found.values())) < 1e-10 * max(map(abs, found.values()))
    defects = balance(solution)
    assert defects.charge is not None and defects.charge < 1e-10
    assert defects.spin_residual is not None and defects.spin_residual < 1e-8
    # the corners of a cross are singular and the mesh is coarse
    assert defects.section is not None and 1e-9 < defects.section < 0.05


@pytest.mark.parametrize("edges", ["sink", "insulating"])
def test_currents_from_the_fields_converge(edges: str) -> None:
    crude, fine = (balance(strip(size, edges=edges)) for size in (1.0, 0.25))
    for defects in (crude, fine):
        assert defects.charge is not None and defects.charge < 1e-10
        assert defects.spin_residual is not None and defects.spin_residual < 1e-8
    assert fine.section < 0.4 * crude.section < 1e-5  # type: ignore[operator]
    assert fine.spin < 0.4 * crude.spin < 0.01  # type: ignore[operator]
    best = balance(strip(0.5, 4, edges=edges))
    assert best.section < 1e-6 and best.spin < 1e-3  # type: ignore[operator]


def test_a_broken_charge_current() -> None:
    """The section sees a wrong conductivity at its full size, and a wrong spin-galvanic current."""
    solution = strip(0.5, 4, uniform(OBLIQUE), rashba_parameter=0.05)
    whole = balance(solution).section
    assert whole is not None and whole < 1e-6
    found = balance(solution, broken(solution, D=1.1)).section
    # the current is D G but for a spin-galvanic part of some per cent
    assert found == pytest.approx(0.1, rel=0.05)
    assert balance(solution, broken(solution, D=-1.0)).section == pytest.approx(2.0, rel=0.05)
    for factors in ({"charge_b": 2.0}, {"charge_b": -1.0}, {"B": 2.0}):
        assert balance(solution, broken(solution, **factors)).section > 1e3 * whole  # type: ignore[operator]
    twice = section_currents(solution, broken(solution, D=2.0, B=2.0, R=2.0))
    for name, flows in section_currents(solution).items():
        assert flows == pytest.approx([currents(solution)[name]] * 3, rel=1e-6)
        assert twice[name] == pytest.approx([2 * flow for flow in flows], rel=1e-12)


@pytest.mark.parametrize(
    ("name", "edges", "seen"),
    [
        ("D", "sink", True),
        ("PF", "sink", True),
        ("precession", "insulating", True),
        # S = 0 at sinks: it does not precess there; and all that the spin-Hall current carries out comes in elsewhere
        ("precession", "sink", False),
        ("hall", "sink", False),
    ],
)
def test_a_broken_spin_current(name: str, edges: str, seen: bool) -> None:
    """The balance misses each part of the spin current that has a net flow out."""
    solution = strip(0.5, 4, edges=edges)
    whole, found = balance(solution).spin, balance(solution, broken(solution, **{name: 1.5})).spin
    assert whole is not None and whole < 2e-3
    assert found is not None
    assert found > 10 * whole if seen else found == pytest.approx(whole, rel=1e-3)


def test_nothing_to_balance_where_nothing_drives_spin() -> None:
    found = balance(strip(2.0, m=uniform(OBLIQUE), rashba_parameter=0.0))
    assert found.charge is not None
    assert found.spin is None
    assert found.spin_by_component is None
    assert found.spin_residual is None
