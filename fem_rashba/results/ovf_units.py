"""Quantities of an OVF file: the units that each comes in, and what [film] must have for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fem_rashba.physics.film import Film
from fem_rashba.results.maps import KNOWN
from fem_rashba.results.solution import Solution
from fem_rashba.units import JOULE_PER_AREA, TESLA_PER_FIELD, TESLA_PER_TORQUE


@dataclass(frozen=True)
class Unit:
    """How a quantity is expressed: its factor from that of a film, the keys of [film] it needs, and what it means."""

    factor: Callable[[Film], float]
    needs: tuple[str, ...]
    meaning: str


_BOTH = ("thickness", "saturation_magnetization")


def _moment(film: Film) -> float:
    """Ms t in (A/m) nm."""
    return float(film.saturation_magnetization or 0.0) * float(film.thickness or 0.0)


_FIELD = {
    "T": Unit(lambda f: TESLA_PER_TORQUE / _moment(f), _BOTH, "B in dm/dt = -gamma m x B, gamma > 0"),
    "A/m": Unit(
        lambda f: TESLA_PER_TORQUE / _moment(f) / TESLA_PER_FIELD, _BOTH, "H in dm/dt = -gamma mu0 m x H, gamma > 0"
    ),
}
UNITS: dict[str, dict[str, Unit]] = {
    "torque": {
        "J/m3": Unit(
            lambda f: JOULE_PER_AREA * 1e9 / float(f.thickness or 0.0),
            ("thickness",),
            "torque density T in dM/dt = gamma T, gamma > 0, M = Ms m; -M x B of a field",
        ),
        "J/m2": Unit(
            lambda f: JOULE_PER_AREA, (), "torque per area t T in dM/dt = gamma T, gamma > 0, t the thickness"
        ),
        "T": Unit(lambda f: TESLA_PER_TORQUE / _moment(f), _BOTH, "torque tau in dm/dt = gamma tau, as in mumax3"),
    },
    **dict.fromkeys(("effective_field", "fieldlike_field", "dampinglike_field"), _FIELD),
    "spin_density": {
        "1/m2": Unit(lambda f: 1e18, (), "S per area, half the expectation value of sigma"),
        "1/m3": Unit(
            lambda f: 1e27 / float(f.thickness or 0.0),
            ("thickness",),
            "S per volume, half the expectation value of sigma",
        ),
    },
    "magnetization": {
        "1": Unit(lambda f: 1.0, (), "direction of the magnetization"),
        "A/m": Unit(lambda f: float(f.saturation_magnetization or 0.0), ("saturation_magnetization",), "magnetization"),
    },
}
QUANTITIES = tuple(UNITS)


def unit_of(solution: Solution, quantity: str, unit: str | None) -> str:
    """The unit that is meant: the given one, or the first of the quantity.

    Raises:
        ValueError: If the quantity does not have it, or the film lacks what it needs.
    """
    if quantity not in UNITS:
        other = f"; {quantity!r} is a map of plot" if quantity in KNOWN else ""
        raise ValueError(f"quantity = {quantity!r} must be {', '.join(QUANTITIES[:-1])} or {QUANTITIES[-1]}{other}")
    units = UNITS[quantity]
    chosen = next(iter(units)) if unit is None else unit
    if chosen not in units:
        raise ValueError(f"unit = {unit!r} does not go with {quantity}; it must be {' or '.join(units)}")
    for name, film in solution.problem.films.items():
        missing = [key for key in units[chosen].needs if getattr(film, key) is None]
        if missing:
            where = "[film]" if name not in solution.problem.regions else f"[regions.{name}]"
            raise ValueError(f"{quantity} in {chosen} needs {' and '.join(missing)} in {where}")
    if quantity in ("fieldlike_field", "dampinglike_field") and solution.axis is None:
        raise ValueError(f"{quantity} needs the axis of the torque; there is no current, so give drive.torque_axis")
    return chosen
