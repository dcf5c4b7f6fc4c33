"""Solves in time against exact solutions: modes of insulated rectangles, rotating frames, precession, relaxation."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np
import pytest
from samples import OBLIQUE, film, square, unit
from scipy.linalg import expm

from fem_rashba import Current, Ground, Voltage, uniform
from fem_rashba.physics.dynamics import pumped_spin
from fem_rashba.physics.motion import in_motion
from fem_rashba.solvers.clock import Clock
from fem_rashba.solvers.discretization import FIELDS, discretize
from fem_rashba.solvers.evolution import Evolution
from fem_rashba.solvers.problem import pose
from fem_rashba.solvers.transient import Moment, first_moment, moments

CROSS = np.array(
    [[[0, 0, 0], [0, 0, -1], [0, 1, 0]], [[0, 0, 1], [0, 0, 0], [-1, 0, 0]], [[0, -1, 0], [1, 0, 0], [0, 0, 0]]]
)
"""(a x) is a @ CROSS."""


def crossing(a: Any) -> np.ndarray:
    return np.tensordot(np.asarray(a, float), CROSS, 1)


def rates(made: Any, m: np.ndarray, q2: float = 0.0) -> np.ndarray:
    """L of dS/dt = -L S at alpha = 0 and wavevector squared q2."""
    c = made.coefficients
    return (made_D(made) * q2 + c.r_sf) * np.eye(3) + c.r_phi * (np.eye(3) - np.outer(m, m)) - c.w * crossing(m)


def made_D(made: Any) -> float:  # noqa: N802
    return float(made.coefficients.D)


def evolution(made: Any, m: Any, size: float, cells: int, degree: int, **options: Any) -> Evolution:
    """A square whose left and right sides are terminals."""
    device = square("quadrilateral", cells, (size, size), lambda x, y: _side(x, y, size))
    options = {"terminals": {name: Ground(spin="insulating") for name in device.terminals}} | options
    problem = pose(device, made, m, edges="insulating", degree=degree, **options)
    return Evolution(discretize(problem), method="direct", tolerance=1e-10, petsc={})


def _side(x: float, y: float, size: float) -> str:
    return "source" if x < 1e-6 * size else "drain" if x > (1 - 1e-6) * size else "lower"


def final(system: Evolution, clock: Clock, initial: Any, scheme: str = "tr-bdf2") -> Moment:
    *_, last = moments(system, clock, first_moment(system, clock, initial), scheme)
    system.destroy()
    return last


def nodes(system: Evolution) -> tuple[np.ndarray, np.ndarray]:
    points = system.discretization.space.tabulate_dof_coordinates()
    return points[:, 0], points[:, 1]


def worst(system: Evolution, found: np.ndarray, expected: np.ndarray) -> float:
    local = float(np.abs(found - expected).max(initial=0.0))
    return float(max(system.discretization.space.mesh.comm.allgather(local)))


def order(error: Callable[[int], float], start: int) -> float:
    return float(np.log2(error(start) / error(2 * start)))


@pytest.mark.parametrize(("scheme", "expected"), [("tr-bdf2", 2), ("esdirk3", 3)])
def test_order_for_a_precessing_mode(scheme: str, expected: int) -> None:
    """Diffusion, spin flip, dephasing and exchange precession of a cosine mode, all at once."""
    made, m, size, end = film(rashba_parameter=0.0, exchange_time=0.05), unit(OBLIQUE), 10.0, 0.05
    q = np.pi / size
    start = ["0", *(f"{s}*cos(pi*x/{size})*cos(2*pi*y/{size})" for s in (1, 0.5, -0.3))]
    exact = expm(-end * rates(made, m, 5 * q**2)) @ np.array([1, 0.5, -0.3])

    def error(steps: int) -> float:
        system = evolution(made, uniform(OBLIQUE), size, 6, 4)
        last = final(system, Clock(end=end, step=end / steps, tolerance=None), start, scheme)
        assert last.steps == steps
        assert system.factorisations == 2  # of the mass for the first rate, and one for all steps
        x, y = nodes(system)
        mode = np.cos(q * x) * np.cos(2 * q * y)
        return worst(system, last.u.reshape(-1, FIELDS)[:, 1:], np.outer(mode, exact))

    assert order(error, 8) == pytest.approx(expected, abs=0.25)


@pytest.mark.parametrize(("scheme", "expected"), [("tr-bdf2", 2), ("esdirk3", 3)])
def test_order_for_pumping_by_a_rotating_magnetization(scheme: str, expected: int) -> None:
    """The exact solution in the rotating frame, switched on at t = 0: a matrix exponential."""
    made, m, turns, end = film(rashba_parameter=0.0, exchange_time=0.05), unit(OBLIQUE), 8.0, 0.1
    axis = unit((0.2, -0.5, 1.0))
    spin = 2 * np.pi * turns * crossing(axis)
    c = made.coefficients
    operator = rates(made, m) + spin
    settled = -np.linalg.solve(operator, c.PF * made.density * spin @ m)
    exact = expm(end * spin) @ (settled - expm(-end * operator) @ settled)

    def error(steps: int) -> float:
        moving = in_motion(uniform(OBLIQUE), rotation_axis=axis, rotation_frequency=turns)
        system = evolution(made, moving, 4.0, 1, 1)
        last = final(system, Clock(end=end, step=end / steps, tolerance=None), "zero", scheme)
        return worst(system, last.u.reshape(-1, FIELDS)[:, 1:], exact[None]) / np.linalg.norm(exact)

    assert error(64) < 1e-2
    assert order(error, 32) == pytest.approx(expected, abs=0.25)


def test_slow_rotation_pumps_the_spin_of_equation_43() -> None:
    made, turns, end = film(rashba_parameter=0.0), 2e-4, 1.5
    m = in_motion(uniform((1, 0, 0)), rotation_frequency=turns)
    system = evolution(made, m, 4.0, 1, 1)
    last = final(system, Clock(end=end, tolerance=1e-5), "zero")
    angle = 2 * np.pi * turns * end
    here, there = np.array([np.cos(angle), np.sin(angle), 0]), np.array([-np.sin(angle), np.cos(angle), 0])
    expected = pumped_spin(made, here, 2 * np.pi * turns * there)
    assert worst(system, last.u.reshape(-1, FIELDS)[:, 1:], expected[None]) < 1e-3 * np.linalg.norm(expected)


def test_charge_that_spreads_takes_its_spin_along() -> None:
    """n decays as a sine mode, and PF n m with it: S stays zero because PF m dn/dt is stored too."""
    made, size, end = film(rashba_parameter=0.0), 10.0, 0.1
    system = evolution(made, uniform(OBLIQUE), size, 6, 4, terminals={"source": Ground(), "drain": Ground()})
    last = final(system, Clock(end=end, tolerance=1e-6), [f"sin(pi*x/{size})", "0", "0", "0"])
    x, _ = nodes(system)
    decayed = np.exp(-made_D(made) * (np.pi / size) ** 2 * end)
    u = last.u.reshape(-1, FIELDS)
    assert worst(system, u[:, 0], decayed * np.sin(np.pi * x / size)) < 2e-5
    assert worst(system, u[:, 1:], np.zeros((1, 3))) < 1e-9


@pytest.mark.parametrize("component", [1, 2, 3])
def test_uniform_spin_relaxes_by_dyakonov_perel(component: int) -> None:
    """Rate r_dp in the plane and 2 r_dp along the normal, far from the edges."""
    made, size, end = film(exchange_time=inf, rashba_parameter=0.01), 60.0, 0.12
    start = ["1" if i == component else "0" for i in range(FIELDS)]
    system = evolution(made, uniform((0, 0, 1)), size, 6, 4)
    last = final(system, Clock(end=end, tolerance=1e-6), start)
    x, y = nodes(system)
    c = made.coefficients
    rate = c.r_sf + (2 if component == 3 else 1) * c.r_dp
    middle = np.hypot(x - size / 2, y - size / 2) < 1
    found = last.u.reshape(-1, FIELDS)[middle]
    expected = np.zeros((1, FIELDS))
    expected[0, component] = np.exp(-rate * end)
    assert worst(system, found[:, 1:], expected[:, 1:]) < 2e-4


def test_the_error_follows_the_tolerance() -> None:
    made, m, size, end = film(rashba_parameter=0.0, exchange_time=0.05), unit(OBLIQUE), 10.0, 0.2
    exact = expm(-end * rates(made, m)) @ np.array([1, 0.5, -0.3])
    errors, steps = [], []
    for tolerance in (1e-3, 1e-5):
        system = evolution(made, uniform(OBLIQUE), size, 2, 1)
        last = final(system, Clock(end=end, tolerance=tolerance), ["0", "1", "0.5", "-0.3"])
        errors.append(worst(system, last.u.reshape(-1, FIELDS)[:, 1:], exact[None]))
        steps.append(last.steps)
        assert system.factorisations < 25
    assert errors[0] < 3e-2
    assert errors[1] < 2e-3
    assert errors[1] < errors[0] / 10
    assert steps[1] > 2 * steps[0]


@pytest.mark.parametrize("end", ["voltage", "current"])
def test_the_steady_state_is_reached_and_stays(end: str) -> None:
    """Switched on at t = 0, and started from the steady state."""
    made = film()
    drive = Voltage("1 mV") if end == "voltage" else Current("50 nA")
    options = {"terminals": {"source": drive, "drain": Ground()}}
    steady = first_moment(evolution(made, uniform(OBLIQUE), 12.0, 6, 2, **options), Clock(end=1.0), "steady")
    assert np.abs(steady.rate).max() < 1e-6 * np.abs(steady.u).max()
    system = evolution(made, uniform(OBLIQUE), 12.0, 6, 2, **options)
    last = final(system, Clock(end=8.0, tolerance=1e-4), "zero")
    assert worst(system, last.u, steady.u) < 1e-5 * np.abs(steady.u).max()
