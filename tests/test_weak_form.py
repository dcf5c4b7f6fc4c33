"""equations.py against the SymPy strong form, at points: no mesh, no compiler, no quadrature.

For any fields and any test functions the product rule makes the integrand of a right weak form

    q f_n + v.f_S - d_i (q J_n,i + v.J_i)

with the sources and fluxes of references.strong_form. Polynomial fields, a varying m and coefficients that all differ
and vary make every term count.
"""

from __future__ import annotations

from types import SimpleNamespace

import basix.ufl
import numpy as np
import pytest
import sympy as sp
import ufl
from references.strong_form import COEFFICIENTS, strong_form, x, y
from samples import as_coefficients, to_ufl, ufl_coefficients
from ufl.algorithms.apply_algebra_lowering import apply_algebra_lowering
from ufl.algorithms.apply_derivatives import apply_derivatives

from fem_rashba.physics import calculus, equations

POINTS = [(0.31, 0.72), (-0.44, 0.58), (0.83, -0.27)]
FIELD, STATES, DENSITY = (0.7, -1.3), 1.9, 2.3


def polynomial(rng: np.random.Generator, degree: int = 3) -> sp.Expr:
    powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    return sum(sp.Float(round(rng.normal(), 3)) * x**i * y**j for i, j in powers)


def at_points(expression: object) -> np.ndarray:
    """UFL or SymPy, scalar or a list of components, at the points: shape (components, points)."""
    if isinstance(expression, ufl.core.expr.Expr):
        shape = expression.ufl_shape
        parts = [expression[i] for i in range(shape[0])] if shape else [expression]
        lowered = [apply_derivatives(apply_algebra_lowering(part)) for part in parts]
        return np.array([[float(part(point)) for point in POINTS] for part in lowered])
    items = list(expression) if isinstance(expression, sp.MatrixBase | list | tuple) else [expression]
    numeric = sp.lambdify((x, y), items, "math", cse=True)
    return np.array([numeric(*point) for point in POINTS]).T


def assert_same(found: object, expected: object) -> None:
    found, expected = at_points(found), at_points(expected)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11 * np.abs(expected).max())


def make(literal: bool, seed: int) -> SimpleNamespace:
    rng = np.random.default_rng(seed)
    n, q = polynomial(rng), polynomial(rng)
    S, v = [polynomial(rng) for _ in range(3)], [polynomial(rng) for _ in range(3)]
    polar, azimuth = 0.8 + x / 2 - y / 3, 0.4 + x / 3 + y**2 / 2
    m = [sp.sin(polar) * sp.cos(azimuth), sp.sin(polar) * sp.sin(azimuth), sp.cos(polar)]
    c = {name: sp.Float(round(rng.uniform(0.6, 2.4), 3)) + polynomial(rng, 1) / 5 for name in (*COEFFICIENTS, "k0")}
    form = strong_form(n, S, m, c, [STATES * e for e in FIELD], literal_drift=literal)
    r = ufl.SpatialCoordinate(ufl.Mesh(basix.ufl.element("Lagrange", "triangle", 1, shape=(2,))))
    return SimpleNamespace(
        symbols=SimpleNamespace(n=n, q=q, S=sp.Matrix(S), v=sp.Matrix(v), m=sp.Matrix(m), **c),
        form=form,
        c=ufl_coefficients(as_coefficients(c, float(literal)) | {"states": STATES, "density": DENSITY}, r),
        n=to_ufl(n, r),
        S=to_ufl(S, r),
        m=to_ufl(m, r),
        q=to_ufl(q, r),
        v=to_ufl(v, r),
        E=ufl.as_vector(FIELD),
    )


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "literal"])
def case(request: pytest.FixtureRequest) -> SimpleNamespace:
    return make(request.param, 5)


def divergence(pair: tuple) -> object:
    return pair[0].diff(x) + pair[1].diff(y)


def test_whole_form(case: SimpleNamespace) -> None:
    q, v, form = case.symbols.q, case.symbols.v, case.form
    expected = q * form.f_n + v.dot(form.f_S)
    expected -= divergence([q * form.J_n[i] + v.dot(form.J_S[i]) for i in range(2)])
    assert_same(equations.weak_form(case.c, case.n, case.S, case.q, case.v, case.m, case.E), expected)


def test_charge_current(case: SimpleNamespace) -> None:
    assert_same(equations.charge_current(case.c, case.n, case.S, case.m, case.E), list(case.form.J_n))


def test_reciprocal_current() -> None:
    """Onsager's relation of the whole form: what S does to q is -b times what q does to S, with m reversed.

    With r = 2 b the charge row is D grad q.grad n - b (the spin row of q for the test function S, without a field).
    """
    case = make(literal=False, seed=7)
    s, c = case.symbols, case.c
    values = {name: getattr(s, name) for name in (*COEFFICIENTS, "k0")}
    exchanged = strong_form(s.q, [sp.Integer(0)] * 3, [-each for each in s.m], values, [sp.Integer(0)] * 2)
    response = s.S.dot(exchanged.f_S) - divergence([s.S.dot(J) for J in exchanged.J_S])
    expected = s.D * (s.q.diff(x) * s.n.diff(x) + s.q.diff(y) * s.n.diff(y)) - s.b_w * response
    c.reciprocal, c.charge_r = 1.0, 2 * c.charge_b
    assert_same(equations.charge_row(c, case.n, case.S, case.q, case.m, ufl.as_vector((0, 0))), expected)


def test_charge_row(case: SimpleNamespace) -> None:
    q, form = case.symbols.q, case.form
    expected = q * form.f_n - divergence([q * J for J in form.J_n])
    assert_same(equations.charge_row(case.c, case.n, case.S, case.q, case.m, case.E), expected)


def test_spin_currents(case: SimpleNamespace) -> None:
    found = equations.spin_current(case.c, case.n, case.S, case.m, case.E)
    for i in range(2):
        assert_same(found[i], case.form.J_S[i])
        assert_same(equations.spin_hall_current(case.c, case.n, case.E)[i], case.form.J_SH[i])


def test_spin_row(case: SimpleNamespace) -> None:
    v, form = case.symbols.v, case.form
    expected = v.dot(form.f_S) - divergence([v.dot(J) for J in form.J_S])
    assert_same(equations.spin_row(case.c, case.n, case.S, case.v, case.m, case.E), expected)


def test_torque(case: SimpleNamespace) -> None:
    assert_same(equations.torque(case.c, case.S, case.m), case.form.torque)


def test_local_terms(case: SimpleNamespace) -> None:
    """Each by its name, and all of them together."""
    s, c, S, m = case.symbols, case.c, case.S, case.m
    double_z = sp.Matrix([s.S[0], s.S[1], 2 * s.S[2]])
    expected = {
        "spin_flip": s.r_sf * s.S,
        "remaining": (s.r_dp - s.D * s.k0**2) * double_z,
        "dephasing": s.r_phi * (s.S - s.m * s.m.dot(s.S)),
        "exchange": s.w * s.S.cross(s.m),
        "mixed": -case.form.gam_term,
        "drive": -case.form.X_loc,
    }
    found = {
        "spin_flip": equations.spin_flip(c, S),
        "remaining": equations.remaining_dyakonov_perel(c, S),
        "dephasing": equations.dephasing(c, S, m),
        "exchange": equations.exchange_precession(c, S, m),
        "mixed": equations.mixed_precession(c, S, m),
        "drive": equations.local_drive(c, case.n, m, case.E),
    }
    for name, term in found.items():
        assert_same(term, expected[name])
    assert_same(equations.local_terms(c, case.n, S, m, case.E), sum(expected.values(), sp.zeros(3, 1)))


def test_storage_and_pumping(case: SimpleNamespace) -> None:
    """The time derivatives of (16) and (17), with n and S, and S again, standing for rates."""
    s, c = case.symbols, case.c
    expected = s.q * s.n + s.v.dot(s.S) + s.PF * s.n * s.v.dot(s.m)
    assert_same(equations.storage(c, case.n, case.S, case.q, case.v, case.m), expected)
    assert_same(equations.pumping(c, case.v, case.S), DENSITY * s.PF * s.v.dot(s.S))


def test_edges(case: SimpleNamespace) -> None:
    """Between them the terms of an edge say nu_i J_i = velocity S - current, S standing for the current too."""
    s = case.symbols
    assert_same(equations.edge_loss(case.S, case.v, case.c.D), s.D * s.v.dot(s.S))
    assert_same(equations.edge_injection(case.v, case.S), -s.v.dot(s.S))


def test_spin_balance(case: SimpleNamespace) -> None:
    """The terms inside the film and the divergence of the spin current are the source."""
    terms = equations.spin_balance_density(case.c, case.n, case.S, case.m, case.E)
    expected = case.form.f_S - divergence(case.form.J_S)
    assert len(terms) == 6
    assert_same(sum(terms[1:], terms[0]), expected)
    assert_same(terms[1] + terms[2] + terms[3], relaxation(case.symbols))
    assert_same(terms[4] + terms[5], -case.form.gam_term - case.form.X_loc)


def relaxation(s: SimpleNamespace) -> sp.Matrix:
    """L S without what is inside the covariant derivative."""
    in_plane_twice = sp.Matrix([s.S[0], s.S[1], 2 * s.S[2]])
    remaining = s.r_sf * s.S + (s.r_dp - s.D * s.k0**2) * in_plane_twice
    return remaining + s.r_phi * s.m.cross(s.S.cross(s.m)) - s.w * s.m.cross(s.S)


def test_calculus(case: SimpleNamespace) -> None:
    """The operators on one vector, component by component: grad_z = (-d_y, d_x, 0)."""
    n, S, m = case.symbols.n, case.symbols.S, case.symbols.m
    Sx, Sy, Sz = S
    assert_same(calculus.grad_z(case.n), [-n.diff(y), n.diff(x), 0])
    assert_same(calculus.grad_z_dot(case.S), Sy.diff(x) - Sx.diff(y))
    assert_same(calculus.grad_z_cross(case.S), [Sz.diff(x), Sz.diff(y), -Sy.diff(y) - Sx.diff(x)])
    assert_same(calculus.along_grad_z(case.m, case.S), m[1] * S.diff(x) - m[0] * S.diff(y))
    assert_same(calculus.z_cross(ufl.grad(case.n)), [-n.diff(y), n.diff(x), 0])
    k = case.symbols.k0
    assert_same(
        calculus.precessing(case.c.precession, 0, case.S), [Sx.diff(x) + k * Sz, Sy.diff(x), Sz.diff(x) - k * Sx]
    )
    assert_same(
        calculus.precessing(case.c.precession, 1, case.S), [Sx.diff(y), Sy.diff(y) + k * Sz, Sz.diff(y) - k * Sy]
    )
