"""The magnetization in an OVF file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fem_rashba.grids.ovf_read import Vectors, read_ovf
from fem_rashba.physics.gridded import Grid, Gridded
from fem_rashba.units import quantity

# below this part of the largest vector there is no magnet; and layers that nearly cancel have no direction
_NOTHING, _CANCELLED = 1e-9, 1e-3
_EVEN, _ALIGNED, _SMOOTH = 0.01, math.radians(10), math.radians(30)


def ovf_magnetization(
    path: str | Path,
    *,
    origin: Sequence[str | float] | None = None,
    center: Sequence[str | float] | None = None,
    layer: str | int = "average",
) -> Gridded:
    """The direction of the magnetization in an OVF 1.0 or 2.0 file, placed on the device.

    Args:
        path: Of the file.
        origin: Where the lowest corner of the grid lies on the device, lengths with units or in nm; by default the
            coordinates of the file are those of the device.
        center: Or where the middle of the grid lies.
        layer: "average" over z, or the number of a layer, 0 the lowest.

    Raises:
        ValueError: If the file cannot be used, or a value does not fit it.
    """
    name = f"ovf = {str(path)!r}"
    vectors = read_ovf(path, name)
    moments = _layer(vectors, layer, name)
    size = np.linalg.norm(moments, axis=-1)
    magnetic = size > _NOTHING * size.max()
    if not magnetic.any():
        raise ValueError(f"{name} has no magnetization: all its vectors are zero; some must not be")
    found = Gridded(
        grid=vectors.grid,
        directions=np.where(magnetic[..., None], moments / np.where(magnetic, size, 1.0)[..., None], 0.0),
        shift=_shift(vectors.grid, origin, center),
    )
    return replace(found, notes=tuple(_notes(vectors, found, layer, name)))


def _layer(vectors: Vectors, layer: str | int, name: str) -> np.ndarray:
    """The vectors of a layer, or their average, in units of the largest one, shape (ny, nx, 3)."""
    # squares of a field in extreme units would not fit into a number
    values = vectors.values / (np.abs(vectors.values).max() or 1.0)
    if layer == "average":
        moments, sizes = values.mean(axis=0), np.linalg.norm(values, axis=-1).mean(axis=0)
        cancelled = np.argwhere((np.linalg.norm(moments, axis=-1) < _CANCELLED * sizes) & (sizes > _NOTHING))
        if len(cancelled):
            raise ValueError(
                f"layer = 'average' gives no direction in cell x {cancelled[0][1]}, y {cancelled[0][0]} of {name}: "
                f"its layers cancel; give a layer from 0 to {len(values) - 1}"
            )
        return moments
    if isinstance(layer, bool) or not isinstance(layer, int) or not 0 <= layer < len(values):
        raise ValueError(f"layer = {layer!r} must be 'average' or a layer of {name}, from 0 to {len(values) - 1}")
    return np.asarray(values[layer])


def _shift(
    grid: Grid, origin: Sequence[str | float] | None, center: Sequence[str | float] | None
) -> tuple[float, float]:
    if origin is not None and center is not None:
        raise ValueError("origin and center both say where the grid lies; give one of them")
    if origin is None and center is None:
        return 0.0, 0.0
    key, place = ("origin", origin) if center is None else ("center", center)
    if isinstance(place, str) or place is None or len(place) != 2:
        raise ValueError(f"{key} = {place!r} must be two lengths [x, y]")
    to = [quantity(p, "nm", key) for p in place]
    middle = [0.5 * n * d for n, d in zip(grid.counts, grid.cell, strict=True)] if key == "center" else [0.0, 0.0]
    return to[0] - middle[0] - grid.corner[0], to[1] - middle[1] - grid.corner[1]


def _notes(vectors: Vectors, found: Gridded, layer: str | int, name: str) -> list[str]:
    notes = []
    used = vectors.values if layer == "average" else vectors.values[[int(layer)]]
    size = np.linalg.norm(used, axis=-1)
    magnetic = size > _NOTHING * size.max()
    low, high = size[magnetic].min(), size.max()
    if low < (1 - _EVEN) * high:
        unit = "" if vectors.unit in ("", "1", "None") else f" {vectors.unit}"
        notes.append(f"{name}: the vectors are {low:.4g} to {high:.4g}{unit} long; only their direction is used")
    mean = np.einsum("zyxi,yxi->zyx", used, found.directions)[magnetic] / size[magnetic]
    apart = float(np.arccos(np.clip(mean, -1, 1)).max())
    if apart > _ALIGNED:
        notes.append(f"{name}: layers are up to {math.degrees(apart):.0f} degrees from their average, which is used")
    if found.largest_turn > _SMOOTH:
        notes.append(
            f"{name}: m turns by up to {math.degrees(found.largest_turn):.0f} degrees from a cell to the next; "
            f"cells should be so small that it turns by at most {math.degrees(_SMOOTH):.0f}"
        )
    return notes
