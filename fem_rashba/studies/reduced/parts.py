"""Parts of a sweep that have a reduced model each: the points of one film, if every film has many.

A basis for all films is as large as theirs together, what is dense grows with its square, and its norm suits none of
them well. Few points for each film are better served by a basis for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from fem_rashba.solvers.linear import ConvergenceError
from fem_rashba.solvers.problem import Problem
from fem_rashba.solvers.reduced.films import check_alike, film_operator
from fem_rashba.studies.reduced.rows import Cases
from fem_rashba.studies.reduced.surrogate import Surrogate, Wanted
from fem_rashba.studies.sweep import Progress

LEAST_POINTS = 40
"""Points for each film, on average, from which each has a basis of its own: it takes six solves or more."""


Kept = Callable[[Surrogate, int], list[np.ndarray] | None]
Keep = Callable[[Surrogate, int, list[np.ndarray]], None]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Points with a model of their own, good enough at all of them.

    Attributes:
        points: Their numbers in the sweep; the model counts them from 0.
        surrogate: Their model.
    """

    points: np.ndarray
    surrogate: Surrogate


def trained(
    cases: Cases,
    wanted: Wanted,
    kept: Kept,
    keep: Keep,
    say: Progress,
) -> Iterator[Part]:
    """The parts of a sweep one after the other; each is freed when the next is asked for. Collective.

    Args:
        cases: The points.
        wanted: When a model is good enough.
        kept, keep: As of `Surrogate.train`, with the model first and the point's number in the sweep.
        say: Called with what is going on.

    Raises:
        ValueError: If the points do not differ in numbers alone.
        ConvergenceError: If the accuracy cannot be reached.
    """
    check_alike([case.problem for case in cases.cases])
    every = parts(cases)
    largest: dict[str, float] = {}
    for number, points in enumerate(every):
        prefix = f"film {number + 1} of {len(every)}: " if len(every) > 1 else ""
        own, tell = _chosen(cases, points), partial(_prefixed, say, prefix)
        surrogate = Surrogate(own, wanted, largest)
        try:
            _train(surrogate, points, kept, keep, tell)
        except ConvergenceError:
            # where the torque is nothing but rounding the residuals need all their digits
            surrogate.model.destroy()
            surrogate = Surrogate(own, wanted, largest, fine=True)
            _train(surrogate, points, kept, keep, tell)
        largest = surrogate.largest()
        yield Part(points=points, surrogate=surrogate)
        surrogate.model.destroy()


def _prefixed(say: Progress, prefix: str, text: str) -> None:
    say(prefix + text)


def _train(surrogate: Surrogate, points: np.ndarray, kept: Kept, keep: Keep, say: Progress) -> None:
    surrogate.train(
        lambda point: kept(surrogate, int(points[point])),
        lambda point, found: keep(surrogate, int(points[point]), found),
        say,
    )


def parts(cases: Cases) -> list[np.ndarray]:
    """The numbers of the points of each part, those with the strongest drive of spin first.

    What is small in a film is compared with the largest of those before it: it may be nothing but rounding.
    """
    numbers: dict[object, int] = {}
    drives: list[float] = []
    own = np.empty(len(cases.cases), dtype=int)
    for k, case in enumerate(cases.cases):
        key = _operator(case.problem)
        if key not in numbers:
            numbers[key] = len(drives)
            drives.append(_drive(case.problem))
        own[k] = numbers[key]
    if len(cases) < LEAST_POINTS * len(drives):
        return [np.arange(len(cases))]
    return [np.flatnonzero(own[cases.of] == k) for k in np.argsort(drives)[::-1]]


def _operator(problem: Problem) -> object:
    """Equal for problems whose operators differ in m alone."""
    films = {name: film.coefficients for name, film in problem.films.items()}
    return tuple(sorted(films.items(), key=lambda item: item[0])), tuple(problem.spin_losses.items())


def _drive(problem: Problem) -> float:
    """The largest coefficient by which n drives S, over the diffusion."""
    operators = [film_operator(film.coefficients) for film in problem.films.values()]
    m = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    return max(float(np.abs(own.tensors(m)[:, :, 1:, :, 0]).max()) / own.diffusion for own in operators)


def _chosen(cases: Cases, points: np.ndarray) -> Cases:
    used, of = np.unique(cases.of[points], return_inverse=True)
    return Cases(cases=[cases.cases[k] for k in used], of=of, m=cases.m[points])
