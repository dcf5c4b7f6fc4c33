"""The element size at a place is the least that any side, arc, corner or wall asks for, however many there are."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import shapely
from dolfinx.mesh import CellType

from fem_rashba.devices.corners import SMOOTH, corners
from fem_rashba.devices.field import size_at
from fem_rashba.devices.meshing import sizing
from fem_rashba.devices.shapes import cloverleaf, corbino, hall_bar, notched_strip, polygon
from fem_rashba.physics.magnetization import Wall

FILM = SimpleNamespace(decay_rates=np.array([1.0 + 0.5j, 0.125]))
WALL = Wall(center=(5.0, 3.0), angle=0.4, width=2.0)
RNG = np.random.default_rng(3)


def circle(count, radius=30.0):
    angles = 2 * math.pi * np.arange(count) / count
    return (radius * np.stack([np.cos(angles), np.sin(angles)], axis=-1)).tolist()


def star(count):
    radii = np.where(np.arange(count) % 2, 30.0, RNG.uniform(12, 20, count))
    return (np.array(circle(count, 1.0)) * radii[:, None]).tolist()


SHAPES = {
    "v": notched_strip(length=80, width=40, notch_width=16, notch_depth=12),
    "corbino": corbino(inner_radius=10, outer_radius=30),
    "cloverleaf": cloverleaf(radius=30, contact_width=8, slit_width=4, slit_length=15),
    "star": polygon(star(40), holes=[circle(5, 4.0)]),
    "circle": polygon(circle(150)),
}


def expected(outline, size, x, y):
    """By shapely and over all sources at once."""
    point = shapely.Point(x, y)
    rings = [(side, shapely.LineString(side.points(2000 if side.centre else 1))) for side in outline.sides]
    found = [size.largest, float(size.layer(np.array([min(line.distance(point) for _, line in rings)]))[0])]
    for side, line in rings:
        if side.centre is not None:
            radius = math.dist(side.start, side.centre)
            found.append(float(size.arc(radius)(np.array([line.distance(point)]))[0]))
    for (x0, y0), exponent in corners(outline).items():
        found.append(float(size.corner(exponent)(np.array([math.hypot(x - x0, y - y0)]))[0]))
    for wall, of_wall in size.walls:
        across = (x - wall.center[0]) * math.cos(wall.angle) + (y - wall.center[1]) * math.sin(wall.angle)
        found.append(float(of_wall(np.array([abs(across)]))[0]))
    return min(found)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("walls", [[], [WALL]])
def test_the_size_is_the_least_that_anything_asks_for(name, walls):
    outline = SHAPES[name].geometry
    size = sizing(FILM, outline.extent, element_size="auto", degree=3, walls=walls, largest=None)
    at = size_at(outline, size)
    boundary = np.concatenate([side.points(1)[:1] for side in outline.sides])
    inside = RNG.uniform(boundary.min(axis=0), boundary.max(axis=0), (60, 2))
    places = np.concatenate([inside, RNG.permutation(boundary)[:30], 0.999 * boundary[:5] + 1e-3])
    # squares far from all sides keep the best few
    few = 0.05 if name in ("circle", "star") else 1e-3
    for x, y in places:
        assert at(x, y) == pytest.approx(expected(outline, size, x, y), rel=few)


def test_a_curve_in_short_pieces_has_no_corners():
    assert corners(polygon(circle(64)).geometry) == {}
    few = math.floor(2 * math.pi / SMOOTH)
    assert len(corners(polygon(circle(few)).geometry)) == few
    named = polygon(circle(64), terminals={"a": circle(64)[:2]}).geometry
    assert len(corners(named)) == 2


def staircase(steps):
    up = [point for i in range(steps) for point in ([2 * i, 2 * i], [2 * i + 2, 2 * i])]
    top = 2 * steps
    return [*up, [top, top], [top, top + 20], [-20, top + 20], [-20, 0]]


def test_a_staircase_is_meshed_by_triangles_and_a_long_bar_by_quadrilaterals():
    corners = staircase(13)
    steps = polygon(corners, terminals={"a": [[-20, 0], [-20, 9]]}).mesh(FILM, accuracy=1e-2, goal="torque")
    assert steps.mesh.topology.cell_type == CellType.triangle
    assert steps.area == pytest.approx(polygon(corners).geometry.area)
    bar = hall_bar(length=300, width=20, probe_width=8, probe_length=10, pairs=6)
    assert len(bar.geometry.sides) > len(corners) - 4
    assert bar.mesh(FILM, accuracy=1e-2, goal="torque").mesh.topology.cell_type == CellType.quadrilateral


@pytest.mark.parametrize("seed", range(6))
def test_random_outlines_are_covered_once(seed):
    """The area of the cells, each counted positive, is that of the outline: none is inverted or missing."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(5, 40))
    radii = rng.uniform(8, 30, count)[:, None]
    hole = (np.array(circle(int(rng.integers(3, 7)), 1.0)) * rng.uniform(1, 5)).tolist()
    shape = polygon((np.array(circle(count, 1.0)) * radii).tolist(), holes=[hole])
    device = shape.mesh(FILM, accuracy=1e-2, degree=2)
    assert device.area == pytest.approx(shape.geometry.area, rel=1e-9)
    assert sum(device.edge_length(name) for name in device.edges) == pytest.approx(
        sum(side.length for side in shape.geometry.sides)
    )


def test_many_sides_take_hardly_longer_than_few():
    """By the number of distances that are computed, not by the clock."""
    shape = polygon(circle(800))
    outline = shape.geometry
    at = size_at(outline, sizing(FILM, outline.extent, element_size="auto", degree=3, walls=(), largest=None))
    root = at.__closure__[[cell for cell in at.__code__.co_freevars].index("root")].cell_contents
    for x, y in RNG.uniform(-30, 30, (300, 2)):
        at(x, y)
        square = root
        while square.groups is None:
            square = square.children[(x > square.x) + 2 * (y > square.y)]
        assert sum(len(straight) + len(arcs) for _, straight, arcs in square.groups) < 40
