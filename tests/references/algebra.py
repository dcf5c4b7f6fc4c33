"""Local (pointwise) 3x3 algebra of the model, shared by the constant-m references."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .film import Film

Array = NDArray[np.float64]

X_HAT, Y_HAT, Z_HAT = np.eye(3)
A_X, A_Y = Y_HAT, -X_HAT  # a_i = z^ x e_i


def cross_matrix(v: ArrayLike) -> Array:
    """Matrix of u -> v x u."""
    x, y, z = np.asarray(v, float)
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


def unit(m: ArrayLike) -> Array:
    """m as an array; refuses anything that is not a direction."""
    v = np.asarray(m, float)
    if v.shape != (3,) or abs(np.linalg.norm(v) - 1.0) > 1e-12:
        raise ValueError("m must be a unit vector of three components")
    return v


def relaxation_matrix(film: Film, m: Array) -> Array:
    """L of the spin equation: spin flip, D'yakonov-Perel, dephasing, exchange."""
    return (
        film.r_sf * np.eye(3)
        + film.r_dp * (np.eye(3) + np.outer(Z_HAT, Z_HAT))
        + film.r_phi * (np.eye(3) - np.outer(m, m))
        - film.w * cross_matrix(m)
    )


def gamma_matrix(film: Film, m: Array, b: Array) -> Array:
    """Bracket matrix for uniform m: w0 b (m.S) + w1 m (b.S) - w2 (m.b) S, b = a_i."""
    return film.w0 * np.outer(b, m) + film.w1 * np.outer(m, b) - film.w2 * (m @ b) * np.eye(3)


def drive_matrix(film: Film, m: Array) -> Array:
    """Matrix of the local drive, X = (this) G_z, without the D PF div(G m) part."""
    mm = np.outer(m, m)
    return (
        film.B * np.eye(3)
        - film.cd * film.C * film.PF * cross_matrix(m)  # G_z x m = -m x G_z
        + 2.0 * film.R * mm
        + film.Gam * film.PF * (film.w0 * np.eye(3) + (film.w1 - film.w2) * mm)
    )


def torque_matrix(film: Film, m: Array) -> Array:
    """T = -w m x S + r_phi m x (S x m) as a matrix on S."""
    return -film.w * cross_matrix(m) + film.r_phi * (np.eye(3) - np.outer(m, m))


def decompose(T: ArrayLike, m: Array, e: ArrayLike = Y_HAT) -> tuple[float | None, float | None]:
    """(T_fl, T_dl) along e x m and m x (e x m); None where m is parallel to e."""
    fl = np.cross(e, m)
    norm = fl @ fl
    if norm < 1e-24:
        return None, None
    return float(np.dot(T, fl) / norm), float(np.dot(T, np.cross(m, fl)) / norm)


def edge_loss(kind: str | float) -> float:
    """Surface spin-loss velocity (nm/ps) of an edge condition: sink inf, insulating 0."""
    named = {"sink": np.inf, "insulating": 0.0}
    value = named.get(kind) if isinstance(kind, str) else float(kind)
    if value is None or not value >= 0.0:
        raise ValueError(f"unknown edge condition {kind!r}")
    return value
