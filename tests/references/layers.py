"""Exact mid-section of an infinitely long wire made of layers side by side, 0 <= y <= sum of the widths.

Every layer has a film of its own; m, and G_x = g, are the same in all of them (n0/eF is, so the potential is
continuous).  In each, with J_y = -D G_y + V_x = 0 and V_x = c.S, c = b_w B x^ + r_w R m_x m,

    d/dy F - P F = (L - r_dp diag(1, 1, 2)) S - Gam M(a_y) S' - X_loc,        P u = k a_y x (u less its D PF part),
    F = D (S' + k a_y x S) + PF m (c.S) + b g z^ = -J_y,

written out here from the covariant form of the model rather than from the expanded equation of `wire`.  Across an
interface S and F are continuous.  At an edge, nu = -+1: S given, or nu J_y = v S, or nu J_y = -(what is injected).

Chebyshev collocation in each layer: the unknowns are S at the points, the equation holds inside, and the conditions
take the rows of the ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import ArrayLike

from .algebra import A_X, A_Y, X_HAT, Z_HAT, Array, cross_matrix, gamma_matrix, relaxation_matrix, torque_matrix, unit
from .film import Film

_TWICE_Z = np.diag([1.0, 1.0, 2.0])


@dataclass(frozen=True)
class Edge:
    """S given, or a loss velocity and an injected current: nu J_y = velocity S - current."""

    density: ArrayLike | None = None
    velocity: float = 0.0
    current: ArrayLike = (0.0, 0.0, 0.0)


SINK, INSULATING = Edge(density=(0.0, 0.0, 0.0)), Edge()


@dataclass(frozen=True)
class Layer:
    """S at the points y of one layer, increasing, with what is needed for integrals."""

    film: Film
    m: Array
    g: float
    y: Array
    values: Array
    weights: Array
    flux: Array

    def S(self, y: ArrayLike) -> Array:
        """S by its Chebyshev series, shape (3, N)."""
        t = 2 * (np.asarray(y) - self.y[0]) / (self.y[-1] - self.y[0]) - 1
        nodes = 2 * (self.y - self.y[0]) / (self.y[-1] - self.y[0]) - 1
        return chebyshev.chebval(t, np.linalg.solve(chebyshev.chebvander(nodes, len(nodes) - 1), self.values))

    @property
    def total_torque(self) -> Array:
        """Integral of T over the layer, shape (3,)."""
        return torque_matrix(self.film, self.m) @ (self.values.T @ self.weights)

    @property
    def current(self) -> float:
        """Integral of J_x = -D g - V_y."""
        f, S = self.film, self.values
        V = f.b_w * f.B * S[:, 1] + f.r_w * f.R * self.m[1] * (S @ self.m)
        return float(-f.D * self.g * self.weights.sum() - V @ self.weights)


def _nodes(width: float, count: int) -> tuple[Array, Array, Array]:
    """Points from 0 to width, the derivative at them, the weights of integrals."""
    t = -np.cos(np.pi * np.arange(count) / (count - 1))
    values = chebyshev.chebvander(t, count - 1)
    one = np.eye(count)
    slopes = np.array([chebyshev.chebval(t, chebyshev.chebder(one[k])) for k in range(count)]).T
    integrals = np.array([chebyshev.chebval(1, i) - chebyshev.chebval(-1, i) for i in map(chebyshev.chebint, one)])
    inverse = np.linalg.inv(values)
    return width * (t + 1) / 2, slopes @ inverse * 2 / width, integrals @ inverse * width / 2


def layered_wire(
    layers: Sequence[tuple[Film, float]],
    m: ArrayLike,
    g: float,
    lower: Edge = SINK,
    upper: Edge = SINK,
    points: int = 64,
) -> list[Layer]:
    """Layers as (film, width) from y = 0 upwards, under the driving gradient g along x."""
    m = unit(m)
    size = 3 * points
    matrix, right = np.zeros((len(layers) * size,) * 2), np.zeros(len(layers) * size)
    blocks, start = [], 0.0
    for number, (film, width) in enumerate(layers):
        y, first, weights = _nodes(width, points)
        d = np.kron(first, np.eye(3))
        each = np.kron(np.eye(points), np.eye(3))
        c = film.b_w * film.B * X_HAT + film.r_w * film.R * m[0] * m

        def at(local: Array) -> Array:
            return np.kron(np.eye(points), local)  # noqa: B023

        k = film.k_cov
        covariant = film.D * (d + at(k * cross_matrix(A_Y)))
        carried = at(film.PF * np.outer(m, c))
        flux, flux_0 = covariant + carried, film.b * g * Z_HAT
        # the precession of the flux along y, and of that along x: J_x = -D k a_x x S - D PF g m + b G_y z^
        turned = at(k * cross_matrix(A_Y)) @ covariant
        turned_0 = k * cross_matrix(A_Y) @ flux_0
        along = at(film.D * k * cross_matrix(A_X) - film.b / film.D * np.outer(Z_HAT, c))
        turned += at(k * cross_matrix(A_X)) @ along
        # G_z = z^ x G = (-G_y, g, 0) with G_y = c.S/D
        Gz, Gz_0 = -np.outer(X_HAT, c) / film.D, g * np.array([0.0, 1.0, 0.0])
        drive = (film.B - k * film.b) * np.eye(3) + 2 * film.R * np.outer(m, m)
        drive = drive - film.cd * film.C * film.PF * cross_matrix(m)
        drive = drive + film.Gam * film.PF * (film.w0 * np.eye(3) + (film.w1 - film.w2) * np.outer(m, m))
        local = relaxation_matrix(film, m) - film.C**2 / film.D * _TWICE_Z
        row = d @ flux + turned - at(local) + at(film.Gam * gamma_matrix(film, m, A_Y)) @ d + at(drive @ Gz)
        row_0 = turned_0 + drive @ Gz_0
        matrix[number * size : (number + 1) * size, number * size : (number + 1) * size] = row
        right[number * size : (number + 1) * size] = -np.tile(row_0, points)
        blocks.append((y + start, each, flux, flux_0, weights))
        start += width
    _conditions(matrix, right, blocks, size, lower, upper)
    scale = np.abs(matrix).max(axis=1)
    u = np.linalg.solve(matrix / scale[:, None], right / scale)
    result = []
    for number, (film, _) in enumerate(layers):
        y, _, flux, flux_0, weights = blocks[number]
        values = u[number * size : (number + 1) * size]
        result.append(Layer(film, m, g, y, values.reshape(-1, 3), weights, -(flux @ values).reshape(-1, 3) - flux_0))
    return result


def _conditions(matrix: Array, right: Array, blocks: list, size: int, lower: Edge, upper: Edge) -> None:
    """Puts the conditions of edges and interfaces into the first and the last rows of each layer."""
    last = len(blocks) - 1
    for edge, nu, number, rows in ((lower, -1, 0, slice(0, 3)), (upper, 1, last, slice(size - 3, size))):
        _, each, flux, flux_0, _ = blocks[number]
        at = slice(number * size + rows.start, number * size + rows.stop)
        columns = slice(number * size, (number + 1) * size)
        matrix[at] = 0.0
        if edge.density is not None:
            matrix[at, columns], right[at] = each[rows], edge.density
        else:  # -nu (F S + F_0) = v S - current
            matrix[at, columns] = nu * flux[rows] + edge.velocity * each[rows]
            right[at] = np.asarray(edge.current) - nu * flux_0
    for number in range(last):
        below, above = blocks[number], blocks[number + 1]
        columns = (slice(number * size, (number + 1) * size), slice((number + 1) * size, (number + 2) * size))
        end, begin = slice(size - 3, size), slice(0, 3)
        first, second = (number + 1) * size, (number + 1) * size + 3
        matrix[first - 3 : second] = 0.0
        matrix[first - 3 : first, columns[0]], matrix[first - 3 : first, columns[1]] = below[1][end], -above[1][begin]
        right[first - 3 : first] = 0.0
        matrix[first:second, columns[0]], matrix[first:second, columns[1]] = below[2][end], -above[2][begin]
        right[first:second] = above[3] - below[3]
