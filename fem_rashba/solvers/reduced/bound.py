"""A lower bound of the coercivity, from the symbol of the operator.

Where every edge and contact is a spin sink, S continued by zero is a function of the whole plane, and the integrals of
a film with constant coefficients are sums over its waves. The gradient of n enters the operator only as it is, so at
each wave it may be any vector: that can only make the least value smaller, and holds for n on any edge. So

    a(u, u) >= alpha (D |grad n|^2 + D |grad S|^2 + kappa |S|^2 integrated)

with alpha the least eigenvalue of Hermitian matrices of 5 x 5, over all wavevectors and directions of m. They turn with
the film, so that wavevectors along x and all m are enough. Derivatives are exact; the minimum is found by a grid of
wavenumbers and directions and a search from its lowest points, not by interval arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from fem_rashba.solvers.discretization import FIELDS

Operator = Callable[[np.ndarray], np.ndarray]
"""Directions, shape (N, 3) -> the tensors C of `tensors.Tensor`, shape (N, 3, 4, 3, 4)."""

_POLAR, _AZIMUTHS, _WAVENUMBERS, _STARTS = 7, 8, 23, 2
_SEARCH = {"xatol": 1e-2, "fatol": 1e-5, "maxiter": 80}
# of what the search finds: for the last digits of the minimum
_MARGIN = 0.99


def wave_forms(tensors: np.ndarray, wavenumbers: np.ndarray) -> np.ndarray:
    """The Hermitian matrices at waves along x, for (grad n, S): shape (N, 5, 5) for N tensors and N wavenumbers."""
    count = len(wavenumbers)
    waves = np.zeros((count, 3, FIELDS, 5), dtype=complex)
    waves[:, 1, 0, 0] = waves[:, 2, 0, 1] = 1.0
    for i in (1, 2, 3):
        waves[:, 0, i, i + 1] = 1.0
        waves[:, 1, i, i + 1] = 1j * wavenumbers
    flat = waves.reshape(count, -1, 5)
    forms = flat.conj().swapaxes(1, 2) @ tensors.reshape(count, 3 * FIELDS, -1) @ flat
    return (forms + forms.conj().swapaxes(1, 2)) / 2


def coercivity(operator: Operator, diffusion: float, rate: float) -> float:
    """alpha of a film.

    Args:
        operator: Of its directions of m.
        diffusion: D of the norm, nm^2/ps.
        rate: kappa of the norm, 1/ps.

    Returns:
        The bound; it may be negative, and is then none.
    """
    scale = local_wavenumber(operator, diffusion)

    def least(points: np.ndarray) -> np.ndarray:
        """At points (theta, phi, log of wavenumber), shape (N, 3)."""
        m, k = _directions(points), scale * np.exp(points[:, 2])
        weights = np.sqrt(np.stack([np.full(len(k), diffusion)] * 2 + [diffusion * k**2 + rate] * 3, axis=1))
        forms = wave_forms(operator(m), k) / (weights[:, :, None] * weights[:, None, :])
        return np.linalg.eigvalsh(forms)[:, 0]

    polar = np.linspace(0.0, np.pi, _POLAR)
    azimuths = np.linspace(0.0, 2 * np.pi, _AZIMUTHS, endpoint=False)
    grid = np.stack(np.meshgrid(polar, azimuths, np.linspace(-5.0, 5.0, _WAVENUMBERS), indexing="ij"), axis=-1).reshape(
        -1, 3
    )
    found = least(grid)
    lowest = float(found.min())
    for start in grid[np.argsort(found)[:_STARTS]]:
        result = minimize(lambda p: least(p[None])[0], start, method="Nelder-Mead", options=_SEARCH)
        lowest = min(lowest, float(result.fun))
    return _MARGIN * lowest if lowest > 0 else lowest


def slowest_rate(operator: Operator, diffusion: float) -> float:
    """The least relaxation rate of any wave of S, 1/ps: what kappa of the norm should be."""
    scale = local_wavenumber(operator, diffusion)
    k = np.concatenate([[0.0], scale * np.geomspace(0.02, 50, 40)])
    grid = np.stack(np.meshgrid(np.linspace(0, np.pi, _POLAR), np.linspace(0, np.pi, 7), indexing="ij"), axis=-1)
    m = _directions(grid.reshape(-1, 2))
    forms = wave_forms(np.repeat(operator(m), len(k), axis=0), np.tile(k, len(m)))[:, 2:, 2:]
    return float(np.linalg.eigvalsh(forms)[:, 0].min())


def _directions(points: np.ndarray) -> np.ndarray:
    theta, phi = points[:, 0], points[:, 1]
    return np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)


def local_wavenumber(operator: Operator, diffusion: float) -> float:
    """A wavenumber at which diffusion is as fast as what is local."""
    local = operator(np.array([[0.0, 0.0, 1.0]]))[0][0, 1:, 0, 1:]
    return float(np.sqrt(max(np.abs(local).max(), 1e-12) / diffusion))
