"""The maps that can be zoomed, as data for the script of the page."""

from __future__ import annotations

import base64
from typing import Any

import matplotlib
import numpy as np

from fem_rashba.results.fields import NodalFields
from fem_rashba.results.html import as_json, label
from fem_rashba.results.maps import KNOWN, Map, scale, values
from fem_rashba.results.reduction import reduced
from fem_rashba.results.scene import scene
from fem_rashba.results.tessellation import node_areas

ZOOMED = tuple(name for name in KNOWN if name != "torque")
"""Maps that can be zoomed: all that are colours alone."""


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
