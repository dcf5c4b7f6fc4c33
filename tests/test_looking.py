"""What `plot` draws beside the maps of `run`: profiles, spin currents, torque arrows, cells, several solutions."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from samples import STRONG, film
from test_plot import film as driven_film

from fem_rashba import Ground, Solution, Voltage, current_through, load, save, solve, uniform, wire
from fem_rashba.cli import main
from fem_rashba.results.fields import gathered_fields
from fem_rashba.results.multiples import differences, plot_multiples
from fem_rashba.results.profiles import draw_profiles, profiles
from fem_rashba.results.raster import rasterize
from fem_rashba.results.streamlines import streamlines

DRIVE = {"source": Voltage("1 mV"), "drain": Ground()}


def solved(m: list[float], volts: str = "1 mV") -> Solution:
    made = film(**STRONG)
    device = wire(length=30, width=10).mesh(made, element_size=1.0, degree=2)
    return solve(device, made, uniform(m), terminals=DRIVE | {"source": Voltage(volts)}, degree=2)


@pytest.fixture(scope="module")
def outs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders with solutions, and the configurations that tell them apart."""
    folder = tmp_path_factory.mktemp("outs")
    for name, m in (("a", [1, 0, 0]), ("b", [0, 1, 2])):
        config = {"magnetization": {"direction": m}, "film": {"couplings": "paper"}}
        save(solved(m), folder / name, fields=False, plots=False, config=config)
    return folder


def picture(path: Path) -> np.ndarray:
    return imread(path)[..., :3]


def run(*words: str) -> None:
    assert main(list(words)) == 0


def test_profiles_along_a_line(outs: Path, tmp_path: Path) -> None:
    run("plot", str(outs / "a"), "--line", "15,0", "15,10", "-o", str(tmp_path / "a.png"))
    run("plot", str(outs / "b"), "--line", "15,0", "15,10")
    first, second = picture(tmp_path / "a.png"), picture(outs / "b" / "line.png")
    assert first.shape == second.shape
    assert 0.002 < (np.abs(first - second).max(axis=-1) > 0.3).mean() < 0.1, "other lines in the same frame"
    # three colours of lines
    for color in ((0.12, 0.47, 0.71), (1.0, 0.5, 0.05), (0.17, 0.63, 0.17)):
        assert (np.abs(first - color).max(axis=-1) < 0.05).sum() > 500


def test_a_profile_is_where_its_values_are(tmp_path: Path) -> None:
    """A potential that falls along the line is a line from the upper left to the lower right."""
    found = profiles(solved([1, 0, 0]), (0, 5), (30, 5))
    assert found.shape == (201, 10)
    assert found[[0, -1], 9] == pytest.approx([1e-3, 0.0], abs=1e-8)
    drawn = picture(draw_profiles(found, tmp_path / "line.png"))
    blue = np.argwhere((drawn[..., 2] - drawn[..., 0] > 0.4)[-len(drawn) * 2 // 7 :])
    left, right = (blue[(blue[:, 1] > 200) & (blue[:, 1] < 400) & (blue[:, 0] > 30)], blue[blue[:, 1] > 800])
    assert left[:, 0].mean() < right[:, 0].mean() - 50


def test_spin_currents_are_those_through_a_path() -> None:
    """The nodal field that is drawn, integrated across the wire, is the current through the cut."""
    solution = solved([1, 0, 0])
    fields = gathered_fields(solution, spin_currents=True)
    assert fields is not None
    there = np.abs(fields.points[:, 0] - 15.0) < 1e-9
    y = fields.points[there, 1]
    order = np.argsort(y)
    exact = current_through(solution, [(15, 0), (15, 10)]).spin_amperes
    for k, name in enumerate("xyz"):
        flow = fields.arrays[f"spin_current_{name}"][there, 0][order]
        assert np.trapezoid(flow, y[order]) * 1e-9 == pytest.approx(exact[k], rel=0.02, abs=0.01 * abs(exact).max())
    assert "spin_current_x" not in gathered_fields(solution).arrays  # type: ignore[union-attr]


def test_maps_by_name(outs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["spin_current_x", "spin_current_y", "spin_current_z", "torque", "Tz", "n"]
    run("plot", str(outs / "b"), "-o", str(tmp_path / "maps"), "--quantity", *names)
    assert sorted(path.stem for path in (tmp_path / "maps").iterdir()) == sorted(names)
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'maps'}: spin_current_x.png, ")
    pictures = {name: picture(tmp_path / "maps" / f"{name}.png") for name in names}
    assert all(drawn.std() > 0.05 for drawn in pictures.values())
    assert np.abs(pictures["spin_current_x"] - pictures["spin_current_z"]).mean() > 0.01


def test_streamlines_have_one_colour(outs: Path, tmp_path: Path) -> None:
    """Dark with a bright rim, on dark and on bright colours alike: one dark line has no bright parts."""
    run("plot", str(outs / "a"), "-o", str(tmp_path), "--quantity", "charge_current")
    drawn = picture(tmp_path / "charge_current.png")
    film_rows = drawn[len(drawn) // 2 : -len(drawn) // 4, 150:-80]
    dark = (film_rows.max(axis=-1) < 0.2).mean(axis=1)
    assert dark.max() > 0.95, "a straight line all along the wire"


def test_lines_of_spin_end_where_it_is_taken() -> None:
    """A flow towards the middle of the film, which charge cannot have."""
    made = driven_film("quadrilateral", 2)
    x = made.points[:, 0]
    fields = replace(made, arrays={"J": np.column_stack([np.tanh((150 - x) / 10), 0 * x])})
    raster = rasterize(fields, ["J"], 900, 150)
    assert streamlines(raster, "J", 12.0, 0.005) == []
    lines = streamlines(raster, "J", 12.0, 0.005, conserved=False)
    ends = np.array([line[[0, -1], 0] for line in lines])
    assert {round(start / 50) * 50 for start in ends[:, 0]} == {0, 300}, "from both sides"
    assert np.abs(ends[:, 1] - 150).max() < 10
    for side in (0, 300):
        y = np.sort([line[0, 1] for line in lines if abs(line[0, 0] - side) < 20])
        assert len(y) >= 3 and np.diff(y).min() > 11.0


def test_cells_over_a_map(outs: Path, tmp_path: Path) -> None:
    for words in ([], ["--mesh"]):
        run("plot", str(outs / "a"), "-o", str(tmp_path / f"maps{len(words)}"), "--quantity", "Sz", *words)
    plain, meshed = (picture(tmp_path / f"maps{k}" / "Sz.png") for k in (0, 1))
    changed = np.abs(plain - meshed).max(axis=-1) > 0.1
    columns = np.flatnonzero(changed.mean(axis=0) > 0.2)
    gaps = np.diff(columns)[np.diff(columns) > 5]
    # 30 cells have 29 sides between them
    assert len(gaps) == 28 and np.ptp(gaps) <= 2


def test_several_solutions_have_one_scale(outs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("plot", str(outs / "a"), str(outs / "b"), "--quantity", "Sy")
    run("plot", str(outs / "a"), str(outs / "b"), "--quantity", "torque", "--mesh", "-o", "torque.png")
    assert picture(tmp_path / "torque.png").std() > 0.05
    assert picture(tmp_path / "multiples.png").std() > 0.05
    one, ten = (gathered_fields(solved([0, 0, 1], volts)) for volts in ("1 mV", "10 mV"))
    assert one is not None and ten is not None
    drawn = picture(plot_multiples([one, ten], ["one", "ten"], tmp_path / "scale.png", "Sy"))
    half = drawn.shape[1] // 2
    left, right = (drawn[-300:-160, k * half + 300 : k * half + 700] for k in (0, 1))
    # a tenth of the scale is nearly white, the whole is a full colour
    assert left.min() > 0.85 and right.min() < 0.4


def test_titles_say_what_differs() -> None:
    base = {"film": {"couplings": "paper"}, "magnetization": {"direction": [1, 0, 0]}, "output": {"plots": True}}
    other = base | {"magnetization": {"direction": [0, 1.0, 0]}, "output": {"plots": False}}
    found = differences({"a": base, "b": other})
    assert [title.replace("\u00a0", " ") for title in found.values()] == [
        "magnetization.direction = [1, 0, 0]",
        "magnetization.direction = [0, 1, 0]",
    ]
    assert differences({"a": base, "b": base}) == {"a": "a", "b": "b"}
    assert differences({"a": None, "b": None}) == {"a": "a", "b": "b"}
    # other devices have other keys, and a title is no place for all of them
    many = {"device": {f"length{k}": k for k in range(7)}}
    assert differences({"a": base, "b": base | many}) == {"a": "a", "b": "b"}
    # of a path the last part, where that tells them apart
    assert differences({"x/a": None, "y/b": None}) == {"x/a": "a", "y/b": "b"}
    assert differences({"x/a": None, "y/a": None}) == {"x/a": "x/a", "y/a": "y/a"}


def test_one_map_into_one_file(outs: Path, tmp_path: Path) -> None:
    run("plot", str(outs / "a"), "--quantity", "Sz", "-o", str(tmp_path / "map.png"))
    run("plot", str(outs / "a"), "--quantity", "Sz", "-o", str(tmp_path / "maps"))
    assert np.array_equal(picture(tmp_path / "map.png"), picture(tmp_path / "maps" / "Sz.png"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map.png", "maps"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a", "--quantity", "Sq"], "unknown map 'Sq'; the maps are 'Sx', 'Sy'"),
        (["a", "--quantity", "fieldlike_field"], "'fieldlike_field' is a quantity of ovf"),
        (["a", "--line", "0,0", "5,5", "--mesh"], "argument --line: profiles show all quantities and no mesh"),
        (["a", "--line", "0,0", "50,5"], "lies outside the device"),
        (["a", "--line", "0,0", "5,5", "-o", "x.pdf"], "must end in .png, not 'x.pdf'"),
        (["a", "b", "--quantity", "Sx", "Sy"], "2 folders are drawn side by side with one --quantity"),
        (["a", "b", "--line", "0,0", "5,5"], "2 folders are drawn side by side with one --quantity"),
        (["a", "a", "--quantity", "Sz"], "side by side must differ: a a"),
        (["a", "-o", "x.png"], "'x.png' is one picture: give one --quantity with it"),
        (["a", "-o", "a/summary.json"], "'a/summary.json' is a file; maps go into a folder"),
        (["a", "--line", "5,5", "5,5"], "the line begins and ends at x = 5 nm, y = 5 nm"),
        (["a", "c"], "'c' holds no solution of fem-rashba"),
    ],
)
def test_wrong_requests(
    outs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    monkeypatch.chdir(outs)
    before = sorted(outs.rglob("*"))
    assert main(["plot", *words]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert sorted(outs.rglob("*")) == before


@pytest.mark.mpi
def test_same_picture_on_two_ranks(outs: Path, tmp_path: Path) -> None:
    words = ["plot", str(outs / "a"), str(outs / "b"), "--quantity", "Sz", "-o"]
    run(*words, str(tmp_path / "one.png"))
    command = ["mpirun", "-n", "2", "fem-rashba", *words, str(tmp_path / "two.png")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("written") == 1
    assert np.abs(picture(tmp_path / "one.png") - picture(tmp_path / "two.png")).max() < 0.02


def test_a_folder_keeps_its_summary(outs: Path) -> None:
    """Maps go into the folder that run wrote, and it stays what it was."""
    before = json.loads((outs / "a" / "summary.json").read_text())
    run("plot", str(outs / "a"), "--quantity", "n")
    assert (outs / "a" / "n.png").is_file()
    assert json.loads((outs / "a" / "summary.json").read_text()) == before
    assert load(outs / "a").device.name == "wire"
