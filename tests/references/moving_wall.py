"""Infinite medium: linear response of the spin density to a Bloch wall that moves, by Fourier collocation.

The wall m = (0, sech u, tanh u), u = (x - v t)/width, is followed, so that d/dt = -v d/dx:

    D S'' + 2C y^ x S' + Gam [m x (y^ x S') + y^ x (m x S)'] + v S' - L(m) S = n0 PF (-v m')

with the printed Gamma weights. Nothing is expanded in gradients, rates or the velocity; the charge that the wall sets
in motion, of higher order in alpha, is left out.
"""

from __future__ import annotations

import numpy as np

from .algebra import Y_HAT, Array, cross_matrix, relaxation_matrix, torque_matrix
from .film import Film

_POINTS, _HALF = 256, 16.0  # sech(16) = 2e-7: the jump of m at the ends of the period meets no spin


def wall(u: Array) -> Array:
    """m, shape (points, 3)."""
    return np.column_stack([0 * u, 1 / np.cosh(u), np.tanh(u)])


def wall_slope(u: Array) -> Array:
    """dm/du."""
    return np.column_stack([0 * u, -np.tanh(u) / np.cosh(u), np.cosh(u) ** -2])


def torque(film: Film, width: float, velocity: float, u: Array) -> Array:
    """T in hbar/(ps nm^2) at u, shape (points, 3); width in nm, velocity in nm/ps."""
    grid = 2 * _HALF / _POINTS * (np.arange(_POINTS) - _POINTS // 2)
    waves = np.fft.fftfreq(_POINTS, 2 * _HALF / _POINTS / (2 * np.pi))
    transform = np.exp(-1j * np.outer(waves, grid)) / _POINTS
    back = np.exp(1j * np.outer(grid, waves))
    first = ((back * (1j * waves / width)) @ transform).real
    second = ((back * -((waves / width) ** 2)) @ transform).real
    turn = cross_matrix(Y_HAT)
    # blocks (point, component): derivatives mix points, the rest mixes components
    operator = np.einsum("pq,ij->piqj", film.D * second + velocity * first, np.eye(3))
    operator += 2 * film.C * np.einsum("pq,ij->piqj", first, turn)
    m = wall(grid)
    for p, here in enumerate(m):
        operator[p, :, p, :] -= relaxation_matrix(film, here)
        across = film.w0 * cross_matrix(here) @ turn
        operator[p] += film.Gam * np.einsum("q,ij->iqj", first[p], across)
    crossed = np.array([turn @ cross_matrix(here) for here in m])
    operator += film.Gam * film.w1 * np.einsum("pq,qij->piqj", first, crossed)
    source = film.n0 * film.PF * velocity / width * wall_slope(grid)
    size = 3 * _POINTS
    S = np.linalg.solve(operator.reshape(size, size), -source.reshape(size)).reshape(_POINTS, 3)
    S = (np.exp(1j * np.outer(u, waves)) @ (transform @ S)).real
    return np.array([torque_matrix(film, here) @ spin for here, spin in zip(wall(u), S, strict=True)])
