"""What bulk prints: the infinite medium of a TOML file's film, magnetization and field.

The device of the file is checked and not made: neither Gmsh nor dolfinx is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fem_rashba import config
from fem_rashba.config import builders
from fem_rashba.physics.bulk import infinite_medium
from fem_rashba.physics.film import Film


@dataclass(frozen=True, kw_only=True)
class Medium:
    """A film, a uniform magnetization and a field, as a TOML file gives them.

    Attributes:
        film: Of [film].
        direction: m, a unit vector.
        electric_field: (Ex, Ey) in V/nm, not zero.
        torque_axis: Direction e of the torque's decomposition; None for z^ x field.
        regions: Names of regions with films of their own, which are left out.
    """

    film: Film
    direction: tuple[float, float, float]
    electric_field: tuple[float, float]
    torque_axis: tuple[float, float, float] | None
    regions: tuple[str, ...]


def load(path: str | Path, overrides: Sequence[str] = ()) -> Medium:
    """The medium of a TOML file.

    Args:
        path: Of the file.
        overrides: Values in place of those of the file, as "section.key=value".

    Raises:
        ValueError: For what is wrong with the file, a texture, or no field.
    """
    sections = config.sections(path, overrides)
    film = builders.film(sections["film"], "film")
    magnetization = builders.magnetization(sections["magnetization"], Path(path).parent)
    if not magnetization.is_uniform:
        kind = next(key for key in ("texture", "expression", "ovf") if key in sections["magnetization"])
        raise ValueError(
            f"magnetization.{kind} = {sections['magnetization'][kind]!r} does not go with bulk, whose magnetization is "
            "uniform; give magnetization.direction, or theta and phi"
        )
    field = builders.electric_field(sections["drive"])
    if not any(field):
        raise ValueError(
            "drive.electric_field is missing or zero; an infinite medium has no terminals, so bulk needs a field, such "
            'as ["1 mV/nm", "0 V/nm"], in place of voltages and currents'
        )
    config.conditions(sections, field)
    x, y, z = magnetization.parameters
    return Medium(
        film=film,
        direction=(x, y, z),
        electric_field=field,
        torque_axis=builders.torque_axis(sections["drive"]),
        regions=tuple(sections["regions"]),
    )


def report(medium: Medium) -> dict[str, Any]:
    """S (nm^-2), torque, fieldlike, dampinglike (eV/nm^2), axis and warnings, as plain data.

    fieldlike and dampinglike are None where the magnetization is parallel to the axis.

    Raises:
        ValueError: If nothing relaxes the spin.
    """
    found = infinite_medium(medium.film, np.array(medium.direction), medium.electric_field, medium.torque_axis)
    assert found.axis is not None  # there is a field
    warnings = [str(verdict) for verdict in medium.film.validity if not verdict.holds]
    warnings += [f"the film of the region {name!r} is left out: bulk is that of [film]" for name in medium.regions]
    return {
        "S": _plain(found.spin_density),
        "torque": _plain(found.torque),
        "fieldlike": _number(found.fieldlike),
        "dampinglike": _number(found.dampinglike),
        "axis": _plain(found.axis),
        "warnings": warnings,
    }


def _plain(vector: np.ndarray) -> list[float]:
    # no zeros with a sign
    return [float(component) + 0.0 for component in vector]


def _number(value: np.ndarray) -> float | None:
    return None if np.isnan(value) else float(value) + 0.0
