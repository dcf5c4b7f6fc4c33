"""How a command ends: one exit status and at most one message, on however many ranks."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mpi4py import MPI

BAD_INPUT, NOT_CONVERGED, UNEXPECTED = 2, 3, 1
INTERRUPTED, PIPE_CLOSED, TERMINATED = 130, 141, 143  # 128 + the number of the signal

PATIENCE = 5.0
"""Seconds that a failed rank waits for the others to fail or finish too, before it ends them."""

_LAUNCHERS = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "PMI_RANK", "MPI_LOCALNRANKS", "SLURM_PROCID")
_INSTALLED_APART = ("dolfinx", "petsc4py", "mpi4py", "basix", "ufl", "ffcx")


def world() -> MPI.Comm | None:
    """All ranks, on a communicator for `agreed` alone; None if no launcher started this process.

    A serial command that fails early should not wait for MPI to start.
    """
    if not any(name in os.environ for name in _LAUNCHERS):
        return None
    from mpi4py import MPI

    return MPI.COMM_WORLD.Dup() if MPI.COMM_WORLD.size > 1 else None


@contextlib.contextmanager
def silent(rank: int) -> Iterator[None]:
    """Lets rank 0 alone write."""
    if rank == 0:
        yield
        return
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        yield


@contextlib.contextmanager
def terminable(comm: MPI.Comm | None) -> Iterator[None]:
    """Lets the SIGTERM of a batch system unwind a serial command, which removes its temporary files."""
    if comm is not None or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def pipes_may_close() -> Iterator[None]:
    """Lets a closed pipe be an error of the write: PETSc would catch SIGPIPE and end all ranks with a page of words."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
    try:
        yield
    finally:
        signal.sigtimedwait({signal.SIGPIPE}, 0)  # one that waits would come now
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def verdict(error: BaseException) -> tuple[int, str]:
    """The exit status for an exception and what to tell: a line, or the traceback of what is not foreseen."""
    if isinstance(error, SystemExit):
        return (error.code, "") if isinstance(error.code, int) else (0 if error.code is None else 1, "")
    if isinstance(error, BrokenPipeError):
        return PIPE_CLOSED, ""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, "interrupted"
    if "FEM_RASHBA_TRACEBACK" in os.environ:
        return _status(error), "".join(traceback.format_exception(error)).rstrip()
    if isinstance(error, OSError):
        return BAD_INPUT, _sentence(_of_system(error))
    if isinstance(error, MemoryError):
        return (
            BAD_INPUT,
            "there is not enough memory; try a larger device.element_size or a lower device.degree",
        )
    if isinstance(error, ModuleNotFoundError) and str(error.name).partition(".")[0] in _INSTALLED_APART:
        return BAD_INPUT, (f"{error.name} is not installed in this Python; use ./fenics, or conda with environment.yml")
    status = _status(error)
    if status == UNEXPECTED:
        return status, "".join(traceback.format_exception(error)).rstrip()
    return status, _sentence(str(error))


def agreed(comm: MPI.Comm | None, status: int, message: str) -> int:
    """The status with which all ranks end: that of the lowest rank that failed, which alone tells why.

    Collective; but if some ranks do not come here soon after one that failed, all are ended.
    """
    if comm is None:
        _tell(message)
        return status
    barrier = comm.Ibarrier()
    # the lowest failed rank loses its patience first, and takes the others with it before they print
    deadline = time.monotonic() + PATIENCE + 0.2 * comm.rank if status else math.inf
    while not barrier.Test():
        if time.monotonic() > deadline:
            _tell(message)
            comm.Abort(status)
        time.sleep(0.01)
    everywhere = comm.allgather(status)
    failed = next((rank for rank, other in enumerate(everywhere) if other), 0)
    if comm.rank == failed:
        _tell(message)
    return everywhere[failed]


def _status(error: BaseException) -> int:
    if isinstance(error, ValueError | OSError | MemoryError):
        return BAD_INPUT
    # only a process that has imported PETSc can meet this error
    linear = sys.modules.get("fem_rashba.solvers.linear")
    return NOT_CONVERGED if linear is not None and isinstance(error, linear.ConvergenceError) else UNEXPECTED


def _of_system(error: OSError) -> str:
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or "No space left" in str(error):
        return f"{where}no space left to write; free some, or choose another folder with -o"
    return f"{where}{(error.strerror or str(error)).lower()}" if where else str(error)


def _sentence(text: str) -> str:
    return " ".join(text.split())


def _tell(message: str) -> None:
    if not message:
        return
    text = message if message.startswith("Traceback") else f"fem-rashba: {message}"
    # what a command has printed comes first; and there may be nothing to write to
    for stream, words in ((sys.stdout, ""), (sys.stderr, f"{text}\n")):
        with contextlib.suppress(OSError):
            print(words, end="", file=stream, flush=True)
