"""Limits of the torque in an infinite medium: no exchange (19), weak spin-orbit coupling (36)-(38), (50), strong
spin-orbit coupling, and the spin-Hall torque (48), (49) that the paper compares with.

Units and shapes are those of `bulk`; torques are in hbar/(ps nm^2), amplitudes of a torque per unit of the driving
gradient G in nm/ps. Where the paper sets hbar = 1 it is restored. Particle currents are j/e: of the film per width,
1/(ps nm), of a heavy metal per area, 1/(ps nm^2).
"""

from __future__ import annotations

import math

import numpy as np

from fem_rashba.physics.bulk import torque_density, z_cross
from fem_rashba.physics.closed_forms import ratios
from fem_rashba.physics.film import Film
from fem_rashba.units import HBAR, HBAR2_OVER_ME


def edelstein_spin(film: Film, G: np.ndarray) -> np.ndarray:
    """S = tau_dp B z^ x G = (alpha tau/hbar) z^ x G, 1/nm^2; (19): for E along x, e E zeta/(pi hbar vF) y^.

    Exact without exchange and without spin flip.
    """
    return film.zeta / float(film.fermi_wavevector) * z_cross(G)


def weak_coupling_amplitudes(film: Film) -> tuple[float, float]:
    """(T_fl, T_dl) of (35) per unit of G, nm/ps; (36), (37).

    PF [2 (1 - xi beta~) C + beta~ Gamma] and PF [(1 - xi beta~) Gamma - 2 beta~ C] for the printed weights, with
    beta = tau_Delta/tau_sf: 1/tau_dp, B and R are neglected, an error of order alpha^2 (tau_sf/tau_dp << 1).
    """
    c = film.coefficients
    q = ratios(c, c.r_sf)
    precession, mixed = c.drive * c.C * c.PF, c.gamma_0 * c.Gamma * c.PF
    return (1 - q.xi_beta) * precession + q.beta * mixed, (1 - q.xi_beta) * mixed - q.beta * precession


def fieldlike_per_current(film: Film) -> float:
    """T_fl over the particle current of the film, 1/nm; (38): 4 alpha m Delta/(hbar^2 eF), printed with 2.

    Of weak spin-orbit coupling, for tau_sf, tau_phi >> tau_Delta and with dirty denominators. In general it is
    cd PF k0; the printed 2 is that of one drift flux, cd = 1.
    """
    return film.coefficients.drive * film.coefficients.PF * film.rashba_wavevector


def dampinglike_per_current(film: Film) -> float:
    """T_dl over the particle current of the film, 1/nm; (50): -4 alpha m/(hbar eF tau_sf), printed with plus.

    Of weak spin-orbit coupling, as (38), and only where `dampinglike_neglect` << 1 too. In general it is
    -cd PF k0 tau_Delta/tau_sf.

    Raises:
        ValueError: Without exchange.
    """
    return -fieldlike_per_current(film) * film.coefficients.r_sf / exchange_rate(film)


def dampinglike_neglect(film: Film) -> float:
    """What (50) neglects against 1: Delta^2 tau tau_sf/(4 hbar^2), the first over the second term of (37).

    Raises:
        ValueError: Without exchange.
    """
    c = film.coefficients
    if c.r_sf == 0:
        return math.inf
    return c.gamma_0 * film.delta * exchange_rate(film) / (2 * c.drive * c.r_sf)


def strong_coupling_torque(film: Film, m: np.ndarray, G: np.ndarray) -> np.ndarray:
    """T = -w m x S + r_phi m x (S x m) of the Edelstein spin S (19): (40) to leading order in 1/alpha.

    T_fl = w alpha tau/hbar and T_dl = r_phi alpha tau/hbar per unit of G, with an error of relative order alpha^-2
    (tau_dp << tau_sf, tau_phi, tau_Delta).
    """
    return torque_density(film.coefficients, edelstein_spin(film, G), m)


def spin_hall_current(spin_hall_angle: float, current: float) -> float:
    """j^SH = (sigma_SH/sigma_xx) j, in the unit of j; (48)."""
    return spin_hall_angle * current


def spin_hall_angle(
    *, spin_orbit: float, transport_time: float, effective_mass: float = 1.0, skewness: float = 1.0
) -> float:
    """eta_so m gamma/(hbar tau_tr), the angle that makes (48) the torque (49).

    Args:
        spin_orbit: eta_so of the impurities of the heavy metal, nm^2.
        transport_time: tau_tr, ps.
        effective_mass: In free electron masses.
        skewness: gamma, 1 for side jump alone, larger with skew scattering.
    """
    return spin_orbit * skewness * effective_mass * HBAR / (HBAR2_OVER_ME * transport_time)


def spin_hall_torque(angle: float, current: float) -> float:
    """T^SH = eta_so m gamma/(2 e hbar tau_tr) j, hbar/(ps nm^2); (49): half of the spin-Hall current (48).

    The torque that a heavy metal with the particle current density j/e in 1/(ps nm^2) exerts on the film above it if
    all of its spin current transverse to m is absorbed.
    """
    return 0.5 * spin_hall_current(angle, current)


def exchange_rate(film: Film) -> float:
    """1/tau_Delta = w, 1/ps.

    Raises:
        ValueError: Without exchange.
    """
    if film.coefficients.w == 0:
        raise ValueError(f"exchange_splitting = {film.splitting!r} eV must be positive: this limit is one of exchange")
    return film.coefficients.w
