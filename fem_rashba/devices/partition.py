"""A film cut into regions, as a geometry of Gmsh: every interface is a curve of both of its sides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import gmsh
import numpy as np

from fem_rashba.devices.outline import REST, Loop, Outline, Point, Side

Entity = tuple[int, int]


def cut(outline: Outline) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Put the pieces of the film into the current Gmsh model: curves of each side name, surfaces of each region.

    OpenCASCADE does the cutting, because regions may cross arcs.
    """
    occ = gmsh.model.occ
    film = (2, _surface(outline.loops))
    tools, owners = [], []
    for region in outline.regions:
        for polygon in region.polygons:
            tools.append((2, _surface(polygon)))
            owners.append(region.name)
    pieces, parents = occ.fragment([film], tools)
    inside = set(parents[0])
    occ.remove([piece for piece in pieces if piece not in inside], recursive=True)
    occ.synchronize()
    surfaces: dict[str, list[int]] = {name: [] for name in outline.region_names}
    for name, parts in zip(owners, parents[1:], strict=True):
        surfaces[name] += [tag for dim, tag in parts if (dim, tag) in inside]
    taken = {tag for tags in surfaces.values() for tag in tags}
    surfaces.setdefault(REST, []).extend(sorted(tag for _, tag in inside if tag not in taken))
    boundary = gmsh.model.getBoundary(sorted(inside), combined=True, oriented=False)
    return _named(outline.sides, boundary), {name: tags for name, tags in surfaces.items() if tags}


def _surface(loops: Iterable[Loop]) -> int:
    occ = gmsh.model.occ
    points: dict[Point, int] = {}

    def point(at: Point) -> int:
        if at not in points:
            points[at] = occ.addPoint(*at, 0.0)
        return points[at]

    rings = []
    for number, loop in enumerate(loops):
        lines = []
        # OpenCASCADE wants all loops anticlockwise, those of holes too, and draws arcs only so
        for side in reversed(loop) if number else loop:
            start, end = (point(at) for at in ((side.end, side.start) if number else (side.start, side.end)))
            if side.centre is None:
                lines.append(occ.addLine(start, end))
            elif (side.turn > 0) != bool(number):
                lines.append(occ.addCircleArc(start, point(side.centre), end))
            else:
                # a bay of the outer loop, or a bulge of a hole
                lines.append(-occ.addCircleArc(end, point(side.centre), start))
        rings.append(occ.addCurveLoop(lines))
    return int(occ.addPlaneSurface(rings))


def _named(sides: Sequence[Side], curves: Iterable[Entity]) -> dict[str, list[int]]:
    """The curves on each side, by its name: a side may have become several."""
    names = dict.fromkeys(side.name for side in sides)
    result: dict[str, list[int]] = {name: [] for name in names}
    for dim, tag in curves:
        low, high = gmsh.model.getParametrizationBounds(dim, tag)
        middle = np.array(gmsh.model.getValue(dim, tag, [(low[0] + high[0]) / 2])[:2])
        result[min(sides, key=lambda side: _distance(side, middle)).name].append(tag)
    return result


def _distance(side: Side, point: np.ndarray) -> float:
    """From a point near the side to it, nm."""
    if side.centre is not None:
        radius, arm = np.linalg.norm(np.subtract(side.start, side.centre)), point - side.centre
        nearest = side.centre + radius * arm / max(float(np.linalg.norm(arm)), 1e-300)
        along = side.points(2)[1] - side.centre
        if arm @ along >= np.cos(side.turn / 2) * np.linalg.norm(arm) * radius:
            return float(np.linalg.norm(point - nearest))
        return float(min(np.linalg.norm(point - np.array(end)) for end in (side.start, side.end)))
    t = np.clip((point - side.start) @ side.vector / side.length**2, 0.0, 1.0)
    return float(np.linalg.norm(point - side.start - t * side.vector))
