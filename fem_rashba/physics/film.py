"""The film: its parameters, the coefficients of the equations, its lengths and the range of validity.

Letters as in the source paper: D diffusion constant, C precession, Gamma mixed exchange-Rashba term, R and B
charge-spin couplings, r_dp D'yakonov-Perel rate (1/tau_dp), r_phi dephasing rate (1/tau_phi), r_sf spin-flip rate,
w exchange rate (1/tau_Delta), k0 Rashba wavevector, PF polarization of the equilibrium spin, n0 density, eF Fermi
energy, vF Fermi velocity. zeta = alpha kF tau / hbar, delta = Delta tau / hbar, Q = 1 + delta^2 + 4 zeta^2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from fem_rashba.physics.couplings import COUPLINGS, Coefficients, Couplings
from fem_rashba.physics.decay import decay_rates
from fem_rashba.units import AMPERE_PER_RATE, HBAR, HBAR2_OVER_ME, quantity


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Lengths of a film in nm; `math.inf` where the process is absent.

    `shortest` and `longest` belong to the solutions exp(-kappa x) of the homogeneous equations over all directions of
    m: the least 1/|kappa| and the greatest 1/Re kappa.
    """

    mean_free_path: float
    exchange: float
    dephasing: float
    spin_flip: float
    rashba: float
    shortest: float
    longest: float


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One condition of validity: the quantity, its value, the limit it should respect and whether it does."""

    condition: str
    value: float
    limit: float
    holds: bool

    def __str__(self) -> str:
        word = "holds" if self.holds else "is left"
        return f"{self.condition}: {self.value:.3g} (stated limit {self.limit:g}): the range of the model {word}"


@dataclass(frozen=True, kw_only=True)
class Film:
    """A Rashba ferromagnetic film.

    Strings carry units; plain numbers are in eV nm, ps, eV, 1/nm, nm and A/m. Either `exchange_time` or
    `exchange_splitting` is given (Delta = hbar/tau_Delta); "inf" and "0 eV" mean no exchange.

    Args:
        rashba_parameter: alpha, eV nm; may be 0 or negative (the sign of the surface normal).
        exchange_time: tau_Delta = hbar/Delta.
        exchange_splitting: Delta.
        momentum_relaxation_time: tau.
        spin_flip_time: tau_sf, "inf" allowed.
        fermi_wavevector: kF.
        effective_mass: In free electron masses.
        couplings: "paper", "consistent" or a `Couplings`.
        denominators: "dirty" (1 + delta^2 + 4 zeta^2 -> 1) or "full".
        polarization: PF; by default that of the couplings.
        thickness: Of the film, with saturation_magnetization: effective fields are then reported.
        saturation_magnetization: In A/m.

    Raises:
        ValueError: For a value out of range, a wrong unit, or an exchange given twice or not at all.
    """

    rashba_parameter: str | float
    exchange_time: str | float | None = None
    exchange_splitting: str | float | None = None
    momentum_relaxation_time: str | float
    spin_flip_time: str | float
    fermi_wavevector: str | float
    effective_mass: float = 1.0
    couplings: str | Couplings = "paper"
    denominators: str = "dirty"
    polarization: float | None = None
    thickness: str | float | None = None
    saturation_magnetization: str | float | None = None

    def __post_init__(self) -> None:
        if (self.exchange_time is None) == (self.exchange_splitting is None):
            raise ValueError("give exactly one of exchange_time and exchange_splitting ('inf' or '0 eV': no exchange)")
        for name, unit, allowed in _PARAMETERS:
            given = getattr(self, name)
            if given is None:
                continue
            number = quantity(given, unit, name)
            if not _RANGES[allowed](number):
                raise ValueError(f"{name} = {given!r} must be {allowed}")
            object.__setattr__(self, name, number)
        if isinstance(self.couplings, str) and self.couplings not in COUPLINGS:
            raise ValueError(f"couplings = {self.couplings!r} must be 'paper', 'consistent' or 'custom'")
        if self.denominators not in ("dirty", "full"):
            raise ValueError(f"denominators = {self.denominators!r} must be 'dirty' or 'full'")
        if (self.thickness is None) != (self.saturation_magnetization is None):
            raise ValueError("thickness and saturation_magnetization go together: give both or neither")
        b, PF = self.weights.charge_weights[0], self.equilibrium_polarization
        if self.weights.reciprocal_current and b * PF**2 >= 1:
            # diffusion of n and m.S together, D (n n + 2 b PF n S + b S S), would grow
            raise ValueError(
                f"polarization = {PF:.3g} must be between -1/sqrt(b) and 1/sqrt(b) = {b**-0.5:.3g} with "
                "reciprocal_current = true: beyond, diffusion is unstable"
            )

    @property
    def weights(self) -> Couplings:
        """The couplings as data."""
        return COUPLINGS[self.couplings] if isinstance(self.couplings, str) else self.couplings

    @property
    def equilibrium_polarization(self) -> float:
        """PF: what is given, or that of the couplings."""
        if self.polarization is not None:
            return float(self.polarization)
        return self.weights.polarization_factor * self.splitting / self.fermi_energy

    @property
    def splitting(self) -> float:
        """Exchange splitting Delta in eV."""
        if self.exchange_splitting is not None:
            return float(self.exchange_splitting)
        return HBAR / float(self.exchange_time)  # type: ignore[arg-type]

    @property
    def fermi_energy(self) -> float:
        """eF = hbar^2 kF^2 / 2m in eV."""
        return 0.5 * HBAR2_OVER_ME / self.effective_mass * float(self.fermi_wavevector) ** 2

    @property
    def fermi_velocity(self) -> float:
        """vF = hbar kF / m in nm/ps."""
        return HBAR2_OVER_ME / self.effective_mass * float(self.fermi_wavevector) / HBAR

    @property
    def density(self) -> float:
        """n0 = kF^2 / 2 pi in 1/nm^2."""
        return float(self.fermi_wavevector) ** 2 / (2 * math.pi)

    @property
    def rashba_wavevector(self) -> float:
        """k0 = 2 m alpha / hbar^2 in 1/nm."""
        return 2 * float(self.rashba_parameter) * self.effective_mass / HBAR2_OVER_ME

    @property
    def zeta(self) -> float:
        """alpha kF tau / hbar."""
        return float(self.rashba_parameter) * float(self.fermi_wavevector) * float(self.momentum_relaxation_time) / HBAR

    @property
    def delta(self) -> float:
        """Delta tau / hbar."""
        return self.splitting * float(self.momentum_relaxation_time) / HBAR

    @property
    def sheet_resistance(self) -> float:
        """1 / (e^2 D n0/eF) in Ohm per square, without the charge-spin couplings."""
        return self.fermi_energy / (self.coefficients.D * self.density * AMPERE_PER_RATE)

    @cached_property
    def coefficients(self) -> Coefficients:
        """The coefficients of the equations, as numbers."""
        alpha, tau = float(self.rashba_parameter), float(self.momentum_relaxation_time)
        zeta, delta, velocity, weights = self.zeta, self.delta, self.fermi_velocity, self.weights
        q = 1.0 if self.denominators == "dirty" else 1 + delta**2 + 4 * zeta**2
        diffusion = velocity**2 * tau / 2
        precession = zeta * velocity / q**2
        r_dp = 2 * zeta**2 / tau / q
        return Coefficients(
            D=diffusion,
            C=precession,
            Gamma=zeta * delta * velocity / 2 / q**2,
            R=alpha / HBAR * delta**2 / 2 / q,
            B=2 * alpha / HBAR * zeta**2 / q,
            r_dp=r_dp,
            r_phi=delta**2 / tau / q,
            r_sf=1 / float(self.spin_flip_time),
            w=self.splitting / HBAR / q,
            precession=precession / diffusion,
            # D k0^2 is r_dp exactly when the denominators are dirty; the difference of the two would be rounding
            r_rest=0.0 if self.denominators == "dirty" else r_dp - precession**2 / diffusion,
            hall=alpha * tau / HBAR * precession,
            PF=self.equilibrium_polarization,
            states=self.density / self.fermi_energy,
            density=self.density,
            charge_b=weights.charge_weights[0],
            charge_r=weights.charge_weights[1],
            gamma_0=weights.gamma_weights[0],
            gamma_1=weights.gamma_weights[1],
            gamma_2=weights.gamma_weights[2],
            drive=weights.drive_factor,
            literal=float(weights.literal_drift),
            reciprocal=float(weights.reciprocal_current),
        )

    @cached_property
    def decay_rates(self) -> np.ndarray:
        """All decay constants, complex, shape (directions of m, modes), 1/nm: `decay.decay_rates`."""
        return decay_rates(self.coefficients)

    @cached_property
    def lengths(self) -> Lengths:
        """The lengths of the film."""
        c = self.coefficients
        kappa = self.decay_rates
        return Lengths(
            mean_free_path=self.fermi_velocity * float(self.momentum_relaxation_time),
            exchange=_length(c.D, c.w),
            dephasing=_length(c.D, c.r_phi),
            spin_flip=_length(c.D, c.r_sf),
            rashba=math.inf if self.rashba_parameter == 0 else 1 / abs(self.rashba_wavevector),
            shortest=_inverse(np.abs(kappa).max()),
            longest=_inverse(kappa.real.min()),
        )

    @cached_property
    def validity(self) -> tuple[Verdict, ...]:
        """The five conditions under which the equations were derived."""
        lengths = self.lengths
        shortest = min(getattr(lengths, f.name) for f in fields(lengths) if f.name != "mean_free_path")
        free_path = lengths.mean_free_path
        energy = self.fermi_energy
        return (
            _at_least("shortest length / mean free path >> 1", shortest / free_path, 2.0),
            _at_most("delta^2 + 4 zeta^2 << 1", self.delta**2 + 4 * self.zeta**2, 0.1),
            _at_least("kF vF tau >> 1", float(self.fermi_wavevector) * free_path, 5.0),
            _at_most("Delta / eF << 1", self.splitting / energy, 0.1),
            _at_most("alpha kF / eF << 1", abs(self.zeta) * HBAR / float(self.momentum_relaxation_time) / energy, 0.1),
        )


_PARAMETERS = (
    ("rashba_parameter", "eV nm", "finite"),
    ("exchange_time", "ps", "positive ('inf' allowed)"),
    ("exchange_splitting", "eV", "finite and not negative"),
    ("momentum_relaxation_time", "ps", "finite and positive"),
    ("spin_flip_time", "ps", "positive ('inf' allowed)"),
    ("fermi_wavevector", "1/nm", "finite and positive"),
    ("effective_mass", "", "finite and positive"),
    ("polarization", "", "finite"),
    ("thickness", "nm", "finite and positive"),
    ("saturation_magnetization", "A/m", "finite and positive"),
)
_RANGES = {
    "finite": math.isfinite,
    "positive ('inf' allowed)": lambda v: v > 0,
    "finite and not negative": lambda v: math.isfinite(v) and v >= 0,
    "finite and positive": lambda v: math.isfinite(v) and v > 0,
}


def _length(diffusion: float, rate: float) -> float:
    return math.inf if rate == 0 else math.sqrt(diffusion / rate)


def _inverse(kappa: float) -> float:
    # a root that is zero but for rounding is a process that is absent
    return math.inf if kappa < 1e-7 else 1 / float(kappa)


def _at_least(condition: str, value: float, limit: float) -> Verdict:
    return Verdict(condition=condition, value=value, limit=limit, holds=value >= limit)


def _at_most(condition: str, value: float, limit: float) -> Verdict:
    return Verdict(condition=condition, value=value, limit=limit, holds=value <= limit)
