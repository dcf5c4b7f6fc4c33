"""An operator of a higher degree, and the iteration that solves with it on the solver of a lower one.

Smoothed at the higher degree, then corrected by the solver of the lower one as it is. In this order all that is left,
whatever the number of iterations, is orthogonal to the lower degree, as the error of the solution there is: the error
of an integral is then that of the iteration times that of its adjoint.
"""

from __future__ import annotations

import itertools
from copy import copy
from functools import partial
from typing import Protocol

import numpy as np
from petsc4py import PETSc

from fem_rashba.devices.device import Device
from fem_rashba.solvers.affine import AffineOperator
from fem_rashba.solvers.columns import by_column, norms
from fem_rashba.solvers.discretization import FIELDS
from fem_rashba.solvers.estimate import fill_levels, is_even
from fem_rashba.solvers.linear import ConvergenceError, LinearSystem
from fem_rashba.solvers.multigrid import smoother_options
from fem_rashba.solvers.options import reason
from fem_rashba.solvers.smoothers import Factors, Smoother, Sweeps
from fem_rashba.solvers.subspace import reduced
from fem_rashba.solvers.transfers import Transfer

MOST = 40
"""Iterations."""

_SWEEPS = 2
_prefixes = itertools.count()


class Step(Protocol):
    """The operator of the higher degree with a smoother, and the way to the lower degree and back."""

    matrix: PETSc.Mat

    def smoothed(self, b: PETSc.Vec, x: PETSc.Vec, r: PETSc.Vec) -> None:
        """x approximates the solution for b, and leaves r."""
        ...

    def lower(self, r: PETSc.Vec, low: PETSc.Vec) -> None:
        """A residual as the free unknowns of the lower degree feel it."""
        ...

    def add(self, low: PETSc.Vec, x: PETSc.Vec) -> None:
        """Adds a correction of the lower degree to x."""
        ...

    def transposed(self) -> Step:
        """The same for the transposed operator."""
        ...

    def close(self) -> None:
        """Frees what is its own. Collective. (PETSc would call `destroy` by itself.)"""
        ...


class AssembledStep:
    """With a matrix in blocks of four and an incomplete factorisation.

    Args:
        matrix: Of the higher degree.
        up: From the lower degree, without fixed unknowns.
        device: Whose mesh it is.
    """

    def __init__(self, matrix: PETSc.Mat, up: PETSc.Mat, device: Device) -> None:
        self.matrix, self._up, self._device = matrix, up, device
        self._smoother = PETSc.KSP().create(matrix.comm)
        self._smoother.setOperators(matrix)
        prefix = f"fem_rashba_enriched_{next(_prefixes)}_"
        self._smoother.setOptionsPrefix(prefix)
        settings = PETSc.Options()
        options = smoother_options(device)
        for key, value in options.items():
            settings[prefix + key] = value
        self._smoother.setFromOptions()
        self._smoother.setUp()
        for key in options:
            settings.delValue(prefix + key)

    def smoothed(self, b: PETSc.Vec, x: PETSc.Vec, r: PETSc.Vec) -> None:
        """As of `Step`."""
        self._smoother.solve(b, x)
        self.matrix.mult(x, r)
        r.aypx(-1.0, b)

    def lower(self, r: PETSc.Vec, low: PETSc.Vec) -> None:
        """As of `Step`."""
        self._up.multTranspose(r, low)

    def add(self, low: PETSc.Vec, x: PETSc.Vec) -> None:
        """As of `Step`."""
        self._up.multAdd(low, x, x)

    def transposed(self) -> AssembledStep:
        """As of `Step`."""
        return AssembledStep(self.matrix.transpose(PETSc.Mat()), self._up, self._device)

    def close(self) -> None:
        """As of `Step`."""
        self._smoother.destroy()
        self.matrix.destroy()


class UnassembledStep:
    """With products of scalar matrices: sweeps on even meshes, incomplete factors on graded ones, there on one rank.

    Args:
        operator: Of the higher degree.
        free: 1 for unknowns and 0 for fixed fields there, shape (owned nodes, 4).
        transfer: To the lower degree.
    """

    def __init__(self, operator: AffineOperator, free: np.ndarray, transfer: Transfer) -> None:
        kernels, self._halo, self._transfer = operator.kernels(free), operator.scalars.halo, transfer
        device = operator.discretization.problem.device
        self._smoother: Smoother
        if is_even(device):
            self._smoother = Sweeps(kernels, _SWEEPS, self._halo)
        else:
            self._smoother = Factors(kernels, levels=fill_levels(device))
        self._kernels, self._adjoint = kernels, False
        rows = operator.discretization.space.dofmap.index_map
        sizes = (FIELDS * rows.size_local, FIELDS * rows.size_global)
        self.matrix = PETSc.Mat().createPython([sizes, sizes], self, comm=operator.discretization.space.mesh.comm)
        self.matrix.setUp()

    def mult(self, matrix: PETSc.Mat, x: PETSc.Vec, y: PETSc.Vec) -> None:  # the name that PETSc calls
        """y = A x."""
        y.array[:] = self._kernels.product(self._halo.extended(x.array_r.reshape(-1, FIELDS))).ravel()

    def smoothed(self, b: PETSc.Vec, x: PETSc.Vec, r: PETSc.Vec) -> None:
        """As of `Step`."""
        right = b.array_r.reshape(-1, FIELDS)
        found = self._smoother.before(right, adjoint=self._adjoint)
        self._halo.update(found)
        x.array[:] = found[: self._halo.owned].ravel()
        r.array[:] = self._kernels.residual(right, found).ravel()

    def lower(self, r: PETSc.Vec, low: PETSc.Vec) -> None:
        """As of `Step`."""
        low.array[:] = self._transfer.down(r.array_r.reshape(-1, FIELDS)).ravel()

    def add(self, low: PETSc.Vec, x: PETSc.Vec) -> None:
        """As of `Step`."""
        x.array[:] += self._transfer.up(low.array_r.reshape(-1, FIELDS)).ravel()

    def transposed(self) -> UnassembledStep:
        """As of `Step`."""
        other = copy(self)
        other._kernels, other._adjoint = self._kernels.transposed, not self._adjoint
        other.matrix = PETSc.Mat().createPython(self.matrix.getSizes(), other, comm=self.matrix.comm)
        other.matrix.setUp()
        return other

    def close(self) -> None:
        """As of `Step`."""
        self.matrix.destroy()


class TwoLevels:
    """Generalised conjugate residuals (`reduced`) with one step as the preconditioner: a few iterations.

    Args:
        step: Of the higher degree; goes with this.
        system: Of the lower one.
        adjoint: Whether `step` is of the transposed operator.

    Attributes:
        step: As given.
        iterations: Of the last solve.
    """

    def __init__(self, step: Step, system: LinearSystem, *, adjoint: bool) -> None:
        self.step, self._system, self._adjoint = step, system, adjoint
        self.iterations = 0
        self._rest = step.matrix.createVecLeft()
        self._low = system.matrix.createVecRight(), system.matrix.createVecRight()

    def _preconditioned(self, b: PETSc.Vec, x: PETSc.Vec) -> None:
        low, correction = self._low
        self.step.smoothed(b, x, self._rest)
        self.step.lower(self._rest, low)
        self._system.precondition(low, correction, adjoint=self._adjoint)
        self.step.add(correction, x)

    def solve(self, right: np.ndarray, tolerance: float) -> np.ndarray:
        """x with A x = right, zero where unknowns are fixed and `right` is zero. Collective.

        Raises:
            ConvergenceError: If the iteration does not come to the tolerance.
        """
        matrix, comm = self.step.matrix, self._system.comm
        product, precondition = (partial(by_column, action, matrix) for action in (matrix.mult, self._preconditioned))
        rights = right[:, None]
        aim = tolerance * norms(comm, rights)
        try:
            found, rest, self.iterations = reduced(comm, product, precondition, rights, aim, MOST)
        except PETSc.Error as error:
            raise ConvergenceError(f"PETSc stopped at a higher degree: {reason(error)}") from None
        if not (norms(comm, rest) <= aim).all():
            raise ConvergenceError(
                f"the discretisation error could not be found: {MOST} iterations at a higher degree did not come to "
                f"{tolerance:g}"
            )
        return found[:, 0]

    def close(self) -> None:
        """Frees what is its own. Collective."""
        for thing in (self._rest, *self._low):
            thing.destroy()
        self.step.close()
