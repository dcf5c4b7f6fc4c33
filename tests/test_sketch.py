"""The picture of a device before any solve: what is in it, on any number of ranks, and where it may be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fem_rashba.cli import main
from fem_rashba.config import load
from fem_rashba.config.templates import template
from fem_rashba.results.sketch import REGIONS, TERMINALS, _joined, gathered

MESHES = Path(__file__).parents[1] / "meshes"
COARSE = ["--set", "device.degree=1", "device.element_size=5 nm"]
LEAD = "[regions.lead]\npolygon = [[40, -9], [90, -9], [90, 90], [40, 90]]\n[edges.upper]\nspin = 'insulating'\n"


@pytest.fixture
def wire(tmp_path):
    path = tmp_path / "wire.toml"
    small = template("wire").replace('"300 nm"', '"60 nm"').replace('"50 nm"\nelement', '"20 nm"\nelement')
    path.write_text(small + LEAD)
    return path


def drawn(path, out, *more):
    assert main(["sketch", str(path), "-o", str(out), *COARSE, *more]) == 0
    return np.asarray(Image.open(out).convert("RGB")).astype(int)


def has(pixels, color):
    """How many pixels have a colour."""
    rgb = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return int((np.abs(pixels - rgb).max(axis=-1) <= 3).sum())


def test_what_is_gathered(wire):
    config = load(wire, ["device.degree=1", "device.element_size=5 nm"])
    problem = config.problem(config.shape.mesh(config.film, element_size="5 nm", degree=1))
    sketch = gathered(problem)
    corners = sketch.cells
    x, y = corners[..., 0], corners[..., 1]
    areas = np.sum(x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1), axis=1) / 2
    assert np.abs(areas).sum() == pytest.approx(1200)
    assert np.abs(areas[sketch.regions["lead"]]).sum() == pytest.approx(400)
    assert corners[sketch.regions["lead"]][..., 0].min() == pytest.approx(40)
    assert {name: np.unique(lines[..., 0]).tolist() for name, lines in sketch.terminals.items()} == {
        "source": [0.0],
        "drain": [60.0],
    }
    assert {condition: names for condition, (names, _) in sketch.edges.items()} == {
        "sink": ["lower"],
        "insulating": ["upper"],
    }
    assert np.unique(sketch.edges["insulating"][1][..., 1]) == pytest.approx([20])


def test_the_picture_has_every_terminal_and_region(wire, tmp_path):
    pixels = drawn(wire, tmp_path / "a.png")
    assert all(has(pixels, color) > 200 for color in TERMINALS[:2])
    assert all(has(pixels, color) > 2000 for color in REGIONS[:2])
    assert not any(has(pixels, color) for color in TERMINALS[2:4])
    assert pixels.shape[1] <= 8.6 / 2.54 * 300 + 1
    assert [path.name for path in tmp_path.glob("*.png")] == ["a.png"]


def test_a_dashed_edge_has_gaps(wire, tmp_path):
    """Insulating edges are not drawn as sinks are."""
    dashed, plain = (
        drawn(wire, tmp_path / f"{spin}.png", f"edges.upper.spin={spin}") for spin in ("insulating", "sink")
    )
    assert dashed.shape != plain.shape or np.abs(dashed - plain).max() > 100


@pytest.mark.parametrize("kind", ["mesh", "gds", "corbino"])
def test_every_kind_of_device(kind, tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(template(kind))
    (tmp_path / "device.msh").write_bytes((MESHES / "bent_wire.msh").read_bytes())
    (tmp_path / "device.gds").write_bytes((MESHES / "hall_bar.gds").read_bytes())
    more = ["--set", "device.degree=1"] if kind == "mesh" else COARSE
    assert main(["sketch", str(path), "-o", str(tmp_path / "a.png"), *more]) == 0
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    assert all(has(pixels, color) > 100 for color in TERMINALS[:2])


def test_a_sketch_is_replaced_and_nothing_else(wire, tmp_path, capsys):
    out = tmp_path / "a.png"
    first = drawn(wire, out)
    assert (drawn(wire, out) == first).all()
    out.write_bytes(b"mine")
    for wrong, message in (
        (out, "it exists and was not written by fem-rashba"),
        (tmp_path / "a.pdf", "the name of a sketch must end in .png"),
        (tmp_path / "none" / "a.png", f"the folder '{tmp_path}/none' does not exist"),
    ):
        assert main(["sketch", str(wire), "-o", str(wrong)]) == 2
        error = capsys.readouterr().err
        assert f"cannot write '{wrong}': {message}" in error
        assert error.count("\n") == 1
    assert out.read_bytes() == b"mine"


def test_segments_are_joined_into_lines():
    square = np.array([[[0, 0], [1, 0]], [[1, 1], [0, 1]], [[1, 0], [1, 1]], [[0, 1], [0, 0]]], dtype=float)
    (loop,) = _joined(square)
    assert len(loop) == 5
    assert (loop[0] == loop[-1]).all()
    (line,) = _joined(square[:3])
    assert np.linalg.norm(np.diff(line, axis=0), axis=1).tolist() == [1.0] * 3
    assert len(_joined(square[:2])) == 2


@pytest.mark.mpi
def test_on_two_ranks(wire, tmp_path):
    command = [sys.executable, "-m", "fem_rashba", "sketch", str(wire), "-o", str(tmp_path / "two.png"), *COARSE]
    done = subprocess.run(["mpirun", "-n", "2", *command], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    two = np.asarray(Image.open(tmp_path / "two.png").convert("RGB")).astype(int)
    one = drawn(wire, tmp_path / "one.png")
    assert one.shape == two.shape
    # the same lines in another order
    assert (np.abs(one - two).max(axis=-1) > 60).mean() < 1e-3
