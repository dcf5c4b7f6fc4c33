"""Infinite medium: L dS = X for uniform m and a given uniform in-plane driving gradient; films and textures to try."""

from __future__ import annotations

from math import inf, pi
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from .algebra import Array, drive_matrix, relaxation_matrix, torque_matrix, unit
from .film import HBAR, HBAR2_OVER_ME, Film

MASS = HBAR**2 / HBAR2_OVER_ME
"""Of the free electron, eV ps^2/nm^2."""


def bulk_spin(film: Film, m: ArrayLike, g: ArrayLike) -> Array:
    """dS (nm^-2) for G = (g_x, g_y) in nm^-3; refuses a film in which nothing relaxes the spin."""
    m = unit(m)
    gx, gy = np.asarray(g, float)
    L = relaxation_matrix(film, m)
    if film.r_sf + film.r_dp <= 0.0:
        raise ValueError("no spin relaxation along m: the bulk problem is singular")
    return np.linalg.solve(L, drive_matrix(film, m) @ np.array([-gy, gx, 0.0]))


def bulk_torque(film: Film, m: ArrayLike, g: ArrayLike) -> Array:
    """Torque density in hbar / (nm^2 ps)."""
    return torque_matrix(film, unit(m)) @ bulk_spin(film, m, g)


def random_parameters(count: int, seed: int, **fixed: Any) -> list[dict[str, Any]]:
    """Films over the whole range of the model, with and without exchange and spin flip, all named couplings."""
    rng = np.random.default_rng(seed)
    return [
        {
            "rashba_parameter": rng.choice([-1, 1]) * 10 ** rng.uniform(-4, -1),
            "exchange_time": inf if k % 7 == 0 else 10 ** rng.uniform(-2.5, 0),
            "momentum_relaxation_time": 10 ** rng.uniform(-3.3, -2.7),
            "spin_flip_time": inf if k % 5 == 0 else 10 ** rng.uniform(-1, 1.5),
            "couplings": ("paper", "consistent")[k % 2],
            "denominators": ("dirty", "full")[k // 2 % 2],
        }
        | fixed
        for k in range(count)
    ]


def directions(count: int, seed: int) -> np.ndarray:
    """Unit vectors, shape (count, 3)."""
    m = np.random.default_rng(seed).normal(size=(count, 3))
    return m / np.linalg.norm(m, axis=1)[:, None]


def particle_current(electric_field: float, tau: float = 1e-3, kF: float = 4.3) -> float:
    """j_e/e = n tau e E/m, 1/(ps nm)."""
    return kF**2 / (2 * pi) * tau * electric_field / MASS


def moving_texture() -> tuple[np.ndarray, ...]:
    """m, dm/dt, m x dm/dt and, of m x dm/dt and dm/dt, Laplacian and grad_z x, at one point of a moving texture."""
    x, y, t = sp.symbols("x y t")
    polar, azimuth = sp.Rational(9, 10) + x / 5 - y / 7 + t / 3 + x * y / 11, y / 4 + x**2 / 9 + t / 2
    m = sp.Matrix([sp.sin(polar) * sp.cos(azimuth), sp.sin(polar) * sp.sin(azimuth), sp.cos(polar)])
    rate = m.diff(t)
    crossed = m.cross(rate)

    def laplacian(v: sp.Matrix) -> sp.Matrix:
        return v.diff(x, 2) + v.diff(y, 2)

    def curl(v: sp.Matrix) -> sp.Matrix:
        return sp.Matrix([0, 1, 0]).cross(v.diff(x)) + sp.Matrix([-1, 0, 0]).cross(v.diff(y))

    found = [m, rate, crossed, laplacian(crossed), curl(crossed), laplacian(rate), curl(rate)]
    return tuple(np.array(v.subs({x: 0.3, y: -0.2, t: 0.1}).evalf(), float).ravel() for v in found)
