"""Bends, junctions and bars with many probes. Lengths are unit strings or plain numbers in nm."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from fem_rashba.devices.outline import Outline, Point, closed
from fem_rashba.devices.shape import Length, Shape, positive


def l_bend(*, arm_width: Length, source_length: Length, drain_length: Length) -> Shape:
    """A bend to the left by a right angle; terminals source (x = 0) and drain; edges inner and outer.

    The first arm runs along x at 0 <= y <= arm_width, then comes the square of the corner, then the second arm along y.

    Args:
        arm_width: Width of both arms.
        source_length, drain_length: From the terminal to the square of the corner.

    Raises:
        ValueError: If a length is not positive.
    """
    w = positive(arm_width, "arm_width")
    a, b = positive(source_length, "source_length"), positive(drain_length, "drain_length")
    corners = [(0.0, 0.0), (a + w, 0.0), (a + w, w + b), (a, w + b), (a, w), (0.0, w)]
    side = closed(corners, ["outer", "outer", "drain", "inner", "inner", "source"])
    return Shape(name="l_bend", geometry=Outline(loops=(side,), terminals=("source", "drain")))


def t_junction(*, length: Length, width: Length, stem_width: Length, stem_length: Length) -> Shape:
    """A wire with a stem on its +y side, at x = length/2; terminals source, drain, left (the stem); one edge.

    Args:
        length, width: Of the wire, 0 <= x <= length, 0 <= y <= width.
        stem_width: Of the stem.
        stem_length: From the wire to the terminal.

    Raises:
        ValueError: If a length is not positive or the stem is as wide as the wire is long.
    """
    x, y = positive(length, "length"), positive(width, "width")
    stem = _branches([x / 2], positive(stem_width, "stem_width") / 2, positive(stem_length, "stem_length"), y)
    if stem[0][0] >= x:
        raise ValueError(f"stem_width = {stem_width!r} must be less than the length, {x:g} nm")
    corners = [(0.0, 0.0), (x, 0.0), (x, y), *stem, (0.0, y)]
    side = closed(corners, ["edge", "drain", "edge", "edge", "left", "edge", "edge", "source"])
    return Shape(name="t_junction", geometry=Outline(loops=(side,), terminals=("source", "drain", "left")))


def hall_bar(
    *,
    length: Length,
    width: Length,
    probe_width: Length,
    probe_length: Length,
    pairs: int | Sequence[Length] = 2,
) -> Shape:
    """A wire with pairs of probes; terminals source, drain, left1, left2, ... (+y), right1, ... (-y); one edge.

    Args:
        length, width: Of the wire, 0 <= x <= length, 0 <= y <= width.
        probe_width: Of every probe.
        probe_length: From the wire to the terminal.
        pairs: How many, evenly spaced and as far from the ends as from each other; or where: x of the middle of each
            pair, from the source on.

    Raises:
        ValueError: If a length is not positive, there is no pair, or probes overlap or reach beyond the wire.
    """
    x, y = positive(length, "length"), positive(width, "width")
    half, reach = positive(probe_width, "probe_width") / 2, positive(probe_length, "probe_length")
    if isinstance(pairs, str) or not isinstance(pairs, int | Sequence) or pairs is True or not pairs:
        raise ValueError(f"pairs = {pairs!r} must be a whole number of at least 1 or a list of positions")
    if isinstance(pairs, int):
        if not 1 <= pairs <= MOST_PAIRS:
            raise ValueError(f"pairs = {pairs!r} must be a whole number from 1 to {MOST_PAIRS}")
        middles = [x * (i + 1) / (pairs + 1) for i in range(pairs)]
    else:
        middles = [positive(at, f"pairs[{i}]") for i, at in enumerate(pairs)]
    if middles[0] - half <= 0.0 or middles[-1] + half >= x or any(b - a <= 2 * half for a, b in pairwise(middles)):
        raise ValueError(
            f"pairs = {pairs!r} must leave a part of the edge between the probes, {2 * half:g} nm wide, and the ends "
            f"of the wire, from 0 to {x:g} nm, and be in ascending order"
        )
    lower, upper = ([(px, y / 2 + sign * (py - y / 2)) for px, py in _branches(middles, half, reach, y)]
                    for sign in (-1, 1))  # fmt: skip
    count = len(middles)
    left, right = ([f"{name}{i + 1}" for i in range(count)] for name in ("left", "right"))
    below = [name for probe in right for name in ("edge", "edge", probe, "edge")]
    above = [name for probe in left[::-1] for name in ("edge", "edge", probe, "edge")]
    corners = [(0.0, 0.0), *lower[::-1], (x, 0.0), (x, y), *upper, (0.0, y)]
    side = closed(corners, [*below, "edge", "drain", *above, "edge", "source"])
    return Shape(name="hall_bar", geometry=Outline(loops=(side,), terminals=("source", "drain", *left, *right)))


MOST_PAIRS = 1000


def _branches(middles: Sequence[float], half: float, reach: float, edge: float) -> list[Point]:
    """The corners of branches that stand on y = edge, from the last one on: four of each."""
    return [
        point
        for middle in reversed(middles)
        for point in (
            (middle + half, edge),
            (middle + half, edge + reach),
            (middle - half, edge + reach),
            (middle - half, edge),
        )
    ]
