"""Every other outline: triangles from Gmsh, sized by the distance to sides, corners and walls."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterable

import gmsh
import numpy as np

from fem_rashba.devices.corners import corners as corners_of
from fem_rashba.devices.meshing import Size, Sizing
from fem_rashba.devices.outline import REST, Outline, Point, Side
from fem_rashba.devices.partition import cut


def build(outline: Outline, sizing: Sizing) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Mesh the outline in the current Gmsh model; returns the curves of each side name, and surfaces of each region.

    With arcs the triangles are of second order, so that the boundary is as exact as the solution.
    """
    curves, surfaces = cut(outline) if outline.regions else (_whole(outline), {REST: [1]})
    _generate(size_at(outline, sizing), order=2 if outline.is_curved else 1)
    return curves, surfaces


def _whole(outline: Outline) -> dict[str, list[int]]:
    """The film as surface 1; the curves of each side name."""
    geo = gmsh.model.geo
    points: dict[Point, int] = {}

    def point(at: Point) -> int:
        if at not in points:
            points[at] = geo.addPoint(*at, 0.0)
        return points[at]

    curves: dict[str, list[int]] = {}
    loops = []
    for loop in outline.loops:
        lines = []
        for side in loop:
            start, end = point(side.start), point(side.end)
            if side.centre is None:
                lines.append(geo.addLine(start, end))
            else:
                lines.append(geo.addCircleArc(start, point(side.centre), end))
            curves.setdefault(side.name, []).append(lines[-1])
        loops.append(geo.addCurveLoop(lines))
    geo.addPlaneSurface(loops, 1)
    geo.synchronize()
    return curves


def size_at(outline: Outline, sizing: Sizing) -> Callable[[float, float], float]:
    """The element size (nm) as a function of x and y (nm)."""
    far = 2.0 * sum(outline.extent)
    # coefficients jump at interfaces: layers there as at edges
    distance = _distance_to((*outline.sides, *outline.interfaces))
    layer = _table(sizing.layer, far)
    arcs: dict[float, list[Side]] = {}
    for side in outline.sides:
        if side.centre is not None:
            arcs.setdefault(math.dist(side.start, side.centre), []).append(side)
    curved = [(_distance_to(sides), _table(sizing.arc(radius), far)) for radius, sides in arcs.items()]
    corners = [(*point, _table(sizing.corner(s), far)) for point, s in corners_of(outline).items()]
    walls = [
        (*wall.center, math.cos(wall.angle), math.sin(wall.angle), _table(size, far)) for wall, size in sizing.walls
    ]

    def size(x: float, y: float) -> float:
        h = min(sizing.largest, layer(distance(x, y)))
        for to_arcs, arc in curved:
            h = min(h, arc(to_arcs(x, y)))
        for x0, y0, corner in corners:
            h = min(h, corner(math.hypot(x - x0, y - y0)))
        for x0, y0, nx, ny, wall in walls:
            h = min(h, wall(abs((x - x0) * nx + (y - y0) * ny)))
        return h

    return size


def _distance_to(sides: Iterable[Side]) -> Callable[[float, float], float]:
    """The distance to the nearest side, in plain numbers: Gmsh asks point by point, where arrays are slower."""
    straight = [(*side.start, *side.vector.tolist(), side.length**2) for side in sides if side.centre is None]
    arcs = []
    for side in sides:
        if side.centre is not None:
            middle = (side.points(2)[1] - side.centre) / math.dist(side.start, side.centre)
            reach = math.cos(side.turn / 2)
            arcs.append((*side.centre, math.dist(side.start, side.centre), *middle.tolist(), reach))
            # beyond its sector an arc is as far as its ends
            straight += [(*end, 0.0, 0.0, 1.0) for end in (side.start, side.end)]

    def distance(x: float, y: float) -> float:
        squared = math.inf
        for x0, y0, dx, dy, length in straight:
            px, py = x - x0, y - y0
            t = min(max((px * dx + py * dy) / length, 0.0), 1.0)
            px -= t * dx
            py -= t * dy
            squared = min(squared, px * px + py * py)
        nearest = math.sqrt(squared)
        for x0, y0, radius, mx, my, reach in arcs:
            px, py = x - x0, y - y0
            r = math.hypot(px, py)
            if px * mx + py * my >= reach * r:
                nearest = min(nearest, abs(r - radius))
        return nearest

    return distance


def _table(size: Size, far: float) -> Callable[[float], float]:
    """`size` for single distances, by linear interpolation."""
    d = np.concatenate([[0.0], np.geomspace(1e-6, 1.0, 600) * far])
    h = size(d)
    places, sizes, slopes = ([float(v) for v in values] for values in (d, h, np.diff(h) / np.diff(d)))

    def interpolated(distance: float) -> float:
        i = min(bisect.bisect_right(places, distance), len(slopes)) - 1
        return sizes[i] + slopes[i] * (distance - places[i])

    return interpolated


def _generate(size: Callable[[float, float], float], *, order: int) -> None:
    for source in ("ExtendFromBoundary", "FromPoints", "FromCurvature"):
        gmsh.option.setNumber(f"Mesh.MeshSize{source}", 0)
    # along curves; the default, 1e-9, asks for the size a hundred thousand times
    gmsh.option.setNumber("Mesh.LcIntegrationPrecision", 1e-5)
    gmsh.model.mesh.setSizeCallback(lambda dim, tag, x, y, z, previous: size(x, y))
    try:
        gmsh.model.mesh.generate(2)
    finally:
        gmsh.model.mesh.removeSizeCallback()
    gmsh.model.mesh.setOrder(order)
