"""Write OVF 2.0 files, as mumax3, OOMMF and Ubermag read them: each takes these labels and no others."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fem_rashba.grids.ovf_header import WIDTHS
from fem_rashba.grids.ovf_read import CHECKS
from fem_rashba.physics.gridded import Grid

FORMATS = {"text": "text", "binary4": "binary 4", "binary8": "binary 8"}
_FIRST, _AUTHOR = "OOMMF OVF 2.0", "written by fem-rashba"
_SUFFIXES = (".ovf", ".omf", ".ohf", ".obf")


def write_ovf(
    path: str | Path,
    grid: Grid,
    values: np.ndarray,
    *,
    label: str,
    unit: str,
    description: Sequence[str] = (),
    format: str = "binary4",
) -> None:
    """Write vectors on a grid: the whole file, or none.

    Args:
        path: A new file, or one that fem-rashba wrote.
        grid: In nm; the file has m.
        values: Shape (ny, nx, 3), the same in every layer.
        label: What the vectors are, one word.
        unit: Of the values.
        description: Lines of the header.
        format: "text" (all digits), "binary4" or "binary8".

    Raises:
        ValueError: If the path or the format is not of that kind.
        OSError: If it cannot be written.
    """
    if format not in FORMATS:
        raise ValueError(f"format = {format!r} must be text, binary4 or binary8")
    check_target(path)
    target, kind = Path(path), FORMATS[format]
    rows = np.broadcast_to(values, (grid.counts[2], *values.shape)).reshape(-1, 3)
    temporary = target.absolute().with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(_header(grid, label, unit, description).encode("ascii"))
            file.write(f"# Begin: Data {kind.title()}\n".encode())
            if kind == "text":
                np.savetxt(file, rows, fmt="%.17g")
            else:
                width = WIDTHS[kind]
                file.write(np.array(CHECKS[width], dtype=f"<f{width}").tobytes())
                file.write(np.ascontiguousarray(rows, dtype=f"<f{width}").tobytes())
                file.write(b"\n")
            file.write(f"# End: Data {kind.title()}\n# End: Segment\n".encode())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def check_target(path: str | Path) -> None:
    """Raises ValueError unless `path` is that of an OVF file, free or ours, in an existing folder."""
    target = Path(path)
    if target.suffix not in _SUFFIXES:
        raise ValueError(f"cannot write {str(path)!r}: the name of an OVF file must end in {', '.join(_SUFFIXES)}")
    if not target.absolute().parent.is_dir():
        raise ValueError(f"cannot write {str(path)!r}: the folder {str(target.parent)!r} does not exist")
    if target.is_dir() or (target.exists() and not _is_ours(target)):
        raise ValueError(f"cannot write {str(path)!r}: it exists and was not written by fem-rashba")


def _is_ours(target: Path) -> bool:
    with target.open("rb") as file:
        start = file.read(1000)
    # a copy that OOMMF makes keeps the description, in a file of version 1.0
    return start.startswith(f"# {_FIRST}\n".encode()) and f"# Desc: {_AUTHOR}\n".encode() in start


def _header(grid: Grid, label: str, unit: str, description: Sequence[str]) -> str:
    lines = [_FIRST, "Segment count: 1", "Begin: Segment", "Begin: Header", f"Title: {label}"]
    lines += [f"Desc: {text}" for text in (_AUTHOR, *description)] + ["meshtype: rectangular", "meshunit: m"]
    for axis, corner, cell, count in zip("xyz", grid.corner, grid.cell, grid.counts, strict=True):
        numbers = {"min": corner, "max": corner + count * cell, "base": corner + cell / 2, "stepsize": cell}
        lines += [f"{axis}{name}: {_meters(value)}" for name, value in numbers.items()] + [f"{axis}nodes: {count}"]
    # discretisedfield takes what follows the first underscore for the component
    labels = " ".join(f"{label.replace('_', '-')}_{axis}" for axis in "xyz")
    lines += ["valuedim: 3", f"valuelabels: {labels}", f"valueunits: {unit} {unit} {unit}", "End: Header"]
    return "".join(f"# {line}\n" for line in lines)


def _meters(length: float) -> str:
    # 12 digits hide the rounding of the change of units
    return repr(float(f"{length * 1e-9:.12g}"))
