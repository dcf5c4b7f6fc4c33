"""Spin transfer to a texture: adiabatic and nonadiabatic coefficients, and the force that the torque exerts.

Zhang and Li's form of the torque on a texture, (25) at rest, is

    T = P_a (u.grad) m - P_n m x (u.grad) m,        u = j_e/e = -J_n,

T in hbar/(ps nm^2), u in particles/(ps nm): P_a and P_n have no unit. In a smooth texture without Rashba coupling
P_a = PF (1 - xi b) and P_n = PF b, b = beta/(1 + xi^2), and T shifts the texture against the electric current.

Force. A torque T acts like the energy whose field B has -gamma m x B = gamma T/(Ms t), so Ms t B = m x T up to a part
along m, and dU = -int Ms t B.dm. A texture m(r - X) that is shifted by dX changes by dm = -dX_i d_i m, and the work
F_i dX_i is -dU. Hence

    F_i = -int (m x T).d_i m = int T.(m x d_i m),

and Zhang and Li's form, with constant coefficients and uniform u, gives Thiele's

    F_i = 4 pi Q P_a eps_ij u_j - P_n D_ij u_j,
    Q = (1/4 pi) int m.(d_x m x d_y m),    D_ij = int d_i m.d_j m.

A fieldlike torque T e x m only adds boundary terms, -T int d_i (e.m); a dampinglike one adds T int e.(m x d_i m).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import ufl
from dolfinx.mesh import compute_midpoints
from mpi4py import MPI

from fem_rashba.physics import equations
from fem_rashba.physics.magnetization import values
from fem_rashba.results.probe import probe
from fem_rashba.results.solution import Solution
from fem_rashba.solvers.discretization import cell_integrals, split
from fem_rashba.units import GYROMAGNETIC_RATIO, HBAR

Window = Sequence[Sequence[float]]
"""Two corners [[x0, y0], [x1, y1]], nm: the cells whose midpoints lie between them."""

# int |(u.grad) m|^2 below this share of int |u|^2 / (size of the window)^2 is a uniform m but for rounding
_UNIFORM = 1e-12
# step of the differences of m in `force_density`, as a part of the shortest length over which m varies
_STEP = 1e-4


@dataclass(frozen=True, kw_only=True)
class SpinTransfer:
    """Least-squares fit of T = P_a (u.grad) m - P_n m x (u.grad) m to a computed torque.

    Attributes:
        adiabatic: P_a, no unit. A fully polarized current has 1/2: spin hbar/2 per electron.
        nonadiabatic: P_n, no unit.
        beta: P_n/P_a, Zhang and Li's ratio; None if P_a = 0.
        residual: Root mean square of what the fit leaves of T, as a part of that of T.
        velocity_per_1e11: The velocity b_J = g mu_B P_a j/(e Ms) of (b_J.grad) m per electric current density
            j = 1e11 A/m^2, m/s; None without the film's saturation magnetization.
    """

    adiabatic: float
    nonadiabatic: float
    beta: float | None
    residual: float
    velocity_per_1e11: float | None


@dataclass(frozen=True, kw_only=True)
class TextureForce:
    """Force and torque on the texture in a device or a window of it.

    Attributes:
        force: int T.(m x d_i m), shape (2,), eV/nm: what pushes the texture along x and y.
        total_torque: int T, shape (3,), eV.
        topological_charge: Q = (1/4 pi) int m.(d_x m x d_y m), no unit.
        dissipation: D_ij = int d_i m.d_j m, shape (2, 2), no unit.
        mean_current: Mean of u = -J_n, shape (2,), 1/(ps nm): e times this is the sheet current density.
    """

    force: np.ndarray
    total_torque: np.ndarray
    topological_charge: float
    dissipation: np.ndarray
    mean_current: np.ndarray


def zhang_li(solution: Solution, *, window: Window | None = None) -> SpinTransfer:
    """The spin-transfer coefficients of a solution. Collective.

    (u.grad) m is normal to m, so the two directions of the fit are normal to each other and equally long, and the
    least-squares coefficients are plain projections. u is the local current.

    Args:
        solution: Of a texture.
        window: Part of the device, away from edges; by default all of it.

    Raises:
        ValueError: If there is no cell in the window, or m does not vary along the current there.
    """
    T, m, u, slopes = _fields(solution)
    v = u[0] * slopes[0] + u[1] * slopes[1]
    terms = [ufl.dot(T, v), ufl.dot(T, ufl.cross(m, v)), ufl.dot(v, v), ufl.dot(T, T), ufl.dot(u, u), ufl.as_ufl(1.0)]
    along, across, square, torque, flow, area = _total(solution, terms, window)
    if square <= _UNIFORM * flow / area:
        raise ValueError("the magnetization does not vary along the current here: there is no spin transfer to fit")
    adiabatic, nonadiabatic = along / square, -across / square
    explained = (along**2 + across**2) / square
    magnetization = solution.film.saturation_magnetization
    return SpinTransfer(
        adiabatic=adiabatic,
        nonadiabatic=nonadiabatic,
        beta=nonadiabatic / adiabatic if adiabatic else None,
        residual=math.sqrt(max(0.0, 1 - explained / torque)) if torque else 0.0,
        velocity_per_1e11=None if magnetization is None else adiabatic * _unit_velocity(float(magnetization)),
    )


def texture_force(solution: Solution, *, window: Window | None = None) -> TextureForce:
    """The force on the texture of a solution (module docstring), and the torque. Collective.

    Args:
        solution: Of a texture; a uniform m has no force.
        window: Part of the device; by default all of it.

    Raises:
        ValueError: If there is no cell in the window.
    """
    T, m, u, slopes = _fields(solution)
    pushes = [ufl.dot(T, ufl.cross(m, slope)) for slope in slopes]
    winding = ufl.dot(m, ufl.cross(*slopes))
    products = [ufl.dot(a, b) for a in slopes for b in slopes]
    terms = [*pushes, *(T[i] for i in range(3)), winding, *products, u[0], u[1], ufl.as_ufl(1.0)]
    found = _total(solution, terms, window)
    return TextureForce(
        force=HBAR * found[:2],
        total_torque=HBAR * found[2:5],
        topological_charge=float(found[5] / (4 * math.pi)),
        dissipation=found[6:10].reshape(2, 2),
        mean_current=found[10:12] / found[12],
    )


def force_density(solution: Solution, points: np.ndarray) -> np.ndarray:
    """T.(m x d_i m) at points, i = x, y, shape (N, 2), eV/nm^3: where a texture is pushed. Collective.

    Args:
        solution: Of `solve` or `load`.
        points: Shape (N, 2), nm; the same on every rank.

    Raises:
        ValueError: If a point lies outside the device.
    """
    points = np.asarray(points, dtype=float)
    T = probe(solution, points)[:, 6:9].T
    texture = solution.problem.magnetization
    step = _STEP * min(texture.finest, 1.0)
    x, y = points.T
    m = values(texture, x, y)
    result = []
    for dx, dy in ((step, 0.0), (0.0, step)):
        slope = (values(texture, x + dx, y + dy) - values(texture, x - dx, y - dy)) / (2 * step)
        result.append((T * np.cross(m, slope, axis=0)).sum(axis=0))
    return np.column_stack(result)


def _fields(solution: Solution) -> tuple[Any, Any, Any, tuple[Any, Any]]:
    """T in hbar/(ps nm^2), m, u = -J_n in 1/(ps nm), (d_x m, d_y m), as UFL vectors."""
    d = solution.discretization
    n, S = split(solution.u)
    m = d.magnetization
    T = equations.torque(d.coefficients, S, m)
    u = -equations.charge_current(d.coefficients, n, S, m, d.electric_field)
    # a uniform m is a constant, whose derivative UFL takes only through grad
    slopes = ufl.grad(m)
    along_x, along_y = (ufl.as_vector([slopes[j, i] for j in range(3)]) for i in range(2))
    return T, m, u, (along_x, along_y)


def _total(solution: Solution, terms: list[Any], window: Window | None) -> np.ndarray:
    """Integrals over the cells in the window. Collective."""
    mesh = solution.device.mesh
    corners = np.array([[-np.inf, -np.inf], [np.inf, np.inf]] if window is None else window, dtype=float)
    if corners.shape != (2, 2) or np.isnan(corners).any():
        raise ValueError(f"window = {window!r} must be two corners [[x0, y0], [x1, y1]] in nm")
    by_cell = cell_integrals(solution.discretization, terms)
    middle = compute_midpoints(mesh, mesh.topology.dim, np.arange(len(by_cell), dtype=np.int32))[:, :2]
    low, high = np.sort(corners, axis=0)
    inside = ((middle >= low) & (middle <= high)).all(axis=1)
    if mesh.comm.allreduce(int(inside.sum()), op=MPI.SUM) == 0:
        raise ValueError(f"window = {window!r} (nm) holds no cell of the device")
    return np.asarray(mesh.comm.allreduce(by_cell[inside].sum(axis=0), op=MPI.SUM))


def _unit_velocity(magnetization: float) -> float:
    """gamma (hbar/e) j/Ms at j = 1e11 A/m^2, m/s, for Ms in A/m: gamma hbar/e is in m^2/s, for the ps cancel."""
    return GYROMAGNETIC_RATIO * HBAR * 1e11 / magnetization
