"""Evenly spaced lines along a vector field, followed by VTK."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
import pyvista as pv
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from fem_rashba.results.raster import Raster

CELLS = 240
"""Of the grid on which lines are followed, along the longer side of the film."""

CLOSE = 0.98
"""Lines start no closer to another one than this part of their distance; less than 1 because of rounding."""

TURNS = 2
"""Closed lines are followed over this many diagonals of the film."""


def streamlines(raster: Raster, name: str, apart: float, still: float, conserved: bool = True) -> list[np.ndarray]:
    """Lines along the vectors and in their direction, each of shape (points, 2), nm.

    The first goes through the middle of the film, the others start beside those before. They come closer where
    the field converges. Lines that run along the boundary or another line, or are shorter than `apart`, are left
    out, and of a field that is conserved also those that fade within the film.

    Args:
        raster: The fields.
        name: Of an array with two components.
        apart: Distance between lines where they start, nm.
        still: There are no lines where a vector is shorter than this part of the longest one.
        conserved: Whether the field has no sources within the film, so that no line ends there. Lines of one that has
            start on a grid, too: those beside a line do not reach all of the film. Otherwise the grid serves where the
            middle has no line, as in a hole.
    """
    raster = raster.coarse(CELLS)
    vectors = np.nan_to_num(raster.arrays[name])
    lengths = np.linalg.norm(vectors, axis=-1)
    moving = lengths > still * lengths.max()
    if not moving.any():
        return []
    step = np.array([raster.x[1] - raster.x[0], raster.y[1] - raster.y[0]])
    # distance to the boundary; without the padding the box would not count as one
    film = np.pad(np.isfinite(raster.arrays[name][..., 0]), 1)
    depth = distance_transform_edt(film, sampling=step[::-1])[1:-1, 1:-1]
    margin = min(apart / 5, depth.max() / 2)
    field = _field(raster, vectors / lengths.max(), moving)
    lines: list[np.ndarray] = []
    starts = deque([_middle(raster, moving), *_grid(raster, moving, apart)])
    while starts:
        start = starts.popleft()
        if _distance(start, lines) < CLOSE * apart or depth[raster.pixel(start[None])][0] < margin:
            continue
        line = _follow(field, start, step)
        deep, length = depth[raster.pixel(line)], _along(line)[-1]
        fades = conserved and max(deep[0], deep[-1]) > 3 * max(step) and length < TURNS * field.length
        crowded = np.median(deep) < margin or np.median(_distance(line, lines)) < apart / 3
        if not fades and not crowded and length > min(apart, 5 * margin):
            if conserved and not lines:
                starts.clear()
            lines.append(line)
            beside = list(_beside(line, apart))
            if conserved:
                starts.extend(beside)
            else:
                # before those of the grid, so that distances stay even
                starts.extendleft(reversed(beside))
    return lines


def _distance(points: np.ndarray, lines: list[np.ndarray]) -> np.ndarray:
    """From points of shape (..., 2) to the nearest line."""
    if not lines:
        return np.full(points.shape[:-1], np.inf)
    return np.asarray(cKDTree(np.concatenate(lines)).query(points)[0])


def _field(raster: Raster, vectors: np.ndarray, moving: np.ndarray) -> pv.UnstructuredGrid:
    step = (raster.x[1] - raster.x[0], raster.y[1] - raster.y[0])
    origin = (raster.x[0], raster.y[0], 0.0)
    image = pv.ImageData(dimensions=(len(raster.x), len(raster.y), 1), spacing=(*step, 1.0), origin=origin)
    image["moving"] = moving.ravel().astype(float)
    image["direction"] = np.pad(vectors.reshape(-1, 2), ((0, 0), (0, 1)))
    return image.threshold(0.5, scalars="moving", all_scalars=True)


def _middle(raster: Raster, moving: np.ndarray) -> np.ndarray:
    """Of the film's box, so that a symmetric flow has symmetric lines, or else the pixel nearest to it."""
    left, right, bottom, top = raster.extent
    middle = np.array([(left + right) / 2, (bottom + top) / 2])
    pixels = np.stack(np.meshgrid(raster.x, raster.y), axis=-1)[moving]
    away = np.linalg.norm(pixels - middle, axis=1)
    pixel = np.hypot(raster.x[1] - raster.x[0], raster.y[1] - raster.y[0])
    return middle if away.min() < pixel else pixels[away.argmin()]


def _grid(raster: Raster, moving: np.ndarray, apart: float) -> list[np.ndarray]:
    """Moving pixels about `apart` from each other."""
    skip = max(1, round(apart / (raster.x[1] - raster.x[0])))
    chosen = np.zeros_like(moving)
    chosen[skip // 2 :: skip, skip // 2 :: skip] = True
    rows, columns = np.nonzero(moving & chosen)
    return [np.array([raster.x[j], raster.y[i]]) for i, j in zip(rows, columns, strict=True)]


def _follow(field: pv.UnstructuredGrid, start: np.ndarray, step: np.ndarray) -> np.ndarray:
    """The line through a point, in the direction of the field."""
    found = field.streamlines_from_source(
        pv.PolyData(np.array([[*start, 0.0]])),
        vectors="direction",
        # steps of fixed length: those of type 45 get tiny where the field has kinks, and the line ends too early
        integrator_type=4,
        integration_direction="both",
        step_unit="l",
        initial_step_length=float(min(step)),
        max_length=float(1.01 * TURNS * field.length),
        max_steps=10 * CELLS,
        compute_vorticity=False,
        interpolator_type="cell",
    )
    if found.n_points == 0:
        return start[None]
    # it comes in two parts, from the point with the field and against it
    _, order = np.unique(found["IntegrationTime"], return_index=True)
    return np.asarray(found.points[order, :2], dtype=float)


def _along(line: np.ndarray) -> np.ndarray:
    """Distance of the points from the first one along the line, nm."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])


def _beside(line: np.ndarray, apart: float) -> Iterator[np.ndarray]:
    """Points at a distance to either side of a line, upstream first."""
    along = _along(line)
    for k in np.searchsorted(along, np.arange(0.0, along[-1], apart)):
        k = min(k, len(line) - 2)
        x, y = (line[k + 1] - line[k]) / np.linalg.norm(line[k + 1] - line[k])
        for side in (apart, -apart):
            yield line[k] + side * np.array([-y, x])
