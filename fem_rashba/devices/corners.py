"""Where derivatives of the solution are large or infinite: corners of the boundary and of interfaces. Lengths in nm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from fem_rashba.devices.outline import Outline, Point, Side

_TURN = 2 * math.pi

SMOOTH = 0.1
"""Sides that turn by less, rad, are a curve in short pieces: what is singular there has no amplitude to speak of."""


def corners(outline: Outline) -> dict[Point, float]:
    """Every corner with the exponent s of the solution there, which behaves like r^s: singular for s < 1.

    On the boundary, at an interior angle w, s = pi/w between two edges or two contacts and s = pi/(2w) where a contact
    meets an edge: s < 1 at re-entrant corners and at contacts that end at more than 90 degrees. Where a side goes on
    smoothly under the same name, or nearly so, there is no corner. At corners of interfaces s is the least that any
    ratio of the coefficients can make it: as if one side were a perfect conductor.
    """
    found = {}
    for loop in outline.loops:
        for before, after in pairwise((loop[-1], *loop)):
            turn = math.remainder(after.headings()[0] - before.headings()[1], _TURN)
            if abs(turn) < SMOOTH and before.name == after.name:
                continue
            mixed = (before.name in outline.terminals) != (after.name in outline.terminals)
            found[after.start] = math.pi / ((math.pi - turn) * (2 if mixed else 1))
    for point, exponent in _of_interfaces(outline).items():
        found[point] = min(exponent, found.get(point, math.inf))
    return found


def _of_interfaces(outline: Outline) -> dict[Point, float]:
    leaving: dict[Point, list[float]] = {}
    for side in outline.interfaces:
        for start, (x, y) in ((side.start, side.vector), (side.end, -side.vector)):
            leaving.setdefault(start, []).append(math.atan2(y, x))
    found = {}
    for point, directions in leaving.items():
        sector = _sector(outline, point)
        if sector is None:
            gaps = _gaps(directions, directions[0], _TURN)
            # an interface that goes on straight has no corner
            if max(gaps) - math.pi > 1e-6 or len(gaps) > 2:
                found[point] = math.pi / max(*gaps, *(_TURN - gap for gap in gaps))
        else:
            found[point] = math.pi / (2 * max(_gaps(directions, *sector)))
    return found


def _sector(outline: Outline, point: Point) -> tuple[float, float] | None:
    """Where the film lies at a point of its boundary: from which direction on and over which angle, rad."""
    tolerance = (1e-3 if outline.is_curved else 1e-6) * max(outline.extent)
    for loop in outline.loops:
        for before, after in pairwise((loop[-1], *loop)):
            if math.dist(after.start, point) <= tolerance:
                first = after.headings()[0]
                return first, math.pi - math.remainder(first - before.headings()[1], _TURN)
    for side in outline.sides:
        heading = _heading_at(side, point, tolerance)
        if heading is not None:
            return heading, math.pi
    return None


def _heading_at(side: Side, point: Point, tolerance: float) -> float | None:
    """The direction of travel at a point of the side; None if the point is not on it."""
    points = side.points(1 if side.centre is None else 64)
    for a, b in pairwise(points):
        t = np.clip((point - a) @ (b - a) / ((b - a) @ (b - a)), 0.0, 1.0)
        if math.dist(point, a + t * (b - a)) <= tolerance:
            return math.atan2(b[1] - a[1], b[0] - a[0])
    return None


def _gaps(directions: Sequence[float], first: float, angle: float) -> list[float]:
    """The angles between neighbouring directions from `first` over `angle`, its ends included."""
    relative = {round((direction - first) % _TURN, 9) for direction in directions}
    inside = sorted(r for r in relative if 1e-6 < r < angle - 1e-6)
    return [b - a for a, b in pairwise([0.0, *inside, angle])]
