"""The cells in which points lie."""

from __future__ import annotations

import numpy as np
from dolfinx import geometry
from dolfinx.mesh import Mesh

_ROUNDING = 1e-8
"""Reference coordinates by which a point may be outside."""


def cells_at(mesh: Mesh, points: np.ndarray) -> np.ndarray:
    """The number of a cell of this rank that has each point, shape (N,); -1 where there is none.

    Args:
        mesh: The mesh.
        points: Shape (N, 3), nm.
    """
    nodes = mesh.geometry.x[mesh.geometry.dofmap]
    size = max(np.ptp(mesh.geometry.x[:, :2], axis=0).max(initial=0.0), 1e-30) if len(nodes) else 0.0
    tree = geometry.bb_tree(mesh, 2, padding=1e-10 * size)
    hits = geometry.compute_colliding_cells(mesh, geometry.compute_collisions_points(tree, points), points)
    found = np.array([hits.links(i)[0] if len(hits.links(i)) else -1 for i in range(len(points))], dtype=np.int32)
    missing = np.flatnonzero(found < 0)
    if len(missing) and nodes.shape[1] == 6:
        found[missing] = _in_curved(mesh, nodes, points[missing])
    return found


def _in_curved(mesh: Mesh, nodes: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The same for points between an arc and the lines through the nodes of its sides, which dolfinx takes for it.

    Args:
        mesh: Triangles of second order.
        nodes: Of each cell, shape (cells, 6, 3), corners first, then the middles of the sides opposite to them.
        points: Shape (N, 3).
    """
    corners, middles = nodes[:, :3], nodes[:, 3:]
    straight = (corners[:, [1, 0, 0]] + corners[:, [2, 2, 1]]) / 2
    bulges = np.linalg.norm(middles - straight, axis=2).max(axis=1)
    found = np.full(len(points), -1, dtype=np.int32)
    tree = geometry.bb_tree(mesh, 2, padding=float(bulges.max(initial=0.0)))
    candidates = geometry.compute_collisions_points(tree, points)
    of = np.repeat(np.arange(len(points)), np.diff(candidates.offsets))
    is_curved = bulges > _ROUNDING * np.ptp(corners, axis=1).max(axis=1)
    for cell in np.unique(candidates.array[is_curved[candidates.array]]):
        own = of[candidates.array == cell]
        try:
            X = mesh.geometry.cmap.pull_back(points[own], nodes[cell])
        except RuntimeError:
            # far outside the map may have no inverse
            continue
        inside = (X.min(axis=1) >= -_ROUNDING) & (X[:, :2].sum(axis=1) <= 1 + _ROUNDING)
        found[own[inside]] = cell
    return found
