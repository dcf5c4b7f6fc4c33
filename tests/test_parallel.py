"""The same TOML on one, two and three ranks gives the same digits, and an error ends all ranks with one message."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from samples import MAGNET_TOML as FILM

# quadrilaterals, a given current and two probes
CROSS = """
[device]
shape = "hall_cross"
arm_width = "20 nm"
arm_length = "15 nm"
degree = 2
[magnetization]
direction = [1, 0.4, 0.8]
[terminals.source]
current = "1 nA"
spin = "insulating"
[terminals.drain]
voltage = "0.2 mV"
[output]
plots = false
"""

# curved triangles, a texture, a uniform field, an insulating edge
STRIP = """
[device]
shape = "notched_strip"
length = "40 nm"
width = "20 nm"
notch_width = "12 nm"
notch_depth = "5 nm"
notch = "round"
element_size = "1.5 nm"
degree = 3
[magnetization]
texture = "neel_wall"
center = ["18 nm", "10 nm"]
width = "4 nm"
angle = "20 deg"
[drive]
electric_field = ["1 mV/nm", "0.3 mV/nm"]
[edges.upper]
spin = "insulating"
[output]
plots = false
"""

# no charge drive: spin injected at a terminal, into one edge and lost at the others
INJECTION = """
[device]
shape = "hall_cross"
arm_width = "12 nm"
arm_length = "6 nm"
degree = 2
[magnetization]
direction = [1, 0.4, 0.8]
[drive]
torque_axis = [0, 1, 0]
[terminals.source]
floating = true
spin = "injected"
spin_density = ["1e-6 1/nm^2", "2e-6 1/nm^2", "-1e-6 1/nm^2"]
[terminals.drain]
voltage = "0 V"
spin = "injected"
spin_current = ["1e-3 1/(nm ps)", "0 1/(nm ps)", "2e-3 1/(nm ps)"]
[terminals.left]
voltage = "0 V"
[edges]
spin = "relaxing"
loss_velocity = "50 nm/ps"
[output]
plots = false
"""

# even elements: nothing is assembled; a given current, insulating edges
EVEN = """
[device]
shape = "hall_cross"
arm_width = "12 nm"
arm_length = "8 nm"
element_size = "1 nm"
degree = 2
[magnetization]
direction = [1, 0.4, 0.8]
[terminals.source]
current = "1 nA"
[terminals.drain]
voltage = "0.2 mV"
[edges]
spin = "insulating"
[solver]
method = "iterative"
tolerance = 1e-12
[output]
plots = false
"""

# a mesh file: triangles, a nonmagnetic lead, a relaxing terminal
REGIONS = f"""
[device]
mesh = "{Path(__file__).parents[1] / "meshes" / "bent_wire.msh"}"
degree = 1
[regions.lead]
exchange_time = "inf"
rashba_parameter = "0 eV nm"
[magnetization]
direction = [1, 0.4, 0.8]
[terminals.source]
current = "1 uA"
[terminals.drain]
voltage = "0 V"
spin = "relaxing"
loss_velocity = "200 nm/ps"
[edges]
spin = "insulating"
[output]
plots = false
"""

CASES = {"cross": CROSS, "strip": STRIP, "injection": INJECTION, "even": EVEN, "regions": REGIONS}


def run(ranks: int, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["mpirun", "-n", str(ranks), "fem-rashba", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)


def numbers(value: object, path: str = "") -> dict[str, float]:
    if isinstance(value, dict):
        return {k: v for key, item in value.items() for k, v in numbers(item, f"{path}/{key}").items()}
    if isinstance(value, list):
        return {k: v for i, item in enumerate(value) for k, v in numbers(item, f"{path}/{i}").items()}
    return {path: float(value)} if isinstance(value, int | float) else {}


def kind(path: str) -> str:
    """Numbers are compared with the largest of their kind: components of one vector, currents, voltages."""
    return path.rstrip("0123456789") if path[-1].isdigit() else path.split("/")[-1]


@pytest.mark.parametrize("name", CASES)
def test_same_numbers_on_one_two_and_three_ranks(tmp_path: Path, name: str) -> None:
    (tmp_path / "device.toml").write_text(FILM + CASES[name])
    found = []
    for ranks in (1, 2, 3):
        done = run(ranks, tmp_path, "run", "device.toml", "-o", f"out{ranks}")
        assert done.returncode == 0, done.stderr
        summary = json.loads((tmp_path / f"out{ranks}" / "summary.json").read_text())
        assert summary["solver"]["ranks"] == ranks
        sections = ("film", "terminals", "torque", "spin_density", "mesh")
        found.append({section: numbers(summary[section]) for section in sections})
    for section, reference in found[0].items():
        largest: dict[str, float] = {}
        for path, number in reference.items():
            largest[kind(path)] = max(largest.get(kind(path), 0.0), abs(number))
        for other in found[1:]:
            assert other[section].keys() == reference.keys()
            for path, number in reference.items():
                assert other[section][path] == pytest.approx(number, rel=0, abs=1e-9 * largest[kind(path)]), path


def test_probe_of_a_solution_from_other_ranks(tmp_path: Path) -> None:
    (tmp_path / "device.toml").write_text(FILM + STRIP)
    assert run(2, tmp_path, "run", "device.toml", "-o", "out").returncode == 0
    tables = [run(ranks, tmp_path, "probe", "out", "--line", "1,1", "39,12", "-n", "7").stdout for ranks in (1, 3)]
    first, second = ([[float(v) for v in row.split(",")] for row in t.splitlines()[1:]] for t in tables)
    assert len(first) == 7
    for one, other in zip(first, second, strict=True):
        assert one == pytest.approx(other, rel=1e-7, abs=1e-18)


@pytest.mark.parametrize("ranks", [2, 3])
def test_an_error_ends_all_ranks_with_one_message(tmp_path: Path, ranks: int) -> None:
    (tmp_path / "device.toml").write_text(FILM + CROSS.replace("terminals.source", "terminals.sorce"))
    done = run(ranks, tmp_path, "run", "device.toml", "-o", "out")
    assert done.returncode == 2
    assert done.stderr.count("sorce") == 1
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["device.toml"]


def test_an_error_on_one_rank_alone_ends_all(tmp_path: Path) -> None:
    """Rank 1 fails inside the solve, where the others wait for it."""
    (tmp_path / "device.toml").write_text(FILM + CROSS)
    (tmp_path / "case.py").write_text(
        "import sys\n"
        "from mpi4py import MPI\n"
        "from fem_rashba.cli import main\n"
        "from fem_rashba.solvers import linear\n"
        "original = linear.LinearSystem.solve\n"
        "def broken(self, right):\n"
        "    if MPI.COMM_WORLD.rank == 1:\n"
        "        raise linear.ConvergenceError('rank 1 has had enough')\n"
        "    return original(self, right)\n"
        "linear.LinearSystem.solve = broken\n"
        "sys.exit(main(['run', 'device.toml', '-o', 'out']))\n"
    )
    done = subprocess.run(
        ["mpirun", "-n", "3", "python", "case.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode != 0
    assert done.stderr.count("rank 1 has had enough") == 1
    assert not (tmp_path / "out").exists()
