"""The points of the probe command."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np


def on_line(start: tuple[float, float], end: tuple[float, float], count: int) -> np.ndarray:
    """`count` equidistant points from `start` to `end`, shape (count, 2)."""
    t = np.linspace(0.0, 1.0, count)[:, None]
    return (1 - t) * np.array(start) + t * np.array(end)


def read(path: str) -> np.ndarray:
    """The columns x and y (nm) of a CSV file, shape (N, 2); without a line of names, its only two columns.

    Raises:
        ValueError: If it cannot be read or is not such a file.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"--points {path} is not text; it must be a CSV file with the columns x and y") from None
    except OSError as error:
        raise ValueError(f"--points {path} cannot be read: {str(error.strerror).lower()}") from None
    try:
        lines = list(enumerate(csv.reader(text.splitlines()), start=1))
    except csv.Error as error:
        raise ValueError(f"--points {path} is not a CSV file: {error}") from None
    rows = [(number, [cell.strip() for cell in row]) for number, row in lines if any(cell.strip() for cell in row)]
    columns = (0, 1)
    if rows and not (len(rows[0][1]) == 2 and all(map(_is_number, rows[0][1]))):
        columns, rows = _columns(path, rows[0][1]), rows[1:]
    if not rows:
        raise ValueError(f"--points {path} has no points; it must have lines with x and y in nm")
    return np.array([_point(path, number, row, columns) for number, row in rows])


def _columns(path: str, names: list[str]) -> tuple[int, int]:
    for name in ("x", "y"):
        if names.count(name) != 1:
            has = ", ".join(map(repr, names))
            raise ValueError(f"--points {path} must have one column {name!r}; its first line has {has[:80]}")
    return names.index("x"), names.index("y")


def _point(path: str, number: int, row: list[str], columns: tuple[int, int]) -> tuple[float, float]:
    cells = [row[column] if column < len(row) else "" for column in columns]
    for name, cell in zip("xy", cells, strict=True):
        if not (_is_number(cell) and math.isfinite(float(cell))):
            raise ValueError(f"--points {path}, line {number}: {name} = {cell!r} must be a number in nm")
    return float(cells[0]), float(cells[1])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
