"""What a report is made of, gathered on one rank."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from fem_rashba.mpi import on_root
from fem_rashba.results.crossings import locate, pieces
from fem_rashba.results.fields import NodalFields, gathered_fields
from fem_rashba.results.files import SUMMARY
from fem_rashba.results.profiles import profiles
from fem_rashba.results.series import SERIES, read_series
from fem_rashba.results.sketch import Sketch, gathered
from fem_rashba.results.solution import Solution


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a report is made of, on one rank.

    Attributes:
        name: Of the device.
        fields: With the spin currents.
        sketch: Of the device.
        lines: What `probe` found along lines through the middle.
        numbers: The content of summary.json.
        series: Of a run in time, None of a steady state.
    """

    name: str
    fields: NodalFields
    sketch: Sketch
    lines: list[np.ndarray]
    numbers: dict[str, Any]
    series: xr.Dataset | None


def found(solution: Solution, out: Path) -> Found | None:
    """All of it on rank 0, None on the others. Collective.

    Raises:
        ValueError: If the folder `out` has no summary.
    """
    numbers, series = on_root(solution.comm, lambda: (_summary(out), _series(out)))
    fields = gathered_fields(solution, spin_currents=True)
    sketch, lines = gathered(solution.problem), _lines(solution)
    if fields is None or sketch is None:
        return None
    return Found(name=solution.device.name, fields=fields, sketch=sketch, lines=lines, numbers=numbers, series=series)


def _series(out: Path) -> xr.Dataset | None:
    path = out / SERIES
    return read_series(path) if path.is_file() else None


def _summary(out: Path) -> dict[str, Any]:
    try:
        text = (out / SUMMARY).read_text()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ValueError(f"{str(out / SUMMARY)!r}, which a report needs, cannot be read: {reason}") from None
    try:
        found = json.loads(text)
        for key in ("film", "mesh", "solver", "terminals", "torque", "spin_density", "balance", "versions", "warnings"):
            found[key]
    except (ValueError, KeyError, TypeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else "it must be JSON that run wrote"
        raise ValueError(f"{str(out / SUMMARY)!r} is not the summary of a solution: {reason}") from None
    return dict(found)


def _lines(solution: Solution) -> list[np.ndarray]:
    """What `probe` finds along the middle of the film, in x and in y, on the longest part in the film. Collective."""
    x = solution.device.mesh.geometry.x[:, :2]
    every = np.concatenate(solution.comm.allgather(x))
    low, high = every.min(axis=0), every.max(axis=0)
    middle = (low + high) / 2
    found = []
    for axis in (0, 1):
        start, end = middle.copy(), middle.copy()
        start[axis], end[axis] = low[axis], high[axis]
        part = _longest_inside(solution, start, end)
        if part is not None:
            found.append(profiles(solution, *part))
    return found


def _longest_inside(
    solution: Solution, start: np.ndarray, end: np.ndarray
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The longest part of a line that is in the film; None if there is none. Collective."""
    mesh = solution.device.mesh
    t = pieces(mesh, start, end)
    middles = (t[1:] + t[:-1])[:, None] / 2
    here = np.zeros(len(middles), dtype=bool)
    here[locate(mesh, (1 - middles) * start + middles * end).point] = True
    there = np.logical_or.reduce(mesh.comm.allgather(here))
    ends = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(int), [0]])))
    if not len(ends):
        return None
    runs = [(t[first], t[last]) for first, last in ends.reshape(-1, 2)]
    first, last = max(runs, key=lambda run: run[1] - run[0])
    a, b = ((1 - at) * start + at * end for at in (first, last))
    return (float(a[0]), float(a[1])), (float(b[0]), float(b[1]))
