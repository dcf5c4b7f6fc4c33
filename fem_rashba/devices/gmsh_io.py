"""Gmsh sessions, named groups, and the way from a Gmsh model to a `Device` or a .msh file."""

from __future__ import annotations

import errno
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import gmsh
import numpy as np
from mpi4py import MPI

from fem_rashba.compat import mesh_from_gmsh
from fem_rashba.devices.device import Device, complete_facets, element_size
from fem_rashba.mpi import on_root

_SIGNATURE = b"$Comments\nfem-rashba\n$EndComments"

EDGE = "edge"
"""What exterior facets are called that no group names; curve groups whose name starts with it are edges."""


@dataclass(frozen=True, kw_only=True)
class Groups:
    """The physical groups of a model: name -> tag."""

    regions: dict[str, int]
    terminals: dict[str, int]
    edges: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a mesh will cost.

    Attributes:
        cells: Number of cells.
        unknowns: Of the four fields (density and spin) at the degree asked for.
        shortest, longest: Sides of cells, nm.
    """

    cells: int
    unknowns: int
    shortest: float
    longest: float


@contextmanager
def session() -> Iterator[None]:
    """A quiet Gmsh with an empty model of its own; one that the caller had opened stays open."""
    owned = not gmsh.isInitialized()
    if owned:
        # a signal handler of Gmsh would take interrupts away from Python, and a user's settings are not ours
        gmsh.initialize(readConfigFiles=False, interruptible=False)
        _restore_sigterm()
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        gmsh.model.add("device")
        yield
    finally:
        if owned:
            gmsh.finalize()
        else:
            gmsh.model.remove()


def _restore_sigterm() -> None:
    """Gmsh resets it too, and whoever handles it would not hear of the end of a batch job."""
    handler = signal.getsignal(signal.SIGTERM)
    if handler is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)


def name_groups(curves: dict[str, list[int]], surfaces: dict[str, list[int]], terminals: tuple[str, ...]) -> Groups:
    """Make physical groups of the surfaces of every region and of the curves of every name.

    Edges are written as "edge" or "edge:NAME", so that a file says what is a terminal.
    """
    drop_unused_nodes()
    regions = {name: tag for tag, name in enumerate(surfaces, start=1)}
    for name, tag in regions.items():
        gmsh.model.addPhysicalGroup(2, surfaces[name], tag, name=name)
    tags = {name: tag for tag, name in enumerate(curves, start=1)}
    for name, tag in tags.items():
        label = name if name in terminals or name.startswith(EDGE) else f"{EDGE}:{name}"
        gmsh.model.addPhysicalGroup(1, curves[name], tag, name=label)
    edges = {name: tag for name, tag in tags.items() if name not in terminals}
    return Groups(regions=regions, terminals={name: tags[name] for name in terminals}, edges=edges)


def device_from(name: str, build: Callable[[], Groups], comm: MPI.Comm) -> Device:
    """The device that `build` makes in a Gmsh model, on rank 0, distributed over all ranks. Collective.

    Raises:
        Exception: What `build` raises, on every rank.
    """
    opened = session()
    on_root(comm, opened.__enter__)
    try:
        groups = on_root(comm, build)
        mesh, cells, facets = mesh_from_gmsh(gmsh.model, comm)
    finally:
        if comm.rank == 0:
            opened.__exit__(None, None, None)
    edges = dict(groups.edges)
    unnamed = edges.setdefault(EDGE, 1 + max([*groups.terminals.values(), *edges.values()], default=0))
    facets = complete_facets(mesh, facets, unnamed)
    if not comm.allreduce(int(np.any(facets.values == unnamed)), op=MPI.MAX):
        del edges[EDGE]
    return Device(
        name=name,
        mesh=mesh,
        cell_tags=cells,
        facet_tags=facets,
        regions=groups.regions,
        terminals=groups.terminals,
        edges=edges,
        element_size=element_size(mesh),
    )


def write(path: str | Path, build: Callable[[], Groups], comm: MPI.Comm) -> None:
    """Write what `build` makes as a .msh file: whole, or not at all. Collective.

    Raises:
        ValueError: As `check_target`.
        OSError: If there is no space.
    """
    path = Path(path)

    def save() -> None:
        check_target(path)
        with session():
            build()
            with tempfile.TemporaryDirectory(dir=path.parent, prefix=".mesh") as folder:
                part = os.path.join(folder, "part.msh")
                gmsh.write(part)
                _sign(part)
                os.replace(part, path)

    on_root(comm, save)


def check_target(path: Path) -> None:
    """Raise a ValueError unless `path` is that of a .msh file, free or ours, in an existing folder."""
    if path.suffix != ".msh":
        raise ValueError(f"cannot write {str(path)!r}: the name of a mesh file must end in .msh")
    if not path.parent.is_dir():
        raise ValueError(f"cannot write {str(path)!r}: the folder {str(path.parent)!r} does not exist")
    if path.is_dir() or (path.exists() and not _end(path).endswith(_SIGNATURE)):
        raise ValueError(f"cannot write {str(path)!r}: it exists and was not written by fem-rashba")


def _sign(path: str) -> None:
    """Mark a file as ours; Gmsh skips sections it does not know, and does not say when a disk is full."""
    if not _end(Path(path)).rsplit(b"\n", 1)[-1].startswith(b"$End"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
    with open(path, "ab") as file:
        file.write(_SIGNATURE + b"\n")


def _end(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 100))
        return file.read().rstrip()


def estimate(build: Callable[[], Groups], degree: int) -> Estimate:
    """Count the cells and unknowns of what `build` makes, without a finite-element library."""
    with session():
        build()
        points, cells = corners_of_cells()
    sides = np.stack([cells, np.roll(cells, -1, axis=1)], axis=-1).reshape(-1, 2)
    sides = np.unique(np.sort(sides, axis=1), axis=0)
    lengths = np.linalg.norm(points[sides[:, 0]] - points[sides[:, 1]], axis=1)
    inner = (degree - 1) ** 2 if cells.shape[1] == 4 else (degree - 1) * (degree - 2) // 2
    nodes = len(np.unique(cells)) + (degree - 1) * len(sides) + inner * len(cells)
    return Estimate(cells=len(cells), unknowns=4 * nodes, shortest=float(lengths.min()), longest=float(lengths.max()))


def drop_unused_nodes() -> None:
    """Keep only nodes of cells, numbered from 1: dolfinx fails on any other, such as the centre of a circle.

    Raises:
        ValueError: If a node of a surface belongs to no cell.
    """
    used = np.unique(np.concatenate(gmsh.model.mesh.getElements(2)[2]))
    for dim in (1, 0):
        for _, tag in gmsh.model.getEntities(dim):
            nodes = gmsh.model.mesh.getNodes(dim, tag)[0]
            if nodes.size and not np.isin(nodes, used).all():
                gmsh.model.mesh.clear([(dim, tag)])
    spare = len(gmsh.model.mesh.getNodes()[0]) - len(used)
    if spare:
        raise ValueError(f"{spare} nodes belong to no triangle or quadrilateral; remove them from the mesh")
    gmsh.model.mesh.renumberNodes()


def corners_of_cells() -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of the node with tag i + 1, (N, 2) in nm, and the corners of all cells, (cells, 3 or 4)."""
    tags, coordinates, _ = gmsh.model.mesh.getNodes()
    points = np.zeros((int(tags.max()), 2))
    points[tags.astype(np.int64) - 1] = coordinates.reshape(-1, 3)[:, :2]
    kinds, _, nodes = gmsh.model.mesh.getElements(2)
    _, _, _, per_cell, _, corners = gmsh.model.mesh.getElementProperties(kinds[0])
    return points, nodes[0].astype(np.int64).reshape(-1, per_cell)[:, :corners] - 1
