"""What a transient solve reports at every time, and the NetCDF file with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import ufl
import xarray as xr
from dolfinx import fem
from mpi4py import MPI
from scipy.io import netcdf_file

from fem_rashba.physics import equations
from fem_rashba.physics.motion import rate_field
from fem_rashba.results.integrals import integrands, summed
from fem_rashba.results.torque import torque_of
from fem_rashba.solvers.clock import Clock
from fem_rashba.solvers.discretization import CellIntegrals, split
from fem_rashba.solvers.evolution import Evolution
from fem_rashba.solvers.transient import Moment
from fem_rashba.units import AMPERE_PER_RATE

SERIES = "series.nc"
"""The file in a folder."""

VARIABLES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "time": ((), "ps", "time"),
    "step": ((), "ps", "length of the step that ends here"),
    "error": (
        (),
        "1",
        "estimated error of the step over the tolerance; with fixed steps, relative to the largest norm",
    ),
    "voltage": (("terminal",), "V", "voltage of a contacted terminal"),
    "current": (("terminal",), "A", "conventional current into the film, storage at the terminal included"),
    "spin_density": (("component",), "nm^-2", "average of dS"),
    "torque_average_density": (("component",), "eV nm^-2", "average torque on the magnetization"),
    "torque_total": (("component",), "eV", "total torque on the magnetization"),
    "fieldlike": ((), "eV nm^-2", "average of the torque along e x m"),
    "dampinglike": ((), "eV nm^-2", "average of the torque along m x (e x m)"),
    "charge_current": (("direction",), "A/m", "average electric sheet current density"),
    "balance_charge": ((), "1", "defect of currents against the storage of charge, over the largest current"),
    "balance_spin": ((), "1", "defect of the spin balance with fluxes from the fields, over its largest term"),
}
"""Dimensions besides time, unit and meaning of each variable of the file."""

Row = dict[str, Any]


class Recorder:
    """Computes a row of the time series; every form is compiled once.

    Args:
        evolution: Of the problem.
        clock: Of the solve.
        axis: e of the torque's decomposition, or None.
    """

    def __init__(self, evolution: Evolution, clock: Clock, axis: np.ndarray | None) -> None:
        self._evolution, self._clock, self._axis = evolution, clock, axis
        d = self._discretization = evolution.discretization
        self._u, self._rate = fem.Function(d.space), fem.Function(d.space)
        inner = integrands(d, self._u)
        self._count = len(inner)
        self._inner = CellIntegrals(d, [*inner, *self._stored()])
        n, S = split(self._u)
        J = equations.spin_current(d.coefficients, n, S, d.magnetization, d.electric_field)
        normal = ufl.FacetNormal(d.space.mesh)
        self._edge = CellIntegrals(d, [normal[0] * J[0][i] + normal[1] * J[1][i] for i in range(3)], "ds")

    def _stored(self) -> list[Any]:
        """dn/dt, then the three components of what the spin balance stores, pumping included."""
        d = self._discretization
        c, (n, S) = d.coefficients, split(self._rate)
        m_rate = rate_field(d.problem.magnetization, ufl.SpatialCoordinate(d.space.mesh), d.parameters, d.functions)
        axes = [ufl.as_vector([float(i == k) for k in range(3)]) for i in range(3)]
        spin = [equations.storage(c, n, S, 0, v, d.magnetization) for v in axes]
        if m_rate is not None:
            spin = [term + equations.pumping(c, v, m_rate) for term, v in zip(spin, axes, strict=True)]
        return [n, *spin]

    def row(self, moment: Moment, step: float) -> Row:
        """The numbers at a moment, by the names of `VARIABLES`. Collective."""
        evolution, d = self._evolution, self._discretization
        time = self._clock.time(moment.position)
        inflows = evolution.inflows(moment.u, moment.rate, time)
        evolution.terminals.read_levels(moment.u)
        self._u.x.array[:], self._rate.x.array[:] = moment.u, moment.rate
        by_cell = self._inner()
        found = summed(d, by_cell[:, : self._count])
        comm = d.space.mesh.comm
        stored = np.asarray(comm.allreduce(by_cell[:, self._count :].sum(axis=0), op=MPI.SUM))
        edge = np.asarray(comm.allreduce(self._edge().sum(axis=0), op=MPI.SUM))
        torque = torque_of(found, self._axis, d.problem.film, {})
        return {
            "time": time,
            "step": step,
            "error": moment.error,
            "voltage": list(evolution.terminals.voltages.values()),
            "current": [-AMPERE_PER_RATE * float(rate) for rate in inflows],
            "spin_density": (found.spin_density / found.area).tolist(),
            "torque_average_density": torque.average_density.tolist(),
            "torque_total": torque.total.tolist(),
            "fieldlike": _number(torque.fieldlike),
            "dampinglike": _number(torque.dampinglike),
            "charge_current": (-1e9 * AMPERE_PER_RATE * found.charge_current / found.area).tolist(),
            "balance_charge": _share(float(inflows.sum() - stored[0]), np.append(inflows, stored[0])),
            "balance_spin": _share(
                edge + found.spin_balance.sum(axis=0) + stored[1:], np.vstack([found.spin_balance, edge, stored[1:]])
            ),
        }


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _share(defect: Any, terms: np.ndarray) -> float:
    largest = float(np.abs(terms).max(initial=0.0))
    return float(np.abs(defect).max()) / largest if largest > 0 else float("nan")


def write_netcdf(path: Path, rows: list[Row], terminals: list[str], attributes: dict[str, str]) -> None:
    """Writes a series as a NetCDF file (the classic format, 64-bit offsets), every variable along time."""
    with netcdf_file(path, "w", version=2) as file:
        for name, text in attributes.items():
            setattr(file, name, text.encode())
        file.createDimension("time", len(rows))
        labels = {"terminal": terminals, "component": ["x", "y", "z"], "direction": ["x", "y"]}
        for dimension, names in labels.items():
            if not names:
                continue
            file.createDimension(dimension, len(names))
            width = max(len(name.encode()) for name in names)
            file.createDimension(f"{dimension}_length", width)
            label = file.createVariable(dimension, "c", (dimension, f"{dimension}_length"))
            label[:] = np.array([list(name.encode().ljust(width)) for name in names], np.uint8).view("S1")
        for name, (dimensions, unit, meaning) in VARIABLES.items():
            if "terminal" in dimensions and not terminals:
                continue
            variable = file.createVariable(name, "d", ("time", *dimensions))
            variable.units, variable.long_name = unit.encode(), meaning.encode()
            variable[:] = np.array([row[name] for row in rows])


def is_series(path: str | Path) -> bool:
    """Whether a file has the format of `write_netcdf`, which is not that of sweeps."""
    try:
        with Path(path).open("rb") as file:
            return file.read(3) == b"CDF"
    except OSError:
        return False


def read_series(path: Path) -> xr.Dataset:
    """The series in a file that `write_netcdf` wrote.

    Raises:
        ValueError: If it is none.
    """
    try:
        with xr.open_dataset(path, engine="scipy") as file:
            found = file.load()
    except (OSError, ValueError, TypeError, IndexError):
        found = xr.Dataset()
    if not {"time", "fieldlike"} <= set(found.variables):
        raise ValueError(f"{str(path)!r} is not a series in time that fem-rashba wrote")
    for name in set(found.coords) - {"time"}:
        found[name] = [label.decode() if isinstance(label, bytes) else str(label) for label in found[name].values]
    return found
