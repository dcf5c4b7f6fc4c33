"""Multigrid that never assembles a matrix of four fields, on even meshes.

The levels are the degrees of the elements and, below degree 1, a background grid that is factorised. Each degree is
smoothed by block Gauss-Seidel sweeps, up and down, on the scalar matrices of the mesh: 36 bytes for an entry and
not 128. On flat elements such a smoother fails; `multigrid` has the one for them.

Of several ranks each sweeps over its own nodes and takes the values of others as they were before the sweep; the
first one has the factorised grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from petsc4py import PETSc

from fem_rashba.solvers import background
from fem_rashba.solvers.affine import AffineOperator, tensors
from fem_rashba.solvers.degrees import BetweenDegrees
from fem_rashba.solvers.discretization import FIELDS, Discretization
from fem_rashba.solvers.estimate import LARGEST_DIRECT_EVEN
from fem_rashba.solvers.halo import Halo
from fem_rashba.solvers.kernels import Kernels
from fem_rashba.solvers.multigrid import COARSER
from fem_rashba.solvers.operators import Operator
from fem_rashba.solvers.terminals import Terminals

_MANY = 3
"""Sweeps each way on levels that cost little, and where one leaves too much: between degrees 4 and 2, and where spin
turns by more than `_LARGEST_TURN` (rad) from one node to the next."""

_LARGEST_TURN = 0.5


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
        """Whether there is one film and uniform magnetization."""
        coefficients = tensors(discretization)
        return coefficients is not None and AffineOperator(discretization, coefficients).is_of_one_film

    def matrix(self, operator: Operator, terminals: Terminals) -> PETSc.Mat:
        """A matrix that is known by its products, for vectors that vanish at fixed unknowns. Collective."""
        degrees = COARSER[self._finest.problem.degree]
        spaces = [self._finest, *(self._finest.at_degree(degree) for degree in degrees)]
        coefficients = tensors(self._finest)
        assert coefficients is not None
        self._cycle = _Cycle([AffineOperator(space, coefficients) for space in spaces])
        rows = terminals.space.dofmap.index_map
        sizes = (FIELDS * rows.size_local, FIELDS * rows.size_global)
        matrix = PETSc.Mat().createPython([sizes, sizes], _Product(self._cycle), comm=terminals.comm)
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
        self._levels = [_Level(operator) for operator in operators]
        self._between = [BetweenDegrees(*pair) for pair in pairwise(operator.discretization for operator in operators)]
        lowest, scalars, halo = operators[-1], operators[-1].scalars, operators[-1].scalars.halo
        points = lowest.discretization.space.tabulate_dof_coordinates()[: halo.owned, :2]
        comm = lowest.discretization.space.mesh.comm
        grid = background.interpolation(halo.extended(points), halo.owned, scalars.area, comm)
        free = halo.extended(self._levels[-1].free)
        matrix, self._grid = background.galerkin(grid, free, lowest.row_terms(), comm)
        self._coarse = background.Factorised(matrix, FIELDS * grid.shape[1], comm)

    def factorise(self) -> None:
        """Sets the coarsest level up."""
        self._coarse.factorise()

    def product(self, x: np.ndarray) -> np.ndarray:
        """A x at the free unknowns, for x that is zero at the fixed ones; all shapes (owned nodes, 4)."""
        finest = self._levels[0]
        return finest.kernels.product(finest.halo.extended(x))

    def __call__(self, b: np.ndarray, *, adjoint: bool = False, level: int = 0) -> np.ndarray:
        """An approximate solution of A x = b, or A^T x = b: one V-cycle, or exactly its transpose."""
        here = self._levels[level]
        kernels, x = here.kernels.transposed if adjoint else here.kernels, np.zeros((here.halo.known, FIELDS))
        own = x[: here.halo.owned]
        count = _MANY if level else self._sweeps
        for i in range(count):
            if i > 0:
                here.halo.update(x)
            kernels.sweep(b, x, downwards=i % 2 == 1, zero=i == 0)
        here.halo.update(x)
        rest = kernels.residual(b, x)
        if level + 1 < len(self._levels):
            below, between = self._levels[level + 1], self._between[level]
            rest = below.free * between.down(rest)
            own += here.free * between.up(self(rest, adjoint=adjoint, level=level + 1))
        else:
            own += self._grid.up(self._coarse.solve(self._grid.down(rest), adjoint=adjoint))
        for i in reversed(range(count)):
            here.halo.update(x)
            kernels.sweep(b, x, downwards=i % 2 == 0)
        return own

    def destroy(self) -> None:
        """Frees the factorisation."""
        self._coarse.destroy()


class _Level:
    """What the V-cycle needs of one degree: which unknowns are free, the matrix, the nodes of other ranks."""

    def __init__(self, operator: AffineOperator) -> None:
        self.free = _free(operator.discretization)
        self.kernels: Kernels = operator.kernels(self.free)
        self.halo: Halo = operator.scalars.halo


def _sweeps(finest: AffineOperator) -> int:
    """How many sweeps there are each way on the finest level."""
    discretization, nodes = finest.discretization, finest.scalars.space.dofmap.index_map.size_global
    turn = abs(float(discretization.coefficients.precession.value)) * np.sqrt(finest.scalars.area / nodes)
    return _MANY if discretization.problem.degree in (1, 4) or turn > _LARGEST_TURN else 1


def _free(discretization: Discretization) -> np.ndarray:
    """1 for unknowns and 0 for fixed fields, shape (owned nodes, 4)."""
    free = np.ones((discretization.space.dofmap.index_map.size_local, FIELDS))
    free.reshape(-1)[Terminals(discretization).fixed_rows] = 0.0
    return free
