"""Edges that relax spin and edges that inject it, against exact sections of wires and exact rates.

The exact sections are those of `references.layers`, solved by collocation from the covariant form, and checked there
against the wires of `references.wire`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from references.layers import SINK, Edge, layered_wire
from references.wire import wire_profile
from samples import OBLIQUE, film, reference, square, unit, unit_field
from test_modes import spectral_rates
from test_wire import Section

from fem_rashba import (
    Contact,
    Ground,
    Relaxing,
    Solution,
    balance,
    solve,
    uniform,
    wire,
)
from fem_rashba.solvers.clock import Clock
from fem_rashba.solvers.discretization import cell_integrals, discretize, split
from fem_rashba.solvers.evolution import Evolution
from fem_rashba.solvers.modes import spin_waves
from fem_rashba.solvers.problem import pose
from fem_rashba.solvers.transient import first_moment, moments

FILMS: list[dict[str, Any]] = [
    {"rashba_parameter": 5e-3},
    {"rashba_parameter": 0.05, "couplings": "consistent"},
    {"rashba_parameter": -0.03, "denominators": "full", "exchange_time": 5e-3},
]
ENDS = {"source": Contact(), "drain": Contact()}


def across(edges: Any, length: float = 60.0, degree: int = 4, **changes: Any) -> Solution:
    """A wire 8 nm wide under the field whose driving gradient is 1/nm^3."""
    made = film(**changes)
    device = wire(length=length, width=8.0).mesh(made, degree=degree)
    return solve(device, made, uniform(OBLIQUE), electric_field=unit_field(made), edges=edges, degree=degree)


def compared(solution: Solution, layer: Any, section: Section, tolerance: float) -> None:
    exact = layer.S(section.y)
    assert np.abs(section.S - exact).max() < tolerance * np.abs(exact).max()


# --- relaxing edges ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("velocity", [0.0, 40.0, 800.0, np.inf])
@pytest.mark.parametrize("changes", FILMS)
def test_two_exact_wires(changes: dict[str, Any], velocity: float) -> None:
    """Collocation and invariant subspaces, two ways to write the equations, give the same wire."""
    f, m = reference(**changes), unit(OBLIQUE)
    edge = SINK if np.isinf(velocity) else Edge(velocity=velocity)
    (layer,) = layered_wire([(f, 8.0)], m, 1.0, edge, Edge(velocity=50.0))
    profile = wire_profile(f, m, 8.0, 1.0, (velocity, 50.0))
    np.testing.assert_allclose(layer.values.T, profile.S(layer.y), atol=1e-10 * np.abs(layer.values).max())
    np.testing.assert_allclose(layer.flux.T, profile.flux(layer.y), atol=1e-9 * np.abs(layer.flux).max())
    np.testing.assert_allclose(layer.total_torque, 8 * profile.mean_torque, rtol=1e-8)
    assert layer.current == pytest.approx(profile.current, rel=1e-10)


@pytest.mark.parametrize("changes", FILMS)
def test_relaxing_edges_of_a_wire(changes: dict[str, Any]) -> None:
    solution = across({"lower": Relaxing("60 nm/ps"), "upper": Relaxing(500.0)}, **changes)
    section = Section(solution, 30.0)
    edges = Edge(velocity=60.0), Edge(velocity=500.0)
    (exact,) = layered_wire([(reference(**changes), 8.0)], unit(OBLIQUE), section.gradient, *edges)
    compared(solution, exact, section, 1e-4)
    assert balance(solution).spin_residual < 1e-10  # type: ignore[operator]


def test_limits_of_the_loss_velocity() -> None:
    """0 is insulating; the sink is approached as 1/v."""
    S = {
        edges: Section(across(edges, 30.0, 2), 15.0).S
        for edges in ("sink", "insulating", Relaxing(0.0), Relaxing("1e5 nm/ps"), Relaxing(1e6))
    }
    largest = np.abs(S["insulating"]).max()
    assert np.abs(S[Relaxing(0.0)] - S["insulating"]).max() < 1e-10 * largest
    far, near = (np.abs(S[Relaxing(v)] - S["sink"]).max() for v in (1e5, 1e6))
    assert 1e-9 * largest < near < 1e-3 * largest
    assert far / near == pytest.approx(10.0, rel=0.02)


@pytest.mark.parametrize("velocity", [50.0, 2000.0])
def test_the_loss_is_in_the_balance(velocity: float) -> None:
    """What the edges and terminals take up is v S, exactly that which the inside lacks."""
    made = film(rashba_parameter=0.05)
    spin = Relaxing(velocity)
    device = wire(length=16.0, width=8.0).mesh(made, element_size=1.0, degree=2)
    ends = {name: Contact(spin) for name in ENDS}
    field = unit_field(made)
    solution = solve(device, made, uniform(OBLIQUE), terminals=ends, electric_field=field, edges=spin, degree=2)
    _, S = split(solution.u)
    local = cell_integrals(solution.discretization, [S[i] for i in range(3)], "ds").sum(axis=0)
    lost = velocity * np.sum(device.mesh.comm.allgather(local), axis=0)
    inside = solution.integrals.spin_balance
    np.testing.assert_allclose(lost, -inside.sum(axis=0), atol=1e-10 * np.abs(inside).max())
    assert np.abs(lost).max() > 1e-3 * np.abs(inside).max()
    found = balance(solution)
    assert found.spin_residual < 1e-10  # type: ignore[operator]
    assert found.spin < 0.05  # type: ignore[operator]


def robin(D: float, velocity: float, width: float) -> float:
    """The first q with D q tan(q width/2) = velocity."""
    low, high = 0.0, np.pi / width
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if D * middle * np.tan(middle * width / 2) < velocity else (low, middle)
    return (low + high) / 2


def test_decay_in_time() -> None:
    """S_z = cos(q (y - width/2)) between relaxing edges decays with D q^2 + 1/tau_sf, D q tan(q width/2) = v."""
    made, width, velocity, end = film(rashba_parameter=0.0), 8.0, 30.0, 0.1
    q = robin(made.coefficients.D, velocity, width)
    device = square("quadrilateral", 8, (width, width), lambda x, y: "frame" if y < 1e-9 else "lower")
    problem = pose(
        device,
        made,
        uniform([0, 0, 1]),
        terminals={"frame": Ground(Relaxing(velocity))},
        edges={"lower": "insulating"},
        degree=3,
    )
    # the one terminal relaxes, the opposite edge insulates: half of a wire twice as wide
    half = robin(made.coefficients.D, velocity, 2 * width)
    assert half < q
    system = Evolution(discretize(problem), method="direct", tolerance=1e-10, petsc={})
    clock = Clock(end=end, step=end / 64, tolerance=None)
    first = first_moment(system, clock, ["0", "0", "0", f"cos({half!r}*({width} - y))"])
    *_, last = moments(system, clock, first, "esdirk3")
    system.destroy()
    decayed = np.exp(-(made.coefficients.D * half**2 + made.coefficients.r_sf) * end)
    np.testing.assert_allclose(last.u.reshape(-1, 4)[:, 3], decayed * first.u.reshape(-1, 4)[:, 3], atol=2e-5)


@pytest.mark.parametrize("alpha", [0.0, 0.02])
def test_modes_between_relaxing_edges(alpha: float) -> None:
    """All four sides with one velocity, against a spectral reference with the loss on its boundary."""
    made, sizes, velocity = film(rashba_parameter=alpha, exchange_time=np.inf), (30.0, 20.0), 25.0
    device = wire(length=sizes[0], width=sizes[1]).mesh(made, element_size=2.0, degree=3)
    spin = Relaxing(velocity)
    ends = {name: Contact(spin) for name in ENDS}
    problem = pose(device, made, uniform([0, 0, 1]), terminals=ends, electric_field=[1e-3, 0], edges=spin, degree=3)
    c = made.coefficients
    expected = spectral_rates(c.D, made.rashba_wavevector, c.r_sf, sizes, loss=velocity)[:5]
    assert spin_waves(problem, 5).rates == pytest.approx(expected, rel=1e-4)
    if alpha == 0:
        slowest = c.r_sf + c.D * sum(robin(c.D, velocity, size) ** 2 for size in sizes)
        assert expected[0] == pytest.approx(slowest, rel=1e-9)
