"""Many points: shared among the ranks or solved by all of them, each written down as soon as it is done."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import xarray as xr
from mpi4py import MPI

from fem_rashba.mpi import PATIENCE, on_all, on_root, together
from fem_rashba.solvers.linear import ConvergenceError
from fem_rashba.studies import journal, sweep_file
from fem_rashba.studies.plan import Axis
from fem_rashba.studies.record import Row, failure

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Points:
    """What is done at a point; each is collective on the ranks that share it.

    Attributes:
        check: Raises ValueError for a point that cannot be solved.
        solve: The row of a point, from `record`, or a `ConvergenceError`.
        label: The values at a point in words, not collective.
        order: The points in the order in which they are best solved.
        begin: Called on rank 0 when all points are found valid, before the first is solved.
        kept: Whether what `solve` writes of a point is there, apart from its row. On rank 0.
    """

    check: Callable[[int], None]
    solve: Callable[[int], Row]
    label: Callable[[int], str]
    order: Sequence[int]
    begin: Callable[[], None] = lambda: None
    kept: Callable[[int], bool] = lambda point: True


def sweep(
    axes: Sequence[Axis],
    points: Points,
    out: str | Path,
    *,
    identity: dict[str, Any],
    attributes: dict[str, str],
    comm: MPI.Comm,
    shared: bool,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Solves all points that are not done yet and writes the file. Collective.

    Args:
        axes: What is swept.
        points: What is done at a point: by each rank for itself if `shared`, else collectively.
        out: The NetCDF file. Until the end what is done is in OUT.part, from which the same call goes on.
        identity: Everything that the numbers depend on; a folder OUT.part with another one is refused.
        attributes: Of the file, as they are when the sweep begins.
        comm: All ranks.
        shared: Whether the points are shared among the ranks.
        progress: Called with what is going on.

    Returns:
        The dataset, on every rank.

    Raises:
        ValueError: For a wrong value at some point; no point is then solved.
        OSError: If something cannot be written.
    """
    target, folder = Path(out), journal.folder_of(out)
    say = progress or (lambda text: None)
    header = {"identity": identity, "attributes": attributes, "axes": [asdict(axis) for axis in axes]}
    on_root(comm, lambda: sweep_file.check_target(target))
    with journal.working(comm, folder, header, lambda: bool(journal.rows(folder))) as (found, every):
        kept = on_root(comm, lambda: {point for point, row in every.items() if row["message"] or points.kept(point)})
        done = {point: every[point] for point in kept}
        todo = [point for point in points.order if point not in done]
        own = todo[comm.rank :: comm.size] if shared else todo
        say(f"checking {len(own)} points")
        _check(comm, shared, points, own)
        on_root(comm, points.begin)
        rows = _solved(comm, points, folder, own, shared, say)
        for other in comm.allgather(rows):
            done |= other
        result = sweep_file.dataset(axes, done, found["attributes"])
        say("writing")
        on_root(comm, lambda: finish(target, result, folder))
    return result


def _check(comm: MPI.Comm, shared: bool, points: Points, own: Sequence[int]) -> None:
    def check() -> None:
        for point in own:
            points.check(point)

    if shared:
        on_all(comm, check)
    else:  # which is collective already
        check()


def finish(target: Path, found: xr.Dataset, folder: Path) -> None:
    """Writes the file and removes what was kept for a kill. On one rank."""
    sweep_file.write(target, found)
    journal.end(folder)


def _solved(
    comm: MPI.Comm, points: Points, folder: Path, own: Sequence[int], shared: bool, say: Progress
) -> dict[int, Row]:
    writer = shared or comm.rank == 0
    pages = journal.Pages(folder, comm.rank) if writer else None
    rows = {}
    for number, point in enumerate(own, start=1):
        say(f"point {number} of {len(own)}{' of this rank' if shared and comm.size > 1 else ''}: {points.label(point)}")
        rows[point] = _row(comm, points, folder, point, shared)
        if pages is not None:
            pages.add(point, rows[point])
    if pages is not None:
        pages.close()
    return rows


def _row(comm: MPI.Comm, points: Points, folder: Path, point: int, shared: bool) -> Row:
    """The row of a point, also of one that could not be solved.

    Raises:
        ConvergenceError: If one rank of those that share the point fails, and others wait for it elsewhere.
    """
    error = None
    try:
        row = points.solve(point)
    except ConvergenceError as raised:
        error = raised
        row = failure(str(error))
    if shared:
        return row
    if error is not None and not together(comm, PATIENCE):
        # all ranks are about to be ended: the same command then goes on after this point
        pages = journal.Pages(folder, comm.rank)
        pages.add(point, row)
        pages.close()
        raise ConvergenceError(
            f"at {points.label(point)} one rank failed alone: {error}; the same command goes on after this point"
        )
    if error is None:
        together(comm, math.inf)
    rows = comm.allgather(row)
    return next((own for own in rows if own["message"]), row)


def read(path: str | Path) -> xr.Dataset:
    """The dataset in the file of a sweep or, while that is not there yet, what is done so far, NaN elsewhere.

    Raises:
        ValueError: If there is no sweep at that path.
    """
    folder = journal.folder_of(path)
    if Path(path).exists() or not (folder / journal.HEADER).exists():
        found = sweep_file.read(path)
        if "fieldlike" not in found:
            raise ValueError(f"{str(path)!r} must be a file that sweep wrote")
        return found
    header = journal.header_in(folder)
    axes = [
        Axis(
            path=tuple(own["path"]),
            name=own["name"],
            values=tuple(own["values"]),
            numbers=None if own["numbers"] is None else tuple(own["numbers"]),
            unit=own["unit"],
        )
        for own in header["axes"]
    ]
    return sweep_file.dataset(axes, journal.rows(folder), header["attributes"])


def failed(found: xr.Dataset) -> list[str]:
    """The messages of the points that could not be solved."""
    return [str(text) for text in found["message"].values.ravel() if text]
