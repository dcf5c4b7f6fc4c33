"""TOML files and the --set values that override them, as plain tables."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Table = dict[str, Any]


def read(path: str | Path) -> Table:
    """The tables of a TOML file.

    Raises:
        ValueError: If it cannot be read or is not valid TOML.
    """
    try:
        # utf-8-sig: some editors put a byte-order mark first
        text = Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{str(path)!r} is not UTF-8 text (byte {error.start}); it must be a TOML file") from None
    except OSError as error:
        raise ValueError(
            f"{str(path)!r} cannot be read: {str(error.strerror).lower()}; it must be a TOML file"
        ) from None
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError(f"{str(path)!r} is not valid TOML: its lists are nested too deep") from None
    except ValueError as error:
        raise ValueError(f"{str(path)!r} is not valid TOML: {error}") from None


def override(table: Table, text: str) -> None:
    """Set the value of a `section.key=value` in a table; a value that is not valid TOML is a string.

    Raises:
        ValueError: If the text is not of that form.
    """
    name, equals, value = text.partition("=")
    path = key_path(name) if equals else []
    if len(path) < 2:
        raise ValueError(f"--set {text!r} must be section.key=value, such as film.rashba_parameter='0.05 eV nm'")
    assign(table, path, _value(value.strip()), f"--set {text!r}")


def assign(table: Table, path: Sequence[str], value: Any, what: str) -> None:
    """Set the value at a path of keys, making sections where there are none.

    Raises:
        ValueError: That starts with `what`, if there is a value where a section is due.
    """
    for i, part in enumerate(path[:-1]):
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise ValueError(f"{what}: {'.'.join(path[: i + 1])} is not a section but a value")
    table[path[-1]] = value


def key_path(name: str) -> list[str]:
    """The parts of a dotted key, quoted or not; none if it is no key."""
    try:
        table: Any = tomllib.loads(f"{name} = 0")
    except ValueError:
        return []
    path: list[str] = []
    while isinstance(table, dict) and len(table) == 1:
        (part,) = table
        path.append(part)
        table = table[part]
    return path if table == 0 else []


def _value(text: str) -> Any:
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    # a line break in the text may start another key
    return table["value"] if len(table) == 1 else text
