"""The records of a GDSII file, checked before a library reads it: a damaged file could end the process there.

A record is its length (2 bytes, big-endian, with these four), a type, a kind of data, and the data.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

LARGEST_FILE = 200_000_000
MOST_SHAPES = 200_000
"""Of a flattened cell."""

CONTEXT = "$$$CONTEXT_INFO$$$"
"""A cell in which KLayout keeps notes of its own."""

Layer = tuple[int, int]

_HEADER, _UNITS, _ENDLIB, _BGNSTR, _STRNAME, _ENDSTR = 0x00, 0x03, 0x04, 0x05, 0x06, 0x07
_BOUNDARY, _PATH, _SREF, _AREF, _TEXT, _NODE, _BOX = 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x15, 0x2D
_LAYER, _DATATYPES, _XY, _ENDEL, _SNAME, _COLROW = 0x0D, (0x0E, 0x2E), 0x10, 0x11, 0x12, 0x13
_ELEMENTS = (_BOUNDARY, _PATH, _SREF, _AREF, _TEXT, _NODE, _BOX)
_SHAPES = (_BOUNDARY, _PATH, _BOX)
_FEWEST_POINTS = {_BOUNDARY: 4, _PATH: 2, _BOX: 5, _SREF: 1, _AREF: 3}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What a cell has of its own.

    Attributes:
        shapes: How many on each (layer, datatype).
        references: Name of another cell and how many copies, one by one.
    """

    shapes: Counter[Layer] = field(default_factory=Counter)
    references: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a file has: its database unit in nm, and its cells by name."""

    unit: float
    cells: dict[str, Cell]

    @property
    def top(self) -> list[str]:
        """The cells that no other one refers to."""
        used = {name for cell in self.cells.values() for name, _ in cell.references}
        return [name for name in self.cells if name not in used and name != CONTEXT]

    def flattened(self, name: str) -> Counter[Layer]:
        """How many shapes a cell has on each (layer, datatype), those of its references included.

        Raises:
            ValueError: If a reference has no cell, or cells refer to each other in a circle.
        """
        known: dict[str, Counter[Layer]] = {}
        stack: list[tuple[str, bool]] = [(name, False)]
        open_cells: set[str] = set()
        while stack:
            here, done = stack.pop()
            cell = self.cells[here]
            if done:
                total = Counter(cell.shapes)
                for child, copies in cell.references:
                    for layer, count in known[child].items():
                        total[layer] += copies * count
                known[here] = total
                open_cells.discard(here)
            elif here not in known:
                open_cells.add(here)
                stack.append((here, True))
                for child, _ in cell.references:
                    if child not in self.cells:
                        raise ValueError(f"cell {here!r} refers to the cell {child!r}, which the file does not have")
                    if child in open_cells:
                        raise ValueError(f"the cells {child!r} and {here!r} refer to each other in a circle")
                    stack.append((child, False))
        return known[name]


def survey(path: Path) -> Survey:
    """What a GDSII file has.

    Raises:
        ValueError: If it cannot be read, is no GDSII file, or a record of it is damaged.
    """
    data = _contents(path)
    unit = None
    cells: dict[str, Cell] = {}
    cell: Cell | None = None
    element: _Element | None = None
    for at, kind, body in _records(data):
        if kind == _UNITS:
            unit = _unit(body, at)
        elif kind == _BGNSTR:
            cell = Cell()
        elif kind == _STRNAME and cell is not None:
            name = _text(body)
            if name in cells:
                raise ValueError(f"two cells are called {name!r}; names must differ")
            cells[name] = cell
        elif kind == _ENDSTR:
            cell = None
        elif kind in _ELEMENTS:
            if element is not None or cell is None:
                raise ValueError(f"the element at byte {at} starts inside another one or outside of any cell")
            element = _Element(kind=kind, at=at)
        elif kind == _ENDEL:
            if element is None or cell is None:
                raise ValueError(f"an element ends at byte {at} but none has started")
            element.enter(cell)
            element = None
        elif element is not None:
            element.take(kind, body)
    if unit is None:
        raise ValueError("the file has no database unit (record UNITS); it must be a complete GDSII file")
    if element is not None or cell is not None:
        raise ValueError("the last cell of the file is not complete")
    return Survey(unit=unit, cells=cells)


@dataclass(kw_only=True)
class _Element:
    kind: int
    at: int
    layer: int = 0
    datatype: int = 0
    points: int = 0
    copies: int = 1
    name: str = ""

    def take(self, kind: int, body: bytes) -> None:
        if kind in (_LAYER, *_DATATYPES, _COLROW) and len(body) < (4 if kind == _COLROW else 2):
            raise ValueError(f"the element at byte {self.at} has a record without its number")
        if kind == _LAYER:
            self.layer = struct.unpack(">H", body[:2])[0]
        elif kind in _DATATYPES:
            self.datatype = struct.unpack(">H", body[:2])[0]
        elif kind == _XY:
            if len(body) % 8:
                raise ValueError(f"the coordinates of the element at byte {self.at} are not complete")
            self.points += len(body) // 8
        elif kind == _SNAME:
            self.name = _text(body)
        elif kind == _COLROW:
            columns, rows = struct.unpack(">hh", body[:4])
            if columns < 1 or rows < 1:
                raise ValueError(f"the array at byte {self.at} has {columns} columns and {rows} rows")
            self.copies = columns * rows

    def enter(self, cell: Cell) -> None:
        fewest = _FEWEST_POINTS.get(self.kind, 0)
        if self.points < fewest:
            where = f" on layer {self.layer}/{self.datatype}" if self.kind in _SHAPES else ""
            raise ValueError(f"the element at byte {self.at}{where} has {self.points} points; it needs {fewest}")
        if self.kind in _SHAPES:
            cell.shapes[self.layer, self.datatype] += 1
        elif self.kind in (_SREF, _AREF):
            cell.references.append((self.name, self.copies))


def _contents(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise ValueError(
                f"the file has {size / 1e6:.0f} MB; at most {LARGEST_FILE / 1e6:.0f} MB are read, so save the cell of "
                "the device by itself"
            )
        data = path.read_bytes()
    except OSError as error:
        reason = str(error.strerror).lower()
        raise ValueError(f"the file cannot be read: {reason}; gds must be the path of a GDSII file") from None
    if not data:
        raise ValueError("the file is empty; it must be a GDSII file")
    if data.startswith(b"%SEMI-OASIS"):
        raise ValueError("this is an OASIS file; save it as GDSII")
    if data.startswith(b"\x1f\x8b"):
        raise ValueError("the file is compressed; unpack it first")
    if len(data) < 4 or data[:4] != b"\x00\x06\x00\x02":
        raise ValueError("this is no GDSII file: it does not begin with the record HEADER")
    return data


def _records(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Offset, type and data of every record up to the last, ENDLIB."""
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from(">HB", data, at)
        if length < 4 or length % 2:
            raise ValueError(f"the record at byte {at} has the length {length}; the file is damaged there")
        if at + length > len(data):
            break
        if kind == _ENDLIB:
            return
        yield at, kind, data[at + 4 : at + length]
        at += length
    raise ValueError(f"the file ends at byte {len(data)} before its last record, ENDLIB; it must be complete")


def _unit(body: bytes, at: int) -> float:
    """The database unit in nm: the second of two reals of 8 bytes, sign, exponent of 16 and 56 bits of fraction."""
    if len(body) != 16:
        raise ValueError(f"the units at byte {at} are damaged")
    (bits,) = struct.unpack(">Q", body[8:])
    exponent = (bits >> 56 & 0x7F) - 64
    meters = (bits & (1 << 56) - 1) / float(1 << 56) * 16.0**exponent * (-1 if bits >> 63 else 1)
    unit = meters * 1e9
    if not (math.isfinite(unit) and 1e-6 <= unit <= 1e6):
        raise ValueError(f"the database unit of the file is {unit:.3g} nm, which must be between 1e-6 nm and 1e6 nm")
    return unit


def _text(body: bytes) -> str:
    try:
        return body.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        raise ValueError(f"the name {body!r} of a cell is no text; the file is damaged there") from None
