"""What each map shows: the quantity, its unit and the range of its colours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

GRIDDED = ("effective_field", "fieldlike_field", "dampinglike_field", "spin_density")
"""Quantities of the OVF files that no map is called."""

ROUNDING = 1e-12
"""Values this much smaller than the vector they belong to are zero but for rounding."""

CLIPPED_AREA = 0.002
"""The part of the film whose values may lie beyond the colours: at a sharp corner a field may be infinite."""

SAME = 1e-9
"""Potentials that differ by less than this part of their size are the same."""

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
_COLORS = {"signed": "RdBu_r", "magnitude": "viridis", "level": "cividis"}


@dataclass(frozen=True, kw_only=True)
class Map:
    """A quantity that is shown as colours.

    Attributes:
        array: The array of nodal values it is made from.
        label: In matplotlib's notation.
        unit: In matplotlib's notation, empty for a number.
        kind: "signed" (white is zero), "magnitude" (from zero) or "level" (from the least value).
        component: Of the array; None for its magnitude, or for a scalar array.
        vector: The array with whose magnitude the values are compared to tell zero from rounding.
        prefixed: Whether the unit takes SI prefixes; otherwise a power of ten stands before it.
        span: Fixed ends of the colours.
        overlay: What is drawn over the colours.
        over: The array of the overlay; by default that of the map.
    """

    array: str
    label: str
    unit: str
    kind: Literal["signed", "magnitude", "level"]
    component: int | None = None
    vector: str | None = None
    prefixed: bool = True
    span: tuple[float, float] | None = None
    overlay: Literal["streamlines", "arrows", "vectors"] | None = None
    over: str | None = None

    @property
    def arrays(self) -> tuple[str, ...]:
        """Every array that the map needs."""
        return (self.array, self.over) if self.over else (self.array,)

    @property
    def colors(self) -> str:
        """Name of the colour map."""
        return _COLORS[self.kind]


def _spin(symbol: str, component: int | None) -> Map:
    return Map(
        array="S",
        label=f"spin density ${symbol}$",
        unit=r"nm$^{-2}$",
        kind="magnitude" if component is None else "signed",
        component=component,
        prefixed=False,
    )


def _torque(array: str, label: str) -> Map:
    return Map(array=array, label=label, unit=r"eV/nm$^2$", kind="signed", vector="T")


MAPS: Mapping[str, Map] = MappingProxyType(
    {
        "Sx": _spin("S_x", 0),
        "Sy": _spin("S_y", 1),
        "Sz": _spin("S_z", 2),
        "S": _spin(r"|\mathbf{S}|", None),
        "fieldlike": _torque("fieldlike", r"fieldlike torque $T_\mathrm{fl}$"),
        "dampinglike": _torque("dampinglike", r"dampinglike torque $T_\mathrm{dl}$"),
        "potential": Map(array="potential", label="potential", unit="V", kind="level"),
        "charge_current": Map(
            array="J",
            label=r"sheet current $|\mathbf{J}|$",
            unit="A/m",
            kind="magnitude",
            overlay="streamlines",
        ),
        "magnetization": Map(
            array="m",
            label="magnetization $m_z$",
            unit="",
            kind="signed",
            component=2,
            span=(-1.0, 1.0),
            overlay="arrows",
        ),
    }
)
"""Name of the map, and of its file -> what it shows."""


def _torque_component(axis: int) -> Map:
    name = "xyz"[axis]
    return Map(array="T", label=f"torque $T_{name}$", unit=r"eV/nm$^2$", kind="signed", component=axis)


def _spin_current(name: str) -> Map:
    return Map(
        array=f"spin_current_{name}",
        label=rf"spin current $(2e/\hbar)\,|\mathbf{{J}}^{name}|$",
        unit="A/m",
        kind="magnitude",
        overlay="streamlines",
    )


KNOWN: Mapping[str, Map] = MappingProxyType(
    {
        **MAPS,
        "n": Map(array="n", label="density $n$", unit=r"nm$^{-2}$", kind="signed", prefixed=False),
        **{f"T{'xyz'[axis]}": _torque_component(axis) for axis in range(3)},
        "torque": Map(
            array="m",
            label="$m_z$, arrows: torque in the plane",
            unit=r"eV/nm$^2$",
            kind="signed",
            component=2,
            span=(-1.0, 1.0),
            overlay="vectors",
            over="T",
        ),
        **{f"spin_current_{name}": _spin_current(name) for name in "xyz"},
    }
)
"""MAPS, and those that are drawn if they are asked for."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Numbers and colours of a map.

    Attributes:
        factor: A tick label times this is the value in the unit of the array.
        low: Value of the first colour, divided by the factor.
        high: Value of the last colour, divided by the factor.
        label: Quantity and scaled unit.
        beyond: Which ends have values beyond them: "neither", "max" or "both".
        only: The one value of a constant map, divided by the factor; None where values vary.
        zero: What is smaller, in the unit of the array, is zero but for rounding.
    """

    factor: float
    low: float
    high: float
    label: str
    beyond: str = "neither"
    only: float | None = None
    zero: float


def values(shown: Map, arrays: Mapping[str, np.ndarray], zero: float) -> np.ndarray:
    """The values that are shown; those smaller than `zero` are set to zero.

    Args:
        shown: The map.
        arrays: Among them that of the map, of any shape (...) or (..., components).
        zero: From the scale of the map.
    """
    found = arrays[shown.array]
    if shown.component is not None:
        found = found[..., shown.component]
    elif shown.kind == "magnitude":
        found = np.linalg.norm(found, axis=-1)
    return np.where(np.abs(found) < zero, 0.0, found)


def scale(shown: Map, arrays: Mapping[str, np.ndarray], areas: np.ndarray) -> Scale:
    """Colours from the least to the largest value, except for peaks on less than CLIPPED_AREA of the film.

    Args:
        shown: The map.
        arrays: At the nodes, shape (N,) or (N, components); what is not finite is left out.
        areas: Of the film around each node, shape (N,).
    """
    zero = ROUNDING * _largest(arrays.get(shown.vector or shown.array, arrays[shown.array]))
    if shown.span:
        return Scale(factor=1.0, low=shown.span[0], high=shown.span[1], label=shown.label, zero=zero)
    nodal = values(shown, arrays, zero)
    areas, nodal = areas[np.isfinite(nodal)], nodal[np.isfinite(nodal)]
    least, most = (float(nodal.min()), float(nodal.max())) if nodal.size else (0.0, 0.0)
    peak = max(-least, most)
    common = _usual(np.abs(nodal), areas) if nodal.size else 0.0
    clipped = shown.kind != "level" and 0.0 < 1.25 * common < peak
    # the unit fits what the bar shows, not a peak that it leaves out
    factor, unit = prefixed(common if clipped else peak, shown.unit, shown.prefixed)
    label = f"{shown.label} ({unit})"
    if peak == 0.0 or (shown.kind == "level" and most - least < SAME * peak):
        only = (least + most) / 2 / factor
        low = 0.0 if shown.kind == "magnitude" else only - 1.0
        return Scale(factor=factor, low=low, high=only + 1.0, label=label, only=only, zero=zero)
    if shown.kind == "level":
        return Scale(factor=factor, low=least / factor, high=most / factor, label=label, zero=zero)
    high = (common if clipped else peak) / factor
    low, ends = (-high, "both") if shown.kind == "signed" else (0.0, "max")
    beyond = ends if clipped else "neither"
    return Scale(factor=factor, low=low, high=high, label=label, beyond=beyond, zero=zero)


def _largest(vector: np.ndarray) -> float:
    lengths = np.abs(vector) if vector.ndim == 1 else np.linalg.norm(vector, axis=-1)
    return float(np.max(lengths, where=np.isfinite(lengths), initial=0.0))


def _usual(sizes: np.ndarray, areas: np.ndarray) -> float:
    """The size that is exceeded on CLIPPED_AREA of the film."""
    order = np.argsort(sizes, kind="stable")
    below = np.cumsum(areas[order])
    return float(sizes[order[np.searchsorted(below, (1 - CLIPPED_AREA) * below[-1])]])


def amount(value: float, unit: str) -> str:
    """A value with a prefix of its unit, three digits, in matplotlib's notation."""
    factor, scaled = prefixed(value, unit, True)
    return f"{value / factor:.3g} {scaled}"


def prefixed(peak: float, unit: str, prefixes: bool) -> tuple[float, str]:
    """The power of 1000 that leaves 1 to 1000 of the peak, and the unit that says so.

    Args:
        peak: The largest size, at least 0.
        unit: In matplotlib's notation.
        prefixes: Whether it takes SI prefixes; otherwise a power of ten stands before it.
    """
    # the addend: 1e-3 but for rounding is 1 m and not 1000 µ
    exponent = 3 * math.floor(math.log10(peak) / 3 + 1e-9) if peak > 0.0 else 0
    if exponent == 0:
        return 1.0, unit
    if prefixes and exponent in _PREFIXES:
        return 10.0**exponent, _PREFIXES[exponent] + unit
    return 10.0**exponent, f"$10^{{{exponent}}}$ {unit}"
