"""The homogeneous equations at uniform m as matrices, and the decay constants of their solutions."""

from __future__ import annotations

import numpy as np

from fem_rashba.physics.couplings import Coefficients

Z_CROSS_X = np.array([0.0, 1.0, 0.0])


def decay_rates(c: Coefficients) -> np.ndarray:
    """All decay constants kappa of solutions exp(-kappa x), complex, shape (directions of m, modes), 1/nm, Re >= 0.

    Roots of det(D kappa^2 + kappa (2 C a x + Gamma M(a)) - L) = 0 with a = z^ x (edge normal), for directions of m
    spread over the sphere (rotating the normal is rotating m).
    """
    return np.array([_decay_rates(c, m) for m in _directions()])


def _directions() -> np.ndarray:
    """Directions of m on half of the sphere (kappa(-m) = kappa(m) mirrored), shape (N, 3)."""
    polar, azimuth = np.meshgrid(np.linspace(0, np.pi / 2, 7), np.linspace(0, 2 * np.pi, 16, endpoint=False))
    polar, azimuth = polar.ravel(), azimuth.ravel()
    return np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)], axis=1)


def _cross(a: np.ndarray) -> np.ndarray:
    """Matrices of v -> a x v for a of shape (..., 3), shape (..., 3, 3)."""
    return np.swapaxes(np.cross(a[..., None, :], np.eye(3)), -1, -2)


def relaxation_matrix(c: Coefficients, m: np.ndarray) -> np.ndarray:
    """L S = r_sf S + r_dp (S + S_z z^) + r_phi m x (S x m) - w m x S as a matrix, 1/ps; (26).

    Shape (..., 3, 3) for m of shape (..., 3).
    """
    in_plane_twice = np.diag([1.0, 1.0, 2.0])
    transverse = np.eye(3) - m[..., :, None] * m[..., None, :]
    return c.r_sf * np.eye(3) + c.r_dp * in_plane_twice + c.r_phi * transverse - c.w * _cross(m)


def gradient_matrix(c: Coefficients, m: np.ndarray, a: np.ndarray) -> np.ndarray:
    """First-derivative matrix for a = z^ x e_i and uniform m, shape (3, 3), nm/ps: 2 C a x + Gamma M(a)."""
    mixed = c.gamma_0 * np.outer(a, m) + c.gamma_1 * np.outer(m, a) - c.gamma_2 * (m @ a) * np.eye(3)
    return 2 * c.C * _cross(a) + c.Gamma * mixed


def _decay_rates(c: Coefficients, m: np.ndarray) -> np.ndarray:
    first, zeroth = gradient_matrix(c, m, Z_CROSS_X) / c.D, -relaxation_matrix(c, m) / c.D
    companion = np.block([[np.zeros((3, 3)), np.eye(3)], [-zeroth, -first]])
    kappa = np.linalg.eigvals(companion)
    # solutions come in pairs that decay from either edge; the sign only says from which
    return np.where(kappa.real < 0, -kappa, kappa)
