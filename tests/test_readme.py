"""README and docs: every example runs as it stands, every link, command, function and test in them exists."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from fem_rashba import cli, config
from fem_rashba.config.templates import template

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "meshes" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^    (fem-rashba .*)$", re.MULTILINE)
INLINE = re.compile(r"`((?:\./fenics )?fem-rashba \w+ [^`]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")


def blocks(language: str) -> list:
    """The code blocks of a language, as parameters of a test."""
    found = []
    for page in PAGES:
        texts = [text for kind, text in FENCE.findall(page.read_text()) if kind == language]
        found += [pytest.param(text, id=f"{page.relative_to(ROOT)}-{i}") for i, text in enumerate(texts, start=1)]
    return found


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, env=os.environ | {"PATH": path}
    )


@pytest.mark.slow
@pytest.mark.parametrize("text", blocks("python"))
def test_python_examples_run(text, tmp_path):
    (tmp_path / "example.py").write_text(text)
    done = run([sys.executable, "example.py"], tmp_path)
    assert done.returncode == 0, done.stderr


def completed(text: str) -> str:
    """A TOML example; one without all its sections gets the missing ones of the wire's template."""
    given = tomllib.loads(text)
    sections = re.split(r"^(?=\[)", template("wire"), flags=re.MULTILINE)[1:]
    for section in sections:
        name = re.match(r"\[(\w+)", section)[1]
        if name not in given and name not in ("solver", "output"):
            text += "\n" + section
    return text


@pytest.mark.slow
@pytest.mark.parametrize("text", blocks("toml"))
def test_toml_examples_run(text, tmp_path, capsys):
    shutil.copytree(ROOT / "meshes", tmp_path / "meshes")
    shutil.copy(ROOT / "demos" / "micromagnetics" / "skyrmion.ovf", tmp_path)
    file, out = tmp_path / "example.toml", tmp_path / "out"
    file.write_text(completed(text))
    changes = ["output.plots=false"]
    if "device" not in tomllib.loads(text):
        # the device is the template's, and a small one tells as much of an example about something else
        changes += ["device.length=40 nm", "device.width=10 nm", "device.element_size=5 nm", "device.degree=1"]
    if "sweep" in tomllib.loads(text):
        assert cli.main(["sweep", str(file), "-o", str(tmp_path / "sweep.nc"), "--set", *changes]) == 0
        return
    status = cli.main(["run", str(file), "-o", str(out), "--set", *changes])
    assert status == 0, capsys.readouterr().err
    assert {"summary.json", "fields.pvd", "solution.npz"} <= {path.name for path in out.iterdir()}


def test_the_first_example_is_complete():
    """What a reader copies first needs nothing from elsewhere."""
    first = blocks("toml")[0].values[0]
    assert completed(first).startswith(first)
    assert {"film", "device", "magnetization", "terminals", "edges"} <= set(tomllib.loads(first))


@pytest.mark.slow
def test_commands_of_the_readme_run(tmp_path):
    """In the order in which they stand, with wire.toml as the README has it."""
    (tmp_path / "wire.toml").write_text(blocks("toml")[0].values[0])
    (script,) = [p.values[0] for p in blocks("sh") if p.id.startswith("README") and "-o out" in p.values[0]]
    lines = [line for line in script.splitlines() if not line.startswith("mpirun")]
    done = run(["bash", "-euo", "pipefail", "-c", "\n".join(lines)], tmp_path)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "section.csv").read_text().splitlines()) == 102
    assert (tmp_path / "out" / "dampinglike.png").is_file()
    config.load(tmp_path / "cross.toml")


def commands() -> Iterator[tuple[str, str]]:
    """(page, command) of every fem-rashba command that is shown."""
    for page in PAGES:
        text = page.read_text()
        lines = [line for kind, block in FENCE.findall(text) if kind == "sh" for line in block.splitlines()]
        lines += INDENTED.findall(text) + INLINE.findall(text)
        yield from ((page.name, line) for line in lines if re.search(r"\bfem-rashba \w", line.split("#")[0]))


@pytest.mark.parametrize(("page", "line"), list(commands()))
def test_commands_parse(page, line):
    words = shlex.split(line, comments=True)
    words = words[words.index("fem-rashba") + 1 :]
    if ">" in words:
        words = words[: words.index(">")]
    words, _ = cli.words.split_petsc(words)
    arguments = cli.parser().parse_args(cli.words.prepared(words))
    assert arguments.command == words[0]


def test_commands_are_found():
    """The pattern has not stopped matching."""
    assert len(list(commands())) >= 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page):
    for link in [a or b for a, b in LINK.findall(page.read_text())]:
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{page.name}: {link}"


def test_every_page_can_be_reached_from_the_readme():
    readme = (ROOT / "README.md").read_text()
    assert [page.name for page in PAGES if page.parent.name == "docs" and f"docs/{page.name}" not in readme] == []


def test_tests_and_functions_in_the_docs_exist():
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    modules = {path.stem: path.read_text() for path in (ROOT / "fem_rashba" / "physics").glob("*.py")}
    del modules["film"]  # film.D is also a key of summary.json
    for page in PAGES:
        text = page.read_text()
        for name in re.findall(r"`(test_\w+)`", text):
            assert f"def {name}(" in tests, f"{page.name}: {name}"
        for file in re.findall(r"`(?:tests/)?(test_\w+\.py)`", text):
            assert (ROOT / "tests" / file).is_file(), f"{page.name}: {file}"
        for module, name in re.findall(r"`(\w+)\.(\w+)`", text):
            if module in modules and name != "py":
                assert re.search(rf"^(def|class) {name}\b", modules[module], re.MULTILINE), f"{module}.{name}"


def test_every_command_of_the_contract_is_there():
    contract = {"new", "check", "mesh", "run", "sweep", "probe", "bulk", "modes", "plot", "report"}
    assert contract <= set(cli._COMMANDS)
    (line,) = re.findall(r"^Not in this version: .*$", (ROOT / "README.md").read_text(), re.MULTILINE) or [""]
    assert not any(command in line for command in ("sweep", "modes", "report", "bulk"))
