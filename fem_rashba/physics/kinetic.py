"""The kinetic operator behind the diffusion equations: angular averages of (9) to (14), without the dirty limit.

The kinetic equation (9), a relaxation-time equation for electrons with spin on the Fermi circle, gives at every
wavevector and frequency a linear condition on X = (n, S) ~ exp(i q.r - i omega t). Everything here is leading order in
1/(kF vF tau) and exact in delta = Delta tau/hbar and zeta = alpha kF tau/hbar; hbar = 1 in the formulas. With
k^ = (cos phi, sin phi), v = vF k^, u = delta m + 2 zeta k^ x z^ (twice the effective field times tau), Q = (1 - u x)^-1
and <.> the average over phi:

    Lam = (1 - <Q>)/tau     Z = <Q^2>     G_i = <v_i Q^2>     D_ij = tau <v_i v_j Q^3>

      dn/dt = D lap n - 2 alpha tau grad_z.(Lam S) + second-order coupling
    Z dS/dt = -Lam S - G_i d_i S + D_ij d_i d_j S - (alpha tau/2) Lam grad_z n + second-order coupling

The same Lam relaxes, precesses and couples spin to charge: under a uniform grad n the spin density is the Edelstein
density S_E = -(alpha tau/2) grad_z n, whatever m and Delta are. The second-order coupling acts on n as

    -D (Delta/4eF) m lap n - (alpha tau/2) <v_i (Q + Q^2)> a_j d_i d_j n

and on S as Onsager's relation demands. The first part is the spin that a diffusing current carries.

Conventions: everything stands on the left-hand side, diag(1, Z) dX/dt + M X = 0; z^ x grad = a_i d_i with
a_i = z^ x e_i; m and S obey the Hamiltonian (1) and dS/dt = (Delta/hbar) m x S, the precession of (17). Spin flip is
not in (9): its rate is added to the spin block, as in (17). m has shape (..., 3), q shape (2,) in 1/nm; the first axes
of a result are those of m. The trapezoid rule converges exponentially on the circle; the number of angles is doubled
until the averages stand still.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fem_rashba.physics.film import Film
from fem_rashba.units import HBAR

ANGLES = (64, 128, 256, 512, 1024, 2048, 4096)
CONVERGED = 1e-12


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Angular averages for directions m of shape (..., 3).

    Attributes:
        relaxation: Lam, shape (..., 3, 3), 1/ps.
        normalization: Z, shape (..., 3, 3).
        drift: G_i, shape (..., 2, 3, 3), nm/ps.
        diffusion: D_ij, shape (..., 2, 2, 3, 3), nm^2/ps.
        coupling: <v_i (Q + Q^2)>, shape (..., 2, 3, 3), nm/ps.
    """

    relaxation: np.ndarray
    normalization: np.ndarray
    drift: np.ndarray
    diffusion: np.ndarray
    coupling: np.ndarray


def moments(film: Film, m: np.ndarray) -> Moments:
    """Lam, Z, G_i, D_ij and <v_i (Q + Q^2)>.

    Raises:
        ValueError: If m is no direction, or the averages have not converged with 4096 angles.
    """
    m = _directions(m)

    def sample(phi: np.ndarray) -> np.ndarray:
        k, Q = _unit(phi), _propagator(film, m, phi, np.ones_like(phi))
        Q2 = Q @ Q
        Q3 = Q2 @ Q
        x, y = k[:, 0, None, None], k[:, 1, None, None]
        return np.stack([Q, Q2, x * Q, y * Q, x * Q2, y * Q2, x * x * Q3, x * y * Q3, y * y * Q3], axis=-3)

    mean = list(np.moveaxis(_average(sample), -3, 0))
    v, tau = film.fermi_velocity, _tau(film)
    drift = v * np.stack(mean[4:6], axis=-3)
    tensor = np.stack([np.stack(mean[6:8], axis=-3), np.stack(mean[7:9], axis=-3)], axis=-4)
    return Moments(
        relaxation=(np.eye(3) - mean[0]) / tau,
        normalization=mean[1],
        drift=drift,
        diffusion=v**2 * tau * tensor,
        coupling=v * np.stack(mean[2:4], axis=-3) + drift,
    )


def static_operator(film: Film, m: np.ndarray, q: np.ndarray) -> np.ndarray:
    """M(q) to second order in q: diag(1, Z) dX/dt + M X = 0, shape (..., 4, 4), complex, 1/ps.

    A steady state only knows M X = 0, in which the spin rows may be multiplied by any matrix; coefficients read from M
    hold for this normalization.
    """
    m, (qx, qy) = _directions(m), np.asarray(q, float)
    found, c = moments(film, m), film.coefficients
    length = rashba_length(film)
    q_z = np.array([-qy, qx, 0.0])
    square = qx**2 + qy**2
    along = qx * found.coupling[..., 0, :, :] + qy * found.coupling[..., 1, :, :]
    carried = c.D * film.splitting / (4 * film.fermi_energy) * square * m
    M = np.zeros((*m.shape[:-1], 4, 4), complex)
    M[..., 0, 0] = c.D * square
    M[..., 1:, 0] = length / 2 * (1j * found.relaxation - along) @ q_z - carried
    M[..., 0, 1:] = 2 * length * (q_z @ (1j * found.relaxation - along)) - 4 * carried
    M[..., 1:, 1:] = found.relaxation + c.r_sf * np.eye(3)
    M[..., 1:, 1:] += 1j * np.einsum("i,...iab->...ab", np.array([qx, qy]), found.drift)
    M[..., 1:, 1:] += np.einsum("i,j,...ijab->...ab", np.array([qx, qy]), np.array([qx, qy]), found.diffusion)
    return M


def rate_operator(film: Film, m: np.ndarray, q: np.ndarray) -> np.ndarray:
    """diag(1, Z)^-1 M(q): dX/dt = -(this) X for changes slow on the scale of tau, shape (..., 4, 4), 1/ps.

    Not for exchange precession: at alpha = 0 its eigenvalues are (-i delta - delta^2)/tau and the conjugate, growing,
    where the mode of `kernel` at omega = Delta does not decay at all.
    """
    M = static_operator(film, m, q)
    M[..., 1:, :] = np.linalg.solve(moments(film, m).normalization.astype(complex), M[..., 1:, :])
    return M


def kernel(film: Film, m: np.ndarray, q: np.ndarray, frequency: complex = 0.0) -> np.ndarray:
    """The operator to all orders in q and frequency (rad/ps), shape (..., 4, 4), 1/ps; X is a mode if (kernel) X = 0.

    With c = 1 - i omega tau, p = 1/(c + i q.v tau), P = (1/p - u x)^-1 and s = (c^2 + (q vF tau)^2)^(-3/2), in the
    variables (n/2, S): 1 - <p> for the charge, 1 - <P> for the spin, and the coupling
    i alpha tau (c s - <p P>) q_z - s (Delta/2)(q tau)^2/mass m.
    """
    m, q = _directions(m), np.asarray(q, float)
    tau, c = _tau(film), 1 - 1j * frequency * _tau(film)

    def sample(phi: np.ndarray) -> np.ndarray:
        inverse = c + 1j * film.fermi_velocity * tau * (_unit(phi) @ q)
        P = _propagator(film, m, phi, inverse)
        return np.stack([P, P / inverse[:, None, None]], axis=-3)

    mean = _average(sample)
    spin, mixed = mean[..., 0, :, :], mean[..., 1, :, :]
    root = np.sqrt(c**2 + (film.fermi_velocity * tau) ** 2 * (q @ q))
    q_z = np.array([-q[1], q[0], 0.0])
    carried = film.coefficients.D * film.splitting / (4 * film.fermi_energy) * (q @ q) * m / root**3
    coupling = 1j * rashba_length(film) / 2 / tau * (c / root**3 * np.eye(3) - mixed)
    K = np.zeros((*m.shape[:-1], 4, 4), complex)
    K[..., 0, 0] = (1 - 1 / root) / tau
    K[..., 1:, 0] = coupling @ q_z - carried
    K[..., 0, 1:] = 4 * (q_z @ coupling - carried)
    K[..., 1:, 1:] = (np.eye(3) - spin) / tau + film.coefficients.r_sf * np.eye(3)
    return K


def model_operator(film: Film, m: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The diffusion equations with the couplings of the film, in the form and for the m and q of `static_operator`.

    X = (n, S) are the deviations of `physics.equations`, S counted as magnetization (see `as_magnetization`), with the
    drives that follow from the equilibrium spin PF n m; a film with polarization 0 gives (16) and (17) themselves.
    Rates of change of that spin are left out.
    """
    m, (qx, qy), c = _directions(m), np.asarray(q, float), film.coefficients
    one, square = np.eye(3), qx**2 + qy**2
    q_z = np.array([-qy, qx, 0.0])
    across, along = cross_matrix(m), (m @ q_z)[..., None]
    mm = m[..., :, None] * m[..., None, :]
    qm, mq = q_z[:, None] * m[..., None, :], m[..., :, None] * q_z
    local = (c.r_sf + c.r_dp) * one + c.r_dp * np.diag([0, 0, 1.0]) + c.r_phi * (one - mm) - c.w * across
    mixed = c.gamma_0 * qm + c.gamma_1 * mq - c.gamma_2 * along[..., None] * one
    drive = (c.B + c.Gamma * c.PF * c.gamma_0) * q_z - c.drive * c.C * c.PF * np.cross(m, q_z)
    drive = drive + (2 * c.R + c.Gamma * c.PF * (c.gamma_1 - c.gamma_2)) * along * m
    M = np.zeros((*m.shape[:-1], 4, 4), complex)
    M[..., 0, 0] = c.D * square - 1j * c.literal * c.Gamma * along[..., 0]
    M[..., 0, 1:] = -1j * (c.charge_b * c.B * q_z + c.charge_r * c.R * along * m)
    paired = c.Gamma * (c.gamma_0 * q_z + (c.gamma_1 - c.gamma_2) * along * m) + c.drive * c.C * np.cross(m, q_z)
    M[..., 0, 1:] += c.reciprocal * c.charge_b * c.PF * (c.D * square * m - 1j * paired)
    M[..., 1:, 0] = -1j * drive + c.D * c.PF * square * m
    M[..., 1:, 1:] = local + c.D * square * one - 1j * (2 * c.C * cross_matrix(q_z) + c.Gamma * mixed)
    return M


def as_magnetization(matrix: np.ndarray) -> np.ndarray:
    """An operator on (n, S) as one on (n, -S), the variables of `physics.equations`.

    Under the Hamiltonian (1) the equilibrium spin is antiparallel to m. The equations, with PF n m parallel to m, count
    S as magnetization: the spin block is the same, both couplings of spin and charge change sign.
    """
    sign = np.array([1, -1, -1, -1])
    return sign[:, None] * matrix * sign


def cross_matrix(a: np.ndarray) -> np.ndarray:
    """The matrix of S -> a x S, shape (..., 3, 3) for a of shape (..., 3)."""
    return np.cross(np.asarray(a, float)[..., None, :], np.eye(3)).swapaxes(-1, -2)


def rashba_length(film: Film) -> float:
    """alpha tau/hbar in nm: twice the Edelstein spin density per density gradient."""
    return float(film.rashba_parameter) * _tau(film) / HBAR


def _tau(film: Film) -> float:
    return float(film.momentum_relaxation_time)


def _directions(m: np.ndarray) -> np.ndarray:
    m = np.asarray(m, float)
    if m.shape[-1:] != (3,) or not np.allclose(np.linalg.norm(m, axis=-1), 1, rtol=0, atol=1e-6):
        raise ValueError(f"m must be unit vectors, shape (..., 3); got shape {m.shape}")
    return m


def _unit(phi: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(phi), np.sin(phi)], axis=-1)


def _propagator(film: Film, m: np.ndarray, phi: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """(s - u x)^-1 = (s^2 + u u^T + s u x)/(s (s^2 + u^2)), s = inverse, shape (..., angles, 3, 3)."""
    h = np.stack([np.sin(phi), -np.cos(phi), 0 * phi], axis=-1)  # k^ x z^
    u = film.delta * m[..., None, :] + 2 * film.zeta * h
    s = inverse[:, None, None]
    square = np.sum(u * u, axis=-1)[..., None, None]
    return (s**2 * np.eye(3) + u[..., :, None] * u[..., None, :] + s * cross_matrix(u)) / (s * (s**2 + square))


def _average(sample: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Mean over the circle of samples whose angles lie on axis -4, with as many angles as it takes."""
    angles = ANGLES[0]
    mean = sample(2 * np.pi * np.arange(angles) / angles).mean(axis=-4)
    for angles in ANGLES[1:]:
        between = sample(2 * np.pi * (np.arange(angles // 2) + 0.5) / (angles // 2)).mean(axis=-4)
        finer = (mean + between) / 2
        if np.abs(finer - mean).max() <= CONVERGED * np.abs(finer).max():
            return finer
        mean = finer
    raise ValueError(f"angular averages have not converged with {ANGLES[-1]} angles: delta or zeta is too large")
