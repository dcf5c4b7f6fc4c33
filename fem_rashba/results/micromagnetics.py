"""What a micromagnetic program takes from a solution: torque and effective field on a rectangular grid.

The torque density T (eV/nm^2) acts on the magnetization, dm/dt = -gamma m x B + gamma T/(Ms t), gamma > 0. The field
that does the same at this m is

    B = m x T/(Ms t),      -m x B = T/(Ms t)      because T.m = 0.

The value of a cell is the average over those of its 3 x 3 Gauss points that lie in the device; a cell whose middle
lies outside has zero.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from mpi4py import MPI

from fem_rashba.grids.ovf_write import check_target, write_ovf
from fem_rashba.mpi import on_root
from fem_rashba.physics.film import Film
from fem_rashba.physics.gridded import Grid, data_of
from fem_rashba.results.ovf_units import UNITS, unit_of
from fem_rashba.results.probe import State, film_values, state_at, torque_at
from fem_rashba.results.solution import Solution

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)
_AT_ONCE, _MOST_CELLS = 1 << 13, 1 << 24
# |e x m|^2 below this is m parallel to e
_PARALLEL = 1e-12


def save_ovf(
    solution: Solution,
    path: str | Path,
    *,
    quantity: str = "torque",
    unit: str | None = None,
    grid: Grid | None = None,
    format: str = "binary4",
) -> Grid:
    """Write a quantity as an OVF 2.0 file. Collective.

    Args:
        solution: Of `solve` or `load`.
        path: A new file, or one that fem_rashba wrote.
        quantity: One of `ovf_units.QUANTITIES`.
        unit: One of those of the quantity; by default the first: J/m3, T, 1/m2 or 1.
        grid: Of the file, from `grid_of` or `fem_rashba.grids.ovf_read.read_grid`; by default `grid_of(solution)`.
        format: "text", "binary4" or "binary8".

    Returns:
        The grid.

    Raises:
        ValueError: For a wrong value, and where the film lacks what the unit needs.
        OSError: If the file cannot be written; nothing is then left behind.
    """
    chosen = unit_of(solution, quantity, unit)
    grid = grid_of(solution) if grid is None else grid
    on_root(solution.comm, lambda: check_target(path))
    values = gridded_values(solution, grid, quantity, unit)
    about = [
        f"{quantity}: {UNITS[quantity][chosen].meaning}",
        "cells hold averages over the device, cells with their middle outside it hold zero",
    ]
    on_root(
        solution.comm,
        lambda: write_ovf(path, grid, values, label=quantity, unit=chosen, description=about, format=format),
    )
    return grid


def gridded_values(solution: Solution, grid: Grid, quantity: str, unit: str | None = None) -> np.ndarray:
    """A quantity on a grid, shape (ny, nx, 3), on every rank. Collective.

    Args:
        solution: Of `solve` or `load`.
        grid: In the coordinates of the file that the magnetization comes from, if it does, else those of the device.
        quantity: One of `ovf_units.QUANTITIES`.
        unit: One of those of the quantity; by default the first.

    Raises:
        ValueError: As `save_ovf`.
    """
    chosen = UNITS[quantity][unit_of(solution, quantity, unit)]
    nx, ny = grid.counts[:2]
    if nx * ny > _MOST_CELLS:
        raise ValueError(f"the grid has {nx} x {ny} cells; it may have at most {_MOST_CELLS}, so give larger ones")
    data = data_of(solution.problem.magnetization)
    shift = (0.0, 0.0) if data is None else data.shift
    x, y = (grid.centers(axis) + shift[axis] for axis in (0, 1))
    centers = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    starts = range(0, len(centers), _AT_ONCE)
    parts = [_averages(solution, centers[i : i + _AT_ONCE], grid, quantity, chosen.factor) for i in starts]
    result = np.concatenate(parts)
    if np.isnan(result).all():
        ends = (f"{a} = {c[0]:g} to {c[-1]:g} nm" for a, c in zip("xy", (x, y), strict=True))
        raise ValueError(f"no cell of the grid has its middle in the device; they lie at {' and '.join(ends)} of it")
    return np.nan_to_num(result.reshape(ny, nx, 3))


def grid_of(solution: Solution, cell: tuple[float, float] | None = None) -> Grid:
    """The grid of the file that the magnetization comes from, or one that covers the device. Collective.

    Args:
        solution: Of `solve` or `load`.
        cell: Sides of a cell, nm, for a grid from the lowest corner of the device; by default a round length of which
            the device has at least 20 across and 100 along.
    """
    data = data_of(solution.problem.magnetization)
    if data is not None and cell is None:
        return data.grid
    shift = (0.0, 0.0) if data is None else data.shift
    x, comm = solution.device.mesh.geometry.x[:, :2], solution.comm
    low, high = np.empty(2), np.empty(2)
    comm.Allreduce(x.min(axis=0, initial=np.inf), low, op=MPI.MIN)
    comm.Allreduce(x.max(axis=0, initial=-np.inf), high, op=MPI.MAX)
    sides = high - low
    sizes = (_round_length(min(sides.max() / 100, sides.min() / 20)),) * 2 if cell is None else cell
    if not all(np.isfinite(s) and s > 0 for s in sizes):
        raise ValueError(f"cell = {list(sizes)!r} must be two positive lengths in nm")
    counts = [max(1, int(np.ceil(min(side / size, 1e9) - 1e-6))) for side, size in zip(sides, sizes, strict=True)]
    return Grid(
        corner=(float(low[0] - shift[0]), float(low[1] - shift[1]), 0.0),
        cell=(float(sizes[0]), float(sizes[1]), float(solution.film.thickness or 1.0)),
        counts=(counts[0], counts[1], 1),
    )


def _round_length(limit: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above the limit."""
    power = 10.0 ** np.floor(np.log10(limit))
    return float(max(f * power for f in (1, 2, 5) if f * power <= limit * (1 + 1e-9)))


def _averages(
    solution: Solution, centers: np.ndarray, grid: Grid, quantity: str, factor: Callable[[Film], float]
) -> np.ndarray:
    """Averages over cells by their centres, NaN where these lie outside the device, shape (N, 3). Collective."""
    offsets = np.stack(np.meshgrid(_NODES * grid.cell[0] / 2, _NODES * grid.cell[1] / 2), axis=-1).reshape(-1, 2)
    weights = np.outer(_WEIGHTS, _WEIGHTS).ravel()
    state = state_at(solution, (centers[:, None, :] + offsets).reshape(-1, 2))
    factors = film_values(solution, state.tags, factor)
    values = np.vstack([_vectors(solution, state, quantity) * factors, factors])
    values = values.T.reshape(len(centers), len(weights), 4)
    share = np.where(state.tags.reshape(len(centers), -1) >= 0, weights, 0.0)
    # the fifth of the nine points is the middle of the cell
    share[share[:, 4] == 0] = 0.0
    total = np.einsum("cp,cpi->ci", share, np.where(share[..., None] > 0, values, 0.0))
    weight = share.sum(axis=1)[:, None]
    averages = np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan)
    vectors, lengths = averages[:, :3], averages[:, 3:]
    if quantity != "magnetization":
        return vectors
    # the average of a direction is shorter than that
    size = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors * lengths / np.where(size == 0, 1.0, size))


def _vectors(solution: Solution, state: State, quantity: str) -> np.ndarray:
    """A quantity in the units of a film, shape (3, N)."""
    if quantity == "spin_density":
        return state.S
    if quantity == "magnetization":
        return state.m
    T, m = torque_at(solution, state), state.m
    if quantity == "torque":
        return T
    if quantity == "effective_field":
        return np.cross(m, T, axis=0)
    e = np.broadcast_to(np.asarray(solution.axis)[:, None], m.shape)
    crossed = np.cross(e, m, axis=0)
    square = (crossed**2).sum(axis=0)
    along = crossed if quantity == "fieldlike_field" else np.cross(m, crossed, axis=0)
    part = np.where(square > _PARALLEL, (T * along).sum(axis=0) / np.maximum(square, _PARALLEL), 0.0)
    return part * (e if quantity == "fieldlike_field" else np.cross(m, e, axis=0))
