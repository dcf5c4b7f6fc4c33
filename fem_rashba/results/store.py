"""A solution as a file of arrays and plain data, independent of the number of ranks, and back.

Cells and nodes keep the numbers of the mesh as it was made, and the unknowns are stored cell by cell in the order of
the reference element, so that any partition finds them again.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
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
from fem_rashba.results.archive import Reader, Writer
from fem_rashba.results.solution import Solution
from fem_rashba.solvers.discretization import FIELDS, Discretization, discretize
from fem_rashba.solvers.problem import Problem
from fem_rashba.solvers.steady import SolverReport, SteadyState

FORMAT = 1


def write(path: Path, solution: Solution, also: dict[str, np.ndarray] | None = None, **others: np.ndarray) -> None:
    """Stores a solution in a new .npz file. Collective.

    Args:
        path: Of the file, on rank 0.
        solution: Of `solve` or `load`.
        also: More arrays, those of rank 0.
        others: Values of more functions in its space, on owned and ghost unknowns, by name.

    Raises:
        OSError: If it cannot be written.
    """
    mesh = solution.device.mesh
    owned = mesh.topology.index_map(2).size_local
    order = mesh.topology.original_cell_index[:owned]
    numbers = _node_numbers(mesh)
    tags = solution.device.cell_tags
    blocks = solution.discretization.space.dofmap.list[:owned]
    corners, facet_tags = _tagged_facets(solution.device)
    file = Writer(mesh.comm, path)
    nodes = mesh.geometry.index_map().size_local
    file.rows("points", numbers[:nodes], mesh.geometry.x[:nodes, :2])
    file.rows("cells", order, numbers[mesh.geometry.dofmap[:owned]])
    file.rows("regions", order, tags.values[np.searchsorted(tags.indices, np.arange(owned))])
    for name, values in {"values": solution.u.x.array, **others}.items():
        file.rows(name, order, values.reshape(-1, FIELDS)[blocks])
    # the boundary alone is small
    facets = mesh.comm.gather((numbers[corners], facet_tags))
    parts = [np.concatenate(part) for part in zip(*facets, strict=True)] if facets else [None, None]
    whole = dict(zip(("facets", "facet_tags"), parts, strict=True)) | {"about": np.array(json.dumps(_about(solution)))}
    data = data_of(solution.problem.magnetization)
    whole |= {} if data is None else {"directions": data.directions}
    for name, array in (whole | (also or {})).items():
        file.whole(name, array)
    file.close()


def read(file: Reader) -> Solution:
    """The solution that `write` stored. Collective."""
    about = json.loads(str(file.whole("about")))
    device = _device(file, about["device"])
    problem = _problem(device, about["problem"], file.whole("directions") if "directions" in file else None)
    discretization = discretize(problem)
    state = SteadyState(
        discretization=discretization,
        u=function(file, "values", discretization),
        voltages=about["voltages"],
        currents=about["currents"],
        report=SolverReport(**about["report"]),
    )
    axis = None if about["axis"] is None else np.array(about["axis"])
    # folders of older versions have neither
    told = {key: about.get(key) for key in ("errors", "adaptivity")}
    return Solution(state=state, axis=axis, warnings=tuple(about["warnings"]), **told)


def function(file: Reader, name: str, discretization: Discretization) -> fem.Function:
    """A function whose values `write` stored. Collective."""
    u = fem.Function(discretization.space, name="u")
    cells = discretization.problem.device.mesh.topology.original_cell_index
    u.x.array.reshape(-1, FIELDS)[discretization.space.dofmap.list[: len(cells)]] = file.rows(name, cells)
    u.x.scatter_forward()
    return u


def _node_numbers(mesh: Mesh) -> np.ndarray:
    """The number that each node of this rank had when the mesh was made, without gaps. Collective."""
    numbers = mesh.geometry.input_global_indices
    own = numbers[: mesh.geometry.index_map().size_local]
    total = mesh.comm.allreduce(len(own), op=MPI.SUM)
    if mesh.comm.allreduce(int(numbers.max(initial=-1)), op=MPI.MAX) + 1 == total:
        return np.asarray(numbers)
    # Gmsh numbers may have gaps; the file's do not
    return np.searchsorted(np.sort(np.concatenate(mesh.comm.allgather(own))), numbers)


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
        "adaptivity": solution.adaptivity,
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


def _device(file: Reader, about: dict[str, Any]) -> Device:
    element = basix.ufl.element("Lagrange", about["cell"], about["order"], shape=(2,))
    mesh = compat.distributed_mesh(file.comm, file.share("cells"), file.share("points"), element)
    count = mesh.topology.index_map(2).size_local + mesh.topology.index_map(2).num_ghosts
    every = np.arange(count, dtype=np.int32)
    regions = file.rows("regions", mesh.topology.original_cell_index).astype(np.int32)
    names = ("regions", "terminals", "edges")
    return Device(
        name=about["name"],
        mesh=mesh,
        cell_tags=meshtags(mesh, 2, every, regions),
        facet_tags=_facet_tags(mesh, file),
        element_size=tuple(about["element_size"]),  # type: ignore[arg-type]
        **{name: about[name] for name in names},
    )


def _facet_tags(mesh: Mesh, file: Reader) -> MeshTags:
    ends_of, tags, size = file.whole("facets"), file.whole("facet_tags"), file.count("points")
    mesh.topology.create_connectivity(1, 2)
    facets = np.sort(exterior_facet_indices(mesh.topology))
    stored = _keys(ends_of, size)
    order = np.argsort(stored)
    if not len(facets):
        return meshtags(mesh, 1, facets, np.empty(0, dtype=np.int32))
    ends = mesh.geometry.input_global_indices[entities_to_geometry(mesh, 1, facets)[:, :2]]
    at = order[np.searchsorted(stored[order], _keys(ends, size))]
    return meshtags(mesh, 1, facets, tags[at].astype(np.int32))


def _keys(pairs: np.ndarray, size: int) -> np.ndarray:
    """One number for each unordered pair of nodes."""
    return pairs.min(axis=1).astype(np.int64) * size + pairs.max(axis=1)
