"""Checkpoints of a transient solve: a folder beside the output that holds all that the rest of the run depends on.

A checkpoint takes the place of the one before by a rename, so that a run killed at any moment leaves one that is whole.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from fem_rashba.mpi import on_root
from fem_rashba.results import store
from fem_rashba.results.archive import Reader
from fem_rashba.results.series import Row
from fem_rashba.results.solution import Solution
from fem_rashba.solvers.transient import Moment

NAME = "checkpoint.npz"
_NUMBERS = ("position", "level", "error", "steps", "rejected")


def folder_of(out: str | Path) -> Path:
    """OUT.partial."""
    target = Path(out).absolute()
    return target.with_name(f"{target.name}.partial")


def start(comm: MPI.Comm, folder: Path) -> None:
    """Makes the folder. Collective.

    Raises:
        ValueError: If there is something else at that path.
    """

    def make() -> None:
        if folder.exists() and any(path.name != f"{NAME}.tmp" for path in _content(folder)):
            raise ValueError(
                f"{str(folder)!r} exists and holds no checkpoint of fem-rashba; remove it or name another -o"
            )
        folder.mkdir(exist_ok=True)

    on_root(comm, make)


def write(folder: Path, solution: Solution, moment: Moment, rows: list[Row], run: dict[str, Any]) -> None:
    """Replaces the checkpoint. `run` says which run it belongs to. Collective."""
    solution.u.x.array[:] = moment.u
    about = {name: getattr(moment, name) for name in _NUMBERS} | {"scales": moment.scales.tolist()}
    text = json.dumps({"moment": about, "rows": rows, "run": run})
    temporary = folder / f"{NAME}.tmp"
    store.write(temporary, solution, {"transient": np.array(text)}, rate=moment.rate)

    def replace() -> None:
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(folder / NAME)

    on_root(solution.comm, replace)


def read(comm: MPI.Comm, folder: Path, run: dict[str, Any]) -> tuple[Solution, Moment, list[Row]] | None:
    """What `write` stored, on any number of ranks; None if there is no checkpoint. Collective.

    Raises:
        ValueError: If it is damaged, or belongs to another run.
    """
    path = folder / NAME
    if not on_root(comm, path.exists):
        return None
    file = Reader(comm, path, lambda error: _unreadable(path, error))
    try:
        about = json.loads(str(file.whole("transient")))
        _check(path, about["run"], run)
        solution = store.read(file)
        moment = Moment(
            **{name: about["moment"][name] for name in _NUMBERS},
            scales=np.array(about["moment"]["scales"]),
            u=solution.u.x.array.copy(),
            rate=store.function(file, "rate", solution.discretization).x.array.copy(),
        )
    finally:
        file.close()
    return solution, moment, about["rows"]


def _unreadable(path: Path, error: Exception) -> ValueError:
    return ValueError(f"the checkpoint {str(path)!r} cannot be read: {error}; remove it to start anew")


def _check(path: Path, found: dict[str, Any], run: dict[str, Any]) -> None:
    wanted = json.loads(json.dumps(run))
    if found != wanted:
        key = next((key for key in wanted if found.get(key) != wanted[key]), "the version")
        raise ValueError(
            f"the checkpoint in {str(path.parent)!r} belongs to a run with another {key}: finish that run, "
            "remove the folder, or name another -o"
        )


def _content(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else [folder]
