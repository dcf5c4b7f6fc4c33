"""The boundary in pieces, one for each element that lies along it. Lengths in nm."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from fem_rashba.devices.outline import Outline, Point, Side

_RATIO = 1.25
"""Of neighbouring distances from the end of a side at which the size is asked for."""


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """Pieces of all loops, one loop after the other; piece i runs from point i to point after[i], the film on its left.

    Attributes:
        points: Shape (N, 2).
        normals: Unit vectors into the film at the points, shape (N, 2); zero at corners.
        middles: Of the pieces, on the arc where the side is one, shape (N, 2).
        inward: Unit vectors into the film at the middles, shape (N, 2).
        after: Shape (N,).
        sides: Number of the side in `Outline.sides`, shape (N,).
        loops: The first point of each loop, and N.
    """

    points: np.ndarray
    normals: np.ndarray
    middles: np.ndarray
    inward: np.ndarray
    after: np.ndarray
    sides: np.ndarray
    loops: tuple[int, ...]


def pieces(outline: Outline, size: Callable[[float, float], float], corners: Container[Point]) -> Pieces:
    """Divide the sides of an outline into pieces that are as long as `size` (nm) says at x and y (nm).

    The points on a side are the same numbers from either end, so that faces on both sides of an interface share them.

    Args:
        outline: Of a film or of a face of it.
        size: The length of pieces.
        corners: Points where no normal is wanted.
    """
    sides = [_upward(side) for side in outline.sides]
    back = np.array([side is not other for side, other in zip(outline.sides, sides, strict=True)])
    at_corners = {point: size(*point) for point in (side.start for side in outline.sides)}
    places = [_places(side, size, at_corners[side.start], at_corners[side.end]) for side in sides]
    places = [at[::-1] if turned else at for at, turned in zip(places, back, strict=True)]
    counts = np.array([len(at) - 1 for at in places])
    starts = np.cumsum(counts) - counts
    number = np.repeat(np.arange(len(places)), counts)
    loops = np.append(starts, counts.sum())[np.cumsum([0, *map(len, outline.loops)])]
    after = np.arange(1, len(number) + 1)
    after[loops[1:] - 1] = loops[:-1]
    points, normals = _along(sides, number, np.concatenate([at[:-1] for at in places]))
    middles, inward = _along(sides, number, np.concatenate([(at[1:] + at[:-1]) / 2 for at in places]))
    normals[back[number]] *= -1.0
    inward[back[number]] *= -1.0
    around = (pair for loop in outline.loops for pair in pairwise((loop[-1], *loop)))
    for start, (before, side) in zip(starts, around, strict=True):
        last = before.headings()[1]
        normal = normals[start] + (-math.sin(last), math.cos(last))
        normals[start] = 0.0 if side.start in corners else normal / math.hypot(*normal)
        points[start] = side.start
    return Pieces(
        points=points,
        normals=normals,
        middles=middles,
        inward=inward,
        after=after,
        sides=number,
        loops=tuple(loops.tolist()),
    )


def _upward(side: Side) -> Side:
    """The side from the lesser of its ends to the other."""
    return side if side.start <= side.end else side.reversed()


def _along(sides: Sequence[Side], number: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points and unit vectors to the left, at parts of the lengths of the sides of these numbers, shapes (N, 2)."""
    straight = np.array([(*side.start, *side.vector, side.headings()[0], side.turn) for side in sides])[number]
    points = straight[:, :2] + at[:, None] * straight[:, 2:4]
    for arc in (i for i, side in enumerate(sides) if side.centre is not None):
        points[number == arc] = sides[arc].at(at[number == arc])
    heading = straight[:, 4] + at * straight[:, 5]
    return points, np.stack([-np.sin(heading), np.cos(heading)], axis=-1)


def _places(side: Side, size: Callable[[float, float], float], first: float, last: float) -> np.ndarray:
    """Where along the side, from 0 to 1, its pieces begin and end, shape (N + 1,); `first` and `last` at its ends."""
    length = side.length
    # sizes grow by at most `grading._STEEPEST` for each nm
    if min(first, last) >= 1.6 * length:
        return np.array([0.0, 1.0])
    near = _from_end(first / length), 1.0 - _from_end(last / length), np.linspace(0.0, 1.0, 17)
    places = np.unique(np.concatenate(near))
    sizes = np.array([size(*place) for place in side.at(places).tolist()])
    if length <= sizes.min():
        return np.array([0.0, 1.0])
    density = length / sizes
    count = np.concatenate([[0.0], np.cumsum(np.diff(places) * (density[1:] + density[:-1]) / 2)])
    # a side that is a whole number of elements long must not get one more by rounding
    n = max(1, math.ceil(count[-1] * (1.0 - 1e-9)))
    found = np.interp(np.arange(n + 1) / n * count[-1], count, places)
    found[-1] = 1.0
    return found


def _from_end(first: float) -> np.ndarray:
    """Parts of the length from half of it down to half of the first element."""
    count = math.ceil(math.log(1.0 / min(first, 0.5)) / math.log(_RATIO))
    return 0.5 * _RATIO ** -np.arange(count + 1.0)
