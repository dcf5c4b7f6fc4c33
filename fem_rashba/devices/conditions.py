"""What happens at terminals and edges.

A terminal is an equipotential contact. Its condition says how its potential is found, and what happens to spin there
(`fem_rashba.devices.spin`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fem_rashba.devices.spin import SpinCondition, check_spin
from fem_rashba.units import quantity


@dataclass(frozen=True)
class Voltage:
    """A terminal held at a voltage (a string with a unit, or V)."""

    value: str | float
    spin: SpinCondition = "sink"

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", _finite(self.value, "V", "voltage"))
        check_spin(self.spin)


@dataclass(frozen=True)
class Current:
    """A terminal through which a given conventional current enters the film (a string with a unit, or A)."""

    value: str | float
    spin: SpinCondition = "sink"

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", _finite(self.value, "A", "current"))
        check_spin(self.spin)


@dataclass(frozen=True)
class Floating:
    """An equipotential terminal without total current: a voltage probe."""

    spin: SpinCondition = "sink"

    def __post_init__(self) -> None:
        check_spin(self.spin)


@dataclass(frozen=True)
class Contact:
    """Under a uniform electric field: an equipotential at the voltage -E.r_c that the field has at its center r_c."""

    spin: SpinCondition = "sink"

    def __post_init__(self) -> None:
        check_spin(self.spin)


@dataclass(frozen=True)
class Open:
    """No contact at all: an edge. `spin` is by default that of the edges."""

    spin: SpinCondition | None = None

    def __post_init__(self) -> None:
        if self.spin is not None:
            check_spin(self.spin)


def Ground(spin: SpinCondition = "sink") -> Voltage:  # noqa: N802  (reads as one of the conditions)
    """A terminal at 0 V."""
    return Voltage(0.0, spin)


Condition = Voltage | Current | Floating | Contact | Open


def default_condition(name: str, field: tuple[float, float], spin: SpinCondition | None = None) -> Condition:
    """What a terminal is by default: floating; under a field open, or (source, drain) a contact."""
    if not any(field):
        return Floating(spin or "sink")
    return Contact(spin or "sink") if name in ("source", "drain") else Open(spin)


def resolved_terminals(
    names: Sequence[str], given: Mapping[str, Condition], field: tuple[float, float]
) -> dict[str, Condition]:
    """A condition for every terminal: the given ones, then the defaults, checked for solvability.

    Under voltages or currents the others float. Under a field, source and drain are contacts and the others open.

    Raises:
        ValueError: For an unknown terminal, no terminal, two kinds of drive, none, no ground, or currents that do not
            add up to zero.
    """
    if not names:
        raise ValueError("the device has no terminal; name at least one part of its boundary")
    for name in given:
        if name not in names:
            raise ValueError(f"unknown terminal {name!r}; this device has {', '.join(map(repr, names))}")
    if any(field):
        return _under_field(names, given, field)
    result = {name: given.get(name, default_condition(name, field)) for name in names}
    _check_circuit(result)
    return result


def _under_field(
    names: Sequence[str], given: Mapping[str, Condition], field: tuple[float, float]
) -> dict[str, Condition]:
    for name, condition in given.items():
        if isinstance(condition, Voltage | Current):
            raise ValueError(
                f"terminal {name!r} has a {type(condition).__name__.lower()} beside the electric_field: "
                "a device is driven by a uniform field or by voltages and currents, not both"
            )
    result = {name: given.get(name, default_condition(name, field)) for name in names}
    if not any(isinstance(c, Contact) for c in result.values()):
        raise ValueError(
            "no terminal is a contact of the electric_field: source and drain are by default, others if they say so"
        )
    return result


def _check_circuit(terminals: Mapping[str, Condition]) -> None:
    for name, condition in terminals.items():
        if isinstance(condition, Contact):
            raise ValueError(
                f"terminal {name!r} is a contact without an electric_field; give it a voltage, a current or floating"
            )
    if not any(isinstance(c, Voltage | Current) for c in terminals.values()):
        raise ValueError(
            "nothing drives the device: give an electric_field, or a terminal a voltage or a current; "
            'with injected spin alone, one terminal needs a voltage, such as "0 V"'
        )
    if any(isinstance(c, Voltage) for c in terminals.values()):
        return
    currents = {n: float(c.value) for n, c in terminals.items() if isinstance(c, Current)}
    total = sum(currents.values())
    if abs(total) > 1e-12 * max(map(abs, currents.values())):
        raise ValueError(
            f"the currents of the terminals {', '.join(map(repr, currents))} do not add up: their sum is {total:g} A "
            "and no terminal has a voltage to take it"
        )
    raise ValueError('no terminal is grounded; give at least one a voltage, such as "0 V"')


def _finite(value: str | float, unit: str, name: str) -> float:
    number = quantity(value, unit, name)
    if not math.isfinite(number):
        raise ValueError(f"{name} = {value!r} must be finite")
    return number
