"""The solutions of a sweep: those of `run`, whole or absent, kept after a kill, side by side, and what may be wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_sweep import BASE, BROKEN, KILLED, mpi, opened, sweep

from fem_rashba import probe
from fem_rashba.cli import main
from fem_rashba.results import multiples
from fem_rashba.results.files import load

SWEEP = """
[sweep]
magnetization.theta = ["20 deg", "90 deg"]
film.rashba_parameter = ["0.01 eV nm", "0.02 eV nm"]
"""
NAMES = [
    "1_theta=20_deg_rashba_parameter=0.01_eV_nm",
    "2_theta=20_deg_rashba_parameter=0.02_eV_nm",
    "3_theta=90_deg_rashba_parameter=0.01_eV_nm",
    "4_theta=90_deg_rashba_parameter=0.02_eV_nm",
]
POINTS = [(2.0, 1.0), (5.0, 3.0), (9.0, 4.5)]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def values(out: Path) -> np.ndarray:
    return probe(load(out), POINTS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("solutions")
    assert sweep(path, "sweep.nc", "--solutions", str(path / "points"), text=BASE + SWEEP) == 0
    return path


def test_each_is_what_run_writes(folder: Path, tmp_path: Path) -> None:
    assert names(folder / "points") == NAMES
    (tmp_path / "base.toml").write_text(BASE)
    words = ["--set", "magnetization.theta=90 deg", "film.rashba_parameter=0.01 eV nm"]
    assert main(["run", str(tmp_path / "base.toml"), "-o", str(tmp_path / "out"), *words]) == 0
    made = folder / "points" / NAMES[2]
    assert names(made) == names(tmp_path / "out")
    summaries = [json.loads((path / "summary.json").read_text()) for path in (made, tmp_path / "out")]
    for key in ("config", "torque", "terminals", "mesh"):
        assert summaries[0][key] == summaries[1][key]
    np.testing.assert_array_equal(values(made), values(tmp_path / "out"))
    # and what the sweep's own file says
    found = opened(folder / "sweep.nc")["torque_total"].isel(theta=1, rashba_parameter=0)
    assert found.values.tolist() == summaries[0]["torque"]["total"]


def test_side_by_side_in_the_order_of_the_sweep(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def draw(each, titles, path, name, mesh):  # type: ignore[no-untyped-def]
        drawn.extend(title.replace("\u00a0", " ") for title in titles)
        return original(each, titles, path, name, mesh)

    original = multiples.plot_multiples
    monkeypatch.setattr(multiples, "plot_multiples", draw)
    outs = [str(folder / "points" / name) for name in names(folder / "points")]
    assert main(["plot", *outs, "--quantity", "Sz", "-o", str(tmp_path / "multiples.png")]) == 0
    assert (tmp_path / "multiples.png").read_bytes().startswith(b"\x89PNG")
    # the swept keys, and nothing else
    assert set(drawn) == {
        f"film.rashba_parameter = {alpha} eV nm, magnetization.theta = {theta} deg"
        for theta in (20, 90)
        for alpha in (0.01, 0.02)
    }
    assert [title.endswith("20 deg") for title in drawn] == [True, True, False, False]


def test_a_kill_and_what_is_kept(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text(BASE + SWEEP)
    place = tmp_path / "points"
    command = ["sweep", str(tmp_path / "sweep.toml"), "-o", str(tmp_path / "sweep.nc"), "--solutions", str(place)]
    # killed as it notes the third point, whose folder is then there
    ended = subprocess.run([sys.executable, "-c", KILLED, "3", *command], check=False, capture_output=True)
    assert ended.returncode == -9
    assert names(place) == NAMES[:3]
    # as a kill in writing the fourth leaves it, and as if the second had been removed
    (place / f".{NAMES[3]}.1.tmp").mkdir()
    (place / NAMES[1]).rename(tmp_path / "removed")
    before = {name: (place / name / "summary.json").stat().st_mtime_ns for name in (NAMES[0], NAMES[2])}
    assert main(command) == 0
    assert {path.name for path in place.iterdir()} == {*NAMES, ".sweep.json"}
    for name in NAMES:
        np.testing.assert_array_equal(values(place / name), values(folder / "points" / name))
    after = {name: (place / name / "summary.json").stat().st_mtime_ns for name in before}
    # the first is kept; the third was not noted
    assert after[NAMES[0]] == before[NAMES[0]]
    assert after[NAMES[2]] > before[NAMES[2]]
    assert opened(tmp_path / "sweep.nc").equals(opened(folder / "sweep.nc"))


@pytest.mark.mpi
@pytest.mark.parametrize("parallel", ["points", "ranks"])
def test_on_three_ranks(folder: Path, tmp_path: Path, parallel: str) -> None:
    (tmp_path / "sweep.toml").write_text(BASE + SWEEP)
    words = ["sweep", "sweep.toml", "-o", "sweep.nc", "--solutions", "points", "--parallel", parallel]
    done = mpi(3, tmp_path, "fem-rashba", *words)
    assert done.returncode == 0, done.stderr
    assert names(tmp_path / "points") == NAMES
    found, expected = opened(tmp_path / "sweep.nc"), opened(folder / "sweep.nc")
    for name in ("fieldlike", "dampinglike", "torque_total", "current", "spin_density", "voltage"):
        tolerance = 0 if parallel == "points" else 1e-9 * float(np.abs(expected[name]).max())
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=tolerance)
    for name in NAMES:
        wanted = values(folder / "points" / name)
        error = np.abs(values(tmp_path / "points" / name) - wanted)
        assert (error <= 1e-9 * np.abs(wanted).max(axis=0)).all()


def test_a_point_without_a_solution(tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text(BASE + SWEEP)
    words = [sys.executable, "-c", BROKEN, "sweep", "sweep.toml", "-o", "sweep.nc", "--solutions", "points"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.returncode == 3
    assert names(tmp_path / "points") == [NAMES[0], NAMES[2]]


def test_names(tmp_path: Path) -> None:
    """Nothing to quote, no two the same, and none too long for a file system."""
    from fem_rashba.config import sweeping
    from fem_rashba.studies.solutions import Solutions

    path = tmp_path / "sweep.toml"
    path.write_text(
        BASE.replace('theta = "90 deg"\nphi = "30 deg"', "direction = [1, 0, 0]")
        + "[sweep]\nmagnetization.direction = [[1, 0, 0], [0, -1, 0.5]]\n"
        + 'film.fermi_wavevector = ["4.3 1/nm", "4.31 /nm", "4 1/nm"]\n'
        + "".join(f'terminals.source.{key} = ["{value}"]\n' for key, value in {"voltage": "1 mV"}.items())
        + 'device.length = { start = "12 nm", stop = "12.3333333333333 nm", count = 2 }\n'
    )
    plan = sweeping.load(path)
    kept = Solutions(folder=tmp_path, axes=plan.axes, identity={})
    every = [kept.of(point).name for point in range(plan.size)]
    assert every[0] == "01_direction=1_0_0_fermi_wavevector=4.3_1_nm_source_voltage=1_mV_length=12_nm"
    assert every == sorted(set(every))
    assert all(len(name) <= 120 for name in every)
    assert all(name.replace("=", "").replace("_", "").replace(".", "").replace("-", "").isalnum() for name in every)


def test_what_may_be_wrong(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    def said(target: str | Path, *words: str) -> str:
        assert sweep(tmp_path, "sweep.nc", "--solutions", str(target), *words, text=BASE + SWEEP) == 2
        text = capsys.readouterr().err
        assert text.count("\n") == 1
        assert names(tmp_path) == before
        return text

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    (tmp_path / "file").write_text("x")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / ".sweep.json").write_text("{")
    before = sorted([*names(tmp_path), "sweep.toml"])
    for name in ("mine", "file"):
        assert f"{name}' exists and was not written by fem-rashba" in said(tmp_path / name)
    assert "does not exist" in said(tmp_path / "nowhere" / "points")
    assert "is where the sweep itself is written" in said(tmp_path / "sweep.nc")
    assert "is where the sweep itself is written" in said(tmp_path / "sweep.nc.part")
    assert "has one solution, not those of a sweep" in said(folder / "points" / NAMES[0])
    assert "cannot be read" in said(tmp_path / "damaged")
    text = said(folder / "points", "--set", "film.spin_flip_time=2 ps")
    assert 'has the solutions of a sweep with config.film.spin_flip_time = "1 ps", not "2 ps"' in text
    # a wrong point leaves nothing behind
    bad = BASE + '[sweep]\ndevice.element_size = ["2 nm", "1e-6 nm"]\n'
    assert sweep(tmp_path, "sweep.nc", "--solutions", str(tmp_path / "new"), text=bad) == 2
    assert names(tmp_path) == before
