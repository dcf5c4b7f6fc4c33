"""Assembled matrices: in blocks of four where a smoother needs them, or with the same digits in every run.

PETSc adds what the other ranks contribute to a row in the order in which their messages come, so that on three ranks or
more the last digits of a matrix differ between runs. dolfinx's own matrix adds them in the order of the ranks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from dolfinx import fem, la
from dolfinx.fem.petsc import assemble_matrix, create_matrix
from petsc4py import PETSc
from scipy.sparse import bsr_array


def blocked_matrix(form: fem.Form, fixed: Sequence[fem.DirichletBC]) -> PETSc.Mat:
    """The assembled matrix in the blocks of the form's space, with a diagonal of 1 for fixed unknowns. Collective.

    Args:
        form: The bilinear form.
        fixed: Dirichlet conditions whose unknowns are fixed.
    """
    matrix = create_matrix(form, PETSc.Mat.Type.BAIJ)
    assemble_matrix(matrix, form, bcs=list(fixed))
    matrix.assemble()
    return matrix


def repeatable_matrix(form: fem.Form, fixed: Sequence[fem.DirichletBC]) -> PETSc.Mat:
    """The assembled matrix, with a diagonal of 1 for fixed unknowns. Collective.

    Args:
        form: The bilinear form.
        fixed: Dirichlet conditions whose unknowns are fixed.
    """
    assembled = fem.assemble_matrix(form, bcs=list(fixed))
    assembled.scatter_reverse()
    rows, columns = assembled.index_map(0), assembled.index_map(1)
    block = tuple(assembled.block_size)
    owned = np.asarray(assembled.indptr[: rows.size_local + 1])
    used = slice(0, int(owned[-1]))
    numbers = columns.local_to_global(np.asarray(assembled.indices[used], dtype=np.int32))
    blocks = np.asarray(assembled.data).reshape(-1, *block)[used]
    shape = (rows.size_local * block[0], columns.size_global * block[1])
    local = bsr_array((blocks, numbers, owned), shape=shape, blocksize=block).tocsr()
    local.sort_indices()
    sizes = [(m.size_local * b, m.size_global * b) for m, b in zip((rows, columns), block, strict=True)]
    entries = (local.indptr.astype(PETSc.IntType), local.indices.astype(PETSc.IntType), local.data)
    matrix = PETSc.Mat().createAIJ(size=sizes, bsize=block[0], csr=entries, comm=form.mesh.comm)
    matrix.assemble()
    return matrix


def residual_vector(form: fem.Form) -> np.ndarray:
    """The assembled linear form on the unknowns this rank owns. Collective."""
    vector = fem.assemble_vector(form)
    vector.scatter_reverse(la.InsertMode.add)
    owned = vector.index_map.size_local * vector.block_size
    return vector.array[:owned]
