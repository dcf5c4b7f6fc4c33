"""Film coefficients, computed independently of the package."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, pi

HBAR = 6.582119569509066e-4  # eV ps
HBAR2_OVER_ME = 0.0761996423  # eV nm^2

# name: (charge weights, Gam weights, cd, PF * eF / Delta)
_COUPLINGS = {
    "paper": ((1.0, 1.0), (1.0, 1.0, 2.0), 2.0, 1.0),
    "consistent": ((4.0, 8.0), (2.0, 2.0, 3.0), 1.0, 0.5),
}


@dataclass(frozen=True)
class Film:
    """Coefficients of the drift-diffusion equations; use dataclasses.replace for variants."""

    D: float
    C: float
    Gam: float
    R: float
    B: float
    r_dp: float
    r_phi: float
    r_sf: float
    w: float
    k0: float  # 2 m alpha / hbar^2, independent of the denominators
    PF: float
    n0: float
    eF: float
    vF: float
    b: float  # spin-Hall coefficient (alpha tau / hbar) C
    b_w: float
    r_w: float
    w0: float
    w1: float
    w2: float
    cd: float

    @property
    def k_cov(self) -> float:
        """Wavevector of the precessing derivative: C/D (equal to k0 only in the dirty limit)."""
        return self.C / self.D


def coefficients(
    alpha: float,
    tau_D: float,
    tau: float,
    tau_sf: float,
    kF: float,
    mass: float = 1.0,
    couplings: str = "paper",
    denominators: str = "dirty",
) -> Film:
    """Coefficient table; alpha in eV nm, times in ps (inf allowed), kF in 1/nm, mass in m_e."""
    if denominators not in ("dirty", "full"):
        raise ValueError(f"unknown denominators {denominators!r}")
    (b_w, r_w), (w0, w1, w2), cd, pf_factor = _COUPLINGS[couplings]
    delta_ev = 0.0 if tau_D == inf else HBAR / tau_D
    h2m = HBAR2_OVER_ME / mass
    vF, eF = h2m * kF / HBAR, 0.5 * h2m * kF**2
    zeta, delta = alpha * kF * tau / HBAR, delta_ev * tau / HBAR
    Q = 1.0 + delta**2 + 4.0 * zeta**2 if denominators == "full" else 1.0
    C = zeta * vF / Q**2
    return Film(
        D=0.5 * vF**2 * tau,
        C=C,
        Gam=0.5 * zeta * delta * vF / Q**2,
        R=0.5 * alpha / HBAR * delta**2 / Q,
        B=2.0 * alpha / HBAR * zeta**2 / Q,
        r_dp=2.0 * zeta**2 / tau / Q,
        r_phi=delta**2 / tau / Q,
        r_sf=0.0 if tau_sf == inf else 1.0 / tau_sf,
        w=delta_ev / HBAR / Q,
        k0=2.0 * alpha / h2m,
        PF=pf_factor * delta_ev / eF,
        n0=kF**2 / (2.0 * pi),
        eF=eF,
        vF=vF,
        b=alpha * tau / HBAR * C,
        b_w=b_w,
        r_w=r_w,
        w0=w0,
        w1=w1,
        w2=w2,
        cd=cd,
    )
