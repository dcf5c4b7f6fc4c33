"""PNG maps of the fields, drawn for the column of a paper (8.6 cm at 300 dpi)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fem_rashba.mpi import on_root
from fem_rashba.results import figure as paper
from fem_rashba.results.fields import NodalFields, gathered_fields
from fem_rashba.results.maps import KNOWN, Map, Scale, scale
from fem_rashba.results.painting import areas, arrays_of, box_of, checked, draw_mesh, paint, png, saved
from fem_rashba.results.raster import Raster, rasterize
from fem_rashba.results.solution import Solution


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
    with paper.style():
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
    with paper.style():
        for name in names:
            figure = Figure(figsize=shape.size, dpi=paper.DPI)
            axes = _draw(figure, (0.0, 0.0), shape, raster, KNOWN[name], scales[name])
            if mesh:
                draw_mesh(axes, fields)
            paths.append(saved(figure, folder / f"{name}.png"))
    return paths


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
