"""Discretisation errors: every number of a solution against the same number at a higher degree on the same mesh.

Currents that the conditions of the terminals say have the difference to those instead, which is their error. No other
error is below what rounding leaves. One degree more does not tell how contributions cancel in the error of a component:
then it is at least a tenth of that of its vector, unless it is zero by symmetry.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np

from fem_rashba.devices.conditions import Current, Floating, Open
from fem_rashba.results.numbers import numbers
from fem_rashba.results.solution import Solution, complete
from fem_rashba.solvers.enriched import TOLERANCE
from fem_rashba.solvers.problem import Problem
from fem_rashba.solvers.steady import SteadyState

ROUNDING = 1e-12
"""What rounding may leave in a number, relative to the largest of its kind."""

SHARE = 0.1
"""Of the error of a vector, that of a component at least, by a solution one degree higher."""

_EXACT = ("length_nm",)


def with_errors(solution: Solution, enriched: Sequence[SteadyState], axis: np.ndarray | None) -> Solution:
    """The solution with the errors of its numbers. Collective.

    Args:
        solution: Of any degree.
        enriched: Its states at a higher degree; where there is one with corners weighted and one without, the larger
            difference counts, because the contributions of corners and of the rest may cancel.
        axis: The direction given for the torque's decomposition; None where it follows from the solution.
    """
    found = numbers(solution)
    differences = [_difference(found, numbers(complete(state, axis))) for state in enriched]
    added = enriched[0].discretization.problem.degree - solution.problem.degree
    errors = _raised(reduce(_larger, differences), found, SHARE if added == 1 else 0.0)
    for name, current in known_currents(solution.problem).items():
        errors["terminals"][name]["current_A"] = abs(found["terminals"][name]["current_A"] - current)
    return replace(solution, errors=errors)


def known_currents(problem: Problem) -> dict[str, float]:
    """Currents through terminals, A, that their conditions say: the given ones, and what is left for a last one."""
    known = {
        name: float(condition.value) if isinstance(condition, Current) else 0.0
        for name, condition in problem.terminals.items()
        if isinstance(condition, Current | Floating | Open)
    }
    rest = [name for name in problem.terminals if name not in known]
    return known | ({rest[0]: -sum(known.values())} if len(rest) == 1 else {})


def _raised(errors: dict[str, Any], found: dict[str, Any], share: float) -> dict[str, Any]:
    """Errors that are no smaller than what rounding leaves, and than a share of their vector's.

    Where there is none at all, the number was given.
    """
    terminals: dict[str, dict[str, float | None]] = {name: {} for name in errors["terminals"]}
    for key in ("voltage_V", "current_A"):
        wrong, known = ({name: t[key] for name, t in part["terminals"].items()} for part in (errors, found))
        for name, error in _of_kind(wrong, known, 0.0).items():
            terminals[name][key] = error
    others = {key: _of_kind(error, found[key], share) for key, error in errors.items() if key != "terminals"}
    return {"terminals": terminals} | others


def _of_kind(errors: dict[str, Any], found: dict[str, Any], share: float) -> dict[str, Any]:
    """Of numbers side by side, which are of one kind, as the components of a vector are."""
    names = [key for key, error in errors.items() if isinstance(error, float)]
    together = _of_vector([errors[key] for key in names], [found[key] for key in names], share)
    result = dict(errors) | dict(zip(names, together, strict=True))
    for key, error in errors.items():
        if isinstance(error, dict):
            result[key] = _of_kind(error, found[key], share)
        elif isinstance(error, list):
            result[key] = _of_vector(error, list(found[key]), share)
    return result


def _of_vector(errors: list[float], found: list[float], share: float) -> list[float]:
    rounding = ROUNDING * max(map(abs, found), default=0.0)
    whole = math.hypot(*errors)
    least = [share * whole if error > TOLERANCE * whole else 0.0 for error in errors]
    return [max(error, rounding, of_vector) if error else error for error, of_vector in zip(errors, least, strict=True)]


def _larger(first: Any, second: Any) -> Any:
    if isinstance(first, dict):
        return {key: _larger(first[key], second[key]) for key in first}
    if isinstance(first, list):
        return [_larger(a, b) for a, b in zip(first, second, strict=True)]
    return None if first is None or second is None else max(first, second)


def _difference(value: Any, finer: Any) -> Any:
    """|value - finer| for every number of a nested structure; None where one of them is absent."""
    if isinstance(value, dict):
        return {key: _difference(value[key], finer[key]) for key in value if key not in _EXACT}
    if isinstance(value, list | tuple | np.ndarray):
        return [_difference(a, b) for a, b in zip(value, finer, strict=True)]
    if value is None or finer is None:
        return None
    return abs(float(value) - float(finer))
