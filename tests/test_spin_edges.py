"""Edges that relax spin and edges that inject it, against exact sections of wires and exact rates.

The exact sections are those of `references.layers`, solved by collocation from the covariant form, and checked there
against the wires of `references.wire`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from references.layers import INSULATING, SINK, Edge, layered_wire
from references.wire import wire_profile
from samples import OBLIQUE, assert_same, coarse, fields, film, reference, square, unit, unit_field
from test_modes import spectral_rates
from test_wire import Section

from fem_rashba import (
    Contact,
    Couplings,
    Current,
    Floating,
    Ground,
    Injected,
    Relaxing,
    Solution,
    Voltage,
    balance,
    currents,
    hall_cross,
    load,
    probe,
    save,
    solve,
    torque,
    uniform,
    voltages,
    wire,
)
from fem_rashba.config import load as configuration
from fem_rashba.config.sweeping import axes
from fem_rashba.config.templates import template
from fem_rashba.devices.spin import spin_condition
from fem_rashba.results.solution import NO_AXIS
from fem_rashba.solvers.clock import Clock
from fem_rashba.solvers.discretization import cell_integrals, discretize, split
from fem_rashba.solvers.evolution import Evolution
from fem_rashba.solvers.modes import spin_waves
from fem_rashba.solvers.problem import pose, warnings
from fem_rashba.solvers.steady import solve_steady
from fem_rashba.solvers.transient import first_moment, moments

S0, J0 = (2e-4, -1e-4, 3e-4), (0.03, 0.02, -0.05)
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
    rate = made.coefficients.D * half**2 + made.coefficients.r_sf
    at_first = first.u.reshape(-1, 4)[:, 3]
    assert np.abs(first.rate.reshape(-1, 4)[:, 3] + rate * at_first).max() < 1e-3 * rate
    decayed = np.exp(-rate * end)
    np.testing.assert_allclose(last.u.reshape(-1, 4)[:, 3], decayed * at_first, atol=2e-5)


@pytest.mark.parametrize("alpha", [5e-3, 0.03])
def test_decay_in_time_with_rashba_coupling(alpha: float) -> None:
    """What is left of any spin after a while decays with the slowest rate of the spectral reference.

    The reference has no charge, so the spin drives no current here.
    """
    uncoupled = Couplings(charge_weights=(0.0, 0.0))
    made = film(rashba_parameter=alpha, exchange_time=np.inf, couplings=uncoupled)
    sizes, velocity = (7.0, 5.0), 40.0
    device = square("quadrilateral", 5, sizes, lambda x, y: _side(x, y, *sizes))
    spin = Relaxing(velocity)
    ends = {"source": Ground(spin), "drain": Ground(spin)}
    problem = pose(device, made, uniform([0, 0, 1]), terminals=ends, edges=spin, degree=3)
    c = made.coefficients
    slowest, second = spectral_rates(c.D, made.rashba_wavevector, c.r_sf, sizes, loss=velocity)[:2]
    # short steps against both, so that they do not change the ratio of the two
    end = 6.0 / (second - slowest) if second > 1.05 * slowest else 6.0 / slowest
    system = Evolution(discretize(problem), method="direct", tolerance=1e-10, petsc={})
    clock = Clock(end=end, step=end / 160, tolerance=None)
    *_, last = moments(system, clock, first_moment(system, clock, ["0", "0.3+x/20", "0.5-y/30", "1+x*y/50"]), "esdirk3")
    system.destroy()
    S, rate = (v.reshape(-1, 4)[:, 1:].ravel() for v in (last.u, last.rate))
    assert -(S @ rate) / (S @ S) == pytest.approx(slowest, rel=2e-3)


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


# --- injected spin ----------------------------------------------------------------------------------------------------


def strip(lower: Any, upper: Any, made: Any, m: Any, terminals: Any = None, **options: Any) -> Solution:
    """10 nm long and 6 nm high, insulating but for the lower and the upper edge."""
    device = square("quadrilateral", 12, (10.0, 6.0), lambda x, y: _side(x, y, 10.0, 6.0))
    ends = {"source": Ground("insulating"), "drain": Floating("insulating")} if terminals is None else terminals
    return solve(device, made, m, terminals=ends, edges={"lower": lower, "upper": upper}, degree=4, **options)


def _side(x: float, y: float, length: float, height: float) -> str:
    if min(x, length - x) < 1e-9:
        return "source" if x < 1e-9 else "drain"
    return "lower" if y < 1e-9 else "upper"


HEIGHTS = np.linspace(0.1, 5.9, 12)
POINTS = np.column_stack([np.full(12, 4.0), HEIGHTS])


@pytest.mark.parametrize("kind", ["spin_density", "spin_current"])
def test_injected_spin_decays_and_precesses(kind: str) -> None:
    """Without Rashba coupling, m = z: complex lengths, kappa^2 = (1/tau_sf + 1/tau_phi - i w)/D across m."""
    made = film(rashba_parameter=0.0)
    c, given = made.coefficients, np.array([3e-4, -1e-4, 2e-4])
    density = kind == "spin_density"
    solution = strip(Injected(**{kind: given}), "sink" if density else "insulating", made, uniform([0, 0, 1]))
    found = probe(solution, POINTS)[:, 3:6]
    for rate, amount, value in (
        (c.r_sf + c.r_phi - 1j * c.w, given[0] + 1j * given[1], found[:, 0] + 1j * found[:, 1]),
        (c.r_sf, given[2], found[:, 2]),
    ):
        kappa = np.sqrt(rate / c.D)
        sink = np.sinh(kappa * (6 - HEIGHTS)) / np.sinh(kappa * 6)
        wall = np.cosh(kappa * (6 - HEIGHTS)) / np.sinh(kappa * 6) / (c.D * kappa)
        exact = amount * (sink if density else wall)
        assert np.abs(value - exact).max() < 1e-6 * np.abs(exact).max()
    assert balance(solution).spin_residual < 1e-10  # type: ignore[operator]
    assert balance(solution).charge is None


@pytest.mark.parametrize("changes", FILMS)
@pytest.mark.parametrize("spin", [{"spin_density": S0}, {"spin_current": J0}])
def test_injection_along_a_wire(changes: dict[str, Any], spin: dict[str, Any]) -> None:
    """Into the lower edge, nothing else drives: precession, and the gradient that stops the current it makes."""
    made, f, m = film(**changes), reference(**changes), unit(OBLIQUE)
    ends = {"source": Ground(), "drain": Floating()}
    edges = {"lower": Injected(**spin), "upper": Relaxing(70.0)}
    device = wire(length=100.0, width=8.0).mesh(made, degree=4)
    solution = solve(device, made, uniform(OBLIQUE), terminals=ends, edges=edges, degree=4)
    section = Section(solution, 50.0)
    given = Edge(density=S0) if "spin_density" in spin else Edge(current=J0)
    quiet = SINK if "spin_density" in spin else INSULATING
    upper = Edge(velocity=70.0)
    (alone,), (driven,) = (layered_wire([(f, 8.0)], m, g, lower, upper) for g, lower in ((0.0, given), (1.0, quiet)))
    gradient = -alone.current / driven.current
    exact = alone.S(section.y) + gradient * driven.S(section.y)
    assert np.abs(section.S - exact).max() < 1e-5 * np.abs(exact).max()
    assert section.gradient - 1 == pytest.approx(gradient, rel=1e-4)


def test_inverse_spin_galvanic_voltage() -> None:
    """Spin pumped into a long wire makes a voltage between its floating ends, in proportion to its length."""
    changes = {"rashba_parameter": 0.05, "couplings": "consistent"}
    made, f, m = film(**changes), reference(**changes), unit(OBLIQUE)

    def voltage(length: float) -> float:
        device = wire(length=length, width=8.0).mesh(made, degree=3)
        ends = {"source": Floating(), "drain": Ground()}
        edges = {"lower": Injected(spin_current=J0), "upper": "sink"}
        solution = solve(device, made, uniform(OBLIQUE), terminals=ends, edges=edges, degree=3)
        assert abs(currents(solution)["source"]) < 1e-20
        return voltages(solution)["source"]

    (alone,), (driven,) = (
        layered_wire([(f, 8.0)], m, g, lower, SINK) for g, lower in ((0.0, Edge(current=J0)), (1.0, INSULATING))
    )
    per_length = -alone.current / driven.current / made.coefficients.states
    assert voltage(50.0) - voltage(30.0) == pytest.approx(20.0 * per_length, rel=1e-4)


@pytest.mark.parametrize("current", [False, True])
def test_superposition(current: bool) -> None:
    """What is injected enters once, however many terminals have unknown potentials."""
    spin = Injected(spin_current=J0) if current else Injected(spin_density=S0)
    quiet = "insulating" if current else "sink"
    shape, points = hall_cross(arm_width=6, arm_length=4), np.array([[0.5, 0.4], [-4.0, 1.0], [1.0, 5.0], [-6.5, -1.0]])

    def found(voltage: float, ampere: float, spin: Any) -> tuple[np.ndarray, list[float], list[float]]:
        ends = {"source": Voltage(voltage, spin), "drain": Ground(), "left": Current(ampere), "right": Floating()}
        solution = coarse(shape, uniform(OBLIQUE), terminals=ends, edges={"edge": spin})
        return fields(solution, points), list(voltages(solution).values()), list(currents(solution).values())

    both, charge, alone = found(1e-3, 1e-9, spin), found(1e-3, 1e-9, quiet), found(0.0, 0.0, spin)
    for whole, one, other in zip(both, charge, alone, strict=True):
        total = np.asarray(one) + np.asarray(other)
        np.testing.assert_allclose(whole, total, atol=1e-9 * np.abs(total).max())
        assert np.abs(other).max() > 1e-6 * np.abs(total).max()


def test_injection_turns_with_the_device() -> None:
    """Into the arm at -x, and turned by 90 degrees into that at -y."""
    shape = hall_cross(arm_width=6, arm_length=4)
    points = np.array([[0.5, 0.4], [-4.0, 1.0], [1.0, 5.0], [-6.5, -1.0]])
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    edge = np.array([0.01, 0.03, -0.02])

    def found(source: str, drain: str, rotation: np.ndarray) -> np.ndarray:
        given = {source: Ground(Injected(spin_density=rotation @ S0)), drain: Floating("insulating")}
        inject = Injected(spin_current=rotation @ edge)
        solution = coarse(shape, uniform(rotation @ OBLIQUE), terminals=given, edges=inject)
        values = fields(solution, points @ rotation[:2, :2].T)
        return np.vstack([values[0], rotation.T @ values[1:4], rotation.T @ values[4:7]])

    assert_same(found("right", "left", turn), found("source", "drain", np.eye(3)))


def test_injection_in_time() -> None:
    """Into an insulated film at a given rate: <S_z> = j/(height r_sf) (1 - exp(-r_sf t))."""
    made, rate, end = film(rashba_parameter=0.0, spin_flip_time=0.05), 0.02, 0.1
    device = square("quadrilateral", 6, (10.0, 6.0), lambda x, y: _side(x, y, 10.0, 6.0))
    ends = {"source": Ground("insulating"), "drain": Floating("insulating")}
    edges = {"lower": Injected(spin_current=[0, 0, rate]), "upper": "insulating"}
    problem = pose(device, made, uniform([0, 0, 1]), terminals=ends, edges=edges, degree=2)
    system = Evolution(discretize(problem), method="direct", tolerance=1e-10, petsc={})
    clock = Clock(end=end, step=end / 64, tolerance=None)
    *_, last = moments(system, clock, first_moment(system, clock), "esdirk3")
    system.destroy()
    (local,) = cell_integrals(system.discretization, [split(system.function(last.u))[1][2]]).sum(axis=0)
    total = sum(device.mesh.comm.allgather(local))
    exact = rate * 10.0 / made.coefficients.r_sf * (1 - np.exp(-made.coefficients.r_sf * end))
    assert total == pytest.approx(exact, rel=1e-5)


def test_in_time_towards_the_steady_state() -> None:
    """Given S at a terminal and given current at an edge, Rashba coupling, a floating and a current terminal."""
    made = film(rashba_parameter=0.05)
    device = square("quadrilateral", 6, (10.0, 6.0), lambda x, y: _side(x, y, 10.0, 6.0))
    ends = {"source": Ground(Injected(spin_density=S0)), "drain": Current(1e-9, Relaxing(30.0))}
    edges = {"lower": Injected(spin_current=J0), "upper": "sink"}
    problem = pose(device, made, uniform(OBLIQUE), terminals=ends, edges=edges, degree=2)
    steady = solve_steady(problem)
    system = Evolution(discretize(problem), method="direct", tolerance=1e-10, petsc={})
    # the slowest is charge, with 3 per ps
    clock = Clock(end=6.0, tolerance=1e-3)
    *_, last = moments(system, clock, first_moment(system, clock))
    difference = np.abs(last.u - steady.u.x.array).max()
    assert difference < 1e-5 * np.abs(steady.u.x.array).max()
    system.destroy()


def test_modes_are_those_without_injection() -> None:
    made = film(rashba_parameter=0.02)
    device = square("quadrilateral", 6, (10.0, 6.0), lambda x, y: _side(x, y, 10.0, 6.0))

    def rates(source: Any, lower: Any) -> np.ndarray:
        ends = {"source": Ground(source), "drain": Floating("insulating")}
        edges = {"lower": lower, "upper": "sink"}
        return spin_waves(pose(device, made, uniform(OBLIQUE), terminals=ends, edges=edges, degree=2), 3).rates

    injected = rates(Injected(spin_density=S0), Injected(spin_current=J0))
    assert injected == pytest.approx(rates("sink", "insulating"), rel=1e-9)


def test_the_axis_of_the_torque() -> None:
    """The current that spin alone drives is no axis; a given one is kept."""
    made = film()
    edges = Injected(spin_current=J0), "sink"
    solution = strip(*edges, made, uniform(OBLIQUE))
    assert solution.axis is None
    assert torque(solution).fieldlike is None
    assert solution.warnings == (NO_AXIS,)
    given = strip(*edges, made, uniform(OBLIQUE), torque_axis=[0, 1, 0])
    assert torque(given).fieldlike is not None
    assert given.warnings == ()
    driven = {"source": Voltage("1 mV"), "drain": Ground()}
    assert strip(*edges, made, uniform(OBLIQUE), driven).axis is not None
    twice = {"source": Voltage("1 mV"), "drain": Voltage("1 mV")}
    assert strip(*edges, made, uniform(OBLIQUE), twice).axis is None


def test_saved_and_loaded(tmp_path: Path) -> None:
    made = film()
    ends = {"source": Ground(Injected(spin_density=S0)), "drain": Floating(Relaxing(7.0))}
    solution = strip(Injected(spin_current=J0), "sink", made, uniform(OBLIQUE), ends)
    save(solution, tmp_path / "out", fields=False, plots=False)
    again = load(tmp_path / "out")
    assert again.problem.terminals == solution.problem.terminals
    assert again.problem.edges == solution.problem.edges
    assert balance(again).spin == pytest.approx(balance(solution).spin, rel=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Relaxing(-1.0), r"loss_velocity = -1.0 must be finite and not negative"),
        (lambda: Relaxing("inf"), r"loss_velocity = 'inf' must be finite"),
        (lambda: Injected(), r"needs either spin_density or spin_current"),
        (lambda: Injected(spin_density=S0, spin_current=J0), r"and not both"),
        (lambda: Injected(spin_density=[1.0, 2.0]), r"spin_density = \[1.0, 2.0\] must be a list of three values"),
        (lambda: Injected(spin_current="1 1/(nm ps)"), r"spin_current = '1 1/\(nm ps\)' must be a list of three"),
        (lambda: Injected(spin_current=[0, np.inf, 0]), r"spin_current = .* must be finite"),
        (lambda: Ground("relaxing"), r"spin = 'relaxing' must be 'sink', 'insulating', Relaxing\(...\) or Injected"),
        (lambda: spin_condition("relaxing"), r"loss_velocity is missing; spin = 'relaxing' needs it, a velocity"),
        (lambda: spin_condition("sink", loss_velocity=1.0), r"loss_velocity = 1.0 goes only with spin = 'relaxing'"),
    ],
)
def test_wrong_conditions(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_as_text() -> None:
    assert str(Relaxing("100 m/s")) == "relaxing, 0.1 nm/ps"
    assert str(Injected(spin_density=["1e12 1/m^2", 0, 0])) == "injected, spin density (1e-06, 0, 0) 1/nm^2"
    assert str(Injected(spin_current=[1, 2, 3])) == "injected, spin current (1, 2, 3) 1/(nm ps)"


def test_toml(tmp_path: Path) -> None:
    """A named edge keeps what is said for all edges, or has a condition of its own; every key is in the summary."""
    toml = template("wire").replace(
        'voltage = "0 V"', 'voltage = "0 V"\nspin = "injected"\nspin_density = ["0.5 1/nm^2", "0 1/nm^2", "0 1/nm^2"]'
    )
    (tmp_path / "wire.toml").write_text(toml)
    overrides = [
        "edges.spin=relaxing",
        'edges.loss_velocity="0.25 nm/ps"',
        "edges.upper={}",
        'edges.lower={spin = "injected", spin_current = ["0 1/(nm ps)", "0 1/(nm ps)", "2 1/(nm ps)"]}',
    ]
    config = configuration(tmp_path / "wire.toml", overrides)
    assert config.edges == {
        "edge": Relaxing(0.25),
        "upper": Relaxing(0.25),
        "lower": Injected(spin_current=[0, 0, 2]),
    }
    assert config.terminals["drain"] == Ground(Injected(spin_density=[0.5, 0, 0]))
    assert config.resolved["edges"]["upper"] == {"spin": "relaxing", "loss_velocity": "0.25 nm/ps"}
    assert config.resolved["terminals"]["drain"]["spin"] == "injected"
    own = configuration(tmp_path / "wire.toml", [*overrides, "edges.upper.spin=sink"])
    assert own.resolved["edges"]["upper"] == {"spin": "sink"}
    assert own.edges["upper"] == "sink"


def test_a_loss_determines_the_spin() -> None:
    """Where nothing else relaxes it, a relaxing edge does, and one without velocity does not."""
    made = film(rashba_parameter=0.0, spin_flip_time=np.inf)
    current = Injected(spin_current=[0, 0, 0.1])
    with pytest.raises(ValueError, match=r"spin = 'sink' or 'relaxing'"):
        strip(current, Relaxing(0.0), made, uniform([0, 0, 1]))
    # all that enters leaves: S_z = j/v at the upper edge, and falls linearly towards it
    S = probe(strip(current, Relaxing(20.0), made, uniform([0, 0, 1])), POINTS)[:, 5]
    np.testing.assert_allclose(S, 0.1 / 20.0 + 0.1 * (6 - HEIGHTS) / made.coefficients.D, rtol=1e-9)


def test_large_injection_is_told() -> None:
    made = film()
    device = square("quadrilateral", 2, (10.0, 6.0), lambda x, y: _side(x, y, 10.0, 6.0))
    for amount, told in ((0.04, 0), (0.06, 1)):
        spin = Injected(spin_density=[0, 0, amount * made.density])
        problem = pose(device, made, uniform(OBLIQUE), terminals={"source": Ground(spin)})
        assert sum("not small against n0/2" in text for text in warnings(problem)) == told


def test_sweep_over_the_loss() -> None:
    """The keys of all edges and of one are keys to sweep."""
    velocities = ["10 nm/ps", "100 nm/ps"]
    given = {
        "edges": {
            "loss_velocity": velocities,
            "lower": {"loss_velocity": {"start": "0 m/s", "stop": "1 m/s", "count": 3}},
        }
    }
    every, lower = axes(given)
    assert (every.path, every.values) == (("edges", "loss_velocity"), tuple(velocities))
    assert (lower.path, len(lower.values)) == (("edges", "lower", "loss_velocity"), 3)
