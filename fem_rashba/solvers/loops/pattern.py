"""The pattern of a matrix that is summed over cells: the loops of `pattern.c`."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from fem_rashba.solvers.loops.native import POINTER, library


@dataclass(frozen=True)
class Pattern:
    """Where each row begins, and the column of every entry, in order within a row."""

    starts: np.ndarray
    columns: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """The row of every entry."""
        return np.repeat(np.arange(len(self.starts) - 1, dtype=np.int32), np.diff(self.starts))

    def rows_at(self, positions: np.ndarray) -> np.ndarray:
        """The rows of some entries."""
        return np.asarray(np.searchsorted(self.starts, positions, side="right") - 1, dtype=np.int32)


def summation(dofs: np.ndarray, nodes: int) -> tuple[np.ndarray, Pattern]:
    """Where the entries of element matrices go, int32 of shape (cells, nodes of a cell squared), and the pattern there.

    Args:
        dofs: The nodes of every cell, int32, shape (cells, nodes of a cell).
        nodes: Number of nodes.
    """
    dofs = np.ascontiguousarray(dofs, dtype=np.int32)
    cells, count = dofs.shape
    begins, starts = (np.empty(nodes + 1, dtype=np.int32) for _ in range(2))
    at, mark = np.empty(dofs.size, dtype=np.int32), np.empty(nodes, dtype=np.int32)
    _library().rows(cells, count, dofs.ctypes.data, nodes, *(array.ctypes.data for array in (begins, at, mark, starts)))
    columns = np.empty(starts[-1], dtype=np.int32)
    targets = np.empty((cells, count * count), dtype=np.int32)
    arrays = (begins, at, mark, starts, columns, targets)
    _library().entries(count, dofs.ctypes.data, nodes, *(array.ctypes.data for array in arrays))
    return targets, Pattern(starts, columns)


@cache
def _library() -> ctypes.CDLL:
    number = ctypes.c_int
    functions: dict[str, list[Any]] = {
        "rows": [number, number, POINTER, number] + [POINTER] * 4,
        "entries": [number, POINTER, number] + [POINTER] * 6,
    }
    return library("pattern.c", functions)
