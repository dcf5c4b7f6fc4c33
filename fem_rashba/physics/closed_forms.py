"""Closed forms of spin density and torque in an infinite medium: (29)-(32), (40), (41), with their errata corrected.

They equal the exact solution of `bulk` for every film and every drive X. The paper's symbols, with theta the polar
angle of m and r = 1/tau_sf + 1/tau_dp,

    beta = tau_Delta r,  xi = beta + tau_Delta/tau_phi,  beta~ = beta/(1 + xi^2),  chi = tau_sf/(tau_sf + tau_dp),
    chi_theta = chi/(1 + chi cos^2 theta),  gamma_theta = 1/(1 + xi beta~ chi_theta sin^2 theta),

enter here only in combinations that stay finite without exchange (tau_Delta = inf), without spin flip and without
spin-orbit coupling. As printed, beta and xi lack 1/tau_dp. Shapes and units are those of `bulk`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fem_rashba.physics.bulk import relaxation_rate, z_cross
from fem_rashba.physics.couplings import Coefficients


@dataclass(frozen=True, kw_only=True)
class Ratios:
    """Combinations of the rates w = 1/tau_Delta, r_phi and a relaxation rate r = beta/tau_Delta.

    Attributes:
        turning: tau_Delta/(1 + xi^2), ps.
        settling: xi tau_Delta/(1 + xi^2), ps.
        relaxing: beta tau_Delta/(1 + xi^2), ps.
        beta: beta~ = beta/(1 + xi^2).
        xi_beta: xi beta~.
        dephasing_beta: (xi - beta) beta~.
    """

    turning: float
    settling: float
    relaxing: float
    beta: float
    xi_beta: float
    dephasing_beta: float


@dataclass(frozen=True, kw_only=True)
class Amplitudes:
    """The six amplitudes of (40), per unit of the driving gradient G, nm/ps.

    The paper's T_perp^0, T_par^0, T_perp^x, T_perp^yz, T_par^x, T_par^yz over (e/eF) n0 E.
    """

    fieldlike: float
    dampinglike: float
    fieldlike_x: float
    fieldlike_yz: float
    dampinglike_x: float
    dampinglike_yz: float


def ratios(c: Coefficients, relaxation: float) -> Ratios:
    """The ratios for a relaxation rate r in 1/ps: r_sf + r_dp here, r_sf where the anisotropy is neglected.

    Raises:
        ValueError: If there is neither exchange nor relaxation.
    """
    transverse = relaxation + c.r_phi
    total = c.w**2 + transverse**2
    if total == 0:
        raise ValueError("with no exchange and no spin relaxation nothing turns or relaxes the spin: give one of them")
    return Ratios(
        turning=c.w / total,
        settling=transverse / total,
        relaxing=relaxation / total,
        beta=relaxation * c.w / total,
        xi_beta=relaxation * transverse / total,
        dephasing_beta=relaxation * c.r_phi / total,
    )


def anisotropy(c: Coefficients, m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(chi_theta, gamma_theta), each of shape (..., 1); (31).

    Raises:
        ValueError: If nothing relaxes the spin along m; so do all that follow.
    """
    r = relaxation_rate(c)
    chi = c.r_dp / r
    cos2 = m[..., 2:] ** 2
    chi_theta = chi / (1 + chi * cos2)
    return chi_theta, 1 / (1 + ratios(c, r).xi_beta * chi_theta * (1 - cos2))


def longitudinal_spin(c: Coefficients, m: np.ndarray, X: np.ndarray) -> np.ndarray:
    """S_par = S.m, shape (...), 1/nm^2; (29).

    tau_dp gamma_theta chi_theta X.[m (1 + xi chi beta~ sin^2 theta) - chi beta~ m_z (xi m x (z^ x m) + z^ x m)].
    """
    r = relaxation_rate(c)
    q = ratios(c, r)
    chi, cos2 = c.r_dp / r, m[..., 2:] ** 2
    _, gamma = anisotropy(c, m)
    w, u = _across(m)
    direction = m * (1 + chi * q.xi_beta * (1 - cos2)) - chi * m[..., 2:] * (q.xi_beta * u + q.beta * w)
    return (gamma / (r * (1 + chi * cos2)) * _dot(X, direction))[..., 0]


def transverse_spin(c: Coefficients, m: np.ndarray, X: np.ndarray) -> np.ndarray:
    """dS = S - (S.m) m, 1/nm^2; (30).

    tau_Delta gamma_theta/(1 + xi^2) [m x X + xi m x (X x m) - xi chi_theta m_z (X.m) m x (z^ x m)
    + chi_theta (m_z X.m + beta X.(z^ x m)) z^ x m].
    """
    q = ratios(c, relaxation_rate(c))
    chi, gamma = anisotropy(c, m)
    w, u = _across(m)
    lifted = m[..., 2:] * _dot(X, m)
    direct = q.turning * np.cross(m, X) + q.settling * np.cross(m, np.cross(X, m))
    return gamma * (direct - q.settling * chi * lifted * u + chi * (q.turning * lifted + q.relaxing * _dot(X, w)) * w)


def torque(c: Coefficients, m: np.ndarray, X: np.ndarray) -> np.ndarray:
    """T, hbar/(ps nm^2); (32), with minus beta~ m x X.

    gamma_theta { (1 - xi beta~) m x (X x m) - beta~ m x X + beta~ chi_theta [(xi - beta) X.w - m_z X.m] w
    - chi_theta [(1 - xi beta~) m_z X.m + beta~ X.w] u },  w = z^ x m, u = m x w.
    """
    q = ratios(c, relaxation_rate(c))
    chi, gamma = anisotropy(c, m)
    w, u = _across(m)
    lifted, turned = m[..., 2:] * _dot(X, m), _dot(X, w)
    isotropic = (1 - q.xi_beta) * np.cross(m, np.cross(X, m)) - q.beta * np.cross(m, X)
    along_w = chi * (q.dephasing_beta * turned - q.beta * lifted) * w
    along_u = chi * ((1 - q.xi_beta) * lifted + q.beta * turned) * u
    return gamma * (isotropic + along_w - along_u)


def amplitudes(c: Coefficients) -> Amplitudes:
    """The amplitudes of (40); (41), corrected, and for any weights of the drive.

    With b = B + w0 Gamma PF, p = cd C PF and l = B + 2R + (w0 + w1 - w2) Gamma PF, which for the printed weights are
    B + Gamma PF, 2 C PF and B + 2R.
    """
    q = ratios(c, relaxation_rate(c))
    mixed = c.Gamma * c.PF
    electric, precession = c.B + c.gamma_0 * mixed, c.drive * c.C * c.PF
    longitudinal = c.B + 2 * c.R + (c.gamma_0 + c.gamma_1 - c.gamma_2) * mixed
    return Amplitudes(
        fieldlike=(1 - q.xi_beta) * precession + q.beta * electric,
        dampinglike=(1 - q.xi_beta) * electric - q.beta * precession,
        fieldlike_x=q.dephasing_beta * electric,
        fieldlike_yz=-(q.dephasing_beta * precession + q.beta * longitudinal),
        dampinglike_x=-q.beta * electric,
        dampinglike_yz=q.beta * precession - (1 - q.xi_beta) * longitudinal,
    )


def angular_torque(c: Coefficients, m: np.ndarray, G: np.ndarray) -> np.ndarray:
    """T of the drive (33) by its dependence on the direction of m, hbar/(ps nm^2); (40).

    gamma_theta [ T_fl y^ x m + T_dl m x (y^ x m) + chi_theta (T_fl^x m_x + T_fl^yz m_y m_z) z^ x m
    + chi_theta (T_dl^x m_x + T_dl^yz m_y m_z) m x (z^ x m) ], x^ standing for the direction of G, y^ for z^ x G.
    """
    a = amplitudes(c)
    chi, gamma = anisotropy(c, m)
    w, u = _across(m)
    Gz = z_cross(G)
    along, lifted = _dot(m, np.cross(Gz, [0.0, 0.0, 1.0])), _dot(m, Gz) * m[..., 2:]
    return gamma * (
        torque_vector(a.fieldlike, a.dampinglike, m, Gz)
        + chi * (a.fieldlike_x * along + a.fieldlike_yz * lifted) * w
        + chi * (a.dampinglike_x * along + a.dampinglike_yz * lifted) * u
    )


def torque_vector(fieldlike: float, dampinglike: float, m: np.ndarray, e: np.ndarray) -> np.ndarray:
    """T_fl e x m + T_dl m x (e x m), shape (..., 3), in the unit of the amplitudes; (35), (51)."""
    crossed = np.cross(e, m)
    return fieldlike * crossed + dampinglike * np.cross(m, crossed)


def _across(m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(z^ x m, m x (z^ x m))."""
    w = np.cross([0.0, 0.0, 1.0], m)
    return w, np.cross(m, w)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sum(a * b, axis=-1, keepdims=True)
