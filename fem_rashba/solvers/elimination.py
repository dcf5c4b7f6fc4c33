"""Order and pattern of incomplete factors: loops of `elimination.c`."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import reverse_cuthill_mckee

from fem_rashba.solvers.native import POINTER, addresses, library


@dataclass(frozen=True, kw_only=True, eq=False)
class Elimination:
    """The nodes in reverse Cuthill-McKee order, which follows strong couplings, and the entries of L and U in it.

    Attributes:
        order: The node that is eliminated as the i-th, shape (nodes,).
        lower, upper, columns: Rows of L from lower[i] on, of U from upper[i] on (as `halves` of `elimination.c`).
        place: Where each entry of the matrix is among those of the factors.
    """

    order: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    columns: np.ndarray
    place: np.ndarray


def elimination(starts: np.ndarray, columns: np.ndarray, *, fill: bool) -> Elimination:
    """That of a symmetric pattern with its diagonal.

    Args:
        starts, columns: Rows of the pattern, int32.
        fill: Whether there are also entries between nodes that one earlier node couples.
    """
    nodes, entries = len(starts) - 1, len(columns)
    graph = csr_array((np.ones(entries, dtype=np.int8), columns, starts), shape=(nodes, nodes))
    order = reverse_cuthill_mckee(graph, symmetric_mode=True).astype(np.int32)
    number = np.empty_like(order)
    number[order] = np.arange(nodes, dtype=np.int32)
    old, call = (starts, columns, order, number), _library()
    first, after = np.empty(nodes + 1, dtype=np.int32), np.empty((entries - nodes) // 2, dtype=np.int32)
    call.after(nodes, *addresses(*old, first, after))
    found = _halves(first, after)
    if fill:
        known, new_first = addresses(first, after, found[0], found[2]), np.empty_like(first)
        seen = np.full(nodes, -1, dtype=np.int32)
        call.filled(nodes, *known, new_first.ctypes.data, None, seen.ctypes.data)
        new_after = np.empty(new_first[-1], dtype=np.int32)
        seen[:] = -1
        call.filled(nodes, *known, *addresses(new_first, new_after, seen))
        found = _halves(new_first, new_after)
    where, place = np.empty(nodes, dtype=np.int32), np.empty(entries, dtype=np.int32)
    call.places(nodes, *addresses(*old, *found, where, place))
    lower, upper, new_columns = found
    return Elimination(order=order, lower=lower, upper=upper, columns=new_columns, place=place)


def _halves(first: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    nodes = len(first) - 1
    lower, upper, following = np.empty_like(first), *np.empty((2, nodes), dtype=np.int32)
    columns = np.empty(2 * len(after) + nodes, dtype=np.int32)
    _library().halves(nodes, *addresses(first, after, lower, upper, columns, following))
    return lower, upper, columns


@cache
def _library() -> ctypes.CDLL:
    number = ctypes.c_int
    functions: dict[str, list[Any]] = {
        "after": [number] + [POINTER] * 6,
        "halves": [number] + [POINTER] * 6,
        "filled": [number] + [POINTER] * 7,
        "places": [number] + [POINTER] * 9,
    }
    return library("elimination.c", functions)
