"""The coefficients of the weak form for uniform magnetization, as numbers.

Where nothing depends on the place, the integrand is C[a, i, b, j] D_a v_i D_b u_j + F[a, i, e] D_a v_i E_e with
D = (1, d_x, d_y), the four fields i, j and the electric field E. Both tensors are read off the form of
`physics.equations` on one triangle: on polynomials of degree 1 its moments determine every entry. So the physics stays
in one place, and another film or direction costs milliseconds and no compilation.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache, cached_property
from types import SimpleNamespace
from typing import Any

import basix.ufl
import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from fem_rashba.compat import compiled, distributed_mesh
from fem_rashba.physics import equations
from fem_rashba.physics.couplings import Coefficients

FIELDS = 4
# nm, about the origin: no monomial dominates another
_CORNERS = np.array([[1.0, 0.0], [-0.5, 0.75], [-0.5, -0.75]])
_ROUNDING = 1e-13


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """Coefficients of the weak form.

    Attributes:
        operator: C, shape (3, 4, 3, 4).
        drive: F, shape (3, 4, 2).
    """

    operator: np.ndarray
    drive: np.ndarray

    @cached_property
    def blocks(self) -> dict[str, np.ndarray]:
        """The same operator as a sum of scalar matrices (see `elements`) times these matrices, each (4, 4).

        Those that vanish are left out.
        """
        C = self.operator.transpose(0, 2, 1, 3)
        found = {
            "mass": C[0, 0],
            "stiffness": (C[1, 1] + C[2, 2]) / 2,
            "stretch": (C[1, 1] - C[2, 2]) / 2,
            "shear": (C[1, 2] + C[2, 1]) / 2,
            "turn": (C[1, 2] - C[2, 1]) / 2,
            "along_x": C[0, 1] - C[1, 0],
            "along_y": C[0, 2] - C[2, 0],
            "border_x": (C[0, 1] + C[1, 0]) / 2,
            "border_y": (C[0, 2] + C[2, 0]) / 2,
        }
        sizes = {name: np.abs(block).max() for name, block in found.items()}
        # an isotropic form is so but for rounding
        smallest = dict.fromkeys(("stretch", "shear", "turn"), _ROUNDING * sizes["stiffness"])
        smallest |= dict.fromkeys(("border_x", "border_y"), _ROUNDING * max(sizes["along_x"], sizes["along_y"]))
        return {name: block for name, block in found.items() if sizes[name] > smallest.get(name, 0.0)}


def tensor(coefficients: Any, direction: np.ndarray) -> Tensor:
    """The tensors of a film.

    Args:
        coefficients: An object with the numbers of `Coefficients`.
        direction: m, shape (3,).
    """
    form = _form()
    for name, constant in vars(form.coefficients).items():
        constant.value = getattr(coefficients, name)
    form.magnetization.value[:] = direction
    form.u.x.array[:] = 0.0
    operator = np.empty((3, FIELDS, 3, FIELDS))
    columns = form.u.x.array.reshape(-1, FIELDS)
    for q, j in np.ndindex(3, FIELDS):
        columns[:, j] = form.monomials[:, q]
        operator[:, :, q, j] = form.moments()
        columns[:, j] = 0.0
    drive = np.empty((3, FIELDS, 2))
    for e in range(2):
        form.electric_field.value[:] = np.eye(2)[e]
        drive[:, :, e] = form.moments()
    form.electric_field.value[:] = 0.0
    products = np.einsum("wp,wpa,wqb->pqab", form.weights, form.derivatives, form.derivatives).reshape(9, 9)
    by_pair = operator.transpose(0, 2, 1, 3).reshape(9, -1)
    found = np.linalg.solve(products, by_pair).reshape(3, 3, FIELDS, FIELDS)
    single = np.einsum("wp,wpa->pa", form.weights, form.derivatives)
    return Tensor(
        operator=found.transpose(0, 2, 1, 3),
        drive=np.linalg.solve(single, drive.reshape(3, -1)).reshape(3, FIELDS, 2),
    )


class _Form:
    """The form of degree 1 on one triangle, whose numbers may change."""

    def __init__(self) -> None:
        mesh = distributed_mesh(
            MPI.COMM_SELF,
            np.array([[0, 1, 2]]),
            _CORNERS,
            basix.ufl.element("Lagrange", "triangle", 1, shape=(2,)),
        )
        space = fem.functionspace(mesh, basix.ufl.element("Lagrange", "triangle", 1, shape=(FIELDS,)))
        self.coefficients = SimpleNamespace(**{f.name: fem.Constant(mesh, 0.0) for f in fields(Coefficients)})
        self.magnetization = fem.Constant(mesh, np.zeros(3))
        self.electric_field = fem.Constant(mesh, np.zeros(2))
        self.u = fem.Function(space)
        test = ufl.TestFunction(space)
        (n, S), (q, v) = ((w[0], ufl.as_vector((w[1], w[2], w[3]))) for w in (self.u, test))
        integrand = equations.weak_form(self.coefficients, n, S, q, v, self.magnetization, self.electric_field)
        self._form = compiled(integrand * ufl.Measure("dx", domain=mesh, metadata={"quadrature_degree": 2}))
        # (1, x, y) at the nodes; at the points of a rule that is exact for their products: the same and derivatives
        x, y = space.tabulate_dof_coordinates()[:, :2].T
        self.monomials = np.stack([np.ones(3), x, y], axis=1)
        points, weights = basix.make_quadrature(basix.CellType.triangle, 2)
        x, y = (_CORNERS[0] + points @ (_CORNERS[1:] - _CORNERS[0])).T
        self.derivatives = np.zeros((len(x), 3, 3))
        self.derivatives[:, 0, 0], self.derivatives[:, 1, 0], self.derivatives[:, 2, 0] = 1.0, x, y
        self.derivatives[:, 1, 1] = self.derivatives[:, 2, 2] = 1.0
        area = 2.25  # twice that of the triangle
        self.weights = np.repeat((area * weights)[:, None], 3, axis=1)

    def moments(self) -> np.ndarray:
        """The form tested with each of (1, x, y) in each field, shape (3, 4)."""
        return self.monomials.T @ fem.assemble_vector(self._form).array.reshape(-1, FIELDS)


@cache
def _form() -> _Form:
    return _Form()
