"""What a sweep goes over: its axes, and what they are called in a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

TERMINAL, COMPONENT, DIRECTION = "terminal", "component", "direction_in_plane"
"""Dimensions of the variables of a point."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A key and its values.

    Attributes:
        path: The key, part by part.
        name: Of the dimension.
        values: As they are written in the TOML file.
        numbers: The same in the internal unit; None where they are no numbers.
        unit: The internal unit, "1" for plain numbers.
    """

    path: tuple[str, ...]
    name: str
    values: tuple[Any, ...]
    numbers: tuple[float, ...] | None
    unit: str

    @property
    def key(self) -> str:
        """The key with dots."""
        return ".".join(self.path)


def dimension_names(paths: Sequence[tuple[str, ...]], taken: Sequence[str] = ()) -> list[str]:
    """The last part of each key, with as many parts before it as make it different from all others.

    Args:
        paths: The keys, part by part, no two the same.
        taken: Names that are used for something else.
    """
    reserved = {TERMINAL, COMPONENT, DIRECTION, *taken}
    names = []
    for path in paths:
        for count in range(1, len(path) + 1):
            tail = path[-count:]
            name = re.sub(r"\W", "_", "_".join(tail))
            if name not in reserved and not any(other[-count:] == tail for other in paths if other != path):
                break
        while name in names or name in reserved:
            name += "_"
        names.append(name)
    return names
