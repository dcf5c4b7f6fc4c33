"""The operator for uniform magnetization: scalar matrices of the mesh times coefficients, with no form to assemble."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import numpy as np
from dolfinx import fem, la
from petsc4py import PETSc
from scipy.sparse import bsr_array

from fem_rashba.physics.couplings import Coefficients
from fem_rashba.physics.magnetization import NUMPY_MATH
from fem_rashba.solvers.assembly import residual_vector
from fem_rashba.solvers.columns import Action
from fem_rashba.solvers.discretization import FIELDS, Discretization
from fem_rashba.solvers.loops.kernels import Kernels
from fem_rashba.solvers.scalars import AT_BORDER, BULK, Entries, ScalarMatrices, scalar_matrices
from fem_rashba.solvers.tensors import Tensor, tensor
from fem_rashba.solvers.terminals import Terminals

Tensors = Mapping[int | None, Tensor]
"""Of each region by its tag in the device; None stands for the whole film."""

_SPIN = np.diag([0.0, 1.0, 1.0, 1.0])
_CHUNK = 1 << 18


def tensors(discretization: Discretization) -> Tensors | None:
    """The coefficients of a discretization, None if they depend on the place (but for its regions)."""
    problem, given = discretization.problem, vars(discretization.coefficients)
    m = problem.magnetization
    if not m.is_uniform or discretization.sampled is not None:
        return None
    parameters = m.parameters if discretization.parameters is None else discretization.parameters.value
    direction = np.array([float(c) for c in m.components(0.0, 0.0, parameters, NUMPY_MATH)])
    names = [field.name for field in fields(Coefficients)]
    if all(isinstance(given[name], fem.Constant) for name in names):
        numbers = Coefficients(**{name: float(given[name].value) for name in names})
        return {None: tensor(numbers, direction)}
    if not all(isinstance(given[n], fem.Function) and _is_by_cell(given[n]) for n in names):
        return None
    return {
        problem.device.regions[region]: tensor(film.coefficients, direction) for region, film in problem.films.items()
    }


def _is_by_cell(function: fem.Function) -> bool:
    return int(function.function_space.ufl_element().embedded_superdegree) == 0


class AffineOperator:
    """The operator of a discretization as scalar matrices times matrices of (4, 4).

    Args:
        discretization: Whose regions have constant coefficients.
        coefficients: Of its regions.
        source: The linear form of what appears in the film, if anything does.
    """

    def __init__(self, discretization: Discretization, coefficients: Tensors, source: fem.Form | None = None) -> None:
        self.discretization = discretization
        self._coefficients, self._source = coefficients, source

    @property
    def scalars(self) -> ScalarMatrices:
        """The matrices of the mesh."""
        d = self.discretization
        return scalar_matrices(d.space, d.problem.device, d.quadrature["quadrature_degree"])

    @property
    def terms(self) -> list[tuple[Entries, np.ndarray]]:
        """The scalar matrices and what they are multiplied by, shape (4, 4), for test function and unknown."""
        scalars = self.scalars
        found = [
            (scalars.cells(name, tag), block)
            for tag, part in self._coefficients.items()
            for name, block in part.blocks.items()
        ]
        losses = self.discretization.problem.spin_losses
        return found + [(scalars.edge(tag), velocity * _SPIN) for tag, velocity in losses.items()]

    @property
    def is_of_one_film(self) -> bool:
        """Whether there are `kernels`: one film, in which diffusion has no direction."""
        return set(self._coefficients) == {None} and not {"stretch", "shear"} & set(self._coefficients[None].blocks)

    @property
    def _few(self) -> list[tuple[Entries, np.ndarray, float]]:
        """What there is at the border, as of `terms` on the rows of this rank, and -1 for skew matrices. Collective."""
        scalars, blocks = self.scalars, self._coefficients[None].blocks
        losses = self.discretization.problem.spin_losses
        return [
            (scalars.few_rows(name), blocks[name], -1.0 if name == "turn" else 1.0)
            for name in AT_BORDER
            if name in blocks
        ] + [(scalars.few_rows("edge", tag), velocity * _SPIN, 1.0) for tag, velocity in losses.items()]

    def kernels(self, free: np.ndarray) -> Kernels:
        """The operator unassembled, in the rows of this rank; where it `is_of_one_film`. Collective.

        Args:
            free: 1 for unknowns, 0 for fixed fields, shape (owned nodes, 4).
        """
        scalars, blocks, pattern, few = self.scalars, self._coefficients[None].blocks, self.scalars.known, self._few
        positions = [entries.positions for entries, *_ in few if entries.positions is not None]
        where, numbers = np.unique(np.concatenate([*positions, np.empty(0, int)]), return_inverse=True)
        extra, mirrored = np.zeros((2, len(where), FIELDS, FIELDS))
        first = 0
        for entries, block, sign in few:
            mine = numbers[first : first + len(entries.values)]
            extra[mine] += entries.values[:, None, None] * block
            mirrored[mine] += sign * entries.values[:, None, None] * block
            first += len(entries.values)
        rows, columns = pattern.rows_at(where), pattern.columns[where]
        # rows of other ranks, for the transposed matrix, of which they are columns
        across = columns >= len(free)
        return Kernels(
            starts=pattern.starts,
            columns=pattern.columns,
            scalars=scalars.rows(),
            blocks=np.array([blocks.get(name, np.zeros((FIELDS, FIELDS))) for name in BULK]),
            extra_rows=np.concatenate([rows, columns[across]]),
            extra_columns=np.concatenate([columns, rows[across]]),
            extra_blocks=np.concatenate([extra, mirrored[across]]),
            free=free,
        )

    def matrix(self, terminals: Terminals, *, blocked: bool) -> PETSc.Mat:
        """The assembled matrix, with a diagonal of 1 for fixed unknowns, in blocks of four or by entries. Collective.

        Every run on as many ranks gives the same digits.
        """
        scalars = self.scalars
        pattern, comm = scalars.owned, scalars.space.mesh.comm
        rows = scalars.space.dofmap.index_map
        terms = [(scalars.on_owned(entries), block) for entries, block in self.terms]
        values = filled(len(pattern.columns), terms)
        sizes = [(FIELDS * rows.size_local, FIELDS * rows.size_global)] * 2
        if blocked:
            csr = (pattern.starts, pattern.columns, values)
            matrix = PETSc.Mat().createBAIJ(sizes, FIELDS, csr=csr, comm=comm)
        else:
            shape = (FIELDS * rows.size_local, FIELDS * rows.size_global)
            local = bsr_array((values, pattern.columns, pattern.starts), shape=shape).tocsr()
            csr = (local.indptr, local.indices, local.data)
            matrix = PETSc.Mat().createAIJ(sizes, bsize=FIELDS, csr=csr, comm=comm)
        matrix.assemble()
        fixed = np.unique(terminals.fixed_rows) + FIELDS * rows.local_range[0]
        matrix.zeroRowsColumns(fixed.astype(PETSc.IntType), diag=1.0)
        return matrix

    def action(self, terminals: Terminals) -> Action | None:
        """As of `Operator`."""
        if not self.is_of_one_film:
            return None
        halo, free = self.scalars.halo, terminals.free_fields
        kernels = self.kernels(free)

        def product(columns: np.ndarray) -> np.ndarray:
            found = np.empty_like(columns)
            for k in range(columns.shape[1]):
                values = columns[:, k].reshape(-1, FIELDS)
                inner = free * values
                # fixed unknowns are their own equation, so that rounding in them does not go unseen
                found[:, k] = (kernels.product(halo.extended(inner)) + values - inner).ravel()
            return found

        return product

    @property
    def _drives(self) -> list[tuple[str, int | None, np.ndarray]]:
        """Matrices by name and tag, and what the electric field multiplies their products with 1 by, shape (4,)."""
        field, names = self.discretization.electric_field.value, ("mass", "border_x", "border_y")
        drives = [(tag, part.drive @ field) for tag, part in self._coefficients.items()]
        return [(n, tag, d) for tag, of_names in drives for n, d in zip(names, of_names, strict=True) if d.any()]

    def defect(self, u: fem.Function) -> np.ndarray:
        """The weak form of u, with what drives it, on the unknowns that this rank owns. Collective."""
        scalars, discretization = self.scalars, self.discretization
        nodes, rows = u.x.array.reshape(-1, FIELDS), u.function_space.dofmap.index_map
        sums = la.vector(rows, FIELDS)
        total, one = sums.array.reshape(-1, FIELDS), np.ones((len(nodes), 1))
        if not self.is_of_one_film:
            for entries, block in self.terms:
                total += scalars.product(entries, nodes @ block.T)
            for name, tag, drive in self._drives:
                total += scalars.product(scalars.cells(name, tag), one) * drive
        injection = float(discretization.injection.value)
        for tag, current in discretization.problem.spin_currents.items():
            total[:, 1:] -= scalars.product(scalars.edge(tag), one) * (injection * np.array(current))
        sums.scatter_reverse(la.InsertMode.add)
        owned = np.array(total[: rows.size_local])
        if self.is_of_one_film:
            known = scalars.halo.extended(nodes[: rows.size_local])
            owned += self.kernels(np.ones(owned.shape)).product(known)
            for name, _, drive in self._drives:
                owned += scalars.row_sums(name)[:, None] * drive
        return owned.ravel() if self._source is None else owned.ravel() + residual_vector(self._source)


def filled(count: int, terms: list[tuple[Entries, np.ndarray]]) -> np.ndarray:
    """The sum of terms, scalar entries times blocks of (4, 4), on a pattern: shape (count, 4, 4)."""
    values = np.zeros((count, FIELDS, FIELDS))
    everywhere = [(entries.values, block) for entries, block in terms if entries.positions is None]
    blocks = np.array([block.reshape(-1) for _, block in everywhere])
    for start in range(0, count, _CHUNK):
        part = slice(start, min(start + _CHUNK, count))
        if everywhere:
            entries = np.stack([v[part] for v, _ in everywhere], axis=1)
            np.matmul(entries, blocks, out=values[part].reshape(-1, FIELDS * FIELDS))
        for few, block in terms:
            if few.positions is not None:
                few.added(values[part], block, part)
    return values
