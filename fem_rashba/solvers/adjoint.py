"""The adjoint problem of a goal: how much each residual changes the goal.

For an integral g(u) it is a(v, z) = g(v) for all v that vanish where the solution is given. Inflow through a contact is
the residual tested with 1 there, so a weight of it is a value of -z on the contact; a contact whose level follows from
its current has an unknown level of z as well.
"""

from __future__ import annotations

import numpy as np
from dolfinx import fem
from mpi4py import MPI

from fem_rashba.solvers.assembly import residual_vector
from fem_rashba.solvers.discretization import FIELDS
from fem_rashba.solvers.enriched import Enriched
from fem_rashba.solvers.goals import Goal
from fem_rashba.solvers.steady import Solved

# one or two with a factorisation
_PASSES = 12
_ENOUGH = 1e-9


def adjoint_solution(solved: Solved, goal: Goal) -> fem.Function:
    """z at the degree of the solution: the goal changes by minus the residual tested with z. Collective."""
    terminals, space = solved.terminals, solved.discretization.space
    z = fem.Function(space, name="z")
    form = solved.discretization.adjoint(z)
    right = goal.vector(solved.discretization)
    levels = {name: -weight for name, weight in goal.inflows.items()}
    _impose(solved, z, levels)
    _solve(solved, z, form, right)
    if terminals.free:
        rows = [list(terminals.contacts).index(name) for name in terminals.free]
        missing = terminals.inflows(right - residual_vector(form))[rows]
        missing += np.array([goal.levels.get(name, 0.0) for name in terminals.free])
        found = np.linalg.solve(terminals.conductances[rows].T, missing)
        _impose(solved, z, levels | dict(zip(terminals.free, map(float, found), strict=True)))
        _solve(solved, z, form, right)
    return z


def enriched_adjoint(enriched: Enriched, goal: Goal, z: fem.Function) -> tuple[fem.Function, fem.Function]:
    """z one degree higher, and its difference to that of the degree of the solution. Collective."""
    space = enriched.discretization.space
    finer, change = fem.Function(space, name="z"), fem.Function(space, name="change")
    finer.interpolate(z)
    right = goal.vector(enriched.discretization) - residual_vector(enriched.discretization.adjoint(finer))
    change.x.array[: enriched.terminals.owned] = enriched.correction(right, adjoint=True)
    change.x.scatter_forward()
    finer.x.array[:] += change.x.array
    return finer, change


def _impose(solved: Solved, z: fem.Function, levels: dict[str, float]) -> None:
    values = z.x.array.reshape(-1, FIELDS)
    for name, blocks in solved.terminals.blocks.items():
        values[blocks, 0] = levels.get(name, 0.0)


def _solve(solved: Solved, z: fem.Function, form: fem.Form, right: np.ndarray) -> None:
    """Corrects z where it is free until the adjoint equation holds."""
    terminals, matrix = solved.terminals, solved.system.matrix
    b, x = matrix.createVecRight(), matrix.createVecLeft()
    first = None
    for _ in range(_PASSES):
        left = right - residual_vector(form)
        left[terminals.fixed_rows] = 0.0
        size = float(np.sqrt(terminals.comm.allreduce(float(left @ left), op=MPI.SUM)))
        first = size if first is None else first
        if size <= _ENOUGH * first:
            break
        b.array[:] = left
        solved.system.precondition(b, x, adjoint=True)
        z.x.array[: terminals.owned] += x.array
        z.x.scatter_forward()
    b.destroy()
    x.destroy()
