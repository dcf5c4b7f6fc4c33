"""summary.json: every number of a run, with what it is worth."""

from __future__ import annotations

import math
import platform
from dataclasses import asdict
from importlib import metadata
from typing import Any

import dolfinx
import numpy as np

from fem_rashba import __version__
from fem_rashba.physics.comparison import comparison
from fem_rashba.physics.film import Film
from fem_rashba.results.balance import balance
from fem_rashba.results.numbers import numbers
from fem_rashba.results.solution import Solution
from fem_rashba.solvers.linear import PETSC4PY
from fem_rashba.solvers.problem import warnings

_PACKAGES = ("mpi4py", "numpy", "gmsh", "pyvista")


def summary(solution: Solution, config: dict[str, Any] | None = None) -> dict[str, Any]:
    """Everything that is reported of a solution, as plain data. Collective.

    Args:
        solution: Of `solve` or `load`.
        config: The resolved configuration, kept as it is.

    Returns:
        film, mesh, solver, terminals, torque, spin_density, discretization_errors, balance, versions, config, warnings;
        None stands for what is absent or infinite.
    """
    result: dict[str, Any] = {
        "film": film_summary(solution.film),
        "mesh": _mesh(solution),
        "solver": asdict(solution.report),
        **numbers(solution),
        "discretization_errors": solution.errors,
        "adaptivity": solution.adaptivity,
        "balance": asdict(balance(solution)),
        "versions": versions(),
        "config": config,
        "warnings": [*warnings(solution.problem), *solution.warnings],
    }
    films = solution.problem.films
    if len(films) > 1:
        result["film"]["regions"] = {name: film_summary(film) for name, film in films.items()}
    return _plain(result)


def film_summary(film: Film) -> dict[str, Any]:
    """Coefficients by symbol, lengths (nm), verdicts of validity and the sheet resistance (Ohm) of a film."""
    c = film.coefficients
    names = ("D", "C", "Gamma", "R", "B", "r_dp", "r_phi", "r_sf", "w", "PF")
    return {name: getattr(c, name) for name in names} | {
        "k0": film.rashba_wavevector,
        "n0": film.density,
        "eF": film.fermi_energy,
        "vF": film.fermi_velocity,
        "couplings": film.couplings if isinstance(film.couplings, str) else "custom",
        "denominators": film.denominators,
        "lengths_nm": asdict(film.lengths),
        "validity": [asdict(verdict) for verdict in film.validity],
        "sheet_resistance_ohm": film.sheet_resistance,
        "kinetic": kinetic_summary(film),
    }


def kinetic_summary(film: Film) -> dict[str, Any]:
    """The couplings beside the kinetic operator: its blocks with distances and terms, as docs/kinetic.md explains.

    {"error": why} for a film so far from the dirty limit that the angular averages do not converge.
    """
    try:
        found = comparison(film)
    except ValueError as error:
        return {"error": str(error)}
    blocks: dict[str, Any] = {}
    for distance in found.distances:
        values = asdict(distance)
        name = values.pop("block")
        blocks[name] = values | {"terms": {}}
    for term in found.terms:
        values = asdict(term)
        blocks[values.pop("block")]["terms"][values.pop("name")] = values
    return {"wavevector_per_nm": found.wavevector, "blocks": blocks}


def versions() -> dict[str, str]:
    """Versions of this program and of what it stands on."""
    found = {"fem_rashba": __version__, "python": platform.python_version()}
    found |= {"dolfinx": dolfinx.__version__, "petsc4py": PETSC4PY}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:  # some distributions ship a package without its metadata
            found[package] = "unknown"
    return found


def _mesh(solution: Solution) -> dict[str, Any]:
    device = solution.device
    return {
        "cells": device.cells,
        "dofs": solution.report.unknowns,
        "degree": solution.problem.degree,
        "area_nm2": device.area,
        "h_min_nm": device.element_size[0],
        "h_max_nm": device.element_size[1],
    }


def _plain(value: Any) -> Any:
    """Lists, dicts, strings and finite numbers only: what every JSON reader takes."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.bool_ | bool):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value
