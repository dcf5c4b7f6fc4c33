"""Wires, crosses and strips with notches. Lengths are unit strings or plain numbers in nm."""

from __future__ import annotations

from fem_rashba.devices.outline import Outline, Side, chain, closed
from fem_rashba.devices.shape import Length, Shape, positive


def wire(*, length: Length, width: Length) -> Shape:
    """A wire 0 <= x <= length, 0 <= y <= width; terminals source (x = 0) and drain; edges lower and upper.

    Raises:
        ValueError: If a length is not positive.
    """
    x, y = positive(length, "length"), positive(width, "width")
    side = closed([(0, 0), (x, 0), (x, y), (0, y)], ["lower", "drain", "upper", "source"])
    return Shape(name="wire", geometry=Outline(loops=(side,), terminals=("source", "drain")))


def hall_cross(*, arm_width: Length, arm_length: Length) -> Shape:
    """A cross centred on the origin; terminals source (-x), drain (+x), left (+y), right (-y); one edge.

    Args:
        arm_width: Width of all four arms.
        arm_length: From the edge of the central square to the terminal.

    Raises:
        ValueError: If a length is not positive.
    """
    a = positive(arm_width, "arm_width") / 2
    b = a + positive(arm_length, "arm_length")
    corners = [
        (a, a),
        (a, b),
        (-a, b),
        (-a, a),
        (-b, a),
        (-b, -a),
        (-a, -a),
        (-a, -b),
        (a, -b),
        (a, -a),
        (b, -a),
        (b, a),
    ]
    names = ["edge", "left", "edge", "edge", "source", "edge", "edge", "right", "edge", "edge", "drain", "edge"]
    outline = Outline(loops=(closed(corners, names),), terminals=("source", "drain", "left", "right"))
    return Shape(name="hall_cross", geometry=outline)


def notched_strip(
    *, length: Length, width: Length, notch_width: Length, notch_depth: Length, notch: str = "v", notches: int = 1
) -> Shape:
    """A wire with a notch at x = length/2 in the upper edge, or in both; terminals and edges as of the wire, and notch.

    Args:
        length, width: Of the strip.
        notch_width: Of the notch at the edge.
        notch_depth: From the edge to the tip.
        notch: "v" ends in a sharp tip, "slit" is a rectangle, "round" the circular arc through the mouth and the tip.
        notches: 1, or 2 with the lower edge.

    Raises:
        ValueError: If a length is not positive, the notch does not fit, or its kind is unknown.
    """
    x, y = positive(length, "length"), positive(width, "width")
    a, d = positive(notch_width, "notch_width") / 2, positive(notch_depth, "notch_depth")
    if notches not in (1, 2):
        raise ValueError(f"notches = {notches!r} must be 1 or 2")
    if notch not in ("v", "slit", "round"):
        raise ValueError(f"notch = {notch!r} must be 'v', 'slit' or 'round'")
    if 2 * a >= x:
        raise ValueError(f"notch_width = {notch_width!r} must be less than the length, {x:g} nm")
    if notches * d >= y:
        limit = "the width" if notches == 1 else "half the width"
        raise ValueError(f"notch_depth = {notch_depth!r} must be less than {limit}, {y / notches:g} nm")
    radius = (a * a + d * d) / (2 * d)
    if notch == "round" and d > a and 2 * radius >= x:
        raise ValueError(
            f"notch_depth = {notch_depth!r} makes an arc {2 * radius:g} nm wide; the strip is {x:g} nm long"
        )
    tip = [(x / 2 + a, y - d), (x / 2 - a, y - d)] if notch == "slit" else [(x / 2, y - d)]
    corners = [(x, y), (x / 2 + a, y), *tip, (x / 2 - a, y)]
    names = ["upper", *["notch"] * (len(tip) + 1), "upper"]
    centres = {1: (x / 2, y - d + radius), 2: (x / 2, y - d + radius)} if notch == "round" else {}
    upper = chain([*corners, (0.0, y)], names, centres)
    if notches == 2:
        names = ["lower" if name == "upper" else name for name in names]
        turned = {i: (x - cx, y - cy) for i, (cx, cy) in centres.items()}
        lower = chain([(x - px, y - py) for px, py in [*corners, (0.0, y)]], names, turned)
    else:
        lower = chain([(0.0, 0.0), (x, 0.0)], ["lower"])
    ends = (Side(start=(x, 0.0), end=(x, y), name="drain"), Side(start=(0.0, y), end=(0.0, 0.0), name="source"))
    loop = (*lower, ends[0], *upper, ends[1])
    return Shape(name="notched_strip", geometry=Outline(loops=(loop,), terminals=("source", "drain")))
