"""The reduced model of all points of a sweep: where it is solved, and when it is good enough.

The accuracy is that of the average torque and spin density, relative to their largest values over the directions of m
at the same film and drive; of the largest current, the voltages and the mean current, relative to these at the point;
and, if maps are wanted, of S, root mean square over the film.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from dolfinx import fem

from fem_rashba.physics.magnetization import Magnetization, uniform
from fem_rashba.results.solution import Solution, complete
from fem_rashba.solvers.discretization import FIELDS, discretize
from fem_rashba.solvers.linear import ConvergenceError
from fem_rashba.solvers.problem import Problem
from fem_rashba.solvers.reduced.films import check_alike, operators
from fem_rashba.solvers.reduced.model import Reduced
from fem_rashba.solvers.reduced.points import Found, Points
from fem_rashba.solvers.steady import SolverReport, SteadyState
from fem_rashba.studies.reduced.changes import changes_around
from fem_rashba.studies.reduced.rows import Cases, Outputs
from fem_rashba.studies.sweep import Progress

TRAINING = 400
"""Points among which the first samples are chosen."""

MOST_SAMPLES = 400
_LEAST = 1e-10
"""Of the largest torque of any film: errors that are less are those of rounding."""

_OF_MANY = 1e-2
_STEEP = 30.0
"""Above this need adjoint solutions are worth their derivatives."""

_BALANCE = 1 / 3
"""Of the largest need: what helps only those that need less can wait, as they gain from better solutions too."""

_KINDS = {
    "torque": ("spin",),
    "spin": ("spin",),
    "maps": (),
    "current": ("current",),
    "voltage": ("level",),
    "flow": ("flow", "current"),
}
"""Of which kinds of outputs the adjoint problems help."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a reduced sweep is to reach.

    Attributes:
        accuracy: Relative.
        maps: Whether the maps of S are to have it too.
    """

    accuracy: float
    maps: bool


class Surrogate:
    """The reduced model of all points of a sweep. Collective.

    Args:
        cases: The points.
        wanted: When it is good enough.
        largest: Of the torque and the spin of other films, as `largest` gives them.
        fine: Whether residuals are to have more digits than the accuracy needs.

    Raises:
        ValueError: If the points do not differ in numbers alone.
    """

    def __init__(
        self, cases: Cases, wanted: Wanted, largest: dict[str, float] | None = None, *, fine: bool = False
    ) -> None:
        problems = [case.problem for case in cases.cases]
        check_alike(problems)
        self.cases, self.wanted, self._others = cases, wanted, largest or {}
        found = operators(problems, cases.of, cases.m)
        first = replace(problems[0], magnetization=uniform([0.0, 0.0, 1.0]))
        # bases of many films are large, and what is left out adds up
        left_out = _left_out(wanted) * (_OF_MANY if fine or len(problems) > 1 else 1.0)
        self.model = Reduced(discretize(first), found.tags, found.modes, found.diffusion, found.rate, left_out)
        self.is_certified = found.coercivity is not None
        drive = self.model.drive
        lifted = np.array([drive.lifted(problem) for problem in problems]).reshape(len(problems), -1)
        loaded = np.array([drive.loaded(problem) for problem in problems]).reshape(len(problems), -1)
        self.points = Points(
            t=found.t, lifted=lifted[cases.of], loaded=loaded[cases.of], coercivity=np.ones(len(cases.of))
        )
        bound = found.coercivity if found.coercivity is not None else self._estimated()
        self.points = replace(self.points, coercivity=bound)
        self.outputs = Outputs(self.model, cases)
        self.samples: list[int] = []
        self._everywhere: Found | None = None

    def _estimated(self) -> np.ndarray:
        """Half the least of the coercivities at some points: no bound."""
        chosen = np.unique(np.linspace(0, len(self.points) - 1, 6).astype(int))
        found = [self.model.least_quotient(self.points.t[point]) for point in chosen]
        if not min(found) > 0:
            raise ValueError(
                "method = 'reduced' needs a coercive operator, which this one is not; leave the method out"
            )
        return np.full(len(self.points), 0.5 * min(found))

    def needs(self, found: Found, points: np.ndarray) -> dict[str, np.ndarray]:
        """The bounds over what they may be, shape (points,): at most 1 where the accuracy is reached."""
        spreads = self.outputs.spreads(found, points)
        needs = {}
        for name, (size, error) in spreads.items():
            if name in ("torque", "spin"):
                # a direction for which the average vanishes needs no digits of its own
                least = _LEAST * max(size.max(), self._others.get(name, 0.0))
                size = _largest(size, self.cases.of[points], len(self.cases.cases))
                size = np.maximum(size, least / self.wanted.accuracy)
            if name == "flow":
                size = np.maximum(size, spreads["current"][0] * self.model.extent)
            needs[name] = np.where(error > 0, error / np.maximum(self.wanted.accuracy * size, 1e-300), 0.0)
        if self.wanted.maps:
            needs["maps"] = self.spin_bound(found) / np.maximum(self.wanted.accuracy * found.spin, 1e-300)
        return needs

    def solution(self, point: int, found: Found, magnetization: Magnetization) -> Solution:
        """The solution of a point as `run` has it. Collective.

        Args:
            point: Its number.
            found: What the model finds at all points.
            magnetization: Of the point.
        """
        case = self.cases.cases[int(self.cases.of[point])]
        problem = replace(case.problem, magnetization=magnetization)
        discretization = discretize(problem)
        u = fem.Function(discretization.space, name="u")
        nodes = u.x.array.reshape(-1, FIELDS)
        nodes[:] = self.model.function(self.points.at(point))
        nodes[:, 0] -= potential(problem, discretization.space)
        currents, voltages = self.outputs.currents_and_voltages(point, found.values[point])
        report = SolverReport(
            method="reduced",
            iterations=0,
            residual=float(found.field_bound[point]),
            seconds={},
            ranks=self.model.comm.size,
            unknowns=self.model.unknowns,
        )
        state = SteadyState(discretization=discretization, u=u, voltages=voltages, currents=currents, report=report)
        return complete(state, case.axis)

    def distance(self, point: int, nodes: np.ndarray) -> float:
        """Root mean square difference of S from that of a full solve, shape (local, 4). Collective."""
        return self.model.distance(self.points.at(point), nodes)

    def spin_bound(self, found: Found) -> np.ndarray:
        """Of the root mean square error of S over the film."""
        return found.field_bound / np.sqrt(self.model.least_rate * self.model.area)

    def train(
        self,
        kept: Callable[[int], list[np.ndarray] | None],
        keep: Callable[[int, list[np.ndarray]], None],
        say: Progress,
    ) -> None:
        """Solves points until the accuracy is reached at all of them.

        Args:
            kept: What `sample` found at a point before a kill, or None.
            keep: Called with a point and what `sample` found.
            say: Called with what is going on.

        Raises:
            ConvergenceError: If it cannot be reached.
        """
        count = len(self.points)
        rng = np.random.default_rng(0)
        training = [int(p) for p in np.sort(rng.choice(count, size=min(TRAINING, count), replace=False))]
        worst = training[len(training) // 2]
        wanted = steep = np.arange(len(self.model.outputs))
        need = np.inf
        while True:
            say(f"sample {len(self.samples) + 1}: bound {need:.1e} of what is wanted")
            if worst in self.samples or len(self.samples) >= MOST_SAMPLES:
                raise ConvergenceError(
                    f"the reduced basis stays at {need:.1e} times sweep.accuracy = {self.wanted.accuracy:g} after "
                    f"{len(self.samples)} solves; take a lower accuracy, or method = 'full'"
                )
            found = kept(worst)
            if found is None:
                changes = changes_around(self.points, worst)
                found = self.model.sample(self.points.at(worst), changes, wanted, steep)
                keep(worst, found)
            self.model.add(found)
            self.samples.append(worst)
            needs, worst = self._worst(self.found(np.array(training)), np.array(training))
            if max(needs.values()) <= 1:
                say("checking the bound at all points")
                self._everywhere = None
                needs, worst = self._worst(self.everywhere(), np.arange(count))
                training.append(worst)
            need = max(needs.values())
            if need <= 1:
                return
            wanted = self._helpful(needs, max(1.0, _BALANCE * need))
            steep = self._helpful(needs, max(_STEEP, _BALANCE * need))

    def _helpful(self, needs: dict[str, float], least: float) -> np.ndarray:
        """Numbers of the outputs whose adjoint problems help where the need is larger than some number."""
        kinds = {kind for name, own in needs.items() if own > least for kind in _KINDS[name]}
        return np.flatnonzero([output.kind in kinds for output in self.model.outputs])

    def _worst(self, found: Found, points: np.ndarray) -> tuple[dict[str, float], int]:
        """The largest need of any point by what needs it, and the point that needs most. Collective."""
        comm = self.model.comm
        needs = self.needs(found, points)
        largest = {name: float(own.max()) for name, own in needs.items()}
        # one rank decides: the last digits may differ between them
        return comm.bcast((largest, int(points[np.argmax(np.max(list(needs.values()), axis=0))])))  # type: ignore[no-any-return]

    def everywhere(self) -> Found:
        """What the model finds at all points, once it is good enough. Collective."""
        if self._everywhere is None:
            self._everywhere = self.found(np.arange(len(self.points)))
        return self._everywhere

    def largest(self) -> dict[str, float]:
        """The largest torque and spin of any point, of the other films too. Collective."""
        spreads = self.outputs.spreads(self.everywhere(), np.arange(len(self.points)))
        return {n: max(float(spreads[n][0].max()), self._others.get(n, 0.0)) for n in ("torque", "spin")}

    def found(self, points: np.ndarray) -> Found:
        """What the model finds at points, each by one rank. Collective."""
        comm = self.model.comm
        parts = np.array_split(points, comm.size)
        own = self.model.found(self.points[parts[comm.rank]])
        if comm.size == 1:
            return own
        every = comm.allgather(own)
        return Found(**{n: np.concatenate([getattr(f, n) for f in every]) for n in Found.__dataclass_fields__})


def potential(problem: Problem, space: fem.FunctionSpace) -> np.ndarray:
    """(e/eF) n0 E.r at the nodes, by which the unknown of the model differs from n."""
    along = space.tabulate_dof_coordinates()[:, :2] @ np.array(problem.electric_field)
    return np.asarray(problem.film.coefficients.states * along)


def _left_out(wanted: Wanted) -> float:
    """Of functionals: less than residuals are to be, which are the roots of what averages are to have."""
    return 1e-2 * wanted.accuracy if wanted.maps else 3e-3 * float(np.sqrt(wanted.accuracy))


def _largest(size: np.ndarray, of: np.ndarray, count: int) -> np.ndarray:
    largest = np.zeros(count)
    np.maximum.at(largest, of, size)
    return largest[of]
