"""Couplings and coefficients of the equations, as data.

Letters as in the source paper: D diffusion constant, C precession, Gamma mixed exchange-Rashba term, R and B
charge-spin couplings, r_dp D'yakonov-Perel rate (1/tau_dp), r_phi dephasing rate (1/tau_phi), r_sf spin-flip rate,
w exchange rate (1/tau_Delta), PF polarization of the equilibrium spin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


def _are_numbers(values: object, count: int) -> bool:
    if not isinstance(values, list | tuple) or len(values) != count:
        return False
    return all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in values)


@dataclass(frozen=True, kw_only=True)
class Couplings:
    """The weights that the paper and its own equation (15) disagree about, as data.

    Attributes:
        charge_weights: Weights (b, r) of B and R in the charge current: (1, 1) as printed in (16), (4, 8) from (15).
        gamma_weights: Weights (w0, w1, w2) of Gamma in (17): (1, 1, 2) as printed, (2, 2, 3) from (15).
        drive_factor: Factor of the drive C PF G_z x m: 2 as in (28), 1 from one drift flux.
        polarization_factor: PF in units of Delta/eF: 1 in the paper, 1/2 for a rigidly drifting equilibrium.
        literal_drift: Whether the charge current keeps the printed Gamma grad_z.(m n) of (16), by which an undriven
            film carries a current.
        reciprocal_current: Whether the charge current has the partners, by Onsager's relation, of the drives by the
            equilibrium spin and of the spin-Hall current, which neither (16) nor (15) as used here has.
    """

    charge_weights: tuple[float, float] = (1.0, 1.0)
    gamma_weights: tuple[float, float, float] = (1.0, 1.0, 2.0)
    drive_factor: float = 2.0
    polarization_factor: float = 1.0
    literal_drift: bool = False
    reciprocal_current: bool = False

    def __post_init__(self) -> None:
        for name, count in (("charge_weights", 2), ("gamma_weights", 3)):
            value = getattr(self, name)
            if not _are_numbers(value, count):
                raise ValueError(f"{name} = {value!r} must be {count} finite numbers")
            object.__setattr__(self, name, tuple(float(v) for v in value))
        for name in ("drive_factor", "polarization_factor"):
            if not _are_numbers([getattr(self, name)], 1):
                raise ValueError(f"{name} = {getattr(self, name)!r} must be a finite number")
        for name in ("literal_drift", "reciprocal_current"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} = {getattr(self, name)!r} must be true or false")


COUPLINGS = {
    "paper": Couplings(),
    "consistent": Couplings(
        charge_weights=(4.0, 8.0), gamma_weights=(2.0, 2.0, 3.0), drive_factor=1.0, polarization_factor=0.5
    ),
}


@dataclass(frozen=True, kw_only=True)
class Coefficients:
    """The coefficients of the equations: numbers here, UFL constants or functions when a form is built from them.

    Attributes:
        D, C, Gamma: nm^2/ps, nm/ps, nm/ps.
        R, B: nm/ps.
        r_dp, r_phi, r_sf, w: 1/ps.
        precession: C/D in 1/nm, the wavevector of the covariant derivative (k0 with dirty denominators).
        r_rest: r_dp - C^2/D in 1/ps, the part of r_dp outside the covariant derivative (0 with dirty denominators).
        hall: (alpha tau/hbar) C in nm^2/ps, the spin-Hall form of the B drive.
        PF: polarization. states: n0/eF in 1/(eV nm^2), so that (e/eF) n0 E = states E. density: n0 in 1/nm^2.
        charge_b, charge_r, gamma_0, gamma_1, gamma_2, drive, literal, reciprocal: the weights of `Couplings`.
    """

    D: float
    C: float
    Gamma: float
    R: float
    B: float
    r_dp: float
    r_phi: float
    r_sf: float
    w: float
    precession: float
    r_rest: float
    hall: float
    PF: float
    states: float
    density: float
    charge_b: float
    charge_r: float
    gamma_0: float
    gamma_1: float
    gamma_2: float
    drive: float
    literal: float
    reciprocal: float
