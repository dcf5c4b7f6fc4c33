"""Where derivatives of the solution are large or infinite: corners of the boundary and of interfaces. Lengths in nm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from fem_rashba.devices.outline import Outline, Point

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
    sectors = _sectors(outline, list(leaving))
    for (point, directions), sector in zip(leaving.items(), sectors, strict=True):
        if sector is None:
            gaps = _gaps(directions, directions[0], _TURN)
            # an interface that goes on straight, or nearly so, has no corner
            if max(gaps) - math.pi > SMOOTH or len(gaps) > 2:
                found[point] = math.pi / max(*gaps, *(_TURN - gap for gap in gaps))
        else:
            found[point] = math.pi / (2 * max(_gaps(directions, *sector)))
    return found


def _sectors(outline: Outline, points: Sequence[Point]) -> list[tuple[float, float] | None]:
    """Where the film lies at each point: from which direction on and over which angle, rad; None in the film."""
    tolerance = (1e-3 if outline.is_curved else 1e-6) * max(outline.extent)
    around = [pair for loop in outline.loops for pair in pairwise((loop[-1], *loop))]
    starts = np.array([after.start for _, after in around])
    chords = [side.points(1 if side.centre is None else 64) for side in outline.sides]
    a, b = (np.concatenate([ends[part] for ends in chords]) for part in (slice(None, -1), slice(1, None)))
    along = b - a
    found: list[tuple[float, float] | None] = []
    for point in points:
        at = np.flatnonzero(np.hypot(*(starts - point).T) <= tolerance)
        t = np.clip(((point - a) * along).sum(axis=1) / (along**2).sum(axis=1), 0.0, 1.0)
        on = np.flatnonzero(np.hypot(*(a + t[:, None] * along - point).T) <= tolerance)
        if len(at):
            before, after = around[at[0]]
            first = after.headings()[0]
            found.append((first, math.pi - math.remainder(first - before.headings()[1], _TURN)))
        elif len(on):
            found.append((math.atan2(along[on[0], 1], along[on[0], 0]), math.pi))
        else:
            found.append(None)
    return found


def _gaps(directions: Sequence[float], first: float, angle: float) -> list[float]:
    """The angles between neighbouring directions from `first` over `angle`, its ends included."""
    relative = {round((direction - first) % _TURN, 9) for direction in directions}
    inside = sorted(r for r in relative if 1e-6 < r < angle - 1e-6)
    return [b - a for a, b in pairwise([0.0, *inside, angle])]
