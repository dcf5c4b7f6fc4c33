"""Multigrid as PETSc calls it, on operators that are not assembled.

Products are made of the scalar matrices of the mesh: 36 bytes for an entry and not 128.
"""

from __future__ import annotations

from petsc4py import PETSc

from fem_rashba.solvers.affine import AffineOperator, tensors
from fem_rashba.solvers.cycle import Cycle
from fem_rashba.solvers.discretization import FIELDS, Discretization
from fem_rashba.solvers.estimate import LARGEST_DIRECT_UNASSEMBLED, is_even, levels_assemble_nothing
from fem_rashba.solvers.multigrid import coarser
from fem_rashba.solvers.operators import Operator
from fem_rashba.solvers.terminals import Terminals


class UnassembledMultigrid:
    """The levels below a discretization, made for one matrix.

    Args:
        discretization: Of the finest level, one that this `serves`.

    Attributes:
        kind: PETSc's name of the preconditioner.
        reach: What one pass of a Krylov method asks for: on very flat elements its own estimate of the residual stalls
            above the rounding of the true one, from which the next pass starts.
        largest_direct: Unknowns up to which "auto" factorises.
        aim: Share of the tolerance that "auto" aims at. A residual of 1e-12 leaves some 1e-11 in currents and torques,
            on very flat elements 1e-9.
        options: PETSc options of the solver. The preconditioner is the same in each iteration, so that half of the
            vectors will do.
    """

    kind = "python"
    aim = 1e-2
    options = {"pc_type": "python", "ksp_type": "gmres", "ksp_pc_side": "right"}

    def __init__(self, discretization: Discretization) -> None:
        self._finest = discretization
        self._cycle: Cycle | None = None
        self.largest_direct = LARGEST_DIRECT_UNASSEMBLED
        self.reach = 1e-13 if is_even(discretization.problem.device) else 1e-7

    @staticmethod
    def serves(discretization: Discretization) -> bool:
        """Whether there is one film, with uniform magnetization; on flat elements also one rank and few vertices."""
        if not levels_assemble_nothing(discretization.problem):
            return False
        coefficients = tensors(discretization)
        return coefficients is not None and AffineOperator(discretization, coefficients).is_of_one_film

    def matrix(self, operator: Operator, terminals: Terminals) -> PETSc.Mat:
        """A matrix that is known by its products, for vectors that vanish at fixed unknowns. Collective."""
        spaces = [self._finest, *(self._finest.at_degree(degree) for degree in coarser(self._finest.problem))]
        coefficients = tensors(self._finest)
        assert coefficients is not None
        self._cycle = Cycle([AffineOperator(space, coefficients) for space in spaces])
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
    def __init__(self, cycle: Cycle) -> None:
        self._cycle = cycle

    def mult(self, matrix: PETSc.Mat, x: PETSc.Vec, y: PETSc.Vec) -> None:  # the name that PETSc calls
        """y = A x."""
        y.array[:] = self._cycle.product(x.array_r.reshape(-1, FIELDS)).ravel()


class _Preconditioner:
    def __init__(self, cycle: Cycle | None) -> None:
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
