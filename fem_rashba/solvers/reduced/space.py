"""What a reduced basis is made in: the operator's scalar matrices, the space of the solutions, and its norm.

The unknown is n + (e/eF) n0 E.r in place of n, in which a uniform field is a difference of potentials like any other:
every contact is an equipotential of it. A function of the space vanishes where the solution is given and is constant on
contacts whose potential follows from their current. Its coordinates are those constants and its values at the other
nodes; they are divided among the ranks as the nodes are, the constants belong to rank 0.

Shapes: `local` nodes are those a rank knows, `owned` those it owns, first among them.
"""

from __future__ import annotations

import math

import numpy as np
from dolfinx import la
from mpi4py import MPI
from scipy.sparse import csr_array

from fem_rashba.solvers.affine import filled
from fem_rashba.solvers.columns import total
from fem_rashba.solvers.discretization import FIELDS, Discretization
from fem_rashba.solvers.reduced.matrix import Entry
from fem_rashba.solvers.scalars import Entries, scalar_matrices
from fem_rashba.solvers.terminals import Terminals

NAMES = ("mass", "stiffness", "stretch", "shear", "turn", "along_x", "along_y", "border_x", "border_y")
"""The scalar matrices of the cells of a region."""

_SKEW = ("turn", "along_x", "along_y")


class Pieces:
    """The scalar matrices of a discretization, P of them: those of each region, then the mass of each lossy edge.

    Args:
        discretization: Whose mesh and degree they have.

    Attributes:
        keys: The name and the tag of each; the tag None is the whole film.
        signs: -1 for the skew matrices, 1 for the others, shape (P,).
        count: P.
    """

    def __init__(self, discretization: Discretization, tags: list[int | None]) -> None:
        problem = discretization.problem
        self.discretization = discretization
        space = discretization.space
        self.comm: MPI.Comm = space.mesh.comm
        self._map = space.dofmap.index_map
        self.owned = self._map.size_local
        self.local = self.owned + self._map.num_ghosts
        self.scalars = scalar_matrices(space, problem.device, discretization.quadrature["quadrature_degree"])
        self.keys = [(name, tag) for tag in tags for name in NAMES] + [("edge", tag) for tag in problem.spin_losses]
        self.signs = np.array([-1.0 if name in _SKEW else 1.0 for name, _ in self.keys])
        self.count = len(self.keys)
        self._made: dict[int, csr_array] = {}

    def _sparse(self, p: int) -> csr_array:
        """Matrix p, summed over the cells of this rank; made when it is first used."""
        if p not in self._made:
            self._made[p] = self.scalars.sparse(self._entries(p))
        return self._made[p]

    def _entries(self, p: int) -> Entries:
        name, tag = self.keys[p]
        if name == "edge":
            assert tag is not None
            return self.scalars.edge(tag)
        return self.scalars.cells(name, tag)

    def product(self, p: int, values: np.ndarray) -> np.ndarray:
        """Matrix p times values at local nodes, shape (local, ...): at the owned nodes. Collective."""
        width = math.prod(values.shape[1:])
        flat = self._sparse(p) @ values.reshape(self.local, width)
        return self.summed(flat).reshape(self.owned, *values.shape[1:])

    def applied(self, theta: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The operator with the coefficients theta, shape (P, 4, 4), times functions, shape (local, 4, k).

        Returns:
            Its value for each test function: shape (owned, 4, k).
        """
        total = np.zeros((self.local, FIELDS * values.shape[2]))
        for p in range(self.count):
            if theta[p].any():
                mixed = np.einsum("ij,njk->nik", theta[p], values, optimize=True)
                total += self._sparse(p) @ mixed.reshape(total.shape)
        return self.summed(total).reshape(self.owned, FIELDS, values.shape[2])

    def combined(self, theta: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Sums over s of operators with the coefficients theta[r, s], shape (R, S, P, 4, 4), times functions s.

        Args:
            theta: The coefficients.
            values: The functions, shape (local, 4, S).

        Returns:
            Their values for each test function: shape (owned, 4, R).
        """
        total = np.zeros((self.local, FIELDS * len(theta)))
        flat = values.reshape(self.local, FIELDS * values.shape[2])
        for p in range(self.count):
            if theta[:, :, p].any():
                mixing = theta[:, :, p].transpose(3, 1, 2, 0).reshape(flat.shape[1], total.shape[1])
                total += (self._sparse(p) @ flat) @ mixing
        return self.summed(total).reshape(self.owned, FIELDS, len(theta))

    def values(self, theta: np.ndarray) -> np.ndarray:
        """The entries of the operator on the pattern of the owned rows, shape (entries, 4, 4)."""
        used = [p for p in range(self.count) if theta[p].any()]
        terms = [(self.scalars.on_owned(self._entries(p)), theta[p]) for p in used]
        return filled(len(self.scalars.owned.columns), terms)

    def scalar_values(self, weights: np.ndarray) -> np.ndarray:
        """The same for a sum of the matrices themselves, shape (entries,)."""
        theta = np.zeros((len(weights), FIELDS, FIELDS))
        theta[:, 0, 0] = weights
        return self.values(theta)[:, 0, 0]

    def summed(self, flat: np.ndarray) -> np.ndarray:
        """What the ranks have at the nodes they know, shape (local, k), added up at the owned ones. Collective."""
        if self.comm.size == 1:
            return flat
        vector = la.vector(self._map, flat.shape[1])
        vector.array[:] = flat.reshape(-1)
        vector.scatter_reverse(la.InsertMode.add)
        return vector.array.reshape(flat.shape)[: self.owned].copy()

    def known(self, owned: np.ndarray) -> np.ndarray:
        """Values at the owned nodes, shape (owned, ...), at all local ones. Collective."""
        if self.comm.size == 1:
            return owned
        flat = owned.reshape(self.owned, math.prod(owned.shape[1:]))
        vector = la.vector(self._map, flat.shape[1])
        vector.array[: flat.size] = flat.reshape(-1)
        vector.scatter_forward()
        return vector.array.reshape(self.local, *owned.shape[1:]).copy()

    def constant(self, p: int) -> np.ndarray:
        """Matrix p times 1, at the owned nodes. Collective."""
        return self.product(p, np.ones((self.local, 1)))[:, 0]


class Space:
    """The functions that vanish where the solution is given; their coordinates on this rank.

    Args:
        pieces: Of the discretization.
        terminals: Of the same.

    Attributes:
        terminals: As given.
        charge: Number of coordinates of n on this rank, spin: of each component of S.
    """

    def __init__(self, pieces: Pieces, terminals: Terminals) -> None:
        self.pieces, self.terminals, self.comm = pieces, terminals, pieces.comm
        n = pieces.local
        self.at = np.full(n, -1)  # the contact that a node belongs to; where two meet the last one holds
        for number, blocks in enumerate(terminals.blocks.values()):
            self.at[blocks] = number
        names = list(terminals.contacts)
        self.levels = [np.flatnonzero(self.at == names.index(name)) for name in terminals.free]
        free_spin = np.ones(n, dtype=bool)
        free_spin[terminals.spin_blocks] = False
        self._n = np.flatnonzero(self.at[: pieces.owned] < 0)
        self._s = np.flatnonzero(free_spin[: pieces.owned])
        self._own_levels = [nodes[nodes < pieces.owned] for nodes in self.levels]
        self._constants = len(self.levels) if self.comm.rank == 0 else 0
        self.charge, self.spin = len(self._n) + self._constants, len(self._s)
        self.size = self.charge + 3 * self.spin
        # whether a component of S is a function that n may be too
        self.holds_spin = not self.sum(np.array([(free_spin & (self.at >= 0)).sum()]))[0]

    def sum(self, local: np.ndarray) -> np.ndarray:
        """Over the ranks."""
        return total(self.comm, local)

    def charge_values(self, owned: np.ndarray) -> np.ndarray:
        """The coordinates of n of functions that vanish on all contacts, from their values, shape (owned, k)."""
        return np.concatenate([owned[self._n], np.zeros((self._constants, owned.shape[1]))])

    def charge_of(self, rows: np.ndarray) -> np.ndarray:
        """A functional's values for the test functions of n, from its rows at the owned nodes, shape (owned, k)."""
        sums = np.array([rows[nodes].sum(axis=0) for nodes in self._own_levels]).reshape(
            len(self.levels), rows.shape[1]
        )
        sums = self.comm.allreduce(sums, op=MPI.SUM) if len(sums) else sums
        return np.concatenate([rows[self._n], sums[: self._constants]])

    def spin_of(self, rows: np.ndarray) -> np.ndarray:
        """The same of one component of S."""
        return rows[self._s]

    def restricted(self, rows: np.ndarray) -> np.ndarray:
        """The same of all fields: (owned, 4, k) -> (size, k)."""
        return np.concatenate([self.charge_of(rows[:, 0]), *(self.spin_of(rows[:, i]) for i in (1, 2, 3))])

    def functions(self, x: np.ndarray) -> np.ndarray:
        """The functions with coordinates x, shape (size, k), at the local nodes: (local, 4, k). Collective."""
        owned = np.zeros((self.pieces.owned, FIELDS, x.shape[1]))
        owned[self._n, 0] = x[: len(self._n)]
        constants = self.comm.bcast(x[len(self._n) : self.charge])
        for nodes, value in zip(self._own_levels, constants, strict=True):
            owned[nodes, 0] = value
        for i in (1, 2, 3):
            owned[self._s, i] = x[self.charge + (i - 1) * self.spin : self.charge + i * self.spin]
        return self.pieces.known(owned)

    def coordinates(self, functions: np.ndarray) -> np.ndarray:
        """The inverse of `functions`; what a function has where it must vanish is ignored. Collective."""
        owned = functions[: self.pieces.owned]
        held = [self.comm.rank if len(nodes) else -1 for nodes in self._own_levels]
        levels = np.zeros((len(held), functions.shape[2]))
        if held:
            last = np.max(self.comm.allgather(held), axis=0)
            for k, nodes in enumerate(self._own_levels):
                if last[k] == self.comm.rank:
                    levels[k] = owned[nodes[0], 0]
            levels = self.comm.allreduce(levels, op=MPI.SUM)
        parts = [owned[self._n, 0], levels[: self._constants], *(owned[self._s, i] for i in (1, 2, 3))]
        return np.concatenate(parts)

    def matrix(self, fields: tuple[int, ...]) -> Entry:
        """A matrix for values of `Pieces`: (0,) for n, (1,) for one component of S, or all. Collective."""
        return Entry(self, fields)

    def numbers(self, fields: tuple[int, ...]) -> tuple[np.ndarray, int, int]:
        """The global coordinate of each field at each local node, -1 where there is none; own and global size."""
        sizes = {0: self.charge} | dict.fromkeys((1, 2, 3), self.spin)
        own = sum(sizes[i] for i in fields)
        first = self.comm.exscan(own, op=MPI.SUM) or 0
        result = np.full((self.pieces.owned, len(fields)), -1.0)
        start, constants = first, 0
        for k, i in enumerate(fields):
            nodes = self._n if i == 0 else self._s
            result[nodes, k] = start + np.arange(len(nodes))
            if i == 0:
                constants = start + len(nodes)
            start += sizes[i]
        if 0 in fields:
            constants = self.comm.bcast(constants)
            for number, nodes in enumerate(self._own_levels):
                result[nodes, fields.index(0)] = constants + number
        return self.pieces.known(result).astype(np.int64), own, self.comm.allreduce(own, op=MPI.SUM)
