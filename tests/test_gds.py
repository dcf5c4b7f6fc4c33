"""GDSII files: a Hall bar written by KLayout; unions, slivers, contacts, regions; damaged and wrong files."""

from __future__ import annotations

import builtins
import math
import re
import shutil
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fem_rashba import config
from fem_rashba.cli import main
from fem_rashba.config.templates import template
from fem_rashba.devices.gds_records import LARGEST_FILE
from fem_rashba.devices.shapes import gds_file

gdstk = pytest.importorskip("gdstk")

MESHES = Path(__file__).parents[1] / "meshes"
BAR = MESHES / "hall_bar.gds"
LAYERS = {"film": 1, "holes": 2, "source": 10, "drain": [11, 0]}
PROBES = {"left1": [12, 1], "left2": [12, 2], "right1": [12, 3], "right2": [12, 4]}
FILM = SimpleNamespace(decay_rates=np.array([0.5]))


def box(x0, y0, x1, y1, layer=1, datatype=0):
    return gdstk.rectangle((x0, y0), (x1, y1), layer=layer, datatype=datatype)


ENDS = [box(-5, 0, 0, 20, 10), box(60, 0, 65, 20, 11)]
ONLY = {"film": 1, "source": 10, "drain": 11}


@pytest.fixture
def drawn(tmp_path):
    """Shapes in nm, in a file with a database unit of 1 nm or another."""

    def write(*shapes, unit=1e-9, name="a.gds"):
        library = gdstk.Library(unit=1e-9, precision=unit)
        library.new_cell("TOP").add(*shapes)
        library.write_gds(tmp_path / name)
        return tmp_path / name

    return write


def lengths(shape):
    """Of the boundary by name."""
    result = {}
    for side in shape.geometry.sides:
        result[side.name] = result.get(side.name, 0.0) + side.length
    return result


def test_the_hall_bar_of_another_program():
    """A path, boxes, arms by reference and by an array turned by 180 degrees, a hole turned by 45, 0.5 nm units."""
    shape = gds_file(BAR, layers=LAYERS | PROBES | {"dead": 20}, regions=["dead"])
    area = 200 * 40 + 4 * (30 * 10 + 2 * 4.5 * 6 / 2) - 8 * 8
    assert shape.geometry.area == pytest.approx(area, rel=1e-10)
    assert set(shape.geometry.terminals) == {"source", "drain", *PROBES}
    assert shape.geometry.region_names == ("film", "dead")
    edge = 2 * 200 - 4 * 19 + 8 * (math.hypot(4.5, 6) + 24) + 4 * 8
    ends = {"source": 40, "drain": 40} | dict.fromkeys(PROBES, 10)
    assert lengths(shape) == pytest.approx({"edge": edge} | ends, rel=1e-8)
    device = shape.mesh(FILM, degree=2)
    assert device.area == pytest.approx(area, rel=1e-9)
    places = {"source": (0, 0), "drain": (200, 0), "left1": (60, 50), "right2": (140, -50)}
    for name, place in places.items():
        assert device.terminal_center(name) == pytest.approx(place, abs=1e-6)


def test_a_cell_by_name():
    arm = gds_file(BAR, layers={"film": 1}, cell="ARM")
    assert arm.geometry.area == pytest.approx(24 * 10 + 8 * (22 + 10) / 2)
    corners = {side.start for side in arm.geometry.sides}
    assert corners == {(-11, -2), (11, -2), (5, 6), (5, 30), (-5, 30), (-5, 6)}


def test_layers_with_and_without_a_datatype(drawn):
    path = drawn(box(0, 0, 60, 20), box(60, 0, 90, 20, 1, 5), *ENDS)
    assert gds_file(path, layers={"film": 1}).geometry.area == 1800
    assert gds_file(path, layers={"film": [1, 0]}).geometry.area == 1200
    assert gds_file(path, layers={"film": [1, 5]}).geometry.area == 600


def test_overlaps_gaps_and_jogs_below_the_snap_are_no_sides(drawn):
    """Two boxes that overlap, 0.4 nm apart in width, a third behind a gap of 0.5 nm: one rectangle."""
    parts = [box(0, 0, 30, 20), box(25, 0.4, 45, 20.3), box(45.5, 0, 60, 20)]
    shape = gds_file(drawn(*parts, *ENDS, unit=1e-10), layers=ONLY, snap="1 nm")
    assert len(shape.geometry.sides) == 4
    assert shape.geometry.area == 1200
    assert lengths(shape) == {"source": 20, "drain": 20, "edge": 120}
    exact = gds_file(drawn(box(0, 0, 30, 20), box(25, 0.4, 60, 20), *ENDS, unit=1e-10), layers=ONLY)
    assert exact.geometry.area == pytest.approx(1200 - 30 * 0.4)


def test_slivers_of_oblique_sides_are_closed(drawn):
    """A strip turned by 30 degrees in two parts, 0.3 nm apart, in a file of 1 nm, as a rotated reference makes it."""
    parts = [box(0, 0, 30, 20), box(30.3, 0, 60, 20), *(end.copy() for end in ENDS)]
    for part in parts:
        part.rotate(math.pi / 6)
    shape = gds_file(drawn(*parts, unit=1e-12), layers=ONLY, snap="1 nm")
    # the file rounds to 0.001 nm
    assert shape.geometry.area == pytest.approx(1200, abs=2 * 60 * 0.001)
    assert lengths(shape) == pytest.approx({"source": 20, "drain": 20, "edge": 120}, rel=1e-4)
    assert len(shape.geometry.sides) == 4


def test_a_polygon_that_returns_along_itself_has_a_hole(drawn):
    ring = [(0, 0), (60, 0), (60, 20), (0, 20), (0, 0), (10, 5), (10, 15), (20, 15), (20, 5), (10, 5)]
    shape = gds_file(drawn(gdstk.Polygon(ring, layer=1), *ENDS), layers=ONLY)
    assert shape.geometry.area == 1100
    assert len(shape.geometry.loops) == 2


def test_what_a_contact_covers(drawn):
    """A contact that overlaps the film takes its sides there as well; one on several pieces has them all."""
    wrap, twice = box(-5, -5, 10, 25, 10), [box(40, 20, 45, 25, 11), box(50, 15, 55, 30, 11)]
    shape = gds_file(drawn(box(0, 0, 60, 20), wrap, *twice), layers=ONLY)
    assert lengths(shape) == {"source": 40, "drain": 10, "edge": 110}
    named = gds_file(drawn(box(0, 0, 60, 20), *ENDS, box(20, 18, 30, 30, 5)), layers=ONLY | {"gate": 5}, edges=["gate"])
    assert lengths(named) == {"source": 20, "drain": 20, "edge": 110, "gate": 10}
    assert named.geometry.terminals == ("source", "drain")


def test_regions_and_holes_may_reach_beyond_the_film(drawn):
    path = drawn(box(0, 0, 60, 20), *ENDS, box(20, 10, 30, 40, 2), box(40, -9, 99, 99, 3))
    shape = gds_file(path, layers=ONLY | {"holes": 2, "lead": 3}, regions=["lead"])
    assert shape.geometry.area == 1100
    assert [(side.start, side.end) for side in shape.geometry.interfaces] in (
        [((40, 20), (40, 0))],
        [((40, 0), (40, 20))],
    )


def test_units_of_the_file_do_not_matter(drawn):
    for unit in (1e-9, 5e-10, 1e-12):
        path = drawn(box(0, 0, 60, 20), *ENDS, unit=unit)
        assert gds_file(path, layers=ONLY).geometry.area == pytest.approx(1200, rel=1e-12)


STRIP = [(0, 0), (60, 0), (60, 20), (0, 20)]
EIGHT = gdstk.Polygon([(0, 0), (60, 20), (60, 0), (0, 20)], layer=1)
WRONG = [
    ([box(0, 0, 9, 9)], {"film": 7}, {}, "nothing is drawn on layer 7 (film) of the cell 'TOP', which has"),
    ([box(0, 0, 60, 20)], {"film": [1, 3]}, {}, "nothing is drawn on layer 1/3 (film)"),
    ([box(0, 0, 60, 20)], {"film": 1}, {"cell": "BAR"}, "there is no cell 'BAR'; the file has 'TOP'"),
    ([box(0, 0, 9, 9), EIGHT], {"film": 1}, {}, "polygon 1 of film (layer 1) crosses itself at (30, 10) nm"),
    (
        [box(0, 0, 60, 20), box(80, 0, 90, 20)],
        {"film": 1},
        {},
        "the film (layer 1) falls into 2 pieces, at (30, 10), (85, 10) nm; all must overlap or share sides",
    ),
    ([box(0, 0, 60, 20), box(-1, -1, 70, 30, 2)], {"film": 1, "holes": 2}, {}, "nothing is left of the film (layer 1)"),
    (
        [box(0, 0, 60, 20), box(20, 5, 30, 15, 10)],
        {"film": 1, "probe": 10},
        {},
        "terminal 'probe' (layer 10), at (25, 10) nm, covers no part of the boundary of the film",
    ),
    (
        [box(0, 0, 60, 20), *ENDS, box(50, 10, 70, 30, 12)],
        ONLY | {"probe": 12},
        {},
        "terminal 'probe' (layer 12) overlaps 'drain' at (60, 10) nm; every side belongs to one",
    ),
    (
        [box(0, 0, 60, 20), ENDS[0], box(0, 20, 9, 30, 11)],
        ONLY,
        {},
        "terminals 'drain' and 'source' touch at (0.0, 20.0); an edge must separate them",
    ),
    ([box(0, 0, 60, 20), ENDS[0]], {"film": 1, "edges": 10}, {}, "terminal 'edges' has the name of an edge"),
    ([box(0, 0, 60, 20), box(70, 0, 80, 9, 5)], {"film": 1, "lead": 5}, {"regions": ["lead"]}, "region 'lead' has no"),
    ([box(0, 0, 0.1, 0.2)], {"film": 1}, {"unit": 1e-11}, "the device is 0.2 nm long; it must be between"),
    ([gdstk.Polygon([(0, 0), (5, 5), (9, 9)], layer=1)], {"film": 1}, {}, "nothing of film (layer 1), at (0, 0) nm,"),
]  # fmt: skip


@pytest.mark.parametrize(("shapes", "layers", "options", "message"), WRONG, ids=[w[3][:40] for w in WRONG])
def test_wrong_drawings_are_one_sentence(drawn, shapes, layers, options, message):
    path = drawn(*shapes, unit=options.pop("unit", 1e-9))
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        gds_file(path, layers=layers, **options)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("layers", "options", "message"),
    [
        ({"source": 1}, {}, "layers = {'source': 1} must have film, the layer of the film"),
        ({"film": "metal"}, {}, "layers: film = 'metal' must be a layer or [layer, datatype], each from"),
        ({"film": [1, 2, 3]}, {}, "layers: film = [1, 2, 3] must be a layer or [layer, datatype]"),
        ({"film": True}, {}, "layers: film = True must be a layer or [layer, datatype]"),
        ({"film": -1}, {}, "layers: film = -1 must be a layer or [layer, datatype]"),
        ({"film": 1}, {"regions": ["lead"]}, "'lead' must be the name of a layer, to be a region or an edge"),
        ({"film": 1, "a": 10}, {"edges": ["film"]}, "'film' must be the name of a layer, to be a"),
        ({"film": 1}, {"snap": 0}, "snap = 0 must be a positive length"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_one_sentence(layers, options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        gds_file(BAR, layers=layers, **options)


def record(kind, data=b"", of=0):
    return struct.pack(">HBB", 4 + len(data), kind, of) + data


def real(value):
    """A GDSII real of 8 bytes."""
    exponent = 0
    while value >= 1:
        value, exponent = value / 16, exponent + 1
    while value < 1 / 16:
        value, exponent = value * 16, exponent - 1
    return struct.pack(">Q", (exponent + 64) << 56 | round(value * 2**56))


HEAD = record(0x00, b"\x02\x58", 2) + record(0x01, bytes(24), 2) + record(0x02, b"LIB ", 6)
UNITS = record(0x03, real(1e-3) + real(1e-9), 5)
START, STOP, END = record(0x05, bytes(24), 2) + record(0x06, b"TOP\0", 6), record(0x07), record(0x04)
SQUARE = struct.pack(">10i", 0, 0, 9, 0, 9, 9, 0, 9, 0, 0)
LAYER = record(0x0D, b"\0\1", 2) + record(0x0E, b"\0\0", 2)
SHAPE = record(0x08) + LAYER + record(0x10, SQUARE, 3) + record(0x11)
WHOLE = HEAD + UNITS + START + SHAPE + STOP + END


def reference(name=b"TOP\0", columns=1, rows=1):
    grid = record(0x13, struct.pack(">hh", columns, rows), 2)
    return record(0x0B) + record(0x12, name, 6) + grid + record(0x10, bytes(24), 3) + record(0x11)


DAMAGED = [
    (b"", "the file is empty; it must be a GDSII file"),
    (b"hello, world\n" * 99, "this is no GDSII file: it does not begin with the record HEADER"),
    (b"\0", "this is no GDSII file"),
    (WHOLE[1::-1] + WHOLE[2:], "this is no GDSII file"),
    (b"%SEMI-OASIS\r\n", "this is an OASIS file; save it as GDSII"),
    (b"\x1f\x8b\x08\0\0\0", "the file is compressed; unpack it first"),
    (WHOLE[:-4], f"the file ends at byte {len(WHOLE) - 4} before its last record, ENDLIB; it must be complete"),
    (WHOLE[:100], "the file ends at byte 100 before its last record"),
    (HEAD + b"\0\3\1\1" + WHOLE[len(HEAD) :], f"the record at byte {len(HEAD)} has the length 3; the file is damaged"),
    (HEAD + START + SHAPE + STOP + END, "the file has no database unit (record UNITS)"),
    (HEAD + record(0x03, bytes(8), 5) + END, f"the units at byte {len(HEAD)} are damaged"),
    (HEAD + record(0x03, real(1e-3) + bytes(8), 5) + END, "the database unit of the file is 0 nm, which must be"),
    (HEAD + UNITS + START + SHAPE + END, "the last cell of the file is not complete"),
    (HEAD + UNITS + SHAPE + END, "starts inside another one or outside of any cell"),
    (HEAD + UNITS + START + record(0x08) + SHAPE + STOP + END, "starts inside another one or outside of any cell"),
    (HEAD + UNITS + START + record(0x11) + STOP + END, "an element ends at byte"),
    (
        HEAD + UNITS + START + record(0x08) + LAYER + record(0x10, SQUARE[:16], 3) + record(0x11) + STOP + END,
        "on layer 1/0 has 2 points; it needs 4",
    ),
    (
        HEAD + UNITS + START + record(0x08) + LAYER + record(0x10, SQUARE[:12], 3) + record(0x11) + STOP + END,
        "are not complete",
    ),
    (HEAD + UNITS + START + record(0x08) + record(0x0D) + record(0x11) + STOP + END, "has a record without its number"),
    (HEAD + UNITS + START + SHAPE + STOP + START + STOP + END, "two cells are called 'TOP'; names must differ"),
    (HEAD + UNITS + START.replace(b"TOP\0", b"\xff\xfe\xff\xfe") + SHAPE + STOP + END, "of a cell is no text"),
    (HEAD + UNITS + START + SHAPE + reference(b"NONE") + STOP + END, "cell 'TOP' refers to the cell 'NONE', which"),
    (HEAD + UNITS + START + SHAPE + reference() + STOP + END, "the file has 0 top cells, none; give the one"),
    (WHOLE[:-4] + START.replace(b"TOP\0", b"TWO\0") + SHAPE + STOP + END, "the file has 2 top cells, 'TOP', 'TWO'"),
    (HEAD + UNITS + START + SHAPE + reference(columns=0) + STOP + END, "has 0 columns and 1 rows"),
    (
        WHOLE[:-4] + START.replace(b"TOP\0", b"BIG\0") + reference(columns=30000, rows=30000) + STOP + END,
        "the layers of the device have 900000000 shapes; there may be 200000",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), DAMAGED, ids=[f"{i} {m[:30]}" for i, (_, m) in enumerate(DAMAGED)])
def test_damaged_files_are_one_sentence(content, message, tmp_path, capfd):
    (tmp_path / "a.gds").write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(message)):
        gds_file(tmp_path / "a.gds", layers={"film": 1})
    assert capfd.readouterr() == ("", "")


def test_a_file_made_by_hand_is_read(tmp_path):
    """The pieces of the damaged files are themselves right."""
    (tmp_path / "a.gds").write_bytes(WHOLE)
    assert gds_file(tmp_path / "a.gds", layers={"film": 1}).geometry.area == pytest.approx(81)
    circle = WHOLE[:-4] + START.replace(b"TOP\0", b"TWO\0") + reference(b"TWO\0") + STOP + END
    (tmp_path / "b.gds").write_bytes(circle)
    with pytest.raises(ValueError, match="the cells 'TWO' and 'TWO' refer to each other in a circle"):
        gds_file(tmp_path / "b.gds", layers={"film": 1}, cell="TWO")


def test_every_cut_of_a_file_is_refused(tmp_path):
    """Truncation at any byte of the real file is told as such and ends no process."""
    whole = BAR.read_bytes()
    for size in range(1, len(whole) - 3, 7):
        (tmp_path / "a.gds").write_bytes(whole[:size])
        with pytest.raises(ValueError, match="before its last record|no GDSII file"):
            gds_file(tmp_path / "a.gds", layers=LAYERS)


def test_huge_and_missing_files(tmp_path):
    with (tmp_path / "a.gds").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    with pytest.raises(ValueError, match="the file has 200 MB; at most 200 MB are read"):
        gds_file(tmp_path / "a.gds", layers=LAYERS)
    with pytest.raises(ValueError, match="the file cannot be read: no such file or directory; gds must be the path"):
        gds_file(tmp_path / "b.gds", layers=LAYERS)


def test_without_gdstk(monkeypatch):
    true_import = builtins.__import__

    def importing(name, *rest):
        if name == "gdstk":
            raise ModuleNotFoundError("no gdstk", name="gdstk")
        return true_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", importing)
    with pytest.raises(ValueError, match="reading GDSII needs gdstk; install it with: pip install gdstk"):
        gds_file(BAR, layers=LAYERS)


def test_what_gdstk_itself_refuses(monkeypatch):
    monkeypatch.setattr(gdstk, "read_gds", lambda *given, **options: 1 / 0)
    with pytest.raises(ValueError, match=re.escape("gdstk cannot read the file (division by zero); it must be")):
        gds_file(BAR, layers=LAYERS)


@pytest.fixture
def toml(tmp_path):
    shutil.copy(BAR, tmp_path / "device.gds")
    (tmp_path / "a.toml").write_text(template("gds"))
    return tmp_path / "a.toml"


def test_the_template(toml):
    loaded = config.load(toml)
    assert loaded.shape.name == "device.gds"
    assert set(loaded.shape.geometry.terminals) == {"source", "drain"}
    assert loaded.resolved["device"]["snap"] == "auto"
    with_region = toml.with_name("b.toml")
    with_region.write_text(toml.read_text() + '[regions.dead]\nexchange_splitting = "0 eV"\n')
    found = config.load(with_region, ["device.layers.dead=20", "device.cell=HALL_BAR"])
    assert found.shape.geometry.region_names == ("film", "dead")
    assert found.regions["dead"].splitting == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("device.gds=none.gds", "device.gds: {folder}/none.gds: the file cannot be read"),
        ("device.layers=1", "device.layers = 1 must be a section of names and layers"),
        ("device.layers={film = 'x'}", "unknown name in [terminals.source]: device.layers has no such name but"),
        ("device.layers.film='x'", "device.gds: layers: film = 'x' must be a layer or [layer, datatype]"),
        ("terminals.sorce.floating=true", "unknown name in [terminals.sorce]: device.layers has no such name but"),
        ("edges.source.spin=sink", "'source' is in [terminals] and in [edges]; a layer is one of them"),
        ("regions.source.polygon=[[0, 0], [1, 0], [1, 1]]", "regions.source.polygon does not go with device.gds,"),
        ("device.length=5 nm", "device.length does not go with device.gds"),
        ("device.cell=BAR", "there is no cell 'BAR'; the file has 'HOLE', 'PAD', 'ARM', 'HALL_BAR'"),
        ("device.snap=1 eV", "device.snap"),
    ],
)  # fmt: skip
def test_mistakes_in_a_file(toml, change, message, capsys):
    assert main(["check", str(toml), "--set", change]) == 2
    error = capsys.readouterr().err
    assert message.format(folder=toml.parent) in error
    assert error.count("\n") == 1
