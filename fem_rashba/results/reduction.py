"""Fields on fewer triangles, so that a page that shows them stays small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fem_rashba.results.fields import NodalFields
from fem_rashba.results.tessellation import cell_sides, count_sides, lattice, linear_triangles

LIMIT = 60_000
"""Nodes of a reduced mesh at most."""


@dataclass(frozen=True, kw_only=True)
class Reduced:
    """Triangles between some of the nodes.

    Attributes:
        nodes: Which of the nodes of the fields, shape (N,).
        points: Where they are, shape (N, 2), nm.
        triangles: Shape (M, 3).
        boundary: Ends of the pieces of the boundary, shape (K, 2).
        sides: Ends of the pieces of the sides of the cells, shape (L, 2); none if the cells are no longer there.
        note: What was left out, in a sentence.
    """

    nodes: np.ndarray
    points: np.ndarray
    triangles: np.ndarray
    boundary: np.ndarray
    sides: np.ndarray
    note: str


def reduced(fields: NodalFields, limit: int = LIMIT) -> Reduced:
    """The finest of: all nodes, those of a lower degree, and one node for each square of a grid."""
    whole = len(fields.points)
    for degree in [d for d in range(fields.degree, 0, -1) if fields.degree % d == 0]:
        cells = fields.cells[:, _coarser(fields.cell_type, fields.degree, degree)]
        left = len(np.unique(cells))
        if left <= limit:
            note = f"All {whole} nodes of the solution."
            if degree < fields.degree:
                note = f"Reduced: {left} of the {whole} nodes of the solution, elements of degree {degree}."
            return _made(fields, cells, degree, note)
    return _clustered(fields, limit)


def _coarser(cell_type: str, degree: int, lower: int) -> list[int]:
    """Positions in a cell of the nodes of a cell of lower degree, which divides the degree."""
    at = {tuple(node): k for k, node in enumerate(lattice(cell_type, degree).tolist())}
    wanted = degree // lower * lattice(cell_type, lower)
    return [at[tuple(node)] for node in wanted.tolist()]


def _made(fields: NodalFields, cells: np.ndarray, degree: int, note: str) -> Reduced:
    nodes, renumbered = np.unique(cells, return_inverse=True)
    cells, points = renumbered.reshape(cells.shape), fields.points[nodes]
    sides, count = count_sides(points, cell_sides(cells, fields.cell_type, degree))
    return Reduced(
        nodes=nodes,
        points=points,
        triangles=linear_triangles(cells, fields.cell_type, degree),
        boundary=_pairs(sides[count == 1]),
        sides=_pairs(sides),
        note=note,
    )


def _pairs(lines: np.ndarray) -> np.ndarray:
    return np.stack([lines[:, :-1], lines[:, 1:]], axis=-1).reshape(-1, 2)


def _clustered(fields: NodalFields, limit: int) -> Reduced:
    """One node for each square of a grid; one of the boundary, if there is any, so that the outline stays."""
    cells = fields.cells[:, _coarser(fields.cell_type, fields.degree, 1)]
    triangles = linear_triangles(cells, fields.cell_type, 1)
    sides, count = count_sides(fields.points, cell_sides(cells, fields.cell_type, 1))
    corners = np.unique(cells)
    inside = np.ones(len(fields.points), dtype=bool)
    inside[sides[count == 1]] = False
    low, size = fields.points.min(axis=0), np.ptp(fields.points, axis=0)
    spacing = np.sqrt(_area(fields.points, triangles) / limit)
    while True:
        counts = np.maximum(np.ceil(size / spacing).astype(int), 1)
        square = np.minimum((fields.points[corners] - low) // spacing, counts - 1).astype(int) @ [1, counts[0]]
        # the first of its square in this order stands for all of them
        order = np.lexsort((corners, inside[corners], square))
        _, first = np.unique(square[order], return_index=True)
        if len(first) <= limit:
            break
        spacing *= 1.1
    chosen = corners[order[first]]
    stands = np.zeros(len(fields.points), dtype=int)
    stands[corners] = np.searchsorted(square[order[first]], square)
    found = stands[triangles]
    different = (found[:, 0] != found[:, 1]) & (found[:, 1] != found[:, 2]) & (found[:, 2] != found[:, 0])
    edges = stands[sides[count == 1]]
    return Reduced(
        nodes=chosen,
        points=fields.points[chosen],
        triangles=found[different],
        boundary=edges[edges[:, 0] != edges[:, 1]],
        sides=np.empty((0, 2), dtype=int),
        note=f"Reduced: {len(chosen)} of the {len(fields.points)} nodes of the solution, one for each "
        f"{spacing:.2g} nm x {spacing:.2g} nm.",
    )


def _area(points: np.ndarray, triangles: np.ndarray) -> float:
    (x1, y1), (x2, y2) = (points[triangles[:, k]].T - points[triangles[:, 0]].T for k in (1, 2))
    return float(np.abs(x1 * y2 - x2 * y1).sum() / 2)
