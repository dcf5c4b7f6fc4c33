"""Wires under a uniform field against the exact solution of the infinite wire, at the mid-section.

Half a wire is many decay lengths of the spin, so the ends reach the middle in one number only: spin-galvanic end layers
are resistances in series, and the gradient that is left in the middle differs from the applied one by a share of
R_end/L. The problem is linear, so the reference is taken at the gradient measured in the middle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from references.wire import WireProfile, wire_profile
from samples import OBLIQUE, X, film, reference, unit, unit_field

from fem_rashba import currents, probe, solve, uniform, wire
from fem_rashba.units import AMPERE_PER_RATE, HBAR

PAPER = {
    1e-2: ((0, 0.0583607593, -0.0085850859), 5.69862825, -0.419880057),
    5e-4: ((0, 0.00301030446, -0.000255650572), 0.293681383, -0.00460270443),
}
"""S at the middle of the 300 x 50 nm wire and T_fl, T_dl averaged over its mid-section, per g = 1/nm^3, m = x."""


def solved(length: float, width: float, degree: int, m: Any = X, edges: Any = "sink", **changes: Any) -> Any:
    """A wire under the field whose driving gradient is 1/nm^3 along x."""
    made = film(**changes)
    device = wire(length=length, width=width).mesh(made, degree=degree)
    return solve(device, made, uniform(m), electric_field=unit_field(made), edges=edges, degree=degree)


class Section:
    """The section at x: points and Gauss weights between the grid lines, and the fields there."""

    def __init__(self, solution: Any, x: float) -> None:
        lines = np.unique(np.round(solution.device.mesh.geometry.x[:, 1], 9))
        nodes, weights = np.polynomial.legendre.leggauss(5)
        half = np.diff(lines)[:, None] / 2
        self.y = (lines[:-1, None] + half * (nodes + 1)).ravel()
        self.weights = (half * weights).ravel() / (lines[-1] - lines[0])
        at = self._probe(solution, x)
        self.n, self.S, self.T = at[:, 2], at[:, 3:6].T, at[:, 6:9].T / HBAR
        ahead, behind = (self._probe(solution, x + step)[:, 2] for step in (0.5, -0.5))
        self.gradient = 1 + float((ahead - behind) @ self.weights)

    def _probe(self, solution: Any, x: float) -> np.ndarray:
        return probe(solution, np.column_stack([np.full_like(self.y, x), self.y]))


@pytest.mark.parametrize(("degree", "maps", "averages"), [(2, 1e-3, 1e-4), (4, 1e-5, 1e-5)])
@pytest.mark.parametrize("alpha", PAPER)
def test_wire_of_the_paper(alpha: float, degree: int, maps: float, averages: float) -> None:
    at_middle, fieldlike, dampinglike = PAPER[alpha]
    solution = solved(300, 50, degree, rashba_parameter=alpha)
    section = Section(solution, 150.0)
    exact = wire_profile(reference(rashba_parameter=alpha), X, 50.0).S(section.y)
    largest = np.abs(exact).max()
    assert np.abs(section.S - exact).max() < maps * largest
    middle = probe(solution, np.array([[150.0, 25.0]]))[0, 3:6]
    assert np.abs(middle - at_middle).max() < maps * largest
    # m = x: T_fl = -T_z, T_dl = T_y
    mean = section.T @ section.weights
    assert np.abs(mean - (0, dampinglike, -fieldlike)).max() < averages * fieldlike


def compared(solution: Any, profile: WireProfile, section: Section, tolerance: float) -> None:
    g = section.gradient
    exact = g * profile.S(section.y)
    assert np.abs(section.S - exact).max() < tolerance * np.abs(exact).max()
    torque = g * profile.torque(section.y)
    assert np.abs(section.T - torque).max() < tolerance * np.abs(torque).max()
    dn = g * profile.dn(section.y)
    dn -= section.weights @ dn
    n = section.n - section.weights @ section.n
    assert np.abs(n - dn).max() < tolerance * max(np.abs(dn).max(), 0.1 * np.abs(exact).max())
    expected = -AMPERE_PER_RATE * g * profile.current
    assert currents(solution)["source"] == pytest.approx(expected, rel=0.1 * tolerance)
    assert currents(solution)["drain"] == pytest.approx(-expected, rel=0.1 * tolerance)


@pytest.mark.parametrize(
    ("edges", "m", "changes"),
    [
        ("sink", OBLIQUE, {"rashba_parameter": 0.05}),
        ("sink", (0.2, -0.9, 0.4), {"couplings": "consistent", "denominators": "full", "rashba_parameter": -0.03}),
        ("insulating", OBLIQUE, {"couplings": "consistent", "rashba_parameter": 0.05}),
        ("insulating", (-0.4, 0.5, 0.6), {"denominators": "full", "rashba_parameter": 0.03, "exchange_time": 5e-3}),
        ({"lower": "sink", "upper": "insulating"}, OBLIQUE, {"couplings": "consistent", "denominators": "full"}),
        ({"lower": "insulating", "upper": "sink"}, X, {"rashba_parameter": 0.02, "effective_mass": 0.6}),
    ],
)
def test_other_films_directions_and_edges(edges: Any, m: Any, changes: dict[str, Any]) -> None:
    solution = solved(80, 9, 4, m, edges, **changes)
    kinds = (edges, edges) if isinstance(edges, str) else (edges["lower"], edges["upper"])
    profile = wire_profile(reference(**changes), unit(m), 9.0, 1.0, kinds)
    compared(solution, profile, Section(solution, 40.0), 2e-5)
