"""Flat triangles along the sides of any outline, in columns that stand on the pieces of the boundary. Lengths in nm.

The solution varies across a layer and hardly along it, so that elements may be as long as corners, arcs and walls let
them be and only as high as the layer asks for. A column ends where its elements would be about as high as they are
long, or where another side comes as near as its own; what the columns leave is the core.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fem_rashba.devices.meshing import Size
from fem_rashba.devices.outline import Outline
from fem_rashba.devices.pieces import Pieces
from fem_rashba.devices.reach import reach

HIGH = 0.8
"""Height of an element as a part of the size, which is for quadrilaterals: two triangles do not do quite as well."""

FLAT = 0.8
"""An element that is higher than this part of its length belongs to the core."""

APART = 0.5
"""How far a column stays from where another side is as near, in heights of its last element."""


@dataclass(frozen=True, kw_only=True)
class Layers:
    """All columns, and the border of the core.

    Attributes:
        points: First those of the boundary, then those of the columns, shape (N, 2).
        triangles: Three points each, anticlockwise, shape (M, 3).
        curved: Pairs of points (the smaller first) whose side is curved, shape (K, 2).
        middles: Of these sides, shape (K, 2).
        loops: Points around the core, the core on their left, for each loop of the outline.
    """

    points: np.ndarray
    triangles: np.ndarray
    curved: np.ndarray
    middles: np.ndarray
    loops: tuple[np.ndarray, ...]


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """Which point is where.

    Attributes:
        levels: Elements on each piece, shape (N,).
        before: The piece that ends where this one starts, shape (N,).
        first: The lowest point of the column over each point, which has as many as the higher of its two pieces.
    """

    levels: np.ndarray
    before: np.ndarray
    first: np.ndarray

    def node(self, point: np.ndarray, level: np.ndarray) -> np.ndarray:
        """Over a point of the boundary, at a level; level 0 is the point itself."""
        return np.where(level == 0, point, self.first[point] + level - 1)

    @property
    def tall(self) -> np.ndarray:
        return np.maximum(self.levels, self.levels[self.before])


def layers(outline: Outline, pieces: Pieces, size: Size) -> Layers:
    """The columns on the pieces of an outline, of elements that are as high as `size` asks for at a distance."""
    long = np.hypot(*(pieces.points[pieces.after] - pieces.points).T)
    long = HIGH * float(size(np.zeros(1))[0]) <= FLAT * long
    long[pieces.after] |= long.copy()
    limit = reach(outline, pieces, long)
    depths = heights(size, float(limit[np.isfinite(limit)].max(initial=0.0)))
    columns = _columns(levels(pieces, depths, limit), pieces)
    on, level = _counted(columns.levels)
    a, b = columns.node(on, level), columns.node(pieces.after[on], level)
    c, d = columns.node(pieces.after[on], level + 1), columns.node(on, level + 1)
    owner, below = _counted(columns.tall)
    curved, middles = _curved(outline, pieces, columns, depths)
    return Layers(
        points=np.concatenate([pieces.points, pieces.points[owner] + depths[below + 1, None] * pieces.normals[owner]]),
        triangles=np.concatenate([np.stack([a, b, c], axis=-1), np.stack([a, c, d], axis=-1)]),
        curved=curved,
        middles=middles,
        loops=_loops(pieces, columns),
    )


def heights(size: Size, deepest: float) -> np.ndarray:
    """Distances from a side at which elements end, from 0 up to `deepest`."""
    d = np.concatenate([[0.0], np.geomspace(1e-6, 1.0, 2000) * max(deepest, 1e-9)])
    density = 1.0 / (HIGH * size(d))
    count = np.concatenate([[0.0], np.cumsum(np.diff(d) * (density[1:] + density[:-1]) / 2)])
    return np.interp(np.arange(int(count[-1]) + 1.0), count, d)


def levels(pieces: Pieces, depths: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """How many elements stand on each piece, shape (N,).

    Args:
        pieces: Of the boundary.
        depths: As of `heights`.
        limit: As of `reach`.
    """
    found = np.zeros(len(pieces.points), dtype=int)
    least = np.minimum(limit, limit[pieces.after])
    going = np.ones(len(found), dtype=bool)
    for level, high in enumerate(np.diff(depths), start=1):
        top = pieces.points + depths[level] * pieces.normals
        long = np.hypot(*(top[pieces.after] - top).T)
        going &= (high <= FLAT * long) & (depths[level] + APART * high <= least)
        if not going.any():
            break
        found[going] = level
    return found


def _columns(levels: np.ndarray, pieces: Pieces) -> _Columns:
    before = np.empty(len(levels), dtype=int)
    before[pieces.after] = np.arange(len(levels))
    tall = np.maximum(levels, levels[before])
    return _Columns(levels=levels, before=before, first=len(levels) + np.cumsum(tall) - tall)


def _counted(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every i as often as counts[i] says, and the numbers from 0 on of each."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - (np.cumsum(counts) - counts)[owner]


def _loops(pieces: Pieces, columns: _Columns) -> tuple[np.ndarray, ...]:
    """Along the tops of the columns, and up and down between neighbours."""
    low, high = columns.levels[columns.before], columns.levels
    steps = np.abs(high - low) + 1
    point, step = _counted(steps)
    nodes = columns.node(point, low[point] + step * np.sign(high - low)[point])
    stops = np.concatenate([[0], np.cumsum(steps)])[list(pieces.loops)]
    return tuple(np.split(nodes, stops[1:-1]))


def _curved(outline: Outline, pieces: Pieces, columns: _Columns, depths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sides along arcs, and the diagonals between them, with their middles."""
    arcs = np.array([side.centre is not None for side in outline.sides])[pieces.sides]
    on, level = _counted(np.where(arcs, columns.levels + 1, 0))
    start = columns.node(on, level)
    sides = np.stack([start, columns.node(pieces.after[on], level)], axis=-1)
    inner = level < columns.levels[on]
    diagonals = np.stack([start, columns.node(pieces.after[on], level + 1)], axis=-1)[inner]
    half_way = (depths[level[inner]] + depths[level[inner] + 1]) / 2
    on, depth = np.concatenate([on, on[inner]]), np.concatenate([depths[level], half_way])
    pairs = np.sort(np.concatenate([sides, diagonals]), axis=1)
    return pairs, pieces.middles[on] + depth[:, None] * pieces.inward[on]
