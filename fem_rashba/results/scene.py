"""A map as a scene of vtk.js, in the form in which pyvista and trame export one, written without rendering.

VTK's own export makes a render window and ends Python where no OpenGL driver can be loaded; the scene itself is data.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import zipfile
from importlib import resources, util
from typing import Any

import numpy as np

from fem_rashba.results.reduction import Reduced

WHITE = np.array([255, 255, 255], dtype=np.uint8)
_ICON = re.compile(r"https://kitware\.github\.io/vtk-js/icon/[^`\"']*")
_SCRIPT = re.compile(r"<script[^>]*>(.*?)</script>", re.DOTALL)


def viewer() -> list[str] | None:
    """The scripts of trame's offline viewer, which hold vtk.js; None if trame-vtk is not installed."""
    if util.find_spec("trame_vtk") is None:
        return None
    page = resources.files("trame_vtk").joinpath("tools", "static_viewer.html")
    # the one thing that it would fetch is the icon of its window
    return _SCRIPT.findall(_ICON.sub("data:,", page.read_text(encoding="utf-8"))) if page.is_file() else None


def scene(shape: Reduced) -> str:
    """Base64 of a zipped scene with three actors: white triangles to be coloured, the boundary, the sides of cells."""
    arrays: dict[str, Any] = {}
    low, high = shape.points.min(axis=0), shape.points.max(axis=0)
    middle = [*((low + high) / 2).tolist(), 0.0]
    points = np.column_stack([shape.points, np.zeros(len(shape.points))]).astype(np.float32)
    places = _array(arrays, points.ravel(), 3, "Points", "vtkPoints")
    white = _array(arrays, np.tile(WHITE, len(points)), 3, "colors", "vtkDataArray")
    white |= {"location": "pointData", "registration": "setScalars"}
    polys = _array(arrays, _cells(shape.triangles), 1, "polys", "vtkCellArray")
    actors = [_actor("map", {"points": places, "polys": polys, "fields": [white]}, 1.0)]
    for name, pairs, width in (("boundary", shape.boundary, 1.5), ("cells", shape.sides, 1.0)):
        if len(pairs):
            lines = _array(arrays, _cells(pairs), 1, "lines", "vtkCellArray")
            actors.append(_actor(name, {"points": places, "lines": lines, "fields": []}, width))
    camera = {
        "parent": "renderer",
        "id": "camera",
        "type": "vtkCamera",
        "properties": {"focalPoint": middle, "position": [*middle[:2], 1000.0], "viewUp": [0, 1, 0]},
    }
    calls = [["setActiveCamera", [_instance("camera")]], *(["addViewProp", [_instance(a["id"])]] for a in actors)]
    renderer = {
        "parent": "window",
        "id": "renderer",
        "type": "vtkRenderer",
        "properties": {"background": [1, 1, 1]},
        "dependencies": [camera, *actors],
        "calls": calls,
    }
    window = {
        "parent": "0x0",
        "id": "window",
        "type": "vtkRenderWindow",
        "properties": {"numberOfLayers": 1},
        "dependencies": [renderer],
        "calls": [["addRenderer", [_instance("renderer")]]],
        "mtime": 1,
    }
    with io.BytesIO() as memory:
        with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as file:
            # a fixed date: the same solution makes the same file
            entry = zipfile.ZipInfo("index.json")
            text = json.dumps({"scene": window, "hashes": arrays})
            file.writestr(entry, text, compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)
        return base64.b64encode(memory.getvalue()).decode()


def _cells(nodes: np.ndarray) -> np.ndarray:
    """The list of vtk.js: for each cell how many nodes it has, and then which."""
    return np.insert(nodes, 0, nodes.shape[1], axis=1).astype(np.int32).ravel()


def _array(arrays: dict[str, Any], values: np.ndarray, components: int, name: str, kind: str) -> dict[str, Any]:
    """The description of an array, which is put among the arrays."""
    data = values.tobytes()
    key = hashlib.sha256(data).hexdigest()
    javascript = {"float32": "Float32Array", "int32": "Int32Array", "uint8": "Uint8Array"}[str(values.dtype)]
    arrays[key] = {"hash": key, "type": javascript, "vtk": kind, "content": base64.b64encode(data).decode()}
    return {
        "hash": key,
        "vtkClass": kind,
        "name": name,
        "dataType": javascript,
        "numberOfComponents": components,
        "size": values.size,
    }


def _actor(name: str, data: dict[str, Any], width: float) -> dict[str, Any]:
    mapper, shown, surface = f"{name}-mapper", f"{name}-data", f"{name}-property"
    dataset = {"parent": mapper, "id": shown, "type": "vtkPolyData", "properties": data}
    # direct colours of the points, and no lights
    direct = {"scalarVisibility": int(bool(data["fields"])), "colorMode": 2, "scalarMode": 1}
    ink = [0.25, 0.25, 0.25]
    look = {"lighting": 0, "lineWidth": width, "color": ink, "diffuseColor": ink, "ambientColor": ink}
    return {
        "parent": "renderer",
        "id": name,
        "type": "vtkActor",
        "properties": {"visibility": 1},
        "calls": [["setMapper", [_instance(mapper)]], ["setProperty", [_instance(surface)]]],
        "dependencies": [
            {
                "parent": name,
                "id": mapper,
                "type": "vtkMapper",
                "properties": direct,
                "calls": [["setInputData", [_instance(shown)]]],
                "dependencies": [dataset],
            },
            {"parent": name, "id": surface, "type": "vtkProperty", "properties": look},
        ],
    }


def _instance(name: str) -> str:
    return f"instance:${{{name}}}"
