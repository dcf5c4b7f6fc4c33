"""Multigrid that does not assemble its matrices of four fields, on one rank.

Products are made of the scalar matrices of the mesh: 36 bytes for an entry and not 128. The levels are the degrees of
the elements. On even meshes each is smoothed by block Gauss-Seidel sweeps and below degree 1 there is a background grid
that is factorised. On graded ones, whose flat elements such sweeps do not smooth, there are incomplete factors instead,
and degree 1 is factorised.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import basix.ufl
import numpy as np
from petsc4py import PETSc
from scipy.sparse import csr_array

from fem_rashba.solvers import background
from fem_rashba.solvers.affine import AffineOperator, tensors
from fem_rashba.solvers.discretization import FIELDS, Discretization
from fem_rashba.solvers.estimate import LARGEST_DIRECT, LARGEST_DIRECT_EVEN, is_even
from fem_rashba.solvers.multigrid import COARSER, LARGEST_COARSE
from fem_rashba.solvers.operators import Operator
from fem_rashba.solvers.smoothers import Factors, Smoother, Sweeps
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
        reach: What one pass of a Krylov method asks for: on very flat elements its own estimate of the residual stalls
            above the rounding of the true one, from which the next pass starts.
        largest_direct: Unknowns up to which "auto" factorises.
        aim: Share of the tolerance that "auto" aims at. A residual of 1e-12 leaves some 1e-11 in currents and torques.
        options: PETSc options of the solver. The preconditioner is the same in each iteration, so that half of the
            vectors will do.
    """

    kind = "python"
    options = {"pc_type": "python", "ksp_type": "gmres", "ksp_pc_side": "right"}

    def __init__(self, discretization: Discretization) -> None:
        self._finest = discretization
        self._cycle: _Cycle | None = None
        even = is_even(discretization.problem.device)
        self.reach, self.aim = (1e-13, 1e-2) if even else (1e-7, 1.0)
        self.largest_direct = LARGEST_DIRECT_EVEN if even else LARGEST_DIRECT

    @staticmethod
    def serves(discretization: Discretization) -> bool:
        """Whether there is one rank, one film and uniform magnetization, and a coarsest level that is small."""
        problem, mesh = discretization.problem, discretization.space.mesh
        if not is_even(problem.device):
            lowest = FIELDS * mesh.topology.index_map(0).size_global
            if problem.degree == 1 or lowest > LARGEST_COARSE["graded"]:
                return False
        coefficients = tensors(discretization) if mesh.comm.size == 1 else None
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
    """A V-cycle through operators from the finest degree to degree 1, and on even meshes a background grid."""

    def __init__(self, operators: Sequence[AffineOperator]) -> None:
        discretizations = [operator.discretization for operator in operators]
        terminals = [Terminals(discretization) for discretization in discretizations]
        masks = [_free(found) for found in terminals]
        even = is_even(discretizations[0].problem.device)
        smoothed = operators if even else operators[:-1]
        self._matrices = [operator.kernels(free) for operator, free in zip(smoothed, masks, strict=False)]
        self._transfers: list[_Transfer] = [
            _Degrees(between_degrees(*pair), *free)
            for pair, free in zip(pairwise(discretizations), pairwise(masks), strict=True)
        ]
        self._smoothers: list[Smoother]
        if even:
            counts = [_sweeps(operators[0]), *[_MANY] * (len(operators) - 1)]
            self._smoothers = [Sweeps(*pair) for pair in zip(self._matrices, counts, strict=True)]
            coarse, to_nodes = _background(operators[-1], masks[-1])
            self._transfers.append(_Grid(to_nodes))
        else:
            self._smoothers = [Factors(matrix) for matrix in self._matrices]
            coarse = operators[-1].matrix(terminals[-1], blocked=False)
        self._coarse = _Factorised(coarse)

    def factorise(self) -> None:
        """Sets the coarsest level up."""
        self._coarse.factorise()

    def product(self, x: np.ndarray) -> np.ndarray:
        """A x at the free unknowns, for x that is zero at the fixed ones; all shapes (nodes, 4)."""
        return self._matrices[0].product(x)

    def __call__(self, b: np.ndarray, *, adjoint: bool = False, level: int = 0) -> np.ndarray:
        """An approximate solution of A x = b, or A^T x = b: one V-cycle, or exactly its transpose."""
        if level == len(self._smoothers):
            return self._coarse.solve(b, adjoint=adjoint)
        matrix, smoother, transfer = self._matrices[level], self._smoothers[level], self._transfers[level]
        x = smoother.before(b, adjoint=adjoint)
        rest = (matrix.transposed if adjoint else matrix).residual(b, x)
        x += transfer.up(self(transfer.down(rest), adjoint=adjoint, level=level + 1))
        smoother.after(b, x, adjoint=adjoint)
        return x

    def destroy(self) -> None:
        """Frees the factorisation."""
        self._coarse.destroy()


class _Transfer(Protocol):
    def up(self, x: np.ndarray) -> np.ndarray: ...

    def down(self, rest: np.ndarray) -> np.ndarray: ...


class _Degrees:
    """Between two degrees; fixed unknowns take no part."""

    def __init__(self, interpolation: csr_array, fine: np.ndarray, coarse: np.ndarray) -> None:
        self._up, self._down = interpolation, interpolation.T.tocsr()
        self._fine, self._coarse = fine, coarse

    def up(self, x: np.ndarray) -> np.ndarray:
        return self._fine * (self._up @ x)

    def down(self, rest: np.ndarray) -> np.ndarray:
        return self._coarse * (self._down @ rest)


class _Grid:
    """Between nodes and the functions of a background grid, each with all of its fields."""

    def __init__(self, to_nodes: csr_array) -> None:
        self._up, self._down = to_nodes, to_nodes.T.tocsr()

    def up(self, x: np.ndarray) -> np.ndarray:
        return (self._up @ x.ravel()).reshape(-1, FIELDS)

    def down(self, rest: np.ndarray) -> np.ndarray:
        return (self._down @ rest.ravel()).reshape(-1, FIELDS)


def _background(lowest: AffineOperator, free: np.ndarray) -> tuple[PETSc.Mat, csr_array]:
    """The matrix on the grid, and the interpolation of all fields."""
    scalars = lowest.scalars
    points = lowest.discretization.space.tabulate_dof_coordinates()[:, :2]
    terms = [(scalars.sparse(entries), block) for entries, block in lowest.terms]
    found, to_nodes = background.galerkin(background.interpolation(points, scalars.area), free, terms)
    integer = PETSc.IntType
    csr = (found.indptr.astype(integer), found.indices.astype(integer), found.data)
    return PETSc.Mat().createAIJ(found.shape, csr=csr, comm=PETSc.COMM_SELF), to_nodes


class _Factorised:
    def __init__(self, matrix: PETSc.Mat) -> None:
        self._matrix = matrix
        self._solver = PETSc.KSP().create(PETSc.COMM_SELF)
        self._solver.setOperators(self._matrix)
        self._solver.setType("preonly")
        self._solver.getPC().setType("lu")
        self._solver.getPC().setFactorSolverType("mumps")
        self._x, self._b = self._matrix.createVecs()

    def factorise(self) -> None:
        self._solver.setUp()

    def solve(self, right: np.ndarray, *, adjoint: bool) -> np.ndarray:
        """The solution, shape (nodes, 4) as the right-hand side."""
        self._b.array[:] = right.ravel()
        (self._solver.solveTranspose if adjoint else self._solver.solve)(self._b, self._x)
        return np.array(self._x.array_r).reshape(right.shape)

    def destroy(self) -> None:
        for thing in (self._solver, self._matrix, self._x, self._b):
            thing.destroy()


def _sweeps(finest: AffineOperator) -> int:
    """How many sweeps there are each way on the finest level."""
    discretization, nodes = finest.discretization, len(finest.scalars.pattern.starts) - 1
    turn = abs(float(discretization.coefficients.precession.value)) * np.sqrt(finest.scalars.area / nodes)
    return _MANY if discretization.problem.degree in (1, 4) or turn > _LARGEST_TURN else 1


def _free(terminals: Terminals) -> np.ndarray:
    """1 for unknowns and 0 for fixed fields, shape (nodes, 4)."""
    free = np.ones((terminals.space.dofmap.index_map.size_local, FIELDS))
    free.reshape(-1)[terminals.fixed_rows] = 0.0
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
