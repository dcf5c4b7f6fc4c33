"""What run prints at the end: the main numbers of summary.json."""

from __future__ import annotations

import math
from typing import Any

_PREFIXES = {-12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M"}


def text(out: str, numbers: dict[str, Any]) -> str:
    """The report on a run.

    Args:
        out: Where it was written.
        numbers: From `fem_rashba.results.summary.summary`.
    """
    solver, mesh = numbers["solver"], numbers["mesh"]
    seconds = sum(solver["seconds"].values())
    how = f"{solver['method']} solver, relative residual {solver['residual']:.1e}, solved in {seconds:.3g} s"
    lines = [f"{out} written: {mesh['cells']} cells, {mesh['dofs']} unknowns, {how}"]
    lines += _terminals(numbers["terminals"]) + _torque(numbers["torque"]) + _errors(numbers)
    lines += _steps(numbers.get("adaptivity"))
    lines += _balance(numbers["balance"])
    lines += [f"warning: {warning}" for warning in numbers["warnings"]]
    return "\n".join(lines) + "\n"


def scaled(value: float, unit: str) -> str:
    """A value with a prefix of its unit: 1.234e-6 A is 1.234 uA."""
    power = max((p for p in _PREFIXES if abs(value) >= 0.99999 * 10.0**p), default=None)
    if value == 0 or power is None:
        return f"{value + 0.0:.6g} {unit}"  # no -0
    return f"{value / 10.0**power:.6g} {_PREFIXES[power]}{unit}"


def _terminals(terminals: dict[str, Any]) -> list[str]:
    lines = ["terminals        voltage         current into the film"]
    noise = 1e-9 * max(abs(found["current_A"]) for found in terminals.values())
    for name, found in terminals.items():
        if found["voltage_V"] is None:
            lines.append(f"  {name:<14} open")
        else:
            current = found["current_A"] if abs(found["current_A"]) > noise else 0.0
            lines.append(f"  {name:<14} {scaled(found['voltage_V'], 'V'):<15} {scaled(current, 'A')}")
    return lines


def _torque(torque: dict[str, Any]) -> list[str]:
    if torque["fieldlike"] is None:
        reason = "no axis" if torque["axis"] is None else "the magnetization is along its axis"
        return [f"torque           neither fieldlike nor dampinglike: {reason}"]
    # rounded, and without the sign of a zero
    axis = ", ".join(f"{round(component, 4) + 0.0:g}" for component in torque["axis"])
    lines = [f"torque           average, with the axis e = [{axis}]"]
    fields = torque.get("effective_field_mT")
    for name, vector in (("fieldlike", "e x m"), ("dampinglike", "m x (e x m)")):
        field = "" if fields is None else f"   {fields[name]:.5g} mT"
        lines.append(f"  {name:<14} {torque[name]:<12.5g} eV/nm^2 along {vector}{field}")
    return lines


def _errors(numbers: dict[str, Any]) -> list[str]:
    errors = numbers.get("discretization_errors")
    if errors is None:
        return []
    lines = ["errors           of the discretisation, estimated"]
    total, error = (math.hypot(*found["torque"]["total"]) for found in (numbers, errors))
    parts = {"torque": (error, total, "of the total")}
    known, wrong = numbers["terminals"].values(), errors["terminals"].values()
    for name, key in (("currents", "current_A"), ("voltages", "voltage_V")):
        error, size = (max(abs(t[key] or 0.0) for t in found) for found in (wrong, known))
        parts[name] = (error, size, "of the largest")
    for name, (error, size, meaning) in parts.items():
        # those that are given have none
        if size > 0 and error > 0:
            lines.append(f"  {name:<14} {error / size:<12.1e} {meaning}")
    return lines


def _steps(adaptivity: dict[str, Any] | None) -> list[str]:
    if adaptivity is None:
        return []
    lines = [f"meshes           until the error of the {adaptivity['goal']} is below {adaptivity['accuracy']:g}"]
    for step in adaptivity["steps"]:
        lines.append(f"  {step['unknowns']:<14} {step['estimate']:<12.1e} unknowns, estimated error")
    return lines


def _balance(balance: dict[str, Any]) -> list[str]:
    words = {
        "charge": "sum of the terminal currents",
        "section": "terminal currents against cross-sections",
        "spin": "spin balance with fluxes from the fields",
    }
    lines = ["balances         relative; the last two shrink with the elements"]
    for name, meaning in words.items():
        value = "-" if balance[name] is None else f"{balance[name]:.1e}"
        lines.append(f"  {name:<14} {value:<12} {meaning}")
    return lines
