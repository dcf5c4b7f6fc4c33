"""Exact spin density on an infinite spiral without Rashba coupling.

m = cos(q x) e1 + sin(q x) e2 turns about e3 = e1 x e2. In the frame (m, t, e3), t = e3 x m = (dm/dx)/q, the driven dS
is constant, and d/dx of a constant vector of the frame is q e3 x. So D lap is the matrix D q^2 [e3 x]^2, and

    D q^2 [e3 x]^2 dS - L dS + D PF g q t = 0,
    L = r_sf + r_phi (1 - m m^T) - w [m x],

is a 3 x 3 system for a uniform driving gradient g along x.
"""

from __future__ import annotations

import numpy as np

from .algebra import X_HAT, Y_HAT, Z_HAT, Array, cross_matrix
from .film import Film


def spin_density(film: Film, q: float) -> Array:
    """dS/g in the frame (m, t, e3)."""
    m, t, e3 = X_HAT, Y_HAT, Z_HAT
    relaxation = film.r_sf * np.eye(3) + film.r_phi * (np.eye(3) - np.outer(m, m)) - film.w * cross_matrix(m)
    turning = q * cross_matrix(e3)
    return np.linalg.solve(relaxation - film.D * turning @ turning, film.D * film.PF * q * t)


def torque(film: Film, q: float) -> Array:
    """T/g in the frame (m, t, e3), hbar units: what precession about m and dephasing take from dS."""
    m, S = X_HAT, spin_density(film, q)
    return -film.w * np.cross(m, S) + film.r_phi * (S - m * (m @ S))
