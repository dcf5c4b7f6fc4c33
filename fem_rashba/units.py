"""Units: nm, ps, eV, V and the elementary charge inside; unit strings at the boundary.

This is the one module that converts. Everything else computes in

    length nm, time ps, energy eV, voltage V, electric field V/nm, density 1/nm^2, angle rad,

with the three exceptions that a user reads in their own units: currents in A, magnetic fields in mT and the
saturation magnetization in A/m.
"""

from __future__ import annotations

import math
import re
from functools import cache, lru_cache
from typing import Any

HBAR = 6.582119569509066e-4
"""Reduced Planck constant in eV ps."""

HBAR2_OVER_ME = 0.0761996423
"""hbar^2 / m_e in eV nm^2, m_e the free electron mass."""

GYROMAGNETIC_RATIO = 0.176085963023
"""Of the free electron, gamma > 0, in rad/(ps T)."""

AMPERE_PER_RATE = 1.602176634e-7
"""Electric current in A of one elementary charge per ps."""

TESLA_PER_TORQUE = 1.602176634e8
"""Field in T of a torque density of 1 eV/nm^2 on a film with saturation magnetization x thickness = 1 (A/m) nm:
(1.602176634e-19 J / 1e-18 m^2) / (1e-9 A)."""

JOULE_PER_AREA = 0.1602176634
"""J/m^2 of 1 eV/nm^2."""

TESLA_PER_FIELD = 4e-7 * math.pi
"""Flux density in T of a field of 1 A/m, as OOMMF and mumax3 have it."""

SHEET_CURRENT = AMPERE_PER_RATE * 1e9
"""Sheet current density in A/m of one elementary charge per (ps nm)."""

_NAMES = {
    "eV nm": "an energy times a length, such as '0.01 eV nm'",
    "ps": "a time, such as '10 fs'",
    "eV": "an energy, such as '66 meV'",
    "1/nm": "an inverse length, such as '4.3 1/nm'",
    "nm": "a length, such as '50 nm'",
    "V": "a voltage, such as '1 mV'",
    "A": "a current, such as '1 uA'",
    "V/nm": "an electric field, such as '1 mV/nm'",
    "A/m": "a magnetization, such as '1 MA/m'",
    "rad": "an angle, such as '90 deg'",
    "nm/ps": "a velocity, such as '100 m/s'",
    "1/nm^2": "a density, such as '1e-6 1/nm^2'",
    "1/(nm ps)": "a spin current density, such as '1e-3 1/(nm ps)'",
    "1/ps": "a frequency, such as '10 GHz'",
    "s": "a time, such as '30 s'",
    "ohm": "a resistance, such as '1 ohm'",
    "mT": "a magnetic field, such as '100 mT'",
}

_USUAL: dict[str, dict[str, tuple[float, float]]] = {
    "eV nm": {"eV nm": (1, 1), "meV nm": (1, 1e3)},
    "ps": {"fs": (1, 1e3), "ps": (1, 1), "ns": (1e3, 1)},
    "eV": {"meV": (1, 1e3), "eV": (1, 1)},
    "1/nm": {"1/nm": (1, 1)},
    "nm": {"nm": (1, 1), "um": (1e3, 1)},
    "V": {"uV": (1, 1e6), "mV": (1, 1e3), "V": (1, 1)},
    "A": {"nA": (1, 1e9), "uA": (1, 1e6), "mA": (1, 1e3), "A": (1, 1)},
    "V/nm": {"mV/nm": (1, 1e3), "V/nm": (1, 1)},
    "A/m": {"A/m": (1, 1), "kA/m": (1e3, 1), "MA/m": (1e6, 1)},
    "rad": {"deg": (math.pi, 180), "rad": (1, 1)},
    "1/nm^2": {"1/nm^2": (1, 1)},
    "mT": {"mT": (1, 1), "T": (1e3, 1)},
}
"""Internal unit -> what most files say -> the number to multiply by and that to divide by. Pint, which takes longer to
start than a small mesh, reads the rest."""


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry(cache_folder=None)


def expected(unit: str) -> str:
    """What a value in `unit` is called, with an example, for the message of an error."""
    return _NAMES.get(unit, f"a value in {unit}")


def quantity(value: str | float, unit: str, name: str = "value", *, bare: bool = True) -> float:
    """The number of `unit` in `value`.

    Args:
        value: A string with a unit ("10 fs", "inf"), or a plain number already in `unit`.
        unit: The internal unit, one of nm, ps, eV, 1/nm, eV nm, V, V/nm, A, A/m, rad, nm/ps, 1/ps, 1/nm^2,
            1/(nm ps), s, ohm, mT.
        name: What the value is called, for the message of an error.
        bare: Whether a plain number is accepted (it is in Python, and is not in a TOML file).

    Raises:
        ValueError: If the unit is missing, unknown or of another dimension, or the value is no number.
    """
    wanted = expected(unit)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{name} = {value!r} is not a quantity; it must be {wanted}")
    if not isinstance(value, str):
        if not bare:
            raise ValueError(f"{name} = {value!r} has no unit; it must be {wanted}")
        number = float(value)
    elif value.strip() in ("inf", "+inf", "infinity"):
        number = math.inf
    else:
        number = _parse(value, unit, name, wanted)
    if math.isnan(number):
        raise ValueError(f"{name} = {value!r} is not a number; it must be {wanted}")
    return number


def split(text: str) -> tuple[float, str] | None:
    """The number and the unit of a string: 10 and "fs" of "10 fs"; None if they cannot be told apart."""
    number = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
    match = re.fullmatch(rf"\s*({number})(?:\s*([^\W\d].*)|\s+(1\s*/.*))", text.rstrip())
    return (float(match[1]), match[2] or match[3]) if match else None


# the points of a sweep say most of their quantities in the same words
@lru_cache(maxsize=4096)
def _parse(text: str, unit: str, name: str, wanted: str) -> float:
    number, word = split(text) or (math.nan, "")
    if word in _USUAL.get(unit, {}):
        times, over = _USUAL[unit][word]
        return number * times / over
    import pint

    try:
        parsed = _registry().Quantity(text)
    except pint.UndefinedUnitError as error:
        unknown = error.unit_names if isinstance(error.unit_names, str) else ", ".join(error.unit_names)
        raise ValueError(f"{name} = {text!r} has the unknown unit {unknown!r}; it must be {wanted}") from None
    except Exception:  # pint lets tokenizer, assertion and syntax errors through
        raise ValueError(f"{name} = {text!r} cannot be read; it must be {wanted}") from None
    if not isinstance(parsed.magnitude, int | float):
        raise ValueError(f"{name} = {text!r} cannot be read; it must be {wanted}")
    if parsed.units == _registry().dimensionless:
        raise ValueError(f"{name} = {text!r} has no unit; it must be {wanted}")
    try:
        return float(parsed.to(unit).magnitude)
    except pint.DimensionalityError:
        raise ValueError(f"{name} = {text!r} has the wrong dimension; it must be {wanted}") from None
