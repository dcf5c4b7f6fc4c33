"""The numbers of one point of a sweep, by the names that series.nc has too where they mean the same."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fem_rashba.physics.magnetization import values
from fem_rashba.results.balance import balance
from fem_rashba.results.solution import Solution
from fem_rashba.results.terminals import currents, voltages
from fem_rashba.results.torque import current_density, field_per_torque, torque
from fem_rashba.solvers.problem import warnings
from fem_rashba.studies.plan import COMPONENT, DIRECTION, TERMINAL
from fem_rashba.units import SHEET_CURRENT

Row = dict[str, Any]

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

TEXTS = {"warnings": "what run would warn of", "message": "why the point has no numbers; empty if it has"}
"""Meaning of the texts of a point."""


def record(solution: Solution) -> Row:
    """The numbers of a solution as plain data; None for what it does not have. Collective.

    Variables along terminals are {name: number}.
    """
    found, part = torque(solution), solution.integrals
    balances, fields = balance(solution), found.effective_field
    m = solution.problem.magnetization
    uniform = values(m, np.zeros(1), np.zeros(1)).ravel() if m.is_uniform else None
    row = {
        "fieldlike": found.fieldlike,
        "dampinglike": found.dampinglike,
        "torque_average_density": found.average_density,
        "torque_total": found.total,
        "torque_axis": solution.axis,
        "magnetization": uniform,
        "spin_density": part.spin_density / part.area,
        "voltage": voltages(solution),
        "current": currents(solution),
        # electrons flow against it
        "charge_current": -SHEET_CURRENT * part.charge_current / part.area,
        "current_density": current_density(part, solution.film),
        "fieldlike_field": None if fields is None else fields.fieldlike,
        "dampinglike_field": None if fields is None else fields.dampinglike,
        "fieldlike_field_per_1e11": None if fields is None else fields.fieldlike_per_1e11,
        "dampinglike_field_per_1e11": None if fields is None else fields.dampinglike_per_1e11,
        "field_per_torque": field_per_torque(solution.film),
        "balance_charge": balances.charge,
        "balance_section": balances.section,
        "balance_spin": balances.spin,
        "residual": solution.report.residual,
        "iterations": solution.report.iterations,
        "cells": solution.device.cells,
        "dofs": solution.report.unknowns,
    }
    texts = [*warnings(solution.problem), *solution.warnings]
    return {name: _plain(value) for name, value in row.items()} | {"warnings": "; ".join(texts), "message": ""}


def failure(message: str) -> Row:
    """The row of a point that could not be solved."""
    return {"warnings": "", "message": message}


def _plain(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value]
    number = float(value)
    return number if math.isfinite(number) else None
