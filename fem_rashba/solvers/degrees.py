"""Values at the nodes of one degree from those of a lower one, and the transpose, among the nodes of each rank."""

from __future__ import annotations

import basix.ufl
import numpy as np
from scipy.sparse import csr_array

from fem_rashba.solvers.discretization import Discretization
from fem_rashba.solvers.halo import Halo

_ROUNDING = 1e-10


class BetweenDegrees:
    """The interpolation from a lower degree to a higher one, field by field.

    Args:
        fine, coarse: Discretizations of one problem on one mesh. Collective.
    """

    def __init__(self, fine: Discretization, coarse: Discretization) -> None:
        self._up, self._halo = _interpolation(fine, coarse)
        self._down = self._up.T.tocsr()

    def up(self, values: np.ndarray) -> np.ndarray:
        """Values at the higher degree's owned nodes from those of the lower one, shapes (nodes, k). Collective."""
        return np.asarray(self._up @ self._halo.extended(values))

    def down(self, residual: np.ndarray) -> np.ndarray:
        """The transpose of `up`. Collective."""
        return self._halo.gathered(self._down @ residual)


def _interpolation(fine: Discretization, coarse: Discretization) -> tuple[csr_array, Halo]:
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
