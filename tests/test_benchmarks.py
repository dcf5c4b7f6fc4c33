"""The benchmarks run, and what they compare is the same solution."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fem_rashba.solvers.discretization import discretize

FOLDER = Path(__file__).parent / "benchmarks"


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
