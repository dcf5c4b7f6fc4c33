"""Exact mid-section of an infinitely long straight wire 0 <= y <= width.

Uniform m, uniform G_x = g.  No charge crosses the edges and nothing depends on
x, so J_y = -D G_y + V_x = 0 everywhere: G_y = dn' = c.S / D with
c = b_w B x^ + r_w R m_x m.  With G_z = g y^ - G_y x^ and div(G m) = G_y' m the
spin equation becomes, exactly,

    D S'' + A1 S' - A0 S + g X y^ = 0,
    A1 = 2 C [a_y x] + Gam [bracket] + PF m c^T,   A0 = L + X x^ c^T / D,

X being the 3x3 drive matrix.  An insulating edge has J_y = 0 componentwise,
-D S' - C a_y x S - PF m (c.S) - b g z^ = 0; a relaxing one nu_y J_y = v S.

The first-order system in (S, l S') is split by two ordered real Schur forms
into its decaying and growing invariant subspaces, each propagated away from
the edge where it is largest: nothing overflows however wide the wire is, and
no eigenvector basis (which may be defective) is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import expm, schur

from .algebra import (
    A_Y,
    X_HAT,
    Y_HAT,
    Z_HAT,
    Array,
    cross_matrix,
    decompose,
    drive_matrix,
    edge_loss,
    gamma_matrix,
    relaxation_matrix,
    torque_matrix,
    unit,
)
from .film import Film


def ode_matrices(film: Film, m: Array) -> tuple[Array, Array, Array, Array]:
    """(A1, A0, X y^, c) of the module docstring."""
    c = film.b_w * film.B * X_HAT + film.r_w * film.R * m[0] * m
    X = drive_matrix(film, m)
    A1 = 2.0 * film.C * cross_matrix(A_Y) + film.Gam * gamma_matrix(film, m, A_Y)
    A1 = A1 + film.PF * np.outer(m, c)
    A0 = relaxation_matrix(film, m) + np.outer(X @ X_HAT, c) / film.D
    return A1, A0, X @ Y_HAT, c


@dataclass(frozen=True)
class WireProfile:
    """Solution S(y) = Sp + Us exp(As y) cs + Uu exp(-Au (width - y)) cu."""

    film: Film
    m: Array
    width: float
    g: float
    Sp: Array
    Us: Array
    As: Array
    cs: Array
    Uu: Array
    Au: Array
    cu: Array

    def _modes(self, y: ArrayLike) -> tuple[Array, Array]:
        y = np.atleast_1d(np.asarray(y, float))[:, None, None]
        return (expm(self.As * y) @ self.cs).T, (expm(self.Au * (y - self.width)) @ self.cu).T

    def S(self, y: ArrayLike) -> Array:
        """Spin density, shape (3, N)."""
        down, up = self._modes(y)
        return self.Sp[:, None] + self.Us @ down + self.Uu @ up

    def dS(self, y: ArrayLike) -> Array:
        """dS/dy, shape (3, N)."""
        down, up = self._modes(y)
        return self.Us @ (self.As @ down) + self.Uu @ (self.Au @ up)

    def d2S(self, y: ArrayLike) -> Array:
        """d2S/dy2, shape (3, N)."""
        down, up = self._modes(y)
        return self.Us @ (self.As @ self.As @ down) + self.Uu @ (self.Au @ self.Au @ up)

    def integral_S(self, y: ArrayLike) -> Array:
        """Exact integral of S from 0 to y, shape (3, N)."""
        down, up = self._modes(y)
        down0, up0 = self._modes(0.0)
        t = np.atleast_1d(np.asarray(y, float))
        return (
            np.outer(self.Sp, t)
            + self.Us @ np.linalg.solve(self.As, down - down0)
            + self.Uu @ np.linalg.solve(self.Au, up - up0)
        )

    @property
    def _c(self) -> Array:
        return ode_matrices(self.film, self.m)[3]

    def Gy(self, y: ArrayLike) -> Array:
        """Transverse density gradient dn'."""
        return self._c @ self.S(y) / self.film.D

    def dn(self, y: ArrayLike) -> Array:
        """Density response with dn(0) = 0 (only differences across the wire are defined)."""
        return self._c @ self.integral_S(y) / self.film.D

    def flux(self, y: ArrayLike) -> Array:
        """Spin current J_y, shape (3, N)."""
        f = self.film
        S = self.S(y)
        return (
            -f.D * self.dS(y)
            - f.C * cross_matrix(A_Y) @ S
            - f.PF * np.outer(self.m, self._c @ S)
            - f.b * self.g * Z_HAT[:, None]
        )

    def torque(self, y: ArrayLike) -> Array:
        """Torque density (hbar nm^-2 ps^-1), shape (3, N)."""
        return torque_matrix(self.film, self.m) @ self.S(y)

    @property
    def mean_S(self) -> Array:
        return self.integral_S(self.width)[:, 0] / self.width

    @property
    def mean_torque(self) -> Array:
        return torque_matrix(self.film, self.m) @ self.mean_S

    @property
    def fieldlike(self) -> float | None:
        """Average T_fl with e = y^ (None for m parallel to y^)."""
        return decompose(self.mean_torque, self.m)[0]

    @property
    def dampinglike(self) -> float | None:
        """Average T_dl with e = y^ (None for m parallel to y^)."""
        return decompose(self.mean_torque, self.m)[1]

    @property
    def current(self) -> float:
        """Particle current through the cross-section, integral of J_x = -D g - V_y (1/ps)."""
        f = self.film
        V = f.b_w * f.B * self.mean_S + f.r_w * f.R * self.m * (self.m @ self.mean_S)
        return float(-self.width * (f.D * self.g + V[1]))


def wire_profile(
    film: Film,
    m: ArrayLike,
    width: float,
    g: float = 1.0,
    edges: tuple[str | float, str | float] = ("sink", "sink"),
) -> WireProfile:
    """Solve the wire.

    edges = (at y = 0, at y = width), each "sink", "insulating" or a number, the
    loss velocity (nm/ps) of a relaxing edge.
    """
    m = unit(m)
    loss = [edge_loss(e) for e in edges]
    A1, A0, X0, c = ode_matrices(film, m)
    if film.C == 0.0:  # alpha = 0: no drive, but S = 0 is unique only if something relaxes spin
        if film.r_sf == 0.0 and not any(loss):
            raise ValueError("alpha = 0, tau_sf = inf and no lossy edge: singular")
        z, one = np.zeros(3), np.eye(3) / width
        return WireProfile(film, m, width, g, z, np.eye(3), -one, z, np.eye(3), one, z)

    ell = np.sqrt(film.D / np.abs(np.linalg.eigvals(A0)).max())  # scales S' like S
    M = np.zeros((6, 6))
    M[:3, 3:] = np.eye(3) / ell
    M[3:, :3] = ell * A0 / film.D
    M[3:, 3:] = -A1 / film.D
    rates = np.linalg.eigvals(M).real
    if np.abs(rates).min() * max(width, ell) < 1e-5 or (rates < 0).sum() != 3:
        raise ValueError("a mode neither decays nor grows: this wire has no stable splitting")
    Ts, Zs, _ = schur(M, output="real", sort="lhp")
    Tu, Zu, _ = schur(M, output="real", sort="rhp")
    As, Qs, Au, Qu = Ts[:3, :3], Zs[:, :3], Tu[:3, :3], Zu[:, :3]
    Us, Uu = Qs[:3], Qu[:3]
    Sp = g * np.linalg.solve(A0, X0)

    far_s, far_u = expm(As * width), expm(-Au * width)
    rotation = film.C * cross_matrix(A_Y) + film.PF * np.outer(m, c)
    rows, rhs = [], []
    for v, nu, Ps, Pu in ((loss[0], -1, np.eye(3), far_u), (loss[1], 1, far_s, np.eye(3))):
        Vs, Vu = Us @ Ps, Uu @ Pu
        if v == np.inf:
            rows.append(np.hstack([Vs, Vu]))
            rhs.append(-Sp)
        else:  # D S' + (rotation + nu v) S + b g z^ = 0, over D/ell + v: weighs like a sink row
            s = 1.0 / (film.D / ell + v)
            Q = rotation + nu * v * np.eye(3)
            Ws, Wu = Us @ As @ Ps, Uu @ Au @ Pu
            rows.append(s * np.hstack([film.D * Ws + Q @ Vs, film.D * Wu + Q @ Vu]))
            rhs.append(-s * (Q @ Sp + film.b * g * Z_HAT))
    coef = np.linalg.solve(np.vstack(rows), np.concatenate(rhs))
    return WireProfile(film, m, width, g, Sp, Us, As, coef[:3], Uu, Au, coef[3:])
