"""Checkpoints of a transient solve: a folder beside the output that holds all that the rest of the run depends on.

A checkpoint takes the place of the one before by a rename, so that a run killed at any moment leaves one that is whole.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from fem_rashba.mpi import on_root
from fem_rashba.results.series import Row
from fem_rashba.results.solution import Solution
from fem_rashba.results.store import Arrays, pack, unpack, unpacked
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
    arrays = pack(solution, rate=moment.rate)
    about = {name: getattr(moment, name) for name in _NUMBERS} | {"scales": moment.scales.tolist()}
    text = json.dumps({"moment": about, "rows": rows, "run": run})

    def store() -> None:
        assert arrays is not None  # on the root
        temporary = folder / f"{NAME}.tmp"
        with temporary.open("wb") as file:
            np.savez(file, **(arrays | {"transient": np.array(text)}))  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / NAME)

    on_root(solution.comm, store)


def read(comm: MPI.Comm, folder: Path, run: dict[str, Any]) -> tuple[Solution, Moment, list[Row]] | None:
    """What `write` stored, on any number of ranks; None if there is no checkpoint. Collective.

    Raises:
        ValueError: If it is damaged, or belongs to another run.
    """
    arrays = on_root(comm, lambda: _arrays(folder / NAME, run))
    if arrays is None:
        return None
    solution = unpack(comm, arrays)
    about = json.loads(str(arrays["transient"]))
    moment = Moment(
        **{name: about["moment"][name] for name in _NUMBERS},
        scales=np.array(about["moment"]["scales"]),
        u=solution.u.x.array.copy(),
        rate=unpacked(solution.discretization, arrays["rate"]).x.array.copy(),
    )
    return solution, moment, about["rows"]


def _arrays(path: Path, run: dict[str, Any]) -> Arrays | None:
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
        found = json.loads(str(arrays["transient"]))["run"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"the checkpoint {str(path)!r} cannot be read: {error}; remove it to start anew") from None
    wanted = json.loads(json.dumps(run))
    if found != wanted:
        key = next((key for key in wanted if found.get(key) != wanted[key]), "the version")
        raise ValueError(
            f"the checkpoint in {str(path.parent)!r} belongs to a run with another {key}: finish that run, "
            "remove the folder, or name another -o"
        )
    return arrays


def _content(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else [folder]
