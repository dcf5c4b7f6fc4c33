"""A straight line through a mesh: the pieces between the sides of cells, and the cells in which they lie.

Sides of cells are polynomials of the degree of the geometry, so pieces end on curved sides too.
"""

from __future__ import annotations

from dataclasses import dataclass

import basix
import numpy as np
from dolfinx import geometry
from dolfinx.mesh import Mesh

from fem_rashba.results.tessellation import CORNERS

SAME = 1e-12
"""Part of a line below which a piece is rounding."""

INSIDE = 1e-9
"""How far beyond a reference cell a point may lie that is on its side."""


@dataclass(frozen=True, kw_only=True)
class Located:
    """Points of lines in cells.

    Attributes:
        point: Which of the points, shape (N,); one on a side is in two cells.
        cell: Its cell on this rank, shape (N,).
        reference: Where it is in the reference cell, shape (N, 2).
    """

    point: np.ndarray
    cell: np.ndarray
    reference: np.ndarray


def pieces(mesh: Mesh, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Where a line from 0 (start) to 1 (end) crosses sides of cells, with both ends, ascending. Collective.

    Args:
        mesh: The mesh.
        start: Shape (2,), nm.
        end: The same.
    """
    found = mesh.comm.allgather(_crossings(mesh, start, end - start))
    ordered = np.unique(np.clip(np.concatenate([[0.0, 1.0], *found]), 0.0, 1.0))
    keep = np.concatenate([[True], np.diff(ordered) > SAME])
    kept = ordered[keep]
    # both ends stay, whatever is next to them
    return np.concatenate([[0.0], kept[(kept > SAME) & (kept < 1 - SAME)], [1.0]])


def locate(mesh: Mesh, points: np.ndarray) -> Located:
    """The owned cells in which points lie.

    Args:
        mesh: The mesh.
        points: Shape (N, 2), nm.
    """
    owned = mesh.topology.index_map(2).size_local
    # the nodes of a curved side do not bound it
    nodes = mesh.geometry.x[mesh.geometry.dofmap[:owned]]
    size = np.ptp(nodes, axis=1).max(initial=0.0) if owned else 0.0
    padding = size * (1e-6 if _degree(mesh) == 1 else 0.2)
    tree = geometry.bb_tree(mesh, 2, entities=np.arange(owned, dtype=np.int32), padding=padding)
    found = geometry.compute_collisions_points(tree, np.column_stack([points, np.zeros(len(points))]))
    point = np.repeat(np.arange(len(points)), np.diff(found.offsets))
    cell = np.asarray(found.array, dtype=np.int32)
    reference = pulled_back(mesh, cell, points[point])
    low, high = reference.min(axis=1), reference.max(axis=1)
    upper = reference.sum(axis=1) if mesh.basix_cell().name == "triangle" else high
    inside = (low > -INSIDE) & (upper < 1 + INSIDE)
    return Located(point=point[inside], cell=cell[inside], reference=reference[inside])


def pulled_back(mesh: Mesh, cells: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Where points are in the reference cells, one point for each cell, shape (N, 2); NaN if it is nowhere."""
    middle = CORNERS[mesh.basix_cell().name].mean(axis=0)
    found = np.tile(middle, (len(cells), 1))
    if not len(cells):
        return found
    # Newton's method; one step if the cells are affine
    for _ in range(20):
        x, jacobian = mapped(mesh, cells, found)
        with np.errstate(all="ignore"):
            step = _solved(jacobian, points - x)
        found = found + step
        if np.nanmax(np.abs(step), initial=0.0) < 1e-14:
            break
    return found


def mapped(mesh: Mesh, cells: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points in nm, shape (N, 2), and d x_i / d X_j, shape (N, 2, 2), of one reference point for each cell."""
    nodes = mesh.geometry.x[mesh.geometry.dofmap[cells]][..., :2]
    basis = _basis(mesh).tabulate(1, reference)[..., 0]
    return np.einsum("nk,nki->ni", basis[0], nodes), np.einsum("jnk,nki->nij", basis[1:], nodes)


def _solved(matrices: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The solutions of systems of two equations, shape (N, 2)."""
    (a, b), (c, d) = matrices[:, 0].T, matrices[:, 1].T
    p, q = right.T
    return np.column_stack([d * p - b * q, a * q - c * p]) / (a * d - b * c)[:, None]


def _degree(mesh: Mesh) -> int:
    return int(mesh.geometry.cmap.degree)


def _basis(mesh: Mesh) -> basix.finite_element.FiniteElement:
    cmap = mesh.geometry.cmap
    cell = getattr(basix.CellType, mesh.basix_cell().name)
    return basix.create_element(
        basix.ElementFamily.P, cell, cmap.degree, lagrange_variant=basix.LagrangeVariant(cmap.variant)
    )


def _crossings(mesh: Mesh, start: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Where the line start + t along, 0 <= t <= 1, crosses sides of owned cells."""
    sides = _sides(mesh)
    across = np.array([-along[1], along[0]]) / (along @ along)
    away, t = (sides - start) @ across, (sides - start) @ along / (along @ along)
    degree = sides.shape[1] - 1
    # the control points of a side bound it generously enough: a side is no farther from its nodes than it is long
    room = 0.0 if degree == 1 else np.ptp(away, axis=1)
    near = (away.min(axis=1) - room <= 0) & (away.max(axis=1) + room >= 0)
    away, t = away[near], t[near]
    if degree == 1:
        drop = away[:, 0] - away[:, 1]
        at = np.divide(away[:, 0], drop, out=np.full(len(drop), np.nan), where=drop != 0)[:, None]
    else:
        at = _roots(away)
    power = np.linalg.solve(np.vander(np.linspace(0, 1, degree + 1), increasing=True), t.T).T
    with np.errstate(invalid="ignore"):
        crossed = sum(power[:, [k]] * at**k for k in range(degree + 1))
        valid = (at > -INSIDE) & (at < 1 + INSIDE) & (crossed > 0) & (crossed < 1)
    return np.asarray(crossed[valid])


def _roots(values: np.ndarray) -> np.ndarray:
    """Real zeros between 0 and 1 of polynomials by their values at equidistant points, NaN where there are less."""
    degree = values.shape[1] - 1
    power = np.linalg.solve(np.vander(np.linspace(0, 1, degree + 1)), values.T).T
    found = np.full((len(values), degree), np.nan)
    for row, coefficients in enumerate(power):
        coefficients[np.abs(coefficients) < 1e-13 * np.abs(coefficients).max(initial=0.0)] = 0.0
        roots = np.roots(coefficients)
        real = roots[np.abs(roots.imag) < 1e-9].real
        found[row, : len(real)] = real
    return found


def _sides(mesh: Mesh) -> np.ndarray:
    """Equidistant points along the sides of owned cells, shape (sides, degree + 1, 2), nm."""
    corners = CORNERS[mesh.basix_cell().name].astype(float)
    s = np.linspace(0, 1, _degree(mesh) + 1)[:, None]
    owned = mesh.topology.index_map(2).size_local
    nodes = mesh.geometry.x[mesh.geometry.dofmap[:owned]][..., :2]
    every = []
    for first, last in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        basis = _basis(mesh).tabulate(0, (1 - s) * first + s * last)[0, ..., 0]
        every.append(np.einsum("sk,cki->csi", basis, nodes))
    return np.concatenate(every)
