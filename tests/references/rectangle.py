"""Driven rectangle [0, Lx] x [0, Ly] by collocation of the strong equations.

Terminals at x = 0 (source) and x = Lx (drain) with given dn, edges y = 0 and
y = Ly without charge flux; dn and dS fully coupled; constant film, m(x, y).

Method: in each direction C1 piecewise polynomials of degree nx (ny) on given
breaks, tensor product, the strong equations collocated at the degree - 1
Gauss points of every element (de Boor and Swartz), boundary conditions at the
boundary Gauss points and the corners.  Unknowns and equations then balance
exactly, no equation is ever imposed at a corner or on an interface, and one
element per direction is an ordinary spectral method.  Within an element the
basis is four Hermite cubics and the twice integrated Legendre polynomials,
whose second derivatives are Legendre polynomials: well conditioned at any
degree.

Corners.  Where a sink meets an insulating side, or an insulating terminal
meets an edge, the boundary data are incompatible and the solution has an
r log r term: convergence in the degree is only algebraic.  Geometric breaks
(`graded`) restore it.  With sinks on all sides only r^2 log r terms occur.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import scipy.sparse as sps
import sympy as sp
from numpy.polynomial import legendre
from numpy.typing import ArrayLike
from scipy.linalg import lu_factor, lu_solve
from scipy.sparse.linalg import splu

from .algebra import A_X, A_Y, Y_HAT, Z_HAT, Array, cross_matrix, edge_loss, unit
from .film import Film
from .strong_form import x as X_SYM
from .strong_form import y as Y_SYM

Field = Callable[[Array, Array], Array]


def graded(length: float, layers: int, ratio: float = 0.2, bulk: int = 2) -> Array:
    """Breaks on [0, length]: `bulk` equal elements, the outer two split geometrically."""
    h = length / bulk
    near = h * ratio ** np.arange(layers, 0, -1)
    inner = np.linspace(0.0, length, bulk + 1)[1:-1]
    return np.concatenate([[0.0], near, inner, length - near[::-1], [length]])


class _Basis:
    """C1 piecewise polynomials of one degree on given breaks."""

    def __init__(self, breaks: ArrayLike, degree: int) -> None:
        if degree < 3:
            raise ValueError("C1 elements need degree 3 or more")
        self.breaks = np.asarray(breaks, float)
        self.degree = degree
        self.K = len(self.breaks) - 1
        self.size = self.K * (degree - 1) + 2
        gp, gw = legendre.leggauss(degree - 1)
        h = np.diff(self.breaks)
        self.gauss = (self.breaks[:-1, None] + 0.5 * h[:, None] * (gp + 1)).ravel()
        qp, qw = legendre.leggauss(degree + 4)
        self.quad = (self.breaks[:-1, None] + 0.5 * h[:, None] * (qp + 1)).ravel()
        self.weights = (0.5 * h[:, None] * qw).ravel()
        # reference shapes on [-1, 1] as Legendre series: Hermite, then bubbles
        shapes = [
            legendre.poly2leg(c)
            for c in (
                (0.5, -0.75, 0, 0.25),
                (0.25, -0.25, -0.25, 0.25),
                (0.5, 0.75, 0, -0.25),
                (-0.25, -0.25, 0.25, 0.25),
            )
        ]
        for k in range(2, degree - 1):
            unit_k = np.zeros(k + 1)
            unit_k[k] = 1.0
            shapes.append(legendre.legint(legendre.legint(unit_k, lbnd=-1), lbnd=-1))
        self.shapes = shapes

    def matrix(self, points: ArrayLike, order: int) -> sps.csr_matrix:
        """Derivative of the given order of all basis functions at points."""
        p = np.atleast_1d(np.asarray(points, float))
        e = np.clip(np.searchsorted(self.breaks, p, side="right") - 1, 0, self.K - 1)
        h = np.diff(self.breaks)[e]
        t = 2.0 * (p - self.breaks[e]) / h - 1.0
        rows, cols, vals = [], [], []
        nb = self.degree - 3
        for s, series in enumerate(self.shapes):
            v = legendre.legval(t, legendre.legder(series, order) if order else series)
            v = v * (2.0 / h) ** order
            if s in (1, 3):  # slope shapes: unknown is the slope itself
                v = v * 0.5 * h
            if s < 4:  # (value, slope) of node e or e + 1, bubbles after all nodes
                col = 2 * (e + (s >= 2)) + (s % 2)
            else:
                v = v * h**2  # unknown of the size of the second derivative
                col = 2 * (self.K + 1) + e * nb + (s - 4)
            rows.append(np.arange(len(p)))
            cols.append(col)
            vals.append(v)
        return sps.csr_matrix(
            (np.concatenate(vals), (np.concatenate(rows), np.concatenate(cols))),
            shape=(len(p), self.size),
        )


def _differences(basis: _Basis, points: Array) -> tuple[Array, Array, Array]:
    """Element-wise spectral differentiation: nodes, element of each point, matrix rows."""
    q = basis.degree + 12
    t = np.cos(np.pi * (2 * np.arange(q) + 1) / (2 * q))
    h = np.diff(basis.breaks)
    nodes = basis.breaks[:-1, None] + 0.5 * h[:, None] * (t + 1)
    e = np.clip(np.searchsorted(basis.breaks, points, side="right") - 1, 0, basis.K - 1)
    s = 2.0 * (points - basis.breaks[e]) / h[e] - 1.0
    T = np.polynomial.chebyshev.chebvander
    back = np.linalg.inv(T(t, q - 1))
    der = np.polynomial.chebyshev.chebder(np.eye(q))  # column k: series of T_k'
    rows = (T(s, q - 2) @ der @ back) * (2.0 / h[e])[:, None]
    return nodes, e, rows


class _Magnetization:
    """m and its first derivatives on a tensor grid (x slow), each (3, nx * ny)."""

    def __init__(self, m: ArrayLike | Sequence[sp.Expr] | Field, bx: _Basis, by: _Basis) -> None:
        self.bx, self.by = bx, by
        self.parts: list[Callable[..., object]] | None = None
        if callable(m):
            self.f: Field = m
        else:
            items = [sp.sympify(c) for c in np.asarray(m, object)]
            if not any(c.free_symbols for c in items):
                unit([float(c) for c in items])
            exprs = [items, [c.diff(X_SYM) for c in items], [c.diff(Y_SYM) for c in items]]
            self.parts = [sp.lambdify((X_SYM, Y_SYM), e, "numpy", cse=True) for e in exprs]

    def grid(self, px: Array, py: Array) -> tuple[Array, Array, Array]:
        gx, gy = np.meshgrid(px, py, indexing="ij")
        shape = (3, gx.size)
        if self.parts is not None:
            out = [np.stack([np.broadcast_to(np.asarray(c, float), gx.shape) for c in p(gx, gy)]) for p in self.parts]
            m, mx, my = out
        else:
            m = np.asarray(self.f(gx, gy), float)
            nodes, e, rows = _differences(self.bx, px)
            vals = np.asarray(self.f(*np.meshgrid(nodes.ravel(), py, indexing="ij")))
            vals = vals.reshape(3, *nodes.shape, len(py))
            mx = np.einsum("iq,ciqj->cij", rows, vals[:, e])
            nodes, e, rows = _differences(self.by, py)
            vals = np.asarray(self.f(*np.meshgrid(px, nodes.ravel(), indexing="ij")))
            vals = vals.reshape(3, len(px), *nodes.shape)
            my = np.einsum("jq,cijq->cij", rows, vals[:, :, e])
        if np.abs((m**2).sum(0) - 1).max() > 1e-10:
            raise ValueError("m is not a unit vector everywhere")
        return m.reshape(shape), mx.reshape(shape), my.reshape(shape)


@dataclass
class RectangleSolution:
    """Coefficients of (dn, S_x, S_y, S_z) and what is computed from them."""

    film: Film
    m: _Magnetization
    bx: _Basis
    by: _Basis
    coef: Array  # (4, Nx, Ny)
    g: float

    def _tensor(self, px: ArrayLike, py: ArrayLike, ox: int = 0, oy: int = 0) -> Array:
        Px, Py = self.bx.matrix(px, ox), self.by.matrix(py, oy)
        return np.stack([(Py @ (Px @ c).T).T for c in self.coef])

    def evaluate(self, x: ArrayLike, y: ArrayLike, dx: int = 0, dy: int = 0) -> Array:
        """(dn, S_x, S_y, S_z) or a derivative at scattered points, shape (4, N)."""
        x, y = np.broadcast_arrays(np.atleast_1d(x), np.atleast_1d(y))
        Px, Py = self.bx.matrix(x.ravel(), dx), self.by.matrix(y.ravel(), dy)
        return np.stack([(Px @ c * Py.toarray()).sum(1) for c in self.coef])

    def current(self, x: float) -> float:
        """Particles per ps through the section at x, in the direction of +x."""
        f, by = self.film, self.by
        u, ux = self._tensor([x], by.quad)[:, 0], self._tensor([x], by.quad, 1)[:, 0]
        m = self.m.grid(np.array([x]), by.quad)[0]
        V_y = f.b_w * f.B * u[2] + f.r_w * f.R * m[1] * (m * u[1:]).sum(0)
        return float(by.weights @ (-f.D * (ux[0] + self.g) - V_y))

    @property
    def currents(self) -> dict[str, float]:
        """Currents along +x at the source, the middle and the drain."""
        a, b = self.bx.breaks[[0, -1]]
        return {
            "source": self.current(a),
            "middle": self.current(0.5 * (a + b)),
            "drain": self.current(b),
        }

    @cached_property
    def _area(self) -> tuple[Array, Array, Array]:
        S = self._tensor(self.bx.quad, self.by.quad)[1:].reshape(3, -1)
        m = self.m.grid(self.bx.quad, self.by.quad)[0]
        return np.outer(self.bx.weights, self.by.weights).ravel(), S, m

    @property
    def mean_S(self) -> Array:
        w, S, _ = self._area
        return S @ w / w.sum()

    def torque_averages(self, e: ArrayLike = Y_HAT) -> tuple[float | None, float | None]:
        """(T_fl, T_dl): int T.v / int |v|^2 with v = e x m and m x (e x m)."""
        w, S, m = self._area
        f = self.film
        T = -f.w * np.cross(m.T, S.T) + f.r_phi * np.cross(m.T, np.cross(S.T, m.T))
        fl = np.cross(np.asarray(e, float), m.T)
        norm = w @ (fl * fl).sum(1)
        if norm < 1e-20 * w.sum():
            return None, None
        dl = np.cross(m.T, fl)
        return float(w @ (T * fl).sum(1) / norm), float(w @ (T * dl).sum(1) / norm)


Spin = str | float  # "sink", "insulating" or a loss velocity


def _pair(kind: Spin | Sequence[Spin]) -> tuple[float, float]:
    a, b = (kind, kind) if isinstance(kind, (str, float, int)) else kind
    return edge_loss(a), edge_loss(b)


def solve_rectangle(
    film: Film,
    m: ArrayLike | Sequence[sp.Expr] | Field,
    Lx: float,
    Ly: float,
    nx: int,
    ny: int,
    dn_source: float,
    dn_drain: float,
    electric_g: float = 0.0,
    edges: Spin | Sequence[Spin] = "sink",
    terminals: Spin | Sequence[Spin] = "sink",
    x_breaks: ArrayLike | None = None,
    y_breaks: ArrayLike | None = None,
) -> RectangleSolution:
    """Solve; nx, ny are polynomial degrees per element, breaks default to one element.

    m: three numbers, three SymPy expressions in strong_form.x, strong_form.y, or
    a callable (x, y) -> (3, ...) that is differentiated spectrally.
    electric_g = (e/eF) n0 E_x, edges = (y = 0, y = Ly), terminals = (source, drain),
    each "sink", "insulating" or a loss velocity v in nm/ps (nu_i J_i = v dS).
    """
    f = film
    (bottom, top), (left, right) = _pair(edges), _pair(terminals)
    if f.r_sf == 0.0 and f.r_dp == 0.0 and not any((bottom, top, left, right)):
        raise ValueError("nothing relaxes the spin: singular")
    bx = _Basis([0.0, Lx] if x_breaks is None else x_breaks, nx)
    by = _Basis([0.0, Ly] if y_breaks is None else y_breaks, ny)
    mag = _Magnetization(m, bx, by)
    N = bx.size * by.size
    blocks: list[sps.spmatrix] = []
    rhs: list[Array] = []

    def rows(px: Array, py: Array, ops: dict[tuple[int, int], Array], b: Array) -> None:
        """Equations sum_op ops[op][r, c] d^op u_c = b[r] at the tensor points."""
        parts = {}
        for (ox, oy), M in ops.items():
            E = sps.kron(bx.matrix(px, ox), by.matrix(py, oy), format="csr")
            parts[ox, oy] = (E, M)
        nr = b.shape[0]
        for r in range(nr):
            line = []
            for c in range(4):
                total = sps.csr_matrix((len(px) * len(py), N))
                for E, M in parts.values():
                    if np.any(M[r, c]):
                        total = total + E.multiply(np.asarray(M[r, c])[:, None]).tocsr()
                line.append(total)
            row = sps.hstack(line, format="csr")
            size = np.sqrt(np.asarray(row.multiply(row).sum(1)).ravel())
            blocks.append(sps.diags(1.0 / size) @ row)
            rhs.append(b[r] / size)

    # interior: charge row, then three spin rows
    px, py = bx.gauss, by.gauss
    mm, mx, my = mag.grid(px, py)
    P = mm.shape[1]
    ops = {o: np.zeros((4, 4, P)) for o in ((0, 0), (1, 0), (0, 1), (2, 0), (0, 2))}
    b = np.zeros((4, P))
    lap = ops[2, 0], ops[0, 2]
    for M in lap:
        for c in range(4):
            M[c, c] = f.D
        M[1:, 0] += f.D * f.PF * mm  # D PF (lap dn) m
    # V = Vm S; div J_n = 0 reads D lap dn + d_x V_y - d_y V_x = 0
    Vm = f.b_w * f.B * np.eye(3)[:, :, None] + f.r_w * f.R * np.einsum("ap,bp->abp", mm, mm)

    def dV(d: Array) -> Array:
        return f.r_w * f.R * (np.einsum("ap,bp->abp", d, mm) + np.einsum("ap,bp->abp", mm, d))

    ops[1, 0][0, 1:] += Vm[1]
    ops[0, 1][0, 1:] -= Vm[0]
    ops[0, 0][0, 1:] += dV(mx)[1] - dV(my)[0]

    mcross = np.stack([cross_matrix(v) for v in mm.T], axis=-1)
    extra = f.w0 + f.w1 - f.w2
    div_z = mx[1] - my[0]  # grad_z.m
    eye = np.eye(3)[:, :, None]
    for op, a, dm in (((1, 0), A_X, mx), ((0, 1), A_Y, my)):
        ax = cross_matrix(a)
        M = 2.0 * f.C * ax[:, :, None] * np.ones(P)
        M = M + f.Gam * (
            f.w0 * np.einsum("abp,bc->acp", mcross, ax)
            + f.w1 * np.einsum("ab,bcp->acp", ax, mcross)
            + extra * (a @ mm) * eye
        )
        ops[op][1:, 1:] += M
        dmc = np.stack([cross_matrix(v) for v in dm.T], axis=-1)
        ops[0, 0][1:, 1:] += f.Gam * f.w1 * np.einsum("ab,bcp->acp", ax, dmc)
        # drives linear in G_i = d_i dn + g_i: G_z has the part G_i a_i
        am = a @ mm
        drive = (
            f.B * a[:, None]
            + f.cd * f.C * f.PF * np.cross(a, mm.T).T
            + 2.0 * f.R * am * mm
            + f.Gam * f.PF * (f.w0 * a[:, None] + (f.w1 - f.w2) * am * mm)
            + f.D * f.PF * dm
        )
        ops[op][1:, 0] += drive
        if op == (1, 0):
            b[1:] -= electric_g * drive
    ops[0, 0][1:, 1:] += f.Gam * extra * 0.5 * div_z * eye
    L = (
        (f.r_sf + f.r_phi) * eye
        + f.r_dp * (np.eye(3) + np.outer(Z_HAT, Z_HAT))[:, :, None]
        - f.r_phi * np.einsum("ap,bp->abp", mm, mm)
        - f.w * mcross
    )
    ops[0, 0][1:, 1:] -= L
    rows(px, py, ops, b)

    def side(px: Array, py: Array, axis: int, nu: float, loss: float, charge: float | None) -> None:
        """One side: charge row (dn given, or no flux), then the spin rows."""
        mm = mag.grid(px, py)[0]
        P = mm.shape[1]
        ops = {o: np.zeros((4, 4, P)) for o in ((0, 0), (1, 0), (0, 1))}
        b = np.zeros((4, P))
        if charge is not None:
            ops[0, 0][0, 0] = 1.0
            b[0] = charge
        else:  # J_y = -D d_y dn + V_x = 0 (E has no y component)
            ops[0, 1][0, 0] = -f.D
            ops[0, 0][0, 1:] = f.r_w * f.R * mm[0] * mm
            ops[0, 0][0, 1] += f.b_w * f.B
        if loss == np.inf:
            for c in (1, 2, 3):
                ops[0, 0][c, c] = 1.0
        else:  # -D d_i S - C a_i x S - D PF G_i m + J_i^SH - nu v S = 0
            normal, a = ((1, 0), A_X) if axis == 0 else ((0, 1), A_Y)
            other = (0, 1) if axis == 0 else (1, 0)
            for c in (1, 2, 3):
                ops[normal][c, c] = -f.D
            local = f.C * cross_matrix(a) + nu * loss * np.eye(3)
            ops[0, 0][1:, 1:] = -local[:, :, None] * np.ones(P)
            ops[normal][1:, 0] = -f.D * f.PF * mm
            sign = 1.0 if axis == 0 else -1.0  # J_x^SH = b G_y z^, J_y^SH = -b G_x z^
            ops[other][3, 0] += sign * f.b
            if axis == 0:
                b[1:] += f.D * f.PF * electric_g * mm
            else:
                b[3] += f.b * electric_g
        rows(px, py, ops, b)

    for x0, nu, loss, dn in ((0.0, -1.0, left, dn_source), (Lx, 1.0, right, dn_drain)):
        side(np.array([x0]), by.gauss, 0, nu, loss, dn)
        for y0, edge in ((0.0, bottom), (Ly, top)):  # corners: a sink wins
            corner = np.inf if np.inf in (loss, edge) else loss
            side(np.array([x0]), np.array([y0]), 0, nu, corner, dn)
    for y0, nu, loss in ((0.0, -1.0, bottom), (Ly, 1.0, top)):
        side(bx.gauss, np.array([y0]), 1, nu, loss, None)

    K = sps.vstack(blocks, format="csc")
    r = np.concatenate(rhs)
    colscale = 1.0 / np.sqrt(np.asarray(K.multiply(K).sum(0)).ravel())
    Ks = (K @ sps.diags(colscale)).tocsc()
    dense = Ks.shape[0] <= 5000
    solve = partial(lu_solve, lu_factor(Ks.toarray())) if dense else splu(Ks).solve
    z = solve(r)
    for _ in range(2):  # iterative refinement
        z = z + solve(r - Ks @ z)
    coef = (colscale * z).reshape(4, bx.size, by.size)
    return RectangleSolution(f, mag, bx, by, coef, electric_g)
