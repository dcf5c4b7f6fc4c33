"""The command line: what the commands print and write, and how they end."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from samples import FILM_TOML

from fem_rashba import __version__
from fem_rashba.cli import main
from fem_rashba.cli.closing import scaled
from fem_rashba.cli.words import petsc_options
from fem_rashba.config import load
from fem_rashba.config.templates import SHAPES, template

SMALL = (
    FILM_TOML
    + """
[device]
shape = "hall_cross"
arm_width = "12 nm"
arm_length = "6 nm"
element_size = "2 nm"
degree = 2

[magnetization]
direction = [1, 0, 1]

[terminals.source]
voltage = "1 mV"

[terminals.drain]
voltage = "0 V"

[terminals.right]
open = true
"""
)
HEAVY = ("dolfinx", "gmsh", "pyvista", "mpi4py", "petsc4py", "matplotlib")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A small device."""
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What run writes for the small device, without plots."""
    folder = tmp_path_factory.mktemp("solved")
    (folder / "small.toml").write_text(SMALL)
    out = folder / "out"
    assert main(["run", str(folder / "small.toml"), "-o", str(out), "--set", "output.plots=false"]) == 0
    return out


def output(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What a command prints that ends well."""
    assert main([str(argument) for argument in arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def process(*arguments: object, **options: object) -> subprocess.Popen[str]:
    """A command in a process of its own."""
    command = [sys.executable, "-m", "fem_rashba", *map(str, arguments)]
    return subprocess.Popen(command, text=True, **options)  # type: ignore[call-overload, no-any-return]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version prints that of the package."""
    assert output(capsys, "--version") == f"fem-rashba {__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["probe", "-h"]])
def test_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Help is no error."""
    assert "usage: fem-rashba" in output(capsys, *arguments)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["new", "wire"], ["check", "wire.toml"]], ids=lambda a: a[0]
)
def test_quick_commands_import_little(arguments: list[str], tmp_path: Path) -> None:
    """What needs no finite elements, mistakes in a file among it, does not wait for their libraries."""
    (tmp_path / "wire.toml").write_text(SMALL.replace("fermi_wavevector", "fermi_wavevectr"))
    script = (
        f"import sys; from fem_rashba.cli import main; main({arguments!r}); "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_and_templates_do_not_wait_for_numpy(tmp_path: Path) -> None:
    """Nor for UFL and pint, which are what takes time in what needs no finite elements."""
    script = (
        "import sys; from fem_rashba.cli import main; main(['new', 'wire']); main(['--help']); "
        "print([name for name in ('numpy', 'ufl', 'pint') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("shape", SHAPES)
def test_templates_run(shape: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every template is a file that runs, with coarse elements here; that of a mesh with its mesh."""
    path = tmp_path / f"{shape}.toml"
    path.write_text(output(capsys, "new", shape))
    assert "unknowns" in output(capsys, "check", *_with_mesh(shape, path))
    coarse = [] if shape == "mesh" else ["--set", "device.element_size=10 nm", "device.degree=1"]
    text = output(capsys, "run", path, "-o", tmp_path / "out", *coarse, "--set", "output.plots=false")
    assert text.startswith(f"{tmp_path / 'out'} written")


def _with_mesh(shape: str, path: Path) -> list[Path]:
    """The path, after the file that the template of "mesh" or "gds" names has been made."""
    if shape == "mesh":
        other = path.parent / "wire.toml"
        other.write_text(template("wire"))
        size = ["--set", "device.length=50 nm", "device.element_size=10 nm"]
        assert main(["mesh", str(other), "-o", str(path.parent / "device.msh"), *size]) == 0
    if shape == "gds":
        shutil.copy(Path(__file__).parents[1] / "meshes" / "hall_bar.gds", path.parent / "device.gds")
    return [path]


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape not in ("mesh", "gds")])
def test_templates_in_comments(shape: str, tmp_path: Path) -> None:
    """What a template has in comments is valid as well: each block by itself."""
    text = template(shape)
    blocks = re.findall(r"(?m)(?:^# (?:\w+ = |\[).*\n)+", text)
    # these are in place of something else
    blocks = [re.sub(r"# electric_field .*\n", "", block) for block in blocks if "texture" not in block]
    assert len(blocks) >= 3
    for block in blocks:
        path = tmp_path / "uncommented.toml"
        path.write_text(text.replace(block, re.sub("(?m)^# ", "", block)))
        load(path)


@pytest.mark.parametrize(
    "setting",
    [
        {"texture": '"neel_wall"', "center": '["60 nm", "0 nm"]', "width": '"5 nm"', "angle": '"0 deg"'},
        {"texture": '"spiral"', "period": '"50 nm"', "direction": "[1, 0]", "plane": '"xz"'},
        {"texture": '"skyrmion"', "center": '["60 nm", "0 nm"]', "radius": '"10 nm"', "width": '"5 nm"'},
        {"expression": '["sin(x/10)", "0", "cos(x/10)"]'},
        {"theta": '"90 deg"', "phi": '"0 deg"'},
    ],
)
def test_magnetizations_of_templates(setting: dict[str, str], tmp_path: Path) -> None:
    """The alternatives that the comments of [magnetization] offer."""
    text = re.sub(r"(?m)^direction = .*\n", "".join(f"{k} = {v}\n" for k, v in setting.items()), template("wire"))
    path = tmp_path / "texture.toml"
    path.write_text(text)
    load(path)
    for key in setting:
        assert re.search(rf"\b{key}\b", template("wire"))


def test_check(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Coefficients with units, lengths, five verdicts, cells, unknowns, memory; nothing is written."""
    text = output(capsys, "check", small)
    assert re.search(r"D +123\.9 nm\^2/ps", text)
    assert re.search(r"shortest +0\.905", text)
    assert len(re.findall(r"(?m)^  (?:ok|WARN) ", text)) == 5
    assert re.search(r"WARN kF vF tau >> 1 +2\.14 +should be at least 5", text)
    assert re.search(r"cells +108\b", text)
    assert re.search(r"unknowns +1924 of degree 2", text)
    assert re.search(r"memory +[\d.]+ GB, direct solver", text)
    assert "right (open)" in text
    assert "left (floating)" in text
    assert [path.name for path in small.parent.iterdir()] == ["small.toml"]


def test_check_counts_what_run_solves(solved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The cost that check states is that of run."""
    mesh = json.loads((solved / "summary.json").read_text())["mesh"]
    text = output(capsys, "check", solved.parent / "small.toml")
    assert re.search(rf"cells +{mesh['cells']}\b", text)
    assert re.search(rf"unknowns +{mesh['dofs']}\b", text)


def test_run(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The closing report has the main numbers of summary.json, which has the configuration and the warnings."""
    out = small.parent / "out"
    more = ["film.thickness=0.6 nm", "film.saturation_magnetization=1 MA/m", "output.plots=false"]
    text = output(capsys, "run", small, "-o", out, "--set", *more, "--", "-ksp_type", "gmres")
    found = json.loads((out / "summary.json").read_text())
    assert found["config"]["device"]["element_size"] == "2 nm"
    assert found["config"]["film"]["thickness"] == "0.6 nm"
    assert found["config"]["solver"]["petsc"] == {"ksp_type": "gmres"}
    assert f"{found['mesh']['dofs']} unknowns" in text
    assert re.search(r"source +1 mV +\S+ nA", text)
    assert re.search(r"right +open", text)
    assert re.search(rf"fieldlike +{found['torque']['fieldlike']:.5g} +eV/nm\^2 .* mT", text)
    assert re.search(rf"spin +{found['balance']['spin']:.1e}", text)
    assert len(found["warnings"]) >= 2
    for warning in found["warnings"]:
        assert f"warning: {warning}\n" in text


def test_run_again(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An OUT of ours is replaced as a whole."""
    out = small.parent / "out"
    output(capsys, "run", small, "-o", out, "--set", "output.plots=false")
    assert (out / "fields.pvd").exists()
    (out / "left over.txt").write_text("")
    output(capsys, "run", small, "-o", out, "--set", "output.plots=false", "output.fields=false")
    assert {path.name for path in out.iterdir()} == {"summary.json", "solution.npz"}
    assert {path.name for path in small.parent.iterdir()} == {"small.toml", "out"}


def test_not_converged(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 3, one line, no OUT."""
    options = ["-ksp_type", "gmres", "-pc_type", "none", "-ksp_max_it", "3"]
    assert main(["run", str(small), "-o", str(small.parent / "out"), "--", *options]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"fem-rashba: .*residual.*\n", err)
    assert [path.name for path in small.parent.iterdir()] == ["small.toml"]


def test_mesh(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The mesh of a device, and the same device from it."""
    path = small.parent / "cross.msh"
    assert output(capsys, "mesh", small, "-o", path) == f"{path} written\n"
    text = small.read_text()
    again = small.parent / "again.toml"
    again.write_text(re.sub(r"(?s)shape = .*?degree", 'mesh = "cross.msh"\ndegree', text))
    first, second = (output(capsys, "check", file) for file in (small, again))
    assert first.split("mesh of")[0] == second.split("mesh of")[0]
    for words in ("cells", "unknowns", "element size"):
        assert re.search(rf"{words}.*", first)[0] == re.search(rf"{words}.*", second)[0]  # type: ignore[index]


def table(text: str) -> tuple[list[str], np.ndarray]:
    """Names and values of a CSV file."""
    names, *rows = csv.reader(io.StringIO(text))
    return names, np.array(rows, dtype=float)


def test_probe_line(solved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Equidistant points, negative ones too, with the columns of the contract."""
    names, values = table(output(capsys, "probe", solved, "--line", "-10,-0.5", "10,.5", "-n", "5"))
    assert names == ["x", "y", "n", "Sx", "Sy", "Sz", "Tx", "Ty", "Tz", "potential"]
    assert values[:, 0].tolist() == [-10, -5, 0, 5, 10]
    assert values[:, 1].tolist() == [-0.5, -0.25, 0, 0.25, 0.5]
    assert np.all(np.diff(values[:, 9]) < 0)


@pytest.mark.parametrize(
    "text",
    ["x,y\n-10,0\n3,2.5\n", "name,y,x\na,0,-10\nb,2.5,3\n", "-10,0\n3, 2.5\n", "\ufeffx,y\r\n-10,0\r\n\r\n3,2.5\r\n"],
)
def test_probe_points(text: str, solved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Columns x and y in any order, or nothing but two columns."""
    path = tmp_path / "points.csv"
    path.write_text(text)
    _, values = table(output(capsys, "probe", solved, "--points", path))
    assert values[:, :2].tolist() == [[-10, 0], [3, 2.5]]


def test_probe_is_that_of_python(solved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints what the function returns."""
    from fem_rashba.results.files import load as load_solution
    from fem_rashba.results.probe import probe

    _, values = table(output(capsys, "probe", solved, "--line", "-9,1", "8,-2", "-n", "4"))
    assert probe(load_solution(solved), values[:, :2]) == pytest.approx(values, rel=1e-11)


def test_plot(solved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """PNG files into OUT or another folder, and nothing else."""
    before = {path.name for path in solved.iterdir()}
    folder = tmp_path / "maps"
    output(capsys, "plot", solved, "-o", folder)
    maps = {path.name for path in folder.iterdir()}
    assert len(maps) >= 5
    assert all(name.endswith(".png") for name in maps)
    assert [path.name for path in tmp_path.iterdir()] == ["maps"]
    output(capsys, "plot", solved)
    assert {path.name for path in solved.iterdir()} == before | maps


def test_petsc_options() -> None:
    """Values may be negative numbers; options may have none."""
    words = "-ksp_monitor -ksp_rtol 1e-3 -shift -1e-3 --pc_type ilu -x -.5 -last"
    assert petsc_options(words.split()) == {
        "ksp_monitor": "",
        "ksp_rtol": "1e-3",
        "shift": "-1e-3",
        "pc_type": "ilu",
        "x": "-.5",
        "last": "",
    }


@pytest.mark.parametrize(
    "value, text",
    [(0.0, "0 A"), (1e-3, "1 mA"), (-1.3822e-8, "-13.822 nA"), (999.0, "999 A"), (1e-18, "1e-18 A"), (1e-9, "1 nA")],
)
def test_scaled(value: float, text: str) -> None:
    """Prefixes of units."""
    assert scaled(value, "A") == text


def test_progress(small: Path) -> None:
    """Stages are shown on a terminal, and their line is gone in the end; elsewhere there are none."""
    terminal, end = pty.openpty()
    running = process("check", small, stdout=subprocess.PIPE, stderr=end)
    os.close(end)
    assert "unknowns" in running.communicate(timeout=120)[0]
    shown = b""
    while select.select([terminal], [], [], 0)[0]:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
    os.close(terminal)
    assert b"meshing" in shown
    assert shown.endswith(b"\r\x1b[K")


def test_interrupt(small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a command with one line."""
    from fem_rashba.results import solution

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(solution, "solve", interrupted)
    assert main(["run", str(small), "-o", str(small.parent / "out")]) == 130
    assert capsys.readouterr() == ("", "fem-rashba: interrupted\n")


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_leave_nothing_behind(number: signal.Signals, status: int, small: Path) -> None:
    """A command that is stopped while it writes removes what it has written."""
    script = (
        "import sys, time\n"
        "from fem_rashba.cli import main\n"
        "from fem_rashba.results.archive import Writer\n"
        "Writer.rows = lambda *_: (print('writing', flush=True), time.sleep(60))\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", script, "run", small, "-o", small.parent / "out", "--set", "output.plots=false"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "writing\n"
    assert len(list(small.parent.iterdir())) == 2
    running.send_signal(number)
    assert running.wait(timeout=60) == status
    running.stdout.close()
    assert [path.name for path in small.parent.iterdir()] == ["small.toml"]


def test_closed_pipe() -> None:
    """Whoever reads may stop reading."""
    running = process("new", "wire", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    assert running.stderr.read() == ""
    running.stderr.close()
    assert running.wait(timeout=60) == 141


def test_pipe_closed_under_petsc(solved: Path) -> None:
    """Nor does PETSc, which is running by then, say anything about it."""
    words = ("probe", solved, "--line", "-10,0", "10,0", "-n", "2000")
    running = process(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.readline()
    running.stdout.close()
    assert running.stderr.read() == ""
    running.stderr.close()
    assert running.wait(timeout=60) == 141


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_full_output(stream: str, tmp_path: Path) -> None:
    """Output that cannot be written is an error, and no traceback."""
    with open("/dev/full", "w") as full:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: full}
        running = process("new", "wire" if stream == "stdout" else "wier", **streams)
        out, err = running.communicate(timeout=60)
    assert running.returncode == 2
    assert (out or "") == ""
    assert (err or "").count("\n") == (1 if stream == "stdout" else 0)


def test_bug(small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw shows where it happened."""
    from fem_rashba.cli import commands

    def broken(*_: object) -> None:
        raise KeyError("bug")

    monkeypatch.setattr(commands, "check", broken)
    assert main(["check", str(small)]) == 1
    assert capsys.readouterr().err.startswith("Traceback")
    monkeypatch.setattr(commands, "check", lambda _: int("x"))
    assert main(["check", str(small)]) == 2
    monkeypatch.setenv("FEM_RASHBA_TRACEBACK", "1")
    assert main(["check", str(small)]) == 2
    assert "Traceback" in capsys.readouterr().err


RANKS = """
import sys, time
from mpi4py import MPI
from fem_rashba.cli import commands
from fem_rashba.cli import main
rank = MPI.COMM_WORLD.rank
def check(_):
    print("printed once")
    if rank == 1:
        time.sleep({late})
        raise ValueError("film.x = 1 is wrong")
    if {waiting}:
        MPI.COMM_WORLD.barrier()
commands.check = check
sys.exit(main(["check", "x.toml"]))
"""


@pytest.mark.parametrize("waiting, late", [(True, 0), (False, 1), (False, 0)])
def test_error_on_one_rank(waiting: bool, late: int, tmp_path: Path) -> None:
    """One message and the status of the error, whether the other ranks wait, are done, or will be."""
    from mpi4py import MPI

    if MPI.COMM_WORLD.size > 1:
        pytest.skip("starts mpirun itself")
    (tmp_path / "ranks.py").write_text(RANKS.format(waiting=waiting, late=late))
    start = time.monotonic()
    done = subprocess.run(
        ["mpirun", "-n", "3", sys.executable, "ranks.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert done.stderr.count("fem-rashba: film.x = 1 is wrong") == 1
    assert "Traceback" not in done.stderr
    assert done.stdout.count("printed once") == 1
    assert time.monotonic() - start < 60
