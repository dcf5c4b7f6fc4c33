"""The solution at points, evaluated at its full degree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import basix.ufl
import numpy as np
import ufl
from mpi4py import MPI
from ufl.algorithms.apply_algebra_lowering import apply_algebra_lowering

from fem_rashba.physics import equations
from fem_rashba.physics.film import Film
from fem_rashba.physics.magnetization import NUMPY_MATH, values
from fem_rashba.results.location import cells_at
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
    state = state_at(solution, points)
    outside = state.tags < 0
    if outside.any():
        x, y = points[int(np.flatnonzero(outside)[0])]
        raise ValueError(f"the point x = {x:g} nm, y = {y:g} nm lies outside the device")
    T = torque_at(solution, state).T
    states = film_values(solution, state.tags, lambda film: film.coefficients.states)
    potential = -state.n / states - points @ np.array(solution.problem.electric_field)
    return np.column_stack([points, state.n, state.S.T, T, potential])


@dataclass(frozen=True, kw_only=True)
class State:
    """A solution at N points: n of shape (N,), S and m of shape (3, N), tags of the regions; NaN and -1 outside."""

    n: np.ndarray
    S: np.ndarray
    m: np.ndarray
    tags: np.ndarray


def torque_at(solution: Solution, state: State) -> np.ndarray:
    """The torque density of states, shape (3, N), eV/nm^2."""
    w, r_phi = (
        film_values(solution, state.tags, lambda film, name=name: getattr(film.coefficients, name))  # type: ignore[misc]
        for name in ("w", "r_phi")
    )
    return HBAR * torque_values(state.S, state.m, w, r_phi)


def torque_values(S: np.ndarray, m: np.ndarray, w: np.ndarray, r_phi: np.ndarray) -> np.ndarray:
    """`equations.torque` of numbers, S and m of shape (3, N), in hbar/(ps nm^2): the same expression, not a copy."""
    domain = ufl.Mesh(basix.ufl.element("Lagrange", "triangle", 1, shape=(2,)))
    spin, direction = ufl.Constant(domain, shape=(3,)), ufl.Constant(domain, shape=(3,))
    c = SimpleNamespace(w=ufl.Constant(domain), r_phi=ufl.Constant(domain))
    expression = apply_algebra_lowering(equations.torque(c, spin, direction))
    numbers: dict[Any, Any] = {spin: tuple(S), direction: tuple(m), c.w: w, c.r_phi: r_phi}
    return np.array([expression((), mapping=numbers, component=(i,)) for i in range(3)])


def state_at(solution: Solution, points: np.ndarray) -> State:
    """The unknowns, m and the region at points of shape (N, 2), nm, on every rank. Collective."""
    mesh, sampled = solution.device.mesh, solution.discretization.sampled
    padded = np.column_stack([points, np.zeros(len(points))])
    cells = cells_at(mesh, padded)
    here = np.flatnonzero(cells >= 0)
    local = np.full((len(points), FIELDS + 4), np.nan)
    if len(here):
        local[here, :FIELDS] = solution.u.eval(padded[here], cells[here]).reshape(-1, FIELDS)
        local[here, FIELDS] = _tags(solution, cells[here])
        local[here, FIELDS + 1 :] = 0.0 if sampled is None else sampled.eval(padded[here], cells[here]).reshape(-1, 3)
    found = _from_lowest_rank(mesh.comm, local)
    inside = ~np.isnan(found[:, 0])
    m = np.full((3, len(points)), np.nan)
    given = found[inside, FIELDS + 1 :].T
    m[:, inside] = _magnetization(solution, points[inside], given)
    tags = np.where(inside, found[:, FIELDS], -1).astype(np.int32)
    return State(n=found[:, 0], S=found[:, 1:FIELDS].T, m=m, tags=tags)


def _from_lowest_rank(comm: MPI.Comm, local: np.ndarray) -> np.ndarray:
    """Rows from the lowest rank where they are no NaN: a point between ranks is found by several. Collective."""
    owner = np.where(np.isnan(local[:, 0]), comm.size, comm.rank)
    first = np.empty_like(owner)
    comm.Allreduce(owner, first, op=MPI.MIN)
    mine = np.where((first == comm.rank)[:, None], local, 0.0)
    total = np.empty_like(mine)
    comm.Allreduce(mine, total, op=MPI.SUM)
    total[first == comm.size] = np.nan
    return total


def _magnetization(solution: Solution, points: np.ndarray, sampled: np.ndarray) -> np.ndarray:
    """m at points, from its formula; one on a grid is the function that was solved with, here its values."""
    m = solution.problem.magnetization
    if solution.discretization.sampled is None:
        return values(m, points[:, 0], points[:, 1])
    given = sampled / np.linalg.norm(sampled, axis=0)
    functions = SimpleNamespace(**(vars(NUMPY_MATH) | {"sampled": lambda m, x, y: tuple(given)}))
    return values(m, points[:, 0], points[:, 1], functions)


def _tags(solution: Solution, cells: np.ndarray) -> np.ndarray:
    """The region's tag of each cell."""
    tags = solution.device.cell_tags
    by_cell = np.zeros(cells.max() + 1, dtype=np.int32)
    known = tags.indices <= cells.max()
    by_cell[tags.indices[known]] = tags.values[known]
    return by_cell[cells]


def film_values(solution: Solution, tags: np.ndarray, value: Callable[[Film], float]) -> np.ndarray:
    """A number of the film in the region of each tag, shape (N,); NaN where there is no region."""
    result = np.full(len(tags), np.nan)
    for name, film in solution.problem.films.items():
        result[tags == solution.device.regions[name]] = value(film)
    return result
