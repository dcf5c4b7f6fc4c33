"""How singular a solution is at the corners of its boundary, and what that makes of an error estimate.

At a corner of interior angle w a field behaves like r^s: s = pi/w where both sides hold the same kind of condition,
pi/(2w) where one side gives the field and the other its flux. On elements with a vertex there, degree p leaves an error
proportional to p^(-2s) in energy (Babuska and Suri, SIAM Review 36, 578 (1994)), and of integrals, which is the product
of the errors of the solution and of its adjoint, to p^(-4s). Where fields are smooth it falls faster than any power.
"""

from __future__ import annotations

import math

import numpy as np
from dolfinx import fem, la
from dolfinx.mesh import exterior_facet_indices

from fem_rashba.devices.conditions import Open
from fem_rashba.solvers.discretization import Discretization
from fem_rashba.solvers.problem import Problem

SMOOTH = 2.0
"""Exponent at a right angle between sides of one kind, from which on a corner does not count."""

# a polygon with finer angles than this is a curve
_STRAIGHT = 0.25
_BESIDE = {"triangle": ((1, 2), (0, 2), (0, 1)), "quadrilateral": ((1, 2), (0, 3), (0, 3), (1, 2))}


def remainder(exponent: float, degree: int, higher: int) -> float:
    """Error of an integral at a degree over the difference that a higher one makes, of the elements at a corner."""
    return 1.0 / (1.0 - (degree / higher) ** (4.0 * exponent))


def weights(higher: Discretization, degree: int) -> np.ndarray:
    """By what the residual at each node counts at a higher degree: `remainder` on elements at corners, 1 elsewhere.

    Args:
        higher: Above the solution.
        degree: Of the solution.

    Returns:
        Of the nodes that this rank owns. Collective.
    """
    problem, space = higher.problem, higher.space
    corners = fem.functionspace(space.mesh, ("Lagrange", 1))
    exponents = corner_exponents(problem, corners)
    singular = remainder(np.minimum(exponents, SMOOTH), degree, problem.degree)
    factors = np.where(exponents < SMOOTH, singular, 1.0).round(3)
    cells = space.mesh.topology.index_map(2).size_local
    of_cells = factors[corners.dofmap.list[:cells]].max(axis=1, initial=1.0)
    owned = space.dofmap.index_map.size_local
    result = np.ones(owned)
    for factor in sorted({float(f) for part in space.mesh.comm.allgather(np.unique(of_cells)) for f in part} - {1.0}):
        touched = la.vector(space.dofmap.index_map, 1)
        touched.array[:] = 0.0
        np.add.at(touched.array, space.dofmap.list[:cells][of_cells == factor], 1.0)
        touched.scatter_reverse(la.InsertMode.add)
        result[touched.array[:owned] > 0] = factor
    return result


def corner_exponents(problem: Problem, space: fem.FunctionSpace) -> np.ndarray:
    """The least s of any field at each vertex, by its unknown of degree 1; infinite off the corners. Collective."""
    device = problem.device
    angle = _angles(space)
    contacts = [device.terminals[name] for name, c in problem.terminals.items() if not isinstance(c, Open)]
    result = np.full(len(angle), np.inf)
    for given in (contacts, list(problem.fixed_spin)):
        fixed, free = _corners_of(problem, space, given)
        mixed = np.intersect1d(fixed, free)
        same = np.setxor1d(fixed, free)
        same = same[np.abs(angle[same] - math.pi) > _STRAIGHT]
        for nodes, whole in ((mixed, math.pi / 2), (same, math.pi)):
            result[nodes] = np.minimum(result[nodes], whole / angle[nodes])
    return result


def _angles(space: fem.FunctionSpace) -> np.ndarray:
    """The angle that the film takes at each vertex, by its unknown of degree 1, rad."""
    mesh = space.mesh
    beside = np.array(_BESIDE[mesh.basix_cell().name])
    cells = mesh.topology.index_map(2).size_local
    corners = mesh.geometry.x[mesh.geometry.dofmap[:cells, : len(beside)], :2]
    first, second = (corners[:, beside[:, k]] - corners for k in (0, 1))
    cosine = (first * second).sum(axis=-1) / (np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1))
    total = la.vector(space.dofmap.index_map, 1)
    total.array[:] = 0.0
    np.add.at(total.array, space.dofmap.list[:cells], np.arccos(np.clip(cosine, -1.0, 1.0)))
    total.scatter_reverse(la.InsertMode.add)
    total.scatter_forward()
    return np.array(total.array)


def _corners_of(problem: Problem, space: fem.FunctionSpace, given: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Unknowns of degree 1 on the boundary facets with the tags in `given`, and on the others."""
    device = problem.device
    facets = np.sort(exterior_facet_indices(device.mesh.topology)).astype(np.int32)
    chosen = np.concatenate([np.empty(0, np.int32), *(device.facet_tags.find(tag) for tag in given)])
    chosen = np.intersect1d(chosen, facets).astype(np.int32)
    others = np.setdiff1d(facets, chosen).astype(np.int32)
    fixed, free = (fem.locate_dofs_topological(space, 1, part) for part in (chosen, others))
    return fixed, free
