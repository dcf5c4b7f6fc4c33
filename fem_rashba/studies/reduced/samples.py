"""The samples of a reduced sweep on disk: what one that was killed goes on from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fem_rashba.mpi import on_root
from fem_rashba.solvers.reduced.model import Reduced


class Samples:
    """The samples on disk, beside the journal's header: what a sweep that was killed goes on from.

    OUT.part/sample-N.npz has the solutions at point N cell by cell, so that any number of ranks reads them.
    """

    def __init__(self, folder: Path, model: Reduced) -> None:
        self._folder, self._model = folder, model
        mesh = model.discretization.space.mesh
        self._cells = mesh.topology.original_cell_index
        self._owned = mesh.topology.index_map(2).size_local
        self._dofs = model.discretization.space.dofmap.list

    def _path(self, point: int) -> Path:
        return self._folder / f"sample-{point}.npz"

    def write(self, point: int, found: list[np.ndarray]) -> None:
        """Collective."""
        model = self._model
        functions = model.space.functions(np.concatenate(found, axis=1))
        parts = model.comm.gather((self._cells[: self._owned], functions[self._dofs[: self._owned]]))

        def store() -> None:
            assert parts is not None
            order = np.argsort(np.concatenate([cells for cells, _ in parts]))
            temporary = self._folder / f"sample-{point}.tmp"
            values = np.concatenate([values for _, values in parts])[order]
            with temporary.open("wb") as file:
                np.savez(file, values=values, counts=[columns.shape[1] for columns in found])
            temporary.replace(self._path(point))

        on_root(model.comm, store)

    def read(self, point: int) -> list[np.ndarray] | None:
        """Collective."""
        stored = on_root(self._model.comm, lambda: self._stored(point))
        if stored is None:
            return None
        values, counts = stored
        functions = np.zeros((self._model.pieces.local, *values.shape[2:]))
        functions[self._dofs[: len(self._cells)]] = values[self._cells]
        return np.split(self._model.space.coordinates(functions), np.cumsum(counts)[:-1], axis=1)

    def _stored(self, point: int) -> tuple[np.ndarray, np.ndarray] | None:
        if not self._path(point).exists():
            return None
        with np.load(self._path(point), allow_pickle=False) as stored:
            return np.asarray(stored["values"]), np.asarray(stored["counts"])
