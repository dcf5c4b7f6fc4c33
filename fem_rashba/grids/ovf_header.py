"""The header of an OVF file, the format of OOMMF, mumax3 and Ubermag, versions 1.0 and 2.0.

Labels are case-blind and may hold spaces; what follows ## is a comment; labels that do not matter here are skipped.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import BinaryIO

from fem_rashba.physics.gridded import Grid

NANOMETERS = {"m": 1e9, "cm": 1e7, "mm": 1e6, "um": 1e3, "µm": 1e3, "μm": 1e3, "nm": 1.0, "pm": 1e-3}
WIDTHS = {"text": 0, "binary 4": 4, "binary 8": 8}
_LONGEST_LINE, _MOST_LINES = 1 << 16, 10000
_FIRST = re.compile(r"#oommf(?:ovf(?P<two>2\.0)|:(?P<mesh>rectangular|irregular)meshv(?:1\.0+|0\.99|0\.0a0))$")


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a header says.

    Attributes:
        version: 1 or 2.
        grid: In nm.
        multiplier: Of the values.
        unit: Of the values, as it stands in the file.
        data: "text", "binary 4" or "binary 8".
        lines: How many lines come before the data.
    """

    version: int
    grid: Grid
    multiplier: float
    unit: str
    data: str
    lines: int


def read_header(file: BinaryIO, name: str) -> Header:
    """The header, up to and with the line that begins the data.

    Args:
        file: At its start.
        name: What messages call the file.

    Raises:
        ValueError: If it is no header of vectors on a rectangular mesh, with what is allowed.
    """
    version = _version(_line(file, name, 1), name)
    entries: dict[str, str] = {}
    for number in range(2, _MOST_LINES):
        text = _line(file, name, number).split("##")[0].strip()
        if text and not text.startswith("#"):
            raise ValueError(f"{name} has {text[:40]!r} in line {number}; a line before the data must start with #")
        label, colon, value = text.lstrip("#").partition(":")
        label, value = re.sub(r"\s", "", label).lower(), value.strip()
        words = re.sub(r"\s+", " ", value).lower()
        if label == "begin" and words.startswith("data"):
            return _header(version, entries, words, number, name)
        if colon:
            entries.setdefault(label, value)
    raise ValueError(f"{name} has no data in its first {_MOST_LINES} lines; it must have a line '# Begin: Data Text'")


def _line(file: BinaryIO, name: str, number: int) -> str:
    raw = file.readline(_LONGEST_LINE)
    if not raw and number > 1:
        raise ValueError(f"{name} ends in its header, line {number}; it must have a line '# Begin: Data Text'")
    if len(raw) == _LONGEST_LINE and number > 1:
        raise ValueError(f"{name} has a line of more than {_LONGEST_LINE} characters in its header, line {number}")
    return raw.decode("utf-8", errors="replace")


def _version(line: str, name: str) -> int:
    found = _FIRST.match(re.sub(r"\s", "", line.split("##")[0]).lower())
    if found is None:
        raise ValueError(
            f"{name} is not an OVF file: its first line is {line.strip()[:40]!r}; it must be '# OOMMF OVF 2.0' or "
            "'# OOMMF: rectangular mesh v1.0'"
        )
    if found["mesh"] == "irregular":
        raise ValueError(f"{name} has an irregular mesh; it must have a rectangular one")
    return 2 if found["two"] else 1


def _header(version: int, entries: dict[str, str], words: str, lines: int, name: str) -> Header:
    data = words.removeprefix("data").strip()
    if data not in WIDTHS:
        raise ValueError(f"{name} has data of the kind {data!r} in line {lines}; it must be text, binary 4 or binary 8")
    mesh = entries.get("meshtype", "rectangular").lower()
    if mesh != "rectangular":
        raise ValueError(f"{name} has the meshtype {mesh!r}; it must be rectangular")
    if entries.get("segmentcount", "1") != "1":
        raise ValueError(f"{name} has {entries['segmentcount']} segments; it must have 1")
    if version == 2 and entries.get("valuedim") != "3":
        raise ValueError(f"{name} has valuedim = {entries.get('valuedim', 'missing')}; it must be 3, for vectors")
    multiplier = _number(entries, "valuemultiplier", name, "1") if version == 1 else 1.0
    unit = entries.get("valueunit" if version == 1 else "valueunits", "").split()
    return Header(
        version=version, grid=_grid(entries, name), multiplier=multiplier, unit=unit[0] if unit else "", data=data,
        lines=lines,
    )  # fmt: skip


def _grid(entries: dict[str, str], name: str) -> Grid:
    unit = entries.get("meshunit", "missing").lower()
    if unit not in NANOMETERS:
        raise ValueError(f"{name} has meshunit = {unit}; it must be m, cm, mm, um, nm or pm")
    corner, cell, counts = [], [], []
    for axis in "xyz":
        step, count = _number(entries, f"{axis}stepsize", name), entries.get(f"{axis}nodes", "missing")
        if not step > 0:
            raise ValueError(f"{name} has {axis}stepsize = {entries[f'{axis}stepsize']}; it must be positive")
        if not (count.isdecimal() and len(count) < 19 and int(count) > 0):
            raise ValueError(f"{name} has {axis}nodes = {count[:40]}; it must be a whole number of at least 1")
        # the base is the centre of the first cell
        start = _number(entries, f"{axis}min", name) if f"{axis}base" not in entries else None
        start = _number(entries, f"{axis}base", name) - step / 2 if start is None else start
        corner.append(_rounded(start * NANOMETERS[unit]))
        cell.append(_rounded(step * NANOMETERS[unit]))
        counts.append(int(count))
    return Grid(corner=tuple(corner), cell=tuple(cell), counts=tuple(counts))  # type: ignore[arg-type]


def _rounded(length: float) -> float:
    """Without the rounding of a change of units: 1e-9 m is 1 nm."""
    return round(float(f"{length:.12g}"), 12) if abs(length) > 1e-12 else 0.0


def _number(entries: dict[str, str], label: str, name: str, default: str = "missing") -> float:
    text = entries.get(label, default)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{name} has {label} = {text[:40]}; it must be a number")
    return value
