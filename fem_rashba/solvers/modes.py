"""Spin waves of a device: the slowest solutions S ~ exp(-lambda t) without a drive.

The eigenproblem is A x = lambda M x with the operator of the steady problem and the mass of the spin rows. Charge
follows at once (its row has no mass: n is an electrochemical density, and a metal does not store it), terminals are at
rest.

Rates and frequencies are the real and imaginary part of lambda. Slow waves lie near lambda = 0 (spin along m) and near
+-i w (spin that precesses about m), so the search starts from both. PETSc is real: about a complex shift s the real
operator Re[(A - s M)^-1 M], which has the same eigenvectors, is applied through a real system of twice the size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem.petsc import assemble_matrix
from mpi4py import MPI
from petsc4py import PETSc
from slepc4py import SLEPc

from fem_rashba.compat import compiled
from fem_rashba.solvers.discretization import Discretization, discretize, split
from fem_rashba.solvers.linear import ConvergenceError
from fem_rashba.solvers.problem import Problem
from fem_rashba.solvers.terminals import Terminals

# a wave counts if |A x - lambda M x| is below this share of |A x|
_ACCURACY = 1e-6
_MOST = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Modes:
    """The slowest spin waves, by rate; of a pair that precesses either way, the one with positive frequency.

    Attributes:
        rates: Decay rates, shape (N,), 1/ps.
        frequencies: Angular frequencies, shape (N,), 1/ps.
        residuals: |A x - lambda M x| / |A x|, shape (N,).
        functions: Real and imaginary part of (n, Sx, Sy, Sz) of each, largest nodal value 1.
        discretization: What they belong to.
    """

    rates: np.ndarray
    frequencies: np.ndarray
    residuals: np.ndarray
    functions: tuple[tuple[fem.Function, fem.Function], ...]
    discretization: Discretization


@dataclass(frozen=True)
class _Wave:
    eigenvalue: complex
    residual: float
    real: np.ndarray
    imaginary: np.ndarray


def spin_waves(problem: Problem, count: int) -> Modes:
    """The slowest spin waves of a device. Collective.

    Args:
        problem: From `pose`; its drive does not matter, and every contact, floating or not, is at rest.
        count: How many.

    Raises:
        ValueError: If `count` is not positive.
        ConvergenceError: If fewer are found, or slower ones may have been missed.
    """
    if count < 1:
        raise ValueError(f"the number of spin waves is {count}; it must be positive")
    discretization = discretize(problem)
    matrix, mass = _matrices(discretization)
    most = matrix.getSize()[0] // 50
    if count > max(most, 1):
        raise ValueError(f"the number of spin waves is {count}; at most {max(most, 1)} are meaningful on this mesh")
    height = max(film.coefficients.w for film in problem.films.values())
    shifts = [0.0, height] if height > 0 else [0.0]
    found: list[_Wave] = []
    for shift in shifts:
        found += _near(matrix, mass, shift, shifts, count)
    found.sort(key=lambda wave: wave.eigenvalue.real)
    if len(found) < count:
        raise ConvergenceError(f"only {len(found)} of {count} spin waves were found; use a finer mesh or ask for fewer")
    found = found[:count]
    values = np.array([wave.eigenvalue for wave in found])
    return Modes(
        rates=values.real,
        frequencies=values.imag,
        residuals=np.array([wave.residual for wave in found]),
        functions=tuple(_functions(discretization, wave) for wave in found),
        discretization=discretization,
    )


def _matrices(discretization: Discretization) -> tuple[PETSc.Mat, PETSc.Mat]:
    """Operator and mass with the fixed unknowns taken out: unit rows of the one, zero rows of the other."""
    space = discretization.space
    (n, S), (_, v) = split(ufl.TrialFunction(space)), split(ufl.TestFunction(space))
    carried = S + discretization.coefficients.PF * n * discretization.magnetization
    form = compiled(ufl.dot(v, carried) * discretization.measure("dx"))
    terminals = Terminals(discretization)
    matrices = [assemble_matrix(bilinear, bcs=terminals.fixed) for bilinear in (discretization.bilinear, form)]
    for matrix in matrices:
        matrix.assemble()
    operator, mass = matrices
    fixed = np.unique(terminals.fixed_rows) + mass.getOwnershipRange()[0]
    mass.zeroRowsColumns(fixed.astype(PETSc.IntType), diag=0.0)
    return operator, mass


class _Inverse:
    """x -> Re[(A - i s M)^-1 M x]."""

    def __init__(self, matrix: PETSc.Mat, mass: PETSc.Mat, shift: float) -> None:
        self.mass = mass
        self.right = matrix.createVecLeft()
        self.double = shift != 0.0
        operator = matrix
        if self.double:
            turned = mass.copy()
            turned.scale(shift)
            back = turned.copy()
            back.scale(-1.0)
            operator = PETSc.Mat().createNest([[matrix, turned], [back, matrix]], comm=matrix.comm).convert("aij")
        self.solver = PETSc.KSP().create(matrix.comm)
        self.solver.setOperators(operator)
        self.solver.setType("preonly")
        preconditioner = self.solver.getPC()
        preconditioner.setType("lu")
        preconditioner.setFactorSolverType("mumps")
        self.solver.setUp()
        self.b, self.x = operator.createVecs()[::-1]

    def mult(self, matrix: PETSc.Mat, x: PETSc.Vec, y: PETSc.Vec) -> None:  # the name that PETSc calls
        """y = Re[(A - i s M)^-1 M x]."""
        self.mass.mult(x, self.right)
        owned = self.right.getLocalSize()
        # the unknowns of the doubled system are, rank by rank, the real parts and then the imaginary parts
        self.b.array[:owned] = self.right.array
        self.b.array[owned:] = 0.0
        self.solver.solve(self.b, self.x)
        y.array[:] = self.x.array[:owned]


def _near(matrix: PETSc.Mat, mass: PETSc.Mat, shift: float, shifts: list[float], count: int) -> list[_Wave]:
    """All waves nearer to i `shift` than to the other shifts, at least those that can be among the `count` slowest."""
    inverse = _Inverse(matrix, mass, shift)
    operator = PETSc.Mat().createPython(matrix.getSizes(), inverse, comm=matrix.comm)
    operator.setUp()
    wanted = 2 * count + 4
    while True:
        found, reach = _eigenpairs(operator, matrix, mass, shift, wanted)
        mine = [w for w in found if min(shifts, key=lambda s: abs(w.eigenvalue - 1j * s)) == shift]
        mine.sort(key=lambda wave: wave.eigenvalue.real)
        half = (max(shifts) - min(shifts)) / 2
        # everything within `reach` of the shift was found; a slower wave of this shift is at most `half` above or below
        if len(mine) >= count and np.hypot(mine[count - 1].eigenvalue.real, half) <= reach:
            return mine
        if wanted >= _MOST * (2 * count + 4):
            return [w for w in mine if np.hypot(w.eigenvalue.real, half) <= reach] or mine
        wanted *= 2


def _eigenpairs(
    operator: PETSc.Mat, matrix: PETSc.Mat, mass: PETSc.Mat, shift: float, wanted: int
) -> tuple[list[_Wave], float]:
    """Waves near i `shift`, frequencies not negative, and the distance within which none is missing."""
    solver = SLEPc.EPS().create(operator.comm)
    solver.setOperators(operator)
    solver.setProblemType(SLEPc.EPS.ProblemType.NHEP)
    solver.setWhichEigenpairs(SLEPc.EPS.Which.LARGEST_MAGNITUDE)
    solver.setDimensions(min(wanted, operator.getSize()[0] - 2))
    solver.setTolerances(1e-10, 500)
    solver.solve()
    waves, reach = [], 0.0
    real, imaginary = operator.createVecs()
    for i in range(solver.getConverged()):
        solver.getEigenpair(i, real, imaginary)
        wave = _rayleigh(matrix, mass, real, imaginary)
        if wave is None:
            continue
        reach = max(reach, abs(wave.eigenvalue - 1j * shift))
        if wave.eigenvalue.imag >= -1e-9 * abs(wave.eigenvalue):
            waves.append(wave)
    solver.destroy()
    return waves, reach


def _rayleigh(matrix: PETSc.Mat, mass: PETSc.Mat, real: PETSc.Vec, imaginary: PETSc.Vec) -> _Wave | None:
    """lambda = <M x, A x> / <M x, M x>, for either sign of the frequency; None for a vector that is no wave."""
    parts = [_product(m, v) for m in (matrix, mass) for v in (real, imaginary)]
    a, b = (parts[0], parts[1]), (parts[2], parts[3])
    size = _inner(b, b).real
    if size == 0.0:
        return None
    eigenvalue = _inner(b, a) / size
    rest = (
        a[0] - eigenvalue.real * b[0] + eigenvalue.imag * b[1],
        a[1] - eigenvalue.real * b[1] - eigenvalue.imag * b[0],
    )
    residual = float(np.sqrt(_inner(rest, rest).real / _inner(a, a).real))
    if not residual < _ACCURACY:
        return None
    return _Wave(complex(eigenvalue), residual, real.array.copy(), imaginary.array.copy())


def _product(matrix: PETSc.Mat, vector: PETSc.Vec) -> PETSc.Vec:
    result = matrix.createVecLeft()
    matrix.mult(vector, result)
    return result


def _inner(x: tuple[Any, Any], y: tuple[Any, Any]) -> complex:
    """sum of conj(x) y of vectors given by real and imaginary parts."""
    return complex(x[0].dot(y[0]) + x[1].dot(y[1]), x[0].dot(y[1]) - x[1].dot(y[0]))


def _functions(discretization: Discretization, wave: _Wave) -> tuple[fem.Function, fem.Function]:
    largest = np.hypot(wave.real, wave.imaginary).max(initial=0.0)
    largest = discretization.space.mesh.comm.allreduce(largest, op=MPI.MAX)
    pair = []
    for values, name in ((wave.real, "real"), (wave.imaginary, "imaginary")):
        function = fem.Function(discretization.space, name=name)
        function.x.array[: len(values)] = values / largest
        function.x.scatter_forward()
        pair.append(function)
    return pair[0], pair[1]
