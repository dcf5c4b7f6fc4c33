"""Regions given by polygons: areas, conforming meshes of both kinds, refinement at interfaces, mistakes."""

from __future__ import annotations

import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
import ufl
from dolfinx import fem
from dolfinx.mesh import CellType
from mpi4py import MPI

from fem_rashba import config
from fem_rashba.cli import main
from fem_rashba.config.templates import template
from fem_rashba.devices.corners import corners
from fem_rashba.devices.grading import GRADINGS
from fem_rashba.devices.shapes import corbino, hall_cross, mesh_file, notched_strip, polygon, wire

FILM = SimpleNamespace(decay_rates=np.array([1.0 + 0.5j, 0.125]))


def box(x0, y0, x1, y1):
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]


def half_moon(radius, x):
    """Area of the part of a disc beyond a distance x from its middle."""
    angle = 2 * math.acos(x / radius)
    return radius**2 * (angle - math.sin(angle)) / 2


WIRE = wire(length=60, width=20)
RIGHT, INNER = box(40, -5, 99, 30), box(20, 5, 30, 15)
CROSS = hall_cross(arm_width=20, arm_length=15)
RING = corbino(inner_radius=10, outer_radius=25)
FLAG = polygon([[0, 0], [50, 0], [60, 20], [20, 30]])
MOON = half_moon(25, 8) - half_moon(10, 8)

CASES = {
    "a lead that sticks out": (WIRE, {"lead": RIGHT}, {"film": 800, "lead": 400}, 20),
    "an island": (WIRE, {"island": INNER}, {"film": 1100, "island": 100}, 40),
    "nothing left": (WIRE, {"a": RIGHT, "b": box(-1, 0, 40, 20)}, {"a": 400, "b": 800}, 20),
    "two in one": (
        WIRE,
        {"a": [box(0, 0, 10, 20), INNER], "b": box(50, 0, 60, 9)},
        {"film": 810, "a": 300, "b": 90},
        20 + 40 + 19,
    ),
    "two strips": (WIRE, {"a": [box(10, 0, 40, 8), box(10, 12, 40, 20)]}, {"film": 720, "a": 480}, 2 * (30 + 16)),
    "an arm": (CROSS, {"arm": box(-10, 10, 10, 25)}, {"film": 1300, "arm": 300}, 20),
    "oblique": (
        WIRE,
        {"a": [[20, 0], [40, 0], [50, 20], [30, 20]]},
        {"film": 800, "a": 400},
        2 * math.hypot(10, 20),
    ),
    "oblique sides": (FLAG, {"low": box(0, 0, 90, 10)}, {"film": 1200 - 1475 / 3, "low": 1475 / 3}, 55 - 20 / 3),
    "a film with a hole": (
        polygon(box(0, 0, 60, 20), holes=[[[5, 10], [10, 15], [15, 10], [10, 5]], box(40, 8, 44, 12)]),
        {"right": box(42, 0, 90, 30)},
        {"film": 42 * 20 - 50 - 8, "right": 18 * 20 - 8},
        16,
    ),
    "across arcs": (
        RING,
        {"quarter": box(0, 0, 40, 40)},
        {"film": 525 * math.pi * 3 / 4, "quarter": 525 * math.pi / 4},
        30,
    ),
    "a cut of arcs": (
        RING,
        {"moon": box(8, -30, 30, 30)},
        {"film": 525 * math.pi - MOON, "moon": MOON},
        2 * (math.sqrt(25**2 - 8**2) - 6),
    ),
}
TRIANGLES = ("a film with a hole", "oblique", "oblique sides", "across arcs", "a cut of arcs")


def areas(device):
    dx = ufl.Measure("dx", domain=device.mesh, subdomain_data=device.cell_tags)
    one = fem.Constant(device.mesh, 1.0)
    found = {name: fem.assemble_scalar(fem.form(one * dx(tag))) for name, tag in device.regions.items()}
    return {name: device.mesh.comm.allreduce(area, op=MPI.SUM) for name, area in found.items()}


def interface_length(device):
    """Of the facets between cells of different tags."""
    space = fem.functionspace(device.mesh, ("DG", 0))
    tag = fem.Function(space)
    tag.x.array[device.cell_tags.indices] = device.cell_tags.values
    differs = ufl.conditional(ufl.gt(abs(tag("+") - tag("-")), 0.5), 1.0, 0.0)
    return fem.assemble_scalar(fem.form(differs * ufl.dS(domain=device.mesh)))


@pytest.mark.parametrize("case", CASES)
def test_cells_conform_to_the_regions(case):
    plain, regions, expected, length = CASES[case]
    shape = plain.with_regions(regions)
    device = shape.mesh(FILM, degree=2)
    assert shape.geometry.region_names == tuple(device.regions) == tuple(expected)
    # what parabolas miss of a disc, t^4/480 of it, where each spans an angle t
    missed = 25**2 * math.pi * GRADINGS[2].arc ** 4 / 480 if "arcs" in case else 0.0
    assert areas(device) == pytest.approx(expected, rel=2e-7, abs=missed)
    assert interface_length(device) == pytest.approx(length, rel=1e-6)
    assert device.area == pytest.approx(plain.geometry.area, rel=1e-7, abs=missed)
    kind = CellType.triangle if case in TRIANGLES else CellType.quadrilateral
    assert device.mesh.topology.cell_type == kind


def lengths(device):
    edges = {name: device.edge_length(name) for name in device.edges}
    return edges | {name: device.terminal_length(name) for name in device.terminals}


@pytest.mark.parametrize("case", ["an arm", "across arcs", "oblique"])
def test_terminals_and_edges_are_those_without_regions(case):
    plain, regions, *_ = CASES[case]
    whole, parts = (shape.mesh(FILM, degree=2) for shape in (plain, plain.with_regions(regions)))
    assert lengths(parts) == pytest.approx(lengths(whole), rel=1e-6)


@pytest.mark.parametrize("case", ["an island", "nothing left", "oblique", "a cut of arcs"])
def test_a_written_mesh_has_the_regions(case, tmp_path):
    plain, regions, expected, _ = CASES[case]
    shape = plain.with_regions(regions)
    shape.write(tmp_path / "device.msh", FILM, degree=2)
    device = mesh_file(tmp_path / "device.msh").mesh(FILM)
    assert areas(device) == pytest.approx(expected, rel=1e-6)
    assert device.cells == shape.cells(FILM, degree=2).cells


def sizes_near(device, x, y):
    """The extent of the cell around a point."""
    points = device.mesh.geometry.x[device.mesh.geometry.dofmap][:, :, :2]
    nearest = np.argmin(np.linalg.norm(points.mean(axis=1) - (x, y), axis=1))
    return np.ptp(points[nearest], axis=0)


@pytest.mark.parametrize("slant", [0.0, 1.0])
def test_interfaces_get_layers_as_edges_do(slant):
    """Across an interface cells are as fine as at an edge, and as coarse as before further off."""
    lead = [[40 - slant, 0], [99, 0], [99, 20], [40 + slant, 20]]
    plain, divided = (s.mesh(FILM, degree=2) for s in (WIRE, WIRE.with_regions({"lead": lead})))
    edge = sizes_near(plain, 0, 10)[0]
    assert max(sizes_near(plain, 40, 10)) > 4 * edge
    assert sizes_near(divided, 40.05, 10)[0] < 2.5 * edge
    assert sizes_near(divided, 39.95, 10)[0] < 2.5 * edge
    assert max(sizes_near(divided, 20, 10)) > 4 * edge


def test_exponents_where_interfaces_end_or_turn():
    """The worst that any contrast can do: 2/3 at a right angle inside, 1 where an edge is met at a right angle."""
    found = corners(WIRE.with_regions({"island": INNER}).geometry)
    assert [found[tuple(map(float, corner))] for corner in INNER] == pytest.approx([2 / 3] * 4)
    found = corners(WIRE.with_regions({"lead": RIGHT}).geometry)
    assert (found[40.0, 0.0], found[40.0, 20.0]) == pytest.approx((1.0, 1.0))
    found = corners(WIRE.with_regions({"a": [[20, 0], [40, 0], [60, 20], [40, 20]]}).geometry)
    assert found[20.0, 0.0] == pytest.approx(2 / 3)
    # from a re-entrant corner on straight into the film
    found = corners(CROSS.with_regions({"arm": box(-10, 10, 10, 25)}).geometry)
    assert found[10.0, 10.0] == pytest.approx(1 / 2)


def test_corners_near_the_boundary_are_moved_onto_it():
    off = [[40 + 1e-9, 1e-6], [60 - 1e-6, -1e-6], [60 - 1e-6, 20 + 1e-6], [40, 20 - 1e-6]]
    device = WIRE.with_regions({"lead": off}).mesh(FILM, degree=2)
    assert areas(device) == pytest.approx({"film": 800, "lead": 400}, rel=1e-9)
    assert device.element_size[0] > 0.05


def test_regions_of_a_file(tmp_path):
    """A region has a place, keys of [film], or both; the rest is the film."""
    path = tmp_path / "a.toml"
    lead = f'[regions.lead]\nrashba_parameter = "0 eV nm"\npolygon = {box(200, 0, 300, 50)}\n'
    spot = f"[regions.spot]\npolygon = {[box(10, 10, 20, 20), box(30, 10, 40, 20)]}\n"
    path.write_text(template("wire") + lead + spot)
    loaded = config.load(path)
    assert loaded.shape.geometry.region_names == ("film", "lead", "spot")
    assert loaded.regions["lead"].rashba_parameter == 0.0
    assert loaded.regions["spot"] == loaded.film
    assert loaded.resolved["regions"]["lead"]["polygon"][2] == [300, 50]


ERRORS = [
    ({"film": INNER}, "region 'film' is what the other regions leave of the film; choose another name"),
    ({"a": [[0, 0], [1, 0]]}, "region 'a' has 2 corners; a polygon needs at least 3"),
    ({"a": 5}, "region 'a' must be a list of points [x, y] with finite coordinates in nm"),
    ({"a": []}, "region 'a' has 0 corners"),
    ({"a": [INNER, [[0, 0], [9, 9], [9, 0], [0, 8]]]}, "region 'a'[1] crosses or touches itself at (4.23"),
    ({"a": box(70, 0, 80, 20)}, "region 'a' has no part of the film in it; its polygon must overlap the device"),
    ({"a": box(60, 0, 80, 20)}, "region 'a' has no part of the film in it"),
    ({"a": INNER, "b": RIGHT, "c": box(25, 0, 35, 9)}, "regions 'a' and 'c' overlap at (27.5, 7)"),
]


@pytest.mark.parametrize(("regions", "message"), ERRORS, ids=[message[:40] for _, message in ERRORS])
def test_mistakes_are_one_sentence(regions, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        WIRE.with_regions(regions)


def test_regions_may_overlap_outside_the_film_and_touch_inside():
    shape = WIRE.with_regions(
        {"a": RIGHT, "b": [[0, 10], [40, 10], [40, 20], [60, 30], [0, 99]], "c": box(20, 5, 40, 10)}
    )
    assert areas(shape.mesh(FILM, degree=2)) == pytest.approx({"film": 300, "a": 400, "b": 400, "c": 100})


def test_a_mesh_file_has_its_own():
    message = "device.msh: a mesh file has regions of its own, its physical surfaces; name them there"
    with pytest.raises(ValueError, match=re.escape(message)):
        mesh_file("device.msh").with_regions({"a": INNER})


@pytest.mark.parametrize(
    ("shape", "section", "message"),
    [
        ("wire", '[regions.lead]\nrashba_parameter = "0 eV nm"', "regions.lead.polygon is missing; it must be a list"),
        ("wire", "[regions.lead]\npolygon = 5", "regions.lead.polygon = 5 must be a list of points"),
        ("wire", "[regions.lead]\npolygon = [[0, 0], [1, 1]]", "regions: region 'lead' has 2 corners"),
        ("polygon", "[regions.film]\npolygon = [[0, 0], [9, 0], [9, 9]]", "regions: region 'film' is what the other"),
        ("corbino", "[regions.a]\npolygon = [[0, 0], [9, 0], [9, 9]]", "regions: region 'a' has no part of the film"),
    ],
)
def test_mistakes_in_a_file(shape, section, message, tmp_path, capsys):
    path = tmp_path / "a.toml"
    path.write_text(f"{template(shape)}\n{section}\n")
    assert main(["check", str(path)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_polygon_beside_a_mesh_file(tmp_path, capsys):
    (tmp_path / "device.msh").write_text("$MeshFormat")
    path = tmp_path / "a.toml"
    path.write_text(template("mesh") + "[regions.lead]\npolygon = [[0, 0], [9, 0], [9, 9]]\n")
    assert main(["check", str(path)]) == 2
    assert "regions.lead.polygon does not go with device.mesh, whose surfaces are regions" in capsys.readouterr().err


def test_notches_keep_their_arcs():
    strip = notched_strip(length=80, width=40, notch_width=16, notch_depth=8, notch="round")
    device = strip.with_regions({"right": box(40, -1, 90, 50)}).mesh(FILM, degree=2)
    assert device.mesh.geometry.cmap.degree == 2
    assert areas(device)["right"] == pytest.approx(strip.geometry.area / 2, rel=1e-6)
