"""OVF files: against discretisedfield in both directions, files by the letter of OOMMF's manual, and bad ones."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import discretisedfield
import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from fem_rashba import ovf_magnetization
from fem_rashba.grids.ovf_read import read_grid, read_ovf
from fem_rashba.grids.ovf_write import write_ovf
from fem_rashba.physics.gridded import Grid, Gridded
from fem_rashba.physics.magnetization import values
from fem_rashba.physics.motion import in_motion

NX, NY, NZ = 4, 3, 2
FORMATS = {"text": "txt", "binary4": "bin4", "binary8": "bin8"}

# labels in any case and with spaces, comments, lines in any order, values over line ends: the manual allows all of it
BY_THE_MANUAL = """# OOMMF: rectangular mesh v1.0
#
## A comment of its own
# Segment count: 1
# Begin: Segment
# BEGIN: Header
# Title: by hand ## of no concern
# Desc: a label: with a colon
# MeshUnit: nm
# value unit: kA/m
# valuemultiplier: 10
# mesh type: rectangular
# X base: 3
# ybase: 11  ## the centre of the first cell
# zbase:0.5
# xstepsize: 2
# ystepsize: 1
# zstepsize: 1
# x nodes: 2
# ynodes: 2
# znodes: 1
# xmin: 2
# ymin: 10.5
# zmin: 0
# xmax: 6
# ymax: 12.5
# zmax: 1
# boundary: 2 10.5 0 6 10.5 0 6 12.5 0 2 12.5 0
# ValueRangeMinMag: 1e-08
# ValueRangeMaxMag: 1
# End: Header
# begin:  data   TEXT
80 0 0   0 80
0  ## half way
## a comment between values

0 0 80
0 0 0
# End: data text
# End: segment
"""


def vectors(seed: int = 1, shape: tuple[int, ...] = (NZ, NY, NX, 3)) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def theirs(value: np.ndarray) -> discretisedfield.Field:
    """The same vectors, shape (nz, ny, nx, 3), in discretisedfield: cells of 2 x 1.5 x 0.6 nm from (10, -4, 0) nm."""
    nz, ny, nx = value.shape[:3]
    low = np.array([10e-9, -4e-9, 0.0])
    mesh = discretisedfield.Mesh(p1=low, p2=low + np.array([nx * 2e-9, ny * 1.5e-9, nz * 0.6e-9]), n=(nx, ny, nz))
    return discretisedfield.Field(mesh, nvdim=3, value=value.transpose(2, 1, 0, 3))


def first_version(width: int, rows: np.ndarray, order: str = ">") -> bytes:
    """OVF 1.0 as mumax3 writes it: no line end between the data and what follows."""
    nz, ny, nx = rows.shape[:3]
    lines = ["OOMMF: rectangular mesh v1.0", "Segment count: 1", "Begin: Segment", "Begin: Header", "meshunit: m"]
    lines += ["meshtype: rectangular", "valueunit: ", "valuemultiplier: 1", "ValueRangeMaxMag: 1"]
    for axis, n in zip("xyz", (nx, ny, nz), strict=True):
        lines += [f"{axis}min: 0", f"{axis}max: {n}e-9", f"{axis}base: 5e-10", f"{axis}stepsize: 1e-9"]
        lines += [f"{axis}nodes: {n}"]
    lines += ["End: Header", f"Begin: Data Binary {width}"]
    kind, check = {4: ("f", 1234567.0), 8: ("d", 123456789012345.0)}[width]
    body = struct.pack(f"{order}{1 + rows.size}{kind}", check, *rows.ravel())
    header = "".join(f"# {line}\n" for line in lines).encode()
    return header + body + f"# End: Data Binary {width}\n# End: Segment\n".encode()


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("representation", ["txt", "bin4", "bin8"])
def test_a_file_of_discretisedfield_is_read(representation: str, tmp_path: Path) -> None:
    value = vectors()
    theirs(value).to_file(str(tmp_path / "m.ovf"), representation=representation)
    found = read_ovf(tmp_path / "m.ovf")
    digits = 1e-6 if representation == "bin4" else 1e-15
    np.testing.assert_allclose(found.values, value, rtol=digits)
    assert found.grid == Grid(corner=(10.0, -4.0, 0.0), cell=(2.0, 1.5, 0.6), counts=(NX, NY, NZ))
    assert read_grid(tmp_path / "m.ovf") == found.grid


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "ovf").iterdir()), ids=lambda path: path.stem)
def test_files_that_mumax3_and_oommf_wrote(path: Path) -> None:
    """What mumax3-convert 3.11.1 and avf2ovf of OOMMF 2.1a0 made of a file of `write_ovf` with these vectors."""
    j, i = np.meshgrid(np.arange(4), np.arange(5), indexing="ij")
    expected = 8e5 * np.stack([np.cos(0.4 * i), np.sin(0.7 * j - 0.2 * i), 0.1 * i * j - 0.3], axis=-1)
    found = read_ovf(path)
    assert found.unit == "A/m"
    assert found.grid.cell == (2.0, 1.5, 0.8) and found.grid.counts == (5, 4, 2)
    # mumax3's grids begin at 0, 0
    assert found.grid.corner == ((0.0, 0.0, 0.0) if "mumax3" in path.name else (3.0, -2.0, 1.0))
    # mumax3 has single precision
    precision = 1e-15 if path.stem in ("oommf_1_text", "oommf_1_binary8") else 1e-7
    np.testing.assert_allclose(found.values, np.stack([expected] * 2), rtol=0, atol=precision * 8e5)


def test_a_file_by_the_manual_is_read(tmp_path: Path) -> None:
    (tmp_path / "hand.omf").write_text(BY_THE_MANUAL)
    found = read_ovf(tmp_path / "hand.omf")
    assert found.grid == Grid(corner=(2.0, 10.5, 0.0), cell=(2.0, 1.0, 1.0), counts=(2, 2, 1))
    assert found.unit == "kA/m"
    expected = [[[[800, 0, 0], [0, 800, 0]], [[0, 0, 800], [0, 0, 0]]]]
    np.testing.assert_array_equal(found.values, expected)


@pytest.mark.parametrize("width", [4, 8])
def test_binary_data_of_the_first_version(width: int, tmp_path: Path) -> None:
    value = vectors().astype(f"f{width}").astype(float)
    (tmp_path / "m.ovf").write_bytes(first_version(width, value))
    np.testing.assert_array_equal(read_ovf(tmp_path / "m.ovf").values, value)


@pytest.mark.parametrize(("unit", "length"), [("m", 1e-9), ("mm", 1e-6), ("um", 1e-3), ("nm", 1.0)])
def test_units_of_length(unit: str, length: float, tmp_path: Path) -> None:
    text = BY_THE_MANUAL.replace("MeshUnit: nm", f"meshunit: {unit}").replace("# X base: 3", f"# xbase: {3 * length}")
    for key, value in (("ybase", 11), ("zbase", 0.5), ("xstepsize", 2), ("ystepsize", 1), ("zstepsize", 1)):
        text = "\n".join(f"# {key}: {value * length!r}" if f"# {key}:" in row else row for row in text.splitlines())
    (tmp_path / "m.ovf").write_text(text + "\n")
    assert read_grid(tmp_path / "m.ovf") == Grid(corner=(2.0, 10.5, 0.0), cell=(2.0, 1.0, 1.0), counts=(2, 2, 1))


# --- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", list(FORMATS))
def test_discretisedfield_reads_what_is_written(format: str, tmp_path: Path) -> None:
    value = vectors(shape=(NY, NX, 3))
    grid = Grid(corner=(10.0, -4.0, 0.0), cell=(2.0, 1.5, 0.6), counts=(NX, NY, NZ))
    write_ovf(tmp_path / "b.ovf", grid, value, label="some_field", unit="T", format=format)
    field = discretisedfield.Field.from_file(str(tmp_path / "b.ovf"))
    digits = 1e-7 if format == "binary4" else 0.0
    for k in range(NZ):
        np.testing.assert_allclose(field.array[:, :, k].transpose(1, 0, 2), value, rtol=digits)
    np.testing.assert_allclose(field.mesh.region.pmin, [10e-9, -4e-9, 0.0], rtol=1e-14)
    np.testing.assert_allclose(field.mesh.cell, [2e-9, 1.5e-9, 0.6e-9], rtol=1e-14)
    assert (field.unit, tuple(field.vdims)) == ("T", ("x", "y", "z"))
    np.testing.assert_allclose(read_ovf(tmp_path / "b.ovf").values[1], value, rtol=digits)


def test_the_header_has_only_what_mumax3_takes(tmp_path: Path) -> None:
    grid = Grid(corner=(0.0, 0.0, 0.0), cell=(1.0, 1.0, 1.0), counts=(1, 1, 1))
    write_ovf(tmp_path / "b.ovf", grid, np.ones((1, 1, 3)), label="B", unit="T", description=["a: b"], format="text")
    lines = (tmp_path / "b.ovf").read_text().splitlines()
    assert lines[0] == "# OOMMF OVF 2.0"
    labels = {line[2:].split(":")[0].lower() for line in lines[1:] if line.startswith("#")}
    # any other stops mumax3
    known = {"segment count", "begin", "end", "title", "desc", "meshtype", "meshunit"}
    known |= {f"{a}{n}" for a in "xyz" for n in ("min", "max", "base", "nodes", "stepsize")}
    assert labels == known | {"valuedim", "valuelabels", "valueunits"}
    assert "# Begin: Data Text" in lines


def test_targets(tmp_path: Path) -> None:
    grid = Grid(corner=(0.0, 0.0, 0.0), cell=(1.0, 1.0, 1.0), counts=(1, 1, 1))

    def write(name: str, format: str = "text") -> None:
        write_ovf(tmp_path / name, grid, np.ones((1, 1, 3)), label="B", unit="T", format=format)

    write("ours.ovf")
    write("ours.ovf")
    (tmp_path / "theirs.ovf").write_text(BY_THE_MANUAL)
    with pytest.raises(ValueError, match="was not written by fem-rashba"):
        write("theirs.ovf")
    assert (tmp_path / "theirs.ovf").read_text() == BY_THE_MANUAL
    # with our description in it
    copy = (Path(__file__).parent / "ovf" / "oommf_1_text.ovf").read_bytes()
    (tmp_path / "copy.ovf").write_bytes(copy)
    with pytest.raises(ValueError, match="was not written by fem-rashba"):
        write("copy.ovf")
    assert (tmp_path / "copy.ovf").read_bytes() == copy
    with pytest.raises(ValueError, match=r"must end in \.ovf"):
        write("field.txt")
    with pytest.raises(ValueError, match="does not exist"):
        write("nowhere/b.ovf")
    with pytest.raises(ValueError, match="must be text, binary4 or binary8"):
        write("b.ovf", format="binary16")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.ovf", "ours.ovf", "theirs.ovf"]


# --- bad files --------------------------------------------------------------------------------------------------------


def changed(old: str, new: str) -> bytes:
    assert old in BY_THE_MANUAL
    return BY_THE_MANUAL.replace(old, new).encode()


BINARY = first_version(4, vectors())
SECOND = changed("OOMMF: rectangular mesh v1.0", "OOMMF OVF 2.0")
BAD = {
    "empty": (b"", "is not an OVF file", "'# OOMMF OVF 2.0'"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(100000), "is not an OVF file"),
    "later": (changed("mesh v1.0", "mesh v7.0"), "is not an OVF file", "v7.0"),
    "irregular": (changed("OOMMF: rectangular", "OOMMF: irregular"), "irregular mesh", "rectangular"),
    "irregular_type": (changed("mesh type: rectangular", "meshtype: irregular"), "meshtype 'irregular'"),
    "ends_in_header": (BINARY[:200], "ends in its header"),
    "no_comment": (changed("# Segment count: 1", "Segment count 1"), "line 4", "must start with #"),
    "long_line": (changed("by hand", "x" * 70000), "line of more than 65536 characters", "line 7"),
    "endless": (changed("# boundary", "#\n" * 20000 + "# boundary"), "no data in its first 10000 lines"),
    "two_segments": (changed("Segment count: 1", "Segment count: 2"), "2 segments", "must have 1"),
    "kind": (changed("data   TEXT", "data binary 16"), "'binary 16'", "text, binary 4 or binary 8"),
    "no_valuedim": (SECOND, "valuedim = missing", "must be 3"),
    "scalars": (SECOND.replace(b"# value unit", b"# valuedim: 1\n# value unit"), "valuedim = 1", "must be 3"),
    "unit": (changed("MeshUnit: nm", "meshunit: inch"), "meshunit = inch", "m, cm, mm, um, nm or pm"),
    "no_unit": (changed("# MeshUnit: nm", "#"), "meshunit = missing"),
    "no_step": (changed("# xstepsize: 2", "#"), "xstepsize = missing", "must be a number"),
    "step": (changed("# xstepsize: 2", "# xstepsize: -2"), "xstepsize = -2", "must be positive"),
    "step_text": (changed("# xstepsize: 2", "# xstepsize: two"), "xstepsize = two", "must be a number"),
    "nodes": (changed("x nodes: 2", "x nodes: 0"), "xnodes = 0", "at least 1"),
    "nodes_text": (changed("x nodes: 2", "x nodes: 2.5"), "xnodes = 2.5", "whole number"),
    "huge": (changed("x nodes: 2", "x nodes: 900000000000000"), "cut short or its header is wrong", "and it has"),
    "huge_binary": (BINARY.replace(b"xnodes: 4", b"xnodes: 4000000000"), "cut short", "4000000000 x 3 x 2", "bytes"),
    "cut": (BINARY[:-150], "cut short", "need 292 bytes", "and it has"),
    "cut_text": (BY_THE_MANUAL[:-40].encode(), "cut short", "# End: Data Text"),
    "more": (BINARY.replace(b"xnodes: 4", b"xnodes: 3"), "more data than its header announces, 18 vectors"),
    "more_text": (changed("0 0 0\n# End", "0 0 0 7\n# End"), "13 numbers", "announces 12"),
    "fewer_text": (changed("0 0 0\n# End", "0 0\n# End"), "11 numbers", "announces 12"),
    "no_text": (changed("80 0 0   0 80\n0", "##" + "x" * 40).replace(b"0 0 80\n0 0 0\n", b""), "0 numbers"),
    "order": (first_version(4, vectors(), "<"), "wrong byte order", "1234567", "big end first in OVF 1.0"),
    "order_8": (first_version(8, vectors(), "<"), "wrong byte order", "123456789012345"),
    "damaged": (BINARY.replace(struct.pack(">f", 1234567.0), b"\r\n??"), "damaged data", "1234567"),
    "words": (changed("0 0 80\n", "0 zero 80\n"), "'0 zero 80' in line 37", "must be numbers"),
    "nan": (changed("0 0 80\n", "0 nan 80\n"), "no finite number in cell x 0, y 1, z 0"),
    "nan_binary": (first_version(8, np.full((1, 1, 1, 3), math.inf)), "no finite number in cell x 0, y 0, z 0"),
    "zero": (
        changed("80 0 0   0 80", "0 0 0   0 0").replace(b"0 0 80", b"0 0 0"),
        "no magnetization",
        "all its vectors",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_get_one_sentence(name: str, tmp_path: Path) -> None:
    content, *parts = BAD[name]
    path = tmp_path / f"{name}.ovf"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^ovf = ") as error:
        ovf_magnetization(path)
    message = str(error.value)
    assert all(part in message for part in [*parts, repr(str(path))]), message
    assert "\n" not in message
    assert len(message) < 400


def test_files_that_are_none(tmp_path: Path) -> None:
    for read in (read_ovf, read_grid):
        with pytest.raises(ValueError, match="no such file"):
            read(tmp_path / "none.ovf")
        with pytest.raises(ValueError, match="is a directory"):
            read(tmp_path)


# --- the magnetization in a file --------------------------------------------------------------------------------------


def stored(folder: Path, value: np.ndarray) -> Path:
    theirs(value).to_file(str(folder / "m.ovf"), representation="bin8")
    return folder / "m.ovf"


def at(m: Gridded, x: Any, y: Any) -> np.ndarray:
    return values(m, np.atleast_1d(np.asarray(x, float)), np.atleast_1d(np.asarray(y, float)))


def test_m_is_bilinear_between_the_centres_of_cells(tmp_path: Path) -> None:
    value = vectors(shape=(1, NY, NX, 3)) + [0, 0, 3]
    m = ovf_magnetization(stored(tmp_path, value))
    units = value[0] / np.linalg.norm(value[0], axis=-1, keepdims=True)
    centers = (-4 + 1.5 * (np.arange(NY) + 0.5), 10 + 2 * (np.arange(NX) + 0.5))
    x, y = np.random.default_rng(2).uniform([[11], [-3.2]], [[17], [-0.3]], size=(2, 50))
    expected = RegularGridInterpolator(centers, units)(np.column_stack([y, x])).T
    np.testing.assert_allclose(at(m, x, y), expected / np.linalg.norm(expected, axis=0), atol=1e-12)
    # beyond the outermost centres: the nearest cell
    np.testing.assert_allclose(at(m, [0, 99], [-4, 7]).T, [units[0, 0], units[-1, -1]], atol=1e-12)


def test_cells_without_magnet_take_no_part(tmp_path: Path) -> None:
    value = np.zeros((1, NY, NX, 3))
    value[0, :, :2] = [0, 0, 8e5]
    value[0, 2, 1] = [8e5, 0, 0]
    m = ovf_magnetization(stored(tmp_path, value))
    x, y = np.linspace(13, 18, 11), np.full(11, -3.9)
    np.testing.assert_array_equal(at(m, x, y), np.outer([0, 0, 1], np.ones(11)))
    np.testing.assert_array_equal(at(m, 17, 0.4)[:, 0], [1, 0, 0])
    assert m.covers(np.array([10, 13.9, 14.1, 9.9, 12]), np.array([-4, 0.5, 0, 0, 0.6])).tolist() == [1, 1, 0, 0, 0]
    # the empty cells turn nothing: 90 degrees over 1.5 nm are the fastest
    assert math.isclose(m.finest, 1.5)
    assert math.isclose(m.largest_turn, math.pi / 2)


def test_finest_is_the_width_of_a_wall(tmp_path: Path) -> None:
    u = (np.arange(80) - 40.3) * 2 / 20
    wall = np.stack([1 / np.cosh(u), 0 * u, np.tanh(u)], axis=-1)
    m = ovf_magnetization(stored(tmp_path, np.broadcast_to(wall, (1, 3, 80, 3))))
    assert math.isclose(m.finest, 20, rel_tol=2e-3)
    assert m.notes == ()
    assert not m.is_uniform
    assert ovf_magnetization(stored(tmp_path, np.ones((1, 2, 2, 3)))).finest == math.inf


def test_layers(tmp_path: Path) -> None:
    value = np.zeros((2, 1, 1, 3))
    value[0, 0, 0], value[1, 0, 0] = [1, 0, 0], [0, 1, 0]
    path = stored(tmp_path, value)
    assert at(ovf_magnetization(path, layer=0), 0, 0)[:, 0].tolist() == [1, 0, 0]
    assert at(ovf_magnetization(path, layer=1), 0, 0)[:, 0].tolist() == [0, 1, 0]
    average = ovf_magnetization(path)
    np.testing.assert_allclose(at(average, 0, 0)[:, 0], [math.sqrt(0.5), math.sqrt(0.5), 0])
    assert "layers are up to 45 degrees from their average" in average.notes[0]
    for layer in (2, -1, True, "top"):
        with pytest.raises(ValueError, match=r"layer = .* must be 'average' or a layer of .*, from 0 to 1"):
            ovf_magnetization(path, layer=layer)
    value[1] = -value[0]
    with pytest.raises(ValueError, match=r"layer = 'average' gives no direction in cell x 0, y 0 .* layer from 0 to 1"):
        ovf_magnetization(stored(tmp_path, value))


def test_the_grid_is_put_where_it_is_asked_to_be(tmp_path: Path) -> None:
    path = stored(tmp_path, vectors(shape=(1, NY, NX, 3)))
    plain = ovf_magnetization(path)
    x, y = np.array([11.3, 14.7]), np.array([-3.1, -1.2])
    corner = ovf_magnetization(path, origin=["1 um", 5])
    np.testing.assert_allclose(at(corner, x + 990, y + 9), at(plain, x, y), atol=1e-12)
    middle = ovf_magnetization(path, center=(0, 0))
    np.testing.assert_allclose(at(middle, x - 14, y + 1.75), at(plain, x, y), atol=1e-12)
    with pytest.raises(ValueError, match="origin and center both"):
        ovf_magnetization(path, origin=[0, 0], center=[0, 0])
    with pytest.raises(ValueError, match="center = 'middle' must be two lengths"):
        ovf_magnetization(path, center="middle")
    with pytest.raises(ValueError, match="origin = '3 s' has the wrong dimension"):
        ovf_magnetization(path, origin=["3 s", 0])


def test_what_is_odd_in_a_file_is_said(tmp_path: Path) -> None:
    value = np.zeros((1, 1, 3, 3))
    value[0, 0] = [[8e5, 0, 0], [0, 6e5, 0], [0, 0, 0]]
    notes = ovf_magnetization(stored(tmp_path, value)).notes
    assert "the vectors are 6e+05 to 8e+05 long; only their direction is used" in notes[0]
    assert "m turns by up to 90 degrees from a cell to the next" in notes[1]


def test_opposite_neighbours_have_no_direction_between_them(tmp_path: Path) -> None:
    value = np.zeros((1, 1, 2, 3))
    value[0, 0, :, 2] = [1, -1]
    m = ovf_magnetization(stored(tmp_path, value))
    with pytest.raises(ValueError, match="no direction at x = 12 nm"):
        at(m, 12, -4)


def test_a_magnetization_from_a_file_may_turn_and_not_travel(tmp_path: Path) -> None:
    m = ovf_magnetization(stored(tmp_path, np.broadcast_to([1.0, 0, 0], (1, 2, 2, 3))))
    turned = in_motion(m, rotation_frequency=1.0)
    from dataclasses import replace

    found = values(replace(turned, time=0.125), np.array([3.0]), np.array([1.0]))[:, 0]
    np.testing.assert_allclose(found, [math.sqrt(0.5), math.sqrt(0.5), 0], atol=1e-15)
    with pytest.raises(ValueError, match=r"velocity = .* does not go with a magnetization from a file"):
        in_motion(m, velocity=[1.0, 0.0])
