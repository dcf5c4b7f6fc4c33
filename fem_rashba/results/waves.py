"""Spin waves: what is printed, and a folder with their fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dolfinx import fem

from fem_rashba.mpi import on_root
from fem_rashba.results.files import SUMMARY, new_folder, write_vtk
from fem_rashba.results.summary import versions
from fem_rashba.solvers.discretization import FIELDS
from fem_rashba.solvers.modes import Modes


def report(modes: Modes) -> dict[str, Any]:
    """rates_per_ps, frequencies_per_ps (angular, of the pair +-) and relative residuals, as plain data."""
    return {
        "rates_per_ps": modes.rates.tolist(),
        "frequencies_per_ps": modes.frequencies.tolist(),
        "residuals": modes.residuals.tolist(),
    }


def save_waves(modes: Modes, path: str | Path) -> None:
    """Writes a folder with summary.json and modes.pvd: n and S of each wave, real and imaginary part. Collective.

    The amplitude is arbitrary: the largest nodal value of a wave is 1.

    Raises:
        ValueError: If `path` exists and was not written by this program.
        OSError: If it cannot be written; nothing is then left behind.
    """
    mesh = modes.discretization.space.mesh
    degree = modes.discretization.problem.degree
    functions = []
    for number, pair in enumerate(modes.functions):
        for part in pair:
            values = part.x.array.reshape(-1, FIELDS)
            for name, columns in (("n", values[:, :1]), ("S", values[:, 1:])):
                shape = () if name == "n" else (3,)
                label = f"{name}_{number}_{part.name}"
                function = fem.Function(fem.functionspace(mesh, ("Lagrange", degree, shape)), name=label)
                function.x.array.reshape(len(columns), -1)[:] = columns
                functions.append(function)
    about = report(modes) | {"versions": versions()}
    with new_folder(mesh.comm, Path(path)) as folder:
        write_vtk(folder / "modes.pvd", functions)
        on_root(mesh.comm, lambda: (folder / SUMMARY).write_text(json.dumps(about, indent=1) + "\n"))
