"""Read OVF 1.0 and 2.0 files: text, binary 4, binary 8.

Binary data start with a number that is known, in the byte order of the version: big end first in 1.0, last in 2.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from fem_rashba.grids.ovf_header import WIDTHS, Header, read_header
from fem_rashba.physics.gridded import Grid

CHECKS = {4: 1234567.0, 8: 123456789012345.0}


@dataclass(frozen=True, kw_only=True, eq=False)
class Vectors:
    """Vectors on a grid, shape (nz, ny, nx, 3), and their unit as it stands in the file."""

    grid: Grid
    values: np.ndarray
    unit: str


def read_ovf(path: str | Path, name: str | None = None) -> Vectors:
    """The vectors in an OVF file.

    Args:
        path: Of the file.
        name: What messages call the file; by default its path.

    Raises:
        ValueError: If it cannot be read or is not whole: what is wrong, where, and what is allowed.
    """
    name = repr(str(path)) if name is None else name
    try:
        size = Path(path).stat().st_size
        with Path(path).open("rb") as file:
            header = read_header(file, name)
            # before any memory is taken: a header may announce anything
            values = (_text if header.data == "text" else _binary)(file, header, size - file.tell(), name)
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {str(error.strerror).lower()}; it must be an OVF file") from None
    nx, ny, nz = header.grid.counts
    result = values.reshape(nz, ny, nx, 3)
    wrong = np.argwhere(~np.isfinite(result))
    if len(wrong):
        k, j, i, _ = (int(index) for index in wrong[0])
        raise ValueError(
            f"{name} has a value that is no finite number in cell x {i}, y {j}, z {k}; all values must be finite"
        )
    return Vectors(grid=header.grid, values=result * header.multiplier, unit=header.unit)


def read_grid(path: str | Path, name: str | None = None) -> Grid:
    """The grid of an OVF file; its data are not read.

    Raises:
        ValueError: As `read_ovf`.
    """
    name = repr(str(path)) if name is None else name
    try:
        with Path(path).open("rb") as file:
            return read_header(file, name).grid
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {str(error.strerror).lower()}; it must be an OVF file") from None


def _count(header: Header) -> int:
    nx, ny, nz = header.grid.counts
    return 3 * nx * ny * nz


def _binary(file: BinaryIO, header: Header, left: int, name: str) -> np.ndarray:
    width, count = WIDTHS[header.data], _count(header)
    kind = np.dtype(f"{'>' if header.version == 1 else '<'}f{width}")
    if left < width * (count + 1):
        raise ValueError(
            f"{name} is cut short or its header is wrong: {' x '.join(map(str, header.grid.counts))} vectors of "
            f"{header.data} need {width * (count + 1)} bytes of data, and it has {left}"
        )
    first = file.read(width)
    if np.frombuffer(first, kind)[0] != CHECKS[width]:
        turned = np.frombuffer(first, kind.newbyteorder())[0] == CHECKS[width]
        what = "the wrong byte order" if turned else "damaged data"
        raise ValueError(
            f"{name} has {what}: the first number of its data must be {CHECKS[width]:.0f}, with the "
            f"{'big' if header.version == 1 else 'little'} end first in OVF {header.version}.0"
        )
    values = np.frombuffer(file.read(width * count), kind).astype(float)
    rest = file.read(200).strip()
    if rest and not rest.lower().replace(b" ", b"").startswith(b"#end:data"):
        raise ValueError(f"{name} has more data than its header announces, {count // 3} vectors; both must agree")
    return values


def _text(file: BinaryIO, header: Header, left: int, name: str) -> np.ndarray:
    count = _count(header)
    if left < 2 * count:
        raise ValueError(
            f"{name} is cut short or its header is wrong: {' x '.join(map(str, header.grid.counts))} vectors of text "
            f"need at least {2 * count} bytes of data, and it has {left}"
        )
    parts: list[np.ndarray] = []
    for number, line in enumerate(file, start=header.lines + 1):
        content, mark, comment = line.partition(b"#")
        if content.strip():
            parts.append(_numbers(content, number, name))
        if mark and not content.strip() and comment.lower().replace(b" ", b"").startswith(b"end:data"):
            break
    else:
        raise ValueError(f"{name} is cut short: after its data there must be a line '# End: Data Text'")
    values = np.concatenate(parts) if parts else np.empty(0)
    if len(values) != count:
        raise ValueError(f"{name} has {len(values)} numbers in its data; its header announces {count}, three per cell")
    return values


def _numbers(content: bytes, number: int, name: str) -> np.ndarray:
    try:
        return np.array(content.split(), dtype=float)
    except ValueError:
        shown = content.decode("utf-8", errors="replace").strip()[:60]
        raise ValueError(f"{name} has {shown!r} in line {number}; its data must be numbers") from None
