"""Evenly spaced lines along a vector field, followed by VTK."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyvista as pv
from scipy.ndimage import distance_transform_edt

from fem_rashba.results.raster import Raster

CELLS = 240
"""Of the grid on which lines are followed, along the longer side of the film."""


def streamlines(raster: Raster, name: str, apart: float, still: float) -> list[np.ndarray]:
    """Lines along the vectors and in their direction, each of shape (points, 2), nm.

    Lines that run along the boundary, or over less than `apart`, are left out.

    Args:
        raster: The fields.
        name: Of an array with two components.
        apart: Distance between lines, nm.
        still: There are no lines where a vector is shorter than this part of the longest one.
    """
    raster = raster.coarse(CELLS)
    vectors = np.nan_to_num(raster.arrays[name])
    lengths = np.linalg.norm(vectors, axis=-1)
    moving = lengths > still * lengths.max()
    if not moving.any():
        return []
    vectors /= lengths.max()
    spacing = np.array([raster.x[1] - raster.x[0], raster.y[1] - raster.y[0]])
    # without the padding the box would not count as a boundary
    depth = distance_transform_edt(np.pad(moving, 1), sampling=spacing[::-1])[1:-1, 1:-1]
    lines = []
    for line in _joined(_follow(raster, vectors, moving, apart)):
        length = np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
        if length > apart and np.median(depth[raster.pixel(line)]) > 0.25 * apart:
            middle = len(line) // 2
            along = (line[middle] - line[middle - 1]) @ vectors[raster.pixel(line[middle, None])][0]
            lines.append(line if along > 0 else line[::-1])
    return lines


def _follow(raster: Raster, vectors: np.ndarray, moving: np.ndarray, apart: float) -> list[np.ndarray]:
    """Both ways from points that VTK finds; it starts at the pixel nearest to the middle."""
    step = (raster.x[1] - raster.x[0], raster.y[1] - raster.y[0])
    image = pv.ImageData(
        dimensions=(len(raster.x), len(raster.y), 1),
        spacing=(*step, 1.0),
        origin=(raster.x[0], raster.y[0], 0.0),
    )
    image["moving"] = moving.ravel().astype(float)
    image["direction"] = np.pad(vectors.reshape(-1, 2), ((0, 0), (0, 1)))
    away = np.hypot(*np.meshgrid(raster.x - raster.x.mean(), raster.y - raster.y.mean()))
    first = int(np.where(moving, away, np.inf).argmin())
    lines = image.threshold(0.5, scalars="moving", all_scalars=True).streamlines_evenly_spaced_2D(
        vectors="direction",
        start_position=image.points[first],
        step_unit="l",
        step_length=float(min(step)),
        separating_distance=apart,
        # where the field converges lines come close to each other, and go on
        separating_distance_ratio=0.1,
        interpolator_type="cell",
    )
    return [lines.get_cell(k).points[:, :2] for k in range(lines.n_cells)]


def _joined(halves: Iterable[np.ndarray]) -> list[np.ndarray]:
    """Lines whose parts forwards and backwards from a point are two of the halves."""
    lines: dict[tuple[float, ...], np.ndarray] = {}
    for half in halves:
        start = tuple(half[0].tolist())
        lines[start] = np.concatenate([half[:0:-1], lines[start]]) if start in lines else half
    return [line for line in lines.values() if len(line) > 1]
