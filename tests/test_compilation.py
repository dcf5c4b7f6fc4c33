"""A process that is killed as it compiles a form holds no other up, and several that compile at once do not collide."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fem_rashba import compilation

# a form of its own for each test, in a cache of its own; prints the integral of x^2 over the unit square
SCRIPT = """
import os
import sys
import ufl
from dolfinx import fem, mesh
from mpi4py import MPI
from fem_rashba import compat
square = mesh.create_unit_square(MPI.COMM_SELF if "self" in sys.argv else MPI.COMM_WORLD, 2, 2)
x = ufl.SpatialCoordinate(square)
compat._JIT["timeout"] = int(os.environ["PATIENCE"])
value = fem.assemble_scalar(compat.compiled(x[0] ** 2 * ufl.dx))
os.write(1, f"{square.comm.allreduce(value)}\\n".encode())
"""
# a compiler that says that it was started and, the first time, never comes back
COMPILER = """#!/bin/sh
echo $$ >> "$STARTED"
[ "$(wc -l < "$STARTED")" -gt 1 ] || exec sleep 100
exec cc "$@"
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    compiler = tmp_path / "slow-cc"
    compiler.write_text(COMPILER)
    compiler.chmod(0o755)
    return os.environ | {
        "XDG_CACHE_HOME": str(tmp_path),
        "STARTED": str(tmp_path / "started"),
        "CC": str(compiler),
        "PATIENCE": "20",
        "LDSHARED": "cc -shared",
    }


def start(environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    command = [*words[:-1], sys.executable, "-c", SCRIPT, words[-1]]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def hanging(environment: dict[str, str]) -> tuple[subprocess.Popen[str], int]:
    """A process that compiles without an end, and its compiler."""
    process, started = start(environment, ""), Path(environment["STARTED"])
    deadline = time.monotonic() + 60
    while not (started.exists() and started.read_text().endswith("\n")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    return process, int(started.read_text())


def finished(process: subprocess.Popen[str], copies: int = 1) -> None:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert [float(line) for line in out.split()] == pytest.approx([1 / 3] * copies, rel=1e-14)


def left(folder: Path) -> set[str]:
    """The kinds of files in the cache."""
    return {path.name.partition(".")[2] for path in (folder / "fenics").iterdir()}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_the_next_process_compiles_at_once(environment: dict[str, str], tmp_path: Path, how: signal.Signals) -> None:
    process, compiler = hanging(environment)
    try:
        process.send_signal(how)
        assert process.wait(timeout=60)
        assert {"c", "lock"} <= left(tmp_path)
        assert "c.cached" not in left(tmp_path)
        # FFCx would wait for 20 s, and then fail
        finished(start(environment, ""))
    finally:
        if how == signal.SIGKILL:  # else it went with its process
            os.kill(compiler, signal.SIGKILL)
    assert "c.cached" in left(tmp_path)
    assert "lock" not in left(tmp_path)
    assert len(Path(environment["STARTED"]).read_text().split()) == 2
    # and then it is ready
    finished(start(environment, ""))
    assert len(Path(environment["STARTED"]).read_text().split()) == 2


def test_one_waits_for_a_living_one_and_takes_over(environment: dict[str, str]) -> None:
    process, compiler = hanging(environment)
    others = [start(environment, "") for _ in range(2)]
    time.sleep(4)
    assert [other.poll() for other in others] == [None, None]
    process.kill()
    process.wait()
    os.kill(compiler, signal.SIGKILL)
    for other in others:
        finished(other)
    # one of them compiled, the other one waited for it
    assert len(Path(environment["STARTED"]).read_text().split()) == 2


def test_what_a_program_without_a_lock_has_left(environment: dict[str, str], tmp_path: Path) -> None:
    """It may live as long as FFCx would wait; what is older is removed."""
    environment |= {"CC": "cc"}
    finished(start(environment, ""))
    (ready,) = (tmp_path / "fenics").glob("*.c.cached")
    ready.unlink()
    source = ready.with_suffix("")
    os.utime(source, (time.time() - 30,) * 2)
    finished(start(environment, ""))
    assert ready.exists()
    ready.unlink()
    # none can tell whether this one is left behind until it is too old
    before = time.monotonic()
    finished(start(environment | {"PATIENCE": "3"}, ""))
    assert ready.exists()
    assert time.monotonic() - before > 3


def test_a_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, ready = tmp_path / "form.lock", tmp_path / "form.c.cached"
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(TimeoutError, match=r"another process has been compiling a form for 0.2 s; it holds .*lock"):
            compilation._lock(path, ready, 0.2).__enter__()
        ready.touch()
        with compilation._lock(path, ready, 0.2) as left_behind:
            assert not left_behind
    with compilation._lock(path, ready, 0.2) as left_behind:
        assert left_behind
    with compilation._lock(path, ready, 0.2) as left_behind:
        assert not left_behind
    assert not path.exists()

    def without_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", without_locks)
    with compilation._lock(path, ready, 0.2) as left_behind:
        assert not left_behind


@pytest.mark.mpi
@pytest.mark.parametrize("comm", ["world", "self"])
def test_ranks_go_on_after_a_kill(environment: dict[str, str], comm: str) -> None:
    process, compiler = hanging(environment)
    process.kill()
    process.wait()
    os.kill(compiler, signal.SIGKILL)
    finished(start(environment, "mpirun", "-n", "3", comm), copies=3)
    assert len(Path(environment["STARTED"]).read_text().split()) == 2
