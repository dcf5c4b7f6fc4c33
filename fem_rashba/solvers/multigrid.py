"""Multigrid over the polynomial degree: the four fields smoothed together, lowest degree solved directly.

Precession couples the fields of a node faster than anything relaxes them, so a smoother works on blocks of four: an
incomplete factorisation in reverse Cuthill-McKee order. That order follows the strong couplings across flat elements,
which point by point smoothing does not reduce.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from dolfinx import fem
from dolfinx.fem.petsc import interpolation_matrix
from petsc4py import PETSc

from fem_rashba.devices.device import Device
from fem_rashba.solvers.discretization import FIELDS, Discretization
from fem_rashba.solvers.estimate import LARGEST_COARSE, LARGEST_DIRECT, fill_levels, is_even
from fem_rashba.solvers.operators import Operator
from fem_rashba.solvers.problem import Problem
from fem_rashba.solvers.terminals import Terminals

_COARSER = {1: (), 2: (1,), 3: (2, 1), 4: (2, 1)}

FACTORISED = {
    "pc_type": "lu",
    "pc_factor_mat_solver_type": "mumps",
    # room for the delayed pivots that the skew exchange term causes
    "mat_mumps_icntl_14": "60",
}

_ROUNDING = 1e-10


def coarser(problem: Problem) -> tuple[int, ...]:
    """The degrees below that of a problem."""
    return _COARSER[problem.degree]


class Multigrid:
    """The levels below a discretization, for one operator whose coefficients may change.

    Args:
        discretization: Of the finest level.
        operator_of: The same operator at the degree of another discretization.

    Attributes:
        kind: PETSc's name of the preconditioner.
        reach: What one pass of a Krylov method asks for: on very flat elements its own estimate of the residual stalls
            above the rounding of the true one, from which the next pass starts.
        largest_direct: Unknowns up to which "auto" factorises.
        aim: Share of the tolerance that "auto" aims at.
    """

    kind = "mg"
    reach = 1e-7
    largest_direct = LARGEST_DIRECT
    aim = 1.0

    def __init__(self, discretization: Discretization, operator_of: Callable[[Discretization], Operator]) -> None:
        self._finest = discretization
        self._operator_of = operator_of
        self._levels: list[_Level] = []

    @property
    def options(self) -> dict[str, str]:
        """PETSc options of the preconditioner."""
        smoother = smoother_options(self._finest.problem.device)
        levels = {f"mg_levels_{key}": value for key, value in smoother.items()}
        coarse = FACTORISED if self._is_small else {"pc_type": "gamg", "pc_gamg_coarse_eq_limit": "4000"} | levels
        if not coarser(self._finest.problem):
            return coarse
        coarse = {"ksp_type": "preonly"} | coarse
        return {"pc_type": "mg"} | levels | {f"mg_coarse_{key}": value for key, value in coarse.items()}

    @property
    def _is_small(self) -> bool:
        """Whether the lowest degree can be factorised."""
        nodes = self._finest.space.mesh.topology.index_map(0).size_global
        return FIELDS * nodes <= LARGEST_COARSE["even" if is_even(self._finest.problem.device) else "graded"]

    def matrix(self, operator: Operator, terminals: Terminals) -> PETSc.Mat:
        """That of the finest level. Collective."""
        return operator.matrix(terminals, blocked=True)

    def attach(self, pc: PETSc.PC) -> None:
        """Gives a preconditioner of the finest matrix all coarser levels; degrees above 1 only. Collective."""
        if not self._levels:
            self._levels = self._built()
        pc.setType(PETSc.PC.Type.MG)
        pc.setMGLevels(len(self._levels) + 1)
        finest = pc.getOperators()[0]
        top = len(self._levels)
        pc.getMGSmoother(top).setOperators(finest, finest)
        for below, level in enumerate(self._levels, start=1):
            matrix = self._operator_of(level.discretization).matrix(level.terminals, blocked=below < top)
            solver = pc.getMGCoarseSolve() if below == top else pc.getMGSmoother(top - below)
            solver.setOperators(matrix, matrix)
            pc.setMGInterpolation(top - below + 1, level.interpolation)

    def _built(self) -> list[_Level]:
        levels: list[_Level] = []
        finer, fixed = self._finest, Terminals(self._finest).fixed_rows
        for degree in coarser(self._finest.problem):
            level = _Level(finer, fixed, degree)
            levels.append(level)
            finer, fixed = level.discretization, level.terminals.fixed_rows
        return levels


class _Level:
    """The same problem with a lower degree, and the way up to the next finer level."""

    def __init__(self, finer: Discretization, finer_fixed: np.ndarray, degree: int) -> None:
        mesh = finer.space.mesh
        self.discretization = finer.at_degree(degree)
        self.terminals = Terminals(self.discretization)
        scalar = [fem.functionspace(mesh, ("Lagrange", d)) for d in (degree, finer.problem.degree)]
        self.interpolation = among_free(interpolation_matrix(*scalar), finer_fixed, self.terminals.fixed_rows)


def smoother_options(device: Device) -> dict[str, str]:
    """PETSc options of a smoother for an assembled matrix in blocks of four, on the mesh of a device."""
    options = {
        "ksp_norm_type": "none",
        "sub_pc_type": "ilu",
        "sub_pc_factor_levels": str(fill_levels(device)),
        "sub_pc_factor_mat_ordering_type": "rcm",
    }
    if device.mesh.comm.size == 1:
        return options | {"ksp_type": "richardson", "ksp_max_it": "1", "pc_type": "bjacobi"}
    # the ranks may divide the film along strong couplings, where only a Krylov method helps, and parts that overlap
    # across some flat elements
    overlap = "3" if is_even(device) else "7"
    return options | {"ksp_type": "gmres", "ksp_max_it": "3", "pc_type": "asm", "pc_asm_overlap": overlap}


def among_free(scalar: PETSc.Mat, higher_fixed: np.ndarray, lower_fixed: np.ndarray) -> PETSc.Mat:
    """An interpolation of scalars for all fields; fixed unknowns take no part in corrections. Collective."""
    result = for_all_fields(scalar)
    free = result.createVecLeft(), result.createVecRight()
    for vector, rows in zip(free, (higher_fixed, lower_fixed), strict=True):
        vector.set(1.0)
        vector.array[rows] = 0.0
    result.diagonalScale(*free)
    return result


def for_all_fields(scalar: PETSc.Mat) -> PETSc.Mat:
    """The Kronecker product of an interpolation with the identity of the four fields."""
    scalar.assemble()
    starts, columns, values = scalar.getValuesCSR()
    rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    kept = np.abs(values) > _ROUNDING
    rows, columns, values = rows[kept], columns[kept], values[kept]
    counts = np.bincount(rows, minlength=len(starts) - 1)
    first = np.concatenate([[0], np.cumsum(counts)])
    # each row of entries four times over, one time for each field
    of = np.repeat(np.arange(len(counts)), FIELDS)
    lengths = counts[of]
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    entry = np.arange(indptr[-1]) - np.repeat(indptr[:-1] - first[of], lengths)
    field = np.repeat(np.tile(np.arange(FIELDS), len(counts)), lengths)
    sizes = tuple(tuple(FIELDS * n for n in pair) for pair in scalar.getSizes())
    integer = PETSc.IntType
    csr = (indptr.astype(integer), (FIELDS * columns[entry] + field).astype(integer), values[entry])
    result = PETSc.Mat().createAIJ(sizes, csr=csr, comm=scalar.comm)
    result.assemble()
    scalar.destroy()
    return result
