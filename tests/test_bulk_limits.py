"""The closed forms against linear solves of the printed equations at 1000 films, and the order of every limit."""

from __future__ import annotations

from dataclasses import replace
from math import inf, pi

import numpy as np
import pytest
from references import closed_forms as independent
from references.algebra import X_HAT, Y_HAT, Z_HAT, cross_matrix, relaxation_matrix, torque_matrix
from references.bulk import (
    MASS,
    bulk_spin,
    bulk_torque,
    directions,
    moving_texture,
    particle_current,
    random_parameters,
)
from samples import OBLIQUE, film, reference, unit

from fem_rashba.physics import bulk, closed_forms, dynamics, limits
from fem_rashba.units import HBAR

ALONG_X = np.array([1.0, 0.0])


def order(errors: list[float], parameters: list[float]) -> float:
    """The power of the parameter with which the error vanishes, from a straight line in logarithms."""
    return float(np.polyfit(np.log(parameters), np.log(errors), 1)[0])


def relative(found: np.ndarray, exact: np.ndarray) -> float:
    return float(np.linalg.norm(np.asarray(found) - exact) / np.linalg.norm(exact))


# --- exact forms ------------------------------------------------------------------------------------------------------


def test_closed_forms_of_any_drive_at_1000_films() -> None:
    """(29), (30), (32), and the rank-one form, without exchange and spin flip too."""
    rng, m = np.random.default_rng(10), directions(3, 11)
    for p in random_parameters(1000, 12):
        made, f, X = film(**p), reference(**p), rng.normal(size=(3, 3))
        c = made.coefficients
        S = np.array([np.linalg.solve(relaxation_matrix(f, v), x) for v, x in zip(m, X, strict=True)])
        T = np.array([torque_matrix(f, v) @ s for v, s in zip(m, S, strict=True)])
        scale = abs(S).max()
        longitudinal, transverse = closed_forms.longitudinal_spin(c, m, X), closed_forms.transverse_spin(c, m, X)
        np.testing.assert_allclose(longitudinal, np.sum(S * m, axis=1), rtol=0, atol=1e-10 * scale)
        np.testing.assert_allclose(longitudinal[:, None] * m + transverse, S, rtol=0, atol=1e-10 * scale)
        np.testing.assert_allclose(np.sum(transverse * m, axis=1), 0, rtol=0, atol=1e-10 * scale)
        np.testing.assert_allclose(closed_forms.torque(c, m, X), T, rtol=0, atol=1e-10 * abs(X).max())


def test_angular_form_at_1000_films() -> None:
    """(40), (41) for both named couplings and any direction of the field."""
    rng, m = np.random.default_rng(13), directions(3, 14)
    for p in random_parameters(1000, 15):
        G, f = rng.normal(size=2), reference(**p)
        T = np.array([bulk_torque(f, v, G) for v in m])
        found = closed_forms.angular_torque(film(**p).coefficients, m, G)
        np.testing.assert_allclose(found, T, rtol=0, atol=1e-9 * abs(T).max())


def test_a_field_for_every_direction() -> None:
    """G of shape (N, 2): each row by itself."""
    c, m, G = film().coefficients, directions(5, 26), np.random.default_rng(27).normal(size=(5, 2))
    X = bulk.drive(c, m, G)
    T = bulk.torque_density(c, bulk.spin_density(c, m, X), m)
    np.testing.assert_allclose(T, [bulk_torque(reference(), v, g) for v, g in zip(m, G, strict=True)], rtol=1e-9)
    np.testing.assert_allclose(closed_forms.angular_torque(c, m, G), T, rtol=1e-9)
    strong = limits.strong_coupling_torque(film(), m, G)
    one = limits.strong_coupling_torque(film(), m[2], G[2])
    np.testing.assert_allclose(strong[2], one, rtol=1e-12)


def test_the_papers_own_symbols() -> None:
    """(29)-(32), (40), (41) written with beta, xi, chi: the same where these are finite."""
    rng, m = np.random.default_rng(16), directions(1, 17)[0]
    for p in random_parameters(100, 18, exchange_time=2e-2, spin_flip_time=0.7, couplings="paper"):
        p |= {"rashba_parameter": 10 ** rng.uniform(-4, -1)}
        c, f, X = film(**p).coefficients, reference(**p), rng.normal(size=3)
        longitudinal, transverse = independent.spin(f, m, X)
        assert closed_forms.longitudinal_spin(c, m, X) == pytest.approx(longitudinal, rel=1e-9)
        np.testing.assert_allclose(closed_forms.transverse_spin(c, m, X), transverse, rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(closed_forms.torque(c, m, X), independent.torque(f, m, X), rtol=1e-8, atol=1e-12)
        found = closed_forms.angular_torque(c, m, ALONG_X)
        np.testing.assert_allclose(found, independent.angular_torque(f, m), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("denominators", ["dirty", "full"])
def test_edelstein_spin(denominators: str) -> None:
    """(19), both of its forms, is exact without exchange and spin flip."""
    changes = {"exchange_time": inf, "spin_flip_time": inf, "rashba_parameter": 0.03, "denominators": denominators}
    made, f, field = film(**changes), reference(**changes), 1e-3
    G = made.coefficients.states * np.array([field, 0.0])
    S = limits.edelstein_spin(made, G)
    zeta = 0.03 * 4.3 * 1e-3 / HBAR
    np.testing.assert_allclose(S, field * zeta / (pi * HBAR * made.fermi_velocity) * Y_HAT, rtol=1e-12)
    np.testing.assert_allclose(S, bulk_spin(f, unit(OBLIQUE), G), rtol=0, atol=1e-15)
    turned = limits.edelstein_spin(made, np.array([0.3, -0.8]))
    np.testing.assert_allclose(turned, bulk_spin(f, unit(OBLIQUE), (0.3, -0.8)), rtol=0, atol=1e-12)


def test_torque_vector_is_split_again() -> None:
    """(35), (51): for any axis the amplitudes come back."""
    m, e = directions(20, 19), unit((0.4, 0.9, 0.1))
    T = closed_forms.torque_vector(1.7, -0.6, m, e)
    square = np.sum(np.cross(e, m) ** 2, axis=1)
    np.testing.assert_allclose(np.sum(T * np.cross(e, m), axis=1) / square, 1.7, rtol=1e-12)
    np.testing.assert_allclose(np.sum(T * np.cross(m, np.cross(e, m)), axis=1) / square, -0.6, rtol=1e-12)


# --- weak and strong spin-orbit coupling ------------------------------------------------------------------------------


@pytest.mark.parametrize("couplings", ["paper", "consistent"])
def test_weak_coupling_is_exact_without_its_neglected_terms(couplings: str) -> None:
    """(36), (37): exact for B = R = 1/tau_dp = 0 and any m."""
    m = unit(OBLIQUE)
    for p in random_parameters(200, 20, couplings=couplings, spin_flip_time=0.4):
        f = reference(**p)
        f = replace(f, B=0.0, R=0.0, r_dp=0.0)
        T = closed_forms.torque_vector(*limits.weak_coupling_amplitudes(film(**p)), m, Y_HAT)
        np.testing.assert_allclose(T, bulk_torque(f, m, (1, 0)), rtol=0, atol=1e-12 * max(abs(f.C * f.PF), 1e-4))


@pytest.mark.parametrize("couplings", ["paper", "consistent"])
def test_weak_coupling_is_of_second_order_in_alpha(couplings: str) -> None:
    alphas, errors = [1e-4, 5e-5, 2e-5, 1e-5], []
    for alpha in alphas:
        changes = {"rashba_parameter": alpha, "couplings": couplings}
        found = closed_forms.torque_vector(*limits.weak_coupling_amplitudes(film(**changes)), unit(OBLIQUE), Y_HAT)
        errors.append(relative(found, bulk_torque(reference(**changes), unit(OBLIQUE), (1, 0))))
    assert errors[0] < 1e-3 and order(errors, alphas) == pytest.approx(2, abs=0.02)


def test_fieldlike_per_current_is_of_first_order_in_spin_flip() -> None:
    """(38): 4 alpha m Delta j/(hbar^2 eF), relative error beta delta/2, beta = tau_Delta/tau_sf << 1."""
    alpha, field, rates, errors = 1e-7, 1e-3, [0.3, 0.1, 0.03, 0.01], []
    for rate in rates:
        changes = {"rashba_parameter": alpha, "spin_flip_time": 1 / rate}
        made, G = film(**changes), film(**changes).coefficients.states * field
        expected = 4 * alpha * MASS * (HBAR / 1e-2) / (HBAR**2 * made.fermi_energy)
        assert limits.fieldlike_per_current(made) == pytest.approx(expected, rel=1e-12)
        T = bulk_torque(reference(**changes), X_HAT, (G, 0))
        errors.append(abs(expected * particle_current(field) / -T[2] - 1))
    assert errors[-1] < 1e-5 and order(errors, rates) == pytest.approx(1, abs=0.05)


def test_dampinglike_per_current_is_of_second_order() -> None:
    """(50): -4 alpha m j/(hbar eF tau_sf), with w = 10/s per ps and tau = s^4 fs both of its conditions go like s^2."""
    alpha, field, scales, errors, neglected = 1e-8, 1e-3, [0.4, 0.3, 0.2, 0.15], [], []
    for s in scales:
        tau = 1e-3 * s**4
        changes = {"rashba_parameter": alpha, "exchange_time": s / 10, "momentum_relaxation_time": tau}
        made, f = film(**changes), reference(**changes)
        expected = -4 * alpha * MASS / (HBAR * made.fermi_energy * 1.0)
        assert limits.dampinglike_per_current(made) == pytest.approx(expected, rel=1e-12)
        T = bulk_torque(f, X_HAT, (made.coefficients.states * field, 0))
        errors.append(abs(expected * particle_current(field, tau) / T[1] - 1))
        neglected.append(limits.dampinglike_neglect(made))
        assert neglected[-1] == pytest.approx(made.splitting**2 * tau * 1.0 / (4 * HBAR**2), rel=1e-12)
    assert errors[-1] < 1e-2 and order(errors, scales) == pytest.approx(2, abs=0.05)
    assert order(neglected, scales) == pytest.approx(2, abs=1e-6)


@pytest.mark.parametrize("m", [(1, 0, 0), (0, 0, 1), OBLIQUE])
def test_strong_coupling_is_of_order_minus_two(m: tuple[float, ...]) -> None:
    """Both parts grow like alpha: the dampinglike one falls like 1/alpha only where there is no dephasing."""
    alphas, errors = [4.0, 8.0, 16.0, 32.0], []
    for alpha in alphas:
        changes = {"rashba_parameter": alpha}
        found = limits.strong_coupling_torque(film(**changes), unit(m), ALONG_X)
        errors.append(relative(found, bulk_torque(reference(**changes), unit(m), (1, 0))))
    assert errors[-1] < 1e-4 and order(errors, alphas) == pytest.approx(-2, abs=0.02)


@pytest.mark.parametrize(("dephasing", "power"), [(True, 1), (False, -1)])
def test_dampinglike_torque_of_strong_coupling(dephasing: bool, power: int) -> None:
    alphas = [4.0, 8.0, 16.0, 32.0]
    found = []
    for alpha in alphas:
        f = reference(rashba_parameter=alpha)
        f = f if dephasing else replace(f, r_phi=0.0)
        found.append(abs(bulk_torque(f, X_HAT, (1, 0))[1]))
    assert order(found, alphas) == pytest.approx(power, abs=0.02)


def test_limits_of_exchange_refuse_films_without() -> None:
    none = film(exchange_time=inf)
    with pytest.raises(ValueError, match="exchange_splitting = 0.0 eV must be positive"):
        limits.dampinglike_per_current(none)
    with pytest.raises(ValueError, match="exchange_splitting"):
        dynamics.diffusive_damping_torque(none, X_HAT, Y_HAT)
    with pytest.raises(ValueError, match="nothing turns or relaxes"):
        limits.weak_coupling_amplitudes(film(exchange_time=inf, spin_flip_time=inf))
    assert limits.dampinglike_neglect(film(spin_flip_time=inf)) == inf


def test_closed_forms_refuse_films_in_which_nothing_relaxes() -> None:
    c = film(rashba_parameter=0.0, spin_flip_time=inf).coefficients
    for form in (closed_forms.longitudinal_spin, closed_forms.transverse_spin, closed_forms.torque):
        with pytest.raises(ValueError, match="nothing relaxes"):
            form(c, X_HAT, Y_HAT)
    with pytest.raises(ValueError, match="nothing relaxes"):
        closed_forms.angular_torque(c, X_HAT, ALONG_X)


# --- texture, pumping, damping ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("denominators", ["dirty", "full"])
def test_texture_is_exact_without_spin_orbit_coupling(denominators: str) -> None:
    """(23), (25) with the source of (21): D e PF N_F E.grad m - s0 dm/dt."""
    rng = np.random.default_rng(21)
    for p in random_parameters(300, 22, rashba_parameter=0.0, spin_flip_time=1.3, denominators=denominators):
        made, f, m = film(**p), reference(**p), unit(rng.normal(size=3))
        rate, gradient = np.cross(m, rng.normal(size=3)), np.cross(m, rng.normal(size=3))
        field = rng.normal()
        Y = f.PF * particle_current(field, p["momentum_relaxation_time"]) * gradient - f.PF * f.n0 * rate
        found = dynamics.texture_source(made, made.coefficients.states * field * gradient, rate)
        np.testing.assert_allclose(found, Y, rtol=1e-8, atol=1e-12)
        S = np.linalg.solve(relaxation_matrix(f, m), Y)
        np.testing.assert_allclose(dynamics.texture_spin(made, m, Y), S, rtol=0, atol=1e-12 * max(abs(S).max(), 1e-9))
        T = torque_matrix(f, m) @ S
        atol = 1e-11 * max(abs(Y).max(), 1e-9)
        np.testing.assert_allclose(dynamics.texture_torque(made, m, Y), T, rtol=0, atol=atol)
        pumped = np.linalg.solve(relaxation_matrix(f, m), -f.PF * f.n0 * rate)
        np.testing.assert_allclose(dynamics.pumped_spin(made, m, rate), pumped, rtol=0, atol=1e-13)


def test_pumped_charge_current() -> None:
    """(44): z^ x the pumped spin, times alpha; the charge equation has the same direction."""
    made, f, m = film(), reference(), directions(4, 23)
    rate = np.cross(m, directions(4, 24))
    J, S = dynamics.pumped_charge_current(made, m, rate), dynamics.pumped_spin(made, m, rate)
    np.testing.assert_allclose(J, (1e-2 / HBAR * np.cross(Z_HAT, S))[:, :2], rtol=1e-12)
    np.testing.assert_allclose(dynamics.pumped_charge_current(made, m[1], rate[1]), J[1], rtol=1e-12)
    V = f.B * S + f.R * m * np.sum(m * S, axis=1)[:, None]  # (16): J_n = -V x z^
    zeta = 1e-2 * 4.3 * 1e-3 / HBAR
    np.testing.assert_allclose(-np.cross(V, Z_HAT)[:, :2], 2 * zeta**2 * J, rtol=1e-10, atol=1e-15)


def test_damping_torques_are_of_first_order() -> None:
    """(46), (47) against the response to (45) with the pumped spin, isotropic relaxation; tau, 1/tau_sf -> 0."""
    m, _, _, laplacian, curl, laplacian_of_rate, curl_of_rate = moving_texture()
    scales, diffusive, chiral = [0.1, 0.05, 0.02, 0.01], [], []
    for s in scales:
        changes = {"momentum_relaxation_time": 1e-3 * s, "spin_flip_time": 0.1 / s}
        made, f = film(**changes), replace(reference(**changes), r_dp=0.0)
        tau_D = 1e-2
        xi = tau_D * (f.r_sf + f.r_phi)
        factor = -f.n0 * f.PF * tau_D / (1 + xi**2)

        def response(X: np.ndarray, f=f) -> np.ndarray:
            return torque_matrix(f, m) @ np.linalg.solve(relaxation_matrix(f, m), X)

        D = response(f.D * factor * (laplacian + xi * laplacian_of_rate))
        R = response(2 * f.C * factor * (curl + xi * curl_of_rate))
        diffusive.append(relative(dynamics.diffusive_damping_torque(made, m, laplacian), D))
        chiral.append(relative(dynamics.chiral_damping_torque(made, m, curl), R))
    for errors in (diffusive, chiral):
        assert errors[-1] < 1e-2 and order(errors, scales) == pytest.approx(1, abs=0.1)


# --- the spin-Hall torque ---------------------------------------------------------------------------------------------


def test_spin_hall_torque() -> None:
    """(48), (49) in SI units: (hbar/2e) theta j, with theta = eta m gamma/(hbar tau)."""
    hbar, e, mass = 1.054571817e-34, 1.602176634e-19, 9.1093837e-31
    eta, tau, gamma, j = 3e-22, 2e-14, 1.4, 1e11  # m^2, s, A/m^2
    theta = eta * mass * gamma / (hbar * tau)
    angle = limits.spin_hall_angle(spin_orbit=eta * 1e18, transport_time=tau * 1e12, skewness=gamma)
    assert angle == pytest.approx(theta, rel=1e-8)
    particles = j / e * 1e-30  # 1/(ps nm^2)
    found = limits.spin_hall_torque(angle, particles) * HBAR  # eV/nm^2
    assert found == pytest.approx(hbar / (2 * e) * theta * j / e * 1e-18, rel=1e-8)
    assert limits.spin_hall_current(angle, 5.0) == pytest.approx(5 * theta, rel=1e-8)


def test_cross_matrix_of_the_package_is_vectorised() -> None:
    """The relaxation matrix of many directions is that of each."""
    from fem_rashba.physics.decay import relaxation_matrix as package

    m = directions(6, 25).reshape(2, 3, 3)
    found = package(film().coefficients, m)
    for i, j in np.ndindex(2, 3):
        np.testing.assert_allclose(found[i, j], relaxation_matrix(reference(), m[i, j]), rtol=1e-12, atol=1e-12)
    assert cross_matrix(X_HAT) @ Y_HAT == pytest.approx(Z_HAT)
