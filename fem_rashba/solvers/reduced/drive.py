"""What drives a reduced model: given values and currents, each as one function or functional."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI

from fem_rashba.devices.conditions import Current, Voltage
from fem_rashba.solvers.discretization import FIELDS
from fem_rashba.solvers.problem import Problem
from fem_rashba.solvers.reduced.norm import Norm
from fem_rashba.solvers.reduced.space import Pieces, Space
from fem_rashba.units import AMPERE_PER_RATE


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
