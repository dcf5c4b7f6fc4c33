"""The numbers of a solution that discretisation errors belong to: terminals, torque, spin density."""

from __future__ import annotations

from typing import Any

from fem_rashba.results.solution import Solution
from fem_rashba.results.terminals import currents, voltages
from fem_rashba.results.torque import EffectiveField, Torque, torque


def numbers(solution: Solution) -> dict[str, Any]:
    """terminals, torque and spin_density as in summary.json. Collective."""
    found = solution.integrals
    return {
        "terminals": _terminals(solution),
        "torque": _torque(torque(solution)),
        "spin_density": {"average": found.spin_density / found.area},
    }


def _terminals(solution: Solution) -> dict[str, Any]:
    volts, amperes = voltages(solution), currents(solution)
    return {
        name: {
            "voltage_V": volts.get(name),
            "current_A": amperes.get(name, 0.0),
            "length_nm": solution.device.terminal_length(name),
        }
        for name in solution.device.terminals
    }


def _torque(found: Torque) -> dict[str, Any]:
    result: dict[str, Any] = {
        "axis": found.axis,
        "average_density": found.average_density,
        "total": found.total,
        "fieldlike": found.fieldlike,
        "dampinglike": found.dampinglike,
    }
    if found.effective_field is not None:
        result["effective_field_mT"] = _field(found.effective_field)
    if found.regions:
        result["regions"] = {name: _torque(part) for name, part in found.regions.items()}
    return result


def _field(found: EffectiveField) -> dict[str, Any]:
    return {
        "fieldlike": found.fieldlike,
        "dampinglike": found.dampinglike,
        "per_1e11_A_per_m2": {"fieldlike": found.fieldlike_per_1e11, "dampinglike": found.dampinglike_per_1e11},
    }
