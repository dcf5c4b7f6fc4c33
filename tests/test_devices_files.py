"""Mesh files: the round trip, the outlines in meshes/, and every reason to refuse a file."""

from __future__ import annotations

import math
import re
from pathlib import Path
from types import SimpleNamespace

import gmsh
import numpy as np
import pytest

from fem_rashba.devices.shapes import hall_cross, mesh_file, notched_strip, wire
from fem_rashba.mpi import on_root

FILM = SimpleNamespace(decay_rates=np.array([0.3]))
MESHES = Path(__file__).parent.parent / "meshes"
SHAPES = {
    "wire": wire(length=60, width=20),
    "hall_cross": hall_cross(arm_width=20, arm_length=15),
    "round": notched_strip(length=80, width=40, notch_width=16, notch_depth=8, notch="round"),
}


@pytest.fixture
def model():
    """An empty Gmsh model, to draw a file with."""
    gmsh.initialize(interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    yield gmsh.model
    gmsh.finalize()


def draw(model, *, size=20.0, x0=0.0, z=0.0, recombine=False):
    """A rectangle from x0, 100 x 50, with its sides as curves; returns (surface, curves)."""
    corners = [(x0, 0), (x0 + 100, 0), (x0 + 100, 50), (x0, 50)]
    points = [model.geo.addPoint(x, y, z * x, size) for x, y in corners]
    curves = [model.geo.addLine(points[i], points[(i + 1) % 4]) for i in range(4)]
    surface = model.geo.addPlaneSurface([model.geo.addCurveLoop(curves)])
    model.geo.synchronize()
    if recombine:
        model.mesh.setRecombine(2, surface)
    return surface, curves


def name(model, surfaces, **curves):
    model.addPhysicalGroup(2, surfaces, name="film")
    for key, tags in curves.items():
        model.addPhysicalGroup(1, tags, name=key)


def save(path, *, order=1):
    gmsh.model.mesh.generate(2)
    gmsh.model.mesh.setOrder(order)
    gmsh.write(str(path))
    gmsh.clear()
    return path


@pytest.mark.parametrize("key", SHAPES)
def test_round_trip(tmp_path, key):
    shape = SHAPES[key]
    path = tmp_path / f"{key}.msh"
    shape.write(path, FILM, degree=2)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    made, read = shape.mesh(FILM, degree=2), mesh_file(path).mesh(FILM)
    assert read.name == path.name
    assert read.cells == made.cells == mesh_file(path).cells(FILM).cells
    assert read.element_size == pytest.approx(made.element_size)
    assert read.area == pytest.approx(made.area)
    assert read.mesh.topology.cell_type == made.mesh.topology.cell_type
    assert set(read.terminals) == set(made.terminals)
    assert set(read.edges) == set(made.edges)
    for terminal in made.terminals:
        assert read.terminal_length(terminal) == pytest.approx(made.terminal_length(terminal))
    for edge in made.edges:
        assert read.edge_length(edge) == pytest.approx(made.edge_length(edge))


def test_the_hand_drawn_device():
    device = mesh_file(MESHES / "bent_wire.msh", terminals=["probe"]).mesh(FILM)
    assert set(device.regions) == {"film", "lead"}
    assert set(device.terminals) == {"source", "drain", "probe"}
    assert set(device.edges) == {"edge", "hole"}
    assert device.area == pytest.approx(2 * 20 * 30 + math.pi / 4 * (35**2 - 15**2) - 16 * math.pi, rel=1e-5)
    assert device.edge_length("hole") == pytest.approx(8 * math.pi, rel=1e-4)
    assert device.terminal_length("probe") == pytest.approx(14.0)
    outer, inner = 35 * math.pi / 2, 15 * math.pi / 2
    assert device.edge_length("edge") == pytest.approx(outer + inner + 4 * 30 - 14, rel=1e-5)
    lead = device.cell_tags.find(device.regions["lead"])
    assert 0 < len(lead) < device.cells


@pytest.mark.parametrize(
    ("key", "area", "edges"),
    [
        ("wire", 15000.0, {"lower", "upper"}),
        ("hall_cross", 17500.0, {"edge"}),
        ("notched_strip", 9800.0, {"lower", "upper", "notch"}),
        ("bent_wire", None, {"hole"}),
    ],
)
def test_the_outlines_make_meshes(model, tmp_path, key, area, edges):
    gmsh.open(str(MESHES / f"{key}.geo"))
    path = save(tmp_path / "outline.msh", order=2 if key == "bent_wire" else 1)
    device = mesh_file(path, terminals=("source", "drain")).mesh(FILM)
    assert edges <= set(device.edges)
    if area is not None:
        assert device.area == pytest.approx(area)


def test_unit_of_the_file(model, tmp_path):
    surface, curves = draw(model)
    name(model, [surface], source=[curves[3]])
    path = save(tmp_path / "a.msh")
    assert mesh_file(path, scale="1 um").mesh(FILM).area == pytest.approx(5e9)
    assert mesh_file(path, scale=0.1).mesh(FILM).area == pytest.approx(50.0)


def test_names_without_a_group_and_further_edges(model, tmp_path):
    surface, curves = draw(model, recombine=True)
    name(model, [surface], source=[curves[3]], top=[curves[2]])
    path = save(tmp_path / "a.msh")
    device = mesh_file(path, edges=["top"]).mesh(FILM)
    assert set(device.terminals) == {"source"}
    assert {edge: device.edge_length(edge) for edge in device.edges} == pytest.approx({"top": 100, "edge": 150})
    bare, _ = draw(model)
    name(model, [bare])
    device = mesh_file(save(tmp_path / "b.msh")).mesh(FILM)
    assert device.terminals == {}
    assert device.edge_length("edge") == pytest.approx(300)


def test_a_session_of_the_caller_stays_open(model):
    draw(model)
    before = gmsh.model.list(), gmsh.model.getCurrent(), len(gmsh.model.getEntities())
    SHAPES["wire"].mesh(FILM)
    assert (gmsh.model.list(), gmsh.model.getCurrent(), len(gmsh.model.getEntities())) == before
    assert gmsh.model.mesh.getNodes()[0].size == 0


def test_gmsh_is_closed_after_an_error(tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        mesh_file(tmp_path / "none.msh").mesh(FILM)
    assert not gmsh.isInitialized()


def two_groups(model):
    surface, curves = draw(model)
    name(model, [surface], source=[curves[3]], drain=[curves[3], curves[1]])


def mixed(model):
    draw(model)
    draw(model, x0=100.0)
    model.geo.removeAllDuplicates()
    model.geo.synchronize()
    model.mesh.setRecombine(2, 1)
    name(model, [tag for _, tag in model.getEntities(2)])


def solid(model):
    box = model.occ.addBox(0, 0, 0, 50, 50, 50)
    model.occ.synchronize()
    model.addPhysicalGroup(3, [box], name="solid")
    model.addPhysicalGroup(2, [1], name="film")
    model.mesh.generate(3)


def apart(model):
    name(model, [draw(model)[0], draw(model, x0=100.0)[0]])


def threefold(model):
    """Three triangles on one side."""
    surface = model.addDiscreteEntity(2)
    points = [0, 0, 0, 50, 0, 0, 25, 40, 0, 25, -40, 0, 25, 60, 0]
    model.mesh.addNodes(2, surface, [1, 2, 3, 4, 5], points)
    model.mesh.addElementsByType(surface, 2, [], [1, 2, 3, 2, 1, 4, 1, 2, 5])
    name(model, [surface])


def inner_curve(model):
    draw(model)
    draw(model, x0=100.0)
    model.geo.removeAllDuplicates()
    model.geo.synchronize()
    shared = [c for _, c in model.getEntities(1) if len(model.getAdjacencies(1, c)[0]) == 2]
    name(model, [tag for _, tag in model.getEntities(2)], gate=shared)


def unnamed(model):
    surface, curves = draw(model)
    name(model, [surface])
    model.addPhysicalGroup(1, [curves[0]], 7)


def repeated(model):
    surface, curves = draw(model)
    name(model, [surface], **{"gate": [curves[0]], "edge:gate": [curves[2]]})


def no_surface_group(model):
    _, curves = draw(model)
    model.addPhysicalGroup(1, [curves[0]], name="source")
    gmsh.option.setNumber("Mesh.SaveAll", 1)


def one_surface_without_group(model):
    surface, _ = draw(model)
    draw(model, x0=100.0)
    name(model, [surface])
    gmsh.option.setNumber("Mesh.SaveAll", 1)


def only_curves(model):
    _, curves = draw(model)
    model.addPhysicalGroup(1, curves, name="source")


def plain(model):
    surface, curves = draw(model)
    name(model, [surface], source=[curves[3]], drain=[curves[1]])


def tilted(model):
    surface, _ = draw(model, z=0.5)
    name(model, [surface])


def spare_nodes(model):
    surface = model.addDiscreteEntity(2)
    model.mesh.addNodes(2, surface, [1, 2, 3, 4], [0, 0, 0, 50, 0, 0, 25, 40, 0, 80, 80, 0])
    model.mesh.addElementsByType(surface, 2, [], [1, 2, 3])
    name(model, [surface])


FAULTS = [
    (two_groups, {}, "curve 4 is in the groups 'source' and 'drain'; it may be in one"),
    (mixed, {}, "the mesh mixes Triangle 3 and Quadrilateral 4; all cells must be of one kind and order"),
    (solid, {}, "this is a mesh of a solid; a film needs a mesh of triangles or quadrilaterals in the plane"),
    (apart, {}, "the mesh falls into 2 pieces that share no nodes"),
    (threefold, {}, "more than two cells share a side"),
    (inner_curve, {}, "the curve group 'gate' leaves the boundary of the film"),
    (unnamed, {}, 'the curve group 7 has no name; give it one: Physical Curve("NAME", 7)'),
    (repeated, {}, "repeats the name 'gate'; names must differ"),
    (no_surface_group, {}, 'the mesh has no surface group; add one to the drawing: Physical Surface("film") = {1};'),
    (one_surface_without_group, {}, "surface 2 is in no group; every surface must be in one Physical Surface"),
    (only_curves, {}, "the mesh has no triangles or quadrilaterals"),
    (tilted, {}, "the mesh is not flat: z varies by 50; a film lies in the plane z = 0"),
    (spare_nodes, {}, "1 nodes belong to no triangle or quadrilateral"),
    (plain, {"scale": 1e-3}, "the device is 0.1 nm long; if the file is in another unit give scale"),
    (plain, {"scale": "1 m"}, "the device is 1e+11 nm long; if the file is in another unit give scale"),
    (plain, {"terminals": ["sorce"]}, "unknown terminal 'sorce'; this device has 'source', 'drain'"),
    (plain, {"edges": ["top"]}, "unknown edge 'top'; this device has 'source', 'drain'"),
]


@pytest.mark.parametrize(("fault", "options", "message"), FAULTS, ids=[f"{f[0].__name__}-{list(f[1])}" for f in FAULTS])
def test_faulty_files(model, tmp_path, fault, options, message):
    fault(model)
    path = tmp_path / "a.msh"
    if not model.mesh.getElementTypes(2).size:
        model.mesh.generate(2)
    gmsh.write(str(path))
    gmsh.option.setNumber("Mesh.SaveAll", 0)
    gmsh.clear()
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        mesh_file(path, **options).mesh(FILM)
    assert str(raised.value).startswith(f"{path}: ")


def test_two_groups_of_one_name(model, tmp_path):
    plain(model)
    path = save(tmp_path / "a.msh")
    # Gmsh itself does not write this, other programs do
    path.write_text(path.read_text().replace('"drain"', '"source"'))
    with pytest.raises(ValueError, match="two curve groups are called 'source'; names must differ"):
        mesh_file(path).mesh(FILM)


@pytest.mark.parametrize("order", [2, 4])
def test_cells_of_unsupported_kinds(model, tmp_path, order):
    surface, _ = draw(model, recombine=True)
    name(model, [surface])
    gmsh.option.setNumber("Mesh.SecondOrderIncomplete", int(order == 2))
    path = save(tmp_path / "a.msh", order=order)
    gmsh.option.setNumber("Mesh.SecondOrderIncomplete", 0)
    with pytest.raises(ValueError, match="are not supported; use complete ones of order 1 to 3"):
        mesh_file(path).mesh(FILM)


def test_files_that_are_no_meshes(tmp_path):
    script = tmp_path / "a.msh"
    script.write_text('Printf("run") > "ran.txt";\nPoint(1) = {0, 0, 0};\n')
    with pytest.raises(ValueError, match="not a Gmsh mesh; make a .msh file of an outline with: gmsh -2"):
        mesh_file(script).mesh(FILM)
    torn = tmp_path / "torn.msh"
    torn.write_bytes((MESHES / "bent_wire.msh").read_bytes()[:50000])
    with pytest.raises(ValueError, match=re.escape(f"{torn}: ")):
        mesh_file(torn).mesh(FILM)


def test_sizes_do_not_apply_to_a_file():
    with pytest.raises(ValueError, match="element_size = '2 nm' does not apply to a mesh file"):
        mesh_file(MESHES / "bent_wire.msh").mesh(FILM, element_size="2 nm")
    with pytest.raises(ValueError, match="scale = 0 must be a positive length"):
        mesh_file("a.msh", scale=0)


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "a.msh"
    SHAPES["wire"].write(path, FILM)
    before = path.read_bytes()
    monkeypatch.setattr(gmsh, "write", lambda name: Path(name).write_bytes(before[:5000]))
    with pytest.raises(OSError, match="No space left"):
        SHAPES["hall_cross"].write(path, FILM)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.msh"]
    monkeypatch.undo()
    SHAPES["hall_cross"].write(path, FILM)
    assert "left" in mesh_file(path).mesh(FILM).terminals


def test_foreign_files_are_kept(tmp_path):
    path = tmp_path / "a.msh"
    path.write_text("mine")
    with pytest.raises(ValueError, match="it exists and was not written by fem-rashba"):
        SHAPES["wire"].write(path, FILM)
    assert path.read_text() == "mine"


def test_an_error_on_the_root_reaches_every_rank():
    class Comm:
        """Stands for a rank that is not the root."""

        rank = 1

        def bcast(self, value, root):
            assert (value, root) == ((None, None), 0)
            return None, ValueError("no such file")

    with pytest.raises(ValueError, match="no such file"):
        on_root(Comm(), lambda: pytest.fail("only the root may call it"))
