"""One map in a figure: where axes and colour bar stand, ticks and labels. Lengths on paper in inches."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, Locator, MaxNLocator, ScalarFormatter

from fem_rashba.results.maps import Scale

Box = tuple[float, float, float, float]

DPI = 300
COLUMN, PAGE, TALLEST = 8.6 / 2.54, 17.8 / 2.54, 8.0 / 2.54

STYLE: dict[Any, Any] = {
    "font.size": 7.5,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.linewidth": 0.5,
    "axes.labelpad": 2,
    "axes.unicode_minus": True,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.pad": 2,
    "ytick.major.pad": 2,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.bbox": None,
    "text.usetex": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "mathtext.fontset": "dejavusans",
}
"""Settings over matplotlib's defaults; `style` puts both in place."""


def style(more: Mapping[str, Any] | None = None) -> AbstractContextManager[None]:
    """The settings of all pictures, and more: the same whatever the user's own are, or those of another library."""
    return matplotlib.style.context(["default", STYLE | dict(more or {})])


FLAT = 1e-3
"""Part of its size by which a quantity that is nearly constant varies on the smallest axis."""

INK = "0.15"
LEFT, RIGHT, BOTTOM, TOP = 0.47, 0.13, 0.33, 0.07
BAR, GAP = 0.07, 0.07
TOP_BAR = GAP + BAR + 0.34
SIDE_BAR = GAP + BAR + 0.50
ROW = 0.17


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Room for a map of width x height, its axes, and what stands above and beside them.

    Attributes:
        width: Of the map.
        height: Of the map.
        above: Room above the map.
        beside: Room to the right of the map.
        bar: Whether there is a colour bar, and where: "above", "beside" or "none".
    """

    width: float
    height: float
    above: float
    beside: float
    bar: str

    @property
    def size(self) -> tuple[float, float]:
        """Width and height with all labels."""
        return LEFT + self.width + self.beside, BOTTOM + self.height + self.above

    @property
    def pixels(self) -> tuple[int, int]:
        """Columns and rows of the map."""
        return max(2, round(self.width * DPI)), max(2, round(self.height * DPI))


def panel(box: tuple[float, float], width: float, bar: bool = True, above: float = TOP, least: float = 0.0) -> Panel:
    """The largest panel for a film that is no wider than a given width.

    Args:
        box: Width and height of the film, nm.
        width: Of the panel at most.
        bar: Whether there is a colour bar: above the map, or beside it if the film is tall.
        above: Room above the map if the bar does not stand there.
        least: Width of the panel at least.
    """
    ratio = box[1] / box[0]
    place = "none" if not bar else "above" if ratio < 1.4 else "beside"
    beside = SIDE_BAR if place == "beside" else RIGHT
    room = min(width - LEFT - beside, TALLEST / ratio)
    above = TOP_BAR if place == "above" else above
    # a narrow map leaves less than its x label needs
    beside = max(beside, 0.26 - room / 2, least - LEFT - room)
    return Panel(width=room, height=room * ratio, above=above, beside=beside, bar=place)


def axes(figure: Figure, corner: tuple[float, float], shape: Panel, extent: Box) -> Axes:
    """Axes of a panel, in nm, whose lower left corner on the figure is `corner`."""
    made = figure.add_axes(_fraction(figure, corner[0] + LEFT, corner[1] + BOTTOM, shape.width, shape.height))
    made.set(xlim=extent[:2], ylim=extent[2:], xlabel="$x$ (nm)", ylabel="$y$ (nm)")
    made.xaxis.set_major_locator(_ticks(shape.width, 0.42, extent[:2]))
    made.yaxis.set_major_locator(_ticks(shape.height, 0.3, extent[2:]))
    made.spines[["top", "right"]].set_visible(False)
    made.tick_params(color=INK)
    # a fixed place, however wide the tick labels are
    made.yaxis.set_label_coords(-0.33 / shape.width, 0.5)
    return made


def outline(target: Axes, boundary: np.ndarray) -> None:
    """The boundary of the film, lines of shape (lines, points, 2)."""
    lines = LineCollection(list(boundary), colors=INK, linewidths=0.5, clip_on=False, capstyle="round", zorder=3)
    target.add_collection(lines, autolim=False)


def color_bar(figure: Figure, corner: tuple[float, float], shape: Panel, colors: ScalarMappable, scale: Scale) -> None:
    """The colour bar of a panel with its label."""
    x, y = corner[0] + LEFT, corner[1] + BOTTOM
    above = shape.bar == "above"
    if above:
        place, length = (x, y + shape.height + GAP, shape.width, BAR), shape.width
    else:
        place, length = (x + shape.width + GAP, y, BAR, shape.height), shape.height
    numbers = ScalarFormatter(useOffset=False)
    numbers.set_scientific(False)
    bar = figure.colorbar(
        colors,
        cax=figure.add_axes(_fraction(figure, *place)),
        orientation="horizontal" if above else "vertical",
        ticklocation="top" if above else "right",
        extend=scale.beyond,
        format=numbers,
        extendfrac=0.6 * 2 * BAR / length,
    )
    bar.locator = (
        MaxNLocator(max(2, int(length / (0.36 if above else 0.3))), steps=[1, 2, 2.5, 5, 10])
        if scale.only is None
        else FixedLocator([scale.only])
    )
    bar.update_ticks()
    bar.outline.set_linewidth(0.5)
    bar.set_label(scale.label, labelpad=3)


def legend(target: Axes, columns: int) -> None:
    """Names of the lines above the axes, in rows of `columns`."""
    target.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        frameon=False,
        borderpad=0.0,
        borderaxespad=0.4,
        handlelength=1.2,
        handletextpad=0.4,
        columnspacing=1.2,
        labelspacing=0.3,
    )


def plain(target: Axes, largest: float) -> None:
    """Axes of curves: no frame, and no fewer than FLAT of the largest size from end to end.

    Rounding would otherwise fill the axis of what is constant.
    """
    low, high = target.dataLim.intervaly
    if largest == 0.0:
        target.set_yticks([0.0])
    elif high - low < FLAT * largest:
        # without the last digits, which decide whether there is a tick at an end
        middle, half = (float(f"{number:.12g}") for number in ((low + high) / 2, FLAT / 2 * largest))
        target.set_ylim(middle - half, middle + half)
    target.spines[["top", "right"]].set_visible(False)
    target.ticklabel_format(axis="y", useOffset=False)


def letter(figure: Figure, corner: tuple[float, float], shape: Panel, text: str) -> None:
    """(a), (b), ... at the upper left of a panel."""
    x, y = _fraction(figure, corner[0] + 0.02, corner[1] + shape.size[1] - 0.02, 0.0, 0.0)[:2]
    figure.text(x, y, text, ha="left", va="top")


def _fraction(figure: Figure, x: float, y: float, width: float, height: float) -> Box:
    w, h = figure.get_size_inches()
    return x / w, y / h, width / w, height / h


def _ticks(length: float, apart: float, ends: tuple[float, float]) -> Locator:
    """Round numbers; the ends alone where there is room for no more than two labels."""
    if length < 0.16:
        return FixedLocator([ends[1]])
    if length < 2 * apart:
        return FixedLocator(list(ends))
    return MaxNLocator(int(length / apart), steps=[1, 2, 2.5, 5, 10])
