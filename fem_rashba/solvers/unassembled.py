"""Multigrid that never assembles a matrix of four fields, on even meshes and one rank.

The levels are the degrees of the elements and, below degree 1, a background grid that is factorised. Each degree is
smoothed by block Gauss-Seidel sweeps, up and down, on the scalar matrices of the mesh: 36 bytes for an entry and
not 128. On flat elements such a smoother fails; `multigrid` has the one for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import basix.ufl
import numpy as np
from petsc4py import PETSc
from scipy.sparse import csr_array

from fem_rashba.solvers import background
from fem_rashba.solvers.affine import AffineOperator, tensors
from fem_rashba.solvers.discretization import FIELDS, Discretization
from fem_rashba.solvers.estimate import LARGEST_DIRECT_EVEN
from fem_rashba.solvers.multigrid import COARSER
from fem_rashba.solvers.operators import Operator
from fem_rashba.solvers.terminals import Terminals

_MANY = 3
"""Sweeps each way on levels that cost little, and where one leaves too much: between degrees 4 and 2, and where spin
turns by more than `_LARGEST_TURN` (rad) from one node to the next."""

_LARGEST_TURN = 0.5
_ROUNDING = 1e-10


class UnassembledMultigrid:
    """The levels below a discretization, made for one matrix.

    Args:
        discretization: Of the finest level, one that this `serves`.

    Attributes:
        kind: PETSc's name of the preconditioner.
        reach: What one pass of a Krylov method asks for.
        largest_direct: Unknowns up to which "auto" factorises.
        aim: Share of the tolerance that "auto" aims at. A residual of 1e-12 leaves some 1e-11 in currents and torques.
        options: PETSc options of the solver. The preconditioner is the same in each iteration, so that half of the
            vectors will do.
    """

    kind = "python"
    reach = 1e-13
    largest_direct = LARGEST_DIRECT_EVEN
    aim = 1e-2
    options = {"pc_type": "python", "ksp_type": "gmres", "ksp_pc_side": "right"}

    def __init__(self, discretization: Discretization) -> None:
        self._finest = discretization
        self._cycle: _Cycle | None = None

    @staticmethod
    def serves(discretization: Discretization) -> bool:
        """Whether there is one rank, one film and uniform magnetization."""
        coefficients = tensors(discretization) if discretization.space.mesh.comm.size == 1 else None
        return coefficients is not None and AffineOperator(discretization, coefficients).is_of_one_film

    def matrix(self, operator: Operator, terminals: Terminals) -> PETSc.Mat:
        """A matrix that is known by its products, for vectors that vanish at fixed unknowns."""
        degrees = COARSER[self._finest.problem.degree]
        spaces = [self._finest, *(self._finest.at_degree(degree) for degree in degrees)]
        coefficients = tensors(self._finest)
        assert coefficients is not None
        self._cycle = _Cycle([AffineOperator(space, coefficients) for space in spaces])
        size = FIELDS * terminals.space.dofmap.index_map.size_local
        matrix = PETSc.Mat().createPython([size, size], _Product(self._cycle), comm=terminals.comm)
        matrix.setUp()
        return matrix

    def attach(self, pc: PETSc.PC) -> None:
        """Makes a preconditioner of the last matrix."""
        pc.setType(self.kind)
        pc.setPythonContext(_Preconditioner(self._cycle))


class _Product:
    def __init__(self, cycle: _Cycle) -> None:
        self._cycle = cycle

    def mult(self, matrix: PETSc.Mat, x: PETSc.Vec, y: PETSc.Vec) -> None:  # the name that PETSc calls
        """y = A x."""
        y.array[:] = self._cycle.product(x.array_r.reshape(-1, FIELDS)).ravel()


class _Preconditioner:
    def __init__(self, cycle: _Cycle | None) -> None:
        assert cycle is not None
        self._cycle = cycle

    def setUp(self, pc: PETSc.PC) -> None:  # noqa: N802, the name that PETSc calls
        """Factorises the coarsest level."""
        self._cycle.factorise()

    def apply(self, pc: PETSc.PC, x: PETSc.Vec, y: PETSc.Vec) -> None:  # the name that PETSc calls
        """y = one V-cycle for x."""
        y.array[:] = self._cycle(x.array_r.reshape(-1, FIELDS)).ravel()

    def applyTranspose(self, pc: PETSc.PC, x: PETSc.Vec, y: PETSc.Vec) -> None:  # noqa: N802, as above
        """y = the transpose of one V-cycle for x."""
        y.array[:] = self._cycle(x.array_r.reshape(-1, FIELDS), adjoint=True).ravel()

    def destroy(self, pc: PETSc.PC) -> None:  # the name that PETSc calls
        """Frees the factorisation."""
        self._cycle.destroy()


class _Cycle:
    """A V-cycle through operators from the finest degree to degree 1, and a background grid."""

    def __init__(self, operators: Sequence[AffineOperator]) -> None:
        self._sweeps = _sweeps(operators[0])
        discretizations = [operator.discretization for operator in operators]
        masks = [_free(discretization) for discretization in discretizations]
        self._levels = [operator.kernels(free) for operator, free in zip(operators, masks, strict=True)]
        self._up = [between_degrees(*pair) for pair in pairwise(discretizations)]
        self._down = [up.T.tocsr() for up in self._up]
        lowest, scalars = operators[-1], operators[-1].scalars
        points = lowest.discretization.space.tabulate_dof_coordinates()[:, :2]
        terms = [(scalars.sparse(entries), block) for entries, block in lowest.terms]
        matrix, self._to_nodes = background.galerkin(background.interpolation(points, scalars.area), masks[-1], terms)
        self._to_grid = self._to_nodes.T.tocsr()
        self._coarse = _Factorised(matrix)

    def factorise(self) -> None:
        """Sets the coarsest level up."""
        self._coarse.factorise()

    def product(self, x: np.ndarray) -> np.ndarray:
        """A x at the free unknowns, for x that is zero at the fixed ones; all shapes (nodes, 4)."""
        return self._levels[0].product(x)

    def __call__(self, b: np.ndarray, *, adjoint: bool = False, level: int = 0) -> np.ndarray:
        """An approximate solution of A x = b, or A^T x = b: one V-cycle, or exactly its transpose."""
        here, x = self._levels[level], np.zeros_like(b)
        here = here.transposed if adjoint else here
        count = _MANY if level else self._sweeps
        for i in range(count):
            here.sweep(b, x, downwards=i % 2 == 1, zero=i == 0)
        rest = here.residual(b, x)
        if level + 1 < len(self._levels):
            rest = self._levels[level + 1].free * (self._down[level] @ rest)
            x += here.free * (self._up[level] @ self(rest, adjoint=adjoint, level=level + 1))
        else:
            found = self._coarse.solve(self._to_grid @ rest.ravel(), adjoint=adjoint)
            x += (self._to_nodes @ found).reshape(x.shape)
        for i in reversed(range(count)):
            here.sweep(b, x, downwards=i % 2 == 0)
        return x

    def destroy(self) -> None:
        """Frees the factorisation."""
        self._coarse.destroy()


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
        self._x, self._b = self._matrix.createVecs()

    def factorise(self) -> None:
        self._solver.setUp()

    def solve(self, right: np.ndarray, *, adjoint: bool) -> np.ndarray:
        self._b.array[:] = right
        (self._solver.solveTranspose if adjoint else self._solver.solve)(self._b, self._x)
        return np.array(self._x.array_r)

    def destroy(self) -> None:
        for thing in (self._solver, self._matrix, self._x, self._b):
            thing.destroy()


def _sweeps(finest: AffineOperator) -> int:
    """How many sweeps there are each way on the finest level."""
    discretization, nodes = finest.discretization, len(finest.scalars.pattern.starts) - 1
    turn = abs(float(discretization.coefficients.precession.value)) * np.sqrt(finest.scalars.area / nodes)
    return _MANY if discretization.problem.degree in (1, 4) or turn > _LARGEST_TURN else 1


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
