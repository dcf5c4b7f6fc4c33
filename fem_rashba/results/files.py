"""Solutions on disk: a folder that appears whole or not at all.

summary.json    every number        fields.pvd ...   ParaView, Lagrange cells of the solution's degree
solution.npz    the complete state  *.png            maps
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dolfinx import fem
from dolfinx.io import VTKFile
from mpi4py import MPI

from fem_rashba.mpi import on_root
from fem_rashba.results import store
from fem_rashba.results.archive import Reader
from fem_rashba.results.fields import WIDTHS, gathered_fields, nodal_function
from fem_rashba.results.solution import Solution
from fem_rashba.results.store import FORMAT
from fem_rashba.results.summary import summary

STATE = "solution.npz"
SUMMARY = "summary.json"


def save(
    solution: Solution,
    path: str | Path,
    *,
    fields: bool = True,
    plots: bool = True,
    config: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Writes a solution to the folder `path`. Collective.

    Args:
        solution: Of `solve` or `load`.
        path: A new folder, or one that fem_rashba wrote, which is then replaced as a whole.
        fields: Whether to write fields.pvd for ParaView.
        plots: Whether to draw maps.
        config: The resolved configuration, for summary.json.

    Returns:
        What summary.json holds, on every rank.

    Raises:
        ValueError: If `path` exists and is not such a folder.
        OSError: If it cannot be written; nothing is then left behind.
    """
    comm = solution.comm
    numbers = summary(solution, config)
    drawn = gathered_fields(solution) if plots else None
    with new_folder(comm, Path(path)) as folder:
        if fields:
            write_fields(solution, folder, "fields")
        store.write(folder / STATE, solution)
        on_root(comm, lambda: write_on_root(folder, numbers, drawn))
    return numbers


def load(path: str | Path, comm: MPI.Comm = MPI.COMM_WORLD) -> Solution:
    """The solution in a folder that `save` wrote, on any number of ranks. Collective.

    Raises:
        ValueError: If there is none, or it is damaged.
    """
    folder = Path(path)
    file = Reader(comm, folder / STATE, lambda error: _unreadable(folder, error))
    try:
        about = file.whole("about")
        try:
            version = json.loads(str(about))["format"]
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable(folder, error) from None
        if version != FORMAT:
            raise ValueError(f"{str(folder / STATE)!r} has format {version}; this version reads format {FORMAT}")
        return store.read(file)
    finally:
        file.close()


def check_target(path: str | Path) -> None:
    """Raises ValueError unless `path` is free or a folder that fem_rashba wrote, where one can write."""
    target = Path(path)
    if (target.exists() or target.is_symlink()) and not _is_ours(target):
        raise ValueError(f"{str(path)!r} exists and was not written by fem-rashba; name another output")
    parent = target.absolute().parent
    if not parent.is_dir():
        raise ValueError(f"the folder {str(parent)!r} of the output does not exist")
    if not os.access(parent, os.W_OK):
        raise ValueError(f"the folder {str(parent)!r} of the output cannot be written to")


def _is_ours(target: Path) -> bool:
    try:
        found = json.loads((target / SUMMARY).read_text())
        return "fem_rashba" in found["versions"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


@contextmanager
def new_folder(comm: MPI.Comm, target: Path) -> Iterator[Path]:
    """A temporary folder beside `target` that takes its place when all went well. Collective."""

    def create() -> Path:
        check_target(target)
        folder = target.absolute().parent / f".{target.name}.{os.getpid()}.tmp"
        folder.mkdir()
        return folder

    folder = on_root(comm, create)
    try:
        yield folder
        comm.barrier()
        on_root(comm, lambda: _replace(folder, target.absolute()))
    finally:
        if comm.rank == 0:
            shutil.rmtree(folder, ignore_errors=True)


def _replace(folder: Path, target: Path) -> None:
    if not target.exists():
        folder.rename(target)
        return
    old = folder.with_suffix(".old")
    target.rename(old)
    folder.rename(target)
    shutil.rmtree(old)


def write_on_root(folder: Path, numbers: dict[str, Any], drawn: Any) -> None:
    _check_fields(folder)
    (folder / SUMMARY).write_text(json.dumps(numbers, indent=1, allow_nan=False) + "\n")
    if drawn is not None:
        from fem_rashba.results.plot import plot_maps

        plot_maps(drawn, folder)


def write_fields(solution: Solution, folder: Path, stem: str) -> None:
    """STEM.pvd: all fields on Lagrange cells of the solution's degree. Collective."""
    packed = nodal_function(solution)
    mesh, degree = solution.device.mesh, solution.problem.degree
    columns = packed.x.array.reshape(-1, sum(WIDTHS.values()))
    functions, start = [], 0
    for name, width in WIDTHS.items():
        # ParaView takes vectors of three components
        shape = (3,) if width > 1 else ()
        function = fem.Function(fem.functionspace(mesh, ("Lagrange", degree, shape)), name=name)
        function.x.array.reshape(len(columns), -1)[:, :width] = columns[:, start : start + width]
        functions.append(function)
        start += width
    write_vtk(folder / f"{stem}.pvd", functions)


def write_vtk(path: Path, functions: list[fem.Function]) -> None:
    """A file for ParaView that is complete when any rank returns. Collective."""
    comm = functions[0].function_space.mesh.comm
    with VTKFile(comm, path, "w") as file:
        file.write_function(functions, 0.0)
    # each rank writes a piece of its own, and rank 0 looks at all of them next
    comm.barrier()


def _check_fields(folder: Path) -> None:
    """VTK's writer does not say when a disk is full: its files then have no end."""
    for path in (*folder.glob("*.vtu"), *folder.glob("*.pvtu"), *folder.glob("*.pvd")):
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 100))
            if b"</VTKFile>" not in file.read():
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def _unreadable(folder: Path, error: Exception) -> ValueError:
    if folder.is_file():
        other = "; plot draws such files, and fields takes that of a sweep" if folder.suffix == ".nc" else ""
        return ValueError(f"{str(folder)!r} is a file; this needs the folder that run wrote{other}")
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return ValueError(f"{str(folder)!r} holds no solution of fem-rashba: there is no {STATE} in it")
    return ValueError(f"{str(folder / STATE)!r} cannot be read: {error}")
