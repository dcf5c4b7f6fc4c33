"""The memory that a run may use."""

from __future__ import annotations

import os
from pathlib import Path

from mpi4py import MPI

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


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
    for path in _LIMITS:
        words = path.read_text().strip() if path.exists() else ""
        if words.isdigit():
            found.append(float(words))
    return min(found)
