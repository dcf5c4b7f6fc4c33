"""Work that one rank does for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from mpi4py import MPI

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds that a rank that failed waits for the others to fail or finish too."""


def on_root(comm: MPI.Comm, function: Callable[[], T]) -> T:
    """What `function` returns on rank 0, on every rank. Collective.

    An exception on rank 0 is raised on every rank with the same message: no rank waits for one that failed.

    Args:
        comm: The communicator.
        function: Called without arguments, on rank 0 only; its result is pickled.
    """
    value, error = None, None
    if comm.rank == 0:
        try:
            value = function()
        except Exception as raised:
            error = raised
    value, error = comm.bcast((value, error), root=0)
    if error is not None:
        raise error
    return value


def on_all(comm: MPI.Comm, function: Callable[[], T]) -> T:
    """What `function` returns on each rank. Collective.

    If it raises on some ranks, every rank raises the exception of the lowest of them.

    Args:
        comm: The communicator.
        function: Called without arguments on every rank; it may not be collective itself.
    """
    value, error = None, None
    try:
        value = function()
    except Exception as raised:
        error = raised
    first = next((e for e in comm.allgather(error) if e is not None), None)
    if first is not None:
        raise first
    return value  # type: ignore[return-value]


def together(comm: MPI.Comm, patience: float) -> bool:
    """Whether all ranks come here, as far as this one is willing to wait. Collective if they do.

    Args:
        comm: The communicator.
        patience: Seconds. Where this is False nothing collective can follow.
    """
    barrier = comm.Ibarrier()
    deadline = time.monotonic() + patience
    while not barrier.Test():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True
