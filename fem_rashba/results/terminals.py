"""Voltages and currents of the terminals."""

from __future__ import annotations

from fem_rashba.results.solution import Solution


def currents(solution: Solution) -> dict[str, float]:
    """Conventional current into the film through each contacted terminal, A: the reaction of the charge row."""
    return dict(solution.state.currents)


def voltages(solution: Solution) -> dict[str, float]:
    """Voltage of each contacted terminal, V."""
    return dict(solution.state.voltages)


def resistance(solution: Solution, start: str, end: str) -> float:
    """(V_start - V_end) / I_start in Ohm, I_start the current that enters at `start`.

    Raises:
        ValueError: If a terminal is unknown or no current enters at `start`.
    """
    volts, amperes = voltages(solution), currents(solution)
    for name in (start, end):
        if name not in volts:
            raise ValueError(f"unknown terminal {name!r}; this device has {', '.join(map(repr, volts))}")
    if amperes[start] == 0:
        raise ValueError(f"no current enters at {start!r}: the resistance is not defined")
    return (volts[start] - volts[end]) / amperes[start]
