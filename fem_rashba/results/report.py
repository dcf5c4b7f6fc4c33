"""One HTML file about a solution that needs nothing else: no network, no other file."""

from __future__ import annotations

import base64
import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from dolfinx.mesh import entities_to_geometry

from fem_rashba.mpi import on_root
from fem_rashba.results.crossings import locate, pieces
from fem_rashba.results.fields import NodalFields, gathered_fields
from fem_rashba.results.files import SUMMARY
from fem_rashba.results.html import as_json, label
from fem_rashba.results.maps import KNOWN, Map, scale, values
from fem_rashba.results.plot import plot_maps, plot_mesh
from fem_rashba.results.profiles import draw_profiles, profiles
from fem_rashba.results.reduction import reduced
from fem_rashba.results.report_text import Pictures, page
from fem_rashba.results.scene import scene, viewer
from fem_rashba.results.solution import Solution
from fem_rashba.results.tessellation import node_areas

ZOOMED = tuple(name for name in KNOWN if name != "torque")
"""Maps that can be zoomed: all that are colours alone."""

MISSING = "There is no zoomable map, because trame-vtk is not installed: pip install 'fem_rashba[report]'."


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a report is made of, on one rank.

    Attributes:
        name: Of the device.
        fields: With the spin currents.
        terminals: Name -> lines, each of shape (2, 2), nm.
        lines: What `probe` found along lines through the middle.
        numbers: The content of summary.json.
    """

    name: str
    fields: NodalFields
    terminals: dict[str, list[np.ndarray]]
    lines: list[np.ndarray]
    numbers: dict[str, Any]


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
    numbers = on_root(solution.comm, lambda: _summary(Path(out)))
    fields = gathered_fields(solution, spin_currents=True)
    terminals, lines = _terminals(solution), _lines(solution)

    def write() -> str | None:
        assert fields is not None  # on rank 0
        found = Found(name=solution.device.name, fields=fields, terminals=terminals, lines=lines, numbers=numbers)
        return write_report(found, path)

    return on_root(solution.comm, write)


def write_report(found: Found, path: Path) -> str | None:
    """The HTML file, whole or not at all; a sentence if something is missing in it."""
    with tempfile.TemporaryDirectory(dir=path.absolute().parent, prefix=".report") as folder:
        part = Path(folder)
        text, missing = _html(found, part)
        made = part / path.name
        made.write_text(text, encoding="utf-8")
        made.replace(path)
    return missing


def _html(found: Found, part: Path) -> tuple[str, str | None]:
    fields = found.fields
    mesh = plot_mesh(fields.points, fields.cells, fields.cell_type, fields.degree, part / "mesh.png", found.terminals)
    cuts = [draw_profiles(values, part / f"line{k}.png") for k, values in enumerate(found.lines)]
    maps = {path.stem: path for path in plot_maps(fields, part / "maps", list(KNOWN))}
    scripts = viewer()
    zoomed, note = zoom_data(fields) if scripts is not None else (None, MISSING)
    pictures = Pictures(mesh=mesh, cuts=cuts, maps=maps)
    own = _asset("report.js")
    allowed = " ".join(f"'sha256-{_digest(text)}'" for text in (own, *(scripts or ())))
    width, height = np.ptp(fields.points, axis=0)
    text = page(
        found.name,
        found.numbers,
        pictures,
        zoomed,
        float(width / height),
        note,
        _asset("report.css"),
        own,
        scripts or [],
        allowed,
    )
    return text, MISSING if scripts is None else None


def zoom_data(fields: NodalFields) -> tuple[str, str]:
    """JSON of the scene and of the maps that can be laid on it, and a note on what was left out."""
    shape = reduced(fields)
    triangles_around = node_areas(shape.points, shape.triangles)
    maps = [_zoomable(name, fields, shape.nodes, triangles_around) for name in ZOOMED]
    tables = {colors: _table(colors) for colors in {KNOWN[name].colors for name in ZOOMED}}
    actors = 1 + sum(bool(len(pairs)) for pairs in (shape.boundary, shape.sides))
    data = {"scene": scene(shape), "maps": maps, "tables": tables, "actors": actors}
    return as_json(data), shape.note


def _zoomable(name: str, fields: NodalFields, nodes: np.ndarray, areas: np.ndarray) -> dict[str, Any]:
    shown = KNOWN[name]
    needed = {array: fields.arrays[array][nodes] for array in {shown.array, shown.vector or shown.array}}
    chosen = scale(shown, needed, areas)
    here = np.nan_to_num(values(shown, needed, chosen.zero)) / chosen.factor
    least, most = float(here.min()), float(here.max())
    steps = np.round((here - least) / (most - least or 1.0) * 65535).astype("<u2")
    title, unit = _title(shown, chosen.label)
    return {
        "name": name,
        "title": title,
        "label": label(chosen.label)
        + {"neither": "", "max": ", more at peaks", "both": ", more at peaks"}[chosen.beyond],
        "symbol": title,
        "unit": unit,
        "colors": shown.colors,
        "low": chosen.low,
        "high": chosen.high,
        "least": least,
        "most": most,
        "values": base64.b64encode(steps.tobytes()).decode(),
    }


def _title(shown: Map, full: str) -> tuple[str, str]:
    """The quantity without its unit, and the scaled unit, both HTML."""
    rest = full.removeprefix(shown.label).strip()
    return label(shown.label), label(rest.removeprefix("(").removesuffix(")"))


def _table(colors: str) -> str:
    steps = matplotlib.colormaps[colors](np.linspace(0, 1, 256), bytes=True)[:, :3]
    return base64.b64encode(np.ascontiguousarray(steps).tobytes()).decode()


def _asset(name: str) -> str:
    return (Path(__file__).with_name("page") / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _summary(out: Path) -> dict[str, Any]:
    try:
        found = json.loads((out / SUMMARY).read_text())
        for key in ("film", "mesh", "solver", "terminals", "torque", "spin_density", "balance", "versions", "warnings"):
            found[key]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{str(out / SUMMARY)!r} is not the summary of a solution: {error!r}") from None
    return dict(found)


def _terminals(solution: Solution) -> dict[str, list[np.ndarray]]:
    """Ends of the facets of every terminal, of all ranks. Collective."""
    device = solution.device
    device.mesh.topology.create_connectivity(1, 2)
    owned = device.mesh.topology.index_map(1).size_local
    result = {}
    for name, tag in device.terminals.items():
        facets = device.facet_tags.find(tag)
        facets = facets[facets < owned]
        here = np.empty((0, 2, 2))
        if len(facets):
            here = device.mesh.geometry.x[entities_to_geometry(device.mesh, 1, facets)[:, :2]][..., :2]
        result[name] = list(np.concatenate(device.mesh.comm.allgather(here)))
    return result


def _lines(solution: Solution) -> list[np.ndarray]:
    """What `probe` finds along the middle of the film, in x and in y, on the longest part in the film. Collective."""
    x = solution.device.mesh.geometry.x[:, :2]
    every = np.concatenate(solution.comm.allgather(x))
    low, high = every.min(axis=0), every.max(axis=0)
    middle = (low + high) / 2
    found = []
    for axis in (0, 1):
        start, end = middle.copy(), middle.copy()
        start[axis], end[axis] = low[axis], high[axis]
        part = _longest_inside(solution, start, end)
        if part is not None:
            found.append(profiles(solution, *part))
    return found


def _longest_inside(
    solution: Solution, start: np.ndarray, end: np.ndarray
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The longest part of a line that is in the film; None if there is none. Collective."""
    mesh = solution.device.mesh
    t = pieces(mesh, start, end)
    middles = (t[1:] + t[:-1])[:, None] / 2
    here = np.zeros(len(middles), dtype=bool)
    here[locate(mesh, (1 - middles) * start + middles * end).point] = True
    there = np.logical_or.reduce(mesh.comm.allgather(here))
    ends = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(int), [0]])))
    if not len(ends):
        return None
    runs = [(t[first], t[last]) for first, last in ends.reshape(-1, 2)]
    first, last = max(runs, key=lambda run: run[1] - run[0])
    a, b = ((1 - at) * start + at * end for at in (first, last))
    return (float(a[0]), float(a[1])), (float(b[0]), float(b[1]))
