"""Between two degrees on one mesh: values up, residuals down, and what of a residual only the higher degree feels."""

from __future__ import annotations

import numpy as np
from dolfinx import fem
from dolfinx.fem.petsc import interpolation_matrix
from petsc4py import PETSc

from fem_rashba.solvers.discretization import FIELDS, Discretization
from fem_rashba.solvers.multigrid import among_free


class Interpolation:
    """The interpolations P from a lower degree to a higher one and I back, of scalars.

    Args:
        lower, higher: Discretizations of one problem on one mesh.
    """

    def __init__(self, lower: Discretization, higher: Discretization) -> None:
        mesh = higher.space.mesh
        self._spaces = [fem.functionspace(mesh, ("Lagrange", d.problem.degree)) for d in (lower, higher)]
        self._up = interpolation_matrix(*self._spaces)
        self._up.assemble()
        self._down: PETSc.Mat | None = None

    def among_free(self, lower_fixed: np.ndarray, higher_fixed: np.ndarray) -> PETSc.Mat:
        """P of the four fields without fixed unknowns, which corrections leave alone. Collective."""
        return among_free(self._up.copy(), higher_fixed, lower_fixed)

    def surplus(self, residual: np.ndarray) -> np.ndarray:
        """(1 - I^T P^T) r: the residual as functions feel it that vanish at the nodes of the lower degree. Collective.

        Args:
            residual: Of the owned nodes, shape (nodes, 4).

        Returns:
            Shape (4 nodes,).
        """
        if self._down is None:
            self._down = interpolation_matrix(*self._spaces[::-1])
            self._down.assemble()
        result = residual.copy()
        fine, coarse = self._up.createVecLeft(), self._up.createVecRight()
        for field in range(FIELDS):
            fine.array[:] = residual[:, field]
            self._up.multTranspose(fine, coarse)
            self._down.multTranspose(coarse, fine)
            result[:, field] -= fine.array
        fine.destroy()
        coarse.destroy()
        return result.ravel()

    def lowered(self, residual: np.ndarray) -> np.ndarray:
        """P^T r: the residual as the functions of the lower degree feel it. Collective.

        Args:
            residual: Of the owned nodes of the higher degree, shape (nodes, 4).

        Returns:
            Shape (4 nodes of the lower degree,).
        """
        fine, coarse = self._up.createVecLeft(), self._up.createVecRight()
        result = np.empty((len(coarse.array), FIELDS))
        for field in range(FIELDS):
            fine.array[:] = residual[:, field]
            self._up.multTranspose(fine, coarse)
            result[:, field] = coarse.array
        fine.destroy()
        coarse.destroy()
        return result.ravel()

    def destroy(self) -> None:
        """Frees the matrices. Collective."""
        for matrix in (self._up, self._down):
            if matrix is not None:
                matrix.destroy()
