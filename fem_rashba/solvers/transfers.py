"""The ways between the levels of multigrid, at the nodes that a rank owns."""

from __future__ import annotations

from typing import Protocol

import basix.ufl
import numpy as np
from mpi4py import MPI
from scipy.sparse import csr_array

from fem_rashba.solvers import background
from fem_rashba.solvers.affine import AffineOperator
from fem_rashba.solvers.discretization import Discretization
from fem_rashba.solvers.halo import Halo
from fem_rashba.solvers.loops.kernels import Kernels

_ROUNDING = 1e-10


class Transfer(Protocol):
    """From one level to the one below; the two are each other's transposes. Collective."""

    def up(self, x: np.ndarray) -> np.ndarray:
        """A correction, shape (nodes, 4), zero at fixed fields."""
        ...

    def down(self, rest: np.ndarray) -> np.ndarray:
        """A residual, shape (nodes, 4), zero at fixed fields."""
        ...


class Degrees:
    """Between two degrees of the elements.

    Args:
        fine, coarse: The discretizations.
        fine_free, coarse_free: 1 for unknowns, 0 for fixed fields, shape (owned nodes, 4).
    """

    def __init__(
        self, fine: Discretization, coarse: Discretization, fine_free: np.ndarray, coarse_free: np.ndarray
    ) -> None:
        self._up, self._halo = between_degrees(fine, coarse)
        self._down = self._up.T.tocsr()
        self._fine, self._coarse = fine_free, coarse_free

    def up(self, x: np.ndarray) -> np.ndarray:
        """As of `Transfer`."""
        return self._fine * (self._up @ self._halo.extended(x))

    def down(self, rest: np.ndarray) -> np.ndarray:
        """As of `Transfer`."""
        return self._coarse * self._halo.gathered(self._down @ rest)


class Grid:
    """Between nodes and the functions of a background grid, to which what goes down is to be added up.

    Args:
        lowest: The operator of degree 1.
        matrix: Its rows on this rank.

    Attributes:
        matrix: That of the grid, of all ranks together, on rank 0.
    """

    def __init__(self, lowest: AffineOperator, matrix: Kernels) -> None:
        comm: MPI.Comm = lowest.discretization.space.mesh.comm
        self._free = matrix.free
        halo, area = lowest.scalars.halo, lowest.scalars.area
        points = lowest.discretization.space.tabulate_dof_coordinates()[: halo.owned, :2]
        grid = background.interpolation(halo.extended(points), halo.owned, area, comm)
        self.matrix = background.galerkin(matrix, grid, halo.extended(self._free), comm)
        self._up = grid[: halo.owned]
        self._down = self._up.T.tocsr()

    def up(self, x: np.ndarray) -> np.ndarray:
        """As of `Transfer`."""
        return self._free * (self._up @ x)

    def down(self, rest: np.ndarray) -> np.ndarray:
        """As of `Transfer`."""
        return np.asarray(self._down @ rest)


def between_degrees(fine: Discretization, coarse: Discretization) -> tuple[csr_array, Halo]:
    """The interpolation of one field from a lower degree to the nodes of this rank, and its columns. Collective."""
    high, low = fine.space, coarse.space
    cell = high.mesh.basix_cell()
    points = high.element.basix_element.points
    table = basix.ufl.element("Lagrange", cell, coarse.problem.degree).tabulate(0, points)[0]
    rows, below = high.dofmap.index_map, low.dofmap.index_map
    # any cell at a node says the same
    cell_of, local = np.empty((2, rows.size_local + rows.num_ghosts), dtype=np.int64)
    dofs = high.dofmap.list
    cell_of[dofs] = np.arange(len(dofs))[:, None]
    for i in range(dofs.shape[1]):
        mine = cell_of[dofs[:, i]] == np.arange(len(dofs))
        local[dofs[mine, i]] = i
    owned, count = rows.size_local, table.shape[1]
    columns = low.dofmap.list[cell_of[:owned]].ravel()
    found = csr_array(
        (table[local[:owned]].ravel(), columns, np.arange(0, count * owned + 1, count)),
        shape=(owned, below.size_local + below.num_ghosts),
    )
    found.data[np.abs(found.data) < _ROUNDING] = 0.0
    found.eliminate_zeros()
    nodes = below.local_to_global(found.indices)
    halo = Halo(below, nodes)
    return csr_array((found.data, halo.numbers(nodes), found.indptr), shape=(owned, halo.known)), halo
