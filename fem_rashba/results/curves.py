"""Curves over a sweep or a run in time: one panel for each number, in one PNG file."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from fem_rashba.results import figure as paper
from fem_rashba.results.maps import prefixed
from fem_rashba.results.painting import png, saved

SHOWN, SHOWN_IN_TIME = ("fieldlike", "dampinglike", "current"), ("fieldlike", "dampinglike", "spin_density", "current")
"""Variables that are drawn by default, where they have numbers."""

PER = "_per_1e11"
"""How names of fields at a current density of 1e11 A/m^2 end."""

ROUNDING = 1e-12
"""Components of a vector that are smaller than this part of the largest are zero but for rounding."""

POINTS = 60
"""A curve of more points has no markers."""

_UNITS = {"eV nm^-2": "eV/nm$^2$", "nm^-2": "nm$^{-2}$", "A m^-1": "A/m", "A m^-2": "A/m$^2$", "1": ""}
_PREFIXED = ("eV/nm$^2$", "eV", "A/m", "A", "V")
HEIGHT, ABOVE, BELOW, LEFT, RIGHT = 1.05, 0.24, 0.36, 0.74, 0.16
LEGEND: dict[str, Any] = {"loc": "lower left", "frameon": False, "borderpad": 0.0, "borderaxespad": 0.0}
MOST = 8
"""Curves that are named in a legend; of more, that many, as evenly as can be."""


def draw_curves(found: xr.Dataset, path: str | Path, names: Sequence[str] | None = None) -> Path:
    """Variables over the last key of a sweep, a curve for each point of the others, or over time, in one PNG file.

    Args:
        found: Of a sweep, or of `fem_rashba.results.series.read_series`.
        path: Ends in .png.
        names: Of its numbers; by default those of SHOWN. Vectors have a panel for each component.

    Raises:
        ValueError: If the path does not end in .png, or a variable is unknown or no number.
    """
    path = png(path)
    names = _checked(found, _shown(found) if names is None else names)
    axes = [str(name) for name in found[names[0]].dims if name == "time" or "toml_key" in found[name].attrs]
    *others, last = axes
    panels = [panel for name in names for panel in _panels(found[name], axes)]
    curves = int(np.prod([found.sizes[name] for name in others]))
    rows = min(curves, MOST) + (curves > MOST) if others else 0
    size = (paper.COLUMN, BELOW + len(panels) * (HEIGHT + ABOVE) + rows * paper.ROW)
    with paper.style():
        figure = Figure(figsize=size, dpi=paper.DPI)
        for k, (title, values) in enumerate(panels):
            bottom = BELOW + (len(panels) - 1 - k) * (HEIGHT + ABOVE)
            width = size[0] - LEFT - RIGHT
            target = figure.add_axes((LEFT / size[0], bottom / size[1], width / size[0], HEIGHT / size[1]))
            _draw(target, values, last, others, title)
            target.tick_params(labelbottom=k == len(panels) - 1)
            if k == 0 and others:
                some = f"{MOST} of {curves} curves:" if curves > MOST else None
                target.legend(**LEGEND, bbox_to_anchor=(0.0, 1.0 + 0.18 / HEIGHT), title=some, alignment="left")
        target.set_xlabel(_axis_label(found[last]))
        return saved(figure, path)


def _shown(found: xr.Dataset) -> list[str]:
    usual = [name for name in (SHOWN_IN_TIME if "time" in found.dims else SHOWN) if name in found]
    return [name for name in usual if bool(np.isfinite(found[name]).any())] or usual


def _checked(found: xr.Dataset, names: Sequence[str]) -> list[str]:
    numbers = [str(name) for name, values in found.data_vars.items() if values.dtype.kind == "f"]
    for name in names:
        if name not in numbers:
            raise ValueError(f"the file has no quantity {name!r}; it has {', '.join(map(repr, numbers))}")
    return list(names)


def _panels(values: xr.DataArray, axes: Sequence[str]) -> list[tuple[str, xr.DataArray]]:
    """Title and values of each component, with the swept keys as their only dimensions."""
    within = [str(name) for name in values.dims if name not in axes]
    sizes = np.abs(values.values)
    largest = float(np.max(sizes, where=np.isfinite(sizes), initial=0.0))
    # what is not known stays so
    values = values.where(~(np.abs(values) < ROUNDING * largest), 0.0)
    result = []
    for labels in product(*(found.tolist() for found in (values[name].values for name in within))):
        part = values.sel(dict(zip(within, labels, strict=True)))
        title = str(values.name).removesuffix(PER).replace("_", " ")
        result.append((" ".join([title, *labels]), part))
    return result


def _draw(target: Axes, values: xr.DataArray, last: str, others: Sequence[str], title: str) -> None:
    unit = _unit(values)
    sizes = np.abs(values.values[np.isfinite(values.values)])
    factor, scaled = prefixed(float(sizes.max(initial=0.0)), unit, unit in _PREFIXED)
    curves = list(product(*(range(values.sizes[name]) for name in others)))
    x = _positions(values[last])
    style = ".-" if len(x) <= POINTS else "-"
    named = {round(k) for k in np.linspace(0, len(curves) - 1, min(len(curves), MOST))}
    for k, point in enumerate(curves):
        part = values.isel(dict(zip(others, point, strict=True)))
        words = ", ".join(f"{name.replace('_', ' ')} = {_word(part[name])}" for name in others)
        color = matplotlib.colormaps["viridis"](0.9 * k / max(len(curves) - 1, 1)) if others else "C0"
        label = words if k in named else None
        target.plot(x, part.values / factor, style, markersize=3, linewidth=0.8, color=color, label=label)
    target.set_ylabel(f"({scaled})" if scaled else "")
    target.yaxis.set_label_coords(-0.6 / (paper.COLUMN - LEFT - RIGHT), 0.5)
    paper.plain(target, float(sizes.max(initial=0.0)) / factor)
    target.set_title(title, loc="right", fontsize=7.5, pad=3)
    if values[last].dtype.kind == "f":
        angle = values[last].attrs.get("units") == "rad"
        steps = [1, 1.5, 3, 4.5, 9, 10] if angle else [1, 2, 2.5, 5, 10]
        target.xaxis.set_major_locator(MaxNLocator(6, steps=steps))
    else:
        target.xaxis.set_major_locator(FixedLocator(x.tolist()))
        target.set_xticklabels([str(text) for text in values[last].values])


def _unit(values: xr.DataArray) -> str:
    """In matplotlib's notation."""
    unit = str(values.attrs.get("units", ""))
    per = " per 10$^{11}$ A/m$^2$" if str(values.name).endswith(PER) else ""
    return _UNITS.get(unit, unit) + per


def _positions(coordinate: xr.DataArray) -> np.ndarray:
    if coordinate.dtype.kind != "f":
        return np.arange(coordinate.size)
    return np.asarray(np.degrees(coordinate.values) if coordinate.attrs.get("units") == "rad" else coordinate.values)


def _axis_label(coordinate: xr.DataArray) -> str:
    unit = {"rad": "deg", "1": ""}.get(str(coordinate.attrs.get("units", "")), coordinate.attrs.get("units", ""))
    return f"{coordinate.attrs.get('long_name', coordinate.name)}" + (f" ({unit})" if unit else "")


def _word(coordinate: Any) -> str:
    value = coordinate.item()
    if isinstance(value, str):
        return value
    unit = coordinate.attrs.get("units", "1")
    if unit == "rad":
        return f"{np.degrees(value):.4g} deg"
    return f"{value:.4g}" + ("" if unit == "1" else f" {unit}")
