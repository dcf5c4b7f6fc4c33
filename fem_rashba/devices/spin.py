"""What happens to the spin density S at an edge or a terminal.

"sink": S = 0. "insulating": nu_i J_i = 0, no spin crosses. `Relaxing`: the edge takes up spin in proportion to S.
`Injected`: S, or the spin current through the edge, is given. nu points out of the film.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fem_rashba.units import expected, quantity

SPIN_WORDS = ("sink", "insulating", "relaxing", "injected")
DENSITY, CURRENT, VELOCITY = "1/nm^2", "1/(nm ps)", "nm/ps"
Vector = Sequence[str | float]


@dataclass(frozen=True)
class Relaxing:
    """nu_i J_i = v S: spin is lost at a velocity v (a string with a unit, or nm/ps); 0 is insulating.

    Raises:
        ValueError: If the velocity is negative, infinite or not a velocity.
    """

    loss_velocity: str | float

    def __post_init__(self) -> None:
        velocity = quantity(self.loss_velocity, VELOCITY, "loss_velocity")
        if not 0 <= velocity < math.inf:
            raise ValueError(
                f"loss_velocity = {self.loss_velocity!r} must be finite and not negative; spin = 'sink' is the limit "
                "of an infinite one"
            )
        object.__setattr__(self, "loss_velocity", velocity)

    def __str__(self) -> str:
        return f"relaxing, {self.loss_velocity:g} nm/ps"


@dataclass(frozen=True, kw_only=True)
class Injected:
    """S given, or nu_i J_i = -(spin current): the same all along the edge, (x, y, z) of the spin.

    Attributes:
        spin_density: S, three strings with units or 1/nm^2.
        spin_current: Spin that enters the film per length and time, three strings with units or 1/(nm ps).

    Raises:
        ValueError: Unless exactly one of the two is given, as three finite quantities.
    """

    spin_density: Vector | None = None
    spin_current: Vector | None = None

    def __post_init__(self) -> None:
        if (self.spin_density is None) == (self.spin_current is None):
            raise ValueError("spin = 'injected' needs either spin_density or spin_current, and not both")
        if self.spin_density is not None:
            object.__setattr__(self, "spin_density", _vector(self.spin_density, DENSITY, "spin_density"))
        if self.spin_current is not None:
            object.__setattr__(self, "spin_current", _vector(self.spin_current, CURRENT, "spin_current"))

    def __str__(self) -> str:
        name, unit = ("spin_density", DENSITY) if self.spin_current is None else ("spin_current", CURRENT)
        values = ", ".join(f"{value:g}" for value in getattr(self, name))
        return f"injected, {name.replace('_', ' ')} ({values}) {unit}"


SpinCondition = str | Relaxing | Injected


def check_spin(spin: SpinCondition, name: str = "spin") -> None:
    """Raises ValueError unless `spin` is one of the spin conditions."""
    if isinstance(spin, Relaxing | Injected) or (isinstance(spin, str) and spin in ("sink", "insulating")):
        return
    raise ValueError(f"{name} = {spin!r} must be 'sink', 'insulating', Relaxing(...) or Injected(...)")


def spin_condition(
    spin: str,
    *,
    loss_velocity: str | float | None = None,
    spin_density: Vector | None = None,
    spin_current: Vector | None = None,
) -> SpinCondition:
    """The condition that a word and the keys that go with it describe.

    Raises:
        ValueError: For a key that does not go with the word, or one that is missing.
    """
    given = {"loss_velocity": loss_velocity, "spin_density": spin_density, "spin_current": spin_current}
    for name, value in given.items():
        owner = "relaxing" if name == "loss_velocity" else "injected"
        if value is not None and spin != owner:
            raise ValueError(f"{name} = {value!r} goes only with spin = {owner!r}; here spin = {spin!r}")
    if spin == "injected":
        return Injected(spin_density=spin_density, spin_current=spin_current)
    if spin != "relaxing":
        return spin
    if loss_velocity is None:
        raise ValueError(f"loss_velocity is missing; spin = 'relaxing' needs it, {expected(VELOCITY)}")
    return Relaxing(loss_velocity)


def spin_word(spin: SpinCondition) -> str:
    """The word of a condition, one of `SPIN_WORDS`."""
    return spin if isinstance(spin, str) else type(spin).__name__.lower()


def _vector(values: Vector, unit: str, name: str) -> tuple[float, float, float]:
    if isinstance(values, str) or len(values) != 3:
        raise ValueError(f"{name} = {values!r} must be a list of three values, each {expected(unit)}")
    x, y, z = (quantity(value, unit, name) for value in values)
    if not all(map(math.isfinite, (x, y, z))):
        raise ValueError(f"{name} = {list(values)!r} must be finite")
    return x, y, z
