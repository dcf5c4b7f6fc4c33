"""A film cut into regions, as a geometry of Gmsh: every interface is a curve of both of its sides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import gmsh
import numpy as np

from fem_rashba.devices.outline import REST, Loop, Outline, Point, Side


def cut(outline: Outline) -> tuple[dict[int, Side], dict[str, list[int]]]:
    """Put the film's pieces into the current Gmsh model: the side of each curve of its boundary, surfaces of regions.

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
    return _sides(outline.sides, [tag for _, tag in boundary]), {name: tags for name, tags in surfaces.items() if tags}


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


def _sides(sides: Sequence[Side], curves: Iterable[int]) -> dict[int, Side]:
    """The side on which each curve lies: one may have become several curves."""
    start, end = (np.array([getattr(side, key) for side in sides]) for key in ("start", "end"))
    along = end - start
    # how far an arc is from its chord
    off = np.array([side.length * abs(np.tan(side.turn / 4)) / 2 for side in sides])
    found = {}
    for tag in curves:
        low, high = gmsh.model.getParametrizationBounds(1, tag)
        middle = np.array(gmsh.model.getValue(1, tag, [(low[0] + high[0]) / 2])[:2])
        t = np.clip(((middle - start) * along).sum(axis=1) / (along**2).sum(axis=1), 0.0, 1.0)
        distance = np.hypot(*(middle - start - t[:, None] * along).T)
        some = np.flatnonzero(distance - off <= (distance + off).min())
        found[tag] = min((sides[i] for i in some), key=lambda side: _distance(side, middle))  # noqa: B023
    return found


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
