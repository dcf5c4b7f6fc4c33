"""Kinds of values in a TOML file: what each may be, in words and as a check of the value by itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from fem_rashba.units import expected, quantity


class Kind(Protocol):
    """What a value may be: `allowed` in words, `checked(value, key)` as the value or a ValueError."""

    @property
    def allowed(self) -> str: ...  # noqa: D102
    def checked(self, value: Any, key: str) -> Any: ...  # noqa: D102


@dataclass(frozen=True)
class Plain:
    """A value without a unit."""

    allowed: str
    fits: Callable[[Any], bool]

    def checked(self, value: Any, key: str) -> Any:
        """The value."""
        if not self.fits(value):
            raise ValueError(f"{key} = {shown(value)} must be {self.allowed}")
        return value


@dataclass(frozen=True)
class Choice:
    """One of a few values."""

    options: tuple[str | int, ...]

    @property
    def allowed(self) -> str:
        """The options."""
        *most, last = map(repr, self.options)
        return f"{', '.join(most)} or {last}"

    def checked(self, value: Any, key: str) -> Any:
        """The value."""
        # true == 1 in Python
        if isinstance(value, bool) or value not in self.options:
            raise ValueError(f"{key} = {shown(value)} must be {self.allowed}")
        # the option itself: an integer where 3.0 was given
        return self.options[self.options.index(value)]


@dataclass(frozen=True)
class Quantity:
    """A string with a unit, or one of some words."""

    unit: str
    words: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The words, then the kind of quantity."""
        return " or ".join([*map(repr, self.words), expected(self.unit)])

    def checked(self, value: Any, key: str) -> Any:
        """The value; infinity as a word, because TOML has it as a number too."""
        if value == math.inf and "inf" in self.words:
            return "inf"
        if isinstance(value, str) and value in self.words:
            return value
        wordy = isinstance(value, str) and self.words and not any(c.isdigit() for c in value)
        if wordy or isinstance(value, bool | list | dict):
            raise ValueError(f"{key} = {shown(value)} must be {self.allowed}")
        if not math.isfinite(quantity(value, self.unit, key, bare=False)):
            raise ValueError(f"{key} = {value!r} must be {self.allowed}")
        return value


@dataclass(frozen=True)
class Quantities:
    """A list of strings with units; without a count, of any length."""

    unit: str
    count: int | None = None

    @property
    def allowed(self) -> str:
        """The count and an example."""
        return f"a list of {'' if self.count is None else f'{self.count} '}values, each {expected(self.unit)}"

    def checked(self, value: Any, key: str) -> Any:
        """The value."""
        if not isinstance(value, list) or self.count not in (None, len(value)):
            raise ValueError(f"{key} = {shown(value)} must be {self.allowed}")
        for i, item in enumerate(value):
            Quantity(self.unit).checked(item, f"{key}[{i}]")
        return value


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def shown(value: Any) -> str:
    """A value of a TOML file for a message, shortened."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
