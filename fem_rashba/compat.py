"""What differs between dolfinx 0.9, 0.10 and 0.11: the one module that knows."""

from __future__ import annotations

from typing import Any

import dolfinx
from dolfinx.mesh import GhostMode, Mesh, MeshTags, create_cell_partitioner
from mpi4py import MPI

try:
    from dolfinx.io import gmsh as _gmsh_io
except ImportError:
    from dolfinx.io import gmshio as _gmsh_io

VERSION = tuple(int(part) for part in dolfinx.__version__.split(".")[:2])


def mesh_from_gmsh(model: Any, comm: MPI.Comm) -> tuple[Mesh, MeshTags, MeshTags | None]:
    """The mesh, cell tags and facet tags (None without curve groups) of the Gmsh model on rank 0. Collective.

    Cells across a facet between two ranks are ghosts: integrals over interior facets need both of their cells.
    """
    extra = (2,) if VERSION >= (0, 11) else ()
    partitioner = create_cell_partitioner(GhostMode.shared_facet, *extra)
    mesh, cells, facets = _gmsh_io.model_to_mesh(model, comm, 0, gdim=2, partitioner=partitioner)[:3]
    return mesh, cells, facets
