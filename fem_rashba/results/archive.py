"""An .npz file whose rows are written and read by many ranks, a piece at a time on the one that has the file.

What a rank holds of an array is its own rows; rank 0 holds one piece of `PIECE` bytes besides. `numpy.load` reads what
is written here, and what `numpy.savez` has written is read here.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from mpi4py import MPI

from fem_rashba.mpi import on_root

PIECE = 1 << 24
"""Bytes of an array that rank 0 has at a time."""


class Writer:
    """A new .npz file. What goes wrong on rank 0 is raised on all ranks when the file is closed.

    Args:
        comm: Of the ranks.
        path: Of the file; rank 0 alone has it.
    """

    def __init__(self, comm: MPI.Comm, path: Path) -> None:
        self._comm, self._path = comm, path
        self._error: Exception | None = None
        self._file: zipfile.ZipFile | None = None
        self._entries: list[IO[bytes]] = []
        self._at_root(self._open)

    def rows(self, name: str, numbers: np.ndarray, values: np.ndarray) -> None:
        """Stores an array of which each rank has some rows. Collective.

        Args:
            name: Of the array.
            numbers: Which rows of the whole array are here, shape (here,); every row is on one rank.
            values: The rows, shape (here, ...), of one type and shape everywhere.
        """
        count = self._comm.allreduce(len(numbers), op=MPI.SUM)
        order = np.argsort(numbers)
        numbers, values = numbers[order], values[order]
        self._at_root(lambda: self._entry(name, values.dtype, (count, *values.shape[1:])))
        for start, end in _pieces(count, values):
            here = slice(*np.searchsorted(numbers, (start, end)))
            found = self._comm.gather((numbers[here] - start, values[here]))
            if found is not None:
                self._at_root(partial(self._write, found, end - start))
        self._at_root(lambda: self._entries[-1].close())

    def whole(self, name: str, array: np.ndarray | None) -> None:
        """Stores an array that rank 0 has."""

        def write() -> None:
            assert array is not None
            with self._entry(name, array.dtype, array.shape) as entry:
                entry.write(array.tobytes())

        self._at_root(write)

    def close(self) -> None:
        """Ends the file. Collective.

        Raises:
            OSError: If it could not be written.
        """
        if self._file is not None:
            self._at_root(self._file.close)
            if self._error is not None:
                # what is left of the file would complain when it is collected
                closing: list[Any] = [*self._entries, self._file]
                for each in closing:
                    with suppress(Exception):
                        each.close()

        def tell() -> None:
            if self._error is not None:
                raise self._error

        on_root(self._comm, tell)

    def _open(self) -> None:
        self._file = zipfile.ZipFile(self._path, "w", zipfile.ZIP_STORED, allowZip64=True)

    def _entry(self, name: str, dtype: np.dtype, shape: tuple[int, ...]) -> IO[bytes]:
        assert self._file is not None
        entry = self._file.open(f"{name}.npy", "w", force_zip64=True)
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        self._entries.append(entry)
        np.lib.format.write_array_header_1_0(entry, header)
        return entry

    def _write(self, found: list[tuple[np.ndarray, np.ndarray]], length: int) -> None:
        piece = np.empty((length, *found[0][1].shape[1:]), dtype=found[0][1].dtype)
        for numbers, values in found:
            piece[numbers] = values
        self._entries[-1].write(piece.tobytes())

    def _at_root(self, act: Callable[[], Any]) -> None:
        # after an error rank 0 goes on to take what the others send
        if self._comm.rank == 0 and self._error is None:
            try:
                act()
            except Exception as error:
                self._error = error


def _pieces(count: int, values: np.ndarray) -> Iterator[tuple[int, int]]:
    """First row and end of every piece."""
    step = max(1, PIECE // max(1, values.itemsize * int(np.prod(values.shape[1:]))))
    for start in range(0, count, step):
        yield start, min(start + step, count)


class Reader:
    """An .npz file of which each rank takes its rows.

    Args:
        comm: Of the ranks.
        path: Of the file; rank 0 alone has it.
        failed: Called with an error of reading, on rank 0; what it returns is raised on all ranks.
    """

    def __init__(self, comm: MPI.Comm, path: Path, failed: Callable[[Exception], Exception]) -> None:
        self.comm, self._failed = comm, failed
        self._file: zipfile.ZipFile | None = None
        self._arrays: dict[str, tuple[tuple[int, ...], np.dtype]] = self._on_root(lambda: self._open(path))

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def count(self, name: str) -> int:
        """How many rows an array has."""
        return self._known(name)[0][0]

    def whole(self, name: str) -> np.ndarray:
        """An array, all of it on every rank. Collective."""
        shape, dtype = self._known(name)

        def read() -> np.ndarray:
            with self._opened(name) as entry:
                return _array(entry, shape, dtype)

        return self._on_root(read)  # type: ignore[no-any-return]

    def rows(self, name: str, numbers: np.ndarray) -> np.ndarray:
        """The rows of these numbers, shape (numbers, ...), any on each rank. Collective."""
        shape, dtype = self._known(name)
        found = np.empty((len(numbers), *shape[1:]), dtype=dtype)
        order = np.argsort(numbers)
        wanted = numbers[order]
        with self._opened(name) as entry:
            for start, end in _pieces(shape[0], found):
                piece = self._on_root(partial(_array, entry, (end - start, *shape[1:]), dtype))
                here = slice(*np.searchsorted(wanted, (start, end)))
                found[order[here]] = piece[wanted[here] - start]
        return found

    def share(self, name: str) -> np.ndarray:
        """This rank's share of the rows: they are dealt out in order. Collective."""
        count, rank, size = self.count(name), self.comm.rank, self.comm.size
        return self.rows(name, np.arange(rank * count // size, (rank + 1) * count // size))

    def close(self) -> None:
        """Lets the file go."""
        if self._file is not None:
            self._file.close()

    def _known(self, name: str) -> tuple[tuple[int, ...], np.dtype]:
        if name not in self._arrays:
            raise self._failed(KeyError(name))
        return self._arrays[name]

    def _open(self, path: Path) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
        self._file = zipfile.ZipFile(path)
        found = {}
        for entry in self._file.namelist():
            with self._file.open(entry) as file:
                shape, fortran, dtype = _header(file)
            if fortran or dtype.hasobject:
                raise ValueError(f"{entry} holds no plain rows")
            found[entry.removesuffix(".npy")] = shape, dtype
        return found

    @contextmanager
    def _opened(self, name: str) -> Iterator[IO[bytes] | None]:
        """The file of an array behind its header, on rank 0; None on the others."""
        if self._file is None:
            yield None
            return
        with self._file.open(f"{name}.npy") as entry:
            _header(entry)
            yield entry

    def _on_root(self, act: Callable[[], Any]) -> Any:
        def guarded() -> Any:
            try:
                return act()
            except Exception as error:
                raise self._failed(error) from None

        return on_root(self.comm, guarded)


def _array(file: IO[bytes] | None, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """The next of an open file."""
    assert file is not None
    found = np.empty(shape, dtype=dtype)
    data = file.read(found.nbytes)
    if len(data) < found.nbytes:
        raise EOFError("it ends too early")
    found.reshape(-1).view(np.uint8)[:] = np.frombuffer(data, dtype=np.uint8) if data else 0
    return found


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(file)
    return np.lib.format.read_array_header_1_0(file) if version == (1, 0) else np.lib.format.read_array_header_2_0(file)
