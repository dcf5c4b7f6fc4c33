"""The direction of the magnetization m(x, y): what every one offers, and the uniform one.

A magnetization says its components once, as a function of x, y, a tuple of parameters and a namespace of functions,
so that the same formula serves UFL (the forms; parameters as constants, so that new values need no new compilation)
and numpy (maps and probes).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
import ufl

from fem_rashba.physics.expression import FUNCTIONS

UFL_MATH = SimpleNamespace(
    **{name: getattr(ufl, name) for name in FUNCTIONS if name not in ("abs", "log")},
    log=ufl.ln,
    abs=abs,
    maximum=ufl.max_value,
    minimum=ufl.min_value,
)
NUMPY_MATH = SimpleNamespace(
    **{
        name: getattr(np, name.replace("asin", "arcsin").replace("acos", "arccos").replace("atan", "arctan"))
        for name in FUNCTIONS
        if name not in ("atan2", "abs")
    },
    atan2=np.arctan2,
    abs=np.abs,
    maximum=np.maximum,
    minimum=np.minimum,
    sampled=lambda m, x, y: m.sampled(x, y),
)


@dataclass(frozen=True, kw_only=True)
class Wall:
    """A line in the plane where m turns: a point (nm), the direction of its normal (rad) and its width (nm)."""

    center: tuple[float, float]
    angle: float
    width: float


class Magnetization(Protocol):
    """What every magnetization offers.

    `parameters` are the numbers of the formula; `components(x, y, p, math)` the three components, of unit length;
    `is_uniform` whether they do not depend on x, y; `finest` the shortest length over which m varies, nm (inf: none);
    `walls` the lines along which it does, if it varies along lines only.
    """

    @property
    def parameters(self) -> tuple[float, ...]: ...
    @property
    def is_uniform(self) -> bool: ...
    @property
    def finest(self) -> float: ...
    @property
    def walls(self) -> tuple[Wall, ...]: ...
    def components(self, x: Any, y: Any, p: Sequence[Any], math: Any) -> tuple[Any, Any, Any]: ...


def field(m: Magnetization, x: Any, parameters: Any, math: Any = UFL_MATH) -> Any:
    """m as a UFL vector of shape (3,), of the UFL coordinates x and parameters (a UFL vector, or None).

    m on a grid needs a namespace with `sampled`: a finite-element function.
    """
    return ufl.as_vector(m.components(x[0], x[1], parameters, math))


def values(m: Magnetization, x: np.ndarray, y: np.ndarray, math: Any = NUMPY_MATH) -> np.ndarray:
    """m at points (nm), shape (3, N).

    Raises:
        ValueError: If m is not a number or has no direction somewhere.
    """
    try:
        with np.errstate(all="ignore"):
            found = m.components(np.asarray(x, float), np.asarray(y, float), m.parameters, math)
            result = np.stack([np.broadcast_to(np.asarray(component, float), np.shape(x)) for component in found])
    except (ArithmeticError, TypeError) as error:  # 1/0 and (-1)**0.5 of plain numbers
        raise ValueError(f"the expression of the magnetization has no real value: {error}") from None
    bad = ~np.isfinite(result).all(axis=0)
    if bad.any():
        i = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"the magnetization has no direction at x = {x[i]:g} nm, y = {y[i]:g} nm: it must be finite and not zero"
        )
    return result


@dataclass(frozen=True, kw_only=True)
class Uniform:
    """m the same everywhere; `direction` need not be normalised."""

    direction: tuple[float, float, float]
    is_uniform: bool = True
    finest: float = math.inf
    walls: tuple[Wall, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "direction", unit_vector(self.direction, "direction"))

    @property
    def parameters(self) -> tuple[float, ...]:
        """The unit vector."""
        return self.direction

    def components(self, x: Any, y: Any, p: Sequence[Any], math: Any) -> tuple[Any, Any, Any]:
        """m = direction."""
        return p[0], p[1], p[2]


def uniform(direction: Sequence[float]) -> Uniform:
    """m = direction / |direction| everywhere.

    Raises:
        ValueError: If the direction is not three numbers, or is zero.
    """
    return Uniform(direction=tuple(direction))  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Opposite:
    """-m of another magnetization m."""

    base: Magnetization

    @property
    def parameters(self) -> tuple[float, ...]:
        """Those of m."""
        return self.base.parameters

    @property
    def is_uniform(self) -> bool:
        """As m."""
        return self.base.is_uniform

    @property
    def finest(self) -> float:
        """As m."""
        return self.base.finest

    @property
    def walls(self) -> tuple[Wall, ...]:
        """As m."""
        return self.base.walls

    def components(self, x: Any, y: Any, p: Sequence[Any], math: Any) -> tuple[Any, Any, Any]:
        """-m, component by component."""
        mx, my, mz = self.base.components(x, y, p, math)
        return -mx, -my, -mz


def opposite(m: Magnetization) -> Magnetization:
    """-m(x, y)."""
    return m.base if isinstance(m, Opposite) else Opposite(base=m)


def unit_vector(vector: Sequence[float], name: str) -> tuple[float, ...]:
    """vector/|vector|, shape (3,); ValueError unless it is three finite numbers that are not all zero."""
    if len(vector) != 3 or any(isinstance(v, str | bool) for v in vector):
        raise ValueError(f"{name} = {list(vector)!r} must be three numbers")
    length = math.sqrt(sum(v * v for v in vector))
    if not math.isfinite(length) or length == 0:
        raise ValueError(f"{name} = {list(vector)!r} must be finite and not zero")
    return tuple(v / length for v in vector)


def require_positive(value: float, name: str) -> None:
    """ValueError unless `value` is finite and positive."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} = {value!r} must be finite and positive")
