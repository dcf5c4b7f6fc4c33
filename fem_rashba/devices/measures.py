"""Areas of cells and lengths of facets by numerical integration, with no form to be compiled."""

from __future__ import annotations

from functools import cache
from typing import Any

import basix
import numpy as np
from dolfinx.mesh import Mesh

_POINTS = 6
"""Of Gauss's rule along a side: exact for straight ones, and far beyond the mesh for curved ones."""


def cell_areas(mesh: Mesh) -> np.ndarray:
    """Area of every owned cell, shape (cells,), nm^2."""
    # the determinant is a polynomial of less than this degree
    degree = 2 * mesh.ufl_domain().ufl_coordinate_element().degree
    points, weights = basix.make_quadrature(mesh.basix_cell(), degree)
    owned = mesh.topology.index_map(2).size_local
    (a, b), (c, d) = np.moveaxis(_mapped(mesh, np.arange(owned), points)[1], (-2, -1), (0, 1))
    return np.abs(a * d - b * c) @ weights


def facet_moments(mesh: Mesh, facets: np.ndarray) -> np.ndarray:
    """Integrals of (1, x, y) over those of the exterior facets that this rank owns, shape (3,); nm, nm^2.

    Args:
        mesh: In nm.
        facets: Numbers of exterior facets on this rank.
    """
    mesh.topology.create_connectivity(1, 2)
    mesh.topology.create_connectivity(2, 1)
    to_cells, to_facets = mesh.topology.connectivity(1, 2), mesh.topology.connectivity(2, 1)
    owned = facets[facets < mesh.topology.index_map(1).size_local]
    cells = np.array([to_cells.links(facet)[0] for facet in owned], dtype=np.int64)
    sides = np.array([to_facets.links(c).tolist().index(f) for c, f in zip(cells, owned, strict=True)], dtype=np.int64)
    corners = np.array(basix.geometry(mesh.basix_cell()))
    ends = corners[basix.topology(mesh.basix_cell())[1]]
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
    total = np.zeros(3)
    for side in np.unique(sides):
        start, along = ends[side, 0], ends[side, 1] - ends[side, 0]
        x, J = _mapped(mesh, cells[sides == side], start + (1 + nodes[:, None]) / 2 * along)
        lengths = np.linalg.norm(J @ along, axis=-1) @ np.diag(weights / 2)
        total += [lengths.sum(), *np.einsum("cq,cqi->i", lengths, x)]
    return total


def _mapped(mesh: Mesh, cells: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x, shape (cells, points, 2), and dx/dX, shape (cells, points, 2, 2), at reference points of cells."""
    coordinate = mesh.ufl_domain().ufl_coordinate_element()
    basis = _element(mesh.basix_cell(), coordinate.degree, coordinate.lagrange_variant).tabulate(1, points)[..., 0]
    nodes = mesh.geometry.x[mesh.geometry.dofmap[cells], :2]
    return np.einsum("qn,cni->cqi", basis[0], nodes), np.einsum("jqn,cni->cqij", basis[1:], nodes)


@cache
def _element(cell: basix.CellType, degree: int, variant: basix.LagrangeVariant) -> Any:
    return basix.create_element(basix.ElementFamily.P, cell, degree, variant)
