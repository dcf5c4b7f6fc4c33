"""From the polygons of a drawing to an outline: united, slivers closed, the boundary named by what covers it. In nm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon
from shapely.geometry.polygon import orient

from fem_rashba.devices.files import LARGEST, SMALLEST
from fem_rashba.devices.gmsh_io import EDGE
from fem_rashba.devices.outline import REST, SNAP, Outline, Side
from fem_rashba.devices.polygons import check_contacts, check_pinches, sides_of
from fem_rashba.devices.regions import split

HOLES = "holes"
Drawn = Mapping[str, Sequence[np.ndarray]]


def outline_from(
    drawn: Drawn, labels: Mapping[str, str], *, snap: float, regions: Sequence[str], edges: Sequence[str]
) -> Outline:
    """The outline of what is drawn as "film" without "holes"; all other names are regions, edges or terminals.

    Args:
        drawn: Name -> the corners of polygons, shape (N, 2), nm.
        labels: Name -> how messages call its layer.
        snap: Sides and corners nearer than this are one, nm.
        regions: Names of regions: what of them lies in the film.
        edges: Names of edges: the parts of the boundary that they cover.

    Raises:
        ValueError: If a polygon crosses itself, the film is not one piece, or a name covers nothing.
    """
    aligned = _aligned(drawn, snap)
    united = {name: _united(polygons, f"{name} ({labels[name]})") for name, polygons in aligned.items()}
    film = united[REST]
    if HOLES in united:
        film = film.difference(united[HOLES])
    film = _closed(film, snap)
    film = _one_piece(film, labels[REST])
    _check_size(film)
    # a slit too narrow to be closed above, because its area is nothing beside that of the film
    film = orient(Polygon(film.exterior, [r for r in film.interiors if Polygon(r).area > snap * r.length / 4]))
    loops = [sides_of(ring.coords) for ring in (film.exterior, *film.interiors)]
    check_pinches(loops)
    terminals = [name for name in united if name not in (REST, HOLES, *regions, *edges)]
    for name in (*terminals, *edges):
        what = "edge" if name in edges else "terminal"
        if what == "terminal" and name.startswith(EDGE):
            raise ValueError(f"terminal {name!r} has the name of an edge; a terminal needs a name of its own")
        loops = _cover(loops, united[name], f"{what} {name!r} ({labels[name]})", name, snap)
    outline = Outline(loops=tuple(map(tuple, loops)), terminals=tuple(terminals))
    check_contacts(outline)
    chosen = {name: _closed(united[name], snap) for name in regions}
    return split(outline, chosen, tolerance=snap) if chosen else outline


def _aligned(drawn: Drawn, snap: float) -> dict[str, list[np.ndarray]]:
    """The polygons with vertical and horizontal sides that are nearer than `snap` on one line, that of the film."""
    result = {name: [polygon.round(SNAP) for polygon in polygons] for name, polygons in drawn.items()}
    for axis in (0, 1):
        film: set[float] = set()
        places: set[float] = set()
        for name, polygons in result.items():
            for polygon in polygons:
                along = np.abs(np.roll(polygon, -1, axis=0) - polygon)[:, axis] < 10.0**-SNAP
                here = set(polygon[along, axis].tolist())
                places |= here
                film |= here if name == REST else set()
        moved = _clusters(sorted(places), film, snap)
        for polygons in result.values():
            for polygon in polygons:
                polygon[:, axis] = [moved.get(float(value), value) for value in polygon[:, axis]]
    return result


def _clusters(values: list[float], preferred: set[float], width: float) -> dict[float, float]:
    """Each value -> the one that stands for all from the first of a group to less than `width` beyond it."""
    result: dict[float, float] = {}
    start = 0
    for i in range(1, len(values) + 1):
        if i == len(values) or values[i] - values[start] >= width * (1 - 1e-9):
            group = values[start:i]
            chosen = next((value for value in group if value in preferred), group[0])
            result |= dict.fromkeys(group, chosen)
            start = i
    return result


def _united(polygons: Sequence[np.ndarray], what: str) -> Any:
    shape = shapely.union_all([_simple(polygon, f"polygon {i} of {what}") for i, polygon in enumerate(polygons)])
    if shape.is_empty:
        where = ", at ({:.6g}, {:.6g}) nm,".format(*polygons[0][0]) if len(polygons) else ""
        raise ValueError(f"nothing of {what}{where} has an area")
    return shape


def _simple(corners: np.ndarray, what: str) -> Any:
    """The area of a ring, which may run back along itself to make a hole but must not cross itself."""
    polygon = Polygon(corners)
    if polygon.is_valid:
        return polygon
    x, y = corners.T
    enclosed = abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2
    parts = shapely.get_parts(shapely.make_valid(polygon))
    area = shapely.union_all([part for part in shapely.get_parts(parts) if part.geom_type.endswith("Polygon")])
    if abs(area.area - enclosed) > 1e-9 * polygon.length**2:
        where = shapely.is_valid_reason(polygon).partition("[")[2].rstrip("]").replace(" ", ", ")
        raise ValueError(f"{what} crosses itself at ({where}) nm; a polygon must be simple")
    return area


def _closed(shape: Any, snap: float) -> Any:
    """The shape without gaps, spikes and sides that are narrower than `snap`; a clean shape as it is."""

    def by(distance: float, of: Any) -> Any:
        return of.buffer(distance, join_style="mitre", mitre_limit=10.0)

    # a little less than half: what is exactly as wide as a database unit stays
    half = 0.49 * snap
    result = by(half, by(-2 * half, by(half, shape)))
    clean = result.symmetric_difference(shape).area < 1e-9 * shape.area
    result = shape if clean else result.simplify(0.1 * snap)
    result = shapely.remove_repeated_points(result, snap * (1 - 1e-6))
    return shapely.transform(result, lambda points: points.round(SNAP) + 0.0)


def _check_size(film: Polygon) -> None:
    x0, y0, x1, y1 = film.bounds
    extent = max(x1 - x0, y1 - y0)
    if not SMALLEST <= extent <= LARGEST:
        raise ValueError(
            f"the device is {extent:.3g} nm long; it must be between {SMALLEST:g} nm and {LARGEST:g} nm, so check the "
            "database unit of the file"
        )


def _one_piece(film: Any, label: str) -> Polygon:
    pieces = [part for part in shapely.get_parts(film) if part.geom_type == "Polygon" and not part.is_empty]
    if not pieces:
        raise ValueError(f"nothing is left of the film ({label})")
    if len(pieces) > 1:
        places = [part.representative_point() for part in pieces[:3]]
        where = ", ".join(f"({p.x:.6g}, {p.y:.6g})" for p in places) + (", ..." if len(pieces) > 3 else "")
        raise ValueError(
            f"the film ({label}) falls into {len(pieces)} pieces, at {where} nm; all must overlap or share sides"
        )
    return pieces[0]


def _cover(loops: list[list[Side]], shape: Any, what: str, name: str, snap: float) -> list[list[Side]]:
    """The loops with what the shape covers of them called `name`."""
    wide = shape.buffer(snap, join_style="mitre")
    shapely.prepare(wide)
    covered = False
    result = []
    for loop in loops:
        sides = []
        for side in loop:
            pieces = _pieces(side, shape, wide, snap)
            if pieces and side.name != EDGE:
                x, y = side.points(2)[1]
                raise ValueError(f"{what} overlaps {side.name!r} at ({x:.6g}, {y:.6g}) nm; every side belongs to one")
            stops = sorted({0.0, 1.0, *(t for piece in pieces for t in piece)})
            corners = [side.start, *(tuple(side.start + t * side.vector) for t in stops[1:-1]), side.end]
            for (a, b), (start, end) in zip(pairwise(stops), pairwise(corners), strict=True):
                inside = any(low <= (a + b) / 2 <= high for low, high in pieces)
                sides.append(Side(start=start, end=end, name=name if inside else side.name))
            covered |= bool(pieces)
        result.append(sides)
    if not covered:
        middle = shape.representative_point()
        raise ValueError(
            f"{what}, at ({middle.x:.6g}, {middle.y:.6g}) nm, covers no part of the boundary of the film; one inside "
            "the film needs a hole"
        )
    return result


def _pieces(side: Side, shape: Any, wide: Any, snap: float) -> list[tuple[float, float]]:
    """Which parts of a side a shape covers or touches: from and to, as parts of its length."""
    line = LineString([side.start, side.end])
    if not wide.intersects(line):
        return []
    # where they end exactly: corners of the side, crossings, corners of the shape along the side
    stops = [0.0, line.length]
    crossings = shapely.get_coordinates(line.intersection(shape.boundary))
    corners = shapely.get_coordinates(shape)
    near = corners[shapely.distance(shapely.points(corners), line) <= 2 * snap]
    stops += [line.project(point) for point in shapely.points(np.concatenate([crossings, near]))]
    found = []
    for part in shapely.get_parts(line.intersection(wide)):
        ends = sorted(line.project(shapely.points(end)) for end in shapely.get_coordinates(part))
        low, high = (_nearest(stops, end, 3 * snap) for end in (ends[0], ends[-1]))
        if high - low > snap:
            found.append((low / line.length, high / line.length))
    return found


def _nearest(stops: Sequence[float], place: float, within: float) -> float:
    nearest = min(stops, key=lambda stop: abs(stop - place))
    return nearest if abs(nearest - place) <= within else place
