"""The same problem one degree higher on the same mesh: what the solution at hand leaves out.

Multigrid extended by one level: smoothing at the higher degree, the solver of the lower one as it is. The start is the
solution at hand, so a loose tolerance of the correction is enough.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from dolfinx import fem
from mpi4py import MPI
from petsc4py import PETSc

from fem_rashba.solvers.discretization import FIELDS, discretize
from fem_rashba.solvers.linear import ConvergenceError, LinearSystem
from fem_rashba.solvers.operators import steady_operator
from fem_rashba.solvers.options import reason
from fem_rashba.solvers.singular import weights
from fem_rashba.solvers.steady import Solved, SolverReport, SteadyState
from fem_rashba.solvers.terminals import Terminals
from fem_rashba.solvers.transfer import Transfer
from fem_rashba.units import AMPERE_PER_RATE

TOLERANCE = 1e-2
"""Of the correction, relative to the residual that the solution leaves one degree higher."""

_MOST = 40
_prefixes = itertools.count()


class Enriched:
    """The operator of a problem one degree higher, and an iterative solver that stands on that of the problem.

    Args:
        solved: The problem, solved; its solver must live as long as this.

    Attributes:
        discretization: One degree higher.
        terminals: Of that, with the levels of n of the problem.
        solved: The problem, solved.
        transfer: From the degree of the problem and back.
        start: The solution of the problem, one degree higher.
        residual: What that leaves, on the owned unknowns, weighted at corners (`weights`).
    """

    def __init__(self, solved: Solved) -> None:
        below, problem = solved.discretization, solved.discretization.problem
        self.discretization = discretize(replace(problem, degree=problem.degree + 1))
        self.terminals = Terminals(self.discretization)
        self.terminals.levels.update(solved.terminals.levels)
        self.solved = solved
        self._operator = steady_operator(self.discretization)
        self._matrix = self._operator.matrix(self.terminals, blocked=True)
        self.transfer = Transfer(below, self.discretization)
        self._up = self.transfer.among_free(solved.terminals.fixed_rows, self.terminals.fixed_rows)
        self._solvers: dict[bool, tuple[PETSc.KSP, _TwoLevels]] = {}
        self.start = fem.Function(self.discretization.space, name="u")
        self.start.interpolate(solved.u)
        self.terminals.constrain(self.start, self.terminals.levels, problem.electric_field)
        left = self._operator.defect(self.start)
        self._more = self.transfer.surplus((weights(self.discretization)[:, None] - 1.0) * left.reshape(-1, FIELDS))
        self.residual = left + self._more
        self._has_corners = bool(self.terminals.comm.allreduce(int(self._more.any())))

    def correction(self, right: np.ndarray, *, adjoint: bool = False, tolerance: float = TOLERANCE) -> np.ndarray:
        """x with A x = right, or A^T x = right, on the owned unknowns; zero where unknowns are fixed. Collective.

        Raises:
            ConvergenceError: If the iteration does not come to the tolerance.
        """
        if not self.terminals.comm.allreduce(float(np.abs(right).max(initial=0.0)), op=MPI.MAX):
            return np.zeros_like(right)
        if adjoint not in self._solvers:
            self._solvers[adjoint] = self._built(adjoint)
        solver, _ = self._solvers[adjoint]
        solver.setTolerances(rtol=tolerance, atol=0.0, max_it=_MOST)
        b, x = self._matrix.createVecLeft(), self._matrix.createVecRight()
        b.array[:] = right
        b.array[self.terminals.fixed_rows] = 0.0
        x.set(0.0)
        try:
            solver.solve(b, x)
        except PETSc.Error as error:
            raise ConvergenceError(f"PETSc stopped one degree higher: {reason(error)}") from None
        found = x.array.copy()
        why = solver.getConvergedReason()
        b.destroy()
        x.destroy()
        if why < 0:
            raise ConvergenceError(
                f"the discretisation error could not be found: {_MOST} iterations one degree higher did not come to "
                f"{tolerance:g} (reason {why} of PETSc)"
            )
        return found

    def states(self) -> list[SteadyState]:
        """The state one degree higher, and where there are corners the one without weights too. Collective."""
        return [self.state(), self.state(weighted=False)] if self._has_corners else [self.state()]

    def state(self, *, weighted: bool = True) -> SteadyState:
        """The state one degree higher, with the contributions of corners weighted or as they are. Collective.

        Where a terminal's level follows from its current, conductances and responses are those of the lower degree:
        they act on the difference alone.
        """
        finer = self.start.copy()
        finer.name = "u"
        terminals = self.solved.terminals
        more = self._more if weighted else np.zeros_like(self._more)
        self.terminals.levels.update(terminals.levels)
        finer.x.array[: self.terminals.owned] += self.correction(self._more - more - self.residual)
        finer.x.scatter_forward()
        # tested with functions of the lower degree, to which all that is left of the iteration is orthogonal: so the
        # currents add up to zero
        inflows = terminals.inflows(self.transfer.lowered(self._operator.defect(finer).reshape(-1, FIELDS)))
        if terminals.free:
            rows = [list(terminals.contacts).index(name) for name in terminals.free]
            changes = np.linalg.solve(terminals.conductances[rows], self.terminals.targets() - inflows[rows])
            inflows = inflows + terminals.conductances @ changes
            finer.x.array[:] += self._raised(changes).x.array
            for name, change in zip(terminals.free, changes, strict=True):
                self.terminals.levels[name] += float(change)
        return SteadyState(
            discretization=self.discretization,
            u=finer,
            voltages=self.terminals.voltages,
            currents={n: -float(rate) * AMPERE_PER_RATE for n, rate in zip(terminals.contacts, inflows, strict=True)},
            report=self.report,
        )

    @property
    def report(self) -> SolverReport:
        """How the state was found."""
        solver = self._solvers.get(False)
        return SolverReport(
            method="iterative",
            iterations=0 if solver is None else solver[0].getIterationNumber(),
            residual=TOLERANCE,
            seconds={},
            ranks=self.terminals.comm.size,
            unknowns=int(self._matrix.getSize()[0]),
        )

    def _raised(self, changes: np.ndarray) -> fem.Function:
        """What changes of the free levels add, one degree higher."""
        coarse, fine = fem.Function(self.solved.u.function_space), fem.Function(self.discretization.space)
        coarse.x.array[:] = sum(c * r for c, r in zip(changes, self.solved.terminals.responses, strict=True))
        fine.interpolate(coarse)
        return fine

    def _built(self, adjoint: bool) -> tuple[PETSc.KSP, _TwoLevels]:
        matrix = self._matrix.transpose(PETSc.Mat()) if adjoint else self._matrix
        levels = _TwoLevels(matrix, self._up, self.solved.system, adjoint)
        solver = PETSc.KSP().create(matrix.comm)
        solver.setOperators(matrix)
        solver.setType(PETSc.KSP.Type.FGMRES)
        solver.setGMRESRestart(_MOST)
        pc = solver.getPC()
        pc.setType(PETSc.PC.Type.PYTHON)
        pc.setPythonContext(levels)
        solver.setUp()
        return solver, levels

    def destroy(self) -> None:
        """Frees matrices. Collective."""
        for adjoint, (solver, levels) in self._solvers.items():
            levels.close()
            if adjoint:
                solver.getOperators()[0].destroy()
            solver.destroy()
        self._matrix.destroy()
        self._up.destroy()
        self.transfer.destroy()


class _TwoLevels:
    """A preconditioner: smoothed, then corrected one degree lower.

    In this order all that is left, whatever the number of iterations, is orthogonal to the lower degree, as the error
    of the solution at hand is: the error of an integral is then that of the iteration times that of its adjoint.
    """

    def __init__(self, matrix: PETSc.Mat, up: PETSc.Mat, system: LinearSystem, adjoint: bool) -> None:
        self._matrix, self._up, self._system, self._adjoint = matrix, up, system, adjoint
        self._r = matrix.createVecLeft()
        self._below = up.createVecRight(), up.createVecRight()
        self._smoother = PETSc.KSP().create(matrix.comm)
        self._smoother.setOperators(matrix)
        prefix = f"fem_rashba_enriched_{next(_prefixes)}_"
        self._smoother.setOptionsPrefix(prefix)
        settings = PETSc.Options()
        options = smoother_options(matrix.comm.size)
        for key, value in options.items():
            settings[prefix + key] = value
        self._smoother.setFromOptions()
        self._smoother.setUp()
        for key in options:
            settings.delValue(prefix + key)

    def apply(self, pc: PETSc.PC, b: PETSc.Vec, x: PETSc.Vec) -> None:
        """x approximates the solution for the right-hand side b."""
        low, correction = self._below
        self._smoother.solve(b, x)
        self._matrix.mult(x, self._r)
        self._r.aypx(-1.0, b)
        self._up.multTranspose(self._r, low)
        self._system.precondition(low, correction, adjoint=self._adjoint)
        self._up.multAdd(correction, x, x)

    def close(self) -> None:
        """Frees what belongs to it. Collective. (PETSc would call `destroy` by itself.)"""
        for thing in (self._r, *self._below, self._smoother):
            thing.destroy()


def enriched_states(solved: Solved) -> list[SteadyState]:
    """The states one degree higher, from the one that was found: as `Enriched.states`. Collective."""
    enriched = Enriched(solved)
    try:
        return enriched.states()
    finally:
        enriched.destroy()


def smoother_options(ranks: int) -> dict[str, str]:
    """PETSc options of a smoother for blocks of four."""
    options = {
        "ksp_norm_type": "none",
        "sub_pc_type": "ilu",
        "sub_pc_factor_mat_ordering_type": "rcm",
    }
    if ranks == 1:
        return options | {"ksp_type": "richardson", "ksp_max_it": "1", "pc_type": "bjacobi"}
    # the ranks may divide the film along strong couplings, where only a Krylov method helps
    return options | {"ksp_type": "gmres", "ksp_max_it": "3", "pc_type": "asm", "pc_asm_overlap": "3"}
