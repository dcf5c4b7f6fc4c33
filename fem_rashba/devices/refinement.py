"""Meshes refined by cutting sides in half: triangles by their longest side, quadrilaterals by whole strips.

A triangle is cut through the middle of its longest side first, so that angles stay bounded (Rivara, Int. J. Numer.
Methods Eng. 20, 745 (1984)). A quadrilateral is cut across opposite sides, and so is every other one of the strip that
it belongs to: elements stay as flat as they are along a layer. The sides of curved cells stay on their curves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

SIDES = {"triangle": ((1, 2), (0, 2), (0, 1)), "quadrilateral": ((0, 1), (0, 2), (1, 3), (2, 3))}
"""Corners of each side of a cell, in the order of the reference cell."""

ALONG = {"triangle": (0, 0, 0), "quadrilateral": (0, 1, 1, 0)}
"""The direction in the reference cell of each side; triangles have one."""

_CORNERS = {
    "triangle": np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]),
    "quadrilateral": np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
}


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A whole mesh as arrays.

    Attributes:
        element: Of the coordinates (basix.ufl); corners come first.
        cells: Nodes of each cell, shape (cells, nodes of the element).
        points: Of each node, shape (nodes, 2), nm.
        regions: Tag of each cell.
        facets: Ends of the tagged facets, shape (facets, 2).
        facet_tags: Their tags.
    """

    element: Any
    cells: np.ndarray
    points: np.ndarray
    regions: np.ndarray
    facets: np.ndarray
    facet_tags: np.ndarray

    @property
    def cell(self) -> str:
        """triangle or quadrilateral."""
        return str(self.element.cell.cellname())

    def sides(self) -> tuple[np.ndarray, np.ndarray]:
        """Ends of every side, shape (sides, 2), ascending, and the sides of each cell, shape (cells, 3 or 4)."""
        corners = self.cells[:, np.array(SIDES[self.cell])]
        ends, inverse = np.unique(np.sort(corners.reshape(-1, 2), axis=1), axis=0, return_inverse=True)
        return ends, inverse.reshape(len(self.cells), -1)


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """Parts of cells: the cell of each, the numbers of its corners, and where those are in the reference cell."""

    parents: np.ndarray
    corners: np.ndarray
    places: np.ndarray


def chains(grid: Grid) -> np.ndarray:
    """For each side the number of those that can only be cut together: strips of quadrilaterals."""
    ends, of_cells = grid.sides()
    if grid.cell == "triangle":
        return np.arange(len(ends))
    pairs = np.concatenate([of_cells[:, [0, 3]], of_cells[:, [1, 2]]])
    graph = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(ends), len(ends)))
    return np.asarray(connected_components(graph, directed=False)[1])


def refined(grid: Grid, marked: np.ndarray) -> Grid:
    """The mesh with the marked sides cut in half, and those that have to follow.

    Args:
        grid: The mesh.
        marked: Of each side (`Grid.sides`), whether it is to be cut.
    """
    ends, of_cells = grid.sides()
    marked = _closed(grid, ends, of_cells, marked)
    # numbers of corners: those of the nodes, then the middles of sides, then of cells
    middles = len(grid.points) + of_cells
    parts = (_triangles if grid.cell == "triangle" else _quadrilaterals)(grid, middles, of_cells, marked, len(ends))
    cells, points, numbers = _nodes(grid, parts)
    facets, tags = _facets(grid, ends, marked)
    return replace(
        grid,
        cells=cells,
        points=points,
        regions=grid.regions[parts.parents],
        facets=np.searchsorted(numbers, facets),
        facet_tags=tags,
    )


def _closed(grid: Grid, ends: np.ndarray, of_cells: np.ndarray, marked: np.ndarray) -> np.ndarray:
    if grid.cell == "quadrilateral":
        strip = chains(grid)
        return np.isin(strip, strip[marked])
    lengths = np.linalg.norm(grid.points[ends[:, 0]] - grid.points[ends[:, 1]], axis=1)
    longest = np.take_along_axis(of_cells, lengths[of_cells].argmax(axis=1)[:, None], axis=1)[:, 0]
    marked = marked.copy()
    while True:
        follow = longest[marked[of_cells].any(axis=1)]
        if marked[follow].all():
            return marked
        marked[follow] = True


def _triangles(grid: Grid, middles: np.ndarray, of_cells: np.ndarray, marked: np.ndarray, count: int) -> _Parts:
    ends, _ = grid.sides()
    lengths = np.linalg.norm(grid.points[ends[:, 0]] - grid.points[ends[:, 1]], axis=1)
    # the corner opposite to the longest side comes last: side k is opposite to corner k
    last = lengths[of_cells].argmax(axis=1)
    order = (last[:, None] + np.array([1, 2, 0])) % 3
    corners = np.take_along_axis(grid.cells[:, :3], order, axis=1)
    middle = np.take_along_axis(middles, order, axis=1)
    cut = np.take_along_axis(marked[of_cells], order, axis=1)
    place = _CORNERS["triangle"][order]
    between = (place[:, [1, 2, 0]] + place[:, [2, 0, 1]]) / 2
    # 0, 1, 2: corners; 3, 4, 5: middles of the sides opposite to 0, 1, 2
    all_corners, all_places = np.concatenate([corners, middle], axis=1), np.concatenate([place, between], axis=1)
    patterns = {
        (False, False, False): [(0, 1, 2)],
        (False, False, True): [(0, 5, 2), (5, 1, 2)],
        (True, False, True): [(0, 5, 2), (5, 1, 3), (5, 3, 2)],
        (False, True, True): [(0, 5, 4), (5, 2, 4), (5, 1, 2)],
        (True, True, True): [(0, 5, 4), (4, 5, 2), (5, 1, 3), (5, 3, 2)],
    }
    return _collected(all_corners, all_places, [((cut == np.array(p)).all(axis=1), q) for p, q in patterns.items()])


def _quadrilaterals(grid: Grid, middles: np.ndarray, of_cells: np.ndarray, marked: np.ndarray, count: int) -> _Parts:
    centres = len(grid.points) + count + np.arange(len(grid.cells))
    all_corners = np.concatenate([grid.cells[:, :4], middles, centres[:, None]], axis=1)
    corners = _CORNERS["quadrilateral"]
    places = np.concatenate([corners, [corners[[a, b]].mean(axis=0) for a, b in SIDES["quadrilateral"]], [[0.5, 0.5]]])
    x, y = marked[of_cells[:, 0]], marked[of_cells[:, 1]]
    # 0 to 3: corners; 4 to 7: middles of the sides; 8: the centre
    choices = [
        (~x & ~y, [(0, 1, 2, 3)]),
        (x & ~y, [(0, 4, 2, 7), (4, 1, 7, 3)]),
        (~x & y, [(0, 1, 5, 6), (5, 6, 2, 3)]),
        (x & y, [(0, 4, 5, 8), (4, 1, 8, 6), (5, 8, 2, 7), (8, 6, 7, 3)]),
    ]
    return _collected(all_corners, np.broadcast_to(places, (len(grid.cells), 9, 2)), choices)


def _collected(corners: np.ndarray, places: np.ndarray, choices: list[tuple[np.ndarray, list]]) -> _Parts:
    """The parts of all cells, in the order of the cells."""
    parents, numbers, where, rank = [], [], [], []
    for chosen, pattern in choices:
        cells = np.flatnonzero(chosen)
        for k, part in enumerate(pattern):
            parents.append(cells)
            numbers.append(corners[cells][:, list(part)])
            where.append(places[cells][:, list(part)])
            rank.append(np.full(len(cells), k))
    order = np.lexsort((np.concatenate(rank), np.concatenate(parents)))
    return _Parts(
        parents=np.concatenate(parents)[order],
        corners=np.concatenate(numbers)[order],
        places=np.concatenate(where)[order],
    )


def _nodes(grid: Grid, parts: _Parts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells and points of the parts, and the number of the corner that each of the first points is, ascending."""
    element, corner_count = grid.element.basix_element, parts.corners.shape[1]
    lattice, inside = np.asarray(element.points), element.entity_dofs
    linear = _linear(grid.cell, lattice)
    places = np.einsum("ij,cjk->cik", linear, parts.places)
    count = len(lattice)
    shapes = element.tabulate(0, places.reshape(-1, 2))[0, :, :, 0].reshape(len(places), count, count)
    where = np.einsum("cij,cjk->cik", shapes, grid.points[grid.cells[parts.parents]])
    # what a node is: a corner, the k-th node of a side from its lower end, or one of a cell
    keys = np.zeros((len(places), count, 3), dtype=np.int64)
    keys[:, :corner_count, 0] = 0
    keys[:, :corner_count, 1] = parts.corners
    for (a, b), nodes in zip(SIDES[grid.cell], inside[1], strict=True):
        first, second = parts.corners[:, a], parts.corners[:, b]
        for k, node in enumerate(nodes):
            keys[:, node, 0] = 1 + np.where(first < second, k, len(nodes) - 1 - k)
            keys[:, node, 1], keys[:, node, 2] = np.minimum(first, second), np.maximum(first, second)
    for k, node in enumerate(inside[2][0]):
        keys[:, node] = np.stack([np.full(len(places), 10**6 + k), np.arange(len(places)), np.zeros(len(places))], -1)
    unique, first_of, inverse = np.unique(keys.reshape(-1, 3), axis=0, return_index=True, return_inverse=True)
    corners = unique[unique[:, 0] == 0, 1]
    return inverse.reshape(len(places), count), where.reshape(-1, 2)[first_of], corners


def _linear(cell: str, lattice: np.ndarray) -> np.ndarray:
    """Values of the (bi)linear shape functions at points, shape (points, corners)."""
    x, y = lattice.T
    if cell == "triangle":
        return np.stack([1 - x - y, x, y], axis=1)
    return np.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y], axis=1)


def _facets(grid: Grid, ends: np.ndarray, marked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends and tags of the tagged facets after the cuts."""
    size = len(grid.points)
    given = np.sort(grid.facets, axis=1)
    at = np.searchsorted(ends @ [size, 1], given @ [size, 1])
    cut, middle = marked[at], size + at
    halves = [np.stack([given[cut, k], middle[cut]], axis=1) for k in (0, 1)]
    tags = grid.facet_tags
    return np.concatenate([given[~cut], *halves]), np.concatenate([tags[~cut], tags[cut], tags[cut]])
