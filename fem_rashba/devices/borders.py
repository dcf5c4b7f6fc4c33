"""The borders between regions: how fine the elements are on both sides."""

from __future__ import annotations

import numpy as np
from dolfinx.mesh import entities_to_geometry

from fem_rashba.devices.device import Device


def border_heights(device: Device) -> dict[tuple[str, str], float]:
    """{(region, neighbour): largest height in nm of the region's elements over their sides at the border}. Collective.

    The height is what resolves a layer along the border: the distance of the farthest node from the side.
    """
    mesh = device.mesh
    mesh.topology.create_connectivity(1, 2)
    connectivity = mesh.topology.connectivity(1, 2)
    owned = mesh.topology.index_map(1).size_local
    starts = connectivity.offsets[:owned]
    inner = np.flatnonzero(np.diff(connectivity.offsets[: owned + 1]) == 2).astype(np.int32)
    pairs = connectivity.array[starts[inner][:, None] + np.arange(2)]
    regions = np.zeros(mesh.topology.index_map(2).size_local + mesh.topology.index_map(2).num_ghosts, dtype=np.int32)
    regions[device.cell_tags.indices] = device.cell_tags.values
    at = regions[pairs[:, 0]] != regions[pairs[:, 1]]
    sides, pairs = inner[at], pairs[at]
    names = {tag: name for name, tag in device.regions.items()}
    local: dict[tuple[str, str], float] = {}
    for k in (0, 1):
        for here, there, height in zip(
            regions[pairs[:, k]], regions[pairs[:, 1 - k]], _heights(device, sides, pairs[:, k]), strict=True
        ):
            key = names[int(here)], names[int(there)]
            local[key] = max(local.get(key, 0.0), float(height))
    found: dict[tuple[str, str], float] = {}
    for part in mesh.comm.allgather(local):
        for key, height in part.items():
            found[key] = max(found.get(key, 0.0), height)
    return dict(sorted(found.items()))


def _heights(device: Device, sides: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Distance of the farthest node of each cell from the line through its side, shape (N,)."""
    if not len(sides):
        return np.empty(0)
    x = device.mesh.geometry.x[:, :2]
    ends = x[entities_to_geometry(device.mesh, 1, sides)[:, :2]]
    along = ends[:, 1] - ends[:, 0]
    offset = x[device.mesh.geometry.dofmap[cells]] - ends[:, :1]
    across = along[:, None, 0] * offset[..., 1] - along[:, None, 1] * offset[..., 0]
    return np.asarray(np.abs(across).max(axis=1) / np.hypot(*along.T))
