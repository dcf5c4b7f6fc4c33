"""PNG maps of the fields, drawn for the column of a paper (8.6 cm at 300 dpi)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from fem_rashba.mpi import on_root
from fem_rashba.results import figure as paper
from fem_rashba.results.fields import NodalFields, gathered_fields
from fem_rashba.results.maps import MAPS, Map, Scale, scale, values
from fem_rashba.results.overlays import contrast, draw_arrows, draw_streamlines
from fem_rashba.results.raster import Raster, rasterize
from fem_rashba.results.solution import Solution
from fem_rashba.results.tessellation import cell_sides, count_sides, linear_triangles, node_areas


def plot(solution: Solution, path: str | Path) -> Path:
    """All maps of a solution in one PNG file of the width of a page. Collective; rank 0 draws.

    Raises:
        ValueError: If the path does not end in .png.
    """
    fields = gathered_fields(solution)

    def draw() -> Path:
        assert fields is not None  # on rank 0
        return plot_overview(fields, path)

    return on_root(solution.comm, draw)


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
    shape = paper.panel(box, paper.PAGE / columns, above=paper.ROW)
    rows = math.ceil(len(names) / columns)
    width, height = shape.size
    raster = rasterize(fields, _arrays(names), *shape.pixels)
    scales = _scales(fields, names)
    with matplotlib.rc_context(paper.STYLE):
        figure = Figure(figsize=(columns * width, rows * height), dpi=paper.DPI)
        for k, name in enumerate(names):
            corner = (k % columns * width, (rows - 1 - k // columns) * height)
            _draw(figure, corner, shape, raster, MAPS[name], scales[name])
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
    shape = paper.panel(_box(fields.points), paper.COLUMN)
    raster = rasterize(fields, _arrays(names), *shape.pixels)
    scales = _scales(fields, names)
    paths = []
    with matplotlib.rc_context(paper.STYLE):
        for name in names:
            figure = Figure(figsize=shape.size, dpi=paper.DPI)
            _draw(figure, (0.0, 0.0), shape, raster, MAPS[name], scales[name])
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
        ValueError: If the path does not end in .png, or the cells lack nodes of their type and degree.
    """
    path = _png(path)
    sides, count = count_sides(points, cell_sides(cells, cell_type, degree))
    outline = outline or {}
    low, high = points.min(axis=0), points.max(axis=0)
    box = _box(points)
    columns = max(1, int(paper.panel(box, paper.COLUMN, bar=False).width / paper.NAME))
    above = paper.TOP + paper.ROW * math.ceil(len(outline) / columns)
    least = paper.LEFT + paper.NAME if outline else 0.0
    shape = paper.panel(box, paper.COLUMN, bar=False, above=above, least=least)
    with matplotlib.rc_context(paper.STYLE):
        figure = Figure(figsize=shape.size, dpi=paper.DPI)
        axes = paper.axes(figure, (0.0, 0.0), shape, (low[0], high[0], low[1], high[1]))
        axes.add_collection(LineCollection(list(points[sides]), colors="0.5", linewidths=0.15), autolim=False)
        paper.outline(axes, points[sides[count == 1]])
        for k, (name, lines) in enumerate(outline.items()):
            named = LineCollection(list(lines), colors=f"C{k}", linewidths=1.8, clip_on=False, label=name, zorder=4)
            axes.add_collection(named, autolim=False)
        if outline:
            paper.legend(axes, columns)
        return _save(figure, path)


def _scales(fields: NodalFields, names: Sequence[str]) -> dict[str, Scale]:
    triangles = linear_triangles(fields.cells, fields.cell_type, fields.degree)
    areas = node_areas(fields.points, triangles)
    return {name: scale(MAPS[name], fields.arrays, areas) for name in names}


def _draw(
    figure: Figure, corner: tuple[float, float], shape: paper.Panel, raster: Raster, shown: Map, chosen: Scale
) -> None:
    pixels = values(shown, raster.arrays, chosen.zero) / chosen.factor
    norm, cmap = Normalize(chosen.low, chosen.high), matplotlib.colormaps[shown.colors]
    colors = ScalarMappable(norm, cmap)
    axes = paper.axes(figure, corner, shape, raster.extent)
    axes.imshow(
        pixels,
        cmap=cmap,
        norm=norm,
        extent=raster.extent,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )
    if shown.overlay == "streamlines":
        draw_streamlines(axes, raster, shown.array, contrast(colors, pixels))
    elif shown.overlay == "arrows":
        draw_arrows(axes, raster, shown.array, contrast(colors, pixels))
    paper.outline(axes, raster.boundary)
    paper.color_bar(figure, corner, shape, colors, chosen)


def _checked(fields: NodalFields, names: Sequence[str] | None) -> list[str]:
    names = list(MAPS if names is None else names)
    if not names:
        raise ValueError(f"no map is named; the maps are {', '.join(map(repr, MAPS))}")
    for name in names:
        if name not in MAPS:
            raise ValueError(f"unknown map {name!r}; the maps are {', '.join(map(repr, MAPS))}")
        if MAPS[name].array not in fields.arrays:
            there = ", ".join(map(repr, fields.arrays)) or "none"
            raise ValueError(f"no array {MAPS[name].array!r}, which the map {name!r} shows; there are {there}")
    return names


def _png(path: str | Path) -> Path:
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise ValueError(f"maps are PNG files: the path must end in .png, not {path.name!r}")
    return path


def _arrays(names: Sequence[str]) -> set[str]:
    return {MAPS[name].array for name in names}


def _box(points: np.ndarray) -> tuple[float, float]:
    width, height = np.ptp(points, axis=0)
    return float(width), float(height)


def _save(figure: Figure, path: Path) -> Path:
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})
    return path
