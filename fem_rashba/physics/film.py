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

from fem_rashba.units import AMPERE_PER_RATE, HBAR, HBAR2_OVER_ME, quantity

Z_CROSS_X = np.array([0.0, 1.0, 0.0])


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
    """

    charge_weights: tuple[float, float] = (1.0, 1.0)
    gamma_weights: tuple[float, float, float] = (1.0, 1.0, 2.0)
    drive_factor: float = 2.0
    polarization_factor: float = 1.0
    literal_drift: bool = False

    def __post_init__(self) -> None:
        for name, count in (("charge_weights", 2), ("gamma_weights", 3)):
            value = getattr(self, name)
            if not _are_numbers(value, count):
                raise ValueError(f"{name} = {value!r} must be {count} finite numbers")
            object.__setattr__(self, name, tuple(float(v) for v in value))
        for name in ("drive_factor", "polarization_factor"):
            if not _are_numbers([getattr(self, name)], 1):
                raise ValueError(f"{name} = {getattr(self, name)!r} must be a finite number")
        if not isinstance(self.literal_drift, bool):
            raise ValueError(f"literal_drift = {self.literal_drift!r} must be true or false")


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
        charge_b, charge_r, gamma_0, gamma_1, gamma_2, drive, literal: the weights of `Couplings`.
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

    @property
    def weights(self) -> Couplings:
        """The couplings as data."""
        return COUPLINGS[self.couplings] if isinstance(self.couplings, str) else self.couplings

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
        polarization = self.polarization
        if polarization is None:
            polarization = weights.polarization_factor * self.splitting / self.fermi_energy
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
            PF=float(polarization),
            states=self.density / self.fermi_energy,
            density=self.density,
            charge_b=weights.charge_weights[0],
            charge_r=weights.charge_weights[1],
            gamma_0=weights.gamma_weights[0],
            gamma_1=weights.gamma_weights[1],
            gamma_2=weights.gamma_weights[2],
            drive=weights.drive_factor,
            literal=float(weights.literal_drift),
        )

    @cached_property
    def decay_rates(self) -> np.ndarray:
        """All decay constants kappa, complex, shape (directions of m, modes), 1/nm, Re kappa >= 0.

        Roots of det(D kappa^2 + kappa (2 C a x + Gamma M(a)) - L) = 0 with a = z^ x (edge normal), for directions of m
        spread over the sphere (rotating the normal is rotating m).
        """
        return np.array([_decay_rates(self.coefficients, m) for m in _directions()])

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
