"""The solutions of a sweep: a folder with one folder, as `run` writes it, for each point.

    FOLDER/.sweep.json                              everything that the numbers depend on
    FOLDER/03_theta=45_deg_width=8_nm/              the point with the number 3, whole or absent

The numbers count from 1 in the order of the sweep, which is then that of `FOLDER/*` in a shell.
"""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fem_rashba.results import files
from fem_rashba.studies.journal import difference, folder_of
from fem_rashba.studies.plan import Axis

MARK = ".sweep.json"
_LONGEST = 120


@dataclass(frozen=True, kw_only=True)
class Solutions:
    """The folder of a sweep.

    Attributes:
        folder: Its path.
        axes: Of the sweep.
        identity: Everything that the numbers depend on, as in the sweep's own file.
    """

    folder: Path
    axes: Sequence[Axis]
    identity: dict[str, Any]

    def check(self, out: str | Path) -> None:
        """Raises ValueError unless the folder is free, or has solutions of this sweep, where one can write.

        Args:
            out: The file of the sweep.
        """
        folder, out = self.folder, Path(out).absolute()
        if folder.absolute() in (out, folder_of(out)):
            raise ValueError(f"--solutions {str(folder)!r} is where the sweep itself is written; name another folder")
        if folder.is_dir() and all(_is_temporary(path) for path in folder.iterdir()):
            return
        if not (folder / MARK).is_file():
            files.check_target(folder)  # for its messages
            if folder.exists():
                raise ValueError(f"{str(folder)!r} has one solution, not those of a sweep; name another --solutions")
            return
        try:
            found = json.loads((folder / MARK).read_text())
        except ValueError as error:
            raise ValueError(f"{str(folder / MARK)!r} cannot be read: {error}; remove the folder") from None
        wanted = json.loads(json.dumps(self.identity))
        if found != wanted:
            where, before, now = difference(found, wanted)
            raise ValueError(
                f"{str(folder)!r} has the solutions of a sweep with {where} = {before}, not {now}: remove it, or name "
                "another --solutions"
            )

    def begin(self) -> None:
        """Makes the folder if it is not there, and removes what a kill has left in it. On one rank, before any point.

        Raises:
            OSError: If it cannot be written.
        """
        self.folder.mkdir(exist_ok=True)
        for path in filter(_is_temporary, list(self.folder.iterdir())):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        part = self.folder / f"{MARK}.tmp"
        part.write_text(json.dumps(self.identity))
        part.replace(self.folder / MARK)

    def has(self, point: int) -> bool:
        """Whether the solution of a point is there; it is then whole."""
        return (self.of(point) / files.STATE).is_file()

    def of(self, point: int) -> Path:
        """The folder of a point: its number, then its coordinates as far as they fit."""
        shape = [len(axis.values) for axis in self.axes]
        words = [f"{point + 1:0{len(str(math.prod(shape)))}d}"]
        for axis, i in zip(self.axes, np.unravel_index(point, shape), strict=True):
            value = axis.values[int(i)]
            text = value if isinstance(value, str) else json.dumps(value)
            # what a shell and every file system take without quotes
            words.append(f"{axis.name}={re.sub(r'[^A-Za-z0-9.+-]+', '_', text).strip('_')}")
        return self.folder / "_".join(words)[:_LONGEST]


def _is_temporary(path: Path) -> bool:
    return path.name.startswith(".") and path.suffix in (".tmp", ".old")
