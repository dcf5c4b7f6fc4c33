"""The faces of a film that is cut into regions, each an outline of its own. Lengths in nm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import gmsh
import numpy as np

from fem_rashba.devices.outline import REST, Loop, Outline, Point, Side
from fem_rashba.devices.partition import cut

INSIDE = ""
"""The name of sides on interfaces."""

_SAME = 1e-6
"""Points that are nearer, as a part of the extent, are one: OpenCASCADE computes where regions cross arcs."""


@dataclass(frozen=True, kw_only=True)
class Face:
    """A connected part of a region.

    Attributes:
        region: Its name.
        outline: Its boundary, with the names of the film's sides and `INSIDE`.
    """

    region: str
    outline: Outline


def faces(outline: Outline) -> tuple[Outline, tuple[Face, ...]]:
    """The outline with interfaces that end where those of the faces do, and its faces; none if one touches itself."""
    if not outline.regions:
        return outline, (Face(region=REST, outline=outline),)
    name = gmsh.model.getCurrent()
    gmsh.model.add("faces")
    boundary, surfaces = cut(outline)
    sides = _sides(outline, boundary)
    around = [(region, _around(surface, sides)) for region, tags in surfaces.items() for surface in tags]
    gmsh.model.remove()
    gmsh.model.setCurrent(name)
    whole = replace(outline, interfaces=tuple(side for side in sides.values() if side.name == INSIDE))
    if any(len({side.start for side in found}) < len(found) for _, found in around):
        return whole, ()
    alone = replace(outline, regions=(), interfaces=())
    return whole, tuple(Face(region=name, outline=replace(alone, loops=_loops(found))) for name, found in around)


def _sides(outline: Outline, boundary: dict[int, Side]) -> dict[int, Side]:
    """Every curve of the current model as a side, in its own direction."""
    known = [side.start for side in (*outline.sides, *(s for region in outline.regions for s in region.sides))]
    near = _SAME * max(outline.extent)

    def one(point: np.ndarray) -> Point:
        # the first, since two that are known may differ in their last digit
        same = np.flatnonzero(np.hypot(*(np.array(known) - point[:2]).T) <= near)
        if not len(same):
            known.append((float(point[0]), float(point[1])))
        return known[same[0] if len(same) else -1]

    found = {}
    for _, tag in gmsh.model.getEntities(1):
        low, high = gmsh.model.getParametrizationBounds(1, tag)
        start, end = np.reshape(gmsh.model.getValue(1, tag, [low[0], high[0]]), (2, 3))
        parent = boundary.get(tag)
        found[tag] = Side(
            start=one(start),
            end=one(end),
            name=parent.name if parent else INSIDE,
            centre=parent.centre if parent else None,
        )
    return found


def _around(surface: int, sides: dict[int, Side]) -> list[Side]:
    """The sides of a surface, which is on their left."""
    oriented = gmsh.model.getBoundary([(2, surface)], combined=False, oriented=True)
    found = [sides[tag] if tag > 0 else sides[-tag].reversed() for _, tag in oriented]
    if Outline(loops=(tuple(found),), terminals=()).area < 0.0:
        return [side.reversed() for side in found]
    return found


def _loops(sides: Iterable[Side]) -> tuple[Loop, ...]:
    """The sides one after the other, the outer loop first."""
    leaving = {side.start: side for side in sides}
    loops = []
    while leaving:
        loop = [leaving.pop(next(iter(leaving)))]
        while loop[-1].end != loop[0].start:
            loop.append(leaving.pop(loop[-1].end))
        loops.append(tuple(loop))
    return tuple(sorted(loops, key=lambda loop: -Outline(loops=(loop,), terminals=()).area))
