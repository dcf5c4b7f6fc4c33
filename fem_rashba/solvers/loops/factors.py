"""Incomplete factors of a matrix of scalar matrices, in blocks of four, of single precision: loops of `factors.c`."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np

from fem_rashba.solvers.loops.elimination import Elimination, elimination
from fem_rashba.solvers.loops.kernels import Kernels
from fem_rashba.solvers.loops.native import POINTER, addresses, library

_SHIFT = 0.01
"""Part of the diagonal that is added to it where factors are unstable. Where flat triangles have been cut in half,
elimination without all fill would lead to a few pivots so small that the factors are those of another matrix."""

_LARGEST = 4.0
"""What stable factors leave of a random vector in two steps, at most: about its own largest entry."""


class IncompleteFactors:
    """L U of a matrix on its own pattern, or on a larger one; order and pattern are those of an `elimination`.

    Args:
        matrix: Whose blocks are made, factorised and kept.
        levels: Of fill, as of `elimination`.

    Attributes:
        blocks: Of L and U, each column by column, shape (entries, 16), float32.
    """

    def __init__(self, matrix: Kernels, *, levels: int) -> None:
        nodes = len(matrix.starts) - 1
        found = elimination(matrix.starts, matrix.columns, levels=levels)
        self._order, self._pattern = found.order, (found.lower, found.upper, found.columns)
        self._work = np.empty((nodes, 4))
        self._factorise(matrix, found, 0.0)
        if levels and not self._is_stable(matrix):
            self._factorise(matrix, found, _SHIFT)

    def _is_stable(self, matrix: Kernels) -> bool:
        """Whether the factors take no random vector for a much larger one."""
        left = np.random.default_rng(1).standard_normal(matrix.free.shape) * matrix.free
        for _ in range(2):
            left = left - self.solve(matrix.product(left))
        return bool(np.abs(left).max(initial=0.0) < _LARGEST)

    def _factorise(self, matrix: Kernels, found: Elimination, shift: float) -> None:
        nodes, call = len(matrix.starts) - 1, _library()
        # zero where only the factors have entries
        self.blocks = np.zeros((len(found.columns), 16), dtype=np.float32)
        by_unknown = np.ascontiguousarray(matrix.blocks.swapaxes(1, 2))
        call.fill(len(found.place), *addresses(matrix.scalars, by_unknown, found.place, self.blocks))
        if len(matrix.extra_rows):
            row = np.repeat(np.arange(nodes), np.diff(matrix.starts))
            known = matrix.extra_rows.astype(np.int64) * nodes + matrix.extra_columns
            extras = found.place[np.searchsorted(row * nodes + matrix.columns, known)]
            call.add(len(extras), *addresses(extras, matrix.extra_blocks, self.blocks))
        free, where = matrix.free[self._order].astype(np.float32), np.full(nodes, -1, dtype=np.int32)
        call.fix(nodes, len(found.columns), *addresses(*self._pattern, free, self.blocks))
        given = addresses(*self._pattern, free, self.blocks, where)
        call.factorise(nodes, len(found.columns), shift, *given)

    def solve(self, b: np.ndarray, *, transposed: bool = False) -> np.ndarray:
        """(L U)^-1 b, or (L U)^-T b, shape (nodes, 4), zero at fixed fields."""
        x = np.empty_like(b)
        function = _library().solve_transposed if transposed else _library().solve
        b = np.ascontiguousarray(b)
        function(len(b), len(self.blocks), *addresses(*self._pattern, self.blocks, self._order, b, self._work, x))
        return x


@cache
def _library() -> ctypes.CDLL:
    number = ctypes.c_int
    functions: dict[str, list[Any]] = {
        "fill": [ctypes.c_long] + [POINTER] * 4,
        "add": [number] + [POINTER] * 3,
        "fix": [number, number] + [POINTER] * 5,
        "factorise": [number, number, ctypes.c_float] + [POINTER] * 6,
        "solve": [number, number] + [POINTER] * 8,
        "solve_transposed": [number, number] + [POINTER] * 8,
    }
    return library("factors.c", functions)
