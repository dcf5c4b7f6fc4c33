"""One table of a TOML file against the keys it may have. `where` is the name of its section, for messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from difflib import get_close_matches
from typing import Any

from fem_rashba.config.kinds import Choice, shown
from fem_rashba.config.schema import SECTIONS, Key

Table = dict[str, Any]
Keys = Mapping[str, Key]


def checked(table: Any, keys: Keys, where: str, *, partial: bool = False) -> Table:
    """The table with its defaults or, if `partial`, with only the keys that are given.

    Raises:
        ValueError: If a key is unknown, missing or not what it must be.
    """
    require_table(table, where)
    reject_unknown(table, keys, where)
    result = {}
    for name, key in keys.items():
        if name in table:
            result[name] = key.kind.checked(table[name], f"{where}.{name}")
        elif key.required and not partial:
            raise ValueError(f"{where}.{name} is missing; it must be {key.kind.allowed}")
        elif key.default is not None and not partial:
            result[name] = copy(key.default)
    return result


def checked_variant(table: Table, keys: Keys, where: str, choice: str, others: Iterable[str]) -> Table:
    """As `checked`, of a table whose keys depend on a choice made in it.

    Args:
        table: The table.
        keys: Those that go with the choice.
        where: The section.
        choice: The choice as "shape = 'wire'".
        others: The keys of all choices.
    """
    for name in table:
        if name not in keys and name in others:
            raise ValueError(f"{where}.{name} does not go with {where}.{choice}, which takes {', '.join(keys)}")
    return checked(table, keys, where)


def split_choice(table: Table, key: str, options: Iterable[str], where: str) -> tuple[str, Table]:
    """The choice among `options` that a key of the table makes, and the rest of the table."""
    name = table[key]
    options = list(options)
    if name not in options:
        hint = f"; the nearest is {nearest(name, options)!r}" if isinstance(name, str) else ""
        raise ValueError(f"{where}.{key} = {shown(name)} must be {Choice(tuple(options)).allowed}{hint}")
    return name, {k: value for k, value in table.items() if k != key}


def one_of(table: Table, options: Iterable[str], where: str) -> str:
    """The only one of `options` that the table has."""
    options = list(options)
    given = [option for option in options if option in table]
    if not given:
        reject_unknown(table, SECTIONS[where], where)
    if len(given) != 1:
        has = " and ".join(given) or "none"
        raise ValueError(f"[{where}] must have exactly one of {', '.join(options)}; it has {has}")
    return given[0]


def require_table(value: Any, where: str) -> None:
    """Raise a ValueError unless a value is a table."""
    if not isinstance(value, dict):
        raise ValueError(f"{where} = {shown(value)} must be a section, [{where}]")


def reject_unknown(table: Table, known: Iterable[str], where: str) -> None:
    """Raise a ValueError for the first key that is not `known`, with the one that was probably meant."""
    known = list(known)
    for name in table:
        if name in known:
            continue
        owner = owner_of(name, other_than=where.partition(".")[0])
        hint = f"{where}.{nearest(name, known)}" if owner is None else f"{owner}.{name}"
        raise ValueError(
            f"unknown key {where}.{name}; the nearest valid key is {hint}, and [{where}] takes {', '.join(known)}"
        )


def owner_of(name: str, other_than: str = "") -> str | None:
    """The section that has a key, if one does."""
    return next((section for section, keys in SECTIONS.items() if name in keys and section != other_than), None)


def nearest(name: str, known: Iterable[str]) -> str:
    """The one of some names that is most like a misspelt one."""
    return get_close_matches(name.lower(), known, n=1, cutoff=0.0)[0]
