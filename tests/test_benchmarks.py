"""The benchmarks run, and what they compare is the same solution."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from samples import FILM_TOML

from fem_rashba.solvers.discretization import discretize

FOLDER = Path(__file__).parent / "benchmarks"
SMALL = """
[device]
shape = "wire"
length = "30 nm"
width = "10 nm"
degree = 1

[magnetization]
direction = [1, 0, 0]

[terminals.source]
voltage = "1 mV"

[terminals.drain]
voltage = "0 V"

[output]
plots = false
fields = false
"""


@pytest.mark.slow
def test_all_ways_give_the_same_solution() -> None:
    """The integral of S_y of plain dolfinx on a mixed space, and of both methods."""
    words = [sys.executable, str(FOLDER / "solve.py"), "--sizes", "6.25", "--repeats", "1"]
    table = subprocess.run(words, check=True, capture_output=True, text=True, timeout=600).stdout.splitlines()
    rows = [line.split() for line in table[1:]]
    assert [row[1] for row in rows] == ["plain", "direct", "iterative"]
    checks = [float(row[-1]) for row in rows]
    assert checks[0] != 0 and checks == pytest.approx([checks[0]] * 3, rel=1e-6)


def test_the_equations_of_the_peers_are_ours() -> None:
    """The weak form that peer_form.py writes with numbers has the matrix of the package's UFL."""
    import numpy as np
    import ufl
    from dolfinx import fem

    sys.path.insert(0, str(FOLDER))
    try:
        import peer_form
        import peers
    finally:
        sys.path.pop(0)
    found = discretize(peers.posed(peers.device("12.5", 2, 0.5), 2))
    jets = []
    for f in (ufl.TrialFunction(found.space), ufl.TestFunction(found.space)):
        jets.append([*(f[i] for i in range(4)), *(f[i].dx(k) for k in (0, 1) for i in range(4))])
    A = peer_form.weak_form()
    terms = [A[i, j] * jets[0][j] * jets[1][i] for i, j in zip(*np.nonzero(A), strict=True)]
    theirs = fem.assemble_matrix(fem.form(sum(terms) * ufl.dx)).to_scipy()
    ours = fem.assemble_matrix(found.bilinear).to_scipy()
    assert abs(ours - theirs).max() < 1e-12 * abs(ours).max()


def test_peers_solve_the_same_problem() -> None:
    """Each that is installed gives the same torque, and this package and plain dolfinx always are."""
    words = ["--size", "12.5", "--repeats", "1", "--no-graded"]
    command = [sys.executable, str(FOLDER / "peers.py"), *words]
    lines = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout.splitlines()
    rows = [line for line in lines if line.startswith(("fem_rashba", "dolfinx", "NGSolve", "scikit-fem"))]
    torques = [float(line.split()[-1]) for line in rows if not line.endswith("not installed")]
    assert len(rows) == 6 and len(torques) >= 3
    assert torques == pytest.approx([torques[0]] * len(torques), rel=1e-6)


@pytest.mark.mpi
def test_scaling_prints_both_tables() -> None:
    """Every stage of a run on one and two ranks, and a prediction that is no more than what was measured."""
    words = [sys.executable, str(FOLDER / "scaling.py"), "--ranks", "1", "2", "--strong", "6000", "--weak", "0"]
    lines = subprocess.run(words, check=True, capture_output=True, text=True, timeout=300).stdout.splitlines()
    rows = [line.split() for line in lines if line.strip().startswith(("1 ", "2 "))]
    assert [row[0] for row in rows] == ["1", "2", "1", "2"]
    assert rows[0][1] == rows[1][1] and abs(int(rows[0][1]) - 6000) < 2000
    assert all(0 < float(row[-2]) < 2 * float(row[-1]) for row in rows[2:])


@pytest.mark.mpi
def test_the_batch_script_runs(tmp_path: Path) -> None:
    """That of docs/cluster.md, without SLURM on two ranks."""
    (tmp_path / "wire.toml").write_text(FILM_TOML + SMALL)
    words = ["bash", str(FOLDER.parents[1] / "docs" / "slurm.sh"), "wire.toml", "out"]
    environment = os.environ | {"SCRATCH": os.environ.get("XDG_CACHE_HOME", str(tmp_path)).removesuffix("/.cache")}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["solver"]["ranks"] == 2


def test_startup_prints_every_stage() -> None:
    """Of a cold and of warm runs."""
    words = [sys.executable, str(FOLDER / "startup.py"), "--repeats", "1", "--config", "-", "--rows", "cold", "warm"]
    done = subprocess.run(words, input=FILM_TOML + SMALL, check=True, capture_output=True, text=True, timeout=300)
    rows = {line[:36].strip(): line[36:].split() for line in done.stdout.splitlines()}
    assert list(rows["seconds"]) == ["reading", "meshing", "solving", "writing", "whole", "cpu"]
    for row in ("run, cold", "run, warm"):
        *stages, whole, _ = map(float, rows[row])
        assert min(stages) >= 0 and 0.8 * whole < sum(stages) <= whole + 0.03
