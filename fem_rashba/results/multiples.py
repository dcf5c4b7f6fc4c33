"""Small multiples: one map of several solutions side by side, with one scale of colours."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from fem_rashba.results import figure as paper
from fem_rashba.results.fields import NodalFields
from fem_rashba.results.maps import KNOWN, Scale, scale
from fem_rashba.results.overlays import longest_vector
from fem_rashba.results.painting import areas, arrays_of, box_of, checked, draw_mesh, paint, png, saved
from fem_rashba.results.raster import rasterize

IGNORED = ("solver", "output")
"""Sections of a configuration that are no part of the physics."""

MOST = 6
"""Keys in a title."""

LETTER = 0.062
"""Width of a letter of a title, inches."""


def plot_multiples(
    each: Sequence[NodalFields], titles: Sequence[str], path: str | Path, name: str = "dampinglike", mesh: bool = False
) -> Path:
    """One map of every solution in one PNG file, as wide as a page at most.

    Args:
        each: The fields of the solutions, on one rank.
        titles: As many, one over each map.
        path: Ends in .png.
        name: Of `KNOWN`.
        mesh: Whether to draw the sides of the cells.

    Raises:
        ValueError: If the path does not end in .png, or the map is unknown or lacks its array.
    """
    path = png(path)
    for fields in each:
        checked(fields, [name])
    columns = min(len(each), 3)
    width = paper.PAGE / max(columns, 2)
    lines = [textwrap.wrap(title, max(8, int((width - paper.LEFT) / LETTER))) for title in titles]
    above = paper.TOP + 0.14 * max(map(len, lines))
    shapes = [paper.panel(box_of(fields.points), width, bar=False, above=above) for fields in each]
    width, height = (max(shape.size[k] for shape in shapes) for k in (0, 1))
    rows = math.ceil(len(each) / columns)
    size = (columns * width, rows * height + paper.TOP_BAR)
    common = _common_scale(each, name)
    shown = KNOWN[name]
    rasters = [rasterize(f, arrays_of([name]), *shape.pixels) for f, shape in zip(each, shapes, strict=True)]
    longest = (
        max(longest_vector(raster, shown.over or shown.array) for raster in rasters)
        if shown.overlay == "vectors"
        else None
    )
    with paper.style():
        figure = Figure(figsize=size, dpi=paper.DPI)
        for k, raster in enumerate(rasters):
            # maps of one row stand on one line
            corner = (k % columns * width, (rows - 1 - k // columns) * height)
            axes = paper.axes(figure, corner, shapes[k], raster.extent)
            colors, label = paint(axes, raster, shown, common, longest)
            if mesh:
                draw_mesh(axes, each[k])
            axes.set_title("\n".join(lines[k]), loc="left", fontsize=7.5, pad=4)
        room = min(size[0] - paper.LEFT - paper.RIGHT, 2 * width)
        bar = paper.Panel(width=room, height=0.0, above=0.0, beside=0.0, bar="above")
        paper.color_bar(figure, (0.0, rows * height - paper.BOTTOM), bar, colors, replace(common, label=label))
        return saved(figure, path)


def _common_scale(each: Sequence[NodalFields], name: str) -> Scale:
    """The colours of one map that fit several solutions at once."""
    shown = KNOWN[name]
    needed = {shown.array, shown.vector} if shown.vector else {shown.array}
    arrays = {array: np.concatenate([fields.arrays[array] for fields in each]) for array in needed}
    return scale(shown, arrays, np.concatenate([areas(fields) for fields in each]))


def differences(configs: Mapping[str, Mapping[str, Any] | None]) -> dict[str, str]:
    """What tells solutions apart, by their names: the keys whose values differ; the names if none or many do.

    Args:
        configs: Path of the folder -> the resolved configuration, None if it is not known.
    """
    short = {name: Path(name).resolve().name for name in configs}
    words = short if len(set(short.values())) == len(short) else {name: name for name in configs}
    flat = {name: _flat(config or {}) for name, config in configs.items()}
    keys = dict.fromkeys(key for values in flat.values() for key in values)
    differing = [key for key in keys if len({str(values.get(key)) for values in flat.values()}) > 1]
    if len(differing) > MOST:
        return words
    result = {}
    for name, values in flat.items():
        pairs = [f"{key} =\u00a0{_text(values[key])}" for key in differing if values.get(key) is not None]
        result[name] = ", ".join(pairs) or words[name]
    return result


def _flat(value: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in value.items():
        if path or key not in IGNORED:
            inner = _flat(item, f"{path}{key}.") if isinstance(item, Mapping) else {f"{path}{key}": item}
            result |= inner
    return result


def _text(value: Any) -> str:
    # no-break spaces: a title does not break inside
    if isinstance(value, list):
        return "[" + ",\u00a0".join(map(_text, value)) + "]"
    return f"{value:.6g}" if isinstance(value, float) else str(value).replace(" ", "\u00a0")
