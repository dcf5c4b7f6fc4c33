"""A magnetization that is known on a rectangular grid only: what a micromagnetic program computed.

Between the centres of cells it is bilinear, then normalised. Cells without magnetization (zero vectors: outside the
magnet) take no part in that: there, and outside the grid, m is that of the nearest cell that has one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fem_rashba.physics.magnetization import Wall

Triple = tuple[float, float, float]

# points on the border of a grid belong to it although they were computed differently, in cells
_BORDER = 1e-6


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Cells in rows along x, y and z: the lowest corner and the size of a cell, nm, and how many there are."""

    corner: Triple
    cell: Triple
    counts: tuple[int, int, int]

    def centers(self, axis: int) -> np.ndarray:
        """Centres of the cells along an axis, nm."""
        return self.corner[axis] + self.cell[axis] * (np.arange(self.counts[axis]) + 0.5)


@dataclass(frozen=True, kw_only=True, eq=False)
class Gridded:
    """m of the cells of a grid.

    Attributes:
        grid: In the coordinates of the file that it comes from.
        directions: Unit vectors, shape (ny, nx, 3); zero where there is no magnet.
        shift: From the coordinates of the file to those of the device, nm.
        notes: What a user should know of the file, in sentences.
    """

    grid: Grid
    directions: np.ndarray
    shift: tuple[float, float] = (0.0, 0.0)
    notes: tuple[str, ...] = ()
    is_uniform: bool = False
    walls: tuple[Wall, ...] = ()
    parameters: tuple[float, ...] = ()

    @property
    def finest(self) -> float:
        """Over which length m turns by one rad where it turns fastest, but at least a cell; nm."""
        fastest = max(float((a / d).max(initial=0.0)) for a, d in zip(self._angles, self.grid.cell, strict=False))
        return max(1 / fastest, min(self.grid.cell[:2])) if fastest > 1e-9 else math.inf

    @property
    def largest_turn(self) -> float:
        """The largest angle between neighbouring cells, rad."""
        return max(float(angles.max(initial=0.0)) for angles in self._angles)

    def components(self, x: Any, y: Any, p: Sequence[Any], math: Any) -> tuple[Any, Any, Any]:
        """What the namespace has for m on a grid: `sampled` for numbers, a finite-element function for UFL."""
        return math.sampled(self, x, y)

    def sampled(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """m at points (nm): NaN where bilinear interpolation has no direction, half way between opposite vectors."""
        (i, along), (j, up) = (self._place(c, axis) for axis, c in enumerate((x, y)))
        nx, ny = self.grid.counts[:2]
        right, above = np.minimum(i + 1, nx - 1), np.minimum(j + 1, ny - 1)
        m, along, up = self._filled, along[..., None], up[..., None]
        low = (1 - along) * m[j, i] + along * m[j, right]
        high = (1 - along) * m[above, i] + along * m[above, right]
        raw = (1 - up) * low + up * high
        with np.errstate(all="ignore"):
            raw = raw / np.linalg.norm(raw, axis=-1, keepdims=True)
        return raw[..., 0], raw[..., 1], raw[..., 2]

    def covers(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Whether points (nm) lie in cells with magnetization."""
        inside = np.ones(np.shape(x), dtype=bool)
        index = []
        for axis, c in enumerate((x, y)):
            count = self.grid.counts[axis]
            u = (np.asarray(c) - self.shift[axis] - self.grid.corner[axis]) / self.grid.cell[axis]
            inside &= (u >= -_BORDER) & (u <= count + _BORDER)
            index.append(np.clip(np.floor(u), 0, count - 1).astype(int))
        return np.asarray(inside & self._magnetic[index[1], index[0]])

    @property
    def extent(self) -> tuple[tuple[float, float], ...]:
        """The ends of the grid along x and y, on the device, nm."""
        low = [self.grid.corner[axis] + self.shift[axis] for axis in (0, 1)]
        return tuple((a, a + n * d) for a, n, d in zip(low, self.grid.counts, self.grid.cell, strict=False))

    def _place(self, c: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
        """Of points along an axis: the cell whose centre comes before, and how far it is to the next one, 0 to 1."""
        u = (np.asarray(c, float) - self.shift[axis] - self.grid.corner[axis]) / self.grid.cell[axis] - 0.5
        u = np.clip(u, 0, self.grid.counts[axis] - 1)
        before = np.minimum(np.floor(u).astype(int), max(self.grid.counts[axis] - 2, 0))
        return before, u - before

    @cached_property
    def _magnetic(self) -> np.ndarray:
        return np.asarray(self.directions.any(axis=-1))

    @cached_property
    def _filled(self) -> np.ndarray:
        """The directions; those of the nearest cell with magnetization where there is none."""
        if self._magnetic.all():
            return self.directions
        from scipy.ndimage import distance_transform_edt

        nearest = distance_transform_edt(
            ~self._magnetic, sampling=self.grid.cell[1::-1], return_distances=False, return_indices=True
        )
        return self.directions[tuple(nearest)]

    @cached_property
    def _angles(self) -> tuple[np.ndarray, np.ndarray]:
        """Angles between neighbours with magnetization along x and along y, rad, one after another."""
        m, here = self.directions, self._magnetic
        along = _angle(m[:, :-1], m[:, 1:])[here[:, :-1] & here[:, 1:]]
        up = _angle(m[:-1], m[1:])[here[:-1] & here[1:]]
        return along, up


def _angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), (a * b).sum(axis=-1))


def data_of(m: Any) -> Gridded | None:
    """The magnetization on a grid that m is, or that m turns or reverses; None for formulas."""
    while hasattr(m, "base"):
        m = m.base
    return m if isinstance(m, Gridded) else None
