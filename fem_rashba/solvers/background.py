"""The coarsest space of multigrid on even meshes: bilinear functions of a background grid, cut off by the film.

Nodes of degree 1 interpolate the grid; the coarse matrix is the Galerkin product, so that any shape will do. Where a
field is fixed at a node, the functions of the grid vanish there. The matrix is on rank 0.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
from mpi4py import MPI
from scipy.sparse import bsr_array, csr_array, diags_array

from fem_rashba.solvers.loops.kernels import Kernels
from fem_rashba.solvers.loops.native import POINTER, library

SPACING = 4.0
"""Of the grid, in mean distances of nodes."""

_SHIFT = 1e-10
"""Of the diagonal, relative."""

LARGEST = 120_000
"""Unknowns of the grid, which are factorised; beyond, its spacing grows."""


def interpolation(points: np.ndarray, owned: int, area: float, comm: MPI.Comm) -> csr_array:
    """Values at points of the bilinear functions of a grid over their bounding box, without functions of no point.

    Args:
        points: Shape (nodes, 2), nm; those that this rank owns before those of others.
        owned: How many it owns.
        area: Of the film, nm^2.
        comm: The ranks, which find the same grid. Collective.
    """
    nodes, total = len(points), comm.allreduce(owned)
    spacing = np.sqrt(area / total) * max(SPACING, np.sqrt(4 * total / LARGEST))
    low, high = np.empty((2, 2))
    comm.Allreduce(points.min(axis=0, initial=np.inf), low, op=MPI.MIN)
    comm.Allreduce(points.max(axis=0, initial=-np.inf), high, op=MPI.MAX)
    counts = np.maximum(1, np.round((high - low) / spacing)).astype(int)
    position = (points - low) / (high - low) * counts
    cell = np.minimum(position.astype(int), counts - 1)
    inside = position - cell
    columns, values = [], []
    for i, j in np.ndindex(2, 2):
        columns.append((cell[:, 0] + i) * (counts[1] + 1) + cell[:, 1] + j)
        values.append(np.abs(1 - i - inside[:, 0]) * np.abs(1 - j - inside[:, 1]))
    found = np.stack(columns, axis=1)
    here = np.zeros(int(np.prod(counts + 1)), dtype=np.uint8)
    here[found] = 1
    used = np.empty_like(here)
    comm.Allreduce(here, used, op=MPI.MAX)
    numbers = np.cumsum(used, dtype=np.int32) - 1
    starts = np.arange(0, 4 * nodes + 1, 4, dtype=np.int32)
    shape = (nodes, int(used.sum(dtype=int)))
    result = csr_array((np.stack(values, axis=1).ravel(), numbers[found].ravel(), starts), shape=shape)
    result.eliminate_zeros()
    return result


def galerkin(matrix: Kernels, interpolation: csr_array, free: np.ndarray, comm: MPI.Comm) -> csr_array | None:
    """The coarse matrix, of all ranks, on rank 0, with a diagonal of 1 for functions that vanish.

    Args:
        matrix: The rows that this rank owns.
        interpolation: Of one field, shape (known nodes, functions).
        free: 1 for unknowns, 0 for fixed fields, at the known nodes, shape (nodes, 4).
        comm: The ranks. Collective.
    """
    owned, count = len(matrix.free), interpolation.shape[1]
    p_starts, p_columns = interpolation.indptr.astype(np.int32), interpolation.indices.astype(np.int32)
    row = np.repeat(np.arange(owned, dtype=np.int32), np.diff(p_starts[: owned + 1]))
    begins, mark = np.empty(count + 1, dtype=np.int32), np.empty(count, dtype=np.int32)
    at, starts = np.empty(len(row), dtype=np.int32), np.empty(count + 1, dtype=np.int32)
    _call("reached", owned, count, p_starts, p_columns, begins, at, mark)
    pattern = (matrix.starts, matrix.columns, p_starts, p_columns, begins, at, row, mark, starts)
    _call("couplings", count, *pattern, None)
    columns = np.empty(starts[-1], dtype=np.int32)
    _call("couplings", count, *pattern, columns)
    extra_of = np.searchsorted(matrix.extra_rows, np.arange(owned)).astype(np.int32)
    extra = (matrix.extra_rows, matrix.extra_columns, matrix.extra_blocks, extra_of)
    whole, blocks = np.zeros((len(columns), 4)), np.zeros((len(columns), 4, 4))
    of_matrix = (matrix.starts, matrix.columns, matrix.scalars, matrix.blocks, len(matrix.extra_rows), *extra, free)
    reach = (p_starts, p_columns, interpolation.data, begins, at, row, mark, starts, columns)
    _call("product", count, *of_matrix, *reach, whole, blocks)
    found = _summed(bsr_array((blocks, columns, starts), shape=(4 * count, 4 * count)).tocsr(), comm)
    if found is None:
        return None
    diagonal = found.diagonal()
    # where few nodes are free, functions may depend on each other: of those any combination will do
    return found + diags_array(np.where(diagonal == 0.0, 1.0, _SHIFT * diagonal)).tocsr()


def _summed(matrix: csr_array, comm: MPI.Comm) -> csr_array | None:
    """The sum of the matrices of all ranks, added in their order, on rank 0. Collective."""
    if comm.size == 1:
        return matrix
    parts = comm.gather((matrix.data, matrix.indices, matrix.indptr))
    if parts is None:
        return None
    result = csr_array(parts[0], shape=matrix.shape)
    for part in parts[1:]:
        result = result + csr_array(part, shape=matrix.shape)
    return result


def _call(name: str, *arguments: Any) -> None:
    arrays = [a for a in arguments if isinstance(a, np.ndarray)]
    assert all(a.flags.c_contiguous and a.dtype in (np.int32, np.float64) for a in arrays)
    getattr(_library(), name)(*(a.ctypes.data if isinstance(a, np.ndarray) else a for a in arguments))


@cache
def _library() -> ctypes.CDLL:
    number = ctypes.c_int
    functions: dict[str, list[Any]] = {
        "reached": [number, number] + [POINTER] * 5,
        "couplings": [number] + [POINTER] * 10,
        "product": [number] + [POINTER] * 4 + [number] + [POINTER] * 16,
    }
    return library("galerkin.c", functions)
