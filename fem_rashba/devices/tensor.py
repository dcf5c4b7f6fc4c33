"""Rectilinear outlines: quadrilaterals between graded grid lines through every corner."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

import gmsh
import numpy as np

from fem_rashba.devices.corners import corners as corners_of
from fem_rashba.devices.field import size_at
from fem_rashba.devices.meshing import Size, Sizing
from fem_rashba.devices.outline import REST, Outline, Side

Band = tuple[float, float, float, Size]

FEW_SIDES, MOST_TIMES = 24, 4.0
"""With so few sides, or so many times the nodes of triangles, quadrilaterals are still worth it for their accuracy."""


def grid_lines(outline: Outline, sizing: Sizing, axis: int) -> np.ndarray:
    """The coordinates of the grid lines across an axis (0: x, 1: y), nm, ascending: shape (N,).

    A tensor grid carries the fine spacing at a corner through the whole device, which the layers make affordable and
    whose quadrilaterals converge faster in the averages than any triangles.
    """
    places = corners_of(outline)
    stations = np.unique([point[axis] for point in places])
    corners = [
        (np.unique([point[axis] for point, s in places.items() if s == exponent]), sizing.corner(exponent))
        for exponent in sorted(set(places.values()))
    ]
    bands = _bands(outline, sizing, axis)
    finest = min(float(size(np.zeros(1))[0]) for size in (*(c[1] for c in corners), *(b[3] for b in bands)))
    x = _samples(stations, bands, finest)
    h = np.full(x.shape, sizing.largest)
    for here, size in corners:
        # sizes grow with the distance, so that the nearest corner counts
        h = np.minimum(h, size(np.abs(x[:, None] - here).min(axis=1)))
    for low, high, stretch, size in bands:
        h = np.minimum(h, stretch * size(np.maximum(np.maximum(low - x, x - high), 0.0)))
    pieces = [_subdivide(x, h, a, b) for a, b in pairwise(stations)]
    return np.concatenate([*pieces, stations[-1:]])


def _bands(outline: Outline, sizing: Sizing, axis: int) -> list[Band]:
    """Where each wall runs along an axis: (from, to, stretch, size); along an oblique wall elements may be longer."""
    points = np.array([side.start for side in outline.sides])
    low, high = points.min(axis=0), points.max(axis=0)
    bands = []
    for wall, size in sizing.walls:
        across, along = (math.cos(wall.angle), math.sin(wall.angle))[:: 1 if axis == 0 else -1]
        if abs(across) < 1e-3:
            continue
        other = 1 - axis
        ends = [wall.center[axis] - (edge - wall.center[other]) * along / across for edge in (low[other], high[other])]
        if min(ends) < high[axis] and max(ends) > low[axis]:
            bands.append((max(min(ends), low[axis]), min(max(ends), high[axis]), 1.0 / abs(across), size))
    return bands


def _samples(stations: np.ndarray, bands: list[Band], finest: float) -> np.ndarray:
    """Coordinates dense enough to integrate 1/h: geometrically spaced around all places with fine elements."""
    span = stations[-1] - stations[0]
    around = np.geomspace(min(finest, span) / 8, span, 600)
    places = [*stations, *(b[0] for b in bands), *(b[1] for b in bands)]
    spread = [np.concatenate([s - around, [s], s + around]) for s in places]
    x = np.unique(np.concatenate([*spread, np.linspace(stations[0], stations[-1], 400)]))
    return x[(x >= stations[0]) & (x <= stations[-1])]


def _subdivide(x: np.ndarray, h: np.ndarray, a: float, b: float) -> np.ndarray:
    """Points from a up to but without b, spaced like h (given at the x)."""
    part = (x >= a) & (x <= b)
    x, density = x[part], 1.0 / h[part]
    count = np.concatenate([[0.0], np.cumsum(np.diff(x) * (density[1:] + density[:-1]) / 2)])
    # an interval that is a whole number of elements long must not get one more by rounding
    n = max(1, math.ceil(count[-1] * (1.0 - 1e-9)))
    points = np.interp(np.arange(n) / n * count[-1], count, x)
    points[0] = a
    return points


def inside(sides: Iterable[Side], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which cells (centres x[i], y[j]) lie within closed loops of sides: booleans of shape (len(x), len(y))."""
    odd = np.zeros((len(x), len(y)), dtype=bool)
    for side in sides:
        if side.vector[0] == 0.0:
            low, high = sorted((side.start[1], side.end[1]))
            odd ^= (x < side.start[0])[:, None] & ((y > low) & (y < high))[None, :]
    return odd


def is_worth(outline: Outline, sizing: Sizing) -> bool:
    """Whether a tensor grid takes no more than a few times the unknowns of triangles, as it does on few corners.

    On a staircase every line through a corner crosses all others: their number grows with the square of the steps.
    """
    if len(outline.sides) <= FEW_SIDES:
        return True
    xs, ys = (grid_lines(outline, sizing, axis) for axis in (0, 1))
    film = inside(outline.sides, (xs[1:] + xs[:-1]) / 2, (ys[1:] + ys[:-1]) / 2)
    i, j = np.nonzero(film)
    some = np.random.default_rng(0).permutation(len(i))[:2000]
    i, j = i[some], j[some]
    size = size_at(outline, sizing)
    h = np.array([size(x, y) for x, y in zip((xs[i] + xs[i + 1]) / 2, (ys[j] + ys[j + 1]) / 2, strict=True)])
    areas = (xs[i + 1] - xs[i]) * (ys[j + 1] - ys[j])
    # equilateral triangles for each quadrilateral; each has half as many nodes
    triangles = np.mean(areas / (math.sqrt(3) / 4 * h**2))
    return bool(triangles / 2 > 1 / MOST_TIMES)


def build(outline: Outline, sizing: Sizing) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Put the quadrilaterals into the current Gmsh model.

    Returns:
        The curves of each side name, and the surfaces of each region.
    """
    xs, ys = (grid_lines(outline, sizing, axis) for axis in (0, 1))
    x, y = (xs[1:] + xs[:-1]) / 2, (ys[1:] + ys[:-1]) / 2
    film = inside(outline.sides, x, y)
    owner = np.zeros(film.shape, dtype=int)
    for i, region in enumerate(outline.regions, start=1):
        owner[inside(region.sides, x, y)] = i
    node = np.arange(len(xs) * len(ys)).reshape(len(xs), len(ys))
    corners = np.stack([node[:-1, :-1], node[1:, :-1], node[1:, 1:], node[:-1, 1:]], axis=-1)
    used = np.unique(corners[film])
    number = np.zeros(node.size, dtype=np.uint64)
    number[used] = np.arange(1, len(used) + 1)
    i, j = np.divmod(used, len(ys))
    coordinates = np.stack([xs[i], ys[j], np.zeros(len(used))], axis=-1)

    mesh = gmsh.model.mesh
    surfaces: dict[str, list[int]] = {}
    names = [REST, *(region.name for region in outline.regions)]
    for place, name in enumerate(names):
        cells = corners[film & (owner == place)]
        if len(cells):
            surface = gmsh.model.addDiscreteEntity(2)
            if not surfaces:
                mesh.addNodes(2, surface, number[used], coordinates.ravel())
            mesh.addElementsByType(surface, mesh.getElementType("Quadrangle", 1), [], number[cells].ravel())
            surfaces[name] = [surface]
    line = mesh.getElementType("Line", 1)
    curves = {}
    for name in dict.fromkeys(side.name for side in outline.sides):
        pairs = [_along(node, xs, ys, side.start, side.end) for side in outline.sides if side.name == name]
        curve = gmsh.model.addDiscreteEntity(1)
        mesh.addElementsByType(curve, line, [], number[np.concatenate(pairs)].ravel())
        curves[name] = [curve]
    return curves, surfaces


def _along(node: np.ndarray, xs: np.ndarray, ys: np.ndarray, start: tuple, end: tuple) -> np.ndarray:
    """The grid edges of a side as pairs of nodes, shape (N, 2)."""
    (i0, i1), (j0, j1) = np.searchsorted(xs, (start[0], end[0])), np.searchsorted(ys, (start[1], end[1]))
    line = node[min(i0, i1) : max(i0, i1) + 1, min(j0, j1) : max(j0, j1) + 1].ravel()
    return np.stack([line[:-1], line[1:]], axis=-1)
