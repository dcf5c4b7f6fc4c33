"""docs/equations.md: every numbered equation of the paper is in it, no cell says nothing, and every name exists."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TABLE = (ROOT / "docs" / "equations.md").read_text()
LINES = [line for line in TABLE.splitlines() if line.startswith("|")]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in LINES[2:]]
MODULES = ["equations", "bulk", "closed_forms", "limits", "dynamics", "film", "kinetic", "spin_waves"]


def test_every_equation_has_a_row() -> None:
    found: set[int] = set()
    for numbers in (row[0] for row in ROWS):
        for first, last in re.findall(r"\((\d+)\)(?:-\((\d+)\))?", numbers):
            found.update(range(int(first), int(last or first) + 1))
    assert found >= set(range(1, 52))


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_no_cell_is_empty(row: list[str]) -> None:
    assert len(row) == 4
    assert all(row)
    assert "`test_" in row[3] or "the same" in row[3] or row[3] == "nothing to test"


def test_every_test_named_there_exists() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    named = set(re.findall(r"`(test_\w+)`", " ".join(row[3] for row in ROWS)))
    defined = set(re.findall(r"def (test_\w+)\(", source))
    assert len(named) > 40
    assert named <= defined, named - defined


def test_every_function_named_there_exists() -> None:
    named = {found for row in ROWS for found in re.findall(r"`(\w+)\.(\w+)`", row[2]) if found[0] in MODULES}
    assert len(named) > 30
    for module, name in named:
        assert hasattr(importlib.import_module(f"fem_rashba.physics.{module}"), name), (module, name)
