"""PNG maps of the fields, drawn for the column of a paper (8.6 cm at 300 dpi)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from fem_rashba.mpi import on_root
from fem_rashba.results import figure as paper
from fem_rashba.results.fields import NodalFields, gathered_fields
from fem_rashba.results.maps import KNOWN, MAPS, Map, Scale, amount, scale, values
from fem_rashba.results.overlays import contrast, draw_arrows, draw_streamlines, draw_vectors, longest_vector
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
    path = png(path)
    names = checked(fields, names)
    box = box_of(fields.points)
    ratio = box[1] / box[0]
    columns = min(len(names), 2 if ratio < 0.5 else 3 if ratio < 1.4 else 4 if ratio < 3 else 5)
    shape = paper.panel(box, paper.PAGE / columns, above=paper.ROW)
    rows = math.ceil(len(names) / columns)
    width, height = shape.size
    raster = rasterize(fields, arrays_of(names), *shape.pixels)
    scales = _scales(fields, names)
    with matplotlib.rc_context(paper.STYLE):
        figure = Figure(figsize=(columns * width, rows * height), dpi=paper.DPI)
        for k, name in enumerate(names):
            corner = (k % columns * width, (rows - 1 - k // columns) * height)
            _draw(figure, corner, shape, raster, KNOWN[name], scales[name])
            paper.letter(figure, corner, shape, f"({chr(ord('a') + k)})")
        return saved(figure, path)


def plot_maps(
    fields: NodalFields, folder: str | Path, names: Sequence[str] | None = None, mesh: bool = False
) -> list[Path]:
    """The named maps, by default those of `MAPS`, each in folder/NAME.png.

    Args:
        fields: On one rank.
        folder: Made if need be.
        names: Of `KNOWN`.
        mesh: Whether to draw the sides of the cells.

    Raises:
        ValueError: If a map is unknown or lacks its array.
    """
    names = checked(fields, names)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shape = paper.panel(box_of(fields.points), paper.COLUMN)
    raster = rasterize(fields, arrays_of(names), *shape.pixels)
    scales = _scales(fields, names)
    paths = []
    with matplotlib.rc_context(paper.STYLE):
        for name in names:
            figure = Figure(figsize=shape.size, dpi=paper.DPI)
            axes = _draw(figure, (0.0, 0.0), shape, raster, KNOWN[name], scales[name])
            if mesh:
                draw_mesh(axes, fields)
            paths.append(saved(figure, folder / f"{name}.png"))
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
    path = png(path)
    sides, count = count_sides(points, cell_sides(cells, cell_type, degree))
    outline = outline or {}
    low, high = points.min(axis=0), points.max(axis=0)
    box = box_of(points)
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
        return saved(figure, path)


def draw_mesh(axes: Axes, fields: NodalFields) -> None:
    """The sides of the cells over a map."""
    sides, _ = count_sides(fields.points, cell_sides(fields.cells, fields.cell_type, fields.degree))
    lines = LineCollection(list(fields.points[sides]), colors=(0.1, 0.1, 0.1, 0.6), linewidths=0.15, zorder=1.2)
    axes.add_collection(lines, autolim=False)


def areas(fields: NodalFields) -> np.ndarray:
    """Of the film around each node, nm^2."""
    return node_areas(fields.points, linear_triangles(fields.cells, fields.cell_type, fields.degree))


def _scales(fields: NodalFields, names: Sequence[str]) -> dict[str, Scale]:
    around = areas(fields)
    return {name: scale(KNOWN[name], fields.arrays, around) for name in names}


def _draw(
    figure: Figure, corner: tuple[float, float], shape: paper.Panel, raster: Raster, shown: Map, chosen: Scale
) -> Axes:
    axes = paper.axes(figure, corner, shape, raster.extent)
    colors, label = paint(axes, raster, shown, chosen)
    paper.color_bar(figure, corner, shape, colors, replace(chosen, label=label))
    return axes


def paint(
    axes: Axes, raster: Raster, shown: Map, chosen: Scale, longest: float | None = None
) -> tuple[ScalarMappable, str]:
    """The colours of a map with its overlay and the outline of the film; the colours and the label of their bar.

    Args:
        axes: Of the map.
        raster: With the arrays of the map.
        shown: The map.
        chosen: Its scale.
        longest: The length of the longest arrow; by default that of this map.
    """
    pixels = values(shown, raster.arrays, chosen.zero) / chosen.factor
    norm, cmap = Normalize(chosen.low, chosen.high), matplotlib.colormaps[shown.colors]
    colors, label = ScalarMappable(norm, cmap), chosen.label
    axes.imshow(
        pixels,
        cmap=cmap,
        norm=norm,
        extent=raster.extent,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )
    over = shown.over or shown.array
    if shown.overlay == "streamlines":
        draw_streamlines(axes, raster, over)
    elif shown.overlay == "arrows":
        draw_arrows(axes, raster, over, contrast(colors, pixels))
    elif shown.overlay == "vectors":
        longest = longest_vector(raster, over) if longest is None else longest
        draw_vectors(axes, raster, over, contrast(colors, pixels), longest)
        label = f"{label}, up to {amount(longest, shown.unit)}"
    paper.outline(axes, raster.boundary)
    return colors, label


def checked(fields: NodalFields, names: Sequence[str] | None) -> list[str]:
    """The names of maps that can be drawn of the fields, by default those of `MAPS`.

    Raises:
        ValueError: If there is none, or one is unknown or lacks its array.
    """
    names = check_names(MAPS if names is None else names)
    for name in names:
        for array in KNOWN[name].arrays:
            if array not in fields.arrays:
                there = ", ".join(map(repr, fields.arrays)) or "none"
                raise ValueError(f"no array {array!r}, which the map {name!r} shows; there are {there}")
    return names


def check_names(names: Iterable[str]) -> list[str]:
    """The names, all of them of `KNOWN` maps.

    Raises:
        ValueError: If there is none, or one is unknown.
    """
    names = list(names)
    if not names:
        raise ValueError(f"no map is named; the maps are {', '.join(map(repr, KNOWN))}")
    for name in names:
        if name not in KNOWN:
            raise ValueError(f"unknown map {name!r}; the maps are {', '.join(map(repr, KNOWN))}")
    return names


def arrays_of(names: Iterable[str]) -> set[str]:
    """The arrays that maps need."""
    return {array for name in names for array in KNOWN[name].arrays}


def png(path: str | Path) -> Path:
    """The path of a picture.

    Raises:
        ValueError: If it does not end in .png.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise ValueError(f"maps are PNG files: the path must end in .png, not {path.name!r}")
    return path


def box_of(points: np.ndarray) -> tuple[float, float]:
    """Width and height, nm."""
    width, height = np.ptp(points, axis=0)
    return float(width), float(height)


def saved(figure: Figure, path: Path) -> Path:
    """The path, at which the figure now is, the same bytes every time."""
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})
    return path
