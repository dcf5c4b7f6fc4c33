"""Loops in C beside the modules that call them, compiled once on each machine, as FFCx does with forms."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

POINTER = ctypes.c_void_p
_FLAGS = [
    "-O3",
    "-march=native",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
    "-std=c11",
    "-shared",
    "-fPIC",
]


def library(source: str, functions: Mapping[str, Sequence[Any]]) -> ctypes.CDLL:
    """The compiled loops of a file in this folder.

    Args:
        source: Its name.
        functions: The types of the arguments of each; none returns anything.

    Raises:
        OSError: If no compiler makes it.
    """
    loaded = ctypes.CDLL(str(library_file(source)))
    for name, arguments in functions.items():
        function = getattr(loaded, name)
        function.argtypes, function.restype = arguments, None
    return loaded


def addresses(*arrays: np.ndarray) -> list[int]:
    """Where arrays are; they must have names, or they are gone before they are used."""
    assert all(array.flags.c_contiguous for array in arrays)
    return [array.ctypes.data for array in arrays]


def library_file(source: str) -> Path:
    """The shared library of a file of this folder in FFCx's cache, compiled if it is not there.

    Raises:
        OSError: If no compiler makes it.
    """
    compiler = shlex.split(os.environ.get("CC", "cc"))
    # machines that share a home may have different processors
    processor = next((line for line in _lines(Path("/proc/cpuinfo")) if line.startswith("flags")), "")
    file = Path(__file__).with_name(source)
    words = [
        file.read_text(),
        *(header.read_text() for header in sorted(file.parent.glob("*.h"))),
        *compiler,
        *_FLAGS,
        processor,
    ]
    name = hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "fenics"
    library = folder / f"fem_rashba_{file.stem}_{name}.so"
    if not library.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as made:
            beside = Path(made) / library.name
            _compile([*compiler, *_FLAGS, str(file), "-o", str(beside)], source)
            beside.replace(library)
    return library


def _compile(command: list[str], source: str) -> None:
    """Runs a compiler.

    Raises:
        OSError: If there is none, or it fails.
    """
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise OSError(
            f"the C compiler {command[0]!r} cannot compile {source}: {said[0] if said else 'no word'}; "
            "the environment variable CC names another one"
        ) from None


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
