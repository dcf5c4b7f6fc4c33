"""In time, and over directions of m, on 1, 2 and 3 ranks: the same numbers; killed and resumed, the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_transient_run import KILLED, series

# a wall that moves and turns, a given current, two probes, a step that follows the error
CROSS = """
[film]
rashba_parameter = "0.01 eV nm"
exchange_time = "50 fs"
momentum_relaxation_time = "1 fs"
spin_flip_time = "1 ps"
fermi_wavevector = "4.3 1/nm"
[device]
shape = "hall_cross"
arm_width = "6 nm"
arm_length = "4 nm"
element_size = "2 nm"
degree = 2
[magnetization]
texture = "bloch_wall"
center = ["-1 nm", "0 nm"]
width = "3 nm"
[terminals.source]
current = "1 nA"
spin = "insulating"
[terminals.drain]
voltage = "0.2 mV"
[time]
end = "0.04 ps"
tolerance = 1e-2
frames = 1
velocity = ["10 km/s", "0 m/s"]
rotation_frequency = "1 THz"
checkpoint = "0 s"
[output]
plots = false
"""
SAME = ("voltage", "current", "spin_density", "torque_total", "charge_current", "balance_spin")

DIRECTIONS = """
import json
import numpy as np
from fem_rashba import Film, solve, wire
from fem_rashba.studies.angular import device_torque, directions, fit
film = Film(rashba_parameter=0.01, exchange_time=0.01, momentum_relaxation_time=1e-3, spin_flip_time=0.1,
            fermi_wavevector=4.3)
device = wire(length=12, width=8).mesh(film, element_size=2, degree=2)
found = device_torque(lambda m: solve(device, film, m, electric_field=[1e-3, 0], degree=2), directions(2, 4))
made = fit(found, "isotropic")
numbers = [*found.torque.ravel(), *made.odd.values(), *made.even.values()]
if device.mesh.comm.rank == 0:
    print("FOUND", json.dumps([float(number) for number in numbers]))
"""


def run(ranks: int, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["mpirun", "-n", str(ranks), sys.executable, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cross")
    (folder / "cross.toml").write_text(CROSS)
    done = run(1, folder, "-m", "fem_rashba", "run", "cross.toml", "-o", "out1")
    assert done.returncode == 0, done.stderr
    return folder


def summary(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / name / "summary.json").read_text())
    return found


@pytest.mark.mpi
@pytest.mark.parametrize("ranks", [2, 3])
def test_a_moving_wall_on_several_ranks(one: Path, ranks: int) -> None:
    command = ["run", "cross.toml", "-o", f"killed{ranks}"]
    killed = run(ranks, one, "-c", KILLED, "-5", *command)
    assert killed.returncode != 0
    assert not (one / f"killed{ranks}").exists()
    assert (one / f"killed{ranks}.partial" / "checkpoint.npz").exists()
    for name in (f"killed{ranks}", f"whole{ranks}"):
        done = run(ranks, one, "-m", "fem_rashba", *command[:-1], name)
        assert done.returncode == 0, done.stderr
    whole = (one / f"whole{ranks}" / "series.nc").read_bytes()
    assert (one / f"killed{ranks}" / "series.nc").read_bytes() == whole
    expected, found = series(one / "out1"), series(one / f"whole{ranks}")
    np.testing.assert_array_equal(found["time"], expected["time"])
    assert len(expected["time"]) > 5
    for name in SAME:
        scale = np.abs(expected[name]).max()
        assert scale > 0
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-10 * scale, err_msg=name)
    assert summary(one, f"whole{ranks}")["solver"]["ranks"] == ranks
    assert summary(one, f"whole{ranks}")["time"] == summary(one, "out1")["time"]
    assert summary(one, f"whole{ranks}")["film"] == summary(one, "out1")["film"]  # the kinetic operator too


@pytest.mark.mpi
def test_check_prints_the_same_on_every_number_of_ranks(one: Path) -> None:
    found = [run(ranks, one, "-m", "fem_rashba", "check", "cross.toml").stdout.splitlines() for ranks in (1, 2, 3)]
    assert any("kinetic operator" in line for line in found[0])
    for other in found[1:]:
        differ = [line for line, expected in zip(other, found[0], strict=True) if line != expected]
        assert all(line.strip().startswith("memory") for line in differ), differ


@pytest.mark.mpi
def test_the_torque_over_directions_on_several_ranks(tmp_path: Path) -> None:
    (tmp_path / "directions.py").write_text(DIRECTIONS)
    found = []
    for ranks in (1, 2, 3):
        done = run(ranks, tmp_path, "directions.py")
        assert done.returncode == 0, done.stderr
        found.append(np.array(json.loads(done.stdout.split("FOUND")[1])))
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=0, atol=1e-10 * np.abs(found[0]).max())
