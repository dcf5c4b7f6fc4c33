"""What is drawn over the colours of a map: streamlines and arrows."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection

from fem_rashba.results.figure import DPI
from fem_rashba.results.raster import Raster
from fem_rashba.results.streamlines import streamlines

LINES_APART = 0.14
"""Of streamlines, inches."""

STILL = 0.005
"""Vectors below this part of the longest have no streamlines: their direction is of no interest."""

ARROWS = 26
"""Across the longer side of the film."""

DARK, BRIGHT, RIM = (0.1, 0.1, 0.1, 1.0), (1.0, 1.0, 1.0, 0.75), 0.9
"""Colours of a streamline and of its rim, and the width of the rim, points."""

FAINT = 0.03
"""Vectors below this part of the longest have no arrow."""

LENGTH = 0.8
"""Of an arrow in the plane, as part of the distance between arrows."""

OUT_OF_PLANE = 0.15
"""A unit vector whose part in the plane is shorter has no arrow."""

IN_NM: dict[str, Any] = {"pivot": "mid", "angles": "xy", "units": "xy", "scale_units": "xy"}
"""Arrows have their lengths, and where they stand, in nm."""


def contrast(colors: ScalarMappable, pixels: np.ndarray) -> np.ndarray:
    """Ink that shows on the colours of the pixels, dark on bright ones and bright on dark ones, RGBA."""
    brightness = colors.to_rgba(np.nan_to_num(pixels))[..., :3] @ (0.299, 0.587, 0.114)
    return np.where(brightness[..., None] < 0.5, (0.9, 0.9, 0.9, 1.0), (0.1, 0.1, 0.1, 1.0))


def draw_streamlines(axes: Axes, raster: Raster, name: str) -> None:
    """Streamlines, dark with a bright rim that shows on dark colours; each has an arrowhead at its middle.

    Args:
        axes: Of the map.
        raster: Its pixels.
        name: Of the vectors in the raster, shape (rows, columns, 2).
    """
    pixel = raster.x[1] - raster.x[0]
    # the film neither makes nor takes charge, but it does spin
    lines = streamlines(raster, name, LINES_APART * DPI * pixel, STILL, conserved=name == "J")
    for width, ink, order in ((RIM, BRIGHT, 1.5), (0.0, DARK, 1.6)):
        drawn = LineCollection(lines, colors=ink, linewidths=0.4 + width, capstyle="round", zorder=order)
        axes.add_collection(drawn, autolim=False)
        for line in lines:
            middle = len(line) // 2
            direction = line[middle] - line[middle - 1]
            axes.quiver(
                *line[middle],
                *direction / np.linalg.norm(direction),
                color=ink,
                edgecolor=ink,
                linewidth=width,
                pivot="mid",
                angles="xy",
                units="inches",
                scale_units="inches",
                scale=1 / 0.045,
                width=0.011,
                headwidth=3.5,
                headlength=4.1,
                headaxislength=4.1,
                minlength=0,
                zorder=order,
            )


def draw_vectors(axes: Axes, raster: Raster, name: str, inks: np.ndarray, longest: float) -> None:
    """Arrows of the in-plane part of vectors.

    Args:
        axes: Of the map.
        raster: Its pixels.
        name: Of the vectors in the raster, shape (rows, columns, 2 or 3).
        inks: From `contrast`.
        longest: The length of the vector whose arrow just fits between its neighbours.
    """
    i, j, u, v = _grid(raster, name)
    drawn = np.hypot(u, v) > FAINT * longest
    i, j, u, v = i[drawn], j[drawn], u[drawn] / longest, v[drawn] / longest
    size = LENGTH * max(len(raster.x), len(raster.y)) / ARROWS * (raster.x[1] - raster.x[0])
    axes.quiver(
        raster.x[j],
        raster.y[i],
        u,
        v,
        color=inks[i, j],
        **IN_NM,
        scale=1 / size,
        width=0.1 * size,
        headwidth=3.2,
        headlength=3.2,
        headaxislength=2.9,
        minlength=0,
    )


def longest_vector(raster: Raster, name: str) -> float:
    """The largest in-plane part of the vectors at which `draw_vectors` draws arrows."""
    _, _, u, v = _grid(raster, name)
    return float(np.hypot(u, v).max(initial=0.0))


def _grid(raster: Raster, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows and columns of the pixels with an arrow, and the vectors there."""
    vectors = raster.arrays[name][..., :2]
    rows, columns = vectors.shape[:2]
    apart = max(rows, columns) / ARROWS
    i, j = (part.ravel() for part in np.meshgrid(_middles(rows, apart), _middles(columns, apart), indexing="ij"))
    shown = np.isfinite(vectors[i, j, 0])
    i, j = i[shown], j[shown]
    return i, j, vectors[i, j, 0], vectors[i, j, 1]


def draw_arrows(axes: Axes, raster: Raster, name: str, inks: np.ndarray) -> None:
    """Arrows of the in-plane part of unit vectors, none where they point out of the plane.

    Args:
        axes: Of the map.
        raster: Its pixels.
        name: Of the vectors in the raster, shape (rows, columns, 3).
        inks: From `contrast`.
    """
    vectors = raster.arrays[name]
    rows, columns = vectors.shape[:2]
    apart = max(rows, columns) / ARROWS
    size = LENGTH * min(apart, rows, columns)
    grid = np.meshgrid(_middles(rows, apart), _middles(columns, apart), indexing="ij")
    i, j = (part.ravel() for part in grid)
    u, v = np.nan_to_num(vectors[i, j, :2]).T
    shown = np.hypot(u, v) > OUT_OF_PLANE
    # neither end outside the film, nor the middle close to its boundary
    inside = np.pad(np.isfinite(vectors[..., 0]), 1)
    for up, right in ((v / 2, u / 2), (-v / 2, -u / 2), (0.25, 0), (-0.25, 0), (0, 0.25), (0, -0.25)):
        row, column = np.rint(i + size * up).astype(int), np.rint(j + size * right).astype(int)
        shown &= inside[np.clip(row + 1, 0, rows + 1), np.clip(column + 1, 0, columns + 1)]
    i, j = i[shown], j[shown]
    length = size * (raster.x[1] - raster.x[0])
    axes.quiver(
        raster.x[j],
        raster.y[i],
        u[shown],
        v[shown],
        color=inks[i, j],
        **IN_NM,
        scale=1 / length,
        width=0.11 * length,
        headwidth=3.5,
        headlength=3.5,
        headaxislength=3.2,
        minlength=0,
    )


def _middles(n: int, apart: float) -> np.ndarray:
    """Pixels in the middle of about n / apart equal parts of n."""
    parts = max(1, round(n / apart))
    return ((np.arange(parts) + 0.5) * n / parts).astype(int)
