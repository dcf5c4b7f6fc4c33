"""One map in a figure: where axes and colour bar stand, ticks and labels. Lengths on paper in inches."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, Locator, MaxNLocator

from fem_rashba.results.maps import Scale
from fem_rashba.results.raster import Raster

DPI = 300
COLUMN, PAGE, TALLEST = 8.6 / 2.54, 17.8 / 2.54, 8.0 / 2.54

STYLE = {
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
"""Every setting that shows, so that the figure does not depend on the user's matplotlibrc."""

INK = "0.15"
LEFT, RIGHT, BOTTOM, TOP = 0.47, 0.13, 0.33, 0.07
BAR, GAP = 0.07, 0.07
TOP_BAR = GAP + BAR + 0.34
SIDE_BAR = GAP + BAR + 0.50
ROW = 0.17


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Room for a map of width x height with its axes and its colour bar, above a map or, if it is tall, to its right."""

    width: float
    height: float
    bar_above: bool
    lettered: bool

    @property
    def size(self) -> tuple[float, float]:
        """Width and height with all labels."""
        above = TOP_BAR if self.bar_above else (ROW if self.lettered else TOP)
        beside = RIGHT if self.bar_above else SIDE_BAR
        return LEFT + self.width + beside, BOTTOM + self.height + above

    @property
    def pixels(self) -> tuple[int, int]:
        """Columns and rows of the map."""
        return max(2, round(self.width * DPI)), max(2, round(self.height * DPI))


def panel(box: tuple[float, float], width: float, tallest: float, lettered: bool = False) -> Panel:
    """The largest panel for a film with the bounding box `box` that is no wider than `width`, its map no taller than `tallest`."""
    ratio = box[1] / box[0]
    bar_above = ratio < 1.4
    room = width - LEFT - (RIGHT if bar_above else SIDE_BAR)
    room = min(room, tallest / ratio)
    return Panel(width=room, height=room * ratio, bar_above=bar_above, lettered=lettered)


def axes(figure: Figure, corner: tuple[float, float], shape: Panel, extent: tuple[float, float, float, float]) -> Axes:
    """Axes of a panel, in nm, whose lower left corner on the figure is `corner`."""
    made = figure.add_axes(_fraction(figure, corner[0] + LEFT, corner[1] + BOTTOM, shape.width, shape.height))
    made.set(xlim=extent[:2], ylim=extent[2:], xlabel="$x$ (nm)", ylabel="$y$ (nm)")
    made.xaxis.set_major_locator(_ticks(shape.width, 0.42, extent[:2]))
    made.yaxis.set_major_locator(_ticks(shape.height, 0.25, extent[2:]))
    made.spines[["top", "right"]].set_visible(False)
    made.tick_params(color=INK)
    # a fixed place, however wide the tick labels are
    made.yaxis.set_label_coords(-0.39 / shape.width, 0.5)
    return made


def outline(target: Axes, raster: Raster) -> None:
    """The boundary of the film."""
    lines = LineCollection(raster.boundary, colors=INK, linewidths=0.5, clip_on=False, capstyle="round", zorder=3)
    target.add_collection(lines, autolim=False)


def color_bar(
    figure: Figure, corner: tuple[float, float], shape: Panel, colors: ScalarMappable, scale: Scale
) -> None:
    """The colour bar of a panel with its label."""
    x, y = corner[0] + LEFT, corner[1] + BOTTOM
    if shape.bar_above:
        place, length = (x, y + shape.height + GAP, shape.width, BAR), shape.width
    else:
        place, length = (x + shape.width + GAP, y, BAR, shape.height), shape.height
    bar = figure.colorbar(
        colors,
        cax=figure.add_axes(_fraction(figure, *place)),
        orientation="horizontal" if shape.bar_above else "vertical",
        ticklocation="top" if shape.bar_above else "right",
        extend=scale.beyond,
        extendfrac=0.6 * 2 * BAR / length,
    )
    bar.locator = (
        MaxNLocator(max(2, int(length / (0.5 if shape.bar_above else 0.3))), steps=[1, 2, 5, 10])
        if scale.only is None
        else FixedLocator([scale.only])
    )
    bar.formatter.set_useOffset(False)
    bar.formatter.set_scientific(False)
    bar.update_ticks()
    bar.outline.set_linewidth(0.5)
    bar.set_label(scale.label, labelpad=3)


def letter(figure: Figure, corner: tuple[float, float], shape: Panel, text: str) -> None:
    """(a), (b), ... at the upper left of a panel."""
    x, y = _fraction(figure, corner[0] + 0.02, corner[1] + shape.size[1] - 0.02, 0.0, 0.0)[:2]
    figure.text(x, y, text, ha="left", va="top")


def _fraction(figure: Figure, x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    w, h = figure.get_size_inches()
    return x / w, y / h, width / w, height / h


def _ticks(length: float, apart: float, ends: tuple[float, float]) -> Locator:
    """Round numbers; the ends alone where there is room for no more than two labels."""
    if length < 0.16:
        return FixedLocator([ends[1]])
    if length < 2 * apart:
        return FixedLocator(list(ends))
    return MaxNLocator(int(length / apart), steps=[1, 2, 2.5, 5, 10])
