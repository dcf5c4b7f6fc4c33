"""Every other outline: triangles from Gmsh, sized by the distance to sides, corners and walls."""

from __future__ import annotations

from collections.abc import Callable

import gmsh

from fem_rashba.devices.field import size_at
from fem_rashba.devices.meshing import Sizing
from fem_rashba.devices.outline import REST, Outline, Point
from fem_rashba.devices.partition import cut


def build(outline: Outline, sizing: Sizing) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Mesh the outline in the current Gmsh model; returns the curves of each side name, and surfaces of each region.

    With arcs the triangles are of second order, so that the boundary is as exact as the solution.
    """
    size = size_at(outline, sizing)
    curves, surfaces = cut(outline) if outline.regions else (_whole(outline, size), {REST: [1]})
    _generate(size, order=2 if outline.is_curved else 1)
    return curves, surfaces


def _whole(outline: Outline, size: Callable[[float, float], float]) -> dict[str, list[int]]:
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
            # Gmsh integrates the size along every curve, however short
            if all(side.length <= size(*place) for place in side.points(2).tolist()):
                geo.mesh.setTransfiniteCurve(lines[-1], 2)
        loops.append(geo.addCurveLoop(lines))
    geo.addPlaneSurface(loops, 1)
    geo.synchronize()
    return curves


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
