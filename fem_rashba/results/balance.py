"""What the numbers are worth: how well charge and spin are balanced.

`charge` compares the reactions of the terminals with each other; it closes to solver tolerance. `section` and `spin`
take the currents from the fields, are no tautologies of the weak form, and shrink with the elements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import ufl
from dolfinx import fem
from dolfinx.mesh import compute_midpoints, entities_to_geometry
from mpi4py import MPI
from scipy.spatial import cKDTree

from fem_rashba.physics import equations
from fem_rashba.results.solution import Solution
from fem_rashba.solvers.discretization import FIELDS, Discretization, cell_integrals, split
from fem_rashba.solvers.operators import steady_operator
from fem_rashba.units import AMPERE_PER_RATE

# cross-sections lie at these shares of the way to the nearest other terminal
_LEVELS = (0.3, 0.5, 0.7)
# spin terms below this share of the particle current are rounding: nothing drives spin at alpha = 0 and uniform m
_ROUNDING = 1e-11


@dataclass(frozen=True, kw_only=True)
class Balance:
    """Defects, each relative; None where there is nothing to compare.

    Attributes:
        charge: |sum of the terminal currents| / largest.
        section: Largest difference between a terminal's current and the integral of J.nu over closed cross-sections
            around it, over the largest current.
        spin: Largest component of the defect of the spin balance, edge fluxes from the fields, over the largest term.
        spin_by_component: The same for x, y, z.
        spin_residual: The same with the edge fluxes from the residual: solver tolerance.
    """

    charge: float | None
    section: float | None
    spin: float | None
    spin_by_component: tuple[float, float, float] | None
    spin_residual: float | None


def balance(solution: Solution, coefficients: Any = None) -> Balance:
    """The balances of a solution. Collective.

    Args:
        solution: Of `solve` or `load`.
        coefficients: Other coefficients for the currents taken from the fields, by the names of `Coefficients`; a
            check of this check. Default: those of the solution.
    """
    c = solution.discretization.coefficients if coefficients is None else coefficients
    flows = np.array(list(solution.state.currents.values())) / AMPERE_PER_RATE
    largest = _above_rounding(solution, np.abs(flows).max(initial=0.0))
    by_component, by_residual = _spin(solution, c, largest)
    return Balance(
        charge=float(abs(flows.sum()) / largest) if largest > 0 else None,
        section=_section(solution, c, largest) if largest > 0 else None,
        spin=None if by_component is None else float(by_component.max()),
        spin_by_component=None if by_component is None else tuple(map(float, by_component)),  # type: ignore[arg-type]
        spin_residual=by_residual,
    )


def _above_rounding(solution: Solution, flow: float) -> float:
    """The flow, or 0 where it is the rounding of an open circuit, in which injected spin alone makes a voltage."""
    local = float(np.abs(solution.u.x.array).max(initial=0.0))
    largest = solution.comm.allreduce(local, op=MPI.MAX)
    return flow if flow > _ROUNDING * solution.film.coefficients.D * largest else 0.0


def section_currents(solution: Solution, coefficients: Any = None) -> dict[str, list[float]]:
    """Conventional current in A that leaves each terminal's side through closed cross-sections around it. Collective.

    The sections are the facets between the cells nearer than 0.3, 0.5 and 0.7 of the way to the nearest other terminal
    and the others, so they are jagged, may have several parts, and are right for any shape.
    """
    c = solution.discretization.coefficients if coefficients is None else coefficients
    leaving = _net_outflow(solution.discretization, solution.u, c)
    device = solution.device
    distances = {name: _distances(device, name) for name in solution.state.currents}
    result = {}
    for name, (to_cells, _) in distances.items():
        others = [tree.query(distances[name][1])[0].min() for tree in _trees(distances, name)]
        if not others:
            continue
        inside = [to_cells < level * min(others) for level in _LEVELS]
        local = np.array([leaving[chosen].sum() for chosen in inside])
        flows = np.asarray(device.mesh.comm.allreduce(local, op=MPI.SUM))
        result[name] = [-AMPERE_PER_RATE * float(flow) for flow in flows]
    return result


def _section(solution: Solution, c: Any, largest: float) -> float | None:
    sections = section_currents(solution, c)
    if not sections:
        return None
    expected = solution.state.currents
    worst = max(abs(flow - expected[name]) for name, flows in sections.items() for flow in flows)
    return float(worst / (largest * AMPERE_PER_RATE))


def _net_outflow(discretization: Discretization, u: Any, c: Any) -> np.ndarray:
    """Particles per ps that leave each owned cell through its interior facets, by the mean current of both sides."""
    n, S = split(u)
    J = equations.charge_current(c, n, S, discretization.magnetization, discretization.electric_field)
    normal = ufl.FacetNormal(discretization.problem.device.mesh)
    return cell_integrals(discretization, [ufl.dot(ufl.avg(J), normal("+"))], "dS")[:, 0]


def _distances(device: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Distance of every owned cell's middle to a terminal, and points on the terminal (of all ranks)."""
    mesh = device.mesh
    facets = device.facet_tags.find(device.terminals[name])
    mesh.topology.create_connectivity(1, 2)
    corners = mesh.geometry.x[np.unique(entities_to_geometry(mesh, 1, facets))] if len(facets) else np.empty((0, 3))
    local = np.concatenate([corners, compute_midpoints(mesh, 1, facets)]) if len(facets) else corners
    points = np.concatenate(mesh.comm.allgather(local))
    owned = mesh.topology.index_map(2).size_local
    middles = compute_midpoints(mesh, 2, np.arange(owned, dtype=np.int32))
    return cKDTree(points).query(middles)[0], points


def _trees(distances: dict[str, tuple[np.ndarray, np.ndarray]], name: str) -> list[cKDTree]:
    return [cKDTree(points) for other, (_, points) in distances.items() if other != name]


def _spin(solution: Solution, c: Any, flow: float) -> tuple[np.ndarray | None, float | None]:
    """Defect of the spin balance by component, edge fluxes from the fields, and the largest one by the residual."""
    discretization = solution.discretization
    inside = solution.integrals.spin_balance
    n, S = split(solution.u)
    J = equations.spin_current(c, n, S, discretization.magnetization, discretization.electric_field)
    normal = ufl.FacetNormal(solution.device.mesh)
    through = normal[0] * J[0] + normal[1] * J[1]
    local = cell_integrals(discretization, [through[i] for i in range(3)], "ds").sum(axis=0)
    edge = np.asarray(solution.comm.allreduce(local, op=MPI.SUM))
    largest = max(np.abs(inside).max(), np.abs(edge).max())
    if largest <= _ROUNDING * flow:
        return None, None
    by_fields = np.abs(edge + inside.sum(axis=0)) / largest
    return by_fields, float(np.abs(_free_residual(solution)).max() / largest)


def _free_residual(solution: Solution) -> np.ndarray:
    """Sum of the spin rows over the unknowns that are not given, shape (3,)."""
    discretization, device = solution.discretization, solution.device
    rows = steady_operator(discretization).defect(solution.u).reshape(-1, FIELDS)[:, 1:].copy()
    facets = [device.facet_tags.find(tag) for tag in solution.problem.fixed_spin]
    if facets:
        blocks = fem.locate_dofs_topological(discretization.space, 1, np.unique(np.concatenate(facets)))
        rows[blocks[blocks < len(rows)]] = 0.0
    return np.asarray(solution.comm.allreduce(rows.sum(axis=0), op=MPI.SUM))
