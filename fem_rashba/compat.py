"""What differs between dolfinx 0.9, 0.10 and 0.11: the one module that knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dolfinx
import numpy as np
from cffi import VerificationError
from dolfinx import fem
from dolfinx.mesh import GhostMode, Mesh, MeshTags, create_cell_partitioner, create_mesh
from mpi4py import MPI

from fem_rashba.compilation import locked

try:
    from dolfinx.io import gmsh as _gmsh_io
except ImportError:
    from dolfinx.io import gmshio as _gmsh_io

_JIT = {"timeout": 600}
VERSION = tuple(int(part) for part in dolfinx.__version__.split(".")[:2])


def mesh_from_gmsh(model: Any, comm: MPI.Comm) -> tuple[Mesh, MeshTags, MeshTags | None]:
    """The mesh, cell tags and facet tags (None without curve groups) of the Gmsh model on rank 0. Collective.

    Cells across a facet between two ranks are ghosts: integrals over interior facets need both of their cells.
    """
    extra = (2,) if VERSION >= (0, 11) else ()
    partitioner = create_cell_partitioner(GhostMode.shared_facet, *extra)
    mesh, cells, facets = _gmsh_io.model_to_mesh(model, comm, 0, gdim=2, partitioner=partitioner)[:3]
    return mesh, cells, facets


def distributed_mesh(comm: MPI.Comm, cells: np.ndarray, points: np.ndarray, element: Any) -> Mesh:
    """A mesh of the cells and points of all ranks, those of rank 0 first, ghosted as above. Collective."""
    extra = (2,) if VERSION >= (0, 11) else ()
    partitioner = create_cell_partitioner(GhostMode.shared_facet, *extra)
    # the order of the last two arguments changed in 0.10; their names did not
    return create_mesh(comm, cells=cells.astype(np.int64), x=points.astype(float), e=element, partitioner=partitioner)


@contextmanager
def _compiling() -> Iterator[None]:
    """Forms are compiled one at a time on this machine.

    Raises:
        OSError: If the C compiler fails, or there is none.
    """
    try:
        with locked():
            yield
    except VerificationError as error:
        said = str(error).strip().splitlines()[0]
        raise OSError(
            f"the C compiler cannot compile a form: {said}; the environment variable CC names another one"
        ) from None


def compiled(form: Any) -> Any:
    """The form, just-in-time compiled. Collective.

    Processes that compile the same form wait for each other; on a loaded machine longer than dolfinx allows for.
    """
    with _compiling():
        return fem.form(form, jit_options=_JIT)


def compiled_expression(expression: Any, points: np.ndarray) -> fem.Expression:
    """The expression at reference points, just-in-time compiled. Collective."""
    with _compiling():
        return fem.Expression(expression, points, jit_options=_JIT)
