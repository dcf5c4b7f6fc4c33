"""The numbers of one point of a sweep, by the names of `fem_rashba.studies.plan.VARIABLES`."""

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
from fem_rashba.units import SHEET_CURRENT

Row = dict[str, Any]


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
    return {name: plain(value) for name, value in row.items()} | {"warnings": "; ".join(texts), "message": ""}


def failure(message: str) -> Row:
    """The row of a point that could not be solved."""
    return {"warnings": "", "message": message}


def plain(value: Any) -> Any:
    """A number, an array or numbers by name as what JSON takes; None for what is no number."""
    if value is None:
        return None
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value]
    number = float(value)
    return number if math.isfinite(number) else None
