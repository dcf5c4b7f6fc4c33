"""Triangles with the names of regions and sides: those of several faces as one, of second order, as a Gmsh model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import gmsh
import numpy as np


@dataclass(frozen=True, kw_only=True)
class Triangulation:
    """Triangles and the sides of them that have names.

    Attributes:
        points: Shape (N, 2), nm; the first of them may be those of other faces too.
        shared: How many these are.
        cells: Points of each triangle, anticlockwise, shape (M, 3), or (M, 6) with the middles of its sides.
        regions: Name of the region of each, shape (M,).
        lines: Points of each side, shape (L, 2) or (L, 3).
        names: Of each side, shape (L,).
        curved: Pairs of points whose side is curved, shape (K, 2).
        middles: Of these sides, shape (K, 2), nm.
    """

    points: np.ndarray
    shared: int
    cells: np.ndarray
    regions: np.ndarray
    lines: np.ndarray
    names: np.ndarray
    curved: np.ndarray
    middles: np.ndarray


def joined(parts: Sequence[Triangulation]) -> Triangulation:
    """The parts as one, in which shared points that are the same numbers are one point."""
    shared, place = np.unique(
        np.concatenate([part.points[: part.shared] for part in parts]), axis=0, return_inverse=True
    )
    inner = [len(part.points) - part.shared for part in parts]
    first = len(shared) + np.cumsum(inner) - inner
    places = np.split(place.ravel(), np.cumsum([part.shared for part in parts])[:-1])
    numbers = [np.append(on, at + np.arange(n)) for on, at, n in zip(places, first, inner, strict=True)]

    def renumbered(key: str) -> np.ndarray:
        return np.concatenate([number[getattr(part, key)] for number, part in zip(numbers, parts, strict=True)])

    return Triangulation(
        points=np.concatenate([shared, *(part.points[part.shared :] for part in parts)]),
        shared=len(shared),
        cells=renumbered("cells"),
        regions=np.concatenate([part.regions for part in parts]),
        lines=renumbered("lines"),
        names=np.concatenate([part.names for part in parts]),
        curved=renumbered("curved"),
        middles=np.concatenate([part.middles for part in parts]),
    )


def second_order(given: Triangulation) -> Triangulation:
    """The same triangles with a point in the middle of every side."""
    points, lines, cells = given.points, given.lines, given.cells
    pairs = np.sort(np.concatenate([lines, cells[:, [0, 1]], cells[:, [1, 2]], cells[:, [2, 0]]]), axis=1)
    keys, place = np.unique(pairs @ [len(points), 1], return_inverse=True)
    first, second = np.divmod(keys, len(points))
    middles = (points[first] + points[second]) / 2
    middles[np.searchsorted(keys, np.sort(given.curved, axis=1) @ [len(points), 1])] = given.middles
    number = len(points) + place
    return replace(
        given,
        points=np.concatenate([points, middles]),
        lines=np.concatenate([lines, number[: len(lines), None]], axis=1),
        cells=np.concatenate([cells, number[len(lines) :].reshape(3, -1).T], axis=1),
    )


def put(given: Triangulation) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Into the current Gmsh model, with points in order: the curves of each name, and surfaces of each region.

    Raises:
        ValueError: If triangles overlap.
    """
    _check(given)
    mesh, order = gmsh.model.mesh, 1 if given.cells.shape[1] == 3 else 2
    coordinates = np.concatenate([given.points, np.zeros((len(given.points), 1))], axis=1)
    surfaces: dict[str, list[int]] = {}
    for region in dict.fromkeys(given.regions.tolist()):
        surface = gmsh.model.addDiscreteEntity(2)
        if not surfaces:
            mesh.addNodes(2, surface, np.arange(1, len(coordinates) + 1), coordinates.ravel())
        cells = given.cells[given.regions == region]
        mesh.addElementsByType(surface, mesh.getElementType("Triangle", order), [], cells.ravel() + 1)
        surfaces[region] = [surface]
    curves: dict[str, list[int]] = {}
    for name in dict.fromkeys(given.names.tolist()):
        curve = gmsh.model.addDiscreteEntity(1)
        lines = given.lines[given.names == name]
        mesh.addElementsByType(curve, mesh.getElementType("Line", order), [], lines.ravel() + 1)
        curves[name] = [curve]
    return curves, surfaces


def _check(given: Triangulation) -> None:
    """Gmsh loses its way where elements are as small as the rounding of their coordinates, and dolfinx then crashes."""
    corners = given.points[given.cells[:, :3]]
    (x, y), (u, v) = ((corners[:, k] - corners[:, 0]).T for k in (1, 2))
    if not (x * v - y * u > 0.0).all():
        shortest = float(np.hypot(*(corners - np.roll(corners, 1, axis=1)).T).min())
        extent = float(np.ptp(given.points, axis=0).max())
        raise ValueError(
            f"triangles overlap: elements down to {shortest:.1e} nm are too small in a device of {extent:.3g} nm; "
            "ask for less accuracy, or give an element_size"
        )
