"""The infinite medium: spin density and torque far from every edge, uniform magnetization and electric field.

The spin balance is then the local 3 x 3 system (26), L S = X, solved here exactly for any film; `closed_forms`,
`limits` and `dynamics` have the formulas of Secs. III, IV, VI, VII. Everything is vectorised: m, S, X and T have the
shape (3,) or (N, 3), and G, the driving density gradient (e/eF) n0 E, (2,) or (N, 2). `c` holds the coefficients
(`couplings.Coefficients`), whose letters are used; numbers in parentheses are equations of Wang, Ortiz Pauyac, Manchon,
Phys. Rev. B 89, 054405 (2014). The electric field is given: in a wire the charge cannot flow sideways, and a
transverse field adds to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fem_rashba.physics.couplings import Coefficients
from fem_rashba.physics.decay import relaxation_matrix
from fem_rashba.physics.film import Film
from fem_rashba.units import HBAR, quantity

# |e x m|^2 below this is m parallel to e but for rounding
_PARALLEL = 1e-12


@dataclass(frozen=True, kw_only=True)
class InfiniteMedium:
    """The state of an infinite medium, for one direction of m or N of them.

    Attributes:
        magnetization: m, shape (..., 3).
        spin_density: S, shape (..., 3), 1/nm^2.
        torque: T, shape (..., 3), eV/nm^2.
        axis: Unit vector e, shape (3,); None without a field.
        fieldlike: T.(e x m) / |e x m|^2, shape (...), eV/nm^2; NaN where m is parallel to e, or without an axis.
        dampinglike: T.(m x (e x m)) / |e x m|^2, likewise.
    """

    magnetization: np.ndarray
    spin_density: np.ndarray
    torque: np.ndarray
    axis: np.ndarray | None
    fieldlike: np.ndarray
    dampinglike: np.ndarray


def infinite_medium(
    film: Film, m: np.ndarray, electric_field: Sequence[str | float], axis: Sequence[float] | None = None
) -> InfiniteMedium:
    """The exact solution of (26), (33) for any film, with its couplings and denominators.

    Args:
        film: The film.
        m: Unit vectors, shape (3,) or (N, 3).
        electric_field: (Ex, Ey), strings with units or V/nm.
        axis: e of the torque's decomposition, of any length; default z^ x electric_field.

    Raises:
        ValueError: If m is no unit vector, the field has no unit of a field, the axis is zero, or nothing relaxes the
            spin along m.
    """
    m = np.asarray(m, float)
    if m.shape[-1:] != (3,) or not np.allclose(np.linalg.norm(m, axis=-1), 1.0, rtol=0, atol=1e-9):
        raise ValueError(f"m of shape {m.shape} must be unit vectors of three components")
    c = film.coefficients
    G = c.states * np.array([quantity(E, "V/nm", "electric_field") for E in electric_field])
    S = spin_density(c, m, drive(c, m, G))
    T = HBAR * torque_density(c, S, m)
    e = _axis(z_cross(G) if axis is None else np.asarray(axis, float), given=axis is not None)
    fieldlike, dampinglike = decomposition(T, m, np.full(3, np.nan) if e is None else e)
    return InfiniteMedium(
        magnetization=m, spin_density=S, torque=T, axis=e, fieldlike=fieldlike, dampinglike=dampinglike
    )


def drive(c: Coefficients, m: np.ndarray, G: np.ndarray) -> np.ndarray:
    """X = B G_z + cd C PF G_z x m + 2R (m.G_z) m + Gamma PF (w0 G_z + (w1 - w2) (m.G_z) m), 1/(ps nm^2); (33).

    With the printed weights cd = 2 and (1, 1, 2) the bracket is m x (G_z x m); with field along x it is (39), and
    without B and R (34). It is (28) with S there replaced by the equilibrium spin PF n m.
    """
    Gz = z_cross(G)
    along = np.sum(m * Gz, axis=-1, keepdims=True) * m
    mixed = c.Gamma * c.PF * (c.gamma_0 * Gz + (c.gamma_1 - c.gamma_2) * along)
    return c.B * Gz + c.drive * c.C * c.PF * np.cross(Gz, m) + 2 * c.R * along + mixed


def spin_density(c: Coefficients, m: np.ndarray, X: np.ndarray) -> np.ndarray:
    """S with L S = X, 1/nm^2, by a 3 x 3 solve for every direction; (26).

    Raises:
        ValueError: If nothing relaxes the spin along m.
    """
    relaxation_rate(c)  # for its error
    return np.linalg.solve(relaxation_matrix(c, m), X[..., None])[..., 0]


def relaxation_rate(c: Coefficients) -> float:
    """r = 1/tau_sf + 1/tau_dp, 1/ps, of every spin in the plane.

    Raises:
        ValueError: If it is zero.
    """
    rate = c.r_sf + c.r_dp
    if rate == 0:
        raise ValueError(
            "the spin density is not determined: with rashba_parameter = 0 and spin_flip_time = inf nothing relaxes it"
        )
    return rate


def torque_density(c: Coefficients, S: np.ndarray, m: np.ndarray) -> np.ndarray:
    """T = -w m x S + r_phi m x (S x m), hbar/(ps nm^2); (24)."""
    return -c.w * np.cross(m, S) + c.r_phi * np.cross(m, np.cross(S, m))


def decomposition(T: np.ndarray, m: np.ndarray, e: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T_fl, T_dl) of T = T_fl e x m + T_dl m x (e x m) + rest, in the unit of T; NaN where m is parallel to e."""
    fieldlike = np.cross(e, m)
    across = np.sum(fieldlike**2, axis=-1)
    across = np.where(across > _PARALLEL, across, np.nan)
    return np.sum(T * fieldlike, axis=-1) / across, np.sum(T * np.cross(m, fieldlike), axis=-1) / across


def z_cross(G: np.ndarray) -> np.ndarray:
    """z^ x G = (-G_y, G_x, 0), shape (..., 3), for G of shape (..., 2)."""
    return np.stack([-G[..., 1], G[..., 0], np.zeros_like(G[..., 0])], axis=-1)


def _axis(e: np.ndarray, *, given: bool) -> np.ndarray | None:
    length = np.linalg.norm(e)
    if given and not (e.shape == (3,) and np.isfinite(length) and length > 0):
        raise ValueError(f"axis = {e.tolist()!r} must be three finite numbers, not all zero")
    # no zeros with a sign: the axis is printed
    return e / length + 0.0 if length > 0 else None
