"""The coarsest space of multigrid on even meshes: bilinear functions of a background grid, cut off by the film.

Nodes of degree 1 interpolate the grid; the coarse matrix is the Galerkin product, so that any shape will do. Where a
field is fixed at a node, the functions of the grid vanish there, for charge and spin apart. The matrix is on rank 0: so
small a factorisation gains nothing by more ranks.
"""

from __future__ import annotations

import itertools

import numpy as np
from mpi4py import MPI
from petsc4py import PETSc
from scipy.sparse import coo_array, csr_array, hstack

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
) -> tuple[csr_array | None, Grid]:
    """The coarse matrix of a sum of scalar matrices times blocks, and the interpolation of all fields.

    Args:
        interpolation: Of one field, shape (nodes, functions).
        free: 1 for unknowns, 0 for fixed fields, shape (nodes, 4); the three fields of spin are fixed together.
        terms: Scalar matrices, with the rows that this rank owns, and blocks of shape (4, 4).
        comm: The ranks. Collective.

    Returns:
        The matrix of all ranks, on rank 0, with a diagonal of 1 for functions that vanish; the way to it and back.
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
    # those of the diagonal are always there
    entries.append((np.zeros(4 * count), np.arange(4 * count), np.arange(4 * count)))
    data, rows, columns = (np.concatenate(part) for part in zip(*entries, strict=True))
    mine = data, rows.astype(np.int32), columns.astype(np.int32)
    parts = comm.gather(mine) if comm.size > 1 else [mine]
    matrix = None
    if parts is not None:
        data, rows, columns = (np.concatenate(part) for part in zip(*parts, strict=True))
        matrix = coo_array((data, (rows, columns)), shape=(4 * count, 4 * count)).tocsr()
        diagonal = matrix.indices == np.repeat(np.arange(4 * count), np.diff(matrix.indptr))
        values = matrix.data[diagonal]
        # where few nodes are free, functions may depend on each other: of those any combination will do
        matrix.data[diagonal] = np.where(values == 0.0, 1.0, (1 + _SHIFT) * values)
    return matrix, Grid(charge[:owned], spin[:owned])


class Grid:
    """The interpolation of four fields from the grid to the nodes that a rank owns, and its transpose.

    Args:
        charge, spin: The interpolation of one field, shape (nodes, functions), zero where it is fixed.
    """

    def __init__(self, charge: csr_array, spin: csr_array) -> None:
        self._up = charge, spin
        self._down = charge.T.tocsr(), spin.T.tocsr()

    def up(self, values: np.ndarray) -> np.ndarray:
        """Values at nodes of shape (nodes, 4) from shape (4 functions,)."""
        return self._applied(self._up, values.reshape(-1, 4))

    def down(self, residual: np.ndarray) -> np.ndarray:
        """The transpose of `up`."""
        return self._applied(self._down, residual).ravel()

    @staticmethod
    def _applied(matrices: tuple[csr_array, csr_array], values: np.ndarray) -> np.ndarray:
        return np.hstack([m @ np.ascontiguousarray(values[:, f]) for m, f in zip(matrices, _FIELDS, strict=True)])


class Factorised:
    """A matrix that the first rank has and factorises.

    Args:
        matrix: None on the others.
        size: Number of its rows.
        comm: The ranks.
    """

    def __init__(self, matrix: csr_array | None, size: int, comm: MPI.Comm) -> None:
        self._comm, self._size = comm, size
        self._solver: PETSc.KSP | None = None
        if matrix is None:
            return
        integer = PETSc.IntType
        csr = (matrix.indptr.astype(integer), matrix.indices.astype(integer), matrix.data)
        self._matrix = PETSc.Mat().createAIJ(matrix.shape, csr=csr, comm=PETSc.COMM_SELF)
        self._solver = PETSc.KSP().create(PETSc.COMM_SELF)
        self._solver.setOperators(self._matrix)
        self._solver.setType("preonly")
        self._solver.getPC().setType("lu")
        self._solver.getPC().setFactorSolverType("mumps")
        self._x, self._b = self._matrix.createVecs()

    def factorise(self) -> None:
        """Does so. Collective.

        Raises:
            PETSc.Error: On all ranks, if the first cannot.
        """
        code = 0
        if self._solver is not None:
            try:
                self._solver.setUp()
            except PETSc.Error as error:
                code = error.ierr
        code = self._comm.bcast(code)
        if code:
            raise PETSc.Error(code)

    def solve(self, right: np.ndarray, *, adjoint: bool) -> np.ndarray:
        """The solution, on all ranks, for the sum of their right-hand sides. Collective."""
        found = np.empty(self._size)
        self._comm.Reduce(right, found)
        if self._solver is not None:
            self._b.array[:] = found
            (self._solver.solveTranspose if adjoint else self._solver.solve)(self._b, self._x)
            found[:] = self._x.array_r
        self._comm.Bcast(found)
        return found

    def destroy(self) -> None:
        """Frees it."""
        if self._solver is not None:
            for thing in (self._solver, self._matrix, self._x, self._b):
                thing.destroy()
