"""Outlines from polygons: unions, holes, and terminals given by where they are. Lengths in nm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import shapely
from shapely.geometry import Polygon
from shapely.geometry.polygon import orient

from fem_rashba.devices.gmsh_io import EDGE
from fem_rashba.devices.outline import SNAP, Outline, Point, Side, closed

Segment = tuple[Point, Point]

TOLERANCE = 1e-6
"""How far a terminal's ends may lie from the boundary, as a part of the device's extent."""


def outline_of(
    outline: Sequence[Any], holes: Sequence[Any], terminals: Mapping[str, Any], edges: Mapping[str, Any]
) -> Outline:
    """The outline of the union of one or several polygons, without the holes.

    Args:
        outline: Corners [[x, y], ...], or a list of such lists.
        holes: A list of lists of corners.
        terminals: Name -> the two ends [[x0, y0], [x1, y1]] of a straight piece of the boundary.
        edges: The same for pieces of the boundary that are no terminals.

    Raises:
        ValueError: If a polygon is not simple, the union is not one piece, a hole is not inside, or a terminal or edge
            is not on the boundary or overlaps another.
    """
    film = _union(outline)
    film = _without_holes(film, holes)
    loops = [sides_of(ring.coords) for ring in (film.exterior, *film.interiors)]
    check_pinches(loops)
    tolerance = TOLERANCE * max(film.bounds[2] - film.bounds[0], film.bounds[3] - film.bounds[1])
    for name in terminals:
        if name.startswith(EDGE) or name in edges:
            raise ValueError(f"terminal {name!r} has the name of an edge; a terminal needs a name of its own")
    for what, named in (("terminal", terminals), ("edge", edges)):
        for name, at in named.items():
            loops = _label(loops, what, name, _segment(at, f"{what} {name!r}"), tolerance)
    result = Outline(loops=tuple(tuple(loop) for loop in loops), terminals=tuple(terminals))
    check_contacts(result)
    return result


def _union(outline: Sequence[Any]) -> Polygon:
    film = shapely.union_all(polygons_of(outline, "outline"))
    if film.geom_type != "Polygon":
        raise ValueError(f"outline falls into {len(film.geoms)} pieces; all polygons must overlap or share sides")
    return film


def polygons_of(corners: Sequence[Any], key: str) -> list[Polygon]:
    """One polygon from [[x, y], ...], or several from a list of such lists.

    Raises:
        ValueError: If one of them is not a simple polygon.
    """
    first: Any = corners[0] if _is_list(corners) and len(corners) > 0 else None
    if not (_is_list(first) and len(first) > 0 and _is_list(first[0])):
        return [_polygon(corners, key)]
    return [_polygon(ring, f"{key}[{i}]") for i, ring in enumerate(corners)]


def _without_holes(film: Polygon, holes: Sequence[Any]) -> Polygon:
    if not _is_list(holes):
        raise ValueError(f"holes = {holes!r} must be a list of polygons")
    for i, ring in enumerate(holes):
        hole = _polygon(ring, f"holes[{i}]")
        if not film.contains_properly(hole):
            raise ValueError(f"holes[{i}] must lie inside the outline without touching it or another hole")
        film = film.difference(hole)
    return orient(film)


def _polygon(corners: Any, key: str) -> Polygon:
    if not _is_list(corners) or not all(_is_point(c) for c in corners):
        raise ValueError(f"{key} must be a list of points [x, y] with finite coordinates in nm")
    points = [(round(float(x), SNAP), round(float(y), SNAP)) for x, y in corners]
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()
    if len(points) < 3:
        raise ValueError(f"{key} has {len(points)} corners; a polygon needs at least 3")
    polygon = Polygon(points)
    if polygon.area <= 1e-9 * polygon.length**2:
        raise ValueError(f"{key} has no area; its corners must not lie on one line")
    if not polygon.is_valid:
        where = shapely.is_valid_reason(polygon).partition("[")[2].rstrip("]").replace(" ", ", ")
        raise ValueError(f"{key} crosses or touches itself at ({where}); a polygon must be simple")
    return polygon


def sides_of(ring: Sequence[Point]) -> list[Side]:
    """The sides of a closed ring, merging those on one line."""
    corners = list(ring)[:-1]
    kept = []
    for before, here, after in zip([corners[-1], *corners], corners, [*corners[1:], corners[0]], strict=False):
        (ax, ay), (bx, by) = (here[0] - before[0], here[1] - before[1]), (after[0] - here[0], after[1] - here[1])
        if abs(ax * by - ay * bx) > 1e-9 * math.hypot(ax, ay) * math.hypot(bx, by):
            kept.append(here)
    return list(closed(kept, [EDGE] * len(kept)))


def _label(loops: list[list[Side]], what: str, name: str, at: Segment, tolerance: float) -> list[list[Side]]:
    """The loops with the sides on a segment called `name`, split at its ends."""
    length = math.dist(*at)
    if length <= tolerance:
        raise ValueError(f"{what} {name!r} has no length; at = {_show(at)} must be two different points")
    covered = 0.0
    labelled = []
    for loop in loops:
        sides = []
        for side in loop:
            for part in _split(side, at, tolerance):
                if all(_distance(p, at) <= tolerance for p in (part.start, part.end)):
                    if part.name != EDGE:
                        raise ValueError(f"{what} {name!r} overlaps {part.name!r}; every side belongs to one")
                    covered += part.length
                    part = Side(start=part.start, end=part.end, name=name)
                sides.append(part)
        labelled.append(sides)
    if abs(covered - length) > 4 * tolerance:
        raise ValueError(f"{what} {name!r} at {_show(at)} must lie on the boundary of the device, all of it")
    return labelled


def _split(side: Side, at: Segment, tolerance: float) -> list[Side]:
    """The parts of a side between those of the two points that lie on it."""
    own = (side.start, side.end)
    inner = [p for p in at if _distance(p, own) <= tolerance and min(math.dist(p, q) for q in own) > tolerance]
    (x0, y0), (dx, dy) = side.start, side.vector
    # onto the side, exactly: a rounded end would give it a kink, and an axis-parallel side must stay one
    t = sorted(((p[0] - x0) * dx + (p[1] - y0) * dy) / (dx * dx + dy * dy) for p in inner)
    corners = [side.start, *((x0 + s * dx, y0 + s * dy) for s in t), side.end]
    return [Side(start=a, end=b, name=side.name) for a, b in pairwise(corners)]


def _distance(point: Point, segment: Segment) -> float:
    (x0, y0), (x1, y1) = segment
    dx, dy = x1 - x0, y1 - y0
    t = ((point[0] - x0) * dx + (point[1] - y0) * dy) / (dx * dx + dy * dy)
    t = min(max(t, 0.0), 1.0)
    return math.hypot(point[0] - x0 - t * dx, point[1] - y0 - t * dy)


def check_pinches(loops: list[list[Side]]) -> None:
    """Raise a ValueError where loops touch in a corner."""
    corners = [side.start for loop in loops for side in loop]
    for corner in corners:
        if corners.count(corner) > 1:
            raise ValueError(
                f"the outline and its holes touch at the point {corner}; they must share sides or keep apart"
            )


def check_contacts(outline: Outline) -> None:
    """Raise a ValueError where two terminals touch."""
    for loop in outline.loops:
        for before, after in pairwise((loop[-1], *loop)):
            names = {before.name, after.name}
            if len(names) == 2 and names <= set(outline.terminals):
                raise ValueError(
                    f"terminals {before.name!r} and {after.name!r} touch at {after.start}; an edge must separate them"
                )


def _segment(at: Any, key: str) -> Segment:
    if not _is_list(at) or len(at) != 2 or not all(_is_point(p) for p in at):
        raise ValueError(f"{key}: at = {at!r} must be two points [[x0, y0], [x1, y1]] in nm")
    (x0, y0), (x1, y1) = at
    return (float(x0), float(y0)), (float(x1), float(y1))


def _show(at: Segment) -> str:
    return str([list(p) for p in at])


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_point(value: Any) -> bool:
    return (
        _is_list(value)
        and len(value) == 2
        and all(isinstance(c, int | float) and not isinstance(c, bool) and math.isfinite(c) for c in value)
    )
