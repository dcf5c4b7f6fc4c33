"""The loops of `kernels.c`, compiled once on each machine, as FFCx does with forms, and kept beside those."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np

_SOURCE = Path(__file__).with_name("kernels.c")
_FLAGS = ["-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-std=c11", "-shared", "-fPIC"]
_POINTER = ctypes.c_void_p


class _Matrix(ctypes.Structure):
    _fields_ = (
        ("nodes", ctypes.c_int),
        ("starts", _POINTER),
        ("columns", _POINTER),
        ("s", _POINTER),
        ("t", _POINTER),
        ("extras", ctypes.c_int),
        ("extra_rows", _POINTER),
        ("extra_columns", _POINTER),
        ("extra_blocks", _POINTER),
        ("free", _POINTER),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Kernels:
    """A matrix sum_k s_k (x) t_k and what is done with it; vectors hold four fields at each node.

    Attributes:
        starts, columns: The pattern of the scalar matrices, int32.
        scalars: Their entries (`scalars.BULK`), shape (entries, 4).
        blocks: What they are multiplied by, shape (4, 4, 4).
        extra_rows, extra_columns, extra_blocks: Full blocks, sorted by row, shape (extras,) and (extras, 4, 4).
        free: 1 for unknowns, 0 for fixed fields, shape (nodes, 4).
    """

    starts: np.ndarray
    columns: np.ndarray
    scalars: np.ndarray
    blocks: np.ndarray
    extra_rows: np.ndarray
    extra_columns: np.ndarray
    extra_blocks: np.ndarray
    free: np.ndarray

    def product(self, x: np.ndarray) -> np.ndarray:
        """A x, zero at fixed fields, where x must be zero too."""
        y = np.empty_like(x)
        _library().product(self._reference, None, x.ctypes.data, y.ctypes.data)
        return y

    def residual(self, b: np.ndarray, x: np.ndarray) -> np.ndarray:
        """b - A x, zero at fixed fields."""
        y = np.empty_like(x)
        _library().product(self._reference, b.ctypes.data, x.ctypes.data, y.ctypes.data)
        return y

    def sweep(self, b: np.ndarray, x: np.ndarray, *, downwards: bool, zero: bool = False) -> None:
        """One step of block Gauss-Seidel for A x = b in x; `zero`: x is zero before."""
        _library().sweep(self._reference, self._inverses.ctypes.data, downwards, zero, b.ctypes.data, x.ctypes.data)

    @cached_property
    def transposed(self) -> Kernels:
        """The transposed matrix: of the scalar ones the first two are symmetric, the others antisymmetric."""
        order = np.lexsort((self.extra_rows, self.extra_columns))
        signs = np.array([1.0, 1.0, -1.0, -1.0])[:, None, None]
        return replace(
            self,
            blocks=np.ascontiguousarray(signs * self.blocks.swapaxes(1, 2)),
            extra_rows=self.extra_columns[order],
            extra_columns=self.extra_rows[order],
            extra_blocks=np.ascontiguousarray(self.extra_blocks[order].swapaxes(1, 2)),
        )

    @cached_property
    def _reference(self) -> ctypes._CArgObject:  # type: ignore[name-defined]
        arrays = {
            "starts": np.int32,
            "columns": np.int32,
            "scalars": np.float64,
            "blocks": np.float64,
            "extra_rows": np.int32,
            "extra_columns": np.int32,
            "extra_blocks": np.float64,
            "free": np.float64,
        }
        for name, kind in arrays.items():
            array = getattr(self, name)
            assert array.dtype == kind and array.flags.c_contiguous, name
        starts, columns, scalars, blocks, *extras, free = (getattr(self, name).ctypes.data for name in arrays)
        matrix = _Matrix(len(self.starts) - 1, starts, columns, scalars, blocks, len(self.extra_rows), *extras, free)
        return ctypes.byref(matrix)

    @cached_property
    def _inverses(self) -> np.ndarray:
        found = np.empty((len(self.free), 4, 4), dtype=np.float32)
        _library().inverses(self._reference, found.ctypes.data)
        return found


def scatter(targets: np.ndarray, values: np.ndarray, to: np.ndarray, column: int) -> None:
    """Adds values to the rows `targets` of a column of `to`, in their order.

    Args:
        targets: int32, any shape.
        values: Of the same shape.
        to: Shape (rows, columns).
        column: Of `to`.
    """
    assert targets.dtype == np.int32 and values.dtype == to.dtype == np.float64 and targets.size == values.size
    assert all(array.flags.c_contiguous for array in (targets, values, to))
    place = to.ctypes.data + column * to.itemsize
    _library().scatter(values.size, targets.ctypes.data, values.ctypes.data, to.shape[1], place)


def scatter_all(targets: np.ndarray, values: Sequence[np.ndarray], to: np.ndarray) -> None:
    """`scatter` into all four columns of `to` at once, shape (rows, 4), from as many arrays."""
    assert targets.dtype == np.int32 and to.dtype == np.float64 and to.shape[1] == len(values) == 4
    assert all(array.flags.c_contiguous for array in (targets, *values, to))
    assert all(array.dtype == np.float64 and array.size == targets.size for array in values)
    _library().scatter_all(targets.size, targets.ctypes.data, *(v.ctypes.data for v in values), to.ctypes.data)


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(str(library_file()))
    library.product.argtypes = [_POINTER] * 4
    library.inverses.argtypes = [_POINTER] * 2
    library.sweep.argtypes = [_POINTER, _POINTER, ctypes.c_int, ctypes.c_int, _POINTER, _POINTER]
    library.scatter.argtypes = [ctypes.c_long, _POINTER, _POINTER, ctypes.c_int, _POINTER]
    library.scatter_all.argtypes = [ctypes.c_long] + [_POINTER] * 6
    for function in (library.product, library.inverses, library.sweep, library.scatter, library.scatter_all):
        function.restype = None
    return library


def library_file() -> Path:
    """The shared library in FFCx's cache, compiled if it is not there.

    Raises:
        OSError: If no compiler makes it.
    """
    compiler = shlex.split(os.environ.get("CC", "cc"))
    # machines that share a home may have different processors
    processor = next((line for line in _lines(Path("/proc/cpuinfo")) if line.startswith("flags")), "")
    words = [_SOURCE.read_text(), *compiler, *_FLAGS, processor]
    name = hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "fenics"
    library = folder / f"fem_rashba_kernels_{name}.so"
    if not library.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as made:
            beside = Path(made) / library.name
            _compile([*compiler, *_FLAGS, str(_SOURCE), "-o", str(beside)])
            beside.replace(library)
    return library


def _compile(command: list[str]) -> None:
    """Runs a compiler.

    Raises:
        OSError: If there is none, or it fails.
    """
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise OSError(
            f"the C compiler {command[0]!r} cannot compile {_SOURCE.name}: {said[0] if said else 'no word'}; "
            "the environment variable CC names another one"
        ) from None


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
