"""One HTML file about a solution that needs nothing else: no network, no other file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from fem_rashba.mpi import on_root
from fem_rashba.results.curves import draw_curves
from fem_rashba.results.maps import KNOWN
from fem_rashba.results.plot import plot_maps
from fem_rashba.results.profiles import draw_profiles
from fem_rashba.results.report_data import Found, found
from fem_rashba.results.report_text import Assets, Pictures, Zoom, page
from fem_rashba.results.scene import viewer
from fem_rashba.results.sketch import draw
from fem_rashba.results.solution import Solution
from fem_rashba.results.zoomable import zoom_data

MISSING = "There is no zoomable map, because trame-vtk is not installed: pip install 'fem_rashba[report]'."


def report(solution: Solution, out: str | Path, path: str | Path) -> str | None:
    """Writes the report on the solution of a folder; a sentence if something is missing in it. Collective.

    Args:
        solution: From the folder.
        out: The folder, whose summary.json has the numbers.
        path: Of the HTML file, which appears whole or not at all.

    Raises:
        ValueError: If the path does not end in .html, or there is no summary.
        OSError: If the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".html":
        raise ValueError(f"a report is an HTML file: the path must end in .html, not {path.name!r}")
    gathered = found(solution, Path(out))

    def write() -> str | None:
        assert gathered is not None  # on rank 0
        return write_report(gathered, path)

    return on_root(solution.comm, write)


def write_report(content: Found, path: Path) -> str | None:
    """The HTML file, whole or not at all; a sentence if something is missing in it."""
    with tempfile.TemporaryDirectory(dir=path.absolute().parent, prefix=".report") as folder:
        part = Path(folder)
        text, missing = _html(content, part)
        made = part / path.name
        made.write_text(text, encoding="utf-8")
        made.replace(path)
    return missing


def _html(content: Found, part: Path) -> tuple[str, str | None]:
    fields = content.fields
    mesh = draw(content.sketch, part / "mesh.png")
    cuts = [draw_profiles(values, part / f"line{k}.png") for k, values in enumerate(content.lines)]
    maps = {path.stem: path for path in plot_maps(fields, part / "maps", list(KNOWN))}
    series = None if content.series is None else draw_curves(content.series, part / "series.png")
    pictures = Pictures(mesh=mesh, cuts=cuts, maps=maps, series=series)
    scripts = viewer()
    zoomed, note = zoom_data(fields) if scripts is not None else (None, MISSING)
    width, height = np.ptp(fields.points, axis=0)
    zoom = Zoom(data=zoomed, ratio=float(width / height), note=note)
    assets = Assets(style=_asset("report.css"), script=_asset("report.js"), viewer=scripts or [])
    text = page(content.name, content.numbers, pictures, zoom, assets)
    return text, MISSING if scripts is None else None


def _asset(name: str) -> str:
    return (Path(__file__).with_name("page") / name).read_text(encoding="utf-8")
