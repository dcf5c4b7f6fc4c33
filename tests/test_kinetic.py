"""The kinetic operator against what was not computed by it.

`brute_force` solves the kinetic equation (9) as it is printed, with 2 x 2 Green's functions on a grid of wavevectors k
from 0 to far beyond kF; it shares no formula with the package, and the two differ by 1/(kF vF tau).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import sympy as sp
from references.strong_form import strong_form, x, y
from samples import OBLIQUE, film, reference, unit

from fem_rashba.physics.comparison import BLOCKS, Comparison, Term, comparison, directions
from fem_rashba.physics.couplings import COUPLINGS, Couplings
from fem_rashba.physics.film import Film
from fem_rashba.physics.kinetic import as_magnetization, kernel, model_operator, moments, rate_operator, static_operator
from fem_rashba.units import HBAR, HBAR2_OVER_ME

TAU, KF = 1e-3, 4.0
M = unit(OBLIQUE)
DIRECTIONS = np.array([M, unit((1, 0, 0)), unit((0, -1, 0)), unit((0, 0, 1)), unit((-0.4, 0.7, -0.2))])
FILMS = [(0.1, 0.065), (0.4, 0.3), (0.0, 0.5), (0.7, 0.0), (2.0, 3.0)]
HALF = np.array([0.5, 1, 1, 1])
SIGMA = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


def made(delta: float, zeta: float, metallicity: float = 1e3, **changes: Any) -> Film:
    """A film with given Delta tau, alpha kF tau and kF vF tau."""
    velocity = metallicity / KF / TAU
    given: dict[str, Any] = {
        "rashba_parameter": zeta * HBAR / KF / TAU,
        "exchange_time": TAU / delta if delta else math.inf,
        "momentum_relaxation_time": TAU,
        "fermi_wavevector": KF,
        "effective_mass": HBAR2_OVER_ME * KF / HBAR / velocity,
        "spin_flip_time": math.inf,
    }
    return film(**(given | changes))


def symmetric(matrix: np.ndarray) -> np.ndarray:
    """An operator on (n, S) as one on (n/2, S)."""
    return HALF[:, None] * matrix / HALF


def cross(a: np.ndarray) -> np.ndarray:
    return np.array([[0, -a[2], a[1]], [a[2], 0, -a[0]], [-a[1], a[0], 0]])


def brute_force(delta: float, zeta: float, metallicity: float, m: np.ndarray, q: np.ndarray) -> np.ndarray:
    """1 - K on (n/2, S), rho = K rho at the energy eF and omega = 0: (9) solved for every k and summed over k, (8).

    Units hbar = tau = kF = 1; q in units of 1/(vF tau). Sum over k: energies xi around the Fermi circle.
    """
    mass, fermi, angles, nodes = 1 / metallicity, metallicity / 2, 48, 600
    ends = np.arcsinh(-2 * fermi), np.arcsinh(2e4 * fermi)
    t, weights = np.polynomial.legendre.leggauss(nodes)
    t, weights = (ends[1] - ends[0]) / 2 * t + sum(ends) / 2, weights * (ends[1] - ends[0]) / 2
    xi, weights = np.sinh(t) / 2, weights * np.cosh(t) / 2
    k = np.sqrt(2 * mass * (xi + fermi))[:, None]
    phi = 2 * np.pi * np.arange(angles) / angles
    kx, ky = k * np.cos(phi), k * np.sin(phi)
    field = delta / 2 * m + zeta * np.stack([ky, -kx, 0 * kx], axis=-1)
    h = np.einsum("...i,ijk->...jk", field, SIGMA[1:])
    one = np.eye(2)
    retarded, advanced = (np.linalg.inv((s * 0.5j - xi)[:, None, None, None] * one - h) for s in (1, -1))
    q = np.asarray(q) / metallicity
    # (z^ x sigma).q
    anomalous = q[0] * -SIGMA[2] + q[1] * SIGMA[1]
    free = (1 + 1j * (q[0] * kx + q[1] * ky) / mass)[..., None, None]
    left, right = np.empty((2, nodes, angles, 4, 4), complex)
    for column, s in enumerate(SIGMA):
        acts = 1j * (h @ s - s @ h) + free * s + 0.5j * zeta * (anomalous @ s + s @ anomalous)
        source = 1j * (retarded @ s - s @ advanced)
        for row, component in enumerate(SIGMA):
            left[..., row, column] = np.einsum("ij,...ji->...", component, acts) / 2
            right[..., row, column] = np.einsum("ij,...ji->...", component, source) / 2
    return np.eye(4) - np.einsum("x,xpab->ab", weights, np.linalg.solve(left, right)) / angles / (2 * np.pi)


@pytest.mark.parametrize("q", [(0.0, 0.0), (0.3, 0.0), (0.7, -0.4)])
@pytest.mark.parametrize(("delta", "zeta"), [(0.4, 0.3), (0.9, 1.2)])
def test_kernel_is_the_kinetic_equation(delta: float, zeta: float, q: tuple[float, float]) -> None:
    """The difference falls as 1/(kF vF tau); the charge-spin coupling is itself of that order."""
    errors = []
    for metallicity in (1e2, 1e3):
        made_film = made(delta, zeta, metallicity)
        wave = np.array(q) / (made_film.fermi_velocity * TAU)
        found = symmetric(kernel(made_film, M, wave)) * TAU
        gap = np.abs(found - brute_force(delta, zeta, metallicity, M, np.array(q)))
        errors.append((gap[1:, 1:].max(), gap[0, 0], metallicity * gap[1:, 0].max(), metallicity * gap[0, 1:].max()))
    assert np.all(np.array(errors[1]) < 5e-3)
    assert np.all(np.array(errors[1]) < 0.15 * np.array(errors[0]))


def test_kinetic_equation_by_small_wavevectors() -> None:
    """Orders 0, 1 and 2 in q of the whole k sum, by differences, are the averages; also the second-order coupling."""
    metallicity, delta, zeta, step = 1e4, 0.4, 0.3, 0.02
    made_film, e = made(delta, zeta, metallicity), np.array([0.6, 0.8])
    plus, zero, minus = (brute_force(delta, zeta, metallicity, M, s * step * e) for s in (1, 0, -1))
    scale = np.ones((4, 4))
    scale[0, 1:] = scale[1:, 0] = metallicity
    length = made_film.fermi_velocity * TAU
    expected = [symmetric(static_operator(made_film, M, s * e / length)) * TAU for s in (1, 0, -1)]
    for of in (lambda a, b, c, h: (a - c) / 2 / h, lambda a, b, c, h: (a + c - 2 * b) / h**2):
        found, wanted = of(plus, zero, minus, step), of(*expected, 1)
        assert np.abs(scale * (found - wanted)).max() < 3e-3 * np.abs(scale * wanted).max()
    # no Gamma grad_z.(m n), and a uniform change of density has no spin in it: PF n m is not in (9)
    assert abs(plus - minus)[0, 0] < 1e-9
    assert metallicity * np.abs(zero[1:, 0]).max() < 1e-4


@pytest.mark.parametrize(("delta", "zeta"), [*FILMS, (0.05, 0.02)])
def test_closed_forms_for_m_along_the_normal(delta: float, zeta: float) -> None:
    made_film, z = made(delta, zeta), np.array([0, 0, 1.0])
    v, A = made_film.fermi_velocity, 1 + delta**2 + 4 * zeta**2
    found = moments(made_film, z)
    plane = np.diag([1.0, 1, 0])
    wanted = ((delta**2 + 2 * zeta**2) * plane + 4 * zeta**2 * np.outer(z, z) - delta * cross(z)) / A
    assert np.abs(found.relaxation * TAU - wanted).max() < 1e-13
    for i, a in enumerate((np.array([0, 1.0, 0]), np.array([-1.0, 0, 0]))):
        # m.a = 0: Gamma (a m^T + m a^T) is all that is left of the bracket
        C, gamma = zeta * v / A**2, zeta * delta * v * (3 + delta**2 + 4 * zeta**2) / A**2
        bracket = np.outer(a, z) + np.outer(z, a)
        assert np.abs(-found.drift[i] - 2 * C * cross(a) - gamma * bracket).max() < 1e-12 * v


def test_pure_exchange_and_pure_rashba() -> None:
    """alpha = 0: Q = exp-like in m x, eigenvalues 1, 1/(1 -+ i delta). Delta = 0: <Q> is diagonal."""
    delta, zeta = 0.7, 0.5
    found = moments(made(delta, 0.0), M)
    v = made(delta, 0.0).fermi_velocity
    K = cross(M)
    for power, array in ((1, np.eye(3) - found.relaxation * TAU), (2, found.normalization)):
        assert np.abs(array - np.linalg.matrix_power(np.linalg.inv(np.eye(3) - delta * K), power)).max() < 1e-13
    cubed = np.linalg.matrix_power(np.linalg.inv(np.eye(3) - delta * K), 3)
    for i in (0, 1):
        assert np.abs(found.drift[i]).max() < 1e-12 * v
        for j in (0, 1):
            assert np.abs(found.diffusion[i, j] - (i == j) * v**2 * TAU / 2 * cubed).max() < 1e-12 * v**2 * TAU
    rashba = moments(made(0.0, zeta), M).relaxation * TAU
    assert np.abs(rashba - np.diag([2, 2, 4]) * zeta**2 / (1 + 4 * zeta**2)).max() < 1e-13


def test_dirty_limit_by_series() -> None:
    """The coefficients of the paper and the kinetic ones, by exact rational series in u = e (delta m + 2 zeta h)."""
    e, d, s, phi = sp.symbols("e delta zeta phi", positive=True)
    m = sp.Matrix([sp.Rational(1, 3), sp.Rational(2, 3), sp.Rational(2, 3)])
    k = sp.Matrix([sp.cos(phi), sp.sin(phi)])
    u = d * m + 2 * s * sp.Matrix([k[1], -k[0], 0])

    def x_(a: sp.Matrix) -> sp.Matrix:
        return sp.Matrix([[0, -a[2], a[1]], [a[2], 0, -a[0]], [-a[1], a[0], 0]])

    def mean(matrix: sp.Matrix) -> sp.Matrix:
        return matrix.applyfunc(lambda f: sp.integrate(sp.expand(f), (phi, 0, 2 * sp.pi)) / (2 * sp.pi))

    one, U, z = sp.eye(3), e * x_(u), sp.Matrix([0, 0, 1])
    P = one - m * m.T
    # Lam tau, to second order in u: exchange, dephasing, D'yakonov-Perel with exactly the paper's coefficients
    relaxation = mean(-U - U * U)
    paper = -e * d * x_(m) + e**2 * (d**2 * P + 2 * s**2 * (one + z * z.T))
    assert sp.simplify(relaxation - paper) == sp.zeros(3)
    # the drift, Q^2 = 1 + 2U + 3U^2 + ..., in units of vF: 2C a x, and Gamma's bracket with 3 zeta delta, not 1/2
    for i, a in enumerate((sp.Matrix([0, 1, 0]), sp.Matrix([-1, 0, 0]))):
        bracket = a * m.T + m * a.T - 2 * (m.T * a)[0] * one
        drift = mean(k[i] * (2 * U + 3 * U * U))
        assert sp.simplify(-drift - e * 2 * s * x_(a) - e**2 * 3 * s * d * bracket) == sp.zeros(3)
        # Z^(-1/2) on both sides, Z = 1 + 2 delta m x + ...: a third of that remains, twice the paper's
        root = one - e * d * x_(m)
        both = (root * drift * root).applyfunc(lambda f: sp.series(sp.expand(f), e, 0, 3).removeO())
        assert sp.simplify(-both - e * 2 * s * x_(a) - e**2 * s * d * bracket) == sp.zeros(3)
    # the same normalization turns the dephasing of Lam into its opposite: it is no rate of decay
    exchange = -e * d * x_(m) - (e * d * x_(m)) ** 2
    rate = (root * exchange * root).applyfunc(lambda f: sp.series(sp.expand(f), e, 0, 3).removeO())
    assert sp.simplify(rate + e * d * x_(m) + e**2 * d**2 * P) == sp.zeros(3)
    # diffusion, Q^3 = 1 + 3U + ...: D lap S, and at first order a precession about m
    diffusion = mean(2 * k[0] ** 2 * (one + 3 * U))
    assert sp.simplify(diffusion - one - 3 * e * d * x_(m)) == sp.zeros(3)


def test_charge_spin_coupling_in_the_dirty_limit() -> None:
    """grad_z n drives -(B/2) grad_z n - R (transverse) + (alpha Delta tau/2) m x grad_z n; S drives four times that."""
    small = 1e-3
    made_film = made(small, 2 * small)
    c, a = made_film.coefficients, np.array([0, 1.0, 0])
    precessional = c.R / made_film.delta  # alpha Delta tau/2
    assert precessional == pytest.approx(made_film.rashba_parameter * made_film.splitting * TAU / 2 / HBAR**2)
    for m in DIRECTIONS:
        source = -(static_operator(made_film, m, np.array([1.0, 0]))[1:, 0]).imag
        transverse = a - m * (m @ a)
        wanted = -c.B / 2 * a - c.R * transverse + precessional * np.cross(m, a)
        # the next order: u^3
        assert np.abs(source - wanted).max() < 20 * small * max(c.B, c.R)
        current = -(static_operator(made_film, m, np.array([1.0, 0]))[0, 1:]).imag
        back = -2 * c.B * a - 4 * c.R * transverse - 4 * precessional * np.cross(m, a)
        assert np.abs(current - back).max() < 80 * small * max(c.B, c.R)
    # nothing along m: the printed 2R m (m.grad_z n) has no counterpart
    assert abs(static_operator(made_film, a, np.array([1.0, 0]))[1:, 0].imag @ a - c.B / 2) < 20 * small * c.B


@pytest.mark.parametrize("operator", [static_operator, kernel])
@pytest.mark.parametrize(("delta", "zeta"), FILMS)
def test_onsager(delta: float, zeta: float, operator: Any) -> None:
    made_film = made(delta, zeta, 50, spin_flip_time=0.3)
    q, e = np.array([0.4, -0.3]) / (made_film.fermi_velocity * TAU), np.array([1, -1, -1, -1])
    for m in DIRECTIONS:
        forth, back = symmetric(operator(made_film, m, q)), symmetric(operator(made_film, -m, -q))
        assert np.abs(forth - np.outer(e, e) * back.T).max() < 1e-13 * np.abs(forth).max()


def test_onsager_of_the_reciprocal_current() -> None:
    """The drives by the equilibrium spin have partners then, as in the kinetic operator."""
    e, q = np.array([1, -1, -1, -1]), np.array([0.3, 0.7])
    made_film = film(couplings=dataclasses.replace(COUPLINGS["consistent"], reciprocal_current=True))
    forth, back = (symmetric(model_operator(made_film, s * M, s * q)) for s in (1, -1))
    assert made_film.coefficients.PF > 0.01
    assert np.abs(forth - np.outer(e, e) * back.T).max() < 1e-14 * np.abs(forth).max()
    found = terms(comparison(made_film))
    for name in ("edelstein", "longitudinal", "precessional", "carried"):
        into, from_spin = (found[block, name].model for block in ("spin_from_charge", "charge_from_spin"))
        assert from_spin == pytest.approx(4 * into, rel=1e-12)


def test_printed_coupling_breaks_onsager_and_consistent_does_not() -> None:
    """With PF = 0, which leaves (16) and (17); R m (m.S) is exactly what its weights are about."""
    e, q = np.array([1, -1, -1, -1]), np.array([0.3, 0.7])
    gaps = {}
    for couplings in ("paper", "consistent"):
        made_film = film(couplings=couplings, polarization=0.0)
        forth, back = (symmetric(model_operator(made_film, s * M, s * q)) for s in (1, -1))
        gaps[couplings] = np.abs(forth - np.outer(e, e) * back.T)[0].max() / np.abs(forth)[0, 1:].max()
    assert gaps["consistent"] < 1e-14
    assert gaps["paper"] > 0.5


@pytest.mark.parametrize(("delta", "zeta"), [f for f in FILMS if f[1]])
def test_uniform_drive_gives_the_edelstein_density(delta: float, zeta: float) -> None:
    """S = -(alpha tau/2) grad_z n for every m and Delta, and so a purely fieldlike torque."""
    made_film, q = made(delta, zeta), np.array([1e-9, 0])
    matrix = static_operator(made_film, DIRECTIONS, q)
    # the first order in q is the imaginary part
    spin = np.linalg.solve(matrix[:, 1:, 1:].real, -matrix[:, 1:, :1].imag)[..., 0] / q[0]
    edelstein = np.array([0, -made_film.rashba_parameter * TAU / HBAR / 2, 0])
    assert np.abs(spin - edelstein).max() < 1e-9 * abs(edelstein[1])


def test_exchange_mode_is_undamped() -> None:
    """alpha = 0, q = 0: a mode at omega = Delta exactly, although the static dephasing is not zero."""
    made_film = made(0.7, 0.0)
    frequency = made_film.splitting / HBAR
    singular = np.linalg.svd(kernel(made_film, M, np.zeros(2), frequency)[1:, 1:], compute_uv=False)
    assert singular[-1] * TAU < 1e-14
    assert singular[-2] * TAU > 0.1
    rates = np.linalg.eigvals(rate_operator(made_film, M, np.zeros(2))[1:, 1:]) * TAU
    assert sorted(rates.real) == pytest.approx([-(0.7**2), -(0.7**2), 0], abs=1e-12)
    static = moments(made_film, M).relaxation * TAU
    assert np.trace(static) == pytest.approx(2 * 0.7**2 / (1 + 0.7**2))


def test_kernel_is_the_operator_at_small_wavevectors() -> None:
    """The expansion loses the third order in the charge rows and in the spin."""
    made_film = made(0.4, 0.3)
    length = made_film.fermi_velocity * TAU
    losses = []
    for size in (0.02, 0.01):
        q = size * np.array([0.6, 0.8]) / length
        loss = np.abs(symmetric(kernel(made_film, M, q) - static_operator(made_film, M, q))) * TAU
        losses.append([loss[1:, 1:].max(), loss[0, 0], loss[1:, 0].max(), loss[0, 1:].max()])
    orders = np.log2(np.array(losses[0]) / np.array(losses[1]))
    assert orders == pytest.approx([3, 4, 3, 3], abs=0.2)


def test_averages_converge_for_any_film() -> None:
    """Near u = 0 on the circle Q varies fast; the adaptive average against 2^14 angles."""
    made_film, m = made(6.0, 3.0), unit((1, 0.1, 0))
    angles = 2**14
    phi = 2 * np.pi * np.arange(angles) / angles
    u = 6 * m + 6 * np.stack([np.sin(phi), -np.cos(phi), 0 * phi], axis=-1)
    Q = np.linalg.inv(np.eye(3) - np.array([cross(each) for each in u]))
    assert np.abs(np.eye(3) - Q.mean(axis=0) - moments(made_film, m).relaxation * TAU).max() < 1e-11


def test_averages_that_do_not_converge() -> None:
    with pytest.raises(ValueError, match="have not converged with 4096 angles"):
        moments(made(4000.0, 2000.0), unit((1, 0, 0)))


def test_m_must_be_a_direction() -> None:
    with pytest.raises(ValueError, match="m must be unit vectors"):
        moments(made(0.1, 0.1), np.array([1.0, 1, 0]))


CHOICES: list[dict[str, Any]] = [
    {},
    {"couplings": "consistent"},
    {"couplings": "consistent", "denominators": "full", "rashba_parameter": 0.05},
]


@pytest.mark.parametrize("changes", CHOICES)
def test_model_operator_is_the_strong_form(changes: dict[str, Any]) -> None:
    """Plane waves put into the symbolic strong form."""
    q, at = (0.4, -0.7), {x: 0.0, y: 0.0}
    wave = sp.exp(sp.I * (q[0] * x + q[1] * y))
    found = model_operator(film(**changes), M, np.array(q))
    for column in range(4):
        amplitude = [wave if row == column else sp.Integer(0) for row in range(4)]
        form = strong_form(amplitude[0], amplitude[1:], list(M), reference(**changes))
        wanted = np.array([complex(f.subs(at)) for f in (form.f_n, *form.f_S)])
        assert np.abs(found[:, column] - wanted).max() < 1e-12 * np.abs(found).max()


def test_literal_drift_is_in_the_model_operator() -> None:
    made_film = film(couplings=Couplings(literal_drift=True))
    found = model_operator(made_film, M, np.array([0.0, 2.0]))[0, 0]
    # grad_z = (-d_y, ...)
    assert found.imag == pytest.approx(2 * made_film.coefficients.Gamma * M[0])


def terms(found: Comparison) -> dict[tuple[str, str], Term]:
    return {(term.block, term.name): term for term in found.terms}


def test_comparison_recovers_the_dirty_limit() -> None:
    """Couplings over kinetic coefficients as delta, zeta -> 0, S counted as magnetization in both."""
    for couplings, edelstein, current, gamma, precessional, carried in (
        ("paper", 2, 1 / 2, (1 / 6, 1 / 6, 1 / 6), 8, 4),
        ("consistent", 2, 2, (1 / 3, 1 / 3, 1 / 4), 2, 2),
    ):
        found = terms(comparison(made(1e-3, 2e-3, couplings=couplings)))

        def ratio(block: str, name: str, found: Any = found) -> float:
            return found[block, name].model / found[block, name].kinetic

        for name in ("exchange", "dephasing", "dyakonov_perel", "precession", "diffusion"):
            assert ratio("spin", name) == pytest.approx(1, abs=1e-4), name
        assert [ratio("spin", f"gamma_{i}") for i in range(3)] == pytest.approx(gamma, rel=1e-4)
        # Gamma PF is of the same order as B in the drive
        c = made(1e-3, 2e-3, couplings=couplings).coefficients
        direct = found["spin_from_charge", "edelstein"].model - c.Gamma * c.PF * c.gamma_0
        assert direct / found["spin_from_charge", "edelstein"].kinetic == pytest.approx(edelstein, rel=1e-4)
        assert ratio("charge_from_spin", "edelstein") == pytest.approx(current, rel=1e-4)
        assert ratio("spin_from_charge", "precessional") == pytest.approx(precessional, rel=1e-4)
        assert ratio("spin_from_charge", "carried") == pytest.approx(carried, rel=1e-4)
        assert found["spin", "precessing_diffusion"].kinetic == pytest.approx(3e-3 * c.D, rel=1e-4)
        for block, factor in (("spin_from_charge", 1), ("charge_from_spin", 4)):
            assert found[block, "longitudinal"].kinetic == 0
            assert found[block, "transverse"].kinetic == pytest.approx(factor * c.R, rel=1e-4)
        assert found["charge", "literal_drift"].difference == 0


@pytest.mark.parametrize("changes", CHOICES)
def test_comparison_is_complete(changes: dict[str, Any]) -> None:
    """The distances are those of the operators, and the terms with the rest account for them."""
    made_film = film(**changes)
    found = comparison(made_film)
    m, weights = directions()
    assert weights @ m == pytest.approx(np.zeros(3), abs=1e-15)
    assert (m * weights[:, None]).T @ m == pytest.approx(np.eye(3) / 3)
    q = np.array([found.wavevector, 0])
    assert found.wavevector == pytest.approx(1 / made_film.lengths.shortest)
    model, exact = model_operator(made_film, m, q), as_magnetization(static_operator(made_film, m, q))
    for distance in found.distances:
        rows, columns, _ = BLOCKS[distance.block]
        gap, known = ((abs(array[:, rows, columns]) ** 2).sum(axis=(1, 2)) for array in (model - exact, exact))
        assert distance.average_at_shortest == pytest.approx(math.sqrt(weights @ gap / (weights @ known)), abs=1e-12)
        assert distance.worst_at_shortest == pytest.approx(math.sqrt((gap / known).max()), abs=1e-12)
        shares = [term.at_shortest for term in found.terms if term.block == distance.block]
        assert distance.average_at_shortest <= sum(shares) + distance.rest_at_shortest + 1e-12


def test_exact_coefficients_leave_no_difference() -> None:
    """Exchange alone, m fixed by symmetry: every average is a function of m x, and only the stated terms differ."""
    found = comparison(made(0.3, 0.0, polarization=0.0))
    by_name = terms(found)
    assert by_name["spin", "exchange"].kinetic == pytest.approx(0.3 / TAU / (1 + 0.3**2))
    full = terms(comparison(made(0.3, 0.0, denominators="full", polarization=0.0)))
    for name in ("exchange", "dephasing", "dyakonov_perel", "precession"):
        assert abs(full["spin", name].at_zero) < 1e-12
    assert full["spin", "precessing_diffusion"].at_shortest > 0.1


def test_rotations_do_not_matter() -> None:
    """q along x stands for every direction of q."""
    made_film, (m, weights) = film(), directions()
    sizes = []
    for angle in (0.0, 0.7):
        q = 0.9 * np.array([math.cos(angle), math.sin(angle)])
        gap = np.abs(model_operator(made_film, m, q) - static_operator(made_film, m, q))[:, 1:, 1:]
        sizes.append(weights @ (gap**2).sum(axis=(1, 2)))
    assert sizes[0] == pytest.approx(sizes[1], rel=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"rashba_parameter": 0.0},
        {"exchange_time": math.inf},
        {"rashba_parameter": 0.0, "exchange_time": math.inf, "spin_flip_time": math.inf},
        {"couplings": Couplings(literal_drift=True)},
    ],
)
def test_comparison_of_special_films(changes: dict[str, Any]) -> None:
    """Absent terms and blocks are 0 or nan, and nothing warns or divides by zero."""
    with np.errstate(all="raise"):
        found = comparison(film(**changes))
    for term in found.terms:
        assert term.model == term.model and term.kinetic == term.kinetic
        if term.model == term.kinetic:
            assert term.difference == 0
    drift = terms(found)["charge", "literal_drift"]
    assert drift.at_zero == (math.inf if "couplings" in changes else 0)


def test_equilibrium_spin_is_antiparallel() -> None:
    """Why `as_magnetization`: filling the two bands of (1), of constant density of states, gives S = -n (Delta/4eF) m.

    The carried term -D (Delta/4eF) m lap n is this spin, diffusing with the density.
    """
    made_film = made(0.2, 0.0)
    splitting, fermi = made_film.splitting, made_film.fermi_energy
    energy = np.linspace(0, 2 * fermi, 2_000_001)
    up, down = (np.count_nonzero(energy + s * splitting / 2 < fermi) for s in (1, -1))
    assert (up - down) / 2 / (up + down) == pytest.approx(-splitting / 4 / fermi, rel=1e-3)
    found = terms(comparison(made_film))["spin_from_charge", "carried"]
    assert found.kinetic == pytest.approx(made_film.coefficients.D * splitting / 4 / fermi)
    q = np.array([0.3, 0])
    carried = static_operator(made_film, M, q)[1:, 0]
    assert carried == pytest.approx(-found.kinetic * 0.09 * M)


def test_summary_and_check() -> None:
    """summary.json and check carry the report; a film far beyond the dirty limit says so and goes on."""
    from fem_rashba.cli import preflight
    from fem_rashba.results import summary

    found = summary.film_summary(film())["kinetic"]
    assert list(found["blocks"]) == list(BLOCKS)
    expected = terms(comparison(film()))["spin_from_charge", "precessional"]
    assert found["blocks"]["spin_from_charge"]["terms"]["precessional"]["difference"] == expected.difference
    table = preflight._kinetic(film(), "")
    row = next(line.split() for line in table if line.strip().startswith("precessional"))
    assert float(row[1]) == pytest.approx(expected.model, rel=5e-3)
    assert float(row[2]) == pytest.approx(expected.kinetic, rel=5e-3)
    far = made(4000.0, 2000.0)
    assert "not converged" in summary.film_summary(far)["kinetic"]["error"]
    assert "not converged" in preflight._kinetic(far, "")[1]


def test_every_weight_has_its_term() -> None:
    """Distinct weights arrive in distinct terms, and in a dirty film the terms leave no rest."""
    weights = Couplings(charge_weights=(2.0, 5.0), gamma_weights=(1.5, 2.5, 3.5), drive_factor=1.25)
    made_film = made(1e-3, 2e-3, couplings=weights)
    c, compared = made_film.coefficients, comparison(made_film)
    found = terms(compared)
    assert [found["spin", f"gamma_{i}"].model / c.Gamma for i in range(3)] == pytest.approx([1.5, 2.5, 3.5])
    assert found["charge_from_spin", "edelstein"].model == pytest.approx(2 * c.B)
    assert found["charge_from_spin", "longitudinal"].model == pytest.approx(5 * c.R)
    assert found["spin_from_charge", "longitudinal"].model == pytest.approx(2 * c.R - c.Gamma * c.PF)
    assert found["spin_from_charge", "precessional"].model == pytest.approx(-1.25 * c.C * c.PF)
    for distance in compared.distances:
        assert max(distance.rest_at_zero, distance.rest_at_shortest) < 1e-4
