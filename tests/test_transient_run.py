"""Transient runs from the command line: the series, the fields, and runs that are killed and taken up again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import pyvista
from matplotlib.image import imread
from scipy.io import netcdf_file

from fem_rashba import load, probe, torque
from fem_rashba.cli import main
from fem_rashba.results.series import read_series

WIRE = """
[film]
rashba_parameter = "0.01 eV nm"
exchange_time = "50 fs"
momentum_relaxation_time = "1 fs"
spin_flip_time = "1 ps"
fermi_wavevector = "4.3 1/nm"
[device]
shape = "wire"
length = "12 nm"
width = "6 nm"
element_size = "2 nm"
degree = 2
[magnetization]
direction = [1, 0, 0.3]
[drive]
electric_field = ["1 mV/nm", "0 V/nm"]
[time]
end = "0.4 ps"
tolerance = 1e-3
frames = 4
checkpoint = "0 s"
[output]
plots = false
"""
# a process that ends by SIGKILL when it has written a checkpoint for the K-th time; K below 0: just before it is whole
KILLED = """
import os, pathlib, sys
from fem_rashba.results import checkpoint
from fem_rashba.cli import main
at, number = int(sys.argv[1]), 0
replace = pathlib.Path.replace
def killing(path, target):
    global number
    number += 1
    if number == -at:
        os.kill(os.getpid(), 9)
    replace(path, target)
    if number == at:
        os.kill(os.getpid(), 9)
pathlib.Path.replace = killing
main(sys.argv[2:])
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wire") / "wire.toml"
    path.write_text(WIRE)
    return path


@pytest.fixture(scope="module")
def out(config: Path) -> Path:
    assert main(["run", str(config), "-o", str(config.parent / "whole")]) == 0
    return config.parent / "whole"


def series(out: Path) -> dict[str, np.ndarray]:
    with netcdf_file(out / "series.nc", mmap=False) as file:
        return {name: variable[:].copy() for name, variable in file.variables.items()}


def test_series_as_curves(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = read_series(out / "series.nc")
    np.testing.assert_array_equal(found["fieldlike"], series(out)["fieldlike"])
    assert found["spin_density"].sel(component="y").dims == ("time",)
    assert main(["plot", str(out / "series.nc"), "-o", str(tmp_path / "series.png")]) == 0
    # panels of fieldlike, dampinglike, three components of S and two currents
    height, _ = imread(tmp_path / "series.png").shape[:2]
    assert height / 300 == pytest.approx(7 * 1.29 + 0.36, abs=0.01)
    (tmp_path / "bad.nc").write_bytes((out / "series.nc").read_bytes()[:200])
    for words, said in (
        (["plot", str(tmp_path / "bad.nc")], "bad.nc' is not a series in time that fem-rashba wrote"),
        (
            ["probe", str(out / "series.nc"), "--line", "0,0", "1,1"],
            "is a file; this needs the folder that run wrote; plot",
        ),
        (["fields", str(out / "series.nc")], "must be a file that sweep wrote, and is not"),
    ):
        assert main(words) == 2
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1


def test_series_and_summary(out: Path) -> None:
    found, numbers = series(out), json.loads((out / "summary.json").read_text())
    time = found["time"]
    assert time[0] == 0
    assert time[-1] == numbers["time"]["end_ps"] == pytest.approx(0.4)
    assert np.diff(time) == pytest.approx(found["step"][1:])
    assert len(time) == numbers["time"]["steps"] + 1
    assert (found["error"] <= 1).all()
    assert [b"".join(name).decode().strip() for name in found["terminal"]] == ["source", "drain"]
    assert found["current"].shape == (len(time), 2)
    assert np.abs(found["balance_charge"]).max() < 1e-8
    assert numbers["terminals"]["source"]["current_A"] == found["current"][-1, 0]
    assert numbers["torque"]["fieldlike"] == pytest.approx(found["fieldlike"][-1], rel=1e-9)
    assert numbers["spin_density"]["average"] == pytest.approx(found["spin_density"][-1], rel=1e-9)
    assert not (out.parent / "whole.partial").exists()


def test_fields_in_time(out: Path) -> None:
    reader = pyvista.get_reader(str(out / "fields.pvd"))
    assert reader.time_values == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    first, last = [], []
    for time, found in ((0.0, first), (0.4, last)):
        reader.set_active_time_value(time)
        found.append(reader.read()[0])
    assert np.abs(first[0]["S"]).max() == 0
    assert np.abs(last[0]["S"]).max() > 0
    inner = np.array([[5.0, 3.0]])
    at = int(np.argmin(np.hypot(*(last[0].points[:, :2] - inner[0]).T)))
    here = np.asarray(last[0].points[at : at + 1, :2])
    assert last[0]["S"][at] == pytest.approx(probe(load(out), here)[0, 3:6], rel=1e-9)
    assert torque(load(out)).fieldlike == pytest.approx(series(out)["fieldlike"][-1], rel=1e-9)


@pytest.mark.parametrize("at", [1, -2, 7, -9])
def test_a_killed_run_ends_with_the_same_digits(config: Path, out: Path, tmp_path: Path, at: int) -> None:
    command = ["run", str(config), "-o", str(tmp_path / "out")]
    ended = subprocess.run([sys.executable, "-c", KILLED, str(at), *command], check=False, capture_output=True)
    assert ended.returncode == -9
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "out.partial" / "checkpoint.npz").exists()
    assert main(command) == 0
    assert (tmp_path / "out" / "series.nc").read_bytes() == (out / "series.nc").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    frames = [path.name for path in out.glob("frame_*.vtu")]
    assert len(frames) == 5
    for name in frames:
        assert (tmp_path / "out" / name).read_bytes() == (out / name).read_bytes()


@pytest.mark.slow
def test_killed_on_two_ranks(config: Path, out: Path, tmp_path: Path) -> None:
    """The same digits as two ranks that were not killed, and those of one rank but for rounding."""
    made = {}
    for name in ("whole", "killed"):
        command = ["run", str(config), "-o", str(tmp_path / name)]
        if name == "killed":
            broken = ["mpirun", "-n", "2", sys.executable, "-c", KILLED, "-9", *command]
            assert subprocess.run(broken, check=False, capture_output=True, timeout=500).returncode
            assert not (tmp_path / name).exists()
        again = ["mpirun", "-n", "2", sys.executable, "-m", "fem_rashba", *command]
        subprocess.run(again, check=True, capture_output=True, timeout=500)
        made[name] = series(tmp_path / name)
    assert (tmp_path / "killed" / "series.nc").read_bytes() == (tmp_path / "whole" / "series.nc").read_bytes()
    for name in ("time", "current", "spin_density", "torque_total"):
        expected = series(out)[name]
        np.testing.assert_allclose(made["whole"][name], expected, rtol=0, atol=1e-10 * np.abs(expected).max())


def test_a_checkpoint_of_another_run_is_refused(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    command = ["run", str(config), "-o", str(tmp_path / "out")]
    subprocess.run([sys.executable, "-c", KILLED, "3", *command], check=False, capture_output=True)
    before = (tmp_path / "out.partial" / "checkpoint.npz").read_bytes()
    assert main([*command, "--set", "film.spin_flip_time=2 ps"]) == 2
    assert "belongs to a run with another configuration" in capsys.readouterr().err
    assert (tmp_path / "out.partial" / "checkpoint.npz").read_bytes() == before
    (tmp_path / "out.partial" / "checkpoint.npz").write_bytes(before[:1000])
    assert main(command) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_foreign_partial_folder_is_refused(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "out.partial").mkdir()
    (tmp_path / "out.partial" / "thesis.tex").write_text("x")
    assert main(["run", str(config), "-o", str(tmp_path / "out")]) == 2
    assert "holds no checkpoint" in capsys.readouterr().err
    assert (tmp_path / "out.partial" / "thesis.tex").exists()


def test_a_moving_magnetization_comes_back(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    changes = [
        "time.rotation_frequency=1 THz",
        "time.step=0.01 ps",
        "time.end=0.1 ps",
        "time.velocity=['1 km/s', '0 m/s']",
    ]
    text = (
        config.read_text().replace("tolerance = 1e-3", "").replace("direction = [1, 0, 0.3]", 'texture = "neel_wall"')
    )
    (tmp_path / "wall.toml").write_text(text.replace("[drive]", 'center = ["4 nm", "3 nm"]\nwidth = "2 nm"\n[drive]'))
    assert main(["run", str(tmp_path / "wall.toml"), "-o", str(out), *(w for c in changes for w in ("--set", c))]) == 0
    found, last = series(out), load(out)
    assert len(found["time"]) == 13  # four intervals of 0.025 ps, three steps in each
    assert last.problem.magnetization.time == 0.1
    assert torque(last).fieldlike == pytest.approx(found["fieldlike"][-1], rel=1e-9)
    assert not h5py.is_hdf5(out / "series.nc")


WRONG = {
    "end": ("time.end=0 ps", "time.end"),
    "both": ("time.step=1 fs", "step and tolerance"),
    "scheme": ("time.scheme=euler", "'tr-bdf2' or 'esdirk3'"),
    "unit": ("time.end=3", "has no unit"),
    "key": ("time.ends=3 ps", "unknown key time.ends; the nearest valid key is time.end"),
    "initial": ("time.initial=hot", "'zero', 'steady'"),
    "formula": ("time.initial=['0', '0', 'z', '0']", "time.initial"),
    "axis": ("time.rotation_axis=[0, 0, 1]", "needs time.rotation_frequency"),
    "frames": ("time.frames=0", "whole number of at least 1"),
    "tolerance": ("time.tolerance=2", "between 0 and 1"),
    "checkpoint": ("time.checkpoint=-1 s", "time.checkpoint"),
}


@pytest.mark.parametrize("name", WRONG)
def test_one_sentence_for_bad_input(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture, name: str) -> None:
    change, part = WRONG[name]
    assert main(["run", str(config), "-o", str(tmp_path / "out"), "--set", change]) == 2
    said = capsys.readouterr().err
    assert part in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())
