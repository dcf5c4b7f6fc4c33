"""Arrays that many ranks write and read by rows."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from fem_rashba.results import archive
from fem_rashba.results.archive import Reader, Writer

ON_RANKS = """
import sys
import numpy as np
from mpi4py import MPI
from pathlib import Path
from fem_rashba.results import archive

archive.PIECE = 1000
comm, path = MPI.COMM_WORLD, Path(sys.argv[1])
every = np.random.default_rng(1).normal(size=(501, 2, 3))
# which row is where, in what order and how many: any
mine = np.flatnonzero(np.random.default_rng(2).integers(comm.size, size=501) == comm.rank)[::-1]
file = archive.Writer(comm, path)
file.rows("rows", mine, every[mine])
file.whole("text", np.array("all of it") if comm.rank == 0 else None)
file.close()
file = archive.Reader(comm, path, lambda error: error)
wanted = np.random.default_rng(comm.rank).integers(501, size=40 * comm.rank)
assert np.array_equal(file.rows("rows", wanted), every[wanted])
assert np.array_equal(np.concatenate(comm.allgather(file.share("rows"))), every)
assert str(file.whole("text")) == "all of it" and "rows" in file and "row" not in file
if comm.rank == 0:
    stored = np.load(path)
    assert np.array_equal(stored["rows"], every) and str(stored["text"]) == "all of it"
try:
    archive.Writer(comm, path / "no folder").close()
except OSError:
    print("refused", flush=True)
"""


@pytest.mark.mpi
@pytest.mark.parametrize("ranks", [1, 3])
def test_rows_come_back(ranks: int, tmp_path: Path) -> None:
    """In pieces, from any rank to any rank, as NumPy reads them; an error of rank 0 is raised on all."""
    words = ["mpirun", "-n", str(ranks), sys.executable, "-c", ON_RANKS, str(tmp_path / "a.npz")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("refused") == ranks


def test_a_disk_that_fills_up_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it happens in the middle of an array."""
    monkeypatch.setattr(archive, "PIECE", 80)
    written = []

    def full(self: object, data: bytes) -> None:
        written.append(len(data))
        if len(written) == 4:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive.zipfile._ZipWriteFile, "write", full)  # type: ignore[attr-defined]
    file = Writer(MPI.COMM_SELF, tmp_path / "a.npz")
    file.rows("rows", np.arange(100), np.arange(100.0))
    with pytest.raises(OSError, match="No space"):
        file.close()


def test_what_is_no_array_of_rows_is_refused(tmp_path: Path) -> None:
    """Objects would need pickle, which runs what a file says."""
    np.savez(tmp_path / "a.npz", a=np.array([{}], dtype=object))
    with pytest.raises(RuntimeError, match="holds no plain rows"):
        Reader(MPI.COMM_SELF, tmp_path / "a.npz", lambda error: RuntimeError(str(error)))


def test_an_array_that_is_missing_is_told(tmp_path: Path) -> None:
    """By the error that the caller wants."""
    np.savez(tmp_path / "a.npz", a=np.arange(3))
    file = Reader(MPI.COMM_SELF, tmp_path / "a.npz", lambda error: RuntimeError(f"no {error}"))
    assert file.whole("a").tolist() == [0, 1, 2]
    with pytest.raises(RuntimeError, match="no 'b'"):
        file.whole("b")


def test_an_array_that_ends_too_early_is_told(tmp_path: Path) -> None:
    """A header that promises more rows than there are."""
    content = io.BytesIO()
    np.save(content, np.arange(3))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as made:
        made.writestr("a.npy", content.getvalue().replace(b"(3,)", b"(9,)"))
    file = Reader(MPI.COMM_SELF, tmp_path / "a.npz", lambda error: RuntimeError(str(error)))
    with pytest.raises(RuntimeError, match="ends too early"):
        file.rows("a", np.array([0]))
