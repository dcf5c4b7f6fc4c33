"""A map painted into axes, and what the pictures of maps have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from fem_rashba.results import figure as paper
from fem_rashba.results.fields import NodalFields
from fem_rashba.results.maps import GRIDDED, KNOWN, MAPS, Map, Scale, amount, values
from fem_rashba.results.overlays import contrast, draw_arrows, draw_streamlines, draw_vectors, longest_vector
from fem_rashba.results.raster import Raster
from fem_rashba.results.tessellation import cell_sides, count_sides, linear_triangles, node_areas


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


def draw_mesh(axes: Axes, fields: NodalFields) -> None:
    """The sides of the cells over a map."""
    sides, _ = count_sides(fields.points, cell_sides(fields.cells, fields.cell_type, fields.degree))
    lines = LineCollection(list(fields.points[sides]), colors=(0.1, 0.1, 0.1, 0.6), linewidths=0.15, zorder=1.2)
    axes.add_collection(lines, autolim=False)


def areas(fields: NodalFields) -> np.ndarray:
    """Of the film around each node, nm^2."""
    return node_areas(fields.points, linear_triangles(fields.cells, fields.cell_type, fields.degree))


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
            other = f"; {name!r} is a quantity of ovf" if name in GRIDDED else ""
            raise ValueError(f"unknown map {name!r}; the maps are {', '.join(map(repr, KNOWN))}{other}")
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
