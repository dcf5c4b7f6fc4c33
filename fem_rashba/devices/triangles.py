"""Every other outline: triangles from Gmsh, sized by the distance to sides, corners and walls."""

from __future__ import annotations

from collections.abc import Callable

import gmsh
import numpy as np

from fem_rashba.devices.meshing import Size, Sizing
from fem_rashba.devices.outline import Outline, Point

CHORDS = 24
"""Chords per arc when distances are measured: they leave it by less than 2e-3 of the radius."""


def build(outline: Outline, sizing: Sizing) -> dict[str, list[int]]:
    """Mesh the outline in the current Gmsh model as surface 1; returns the curves of each side name.

    With arcs the triangles are of second order, so that the boundary is as exact as the solution.
    """
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
    _generate(size_at(outline, sizing), order=2 if outline.is_curved else 1)
    return curves


def size_at(outline: Outline, sizing: Sizing) -> Callable[[float, float], float]:
    """The element size (nm) as a function of x and y (nm)."""
    chains = [side.points(1 if side.centre is None else CHORDS) for side in outline.sides]
    start = np.concatenate([chain[:-1] for chain in chains])
    along = np.concatenate([np.diff(chain, axis=0) for chain in chains])
    along_squared = (along**2).sum(axis=1)
    far = 2.0 * sum(outline.extent)
    corners = outline.corners()
    exponents = np.minimum(list(corners.values()), 1.0).round(3)
    # one size function per group of equal corners keeps the cost independent of their number
    groups = [
        (np.array(list(corners))[exponents == s], _table(sizing.corner(s), far))
        for s in np.unique(exponents)
    ]
    layer = _table(sizing.layer, far)
    walls = [
        (wall.center, np.array([np.cos(wall.angle), np.sin(wall.angle)]), _table(size, far))
        for wall, size in sizing.walls
    ]

    def size(x: float, y: float) -> float:
        here = np.array([x, y])
        offset = here - start
        t = np.clip((offset * along).sum(axis=1) / along_squared, 0.0, 1.0)
        offset -= t[:, None] * along
        h = min(sizing.largest, layer(np.sqrt((offset**2).sum(axis=1).min())))
        for points, corner in groups:
            h = min(h, corner(np.sqrt(((here - points) ** 2).sum(axis=1).min())))
        for center, normal, wall in walls:
            h = min(h, wall(abs((here - center) @ normal)))
        return float(h)

    return size


def _table(size: Size, far: float) -> Callable[[float], float]:
    """`size` for single distances, by interpolation: Gmsh asks point by point."""
    d = np.concatenate([[0.0], np.geomspace(1e-6, 1.0, 600) * far])
    h = size(d)
    return lambda distance: np.interp(distance, d, h)


def _generate(size: Callable[[float, float], float], *, order: int) -> None:
    for source in ("ExtendFromBoundary", "FromPoints", "FromCurvature"):
        gmsh.option.setNumber(f"Mesh.MeshSize{source}", 0)
    gmsh.model.mesh.setSizeCallback(lambda dim, tag, x, y, z, previous: size(x, y))
    try:
        gmsh.model.mesh.generate(2)
    finally:
        gmsh.model.mesh.removeSizeCallback()
    gmsh.model.mesh.setOrder(order)
