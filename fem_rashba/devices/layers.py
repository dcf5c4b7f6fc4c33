"""Flat triangles along the sides of any outline, in columns that stand on the pieces of the boundary. Lengths in nm.

The solution varies across a layer and hardly along it, so that elements may be as long as corners, arcs and walls let
them be and only as high as the layer asks for. A column ends where its elements would be about as high as they are
long, or where another side comes as near as its own; what the columns leave is the core.
"""

from __future__ import annotations

from collections.abc import Callable
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

CHANNEL = 0.3
"""Sides are those of a channel where the radius of the circle that touches both grows by less for each nm along it."""


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
    ladder = _ladder(size, float(limit[np.isfinite(limit)].max(initial=0.0)))
    fit = _fit(pieces, ladder, limit)
    columns = _columns(_levels(pieces, ladder, fit, limit), pieces)
    on, level = _counted(columns.levels)
    a, b = columns.node(on, level), columns.node(pieces.after[on], level)
    c, d = columns.node(pieces.after[on], level + 1), columns.node(on, level + 1)
    owner, below = _counted(columns.tall)
    depths = ladder.depth((below + 1) * fit[owner])
    curved, middles = _curved(outline, pieces, columns, lambda point, level: ladder.depth(level * fit[point]))
    return Layers(
        points=np.concatenate([pieces.points, pieces.points[owner] + depths[:, None] * pieces.normals[owner]]),
        triangles=np.concatenate([np.stack([a, b, c], axis=-1), np.stack([a, c, d], axis=-1)]),
        curved=curved,
        middles=middles,
        loops=_loops(pieces, columns),
    )


@dataclass(frozen=True, kw_only=True)
class _Ladder:
    """How many elements reach how far from a side: tables of both, ascending from 0."""

    depths: np.ndarray
    counts: np.ndarray

    def depth(self, count: np.ndarray) -> np.ndarray:
        return np.interp(count, self.counts, self.depths)

    def count(self, depth: np.ndarray) -> np.ndarray:
        return np.interp(depth, self.depths, self.counts)


def _ladder(size: Size, deepest: float) -> _Ladder:
    d = np.concatenate([[0.0], np.geomspace(1e-6, 1.0, 2000) * max(deepest, 1e-9)])
    density = 1.0 / (HIGH * size(d))
    counts = np.concatenate([[0.0], np.cumsum(np.diff(d) * (density[1:] + density[:-1]) / 2)])
    return _Ladder(depths=d, counts=counts)


def _fit(pieces: Pieces, ladder: _Ladder, limit: np.ndarray) -> np.ndarray:
    """What an element of the column over each point counts for: less than 1 where columns on both sides of a channel
    leave room for one element between them, and not for two.
    """
    long = np.hypot(*(pieces.points[pieces.after] - pieces.points).T)
    slope = np.full(len(long), np.inf)
    finite = np.isfinite(limit) & (limit > 0.0)
    both = finite & finite[pieces.after]
    slope[both] = np.abs(limit[pieces.after] - limit)[both] / long[both]
    around = slope.copy()
    around[pieces.after] = np.maximum(around[pieces.after], slope)
    count = ladder.count(np.where(finite, limit, 0.0))
    whole = np.maximum(np.ceil(count - 0.5), 1.0)
    return np.where((around < CHANNEL) & (count > 0.5), count / (whole + 0.5), 1.0)


def _levels(pieces: Pieces, ladder: _Ladder, fit: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """How many elements stand on each piece, shape (N,)."""
    found = np.zeros(len(pieces.points), dtype=int)
    going = np.ones(len(found), dtype=bool)
    for level in range(1, int(ladder.counts[-1]) + 2):
        depth = ladder.depth(level * fit)
        high = depth - ladder.depth((level - 1) * fit)
        within = (depth + APART * high <= limit * (1 + 1e-9)) & (level * fit <= ladder.counts[-1])
        top = pieces.points + depth[:, None] * pieces.normals
        long = np.hypot(*(top[pieces.after] - top).T)
        going &= (np.maximum(high, high[pieces.after]) <= FLAT * long) & within & within[pieces.after]
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


def _curved(
    outline: Outline, pieces: Pieces, columns: _Columns, depth: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The sides along arcs, and the diagonals between them, with their middles; `depth` of a level over a point."""
    arcs = np.array([side.centre is not None for side in outline.sides])[pieces.sides]
    on, level = _counted(np.where(arcs, columns.levels + 1, 0))
    inner = level < columns.levels[on]
    # to the same level at the other end, and to the next one
    on, level = (np.concatenate([values, values[inner]]) for values in (on, level))
    rise = np.arange(len(on)) >= len(inner)
    pairs = np.stack([columns.node(on, level), columns.node(pieces.after[on], level + rise)], axis=-1)
    middle = (depth(on, level) + depth(pieces.after[on], level + rise)) / 2
    return np.sort(pairs, axis=1), pieces.middles[on] + middle[:, None] * pieces.inward[on]
