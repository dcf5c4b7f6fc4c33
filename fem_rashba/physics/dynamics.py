"""Moving and inhomogeneous magnetization in an infinite medium: (23), (25), (43), (44), (46), (47), errata corrected.

The anisotropy of the spin relaxation is neglected, as the paper does in Secs. III B and VI: beta = tau_Delta/tau_sf.
(23), (25) and (43) are exact without spin-orbit coupling, where D lap dS and d(dS)/dt are negligible. Shapes and units
are those of `bulk`: m and its derivatives (3,) or (N, 3), lengths in nm, times in ps; torques in hbar/(ps nm^2).
s0 = PF n0 is the equilibrium spin density.
"""

from __future__ import annotations

import numpy as np

from fem_rashba.physics.closed_forms import ratios
from fem_rashba.physics.film import Film
from fem_rashba.physics.limits import exchange_rate
from fem_rashba.units import HBAR


def equilibrium_spin(film: Film) -> float:
    """s0 = PF n0, 1/nm^2."""
    return film.coefficients.PF * film.density


def texture_source(film: Film, advected: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Y = D PF (G.grad) m - s0 dm/dt, 1/(ps nm^2); right-hand side of (22), where D PF G is (PF/e) j_e.

    Args:
        film: The film.
        advected: (G.grad) m with the driving gradient G, shape (..., 3), 1/nm^4.
        rate: dm/dt, shape (..., 3), 1/ps.
    """
    c = film.coefficients
    return c.D * c.PF * np.asarray(advected) - equilibrium_spin(film) * np.asarray(rate)


def texture_spin(film: Film, m: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """dS = tau_Delta/(1 + xi^2) (m x Y + xi Y) for Y normal to m, 1/nm^2; (23)."""
    q = ratios(film.coefficients, film.coefficients.r_sf)
    return q.turning * np.cross(m, Y) + q.settling * Y


def texture_torque(film: Film, m: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """T = (1 - xi beta~) Y - beta~ m x Y for Y normal to m; (25): adiabatic and nonadiabatic spin transfer."""
    q = ratios(film.coefficients, film.coefficients.r_sf)
    return (1 - q.xi_beta) * Y - q.beta * np.cross(m, Y)


def pumped_spin(film: Film, m: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """dS = -s0 tau_Delta/(1 + xi^2) (m x dm/dt + xi dm/dt), 1/nm^2; (43), printed without the minus."""
    return texture_spin(film, m, -equilibrium_spin(film) * np.asarray(rate))


def pumped_charge_current(film: Film, m: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """(alpha/hbar) z^ x dS of the pumped spin (43), shape (..., 2), particles/(ps nm); (44), a proportionality.

    The paper estimates the magnitude; direction and dependence on dm/dt are those of the charge equation (16), whose
    current for this dS is B z^ x dS times the charge weight of B: 2 zeta^2 times this for weight 1.
    """
    dS = pumped_spin(film, m, rate)
    return float(film.rashba_parameter) / HBAR * np.stack([-dS[..., 1], dS[..., 0]], axis=-1)


def diffusive_damping_torque(film: Film, m: np.ndarray, laplacian: np.ndarray) -> np.ndarray:
    """T_D = s0 tau_Delta D m x [m x lap(m x dm/dt)]; (46), printed with minus.

    Like (47) of lowest order in the gradients, with an error of first order in tau_Delta/tau_phi and tau_Delta/tau_sf.

    Args:
        film: The film.
        m: Shape (..., 3).
        laplacian: lap(m x dm/dt), shape (..., 3), 1/(ps nm^2).

    Raises:
        ValueError: Without exchange.
    """
    scale = equilibrium_spin(film) / exchange_rate(film) * film.coefficients.D
    return scale * np.cross(m, np.cross(m, laplacian))


def chiral_damping_torque(film: Film, m: np.ndarray, curl: np.ndarray) -> np.ndarray:
    """T_R = 2 s0 tau_Delta C m x {m x [grad_z x (m x dm/dt)]}; (47).

    The error has one more part, of first order in D tau_sf/width^2 of the texture: the spin along m that the precession
    makes too, which diffuses until it flips.

    Args:
        film: The film.
        m: Shape (..., 3).
        curl: grad_z x (m x dm/dt) with grad_z = z^ x grad, shape (..., 3), 1/(ps nm).

    Raises:
        ValueError: Without exchange.
    """
    scale = 2 * equilibrium_spin(film) / exchange_rate(film) * film.coefficients.C
    return scale * np.cross(m, np.cross(m, curl))
