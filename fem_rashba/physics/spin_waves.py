"""Spin waves of the infinite film: S ~ exp(i q.r - lambda t) at fixed density.

lambda(q) are the eigenvalues of D q^2 - i q_j (2 C a_j x + Gamma M(a_j)) + L, a_j = z^ x e_j, from (17) undriven.
Without exchange they are D q^2 + r_sf + r_dp and D q^2 + r_sf + r_dp (3/2 -+ sqrt(1/4 + 4 q^2/k0^2)); the slowest has
r_sf + (7/16) r_dp at q^2 = (15/16) k0^2.
"""

from __future__ import annotations

import numpy as np

from fem_rashba.physics.decay import gradient_matrix, relaxation_matrix
from fem_rashba.physics.film import Film

_ACROSS = (np.array([0.0, 1.0, 0.0]), np.array([-1.0, 0.0, 0.0]))


def bulk_spin_waves(film: Film, m: np.ndarray, q: np.ndarray) -> np.ndarray:
    """lambda of the three spin waves, by rising real part; (17).

    Args:
        film: The film.
        m: Direction of the magnetization, unit vector, shape (3,).
        q: Wavevectors, shape (..., 2), 1/nm.

    Returns:
        Complex, shape (..., 3), 1/ps: decay rate and angular frequency.
    """
    c = film.coefficients
    q = np.asarray(q, dtype=float)
    size = (q**2).sum(axis=-1)[..., None, None]
    first = sum(q[..., j, None, None] * gradient_matrix(c, m, _ACROSS[j]) for j in range(2))
    values = np.linalg.eigvals(c.D * size * np.eye(3) - 1j * first + relaxation_matrix(c, m))
    return np.take_along_axis(values, np.argsort(values.real, axis=-1), axis=-1)
