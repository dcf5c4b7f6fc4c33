"""Bends, junctions, Hall bars, cloverleaves and rings: areas, lengths, names, places; the ring's resistance."""

from __future__ import annotations

import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
from dolfinx.mesh import CellType, exterior_facet_indices
from samples import NO_EXCHANGE, film

from fem_rashba import Ground, Voltage, currents, solve, uniform
from fem_rashba.devices.shapes import cloverleaf, corbino, hall_bar, l_bend, t_junction

# layers of 1 nm that die out over 8 nm
FILM = SimpleNamespace(decay_rates=np.array([1.0 + 0.5j, 0.125]))
BEND = {"arm_width": 20, "source_length": "30 nm", "drain_length": 25.0}
JUNCTION = {"length": 60, "width": "20 nm", "stem_width": 16, "stem_length": 10}
BAR = {"length": "90 nm", "width": 20, "probe_width": 8, "probe_length": "12 nm"}
LEAF = {"radius": 25, "contact_width": "8 nm", "slit_width": 4, "slit_length": 15}
RING = {"inner_radius": 10, "outer_radius": "25 nm"}


def leaf_lengths():
    """Area, rim without contacts and slits of the cloverleaf, by elementary geometry."""
    sagitta = 25 - math.sqrt(25**2 - 2**2)
    mouth = 2 * math.asin(2 / 25)
    segment = 25**2 * (mouth - math.sin(mouth)) / 2
    area = math.pi * 25**2 - 4 * (4 * (15 - sagitta) + segment)
    return area, 2 * math.pi * 25 - 4 * (25 * mouth + 8), 4 * (2 * (15 - sagitta) + 4)


LEAF_AREA, RIM, SLIT = leaf_lengths()
SIDES = dict.fromkeys(("left1", "left2", "right1", "right2"), 8)
SHAPES = {
    "l_bend": (l_bend(**BEND), 1500.0, {"source": 20, "drain": 20}, {"inner": 55, "outer": 95}),
    "t_junction": (t_junction(**JUNCTION), 1360.0, {"source": 20, "drain": 20, "left": 16}, {"edge": 124}),
    "hall_bar": (hall_bar(**BAR), 2184.0, {"source": 20, "drain": 20} | SIDES, {"edge": 180 - 32 + 96}),
    "cloverleaf": (
        cloverleaf(**LEAF),
        LEAF_AREA,
        dict.fromkeys(("source", "drain", "left", "right"), 8),
        {"rim": RIM, "slit": SLIT},
    ),
    "corbino": (
        corbino(**RING),
        math.pi * (25**2 - 10**2),
        {"inner": 20 * math.pi, "outer": 50 * math.pi},
        {},
    ),
}
ROUND = ("cloverleaf", "corbino")


@pytest.fixture(scope="module", params=SHAPES)
def meshed(request):
    shape, area, terminals, edges = SHAPES[request.param]
    return request.param, shape, shape.mesh(FILM), area, terminals, edges


def test_area_and_lengths(meshed):
    _, shape, device, area, terminals, edges = meshed
    assert shape.geometry.area == pytest.approx(area, rel=1e-9)
    assert device.area == pytest.approx(area, rel=1e-7)
    assert {name: device.terminal_length(name) for name in device.terminals} == pytest.approx(terminals, rel=1e-6)
    assert {name: device.edge_length(name) for name in device.edges} == pytest.approx(edges, rel=1e-6)


def test_every_facet_of_the_boundary_has_one_name(meshed):
    name, shape, device, *_ = meshed
    assert device.name == shape.name == name
    assert set(device.facet_tags.indices) == set(exterior_facet_indices(device.mesh.topology))
    tags = [*device.terminals.values(), *device.edges.values()]
    assert len(set(tags)) == len(tags)
    assert set(device.facet_tags.values) == set(tags)
    kind = CellType.triangle if name in ROUND else CellType.quadrilateral
    assert device.mesh.topology.cell_type == kind
    assert device.mesh.geometry.cmap.degree == (2 if name in ROUND else 1)


@pytest.mark.parametrize(
    "name, places",
    [
        ("l_bend", {"source": (0, 10), "drain": (40, 45)}),
        ("t_junction", {"source": (0, 10), "drain": (60, 10), "left": (30, 30)}),
        (
            "hall_bar",
            {
                "source": (0, 10),
                "drain": (90, 10),
                "left1": (30, 32),
                "left2": (60, 32),
                "right1": (30, -12),
                "right2": (60, -12),
            },
        ),
        ("corbino", {"inner": (0, 0), "outer": (0, 0)}),
    ],
)
def test_places_of_terminals(name, places):
    device = SHAPES[name][0].mesh(FILM, element_size=5.0, degree=1)
    assert list(device.terminals) == list(places)
    for terminal, place in places.items():
        assert device.terminal_center(terminal) == pytest.approx(place, abs=1e-6)


def test_contacts_of_the_cloverleaf_lie_on_the_axes():
    device = SHAPES["cloverleaf"][0].mesh(FILM)
    centroid = 25 * math.sin(4 / 25) / (4 / 25)
    for terminal, (x, y) in {"source": (-1, 0), "drain": (1, 0), "left": (0, 1), "right": (0, -1)}.items():
        assert device.terminal_center(terminal) == pytest.approx((centroid * x, centroid * y), abs=1e-6)


def test_slits_of_the_cloverleaf_have_parallel_sides_and_their_length():
    slits = [side for side in SHAPES["cloverleaf"][0].geometry.sides if side.name == "slit"]
    for first, end, second in zip(slits[::3], slits[1::3], slits[2::3], strict=True):
        assert first.vector == pytest.approx(-second.vector)
        assert end.length == pytest.approx(4)
        assert np.linalg.norm(np.add(end.start, end.end) / 2) == pytest.approx(25 - 15)


def test_pairs_of_a_hall_bar_by_place():
    shape = hall_bar(**BAR, pairs=["20 nm", 70.0])
    probes = {side.name: side.points(2)[1].tolist() for side in shape.geometry.sides if side.name != "edge"}
    assert (probes["left1"], probes["right2"]) == ([20, 32], [70, -12])
    one = hall_bar(**BAR, pairs=1)
    assert one.geometry.terminals == ("source", "drain", "left1", "right1")
    assert hall_bar(**BAR, pairs=2).geometry == hall_bar(**BAR, pairs=[30, 60]).geometry


def test_a_ring_without_spin_coupling_is_ohmic_to_1e_6():
    """R = Rs ln(b/a)/2pi, for lengths of the film far above and elements limited by the arcs alone."""
    made = film(rashba_parameter=0.0, spin_flip_time=100.0, **NO_EXCHANGE)
    for inner, outer in ((10, 30), (10, 12)):
        device = corbino(inner_radius=inner, outer_radius=outer).mesh(made)
        solution = solve(device, made, uniform([1, 0, 0]), terminals={"inner": Voltage("1 mV"), "outer": Ground()})
        expected = made.sheet_resistance * math.log(outer / inner) / (2 * math.pi)
        assert 1e-3 / currents(solution)["inner"] == pytest.approx(expected, rel=1e-6)


def test_arcs_are_resolved_whatever_the_film():
    slow = SimpleNamespace(decay_rates=np.array([1e-3]))
    device = corbino(inner_radius=5, outer_radius=100).mesh(slow)
    assert device.area == pytest.approx(math.pi * (100**2 - 5**2), rel=1e-6)
    assert device.cells < 5000


ERRORS = [
    (lambda: l_bend(**BEND | {"drain_length": 0}), "drain_length = 0 must be a positive length"),
    (lambda: l_bend(**BEND | {"arm_width": "9 ps"}), "arm_width = '9 ps' has the wrong dimension"),
    (lambda: t_junction(**JUNCTION | {"stem_width": 60}), "stem_width = 60 must be less than the length, 60 nm"),
    (lambda: hall_bar(**BAR, pairs=0), "pairs = 0 must be a whole number of at least 1 or a list of positions"),
    (lambda: hall_bar(**BAR, pairs=True), "pairs = True must be a whole number of at least 1"),
    (lambda: hall_bar(**BAR, pairs="2 nm"), "pairs = '2 nm' must be a whole number of at least 1"),
    (lambda: hall_bar(**BAR, pairs=[]), "pairs = [] must be a whole number of at least 1"),
    (lambda: hall_bar(**BAR, pairs=-3), "pairs = -3 must be a whole number from 1 to 1000"),
    (lambda: hall_bar(**BAR, pairs=10**9), "pairs = 1000000000 must be a whole number from 1 to 1000"),
    (lambda: hall_bar(**BAR, pairs=["x"]), "pairs[0] = 'x'"),
    (lambda: hall_bar(**BAR, pairs=11), "pairs = 11 must leave a part of the edge between the probes, 8 nm wide"),
    (lambda: hall_bar(**BAR, pairs=[60, 30]), "from 0 to 90 nm, and be in ascending order"),
    (lambda: hall_bar(**BAR, pairs=[4, 30]), "pairs = [4, 30] must leave a part of the edge between the probes"),
    (lambda: hall_bar(**BAR, pairs=[30, 86]), "pairs = [30, 86] must leave a part of the edge between the probes"),
    (lambda: cloverleaf(**LEAF | {"slit_width": 50}), "slit_width = 50 must be less than twice the radius, 50 nm"),
    (
        lambda: cloverleaf(**LEAF | {"slit_length": "23 nm"}),
        "slit_length = '23 nm' must be less than the radius without half the slit_width, 23 nm",
    ),
    (
        lambda: cloverleaf(**LEAF | {"contact_width": 36}),
        "contact_width = 36 must be less than the rim of a leaf between two slits, 35.",
    ),
    (lambda: corbino(inner_radius=9, outer_radius="9 nm"), "inner_radius = 9 must be less than outer_radius, 9 nm"),
    (lambda: corbino(inner_radius=-1, outer_radius=9), "inner_radius = -1 must be a positive length"),
]


@pytest.mark.parametrize(("wrong", "message"), ERRORS, ids=[message[:40] for _, message in ERRORS])
def test_errors_name_the_key_the_value_and_what_is_allowed(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        wrong()
