"""The memory that a run may use."""

from __future__ import annotations

import os
from pathlib import Path

from mpi4py import MPI

_GROUPS = Path("/sys/fs/cgroup")


def memory_of_ranks_GB(comm: MPI.Comm) -> float:  # noqa: N802
    """GB (1e9 bytes) that all ranks together may use, if each has the same part as the one with the least. Collective.

    The ranks of a machine share what it has, or what its container may have.
    """
    together = comm.Split_type(MPI.COMM_TYPE_SHARED)
    least = comm.allreduce(_bytes() / together.size, op=MPI.MIN)
    together.Free()
    return 1e-9 * float(least) * int(comm.size)


def _bytes() -> float:
    found = [float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))]
    for path in _limits():
        words = path.read_text().strip() if path.exists() else ""
        if words.isdigit():
            found.append(float(words))
    return min(found)


def _limits() -> list[Path]:
    """Where the limits of this process's groups and of all above them are: batch systems and containers set them."""
    listed = Path("/proc/self/cgroup")
    found = []
    for line in listed.read_text().splitlines() if listed.exists() else []:
        _, controllers, where = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root, name = (_GROUPS / "memory", "memory.limit_in_bytes") if controllers else (_GROUPS, "memory.max")
        group = Path(where.lstrip("/"))
        found += [root / part / name for part in (group, *group.parents)]
    return found
