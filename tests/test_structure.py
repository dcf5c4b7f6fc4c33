"""The structure stays true: who may import whom, and that conda users get everything that is imported."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "fem_rashba"
# an arrow goes from right to left and never the other way
ORDER = ("units", "physics", "grids", "devices", "solvers", "results", "studies", "config", "cli")
# what stands beside the order: dolfinx's versions, the lock around its compiler, and work of one rank for all
BESIDE = ("compat", "compilation", "mpi")
HOME = {"gmsh": {"devices"}, "petsc4py": {"solvers"}, "slepc4py": {"solvers"}, "pyvista": {"results"}}
# names of modules and of their packages on conda-forge where they differ
CONDA = {
    "dolfinx": "fenics-dolfinx",
    "ufl": "fenics-dolfinx",
    "basix": "fenics-dolfinx",
    "ffcx": "fenics-dolfinx",
    "cffi": "fenics-dolfinx",
    "gmsh": "python-gmsh",
    "matplotlib": "matplotlib-base",
    "PIL": "pillow",
}
# programs to compare with, which nobody needs
PEERS = {"ngsolve", "netgen", "skfem", "pypardiso"}


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part(path: Path) -> str:
    """Which part of the package a file belongs to: the name of its folder, or its own."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where an arrow goes"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_arrow_goes_up() -> None:
    checked = 0
    for path in sources():
        here = part(path)
        for name in imports(path):
            if not name.startswith("fem_rashba.") or here == "__init__":
                continue
            there = name.split(".")[1]
            if here in ORDER and there in ORDER:
                assert ORDER.index(there) <= ORDER.index(here), f"{path.name}: {here} imports {there}"
                checked += 1
            if here in BESIDE:
                assert there in BESIDE, f"{path.name}: {here} imports {there}"
    assert checked > 100


def test_every_part_has_its_place() -> None:
    known = {*ORDER, *BESIDE, "__init__", "__main__"}
    assert {part(path) for path in sources()} <= known


@pytest.mark.parametrize("library", HOME)
def test_libraries_stay_at_home(library: str) -> None:
    users = {part(path) for path in sources() if any(n.split(".")[0] == library for n in imports(path))}
    assert users == HOME[library]


def test_no_star_imports_and_no_utils() -> None:
    for path in sources():
        assert not any(name.endswith(".*") for name in imports(path)), path
        assert path.stem not in ("utils", "helpers", "common", "misc"), path


def test_the_conda_environment_has_every_import() -> None:
    listed = {re.split(r"[=<>]", line.strip("- "))[0] for line in _dependencies()}
    files = [*sources(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "demos").rglob("*.py")]
    local = {"fem_rashba", "references", "tests", *(p.stem for p in (ROOT / "tests").glob("*.py"))}
    local |= {p.stem for folder in ("references", "benchmarks") for p in (ROOT / "tests" / folder).glob("*.py")}
    local |= PEERS
    needed: dict[str, Path] = {}
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            needed |= {name.split(".")[0]: path for name in names}
    missing = {
        name: str(path)
        for name, path in needed.items()
        if name not in sys.stdlib_module_names and name not in local and CONDA.get(name, name) not in listed
    }
    assert not missing


def _dependencies() -> list[str]:
    text = (ROOT / "environment.yml").read_text()
    return re.findall(r"^  - (\S+)$", text, flags=re.MULTILINE)


def test_pip_is_not_asked_for_what_only_conda_and_debian_have() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    dependencies = project.split("dependencies = [")[1].split("]")[0]
    for name in ("dolfinx", "petsc4py", "slepc4py", "mpi4py", "ufl", "basix"):
        assert name not in dependencies
