"""Which sides of a mesh are cut: those that most of an error comes from."""

from __future__ import annotations

import numpy as np

from fem_rashba.devices.refinement import Grid, chains

_DIGITS = 6


def marked_sides(grid: Grid, indicators: np.ndarray, rest: float) -> np.ndarray:
    """Of each side whether it is cut: of the fewest strips or triangles that leave at most a part of the error.

    Args:
        grid: The mesh.
        indicators: Contributions of each cell, shape (cells, directions), not negative.
        rest: The part of their sum that the others may have.
    """
    ends, of_cells = grid.sides()
    result = np.zeros(len(ends), dtype=bool)
    if grid.cell == "triangle":
        result[of_cells[_largest(indicators[:, 0], rest)]] = True
        return result
    strip = chains(grid)
    sums = np.zeros(strip.max() + 1)
    for direction in (0, 1):
        np.add.at(sums, strip[of_cells[:, direction]], indicators[:, direction])
    return np.asarray(np.isin(strip, _largest(sums, rest)))


def _largest(values: np.ndarray, rest: float) -> np.ndarray:
    """Positions of the largest values, all but a part of the sum; the last digits do not decide."""
    rounded = np.array([float(f"{value:.{_DIGITS - 1}e}") for value in values])
    order = np.argsort(-rounded, kind="stable")
    left = rounded.sum() - np.cumsum(rounded[order])
    count = int(np.searchsorted(-left, -rest * rounded.sum())) + 1
    return order[:count]
