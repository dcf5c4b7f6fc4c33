"""A magnetization that moves: m(t, r) made of one at rest, carried along and turned.

The time is one of the parameters of the formula. So a form that contains m serves all times, and dm/dt is exact, the
derivative of the formula.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import ufl

from fem_rashba.physics.gridded import data_of
from fem_rashba.physics.magnetization import UFL_MATH, Magnetization, Wall
from fem_rashba.units import quantity

_OWN = 7


@dataclass(frozen=True, kw_only=True)
class InMotion:
    """m(t, r) = turn(axis, rate t) base(r - velocity t), at one `time` in ps.

    Attributes:
        base: m at t = 0.
        axis: Of the turn, a unit vector.
        rate: Of the turn, rad/ps, about the axis by the right hand: dm/dt = rate axis x m.
        velocity: Of a texture, nm/ps.
        time: ps.
    """

    base: Magnetization
    axis: tuple[float, float, float] = (0.0, 0.0, 1.0)
    rate: float = 0.0
    velocity: tuple[float, float] = (0.0, 0.0)
    time: float = 0.0

    def __post_init__(self) -> None:
        length = math.hypot(*self.axis)
        if not math.isfinite(length) or length == 0:
            raise ValueError(f"rotation_axis = {list(self.axis)!r} must be finite and not zero")
        object.__setattr__(self, "axis", tuple(a / length for a in self.axis))
        if not all(math.isfinite(v) for v in (self.rate, *self.velocity)):
            raise ValueError("the velocity and the rotation_frequency of a magnetization must be finite")
        if any(self.velocity) and data_of(self.base) is not None:
            raise ValueError(
                f"velocity = {list(self.velocity)!r} nm/ps does not go with a magnetization from a file, which may "
                "only turn; give a texture or an expression"
            )

    @property
    def is_uniform(self) -> bool:
        """That of the base."""
        return self.base.is_uniform

    @property
    def finest(self) -> float:
        """That of the base."""
        return self.base.finest

    @property
    def walls(self) -> tuple[Wall, ...]:
        """Those of the base; none when they move, because the mesh must be fine wherever they come."""
        return () if any(self.velocity) else self.base.walls

    @property
    def parameters(self) -> tuple[float, ...]:
        """(time, rate, axis, velocity, then those of the base)."""
        return (self.time, self.rate, *self.axis, *self.velocity, *self.base.parameters)

    def components(self, x: Any, y: Any, p: Sequence[Any], math: Any) -> tuple[Any, Any, Any]:
        """The formula of the class, by Rodrigues."""
        t, rate, (ax, ay, az) = p[0], p[1], (p[2], p[3], p[4])
        own = [p[i] for i in range(_OWN, _OWN + len(self.base.parameters))]
        bx, by, bz = self.base.components(x - p[5] * t, y - p[6] * t, own, math)
        cos, sin = math.cos(rate * t), math.sin(rate * t)
        along = (1 - cos) * (ax * bx + ay * by + az * bz)
        return (
            cos * bx + sin * (ay * bz - az * by) + along * ax,
            cos * by + sin * (az * bx - ax * bz) + along * ay,
            cos * bz + sin * (ax * by - ay * bx) + along * az,
        )


def rate_field(m: Magnetization, x: Any, parameters: Any, math: Any = UFL_MATH) -> Any:
    """dm/dt as a UFL vector of shape (3,), of the UFL coordinates x and parameters; None for an m at rest."""
    if not isinstance(m, InMotion):
        return None
    t = ufl.variable(parameters[0])
    rest = [parameters[i] for i in range(1, len(m.parameters))]
    return ufl.diff(ufl.as_vector(m.components(x[0], x[1], [t, *rest], math)), t)


def at_time(m: Magnetization, time: float) -> Magnetization:
    """The magnetization at a time in ps; one at rest is the same at all times."""
    return replace(m, time=time) if isinstance(m, InMotion) else m


def in_motion(
    base: Magnetization,
    *,
    rotation_axis: Sequence[float] = (0.0, 0.0, 1.0),
    rotation_frequency: str | float = 0.0,
    velocity: Sequence[str | float] = (0.0, 0.0),
) -> InMotion:
    """A magnetization carried along and turned, by the right hand.

    Args:
        base: m at t = 0.
        rotation_axis: Any length but zero.
        rotation_frequency: Turns per time, with a unit ("10 GHz") or in 1/ps.
        velocity: Two velocities, with units ("1 km/s") or in nm/ps.

    Raises:
        ValueError: For a wrong value.
    """
    if len(rotation_axis) != 3:
        raise ValueError(f"rotation_axis = {list(rotation_axis)!r} must be three numbers")
    if isinstance(velocity, str) or len(velocity) != 2:
        raise ValueError(f"velocity = {velocity!r} must be two velocities [vx, vy]")
    x, y = (quantity(v, "nm/ps", "velocity") for v in velocity)
    turns = quantity(rotation_frequency, "1/ps", "rotation_frequency")
    axis = (float(rotation_axis[0]), float(rotation_axis[1]), float(rotation_axis[2]))
    return InMotion(base=base, axis=axis, rate=2 * math.pi * turns, velocity=(x, y))
