"""Multigrid that never assembles a matrix of four fields, on even meshes and one rank.

The levels are the degrees of the elements and, below degree 1, a background grid that is factorised. Each degree is
smoothed by one block Gauss-Seidel sweep up and one down, on the scalar matrices of the mesh: 36 bytes for an entry and
not 128. On flat elements such a smoother fails; `multigrid` has the one for them.
"""

from __future__ import annotations

from collections.abc import Sequence

import basix.ufl
import numpy as np
from petsc4py import PETSc
from scipy.sparse import csr_array

from fem_rashba.solvers import background
from fem_rashba.solvers.affine import AffineOperator
from fem_rashba.solvers.discretization import FIELDS, Discretization
from fem_rashba.solvers.kernels import Kernels
from fem_rashba.solvers.terminals import Terminals

_ROUNDING = 1e-10


class Unassembled:
    """The matrix and the preconditioner.

    Args:
        levels: Operators from the finest degree to degree 1, on one rank, of one film.
    """

    def __init__(self, levels: Sequence[AffineOperator]) -> None:
        operators = levels
        masks = [_free(operator.discretization) for operator in operators]
        self._levels: list[Kernels] = []
        for operator, free in zip(operators, masks, strict=True):
            kernels = operator.kernels(free)
            assert kernels is not None
            self._levels.append(kernels)
        self._up = [
            between_degrees(fine.discretization, coarse.discretization)
            for fine, coarse in zip(operators[:-1], operators[1:], strict=True)
        ]
        self._down = [up.T.tocsr() for up in self._up]
        lowest = operators[-1]
        scalars = lowest.scalars
        points = lowest.discretization.space.tabulate_dof_coordinates()[:, :2]
        grid = background.interpolation(points, float(scalars.cells("mass").values.sum()))
        terms = [(scalars.sparse(entries), block) for entries, block in lowest.terms]
        matrix, self._to_nodes = background.galerkin(grid, masks[-1], terms)
        self._to_grid = self._to_nodes.T.tocsr()
        self._coarse = _Factorised(matrix)

    def product(self, x: np.ndarray) -> np.ndarray:
        """A x at the free unknowns, for x that is zero at the fixed ones; all shapes (nodes, 4)."""
        return self._levels[0].product(x)

    def cycle(self, b: np.ndarray, level: int = 0) -> np.ndarray:
        """An approximate solution of A x = b: one V-cycle."""
        here, x = self._levels[level], np.zeros_like(b)
        here.sweep(b, x, downwards=False)
        rest = here.residual(b, x)
        if level + 1 < len(self._levels):
            below = self._levels[level + 1]
            x += here.free * (self._up[level] @ self.cycle(below.free * (self._down[level] @ rest), level + 1))
        else:
            x += (self._to_nodes @ self._coarse.solve(self._to_grid @ rest.ravel())).reshape(x.shape)
        here.sweep(b, x, downwards=True)
        return x

    def destroy(self) -> None:
        """Frees the factorisation."""
        self._coarse.destroy()

    # the names that PETSc calls

    def mult(self, matrix: PETSc.Mat, x: PETSc.Vec, y: PETSc.Vec) -> None:
        """y = A x."""
        y.array[:] = self.product(x.array_r.reshape(-1, FIELDS)).ravel()

    def apply(self, pc: PETSc.PC, x: PETSc.Vec, y: PETSc.Vec) -> None:
        """y = one V-cycle for x."""
        y.array[:] = self.cycle(x.array_r.reshape(-1, FIELDS)).ravel()


class _Factorised:
    def __init__(self, matrix: csr_array) -> None:
        integer = PETSc.IntType
        csr = (matrix.indptr.astype(integer), matrix.indices.astype(integer), matrix.data)
        self._matrix = PETSc.Mat().createAIJ(matrix.shape, csr=csr, comm=PETSc.COMM_SELF)
        self._solver = PETSc.KSP().create(PETSc.COMM_SELF)
        self._solver.setOperators(self._matrix)
        self._solver.setType("preonly")
        self._solver.getPC().setType("lu")
        self._solver.getPC().setFactorSolverType("mumps")
        self._solver.setUp()
        self._x, self._b = self._matrix.createVecs()

    def solve(self, right: np.ndarray) -> np.ndarray:
        self._b.array[:] = right
        self._solver.solve(self._b, self._x)
        return np.array(self._x.array_r)

    def destroy(self) -> None:
        for thing in (self._solver, self._matrix, self._x, self._b):
            thing.destroy()


def _free(discretization: Discretization) -> np.ndarray:
    """1 for unknowns and 0 for fixed fields, shape (nodes, 4)."""
    free = np.ones((discretization.space.dofmap.index_map.size_local, FIELDS))
    free.reshape(-1)[Terminals(discretization).fixed_rows] = 0.0
    return free


def between_degrees(fine: Discretization, coarse: Discretization) -> csr_array:
    """The interpolation of one field from a lower degree, shape (nodes, nodes below), on one rank."""
    high, low = fine.space, coarse.space
    cell = high.mesh.basix_cell()
    points = high.element.basix_element.points
    table = basix.ufl.element("Lagrange", cell, coarse.problem.degree).tabulate(0, points)[0]
    nodes, below = (space.dofmap.index_map.size_local for space in (high, low))
    # any cell at a node says the same
    cell_of, local = np.empty(nodes, dtype=np.int64), np.empty(nodes, dtype=np.int64)
    dofs = high.dofmap.list
    cell_of[dofs] = np.arange(len(dofs))[:, None]
    for i in range(dofs.shape[1]):
        mine = cell_of[dofs[:, i]] == np.arange(len(dofs))
        local[dofs[mine, i]] = i
    count = table.shape[1]
    found = csr_array(
        (table[local].ravel(), low.dofmap.list[cell_of].ravel(), np.arange(0, count * nodes + 1, count)),
        shape=(nodes, below),
    )
    found.data[np.abs(found.data) < _ROUNDING] = 0.0
    found.eliminate_zeros()
    return found
