"""Strong form by SymPy, for manufactured solutions with variable m and coefficients.

Convention.  With nabla~_i v = d_i v + k0 a_i x v, G = grad dn + g,
g = (e/eF) n0 E, and for all test functions q, v,

    int D grad q.G + grad q.(V x z^)
        = int q f_n - oint q nu.J_n                                      (charge)
    int D nabla~_i v.nabla~_i dS + D PF (d_i v).G_i m - (nabla~_i v).J_i^SH
        + v.(L dS - D k0^2 (dS + dS_z z^)) - v.Gam[..] - v.X_loc
        = int v.f_S - oint v.nu_i J_i                                    (spin)

nu being the outward normal.  So f_n and f_S go to the right-hand side as they
are, and where a natural condition is tested the known flux is moved there too,
as - oint q nu.J_n and - oint v.nu_i J_i.  A relaxing edge with loss velocity c
has + oint c v.dS on the left; its data is then - oint v.(nu_i J_i - c dS).

Term by term (nothing is assumed constant except n0):

    D nabla~_i v.nabla~_i dS   -> -v.(d_i + k0 a_i x)(D nabla~_i dS)
    D PF (d_i v).G_i m         -> -v.d_i(D PF G_i m)
    -(nabla~_i v).J_i^SH       -> +v.(d_i + k0 a_i x) J_i^SH

because (a x v).W = -v.(a x W): the adjoint of nabla~_i is -nabla~_i.  Hence
f_n = div J_n and f_S = -(strong right-hand side of dS/dt).  D k0^2 is the
D'yakonov-Perel rate already inside the covariant term; it equals r_dp in the
dirty limit and C^2/D in general, and what is left over of r_dp acts locally.
k0 must therefore be C/D (the default if it is left out).

Gam is outside its derivatives, and they act on m and dS only:
    w0 m x (grad_z x dS) + w1 grad_z x (m x dS)
        + (w0 + w1 - w2) [ (m.grad_z) dS + (1/2)(grad_z.m) dS ],
drive Gam PF [ w0 G_z + (w1 - w2)(m.G_z) m ]; this is the printed form for
(1, 1, 2) and the skew choice for (2, 2, 3).

literal_drift.  The printed Gam grad_z.(m n) of the charge equation, taken in
the flux: J_n,i gains -Gam (a_i.m) n, that is d n/dt gains grad_z.(Gam m n).
In the linear response n is dn ("response"): the n0 part is a current in an
undriven film, it is no response and would drive the problem by itself.  Only
the n = dn reading leaves a wire with m parallel to a uniform E unchanged
(there dn = 0, while n0 + dn would give J_y = Gam m_x n0); "total" takes
n = n0 + dn all the same.  With either reading a field and its equivalent
voltage drop are no longer the same problem, since dn itself enters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

x, y = sp.symbols("x y", real=True)

COEFFICIENTS = (
    *("D", "C", "Gam", "R", "B", "b", "r_dp", "r_phi", "r_sf", "w", "PF"),
    *("b_w", "r_w", "w0", "w1", "w2", "cd"),
)
_AX, _AY, _Z = sp.Matrix([0, 1, 0]), sp.Matrix([-1, 0, 0]), sp.Matrix([0, 0, 1])
A = (_AX, _AY)  # a_i = z^ x e_i
COORDS = (x, y)


@dataclass(frozen=True)
class StrongForm:
    """Right-hand sides, fluxes and local quantities; all SymPy in x, y."""

    dn: sp.Expr
    dS: sp.Matrix
    m: sp.Matrix
    f_n: sp.Expr
    f_S: sp.Matrix
    J_n: tuple[sp.Expr, sp.Expr]
    J_S: tuple[sp.Matrix, sp.Matrix]
    J_SH: tuple[sp.Matrix, sp.Matrix]
    X_loc: sp.Matrix
    gam_term: sp.Matrix
    torque: sp.Matrix

    def normal_flux(self, nu: Sequence[Any]) -> tuple[sp.Expr, sp.Matrix]:
        """(nu.J_n, nu_i J_i) for an outward normal given as numbers or expressions."""
        return (
            nu[0] * self.J_n[0] + nu[1] * self.J_n[1],
            nu[0] * self.J_S[0] + nu[1] * self.J_S[1],
        )


def _get(coefficients: Any, name: str, default: Any = None) -> Any:
    if isinstance(coefficients, Mapping):
        value = coefficients.get(name, default)
    else:
        value = getattr(coefficients, name, default)
    if value is None:
        raise KeyError(name)
    return sp.sympify(value)


def precessing(k0: Any, i: int, v: sp.Matrix) -> sp.Matrix:
    """nabla~_i v = d_i v + k0 a_i x v."""
    return v.diff(COORDS[i]) + k0 * A[i].cross(v)


def curl_z(v: sp.Matrix) -> sp.Matrix:
    """grad_z x v = a_i x d_i v."""
    return _AX.cross(v.diff(x)) + _AY.cross(v.diff(y))


def bracket(m: sp.Matrix, dS: sp.Matrix, w0: Any, w1: Any, w2: Any) -> sp.Matrix:
    """The differential operator that Gam multiplies."""
    along = m.dot(_AX) * dS.diff(x) + m.dot(_AY) * dS.diff(y)
    div_m = _AX.dot(m.diff(x)) + _AY.dot(m.diff(y))
    return w0 * m.cross(curl_z(dS)) + w1 * curl_z(m.cross(dS)) + (w0 + w1 - w2) * (along + div_m * dS / 2)


def strong_form(
    dn: Any,
    dS: Sequence[Any],
    m: Sequence[Any],
    coefficients: Any,
    g: Sequence[Any] = (0, 0),
    literal_drift: str | bool = False,
) -> StrongForm:
    """Residuals and fluxes of given fields.

    coefficients: a Film, or a mapping of COEFFICIENTS to expressions of x and y
    (k0 optional: C/D).  A Film's own k0 is not used, as it is not C/D with full
    denominators.  g = (e/eF) n0 E; if it varies, curl G = 0 is not required but
    the model then asks for a curl-free one.  m must be a unit vector (the Gam
    drive uses m.m = 1).  literal_drift: False, True or
    "response" (n = dn), or "total" (n = n0 + dn, needs n0).
    """
    if literal_drift not in (False, True, "response", "total"):
        raise ValueError(f"unknown literal_drift {literal_drift!r}")
    c = {name: _get(coefficients, name) for name in COEFFICIENTS}
    D, C, Gam, R, B, b, PF = (c[k] for k in ("D", "C", "Gam", "R", "B", "b", "PF"))
    default = C / D
    k0 = _get(coefficients, "k0", default) if isinstance(coefficients, Mapping) else default

    dn, dS, m = sp.sympify(dn), sp.Matrix(list(dS)), sp.Matrix(list(m))
    G = (dn.diff(x) + sp.sympify(g[0]), dn.diff(y) + sp.sympify(g[1]))
    Gz = G[0] * _AX + G[1] * _AY

    # charge
    V = c["b_w"] * B * dS + c["r_w"] * R * m.dot(dS) * m
    J_n = [-D * G[0] - V[1], -D * G[1] + V[0]]  # V x z^ = (V_y, -V_x)
    if literal_drift:
        n = dn + (_get(coefficients, "n0") if literal_drift == "total" else 0)
        J_n = [J_n[i] - Gam * A[i].dot(m) * n for i in (0, 1)]
    f_n = J_n[0].diff(x) + J_n[1].diff(y)

    # spin
    J_SH = (b * G[1] * _Z, -b * G[0] * _Z)
    W = [D * precessing(k0, i, dS) for i in (0, 1)]
    P = [D * PF * G[i] * m for i in (0, 1)]
    J_S = tuple(-W[i] - P[i] + J_SH[i] for i in (0, 1))
    double_z = sp.Matrix([dS[0], dS[1], 2 * dS[2]])  # dS + dS_z z^
    local = (
        c["r_sf"] * dS + (c["r_dp"] - D * k0**2) * double_z + c["r_phi"] * m.cross(dS.cross(m)) - c["w"] * m.cross(dS)
    )
    gam_term = Gam * bracket(m, dS, c["w0"], c["w1"], c["w2"])
    X_loc = (
        (B - k0 * b) * Gz
        + c["cd"] * C * PF * Gz.cross(m)
        + 2 * R * m.dot(Gz) * m
        + Gam * PF * (c["w0"] * Gz + (c["w1"] - c["w2"]) * m.dot(Gz) * m)
    )
    f_S = local - gam_term - X_loc
    for i in (0, 1):
        f_S += -precessing(k0, i, W[i]) - P[i].diff(COORDS[i]) + precessing(k0, i, J_SH[i])
    torque = -c["w"] * m.cross(dS) + c["r_phi"] * m.cross(dS.cross(m))
    return StrongForm(dn, dS, m, f_n, f_S, (J_n[0], J_n[1]), J_S, J_SH, X_loc, gam_term, torque)


Numeric = Callable[[np.ndarray], np.ndarray]


def lambdify(expr: Any) -> Numeric:
    """NumPy function of points, shape (2, N) or (3, N) (z ignored).

    A scalar expression gives shape (N,), a vector of k components (k, N).
    """
    scalar = not isinstance(expr, (sp.MatrixBase, list, tuple))
    items = [expr] if scalar else list(expr)
    f = sp.lambdify((x, y), [sp.sympify(e) for e in items], "numpy", cse=True)

    def evaluate(points: np.ndarray) -> np.ndarray:
        p = np.asarray(points, float)
        out = np.stack([np.broadcast_to(np.asarray(v, float), p[0].shape) for v in f(p[0], p[1])])
        return out[0] if scalar else out

    return evaluate


@dataclass(frozen=True)
class NumericForm:
    """Callables of points; fluxes J_n -> (2, N), J_S -> (2, 3, N)."""

    dn: Numeric
    dS: Numeric
    m: Numeric
    f_n: Numeric
    f_S: Numeric
    J_n: Numeric
    J_S: Numeric
    torque: Numeric


def lambdify_all(form: StrongForm) -> NumericForm:
    """All of a strong form as NumPy callables."""
    jx, jy = lambdify(form.J_S[0]), lambdify(form.J_S[1])
    return NumericForm(
        dn=lambdify(form.dn),
        dS=lambdify(form.dS),
        m=lambdify(form.m),
        f_n=lambdify(form.f_n),
        f_S=lambdify(form.f_S),
        J_n=lambdify(list(form.J_n)),
        J_S=lambda p: np.stack([jx(p), jy(p)]),
        torque=lambdify(form.torque),
    )


def section3_rate(
    dn: Any, dS: Sequence[Any], m: Sequence[Any], coefficients: Any, g: Sequence[Any] = (0, 0)
) -> tuple[sp.Expr, sp.Matrix]:
    """(d dn/dt, d dS/dt) of the strong equations as written, for CONSTANT coefficients.

    Written out separately, without the precessing derivative or the spin-Hall
    flux, so that f_n = -(first) and f_S = -(second) is a proof and not a
    tautology.
    """
    c = {name: _get(coefficients, name) for name in COEFFICIENTS}
    D, PF = c["D"], c["PF"]
    dn, dS, m = sp.sympify(dn), sp.Matrix(list(dS)), sp.Matrix(list(m))
    G = (dn.diff(x) + g[0], dn.diff(y) + g[1])
    Gz = sp.Matrix([-G[1], G[0], 0])

    V = c["b_w"] * c["B"] * dS + c["r_w"] * c["R"] * m * m.dot(dS)
    rate_n = D * (G[0].diff(x) + G[1].diff(y)) + V[1].diff(x) - V[0].diff(y)

    def gz_cross(u: sp.Matrix) -> sp.Matrix:
        # (-d_y, d_x, 0) x u, component by component
        return sp.Matrix([u[2].diff(x), u[2].diff(y), -u[1].diff(y) - u[0].diff(x)])

    gam = c["w0"] * m.cross(gz_cross(dS)) + c["w1"] * gz_cross(m.cross(dS))
    extra = c["w0"] + c["w1"] - c["w2"]
    gam += extra * (m[1] * dS.diff(x) - m[0] * dS.diff(y))
    gam += extra * (m[1].diff(x) - m[0].diff(y)) * dS / 2
    L = (
        c["r_sf"] * dS
        + c["r_dp"] * (dS + dS[2] * _Z)
        + c["r_phi"] * (m.dot(m) * dS - m.dot(dS) * m)
        - c["w"] * m.cross(dS)
    )
    X = (
        c["B"] * Gz
        + c["cd"] * c["C"] * PF * Gz.cross(m)
        + 2 * c["R"] * m.dot(Gz) * m
        + c["Gam"] * PF * (c["w0"] * Gz + (c["w1"] - c["w2"]) * m.dot(Gz) * m)
        + D * PF * ((G[0].diff(x) + G[1].diff(y)) * m + G[0] * m.diff(x) + G[1] * m.diff(y))
    )
    lap = dS.diff(x, 2) + dS.diff(y, 2)
    return rate_n, D * lap + 2 * c["C"] * gz_cross(dS) + c["Gam"] * gam - L + X
