"""The section [time]: the times of a run, its start, and how the magnetization moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fem_rashba.config.builders import in_section
from fem_rashba.physics.expression import parse
from fem_rashba.physics.magnetization import Magnetization
from fem_rashba.physics.motion import in_motion
from fem_rashba.solvers.clock import Clock
from fem_rashba.units import quantity

Table = dict[str, Any]

_MOTION = ("rotation_axis", "rotation_frequency", "velocity")


@dataclass(frozen=True, kw_only=True)
class Time:
    """How a run goes in time, as in `fem_rashba.results.transient.Course`."""

    clock: Clock
    scheme: str
    initial: str | Sequence[str]
    checkpoint: float


def timing(table: Table) -> Time:
    """What [time] says of the run."""
    with in_section("time", table):
        if "step" in table and "tolerance" in table:
            raise ValueError("[time] has step and tolerance; it may have one of them")
        step = quantity(table["step"], "ps") if "step" in table else None
        clock = Clock(
            end=quantity(table["end"], "ps"),
            frames=table["frames"],
            step=step,
            tolerance=table.get("tolerance", 1e-4) if step is None else None,
        )
        seconds = quantity(table["checkpoint"], "s")
        if seconds < 0:
            raise ValueError(f"checkpoint = {table['checkpoint']!r} must not be negative")
        if not isinstance(table["initial"], str):
            _check_formulas(table["initial"])
        return Time(clock=clock, scheme=table["scheme"], initial=table["initial"], checkpoint=seconds)


def _check_formulas(formulas: Sequence[str]) -> None:
    for formula in formulas:
        try:
            parse(formula)
        except ValueError as error:
            raise ValueError(f"initial: {error}") from None


def moving(base: Magnetization, table: Table) -> Magnetization:
    """The magnetization as [time] moves it."""
    given = {name: table[name] for name in _MOTION if name in table}
    if "rotation_axis" in given and "rotation_frequency" not in given:
        raise ValueError("time.rotation_axis needs time.rotation_frequency, such as '10 GHz'")
    with in_section("time", table):
        return in_motion(base, **given) if given else base
