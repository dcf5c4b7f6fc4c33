"""GDSII files: the polygons of the layers that a device is made of, references flattened, in nm."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fem_rashba.devices.gds_records import MOST_SHAPES, Layer, Survey, survey

Layers = Mapping[str, int | Sequence[int]]


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What a file has on the layers asked for.

    Attributes:
        unit: The database unit, nm.
        cell: The name of the cell.
        polygons: Name -> the corners of every polygon, shape (N, 2), nm.
    """

    unit: float
    cell: str
    polygons: dict[str, list[np.ndarray]]


def read(path: Path, layers: Layers, cell: str | None = None) -> Drawing:
    """The polygons of a cell, with all cells it refers to, on some layers.

    Args:
        path: The file.
        layers: Name -> a layer, whatever the datatype, or [layer, datatype].
        cell: Its name; by default that of the only cell that no other refers to.

    Raises:
        ValueError: If a layer is no layer or has no shape, there is no such cell, the file is no GDSII file, or gdstk
            is not installed.
    """
    asked = {name: checked_layer(name, layer) for name, layer in layers.items()}
    try:
        found = survey(path)
        name = _cell(found, cell)
        present = found.flattened(name)
        wanted = {key: _datatypes(key, layer, present, name) for key, layer in asked.items()}
        count = sum(present[layer] for chosen in wanted.values() for layer in chosen)
        if count > MOST_SHAPES:
            raise ValueError(f"the layers of the device have {count} shapes; there may be {MOST_SHAPES}")
        return Drawing(unit=found.unit, cell=name, polygons=_polygons(path, name, wanted))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def checked_layer(name: str, layer: Any) -> tuple[int, int | None]:
    """(layer, datatype), with None for any datatype.

    Raises:
        ValueError: If it is neither a layer nor [layer, datatype].
    """
    numbers = [layer] if type(layer) is int else layer
    few = isinstance(numbers, Sequence) and len(numbers) in (1, 2)
    if few and all(type(n) is int and 0 <= n < 65536 for n in numbers):
        return numbers[0], numbers[1] if len(numbers) == 2 else None
    raise ValueError(f"layers: {name} = {layer!r} must be a layer or [layer, datatype], each from 0 to 65535")


def shown(layer: int | Sequence[int]) -> str:
    """A layer for a message: 5 or 5/1."""
    return str(layer) if isinstance(layer, int) else "/".join(map(str, layer))


def _cell(found: Survey, cell: str | None) -> str:
    if cell is not None:
        if cell not in found.cells:
            raise ValueError(f"there is no cell {cell!r}; the file has {_list(found.cells)}")
        return cell
    if len(found.top) != 1:
        which = _list(found.top) if found.top else "none"
        raise ValueError(f"the file has {len(found.top)} top cells, {which}; give the one of the device as cell")
    return found.top[0]


def _list(names: Any) -> str:
    names = list(names)
    return ", ".join(map(repr, names[:10])) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _datatypes(key: str, layer: tuple[int, int | None], present: Mapping[Layer, int], cell: str) -> list[Layer]:
    number, datatype = layer
    chosen = [each for each in sorted(present) if each[0] == number and datatype in (None, each[1])]
    if not chosen:
        asked = f"{number}" if datatype is None else f"{number}/{datatype}"
        has = ", ".join(f"{n}/{d}" for n, d in sorted(present)) or "none"
        raise ValueError(f"nothing is drawn on layer {asked} ({key}) of the cell {cell!r}, which has the layers {has}")
    return chosen


def _polygons(path: Path, cell: str, wanted: Mapping[str, Sequence[Layer]]) -> dict[str, list[np.ndarray]]:
    try:
        import gdstk
    except ModuleNotFoundError:
        raise ValueError(
            "reading GDSII needs gdstk; install it with: pip install gdstk, or with conda from conda-forge"
        ) from None
    with warnings.catch_warnings(), _silent():
        warnings.simplefilter("ignore")
        try:
            library = gdstk.read_gds(path, unit=1e-9)
        except Exception as error:
            raise ValueError(f"gdstk cannot read the file ({error}); it must be a complete GDSII file") from None
        drawn: Any = next(each for each in library.cells if each.name == cell)
        return {
            key: [
                np.array(polygon.points)
                for layer, datatype in layers
                for polygon in drawn.get_polygons(depth=None, layer=layer, datatype=datatype)
            ]
            for key, layers in wanted.items()
        }


@contextmanager
def _silent() -> Iterator[None]:
    """The library prints its warnings past Python; what can be wrong has been checked before."""
    kept = os.dup(2)
    with tempfile.TemporaryFile() as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
