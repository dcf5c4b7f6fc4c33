"""Integrals over the film, all of them from one form and one assembly.

The decomposition of the torque along any axis e follows from moments that do not contain e: with T.m = 0,
int T.(e x m) = e.int m x T, int T.(m x (e x m)) = e.int T and int |e x m|^2 = int (1 - (e.m)^2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from fem_rashba.physics import equations
from fem_rashba.solvers.discretization import CellIntegrals, Discretization, split
from fem_rashba.solvers.steady import SteadyState

_WIDTHS = {
    "area": 1,
    "spin_density": 3,
    "torque": 3,
    "crossed_torque": 3,
    "moments": 9,
    "charge_current": 2,
    "spin_balance": 18,
}


@dataclass(frozen=True, kw_only=True)
class Region:
    """Integrals over a part of the film.

    Attributes:
        area: nm^2.
        spin_density: int S, shape (3,), no unit.
        torque: int T, shape (3,), hbar/ps.
        crossed_torque: int m x T, shape (3,), hbar/ps.
        moments: int m_i m_j, shape (3, 3), nm^2.
        charge_current: int J_n, shape (2,), nm/ps.
        spin_balance: Integral of each term of `equations.spin_balance_density`, shape (6, 3), 1/ps.
    """

    area: float
    spin_density: np.ndarray
    torque: np.ndarray
    crossed_torque: np.ndarray
    moments: np.ndarray
    charge_current: np.ndarray
    spin_balance: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Integrals(Region):
    """The same over the whole film, and over each region by name."""

    regions: dict[str, Region]


def integrals(state: SteadyState) -> Integrals:
    """Every integral of a state over its film. Collective."""
    return summed(
        state.discretization, CellIntegrals(state.discretization, integrands(state.discretization, state.u))()
    )


def summed(discretization: Discretization, by_cell: np.ndarray) -> Integrals:
    """The integrals over the film from those of `integrands` over each cell. Collective."""
    device = discretization.problem.device
    owned = len(by_cell)
    parts = {}
    for name, tag in device.regions.items():
        cells = device.cell_tags.find(tag)
        local = by_cell[cells[cells < owned]].sum(axis=0)
        parts[name] = np.asarray(device.mesh.comm.allreduce(local, op=MPI.SUM))
    total = np.asarray(device.mesh.comm.allreduce(by_cell.sum(axis=0), op=MPI.SUM))
    regions = {name: Region(**_unpacked(part)) for name, part in parts.items()}
    return Integrals(**_unpacked(total), regions=regions)


def integrands(d: Discretization, u: fem.Function) -> list[Any]:
    """Everything that is integrated over each cell, as scalar UFL terms of the function (n, Sx, Sy, Sz)."""
    c, m, E = d.coefficients, d.magnetization, d.electric_field
    n, S = split(u)
    T = equations.torque(c, S, m)
    J = equations.charge_current(c, n, S, m, E)
    crossed = ufl.cross(m, T)
    balance = equations.spin_balance_density(c, n, S, m, E)
    moments = [m[i] * m[j] for i in range(3) for j in range(3)]
    vectors = [S, T, crossed]
    terms: list[Any] = [ufl.as_ufl(1.0)]
    terms += [v[i] for v in vectors for i in range(3)] + moments + [J[0], J[1]]
    return terms + [term[i] for term in balance for i in range(3)]


def _unpacked(packed: np.ndarray) -> dict[str, Any]:
    ends = np.cumsum(list(_WIDTHS.values()))
    pieces = dict(zip(_WIDTHS, np.split(packed, ends[:-1]), strict=True))
    pieces["moments"] = pieces["moments"].reshape(3, 3)
    pieces["spin_balance"] = pieces["spin_balance"].reshape(-1, 3)
    return pieces | {"area": float(pieces["area"][0])}
