"""The same problem one or two degrees higher on the same mesh: what the solution at hand leaves out.

Multigrid extended by one level (`two_levels`): smoothing at the higher degree, the solver of the lower one as it is.
The start is the solution at hand, so a loose tolerance of the correction is enough.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from dolfinx import fem
from mpi4py import MPI
from petsc4py import PETSc

from fem_rashba.solvers.affine import AffineOperator
from fem_rashba.solvers.discretization import FIELDS, discretize
from fem_rashba.solvers.estimate import assembles_nothing, degrees_added, run_GB
from fem_rashba.solvers.interpolation import Interpolation
from fem_rashba.solvers.linear import ConvergenceError
from fem_rashba.solvers.machine import memory_of_ranks_GB
from fem_rashba.solvers.operators import steady_operator
from fem_rashba.solvers.singular import weights
from fem_rashba.solvers.steady import Solved, SolverReport, SteadyState
from fem_rashba.solvers.terminals import Terminals
from fem_rashba.solvers.transfers import Degrees
from fem_rashba.solvers.two_levels import AssembledStep, Step, TwoLevels, UnassembledStep
from fem_rashba.units import AMPERE_PER_RATE

TOLERANCE = 1e-3
"""Of the correction, relative to the residual that the solution leaves at the higher degree."""


class Enriched:
    """The operator of a problem at a higher degree, and an iterative solver that stands on that of the problem.

    Args:
        solved: The problem, solved; its solver must live as long as this.
        added: By how many degrees it is higher.

    Attributes:
        discretization: Of the higher degree.
        terminals: Of that, with the levels of n of the problem.
        solved: The problem, solved.
        transfer: From the degree of the problem and back.
        start: The solution of the problem, at the higher degree.
        residual: What that leaves, on the owned unknowns, weighted at corners (`weights`).
    """

    def __init__(self, solved: Solved, added: int = 1) -> None:
        below, problem = solved.discretization, solved.discretization.problem
        self._added = added
        self.discretization = discretize(replace(problem, degree=problem.degree + added))
        self.terminals = Terminals(self.discretization)
        self.terminals.levels.update(solved.terminals.levels)
        self.solved = solved
        self._operator = steady_operator(self.discretization)
        self.transfer = Interpolation(below, self.discretization)
        self._solvers: dict[bool, TwoLevels] = {}
        self._up: PETSc.Mat | None = None
        self.start = fem.Function(self.discretization.space, name="u")
        self.start.interpolate(solved.u)
        self.terminals.constrain(self.start, self.terminals.levels, problem.electric_field)
        left = self._operator.defect(self.start)
        further = weights(self.discretization, problem.degree)[:, None] - 1.0
        self._at_corners = self.transfer.surplus(further * left.reshape(-1, FIELDS))
        self.residual = left + self._at_corners
        self._has_corners = bool(self.terminals.comm.allreduce(int(self._at_corners.any())))

    def correction(self, right: np.ndarray, *, adjoint: bool = False, tolerance: float = TOLERANCE) -> np.ndarray:
        """x with A x = right, or A^T x = right, on the owned unknowns; zero where unknowns are fixed. Collective.

        Raises:
            ConvergenceError: If the iteration does not come to the tolerance.
        """
        if not self.terminals.comm.allreduce(float(np.abs(right).max(initial=0.0)), op=MPI.MAX):
            return np.zeros_like(right)
        b = right.copy()
        b[self.terminals.fixed_rows] = 0.0
        return self._levels(adjoint).solve(b, tolerance)

    def states(self) -> list[SteadyState]:
        """The state at the higher degree, and with one degree more and corners that without weights too. Collective.

        One degree more tells so little of corners that the two may have opposite signs where contributions cancel.
        """
        both = self._has_corners and self._added == 1
        return [self.state(), self.state(weighted=False)] if both else [self.state()]

    def state(self, *, weighted: bool = True) -> SteadyState:
        """The state at the higher degree, with the contributions of corners weighted or as they are. Collective.

        Where a terminal's level follows from its current, conductances and responses are those of the lower degree:
        they act on the difference alone.
        """
        finer = self.start.copy()
        finer.name = "u"
        terminals = self.solved.terminals
        self.terminals.levels.update(terminals.levels)
        finer.x.array[: self.terminals.owned] += self.correction(
            -self.residual if weighted else self._at_corners - self.residual
        )
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
            iterations=0 if solver is None else solver.iterations,
            residual=TOLERANCE,
            seconds={},
            ranks=self.terminals.comm.size,
            unknowns=FIELDS * self.terminals.space.dofmap.index_map.size_global,
        )

    def _raised(self, changes: np.ndarray) -> fem.Function:
        """What changes of the free levels add, at the higher degree."""
        coarse, fine = fem.Function(self.solved.u.function_space), fem.Function(self.discretization.space)
        coarse.x.array[:] = sum(c * r for c, r in zip(changes, self.solved.terminals.responses, strict=True))
        fine.interpolate(coarse)
        return fine

    def _levels(self, adjoint: bool) -> TwoLevels:
        if adjoint not in self._solvers:
            step = self._levels(False).step.transposed() if adjoint else self._step()
            self._solvers[adjoint] = TwoLevels(step, self.solved.system, adjoint=adjoint)
        return self._solvers[adjoint]

    def _step(self) -> Step:
        """The operator of the higher degree, assembled only where it must be."""
        solved, operator = self.solved, self._operator
        if (
            isinstance(operator, AffineOperator)
            and operator.is_of_one_film
            and assembles_nothing(solved.discretization.problem)
        ):
            free = self.terminals.free_fields, solved.terminals.free_fields
            transfer = Degrees(self.discretization, solved.discretization, *free)
            return UnassembledStep(operator, free[0], transfer)
        self._up = self.transfer.among_free(solved.terminals.fixed_rows, self.terminals.fixed_rows)
        matrix = operator.matrix(self.terminals, blocked=True)
        return AssembledStep(matrix, self._up, solved.discretization.problem.device)

    def destroy(self) -> None:
        """Frees matrices. Collective."""
        for levels in self._solvers.values():
            levels.close()
        if self._up is not None:
            self._up.destroy()
        self.transfer.destroy()


def enriched_states(solved: Solved) -> list[SteadyState]:
    """The states at the higher degree, from the one that was found: as `Enriched.states`. Collective."""
    problem = solved.discretization.problem
    enriched = Enriched(solved, degrees_added(problem.device, problem.degree))
    try:
        return enriched.states()
    finally:
        enriched.destroy()


def affordable_states(solved: Solved) -> tuple[list[SteadyState], str]:
    """As `enriched_states`; none where that would need too much memory or fails, with a sentence that says so."""
    problem, none = solved.discretization.problem, "no discretisation errors are estimated: "
    needed, there = run_GB(problem, solved.system.method, estimated=True), memory_of_ranks_GB(problem.device.mesh.comm)
    if needed > there:
        return [], f"{none}that would need about {needed:.2g} GB of memory, and there are {there:.2g} GB"
    try:
        return enriched_states(solved), ""
    except (ConvergenceError, OSError) as error:
        # a preconditioner of the user's may be none for this, or there is no compiler
        return [], none + str(error)
