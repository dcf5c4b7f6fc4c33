"""The points of a sweep that are done, in a folder beside the output: what a sweep that was killed goes on from.

    OUT.part/sweep.json     what is swept, and everything that the numbers depend on
    OUT.part/points-N.jsonl one line for each point that rank N has done, on disk before the next point begins

The last line of a file may be cut short by a kill; it is then left out and its point is solved again.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from mpi4py import MPI

from fem_rashba.mpi import on_root
from fem_rashba.studies.record import Row

HEADER = "sweep.json"


def folder_of(out: str | Path) -> Path:
    """OUT.part."""
    target = Path(out).absolute()
    return target.with_name(f"{target.name}.part")


def begin(folder: Path, header: dict[str, Any]) -> tuple[dict[str, Any], dict[int, Row], IO[str]]:
    """Makes the folder, or finds what is done in it. On one rank.

    Args:
        folder: Of `folder_of`.
        header: "identity" is everything that the numbers depend on; the rest may differ from time to time.

    Returns:
        The header with which the sweep began, the rows by point, and the header's open file, which keeps other
        processes out while it is open.

    Raises:
        ValueError: If the folder is none of ours, belongs to another sweep, or another process works in it.
    """
    if (folder.exists() or folder.is_symlink()) and not _is_ours(folder):
        raise ValueError(f"{str(folder)!r} exists and holds no sweep of fem-rashba; remove it or name another -o")
    folder.mkdir(exist_ok=True)
    path = folder / HEADER
    if not path.exists():
        temporary = folder / f"{HEADER}.tmp"
        with temporary.open("w") as file:
            _put(file, json.dumps(header))
        temporary.replace(path)
    held = path.open()
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # a file system without locks is no reason not to compute
        if error.errno in (errno.EAGAIN, errno.EACCES):
            held.close()
            raise ValueError(
                f"another process is working on the sweep in {str(folder)!r}; wait for it, or end it"
            ) from None
    found = header_in(folder)
    _check_same(folder, found["identity"], json.loads(json.dumps(header["identity"])))
    return found, rows(folder), held


@contextmanager
def working(
    comm: MPI.Comm, folder: Path, header: dict[str, Any], is_begun: Callable[[], bool]
) -> Iterator[tuple[dict[str, Any], dict[int, Row]]]:
    """The header and the rows of `begin` on every rank, with the folder held meanwhile. Collective.

    A ValueError before anything is done (`is_begun` tells, on rank 0) leaves nothing behind.
    """
    held: IO[str] | None = None

    def begun() -> tuple[dict[str, Any], dict[int, Row]]:
        nonlocal held
        found, done, held = begin(folder, header)
        return found, done

    try:
        yield on_root(comm, begun)
    except ValueError:
        if comm.rank == 0 and held is not None and not is_begun():
            end(folder)
        raise
    finally:
        if held is not None:
            held.close()


def header_in(folder: Path) -> dict[str, Any]:
    """The header with which the sweep in a folder began.

    Raises:
        ValueError: If it is damaged.
    """
    try:
        found = json.loads((folder / HEADER).read_text())
        return {name: found[name] for name in ("identity", "attributes", "axes")}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{str(folder / HEADER)!r} cannot be read: {error}; remove the folder to start anew") from None


def rows(folder: Path) -> dict[int, Row]:
    """The rows of the points that are done."""
    result = {}
    for path in sorted(folder.glob("points-*.jsonl")):
        for line in path.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                point, row = json.loads(line)
                result[point] = row
    return result


class Pages:
    """The file of a rank, to which it adds its points."""

    def __init__(self, folder: Path, rank: int) -> None:
        path = folder / f"points-{rank}.jsonl"
        if path.exists():
            whole = path.read_bytes()
            with path.open("rb+") as file:
                file.truncate(whole.rfind(b"\n") + 1)
        self._file = path.open("a")

    def add(self, point: int, row: Row) -> None:
        """Write a row; it is on disk when this returns."""
        _put(self._file, json.dumps([point, row], allow_nan=False) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def end(folder: Path) -> None:
    """Remove the folder."""
    shutil.rmtree(folder, ignore_errors=True)


def _put(file: IO[str], text: str) -> None:
    file.write(text)
    file.flush()
    os.fsync(file.fileno())


def _is_ours(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    names = {path.name for path in folder.iterdir()} - {f"{HEADER}.tmp"}
    return HEADER in names or not names


def _check_same(folder: Path, found: Any, wanted: Any) -> None:
    if found == wanted:
        return
    where, before, now = difference(found, wanted)
    raise ValueError(
        f"{str(folder)!r} belongs to a sweep with {where} = {before}, not {now}: finish that one, remove the folder, "
        "or name another -o"
    )


def difference(found: Any, wanted: Any, where: str = "") -> tuple[str, str, str]:
    """Where two identities differ first, and what they have there."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in dict.fromkeys([*wanted, *found]):
            if found.get(key) != wanted.get(key):
                return difference(found.get(key), wanted.get(key), f"{where}.{key}".lstrip("."))
    texts = [json.dumps(value) for value in (found, wanted)]
    short = [text if len(text) <= 60 else f"{text[:57]}..." for text in texts]
    return where, short[0], short[1]
