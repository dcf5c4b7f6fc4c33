"""Products and sweeps with scalar matrices: the loops of `kernels.c`."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np

from fem_rashba.solvers.loops.native import POINTER, library


class _Matrix(ctypes.Structure):
    _fields_ = (
        ("nodes", ctypes.c_int),
        ("starts", POINTER),
        ("columns", POINTER),
        ("s", POINTER),
        ("t", POINTER),
        ("u", POINTER),
        ("extras", ctypes.c_int),
        ("extra_rows", POINTER),
        ("extra_columns", POINTER),
        ("extra_blocks", POINTER),
        ("free", POINTER),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Kernels:
    """A matrix sum_k s_k (x) t_k and what is done with it; vectors hold four fields at each node.

    It may have more columns than rows: nodes of other ranks come after the own ones. x has values at all, b and the
    results at those of the rows; sweeps leave the others as they are.

    Attributes:
        starts, columns: The pattern of the scalar matrices, int32.
        scalars: Their entries (`scalars.BULK`), shape (entries, 4).
        blocks: What they are multiplied by, shape (4, 4, 4).
        extra_rows, extra_columns, extra_blocks: Full blocks, sorted by row, shape (extras,) and (extras, 4, 4).
        free: 1 for unknowns, 0 for fixed fields, shape (nodes, 4).
    """

    starts: np.ndarray
    columns: np.ndarray
    scalars: np.ndarray
    blocks: np.ndarray
    extra_rows: np.ndarray
    extra_columns: np.ndarray
    extra_blocks: np.ndarray
    free: np.ndarray

    def product(self, x: np.ndarray) -> np.ndarray:
        """A x, zero at fixed fields, where x must be zero too."""
        y = np.empty_like(self.free)
        _library().product(self._reference, None, x.ctypes.data, y.ctypes.data)
        return y

    def residual(self, b: np.ndarray, x: np.ndarray) -> np.ndarray:
        """b - A x, zero at fixed fields."""
        y = np.empty_like(self.free)
        _library().product(self._reference, b.ctypes.data, x.ctypes.data, y.ctypes.data)
        return y

    def sweep(self, b: np.ndarray, x: np.ndarray, *, downwards: bool, zero: bool = False) -> None:
        """One step of block Gauss-Seidel for A x = b in x; `zero`: x is zero before."""
        found = [part.ctypes.data for part in (self._inverses, self._rough, self._diagonal)]
        _library().sweep(self._reference, *found, downwards, zero, b.ctypes.data, x.ctypes.data)

    @cached_property
    def transposed(self) -> Kernels:
        """The transposed matrix: of the scalar ones the first two are symmetric, the others antisymmetric."""
        order = np.lexsort((self.extra_rows, self.extra_columns))
        signs = np.array([1.0, 1.0, -1.0, -1.0])[:, None, None]
        found = replace(
            self,
            blocks=np.ascontiguousarray(signs * self.blocks.swapaxes(1, 2)),
            extra_rows=self.extra_columns[order],
            extra_columns=self.extra_rows[order],
            extra_blocks=np.ascontiguousarray(self.extra_blocks[order].swapaxes(1, 2)),
        )
        for name in ("_rough", "_diagonal"):
            # what sweeps keep is the same
            if name in self.__dict__:
                found.__dict__[name] = self.__dict__[name]
        return found

    @cached_property
    def _reference(self) -> ctypes._CArgObject:  # type: ignore[name-defined]
        arrays = {
            "starts": np.int32,
            "columns": np.int32,
            "scalars": np.float64,
            "blocks": np.float64,
            "extra_rows": np.int32,
            "extra_columns": np.int32,
            "extra_blocks": np.float64,
            "free": np.float64,
        }
        for name, kind in arrays.items():
            array = getattr(self, name)
            assert array.dtype == kind and array.flags.c_contiguous, name
        starts, columns, scalars, blocks, *extras, free = (getattr(self, name).ctypes.data for name in arrays)
        first = (len(self.starts) - 1, starts, columns, scalars, blocks, self._by_unknown.ctypes.data)
        matrix = _Matrix(*first, len(self.extra_rows), *extras, free)
        return ctypes.byref(matrix)

    @cached_property
    def _rough(self) -> np.ndarray:
        return self.scalars.astype(np.float32)

    @cached_property
    def _by_unknown(self) -> np.ndarray:
        return np.ascontiguousarray(self.blocks.transpose(2, 0, 1))

    @cached_property
    def _diagonal(self) -> np.ndarray:
        rows = np.repeat(np.arange(len(self.free), dtype=np.int32), np.diff(self.starts))
        return np.flatnonzero(self.columns == rows).astype(np.int32)

    @cached_property
    def _inverses(self) -> np.ndarray:
        found = np.empty((len(self.free), 4, 4), dtype=np.float32)
        _library().inverses(self._reference, found.ctypes.data)
        return found


def scatter(targets: np.ndarray, values: np.ndarray, to: np.ndarray, column: int) -> None:
    """Adds values to the rows `targets` of a column of `to`, in their order.

    Args:
        targets: int32, any shape.
        values: Of the same shape.
        to: Shape (rows, columns).
        column: Of `to`.
    """
    assert targets.dtype == np.int32 and values.dtype == to.dtype == np.float64 and targets.size == values.size
    assert all(array.flags.c_contiguous for array in (targets, values, to))
    place = to.ctypes.data + column * to.itemsize
    _library().scatter(values.size, targets.ctypes.data, values.ctypes.data, to.shape[1], place)


def scatter_all(targets: np.ndarray, values: Sequence[np.ndarray], to: np.ndarray) -> None:
    """`scatter` into all four columns of `to` at once, shape (rows, 4), from as many arrays."""
    assert targets.dtype == np.int32 and to.dtype == np.float64 and to.shape[1] == len(values) == 4
    assert all(array.flags.c_contiguous for array in (targets, *values, to))
    assert all(array.dtype == np.float64 and array.size == targets.size for array in values)
    _library().scatter_all(targets.size, targets.ctypes.data, *(v.ctypes.data for v in values), to.ctypes.data)


@cache
def _library() -> ctypes.CDLL:
    functions: dict[str, list[Any]] = {
        "product": [POINTER] * 4,
        "inverses": [POINTER] * 2,
        "sweep": [POINTER, POINTER, POINTER, POINTER, ctypes.c_int, ctypes.c_int, POINTER, POINTER],
        "scatter": [ctypes.c_long, POINTER, POINTER, ctypes.c_int, POINTER],
        "scatter_all": [ctypes.c_long] + [POINTER] * 6,
    }
    return library("kernels.c", functions)
