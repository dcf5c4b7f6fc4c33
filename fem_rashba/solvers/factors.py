"""Incomplete factors of a matrix of scalar matrices, in blocks of four, of single precision: loops of `factors.c`."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import reverse_cuthill_mckee

from fem_rashba.solvers.kernels import Kernels
from fem_rashba.solvers.native import POINTER, library


class IncompleteFactors:
    """L U of a matrix on its own pattern, nodes in reverse Cuthill-McKee order, which follows strong couplings.

    Args:
        matrix: Whose blocks are made, factorised and kept.

    Attributes:
        blocks: Of L and U, each column by column, shape (entries, 16), float32.
    """

    def __init__(self, matrix: Kernels) -> None:
        nodes, entries = len(matrix.starts) - 1, len(matrix.columns)
        graph = csr_array((np.ones(entries, dtype=np.int8), matrix.columns, matrix.starts), shape=(nodes, nodes))
        self._order = reverse_cuthill_mckee(graph, symmetric_mode=True).astype(np.int32)
        number = np.empty_like(self._order)
        number[self._order] = np.arange(nodes, dtype=np.int32)
        pattern = [np.empty(size, dtype=np.int32) for size in (nodes + 1, nodes, entries)]
        place = np.empty(entries, dtype=np.int32)
        call = _library()
        call.permuted(nodes, *_places(matrix.starts, matrix.columns, self._order, number, *pattern, place))
        self.blocks = np.empty((entries, 16), dtype=np.float32)
        by_unknown = np.ascontiguousarray(matrix.blocks.swapaxes(1, 2))
        call.fill(entries, *_places(matrix.scalars, by_unknown, place, self.blocks))
        if len(matrix.extra_rows):
            row = np.repeat(np.arange(nodes), np.diff(matrix.starts))
            known = matrix.extra_rows.astype(np.int64) * nodes + matrix.extra_columns
            extras = place[np.searchsorted(row * nodes + matrix.columns, known)]
            call.add(len(extras), *_places(extras, matrix.extra_blocks, self.blocks))
        free, where = matrix.free[self._order].astype(np.float32), np.full(nodes, -1, dtype=np.int32)
        call.fix(nodes, entries, *_places(*pattern, free, self.blocks))
        call.factorise(nodes, entries, *_places(*pattern, free, self.blocks, where))
        self._pattern = pattern
        self._work = np.empty((nodes, 4))

    def solve(self, b: np.ndarray, *, transposed: bool = False) -> np.ndarray:
        """(L U)^-1 b, or (L U)^-T b, shape (nodes, 4), zero at fixed fields."""
        x = np.empty_like(b)
        function = _library().solve_transposed if transposed else _library().solve
        b = np.ascontiguousarray(b)
        function(len(b), len(self.blocks), *_places(*self._pattern, self.blocks, self._order, b, self._work, x))
        return x


def _places(*arrays: np.ndarray) -> list[int]:
    """Where arrays are; they must have names, or they are gone before they are used."""
    assert all(array.flags.c_contiguous for array in arrays)
    return [array.ctypes.data for array in arrays]


@cache
def _library() -> ctypes.CDLL:
    number = ctypes.c_int
    functions: dict[str, list[Any]] = {
        "permuted": [number] + [POINTER] * 8,
        "fill": [ctypes.c_long] + [POINTER] * 4,
        "add": [number] + [POINTER] * 3,
        "fix": [number, number] + [POINTER] * 5,
        "factorise": [number, number] + [POINTER] * 6,
        "solve": [number, number] + [POINTER] * 8,
        "solve_transposed": [number, number] + [POINTER] * 8,
    }
    return library("factors.c", functions)
