"""Round devices: the Corbino ring and van der Pauw's cloverleaf. Lengths are unit strings or plain numbers in nm."""

from __future__ import annotations

import math

from fem_rashba.devices.outline import Outline, Point, chain
from fem_rashba.devices.shape import Length, Shape, positive


def corbino(*, inner_radius: Length, outer_radius: Length) -> Shape:
    """A ring about the origin; its circles are the terminals inner and outer, and there is no edge.

    Raises:
        ValueError: If a radius is not positive or they are not in this order.
    """
    a, b = positive(inner_radius, "inner_radius"), positive(outer_radius, "outer_radius")
    if a >= b:
        raise ValueError(f"inner_radius = {inner_radius!r} must be less than outer_radius, {b:g} nm")
    # clockwise, the film is on the left of the inner circle
    circles = [[(r, 0.0), (0.0, sign * r), (-r, 0.0), (0.0, -sign * r), (r, 0.0)] for r, sign in ((b, 1), (a, -1))]
    centres = dict.fromkeys(range(4), (0.0, 0.0))
    outer, inner = (
        chain(circle, [name] * 4, centres) for circle, name in zip(circles, ("outer", "inner"), strict=True)
    )
    return Shape(name="corbino", geometry=Outline(loops=(outer, inner), terminals=("inner", "outer")))


def cloverleaf(*, radius: Length, contact_width: Length, slit_width: Length, slit_length: Length) -> Shape:
    """A disc about the origin with four slits along the diagonals; terminals source (-x), drain (+x), left, right.

    The contacts lie on the rim in the middle of each leaf, named as those of the Hall cross; edges are rim and slit.

    Args:
        radius: Of the disc.
        contact_width: Of each contact, along the rim.
        slit_width: Of the slits, whose sides are parallel.
        slit_length: From the rim to the end of a slit, along its middle.

    Raises:
        ValueError: If a length is not positive, the slits meet, or a contact does not fit between them.
    """
    r, half = positive(radius, "radius"), positive(slit_width, "slit_width") / 2
    inner = r - positive(slit_length, "slit_length")
    if half >= r:
        raise ValueError(f"slit_width = {slit_width!r} must be less than twice the radius, {2 * r:g} nm")
    if inner <= half:
        raise ValueError(
            f"slit_length = {slit_length!r} must be less than the radius without half the slit_width, {r - half:g} nm"
        )
    contact = positive(contact_width, "contact_width") / (2 * r)
    # from the middle of a leaf to the mouth of a slit
    leaf = math.pi / 4 - math.asin(half / r)
    if contact >= leaf:
        raise ValueError(
            f"contact_width = {contact_width!r} must be less than the rim of a leaf between two slits, "
            f"{2 * r * leaf:g} nm"
        )
    corners: list[Point] = []
    names: list[str] = []
    for i, terminal in enumerate(("drain", "left", "source", "right")):
        angle = i * math.pi / 2
        corners += [(r * math.cos(a), r * math.sin(a)) for a in (angle + s for s in (-leaf, -contact, contact, leaf))]
        # the slit after this leaf, in the direction u
        ux, uy = math.cos(angle + math.pi / 4), math.sin(angle + math.pi / 4)
        corners += [(inner * ux - side * uy, inner * uy + side * ux) for side in (-half, half)]
        names += ["rim", terminal, "rim", "slit", "slit", "slit"]
    arcs = {i: (0.0, 0.0) for i, name in enumerate(names) if name != "slit"}
    outline = Outline(
        loops=(chain([*corners, corners[0]], names, arcs),), terminals=("source", "drain", "left", "right")
    )
    return Shape(name="cloverleaf", geometry=outline)
