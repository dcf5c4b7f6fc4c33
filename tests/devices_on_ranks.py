"""What a device is on the ranks of this run, as JSON on rank 0: `mpirun -n N python devices_on_ranks.py FILE.msh`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from fem_rashba.devices.shapes import cloverleaf, corbino, gds_file, hall_bar, hall_cross, mesh_file, notched_strip

FILM = SimpleNamespace(decay_rates=np.array([0.3]))
COMM = MPI.COMM_WORLD


def region_area(device, tag):
    """On this rank."""
    dx = ufl.Measure("dx", domain=device.mesh, subdomain_data=device.cell_tags)
    return fem.assemble_scalar(fem.form(fem.Constant(device.mesh, 1.0) * dx(tag)))


def describe(device):
    """Global numbers only."""
    one = fem.Constant(device.mesh, 1.0)
    inner = fem.assemble_scalar(fem.form((one("+") + one("-")) * ufl.dS(domain=device.mesh)))
    cells = device.mesh.topology.index_map(2)
    owned = device.cell_tags.indices < cells.size_local
    lone = np.isin(np.arange(cells.size_local + cells.num_ghosts), device.cell_tags.indices).all()
    return {
        "cells": device.cells,
        "tagged": COMM.allreduce(int(owned.sum())),
        "ghosts tagged": bool(COMM.allreduce(lone, op=MPI.LAND)),
        "size": device.element_size,
        "area": device.area,
        "inner": COMM.allreduce(inner),
        "regions": {name: COMM.allreduce(region_area(device, tag)) for name, tag in device.regions.items()},
        "terminals": {name: device.terminal_length(name) for name in device.terminals},
        "edges": {name: device.edge_length(name) for name in device.edges},
        "center": device.terminal_center(next(iter(device.terminals))).tolist(),
    }


def partition(device):
    """Owned cells of every rank; facets between two ranks, and those there would be if cells went by their order."""
    topology = device.mesh.topology
    topology.create_connectivity(1, 2)
    cells = topology.index_map(2)
    owner = np.concatenate([np.full(cells.size_local, COMM.rank), cells.owners])
    order = topology.original_cell_index
    to_cells = topology.connectivity(1, 2)
    pairs = [to_cells.links(facet) for facet in range(topology.index_map(1).size_local)]
    pairs = np.array([pair for pair in pairs if len(pair) == 2]).reshape(-1, 2)
    by_order = order * COMM.size // cells.size_global
    cuts = [int((ranks[pairs[:, 0]] != ranks[pairs[:, 1]]).sum()) for ranks in (owner, by_order)]
    return {"cells": COMM.allgather(cells.size_local), "cuts": [COMM.allreduce(cut) for cut in cuts]}


def failures():
    """The message of an error that only rank 0 meets, from every rank."""
    try:
        mesh_file("none.msh").mesh(FILM)
    except ValueError as error:
        return COMM.gather(str(error))
    return COMM.gather("no error")


shapes = {
    "cross": hall_cross(arm_width=20, arm_length=15),
    "round": notched_strip(length=80, width=40, notch_width=16, notch_depth=8, notch="round"),
    "bar": hall_bar(length=80, width=20, probe_width=8, probe_length=10),
    "ring": corbino(inner_radius=10, outer_radius=20),
    "leaf": cloverleaf(radius=25, contact_width=8, slit_width=4, slit_length=15),
    "regions": hall_cross(arm_width=20, arm_length=15).with_regions({"arm": [[0, -5], [25, -5], [25, 5], [0, 5]]}),
    "moon": corbino(inner_radius=10, outer_radius=20).with_regions({"a": [[5, -30], [30, -30], [30, 30], [5, 30]]}),
    "gds": gds_file(
        Path(sys.argv[1]).with_name("hall_bar.gds"),
        layers={"film": 1, "holes": 2, "source": 10, "drain": 11, "lead": 20},
        regions=["lead"],
    ),
    "file": mesh_file(sys.argv[1]),
}
devices = {key: shape.mesh(FILM) for key, shape in shapes.items()}
found = {key: describe(device) for key, device in devices.items()}
parts = {key: partition(device) for key, device in devices.items()}
messages = failures()
if COMM.rank == 0:
    print(
        "FOUND", json.dumps({"devices": found, "errors": sorted(set(messages)), "ranks": len(messages), "parts": parts})
    )
