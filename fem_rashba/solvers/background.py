"""The coarsest space of multigrid on even meshes: bilinear functions of a background grid, cut off by the film.

Nodes of degree 1 interpolate the grid; the coarse matrix is the Galerkin product, so that any shape will do. Where a
field is fixed at a node, the functions of the grid vanish there, for charge and spin apart.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy.sparse import coo_array, csr_array, hstack, kron

_FIELDS = ([0], [1, 2, 3])
"""Charge and spin."""

SPACING = 4.0
"""Of the grid, in mean distances of nodes."""

LARGEST = 120_000
"""Unknowns of the grid, which are factorised; beyond, its spacing grows."""


def interpolation(points: np.ndarray, area: float) -> csr_array:
    """Values at points of the bilinear functions of a grid over their bounding box, without functions of no point.

    Args:
        points: Shape (nodes, 2), nm.
        area: Of the film, nm^2.
    """
    nodes = len(points)
    spacing = np.sqrt(area / nodes) * max(SPACING, np.sqrt(4 * nodes / LARGEST))
    low, high = points.min(axis=0), points.max(axis=0)
    counts = np.maximum(1, np.round((high - low) / spacing)).astype(int)
    position = (points - low) / (high - low) * counts
    cell = np.minimum(position.astype(int), counts - 1)
    inside = position - cell
    columns, values = [], []
    for i, j in np.ndindex(2, 2):
        columns.append((cell[:, 0] + i) * (counts[1] + 1) + cell[:, 1] + j)
        values.append(np.abs(1 - i - inside[:, 0]) * np.abs(1 - j - inside[:, 1]))
    used, numbers = np.unique(np.stack(columns, axis=1), return_inverse=True)
    starts = np.arange(0, 4 * nodes + 1, 4)
    found = csr_array((np.stack(values, axis=1).ravel(), numbers.ravel(), starts), shape=(nodes, len(used)))
    found.eliminate_zeros()
    return found


def galerkin(
    interpolation: csr_array, free: np.ndarray, terms: list[tuple[csr_array, np.ndarray]]
) -> tuple[csr_array, csr_array]:
    """The coarse matrix of a sum of scalar matrices times blocks, and the interpolation of all fields.

    Args:
        interpolation: Of one field, shape (nodes, functions).
        free: 1 for unknowns, 0 for fixed fields, shape (nodes, 4); the three fields of spin are fixed together.
        terms: Scalar matrices and blocks of shape (4, 4).

    Returns:
        The matrix, with a diagonal of 1 for functions that vanish, and the interpolation.
    """
    charge, spin = (interpolation.multiply(free[:, [field]]).tocsr() for field in (0, 1))
    both = hstack([charge, spin]).tocsr()
    count = interpolation.shape[1]
    products = [(both.T @ (scalar @ both)).tocoo() for scalar, _ in terms]
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
    matrix = coo_array((data, (rows, columns)), shape=(4 * count, 4 * count)).tocsr()
    empty = np.flatnonzero(matrix.diagonal() == 0.0)
    matrix = matrix + coo_array((np.ones(len(empty)), (empty, empty)), shape=matrix.shape).tocsr()
    fields = kron(charge, np.diag([1.0, 0, 0, 0])) + kron(spin, np.diag([0, 1.0, 1.0, 1.0]))
    return matrix, fields.tocsr()
