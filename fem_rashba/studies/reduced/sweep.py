"""A sweep by reduced bases: few points are solved, those where the error bound is worst; it says when to stop.

The accuracy is that of the average torque and spin density, relative to their largest values over the directions of m
at the same film and drive; of the largest current, the voltages and the mean current, relative to these at the point;
and, if maps are wanted, of S, root mean square over the film.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from mpi4py import MPI

from fem_rashba.mpi import on_root
from fem_rashba.solvers.linear import ConvergenceError
from fem_rashba.solvers.reduced.points import Found
from fem_rashba.studies import journal, sweep_file
from fem_rashba.studies.plan import Axis
from fem_rashba.studies.record import Row
from fem_rashba.studies.reduced.parts import Part, trained
from fem_rashba.studies.reduced.rows import Cases
from fem_rashba.studies.reduced.samples import Samples
from fem_rashba.studies.reduced.surrogate import Surrogate, Wanted
from fem_rashba.studies.sweep import Progress, finish

_CERTIFIED = (
    "certified: the coercivity is the least eigenvalue of the symbol; against the finite-element solution on the mesh"
)
_ESTIMATED = (
    "estimated: the coercivity is half the least found at six points, as edges that are no spin sinks, and regions of "
    "different films, have no symbol; against the finite-element solution on the mesh"
)

CHECKS = 3
"""Points that are solved in full, to hold the bound against."""


def reduced_sweep(
    axes: Sequence[Axis],
    cases: Callable[[], Cases],
    wanted: Wanted,
    out: str | Path,
    *,
    full: Callable[[int], tuple[Row, np.ndarray]],
    keep_solution: Callable[[Surrogate, int, int, Found], None] | None,
    identity: dict[str, Any],
    attributes: dict[str, str],
    comm: MPI.Comm,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Finds all points of a sweep from few solves, and writes the file. Collective.

    Args:
        axes: What is swept.
        cases: Makes the points, on the mesh that they share.
        wanted: How accurate they are to be.
        out: The NetCDF file. Until the end the samples are in OUT.part, from which the same call goes on.
        full: The row of a point by a solve of its own, and its function at the local nodes, shape (local, 4).
        keep_solution: Writes the solution of a point, by its number in the sweep and in the model; None if none is
            wanted.
        identity, attributes, comm, progress: As of `sweep`.

    Returns:
        The dataset, on every rank.

    Raises:
        ValueError: For a wrong value, or points that do not share a basis.
        ConvergenceError: If the accuracy cannot be reached, or a full solve contradicts the bound.
    """
    target, folder = Path(out), journal.folder_of(out)
    say = progress or (lambda text: None)
    header = {"identity": identity, "attributes": attributes, "axes": [asdict(axis) for axis in axes]}
    on_root(comm, lambda: sweep_file.check_target(target))
    with journal.working(comm, folder, header, lambda: any(folder.glob("sample-*"))) as (began, _):
        made = cases()
        rows: list[Row] = [{} for _ in range(len(made))]
        said: list[_Part] = []
        drawn = np.random.default_rng(1).choice(len(made), size=min(CHECKS, len(made)), replace=False)
        for part in trained(made, wanted, partial(_kept, folder), partial(_keep, folder), say):
            surrogate, count = part.surrogate, len(part.points)
            found = surrogate.everywhere()
            for point, row in zip(
                part.points, surrogate.outputs.rows(found, np.arange(count), surrogate.spin_bound(found)), strict=True
            ):
                rows[point] = row
            say("checking the bound against full solves")
            due = int(np.isin(drawn, part.points).sum()) + sum(own.missed for own in said[-1:])
            checked = _checked(part, rows, full, due)
            said.append(_said(part, checked, due))
            if keep_solution is not None:
                for place, point in enumerate(part.points):
                    say(f"writing solution {point + 1} of {len(made)}")
                    keep_solution(surrogate, int(point), place, found)
        about = began["attributes"] | _about(said, wanted)
        result = sweep_file.dataset(axes, dict(enumerate(rows)), about)
        say("writing")
        on_root(comm, lambda: finish(target, result, folder))
    return result


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What the file says of a part: whether its bound is certified, points by number, and sizes of the bases.

    `missed` is the number of checks for which there was no point that had not been solved.
    """

    is_certified: bool
    coercivity: float
    samples: list[int]
    checked: list[int]
    missed: int
    sizes: tuple[int, int]


def _kept(folder: Path, surrogate: Surrogate, point: int) -> list[np.ndarray] | None:
    return Samples(folder, surrogate.model).read(point)


def _keep(folder: Path, surrogate: Surrogate, point: int, found: list[np.ndarray]) -> None:
    Samples(folder, surrogate.model).write(point, found)


def _checked(part: Part, rows: list[Row], full: Callable[[int], tuple[Row, np.ndarray]], count: int) -> list[int]:
    """Solves some points in full, enters the errors that are found into their rows, and returns which. Collective."""
    surrogate = part.surrogate
    others = np.setdiff1d(np.arange(len(part.points)), surrogate.samples)
    if not count or not len(others):
        return []
    chosen = np.sort(np.random.default_rng(1).choice(others, size=min(count, len(others)), replace=False))
    for place in map(int, chosen):
        point = int(part.points[place])
        row, nodes = full(point)
        mine = rows[point]
        error = np.linalg.norm(np.subtract(mine["torque_average_density"], row["torque_average_density"]))
        mine["torque_error_found"] = float(error)
        mine["spin_map_error_found"] = surrogate.distance(place, nodes)
        # what the solver leaves is no error of the basis
        rounding = 1e-8 * np.linalg.norm(row["torque_average_density"])
        if error > mine["torque_error_bound"] + rounding and surrogate.is_certified:
            raise ConvergenceError(
                f"the torque of point {point + 1} differs from that of a full solve by {error:.2g} eV/nm^2, more than "
                f"its bound, {mine['torque_error_bound']:.2g}; use method = 'full', and report this"
            )
    return [int(point) for point in part.points[chosen]]


def _said(part: Part, checked: list[int], due: int) -> _Part:
    surrogate = part.surrogate
    return _Part(
        is_certified=surrogate.is_certified,
        coercivity=float(surrogate.points.coercivity.min()),
        samples=[int(part.points[point]) for point in surrogate.samples],
        checked=checked,
        missed=due - len(checked),
        sizes=(surrogate.model.primal.size, surrogate.model.adjoint_size),
    )


def _about(parts: list[_Part], wanted: Wanted) -> dict[str, str]:
    """What the file says of the bases."""
    samples, checked = ([p for part in parts for p in getattr(part, name)] for name in ("samples", "checked"))
    primal, adjoint = np.max([part.sizes for part in parts], axis=0)
    each = f"{len(parts)} bases, the largest with " if len(parts) > 1 else ""
    return {
        "reduced_bound": _CERTIFIED if all(part.is_certified for part in parts) else _ESTIMATED,
        "reduced_accuracy": f"{wanted.accuracy:g}",
        "reduced_coercivity": f"{min(part.coercivity for part in parts):.3g}",
        "reduced_solves": str(len(samples)),
        "reduced_samples": " ".join(str(point + 1) for point in samples),
        "reduced_checked": " ".join(str(point + 1) for point in sorted(checked)),
        "reduced_size": f"{each}{primal} and {adjoint} adjoint functions",
    }
