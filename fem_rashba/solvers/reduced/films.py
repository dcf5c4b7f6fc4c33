"""The operators of many points: polynomials of degree 2 in m for each film, their common modes, their coercivity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from fem_rashba.devices.spin import spin_word
from fem_rashba.physics.couplings import Coefficients
from fem_rashba.solvers.discretization import FIELDS
from fem_rashba.solvers.problem import Problem
from fem_rashba.solvers.reduced.bound import coercivity, local_wavenumber, slowest_rate
from fem_rashba.solvers.reduced.modes import Modes, modes_of
from fem_rashba.solvers.reduced.space import NAMES
from fem_rashba.solvers.tensors import Tensor, tensor

# ten vectors at which a polynomial of degree 2 in m may be read off
_READ_AT = np.array(
    [[0, 0, 0], *np.eye(3), *(-np.eye(3)), [1, 1, 0], [1, 0, 1], [0, 1, 1]],
    dtype=float,
)
_SPIN = np.diag([0.0, 1.0, 1.0, 1.0])
_ROUNDING = 1e-13
_FACTORS = 1, 2, 4
"""Of the least relaxation rate of S, for kappa of the norm. With larger ones the bounds of currents suffer."""


class FilmOperator:
    """The operator of a film as a function of m.

    Args:
        coefficients: Of the film.
    """

    def __init__(self, coefficients: Coefficients) -> None:
        self.diffusion = coefficients.D
        values = np.stack([tensor(coefficients, m).operator for m in _READ_AT])
        self._tensors = np.linalg.solve(_monomials(_READ_AT), values.reshape(len(_READ_AT), -1))

    def tensors(self, m: np.ndarray) -> np.ndarray:
        """C of `tensors.Tensor` for directions of shape (N, 3): shape (N, 3, 4, 3, 4)."""
        return (_monomials(m) @ self._tensors).reshape(-1, 3, FIELDS, 3, FIELDS)

    @cached_property
    def _blocks(self) -> np.ndarray:
        drive = np.zeros((3, FIELDS, 2))
        rows = self._tensors.reshape(-1, 3, FIELDS, 3, FIELDS)
        parts = [Tensor(operator=operator, drive=drive).blocks for operator in rows]
        zero = np.zeros((FIELDS, FIELDS))
        return np.stack([[part.get(name, zero) for name in NAMES] for part in parts])

    def theta(self, m: np.ndarray) -> np.ndarray:
        """The factors of the scalar matrices `NAMES`, shape (N, 9, 4, 4)."""
        return np.tensordot(_monomials(m), self._blocks, axes=1)

    @cached_property
    def slowest_rate(self) -> float:
        """Of `reduced_bound.slowest_rate`."""
        return slowest_rate(self.tensors, self.diffusion)

    def coercivity(self, diffusion: float, rate: float) -> float:
        """Of `reduced_bound.coercivity`."""
        return coercivity(self.tensors, diffusion, rate)

    def sharpness(self, diffusion: float, rate: float) -> float:
        """One over the bound for residuals of the waves that decide, up to a factor.

        The larger the rate of the norm the smaller is the dual norm of a residual, and the coercivity. Most of a
        residual are waves of half the number at which diffusion is as fast as what is local.
        """
        wave = diffusion * (local_wavenumber(self.tensors, self.diffusion) / 2) ** 2
        return self.coercivity(diffusion, rate) * (wave + rate)


@lru_cache(maxsize=4096)
def film_operator(coefficients: Coefficients) -> FilmOperator:
    """That of a film, made once."""
    return FilmOperator(coefficients)


@dataclass(frozen=True, kw_only=True)
class Operators:
    """The operators of N points.

    Attributes:
        tags: Of the regions with coefficients of their own, [None] for one film.
        modes: Of all of them.
        t: Coefficients of the modes, shape (N, Q).
        diffusion, rate: D (nm^2/ps) and kappa (1/ps) of a norm that suits all.
        coercivity: Lower bounds in it, shape (N,); None where the symbol gives none, with insulating or lossy edges or
            regions of different films.
    """

    tags: list[int | None]
    modes: Modes
    t: np.ndarray
    diffusion: float
    rate: float
    coercivity: np.ndarray | None


def operators(problems: Sequence[Problem], of: np.ndarray, m: np.ndarray) -> Operators:
    """The operators of points.

    Args:
        problems: Those that differ in more than the magnetization, as `check_alike` wants them.
        of: The number of the problem of each point, shape (N,).
        m: The magnetization of each point, shape (N, 3).

    Raises:
        ValueError: If the operator is not coercive at some point.
    """
    films = [{problem.device.regions[name]: film for name, film in problem.films.items()} for problem in problems]
    uniform = all(len({film.coefficients for film in by_tag.values()}) == 1 for by_tag in films)
    tags: list[int | None] = [None] if uniform else list(films[0])
    by_problem = [
        [film_operator((next(iter(by_tag.values())) if tag is None else by_tag[tag]).coefficients) for tag in tags]
        for by_tag in films
    ]
    losses = [list(problem.spin_losses.values()) for problem in problems]
    theta = np.zeros((len(of), len(NAMES) * len(tags) + len(losses[0]), FIELDS, FIELDS))
    for number, parts in enumerate(by_problem):
        own = np.flatnonzero(of == number)
        edges = np.array(losses[number])[:, None, None] * _SPIN
        theta[own, len(NAMES) * len(tags) :] = edges
        for k, part in enumerate(parts):
            theta[own, k * len(NAMES) : (k + 1) * len(NAMES)] = part.theta(m[own])
    largest = np.abs(theta).max(axis=0)
    theta[:, largest <= _ROUNDING * largest.max()] = 0.0
    modes, t = modes_of(theta)
    every = {id(part): part for parts in by_problem for part in parts}.values()
    diffusion = min(part.diffusion for part in every)
    rate = _rate(list(every), diffusion)
    bound = None
    if uniform and all(_all_given(problem) for problem in problems):
        found = {id(part): part.coercivity(diffusion, rate) for part in every}
        bound = np.array([found[id(parts[0])] for parts in by_problem])[of]
        if not bound.min() > 0:
            raise ValueError(
                f"method = 'reduced' needs a coercive operator, and the least eigenvalue of its symbol is "
                f"{bound.min():.2g}; leave the method out"
            )
    return Operators(tags=tags, modes=modes, t=t, diffusion=diffusion, rate=rate, coercivity=bound)


def _rate(films: Sequence[FilmOperator], diffusion: float) -> float:
    """kappa of a norm: that with which the bounds are sharp for the slowest and the fastest of films."""
    slowest, fastest = (choose(films, key=lambda film: film.slowest_rate) for choose in (min, max))
    rates = [factor * max(slowest.slowest_rate, 0.0) for factor in _FACTORS]
    shares = [np.array([film.sharpness(diffusion, rate) for rate in rates]) for film in (slowest, fastest)]
    if min(share.max() for share in shares) <= 0:
        return rates[0]
    return rates[int(np.argmax(np.min([share / share.max() for share in shares], axis=0)))]


def check_alike(problems: Sequence[Problem]) -> None:
    """Raises ValueError unless the problems differ in numbers alone, and their operators are polynomials of m."""
    first = _kind(problems[0])
    for problem in problems:
        if not problem.magnetization.is_uniform:
            raise ValueError("method = 'reduced' needs a uniform magnetization; leave it out for a texture")
        if any(film.coefficients.literal for film in problem.films.values()):
            raise ValueError("method = 'reduced' does not go with literal_drift = true; leave it out")
        if _kind(problem) != first:
            raise ValueError(
                "method = 'reduced' needs the same kinds of terminals and edges at all points; leave it out, or sweep "
                "numbers alone"
            )


def _kind(problem: Problem) -> object:
    """What has to be the same at all points."""
    terminals = {name: type(condition).__name__ for name, condition in problem.terminals.items()}
    spins = {tag: spin_word(spin) for tag, spin in problem.spin_conditions.items()}
    return terminals, spins, list(problem.fixed_spin), list(problem.spin_currents), problem.degree


def _all_given(problem: Problem) -> bool:
    """Whether S is given on the whole edge of the film."""
    return set(problem.fixed_spin) == set(problem.spin_conditions)


def _monomials(m: np.ndarray) -> np.ndarray:
    x, y, z = m.T
    return np.stack([np.ones(len(m)), x, y, z, x * x, y * y, z * z, x * y, x * z, y * z], axis=1)
