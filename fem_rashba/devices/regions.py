"""Regions of a film given by polygons: what of them lies in the film, and their interfaces. Lengths in nm."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, pairwise
from typing import Any

import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.polygon import orient
from shapely.ops import nearest_points

from fem_rashba.devices.outline import REST, SNAP, Outline, Region, Side, closed
from fem_rashba.devices.polygons import TOLERANCE, polygons_of

_PER_ARC = 64
"""Chords in place of an arc where only lengths for the mesher and mistakes are looked for."""


def divided(outline: Outline, regions: Mapping[str, Any]) -> Outline:
    """The outline with regions.

    Args:
        outline: Of the film, without regions.
        regions: Name -> corners [[x, y], ...], or a list of such lists. What of it lies in the film is the region.

    Raises:
        ValueError: If a polygon is not simple, no part of the film lies in a region, or two regions overlap in it.
    """
    shapes = {}
    for name, polygons in regions.items():
        if name == REST:
            raise ValueError(f"region {REST!r} is what the other regions leave of the film; choose another name")
        shapes[name] = shapely.union_all(polygons_of(polygons, f"region {name!r}"))
    return split(outline, shapes, tolerance=TOLERANCE * max(outline.extent))


def split(outline: Outline, regions: Mapping[str, Any], *, tolerance: float) -> Outline:
    """As `divided`, from shapes of shapely; corners nearer than `tolerance` (nm) to the boundary are moved onto it.

    Raises:
        ValueError: If no part of the film lies in a region, or two regions overlap in it.
    """
    film = shape_of(outline)
    given = {name: _snapped(shape, film, tolerance) for name, shape in regions.items()}
    inside = {name: _solid(polygon.intersection(film), tolerance) for name, polygon in given.items()}
    for name, part in inside.items():
        if part.is_empty:
            raise ValueError(f"region {name!r} has no part of the film in it; its polygon must overlap the device")
    for (one, first), (other, second) in combinations(inside.items(), 2):
        common = _solid(first.intersection(second), tolerance)
        if not common.is_empty:
            x, y = common.representative_point().coords[0]
            raise ValueError(f"regions {one!r} and {other!r} overlap at ({x:.6g}, {y:.6g}); every point may be in one")
    kept = given if outline.is_curved else inside
    return Outline(
        loops=outline.loops,
        terminals=outline.terminals,
        regions=tuple(_region(name, part) for name, part in kept.items()),
        interfaces=_interfaces(film, inside, tolerance),
        remainder=not _solid(film.difference(shapely.union_all(list(inside.values()))), tolerance).is_empty,
    )


def shape_of(outline: Outline) -> Polygon:
    """The film as a polygon, with chords in place of arcs."""
    rings = []
    for loop in outline.loops:
        points = [side.points(1 if side.centre is None else _PER_ARC)[:-1].tolist() for side in loop]
        rings.append([point for part in points for point in part])
    return Polygon(rings[0], rings[1:])


def _snapped(polygon: Any, film: Polygon, tolerance: float) -> Any:
    """The polygon with corners that nearly lie on the boundary of the film moved onto it: no slivers along it."""
    boundary, corners = film.boundary, shapely.MultiPoint(shapely.get_coordinates(film))

    def moved(points: Any) -> Any:
        for i, point in enumerate(shapely.points(points)):
            for target in (corners, boundary):
                if point.distance(target) <= tolerance:
                    nearest = nearest_points(target, point)[0]
                    points[i] = nearest.x, nearest.y
                    break
        return points.round(SNAP) + 0.0

    return shapely.transform(polygon, moved).buffer(0)


def _solid(shape: Any, tolerance: float) -> Any:
    """The polygons of a shape that are wider than the tolerance."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return shapely.union_all([part for part in parts if part.area > tolerance * part.length])


def _region(name: str, shape: Any) -> Region:
    def loop(ring: Any) -> tuple[Side, ...]:
        corners = [(round(x, SNAP), round(y, SNAP)) for x, y in ring.coords[:-1]]
        return closed(corners, [name] * len(corners))

    parts = [orient(part) for part in shapely.get_parts(shape)]
    return Region(name=name, polygons=tuple(tuple(loop(r) for r in (p.exterior, *p.interiors)) for p in parts))


def _interfaces(film: Polygon, regions: Mapping[str, Any], tolerance: float) -> tuple[Side, ...]:
    """The sides of the regions that do not lie on the boundary of the film."""
    boundary = film.boundary
    corners = shapely.points(shapely.get_coordinates(film))
    found: dict[frozenset, Side] = {}
    for name, shape in regions.items():
        for part in shapely.get_parts(shape):
            for ring in (part.exterior, *part.interiors):
                for start, end in pairwise(ring.coords):
                    line = LineString([start, end])
                    # a side may run along the boundary and go on into the film
                    inner = [corner for corner in corners if line.distance(corner) <= tolerance]
                    stops = sorted({0.0, line.length, *(line.project(corner) for corner in inner)})
                    for a, b in pairwise(stops):
                        middle: Point = line.interpolate((a + b) / 2)
                        if b - a > tolerance and middle.distance(boundary) > tolerance:
                            ends = [line.interpolate(s).coords[0] for s in (a, b)]
                            side = Side(start=ends[0], end=ends[1], name=name)
                            found.setdefault(frozenset((side.start, side.end)), side)
    return tuple(found.values())
