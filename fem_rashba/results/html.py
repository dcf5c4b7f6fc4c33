"""Small pieces of HTML: tables, pictures, labels of maps, TOML."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
_LABELS = (
    (re.compile(r"(?<=[_^])\\(?:mathbf|mathrm)(?=\{)"), ""),
    (re.compile(r"\\(?:mathbf|mathrm)\{([^}]*)\}"), r"\1"),
    (re.compile(r"_\{([^}]*)\}|_(\w)"), r"<sub>\1\2</sub>"),
    (re.compile(r"\^\{([^}]*)\}|\^(\w)"), r"<sup>\1\2</sup>"),
    (re.compile(r"\\hbar"), "ħ"),
    (re.compile(r"\\times"), "×"),
    (re.compile(r"\\,|\$"), ""),
)


def label(text: str) -> str:
    """A label in matplotlib's notation as HTML."""
    text = escape(text)
    for pattern, replacement in _LABELS:
        text = pattern.sub(replacement, text)
    return text.replace("<sup>-", "<sup>\N{MINUS SIGN}")


def scaled(value: float | None, unit: str) -> str:
    """A value with a prefix of its unit, six digits; a dash for None."""
    if value is None:
        return "\N{EN DASH}"
    power = max((p for p in _PREFIXES if abs(value) >= 0.99999 * 10.0**p), default=None)
    if value == 0 or power is None:
        return f"{value + 0.0:.6g} {escape(unit)}".replace("-", "\N{MINUS SIGN}")
    return f"{value / 10.0**power:.6g} {_PREFIXES[power]}{escape(unit)}".replace("-", "\N{MINUS SIGN}")


def number(value: Any, digits: int = 6) -> str:
    """A number, a list of numbers in brackets, or a dash for None."""
    if value is None:
        return "\N{EN DASH}"
    if isinstance(value, list | tuple):
        return f"({', '.join(number(item, digits) for item in value)})"
    return f"{value:.{digits}g}".replace("-", "\N{MINUS SIGN}")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "", numbers: Sequence[int] = ()) -> str:
    """A table of cells that are HTML; the columns of `numbers` are set to the right."""

    def cells(tag: str, row: Sequence[str]) -> str:
        scope = ' scope="col"' if tag == "th" else ""
        kind = [' class="number"' if k in numbers else "" for k in range(len(row))]
        return "".join(f"<{tag}{scope}{k}>{cell}</{tag}>" for k, cell in zip(kind, row, strict=True))

    above = f"<thead><tr>{cells('th', head)}</tr></thead>" if head else ""
    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    title = f"<caption>{caption}</caption>" if caption else ""
    return f'<div class="wide"><table>{title}{above}<tbody>{body}</tbody></table></div>'


def picture(path: Path, words: str) -> str:
    """A figure with the PNG file inside, and the words as its caption."""
    data = base64.b64encode(path.read_bytes()).decode()
    plain = escape(re.sub(r"<[^>]*>", "", words), quote=True)
    return f'<figure><img src="data:image/png;base64,{data}" alt="{plain}"><figcaption>{words}</figcaption></figure>'


def as_json(value: Any) -> str:
    """JSON that may stand in a script element."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


def toml(config: Mapping[str, Any]) -> str:
    """The text of a TOML file with these sections; what is None is left out."""
    return "\n\n".join(_section(config, ())).strip() + "\n"


def _section(values: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    plain = [f"{_key(k)} = {_value(v)}" for k, v in values.items() if not isinstance(v, Mapping) and v is not None]
    head = [f"[{'.'.join(map(_key, path))}]"] if path and (plain or not values) else []
    found = ["\n".join([*head, *plain])] if head or plain else []
    for key, value in values.items():
        if isinstance(value, Mapping):
            found += _section(value, (*path, key))
    return found


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    return str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False)
