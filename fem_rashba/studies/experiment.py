"""The torque as an experiment reports it: effective fields in mT per 1e11 A/m^2 over directions of m.

From a sweep over [magnetization]: the fieldlike and dampinglike field for each direction, the parts of the torque odd
and even in m where -m is there too, and the amplitudes of the forms of `fem_rashba.studies.angular` with uncertainties.
All directions count the same, as measured points do, one that is swept twice, like a pole for several azimuths, once.
The parts are fitted together, so that -m need not be there.

Two uncertainties are given for an amplitude. `fit` is the standard error from what the form leaves: of the form, and
zero where it is exact. `discretization` is the change if the torque at each direction were off, independently, by the
share by which its spin balance is: an order of magnitude, because averages converge faster than fluxes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr

from fem_rashba.studies.angular import basis
from fem_rashba.studies.sweep_file import solved

FORMS = ("isotropic", "garello", "expansion")
_NEEDED = ("field_per_torque", "current_density")


@dataclass(frozen=True, kw_only=True)
class Amplitude:
    """An amplitude with its uncertainties; `fit` is None where as many numbers as amplitudes were fitted."""

    value: float
    fit: float | None
    discretization: float


@dataclass(frozen=True, kw_only=True)
class Amplitudes:
    """A fitted form.

    Attributes:
        form: One of `FORMS`.
        odd, even: The amplitudes by name, in the unit of the torque.
        residual: What the form leaves of the torque, root mean square over the directions, relative.
    """

    form: str
    odd: dict[str, Amplitude]
    even: dict[str, Amplitude]
    residual: float


def amplitudes(m: np.ndarray, torque: np.ndarray, axis: np.ndarray, form: str, defects: np.ndarray) -> Amplitudes:
    """The amplitudes of a form by least squares over any directions.

    Args:
        m: Directions, shape (N, 3).
        torque: There, shape (N, 3), in any unit.
        axis: Unit vector e, shape (3,).
        form: One of `FORMS`.
        defects: Relative error of the torque at each direction, shape (N,).

    Raises:
        ValueError: If the directions do not determine the amplitudes.
    """
    odd, even = basis(form, m, axis)
    columns = np.stack([field.ravel() for field in (*odd.values(), *even.values())], axis=1)
    scale = np.linalg.norm(columns, axis=0)
    u, s, vt = np.linalg.svd(columns / np.where(scale > 0, scale, 1), full_matrices=False)
    count = columns.shape[1]
    # T.m = 0: two numbers for each direction
    spare = 2 * len(m) - count
    if spare < 0 or s[-1] < 1e-9 * s[0]:
        raise ValueError(f"{len(m)} directions do not determine the {count} amplitudes of {form}")
    inverse = (vt.T / s) @ u.T / scale[:, None]
    values = inverse @ torque.ravel()
    left = torque.ravel() - columns @ values
    norm = float(np.linalg.norm(torque))
    errors = None if spare == 0 else np.linalg.norm(left) / math.sqrt(spare) * np.linalg.norm(inverse, axis=1)
    off = np.repeat(defects * np.linalg.norm(torque, axis=1), 3)
    spread = np.linalg.norm(inverse * off, axis=1)
    found = [
        Amplitude(value=float(v), fit=None if errors is None else float(errors[i]), discretization=float(spread[i]))
        for i, v in enumerate(values)
    ]
    return Amplitudes(
        form=form,
        odd=dict(zip(odd, found, strict=False)),
        even=dict(zip(even, found[len(odd) :], strict=True)),
        residual=float(np.linalg.norm(left)) / norm if norm > 0 else 0.0,
    )


def parts(m: np.ndarray, torque: np.ndarray) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """For each direction whose opposite is there and comes later: its place, (T(m) - T(-m))/2, (T(m) + T(-m))/2."""
    found = []
    for i, direction in enumerate(m):
        for j in range(i + 1, len(m)):
            if np.abs(direction + m[j]).max() < 1e-9:
                found.append((i, (torque[i] - torque[j]) / 2, (torque[i] + torque[j]) / 2))
                break
    return found


def mean_axis(axes: np.ndarray) -> np.ndarray:
    """The one axis e for all directions, shape (3,): the mean current turns a little with m.

    Args:
        axes: At each direction, shape (N, 3).

    Raises:
        ValueError: If they differ by more than 0.05 rad.
    """
    mean = axes.mean(axis=0)
    if np.abs(axes - mean).max() > 0.05:
        raise ValueError("the axis of the torque turns with the magnetization: give drive.torque_axis")
    return mean / np.linalg.norm(mean)


def report(sweep: xr.Dataset) -> dict[str, Any]:
    """The effective fields of a sweep as plain data, mT per 1e11 A/m^2.

    Args:
        sweep: From `fem_rashba.studies.sweep.read`.

    Raises:
        ValueError: If the sweep has no effective fields, or no uniform magnetization.
    """
    if not all(bool(np.isfinite(sweep[name]).any()) for name in _NEEDED):
        raise ValueError(
            "the sweep has no effective fields: give film.thickness and film.saturation_magnetization, which turn a "
            "torque into a field, and a drive"
        )
    groups = [{"at": at, **_group(points)} for at, points in _groups(sweep)]
    groups = [group for group in groups if group["directions"]]
    if not groups:
        raise ValueError("the sweep has no point with a uniform magnetization, which effective fields need")
    keys = [sweep[name] for name in sweep["fieldlike"].dims]
    return {
        "unit": "mT per 1e11 A/m^2",
        "points": dict(zip(("solved", "swept"), solved(sweep), strict=True)),
        "at_units": {str(key.attrs["toml_key"]): str(key.attrs["units"]) for key in keys if key.dtype.kind == "f"},
        "groups": groups,
    }


def _groups(sweep: xr.Dataset) -> Iterator[tuple[dict[str, Any], xr.Dataset]]:
    """All points with the same values of what is no direction, and these values."""
    axes = sweep["fieldlike"].dims
    over = [name for name in axes if str(sweep[name].attrs["toml_key"]).startswith("magnetization.")]
    rest = [name for name in axes if name not in over]
    shape = [sweep.sizes[name] for name in rest]
    for index in np.ndindex(*shape):
        chosen = sweep.isel(dict(zip(rest, index, strict=True)))
        at = {str(sweep[name].attrs["toml_key"]): chosen[name].item() for name in rest}
        yield at, chosen.stack(point=over) if over else chosen.expand_dims("point")


def _group(points: xr.Dataset) -> dict[str, Any]:
    m, axes, torque = (
        points[name].transpose("point", "component").values
        for name in ("magnetization", "torque_axis", "torque_average_density")
    )
    per = points["field_per_torque"].values * 1e11 / points["current_density"].values
    known = np.isfinite(m).all(axis=1) & np.isfinite(axes).all(axis=1) & np.isfinite(per)
    known &= np.isfinite(torque).all(axis=1)
    known[np.flatnonzero(known)] = _first(m[known])
    m, axes, fields = m[known], axes[known], (torque * per[:, None])[known]
    defects = np.nan_to_num(points["balance_spin"].values[known])
    result: dict[str, Any] = {
        "directions": [
            {"magnetization": m[i].tolist(), "fieldlike": _plain(fieldlike), "dampinglike": _plain(dampinglike)}
            for i, (fieldlike, dampinglike) in enumerate(
                zip(
                    points["fieldlike_field_per_1e11"].values[known],
                    points["dampinglike_field_per_1e11"].values[known],
                    strict=True,
                )
            )
        ],
        "parts": [
            {"magnetization": m[i].tolist(), "odd": odd.tolist(), "even": even.tolist()}
            for i, odd, even in parts(m, fields)
        ],
        "forms": {},
    }
    for form in FORMS:
        try:
            result["forms"][form] = asdict(amplitudes(m, fields, mean_axis(axes), form, defects)) if len(m) else {}
        except ValueError as error:
            result["forms"][form] = {"error": str(error)}
    return result


def _first(m: np.ndarray) -> np.ndarray:
    """Which directions come for the first time, shape (N,): a pole is swept once for each azimuth."""
    return np.array([not any(np.abs(m[:i] - direction).max(axis=1) < 1e-9) for i, direction in enumerate(m)], bool)


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
