"""Sections with all their defaults -> the objects they describe."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fem_rashba.config.schema import FILM, SPIN, TERMINAL
from fem_rashba.config.validation import nearest
from fem_rashba.devices.conditions import (
    Condition,
    Contact,
    Current,
    Floating,
    Open,
    Voltage,
    default_condition,
)
from fem_rashba.devices.spin import SpinCondition, spin_condition, spin_word
from fem_rashba.grids.magnetization import ovf_magnetization
from fem_rashba.physics.couplings import Couplings
from fem_rashba.physics.film import Film
from fem_rashba.physics.magnetization import Magnetization, uniform
from fem_rashba.physics.textures import bloch_wall, expression, neel_wall, skyrmion, spiral
from fem_rashba.units import quantity

Table = dict[str, Any]

_TEXTURES: dict[str, Callable[..., Magnetization]] = {
    "neel_wall": neel_wall,
    "bloch_wall": bloch_wall,
    "spiral": spiral,
    "skyrmion": skyrmion,
}
_SUBJECTS = {"terminal": "terminals", "terminals": "terminals", "edge": "edges"} | dict.fromkeys(
    ("region", "regions"), "regions"
)


@contextmanager
def in_section(section: str, keys: Iterable[str] = ()) -> Iterator[None]:
    """Put the section before the messages of ValueErrors; one of `keys` at their start becomes a full key."""
    try:
        yield
    except ValueError as error:
        message = str(error)
        word = re.match(r"\w*", message)[0]  # type: ignore[index]
        if word in keys:
            raise ValueError(f"{section}.{message}") from None
        raise ValueError(f"{_SUBJECTS.get(word, section)}: {message}") from None


@contextmanager
def in_device(resolved: Table) -> Iterator[None]:
    """As `in_section` for what is done with the shape: messages about a file get its key."""
    device = resolved["device"]
    file = next((key for key in ("mesh", "gds") if key in device), None)
    with in_section("device" if file is None else f"device.{file}", device if file is None else ()):
        yield


def film(table: Table, section: str) -> Film:
    """The film of [film], or of a region."""
    given = dict(table)
    custom = given.pop("custom", None)
    with in_section(section, FILM):
        if custom is not None:
            given["couplings"] = Couplings(**custom)
        return Film(**given)


def region_table(base: Table, own: Table) -> Table:
    """[film] with the keys of a region in place of its own, or of those they are alternatives to."""
    result = dict(base)
    for one, other in (("exchange_time", "exchange_splitting"), ("exchange_splitting", "exchange_time")):
        if one in own and other not in own:
            result.pop(other, None)
    result |= {key: value for key, value in own.items() if key != "polygon"}
    if result["couplings"] != "custom":
        result.pop("custom", None)
    return result


def magnetization(table: Table, folder: Path) -> Magnetization:
    """m of [magnetization]; paths in it are relative to `folder`."""
    given = dict(table)
    with in_section("magnetization", table):
        if "texture" in given:
            return _TEXTURES[given.pop("texture")](**given)
        if "expression" in given:
            return expression(given["expression"])
        if "ovf" in given:
            return ovf_magnetization(folder / given.pop("ovf"), **given)
        if "theta" in given:
            polar, azimuth = (quantity(given[name], "rad", name) for name in ("theta", "phi"))
            raw = math.sin(polar) * math.cos(azimuth), math.sin(polar) * math.sin(azimuth), math.cos(polar)
            # cos(90 deg) is 6e-17, and "m parallel to e" must be recognised
            return uniform([round(component, 15) for component in raw])
        return uniform(given["direction"])


def electric_field(drive: Table) -> tuple[float, float]:
    """(Ex, Ey) in V/nm; (0, 0) if there is none."""
    x, y = (quantity(value, "V/nm") for value in drive.get("electric_field", [0.0, 0.0]))
    return x, y


def torque_axis(drive: Table) -> tuple[float, float, float] | None:
    """The direction of [drive] torque_axis, if there is one."""
    if "torque_axis" not in drive:
        return None
    x, y, z = map(float, drive["torque_axis"])
    if x == y == z == 0:
        raise ValueError("drive.torque_axis = [0, 0, 0] must not be zero")
    return x, y, z


def condition(name: str, table: Table, field: tuple[float, float]) -> Condition:
    """What [terminals.NAME] says."""
    with in_section(f"terminals.{name}", TERMINAL):
        spin = _spin(table)
        if "voltage" in table:
            return Voltage(table["voltage"], spin or "sink")
        if "current" in table:
            return Current(table["current"], spin or "sink")
        if "floating" in table:
            return Floating(spin or "sink")
        if "contact" in table:
            return Contact(spin or "sink")
        if "open" in table:
            return Open(spin)
        return default_condition(name, field, spin)


def edges(table: Table) -> dict[str, SpinCondition]:
    """Spin conditions by the name of the edge; "edge" stands for those not named."""
    sections = {"edge": {key: value for key, value in table.items() if key in SPIN}}
    sections |= {name: own for name, own in table.items() if name not in SPIN}
    found = {}
    for name, own in sections.items():
        with in_section("edges" if name == "edge" and "edge" not in table else f"edges.{name}", SPIN):
            found[name] = spin_condition(**{key: own[key] for key in SPIN if key in own})
    return found


def _spin(table: Table) -> SpinCondition | None:
    """The condition of a terminal's section; None where it says nothing of spin."""
    given = {key: table[key] for key in SPIN if key in table}
    return spin_condition(**({"spin": "sink"} | given)) if given else None


def described(resolved: Table, terminals: Mapping[str, Condition]) -> Table:
    """The sections with the conditions that listed terminals have by default written out."""
    sections = {}
    for name, condition in terminals.items():
        kind = type(condition).__name__.lower()
        own = resolved["terminals"][name]
        sections[name] = {kind: True} | own | ({} if condition.spin is None else {"spin": spin_word(condition.spin)})
    return resolved | {"terminals": sections}


def check_names(given: Iterable[str], known: Iterable[str], section: str) -> None:
    """Raise a ValueError with the nearest name for the first of `given` that is not `known`."""
    known = list(known)
    for name in given:
        if name not in known:
            has = ", ".join(map(repr, known))
            hint = f"the nearest is {nearest(name, known)!r} of {has}" if known else "it has none"
            raise ValueError(f"unknown name in [{section}.{name}]: this device has no such {section[:-1]}; {hint}")
