"""Every demo runs as a user runs it, finds the number it asserts, and draws its picture."""

from __future__ import annotations

import ast
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from fem_rashba import config
from fem_rashba.config import sweeping

DEMOS = Path(__file__).parents[1] / "demos"
NAMES = sorted(path.name for path in DEMOS.iterdir() if (path / f"{path.name}.py").is_file())
TASKS = (
    "gds_hall_bar",
    "hall_resistance",
    "harmonic_hall",
    "looking",
    "micromagnetics",
    "side_by_side",
    "spin_injection",
    "sweep",
    "van_der_pauw",
)
"""Demos of one measurement each, which show how little a user has to write."""
PNG = b"\x89PNG\r\n\x1a\n"


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DEMOS / "run.py"), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_demo(name, tmp_path):
    done = run(name, "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith(f"picture: out/{name}/{name}.png")
    assert "as asserted" in done.stdout
    assert (tmp_path / "out" / name / f"{name}.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize("name", NAMES)
def test_demo_has_a_configuration_and_a_small_picture(name):
    if name in ("sweep", "side_by_side"):
        assert sweeping.load(DEMOS / name / f"{name}.toml").size == {"sweep": 42, "side_by_side": 3}[name]
    elif name != "kinetic":  # which compares operators and solves no device
        config.load(DEMOS / name / f"{name}.toml")
    picture = (DEMOS / name / f"{name}.png").read_bytes()
    assert picture.startswith(PNG)
    assert len(picture) < 150_000


@pytest.mark.parametrize("name", TASKS)
def test_a_task_takes_less_than_thirty_lines(name):
    """Imports and all; docstrings, comments and empty lines do not count."""
    tree = ast.parse((DEMOS / name / f"{name}.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node):
            del node.body[0]
    used = {line for node in ast.walk(tree) if hasattr(node, "lineno") for line in (node.lineno, node.end_lineno)}
    assert 15 < len(used) < 30


def test_run_knows_every_demo(tmp_path):
    told = run("--help", cwd=tmp_path).stdout
    assert all(name in told for name in NAMES)


def test_an_unknown_demo_is_one_sentence(tmp_path):
    done = run("wir", cwd=tmp_path)
    assert done.returncode == 2
    assert "unknown demo 'wir'; there are wire, infinite_medium" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_wrong_number_is_found(tmp_path):
    """The assertion of a demo is not empty: with a wall of another width it fails."""
    toml = (DEMOS / "domain_wall" / "domain_wall.toml").read_text()
    other = toml.replace('width = "20 nm"\n\n[drive]', 'width = "21 nm"\n\n[drive]')
    assert other != toml
    (tmp_path / "domain_wall.toml").write_text(other)
    demo = runpy.run_path(str(DEMOS / "domain_wall" / "domain_wall.py"))["main"]
    demo.__globals__["HERE"] = tmp_path
    with pytest.raises(AssertionError):
        demo(tmp_path / "out")
