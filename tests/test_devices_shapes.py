"""Shapes: areas, lengths, names, grading, meshes of quadrilaterals and of curved triangles."""

from __future__ import annotations

import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
from dolfinx.mesh import CellType, exterior_facet_indices

from fem_rashba.devices.meshing import GRADINGS, layer_size
from fem_rashba.devices.shapes import hall_cross, notched_strip, polygon, wire
from fem_rashba.physics.magnetization import Wall

# one fast and one slow mode: layers of 1 nm that die out over 8 nm
FILM = SimpleNamespace(decay_rates=np.array([1.0 + 0.5j, 0.125]))
STRIP = {"length": "80 nm", "width": 40, "notch_width": "16 nm", "notch_depth": 12.0}
T_SHAPE = [[[0, 0], [90, 0], [90, 30], [0, 30]], [[30, 30], [30, 80], [60, 80], [60, 30]]]
HOLE = [[40, 10], [50, 10], [50, 20], [40, 20]]
T_ENDS = {"a": [[0, 0], [0, 30]], "b": [[90, 0], [90, 30]], "c": [[35, 80], [55, 80]]}
L_SHAPE = [[0, 0], [80, 0], [80, 20], [20, 20], [20, 60], [0, 60]]
L_ENDS = {"a": [[80, 0], [80, 20]], "b": [[20, 60], [0, 60]]}
SQUARE = [[0, 0], [9, 0], [9, 9], [0, 9]]
HOOK = [[9, 0], [15, 0], [15, 15], [9, 9], [12, 8], [12, 3], [9, 3]]
TRIANGLE = [[0, 0], [40, 60], [80, 10]]
TRIANGLE_ENDS = {"a": [[0, 0], [40, 5]], "b": [[40, 60], [80, 10]]}


def shapes():
    half, depth = 8.0, 12.0
    radius = (half**2 + depth**2) / (2 * depth)
    sweep = 2 * math.pi - 2 * math.asin(half / radius)
    bite = radius**2 * (sweep - math.sin(sweep)) / 2
    return {
        "wire": (wire(length="60 nm", width=20), 1200.0, {"source": 20, "drain": 20}, {"lower": 60, "upper": 60}),
        "hall_cross": (
            hall_cross(arm_width=20, arm_length="15 nm"),
            1600.0,
            dict.fromkeys(("source", "drain", "left", "right"), 20),
            {"edge": 120},
        ),
        "slit": (
            notched_strip(**STRIP, notch="slit"),
            3200.0 - 192,
            {"source": 40, "drain": 40},
            {"lower": 80, "upper": 64, "notch": 40},
        ),
        "v": (
            notched_strip(**STRIP, notches=2),
            3200.0 - 192,
            {"source": 40, "drain": 40},
            {"lower": 64, "upper": 64, "notch": 4 * math.hypot(8, 12)},
        ),
        "round": (
            notched_strip(**STRIP, notch="round"),
            3200.0 - bite,
            {"source": 40, "drain": 40},
            {"lower": 80, "upper": 64, "notch": radius * sweep},
        ),
        "T": (polygon(T_SHAPE, holes=[HOLE], terminals=T_ENDS), 4100.0, {"a": 30, "b": 30, "c": 20}, {"edge": 300}),
        "L": (
            polygon(L_SHAPE, terminals=L_ENDS, edges={"inner": [[20, 20], [20, 60]]}),
            2400.0,
            {"a": 20, "b": 20},
            {"edge": 200, "inner": 40},
        ),
        "triangle": (
            polygon(TRIANGLE, holes=[[[40, 20], [45, 30], [35, 30]]], terminals=TRIANGLE_ENDS),
            2150.0,
            {"a": math.hypot(40, 5), "b": math.hypot(40, 50)},
            {"edge": math.hypot(40, 60) + math.hypot(40, 5) + 10 + 2 * math.hypot(5, 10)},
        ),
    }


SHAPES = shapes()
QUADRILATERAL = ("wire", "hall_cross", "slit", "T", "L")


@pytest.fixture(scope="module", params=SHAPES)
def meshed(request):
    shape, area, terminals, edges = SHAPES[request.param]
    return request.param, shape, shape.mesh(FILM), area, terminals, edges


def test_area_and_lengths(meshed):
    _, shape, device, area, terminals, edges = meshed
    assert shape.geometry.area == pytest.approx(area, rel=1e-12)
    assert device.area == pytest.approx(area, rel=1e-8)
    assert {name: device.terminal_length(name) for name in device.terminals} == pytest.approx(terminals, rel=1e-8)
    assert {name: device.edge_length(name) for name in device.edges} == pytest.approx(edges, rel=1e-7)


def test_every_facet_of_the_boundary_has_one_name(meshed):
    *_, device, _, _, _ = meshed
    exterior = exterior_facet_indices(device.mesh.topology)
    assert set(device.facet_tags.indices) == set(exterior)
    tags = [*device.terminals.values(), *device.edges.values()]
    assert len(set(tags)) == len(tags)
    assert set(device.facet_tags.values) == set(tags)
    assert device.regions == {"film": 1}
    assert (device.cell_tags.values == 1).all()
    assert len(device.cell_tags.values) == device.cells


def test_quadrilaterals_where_all_sides_are_parallel_to_the_axes(meshed):
    name, _, device, *_ = meshed
    kind = CellType.quadrilateral if name in QUADRILATERAL else CellType.triangle
    assert device.mesh.topology.cell_type == kind


def test_estimate_is_exact(meshed):
    from dolfinx import fem

    _, shape, device, *_ = meshed
    for degree in (1, 2, 3, 4):
        estimate = shape.cells(FILM, element_size="4 nm", degree=degree)
        device = shape.mesh(FILM, element_size="4 nm", degree=degree)
        space = fem.functionspace(device.mesh, ("Lagrange", degree))
        assert estimate.cells == device.cells
        assert estimate.unknowns == 4 * space.dofmap.index_map.size_global
        if device.mesh.geometry.cmap.degree == 1:
            assert (estimate.shortest, estimate.longest) == pytest.approx(device.element_size)


def test_positions():
    def ends(shape, name):
        sides = [side for side in shape.geometry.sides if side.name == name]
        return {point for side in sides for point in (side.start, side.end)}

    assert ends(wire(length=60, width=20), "drain") == {(60, 0), (60, 20)}
    cross = hall_cross(arm_width=20, arm_length=15)
    assert ends(cross, "source") == {(-25, 10), (-25, -10)}
    assert ends(cross, "left") == {(-10, 25), (10, 25)}
    assert ends(cross, "right") == {(-10, -25), (10, -25)}
    assert ends(notched_strip(**STRIP), "notch") == {(32, 40), (40, 28), (48, 40)}
    assert ends(notched_strip(**STRIP, notch="slit"), "notch") == {(32, 40), (32, 28), (48, 28), (48, 40)}
    both = ends(notched_strip(**STRIP, notches=2), "notch")
    assert {(32, 0), (40, 12), (48, 0)} < both


def cells_at(device, x, y):
    middle = device.mesh.geometry.x[device.mesh.geometry.dofmap][:, :, :2].mean(axis=1)
    return np.ptp(device.mesh.geometry.x[device.mesh.geometry.dofmap][:, :, :2], axis=1)[
        np.argmin(np.hypot(middle[:, 0] - x, middle[:, 1] - y))
    ]


@pytest.mark.parametrize("degree", GRADINGS)
def test_first_cells_and_growth_in_a_wire(degree):
    device = wire(length=60, width=20).mesh(FILM, degree=degree)
    grading = GRADINGS[degree]
    growth = grading.corner_growth if grading.corner < 1 else grading.growth
    # the size grows already within the first cell
    first = grading.corner * grading.reach / abs(1 + 0.5j) * (growth - 1) / math.log(growth)
    y = np.unique(device.mesh.geometry.x[:, 1].round(9))
    steps = np.diff(y)
    assert 0.8 * first < steps[0] < 1.05 * first
    assert steps == pytest.approx(steps[::-1])
    ratio = steps[1:] / steps[:-1]
    assert max(ratio.max(), 1 / ratio.min()) < 1.1 * max(grading.growth, grading.corner_growth)
    assert steps.max() <= 20 / 4 * (1 + 1e-9)


def test_finest_at_reentrant_corners_and_tips():
    cross = hall_cross(arm_width=20, arm_length=15).mesh(FILM)
    strip = notched_strip(**STRIP).mesh(FILM)
    assert max(cells_at(cross, 10, 10)) < 0.1 * min(cells_at(cross, 25, 0))
    assert max(cells_at(strip, 40, 28)) < 0.1 * max(cells_at(strip, 0, 20))
    assert max(cells_at(strip, 20, 20)) > 1.0


def test_a_uniform_size_is_uniform():
    device = wire(length=60, width=20).mesh(FILM, element_size="2 nm")
    assert device.cells == 300
    assert device.element_size == pytest.approx((2.0, 2.0))
    low, high = notched_strip(**STRIP).mesh(FILM, element_size=2.0).element_size
    assert 0.8 < low < 2.0 < high < 4.0


def test_walls_are_resolved():
    shape = wire(length=200, width=40)
    plain = shape.mesh(FILM, degree=2)
    for angle in (0.0, 0.4):
        device = shape.mesh(FILM, degree=2, walls=[Wall(center=(100.0, 20.0), angle=angle, width=3.0)])
        assert cells_at(device, 100, 20)[0] < 3.0 * GRADINGS[2].reach / math.cos(angle) * 1.2
        assert cells_at(plain, 100, 20)[0] > 5.0
        assert cells_at(device, 0, 20)[0] == pytest.approx(cells_at(plain, 0, 20)[0], rel=0.2)
    outside = shape.mesh(FILM, degree=2, walls=[Wall(center=(-500.0, 20.0), angle=0.0, width=3.0)])
    assert outside.cells == plain.cells
    oblique = polygon(TRIANGLE).mesh(FILM, degree=2, walls=[Wall(center=(40.0, 0.0), angle=0.0, width=1.0)])
    assert max(cells_at(oblique, 40, 25)) < 1.5


def test_the_largest_element_can_be_limited():
    shape = wire(length=200, width=40)
    assert shape.mesh(FILM).element_size[1] > 4.0
    assert shape.mesh(FILM, largest=3.0).element_size[1] <= 3.0 + 1e-9


def test_size_rule():
    for degree, grading in GRADINGS.items():
        size = layer_size(SimpleNamespace(decay_rates=np.array([[2.0]])), degree)
        d = np.linspace(0, 0.2, 5)
        assert size(d[:1]) == pytest.approx(grading.reach / 2)
        slope = np.diff(layer_size(FILM, degree)(np.linspace(0, 50, 2001))) / 0.025
        assert (slope >= 0).all()
        assert slope.max() <= math.log(grading.growth) * (1 + 1e-9)
    assert layer_size(SimpleNamespace(decay_rates=np.array([1e-3])), 4)(np.array([10.0])) == pytest.approx(
        700 * math.exp(1e-2 / 5)
    )
    fine, coarse = (SimpleNamespace(decay_rates=np.array([k])) for k in (2.0, 1.0))
    d = np.linspace(0, 9, 10)
    assert layer_size({"a": coarse, "b": fine}, 3)(d) == pytest.approx(
        np.minimum(*(layer_size(f, 3)(d) for f in (fine, coarse)))
    )


def test_arcs_converge_with_the_square_of_second_order():
    shape = notched_strip(**STRIP, notch="round")
    exact = shape.geometry.area
    errors = [abs(shape.mesh(FILM, element_size=h).area - exact) for h in (4.0, 2.0)]
    # straight chords would be 100 times worse and gain a factor of 4
    assert errors[0] < 0.02
    assert errors[1] < errors[0] / 10


@pytest.mark.parametrize("depth", [2.0, 8.0, 12.0])
def test_round_notches_pass_through_mouth_and_tip(depth):
    shape = notched_strip(**(STRIP | {"notch_depth": depth}), notch="round")
    arcs = [side for side in shape.geometry.sides if side.name == "notch"]
    assert [arcs[0].start, arcs[0].end, arcs[1].end] == [(48, 40), (40, 40 - depth), (32, 40)]
    radii = [math.dist(point, arcs[0].centre) for arc in arcs for point in (arc.start, arc.end)]
    assert radii == pytest.approx([radii[0]] * 4)


def test_a_polygon_may_turn_either_way_and_repeat_its_first_corner():
    areas = [polygon(corners).geometry.area for corners in (L_SHAPE, L_SHAPE[::-1], [*L_SHAPE, L_SHAPE[0]])]
    assert areas == pytest.approx([2400.0] * 3)


ERRORS = [
    (lambda: wire(length="0 nm", width=5), "length = '0 nm' must be a positive length"),
    (lambda: wire(length=9, width=-5), "width = -5 must be a positive length"),
    (lambda: wire(length="inf", width=5), "length = 'inf' must be a positive length"),
    (lambda: hall_cross(arm_width="5 eV", arm_length=5), "arm_width = '5 eV' has the wrong dimension"),
    (lambda: hall_cross(arm_width=5, arm_length=0), "arm_length = 0 must be a positive length"),
    (lambda: notched_strip(**STRIP, notches=3), "notches = 3 must be 1 or 2"),
    (lambda: notched_strip(**STRIP, notch="u"), "notch = 'u' must be 'v', 'slit' or 'round'"),
    (lambda: notched_strip(**STRIP | {"notch_width": 80}), "notch_width = 80 must be less than the length, 80 nm"),
    (lambda: notched_strip(**STRIP | {"notch_depth": 40}), "notch_depth = 40 must be less than the width, 40 nm"),
    (
        lambda: notched_strip(**STRIP | {"notch_depth": 20}, notches=2),
        "notch_depth = 20 must be less than half the width, 20 nm",
    ),
    (
        lambda: notched_strip(length=30, width=60, notch_width=4, notch_depth=40, notch="round"),
        "notch_depth = 40 makes an arc 40.1 nm wide; the strip is 30 nm long",
    ),
    (lambda: polygon([[0, 0], [1, 0]]), "outline has 2 corners; a polygon needs at least 3"),
    (lambda: polygon("square"), "outline must be a list of points [x, y] with finite coordinates in nm"),
    (lambda: polygon([[0, 0], [1, 0], [1, math.nan]]), "outline must be a list of points"),
    (lambda: polygon([[0, 0], [1, 1], [2, 2]]), "outline has no area"),
    (lambda: polygon([[0, 0], [9, 9], [9, 0], [0, 8]]), "outline crosses or touches itself at (4.23"),
    (lambda: polygon([L_SHAPE, [[0, 0], [9, 9], [9, 0], [0, 8]]]), "outline[1] crosses or touches itself"),
    (lambda: polygon([L_SHAPE, [[200, 0], [210, 0], [210, 9]]]), "outline falls into 2 pieces"),
    (lambda: polygon(L_SHAPE, holes=5), "holes = 5 must be a list of polygons"),
    (lambda: polygon(L_SHAPE, holes=[HOLE]), "holes[0] must lie inside the outline without touching it"),
    (lambda: polygon(L_SHAPE, holes=[[[0, 5], [5, 5], [5, 9]]]), "holes[0] must lie inside the outline"),
    (
        lambda: polygon(T_SHAPE, holes=[HOLE, HOLE]),
        "holes[1] must lie inside the outline without touching it or another",
    ),
    (lambda: polygon([SQUARE, HOOK]), "the outline and its holes touch at the point (9.0, 9.0)"),
    (lambda: polygon(L_SHAPE, terminals={"edge1": L_ENDS["a"]}), "terminal 'edge1' has the name of an edge"),
    (lambda: polygon(L_SHAPE, terminals=L_ENDS, edges=L_ENDS), "terminal 'a' has the name of an edge"),
    (lambda: polygon(L_SHAPE, terminals={"a": [1, 2, 3]}), "terminal 'a': at = [1, 2, 3] must be two points"),
    (lambda: polygon(L_SHAPE, terminals={"a": [[0, 0], [0, 0]]}), "terminal 'a' has no length"),
    (
        lambda: polygon(L_SHAPE, terminals={"a": [[80, 1], [80, 21]]}),
        "terminal 'a' at [[80.0, 1.0], [80.0, 21.0]] must lie on the boundary",
    ),
    (lambda: polygon(L_SHAPE, terminals={"a": [[5, 5], [9, 5]]}), "must lie on the boundary of the device, all of it"),
    (
        lambda: polygon(T_SHAPE, terminals={"a": [[0, 30], [90, 30]]}),
        "must lie on the boundary of the device, all of it",
    ),
    (
        lambda: polygon(L_SHAPE, terminals=L_ENDS | {"c": [[80, 5], [80, 10]]}),
        "terminal 'c' overlaps 'a'; every side belongs to one",
    ),
    (lambda: polygon(L_SHAPE, terminals=L_ENDS, edges={"e": [[80, 5], [80, 20]]}), "edge 'e' overlaps 'a'"),
    (
        lambda: polygon(L_SHAPE, terminals={"a": [[80, 0], [80, 20]], "b": [[80, 20], [20, 20]]}),
        "terminals 'a' and 'b' touch at (80.0, 20.0); an edge must separate them",
    ),
    (lambda: wire(length=9, width=9).mesh(FILM, degree=7), "degree = 7 must be one of 1, 2, 3, 4"),
    (
        lambda: wire(length=9, width=9).mesh(FILM, element_size="fine"),
        "element_size = 'fine' must be 'auto' or a length",
    ),
    (lambda: wire(length=9, width=9).mesh(FILM, element_size=0), "element_size = 0 must be positive and at most"),
    (lambda: wire(length=9, width=9).mesh(FILM, element_size="1 eV"), "element_size = '1 eV' has the wrong dimension"),
    (lambda: wire(length=9, width=9).mesh(FILM, largest=-1), "largest = -1 must be positive"),
    (
        lambda: wire(length=9, width=9).mesh(FILM).terminal_length("sorce"),
        "unknown terminal 'sorce'; this device has 'source', 'drain'",
    ),
    (
        lambda: wire(length=9, width=9).mesh(FILM).edge_length("top"),
        "unknown edge 'top'; this device has 'lower', 'upper'",
    ),
    (
        lambda: wire(length=9, width=9).write("wire.vtk", FILM),
        "cannot write 'wire.vtk': the name of a mesh file must end in .msh",
    ),
    (lambda: wire(length=9, width=9).write("/nowhere/w.msh", FILM), "the folder '/nowhere' does not exist"),
]


@pytest.mark.parametrize(("wrong", "message"), ERRORS, ids=[message[:40] for _, message in ERRORS])
def test_errors_name_the_key_the_value_and_what_is_allowed(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        wrong()
