"""The calculus of a planar film: z^ is its normal, x and y lie in it, spin vectors have three components.

a_i = z^ x e_i:  a_x = y^, a_y = -x^;   grad_z = z^ x grad = a_i d_i (sum over i = x, y).
"""

from __future__ import annotations

from typing import Any

from ufl import as_vector, cross, dot

PLANE = (0, 1)
NORMAL = as_vector((0, 0, 1))
A = (as_vector((0, 1, 0)), as_vector((-1, 0, 0)))


def grad_z(f: Any) -> Any:
    """grad_z f = a_i d_i f of a scalar."""
    return as_vector((-f.dx(1), f.dx(0), 0))


def grad_z_cross(S: Any) -> Any:
    """grad_z x S = a_i x d_i S."""
    return sum(cross(A[i], S.dx(i)) for i in PLANE)


def grad_z_dot(S: Any) -> Any:
    """grad_z.S = a_i.d_i S."""
    return sum(dot(A[i], S.dx(i)) for i in PLANE)


def along_grad_z(m: Any, S: Any) -> Any:
    """(m.grad_z) S = (m.a_i) d_i S."""
    return sum(dot(m, A[i]) * S.dx(i) for i in PLANE)


def z_cross(G: Any) -> Any:
    """z^ x G of a vector in the plane, as a spin vector."""
    return as_vector((-G[1], G[0], 0))


def precessing(k: Any, i: int, S: Any) -> Any:
    """The covariant derivative along i: d_i S + k a_i x S, a gradient that precesses about the Rashba field."""
    return S.dx(i) + k * cross(A[i], S)
