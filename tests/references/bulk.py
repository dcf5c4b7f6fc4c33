"""Infinite medium: L dS = X for uniform m and a given uniform in-plane driving gradient."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .algebra import Array, drive_matrix, relaxation_matrix, torque_matrix, unit
from .film import Film


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
