"""Textures: walls, spirals, skyrmions, and formulas of x and y."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fem_rashba.physics.expression import Parsed, parse
from fem_rashba.physics.magnetization import Wall, require_positive, unit_vector
from fem_rashba.units import quantity

# beyond this argument 1/cosh is below rounding and its derivative would overflow
_FAR = 40.0


@dataclass(frozen=True, kw_only=True)
class DomainWall:
    """m = (sech u) e + (tanh u) z^, u = (distance along `angle` from `center`)/`width`.

    e points along the wall normal ("neel") or along the wall ("bloch"): (1, 0, 0) and (0, 1, 0) at angle 0.
    """

    kind: str
    center: tuple[float, float]
    width: float
    angle: float = 0.0
    is_uniform: bool = False

    def __post_init__(self) -> None:
        if self.kind not in ("neel", "bloch"):
            raise ValueError(f"kind = {self.kind!r} must be 'neel' or 'bloch'")
        require_positive(self.width, "width")

    @property
    def parameters(self) -> tuple[float, ...]:
        """(x, y of the center, width, cos and sin of the angle)."""
        return (*self.center, self.width, math.cos(self.angle), math.sin(self.angle))

    @property
    def finest(self) -> float:
        """The width."""
        return self.width

    @property
    def walls(self) -> tuple[Wall, ...]:
        """The one wall."""
        return (Wall(center=self.center, angle=self.angle, width=self.width),)

    def components(self, x: Any, y: Any, p: Sequence[Any], math: Any) -> tuple[Any, Any, Any]:
        """The formula of the class."""
        u = ((x - p[0]) * p[3] + (y - p[1]) * p[4]) / p[2]
        u = math.maximum(-_FAR, math.minimum(_FAR, u))
        in_plane = 1 / math.cosh(u)
        along = (p[3], p[4]) if self.kind == "neel" else (-p[4], p[3])
        return in_plane * along[0], in_plane * along[1], math.tanh(u)


@dataclass(frozen=True, kw_only=True)
class Spiral:
    """m = cos(q) e1 + sin(q) e2, q = 2 pi (distance along `direction`)/`period`, e1 e2 the axes of `plane`."""

    period: float
    direction: tuple[float, float] = (1.0, 0.0)
    plane: str = "xz"
    is_uniform: bool = False
    walls: tuple[Wall, ...] = ()

    def __post_init__(self) -> None:
        require_positive(self.period, "period")
        if len(self.plane) != 2 or any(a not in "xyz" for a in self.plane) or self.plane[0] == self.plane[1]:
            raise ValueError(f"plane = {self.plane!r} must be two different axes, such as 'xz'")
        object.__setattr__(self, "direction", unit_vector((*self.direction, 0.0), "direction")[:2])

    @property
    def parameters(self) -> tuple[float, ...]:
        """The wavevector, 1/nm."""
        return tuple(2 * math.pi / self.period * d for d in self.direction)

    @property
    def finest(self) -> float:
        """The period over 2 pi."""
        return self.period / (2 * math.pi)

    def components(self, x: Any, y: Any, p: Sequence[Any], math: Any) -> tuple[Any, Any, Any]:
        """The formula of the class."""
        q = p[0] * x + p[1] * y
        by_axis = {self.plane[0]: math.cos(q), self.plane[1]: math.sin(q)}
        return tuple(by_axis.get(axis, 0) for axis in "xyz")  # type: ignore[return-value]


@dataclass(frozen=True, kw_only=True)
class Skyrmion:
    """A circular wall of `width` at `radius`: m_z = `polarity` in the core and -`polarity` outside.

    cos(theta) = (sinh^2(R/w) - sinh^2(r/w)) / (sinh^2(R/w) + sinh^2(r/w)); the in-plane part points along the polar
    angle plus `helicity` (0 Neel, pi/2 Bloch).
    """

    center: tuple[float, float]
    radius: float
    width: float
    helicity: float = 0.0
    polarity: int = 1
    is_uniform: bool = False
    walls: tuple[Wall, ...] = ()

    def __post_init__(self) -> None:
        require_positive(self.width, "width")
        require_positive(self.radius, "radius")
        if self.polarity not in (1, -1):
            raise ValueError(f"polarity = {self.polarity!r} must be 1 or -1")

    @property
    def parameters(self) -> tuple[float, ...]:
        """(x, y of the center, width, radius/width, cos and sin of the helicity, polarity)."""
        turn = math.cos(self.helicity), math.sin(self.helicity)
        return (*self.center, self.width, self.radius / self.width, *turn, float(self.polarity))

    @property
    def finest(self) -> float:
        """The width of the wall, or the radius if that is less."""
        return min(self.width, self.radius)

    def components(self, x: Any, y: Any, p: Sequence[Any], math: Any) -> tuple[Any, Any, Any]:
        """The formula of the class."""
        dx, dy = (x - p[0]) / p[2], (y - p[1]) / p[2]
        # the offset keeps the gradient finite at the core, where dx/r is 0/0
        r = math.sqrt(dx * dx + dy * dy + 1e-16)
        # scaled by exp(-radius/width): neither factor overflows for a large skyrmion
        wall = 0.5 * (1 - math.exp(-2 * p[3]))
        u = math.minimum(r, p[3] + _FAR)
        here = 0.5 * (math.exp(u - p[3]) - math.exp(-u - p[3]))
        total = wall * wall + here * here
        radial = 2 * wall * here / total
        cos_polar, sin_polar = dx / r, dy / r
        return (
            radial * (cos_polar * p[4] - sin_polar * p[5]),
            radial * (sin_polar * p[4] + cos_polar * p[5]),
            p[6] * (wall * wall - here * here) / total,
        )


@dataclass(frozen=True, kw_only=True)
class Expression:
    """m from three formulas of x and y in nm, normalised; parsed, never evaluated as code.

    `finest` is the shortest length over which m varies, nm, for the mesh; unknown by default.
    """

    formulas: tuple[str, str, str]
    finest: float = math.inf
    is_uniform: bool = False
    walls: tuple[Wall, ...] = ()
    parameters: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.formulas, list | tuple) or len(self.formulas) != 3:
            raise ValueError(f"expression = {self.formulas!r} must be three formulas of x and y")
        object.__setattr__(self, "formulas", tuple(self.formulas))
        self._parsed()

    def _parsed(self) -> list[Parsed]:
        return [parse(formula) for formula in self.formulas]

    def components(self, x: Any, y: Any, p: Sequence[Any], math: Any) -> tuple[Any, Any, Any]:
        """The formulas over their length."""
        # x * 0 turns a constant formula into a field
        raw = [formula(x, y, math) + 0 * x for formula in self._parsed()]
        length = math.sqrt(sum(component * component for component in raw))
        return tuple(component / length for component in raw)  # type: ignore[return-value]


def neel_wall(*, center: Sequence[str | float], width: str | float, angle: str | float = 0.0) -> DomainWall:
    """A Neel wall; lengths with units or in nm, the angle with a unit or in rad."""
    return _wall("neel", center, width, angle)


def bloch_wall(*, center: Sequence[str | float], width: str | float, angle: str | float = 0.0) -> DomainWall:
    """A Bloch wall; lengths with units or in nm, the angle with a unit or in rad."""
    return _wall("bloch", center, width, angle)


def spiral(*, period: str | float, direction: Sequence[float] = (1.0, 0.0), plane: str = "xz") -> Spiral:
    """A spiral; the period with a unit or in nm."""
    if len(direction) not in (2, 3) or (len(direction) == 3 and direction[2] != 0):
        raise ValueError(f"direction = {list(direction)!r} of a spiral must lie in the plane: [x, y]")
    return Spiral(period=quantity(period, "nm", "period"), direction=(direction[0], direction[1]), plane=plane)


def skyrmion(
    *,
    center: Sequence[str | float],
    radius: str | float,
    width: str | float,
    helicity: str | float = 0.0,
    polarity: int = 1,
) -> Skyrmion:
    """A skyrmion; lengths with units or in nm, the helicity with a unit or in rad."""
    return Skyrmion(
        center=_point(center),
        radius=quantity(radius, "nm", "radius"),
        width=quantity(width, "nm", "width"),
        helicity=quantity(helicity, "rad", "helicity"),
        polarity=polarity,
    )


def expression(formulas: Sequence[str]) -> Expression:
    """m from three formulas of x and y in nm.

    Raises:
        ValueError: If a formula has anything but numbers, x, y, pi, + - * / ** and the listed functions.
    """
    return Expression(formulas=tuple(formulas))  # type: ignore[arg-type]


def _wall(kind: str, center: Sequence[str | float], width: str | float, angle: str | float) -> DomainWall:
    return DomainWall(
        kind=kind, center=_point(center), width=quantity(width, "nm", "width"), angle=quantity(angle, "rad", "angle")
    )


def _point(center: Sequence[str | float]) -> tuple[float, float]:
    if isinstance(center, str) or len(center) != 2:
        raise ValueError(f"center = {center!r} must be two lengths [x, y]")
    return quantity(center[0], "nm", "center"), quantity(center[1], "nm", "center")
