"""Estimated discretisation errors against true ones, and meshes refined until the errors are small enough."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from samples import film

from fem_rashba.devices.conditions import Current, Ground, Voltage
from fem_rashba.devices.shapes import hall_cross, polygon, wire
from fem_rashba.physics.magnetization import uniform
from fem_rashba.results.numbers import numbers
from fem_rashba.results.solution import Solution, solve

OBLIQUE = uniform([0.5, 0.3, 0.8])
VOLTS = {"source": Voltage(1e-3), "drain": Ground()}
CROSS = {"source": Voltage(1e-3), "drain": Ground(), "left": Current(2e-9)}
SHAPES: dict[str, tuple[Any, float, dict[str, Any], dict[str, Any]]] = {
    "wire": (wire(length=24, width=8), 2.0, VOLTS, {}),
    "cross": (hall_cross(arm_width=8, arm_length=8), 2.0, CROSS, {}),
    "triangles": (polygon([[0, 0], [20, 0], [15, 12]], terminals={"source": [[0, 0], [20, 0]]}), 2.0, {}, {}),
}
WIRE = """
[device]
shape = "wire"
length = "20 nm"
width = "8 nm"
element_size = "2 nm"
degree = 2
[magnetization]
direction = [1, 0, 0]
[terminals.source]
voltage = "1 mV"
[terminals.drain]
voltage = "0 V"
"""


def solved(shape: Any, size: float, degree: int, **others: Any) -> Solution:
    device = shape.mesh(film(), element_size=size, degree=degree)
    return solve(device, film(), OBLIQUE, degree=degree, torque_axis=[0, 1, 0], **others)


def leaves(value: Any, where: str = "") -> dict[str, float]:
    """The numbers of a nested structure by their places."""
    if isinstance(value, dict):
        return {k: v for key, item in value.items() for k, v in leaves(item, f"{where}.{key}").items()}
    if isinstance(value, list | tuple | np.ndarray):
        return {k: v for i, item in enumerate(value) for k, v in leaves(item, f"{where}.{i}").items()}
    return {} if value is None else {where: float(value)}


def effectivities(shape: Any, size: float, degree: int, **others: Any) -> dict[str, float]:
    """Estimated over true error of each number; true: two degrees higher on elements of a quarter of the size."""
    coarse = solved(shape, size, degree, error_estimate=True, **others)
    exact = leaves(numbers(solved(shape, size / 4, degree + 2, **others)))
    found, errors = leaves(numbers(coarse)), leaves(coarse.errors)
    largest = {place.rpartition(".")[0]: 0.0 for place in exact}
    for place, value in exact.items():
        group = place.rpartition(".")[0]
        largest[group] = max(largest[group], abs(value))
    true = {place: abs(found[place] - exact[place]) for place in errors}
    # rounding, and numbers that the drive gives
    return {
        place: errors[place] / true[place]
        for place in errors
        if true[place] > 1e-10 * largest[place.rpartition(".")[0]]
    }


@pytest.mark.parametrize("degree", [1, 2])
def test_smooth(degree: int) -> None:
    """A wire: every estimate is the error within a factor of two."""
    found = effectivities(wire(length=24, width=8), 2.0, degree, terminals=VOLTS, edges="insulating")
    assert len(found) > 10
    assert all(0.5 < value < 2 for value in found.values()), found
