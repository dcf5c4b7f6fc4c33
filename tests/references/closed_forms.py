"""(29), (30), (32), (40), (41), (43), (46), (50) in the paper's own symbols, each erratum a switch.

All switches off is the corrected form. Only for films with exchange and spin flip, as the paper's symbols demand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .algebra import Y_HAT, Z_HAT, Array
from .film import Film


@dataclass(frozen=True)
class Printed:
    """Which errata are left as printed."""

    beta_without_dp: bool = False
    azimuth: bool = False
    torque_sign: bool = False
    exchanged: bool = False
    perp_x: bool = False
    perp_yz: bool = False


CORRECTED = Printed()


class Symbols:
    """beta, xi, beta~, chi_theta, gamma_theta, ... for one direction of m."""

    def __init__(self, f: Film, m: Array, printed: Printed = CORRECTED) -> None:
        tau_D, tau_sf, tau_dp, tau_phi = 1 / f.w, 1 / f.r_sf, 1 / f.r_dp, 1 / f.r_phi
        self.tau_D, self.tau_dp = tau_D, tau_dp
        self.beta = tau_D / tau_sf + (0.0 if printed.beta_without_dp else tau_D / tau_dp)
        self.xi = self.beta + tau_D / tau_phi
        self.bt = self.beta / (1 + self.xi**2)
        self.chi = tau_sf / (tau_sf + tau_dp)
        theta = np.arctan2(m[1], m[0]) if printed.azimuth else np.arccos(np.clip(m[2], -1, 1))
        self.sin2 = np.sin(theta) ** 2
        self.chi_t = self.chi / (1 + self.chi * np.cos(theta) ** 2)
        self.gam = 1 / (1 + self.xi * self.bt * self.chi_t * self.sin2)
        self.wv = np.cross(Z_HAT, m)
        self.uv = np.cross(m, self.wv)


def spin(f: Film, m: Array, X: Array, printed: Printed = CORRECTED) -> tuple[float, Array]:
    """(S_par, dS) of (29), (30)."""
    s, mz = Symbols(f, m, printed), m[2]
    bracket = m * (1 + s.xi * s.chi * s.bt * s.sin2) - s.chi * s.bt * mz * (s.xi * s.uv + s.wv)
    transverse = (
        np.cross(m, X)
        + s.xi * np.cross(m, np.cross(X, m))
        - s.xi * s.chi_t * mz * (X @ m) * s.uv
        + s.chi_t * (mz * (X @ m) + s.beta * (X @ s.wv)) * s.wv
    )
    return s.tau_dp * s.gam * s.chi_t * (X @ bracket), s.tau_D * s.gam / (1 + s.xi**2) * transverse


def torque(f: Film, m: Array, X: Array, printed: Printed = CORRECTED) -> Array:
    """(32)."""
    s, mz = Symbols(f, m, printed), m[2]
    sign = 1 if printed.torque_sign else -1
    return s.gam * (
        (1 - s.xi * s.bt) * np.cross(m, np.cross(X, m))
        + sign * s.bt * np.cross(m, X)
        + s.bt * s.chi_t * ((s.xi - s.beta) * (X @ s.wv) - mz * (X @ m)) * s.wv
        - s.chi_t * ((1 - s.xi * s.bt) * mz * (X @ m) + s.bt * (X @ s.wv)) * s.uv
    )


def angular_torque(f: Film, m: Array, printed: Printed = CORRECTED) -> Array:
    """(40), (41) over (e/eF) n0 E, the printed couplings, E along x."""
    s = Symbols(f, m, printed)
    CP, GP, k = f.C * f.PF, f.Gam * f.PF, 1 - s.xi * s.bt
    perp_0 = 2 * k * CP + s.bt * (f.B + GP)
    par_0 = -2 * s.bt * CP + k * (f.B + GP)
    if printed.exchanged:
        perp_0, par_0 = par_0, perp_0
    perp_x = s.bt * (s.xi - s.beta) * (f.B + GP) * (-1 if printed.perp_x else 1)
    perp_yz = -s.bt * (2 * (s.xi - s.beta) * CP + f.B + 2 * f.R)
    if printed.perp_yz:
        perp_yz = -(2 * (s.xi - s.beta) * CP + k * (f.B + 2 * f.R))
    par_x = -s.bt * (f.B + GP)
    par_yz = 2 * s.bt * CP - k * (f.B + 2 * f.R)
    yv = np.cross(Y_HAT, m)
    return s.gam * (
        perp_0 * yv
        + par_0 * np.cross(m, yv)
        + s.chi_t * (perp_x * m[0] + perp_yz * m[1] * m[2]) * s.wv
        + s.chi_t * (par_x * m[0] + par_yz * m[1] * m[2]) * s.uv
    )
