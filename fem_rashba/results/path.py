"""Charge and spin that flow through a path: the currents of the fields, integrated cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import Any

import basix
import numpy as np
import ufl
from basix.ufl import element
from mpi4py import MPI
from ufl.algorithms.apply_algebra_lowering import apply_algebra_lowering
from ufl.algorithms.apply_derivatives import apply_derivatives

from fem_rashba.physics import equations
from fem_rashba.physics.couplings import Coefficients
from fem_rashba.physics.magnetization import values
from fem_rashba.results.crossings import locate, mapped, pieces, pulled_back
from fem_rashba.results.solution import Solution
from fem_rashba.solvers.discretization import FIELDS
from fem_rashba.units import AMPERE_PER_RATE

_NAMES = [f.name for f in fields(Coefficients)]
_MORE = 4
"""Points that the second quadrature has more than the first; their difference is the error."""


@dataclass(frozen=True, kw_only=True)
class PathCurrents:
    """What crosses a path from its left to its right, seen along the path.

    Attributes:
        length: Of the path, nm.
        inside: Of its part in the film, nm; the rest carries nothing.
        charge: Conventional current, A.
        charge_error: Of the quadrature alone, A.
        spin: S that crosses per time, for its components x, y, z; shape (3,), 1/ps (of hbar).
        spin_error: Of the quadrature alone, shape (3,), 1/ps.
    """

    length: float
    inside: float
    charge: float
    charge_error: float
    spin: np.ndarray
    spin_error: np.ndarray

    @property
    def spin_amperes(self) -> np.ndarray:
        """The spin current as the charge current of as many electrons, 2e for each hbar; shape (3,), A."""
        return 2 * AMPERE_PER_RATE * self.spin


def current_through(solution: Solution, points: Sequence[Sequence[float]] | np.ndarray) -> PathCurrents:
    """Currents through the polyline that joins points. Collective.

    The parts of the path outside the film count nothing. Where it runs along sides of cells, the mean of both cells
    counts. Currents are those of the fields, as in the `section` balance: they approach those of the terminals as the
    elements shrink.

    Args:
        solution: Of `solve` or `load`.
        points: Shape (N, 2), N >= 2, nm; the same on every rank. The last may be the first: around a loop
            anticlockwise, outward counts as positive.

    Raises:
        ValueError: If there are fewer than two points, one is not finite or equals the next, or none of the path is in
            the film.
    """
    path = _checked(points)
    mesh, degree = solution.device.mesh, solution.problem.degree
    ends, length = [], 0.0
    for start, end in zip(path[:-1], path[1:], strict=True):
        t = pieces(mesh, start, end)[:, None]
        corners = (1 - t) * start + t * end
        ends.append(np.stack([corners[:-1], corners[1:]], axis=1))
        length += float(np.linalg.norm(end - start))
    every = np.concatenate(ends)
    found = locate(mesh, every.mean(axis=1))
    rules = [_flows(solution, every[found.point], found.cell, degree + more) for more in (2, 2 + _MORE)]
    local = np.zeros((len(every), 9))
    np.add.at(local, found.point, np.column_stack([np.ones(len(found.point)), *rules]))
    total = np.empty_like(local)
    mesh.comm.Allreduce(local, total, op=MPI.SUM)
    there = total[:, 0] > 0
    if not there.any():
        raise ValueError(f"the path from {_named(path[0])} to {_named(path[-1])} does not touch the film")
    flows = (total[there, 1:] / total[there, :1]).sum(axis=0)
    error = np.abs(flows[4:] - flows[:4])
    return PathCurrents(
        length=length,
        inside=float(np.linalg.norm(every[there, 1] - every[there, 0], axis=1).sum()),
        charge=-AMPERE_PER_RATE * float(flows[4]),
        charge_error=AMPERE_PER_RATE * float(error[0]),
        spin=flows[5:],
        spin_error=error[1:],
    )


def as_data(points: Sequence[Sequence[float]] | np.ndarray, found: PathCurrents) -> dict[str, Any]:
    """The currents as plain data, for JSON."""
    return {
        "path_nm": np.asarray(points, dtype=float).tolist(),
        "length_nm": found.length,
        "inside_nm": found.inside,
        "positive": "from the left to the right of the path",
        "charge_current_A": found.charge,
        "spin_current_per_ps": found.spin.tolist(),
        "spin_current_A": found.spin_amperes.tolist(),
        "quadrature_error": {"charge_current_A": found.charge_error, "spin_current_per_ps": found.spin_error.tolist()},
    }


def _checked(points: Sequence[Sequence[float]] | np.ndarray) -> np.ndarray:
    path = np.asarray(points, dtype=float)
    if path.ndim != 2 or path.shape[1:] != (2,) or len(path) < 2 or not np.isfinite(path).all():
        raise ValueError("a path must be two or more points of two finite numbers: x and y in nm")
    for start, end in zip(path[:-1], path[1:], strict=True):
        if (start == end).all():
            raise ValueError(f"the path has the point {_named(start)} twice in a row; its points must differ")
    return path


def _named(point: np.ndarray) -> str:
    return f"{point[0]:g},{point[1]:g}"


def _flows(solution: Solution, ends: np.ndarray, cells: np.ndarray, count: int) -> np.ndarray:
    """Particles and spin that cross straight pieces of a path to the right, shape (pieces, 4), 1/ps.

    Args:
        solution: The solution.
        ends: Of each piece, which lies in one cell; shape (pieces, 2, 2), nm.
        cells: Of each piece.
        count: Points of the quadrature.
    """
    if not len(ends):
        return np.zeros((0, 4))
    t, weights = basix.make_quadrature(basix.CellType.interval, 2 * count - 1)
    along = ends[:, 1] - ends[:, 0]
    points = (ends[:, :1] + t * along[:, None]).reshape(-1, 2)
    currents = _currents(solution, np.repeat(cells, len(t)), points).reshape(4, 2, len(ends), len(t)) @ weights
    # to the right of (dx, dy) is (dy, -dx)
    return np.asarray(currents[:, 0] * along[:, 1] - currents[:, 1] * along[:, 0]).T


def _currents(solution: Solution, cells: np.ndarray, points: np.ndarray) -> np.ndarray:
    """J_n, J^x, J^y, J^z along x and y at points in cells, shape (4, 2, N), 1/(ps nm)."""
    d, mesh = solution.discretization, solution.device.mesh
    scalar = element("Lagrange", mesh.basix_cell(), solution.problem.degree)
    reference = pulled_back(mesh, cells, points)
    basis = scalar.tabulate(1, reference)
    jacobian = mapped(mesh, cells, reference)[1]
    unknowns = solution.u.x.array.reshape(-1, FIELDS)[d.space.dofmap.list[cells]]
    u = np.einsum("nk,nkf->fn", basis[0], unknowns)
    by_reference = np.einsum("jnk,nkf->nfj", basis[1:], unknowns)
    gradient = np.einsum("nfj,nji->fin", by_reference, np.linalg.inv(jacobian))
    m = values(solution.problem.magnetization, *points.T)
    return current_values(u, gradient, m, _coefficients(solution, cells), np.array(solution.problem.electric_field))


def _coefficients(solution: Solution, cells: np.ndarray) -> dict[str, np.ndarray]:
    """The coefficients of the film in each cell, by name, shape (N,)."""
    tags = solution.device.cell_tags
    # a region may come last in the list of tags, so look up and do not index
    order = np.argsort(tags.indices)
    region = tags.values[order][np.searchsorted(tags.indices[order], cells)]
    found = {name: np.empty(len(cells)) for name in _NAMES}
    for part, film in solution.problem.films.items():
        here = region == solution.device.regions[part]
        for name, array in found.items():
            array[here] = getattr(film.coefficients, name)
    return found


def current_values(
    u: np.ndarray, gradient: np.ndarray, m: np.ndarray, coefficients: dict[str, np.ndarray], E: np.ndarray
) -> np.ndarray:
    """`equations.charge_current` and `equations.spin_current` of numbers: the same expressions, not a copy.

    Args:
        u: (n, Sx, Sy, Sz), shape (4, N), 1/nm^2.
        gradient: Of each along x and y, shape (4, 2, N), 1/nm^3.
        m: Shape (3, N).
        coefficients: By the names of `Coefficients`, each of shape (N,).
        E: Shape (2,), V/nm.

    Returns:
        Shape (4, 2, N), 1/(ps nm).
    """
    domain = ufl.Mesh(element("Lagrange", "triangle", 1, shape=(2,)))
    x = ufl.SpatialCoordinate(domain)
    at, slope = ufl.Constant(domain, shape=(4,)), ufl.Constant(domain, shape=(4, 2))
    direction, field = ufl.Constant(domain, shape=(3,)), ufl.Constant(domain, shape=(2,))
    c = SimpleNamespace(**{name: ufl.Constant(domain) for name in _NAMES})
    # linear about the point, which is the origin here: this has the value and the gradient of the solution
    n, *S = [at[f] + slope[f, 0] * x[0] + slope[f, 1] * x[1] for f in range(FIELDS)]
    spin = ufl.as_vector(S)
    charge = equations.charge_current(c, n, spin, direction, field)
    along = equations.spin_current(c, n, spin, direction, field)
    numbers: dict[Any, Any] = {at: tuple(u), direction: tuple(m), field: tuple(E)}
    numbers[slope] = tuple(tuple(row) for row in gradient)
    numbers |= {getattr(c, name): array for name, array in coefficients.items()}
    result = np.empty((4, 2, u.shape[1]))
    for i in range(2):
        for f, expression in enumerate((charge[i], along[i][0], along[i][1], along[i][2])):
            lowered = apply_derivatives(apply_algebra_lowering(expression))
            result[f, i] = lowered((0.0, 0.0), mapping=numbers)
    return result
