"""Nodal fields on a grid of pixels, interpolated by VTK. The only module that imports pyvista.

Nothing is rendered with OpenGL, so no display and no display driver are needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyvista as pv

from fem_rashba.results.tessellation import cell_sides, count_sides, linear_triangles

if TYPE_CHECKING:
    from fem_rashba.results.fields import NodalFields

MIDDLE = 0.5001234
"""Of a pixel. Exactly half would put points on the sides of cells, where rounding may find them outside of both."""


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


def rasterize(fields: NodalFields, names: set[str], columns: int, rows: int) -> Raster:
    """The named arrays at the middles of columns x rows pixels, linear between neighbouring nodes.

    Raises:
        ValueError: If the cells do not have the nodes of their type and degree.
    """
    low, high = fields.points.min(axis=0), fields.points.max(axis=0)
    spacing = (high - low) / (columns, rows)
    first = low + MIDDLE * spacing
    image = pv.ImageData(dimensions=(columns, rows, 1), spacing=(*spacing, 1.0), origin=(*first, 0.0))
    sampled = image.sample(_mesh(fields, names))
    outside = sampled["vtkValidPointMask"] == 0
    arrays = {}
    for name in sorted(names):
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


def _mesh(fields: NodalFields, names: set[str]) -> pv.UnstructuredGrid:
    points = np.column_stack([fields.points, np.zeros(len(fields.points))])
    triangles = linear_triangles(fields.cells, fields.cell_type, fields.degree)
    mesh = pv.UnstructuredGrid({pv.CellType.TRIANGLE: triangles}, points)
    for name in sorted(names):
        mesh.point_data[name] = fields.arrays[name]
    return mesh
