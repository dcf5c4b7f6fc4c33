"""A solution as arrays and plain data, independent of the number of ranks, and back.

Cells and nodes keep the numbers of the mesh as it was made, and the unknowns are stored cell by cell in the order of
the reference element, so that any partition finds them again.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, cast

import basix.ufl
import numpy as np
from dolfinx import fem
from dolfinx.mesh import Mesh, MeshTags, entities_to_geometry, exterior_facet_indices, meshtags
from mpi4py import MPI

from fem_rashba import compat
from fem_rashba.devices import conditions, spin
from fem_rashba.devices.device import Device
from fem_rashba.devices.spin import Injected, Relaxing, SpinCondition
from fem_rashba.physics import gridded, magnetization, motion, textures
from fem_rashba.physics.couplings import Couplings
from fem_rashba.physics.film import Film
from fem_rashba.physics.gridded import Grid, data_of
from fem_rashba.physics.magnetization import Magnetization
from fem_rashba.physics.motion import InMotion
from fem_rashba.results.solution import Solution
from fem_rashba.solvers.discretization import FIELDS, Discretization, discretize
from fem_rashba.solvers.problem import Problem
from fem_rashba.solvers.steady import SolverReport, SteadyState

FORMAT = 1

Arrays = dict[str, np.ndarray]


def pack(solution: Solution, **others: np.ndarray) -> Arrays | None:
    """The arrays of a solution on rank 0, None on the others. Collective.

    Args:
        solution: Of `solve` or `load`.
        others: Values of more functions in its space, on owned and ghost unknowns, by name.
    """
    mesh = solution.device.mesh
    owned = mesh.topology.index_map(2).size_local
    nodes = mesh.geometry.input_global_indices
    blocks = solution.discretization.space.dofmap.list[:owned]
    corners, tags = _tagged_facets(solution.device)
    local = {
        "order": mesh.topology.original_cell_index[:owned],
        "cells": nodes[mesh.geometry.dofmap[:owned]],
        "regions": solution.device.cell_tags.values[
            np.searchsorted(solution.device.cell_tags.indices, np.arange(owned))
        ],
        "values": solution.u.x.array.reshape(-1, FIELDS)[blocks],
        **{name: values.reshape(-1, FIELDS)[blocks] for name, values in others.items()},
        "nodes": nodes,
        "points": mesh.geometry.x[:, :2],
        "facets": nodes[corners],
        "facet_tags": tags,
    }
    gathered = mesh.comm.gather(local)
    if gathered is None:
        return None
    whole = {key: np.concatenate([part[key] for part in gathered]) for key in local}
    by_number = np.argsort(whole.pop("order"))
    numbers, first = np.unique(whole.pop("nodes"), return_index=True)
    # Gmsh numbers may have gaps; the file's do not
    result = {
        "cells": np.searchsorted(numbers, whole["cells"][by_number]),
        "regions": whole["regions"][by_number],
        **{name: whole[name][by_number] for name in ("values", *others)},
        "points": whole["points"][first],
        "facets": np.searchsorted(numbers, whole["facets"]),
        "facet_tags": whole["facet_tags"],
    }
    data = data_of(solution.problem.magnetization)
    result |= {} if data is None else {"directions": data.directions}
    return result | {"about": np.array(json.dumps(_about(solution)))}


def unpack(comm: MPI.Comm, arrays: Arrays | None) -> Solution:
    """The solution that `pack` stored; `arrays` on rank 0, None on the others. Collective."""
    arrays = comm.bcast(arrays)
    assert arrays is not None
    about = json.loads(str(arrays["about"]))
    device = _device(comm, arrays, about["device"])
    problem = _problem(device, about["problem"], arrays.get("directions"))
    discretization = discretize(problem)
    u = unpacked(discretization, arrays["values"])
    state = SteadyState(
        discretization=discretization,
        u=u,
        voltages=about["voltages"],
        currents=about["currents"],
        report=SolverReport(**about["report"]),
    )
    axis = None if about["axis"] is None else np.array(about["axis"])
    return Solution(state=state, axis=axis, warnings=tuple(about["warnings"]), errors=about.get("errors"))


def unpacked(discretization: Discretization, values: np.ndarray) -> fem.Function:
    """The function whose values by cell `pack` stored, all of them on every rank. Collective."""
    u = fem.Function(discretization.space, name="u")
    cells = discretization.problem.device.mesh.topology.original_cell_index
    u.x.array.reshape(-1, FIELDS)[discretization.space.dofmap.list[: len(cells)]] = values[cells]
    u.x.scatter_forward()
    return u


def _tagged_facets(device: Device) -> tuple[np.ndarray, np.ndarray]:
    """End points (geometry nodes) and tags of the owned tagged facets, shapes (N, 2) and (N,)."""
    mesh, tags = device.mesh, device.facet_tags
    mesh.topology.create_connectivity(1, 2)
    owned = tags.indices < mesh.topology.index_map(1).size_local
    facets = tags.indices[owned]
    if not len(facets):
        return np.empty((0, 2), dtype=np.int64), tags.values[owned]
    return entities_to_geometry(mesh, 1, facets)[:, :2], tags.values[owned]


def _about(solution: Solution) -> dict[str, Any]:
    device, problem = solution.device, solution.problem
    return {
        "format": FORMAT,
        "device": {
            "name": device.name,
            "cell": device.mesh.basix_cell().name,
            "order": device.mesh.ufl_domain().ufl_coordinate_element().degree,
            "regions": device.regions,
            "terminals": device.terminals,
            "edges": device.edges,
            "element_size": device.element_size,
        },
        "problem": {
            "film": _film_data(problem.film),
            "regions": {name: _film_data(film) for name, film in problem.regions.items()},
            "magnetization": _magnetization_data(problem.magnetization),
            "terminals": {
                name: _tagged(condition) | {"spin": _spin_data(condition.spin)}
                for name, condition in problem.terminals.items()
            },
            "edges": {name: _spin_data(edge) for name, edge in problem.edges.items()},
            "electric_field": problem.electric_field,
            "degree": problem.degree,
        },
        "voltages": solution.state.voltages,
        "currents": solution.state.currents,
        "report": asdict(solution.report),
        "axis": None if solution.axis is None else solution.axis.tolist(),
        "warnings": list(solution.warnings),
        "errors": solution.errors,
    }


def _spin_data(condition: SpinCondition | None) -> str | dict[str, Any] | None:
    return _tagged(condition) if isinstance(condition, Relaxing | Injected) else condition


def _spin(data: str | dict[str, Any] | None) -> SpinCondition | None:
    return cast(SpinCondition, _made(data, spin)) if isinstance(data, dict) else data


def _tagged(value: Any) -> dict[str, Any]:
    # arrays are stored apart
    data = {name: v for name, v in asdict(value).items() if not isinstance(v, np.ndarray)}
    return {"type": type(value).__name__} | data


def _magnetization_data(m: Magnetization) -> dict[str, Any]:
    return _tagged(m) | {"base": _tagged(m.base)} if isinstance(m, InMotion) else _tagged(m)


def _magnetization(data: dict[str, Any], directions: np.ndarray | None) -> Magnetization:
    if data["type"] == "InMotion":
        return cast(Magnetization, _made(data | {"base": _magnetization(data["base"], directions)}, motion))
    if data["type"] == "Gridded":
        grid = Grid(**{name: tuple(numbers) for name, numbers in data["grid"].items()})
        return cast(Magnetization, _made(data | {"grid": grid, "directions": directions}, gridded))
    return cast(Magnetization, _made(data, magnetization if data["type"] == "Uniform" else textures))


def _film_data(film: Film) -> dict[str, Any]:
    return asdict(film)


def _film(data: dict[str, Any]) -> Film:
    couplings = data["couplings"]
    return Film(**(data | {"couplings": couplings if isinstance(couplings, str) else Couplings(**couplings)}))


def _made(data: dict[str, Any], module: Any) -> Any:
    fields = {key: tuple(v) if isinstance(v, list) else v for key, v in data.items() if key != "type"}
    constructible = getattr(module, data["type"])
    computed = {"is_uniform", "walls", "parameters"}
    return constructible(**{key: value for key, value in fields.items() if key not in computed})


def _problem(device: Device, data: dict[str, Any], directions: np.ndarray | None) -> Problem:
    return Problem(
        device=device,
        film=_film(data["film"]),
        regions={name: _film(film) for name, film in data["regions"].items()},
        terminals={
            name: _made(condition | {"spin": _spin(condition["spin"])}, conditions)
            for name, condition in data["terminals"].items()
        },
        edges={name: cast(SpinCondition, _spin(edge)) for name, edge in data["edges"].items()},
        magnetization=_magnetization(data["magnetization"], directions),
        electric_field=tuple(data["electric_field"]),  # type: ignore[arg-type]
        degree=data["degree"],
    )


def _device(comm: MPI.Comm, arrays: Arrays, about: dict[str, Any]) -> Device:
    element = basix.ufl.element("Lagrange", about["cell"], about["order"], shape=(2,))
    mesh = compat.distributed_mesh(comm, arrays["cells"], arrays["points"], element)
    count = mesh.topology.index_map(2).size_local + mesh.topology.index_map(2).num_ghosts
    every = np.arange(count, dtype=np.int32)
    regions = arrays["regions"][mesh.topology.original_cell_index].astype(np.int32)
    names = ("regions", "terminals", "edges")
    return Device(
        name=about["name"],
        mesh=mesh,
        cell_tags=meshtags(mesh, 2, every, regions),
        facet_tags=_facet_tags(mesh, arrays),
        element_size=tuple(about["element_size"]),  # type: ignore[arg-type]
        **{name: about[name] for name in names},
    )


def _facet_tags(mesh: Mesh, arrays: Arrays) -> MeshTags:
    mesh.topology.create_connectivity(1, 2)
    facets = np.sort(exterior_facet_indices(mesh.topology))
    size = len(arrays["points"])
    stored = _keys(arrays["facets"], size)
    order = np.argsort(stored)
    if not len(facets):
        return meshtags(mesh, 1, facets, np.empty(0, dtype=np.int32))
    ends = mesh.geometry.input_global_indices[entities_to_geometry(mesh, 1, facets)[:, :2]]
    at = order[np.searchsorted(stored[order], _keys(ends, size))]
    return meshtags(mesh, 1, facets, arrays["facet_tags"][at].astype(np.int32))


def _keys(pairs: np.ndarray, size: int) -> np.ndarray:
    """One number for each unordered pair of nodes."""
    return pairs.min(axis=1).astype(np.int64) * size + pairs.max(axis=1)
