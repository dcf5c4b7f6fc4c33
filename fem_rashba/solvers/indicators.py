"""What each cell contributes to the error of a goal, by direction in the cell: where to refine.

The error of a goal is the residual one degree higher tested with what the adjoint has beyond the degree of the
solution, node by node (Braack and Ern, Multiscale Model. Simul. 1, 221 (2003)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dolfinx import fem, la
from numpy.polynomial.legendre import legval

from fem_rashba.solvers.adjoint import adjoint_solution, enriched_adjoint
from fem_rashba.solvers.discretization import FIELDS, cell_integrals
from fem_rashba.solvers.enriched import Enriched
from fem_rashba.solvers.goals import Goal
from fem_rashba.solvers.steady import SteadyState


@dataclass(frozen=True, kw_only=True)
class Indicators:
    """Contributions to an error.

    Attributes:
        by_cell: Of each owned cell along each of its directions, shape (cells, 1) for triangles, else (cells, 2); not
            negative.
        error: The signed error of the goal that the adjoint finds; for a map its size.
    """

    by_cell: np.ndarray
    error: float


def weighted_residuals(enriched: Enriched, state: SteadyState, goal: Goal) -> Indicators:
    """For a goal. Collective.

    Args:
        enriched: One degree above the solution.
        state: What it found.
        goal: Of which the error is.
    """
    solved = enriched.solved
    finer, change = enriched_adjoint(enriched, goal, adjoint_solution(solved, goal))
    coarse = fem.Function(solved.discretization.space)
    coarse.interpolate(finer)
    above = fem.Function(enriched.discretization.space)
    above.interpolate(coarse)
    owned = enriched.terminals.owned
    beyond = finer.x.array[:owned] - above.x.array[:owned]
    by_node = -(enriched.residual * beyond).reshape(-1, FIELDS).sum(axis=1)
    total = float(enriched.terminals.comm.allreduce(by_node.sum()))
    by_cell = np.abs(_spread(enriched, by_node))
    error = fem.Function(enriched.discretization.space)
    error.x.array[:] = state.u.x.array - enriched.start.x.array
    share = _shares(enriched, error, change)
    return Indicators(by_cell=by_cell[:, None] * share, error=total)


def map_residuals(enriched: Enriched, state: SteadyState) -> Indicators:
    """For the map of S: the integral of its squared change one degree higher over each cell. Collective."""
    error = fem.Function(enriched.discretization.space)
    error.x.array[:] = state.u.x.array - enriched.start.x.array
    squared = cell_integrals(enriched.discretization, [sum(error[i] ** 2 for i in (1, 2, 3))])[:, 0]
    share = _shares(enriched, error, error)
    total = float(enriched.terminals.comm.allreduce(squared.sum()))
    return Indicators(by_cell=squared[:, None] * share, error=float(np.sqrt(total)))


def _spread(enriched: Enriched, by_node: np.ndarray) -> np.ndarray:
    """Values of nodes in equal parts on the cells around them: shape (cells,)."""
    space = enriched.discretization.space
    cells = space.dofmap.list[: space.mesh.topology.index_map(2).size_local]
    around, values = la.vector(space.dofmap.index_map, 1), la.vector(space.dofmap.index_map, 1)
    around.array[:], values.array[:] = 0.0, 0.0
    np.add.at(around.array, cells, 1.0)
    around.scatter_reverse(la.InsertMode.add)
    values.array[: len(by_node)] = by_node / np.maximum(around.array[: len(by_node)], 1.0)
    values.scatter_forward()
    return np.asarray(values.array[cells].sum(axis=1))


def _shares(enriched: Enriched, first: fem.Function, second: fem.Function) -> np.ndarray:
    """Which part of two functions' product in a quadrilateral is due to the highest degree along each direction."""
    space = enriched.discretization.space
    cells = space.dofmap.list[: space.mesh.topology.index_map(2).size_local]
    if space.mesh.basix_cell().name == "triangle":
        return np.ones((len(cells), 1))
    p = enriched.discretization.problem.degree
    x, y = 2.0 * np.asarray(space.element.basix_element.points).T - 1.0
    along = [legval(t, np.eye(p + 1)) for t in (x, y)]
    inverse = np.linalg.inv((along[0][:, None] * along[1][None]).reshape((p + 1) ** 2, -1).T)
    sizes = []
    for function in (first, second):
        values = function.x.array.reshape(-1, FIELDS)[cells]
        legendre = np.einsum("ij,cjf->cif", inverse, values).reshape(len(cells), p + 1, p + 1, FIELDS)
        sizes.append([np.linalg.norm(part, axis=1) for part in (legendre[:, p, :p], legendre[:, :p, p])])
    product = np.stack([(sizes[0][k] * sizes[1][k]).sum(axis=1) for k in (0, 1)], axis=1)
    whole = product.sum(axis=1, keepdims=True)
    return np.where(whole > 0, product / np.where(whole > 0, whole, 1.0), 0.5)
