"""Order and pattern of incomplete factors: loops of `elimination.c`."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import reverse_cuthill_mckee

from fem_rashba.solvers.loops.native import POINTER, addresses, library

Lists = tuple[np.ndarray, np.ndarray]
"""Where the columns after each row begin, and these."""
Halves = tuple[np.ndarray, np.ndarray, np.ndarray]
"""`lower`, `upper` and `columns` of an `Elimination`."""


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


def elimination(starts: np.ndarray, columns: np.ndarray, *, levels: int) -> Elimination:
    """That of a symmetric pattern with its diagonal.

    Args:
        starts, columns: Rows of the pattern, int32.
        levels: 1: there are also entries between nodes that the elimination of an earlier one couples; 2: also between
            those that it couples by one such entry.
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
    if levels > 0:
        once = _filled((first, after), [(found, (first, after))])
        halves = _halves(*once)
        if levels > 1:
            once = _filled(once, [(found, once), (halves, (first, after))])
            halves = _halves(*once)
        found = halves
    where, place = np.empty(nodes, dtype=np.int32), np.empty(entries, dtype=np.int32)
    call.places(nodes, *addresses(*old, *found, where, place))
    lower, upper, new_columns = found
    return Elimination(order=order, lower=lower, upper=upper, columns=new_columns, place=place)


def _filled(known: Lists, pairs: list[tuple[Halves, Lists]]) -> Lists:
    """The columns after each row, with what pairs of patterns add to them."""
    nodes, new_first = len(known[0]) - 1, np.empty_like(known[0])
    arrays = [[lower for (lower, _, _), _ in pairs], [columns for (_, _, columns), _ in pairs]]
    arrays += [[first for _, (first, _) in pairs], [after for _, (_, after) in pairs]]
    given = [(POINTER * len(pairs))(*addresses(*both)) for both in arrays]
    seen, call = np.full(nodes, -1, dtype=np.int32), _library()
    call.filled(nodes, len(pairs), *addresses(*known), *given, new_first.ctypes.data, None, seen.ctypes.data)
    new_after = np.empty(new_first[-1], dtype=np.int32)
    seen[:] = -1
    call.filled(nodes, len(pairs), *addresses(*known), *given, *addresses(new_first, new_after, seen))
    return new_first, new_after


def _halves(first: np.ndarray, after: np.ndarray) -> Halves:
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
        "filled": [number, number] + [POINTER] * 9,
        "places": [number] + [POINTER] * 9,
    }
    return library("elimination.c", functions)
