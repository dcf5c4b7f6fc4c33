"""The reduced model of a problem: what a solve at any coefficients would give, from few solves, with error bounds.

Primal and dual: a second basis approximates the solutions of the outputs' adjoint problems, with which the outputs are
corrected. The error of an output is then at most the product of both residuals' dual norms over the coercivity, and
that of the fields the first residual's over the coercivity, in the norm of `reduced_space.Norm`. Both are errors
against the finite-element solution on the same mesh.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from mpi4py import MPI

from fem_rashba.solvers.columns import total
from fem_rashba.solvers.discretization import FIELDS, Discretization
from fem_rashba.solvers.reduced.adjoint import Adjoint, Output
from fem_rashba.solvers.reduced.basis import Basis
from fem_rashba.solvers.reduced.drive import Drive, contact_function, level_functional
from fem_rashba.solvers.reduced.matrix import Entry
from fem_rashba.solvers.reduced.modes import Modes
from fem_rashba.solvers.reduced.norm import Norm
from fem_rashba.solvers.reduced.points import Changes, Found, Points
from fem_rashba.solvers.reduced.solutions import ADJOINT_DEGREE, adjoint_solutions, solutions
from fem_rashba.solvers.reduced.space import Pieces, Space
from fem_rashba.solvers.terminals import Terminals

_CHUNK = 400
_LANCZOS = 40


class Reduced:
    """The reduced model; empty at first. Collective throughout.

    Args:
        discretization: Of the problem at any of the points.
        tags: Of the regions with coefficients of their own, [None] for a film with one.
        modes: Of the operators of all points.
        diffusion, rate: D and kappa of the norm.
        tolerance: What may be left out of each functional that residuals are made of, relative to its norm; the bounds
            contain it.
    """

    def __init__(
        self,
        discretization: Discretization,
        tags: list[int | None],
        modes: Modes,
        diffusion: float,
        rate: float,
        tolerance: float,
    ) -> None:
        self.discretization, self.modes, self.tolerance = discretization, modes, tolerance
        self.pieces = Pieces(discretization, tags)
        self.space = Space(self.pieces, Terminals(discretization))
        self.comm = self.space.comm
        self.norm = Norm(self.space, diffusion, rate)
        self.drive = Drive(self.space, self.norm)
        self.primal = Basis(self.space, self.norm, modes, self.drive.lifts, self.drive.loads, tolerance)
        self.outputs = self._outputs(tags)
        # spin and charge apart: what is dense grows with the square of a basis, and neither helps the other much
        kinds = np.array([output.kind == "spin" for output in self.outputs])
        self.adjoints = [Adjoint(self, own, *self._functionals(own)) for own in map(np.flatnonzero, (kinds, ~kinds))]
        self._masses = np.zeros((0, 0))
        self._operator: Entry | None = None
        self.area = float(self.comm.allreduce(self._mass_of_one(tags).sum(), op=MPI.SUM))

    def sum(self, local: np.ndarray) -> np.ndarray:
        """Over the ranks."""
        return total(self.comm, local)

    def _mass_of_one(self, tags: list[int | None]) -> np.ndarray:
        return np.asarray(sum(self.pieces.constant(self.pieces.keys.index(("mass", tag))) for tag in tags))

    def _outputs(self, tags: list[int | None]) -> list[Output]:
        found = [Output("spin", "" if tag is None else str(tag), i) for tag in tags for i in range(3)]
        # what flows in adds up to zero
        found += [Output("current", name) for name in self.drive.held[:-1]]
        found += [Output("level", name) for name in self.drive.free]
        return found + [Output("flow", "", axis) for axis in range(2) if self.along(axis) is None]

    def along(self, axis: int) -> dict[str, float] | None:
        """The coordinate of each contact along an axis; None unless it is the same all along each."""
        terminals = self.space.terminals
        x = self.discretization.space.tabulate_dof_coordinates()[:, axis]
        found = {}
        for number, name in enumerate(terminals.contacts):
            own = x[self.space.at == number]
            ends = self.comm.allgather((own.min(initial=np.inf), own.max(initial=-np.inf)))
            low, high = min(e[0] for e in ends), max(e[1] for e in ends)
            if high - low > 1e-9 * max(abs(low), abs(high), 1.0):
                return None
            found[name] = low
        return found

    def _functionals(self, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Functionals f and functions g of some outputs, and which output has which g."""
        functionals = np.zeros((self.pieces.owned, FIELDS, len(outputs)))
        lifts = [np.zeros((self.pieces.local, FIELDS, 0))]
        has = []
        for k, output in enumerate(self.outputs[number] for number in outputs):
            if output.kind == "spin":
                tag = int(output.of) if output.of else None
                masses = self.pieces.constant(self.pieces.keys.index(("mass", tag)))
                functionals[:, output.axis + 1, k] = masses
            elif output.kind == "level":
                functionals[:, :, k] = level_functional(self.space, self.drive.free.index(output.of))[:, :, 0]
            elif output.kind == "current":
                number = list(self.space.terminals.contacts).index(output.of)
                lifts.append(contact_function(self.space, self.norm, number))
                has.append(k)
            else:
                along = np.zeros((self.pieces.local, FIELDS, 1))
                along[:, 0, 0] = self.discretization.space.tabulate_dof_coordinates()[:, output.axis]
                lifts.append(along)
                has.append(k)
        return functionals, np.concatenate(lifts, axis=2), np.eye(len(outputs))[has]

    def sample(self, point: Points, changes: Changes, outputs: np.ndarray, steep: np.ndarray) -> list[np.ndarray]:
        """Solutions and adjoint solutions at one point with their Taylor series, by one factorisation. Collective.

        Args:
            point: The point.
            changes: Of the coefficients around it.
            outputs: Numbers of the outputs whose adjoint problems are solved.
            steep: Of the outputs for which these are solved with their Taylor series.

        Returns:
            Coordinates, of shape (size, k): of the solution and its Taylor series, then for each family of adjoint
            problems.
        """
        if self._operator is None:
            self._operator = self.space.matrix((0, 1, 2, 3))
        self._operator.fill(self.pieces.values(self.modes.thetas(point.t, self.pieces.count)[0]))
        found = [solutions(self._operator, self.primal, point, changes)]
        for adjoint in self.adjoints:
            own = np.flatnonzero(np.isin(adjoint.outputs, outputs))
            degree = ADJOINT_DEGREE * int(np.isin(adjoint.outputs[own], steep).any())
            found.append(adjoint_solutions(self._operator, adjoint, own, point, changes, degree))
        return found

    def add(self, found: list[np.ndarray]) -> None:
        """Takes what `sample` found into the bases. Collective."""
        self.primal.add(found[0])
        for own, columns in zip(self.adjoints, found[1:], strict=True):
            own.basis.add(columns)
            own.grow()
        u = self.primal.functions
        self._masses = np.zeros((u.shape[2], u.shape[2]))
        for p, (name, _) in enumerate(self.pieces.keys):
            if name == "mass":
                product = self.pieces.product(p, u[:, 1:])
                self._masses += self.sum(np.einsum("nik,nil->kl", u[: self.pieces.owned, 1:], product, optimize=True))

    def found(self, points: Points) -> Found:
        """What the model finds at points. Every rank works alone: no collective call."""
        parts = [self._found(points[start : start + _CHUNK]) for start in range(0, len(points), _CHUNK)]
        return Found(**{n: np.concatenate([getattr(f, n) for f in parts]) for n in Found.__dataclass_fields__})

    def _found(self, points: Points) -> Found:
        lifted, loaded = points.lifted[:, :, None], points.loaded[:, :, None]
        coefficients = self.primal.solved(points.t, lifted, loaded)
        left, rest = self.primal.residual(points.t, coefficients, loaded)
        u = coefficients[:, :, 0]
        values = np.zeros((len(points), len(self.outputs)))
        adjoint = np.zeros((len(points), len(self.outputs), len(self.outputs)))
        for own in self.adjoints:
            values[:, own.outputs], adjoint[:, own.outputs[:, None], own.outputs] = own.found(points, u)
        return Found(
            values=values,
            field_bound=(np.linalg.norm(left[:, 0], axis=1) + rest[:, 0]) / points.coercivity,
            adjoint=adjoint,
            spin=np.sqrt(np.maximum(np.einsum("nk,kl,nl->n", u, self._masses, u, optimize=True), 0) / self.area),
        )

    def least_quotient(self, t: np.ndarray) -> float:
        """The coercivity of the operator with modes t, by Lanczos' method: an estimate from above. Collective."""
        count = len(self.pieces.keys)
        theta = self.modes.theta(t, count) + self.adjoints[0].basis.modes.theta(t, count)
        x = np.random.default_rng(0).normal(size=(self.space.size, 1))
        q: np.ndarray = np.empty((self.space.size, 0))
        image: np.ndarray = np.empty((self.space.size, 0))
        for _ in range(_LANCZOS):
            for _ in range(2):
                x = x - q @ self.sum(image.T @ x)
            own = self.norm.times(x)
            length = float(np.sqrt(self.sum(x.T @ own)[0, 0]))
            q, image = np.concatenate([q, x / length], axis=1), np.concatenate([image, own / length], axis=1)
            forces = self.space.restricted(self.pieces.applied(theta, self.space.functions(q[:, -1:]))) / 2
            x = self.norm.represented(forces)
        applied = self.space.restricted(self.pieces.applied(theta, self.space.functions(q))) / 2
        return float(np.linalg.eigvalsh(self.sum(q.T @ applied))[0])

    def distance(self, point: Points, nodes: np.ndarray) -> float:
        """Root mean square over the film of S minus that of a point, at local nodes, shape (local, 4). Collective."""
        rest = self.function(point)[:, 1:] - nodes[:, 1:]
        masses = [p for p, (name, _) in enumerate(self.pieces.keys) if name == "mass"]
        products = sum(self.pieces.product(p, rest) for p in masses)
        square = self.comm.allreduce(float((rest[: self.pieces.owned] * products).sum()), op=MPI.SUM)
        return float(np.sqrt(max(square, 0.0) / self.area))

    @property
    def adjoint_size(self) -> int:
        """How many functions the adjoint bases have."""
        return sum(adjoint.basis.size for adjoint in self.adjoints)

    @property
    def unknowns(self) -> int:
        """Of a full solve."""
        rows = self.discretization.space.dofmap
        return int(rows.index_map.size_global * rows.index_map_bs)

    @cached_property
    def extent(self) -> float:
        """The longer side of the film's bounding box, nm. Collective at the first use."""
        return float(self._sides.max())

    @cached_property
    def _sides(self) -> np.ndarray:
        x = self.discretization.space.mesh.geometry.x[:, :2]
        ends = self.comm.allgather((x.min(axis=0, initial=np.inf), x.max(axis=0, initial=-np.inf)))
        return np.asarray(np.max([high for _, high in ends], axis=0) - np.min([low for low, _ in ends], axis=0))

    @cached_property
    def least_rate(self) -> float:
        """The norm's square is at least this times the integral of |S|^2, 1/ps. Collective at the first use.

        Where S is given on the whole edge, the least eigenvalue of diffusion is at least that of the bounding box.
        """
        problem = self.discretization.problem
        if set(problem.fixed_spin) != set(problem.spin_conditions):
            return self.norm.rate
        return self.norm.rate + self.norm.diffusion * float(((np.pi / self._sides) ** 2).sum())

    def function(self, point: Points) -> np.ndarray:
        """n + (e/eF) n0 E.r and S at the local nodes, shape (local, 4), at one point."""
        u = self.primal.solved(point.t, point.lifted[:, :, None], point.loaded[:, :, None])
        return np.asarray(self.primal.functions @ u[0, :, 0])

    def destroy(self) -> None:
        """Frees matrices and factorisations. Collective."""
        for entry in (self.norm.charge, self.norm.spin, self._operator):
            if entry is not None:
                entry.destroy()
