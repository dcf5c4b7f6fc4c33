"""The solve in time: implicit Runge-Kutta steps whose length follows the error, in factors of two.

While neither the magnetization nor the drive depend on time a matrix belongs to a length of step alone, and one
factorisation serves all steps of that length.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from dolfinx import fem

from fem_rashba.physics.expression import parse
from fem_rashba.physics.magnetization import NUMPY_MATH
from fem_rashba.solvers.clock import LEVELS, Clock
from fem_rashba.solvers.discretization import FIELDS
from fem_rashba.solvers.evolution import Evolution
from fem_rashba.solvers.linear import ConvergenceError
from fem_rashba.solvers.schemes import SCHEMES, Scheme
from fem_rashba.solvers.steady import solve_steady

# the estimate of the error is of third order in the step
_GROWTH = 2.0**3
# a field this much smaller than the other is allowed the errors that the other has
_FLOOR = 1e-8
INITIAL = ("zero", "steady")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """All that the rest of a solve depends on.

    Attributes:
        position: On the clock.
        level: Of the next step on the clock.
        u: (n, Sx, Sy, Sz) on owned and ghost unknowns.
        rate: du/dt.
        scales: The largest norms so far of n and of S, shape (2,), nm^-1.
        error: Estimate for the last step over the tolerance, or relative to the norms where there is none.
        steps, rejected: How many steps were accepted, and tried in vain.
    """

    position: int
    level: int
    u: np.ndarray
    rate: np.ndarray
    scales: np.ndarray
    error: float
    steps: int
    rejected: int


def first_moment(evolution: Evolution, clock: Clock, initial: str | Sequence[str] = "zero") -> Moment:
    """The state at t = 0, the drive already on. Collective.

    Args:
        evolution: Of the problem.
        clock: Of the solve.
        initial: "zero"; "steady" for the steady state with the magnetization of t = 0; or four formulas of x and y for
            (n, Sx, Sy, Sz) in 1/nm^2, where no terminal or sink says otherwise.

    Raises:
        ValueError: For another initial state.
        ConvergenceError: If a solve does not converge.
    """
    u = _initial(evolution, initial)
    right = -evolution.defect(u, 0.0)
    rate = evolution.solve(right, 1.0, 0.0, driven=True, fresh=True)
    c = evolution.discretization.problem.films.values()
    fastest = max(f.coefficients.w + f.coefficients.r_phi + f.coefficients.r_dp + f.coefficients.r_sf for f in c)
    return Moment(
        position=0,
        level=clock.first_level(fastest),
        u=u,
        rate=rate,
        scales=evolution.norms(u),
        error=0.0,
        steps=0,
        rejected=0,
    )


def moments(evolution: Evolution, clock: Clock, moment: Moment, scheme: str = "tr-bdf2") -> Iterator[Moment]:
    """The state after each step until the end of the clock. Collective.

    Raises:
        ValueError: For an unknown scheme.
        ConvergenceError: If a linear solve fails, or the step became too small.
    """
    tableau = check_scheme(scheme)
    while moment.position < clock.last:
        moment = _advanced(evolution, clock, moment, tableau)
        yield moment


def check_scheme(scheme: str) -> Scheme:
    """The tableau of a name; raises ValueError for an unknown one."""
    if scheme not in SCHEMES:
        raise ValueError(f"scheme = {scheme!r} must be {' or '.join(map(repr, SCHEMES))}")
    return SCHEMES[scheme]


def check_initial(initial: str | Sequence[str]) -> None:
    """Raises ValueError unless `initial` is a word or four formulas."""
    if isinstance(initial, str):
        if initial not in INITIAL:
            raise ValueError(f"initial = {initial!r} must be 'zero', 'steady' or four formulas [n, Sx, Sy, Sz]")
        return
    if len(initial) != FIELDS or not all(isinstance(formula, str) for formula in initial):
        raise ValueError(f"initial = {list(initial)!r} must be 'zero', 'steady' or four formulas [n, Sx, Sy, Sz]")
    for formula in initial:
        parse(formula)


def _initial(evolution: Evolution, initial: str | Sequence[str]) -> np.ndarray:
    check_initial(initial)
    d, terminals = evolution.discretization, evolution.terminals
    u = fem.Function(d.space)
    evolution.move(0.0)
    if initial == "steady":
        settings = evolution.settings
        return solve_steady(d.problem, discretization=d, **settings).u.x.array.copy()
    if not isinstance(initial, str):
        formulas = [parse(formula) for formula in initial]
        u.interpolate(lambda x: np.stack([f(x[0], x[1], NUMPY_MATH) + 0.0 * x[0] for f in formulas]))
    u.x.scatter_forward()
    terminals.constrain(u, terminals.levels, d.problem.electric_field)
    return u.x.array.copy()


def _advanced(evolution: Evolution, clock: Clock, moment: Moment, scheme: Scheme) -> Moment:
    """The state after one step, as many halvings later as the tolerance asks for."""
    level, shortened, rejected = moment.level, False, moment.rejected
    while True:
        if level > LEVELS:
            raise ConvergenceError(
                f"the step became too small at {clock.time(moment.position):.6g} ps: the tolerance cannot be met"
            )
        u, rate, error = _step(evolution, moment, clock.time(moment.position), clock.length(level), scheme)
        scales = np.maximum(moment.scales, evolution.norms(u))
        relative = _relative(evolution.norms(error), scales)
        error_size = relative / (clock.tolerance or 1.0)
        if clock.tolerance is None or error_size <= 1:
            break
        # an estimate that is not yet of third order asks for too much
        halvings = math.ceil(math.log(error_size / 0.8, _GROWTH))
        level, shortened, rejected = level + max(1, min(halvings, 3)), True, rejected + 1
    position = moment.position + clock.ticks(level)
    longer = clock.tolerance is not None and not shortened and level > 0 and error_size * _GROWTH < 0.8
    if longer and position % clock.ticks(level - 1) == 0:
        level -= 1
    return Moment(
        position=position,
        level=level,
        u=u,
        rate=rate,
        scales=scales,
        error=error_size,
        steps=moment.steps + 1,
        rejected=rejected,
    )


def _relative(error: np.ndarray, scales: np.ndarray) -> float:
    allowed = np.maximum(scales, _FLOOR * scales.max())
    return float(max((e / a for e, a in zip(error, allowed, strict=True) if a > 0), default=0.0))


def _step(
    evolution: Evolution, moment: Moment, time: float, length: float, scheme: Scheme
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """u and du/dt at the end of a step, and the estimated error of u."""
    rates = [moment.rate]
    inverse = 1 / (scheme.diagonal * length)
    u = moment.u
    for node, row in zip(scheme.nodes[1:], scheme.matrix[1:], strict=True):
        start = moment.u + length * sum(weight * rate for weight, rate in zip(row, rates, strict=False))
        right = -evolution.defect(start, time + node * length)
        change = evolution.solve(right, inverse, 1.0, driven=True, fresh=True)
        u = start + change
        rates.append(inverse * change)
    differences = (a - b for a, b in zip(scheme.matrix[-1], scheme.embedded, strict=True))
    raw = length * np.sum([difference * rate for difference, rate in zip(differences, rates, strict=True)], axis=0)
    # without this the estimate would hold on to what a stiff step damps
    right = evolution.applied(raw, inverse, 0.0)
    return u, rates[-1], evolution.solve(right, inverse, 1.0, driven=False, fresh=False)
