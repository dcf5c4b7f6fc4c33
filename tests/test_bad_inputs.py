"""What a user may get wrong: one line that names the fault, exit status 2, and nothing left behind.

Each file in tests/bad has one fault; its first line says what the message must contain, parts separated by " | ".
"""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from samples import FILM_TOML

from fem_rashba.cli import main

BAD = Path(__file__).parent / "bad"
FILES = sorted(BAD.glob("*.toml"))
GOOD = (
    FILM_TOML
    + """
[device]
shape = "wire"
length = "20 nm"
width = "8 nm"
degree = 1

[magnetization]
direction = [1, 0, 0]

[terminals.source]
voltage = "1 mV"

[terminals.drain]
voltage = "0 V"

[output]
plots = false
"""
)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A file without a fault, by itself in a folder."""
    path = tmp_path / "good.toml"
    path.write_text(GOOD)
    return path


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line that a command in this process ends with."""
    status = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return one_line(status, out, err)


def refused_process(*arguments: object, before: Callable[[], None] | None = None, cwd: Path | None = None) -> str:
    """The one line that a command in a process of its own ends with."""
    command = [sys.executable, "-m", "fem_rashba", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=before, cwd=cwd, timeout=300)
    # where no shared memory can be had, the MPI library says so by itself
    lines = [line for line in done.stderr.splitlines(keepends=True) if line.startswith("fem-rashba: ")]
    assert "Traceback" not in done.stderr
    return one_line(done.returncode, done.stdout, "".join(lines))


def one_line(status: int, out: str, err: str) -> str:
    """The message, if it is what it must be."""
    assert status == 2, err
    assert out == ""
    assert err.startswith("fem-rashba: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


def names(folder: Path) -> set[str]:
    """What is in a folder, hidden or not."""
    return {path.name for path in folder.iterdir()}


def test_there_are_enough() -> None:
    """The list of faults is not lost."""
    assert len(FILES) >= 80


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message of every bad file, from run."""
    first = path.read_bytes().split(b"\n")[0].decode()
    message = refused(capsys, "run", path, "-o", tmp_path / "out")
    for part in first.removeprefix("# error: ").split(" | "):
        assert part in message
    assert names(tmp_path) == set()


def test_good_file(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the bad files and cases differ from runs."""
    assert main(["run", str(good), "-o", str(good.parent / "out")]) == 0
    assert names(good.parent) == {"good.toml", "out"}
    assert {"summary.json", "solution.npz", "fields.pvd"} <= names(good.parent / "out")


@pytest.mark.parametrize("command", ["check", "mesh", "run"])
def test_missing_file(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there."""
    out = [] if command == "check" else ["-o", tmp_path / "out.msh"]
    assert "nowhere.toml" in refused(capsys, command, tmp_path / "nowhere.toml", *out)
    assert names(tmp_path) == set()


def test_folder_for_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder where a file is due."""
    assert f"'{tmp_path}' cannot be read: is a directory" in refused(capsys, "check", tmp_path)


def test_deep_toml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lists nested beyond what the reader of TOML can follow."""
    path = tmp_path / "deep.toml"
    path.write_text("x = " + "[" * 100_000)
    assert f"'{path}' is not valid TOML" in refused(capsys, "check", path)


def without_override() -> None:
    """Let permissions bind root too in the process to be started: it may no longer override them."""
    drop_from_bounding_set, override, search = 24, 1, 2
    for capability in (override, search):
        ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0)


def test_unreadable_file(good: Path) -> None:
    """A file without permission to read it."""
    good.chmod(0)
    assert f"'{good}' cannot be read: permission denied" in refused_process("check", good, before=without_override)


def test_unwritable_folder(good: Path) -> None:
    """No permission to write where OUT shall be."""
    closed = good.parent / "closed"
    closed.mkdir(mode=0o555)
    message = refused_process("run", good, "-o", closed / "out", before=without_override)
    assert str(closed) in message
    message = refused_process("mesh", good, "-o", closed / "out.msh", before=without_override)
    assert str(closed / "out.msh") in message
    assert names(closed) == set()


@pytest.mark.parametrize("command, out", [("run", "out"), ("mesh", "out.msh")])
def test_read_only_file_system(command: str, out: str, good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A place where not even root can write."""
    assert "/proc" in refused(capsys, command, good, "-o", f"/proc/{out}")


def small_files() -> None:
    """Let files end at 64 KiB, as if the disk were full: writes beyond fail with an error."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))


@pytest.mark.parametrize("fields", ["true", "false"])
def test_full_disk(fields: str, good: Path) -> None:
    """A disk that becomes full while OUT is written, by the writer of VTK or that of the state."""
    out = good.parent / "out"
    settings = [f"output.fields={fields}", "device.element_size=0.5 nm"]
    message = refused_process("run", good, "-o", out, "--set", *settings, before=small_files)
    assert f"{out}: no space left" in message
    assert names(good.parent) == {"good.toml"}


def test_full_disk_mesh(good: Path) -> None:
    """A disk that becomes full while a mesh is written, which Gmsh does not say."""
    out = good.parent / "out.msh"
    message = refused_process("mesh", good, "-o", out, "--set", "device.element_size=0.2 nm", before=small_files)
    assert f"{out}: no space left" in message
    assert names(good.parent) == {"good.toml"}


def test_existing_file_as_out(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """OUT is a file of the user."""
    assert str(good) in refused(capsys, "run", good, "-o", good)
    assert good.read_text() == GOOD


def test_existing_folder_as_out(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """OUT is a folder of the user, with or without something in it."""
    out = good.parent / "mine"
    out.mkdir()
    assert str(out) in refused(capsys, "run", good, "-o", out)
    (out / "summary.json").write_text("{}")
    assert str(out) in refused(capsys, "run", good, "-o", out)
    assert names(out) == {"summary.json"}


def test_existing_mesh_as_out(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mesh that the user has drawn is not replaced; one that the program wrote is."""
    mine = good.parent / "mine.msh"
    mine.write_text((BAD / "in_metres.msh").read_text())
    assert str(mine) in refused(capsys, "mesh", good, "-o", mine)
    assert mine.read_text() == (BAD / "in_metres.msh").read_text()
    ours = good.parent / "ours.msh"
    for _ in range(2):
        assert main(["mesh", str(good), "-o", str(ours)]) == 0


@pytest.mark.parametrize("out", ["device.geo", "nowhere/device.msh"])
def test_mesh_name(out: str, good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mesh without the ending of one, or in a folder that is not there."""
    assert out in refused(capsys, "mesh", good, "-o", good.parent / out)


def test_out_below_nowhere(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """OUT in a folder that is not there."""
    assert "nowhere" in refused(capsys, "run", good, "-o", good.parent / "nowhere" / "out")


@pytest.mark.parametrize("command", ["probe", "plot"])
def test_no_solution(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without a solution, and with a damaged one."""
    more = ["--line", "0,0", "1,1", "-n", "2"] if command == "probe" else []
    assert str(tmp_path) in refused(capsys, command, tmp_path, *more)
    (tmp_path / "solution.npz").write_bytes(b"PK\x03\x04 damaged")
    assert "solution.npz" in refused(capsys, command, tmp_path, *more)
    assert names(tmp_path) == {"solution.npz"}


@pytest.mark.parametrize(
    "text, says",
    [
        ("", "no points"),
        ("x,z\n1,2\n", "column 'y'"),
        ("x,y\n1,2\n3\n", "line 3: y = ''"),
        ("x,y\n1,nan\n", "line 2: y = 'nan'"),
        ("1 nm,2 nm\n", "column 'x'"),
        ("x,y\n1,two\n", "line 2: y = 'two'"),
    ],
)
def test_points(text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files of points that cannot be used; the message comes before OUT is looked for."""
    path = tmp_path / "points.csv"
    path.write_text(text)
    message = refused(capsys, "probe", tmp_path, "--points", path)
    assert says in message
    assert "points.csv" in message


def test_points_unreadable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No file of points, and one that is no text."""
    path = tmp_path / "points.csv"
    assert str(path) in refused(capsys, "probe", tmp_path, "--points", path)
    path.write_bytes(b"\xff\xfe\x00")
    assert "not text" in refused(capsys, "probe", tmp_path, "--points", path)


@pytest.mark.parametrize(
    "arguments, says",
    [
        ([], "COMMAND"),
        (["rnu"], "'rnu'"),
        (["run"], "CONFIG.toml"),
        (["run", "x.toml"], "-o"),
        (["run", "x.toml", "-o"], "-o"),
        (["run", "x.toml", "-o", "out", "--sett", "a.b=1"], "--sett"),
        (["new", "wier"], "'wier'"),
        (["check", "x.toml", "--set"], "--set"),
        (["check", "x.toml", "--set", "film"], "--set 'film'"),
        (["check", "x.toml", "--", "-ksp_type", "cg"], "PETSc"),
        (["run", "x.toml", "-o", "out", "--", "cg"], "'cg'"),
        (["probe", "out"], "--points"),
        (["probe", "out", "--line", "0,0", "1", "-n", "2"], "'1'"),
        (["probe", "out", "--line", "0,0", "1,nan", "-n", "2"], "'1,nan'"),
        (["probe", "out", "--line", "0,0", "-n", "2"], "--line"),
        (["probe", "out", "--line", "0,0", "1,1", "-n", "1"], "-n"),
        (["probe", "out", "--line", "0,0", "1,1", "-n", "2.5"], "-n"),
        (["probe", "out", "--line", "0,0", "1,1", "-n", "-5"], "-n"),
        (["probe", "out", "--line", "0,0", "1,1", "-n", "2", "--points", "x.csv"], "--points"),
        (["probe", "out", "--points", "x.csv", "-n", "2"], "-n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_usage(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Commands that cannot be understood."""
    assert says in refused(capsys, *arguments)


@pytest.mark.parametrize(
    "setting, says",
    [
        ("film=3", "section.key=value"),
        ("film.rashba_paramter=0 eV nm", "film.rashba_parameter"),
        ("film.exchange_time=3", "no unit"),
        ("flim.exchange_time=3 fs", "[film]"),
        ("film.exchange_time.fast=3 fs", "film.exchange_time is not a section"),
        ("film..x=3", "section.key=value"),
        ("device.degree=1\nfilm.x=3", "1\\nfilm.x=3"),
    ],
)
def test_override(setting: str, says: str, good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Values of --set are checked like those of the file."""
    assert says in refused(capsys, "check", good, "--set", setting)


def test_memory(good: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Not enough memory, which is what the user can do something about."""
    from fem_rashba.results import solution

    def greedy(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(solution, "solve", greedy)
    assert "memory" in refused(capsys, "run", good, "-o", good.parent / "out")
    assert names(good.parent) == {"good.toml"}


def test_not_installed(good: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python without dolfinx."""
    monkeypatch.delitem(sys.modules, "fem_rashba.devices.shapes", raising=False)
    monkeypatch.delitem(sys.modules, "fem_rashba.devices.shape", raising=False)
    monkeypatch.delattr("fem_rashba.devices.shapes", raising=False)
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    message = refused(capsys, "check", good)
    assert "mpi4py is not installed" in message
    assert "environment.yml" in message


def test_points_outside(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A point that is not in the device."""
    out = good.parent / "out"
    assert main(["run", str(good), "-o", str(out), "--set", "output.fields=false"]) == 0
    capsys.readouterr()
    assert "x = -10 nm" in refused(capsys, "probe", out, "--line", "-10,0", "10,0", "-n", "3")
    before = names(out)
    assert str(good) in refused(capsys, "plot", out, "-o", good)
    assert names(out) == before
    assert os.path.isfile(good)
