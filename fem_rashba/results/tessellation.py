"""Lagrange cells of any degree, their nodes in VTK's order, as straight pieces between neighbouring nodes.

A node of a cell is named by its lattice coordinates (i, j): the reference point (i, j)/degree, where the
triangle has the corners (0, 0), (1, 0), (0, 1) and the quadrilateral is the unit square.
"""

from __future__ import annotations

from itertools import product

import numpy as np

CORNERS = {
    "triangle": np.array([(0, 0), (1, 0), (0, 1)]),
    "quadrilateral": np.array([(0, 0), (1, 0), (1, 1), (0, 1)]),
}
"""Reference corners by the name of the cell, anticlockwise."""

MERGE = 6
"""Decimals of a nm to which points agree that are the same, of cells that share no nodes for example."""


def lattice(cell_type: str, degree: int) -> np.ndarray:
    """Lattice coordinates of the nodes of a Lagrange cell in VTK's order, shape (nodes, 2).

    Corners come first, then the nodes inside each side, then those inside the cell.

    Raises:
        ValueError: If the cell is neither a triangle nor a quadrilateral, or the degree is less than 1.
    """
    if cell_type not in CORNERS:
        raise ValueError(f"unknown cell type {cell_type!r}; cells are 'triangle' or 'quadrilateral'")
    if degree < 1:
        raise ValueError(f"the degree of a Lagrange cell is at least 1, not {degree}")
    return np.array(_triangle(degree) if cell_type == "triangle" else _quadrilateral(degree))


def _triangle(k: int) -> list[tuple[int, int]]:
    if k == 0:
        return [(0, 0)]
    inner = range(1, k)
    nodes = [(0, 0), (k, 0), (0, k)]
    nodes += [(i, 0) for i in inner] + [(k - i, i) for i in inner] + [(0, k - i) for i in inner]
    if k >= 3:
        # the nodes inside are those of a smaller triangle, numbered in the same way
        nodes += [(i + 1, j + 1) for i, j in _triangle(k - 3)]
    return nodes


def _quadrilateral(k: int) -> list[tuple[int, int]]:
    inner = range(1, k)
    nodes = [(0, 0), (k, 0), (k, k), (0, k)]
    # opposite sides run in the same direction
    nodes += [(i, 0) for i in inner] + [(k, i) for i in inner] + [(i, k) for i in inner] + [(0, i) for i in inner]
    return nodes + [(i, j) for j, i in product(inner, inner)]


def linear_triangles(cells: np.ndarray, cell_type: str, degree: int) -> np.ndarray:
    """Linear triangles between neighbouring nodes that cover the cells.

    Args:
        cells: Nodes of every cell in VTK's order, shape (cells, nodes).
        cell_type: "triangle" or "quadrilateral".
        degree: Of the cells.

    Returns:
        Nodes of the triangles, shape (cells * degree**2 (triangle) or 2 * cells * degree**2, 3).

    Raises:
        ValueError: If the cells do not have the nodes of their type and degree.
    """
    node = _nodes(cells, cell_type, degree)
    pieces = []
    for i, j in product(range(degree), range(degree)):
        lower = [(i, j), (i + 1, j), (i, j + 1)]
        upper = [(i + 1, j), (i + 1, j + 1), (i, j + 1)]
        pieces += [[node[p] for p in piece] for piece in (lower, upper) if all(p in node for p in piece)]
    return cells[:, pieces].reshape(-1, 3)


def node_areas(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """The area around each node: a third of that of the triangles that have it, shape (points,), nm^2.

    Args:
        points: Shape (points, 2), nm.
        triangles: From `linear_triangles`.
    """
    (x1, y1), (x2, y2) = (points[triangles[:, k]].T - points[triangles[:, 0]].T for k in (1, 2))
    areas = np.abs(x1 * y2 - x2 * y1) / 2
    return np.bincount(triangles.ravel(), np.repeat(areas / 3, 3), minlength=len(points))


def cell_sides(cells: np.ndarray, cell_type: str, degree: int) -> np.ndarray:
    """The nodes along every side of every cell, shape (cells * sides, degree + 1).

    Raises:
        ValueError: If the cells do not have the nodes of their type and degree.
    """
    node = _nodes(cells, cell_type, degree)
    corners = CORNERS[cell_type]
    steps = range(degree + 1)
    sides = [
        [node[tuple((degree * start + t * (end - start)).tolist())] for t in steps]
        for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True)
    ]
    return cells[:, sides].reshape(-1, degree + 1)


def count_sides(points: np.ndarray, sides: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each side once, shape (n, degree + 1), and how many cells have it, shape (n,): one at the boundary.

    Args:
        points: Shape (points, 2), nm.
        sides: From `cell_sides`.
    """
    _, merged = np.unique(np.round(points, MERGE), axis=0, return_inverse=True)
    ends = np.sort(merged.reshape(-1)[sides[:, [0, -1]]], axis=1)
    _, first, count = np.unique(ends, axis=0, return_index=True, return_counts=True)
    return sides[first], count


def _nodes(cells: np.ndarray, cell_type: str, degree: int) -> dict[tuple[int, int], int]:
    """Lattice coordinates -> number of the node in the cell."""
    nodes = lattice(cell_type, degree)
    if cells.shape[1] != len(nodes):
        raise ValueError(f"a {cell_type} of degree {degree} has {len(nodes)} nodes, the cells have {cells.shape[1]}")
    return {(int(i), int(j)): n for n, (i, j) in enumerate(nodes)}
