"""The boundary of a film as closed loops of named straight sides and circular arcs. Lengths in nm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType

import numpy as np

Point = tuple[float, float]

_STRAIGHT: Mapping[int, Point] = MappingProxyType({})

REST = "film"
"""The region that the named ones leave."""

SNAP = 9
"""Decimals of a nm that coordinates keep: equal coordinates that were computed differently become the same number."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """A straight side, or an arc of less than half a turn about `centre`; towards `end` the film is on the left."""

    start: Point
    end: Point
    name: str
    centre: Point | None = None

    def __post_init__(self) -> None:
        for key in ("start", "end", "centre"):
            point = getattr(self, key)
            if point is not None:
                # adding 0.0 turns -0.0 into 0.0
                object.__setattr__(self, key, tuple(round(float(c), SNAP) + 0.0 for c in point))

    @property
    def vector(self) -> np.ndarray:
        """From the start to the end, shape (2,), nm."""
        return np.subtract(self.end, self.start)

    @property
    def turn(self) -> float:
        """The angle swept about the centre, rad, positive anticlockwise; 0 for a straight side."""
        if self.centre is None:
            return 0.0
        a, b = np.subtract(self.start, self.centre), np.subtract(self.end, self.centre)
        return math.atan2(a[0] * b[1] - a[1] * b[0], a @ b)

    @property
    def length(self) -> float:
        """nm, along the arc."""
        if self.centre is None:
            return math.hypot(*self.vector)
        return abs(self.turn) * math.dist(self.start, self.centre)

    def reversed(self) -> Side:
        """The side from its end to its start."""
        return replace(self, start=self.end, end=self.start)

    def headings(self) -> tuple[float, float]:
        """Directions of travel at the start and at the end, rad."""
        x, y = self.vector
        chord = math.atan2(y, x)
        return chord - self.turn / 2, chord + self.turn / 2

    def points(self, n: int) -> np.ndarray:
        """n + 1 points from the start to the end, shape (n + 1, 2), nm."""
        return self.at(np.arange(n + 1) / n)

    def at(self, part: np.ndarray) -> np.ndarray:
        """The points at these parts of the length, shape (..., 2), nm."""
        t = np.asarray(part)[..., None]
        if self.centre is None:
            return np.asarray(self.start + t * self.vector)
        radius = np.subtract(self.start, self.centre)
        angle = t * self.turn
        return self.centre + np.cos(angle) * radius + np.sin(angle) * np.array([-radius[1], radius[0]])


Loop = tuple[Side, ...]


@dataclass(frozen=True, kw_only=True)
class Region:
    """A named part of a film: polygons, each an outer loop of straight sides and then its holes."""

    name: str
    polygons: tuple[tuple[Loop, ...], ...]

    @property
    def sides(self) -> tuple[Side, ...]:
        """All sides."""
        return tuple(side for loops in self.polygons for loop in loops for side in loop)


@dataclass(frozen=True, kw_only=True)
class Outline:
    """Loops of sides: the outer one anticlockwise, then holes clockwise. Sides named in `terminals` are contacts.

    Attributes:
        loops: The boundary.
        terminals: Names of sides.
        regions: Parts with names of their own; with arcs in the boundary they may reach beyond it.
        interfaces: The straight lines inside the film on which regions end, some of them perhaps twice.
        remainder: Whether the regions leave a part of the film, which is the region "film".
    """

    loops: tuple[Loop, ...]
    terminals: tuple[str, ...]
    regions: tuple[Region, ...] = ()
    interfaces: tuple[Side, ...] = ()
    remainder: bool = True

    @property
    def sides(self) -> tuple[Side, ...]:
        """All sides."""
        return tuple(side for loop in self.loops for side in loop)

    @property
    def edges(self) -> tuple[str, ...]:
        """Names of the sides that are no terminals, in the order of the boundary."""
        return tuple(dict.fromkeys(s.name for s in self.sides if s.name not in self.terminals))

    @property
    def region_names(self) -> tuple[str, ...]:
        """Names of the regions, "film" for what the others leave."""
        return (REST,) * self.remainder + tuple(region.name for region in self.regions)

    @property
    def is_rectilinear(self) -> bool:
        """Whether every side, of the regions too, is parallel to x or y."""
        sides = (*self.sides, *(side for region in self.regions for side in region.sides))
        return all(side.centre is None and 0.0 in side.vector for side in sides)

    @property
    def is_curved(self) -> bool:
        """Whether some side is an arc."""
        return any(side.centre is not None for side in self.sides)

    @property
    def extent(self) -> Point:
        """Width and height of the bounding box, nm."""
        points = np.concatenate([side.points(1 if side.centre is None else 16) for side in self.sides])
        width, height = np.ptp(points, axis=0)
        return float(width), float(height)

    @property
    def area(self) -> float:
        """nm^2."""
        total = 0.0
        for side in self.sides:
            (x0, y0), (x1, y1) = side.start, side.end
            total += (x0 * y1 - x1 * y0) / 2
            if side.centre is not None:
                radius = math.dist(side.start, side.centre)
                total += radius**2 * (side.turn - math.sin(side.turn)) / 2
        return total


def chain(corners: Sequence[Point], names: Sequence[str], centres: Mapping[int, Point] = _STRAIGHT) -> tuple[Side, ...]:
    """Sides between successive corners; names[i] and centres[i] (of an arc) belong to the one from corners[i]."""
    return tuple(
        Side(start=start, end=end, name=names[i], centre=centres.get(i))
        for i, (start, end) in enumerate(pairwise(corners))
    )


def closed(corners: Sequence[Point], names: Sequence[str]) -> tuple[Side, ...]:
    """The loop of straight sides through `corners`; names[i] belongs to the side from corners[i]."""
    return chain([*corners, corners[0]], names)
