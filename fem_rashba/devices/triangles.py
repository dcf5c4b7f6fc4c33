"""Every other outline: flat triangles along all sides, and between them the core, which Gmsh meshes. Lengths in nm."""

from __future__ import annotations

from collections.abc import Callable, Container

import gmsh
import numpy as np

from fem_rashba.devices.corners import corners as corners_of
from fem_rashba.devices.faces import INSIDE, Face, faces
from fem_rashba.devices.field import size_along, size_at
from fem_rashba.devices.layers import Layers, layers
from fem_rashba.devices.meshing import Sizing
from fem_rashba.devices.outline import Outline, Point
from fem_rashba.devices.partition import cut
from fem_rashba.devices.pieces import pieces
from fem_rashba.devices.triangulation import Triangulation, joined, put, second_order

Size = Callable[[float, float], float]


def build(outline: Outline, sizing: Sizing) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Mesh the outline in the current Gmsh model; returns the curves of each side name, and surfaces of each region.

    With arcs the triangles are of second order, so that the boundary is as exact as the solution. Where there are
    regions each face is meshed alone, with the same points on interfaces as its neighbours; if one of them touches
    itself in a point, Gmsh meshes all of it, with triangles that are not flat.
    """
    whole, parts = faces(outline)
    if not parts:
        curves, surfaces = cut(outline)
        _generate(size_at(whole, sizing))
        gmsh.model.mesh.setOrder(2 if outline.is_curved else 1)
        names = dict.fromkeys(side.name for side in outline.sides)
        return {name: [tag for tag, side in curves.items() if side.name == name] for name in names}, surfaces
    size, corners = size_along(whole, sizing), corners_of(whole)
    made = joined([_face(part, size, sizing, corners) for part in parts])
    return put(second_order(made) if outline.is_curved else made)


def _face(face: Face, size: Size, sizing: Sizing, corners: Container[Point]) -> Triangulation:
    boundary = pieces(face.outline, size, corners)
    flat = layers(face.outline, boundary, sizing.regions.get(face.region, sizing.layer))
    points, core = _core(flat, size)
    cells = np.concatenate([flat.triangles, core])
    names = np.array([side.name for side in face.outline.sides])[boundary.sides]
    outer = np.flatnonzero(names != INSIDE)
    return Triangulation(
        points=points,
        shared=len(boundary.points),
        cells=cells,
        regions=np.full(len(cells), face.region),
        lines=np.stack([outer, boundary.after[outer]], axis=-1),
        names=names[outer],
        curved=flat.curved,
        middles=flat.middles,
    )


def _core(flat: Layers, size: Size) -> tuple[np.ndarray, np.ndarray]:
    """All points, those inside the core last, and the triangles of the core."""
    name = gmsh.model.getCurrent()
    gmsh.model.add("core")
    geo, mesh = gmsh.model.geo, gmsh.model.mesh
    border = np.unique(np.concatenate(flat.loops))
    for tag, (x, y) in enumerate(flat.points[border].tolist(), start=1):
        geo.addPoint(x, y, 0.0, tag=tag)
    loops = []
    for loop in flat.loops:
        tags = [int(tag) for tag in np.searchsorted(border, loop) + 1]
        curves = [geo.addLine(a, b) for a, b in zip(tags, [*tags[1:], tags[0]], strict=True)]
        for curve in curves:
            geo.mesh.setTransfiniteCurve(curve, 2)
        loops.append(geo.addCurveLoop(curves))
    geo.addPlaneSurface(loops)
    geo.synchronize()
    _generate(size)
    own, (inner, coordinates, _) = mesh.getNodes(0)[0], mesh.getNodes(2)
    _, cells = mesh.getElementsByType(mesh.getElementType("Triangle", 1))
    gmsh.model.remove()
    gmsh.model.setCurrent(name)
    number = np.empty(len(own) + len(inner) + 1, dtype=np.int64)
    number[own.astype(np.int64)] = border
    number[inner.astype(np.int64)] = len(flat.points) + np.arange(len(inner))
    points = np.concatenate([flat.points, coordinates.reshape(-1, 3)[:, :2]])
    return points, number[cells.astype(np.int64)].reshape(-1, 3)


def _generate(size: Size) -> None:
    for source in ("ExtendFromBoundary", "FromPoints", "FromCurvature"):
        gmsh.option.setNumber(f"Mesh.MeshSize{source}", 0)
    # along curves; the default, 1e-9, asks for the size a hundred thousand times
    gmsh.option.setNumber("Mesh.LcIntegrationPrecision", 1e-5)
    # Delaunay's; the frontal one may leave a corner out where the first elements are a thousandth of those around
    gmsh.option.setNumber("Mesh.Algorithm", 5)
    gmsh.model.mesh.setSizeCallback(lambda dim, tag, x, y, z, previous: size(x, y))
    try:
        gmsh.model.mesh.generate(2)
    finally:
        gmsh.model.mesh.removeSizeCallback()
