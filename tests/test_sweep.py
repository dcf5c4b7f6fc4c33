"""Sweeps: each point is that of `run`, the exact wire, kills, ranks, units, and what may be wrong in [sweep]."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from references.wire import wire_profile
from samples import MAGNET_TOML, film, reference

from fem_rashba.cli import main
from fem_rashba.config import sweeping
from fem_rashba.studies.plan import dimension_names
from fem_rashba.studies.sweep import read
from fem_rashba.units import HBAR, quantity, split

BASE = (
    MAGNET_TOML
    + """
[device]
shape = "wire"
length = "12 nm"
width = "6 nm"
element_size = "2 nm"
degree = 2
[magnetization]
theta = "90 deg"
phi = "30 deg"
[terminals.source]
voltage = "1 mV"
[terminals.drain]
voltage = "0 V"
[output]
fields = false
plots = false
"""
)
SWEEP = """
[sweep]
film.rashba_parameter = { start = "0.01 eV nm", stop = "0.02 eV nm", count = 2 }
magnetization.theta = ["20 deg", "90 deg"]
"device.width" = ["6 nm", "8 nm"]
"""
# a process that ends by SIGKILL as it writes a line of a point for the K-th time (half of it is then written), or after
# it (K below 0); or "before" or "after" the rename of the result
KILLED = """
import os, pathlib, sys
from fem_rashba.studies import journal
from fem_rashba.cli import main
at, number, put, replace = sys.argv[1], 0, journal._put, pathlib.Path.replace
def killing(file, text):
    global number
    number += file.name.endswith(".jsonl")
    if file.name.endswith(".jsonl") and at == str(number):
        put(file, text[: len(text) // 2])
        os.kill(os.getpid(), 9)
    put(file, text)
    if at == str(-number):
        os.kill(os.getpid(), 9)
def renaming(path, target):
    if at == "before" and str(target).endswith(".nc"):
        os.kill(os.getpid(), 9)
    replace(path, target)
    if at == "after" and str(target).endswith(".nc"):
        os.kill(os.getpid(), 9)
journal._put, pathlib.Path.replace = killing, renaming
main(sys.argv[2:])
"""


def sweep(folder: Path, out: str, *words: str, text: str = BASE + SWEEP) -> int:
    (folder / "sweep.toml").write_text(text)
    return main(["sweep", str(folder / "sweep.toml"), "-o", str(folder / out), *words])


def opened(path: Path) -> xr.Dataset:
    """The file without what depends on when and how it was made."""
    with xr.open_dataset(path, engine="h5netcdf") as found:
        data = found.load()
    for name in ("date", "command"):
        assert data.attrs.pop(name)
    return data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sweep")
    assert sweep(path, "sweep.nc") == 0
    return path


def test_points_are_those_of_run(folder: Path, tmp_path: Path) -> None:
    found = opened(folder / "sweep.nc")
    assert found["fieldlike"].dims == ("rashba_parameter", "theta", "width")
    base = tmp_path / "base.toml"
    base.write_text(BASE)
    for i, j, k in ((0, 0, 0), (1, 1, 0), (1, 0, 1)):
        values = [("0.01 eV nm", "0.02 eV nm")[i], ("20 deg", "90 deg")[j], ("6 nm", "8 nm")[k]]
        keys = ("film.rashba_parameter", "magnetization.theta", "device.width")
        changes = [f"{key}={value}" for key, value in zip(keys, values, strict=True)]
        assert main(["run", str(base), "-o", str(tmp_path / "out"), "--set", *changes]) == 0
        expected = json.loads((tmp_path / "out" / "summary.json").read_text())
        point = found.isel(rashba_parameter=i, theta=j, width=k)
        torque = expected["torque"]
        fields = torque["effective_field_mT"]
        for name, value in {
            "fieldlike": torque["fieldlike"],
            "dampinglike": torque["dampinglike"],
            "torque_average_density": torque["average_density"],
            "torque_total": torque["total"],
            "torque_axis": torque["axis"],
            "fieldlike_field": fields["fieldlike"],
            "dampinglike_field_per_1e11": fields["per_1e11_A_per_m2"]["dampinglike"],
            "spin_density": expected["spin_density"]["average"],
            "voltage": [expected["terminals"][name]["voltage_V"] for name in ("source", "drain")],
            "current": [expected["terminals"][name]["current_A"] for name in ("source", "drain")],
            "balance_charge": expected["balance"]["charge"],
            "balance_section": expected["balance"]["section"],
            "balance_spin": expected["balance"]["spin"],
            "residual": expected["solver"]["residual"],
            "iterations": expected["solver"]["iterations"],
            "cells": expected["mesh"]["cells"],
            "dofs": expected["mesh"]["dofs"],
        }.items():
            # every digit
            assert point[name].values.tolist() == value, name
        assert str(point["warnings"].values) == "; ".join(expected["warnings"])


def test_coordinates_and_units(folder: Path) -> None:
    found = opened(folder / "sweep.nc")
    np.testing.assert_allclose(found["theta"], np.radians([20, 90]), rtol=1e-15)
    assert found["width"].values.tolist() == [6, 8]
    assert found["theta"].attrs["units"] == "rad"
    assert found["rashba_parameter"].attrs["units"] == "eV nm"
    assert found["width"].attrs["toml_key"] == "device.width"
    assert found["terminal"].values.tolist() == ["source", "drain"]
    assert all(found[name].attrs["long_name"] for name in found.variables if name not in found.dims)
    assert all("units" in found[name].attrs for name in found.data_vars if name not in ("warnings", "message"))
    m = found["magnetization"].sel(theta=np.radians(20), method="nearest").values
    np.testing.assert_allclose(m[..., 2], np.cos(np.radians(20)), rtol=1e-14)
    # the units of what is derived agree with each other
    field = found["fieldlike"] * found["field_per_torque"]
    np.testing.assert_allclose(field, found["fieldlike_field"], rtol=1e-14)
    per = found["fieldlike_field"] * 1e11 / found["current_density"]
    np.testing.assert_allclose(per, found["fieldlike_field_per_1e11"], rtol=1e-14)
    sheet = np.hypot(*np.moveaxis(found["charge_current"].values, -1, 0))
    np.testing.assert_allclose(sheet / 0.6e-9, found["current_density"], rtol=1e-14)
    # a current that runs from source to drain along x
    current = found["current"].sel(terminal="source")
    np.testing.assert_allclose(
        found["charge_current"].isel(direction_in_plane=0), current / (found["width"] * 1e-9), rtol=2e-2
    )
    config = json.loads(found.attrs["config"])
    assert config["magnetization"] == {"theta": "20 deg", "phi": "30 deg"}
    assert config["solver"]["method"] == "auto"
    assert json.loads(found.attrs["versions"])["fem_rashba"]


def test_the_exact_wire(tmp_path: Path) -> None:
    """Two lengths: their difference is a piece of an infinite wire, without terminals."""
    length = """
[drive]
electric_field = ["1 mV/nm", "0 V/nm"]
[sweep]
film.rashba_parameter = ["0.01 eV nm", "0.03 eV nm"]
device.length = ["24 nm", "30 nm"]
"""
    text = BASE.split("[terminals.source]")[0].replace('element_size = "2 nm"\ndegree = 2', "degree = 3") + length
    assert sweep(tmp_path, "wire.nc", text=text + "[output]\nplots = false\nfields = false\n") == 0
    found = opened(tmp_path / "wire.nc")["torque_total"].diff("length").isel(length=0) / (6 * 6)
    m = np.array([np.cos(np.radians(30)), np.sin(np.radians(30)), 0])
    for i, alpha in enumerate((0.01, 0.03)):
        g = 1e-3 * film(rashba_parameter=alpha).coefficients.states
        exact = HBAR * wire_profile(reference(rashba_parameter=alpha), m, 6.0, g).mean_torque
        assert np.abs(found[i] - exact).max() < 2e-5 * np.abs(exact).max()


def test_a_sweep_that_is_killed_again_and_again_ends_with_the_same_digits(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "sweep.toml").write_text(BASE + SWEEP)
    command = ["sweep", str(tmp_path / "sweep.toml"), "-o", str(tmp_path / "sweep.nc")]
    for at, done in {"1": 0, "3": 2, "-2": 4, "before": 8, "after": 8}.items():
        ended = subprocess.run([sys.executable, "-c", KILLED, at, *command], check=False, capture_output=True)
        assert ended.returncode == -9
        assert (tmp_path / "sweep.nc").exists() == (at == "after")
        assert (tmp_path / "sweep.nc.part" / "sweep.json").exists()
        # what is done so far can be read
        assert int(np.isfinite(read(tmp_path / "sweep.nc")["fieldlike"]).sum()) == done
        if at in ("-2", "after"):
            capsys.readouterr()
            assert main(["plot", str(tmp_path / "sweep.nc"), "-o", str(tmp_path / ".some.png")]) == 0
            said = " written\n" if done == 8 else f" written; {done} of 8 points are solved\n"
            assert capsys.readouterr().out.endswith(said)
    assert main(command) == 0
    xr.testing.assert_identical(opened(tmp_path / "sweep.nc"), opened(folder / "sweep.nc"))
    assert {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")} == {"sweep.toml", "sweep.nc"}


def mpi(ranks: int, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["mpirun", "-n", str(ranks), *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=200)


@pytest.mark.mpi
@pytest.mark.parametrize("parallel", ["points", "ranks"])
def test_the_same_on_two_ranks_and_after_a_kill(folder: Path, tmp_path: Path, parallel: str) -> None:
    (tmp_path / "sweep.toml").write_text(BASE + SWEEP.replace(', "8 nm"', "").replace(', "90 deg"', ""))
    words = ["sweep", "sweep.toml", "-o", "sweep.nc", "--solutions", "points", "--parallel", parallel]
    assert mpi(2, tmp_path, sys.executable, "-c", KILLED, "1", *words).returncode
    assert not (tmp_path / "sweep.nc").exists()
    done = mpi(2, tmp_path, "fem-rashba", *words)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name[:25] for path in (tmp_path / "points").iterdir()) == [
        ".sweep.json",
        "1_rashba_parameter=0.01_e",
        "2_rashba_parameter=0.02_e",
    ]
    found = opened(tmp_path / "sweep.nc")
    expected = opened(folder / "sweep.nc").isel(theta=[0], width=[0])
    if parallel == "points":
        # every digit
        xr.testing.assert_equal(found, expected)
    for name in ("fieldlike", "torque_total", "current", "spin_density", "dampinglike_field_per_1e11"):
        tolerance = 1e-9 * float(np.abs(expected[name]).max())
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=tolerance)


@pytest.mark.mpi
def test_an_error_of_one_rank_ends_all_with_one_sentence(tmp_path: Path) -> None:
    """On three ranks the point that is wrong on its mesh is the second rank's."""
    bad = BASE + '[sweep]\ndevice.element_size = ["2 nm", "1e-6 nm", "3 nm"]\n'
    (tmp_path / "sweep.toml").write_text(bad)
    done = mpi(3, tmp_path, "fem-rashba", "sweep", "sweep.toml", "-o", "sweep.nc")
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("[sweep] at device.element_size = '1e-6 nm'") == 1
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.toml"]


BROKEN = """
import sys
from fem_rashba.cli import main
from fem_rashba.results import solution
from fem_rashba.solvers.linear import ConvergenceError
solve = solution.solve_steady
def broken(problem, **options):
    if float(problem.film.rashba_parameter) == 0.02:
        raise ConvergenceError("it does not want to")
    return solve(problem, **options)
solution.solve_steady = broken
sys.exit(main(sys.argv[1:]))
"""


def test_a_point_that_does_not_converge_is_recorded(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text(BASE + SWEEP)
    words = [sys.executable, "-c", BROKEN, "sweep", "sweep.toml", "-o", "sweep.nc"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.returncode == 3
    assert "4 of 8 points did not converge" in done.stderr
    assert done.stderr.count("\n") == 1
    found, whole = opened(tmp_path / "sweep.nc"), opened(folder / "sweep.nc")
    assert set(found["message"].values[1].ravel()) == {"it does not want to"}
    assert bool(np.isnan(found["torque_total"][1]).all())
    xr.testing.assert_equal(found.isel(rashba_parameter=0), whole.isel(rashba_parameter=0))


ALONE = """
import sys
from fem_rashba.cli import exits, main
from fem_rashba.results import solution
from fem_rashba.solvers.linear import ConvergenceError
from fem_rashba.studies import record, sweep
exits.PATIENCE = sweep.PATIENCE = 1.0
solve, row = solution.solve_steady, record.record
def fail(problem, alpha, text):
    if problem.device.mesh.comm.rank == 1 and float(problem.film.rashba_parameter) == alpha:
        raise ConvergenceError(text)
def solving(problem, **options):
    fail(problem, 0.02, "one fails before the others begin")
    return solve(problem, **options)
def recording(found):
    made = row(found)
    fail(found.problem, 0.03, "one fails as the others end")
    return made
solution.solve_steady, record.record = solving, recording
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.mpi
def test_one_rank_of_a_point_fails_alone(tmp_path: Path) -> None:
    """The others may wait for it in a solve, which nothing can end but the end of all of them."""
    alphas = '[sweep]\nfilm.rashba_parameter = ["0.01 eV nm", "0.02 eV nm", "0.03 eV nm", "0.04 eV nm"]\n'
    (tmp_path / "sweep.toml").write_text(BASE + alphas)
    words = [sys.executable, "-c", ALONE, "sweep", "sweep.toml", "-o", "sweep.nc", "--parallel", "ranks"]
    first = mpi(2, tmp_path, *words)
    assert first.returncode == 3
    assert "at film.rashba_parameter = '0.02 eV nm' one rank failed alone: one fails before" in first.stderr
    assert np.isfinite(read(tmp_path / "sweep.nc")["fieldlike"]).values.tolist() == [True, False, False, False]
    # and the point is not tried again
    second = mpi(2, tmp_path, *words)
    assert second.returncode == 3
    assert "2 of 4 points did not converge" in second.stderr
    found = opened(tmp_path / "sweep.nc")
    assert np.isfinite(found["fieldlike"]).values.tolist() == [True, False, False, True]
    assert found["message"].values.tolist() == [
        "",
        "one fails before the others begin",
        "one fails as the others end",
        "",
    ]


def started(folder: Path, change: tuple[str, str] = ("", "")) -> None:
    """Leaves a sweep that was killed after a point."""
    (folder / "sweep.toml").write_text(BASE + SWEEP.replace(*change))
    command = ["sweep", str(folder / "sweep.toml"), "-o", str(folder / "sweep.nc")]
    subprocess.run([sys.executable, "-c", KILLED, "-1", *command], check=False, capture_output=True)


def test_another_sweep_and_another_process_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    started(tmp_path)
    before = sorted((tmp_path / "sweep.nc.part").iterdir())
    assert sweep(tmp_path, "sweep.nc", "--set", "film.spin_flip_time=2 ps") == 2
    assert 'a sweep with config.film.spin_flip_time = "1 ps", not "2 ps"' in capsys.readouterr().err
    assert sweep(tmp_path, "sweep.nc", text=(BASE + SWEEP).replace("20 deg", "21 deg")) == 2
    assert "sweep.magnetization.theta" in capsys.readouterr().err
    assert sorted((tmp_path / "sweep.nc.part").iterdir()) == before
    hold = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path / "sweep.nc.part" / "sweep.json")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert sweep(tmp_path, "sweep.nc") == 2
        assert "another process is working on the sweep" in capsys.readouterr().err
        other.communicate("\n")
    (tmp_path / "sweep.nc.part" / "sweep.json").write_text("{}")
    assert sweep(tmp_path, "sweep.nc") == 2
    assert "cannot be read: 'identity'; remove the folder to start anew" in capsys.readouterr().err


def test_foreign_outputs_are_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.nc").write_text("thesis")
    assert sweep(tmp_path, "mine.nc") == 2
    assert "mine.nc' exists and was not written by fem-rashba" in capsys.readouterr().err
    assert (tmp_path / "mine.nc").read_text() == "thesis"
    assert sweep(tmp_path, "sweep.txt") == 2
    assert "its name must end in .nc" in capsys.readouterr().err
    assert sweep(tmp_path, "nowhere/sweep.nc") == 2
    assert "does not exist" in capsys.readouterr().err
    with monkeypatch.context() as patch:
        patch.setattr("os.access", lambda *_: False)
        assert sweep(tmp_path, "sweep.nc") == 2
    assert "cannot be written to" in capsys.readouterr().err
    (tmp_path / "sweep.nc.part").mkdir()
    (tmp_path / "sweep.nc.part" / "thesis.tex").write_text("x")
    assert sweep(tmp_path, "sweep.nc") == 2
    assert "holds no sweep of fem-rashba" in capsys.readouterr().err
    for name in ("nowhere.nc", "mine.nc"):
        with pytest.raises(ValueError, match="must be a file that sweep wrote"):
            read(tmp_path / name)
    # one of ours is replaced
    small = BASE + '[sweep]\nfilm.couplings = ["paper", "consistent"]\n'
    (tmp_path / "ours.nc").write_bytes((folder / "sweep.nc").read_bytes())
    assert sweep(tmp_path, "ours.nc", text=small) == 0
    assert opened(tmp_path / "ours.nc")["couplings"].values.tolist() == ["paper", "consistent"]


WRONG: dict[str, tuple[str, str]] = {
    "section": ('flim.rashba_parameter = ["1 eV nm"]', "[sweep] cannot take flim; the nearest section is [film]"),
    "time": ('time.end = ["1 ps"]', "[sweep] cannot take time"),
    "key": ('film.rashba_paramter = ["1 eV nm"]', "the nearest valid key is film.rashba_parameter"),
    "key of a device": ('device.widht = ["1 nm"]', "the nearest valid key is device.width"),
    "quoted key": ('"film.rashba_paramter" = ["1 eV nm"]', "the nearest valid key is film.rashba_parameter"),
    "no section": ('theta = ["1 deg"]', "[sweep] cannot take theta"),
    "no list": ('film.rashba_parameter = "1 eV nm"', "sweep.film.rashba_parameter = '1 eV nm' must be a list"),
    "section for keys": ('film = ["1 eV nm"]', "sweep.film = ['1 eV nm'] must be a section with keys to sweep"),
    "empty list": ("film.rashba_parameter = []", "sweep.film.rashba_parameter = [] must have at least one value"),
    "empty": ("", "the section [sweep] is missing or empty"),
    "unit": ('device.width = ["6 nm", "7 eV"]', "sweep.device.width[1] = '7 eV' has the wrong dimension"),
    "no unit": ("device.width = [6.0]", "sweep.device.width[0] = 6.0 has no unit"),
    "twice": ('device.width = ["6 nm", "0.006 um"]', "sweep.device.width has '0.006 um' twice"),
    "key twice": ('device.width = ["6 nm"]\n"device.width" = ["7 nm"]', "[sweep] has device.width twice"),
    "one point": ('device.width = {start = "1 nm", stop = "2 nm", count = 1}', "sweep.device.width.count = 1 must be"),
    "no length": ('device.width = {start = "2 nm", stop = "2 nm", count = 3}', "start and stop are both '2 nm'"),
    "missing": ('device.width = {start = "2 nm", count = 3}', "sweep.device.width.stop is missing"),
    "misspelt": ('device.width = {start = "2 nm", end = "3 nm", count = 3}', "unknown key sweep.device.width.end"),
    "spacing": ('device.width = {start = "2 nm", stop = "3 nm", count = 3, spacing = "ln"}', "'linear' or 'log'"),
    "log": (
        'film.rashba_parameter = {start = "0 eV nm", stop = "1 eV nm", count = 3, spacing = "log"}',
        "'0 eV nm'; both",
    ),
    "unit of range": ('device.width = {start = "2 nm", stop = "3 eV", count = 3}', "sweep.device.width.stop = '3 eV'"),
    "range of words": (
        'film.couplings = {start = "paper", stop = "full", count = 3}',
        "film.couplings cannot be a range",
    ),
    "point": ('device.width = ["6 nm", "-5 nm"]', "[sweep] at device.width = '-5 nm': device.width = '-5 nm' must be"),
    "clash": ("magnetization.direction = [[1, 0, 0]]", "must have exactly one of direction, theta"),
    "value for section": ('film.custom = ["x"]', "sweep.film.custom = ['x'] must be a section"),
    "mesh": ('device.element_size = ["2 nm", "1e-6 nm"]', "[sweep] at device.element_size = '1e-6 nm'"),
    "terminal": ('terminals.sorce.voltage = ["1 mV"]', "terminals.sorce"),
}


@pytest.mark.parametrize("name", WRONG)
def test_one_sentence_for_a_bad_sweep(tmp_path: Path, capsys: pytest.CaptureFixture, name: str) -> None:
    text, part = WRONG[name]
    assert sweep(tmp_path, "sweep.nc", text=f"{BASE}[sweep]\n{text}\n") == 2
    out, said = capsys.readouterr()
    assert part in said
    assert said.count("\n") == 1
    assert out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.toml"]


def test_more_that_does_not_go_together(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert sweep(tmp_path, "sweep.nc", text=f'{BASE}[time]\nend = "1 ps"\n{SWEEP}') == 2
    assert "[time] does not go with [sweep]" in capsys.readouterr().err
    assert sweep(tmp_path, "sweep.nc", "--set", "magnetization.theta=10 deg") == 2
    assert "sets a key that [sweep] has too; set sweep.magnetization.theta" in capsys.readouterr().err
    assert sweep(tmp_path, "sweep.nc", "--set", "film.custom.x.y=1", text=BASE + SWEEP) == 2
    assert capsys.readouterr().err.count("\n") == 1


def axes(text: str) -> dict[str, Any]:
    import tomllib

    return {axis.name: axis for axis in sweeping.axes(tomllib.loads(text))}


def test_ranges() -> None:
    found = axes(
        'film.rashba_parameter = {start = "0 eV nm", stop = "0.1 eV nm", count = 11}\n'
        'device.length = {start = "1 nm", stop = "1 um", count = 4, spacing = "log"}\n'
        "film.effective_mass = {start = 1, stop = 0.5, count = 3}\n"
        'film.fermi_wavevector = {start = "1 1/nm", stop = "5 1/nm", count = 5}\n'
        'film.spin_flip_time = ["1 ps", "inf"]\n'
    )
    assert found["rashba_parameter"].values[3] == "0.03 eV nm"
    assert found["rashba_parameter"].values[::10] == ("0 eV nm", "0.1 eV nm")
    np.testing.assert_allclose(found["rashba_parameter"].numbers, np.linspace(0, 0.1, 11), rtol=1e-14)
    np.testing.assert_allclose(found["length"].numbers, [1, 10, 100, 1000], rtol=1e-14)
    assert found["effective_mass"].numbers == (1.0, 0.75, 0.5)
    assert found["fermi_wavevector"].numbers == (1, 2, 3, 4, 5)
    assert found["spin_flip_time"].numbers == (1.0, np.inf)


@pytest.mark.parametrize("text", ["10 fs", "1e3 nm", ".5nm", "-2 1/nm", "4 eV nm", "7 nm/ps"])
def test_number_and_unit(text: str) -> None:
    found = split(text)
    assert found is not None
    unit = found[1]
    base = {"fs": "ps", "nm": "nm", "1/nm": "1/nm", "eV nm": "eV nm", "nm/ps": "nm/ps"}[unit]
    assert quantity(f"{found[0]!r} {unit}", base) == quantity(text, base)


def test_no_number_and_unit() -> None:
    # pint reads it as 4.31 per nm
    assert split("4.31/nm") is None
    assert split("inf") is None


def test_names_of_dimensions() -> None:
    paths = [("device", "width"), ("magnetization", "width"), ("film", "rashba_parameter"), ("a", "terminal")]
    assert dimension_names(paths) == ["device_width", "magnetization_width", "rashba_parameter", "a_terminal"]
    paths = [("terminals", "a", "voltage"), ("terminals", "b", "voltage"), ("regions", "x y", "custom", "drive_factor")]
    assert dimension_names(paths) == ["a_voltage", "b_voltage", "drive_factor"]
    paths = [("regions", "x y", "film"), ("regions", "z", "film")]
    assert dimension_names(paths) == ["x_y_film", "z_film"]
    # the name of a variable too
    assert dimension_names([("terminals", "a", "voltage")]) == ["a_voltage"]


def test_the_voltage_of_a_terminal(tmp_path: Path) -> None:
    """Twice the voltage, twice the torque."""
    text = BASE + '[sweep]\nterminals.source.voltage = ["1 mV", "2 mV"]\n'
    assert sweep(tmp_path, "sweep.nc", text=text) == 0
    found = opened(tmp_path / "sweep.nc")
    assert found["source_voltage"].values.tolist() == [0.001, 0.002]
    assert found["voltage"].dims == ("source_voltage", "terminal")
    np.testing.assert_allclose(found["torque_total"][1], 2 * found["torque_total"][0], rtol=1e-8)


def test_dotted_and_quoted_keys_are_the_same() -> None:
    dotted = axes('terminals.source.voltage = ["1 mV", "2 mV"]\nfilm.polarization = [0.1]')
    quoted = axes('"terminals.source.voltage" = ["1 mV", "2 mV"]\n"film.polarization" = [0.1]')
    assert dotted == quoted
    assert list(dotted) == ["source_voltage", "polarization"]
