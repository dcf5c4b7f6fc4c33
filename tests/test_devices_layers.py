"""Triangles are flat along sides, and no mesh is the worse for it: valid, conforming, with every name where it was."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import shapely

from fem_rashba.devices.corners import corners as corners_of
from fem_rashba.devices.device import Device
from fem_rashba.devices.layers import layers
from fem_rashba.devices.meshing import sizing
from fem_rashba.devices.pieces import pieces
from fem_rashba.devices.reach import reach
from fem_rashba.devices.shapes import cloverleaf, corbino, notched_strip, polygon
from fem_rashba.devices.triangulation import Triangulation, put

# layers of 1 nm that die out over 8 nm
FILM = SimpleNamespace(decay_rates=np.array([1.0 + 0.5j, 0.125]))
TURN = np.array([[math.cos(0.4), math.sin(0.4)], [-math.sin(0.4), math.cos(0.4)]])


def turned(corners):
    return (np.array(corners, dtype=float) @ TURN).tolist()


def circle(count, radius):
    angles = 2 * math.pi * np.arange(count) / count
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=-1)


BAR = turned([[0, 0], [90, 0], [90, 30], [0, 30]])
SHAPES = {
    "bar": polygon(BAR, terminals={"a": [BAR[3], BAR[0]], "b": [BAR[1], BAR[2]]}),
    "v": notched_strip(length=80, width=40, notch_width=16, notch_depth=12),
    "round": notched_strip(length=80, width=40, notch_width=16, notch_depth=12, notch="round", notches=2),
    "corbino": corbino(inner_radius=10, outer_radius=30),
    "cloverleaf": cloverleaf(radius=30, contact_width=8, slit_width=4, slit_length=15),
    "hole": polygon(circle(150, 30.0).tolist(), holes=[(circle(40, 3.0) + [8, 5]).tolist()]),
    "needle": polygon([[0, 0], [60, 2], [60, 12], [31, 12], [30, 2.5], [29, 12], [0, 30]]),
}


def corners(device: Device) -> np.ndarray:
    """Of all triangles, shape (cells, 3, 2)."""
    return device.mesh.geometry.x[device.mesh.geometry.dofmap[:, :3], :2]


def sides(triangles: np.ndarray) -> np.ndarray:
    """Their lengths, shape (cells, 3)."""
    return np.linalg.norm(triangles - np.roll(triangles, -1, axis=1), axis=-1)


def flatness(triangles: np.ndarray) -> np.ndarray:
    """The longest side over the height on it."""
    (x, y), (u, v) = ((triangles[:, i] - triangles[:, 0]).T for i in (1, 2))
    return sides(triangles).max(axis=1) ** 2 / np.abs(x * v - y * u)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("wanted", [{}, {"degree": 2, "accuracy": 1e-3, "goal": "torque"}])
def test_the_film_is_covered_once_and_all_names_are_there(name, wanted):
    """The area of the cells, each counted positive, is that of the outline: none is inverted, missing or doubled."""
    outline = SHAPES[name].geometry
    device = SHAPES[name].mesh(FILM, **wanted)
    # parabolas for arcs
    close = {"rel": 2e-4 if wanted else 1e-7} if outline.is_curved else {"rel": 1e-10}
    assert device.area == pytest.approx(outline.area, **close)
    lengths = {name: device.terminal_length(name) for name in device.terminals}
    lengths |= {name: device.edge_length(name) for name in device.edges}
    assert set(device.terminals) == set(outline.terminals)
    for name, length in lengths.items():
        assert length == pytest.approx(sum(side.length for side in outline.sides if side.name == name), **close)


@pytest.mark.parametrize("seed", range(8))
def test_random_outlines_of_many_and_few_sides(seed):
    rng = np.random.default_rng(seed)
    rough = circle(int(rng.integers(3, 50)), 1.0)
    rough *= rng.uniform(8, 40, len(rough))[:, None]
    smooth = circle(int(rng.integers(64, 250)), rng.uniform(8, 50)) * [1.0, rng.uniform(0.3, 1.0)]
    for points in (rough, smooth):
        hole = circle(int(rng.integers(3, 80)), rng.uniform(0.3, 2)).tolist()
        shape = polygon(points.tolist(), holes=[hole])
        device = shape.mesh(FILM, accuracy=10.0 ** -rng.uniform(1, 4), degree=int(rng.integers(2, 5)))
        assert device.area == pytest.approx(shape.geometry.area, rel=1e-10)
        total = sum(side.length for side in shape.geometry.sides)
        assert device.edge_length("edge") == pytest.approx(total, rel=1e-10)


def test_triangles_are_flat_along_sides_and_not_elsewhere():
    device = SHAPES["bar"].mesh(FILM)
    triangles = corners(device)
    middles = triangles.mean(axis=1) @ TURN.T
    flat = flatness(triangles)
    beside = (np.abs(middles[:, 0] - 45) < 25) & ((middles[:, 1] < 1.0) | (middles[:, 1] > 29.0))
    assert beside.sum() > 20
    assert np.median(flat[beside]) > 8
    # along the side and nowhere else: the long sides make no angle with the bar
    long = sides(triangles[beside]).max(axis=1)
    across = np.ptp(triangles[beside] @ TURN.T, axis=1)[:, 1]
    assert (across < 0.3 * long).all()
    in_corners = np.hypot(middles[:, 0], middles[:, 1]) < 1.0
    assert in_corners.sum() > 5
    assert flat[in_corners].max() < 8


def test_flat_triangles_are_as_high_as_the_layer_asks_for():
    """Across the middle of a bar, from an edge to the other."""
    outline = SHAPES["bar"].geometry
    wanted = sizing(FILM, outline.extent, element_size="auto", degree=3, walls=(), largest=None).layer
    triangles = corners(SHAPES["bar"].mesh(FILM)) @ TURN.T
    low, high = triangles[..., 1].min(axis=1), triangles[..., 1].max(axis=1)
    over = (triangles[..., 0].min(axis=1) < 45) & (triangles[..., 0].max(axis=1) > 45) & (high < 12)
    assert over.sum() > 10
    assert (high - low)[over] == pytest.approx(0.8 * wanted(low[over]), rel=0.35)


def test_a_bar_takes_about_as_many_unknowns_at_any_angle():
    straight = polygon([[0, 0], [90, 0], [90, 30], [0, 30]]).cells(FILM)
    assert SHAPES["bar"].cells(FILM).unknowns < 2 * straight.unknowns


OTHER = SimpleNamespace(decay_rates=np.array([0.25]))
STRIP = {"strip": turned([[30, -9], [60, -9], [60, 39], [30, 39]])}


def test_triangles_are_flat_on_both_sides_of_a_border_between_films():
    """As high as each film asks for, between the same points, and each in its region."""
    films = {"film": FILM, "strip": OTHER}
    device = SHAPES["bar"].with_regions(STRIP).mesh(films, degree=3)
    triangles = corners(device) @ TURN.T
    middles = triangles.mean(axis=1)
    strip = device.cell_tags.values[np.argsort(device.cell_tags.indices)] == device.regions["strip"]
    assert (strip == ((middles[:, 0] > 30) & (middles[:, 0] < 60))).all()
    away = (middles[:, 1] > 10) & (middles[:, 1] < 20)
    touching = np.abs(triangles[..., 0] - 30) < 1e-9
    on = touching.sum(axis=1) == 2
    outline = SHAPES["bar"].geometry
    for film, inside in ((FILM, False), (OTHER, True)):
        first = triangles[on & away & (strip == inside)]
        wanted = sizing(film, outline.extent, element_size="auto", degree=3, walls=(), largest=None).layer
        assert len(first) >= 2
        assert np.ptp(first[..., 0], axis=1) == pytest.approx(0.8 * wanted(np.zeros(1))[0], rel=0.35)
    assert np.median(flatness(triangles[on & away & ~strip])) > 4
    along = [triangles[one][touching[one]][:, 1] for one in (on & ~strip, on & strip)]
    assert len(along[0]) > 20
    assert np.array_equal(*(np.unique(values.round(6)) for values in along))


def test_a_bar_with_regions_takes_about_as_many_unknowns_at_any_angle():
    straight = polygon([[0, 0], [90, 0], [90, 30], [0, 30]])
    straight = straight.with_regions({"strip": [[30, -9], [60, -9], [60, 39], [30, 39]]})
    films = {"film": FILM, "strip": OTHER}
    assert SHAPES["bar"].with_regions(STRIP).cells(films).unknowns < 2 * straight.cells(films).unknowns


def test_elements_are_not_as_small_as_rounding():
    """They would fail in dolfinx, with the process."""
    device = SHAPES["v"].mesh(SimpleNamespace(decay_rates=np.array([8.0])), degree=2, accuracy=1e-6, goal="map")
    assert device.element_size[0] > 1e-6
    empty = np.empty((0, 2))
    overlapping = Triangulation(
        points=np.array([[0.0, 0], [1, 0], [0, 1], [0.4, 0.4]]),
        shared=0,
        cells=np.array([[0, 1, 2], [2, 1, 3]]),
        regions=np.array(["film", "film"]),
        lines=empty,
        names=empty,
        curved=empty,
        middles=empty,
    )
    with pytest.raises(ValueError, match="triangles overlap: elements down to .* ask for less accuracy"):
        put(overlapping)


def test_elements_of_a_given_size_are_not_flat():
    device = SHAPES["v"].mesh(FILM, element_size="4 nm")
    assert flatness(corners(device)).max() < 6
    assert sides(corners(device)).max() < 8


@pytest.mark.parametrize("name", SHAPES)
def test_a_column_ends_before_another_side_is_as_near(name):
    """By shapely: a circle around the end of a column, as large as the column is long, holds no other boundary."""
    outline = SHAPES[name].geometry
    size = sizing(FILM, outline.extent, element_size="auto", degree=3, walls=(), largest=None)
    boundary = pieces(outline, lambda x, y: 2.0, corners_of(outline))
    found = reach(outline, boundary, np.ones(len(boundary.points), dtype=bool))
    lines = shapely.MultiLineString([side.points(2000 if side.centre else 1) for side in outline.sides])
    inside = np.flatnonzero((found > 0) & np.isfinite(found))
    assert len(inside) > 20
    centres = boundary.points[inside] + found[inside, None] * boundary.normals[inside]
    assert shapely.distance(shapely.points(centres), lines) == pytest.approx(found[inside], rel=0.02)
    flat = layers(outline, boundary, size.layer)
    rings = [loop_points(loop) for loop in outline.loops]
    film = shapely.Polygon(rings[0], rings[1:])
    assert film.buffer(1e-3).covers(shapely.multipoints(flat.points))


def loop_points(loop):
    return np.concatenate([side.points(400 if side.centre else 1)[:-1] for side in loop])
