"""A lock around FFCx's compiler that ends with the process that holds it.

FFCx takes a file NAME.c in its cache for the sign that some process compiles a form, and NAME.c.cached for the sign
that it is ready. A process that is killed in between leaves the first without the second, and all others wait for it,
then fail. Here whoever compiles holds a lock of the operating system on NAME.lock, which a kill releases: what is there
without a holder has been left behind, is removed, and the form is compiled again.

Forms that are ready are loaded without a lock. What another program has left, which knows no such lock, is removed
when it is older than FFCx's timeout.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ffcx.codegeneration import jit

_PAUSE = 0.05
"""Seconds between two looks at a lock that another process holds."""

_HELD = (errno.EAGAIN, errno.EACCES)


@contextmanager
def locked() -> Iterator[None]:
    """Every form that is compiled within is compiled under its lock. Not for several threads at once."""
    look = getattr(jit, "get_cached_module", None)
    if look is None:
        # an FFCx that is organised in another way is used as it is
        yield
        return
    with ExitStack() as locks:
        jit.get_cached_module = lambda *arguments: _module(look, locks, *arguments)
        try:
            yield
        finally:
            jit.get_cached_module = look


def _module(
    look: Callable[..., Any], locks: ExitStack, name: str, objects: Any, cache: str | Path, timeout: int
) -> Any:
    """What FFCx's own look into its cache returns: the module or, if it is now ours to compile, (None, None)."""
    folder = Path(cache)
    source, ready = folder / f"{name}.c", folder / f"{name}.c.cached"
    if ready.exists():
        return look(name, objects, cache, timeout)
    folder.mkdir(parents=True, exist_ok=True)
    left_behind = locks.enter_context(_lock(folder / f"{name}.lock", ready, timeout))
    if ready.exists():
        return look(name, objects, cache, timeout)
    if left_behind or _age(source) > timeout:
        _remove(folder, name)
    try:
        return look(name, objects, cache, timeout)
    except TimeoutError:
        # another program that compiles without a lock, and was perhaps killed
        _remove(folder, name)
        return look(name, objects, cache, timeout)


@contextmanager
def _lock(path: Path, ready: Path, timeout: float) -> Iterator[bool]:
    """Holds the lock, unless `ready` appears before; whether a process had it that ended without giving it back.

    The file is there while some process holds it, and after one that was killed or interrupted.

    Raises:
        TimeoutError: If another process holds it for too long.
    """
    deadline = time.monotonic() + timeout
    while (taken := _taken(path)) is None:
        if ready.exists():
            # its holder may wait for us before it gives the lock back
            yield False
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"another process has been compiling a form for {timeout} s; it holds {path}")
        time.sleep(_PAUSE)
    file, left_behind = taken
    try:
        yield left_behind
        path.unlink(missing_ok=True)
    finally:
        os.close(file)


def _taken(path: Path) -> tuple[int, bool] | None:
    """The open file with the lock, and whether the file was there before; None if another process has it."""
    found = path.exists()
    file = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # a file system without locks is no reason not to compute
        if error.errno not in _HELD:
            return file, False
    else:
        # the one that had it may have removed the file meanwhile
        if path.exists() and os.path.samestat(os.fstat(file), path.stat()):
            return file, found
    os.close(file)
    return None


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime if path.exists() else 0.0


def _remove(folder: Path, name: str) -> None:
    # the source last: without it another program begins to compile
    for ending in ("c.cached", "o", "c"):
        (folder / f"{name}.{ending}").unlink(missing_ok=True)
