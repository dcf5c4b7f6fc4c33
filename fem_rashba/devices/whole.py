"""The mesh of a device as arrays on one rank, and back onto all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from dolfinx.mesh import Mesh, MeshTags, entities_to_geometry, exterior_facet_indices, meshtags

from fem_rashba.compat import distributed_mesh
from fem_rashba.devices.device import Device, element_size
from fem_rashba.devices.refinement import Grid


def gathered(device: Device) -> Grid | None:
    """The mesh of a device on rank 0, None on the others; cells in the order in which the mesh was made. Collective."""
    mesh, tags = device.mesh, device.facet_tags
    owned = mesh.topology.index_map(2).size_local
    nodes = mesh.geometry.input_global_indices
    mesh.topology.create_connectivity(1, 2)
    mine = tags.indices < mesh.topology.index_map(1).size_local
    facets = tags.indices[mine]
    ends = entities_to_geometry(mesh, 1, facets)[:, :2] if len(facets) else np.empty((0, 2), dtype=np.int64)
    regions = device.cell_tags
    local = {
        "order": mesh.topology.original_cell_index[:owned],
        "cells": nodes[mesh.geometry.dofmap[:owned]],
        "regions": regions.values[np.searchsorted(regions.indices, np.arange(owned))],
        "nodes": nodes,
        "points": mesh.geometry.x[:, :2],
        "facets": nodes[ends],
        "facet_tags": tags.values[mine],
    }
    found = mesh.comm.gather(local)
    if found is None:
        return None
    whole = {key: np.concatenate([part[key] for part in found]) for key in local}
    order = np.argsort(whole["order"])
    numbers, first = np.unique(whole["nodes"], return_index=True)
    facets = np.searchsorted(numbers, whole["facets"])
    by_ends = np.lexsort(np.sort(facets, axis=1).T)
    return Grid(
        element=mesh.ufl_domain().ufl_coordinate_element(),
        cells=np.searchsorted(numbers, whole["cells"][order]),
        points=whole["points"][first],
        regions=whole["regions"][order],
        facets=facets[by_ends],
        facet_tags=whole["facet_tags"][by_ends],
    )


def distributed(device: Device, grid: Grid | None) -> Device:
    """The device with another mesh, which rank 0 has. Collective."""
    comm = device.mesh.comm
    element = device.mesh.ufl_domain().ufl_coordinate_element()
    regions, facets, facet_tags, size = comm.bcast(
        None if grid is None else (grid.regions, grid.facets, grid.facet_tags, len(grid.points))
    )
    none = np.empty((0, element.basix_element.dim), dtype=np.int64)
    cells, points = (none, np.empty((0, 2))) if grid is None else (grid.cells, grid.points)
    mesh = distributed_mesh(comm, cells, points, element)
    count = mesh.topology.index_map(2).size_local + mesh.topology.index_map(2).num_ghosts
    every = np.arange(count, dtype=np.int32)
    return replace(
        device,
        mesh=mesh,
        cell_tags=meshtags(mesh, 2, every, regions[mesh.topology.original_cell_index].astype(np.int32)),
        facet_tags=_facet_tags(mesh, facets, facet_tags, size),
        element_size=element_size(mesh),
    )


def gathered_by_cell(mesh: Mesh, values: np.ndarray) -> np.ndarray | None:
    """Values of the owned cells, shape (cells, ...), on rank 0 in the order of `gathered`. Collective."""
    owned = mesh.topology.index_map(2).size_local
    found = mesh.comm.gather((mesh.topology.original_cell_index[:owned], values))
    if found is None:
        return None
    order = np.argsort(np.concatenate([part[0] for part in found]))
    return np.concatenate([part[1] for part in found])[order]


def _facet_tags(mesh: Mesh, tagged: np.ndarray, tags: np.ndarray, size: int) -> MeshTags:
    mesh.topology.create_connectivity(1, 2)
    facets = np.sort(exterior_facet_indices(mesh.topology))
    if not len(facets):
        return meshtags(mesh, 1, facets, np.empty(0, dtype=np.int32))
    stored = np.sort(tagged, axis=1) @ [size, 1]
    order = np.argsort(stored)
    ends = mesh.geometry.input_global_indices[entities_to_geometry(mesh, 1, facets)[:, :2]]
    at = order[np.searchsorted(stored[order], np.sort(ends, axis=1) @ [size, 1])]
    return meshtags(mesh, 1, facets, tags[at].astype(np.int32))
