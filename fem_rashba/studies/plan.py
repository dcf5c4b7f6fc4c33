"""What a sweep goes over, its axes, and what it finds at every point: what both are called in a file.

A variable has the name that series.nc has for it where it means the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

TERMINAL, COMPONENT, DIRECTION = "terminal", "component", "direction_in_plane"
"""Dimensions of the variables of a point."""

VARIABLES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "fieldlike": ((), "eV nm^-2", "average of the torque along e x m"),
    "dampinglike": ((), "eV nm^-2", "average of the torque along m x (e x m)"),
    "torque_average_density": ((COMPONENT,), "eV nm^-2", "average torque on the magnetization"),
    "torque_total": ((COMPONENT,), "eV", "total torque on the magnetization"),
    "torque_axis": ((COMPONENT,), "1", "e, the axis of the split of the torque"),
    "magnetization": ((COMPONENT,), "1", "direction of the magnetization, where it is uniform"),
    "spin_density": ((COMPONENT,), "nm^-2", "average of dS"),
    "voltage": ((TERMINAL,), "V", "voltage of a contacted terminal"),
    "current": ((TERMINAL,), "A", "conventional current into the film"),
    "charge_current": ((DIRECTION,), "A m^-1", "average electric sheet current density"),
    "current_density": ((), "A m^-2", "magnitude of charge_current over the thickness"),
    "fieldlike_field": ((), "mT", "effective field of the fieldlike torque, along e"),
    "dampinglike_field": ((), "mT", "effective field of the dampinglike torque, along m x e"),
    "fieldlike_field_per_1e11": ((), "mT", "fieldlike_field at a current density of 1e11 A/m^2"),
    "dampinglike_field_per_1e11": ((), "mT", "dampinglike_field at a current density of 1e11 A/m^2"),
    "field_per_torque": ((), "mT eV^-1 nm^2", "effective field of a torque density"),
    "balance_charge": ((), "1", "sum of the terminal currents over the largest"),
    "balance_section": ((), "1", "terminal currents against cross-sections, over the largest"),
    "balance_spin": ((), "1", "defect of the spin balance with fluxes from the fields, over its largest term"),
    "residual": ((), "1", "largest relative residual of the linear solves"),
    "iterations": ((), "1", "of the linear solver, the most"),
    "cells": ((), "1", "number of cells of the mesh"),
    "dofs": ((), "1", "number of unknowns"),
}
"""Dimensions, unit and meaning of every number of a point."""

BOUNDS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "torque_error_bound": ((), "eV nm^-2", "bound of the error of torque_average_density, its length"),
    "spin_density_error_bound": ((), "nm^-2", "bound of the error of spin_density, its length"),
    "current_error_bound": ((), "A", "bound of the error of any current"),
    "voltage_error_bound": ((), "V", "bound of the error of any voltage"),
    "charge_current_error_bound": ((), "A m^-1", "bound of the error of charge_current, its length"),
    "spin_map_error_bound": ((), "nm^-2", "bound of the error of dS, root mean square over the film"),
    "spin_map": ((), "nm^-2", "dS, root mean square over the film"),
    "torque_error_found": ((), "eV nm^-2", "error of torque_average_density where the point was solved in full too"),
    "spin_map_error_found": ((), "nm^-2", "error of dS, root mean square, where the point was solved in full too"),
}
"""The same of a sweep by a reduced basis; errors are those against a full solve on the same mesh."""

TEXTS = {"warnings": "what run would warn of", "message": "why the point has no numbers; empty if it has"}
"""Meaning of the texts of a point."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A key and its values.

    Attributes:
        path: The key, part by part.
        name: Of the dimension.
        values: As they are written in the TOML file.
        numbers: The same in the internal unit; None where they are no numbers.
        unit: The internal unit, "1" for plain numbers.
    """

    path: tuple[str, ...]
    name: str
    values: tuple[Any, ...]
    numbers: tuple[float, ...] | None
    unit: str

    @property
    def key(self) -> str:
        """The key with dots."""
        return ".".join(self.path)


def dimension_names(paths: Sequence[tuple[str, ...]]) -> list[str]:
    """The last part of each key, with as many before it as make it different from all others and from variables.

    Args:
        paths: The keys, part by part, no two the same.
    """
    reserved = {TERMINAL, COMPONENT, DIRECTION, *VARIABLES, *BOUNDS, *TEXTS}
    names = []
    for path in paths:
        for count in range(1, len(path) + 1):
            tail = path[-count:]
            name = re.sub(r"\W", "_", "_".join(tail))
            if name not in reserved and not any(other[-count:] == tail for other in paths if other != path):
                break
        while name in names or name in reserved:
            name += "_"
        names.append(name)
    return names
