"""Nodal fields on a grid of pixels, interpolated by VTK.

Nothing is rendered with OpenGL, so no display and no display driver are needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pyvista as pv

from fem_rashba.results.fields import NodalFields
from fem_rashba.results.tessellation import cell_sides, count_sides, linear_triangles

MIDDLE = 0.5001234
"""Of a pixel. Half would put points exactly on sides of cells, and rounding may find them outside of both."""


@dataclass(frozen=True, kw_only=True)
class Raster:
    """Fields at the middles of pixels that fill the bounding box of the film.

    Attributes:
        extent: Left, right, bottom, top of the box, nm.
        x: Middles of the columns, shape (columns,), nm.
        y: Middles of the rows, upwards, shape (rows,), nm.
        arrays: Name -> shape (rows, columns) or (rows, columns, components); NaN outside the film.
        boundary: Lines along the boundary of the film, shape (lines, points, 2), nm.
    """

    extent: tuple[float, float, float, float]
    x: np.ndarray
    y: np.ndarray
    arrays: dict[str, np.ndarray]
    boundary: np.ndarray

    def pixel(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of the pixels nearest to points of shape (points, 2), nm."""
        column = np.rint((points[:, 0] - self.x[0]) / (self.x[1] - self.x[0])).astype(int)
        row = np.rint((points[:, 1] - self.y[0]) / (self.y[1] - self.y[0])).astype(int)
        return np.clip(row, 0, len(self.y) - 1), np.clip(column, 0, len(self.x) - 1)

    def coarse(self, longest: int) -> Raster:
        """Every n-th pixel, about `longest` along the longer side, as far from either end."""
        n = max(1, max(len(self.x), len(self.y)) // longest)
        rows, columns = (slice((k - 1) % n // 2, None, n) if k > n else slice(None) for k in (len(self.y), len(self.x)))
        arrays = {name: array[rows, columns] for name, array in self.arrays.items()}
        return replace(self, x=self.x[columns], y=self.y[rows], arrays=arrays)


def rasterize(fields: NodalFields, names: Iterable[str], columns: int, rows: int) -> Raster:
    """The named arrays at the middles of columns x rows pixels, linear between neighbouring nodes.

    Raises:
        ValueError: If the cells do not have the nodes of their type and degree.
    """
    low, high = fields.points.min(axis=0), fields.points.max(axis=0)
    spacing = (high - low) / (columns, rows)
    first = low + MIDDLE * spacing
    image = pv.ImageData(dimensions=(columns, rows, 1), spacing=(*spacing, 1.0), origin=(*first, 0.0))
    names = sorted(names)
    sampled = image.sample(_mesh(fields, names))
    outside = sampled["vtkValidPointMask"] == 0
    arrays = {}
    for name in names:
        array = np.array(sampled[name], dtype=float)
        array[outside] = np.nan
        arrays[name] = array.reshape(rows, columns, *array.shape[1:])
    return Raster(
        extent=(float(low[0]), float(high[0]), float(low[1]), float(high[1])),
        x=first[0] + spacing[0] * np.arange(columns),
        y=first[1] + spacing[1] * np.arange(rows),
        arrays=arrays,
        boundary=boundary(fields.points, fields.cells, fields.cell_type, fields.degree),
    )


def boundary(points: np.ndarray, cells: np.ndarray, cell_type: str, degree: int) -> np.ndarray:
    """The sides that one cell alone has, as lines through their nodes, shape (sides, degree + 1, 2), nm."""
    sides, count = count_sides(points, cell_sides(cells, cell_type, degree))
    return points[sides[count == 1]]


def _mesh(fields: NodalFields, names: Iterable[str]) -> pv.UnstructuredGrid:
    points = np.column_stack([fields.points, np.zeros(len(fields.points))])
    triangles = linear_triangles(fields.cells, fields.cell_type, fields.degree)
    mesh = pv.UnstructuredGrid({pv.CellType.TRIANGLE: triangles}, points)
    for name in names:
        mesh.point_data[name] = fields.arrays[name]
    return mesh
