"""The reduced model of a problem: what a solve at any coefficients would give, from few solves, with error bounds.

Primal and dual: a second basis approximates the solutions of the outputs' adjoint problems, with which the outputs are
corrected. The error of an output is then at most the product of both residuals' dual norms over the coercivity, and
that of the fields the first residual's over the coercivity, in the norm of `reduced_space.Norm`. Both are errors
against the finite-element solution on the same mesh.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from mpi4py import MPI

from fem_rashba.devices.conditions import Current, Voltage
from fem_rashba.solvers.discretization import FIELDS, Discretization
from fem_rashba.solvers.problem import Problem
from fem_rashba.solvers.reduced_basis import Basis, Modes
from fem_rashba.solvers.reduced_space import Entry, Norm, Pieces, Space
from fem_rashba.solvers.terminals import Terminals
from fem_rashba.units import AMPERE_PER_RATE

_CHUNK = 400
_LANCZOS = 40


@dataclass(frozen=True, kw_only=True)
class Points:
    """The coefficients of N points.

    Attributes:
        t: Of the modes of the operator, shape (N, Q).
        lifted: Of the given values, shape (N, lifts): `Drive.lifted`.
        loaded: Of what is given as a current, shape (N, loads).
        coercivity: Lower bounds, shape (N,).
    """

    t: np.ndarray
    lifted: np.ndarray
    loaded: np.ndarray
    coercivity: np.ndarray

    def __getitem__(self, which: slice | np.ndarray) -> Points:
        return Points(
            t=self.t[which],
            lifted=self.lifted[which],
            loaded=self.loaded[which],
            coercivity=self.coercivity[which],
        )

    def __len__(self) -> int:
        return len(self.t)

    def at(self, point: int) -> Points:
        """One of them."""
        return self[point : point + 1]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the reduced model finds at N points.

    Attributes:
        values: The outputs, shape (N, outputs).
        field_bound: Of the error of the fields in the norm, shape (N,).
        adjoint: Inner products of the residuals of the adjoint problems, shape (N, outputs, outputs), of spins among
            themselves and of the others among themselves.
        spin: Root mean square of |S| over the film, 1/nm^2, shape (N,).
    """

    values: np.ndarray
    field_bound: np.ndarray
    adjoint: np.ndarray
    spin: np.ndarray

    def bounds(self, matrices: np.ndarray, chosen: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Of the length of the errors of matrices, shape (3, outputs) or (N, 3, outputs), times the outputs."""
        squares = matrices @ self.adjoint[chosen] @ np.swapaxes(matrices, -1, -2)
        return self.field_bound[chosen] * np.sqrt(np.maximum(np.linalg.eigvalsh(squares)[:, -1], 0.0))


class Drive:
    """The given values and currents of a problem, each as one function or functional, and how large each is.

    Args:
        space: Of the problem.
        norm: Of the space.
    """

    def __init__(self, space: Space, norm: Norm) -> None:
        terminals, pieces = space.terminals, space.pieces
        self._contacts = list(terminals.contacts)
        self.held = [name for name in self._contacts if name not in terminals.free]
        self.free = list(terminals.free)
        lifts = [contact_function(space, norm, self._contacts.index(name)) for name in self.held]
        # all three components of all: which of them are zero may differ between points
        self._fixed = [
            (tag, i) for tag in terminals.problem.fixed_spin if _is_injected(terminals.problem, tag) for i in range(3)
        ]
        taken: dict[tuple[int, int], np.ndarray] = {}
        for (tag, _), (blocks, _) in zip(terminals.problem.fixed_spin.items(), terminals.spins, strict=True):
            for i in range(3):
                function = np.zeros((pieces.local, FIELDS, 1))
                function[blocks, i + 1] = 1.0
                for key, other in taken.items():
                    if key[1] == i:  # where two meet the last one holds
                        other[blocks, i + 1] = 0.0
                taken[tag, i] = function
        lifts += [taken[key] for key in self._fixed]
        self.lifts = np.concatenate([np.zeros((pieces.local, FIELDS, 0)), *lifts], axis=2)
        self._tags = [(tag, i) for tag in terminals.problem.spin_currents for i in range(3)]
        loads = [level_functional(space, k) for k in range(len(self.free))]
        for tag, i in self._tags:
            rows = np.zeros((pieces.owned, FIELDS, 1))
            rows[:, i + 1, 0] = edge_functional(pieces, tag)
            loads.append(rows)
        self.loads = np.concatenate([np.zeros((pieces.owned, FIELDS, 0)), *loads], axis=2)
        self._centers = terminals.centers

    def lifted(self, problem: Problem) -> np.ndarray:
        """The coefficients of the lifts: n + (e/eF) n0 E.r on the contacts that hold it, then the given S."""
        states = problem.film.coefficients.states
        field = np.array(problem.electric_field)
        levels = []
        for name in self.held:
            condition = problem.terminals[name]
            given = -float(condition.value) if isinstance(condition, Voltage) else float(field @ self._centers[name])
            levels.append(states * given)
        return np.array(levels + [problem.fixed_spin[tag][i] for tag, i in self._fixed])

    def loaded(self, problem: Problem) -> np.ndarray:
        """The coefficients of the loads: particles per ps into the film, then the spin currents."""
        conditions = [problem.terminals[name] for name in self.free]
        rates = [-float(c.value) / AMPERE_PER_RATE if isinstance(c, Current) else 0.0 for c in conditions]
        return np.array(rates + [problem.spin_currents[tag][i] for tag, i in self._tags])


def contact_function(space: Space, norm: Norm, number: int) -> np.ndarray:
    """The potential that is 1 on a contact and 0 on the others whose potential is given, by diffusion alone."""
    function = np.zeros((space.pieces.local, FIELDS, 1))
    function[space.at == number, 0] = 1.0
    return smoothed(space, norm, function)


def smoothed(space: Space, norm: Norm, function: np.ndarray) -> np.ndarray:
    """The function of n with the same given values whose D |grad n|^2 is least. Collective."""
    pieces = space.pieces
    rows = sum(
        pieces.product(p, function[:, 0]) * norm.diffusion
        for p, (name, _) in enumerate(pieces.keys)
        if name == "stiffness"
    )
    x = np.zeros((space.size, 1))
    x[: space.charge] = norm.charge.solved(space.charge_of(np.asarray(rows)))
    return function - space.functions(x)


def level_functional(space: Space, number: int) -> np.ndarray:
    """The value on a contact without given potential."""
    rows = np.zeros((space.pieces.owned, FIELDS, 1))
    nodes = space.levels[number]
    nodes = nodes[nodes < space.pieces.owned]
    rows[nodes, 0, 0] = 1.0 / space.comm.allreduce(len(nodes), op=MPI.SUM)
    return rows


def edge_functional(pieces: Pieces, tag: int) -> np.ndarray:
    """Integral of the test function over an edge."""
    entries = pieces.scalars.edge(tag)
    return pieces.summed(pieces.scalars.product(entries, np.ones((pieces.local, 1))))[:, 0]


def _is_injected(problem: Problem, tag: int) -> bool:
    return problem.spin_conditions[tag] != "sink"


@dataclass(frozen=True)
class Output:
    """A linear output s(u) = f(u) + a(g, u).

    Attributes:
        kind: "spin" (integral of S_i over a region), "current" (particles that flow in through a contact), "level"
            (n + (e/eF) n0 E.r on a contact) or "flow" (minus the integral of J_n along an axis).
        of: The tag of the region ("" for the film), or the name of the contact.
        axis: i.
    """

    kind: str
    of: str
    axis: int = 0


class _Adjoint:
    """The adjoint problems of some outputs in one basis, and all that the corrections need.

    Args:
        model: Whose outputs they are.
        outputs: Their numbers.
        functionals: Of the outputs, shape (owned, 4, outputs).
        lifts: The functions g that some outputs have, shape (local, 4, lifts).
        has: Which output has which of them, shape (lifts, outputs).
    """

    def __init__(
        self, model: Reduced, outputs: np.ndarray, functionals: np.ndarray, lifts: np.ndarray, has: np.ndarray
    ) -> None:
        self.model, self.outputs, self.functionals, self.lifted = model, outputs, functionals, -has
        modes = model.modes.adjoint(model.pieces.signs)
        self.basis = Basis(model.space, model.norm, modes, lifts, functionals)
        self._entries = np.zeros((len(modes.entries), 0, 0))
        self.grow()

    def grow(self) -> None:
        """The operator between the functions of both bases, with those that are new. Collective."""
        model, pieces, owned = self.model, self.model.pieces, self.model.pieces.owned
        tests, functions, entries = self.basis.functions, model.primal.functions, model.modes.entries
        rows, columns = self._entries.shape[1:]
        used = np.unique(entries[:, 0])
        new_columns = {p: pieces.product(p, functions[:, :, columns:]) for p in used}
        new_rows = {p: pieces.product(p, tests[:, :, rows:]) for p in used}
        grown = np.zeros((len(entries), tests.shape[2], functions.shape[2]))
        for e, (p, i, j) in enumerate(entries):
            grown[e, :, columns:] = tests[:owned, i].T @ new_columns[p][:, j]
            grown[e, rows:, :columns] = pieces.signs[p] * (new_rows[p][:, i].T @ functions[:owned, j, :columns])
        grown = model.sum(grown)
        grown[:, :rows, :columns] = self._entries
        self._entries = grown
        self._blocks = np.tensordot(model.modes.weights, grown, axes=1)
        own = tests[:owned, :, self.basis.lifts :]
        self._direct = model.sum(np.einsum("nif,nik->kf", self.functionals, functions[:owned], optimize=True))
        self._loads = model.sum(np.einsum("nif,nik->fk", model.drive.loads, own, optimize=True))

    def found(self, points: Points, primal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The outputs, shape (N, outputs), and the inner products of the adjoint residuals."""
        count, outputs = len(points), self.functionals.shape[2]
        lifted = np.broadcast_to(self.lifted, (count, *self.lifted.shape))
        loaded = np.broadcast_to(np.eye(outputs), (count, outputs, outputs))
        psi = self.basis.solved(points.t, lifted, loaded)
        between = (points.t @ self._blocks.reshape(len(self._blocks), -1)).reshape(count, *self._entries.shape[1:])
        a = np.einsum("nro,nr->no", psi, np.einsum("nrc,nc->nr", between, primal, optimize=True), optimize=True)
        loads = np.einsum("nf,fk,nko->no", points.loaded, self._loads, psi[:, self.basis.lifts :], optimize=True)
        left = self.basis.residual(points.t, psi, loaded)
        return primal @ self._direct + loads - a, left @ left.swapaxes(1, 2)


class Reduced:
    """The reduced model; empty at first. Collective throughout.

    Args:
        discretization: Of the problem at any of the points.
        tags: Of the regions with coefficients of their own, [None] for a film with one.
        modes: Of the operators of all points.
        diffusion, rate: D and kappa of the norm.
    """

    def __init__(
        self, discretization: Discretization, tags: list[int | None], modes: Modes, diffusion: float, rate: float
    ) -> None:
        self.discretization, self.modes = discretization, modes
        self.pieces = Pieces(discretization, tags)
        self.space = Space(self.pieces, Terminals(discretization))
        self.comm = self.space.comm
        self.norm = Norm(self.space, diffusion, rate)
        self.drive = Drive(self.space, self.norm)
        self.primal = Basis(self.space, self.norm, modes, self.drive.lifts, self.drive.loads)
        self.outputs = self._outputs(tags)
        # spin and charge apart: what is dense grows with the square of a basis, and neither helps the other much
        kinds = np.array([output.kind == "spin" for output in self.outputs])
        self.adjoints = [_Adjoint(self, own, *self._functionals(own)) for own in map(np.flatnonzero, (kinds, ~kinds))]
        self._masses = np.zeros((0, 0))
        self._operator: Entry | None = None
        self.area = float(self.comm.allreduce(self._mass_of_one(tags).sum(), op=MPI.SUM))

    def sum(self, local: np.ndarray) -> np.ndarray:
        """Over the ranks."""
        return np.asarray(self.comm.allreduce(local, op=MPI.SUM)) if self.comm.size > 1 else local

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

    def sample(self, point: Points, outputs: np.ndarray, changes: Points) -> tuple[np.ndarray, np.ndarray]:
        """The solution at one point, its derivatives, and adjoint solutions, by one factorisation. Collective.

        Args:
            point: The point.
            outputs: Numbers of the outputs whose adjoint problems are solved, those of spin first.
            changes: Of the coefficients, one for each derivative.

        Returns:
            Coordinates, shapes (size, 1 + derivatives) and (size, outputs).
        """
        pieces = self.pieces
        theta = self.modes.theta(point.t[0], len(pieces.keys))
        if self._operator is None:
            self._operator = self.space.matrix((0, 1, 2, 3))
        self._operator.fill(pieces.values(theta))
        # without refinement: what rounding leaves in a sample, the residuals of the points contain
        given = self.drive.lifts @ point.lifted[0][:, None]
        rows = self.drive.loads @ point.loaded[0][:, None] - pieces.applied(theta, given)
        primal = self._operator.solved(self.space.restricted(rows))
        whole = given + self.space.functions(primal)
        for k in range(len(changes)):
            changed = self.modes.theta(changes.t[k], len(pieces.keys))
            rows = self.drive.loads @ changes.loaded[k][:, None] - pieces.applied(changed, whole)
            rows -= pieces.applied(theta, self.drive.lifts @ changes.lifted[k][:, None])
            derivative = self._operator.solved(self.space.restricted(rows))
            primal = np.concatenate([primal, derivative], axis=1)
        columns = []
        for adjoint in self.adjoints:
            own = np.flatnonzero(np.isin(adjoint.outputs, outputs))
            transposed = adjoint.basis.modes.theta(point.t[0], len(pieces.keys))
            given = adjoint.basis.functions[:, :, : adjoint.basis.lifts] @ adjoint.lifted[:, own]
            rows = adjoint.functionals[:, :, own] - pieces.applied(transposed, given)
            columns.append(self._operator.solved(self.space.restricted(rows), transposed=True))
        return primal, np.concatenate(columns, axis=1)

    def add(self, primal: np.ndarray, adjoint: np.ndarray, outputs: np.ndarray) -> None:
        """Takes what `sample` found for some outputs into the bases. Collective."""
        self.primal.add(primal)
        first = 0
        for own in self.adjoints:
            count = int(np.isin(own.outputs, outputs).sum())
            own.basis.add(adjoint[:, first : first + count])
            first += count
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
        left = self.primal.residual(points.t, coefficients, loaded)[:, 0]
        u = coefficients[:, :, 0]
        values = np.zeros((len(points), len(self.outputs)))
        adjoint = np.zeros((len(points), len(self.outputs), len(self.outputs)))
        for own in self.adjoints:
            values[:, own.outputs], adjoint[:, own.outputs[:, None], own.outputs] = own.found(points, u)
        return Found(
            values=values,
            field_bound=np.linalg.norm(left, axis=1) / points.coercivity,
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
