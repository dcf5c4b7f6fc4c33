"""A sweep by a reduced basis: few points are solved, those where the error bound is worst; it says when to stop.

The accuracy is that of the average torque and spin density, relative to their largest values over the directions of m
at the same film and drive; of the largest current, the voltages and the mean current, relative to these at the point;
and, if maps are wanted, of S, root mean square over the film.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from mpi4py import MPI

from fem_rashba.mpi import on_root
from fem_rashba.solvers.linear import ConvergenceError
from fem_rashba.solvers.reduced_points import Found
from fem_rashba.studies import journal, sweep_file
from fem_rashba.studies.plan import Axis
from fem_rashba.studies.record import Row
from fem_rashba.studies.reduced_rows import Cases
from fem_rashba.studies.reduced_samples import Samples
from fem_rashba.studies.surrogate import Surrogate, Wanted
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
    keep_solution: Callable[[Surrogate, int, Found], None] | None,
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
        keep_solution: Writes the solution of a point; None if none is wanted.
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
    held = None

    def begin() -> dict[str, Any]:
        nonlocal held
        found, _, held = journal.begin(folder, header)
        return found

    try:
        began = on_root(comm, begin)
        surrogate = Surrogate(cases(), wanted)
        samples = Samples(folder, surrogate.model)
        surrogate.train(samples.read, samples.write, say)
        points = np.arange(len(surrogate.points))
        found = surrogate.everywhere()
        rows = surrogate.outputs.rows(found, points, surrogate.spin_bound(found))
        say("checking the bound against full solves")
        checked = _checked(surrogate, rows, full)
        if keep_solution is not None:
            for point in points:
                say(f"writing solution {point + 1} of {len(points)}")
                keep_solution(surrogate, int(point), found)
        about = began["attributes"] | _about(surrogate, found, checked)
        result = sweep_file.dataset(axes, dict(enumerate(rows)), about)
        say("writing")
        on_root(comm, lambda: finish(target, result, folder))
    except ValueError:
        if comm.rank == 0 and held is not None and not any(folder.glob("sample-*")):
            journal.end(folder)
        raise
    finally:
        if held is not None:
            held.close()
    return result


def _checked(surrogate: Surrogate, rows: list[Row], full: Callable[[int], tuple[Row, np.ndarray]]) -> list[int]:
    """Solves some points in full, enters the errors that are found into their rows, and returns which. Collective."""
    others = np.setdiff1d(np.arange(len(rows)), surrogate.samples)
    if not len(others):
        return []
    chosen = np.random.default_rng(1).choice(others, size=min(CHECKS, len(others)), replace=False)
    for point in map(int, chosen):
        row, nodes = full(point)
        mine = rows[point]
        error = np.linalg.norm(np.subtract(mine["torque_average_density"], row["torque_average_density"]))
        mine["torque_error_found"] = float(error)
        mine["spin_map_error_found"] = surrogate.distance(point, nodes)
        # what the solver leaves is no error of the basis
        rounding = 1e-8 * np.linalg.norm(row["torque_average_density"])
        if error > mine["torque_error_bound"] + rounding and surrogate.is_certified:
            raise ConvergenceError(
                f"the torque of point {point + 1} differs from that of a full solve by {error:.2g} eV/nm^2, more than "
                f"its bound, {mine['torque_error_bound']:.2g}; use method = 'full', and report this"
            )
    return sorted(map(int, chosen))


def _about(surrogate: Surrogate, found: Found, checked: list[int]) -> dict[str, str]:
    """What the file says of the basis."""
    bound = _CERTIFIED if surrogate.is_certified else _ESTIMATED
    return {
        "reduced_bound": bound,
        "reduced_accuracy": f"{surrogate.wanted.accuracy:g}",
        "reduced_coercivity": f"{surrogate.points.coercivity.min():.3g}",
        "reduced_solves": str(len(surrogate.samples)),
        "reduced_samples": " ".join(str(point + 1) for point in surrogate.samples),
        "reduced_checked": " ".join(str(point + 1) for point in checked),
        "reduced_size": f"{surrogate.model.primal.size} and {surrogate.model.adjoint_size} adjoint functions",
    }
