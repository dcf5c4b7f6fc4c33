"""The section [sweep]: keys of other sections, each with a list of values or a range; the product in file order.

    [sweep]
    magnetization.theta = ["0 deg", "45 deg", "90 deg"]
    film.rashba_parameter = { start = "0 eV nm", stop = "0.1 eV nm", count = 11, spacing = "linear" }

A quoted key ("magnetization.theta") is the same. `method = "reduced"` solves few of the points and finds the others
from them, to `accuracy`.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from fem_rashba import config as configuration
from fem_rashba.config import builders, schema, toml_file
from fem_rashba.config.kinds import Choice, Kind, Plain, Quantity, is_number, shown
from fem_rashba.config.schema import Key
from fem_rashba.config.tables import checked, nearest
from fem_rashba.config.validation import magnetization
from fem_rashba.studies.plan import Axis, dimension_names
from fem_rashba.units import quantity, split

Table = dict[str, Any]

_SCALE = ("linear", "log")
_END = Key(Plain("a number or a string with a unit", lambda v: is_number(v) or isinstance(v, str)), required=True)
_COUNT = Plain("a whole number of at least 2", lambda v: type(v) is int and 2 <= v <= 1_000_000)
RANGE = {
    "start": _END,
    "stop": _END,
    "count": Key(_COUNT, required=True),
    "spacing": Key(Plain("'linear' or 'log'", lambda v: v in _SCALE), "linear"),
}
_MOST_KNOWN = 4096
METHOD = {
    "method": Key(Choice(("full", "reduced")), "full"),
    "accuracy": Key(Plain("a number between 1e-9 and 0.1", lambda v: is_number(v) and 1e-9 <= v <= 0.1), 1e-6),
}
"""How the points are solved: the keys of [sweep] that are no sections."""
_KEYS: dict[str, Mapping[str, Key]] = {
    "film": schema.FILM,
    "device": {name: key for keys in schema.SHAPES.values() for name, key in keys.items()}
    | schema.MESH
    | schema.OUTLINE
    | schema.GDS
    | schema.DISCRETIZATION,
    "magnetization": {
        name: key for keys in (*schema.TEXTURES.values(), *schema.MAGNETIZATIONS.values()) for name, key in keys.items()
    },
    "drive": schema.DRIVE,
    "terminals": schema.TERMINAL,
    "edges": schema.EDGE,
    "regions": schema.FILM,
    "solver": schema.SOLVER,
}
_NAMED = ("terminals", "edges", "regions")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A TOML file with a [sweep], every point of which was found valid as far as that goes without a mesh.

    Attributes:
        axes: What is swept, the slowest first.
        base: The tables of the file without [sweep].
        folder: Of the file.
        method: "full", each point solved, or "reduced", few of them.
        accuracy: Of the reduced method; None for the full one.
    """

    axes: tuple[Axis, ...]
    base: Table
    folder: Path
    method: str = "full"
    accuracy: float | None = None

    @cached_property
    def _known(self) -> dict[tuple[int, ...], configuration.Config]:
        """Configurations, by the indices of the axes that are none of [magnetization]."""
        return {}

    @property
    def size(self) -> int:
        """How many points."""
        return math.prod(len(axis.values) for axis in self.axes)

    def config(self, point: int) -> configuration.Config:
        """What `run` would read with --set for every swept key.

        Raises:
            ValueError: For the first thing that is wrong, after the values at this point.
        """
        group = self.group(point)
        try:
            if group not in self._known:
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[group] = configuration.configuration(self.table(point), self.folder)
            return self._turned(self._known[group], point)
        except ValueError as error:
            raise ValueError(f"[sweep] at {self.label(point)}: {error}") from None

    def group(self, point: int) -> tuple[int, ...]:
        """What the points share that differ in their magnetization alone: their indices along the other axes."""
        indices = np.unravel_index(point, [len(axis.values) for axis in self.axes])
        return tuple(int(i) for axis, i in zip(self.axes, indices, strict=True) if axis.path[0] != "magnetization")

    def _turned(self, config: configuration.Config, point: int) -> configuration.Config:
        """A configuration with the magnetization of a point."""
        values = [(axis, value) for axis, value in self.values(point) if axis.path[0] == "magnetization"]
        if not values:
            return config
        table = {"magnetization": copy.deepcopy(self.base.get("magnetization", {}))}
        for axis, value in values:
            toml_file.assign(table, axis.path, copy.deepcopy(value), f"[sweep] {axis.key}")
        own = magnetization(table["magnetization"])
        m = builders.magnetization(own, self.folder)
        return replace(config, magnetization=m, resolved=config.resolved | {"magnetization": own})

    def table(self, point: int) -> Table:
        """The tables of a point."""
        table = copy.deepcopy(self.base)
        for axis, value in self.values(point):
            toml_file.assign(table, axis.path, copy.deepcopy(value), f"[sweep] {axis.key}")
        return table

    def values(self, point: int) -> list[tuple[Axis, Any]]:
        """The value of every axis at a point."""
        indices = np.unravel_index(point, [len(axis.values) for axis in self.axes])
        return [(axis, axis.values[int(i)]) for axis, i in zip(self.axes, indices, strict=True)]

    def label(self, point: int) -> str:
        """The values at a point, in words."""
        return ", ".join(f"{axis.key} = {shown(value)}" for axis, value in self.values(point))


def load(path: str | Path, overrides: Sequence[str] = ()) -> Plan:
    """The sweep that a TOML file describes.

    Args:
        path: Of the file; paths in it are relative to its folder.
        overrides: Values in place of those of the file, as "section.key=value".

    Raises:
        ValueError: For the first thing that is wrong, in [sweep] or at one of its points.
    """
    table = configuration.table(path, overrides)
    given = table.pop("sweep", None)
    if not isinstance(given, dict) or not given:
        raise ValueError("the section [sweep] is missing or empty; it takes lists, such as of magnetization.theta")
    if "time" in table:
        raise ValueError("the section [time] does not go with [sweep], whose points are steady states; leave one out")
    how = checked({name: given.pop(name) for name in METHOD if name in given}, METHOD, "sweep", partial=True)
    method = how.get("method", METHOD["method"].default)
    if "accuracy" in how and method != "reduced":
        raise ValueError(f"sweep.accuracy = {how['accuracy']} goes only with sweep.method = 'reduced'")
    accuracy = how.get("accuracy", METHOD["accuracy"].default) if method == "reduced" else None
    if not given:
        raise ValueError("[sweep] has a method and nothing to sweep; it takes lists, such as of magnetization.theta")
    plan = Plan(axes=axes(given), base=table, folder=Path(path).parent, method=method, accuracy=accuracy)
    for text in overrides:
        key = ".".join(toml_file.key_path(text.partition("=")[0]))
        if any(axis.key == key for axis in plan.axes):
            raise ValueError(f"--set {text!r} sets a key that [sweep] has too; set sweep.{key} to one or more values")
    for point in range(plan.size):
        plan.config(point)
    return plan


def axes(given: Table) -> tuple[Axis, ...]:
    """The axes of [sweep].

    Raises:
        ValueError: If a key is unknown, or its values are no list and no range that it may have.
    """
    found: dict[tuple[str, ...], Any] = {}
    for path, value in _leaves(given):
        if path in found:
            raise ValueError(f"[sweep] has {'.'.join(path)} twice")
        found[path] = value
    names = dimension_names(list(found))
    return tuple(_axis(path, value, name) for (path, value), name in zip(found.items(), names, strict=True))


def _leaves(given: Table) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in given.items():
        path = tuple(toml_file.key_path(name) if "." in name else [name])
        yield from _below(path or (name,), value)


def _below(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The swept keys at or below a path."""
    of_all_edges = path[0] == "edges" and path[-1] in schema.SPIN
    section = len(path) == 1 or (len(path) == 2 and path[0] in _NAMED and not of_all_edges)
    if not section and path[-1] not in ("custom", "petsc"):
        yield path, value
        return
    if path[0] not in _KEYS:
        raise ValueError(
            f"[sweep] cannot take {'.'.join(path)}; the nearest section is [{nearest(path[0], _KEYS)}] of "
            f"{', '.join(f'[{name}]' for name in _KEYS)}"
        )
    if not isinstance(value, dict) or not value:
        raise ValueError(f"sweep.{'.'.join(path)} = {shown(value)} must be a section with keys to sweep")
    for name, own in value.items():
        yield from _below((*path, name), own)


def _kind(path: tuple[str, ...]) -> Kind | None:
    """Of what kind a key is; None where that is not said.

    Raises:
        ValueError: If there is no such key.
    """
    section, name = path[0], path[-1]
    if "petsc" in path[:-1]:
        return None
    known = schema.CUSTOM if "custom" in path[:-1] else _KEYS[section]
    if name in known:
        return known[name].kind
    others = schema.SECTIONS[section]
    if name in others:
        return None
    where = ".".join(path[:-1])
    every = [*known, *(other for other in others if other not in known)]
    raise ValueError(
        f"unknown key {where}.{name} in [sweep]; the nearest valid key is {where}.{nearest(name, every)}, "
        f"and [{where}] takes {', '.join(every)}"
    )


def _axis(path: tuple[str, ...], value: Any, name: str) -> Axis:
    kind, key = _kind(path), ".".join(path)
    if isinstance(value, dict):
        values = _range(value, kind, key)
    elif isinstance(value, list):
        values = value
    else:
        raise ValueError(
            f"sweep.{key} = {shown(value)} must be a list of values, or a range "
            "{ start = ..., stop = ..., count = ..., spacing = 'linear' or 'log' }"
        )
    if not values:
        raise ValueError(f"sweep.{key} = [] must have at least one value")
    if kind is not None:
        values = [kind.checked(v, f"sweep.{key}[{i}]") for i, v in enumerate(values)]
    numbers, unit = _numbers(values, kind)
    repeated = _repeated(values, numbers)
    if repeated is not None:
        raise ValueError(f"sweep.{key} has {shown(repeated)} twice; each value may be there once")
    return Axis(path=path, name=name, values=tuple(values), numbers=numbers, unit=unit)


def _repeated(values: list[Any], numbers: tuple[float, ...] | None) -> Any:
    """A value that is there twice, in whatever unit; None if none is."""
    if numbers is None:
        return next((value for i, value in enumerate(values) if value in values[:i]), None)
    order = sorted(range(len(numbers)), key=lambda i: numbers[i])
    for i, j in pairwise(order):
        # 0.006 um is 6 nm but for rounding
        if math.isclose(numbers[i], numbers[j], rel_tol=1e-12):
            return values[max(i, j)]
    return None


def _numbers(values: list[Any], kind: Kind | None) -> tuple[tuple[float, ...] | None, str]:
    """The values as numbers in the internal unit, if all of them are numbers."""
    if isinstance(kind, Quantity) and all(v == "inf" or v not in kind.words for v in values):
        return tuple(quantity(v, kind.unit) for v in values), kind.unit
    if all(is_number(v) for v in values):
        return tuple(float(v) for v in values), "1"
    return None, ""


def _range(table: Table, kind: Kind | None, key: str) -> list[Any]:
    where = f"sweep.{key}"
    given = checked(table, RANGE, where)
    ends = [given["start"], given["stop"]]
    if isinstance(kind, Quantity):
        for name in ("start", "stop"):
            Quantity(kind.unit).checked(given[name], f"{where}.{name}")
        start, stop = map(split, ends)
        if start is not None and stop is not None and start[1] == stop[1]:
            # in the user's own unit, whose numbers are round
            first, last, unit = start[0], stop[0], f" {start[1]}"
        else:
            first, last, unit = quantity(ends[0], kind.unit), quantity(ends[1], kind.unit), f" {kind.unit}"
    elif all(map(is_number, ends)):
        first, last, unit = float(ends[0]), float(ends[1]), ""
    else:
        raise ValueError(f"{where} cannot be a range from {shown(ends[0])} to {shown(ends[1])}; give a list of values")
    if first == last:
        raise ValueError(f"{where} is a range whose start and stop are both {shown(ends[0])}; give a list of one value")
    if given["spacing"] == "log" and not (first > 0 and last > 0):
        worst = ends[0] if first <= 0 else ends[1]
        raise ValueError(f"{where} is a range with spacing = 'log' and an end at {shown(worst)}; both must be positive")
    make = np.geomspace if given["spacing"] == "log" else np.linspace
    # fifteen digits: 0.03 and not 0.030000000000000002
    inner = [f"{float(v):.15g}" for v in make(first, last, given["count"])[1:-1]]
    return [ends[0], *(f"{v}{unit}" if unit else float(v) for v in inner), ends[1]]
