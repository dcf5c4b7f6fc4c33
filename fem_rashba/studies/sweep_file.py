"""A sweep as an xarray dataset, and as a NetCDF file that appears whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from fem_rashba.studies.plan import BOUNDS, COMPONENT, DIRECTION, TERMINAL, TEXTS, VARIABLES, Axis
from fem_rashba.studies.record import Row

PROGRAM = "fem_rashba"
CONVENTIONS = (
    "nm, ps, eV, V, A; torque on the magnetization per area; e = z x (field, or mean current) unless drive.torque_axis "
    "is given; T = fieldlike e x m + dampinglike m x (e x m); effective fields B with dm/dt = -gamma m x B"
)


def dataset(axes: Sequence[Axis], rows: Mapping[int, Row], attributes: Mapping[str, str]) -> xr.Dataset:
    """The rows of the points of a sweep, the last axis fastest; what is missing is NaN, or an empty text.

    Args:
        axes: Of the sweep.
        rows: By the number of the point, from `fem_rashba.studies.record.record`.
        attributes: Of the dataset.
    """
    shape = tuple(len(axis.values) for axis in axes)
    names = tuple(axis.name for axis in axes)
    terminals = list(dict.fromkeys(name for _, row in sorted(rows.items()) for name in row.get("voltage") or ()))
    labels: dict[str, list[str]] = {COMPONENT: ["x", "y", "z"], DIRECTION: ["x", "y"], TERMINAL: terminals}
    data: dict[str, Any] = {}
    is_reduced = any(name in row for row in rows.values() for name in BOUNDS)
    for name, (dimensions, unit, meaning) in (VARIABLES | (BOUNDS if is_reduced else {})).items():
        within = [labels[dimension] for dimension in dimensions]
        if not all(within):  # no point has said yet which terminals there are
            continue
        values = np.full((int(np.prod(shape)), *map(len, within)), np.nan)
        for point, row in rows.items():
            values[point] = _numbers(row.get(name), within)
        about = {"units": unit, "long_name": meaning}
        data[name] = ((*names, *dimensions), values.reshape(*shape, *map(len, within)), about)
    for name, meaning in TEXTS.items():
        texts = np.full(int(np.prod(shape)), "", dtype=object)
        for point, row in rows.items():
            texts[point] = row[name]
        data[name] = (names, texts.reshape(shape), {"long_name": meaning})
    coordinates: dict[str, Any] = {name: (name, np.array(own, dtype=object)) for name, own in labels.items() if own}
    coordinates |= {axis.name: _coordinate(axis) for axis in axes}
    return xr.Dataset(data, coordinates, {"program": PROGRAM, **attributes, "conventions": CONVENTIONS})


def _numbers(value: Any, within: list[list[str]]) -> Any:
    if value is None:
        return np.nan
    if isinstance(value, dict):
        value = [value.get(name) for name in within[0]]
    return np.array(value, dtype=float)  # None becomes NaN


def _coordinate(axis: Axis) -> Any:
    about = {"long_name": axis.path[-1].replace("_", " "), "toml_key": axis.key, "values": json.dumps(axis.values)}
    if axis.numbers is not None:
        return axis.name, np.array(axis.numbers), about | {"units": axis.unit}
    # text that is no number, or a list
    texts = [value if isinstance(value, str) else json.dumps(value) for value in axis.values]
    return axis.name, np.array(texts, dtype=object), about


def write(path: Path, found: xr.Dataset) -> None:
    """Writes a dataset; the file is whole when it is there.

    Raises:
        OSError: If it cannot be written; nothing is then left behind.
    """
    part = path.absolute().with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        found.to_netcdf(part, engine="h5netcdf")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def check_target(path: Path) -> None:
    """Raises ValueError unless `path` is that of a .nc file, free or ours, where one can write."""
    if path.suffix != ".nc":
        raise ValueError(f"the output {str(path)!r} must be a NetCDF file; its name must end in .nc")
    if (path.exists() or path.is_symlink()) and not _is_ours(path):
        raise ValueError(f"{str(path)!r} exists and was not written by fem-rashba; name another output")
    parent = path.absolute().parent
    if not parent.is_dir():
        raise ValueError(f"the folder {str(parent)!r} of the output does not exist")
    if not os.access(parent, os.W_OK):
        raise ValueError(f"the folder {str(parent)!r} of the output cannot be written to")


def _is_ours(path: Path) -> bool:
    try:
        with h5py.File(path, "r") as file:
            program = file.attrs.get("program")
    except OSError:
        return False
    return (program.decode() if isinstance(program, bytes) else program) == PROGRAM


def read(path: str | Path) -> xr.Dataset:
    """The dataset in a file that `write` wrote.

    Raises:
        ValueError: If there is none.
    """
    path = Path(path)
    if not path.is_file():
        what = "it is a folder" if path.is_dir() else "there is no such file"
        raise ValueError(f"{str(path)!r} must be a file that sweep wrote; {what}")
    if not _is_ours(path):
        raise ValueError(f"{str(path)!r} must be a file that sweep wrote, and is not")
    with xr.open_dataset(path, engine="h5netcdf") as found:
        return found.load()


def solved(found: xr.Dataset) -> tuple[int, int]:
    """How many points of a sweep have numbers, and how many there are."""
    keys = {name for name, coordinate in found.coords.items() if "toml_key" in coordinate.attrs}
    known = xr.zeros_like(found["message"], dtype=bool)
    for values in found.data_vars.values():
        if values.dtype.kind == "f":
            known = known | values.notnull().any(dim=set(values.dims) - keys)
    return int(known.sum()), known.size
