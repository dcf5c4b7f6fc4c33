"""The report: one file without a network that says what the summary says, and whose map a browser draws."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from samples import MAGNET_TOML
from samples import film as reference_film
from test_plot import driven, film

from fem_rashba import Ground, Voltage, load, save, solve, uniform, wire
from fem_rashba.cli import main
from fem_rashba.results import report as module
from fem_rashba.results.fields import NodalFields
from fem_rashba.results.html import label, scaled, toml
from fem_rashba.results.maps import KNOWN
from fem_rashba.results.reduction import reduced
from fem_rashba.results.report import report
from fem_rashba.results.zoomable import zoom_data

CONFIG = (
    MAGNET_TOML
    + """
[device]
shape = "notched_strip"
length = "40 nm"
width = "16 nm"
notch_width = "8 nm"
notch_depth = "4 nm"
notch = "round"
element_size = "2 nm"
degree = 2
[magnetization]
direction = [1, 0.2, 0.5]
[terminals.source]
voltage = "1 mV"
[terminals.drain]
voltage = "0 V"
[edges]
spin = "sink"
[output]
fields = false
plots = false
"""
)
LIMIT = 15_000_000
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason=f"none of the browsers {', '.join(BROWSERS)} is installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the folder `out` of a run and its report."""
    made = tmp_path_factory.mktemp("report")
    (made / "strip.toml").write_text(CONFIG)
    assert main(["run", str(made / "strip.toml"), "-o", str(made / "out")]) == 0
    assert main(["report", str(made / "out")]) == 0
    return made


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    return (folder / "out" / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def few_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two maps in place of all: drawing them is most of the work."""
    monkeypatch.setattr(module, "KNOWN", {name: KNOWN[name] for name in ("Sx", "torque")})


def browse(path: Path, picture: Path, size: str = "1200,2600") -> tuple[np.ndarray, str]:
    """A screenshot of a page, and what the browser wrote, without any network."""
    command = [
        *(str(BROWSER), "--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={size}"),
        *("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--enable-logging=stderr"),
        *("--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9", "--virtual-time-budget=20000"),
        *(f"--screenshot={picture}", f"{path.absolute().as_uri()}"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert picture.is_file(), done.stderr
    return imread(picture)[..., :3], done.stderr


def with_script(text: str, script: str) -> str:
    """The page with another script at its end, and without the policy that would forbid it."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    return text.replace("</body>", f"<script>{script}</script></body>")


def test_numbers_are_those_of_the_summary(folder: Path, text: str) -> None:
    summary = json.loads((folder / "out" / "summary.json").read_text())
    visible = html.unescape(re.sub(r"<[^>]*>", " ", re.sub(r"<(script|style).*?</\1>", "", text, flags=re.DOTALL)))
    for terminal in summary["terminals"].values():
        assert html.unescape(scaled(terminal["current_A"], "A")) in visible
    for name in ("fieldlike", "dampinglike"):
        assert html.unescape(scaled(summary["torque"][name], "eV/nm²")) in visible
    for name in ("charge", "section", "spin"):
        assert f"{summary['balance'][name]:.2g}".replace("-", "\N{MINUS SIGN}") in visible
    assert summary["warnings"] and all(warning in visible for warning in summary["warnings"])
    assert all(str(version) in visible for version in summary["versions"].values())
    assert f"{summary['mesh']['dofs']} unknowns" in visible
    (shown,) = re.findall(r"<pre>(.*?)</pre>", text, flags=re.DOTALL)
    assert tomllib.loads(html.unescape(shown)) == summary["config"]
    assert "<title>notched strip: fem_rashba report</title>" in text


def test_nothing_is_loaded_from_elsewhere(text: str) -> None:
    outside = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    targets = re.findall(r'(?:src|href|action|data|poster)="([^"]*)"', outside)
    assert len(targets) > 15 and all(target.startswith(("data:", "#")) for target in targets)
    assert "url(" not in outside and "@import" not in outside
    assert len(text.encode()) < LIMIT
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "http" not in policy and "unsafe-eval" not in policy
    # before anything that it governs
    assert text.index("Content-Security-Policy") < text.index("<style") < text.index("<script")
    scripts = re.findall(r'<script(?: type="text/plain" class="viewer")?>(.*?)</script>', text, flags=re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert len(scripts) >= 2 and all(f"'sha256-{digest}'" in policy for digest in digests)
    assert "github.io/vtk-js/icon" not in text


def test_pictures_are_inside_and_not_empty(folder: Path, text: str, tmp_path: Path) -> None:
    pictures = re.findall(r'<img src="data:image/png;base64,([^"]*)" alt="([^"]+)"', text)
    assert len(pictures) == 1 + 2 + 17, "the mesh, two profiles, the maps"
    for k, (data, _) in enumerate(pictures):
        path = tmp_path / f"{k}.png"
        path.write_bytes(base64.b64decode(data))
        assert imread(path)[..., :3].std() > 0.04
    assert len({data for data, _ in pictures}) == len(pictures)


WHEN_READY = """
const wait = setInterval(() => {
  if (!document.documentElement.dataset.ready) { return; }
  clearInterval(wait);
  const box = document.getElementById("view").getBoundingClientRect(), select = document.getElementById("quantity");
  const at = {clientX: box.left + box.width / 4, clientY: box.top + box.height / 2};
  ACTION
}, 50);
"""
ACTIONS = {
    "quantity": "select.selectedIndex = 0; select.dispatchEvent(new Event('change'));",
    "cells": "document.getElementById('cells').click();",
    "wheel": "document.getElementById('view').dispatchEvent(new WheelEvent('wheel', {deltaY: -9, ...at}));",
    "value": "document.getElementById('view').dispatchEvent(new PointerEvent('pointermove', at));",
}


@pytest.fixture(scope="module")
def drawn(folder: Path, text: str) -> dict[str, tuple[np.ndarray, str]]:
    """Screenshots and messages: of the file as it is, and of the file after each action."""
    found = {"as it is": browse(folder / "out" / "report.html", folder / "as it is.png")}
    for name, action in ACTIONS.items():
        path = folder / f"{name}.html"
        path.write_text(with_script(text, WHEN_READY.replace("ACTION", action)))
        found[name] = browse(path, folder / f"{name}.png")
    return found


@needs_browser
def test_a_browser_draws_the_map(drawn: dict[str, tuple[np.ndarray, str]]) -> None:
    """Without a network, an error or a blocked request; red and blue where another quantity has other colours."""
    picture, messages = drawn["as it is"]
    console = [line for line in messages.splitlines() if "CONSOLE" in line]
    assert not [line for line in console if "scene,hashes" not in line], "what the viewer prints, and nothing else"
    rows, columns = np.nonzero(np.abs(picture - drawn["quantity"][0]).max(axis=-1) > 0.05)
    view = picture[rows.min() : rows.max(), columns.min() : columns.max()]
    assert view.shape[0] > 250 and view.shape[1] > 900
    red, blue = view[..., 0] - view[..., 2] > 0.25, view[..., 2] - view[..., 0] > 0.25
    assert red.sum() > 5000 and blue.sum() > 5000
    assert len(np.unique((view * 20).astype(int).reshape(-1, 3), axis=0)) > 40


@needs_browser
@pytest.mark.parametrize("name", ACTIONS)
def test_the_map_can_be_changed_and_zoomed(drawn: dict[str, tuple[np.ndarray, str]], name: str) -> None:
    """Another quantity, the cells, a turn of the wheel, the value under the pointer."""
    picture, messages = drawn[name]
    assert "Uncaught" not in messages
    changed = np.abs(picture - drawn["as it is"][0]).max(axis=-1) > 0.1
    # a line of words is small
    assert changed.mean() > (2e-4 if name == "value" else 5e-3)


def test_another_solution_is_another_map(folder: Path, tmp_path: Path) -> None:
    """The values that the page colours are those of the fields."""
    fields = driven(film("triangle", 2))
    first, note = zoom_data(with_spin_currents(fields))
    assert note == f"All {len(fields.points)} nodes of the solution."
    shown = {m["name"]: m for m in json.loads(first)["maps"]}["Sx"]
    steps = np.frombuffer(base64.b64decode(shown["values"]), dtype="<u2")
    values = shown["least"] + (shown["most"] - shown["least"]) * steps / 65535
    assert np.ptp(values) > 0
    assert values * 1e-9 == pytest.approx(fields.arrays["S"][:, 0], abs=1e-4 * np.ptp(fields.arrays["S"][:, 0]))
    assert shown["unit"] == "10<sup>\N{MINUS SIGN}9</sup> nm<sup>\N{MINUS SIGN}2</sup>"


def with_spin_currents(fields: NodalFields) -> NodalFields:
    flow = fields.arrays["J"]
    return replace(fields, arrays=fields.arrays | {f"spin_current_{a}": k * flow for k, a in enumerate("xyz", 1)})


@pytest.mark.parametrize(
    ("cell", "degree", "limit", "note"),
    [
        ("triangle", 3, 10**6, "All"),
        ("quadrilateral", 4, 5000, "elements of degree 2"),
        ("triangle", 3, 2000, "elements of degree 1"),
        ("triangle", 2, 700, "one for each"),
        ("quadrilateral", 1, 400, "one for each"),
    ],
)
def test_a_reduced_mesh_is_the_film(cell: str, degree: int, limit: int, note: str) -> None:
    fields = film(cell, degree, size=2.5 if limit < 1000 else 5.0, cross=True)
    shape = reduced(fields, limit)
    assert note in shape.note and len(shape.points) <= limit
    np.testing.assert_array_equal(shape.points, fields.points[shape.nodes])
    a, b, c = (shape.points[shape.triangles[:, k]] for k in range(3))
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    # the outline of the cross stays, whatever is left out inside
    assert np.abs(ux * vy - uy * vx).sum() / 2 == pytest.approx(12.5e3, rel=0.03 if "each" in note else 1e-9)
    steps = shape.points[shape.boundary[:, 1]] - shape.points[shape.boundary[:, 0]]
    assert np.linalg.norm(steps, axis=1).sum() == pytest.approx(600.0, rel=0.03 if "each" in note else 1e-9)


def test_a_million_unknowns_fit() -> None:
    fields = driven(film("triangle", 3, size=0.55))
    assert 4 * len(fields.points) > 1e6
    rough = np.random.default_rng(1).normal(size=(len(fields.points), 3))
    data, note = zoom_data(with_spin_currents(replace(fields, arrays=fields.arrays | {"S": rough, "T": rough})))
    assert note.startswith("Reduced:")
    # the viewer has 1 MB, the pictures about 2 MB
    assert len(data) < LIMIT - 5_000_000


def test_labels() -> None:
    assert label(r"dampinglike torque $T_\mathrm{dl}$") == "dampinglike torque T<sub>dl</sub>"
    assert label(r"$|\mathbf{S}|$ ($10^{-9}$ nm$^{-2}$)").startswith("|S| (10<sup>\N{MINUS SIGN}9</sup> nm")
    assert label("a < b") == "a &lt; b"
    assert [scaled(v, "A") for v in (None, 0.0, -2.5e-8)] == ["\N{EN DASH}", "0 A", "\N{MINUS SIGN}25 nA"]


def test_toml_reads_back() -> None:
    config = {
        "film": {"a": 1.5, "b": "0.1 eV", "c": True, "d": [1, [2.0, "x"]], "e": 1e-10},
        "edges": {"spin": "sink", "upper edge": {"spin": 'in"su'}},
        "drive": {},
        "terminals": {"source": {"voltage": "1 mV"}},
    }
    assert tomllib.loads(toml(config)) == config
    assert tomllib.loads(toml({"a": {"b": None, "c": 1}})) == {"a": {"c": 1}}


def test_names_cannot_break_the_page(folder: Path, tmp_path: Path, few_maps: None) -> None:
    """Text of a user is text, also where it looks like HTML."""
    shutil.copytree(folder / "out", tmp_path / "out")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    summary["warnings"] = ["</p><script>alert(1)</script>"]
    summary["config"]["device"]["shape"] = "</pre><script>alert(2)</script>"
    (tmp_path / "out" / "summary.json").write_text(json.dumps(summary))
    assert main(["report", str(tmp_path / "out")]) == 0
    written = (tmp_path / "out" / "report.html").read_text()
    assert "alert(1)&lt;/script&gt;" in written and "<script>alert" not in written


def test_nothing_is_rendered(folder: Path, tmp_path: Path) -> None:
    """No driver for OpenGL is loaded: VTK would end Python where there is none."""
    script = (
        "import sys; from fem_rashba.cli import main; from fem_rashba.results import report; "
        # colours, arrows, streamlines
        "report.KNOWN = {name: report.KNOWN[name] for name in ('Sx', 'torque', 'spin_current_z')}; "
        "assert main(sys.argv[1:]) == 0; "
        "print([name for name in ('libEGL_', 'libGLX', 'swrast') if name in open('/proc/self/maps').read()])"
    )
    words = ["report", str(folder / "out"), "-o", str(tmp_path / "x.html")]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_without_trame(folder: Path, tmp_path: Path, few_maps: None, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(module, "viewer", lambda: None)
    assert main(["report", str(folder / "out"), "-o", str(tmp_path / "plain.html")]) == 0
    assert "there is no zoomable map, because trame-vtk is not installed" in capsys.readouterr().out
    written = (tmp_path / "plain.html").read_text()
    assert "trame-vtk is not installed" in written and "zoom-data" not in written
    assert written.count("<img ") == 1 + 2 + 2


def test_a_report_appears_whole_or_not_at_all(
    folder: Path, tmp_path: Path, few_maps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "old.html"
    old.write_text("old")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "page", interrupted)
    with pytest.raises(KeyboardInterrupt):
        report(load(folder / "out"), folder / "out", old)
    assert old.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["old.html"]


def test_wrong_requests(folder: Path, tmp_path: Path, few_maps: None, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "out"
    shutil.copytree(folder / "out", out)
    (tmp_path / "empty").mkdir()
    for words, message in (
        ((str(out), "-o", "x.pdf"), "the path must end in .html, not 'x.pdf'"),
        (("empty",), "'empty' holds no solution of fem-rashba"),
        ((str(out), "-o", "none/x.html"), "none/x.html: no such file or directory"),
    ):
        assert main(["report", *words]) == 2
        error = capsys.readouterr().err
        assert message in error.lower() or message in error
        assert error.count("\n") == 1
    (out / "summary.json").write_text("{}")
    assert main(["report", str(out)]) == 2
    assert "summary.json' is not the summary of a solution: it has no 'film'\n" in capsys.readouterr().err
    (out / "summary.json").write_text("{")
    assert main(["report", str(out)]) == 2
    assert "summary.json' is not the summary of a solution: it must be JSON that run wrote\n" in capsys.readouterr().err
    (out / "summary.json").unlink()
    assert main(["report", str(out)]) == 2
    assert "summary.json', which a report needs, cannot be read: no such file" in capsys.readouterr().err


def test_a_solution_saved_from_python(tmp_path: Path, few_maps: None) -> None:
    """Without a configuration; a film under no current has no torque to split."""
    made = reference_film()
    device = wire(length=12, width=6).mesh(made, element_size=2.0, degree=1)
    solution = solve(
        device, made, uniform([1, 0, 0]), terminals={"source": Voltage("0 V"), "drain": Ground()}, degree=1
    )
    save(solution, tmp_path / "out", fields=False, plots=False)
    assert main(["report", str(tmp_path / "out")]) == 0
    assert "saved from Python without a configuration" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.slow
def test_a_run_in_time(text: str, tmp_path: Path, few_maps: None) -> None:
    end = '[time]\nend = "0.02 ps"\nstep = "0.01 ps"\n'
    (tmp_path / "strip.toml").write_text(CONFIG.replace('"2 nm"', '"4 nm"').replace("degree = 2", "degree = 1") + end)
    assert main(["run", str(tmp_path / "strip.toml"), "-o", str(tmp_path / "out")]) == 0
    assert main(["report", str(tmp_path / "out")]) == 0
    written = (tmp_path / "out" / "report.html").read_text()
    assert "The state at the end of a run in time, at 0.02 ps." in written
    # the curves of series.nc, which a steady state does not have
    (curves,) = re.findall(r'<h2 id="in-time">.*?<img src="data:image/png;base64,([^"]*)"', written, flags=re.DOTALL)
    (tmp_path / "series.png").write_bytes(base64.b64decode(curves))
    assert main(["plot", str(tmp_path / "out" / "series.nc"), "-o", str(tmp_path / "own.png")]) == 0
    assert np.array_equal(imread(tmp_path / "series.png"), imread(tmp_path / "own.png"))
    assert "in-time" not in text


@pytest.mark.slow
@pytest.mark.mpi
def test_on_two_ranks(folder: Path, text: str, tmp_path: Path) -> None:
    command = ["mpirun", "-n", "2", "fem-rashba", "report", str(folder / "out"), "-o", str(tmp_path / "two.html")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("written") == 1

    def tables(page: str) -> list[str]:
        return re.findall(r"<table>.*?</table>", page, flags=re.DOTALL)

    written = (tmp_path / "two.html").read_text()
    assert tables(written) == tables(text)
    assert written.count("<img ") == text.count("<img ")
