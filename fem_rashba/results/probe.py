"""The solution at points, evaluated at its full degree."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import basix.ufl
import numpy as np
import ufl
from dolfinx import geometry
from mpi4py import MPI
from ufl.algorithms.apply_algebra_lowering import apply_algebra_lowering

from fem_rashba.physics import equations
from fem_rashba.physics.magnetization import values
from fem_rashba.results.solution import Solution
from fem_rashba.solvers.discretization import FIELDS
from fem_rashba.units import HBAR

COLUMNS = ("x", "y", "n", "Sx", "Sy", "Sz", "Tx", "Ty", "Tz", "potential")


def probe(solution: Solution, points: np.ndarray) -> np.ndarray:
    """The solution at points, on every rank. Collective.

    Args:
        solution: Of `solve` or `load`.
        points: Shape (N, 2), nm; the same on every rank.

    Returns:
        Shape (N, 10): x, y (nm), n (dn), Sx, Sy, Sz (1/nm^2), Tx, Ty, Tz (torque density on m, eV/nm^2), potential (V).

    Raises:
        ValueError: If a point lies outside the device.
    """
    points = np.asarray(points, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise ValueError("points must be finite numbers of shape (N, 2): x and y in nm")
    found = _state(solution, points)
    outside = np.isnan(found[:, 0])
    if outside.any():
        x, y = points[int(np.flatnonzero(outside)[0])]
        raise ValueError(f"the point x = {x:g} nm, y = {y:g} nm lies outside the device")
    n, S, coefficients = found[:, 0], found[:, 1:FIELDS], found[:, FIELDS:]
    m = values(solution.problem.magnetization, points[:, 0], points[:, 1])
    w, r_phi, states = coefficients.T
    T = HBAR * torque_values(S.T, m, w, r_phi).T
    potential = -n / states - points @ np.array(solution.problem.electric_field)
    return np.column_stack([points, n, S, T, potential])


def torque_values(S: np.ndarray, m: np.ndarray, w: np.ndarray, r_phi: np.ndarray) -> np.ndarray:
    """`equations.torque` of numbers, S and m of shape (3, N), in hbar/(ps nm^2): the same expression, not a copy."""
    domain = ufl.Mesh(basix.ufl.element("Lagrange", "triangle", 1, shape=(2,)))
    spin, direction = ufl.Constant(domain, shape=(3,)), ufl.Constant(domain, shape=(3,))
    c = SimpleNamespace(w=ufl.Constant(domain), r_phi=ufl.Constant(domain))
    expression = apply_algebra_lowering(equations.torque(c, spin, direction))
    numbers: dict[Any, Any] = {spin: tuple(S), direction: tuple(m), c.w: w, c.r_phi: r_phi}
    return np.array([expression((), mapping=numbers, component=(i,)) for i in range(3)])


def _state(solution: Solution, points: np.ndarray) -> np.ndarray:
    """(n, Sx, Sy, Sz, w, r_phi, n0/eF) at each point on every rank, NaN outside the device, shape (N, 7)."""
    mesh = solution.device.mesh
    padded = np.column_stack([points, np.zeros(len(points))])
    size = max(np.ptp(mesh.geometry.x[:, :2], axis=0).max(initial=0.0), 1e-30) if len(mesh.geometry.x) else 0.0
    tree = geometry.bb_tree(mesh, 2, padding=1e-10 * size)
    candidates = geometry.compute_collisions_points(tree, padded)
    hits = geometry.compute_colliding_cells(mesh, candidates, padded)
    cells = np.array([hits.links(i)[0] if len(hits.links(i)) else -1 for i in range(len(points))], dtype=np.int32)
    here = np.flatnonzero(cells >= 0)
    local = np.full((len(points), FIELDS + 3), np.nan)
    if len(here):
        local[here, :FIELDS] = solution.u.eval(padded[here], cells[here]).reshape(-1, FIELDS)
        local[here, FIELDS:] = _film_values(solution, cells[here])
    # a point on a facet between ranks is found by several: any of them will do, the lowest is the same every time
    owner = np.where(np.isnan(local[:, 0]), mesh.comm.size, mesh.comm.rank)
    first = np.empty_like(owner)
    mesh.comm.Allreduce(owner, first, op=MPI.MIN)
    mine = np.where((first == mesh.comm.rank)[:, None], local, 0.0)
    total = np.empty_like(mine)
    mesh.comm.Allreduce(mine, total, op=MPI.SUM)
    total[first == mesh.comm.size] = np.nan
    return total


def _film_values(solution: Solution, cells: np.ndarray) -> np.ndarray:
    """(w, r_phi, n0/eF) of the film in each cell, shape (cells, 3)."""
    tags = solution.device.cell_tags
    by_cell = np.zeros(cells.max() + 1, dtype=np.int32)
    known = tags.indices <= cells.max()
    by_cell[tags.indices[known]] = tags.values[known]
    result = np.empty((len(cells), 3))
    for name, film in solution.problem.films.items():
        c = film.coefficients
        result[by_cell[cells] == solution.device.regions[name]] = (c.w, c.r_phi, c.states)
    return result
