"""Meshes drawn by hand: a .msh file, checked before use. Its physical groups are the regions, terminals and edges."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gmsh
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fem_rashba.devices.device import check_names
from fem_rashba.devices.gmsh_io import EDGE, Groups, corners_of_cells, drop_unused_nodes

SMALLEST, LARGEST = 1.0, 1e7
"""nm: a device outside of these is taken for one in another unit."""

SUPPORTED = ("Triangle", "Quadrilateral")


@dataclass(frozen=True, kw_only=True)
class MeshFile:
    """A Gmsh file.

    Attributes:
        path: A .msh file of any Gmsh format.
        scale: nm per unit of length in the file.
        terminals: Names that the file must have as terminals.
        edges: Curve groups that are edges although their names do not start with "edge".
    """

    path: Path
    scale: float
    terminals: tuple[str, ...]
    edges: tuple[str, ...]

    def load(self) -> Groups:
        """Read the file into the current Gmsh model, in nm.

        Raises:
            ValueError: If it is no usable mesh, or a name is missing, doubled or unknown.
        """
        try:
            self._read()
            _check_cells()
            regions, curves = _groups(2), _groups(1)
            _check_surfaces(regions)
            drop_unused_nodes()
            self._check_plane()
            _check_topology(curves)
            return self._classify(regions, curves)
        except ValueError as error:
            raise ValueError(f"{self.path}: {error}") from None

    def _read(self) -> None:
        if not self.path.is_file():
            raise ValueError("there is no such file; mesh must be the path of a .msh file")
        with self.path.open("rb") as file:
            # Gmsh would run anything else as a script
            if not file.read(64).lstrip().startswith(b"$MeshFormat"):
                raise ValueError("not a Gmsh mesh; make a .msh file of an outline with: gmsh -2 FILE.geo")
        try:
            gmsh.merge(str(self.path))
        except Exception as error:
            raise ValueError(f"Gmsh cannot read the file ({error}); it must be a complete .msh file") from None
        s = self.scale
        gmsh.model.mesh.affineTransform([s, 0, 0, 0, 0, s, 0, 0, 0, 0, s, 0])

    def _check_plane(self) -> None:
        _, points, _ = gmsh.model.mesh.getNodes()
        size = np.ptp(points.reshape(-1, 3), axis=0)
        extent = max(size)
        if size[2] > 1e-6 * extent:
            raise ValueError(f"the mesh is not flat: z varies by {size[2]:.3g}; a film lies in the plane z = 0")
        if not SMALLEST <= extent <= LARGEST:
            raise ValueError(
                f"the device is {extent:.3g} nm long; if the file is in another unit give scale, its length in nm "
                '(scale = "1 um" or "1 m")'
            )

    def _classify(self, regions: dict[str, int], curves: dict[str, int]) -> Groups:
        # "edge:NAME" in a file is the edge NAME
        check_names(self.edges, {name.removeprefix(f"{EDGE}:"): tag for name, tag in curves.items()}, "edge")
        terminals: dict[str, int] = {}
        edges: dict[str, int] = {}
        for name, tag in curves.items():
            is_edge = name.startswith(EDGE) or name in self.edges
            short = name.removeprefix(f"{EDGE}:")
            if short in terminals or short in edges:
                raise ValueError(f"the curve group {name!r} repeats the name {short!r}; names must differ")
            (edges if is_edge else terminals)[short] = tag
        check_names(self.terminals, terminals, "terminal")
        return Groups(regions=regions, terminals=terminals, edges=edges)


def _check_cells() -> None:
    if gmsh.model.mesh.getElementTypes(3).size:
        raise ValueError("this is a mesh of a solid; a film needs a mesh of triangles or quadrilaterals in the plane")
    kinds = gmsh.model.mesh.getElementTypes(2)
    names = [gmsh.model.mesh.getElementProperties(kind)[0] for kind in kinds]
    if not names:
        raise ValueError(
            "the mesh has no triangles or quadrilaterals; mesh the surface (gmsh -2) before saving, and name it by a "
            "Physical Surface, because Gmsh saves only what is named once anything is"
        )
    if len(names) > 1:
        raise ValueError(f"the mesh mixes {' and '.join(names)}; all cells must be of one kind and order")
    _, _, order, nodes, _, _ = gmsh.model.mesh.getElementProperties(kinds[0])
    full = {(3, 1), (6, 2), (10, 3), (4, 1), (9, 2), (16, 3)}
    if (nodes, order) not in full:
        raise ValueError(f"cells of the kind {names[0]} are not supported; use complete ones of order 1 to 3")
    for kind in gmsh.model.mesh.getElementTypes(1):
        if gmsh.model.mesh.getElementProperties(kind)[2] != order:
            raise ValueError(f"curves and surfaces are of different order; both must be of order {order}")


def _groups(dim: int) -> dict[str, int]:
    """The physical groups of a dimension, name -> tag, each checked for its name and elements."""
    what = {1: "curve", 2: "surface"}[dim]
    found: dict[str, int] = {}
    owner: dict[int, str] = {}
    for _, tag in gmsh.model.getPhysicalGroups(dim):
        name = gmsh.model.getPhysicalName(dim, tag)
        if not name:
            raise ValueError(f'the {what} group {tag} has no name; give it one: Physical {what.title()}("NAME", {tag})')
        if name in found:
            raise ValueError(f"two {what} groups are called {name!r}; names must differ")
        found[name] = tag
        for entity in gmsh.model.getEntitiesForPhysicalGroup(dim, tag):
            if entity in owner:
                raise ValueError(f"{what} {entity} is in the groups {owner[entity]!r} and {name!r}; it may be in one")
            owner[entity] = name
            if not gmsh.model.mesh.getElements(dim, entity)[0].size:
                raise ValueError(f"{what} {entity} of the group {name!r} has no elements; mesh it before saving")
    return found


def _check_surfaces(regions: dict[str, int]) -> None:
    if not regions:
        raise ValueError('the mesh has no surface group; add one to the drawing: Physical Surface("film") = {1};')
    for dim, tag in gmsh.model.getEntities(2):
        if gmsh.model.mesh.getElements(dim, tag)[0].size and not len(gmsh.model.getPhysicalGroupsForEntity(dim, tag)):
            raise ValueError(f"surface {tag} is in no group; every surface must be in one Physical Surface")


def _check_topology(curves: dict[str, int]) -> None:
    """The cells hang together, and every named curve lies on the boundary, once."""
    points, cells = corners_of_cells()
    first = np.stack([cells, np.roll(cells, -1, axis=1)], axis=-1).reshape(-1, 2)
    sides, count = np.unique(np.sort(first, axis=1), axis=0, return_counts=True)
    if count.max() > 2:
        raise ValueError("more than two cells share a side; overlapping surfaces must be cut (BooleanFragments)")
    used = np.unique(cells)
    graph = coo_array((np.ones(len(sides)), sides.T), shape=(len(points), len(points)))
    pieces = len(np.unique(connected_components(graph, directed=False)[1][used]))
    if pieces > 1:
        raise ValueError(
            f"the mesh falls into {pieces} pieces that share no nodes; join them (Coherence or BooleanFragments)"
        )
    key = sides @ [len(points), 1]
    boundary = key[count == 1]
    seen = np.array([], dtype=np.int64)
    for name, tag in curves.items():
        lines = np.concatenate([_lines(entity) for entity in gmsh.model.getEntitiesForPhysicalGroup(1, tag)])
        lines = np.sort(lines, axis=1) @ [len(points), 1]
        if not np.isin(lines, boundary).all():
            raise ValueError(f"the curve group {name!r} leaves the boundary of the film; terminals and edges lie on it")
        if len(np.unique(lines)) < len(lines) or np.isin(lines, seen).any():
            raise ValueError(f"the curve group {name!r} names a part of the boundary that is named already")
        seen = np.concatenate([seen, lines])


def _lines(entity: int) -> np.ndarray:
    """End nodes of the elements of a curve, numbered from 0: shape (N, 2)."""
    kinds, _, nodes = gmsh.model.mesh.getElements(1, entity)
    per_line = gmsh.model.mesh.getElementProperties(kinds[0])[3]
    return nodes[0].astype(np.int64).reshape(-1, per_line)[:, :2] - 1
