"""The torque on the magnetization: totals, averages, the fieldlike and dampinglike parts, effective fields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fem_rashba.physics.film import Film
from fem_rashba.results.integrals import Region
from fem_rashba.results.solution import Solution
from fem_rashba.units import HBAR, SHEET_CURRENT, TESLA_PER_TORQUE

# |e x m|^2 below this share of the area is m parallel to e but for rounding
_PARALLEL = 1e-12


@dataclass(frozen=True, kw_only=True)
class EffectiveField:
    """Fields that exert the averaged torque, mT: B_fl along e and B_dl along m x e.

    `*_per_1e11` is the same per current density of 1e11 A/m^2 (the mean sheet current density over the thickness);
    None where no current flows.
    """

    fieldlike: float | None
    dampinglike: float | None
    fieldlike_per_1e11: float | None
    dampinglike_per_1e11: float | None


@dataclass(frozen=True, kw_only=True)
class Torque:
    """The torque (24) on the magnetization of a film or a region, from S alone; T.m = 0.

    Attributes:
        axis: e, shape (3,), or None.
        average_density: int T / area, shape (3,), eV/nm^2.
        total: int T, shape (3,), eV.
        fieldlike: int T.(e x m) / int |e x m|^2, eV/nm^2; None where m is parallel to e everywhere.
        dampinglike: int T.(m x (e x m)) / int |e x m|^2, eV/nm^2; None likewise.
        effective_field: With the film's thickness and saturation magnetization, else None.
        regions: The same of each region by name.
    """

    axis: np.ndarray | None
    average_density: np.ndarray
    total: np.ndarray
    fieldlike: float | None
    dampinglike: float | None
    effective_field: EffectiveField | None
    regions: dict[str, Torque]


def torque(solution: Solution) -> Torque:
    """The integrated torque of a solution. Collective at the first use."""
    found = solution.integrals
    films = solution.problem.films
    regions = {name: torque_of(part, solution.axis, films[name], {}) for name, part in found.regions.items()}
    return torque_of(found, solution.axis, solution.film, regions)


def torque_of(part: Region, axis: np.ndarray | None, film: Film, regions: dict[str, Torque]) -> Torque:
    """The torque from integrals over a film or a region."""
    fieldlike = dampinglike = None
    if axis is not None:
        across = part.area - float(axis @ part.moments @ axis)
        if across > _PARALLEL * part.area:
            fieldlike = HBAR * float(axis @ part.crossed_torque) / across
            dampinglike = HBAR * float(axis @ part.torque) / across
    return Torque(
        axis=axis,
        average_density=HBAR * part.torque / part.area,
        total=HBAR * part.torque,
        fieldlike=fieldlike,
        dampinglike=dampinglike,
        effective_field=_effective_field(fieldlike, dampinglike, part, film),
        regions=regions,
    )


def field_per_torque(film: Film) -> float | None:
    """Effective field in mT of a torque density of 1 eV/nm^2; None without thickness and saturation magnetization."""
    if film.thickness is None or film.saturation_magnetization is None:
        return None
    return 1e3 * TESLA_PER_TORQUE / (float(film.saturation_magnetization) * float(film.thickness))


def current_density(part: Region, film: Film) -> float | None:
    """Mean current density in A/m^2: the mean sheet current density over the thickness; None without that."""
    if film.thickness is None:
        return None
    sheet = SHEET_CURRENT * float(np.hypot(*part.charge_current)) / part.area
    return sheet / (float(film.thickness) * 1e-9)


def _effective_field(
    fieldlike: float | None, dampinglike: float | None, part: Region, film: Film
) -> EffectiveField | None:
    per_torque, density = field_per_torque(film), current_density(part, film)
    if per_torque is None or density is None:
        return None
    fields = [None if t is None else t * per_torque for t in (fieldlike, dampinglike)]
    per_density = [None if b is None or density == 0 else b * 1e11 / density for b in fields]
    return EffectiveField(
        fieldlike=fields[0],
        dampinglike=fields[1],
        fieldlike_per_1e11=per_density[0],
        dampinglike_per_1e11=per_density[1],
    )
