"""The solution along a straight line: spin density, torque, density and potential, one above the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fem_rashba.results import figure as paper
from fem_rashba.results.maps import prefixed
from fem_rashba.results.painting import png, saved
from fem_rashba.results.probe import COLUMNS, probe
from fem_rashba.results.solution import Solution

PANELS = (
    ("spin density", r"nm$^{-2}$", False, {"Sx": "$S_x$", "Sy": "$S_y$", "Sz": "$S_z$"}),
    ("torque", r"eV/nm$^2$", True, {"Tx": "$T_x$", "Ty": "$T_y$", "Tz": "$T_z$"}),
    ("density", r"nm$^{-2}$", False, {"n": "$n$"}),
    ("potential", "V", True, {"potential": "$V$"}),
)
"""Title, unit, whether it takes SI prefixes, and the probe's columns with their symbols."""

HEIGHT, ABOVE, BELOW, LEFT, RIGHT = 0.95, 0.24, 0.36, 0.62, 0.16


def profiles(solution: Solution, start: tuple[float, float], end: tuple[float, float], count: int = 201) -> np.ndarray:
    """What `probe` finds at equidistant points from start to end (nm), shape (count, 10). Collective.

    Raises:
        ValueError: If the line leaves the device, or has no length.
    """
    if tuple(start) == tuple(end):
        raise ValueError(f"the line begins and ends at x = {start[0]:g} nm, y = {start[1]:g} nm; its ends must differ")
    t = np.linspace(0.0, 1.0, count)[:, None]
    return probe(solution, (1 - t) * np.array(start) + t * np.array(end))


def draw_profiles(found: np.ndarray, path: str | Path) -> Path:
    """Profiles along a line in one PNG file.

    Args:
        found: Of `profiles`.
        path: Ends in .png.

    Raises:
        ValueError: If the path does not end in .png.
    """
    path = png(path)
    start, end = found[0, :2], found[-1, :2]
    along = np.linalg.norm(found[:, :2] - start, axis=1)
    size = (paper.COLUMN, BELOW + len(PANELS) * (HEIGHT + ABOVE))
    with paper.style():
        figure = Figure(figsize=size, dpi=paper.DPI)
        for k, (title, unit, prefixes, columns) in enumerate(PANELS):
            bottom = BELOW + (len(PANELS) - 1 - k) * (HEIGHT + ABOVE)
            width = size[0] - LEFT - RIGHT
            axes = figure.add_axes((LEFT / size[0], bottom / size[1], width / size[0], HEIGHT / size[1]))
            lines = {symbol: found[:, COLUMNS.index(name)] for name, symbol in columns.items()}
            _draw(axes, along, lines, title, unit, prefixes)
            axes.tick_params(labelbottom=k == len(PANELS) - 1)
        axes.set_xlabel(f"distance from ({start[0]:g}, {start[1]:g}) towards ({end[0]:g}, {end[1]:g}) (nm)")
        return saved(figure, path)


def _draw(axes: Axes, along: np.ndarray, lines: dict[str, np.ndarray], title: str, unit: str, prefixes: bool) -> None:
    largest = float(np.abs(list(lines.values())).max())
    factor, scaled = prefixed(largest, unit, prefixes)
    for (symbol, values), style in zip(lines.items(), ("-", "--", "-."), strict=False):
        axes.plot(along, values / factor, style, linewidth=0.9, label=symbol)
    if len(lines) > 1:
        axes.axhline(0.0, color="0.6", linewidth=0.4, zorder=0)
    axes.set(xlim=(along[0], along[-1]), ylabel=f"({scaled})")
    paper.plain(axes, largest / factor)
    axes.yaxis.set_label_coords(-0.46 / (paper.COLUMN - LEFT - RIGHT), 0.5)
    axes.ticklabel_format(axis="x", useOffset=False)
    paper.legend(axes, len(lines))
    axes.set_title(title, loc="right", fontsize=7.5, pad=3)
