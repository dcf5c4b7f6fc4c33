"""Fields at the nodes of the solution's own elements, for files and pictures.

A quantity that jumps between cells (the current; the torque where films meet) is averaged over the cells at a node.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import ufl
from dolfinx import fem, la, plot

from fem_rashba.compat import compiled_expression
from fem_rashba.physics import equations
from fem_rashba.results.solution import Solution
from fem_rashba.solvers.discretization import split
from fem_rashba.units import HBAR, SHEET_CURRENT

WIDTHS = {"n": 1, "potential": 1, "S": 3, "T": 3, "fieldlike": 1, "dampinglike": 1, "J": 2, "m": 3}
SPIN_WIDTHS = {"spin_current_x": 2, "spin_current_y": 2, "spin_current_z": 2}


@dataclass(frozen=True, kw_only=True)
class NodalFields:
    """Fields on the whole device, gathered on one rank.

    Attributes:
        points: Nodes, shape (N, 2), nm.
        cells: Nodes of each cell in VTK's order of Lagrange cells, shape (M, K).
        cell_type: "triangle" or "quadrilateral".
        degree: Of the cells.
        arrays: By name, shape (N,) or (N, k): n (1/nm^2), potential (V), S (1/nm^2), T (torque density on m, eV/nm^2),
            fieldlike and dampinglike (eV/nm^2, zero where m is along the axis), J (electric sheet current density,
            A/m), m; if asked for, spin_current_x, _y, _z: the flow of each component of S, A/m with 2e for each hbar.
    """

    points: np.ndarray
    cells: np.ndarray
    cell_type: str
    degree: int
    arrays: dict[str, np.ndarray]


def quantities(solution: Solution) -> dict[str, Any]:
    """Every reported field as a UFL expression, in the units of `NodalFields`."""
    d = solution.discretization
    c, m, E = d.coefficients, d.magnetization, d.electric_field
    n, S = split(solution.u)
    x = ufl.SpatialCoordinate(solution.device.mesh)
    T = HBAR * equations.torque(c, S, m)
    fieldlike, dampinglike = _split_torque(T, m, solution)
    along = equations.spin_current(c, n, S, m, E)
    return {
        "n": n,
        "potential": -n / c.states - E[0] * x[0] - E[1] * x[1],
        "S": S,
        "T": T,
        "fieldlike": fieldlike,
        "dampinglike": dampinglike,
        "J": -SHEET_CURRENT * equations.charge_current(c, n, S, m, E),
        "m": m,
        **{
            name: 2 * SHEET_CURRENT * ufl.as_vector([along[i][a] for i in range(2)])
            for a, name in enumerate(SPIN_WIDTHS)
        },
    }


def _split_torque(T: Any, m: Any, solution: Solution) -> tuple[Any, Any]:
    axis = np.zeros(3) if solution.axis is None else solution.axis
    e = fem.Constant(solution.device.mesh, axis)
    crossed = ufl.cross(e, m)
    size = ufl.dot(crossed, crossed)
    safe = ufl.conditional(ufl.lt(size, 1e-12), 1.0, size)
    here = ufl.conditional(ufl.lt(size, 1e-12), 0.0, 1.0)
    return here * ufl.dot(T, crossed) / safe, here * ufl.dot(T, ufl.cross(m, crossed)) / safe


def nodal_function(solution: Solution, widths: dict[str, int] = WIDTHS) -> fem.Function:
    """Fields side by side, in the order of `widths`, on Lagrange elements of the solution's degree. Collective."""
    mesh, degree = solution.device.mesh, solution.problem.degree
    width = sum(widths.values())
    space = fem.functionspace(mesh, ("Lagrange", degree, (width,)))
    expressions = quantities(solution)
    parts = [expressions[name] if k == 1 else expressions[name][i] for name, k in widths.items() for i in range(k)]
    nodes = _nodes(space)
    owned = mesh.topology.index_map(2).size_local
    cells = np.arange(owned, dtype=np.int32)
    sampled = compiled_expression(ufl.as_vector(parts), nodes).eval(mesh, cells).reshape(owned, len(nodes), width)
    total, count = fem.Function(space), fem.Function(space)
    blocks = space.dofmap.list[:owned]
    np.add.at(total.x.array.reshape(-1, width), blocks, sampled)
    np.add.at(count.x.array.reshape(-1, width), blocks, 1.0)
    for function in (total, count):
        function.x.scatter_reverse(la.InsertMode.add)
        function.x.scatter_forward()
    total.x.array[:] /= count.x.array
    return total


def _nodes(space: fem.FunctionSpace) -> np.ndarray:
    points = space.element.interpolation_points
    return np.asarray(points() if callable(points) else points)


def gathered_fields(solution: Solution, spin_currents: bool = False) -> NodalFields | None:
    """All fields, with or without the spin currents, on rank 0, None on the others. Collective."""
    widths = WIDTHS | (SPIN_WIDTHS if spin_currents else {})
    function = nodal_function(solution, widths)
    space, comm = function.function_space, solution.comm
    width = sum(widths.values())
    cells, _, points = plot.vtk_mesh(space)
    per_cell = space.dofmap.list.shape[1]
    local = cells.reshape(-1, per_cell + 1)[:, 1:].astype(np.int64)
    shared = space.dofmap.index_map
    gathered = comm.gather(
        (
            shared.local_to_global(local.ravel().astype(np.int32)).reshape(local.shape),
            points[: shared.size_local, :2],
            function.x.array.reshape(-1, width)[: shared.size_local],
        )
    )
    if gathered is None:
        return None
    values = np.concatenate([g[2] for g in gathered])
    columns = np.split(values, np.cumsum(list(widths.values()))[:-1], axis=1)
    arrays = {name: c[:, 0] if c.shape[1] == 1 else c for name, c in zip(widths, columns, strict=True)}
    return NodalFields(
        points=np.concatenate([g[1] for g in gathered]),
        cells=np.concatenate([g[0] for g in gathered]),
        cell_type=solution.device.mesh.basix_cell().name,
        degree=solution.problem.degree,
        arrays=arrays,
    )
