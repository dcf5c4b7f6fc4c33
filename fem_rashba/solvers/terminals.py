"""The terminals of a discretized problem: their unknowns of n, its level on each, what flows in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from dolfinx import fem
from mpi4py import MPI

from fem_rashba.devices.conditions import Current, Floating, Open, Voltage
from fem_rashba.solvers.discretization import FIELDS, Discretization
from fem_rashba.units import AMPERE_PER_RATE


class Terminals:
    """The unknowns of n on each contacted terminal, and the level c of n + (e/eF) n0 E.(r - r_c) on it."""

    def __init__(self, discretization: Discretization) -> None:
        self.problem = problem = discretization.problem
        space, device = discretization.space, problem.device
        self.comm: MPI.Comm = device.mesh.comm
        self.space = space
        self.states = problem.film.coefficients.states
        self.contacts = {n: c for n, c in problem.terminals.items() if not isinstance(c, Open)}
        self.blocks = {name: self._blocks(device.facet_tags.find(device.terminals[name])) for name in self.contacts}
        self.centers = {name: device.terminal_center(name) for name in self.contacts}
        self.free = [n for n, c in self.contacts.items() if isinstance(c, Current | Floating)]
        self.levels = {n: self._level(c) for n, c in self.contacts.items()}
        # where two meet at a corner the last one holds, on every rank
        self.spins = [(self._blocks(device.facet_tags.find(tag)), S) for tag, S in problem.fixed_spin.items()]
        self.spin_blocks = np.unique(np.concatenate([blocks for blocks, _ in self.spins] or [np.empty(0, np.int32)]))
        self.injection = discretization.injection
        rows = [FIELDS * blocks for blocks in self.blocks.values()]
        rows += [FIELDS * self.spin_blocks + component for component in (1, 2, 3)]
        owned = FIELDS * space.dofmap.index_map.size_local
        every = np.concatenate(rows) if rows else np.empty(0, np.int32)
        self.fixed_rows = every[every < owned]
        self.owned = owned
        # of the free terminals, per unit of n: inflow through every contact, shape (contacts, free), and the functions
        self.conductances: np.ndarray = np.zeros((len(self.contacts), 0))
        self.responses: list[np.ndarray] = []

    @property
    def free_fields(self) -> np.ndarray:
        """1 for unknowns and 0 for fixed fields of the owned nodes, shape (nodes, 4)."""
        free = np.ones(self.owned)
        free[self.fixed_rows] = 0.0
        return free.reshape(-1, FIELDS)

    def _blocks(self, facets: np.ndarray) -> np.ndarray:
        mesh = self.space.mesh
        return fem.locate_dofs_topological(self.space, mesh.topology.dim - 1, facets)

    @cached_property
    def fixed(self) -> list[fem.DirichletBC]:
        """The fixed unknowns as conditions of a form."""
        # only which unknowns are fixed matters: the values are set in the function itself
        groups = [(0, blocks) for blocks in self.blocks.values()] + [(i, self.spin_blocks) for i in (1, 2, 3)]
        return [fem.dirichletbc(np.float64(0), FIELDS * blocks + i, self.space.sub(i)) for i, blocks in groups]

    def _level(self, condition: object) -> float:
        return -self.states * float(condition.value) if isinstance(condition, Voltage) else 0.0

    def impose(self, u: fem.Function, levels: Mapping[str, float], field: tuple[float, float]) -> None:
        """Sets u to zero but for n on the terminals, levels[name] - (e/eF) n0 E.(r - r_c), and S where it is given."""
        u.x.array[:] = 0.0
        self.constrain(u, levels, field)

    def constrain(self, u: fem.Function, levels: Mapping[str, float], field: tuple[float, float]) -> None:
        """Sets n on the terminals and S where it is given, as `impose`, S times the injection."""
        values = u.x.array.reshape(-1, FIELDS)
        for blocks, S in self.spins:
            values[blocks, 1:] = float(self.injection.value) * np.array(S)
        points = self.space.tabulate_dof_coordinates()
        for name, blocks in self.blocks.items():
            along = (points[blocks, :2] - self.centers[name]) @ np.array(field)
            values[blocks, 0] = levels.get(name, 0.0) - self.states * along

    def read_levels(self, u: np.ndarray) -> None:
        """Takes the levels from the values of a function with one level on each terminal. Collective."""
        owned, points = self.owned // FIELDS, self.space.tabulate_dof_coordinates()
        field = self.states * np.array(self.problem.electric_field)
        for name, every in self.blocks.items():
            blocks = every[every < owned]
            level = u.reshape(-1, FIELDS)[blocks, 0] + (points[blocks, :2] - self.centers[name]) @ field
            total = self.comm.allreduce(np.array([level.sum(), len(blocks)]), op=MPI.SUM)
            self.levels[name] = float(total[0] / total[1])

    @property
    def voltages(self) -> dict[str, float]:
        """V = -(eF/n0) c - E.r_c of every contacted terminal."""
        field = np.array(self.problem.electric_field)
        return {n: -self.levels[n] / self.states - float(field @ self.centers[n]) for n in self.contacts}

    def inflows(self, residual: np.ndarray) -> np.ndarray:
        """Particles per ps that enter through each contacted terminal: the charge row tested with 1 on it."""
        owned = self.owned // FIELDS
        local = [residual[FIELDS * blocks[blocks < owned]].sum() for blocks in self.blocks.values()]
        return np.asarray(self.comm.allreduce(np.array(local), op=MPI.SUM))

    def targets(self) -> np.ndarray:
        """Wanted inflow of every free terminal, particles per ps: electrons carry -e."""
        wanted = (self.contacts[n] for n in self.free)
        return np.array([-float(c.value) / AMPERE_PER_RATE if isinstance(c, Current) else 0.0 for c in wanted])
