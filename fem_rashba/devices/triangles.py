"""Every other outline: flat triangles along its sides, and between them the core, which Gmsh meshes. Lengths in nm."""

from __future__ import annotations

from collections.abc import Callable

import gmsh
import numpy as np

from fem_rashba.devices.field import size_along, size_at
from fem_rashba.devices.layers import Layers, layers
from fem_rashba.devices.meshing import Sizing
from fem_rashba.devices.outline import REST, Outline
from fem_rashba.devices.partition import cut
from fem_rashba.devices.pieces import pieces

Size = Callable[[float, float], float]


def build(outline: Outline, sizing: Sizing) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Mesh the outline in the current Gmsh model; returns the curves of each side name, and surfaces of each region.

    With arcs the triangles are of second order, so that the boundary is as exact as the solution. Where there are
    regions all is meshed by Gmsh, with triangles that are not flat.
    """
    if outline.regions:
        curves, surfaces = cut(outline)
        _generate(size_at(outline, sizing))
        gmsh.model.mesh.setOrder(2 if outline.is_curved else 1)
        return curves, surfaces
    size = size_along(outline, sizing)
    boundary = pieces(outline, size)
    flat = layers(outline, boundary, sizing.layer)
    points, core = _core(flat, size)
    lines = np.stack([np.arange(len(boundary.after)), boundary.after], axis=-1)
    cells = np.concatenate([flat.triangles, core])
    if outline.is_curved:
        points, lines, cells = _second_order(points, lines, cells, flat)
    surface = _surface(points, cells)
    names = np.array([side.name for side in outline.sides])[boundary.sides]
    return {name: [_curve(lines[names == name])] for name in dict.fromkeys(names.tolist())}, {REST: [surface]}


def _core(flat: Layers, size: Size) -> tuple[np.ndarray, np.ndarray]:
    """All points, those inside the core last, and the triangles of the core."""
    name = gmsh.model.getCurrent()
    gmsh.model.add("core")
    geo, mesh = gmsh.model.geo, gmsh.model.mesh
    loops = []
    for loop in flat.loops:
        tags = [geo.addPoint(x, y, 0.0) for x, y in flat.points[loop].tolist()]
        curves = [geo.addLine(a, b) for a, b in zip(tags, [*tags[1:], tags[0]], strict=True)]
        for curve in curves:
            geo.mesh.setTransfiniteCurve(curve, 2)
        loops.append(geo.addCurveLoop(curves))
    geo.addPlaneSurface(loops)
    geo.synchronize()
    _generate(size)
    border, (inner, coordinates, _) = mesh.getNodes(0)[0], mesh.getNodes(2)
    _, cells = mesh.getElementsByType(mesh.getElementType("Triangle", 1))
    gmsh.model.remove()
    gmsh.model.setCurrent(name)
    number = np.empty(len(border) + len(inner) + 1, dtype=np.int64)
    number[border.astype(np.int64)] = np.concatenate(flat.loops)
    number[inner.astype(np.int64)] = len(flat.points) + np.arange(len(inner))
    points = np.concatenate([flat.points, coordinates.reshape(-1, 3)[:, :2]])
    return points, number[cells.astype(np.int64)].reshape(-1, 3)


def _second_order(
    points: np.ndarray, lines: np.ndarray, cells: np.ndarray, flat: Layers
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """With a point in the middle of every side: points, lines (N, 3), cells (M, 6)."""
    pairs = np.sort(np.concatenate([lines, cells[:, [0, 1]], cells[:, [1, 2]], cells[:, [2, 0]]]), axis=1)
    keys, place = np.unique(pairs @ [len(points), 1], return_inverse=True)
    first, second = np.divmod(keys, len(points))
    middles = (points[first] + points[second]) / 2
    middles[np.searchsorted(keys, flat.curved @ [len(points), 1])] = flat.middles
    number = len(points) + place
    lines = np.concatenate([lines, number[: len(lines), None]], axis=1)
    return (
        np.concatenate([points, middles]),
        lines,
        np.concatenate([cells, number[len(lines) :].reshape(3, -1).T], axis=1),
    )


def _surface(points: np.ndarray, cells: np.ndarray) -> int:
    """The cells as a surface of the current model, with all points, in their order, as its nodes."""
    mesh, surface = gmsh.model.mesh, gmsh.model.addDiscreteEntity(2)
    coordinates = np.concatenate([points, np.zeros((len(points), 1))], axis=1)
    mesh.addNodes(2, surface, np.arange(1, len(points) + 1), coordinates.ravel())
    order = 1 if cells.shape[1] == 3 else 2
    mesh.addElementsByType(surface, mesh.getElementType("Triangle", order), [], cells.ravel() + 1)
    return surface


def _curve(lines: np.ndarray) -> int:
    mesh, curve = gmsh.model.mesh, gmsh.model.addDiscreteEntity(1)
    mesh.addElementsByType(curve, mesh.getElementType("Line", lines.shape[1] - 1), [], lines.ravel() + 1)
    return curve


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
