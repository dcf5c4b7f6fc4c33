"""The benchmarks run, and what they compare is the same solution."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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
