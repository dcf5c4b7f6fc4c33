"""The element size as a function of the place: the least that any side, arc, corner or wall asks for. Lengths in nm.

Gmsh asks for it at tens of thousands of single points, where plain numbers are faster than arrays and looking at every
side is too slow. A tree of squares, grown where it is asked, keeps for each square what can be the least in it.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from fem_rashba.devices.corners import corners as corners_of
from fem_rashba.devices.meshing import Size, Sizing
from fem_rashba.devices.outline import Outline, Side

FEW, DEEPEST = 8, 12
"""A square with so few sources, or so often halved, is not divided."""

FAR = 0.2
"""Nor one that is smaller than this part of the distance to the nearest: there the few best at its middle will do."""

_Group = tuple[Callable[[float], float], list[list[float]], list[list[float]]]


class _Table(NamedTuple):
    """A size that grows with the distance, by linear interpolation."""

    places: list[float]
    sizes: list[float]
    slopes: list[float]
    arrays: tuple[np.ndarray, np.ndarray]

    def at(self, distance: float) -> float:
        i = min(bisect.bisect_right(self.places, distance), len(self.slopes)) - 1
        return self.sizes[i] + self.slopes[i] * (distance - self.places[i])

    def over(self, distances: np.ndarray) -> np.ndarray:
        """The same for many; beyond the table its last size."""
        return np.interp(distances, *self.arrays)


@dataclass(frozen=True, kw_only=True)
class _Sources:
    """Straight pieces (a point is one of no length) and arcs, each with its table.

    Attributes:
        straight: Start, vector and squared length, shape (N, 5).
        arcs: Centre, radius, unit vector to the middle, cosine of half the angle, start, end, shape (M, 10).
        tables: Those that the two index.
    """

    straight: np.ndarray
    arcs: np.ndarray
    tables: list[_Table]
    straight_table: np.ndarray
    arc_table: np.ndarray

    def distances(self, x: float, y: float, straight: np.ndarray, arcs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """To the chosen ones."""
        x0, y0, dx, dy, squared = self.straight[straight].T
        t = np.clip(((x - x0) * dx + (y - y0) * dy) / squared, 0.0, 1.0)
        x1, y1, radius, mx, my, reach, ax, ay, bx, by = self.arcs[arcs].T
        px, py = x - x1, y - y1
        r = np.hypot(px, py)
        # beyond its sector an arc is as far as its ends
        ends = np.minimum(np.hypot(x - ax, y - ay), np.hypot(x - bx, y - by))
        return np.hypot(x - x0 - t * dx, y - y0 - t * dy), np.where(
            px * mx + py * my >= reach * r, np.abs(r - radius), ends
        )

    def sizes(self, distances: np.ndarray, tables: np.ndarray) -> np.ndarray:
        """At a distance from each."""
        found = np.empty(len(distances))
        for number in {int(number) for number in tables}:
            chosen = tables == number
            found[chosen] = self.tables[number].over(distances[chosen])
        return found

    def best(self, x: float, y: float, straight: np.ndarray, arcs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The few of the chosen ones that ask for the least size at a place."""
        distances = self.distances(x, y, straight, arcs)
        numbers = self.straight_table[straight], self.arc_table[arcs]
        sizes = np.concatenate([self.sizes(d, n) for d, n in zip(distances, numbers, strict=True)])
        chosen = np.sort(np.argsort(sizes, kind="stable")[:FEW])
        count = len(straight)
        return straight[chosen[chosen < count]], arcs[chosen[chosen >= count] - count]

    def grouped(self, straight: np.ndarray, arcs: np.ndarray) -> list[_Group]:
        """The chosen ones as plain numbers, by their tables."""
        numbers = self.straight_table[straight], self.arc_table[arcs]
        return [
            (
                self.tables[number].at,
                self.straight[straight[numbers[0] == number]].tolist(),
                self.arcs[arcs[numbers[1] == number]].tolist(),
            )
            for number in sorted({*numbers[0].tolist(), *numbers[1].tolist()})
        ]


@dataclass(kw_only=True)
class _Square:
    """What can be the least in a square."""

    x: float
    y: float
    half: float
    depth: int
    straight: np.ndarray
    arcs: np.ndarray
    groups: list[_Group] | None = None
    children: list[_Square | None] = field(default_factory=lambda: [None] * 4)


def size_at(outline: Outline, sizing: Sizing) -> Callable[[float, float], float]:
    """The element size (nm) as a function of x and y (nm)."""
    return _size(outline, sizing, _sources(outline, sizing))


def size_along(outline: Outline, sizing: Sizing) -> Callable[[float, float], float]:
    """The same for the length of flat elements: no side asks for its layer, and sizes grow more gently at corners.

    Where a single row of elements grows as fast as corners let it, Gmsh finds no room for what belongs beside it.
    """
    return _size(outline, sizing, _sources(outline, sizing, layers=False, steepness=0.6))


def _size(outline: Outline, sizing: Sizing, sources: _Sources) -> Callable[[float, float], float]:
    far = _far(outline)
    points = np.concatenate([side.points(1 if side.centre is None else 16) for side in outline.sides])
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, float(max(high - low)) / 2
    every = np.arange(len(sources.straight)), np.arange(len(sources.arcs))
    root = _Square(x=float(middle[0]), y=float(middle[1]), half=half, depth=0, straight=every[0], arcs=every[1])
    walls = [
        (*wall.center, math.cos(wall.angle), math.sin(wall.angle), _table(size, far).at) for wall, size in sizing.walls
    ]

    def size(x: float, y: float) -> float:
        square = root
        while square.groups is None:
            which = (x > square.x) + 2 * (y > square.y)
            square = square.children[which] or _child(square, which, sources, sizing.largest)
        h = min(sizing.largest, _least(x, y, square.groups))
        for x0, y0, nx, ny, wall in walls:
            h = min(h, wall(abs((x - x0) * nx + (y - y0) * ny)))
        return h

    return size


def _least(x: float, y: float, groups: list[_Group]) -> float:
    h = math.inf
    for at, straight, arcs in groups:
        least = math.inf
        for x0, y0, dx, dy, squared in straight:
            px, py = x - x0, y - y0
            t = (px * dx + py * dy) / squared
            if t > 0.0:
                t = min(t, 1.0)
                px -= t * dx
                py -= t * dy
            least = min(least, px * px + py * py)
        least = math.sqrt(least)
        for x0, y0, radius, mx, my, reach, ax, ay, bx, by in arcs:
            px, py = x - x0, y - y0
            r = math.hypot(px, py)
            if px * mx + py * my >= reach * r:
                least = min(least, abs(r - radius))
            else:
                least = min(least, math.hypot(x - ax, y - ay), math.hypot(x - bx, y - by))
        h = min(h, at(least))
    return h


def _child(parent: _Square, which: int, sources: _Sources, largest: float) -> _Square:
    """A quarter of a square, with those of its sources that can be the least somewhere in it."""
    half = parent.half / 2
    x, y = parent.x + (half if which % 2 else -half), parent.y + (half if which > 1 else -half)
    straight, arcs = parent.straight, parent.arcs
    reach = math.sqrt(2.0) * half
    to_straight, to_arcs = sources.distances(x, y, straight, arcs)
    tables = sources.straight_table[straight], sources.arc_table[arcs]
    most = min(
        largest,
        *(
            sources.sizes(distances + reach, numbers).min(initial=math.inf)
            for distances, numbers in zip((to_straight, to_arcs), tables, strict=True)
        ),
    )
    straight, arcs = (
        chosen[sources.sizes(np.maximum(distances - reach, 0.0), numbers) <= most]
        for chosen, distances, numbers in zip((straight, arcs), (to_straight, to_arcs), tables, strict=True)
    )
    child = _Square(x=x, y=y, half=half, depth=parent.depth + 1, straight=straight, arcs=arcs)
    nearest = min(to_straight.min(initial=math.inf), to_arcs.min(initial=math.inf))
    if len(straight) + len(arcs) <= FEW or child.depth >= DEEPEST:
        child.groups = sources.grouped(straight, arcs)
    elif reach < FAR * nearest:
        child.groups = sources.grouped(*sources.best(x, y, straight, arcs))
    parent.children[which] = child
    return child


def _far(outline: Outline) -> float:
    return 2.0 * sum(outline.extent)


def _sources(outline: Outline, sizing: Sizing, *, layers: bool = True, steepness: float = 1.0) -> _Sources:
    far = _far(outline)
    tables: dict[tuple[str, float], int] = {}
    made: list[_Table] = []

    def table(kind: str, parameter: float, size: Callable[[], Size]) -> int:
        if (kind, parameter) not in tables:
            tables[kind, parameter] = len(made)
            made.append(_table(size(), far))
        return tables[kind, parameter]

    layer = table("layer", 0.0, lambda: sizing.layer)
    straight: list[tuple[float, ...]] = []
    arcs: list[tuple[float, ...]] = []
    of_straight, of_arcs = [], []
    # coefficients jump at interfaces: layers there as at edges
    for side in (*outline.sides, *outline.interfaces):
        if side.centre is None:
            if layers:
                straight.append((*side.start, *side.vector.tolist(), side.length**2))
                of_straight.append(layer)
            continue
        radius = math.dist(side.start, side.centre)
        round_ = table("arc", radius, lambda radius=radius: sizing.arc(radius))  # type: ignore[misc]
        for number in (layer, round_) if layers else (round_,):
            arcs.append(_sector(side, radius))
            of_arcs.append(number)
    for point, exponent in corners_of(outline).items():
        straight.append((*point, 0.0, 0.0, 1.0))
        number = table("corner", exponent, lambda exponent=exponent: sizing.corner(exponent, steepness))  # type: ignore[misc]
        of_straight.append(number)
    return _Sources(
        straight=np.array(straight).reshape(-1, 5),
        arcs=np.array(arcs).reshape(-1, 10),
        tables=made,
        straight_table=np.array(of_straight, dtype=int),
        arc_table=np.array(of_arcs, dtype=int),
    )


def _sector(side: Side, radius: float) -> tuple[float, ...]:
    middle = (side.points(2)[1] - side.centre) / radius
    return *side.centre, radius, *middle.tolist(), math.cos(side.turn / 2), *side.start, *side.end  # type: ignore[misc]


def _table(size: Size, far: float) -> _Table:
    d = np.concatenate([[0.0], np.geomspace(1e-6, 1.0, 600) * far])
    h = size(d)
    places, sizes, slopes = ([float(v) for v in values] for values in (d, h, np.diff(h) / np.diff(d)))
    return _Table(places, sizes, slopes, (d, h))
