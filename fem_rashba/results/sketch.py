"""A picture of a device before any solve: mesh, regions, terminals by name, edges by their spin condition."""

from __future__ import annotations

import math
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dolfinx.mesh import entities_to_geometry
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from fem_rashba.results import figure as paper
from fem_rashba.solvers.problem import Problem

TERMINALS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#882255", "#999933")
REGIONS = ("#f2f2f2", "#fbe3bd", "#d3e6f5", "#d9ecd3", "#eed9ea", "#f7d3cd")
DASHES: dict[str, Any] = {
    "sink": "-",
    "insulating": (0, (4, 1.6)),
    "relaxing": (0, (1, 1.2)),
    "injected": (0, (4, 1.2, 1, 1.2)),
}
"""Of the spin conditions of edges."""

_SIGNATURE = "fem-rashba"
_MARGIN = 0.02
_ROW = 0.145
"""Height of a line of the legend, inches."""


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """What there is to draw, of all ranks.

    Attributes:
        cells: Corners of every cell in turn, shape (N, 3 or 4, 2), nm.
        regions: Name -> which cells, indices.
        terminals: Name -> lines, shape (n, 2, 2), nm.
        edges: Spin condition -> names of edges and their lines.
    """

    cells: np.ndarray
    regions: dict[str, np.ndarray]
    terminals: dict[str, np.ndarray]
    edges: dict[str, tuple[list[str], np.ndarray]]


def gathered(problem: Problem) -> Sketch | None:
    """The sketch of a problem's device on the root, None on the other ranks. Collective."""
    device = problem.device
    mesh = device.mesh
    x = mesh.geometry.x[:, :2]
    owned = mesh.topology.index_map(2).size_local
    # corners come first, those of quadrilaterals as those of a tensor product
    order = [0, 1, 2] if mesh.topology.cell_name() == "triangle" else [0, 1, 3, 2]
    tags = np.zeros(owned + mesh.topology.index_map(2).num_ghosts, dtype=np.int32)
    tags[device.cell_tags.indices] = device.cell_tags.values
    facets = device.facet_tags.indices
    here = facets < mesh.topology.index_map(1).size_local
    lines = x[entities_to_geometry(mesh, 1, facets[here])[:, :2]]
    parts = mesh.comm.gather(
        (x[mesh.geometry.dofmap[:owned][:, order]], tags[:owned], lines, device.facet_tags.values[here])
    )
    if parts is None:
        return None
    cells, by_cell, sides, by_side = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    edges: dict[str, tuple[list[str], np.ndarray]] = {}
    for name, tag in device.edges.items():
        names, before = edges.get(str(problem.edges[name]), ([], sides[:0]))
        edges[str(problem.edges[name])] = [*names, name], np.concatenate([before, sides[by_side == tag]])
    return Sketch(
        cells=cells,
        regions={name: np.flatnonzero(by_cell == tag) for name, tag in device.regions.items()},
        terminals={name: sides[by_side == tag] for name, tag in device.terminals.items()},
        edges=edges,
    )


def draw(sketch: Sketch, path: str | Path) -> Path:
    """Draw the picture: whole, or not at all.

    Raises:
        ValueError: As `check_target`.
    """
    path = check_target(path)
    labels, handles = _legend(sketch)
    low, high = sketch.cells.min(axis=(0, 1)), sketch.cells.max(axis=(0, 1))
    pad = _MARGIN * max(high - low)
    box = (high[0] - low[0] + 2 * pad, high[1] - low[1] + 2 * pad)
    # in inches, a little more than the widest label of this font
    column = 0.32 + 0.058 * max(map(len, labels))
    columns = max(1, int((paper.COLUMN - paper.LEFT) / column))
    above = paper.TOP + _ROW * math.ceil(len(labels) / columns)
    shape = paper.panel(
        box, paper.COLUMN, bar=False, above=above, least=paper.LEFT + min(columns, len(labels)) * column
    )
    with paper.style():
        figure = Figure(figsize=shape.size, dpi=paper.DPI)
        extent = (low[0] - pad, high[0] + pad, low[1] - pad, high[1] + pad)
        axes = paper.axes(figure, (0.0, 0.0), shape, extent)
        for color, cells in zip(_cycle(REGIONS, len(sketch.regions)), sketch.regions.values(), strict=True):
            axes.add_collection(
                PolyCollection(list(sketch.cells[cells]), facecolors=color, edgecolors="0.55", linewidths=0.12)
            )
        for condition, (_, lines) in sketch.edges.items():
            dashes = _dashes(condition)
            for loop in _joined(lines):
                axes.plot(*loop.T, color=paper.INK, linewidth=0.9, linestyle=dashes, zorder=3)
        for color, lines in zip(_cycle(TERMINALS, len(sketch.terminals)), sketch.terminals.values(), strict=True):
            whole = LineCollection(_joined(lines), colors=color, linewidths=2.2, zorder=4, clip_on=False)
            axes.add_collection(whole)
        axes.legend(handles, labels, ncols=columns, **_place())
        return _saved(figure, path)


def check_target(path: str | Path) -> Path:
    """The path, if a picture can be written there.

    Raises:
        ValueError: Unless it ends in .png, lies in an existing folder, and is free or a sketch of ours.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise ValueError(f"cannot write {str(path)!r}: the name of a sketch must end in .png")
    if not path.parent.is_dir():
        raise ValueError(f"cannot write {str(path)!r}: the folder {str(path.parent)!r} does not exist")
    if path.is_dir() or (path.exists() and _SIGNATURE.encode() not in path.read_bytes()[:200]):
        raise ValueError(f"cannot write {str(path)!r}: it exists and was not written by fem-rashba")
    return path


def _place() -> dict[str, Any]:
    """Where the legend stands: above the axes, aligned with the labels of y."""
    return {
        "loc": "lower left",
        "bbox_to_anchor": (0.0, 1.0),
        "frameon": False,
        "borderpad": 0.0,
        "borderaxespad": 0.4,
        "handlelength": 1.4,
        "handletextpad": 0.4,
        "columnspacing": 1.0,
        "labelspacing": 0.3,
    }


def _legend(sketch: Sketch) -> tuple[list[str], list[Line2D | Patch]]:
    labels: list[str] = []
    handles: list[Line2D | Patch] = []
    for color, name in zip(_cycle(TERMINALS, len(sketch.terminals)), sketch.terminals, strict=True):
        labels.append(name)
        handles.append(Line2D([], [], color=color, linewidth=2.2))
    for condition, (names, _) in sketch.edges.items():
        labels.append(f"{', '.join(names)}: {condition}")
        handles.append(Line2D([], [], color=paper.INK, linewidth=0.9, linestyle=_dashes(condition)))
    named = sketch.regions if len(sketch.regions) > 1 else {}
    for color, name in zip(_cycle(REGIONS, len(named)), named, strict=True):
        labels.append(name)
        handles.append(Patch(facecolor=color, edgecolor="0.55", linewidth=0.3))
    return labels, handles


def _dashes(condition: str) -> Any:
    return DASHES[condition.partition(",")[0]]


def _cycle(styles: tuple, count: int) -> list:
    return [styles[i % len(styles)] for i in range(count)]


def _joined(lines: np.ndarray) -> list[np.ndarray]:
    """Segments as long lines, along which dashes can be seen: arrays of points of shape (n, 2)."""
    ends: dict[tuple[float, float], list[int]] = {}
    keys = [[(round(float(px), 6), round(float(py), 6)) for px, py in line] for line in lines]
    for i, pair in enumerate(keys):
        for key in pair:
            ends.setdefault(key, []).append(i)
    free = set(range(len(lines)))
    # open lines from one of their ends first, then what is left, the closed ones
    starts = [(pair, i) for i, (a, b) in enumerate(keys) for pair in ((a, b), (b, a)) if len(ends[pair[0]]) == 1]
    starts += [((a, b), i) for i, (a, b) in enumerate(keys)]
    found = []
    for (first, here), i in starts:
        if i not in free:
            continue
        free.discard(i)
        points = [first, here]
        while following := [j for j in ends[points[-1]] if j in free]:
            free.discard(following[0])
            a, b = keys[following[0]]
            points.append(b if a == points[-1] else a)
        found.append(np.array(points))
    return found


def _saved(figure: Figure, path: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".sketch") as folder:
        part = os.path.join(folder, "part.png")
        FigureCanvasAgg(figure).print_png(part, metadata={"Software": _SIGNATURE})
        os.replace(part, path)
    return path
