"""What a point of a sweep leaves to the next: its factorisation, and the solutions so far.

The equations of neighbouring points differ little, and so do their solutions. A combination of the last solutions
begins, and the factorisation of an earlier point preconditions what is left, until that takes so many iterations that
a new one pays.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from fem_rashba.solvers.columns import largest, norms
from fem_rashba.solvers.linear import LinearSystem
from fem_rashba.solvers.subspace import projected, reduced
from fem_rashba.solvers.terminals import Terminals

SMALLEST = 10_000
"""Unknowns below which a factorisation of its own takes no longer than what else is done at a point."""

_POINTS = 6
# a factorisation with its matrix takes as long as so many iterations, whatever the size
_FACTORISATION = 8
_MOST = 30
_PASSES = 4
# relative residual at which a factorisation of its own ends
_ROUNDING = 1e-14


class Recycling:
    """Solves the points of a sweep one after the other.

    Args:
        smallest: Number of unknowns from which on anything is recycled, by default `SMALLEST`.

    Attributes:
        factorisations: How many there were.
    """

    def __init__(self, smallest: int | None = None) -> None:
        self.factorisations = 0
        self._smallest = SMALLEST if smallest is None else smallest
        self._factors: LinearSystem | None = None
        self._like: Terminals | None = None
        self._solutions: deque[np.ndarray] = deque(maxlen=_POINTS)
        self._iterations: list[int] = []
        self._worn = False

    def prepare(self, system: LinearSystem, terminals: Terminals) -> None:
        """Makes ready to solve with a system: factorises it, unless an earlier factorisation will do. Collective.

        Raises:
            ConvergenceError: If a factorisation fails.
        """
        if not self._goes_on(terminals):
            self._solutions.clear()
            self._drop()
        self._like = terminals
        if system.method != "direct" or not self._recycles(system):
            self._drop()
            system.factorize()
        elif self._factors is None or self._worn:
            self._factorise(system)

    def _recycles(self, system: LinearSystem) -> bool:
        return system.size >= self._smallest and not system.has_options

    def _goes_on(self, terminals: Terminals) -> bool:
        """Whether there are the unknowns of the point before. Collective."""
        old = self._like
        if old is None or old.problem.device is not terminals.problem.device:
            return False
        here = old.owned == terminals.owned and np.array_equal(
            np.unique(old.fixed_rows), np.unique(terminals.fixed_rows)
        )
        return bool(terminals.comm.allreduce(int(not here)) == 0)

    def _factorise(self, system: LinearSystem) -> None:
        self._drop()
        system.factorize()
        self._factors, self._iterations, self._worn = system, [], False
        self.factorisations += 1

    def _drop(self) -> None:
        if self._factors is not None:
            self._factors.destroy()
        self._factors = None

    def solve(self, system: LinearSystem, rights: np.ndarray) -> np.ndarray:
        """x with A x = right for columns, shape (owned, k). Collective.

        Raises:
            ConvergenceError: If a relative residual stays above the tolerance.
        """
        if not self._recycles(system):
            return system.solve(rights)
        solutions = system.solve(rights) if self._factors is system else self._continued(system, rights)
        self._iterations.append(system.iterations)
        # a new factorisation pays once a point costs more than they do on average with the old one
        self._worn = system.iterations > (_FACTORISATION + sum(self._iterations)) / len(self._iterations)
        self._solutions.append(solutions)
        return solutions

    def _continued(self, system: LinearSystem, rights: np.ndarray) -> np.ndarray:
        """Solutions by what earlier points have left."""
        begin = np.zeros_like(rights)
        if self._solutions:
            begin = projected(system.comm, system.products, np.hstack(self._solutions), rights)
        solutions = self._refined(system, rights, begin)
        failed = not system.residual <= system.tolerance
        if self._factors is not None and (failed or system.iterations >= _MOST):
            self._factorise(system)
            failed = True
        return system.solve(rights) if failed else solutions

    def _refined(self, system: LinearSystem, rights: np.ndarray, solutions: np.ndarray) -> np.ndarray:
        """Solutions with small residuals, from what they are; the system knows how small."""
        comm, factors = system.comm, self._factors or system
        sizes = norms(comm, rights)
        aim = min(system.aim, _ROUNDING) if system.method == "direct" else system.aim
        residuals, before = rights - system.products(solutions), np.inf
        system.iterations = 0
        for _ in range(_PASSES):
            found = norms(comm, residuals)
            system.residual = largest(found, sizes)
            if system.residual <= aim or not system.residual < 0.5 * before or system.iterations >= _MOST:
                break
            before = system.residual
            # what iterations know of the residual ends at its rounding
            aims = np.maximum(aim * sizes, system.reach * found)
            most = _MOST - system.iterations
            corrections, _, count = reduced(comm, system.products, factors.preconditioned, residuals, aims, most)
            solutions = solutions + corrections
            residuals = rights - system.products(solutions)
            system.iterations += count
        return solutions

    def release(self, system: LinearSystem) -> None:
        """Frees a system, unless later points need its factorisation. Collective."""
        if system is not self._factors:
            system.destroy()

    def destroy(self) -> None:
        """Frees what is kept. Collective."""
        self._drop()
        self._solutions.clear()
        self._like = None
