"""A synthetic harmonic Hall measurement: from the computed torque of a device to voltages, and back to fields.

The torque is solved with m where each external field puts it; a macrospin follows the alternating current; the standard
analysis of its voltages recovers the effective fields, which the solve without an external field knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from fem_rashba.physics.magnetization import Magnetization, uniform
from fem_rashba.results.solution import Solution
from fem_rashba.results.torque import current_density, field_per_torque, torque
from fem_rashba.studies.macrospin import (
    Protocol,
    angle_sweep,
    at_rest,
    field_sweep,
    harmonics,
    sweep_fields,
    turn_angles,
)

INPUTS = (
    "the anomalous and planar Hall resistances, the anisotropy field and the external field are inputs: the model's "
    "own Hall resistances lack intrinsic and skew contributions"
)
_E = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True, kw_only=True)
class Response:
    """What a device gives per current, in the frame of `fem_rashba.studies.macrospin`.

    Attributes:
        external: mT, shape (..., 3), as in `at_rest`.
        magnetization: m there without a current.
        field: The effective field of the torque at that m, mT/A.
        density: Current density per current, 1/m^2.
    """

    external: np.ndarray
    magnetization: np.ndarray
    field: np.ndarray
    density: float


def count(protocol: Protocol) -> int:
    """How many solves a measurement takes."""
    return len(_distinct(at_rest(protocol)[1])[0])


def response(solved: Callable[[Magnetization], Solution], protocol: Protocol) -> Response:
    """The effective field of a device's torque per current, one solve for each direction of m. Collective.

    Args:
        solved: The solution for a magnetization.
        protocol: Of the measurement.

    Raises:
        ValueError: Without thickness and saturation magnetization, or without a current.
    """
    external, m = at_rest(protocol)
    directions, places = _distinct(m)
    frame, fields, density = np.eye(3), [], 0.0
    for i, direction in enumerate(directions):
        point = _Point.of(solved(_along(direction, frame)))
        if i == 0 and np.abs(point.frame - frame).max() > 1e-3:
            # the current is not along x: the directions are those of its frame
            frame = point.frame
            point = _Point.of(solved(_along(direction, frame)))
        density = max(density, point.density)
        fields.append(np.cross(direction, frame @ point.torque))
    return Response(
        external=external, magnetization=m, field=np.array(fields)[places].reshape(m.shape), density=density
    )


def measurement(found: Response, protocol: Protocol) -> tuple[xr.Dataset, dict[str, Any]]:
    """The voltages, and what their analysis recovers beside what was put in, mT.

    Raises:
        ValueError: If the current makes fields that are not small.
    """
    largest = protocol.current * float(np.linalg.norm(found.field, axis=-1).max())
    if largest > 0.1 * protocol.stiffness:
        raise ValueError(
            f"current = {protocol.current:g} A makes an effective field of {largest:.3g} mT; it must be less than a "
            f"tenth of what holds the magnetization, {protocol.stiffness:.3g} mT"
        )
    first, second = harmonics(protocol, found.external, found.magnetization, found.field)
    recovered = field_sweep(protocol, first, second) if protocol.perpendicular else angle_sweep(protocol, second)
    put_in = _put_in(found, protocol)
    density = protocol.current * found.density
    numbers: dict[str, Any] = {
        "inputs": INPUTS,
        "geometry": "fields along x and y, m near +z and -z" if protocol.perpendicular else "fields turn in the plane",
        "current_density_A_per_m2": density,
        "effective_field_mT": {
            name: {
                "put_in": put_in[name] * protocol.current,
                "recovered": recovered.get(name),
                "recovered_per_1e11_A_per_m2": None if name not in recovered else recovered[name] * 1e11 / density,
            }
            for name in ("fieldlike", "dampinglike")
        },
    }
    if protocol.perpendicular:
        fields = {"put_in": protocol.anisotropy_field, "recovered": recovered["anisotropy_field"]}
        numbers["anisotropy_field_mT"] = fields
    else:
        numbers["left_by_the_analysis"] = recovered["residual"]
    return _dataset(protocol, found, first, second), numbers


@dataclass(frozen=True, kw_only=True)
class _Point:
    """The torque in mT/A, shape (3,), rows x, y, z of the frame, and the current density per current, 1/m^2."""

    torque: np.ndarray
    frame: np.ndarray
    density: float

    @classmethod
    def of(cls, solution: Solution) -> _Point:
        scale, density = field_per_torque(solution.film), current_density(solution.integrals, solution.film)
        if scale is None or density is None:
            raise ValueError(
                "film.thickness and film.saturation_magnetization are missing; they turn the torque into a field"
            )
        current = max((abs(i) for i in solution.state.currents.values()), default=0.0)
        if current == 0 or solution.axis is None:
            raise ValueError("no current flows through a terminal: give voltages, currents or an electric field")
        z = np.array([0.0, 0.0, 1.0])
        return cls(
            torque=torque(solution).average_density * scale / current,
            frame=np.stack([np.cross(solution.axis, z), solution.axis, z]),
            density=density / current,
        )


def _along(direction: np.ndarray, frame: np.ndarray) -> Magnetization:
    return uniform([float(round(component, 15)) for component in direction @ frame])


def _distinct(m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different directions, shape (N, 3), and which of them each of all is."""
    _, first, places = np.unique(m.reshape(-1, 3).round(12), axis=0, return_index=True, return_inverse=True)
    return m.reshape(-1, 3)[first], places.ravel()


def _put_in(found: Response, protocol: Protocol) -> dict[str, float]:
    """The fields along e and m x e at m = z, or at m = x for an easy plane, mT/A."""
    wanted = np.array([0.0, 0.0, 1.0] if protocol.perpendicular else [1.0, 0.0, 0.0])
    m = found.magnetization.reshape(-1, 3)
    field = found.field.reshape(-1, 3)[np.argmax(m @ wanted)]
    return {"fieldlike": float(field @ _E), "dampinglike": float(field @ np.cross(wanted, _E))}


def _dataset(protocol: Protocol, found: Response, first: np.ndarray, second: np.ndarray) -> xr.Dataset:
    dims: tuple[str, ...] = ("external_field", "angle")
    external: Any = np.array(sorted(protocol.external_field))
    coordinates: dict[str, Any] = {}
    if protocol.perpendicular:
        dims, external = ("state", "field_axis", "external_field"), sweep_fields(protocol)
        coordinates["state"] = ("state", [1, -1], {"long_name": "sign of m_z"})
        coordinates["field_axis"] = ("field_axis", np.array(["x", "y"], dtype=object), {"long_name": "x: the current"})
    else:
        about = {"units": "rad", "long_name": "angle of the external field from the current"}
        coordinates["angle"] = ("angle", turn_angles(protocol), about)
    coordinates["external_field"] = ("external_field", external, {"units": "mT", "long_name": "external field"})
    coordinates["component"] = ("component", np.array(["x", "y", "z"], dtype=object))
    data = {
        "first_harmonic": (dims, first, {"units": "V", "long_name": "Hall voltage, amplitude of sin(wt)"}),
        "second_harmonic": (dims, second, {"units": "V", "long_name": "Hall voltage, amplitude of cos(2 wt)"}),
        "magnetization": (
            (*dims, "component"),
            found.magnetization,
            {"units": "1", "long_name": "m without a current"},
        ),
        "effective_field": (
            (*dims, "component"),
            found.field * protocol.current,
            {"units": "mT", "long_name": "effective field at the amplitude of the current, x along the current"},
        ),
    }
    return xr.Dataset(data, coordinates, {"inputs": INPUTS})
