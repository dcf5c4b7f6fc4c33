"""Empty axes in the style of the maps, for curves of one's own, in one PNG file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from fem_rashba.results import figure as paper
from fem_rashba.results.painting import png, saved

LINES: dict[Any, Any] = {
    "axes.titlesize": 7.5,
    "axes.formatter.useoffset": False,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.0,
}
CENTIMETRE = 1 / 2.54


@contextmanager
def panels(
    path: str | Path, rows: int = 1, columns: int = 1, *, size: tuple[float, float] = (8.6, 5.0), **sharing: Any
) -> Iterator[np.ndarray]:
    """Axes to draw into, shape (rows * columns,), row by row; the file is there when the block ends without an error.

        with panels("torque.png", columns=2) as (left, right):
            left.plot(x, y)

    Args:
        path: Ends in .png; its folder is made if need be.
        rows: Number of rows.
        columns: Number of columns.
        size: Width and height, cm; by default as wide as the column of a paper.
        sharing: sharex, sharey and others of matplotlib's `Figure.subplots`.

    Raises:
        ValueError: If the path does not end in .png.
    """
    path = png(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with paper.style(LINES):
        inches = (size[0] * CENTIMETRE, size[1] * CENTIMETRE)
        figure = Figure(figsize=inches, dpi=paper.DPI, layout="constrained")
        yield figure.subplots(rows, columns, squeeze=False, **sharing).ravel()
        saved(figure, path)
