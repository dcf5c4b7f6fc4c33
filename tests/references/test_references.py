"""The references checked against the model, against each other and against printed numbers."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
import pytest
import sympy as sp

from .algebra import X_HAT, Y_HAT, Z_HAT, drive_matrix, relaxation_matrix
from .bulk import bulk_spin, bulk_torque
from .film import Film, coefficients
from .rectangle import RectangleSolution, graded, solve_rectangle
from .strong_form import (
    COEFFICIENTS,
    A,
    bracket,
    lambdify,
    lambdify_all,
    precessing,
    section3_rate,
    strong_form,
    x,
    y,
)
from .wire import ode_matrices, wire_profile

OBLIQUE = np.array([0.5, 0.3, 0.8]) / np.linalg.norm([0.5, 0.3, 0.8])
NEEL = [1 / sp.cosh((x - 6) / 3), sp.Integer(0), sp.tanh((x - 6) / 3)]


def film(alpha: float = 0.01, couplings: str = "paper", denominators: str = "dirty") -> Film:
    return coefficients(alpha, 1e-2, 1e-3, 1.0, 4.3, 1.0, couplings, denominators)


def random_films(n: int, seed: int) -> list[tuple[Film, np.ndarray, np.random.Generator]]:
    rng = np.random.default_rng(seed)
    out = []
    for k in range(n):
        v = rng.normal(size=3)
        tau_sf = inf if k % 5 == 0 else 10 ** rng.uniform(-1, 1.5)
        f = coefficients(
            10 ** rng.uniform(-4, -1),
            10 ** rng.uniform(-2.5, 0),
            10 ** rng.uniform(-3.3, -2.7),
            tau_sf,
            4.3,
            1.0,
            ("paper", "consistent")[k % 2],
            ("dirty", "full")[k // 2 % 2],
        )
        out.append((f, v / np.linalg.norm(v), rng))
    return out


# film -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alpha", "row"),
    [
        (5e-4, (0.01312, 1.626, 0.0813, 0.00380, 1.62e-5, 0.02134)),
        (5e-3, (0.1312, 16.26, 0.813, 0.0380, 0.01621, 2.134)),
        (1e-2, (0.2625, 32.52, 1.626, 0.0760, 0.1297, 8.536)),
        (5e-2, (1.312, 162.6, 8.130, 0.380, 16.21, 213.4)),
        (1e-1, (2.625, 325.2, 16.26, 0.760, 129.7, 853.6)),
    ],
)
def test_reference_table(alpha: float, row: tuple[float, ...]) -> None:
    f = film(alpha)
    np.testing.assert_allclose((f.k0, f.C, f.Gam, f.R, f.B, f.r_dp), row, rtol=2e-3)
    np.testing.assert_allclose(
        (f.vF, f.eF, f.D, f.PF, f.n0, f.w, f.r_phi, f.r_sf),
        (497.80, 0.70447, 123.90, 0.09343, 2.9428, 100, 10, 1),
        rtol=5e-5,
    )


@pytest.mark.parametrize("denominators", ["dirty", "full"])
def test_coefficient_identities(denominators: str) -> None:
    f = film(0.05, denominators=denominators)
    s = film(0.05)
    Q = 1 + (1e-3 / 1e-2) ** 2 + 2 * s.r_dp * 1e-3 if denominators == "full" else 1.0
    assert f.C**2 / (f.D * f.r_dp) == pytest.approx(1 / Q**3, rel=1e-12)
    assert f.b == pytest.approx(f.C * f.B / f.r_dp, rel=1e-12)
    assert f.k_cov * f.D == pytest.approx(f.C)


# infinite medium ------------------------------------------------------------------------


def test_bulk_rank_one_and_closed_torque() -> None:
    for f, m, rng in random_films(200, 1):
        g = rng.normal(size=2)
        X = drive_matrix(f, m) @ np.array([-g[1], g[0], 0.0])
        S = bulk_spin(f, m, g)
        tau_D, tau_dp = 1 / f.w, 1 / f.r_dp
        beta = tau_D * (f.r_sf + f.r_dp)
        xi = beta + tau_D * f.r_phi

        def ainv(v: np.ndarray, m=m, r=f.r_sf + f.r_dp, t=tau_D, xi=xi) -> np.ndarray:
            perp = v - m * (m @ v)
            return m * (m @ v) / r + t / (1 + xi**2) * (xi * perp + np.cross(m, v))

        aX, az = ainv(X), ainv(Z_HAT)
        np.testing.assert_allclose(S, aX - az * aX[2] / (tau_dp + az[2]), rtol=0, atol=1e-11 * abs(S).max())

        bt = beta / (1 + xi**2)
        chi = f.r_dp / (f.r_sf + f.r_dp)
        chi_t = chi / (1 + chi * m[2] ** 2)
        gam = 1 / (1 + xi * bt * chi_t * (1 - m[2] ** 2))
        wv = np.cross(Z_HAT, m)
        uv = np.cross(m, wv)
        T = gam * (
            (1 - xi * bt) * np.cross(m, np.cross(X, m))
            - bt * np.cross(m, X)
            + bt * chi_t * ((xi - beta) * (X @ wv) - m[2] * (X @ m)) * wv
            - chi_t * ((1 - xi * bt) * m[2] * (X @ m) + bt * (X @ wv)) * uv
        )
        np.testing.assert_allclose(bulk_torque(f, m, g), T, rtol=0, atol=1e-10 * abs(T).max())


def test_bulk_angular_form() -> None:
    """(40), (41) as corrected, printed couplings."""
    for f, m, _ in random_films(100, 2):
        f = replace(f, w0=1.0, w1=1.0, w2=2.0, cd=2.0)
        tau_D = 1 / f.w
        beta = tau_D * (f.r_sf + f.r_dp)
        xi = beta + tau_D * f.r_phi
        bt = beta / (1 + xi**2)
        chi = f.r_dp / (f.r_sf + f.r_dp)
        chi_t = chi / (1 + chi * m[2] ** 2)
        gam = 1 / (1 + xi * bt * chi_t * (1 - m[2] ** 2))
        CP, BG = f.C * f.PF, f.B + f.Gam * f.PF
        wv, uv, yv = np.cross(Z_HAT, m), np.cross(m, np.cross(Z_HAT, m)), np.cross(Y_HAT, m)
        T = gam * (
            (2 * (1 - xi * bt) * CP + bt * BG) * yv
            + ((1 - xi * bt) * BG - 2 * bt * CP) * np.cross(m, yv)
            + chi_t * (bt * (xi - beta) * BG * m[0] - bt * (2 * (xi - beta) * CP + f.B + 2 * f.R) * m[1] * m[2]) * wv
            + chi_t * (-bt * BG * m[0] + (2 * bt * CP - (1 - xi * bt) * (f.B + 2 * f.R)) * m[1] * m[2]) * uv
        )
        np.testing.assert_allclose(bulk_torque(f, m, (1, 0)), T, rtol=0, atol=1e-10 * abs(T).max())


# wire -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alpha", "S", "fl", "dl"),
    [
        (1e-2, (0, 0.0583607593, -0.0085850859), 5.69862825, -0.419880057),
        (5e-4, (0, 0.00301030446, -0.000255650572), 0.293681383, -0.00460270443),
    ],
)
def test_wire_reference_numbers(alpha: float, S: tuple[float, ...], fl: float, dl: float) -> None:
    p = wire_profile(film(alpha), X_HAT, 50.0)
    np.testing.assert_allclose(p.S(25.0)[:, 0], S, rtol=5e-9, atol=1e-14)
    assert p.fieldlike == pytest.approx(fl, rel=5e-9)
    assert p.dampinglike == pytest.approx(dl, rel=5e-9)


def test_wire_equation_and_edges_hold() -> None:
    """ODE residual and edge conditions at random parameters, widths 1 nm to 1 um."""
    kinds = [("sink", 30.0), ("insulating", "sink"), ("insulating", "insulating")]
    for k, (f, m, rng) in enumerate(random_films(30, 3)):
        W, edges = 10 ** rng.uniform(0, 3), kinds[k % 3]
        p = wire_profile(f, m, W, 1.0, edges)
        t = np.linspace(0, W, 21)
        A1, A0, X0, _ = ode_matrices(f, m)
        S = p.S(t)
        residual = f.D * p.d2S(t) + A1 @ p.dS(t) - A0 @ S + X0[:, None]
        assert abs(residual).max() < 1e-10 * (abs(A0 @ S).max() + abs(X0).max())
        flux_scale = f.C * abs(S).max() + f.b
        for kind, yy, nu in zip(edges, (0.0, W), (-1, 1), strict=True):
            if kind == "sink":
                assert abs(p.S(yy)).max() < 1e-11 * abs(S).max()
            else:
                v = 0.0 if kind == "insulating" else kind
                assert abs(nu * p.flux(yy) - v * p.S(yy)).max() < 1e-10 * flux_scale


def test_wire_average_matches_quadrature() -> None:
    p = wire_profile(film(0.1), OBLIQUE, 200.0)
    t, w = np.polynomial.legendre.leggauss(400)
    S = p.S(100.0 * (t + 1))
    np.testing.assert_allclose(p.mean_S, S @ w / 2, rtol=0, atol=1e-12 * abs(S).max())
    np.testing.assert_allclose(p.dn(200.0), 100.0 * p.Gy(100.0 * (t + 1)) @ w, rtol=1e-10)


@pytest.mark.parametrize("denominators", ["dirty", "full"])
def test_wire_edelstein_state(denominators: str) -> None:
    """No exchange, no spin flip, insulating edges: uniform B/r_dp G_z."""
    f = coefficients(0.02, inf, 1e-3, inf, 4.3, denominators=denominators)
    S = wire_profile(f, X_HAT, 20.0, 1.0, ("insulating", "insulating")).S(np.linspace(0, 20, 9))
    expected = np.outer(f.B / f.r_dp * Y_HAT, np.ones(9))
    np.testing.assert_allclose(S, expected, rtol=0, atol=1e-13)


def test_wide_wire_is_bulk() -> None:
    """Far from sinks: the bulk state with its own transverse gradient (J_y = 0)."""
    f = film(0.05)
    p = wire_profile(f, OBLIQUE, 400.0)
    S = bulk_spin(f, OBLIQUE, (1.0, p.Gy(200.0)[0]))
    np.testing.assert_allclose(p.S(200.0)[:, 0], S, rtol=1e-10)


def test_wire_refuses_singular_and_unknown() -> None:
    with pytest.raises(ValueError, match="singular"):
        wire_profile(coefficients(0, 1e-2, 1e-3, inf, 4.3), X_HAT, 10, edges=("insulating",) * 2)
    with pytest.raises(ValueError, match="edge"):
        wire_profile(film(), X_HAT, 10, edges=("sink", "free"))
    assert wire_profile(film(0.0), X_HAT, 10).S(5.0).max() == 0.0
    p = wire_profile(film(), Y_HAT, 10)
    assert p.fieldlike is None
    assert p.dampinglike is None


# strong form ----------------------------------------------------------------------------


def test_strong_form_is_section_3() -> None:
    """Constant coefficients, arbitrary fields and m, any weights: equal identically."""

    def function(name: str) -> sp.Expr:
        return sp.Function(name)(x, y)

    names = {k: sp.Symbol(k) for k in COEFFICIENTS}
    g = sp.symbols("g_x g_y")
    dn, dS, m = function("n"), [function(f"s{i}") for i in "xyz"], [function(f"m{i}") for i in "xyz"]
    form = strong_form(dn, dS, m, names, g)
    rate_n, rate_S = section3_rate(dn, dS, m, names, g)
    assert sp.expand(form.f_n + rate_n) == 0
    assert all(sp.expand(e) == 0 for e in form.f_S + rate_S)


def test_printed_bracket_for_uniform_m() -> None:
    """b (m.S) + m (b.S) - 2 (m.b) S summed over b = a_i with d_i."""
    m = sp.Matrix(sp.symbols("m_x m_y m_z"))
    S = sp.Matrix([sp.Function(f"s{i}")(x, y) for i in "xyz"])
    for w0, w1, w2 in ((1, 1, 2), (2, 2, 3)):
        expected = sp.zeros(3, 1)
        for b, q in zip(A, (x, y), strict=True):
            d = S.diff(q)
            expected += w0 * b * m.dot(d) + w1 * m * b.dot(d) - w2 * m.dot(b) * d
        assert all(sp.expand(e) == 0 for e in bracket(m, S, w0, w1, w2) - expected)


def manufactured() -> tuple[dict[str, sp.Expr], sp.Expr, list[sp.Expr], list[sp.Expr]]:
    """Variable everything: coefficients, dn, dS, and a unit m(x, y)."""
    D, C = 2 + x / 3 + y**2 / 5, 1 + sp.sin(x + y) / 4
    c = {
        "D": D,
        "C": C,
        "k0": C / D,
        "Gam": sp.cos(x) / 2,
        "R": 0.3 + 0.1 * y,
        "B": 0.7 + 0.2 * x * y,
        "b": 0.4 + 0.1 * x,
        "r_dp": C**2 / D + 0.1 * (1 + x),
        "r_phi": 1 + y,
        "r_sf": 0.5 + x**2 / 4,
        "w": 3 + x - y,
        "PF": 0.2 + 0.1 * sp.cos(y),
    }
    theta, phi = 0.4 + x / 2 + y / 3, 0.3 + x * y
    m = [sp.sin(theta) * sp.cos(phi), sp.sin(theta) * sp.sin(phi), sp.cos(theta)]
    dS = [sp.sin(x) * sp.cos(2 * y), sp.exp(x / 2) * y, sp.cos(x + 2 * y)]
    return c, sp.sin(x) * sp.exp(y / 2) + x * y, dS, m


@pytest.mark.parametrize("weights", [(1, 1, 1, 1, 2, 2), (4, 8, 2, 2, 3, 1)])
@pytest.mark.parametrize("literal", [False, True])
def test_strong_form_satisfies_weak_form(weights: tuple[int, ...], literal: bool) -> None:
    """The weak form of the model, by quadrature on a rectangle, variable coefficients."""
    c, dn, dS_list, m_list = manufactured()
    c |= dict(zip(("b_w", "r_w", "w0", "w1", "w2", "cd"), weights, strict=True))
    g = (0.3, -0.2)
    form = strong_form(dn, dS_list, m_list, c, g, literal)
    dS, m = sp.Matrix(dS_list), sp.Matrix(m_list)
    v = sp.Matrix([sp.cos(x - y), x + y**2, sp.sin(2 * x) + y])
    q = sp.exp(x) * sp.cos(y)
    G = sp.Matrix([dn.diff(x) + g[0], dn.diff(y) + g[1], 0])
    grad_q = sp.Matrix([q.diff(x), q.diff(y), 0])
    ez = sp.Matrix([0, 0, 1])
    Gz = ez.cross(G)
    V = c["b_w"] * c["B"] * dS + c["r_w"] * c["R"] * m * m.dot(dS)
    charge = c["D"] * grad_q.dot(G) + grad_q.dot(V.cross(ez))
    if literal:
        charge += c["Gam"] * grad_q.dot(m.cross(ez)) * dn  # a_i.m e_i = m x z^
    k0, w0, w1, w2 = (c[k] for k in ("k0", "w0", "w1", "w2"))
    sh = (c["b"] * G[1] * ez, -c["b"] * G[0] * ez)
    X_loc = (
        c["cd"] * c["C"] * c["PF"] * Gz.cross(m)
        + 2 * c["R"] * m.dot(Gz) * m
        + c["Gam"] * c["PF"] * (m.cross(Gz.cross(m)) if w0 == 1 else 2 * Gz - m.dot(Gz) * m)
        + (c["B"] - k0 * c["b"]) * Gz
    )
    # Gam terms written with grad_z x u = a_i x d_i u and the two published variants
    gz_S = sum((A[i].cross(dS.diff(s)) for i, s in enumerate((x, y))), sp.zeros(3, 1))
    gz_mS = sum((A[i].cross(m.cross(dS).diff(s)) for i, s in enumerate((x, y))), sp.zeros(3, 1))
    gam = m.cross(gz_S) + gz_mS
    if (w0, w1, w2) == (2, 2, 3):
        gam = 2 * gam + m[1] * dS.diff(x) - m[0] * dS.diff(y)
        gam += (m[1].diff(x) - m[0].diff(y)) * dS / 2
    spin = -v.dot(c["Gam"] * gam) - v.dot(X_loc)
    spin += v.dot(
        c["r_sf"] * dS
        + (c["r_dp"] - c["C"] ** 2 / c["D"]) * (dS + dS[2] * ez)
        + c["r_phi"] * m.cross(dS.cross(m))
        - c["w"] * m.cross(dS)
    )
    for i, s in enumerate((x, y)):
        cov_v = precessing(k0, i, v)
        spin += c["D"] * cov_v.dot(precessing(k0, i, dS))
        spin += c["D"] * c["PF"] * G[i] * v.diff(s).dot(m) - cov_v.dot(sh[i])

    Lx, Ly = 1.3, 0.9
    t, wt = np.polynomial.legendre.leggauss(16)
    tx, ty, wx, wy = Lx * (t + 1) / 2, Ly * (t + 1) / 2, Lx * wt / 2, Ly * wt / 2
    px, py = (a.ravel() for a in np.meshgrid(tx, ty, indexing="ij"))
    area, points = np.outer(wx, wy).ravel(), np.stack([px, py])
    for weak, volume, part in (
        (charge, q * form.f_n, lambda nu: q * form.normal_flux(nu)[0]),
        (spin, v.dot(form.f_S), lambda nu: v.dot(form.normal_flux(nu)[1])),
    ):
        left = area @ lambdify(weak)(points)
        right = area @ lambdify(volume)(points)
        for nu, line, w in (
            ((-1, 0), np.stack([0 * ty, ty]), wy),
            ((1, 0), np.stack([0 * ty + Lx, ty]), wy),
            ((0, -1), np.stack([tx, 0 * tx]), wx),
            ((0, 1), np.stack([tx, 0 * tx + Ly]), wx),
        ):
            right -= w @ lambdify(part(nu))(line)
        assert left == pytest.approx(right, rel=1e-11)


@pytest.mark.parametrize("denominators", ["dirty", "full"])
@pytest.mark.parametrize("couplings", ["paper", "consistent"])
def test_wire_satisfies_the_symbolic_strong_form(couplings: str, denominators: str) -> None:
    """Bulk equations, no transverse charge current and the same spin flux, at three points."""
    f = film(0.05, couplings, denominators)
    p = wire_profile(f, OBLIQUE, 9.0, 1.0, ("insulating", "sink"))
    c = ode_matrices(f, OBLIQUE)[3]
    for y0 in (0.0, 2.3, 8.1):
        t = y - y0
        S, d1, d2 = (v(y0)[:, 0] for v in (p.S, p.dS, p.d2S))
        dn = p.Gy(y0)[0] * t + c @ d1 / f.D * t**2 / 2
        dS = [S[k] + d1[k] * t + d2[k] * t**2 / 2 for k in range(3)]
        form = strong_form(dn, dS, OBLIQUE, f, (1.0, 0.0))
        at = {x: 0.0, y: y0}
        scale = max(abs(float(e)) for e in form.X_loc.subs(at))
        assert max(abs(float(e)) for e in form.f_S.subs(at)) < 1e-11 * scale
        assert abs(float(form.f_n.subs(at))) < 1e-11 * f.D
        assert abs(float(form.J_n[1].subs(at))) < 1e-12 * f.D
        flux = np.array([float(e) for e in form.J_S[1].subs(at)])
        np.testing.assert_allclose(flux, p.flux(y0)[:, 0], rtol=0, atol=1e-11 * f.b)
        np.testing.assert_allclose([float(e) for e in form.torque.subs(at)], p.torque(y0)[:, 0], rtol=1e-12)


def test_lambdified_shapes() -> None:
    c, dn, dS, m = manufactured()
    c |= {k: sp.Integer(1) for k in ("b_w", "r_w", "w0", "w1", "cd")} | {"w2": sp.Integer(2)}
    n = lambdify_all(strong_form(dn, dS, m, c))
    p = np.random.default_rng(0).random((3, 7))
    assert n.f_n(p).shape == n.dn(p[:2]).shape == (7,)
    assert n.f_S(p).shape == n.dS(p).shape == n.torque(p).shape == (3, 7)
    assert n.J_n(p).shape == (2, 7)
    assert n.J_S(p).shape == (2, 3, 7)
    np.testing.assert_allclose((n.torque(p) * n.m(p)).sum(0), 0, atol=1e-13)


def test_literal_drift_leaves_the_longitudinal_wire_unchanged() -> None:
    """m parallel to a uniform E in a wire: dn = 0, so the extra flux of dn vanishes."""
    f = film(0.01)
    p = wire_profile(f, X_HAT, 20.0)
    assert abs(p.Gy(np.linspace(0, 20, 9))).max() < 1e-14
    c = {k: sp.Float(getattr(f, k)) for k in (*COEFFICIENTS, "n0")}
    zero = [sp.Integer(0)] * 3
    for kind, Jy in ((False, 0.0), (True, 0.0), ("total", f.Gam * f.n0)):
        form = strong_form(0, zero, list(X_HAT), c, (1, 0), kind)
        assert float(form.J_n[1]) == pytest.approx(Jy)


# rectangle ------------------------------------------------------------------------------


def numbers(s: RectangleSolution) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    c = s.currents
    return np.array(list(c.values())), np.array(s.torque_averages()), s.mean_S


def distance(a: RectangleSolution, b: RectangleSolution) -> float:
    """Largest relative difference of currents, torque averages and mean spin."""
    pairs = zip(numbers(a), numbers(b), strict=True)
    return max(float(abs(u - v).max() / abs(v).max()) for u, v in pairs)


def test_rectangle_ohmic() -> None:
    f = coefficients(0.0, inf, 1e-3, 1.0, 4.3)
    s = solve_rectangle(f, X_HAT, 12, 8, 5, 5, 1.0, 0.0)
    np.testing.assert_allclose(list(s.currents.values()), f.D * 8 / 12, rtol=1e-12)
    with pytest.raises(ValueError, match="singular"):
        solve_rectangle(replace(f, r_sf=0.0), X_HAT, 1, 1, 5, 5, 1, 0, 0, "insulating", "insulating")


@pytest.mark.parametrize("denominators", ["dirty", "full"])
def test_rectangle_edelstein_state(denominators: str) -> None:
    f = coefficients(0.02, inf, 1e-3, inf, 4.3, denominators=denominators)
    s = solve_rectangle(f, X_HAT, 12, 8, 8, 8, -6.0, 6.0, 0.0, "insulating", "insulating")
    X, Y = np.linspace(0, 12, 7), np.linspace(0, 8, 7)
    expected = np.zeros((4, 7))
    expected[0], expected[2] = X - 6, f.B / f.r_dp
    np.testing.assert_allclose(s.evaluate(X, Y), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("couplings", ["paper", "consistent"])
@pytest.mark.parametrize("edges", ["sink", "insulating", 40.0])
def test_long_rectangle_middle_is_the_wire(couplings: str, edges: str | float) -> None:
    f = film(0.03, couplings)
    s = solve_rectangle(f, OBLIQUE, 52, 4, 11, 12, 0, 0, 1.0, edges, "sink", x_breaks=np.linspace(0, 52, 7))
    Y = np.linspace(0, 4, 13)
    g = 1 + s.evaluate(26.0, Y, dx=1)[0].mean()  # the end layers take a little of the field
    w = wire_profile(f, OBLIQUE, 4.0, g, (edges, edges))
    u = s.evaluate(26.0, Y)
    # a narrow insulated channel relaxes slowly: 1e-7 of the terminals is left after 26 nm
    assert abs(u[1:] - w.S(Y)).max() < 3e-7 * abs(u[1:]).max()
    assert abs(u[0] - u[0, 0] - w.dn(Y)).max() < 1e-8
    assert s.current(26.0) == pytest.approx(w.current, rel=3e-9)


@pytest.mark.parametrize("edges", ["sink", "insulating"])
@pytest.mark.parametrize("terminals", ["sink", "insulating"])
@pytest.mark.parametrize(
    ("alpha", "couplings", "m"),
    [(0.01, "paper", X_HAT), (0.05, "paper", OBLIQUE), (0.05, "consistent", NEEL)],
)
def test_rectangle_self_convergence(alpha: float, couplings: str, m: object, edges: str, terminals: str) -> None:
    f = film(alpha, couplings)
    a = solve_rectangle(f, m, 12, 8, 18, 14, 0, 0, 1.0, edges, terminals)
    b = solve_rectangle(f, m, 12, 8, 21, 17, 0, 0, 1.0, edges, terminals)
    assert distance(a, b) < 2e-6
    I = np.array(list(b.currents.values()))  # noqa: E741
    assert np.ptp(I) < 2e-7 * abs(I[0])


def test_graded_and_single_element_agree() -> None:
    f = film(0.01, "consistent", "full")
    a = solve_rectangle(f, NEEL, 12, 8, 26, 22, 0, 0, 1.0, "sink", "insulating")
    br = graded(12, 1, 0.1, 3), graded(8, 1, 0.1, 2)
    b = solve_rectangle(f, NEEL, 12, 8, 10, 10, 0, 0, 1.0, "sink", "insulating", *br)
    assert distance(a, b) < 3e-7


def test_field_and_voltage_are_the_same_problem() -> None:
    f = film(0.05)
    X, Y = np.linspace(0, 12, 13), np.linspace(0, 8, 13)
    a = solve_rectangle(f, NEEL, 12, 8, 18, 14, 0, 0, 1.0, "sink", "insulating").evaluate(X, Y)
    b = solve_rectangle(f, NEEL, 12, 8, 18, 14, 0, 12, 0.0, "sink", "insulating").evaluate(X, Y)
    assert abs(a[1:] - b[1:]).max() < 1e-12 * abs(a[1:]).max()
    assert abs(a[0] + X - b[0]).max() < 1e-12


def test_callable_magnetization() -> None:
    def m(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        return np.stack([1 / np.cosh((X - 6) / 3), 0 * Y, np.tanh((X - 6) / 3)])

    a = solve_rectangle(film(), m, 12, 8, 18, 12, 0, 0, 1.0)
    b = solve_rectangle(film(), NEEL, 12, 8, 18, 12, 0, 0, 1.0)
    assert distance(a, b) < 1e-8


@pytest.mark.parametrize("couplings", ["paper", "consistent"])
def test_rectangle_satisfies_the_symbolic_strong_form(couplings: str) -> None:
    """Off the collocation points, m varying in x and y, local Taylor polynomials as fields."""
    f = film(0.03, couplings, "full")
    th, ph = 0.4 + x / 5 + y / 7, 0.3 + x * y / 20
    m = [sp.sin(th) * sp.cos(ph), sp.sin(th) * sp.sin(ph), sp.cos(th)]
    br = graded(6, 1, 0.12, 2), graded(4, 1, 0.12, 2)
    s = solve_rectangle(f, m, 6, 4, 12, 12, 0, 0, 1.0, "insulating", "insulating", *br)
    inside = [(1.7, 1.1, None), (4.6, 2.7, None), (3.05, 2.1, None)]
    for px, py, side in (*inside, (2.2, 4.0, 1), (4.1, 0.0, 1), (0.0, 1.3, 0), (6.0, 2.9, 0)):
        at = {x: px, y: py}
        d = {(i, j): s.evaluate(px, py, i, j)[:, 0] for i in range(3) for j in range(3 - i)}
        taylor = [
            sum(d[i, j][k] * (x - px) ** i * (y - py) ** j / sp.factorial(i) / sp.factorial(j) for i, j in d)
            for k in range(4)
        ]
        form = strong_form(taylor[0], taylor[1:], m, f, (1.0, 0.0))
        if side is not None:  # insulating: no spin flux; on an edge no charge flux either
            assert max(abs(float(e)) for e in form.J_S[side].subs(at)) < 1e-5 * f.b
            assert side == 0 or abs(float(form.J_n[1].subs(at))) < 1e-5 * f.D
            continue
        scale = max(abs(float(e)) for e in form.X_loc.subs(at))
        assert abs(float(form.f_n.subs(at))) < 1e-5 * f.D
        assert max(abs(float(e)) for e in form.f_S.subs(at)) < 1e-5 * scale


def test_relaxation_is_dissipative() -> None:
    for f, m, _ in random_films(20, 5):
        L = relaxation_matrix(f, m)
        assert np.linalg.eigvalsh(L + L.T).min() > 0
