"""The coarsest space of multigrid on even meshes: bilinear functions of a background grid, cut off by the film.

Nodes of degree 1 interpolate the grid; the coarse matrix is the Galerkin product, so that any shape will do. Where a
field is fixed at a node, the functions of the grid vanish there, for charge and spin apart. Every rank has all of
the grid.
"""

from __future__ import annotations

import itertools

import numpy as np
from mpi4py import MPI
from scipy.sparse import coo_array, csr_array, diags_array, hstack, kron

_FIELDS = ([0], [1, 2, 3])
"""Charge and spin."""

SPACING = 4.0
"""Of the grid, in mean distances of nodes."""

_SHIFT = 1e-10
"""Of the diagonal, relative."""

LARGEST = 120_000
"""Unknowns of the grid, which are factorised; beyond, its spacing grows."""


def interpolation(points: np.ndarray, owned: int, area: float, comm: MPI.Comm) -> csr_array:
    """Values at points of the bilinear functions of a grid over their bounding box, without functions of no point.

    Args:
        points: Shape (nodes, 2), nm; those that this rank owns before those of others.
        owned: How many it owns.
        area: Of the film, nm^2.
        comm: The ranks, which find the same grid. Collective.
    """
    nodes, total = len(points), comm.allreduce(owned)
    spacing = np.sqrt(area / total) * max(SPACING, np.sqrt(4 * total / LARGEST))
    low, high = np.empty((2, 2))
    comm.Allreduce(points.min(axis=0, initial=np.inf), low, op=MPI.MIN)
    comm.Allreduce(points.max(axis=0, initial=-np.inf), high, op=MPI.MAX)
    counts = np.maximum(1, np.round((high - low) / spacing)).astype(int)
    position = (points - low) / (high - low) * counts
    cell = np.minimum(position.astype(int), counts - 1)
    inside = position - cell
    columns, values = [], []
    for i, j in np.ndindex(2, 2):
        columns.append((cell[:, 0] + i) * (counts[1] + 1) + cell[:, 1] + j)
        values.append(np.abs(1 - i - inside[:, 0]) * np.abs(1 - j - inside[:, 1]))
    found = np.stack(columns, axis=1)
    used = np.unique(np.concatenate(comm.allgather(np.unique(found))))
    starts = np.arange(0, 4 * nodes + 1, 4)
    numbers = np.searchsorted(used, found.ravel())
    result = csr_array((np.stack(values, axis=1).ravel(), numbers, starts), shape=(nodes, len(used)))
    result.eliminate_zeros()
    return result


def galerkin(
    interpolation: csr_array, free: np.ndarray, terms: list[tuple[csr_array, np.ndarray]], comm: MPI.Comm
) -> tuple[csr_array, csr_array]:
    """The coarse matrix of a sum of scalar matrices times blocks, and the interpolation of all fields.

    Args:
        interpolation: Of one field, shape (nodes, functions).
        free: 1 for unknowns, 0 for fixed fields, shape (nodes, 4); the three fields of spin are fixed together.
        terms: Scalar matrices, with the rows that this rank owns, and blocks of shape (4, 4).
        comm: The ranks. Collective.

    Returns:
        The matrix of all ranks, with a diagonal of 1 for functions that vanish, and the interpolation at owned nodes.
    """
    charge, spin = (interpolation.multiply(free[:, [field]]).tocsr() for field in (0, 1))
    both = hstack([charge, spin]).tocsr()
    count, owned = interpolation.shape[1], terms[0][0].shape[0]
    down = both[:owned].T.tocsr()
    products = [(down @ (scalar @ both)).tocoo() for scalar, _ in terms]
    keys = [2 * count * product.row.astype(np.int64) + product.col for product in products]
    where = np.unique(np.concatenate(keys))
    values = np.zeros((len(where), len(terms)))
    for k, (key, product) in enumerate(zip(keys, products, strict=True)):
        values[np.searchsorted(where, key), k] = product.data
    # entries come for charge first, then for spin, whose three fields share theirs
    rows, columns = np.divmod(where, 2 * count)
    blocks, entries = np.array([block for _, block in terms]), []
    for of_row, of_column in np.ndindex(2, 2):
        mine = ((rows >= count) == of_row) & ((columns >= count) == of_column)
        scalars, at_row, at_column = values[mine], 4 * (rows[mine] % count), 4 * (columns[mine] % count)
        for i, j in itertools.product(_FIELDS[of_row], _FIELDS[of_column]):
            entries.append((scalars @ blocks[:, i, j], at_row + i, at_column + j))
    data, rows, columns = (np.concatenate(part) for part in zip(*entries, strict=True))
    matrix = _summed(coo_array((data, (rows, columns)), shape=(4 * count, 4 * count)).tocsr(), comm)
    diagonal = matrix.diagonal()
    # where few nodes are free, functions may depend on each other: of those any combination will do
    matrix = matrix + diags_array(np.where(diagonal == 0.0, 1.0, _SHIFT * diagonal)).tocsr()
    fields = kron(charge[:owned], np.diag([1.0, 0, 0, 0])) + kron(spin[:owned], np.diag([0, 1.0, 1.0, 1.0]))
    return matrix, fields.tocsr()


def _summed(matrix: csr_array, comm: MPI.Comm) -> csr_array:
    """The sum of the matrices of all ranks, on every rank, added in their order."""
    if comm.size == 1:
        return matrix
    parts = comm.allgather((matrix.data, matrix.indices, matrix.indptr))
    result = csr_array(parts[0], shape=matrix.shape)
    for part in parts[1:]:
        result = result + csr_array(part, shape=matrix.shape)
    return result
