"""Meshes for a wanted accuracy: what is asked for is obtained, and no more elements are spent than that takes."""

from __future__ import annotations

import math
import re
from dataclasses import astuple, replace
from functools import cache

import numpy as np
import pytest
from samples import FILM_TOML, OBLIQUE, film

from fem_rashba import Ground, Voltage, currents, probe, solve, torque, uniform
from fem_rashba.devices.grading import GRADINGS, grading
from fem_rashba.devices.shapes import notched_strip, polygon, wire

FILM = film(rashba_parameter=0.02)
SHAPES = {
    "wire": wire(length=60, width=20),
    "slit": notched_strip(length=60, width=20, notch_width=8, notch_depth=8, notch="slit"),
    "v": notched_strip(length=60, width=20, notch_width=12, notch_depth=8, notch="v"),
}


def solved(name, degree, **wanted):
    device = SHAPES[name].mesh(FILM, degree=degree, **wanted)
    ends = {"source": Voltage("1 mV"), "drain": Ground()}
    return solve(device, FILM, uniform(OBLIQUE), terminals=ends, edges="sink", degree=degree)


@cache
def reference(name):
    """By degree 4 on a mesh a hundred times more accurate than any that is tested; and random points of the strip."""
    x, y = np.random.default_rng(1).random((2, 600))
    places = np.stack([60 * x, 12 * y**2], axis=-1)
    solution = solved(name, 4, accuracy=1e-6, goal="torque")
    return torque(solution).average_density, currents(solution)["drain"], places, probe(solution, places)[:, 6:9]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(("degree", "accuracy"), [(2, 1e-2), (2, 1e-3), (3, 1e-3), (4, 1e-4)])
def test_averages_are_as_accurate_as_asked_for(name, degree, accuracy):
    average, current, *_ = reference(name)
    solution = solved(name, degree, accuracy=accuracy, goal="torque")
    assert np.linalg.norm(torque(solution).average_density - average) < accuracy * np.linalg.norm(average)
    assert abs(currents(solution)["drain"] - current) < accuracy * abs(current)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(("degree", "accuracy"), [(2, 1e-2), (3, 1e-3)])
def test_maps_are_as_accurate_as_asked_for(name, degree, accuracy):
    *_, places, expected = reference(name)
    found = probe(solved(name, degree, accuracy=accuracy), places)[:, 6:9]
    error = np.linalg.norm(found - expected, axis=1) / np.linalg.norm(expected, axis=1).max()
    assert np.quantile(error, 0.99) < accuracy
    assert error.max() < 2 * accuracy


@pytest.mark.parametrize(("degree", "accuracy"), [(2, 1e-3), (3, 1e-3)])
def test_currents_are_as_accurate_where_contacts_end_on_a_straight_side(degree, accuracy):
    """There the potential behaves like the root of the distance."""
    ends = {"source": [[0, 4], [0, 12]], "drain": [[50, 18], [50, 8]]}
    shape = polygon([[0, 0], [50, 3], [50, 20], [0, 16]], terminals=ends)

    def current(degree, accuracy):
        device = shape.mesh(FILM, degree=degree, accuracy=accuracy, goal="current")
        drive = {"source": Voltage("1 mV"), "drain": Ground()}
        return currents(solve(device, FILM, uniform(OBLIQUE), terminals=drive, edges="sink", degree=degree))["drain"]

    expected = current(4, 1e-6)
    assert abs(current(degree, accuracy) - expected) < accuracy * abs(expected)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("goal", ["map", "torque", "current"])
def test_more_accuracy_takes_more_unknowns(name, goal):
    counts = [SHAPES[name].cells(FILM, accuracy=a, goal=goal).unknowns for a in (1e-2, 1e-3, 1e-4)]
    assert counts == sorted(set(counts))
    # averages converge faster, so that they take fewer than a map of the same error
    if goal != "map":
        assert 2 * counts[1] < SHAPES[name].cells(FILM, accuracy=1e-3).unknowns


def test_the_accuracy_of_the_solver_chooses_the_first_mesh(tmp_path):
    from fem_rashba.cli.loading import mesh_arguments
    from fem_rashba.config import load

    path = tmp_path / "wire.toml"
    path.write_text(
        FILM_TOML
        + """
[device]
shape = "wire"
length = "60 nm"
width = "20 nm"
[magnetization]
direction = [1, 0, 0]
[terminals.source]
voltage = "1 mV"
[terminals.drain]
voltage = "0 V"
"""
    )

    def unknowns(*overrides):
        config = load(path, overrides)
        return config.shape.cells(**mesh_arguments(config)).unknowns

    expected = SHAPES["wire"].cells(film(), accuracy=1e-3, goal="current").unknowns
    assert unknowns("solver.accuracy=1e-3", "solver.goal=current") == expected < unknowns()
    assert unknowns("solver.accuracy=0.5") == unknowns("solver.accuracy=0.1")
    # more than a mesh alone should be asked for is left to refinement
    finest = ["solver.goal=map", "device.degree=2"]
    assert unknowns("solver.accuracy=1e-9", *finest) == unknowns("solver.accuracy=1e-6", *finest) < 10 * unknowns()
    even = "device.element_size=4 nm"
    assert unknowns("solver.accuracy=1e-3", even) == unknowns(even)


def test_without_a_wish_a_mesh_is_that_of_its_degree():
    for degree, standard in GRADINGS.items():
        assert grading(degree) is standard
    finer, coarser = (grading(3, accuracy) for accuracy in (1e-6, 1e-2))
    upper = replace(coarser, growth=math.inf, corner_growth=math.inf)
    assert all(a < b < c for a, b, c in zip(astuple(finer), astuple(GRADINGS[3]), astuple(upper), strict=True))


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"accuracy": 0.5}, "accuracy = 0.5 must be between 1e-09 and 0.1"),
        ({"accuracy": 0.0}, "accuracy = 0.0 must be between"),
        ({"accuracy": math.nan}, "accuracy = nan must be between"),
        ({"accuracy": "fine"}, "accuracy = 'fine' must be between"),
        ({"accuracy": True}, "accuracy = True must be between"),
        ({"goal": "spin"}, "goal = 'spin' must be one of 'map', 'torque', 'current'"),
    ],
)
def test_what_is_no_accuracy_is_refused(wanted, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        SHAPES["wire"].mesh(FILM, **wanted)
