"""PNG maps of the fields, drawn for the column of a paper (8.6 cm at 300 dpi)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, ListedColormap, Normalize
from matplotlib.figure import Figure

from fem_rashba.mpi import on_root
from fem_rashba.results import figure as paper
from fem_rashba.results.maps import MAPS, Map, Scale, magnitude, scale, values
from fem_rashba.results.raster import Raster, boundary, rasterize
from fem_rashba.results.tessellation import cell_sides, count_sides

if TYPE_CHECKING:
    from fem_rashba.results.fields import NodalFields
    from fem_rashba.results.solution import Solution

LINES_APART = 0.13
"""Of streamlines, inches."""

ARROWS = 26
"""Across the longer side of the film."""

STILL = 0.02
"""Currents below this part of the largest colour have no streamlines."""


def plot(solution: Solution, path: str | Path) -> Path:
    """All maps of a solution in one PNG file of the width of a page. Collective; rank 0 draws.

    Raises:
        ValueError: If the path does not end in .png.
    """
    from fem_rashba.results.fields import nodal_fields

    fields = nodal_fields(solution)
    return on_root(solution.device.mesh.comm, lambda: plot_overview(fields, path))


def plot_overview(fields: NodalFields, path: str | Path, names: Sequence[str] | None = None) -> Path:
    """The named maps, all by default, in one PNG file of the width of a page.

    Raises:
        ValueError: If the path does not end in .png, a map is unknown or lacks its array.
    """
    path = _png(path)
    names = _checked(fields, names)
    box = _box(fields.points)
    ratio = box[1] / box[0]
    columns = min(len(names), 2 if ratio < 0.5 else 3 if ratio < 1.4 else 4 if ratio < 3 else 5)
    shape = paper.panel(box, paper.PAGE / columns, paper.TALLEST, lettered=True)
    rows = math.ceil(len(names) / columns)
    width, height = shape.size
    with matplotlib.rc_context(paper.STYLE):
        raster = rasterize(fields, _arrays(fields, names), *shape.pixels)
        figure = Figure(figsize=(columns * width, rows * height), dpi=paper.DPI)
        for k, name in enumerate(names):
            corner = (k % columns * width, (rows - 1 - k // columns) * height)
            _draw(figure, corner, shape, raster, fields, MAPS[name])
            paper.letter(figure, corner, shape, f"({chr(ord('a') + k)})")
        return _save(figure, path)


def plot_maps(fields: NodalFields, folder: str | Path, names: Sequence[str] | None = None) -> list[Path]:
    """The named maps, all by default, each in folder/NAME.png.

    Raises:
        ValueError: If a map is unknown or lacks its array.
    """
    names = _checked(fields, names)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shape = paper.panel(_box(fields.points), paper.COLUMN, paper.TALLEST)
    raster = rasterize(fields, _arrays(fields, names), *shape.pixels)
    paths = []
    with matplotlib.rc_context(paper.STYLE):
        for name in names:
            figure = Figure(figsize=shape.size, dpi=paper.DPI)
            _draw(figure, (0.0, 0.0), shape, raster, fields, MAPS[name])
            paths.append(_save(figure, folder / f"{name}.png"))
    return paths


def plot_mesh(
    points: np.ndarray,
    cells: np.ndarray,
    cell_type: str,
    degree: int,
    path: str | Path,
    outline: Mapping[str, Sequence[np.ndarray]] | None = None,
) -> Path:
    """The cells of a mesh, and parts of its boundary by name, in one PNG file.

    Args:
        points: Shape (N, 2), nm.
        cells: Nodes of every Lagrange cell in VTK's order, shape (M, K).
        cell_type: "triangle" or "quadrilateral".
        degree: Of the cells' geometry.
        path: Ends in .png.
        outline: Name, for example of a terminal -> lines, each of shape (n, 2) in nm, drawn in one colour.

    Raises:
        ValueError: If the path does not end in .png, or the cells do not have the nodes of their type and degree.
    """
    path = _png(path)
    sides, _ = count_sides(points, cell_sides(cells, cell_type, degree))
    low, high = points.min(axis=0), points.max(axis=0)
    shape = paper.panel(_box(points), paper.COLUMN, paper.TALLEST)
    with matplotlib.rc_context(paper.STYLE):
        figure = Figure(figsize=shape.size, dpi=paper.DPI)
        axes = paper.axes(figure, (0.0, 0.0), shape, (low[0], high[0], low[1], high[1]))
        axes.add_collection(LineCollection(points[sides], colors="0.45", linewidths=0.15), autolim=False)
        edge = boundary(points, cells, cell_type, degree)
        axes.add_collection(LineCollection(edge, colors=paper.INK, linewidths=0.5, clip_on=False), autolim=False)
        for k, (name, lines) in enumerate((outline or {}).items()):
            axes.add_collection(
                LineCollection(lines, colors=f"C{k}", linewidths=1.8, clip_on=False, label=name), autolim=False
            )
        if outline:
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, borderaxespad=0.3)
        return _save(figure, path)


def _draw(
    figure: Figure, corner: tuple[float, float], shape: paper.Panel, raster: Raster, fields: NodalFields, shown: Map
) -> None:
    size = magnitude(shown, fields.arrays)
    pixels = values(shown, raster.arrays, size)
    chosen = scale(shown, values(shown, fields.arrays, size), pixels)
    colors = ScalarMappable(Normalize(chosen.low, chosen.high), matplotlib.colormaps[shown.colors])
    axes = paper.axes(figure, corner, shape, raster.extent)
    axes.imshow(
        pixels / chosen.factor,
        cmap=colors.cmap,
        norm=colors.norm,
        extent=raster.extent,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )
    if shown.overlay == "streamlines":
        _streamlines(axes, shape, raster, pixels / chosen.factor, raster.arrays[shown.array], colors, chosen)
    elif shown.overlay == "arrows":
        _arrows(axes, raster, raster.arrays[shown.array])
    paper.outline(axes, raster)
    paper.color_bar(figure, corner, shape, colors, chosen)
