"""Discretisation errors: every number of a solution against the same number one degree higher on the same mesh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np

from fem_rashba.results.numbers import numbers
from fem_rashba.results.solution import Solution, complete
from fem_rashba.solvers.steady import SteadyState

_EXACT = ("length_nm", "axis")


def with_errors(solution: Solution, enriched: Sequence[SteadyState], axis: np.ndarray | None) -> Solution:
    """The solution with the errors of its numbers. Collective.

    Args:
        solution: Of any degree.
        enriched: Its states one degree higher, corners weighted and not; the larger difference counts, because the
            contributions of corners and of the rest may cancel.
        axis: The direction given for the torque's decomposition; None where it follows from the solution.
    """
    found = numbers(solution)
    differences = [_difference(found, numbers(complete(state, axis))) for state in enriched]
    return replace(solution, errors=reduce(_larger, differences))


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
