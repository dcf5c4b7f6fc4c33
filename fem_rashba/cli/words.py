"""The words of the command line: points, names and counts in them, --set and -- before argparse sees them."""

from __future__ import annotations

import argparse
import math
import re
from collections import deque
from collections.abc import Callable, Sequence

_ASSIGNMENT = re.compile(r"[^\s=-][^\s=]*=")
_NEGATIVE_PAIR = re.compile(r"-[\d.][^,]*,")


def point(text: str) -> tuple[float, float]:
    """X,Y in nm, for argparse."""
    x, y = _pair(text)
    if not (math.isfinite(x) and math.isfinite(y)):
        raise argparse.ArgumentTypeError(f"{text.strip()!r} must be a point X,Y in nm, such as 0,25")
    return x, y


def cell(text: str) -> tuple[float, float]:
    """DX,DY in nm, for argparse."""
    x, y = _pair(text)
    if not (0 < x < math.inf and 0 < y < math.inf):
        raise argparse.ArgumentTypeError(f"{text.strip()!r} must be two lengths DX,DY in nm, such as 2,2")
    return x, y


def _pair(text: str) -> tuple[float, float]:
    try:
        x, y = map(float, text.split(","))
    except ValueError:
        return math.nan, math.nan
    return x, y


def names(count: int) -> Callable[[str], tuple[str, ...]]:
    """That many names of terminals, A,B, for argparse."""

    example = ",".join(("source", "drain", "left", "right")[:count])

    def parsed(text: str) -> tuple[str, ...]:
        names = tuple(name.strip() for name in text.split(","))
        if len(names) != count or not all(names) or len(set(names)) != count:
            raise argparse.ArgumentTypeError(f"{text!r} must be {count} different terminals, such as {example}")
        return names

    return parsed


def at_least(least: int) -> Callable[[str], int]:
    """A whole number of that size, for argparse."""

    def parsed(text: str) -> int:
        if not (text.isdecimal() and int(text) >= least):
            raise argparse.ArgumentTypeError(f"{text!r} must be a whole number of at least {least}")
        return int(text)

    return parsed


def prepared(argv: list[str]) -> list[str]:
    """The arguments as argparse takes them: one --set for each value, no point that looks like an option."""
    result: list[str] = []
    words = deque(argv)
    while words:
        word = words.popleft()
        if word != "--set":
            result.append(f" {word}" if _NEGATIVE_PAIR.match(word) else word)
            continue
        if not (words and _ASSIGNMENT.match(words[0])):
            given = repr(words[0]) if words else "without a value"
            raise ValueError(f"--set {given} must be section.key=value, such as device.length='50 nm'")
        while words and _ASSIGNMENT.match(words[0]):
            result.append(f"--set={words.popleft()}")
    return result


def split_petsc(argv: list[str]) -> tuple[list[str], list[str] | None]:
    """The words before -- and those after it, None without."""
    if "--" not in argv:
        return argv, None
    at = argv.index("--")
    return argv[:at], argv[at + 1 :]


def petsc_options(words: Sequence[str]) -> dict[str, str]:
    """Options by name without the dash, "" for one without a value; -1e-3 is a value.

    Raises:
        ValueError: For a value without an option.
    """
    options: dict[str, str] = {}
    name = None
    for word in words:
        if re.match(r"--?[A-Za-z]", word):
            name = word.lstrip("-")
            options[name] = ""
        elif name is None:
            raise ValueError(
                f"the PETSc option {word!r} after -- must start with a dash and a letter, such as -ksp_type"
            )
        else:
            options[name] = word
            name = None
    return options
