"""Does a test fail for every mistake in the equations? Run it as `python tests/mutations.py`; it takes some minutes.

`python tests/mutations.py edge_loss torque` mutates these functions alone.

One at a time, in a copy of the package, a number or a coefficient is doubled (0 becomes 1), a minus dropped, a + made
a - or the reverse, the factors of a cross product exchanged. Each such mutation must fail one of the fast tests, which
compare with independent formulas and never with earlier results. The exit status is 1 if one survives.
"""

from __future__ import annotations

import ast
import copy
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import basix.ufl  # noqa: F401  (loaded once, for every fork)
import pytest
import sympy  # noqa: F401
import ufl.algorithms  # noqa: F401

ROOT = Path(__file__).resolve().parents[1]
# module -> the functions that are mutated (None: all of the module), and the tests that have to notice
TARGETS: dict[str, tuple[set[str] | None, tuple[str, ...]]] = {
    "fem_rashba/physics/equations.py": (None, ("tests/test_weak_form.py",)),
    "fem_rashba/physics/calculus.py": (None, ("tests/test_weak_form.py",)),
    "fem_rashba/physics/film.py": (
        {
            *("splitting", "fermi_energy", "fermi_velocity", "density", "rashba_wavevector", "zeta", "delta"),
            *("sheet_resistance", "coefficients"),
        },
        ("tests/test_coefficients.py",),
    ),
}
# (module, line without blanks at its ends, mutated text) -> why no test can notice
EQUIVALENT: dict[tuple[str, str, str], str] = {}

Change = Callable[[ast.AST], ast.AST]


def doubled(node: ast.AST) -> ast.AST:
    return ast.BinOp(ast.Constant(2), ast.Mult(), node)  # type: ignore[arg-type]


def changes(node: ast.AST) -> Iterator[Change]:
    """The mutations of a node, as functions of a copy of it."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        value = 2 * node.value if node.value else 1
        yield lambda n: ast.Constant(value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield lambda n: n.operand  # type: ignore[attr-defined]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield lambda n: ast.BinOp(n.left, other, n.right)  # type: ignore[attr-defined]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "c":
        yield doubled
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "cross":
        yield lambda n: ast.Call(n.func, n.args[::-1], [])  # type: ignore[attr-defined]


class _Replace(ast.NodeTransformer):
    """Applies a change to the node of a number, in the order of ast.walk."""

    def __init__(self, tree: ast.Module, number: int, change: Change) -> None:
        self.target = list(ast.walk(tree))[number]
        self.change = change
        self.text = ""

    def visit(self, node: ast.AST) -> ast.AST:
        if node is not self.target:
            return self.generic_visit(node)
        changed = self.change(node)
        self.text = ast.unparse(changed)
        return changed


def mutable(tree: ast.Module, functions: set[str] | None) -> set[int]:
    """Ids of the nodes that may be mutated: code inside the functions, or everywhere; no annotations."""
    if functions is None:
        chosen: list[ast.AST] = list(tree.body)
    else:
        chosen = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name in functions]
    skipped = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f.args)}
    return {id(n) for part in chosen for n in ast.walk(part)} - skipped


def mutations(source: str, functions: set[str] | None) -> Iterator[tuple[str, int, str]]:
    """(mutated source, line, "before -> after") of each mutation."""
    tree = ast.parse(source)
    allowed = mutable(tree, functions)
    for number, node in enumerate(ast.walk(tree)):
        if id(node) not in allowed:
            continue
        for change in changes(node):
            fresh = copy.deepcopy(tree)
            replace = _Replace(fresh, number, change)
            mutated = ast.unparse(ast.fix_missing_locations(replace.visit(fresh)))
            yield mutated, node.lineno, f"{ast.unparse(node)} -> {replace.text}"  # type: ignore[attr-defined]


def first_failure(folder: Path, tests: tuple[str, ...]) -> str | None:
    """The test that fails with the copy of the package in the folder, or None."""
    with tempfile.TemporaryFile("w+") as output:
        # a fork has the libraries loaded already, and nothing of the package
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            os.chdir(folder)
            sys.path.insert(0, str(folder))
            # a bytecode of the same second and size would be taken for that of the next mutation
            sys.dont_write_bytecode = True
            status = pytest.main(["-x", "-q", "--tb=no", "-rfE", "-p", "no:cacheprovider", *tests])
            sys.stdout.flush()
            os._exit(int(status))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        output.seek(0)
        text = output.read()
    if status == 0:
        return None
    found = re.search(r"^(?:FAILED|ERROR) (?:tests/)?(\S+)", text, re.MULTILINE)
    if status not in (1, 2) or found is None:
        raise RuntimeError(f"pytest could not run:\n{text}")
    return found.group(1)


def main(only: set[str]) -> int:
    survivors = total = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("fem_rashba", "tests"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        for module, (functions, tests) in TARGETS.items():
            source = (folder / module).read_text()
            chosen = only & (functions or only) if only else functions
            found = sorted(mutations(source, chosen), key=lambda mutation: mutation[1])
            if not found:
                continue
            if (failure := first_failure(folder, tests)) is not None:
                print(f"{failure} fails without any mutation")
                return 1
            for mutated, line, text in found:
                (folder / module).write_text(mutated)
                killer = first_failure(folder, tests)
                where = (module, source.splitlines()[line - 1].strip(), text)
                verdict = killer or EQUIVALENT.get(where) or "SURVIVES"
                total += 1
                survivors += verdict == "SURVIVES"
                print(f"{Path(module).name}:{line}  {text[:80]:80}  {verdict}", flush=True)
            (folder / module).write_text(source)
    print(f"{total} mutations, {survivors} survive")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main(set(sys.argv[1:])))
