"""Scalar element matrices by quadrature: small dense products of numpy, without a compiled form.

Their names, for test function q and trial function u, and integrals over the cells:

    mass        q u
    stiffness   q_x u_x + q_y u_y
    stretch     q_x u_x - q_y u_y
    shear       q_x u_y + q_y u_x
    turn        q_x u_y - q_y u_x              only at the border of the cells that are summed
    along_a     (q u_a - q_a u) / 2            a = x, y
    border_a    q u_a + q_a u                  only at the border
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import basix
import basix.ufl
import numpy as np
from dolfinx.mesh import Mesh

_METRICS = {"stiffness": np.eye(2), "stretch": np.diag([1.0, -1.0]), "shear": np.array([[0.0, 1.0], [1.0, 0.0]])}
_AXES = {"along_x": 0, "along_y": 1, "border_x": 0, "border_y": 1}
# cells at once, and entries of one matrix of theirs
_CELLS, _ENTRIES = 1024, 1 << 21
_ROUNDING = 1e-13


class Elements:
    """Lagrange elements of one degree on a mesh.

    Args:
        mesh: Of triangles or quadrilaterals, straight or curved.
        degree: Of the elements.
        quadrature: Degree that the rule integrates exactly on an affine cell.
    """

    def __init__(self, mesh: Mesh, degree: int, quadrature: int) -> None:
        self._mesh, self._quadrature = mesh, quadrature
        self._cell = mesh.basix_cell()
        self._element = basix.ufl.element("Lagrange", self._cell, degree)
        self._coordinates = mesh.ufl_domain().ufl_coordinate_element()
        points, self._weights = basix.make_quadrature(self._cell, quadrature)
        self._values, *derivatives = self._element.tabulate(1, points)
        self._derivatives = np.array(derivatives)
        self._points = points

    def matrices(self, names: Sequence[str], cells: np.ndarray) -> Iterator[tuple[slice, list[np.ndarray]]]:
        """Slices of `cells` and their matrices by name, each of shape (cells, nodes squared)."""
        tables = [self._tables(name) for name in names]
        # where the Jacobian is constant the sum over the points may be done before
        sums = [table.sum(axis=1) for table in tables]
        chunk = min(_CELLS, _ENTRIES // self._element.dim**2)
        for start in range(0, len(cells), chunk):
            part = slice(start, min(start + chunk, len(cells)))
            jacobians = self._jacobians(cells[part], self._points)
            is_affine = _are_constant(jacobians)
            chosen = sums if is_affine else [table.reshape(-1, table.shape[-1]) for table in tables]
            geometry = _inverted(jacobians[:, :1] if is_affine else jacobians)
            yield part, [_factors(name, *geometry) @ table for name, table in zip(names, chosen, strict=True)]

    def edge_masses(self, cells: np.ndarray, sides: np.ndarray) -> np.ndarray:
        """Integrals of q u over one side of each cell, shape (cells, nodes squared)."""
        along, weights = basix.make_quadrature(basix.CellType.interval, self._quadrature)
        corners, ends = basix.geometry(self._cell), basix.topology(self._cell)[1]
        result = np.zeros((len(cells), self._element.dim**2))
        for side, (first, last) in enumerate(ends):
            mine = np.flatnonzero(sides == side)
            direction = corners[last] - corners[first]
            points = corners[first] + along * direction
            values = self._element.tabulate(0, points)[0]
            speed = np.linalg.norm(self._jacobians(cells[mine], points) @ direction, axis=2)
            result[mine] = speed @ _products(weights, values, values).reshape(len(weights), -1)
        return result

    def _jacobians(self, cells: np.ndarray, points: np.ndarray) -> np.ndarray:
        """dx_a / dxi_k, shape (cells, points, a, k)."""
        geometry = self._mesh.geometry
        corners = geometry.x[geometry.dofmap[cells], :2]
        # differences first: an element may be tiny and far from the origin
        corners = corners - corners[:, :1]
        shapes = self._coordinates.sub_elements[0].tabulate(1, points)[1:]
        directions = shapes.transpose(2, 1, 0).reshape(len(shapes[0, 0]), -1)
        along = [corners[:, :, a] @ directions for a in range(2)]
        return np.stack([values.reshape(len(cells), len(points), 2) for values in along], axis=2)

    def _tables(self, name: str) -> np.ndarray:
        """What the factors of a matrix multiply, shape (factors, points, nodes squared)."""
        weights, values, (d0, d1) = self._weights, self._values, self._derivatives
        if name == "mass":
            tables = [_products(weights, values, values)]
        elif name == "turn":
            tables = [_products(weights, d0, d1) - _products(weights, d1, d0)]
        elif name in _METRICS:
            mixed = _products(weights, d0, d1) + _products(weights, d1, d0)
            tables = [_products(weights, d0, d0), mixed, _products(weights, d1, d1)]
        else:
            forward, backward = ([_products(weights, *pair) for pair in p] for p in _pairs(values, (d0, d1)))
            both = zip(forward, backward, strict=True)
            tables = [(f - b) / 2 if name.startswith("along") else f + b for f, b in both]
        every = np.array(tables)
        return every.reshape(*every.shape[:2], -1)


def _are_constant(jacobians: np.ndarray) -> bool:
    """Whether the Jacobians of every cell, shape (cells, points, 2, 2), are the same at all points."""
    change = np.abs(jacobians - jacobians[:, :1]).max(axis=(1, 2, 3))
    return bool((change <= _ROUNDING * np.abs(jacobians).max(axis=(1, 2, 3))).all())


def _factors(name: str, determinant: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """The geometry in a matrix, shape (cells, factors times points); Jacobians of shape (cells, points, 2, 2)."""
    size = np.abs(determinant)
    if name == "mass":
        return size
    if name == "turn":
        return np.sign(determinant)
    if name not in _METRICS:
        return np.concatenate([size * inverse[..., k, _AXES[name]] for k in range(2)], axis=1)
    (a, b), (c, d) = np.moveaxis(inverse, (-2, -1), (0, 1))
    (p, q), (_, r) = _METRICS[name]
    metric = (a * a * p + 2 * a * b * q + b * b * r, a * c * p + (a * d + b * c) * q + b * d * r)
    return np.concatenate([size * m for m in (*metric, c * c * p + 2 * c * d * q + d * d * r)], axis=1)


def _pairs(values: np.ndarray, derivatives: tuple[np.ndarray, np.ndarray]) -> tuple[list, list]:
    return [(values, d) for d in derivatives], [(d, values) for d in derivatives]


def _products(weights: np.ndarray, q: np.ndarray, u: np.ndarray) -> np.ndarray:
    return np.einsum("w,wi,wj->wij", weights, q, u)


def _inverted(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Determinants and inverses of matrices of 2 x 2, without LAPACK's call for each."""
    (a, b), (c, d) = np.moveaxis(matrices, (-2, -1), (0, 1))
    determinant = a * d - b * c
    inverse = np.stack([d, -b, -c, a], axis=-1) / determinant[..., None]
    return determinant, inverse.reshape(matrices.shape)
