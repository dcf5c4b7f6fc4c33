"""What each map shows: the quantity, its unit and the range of its colours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

ROUNDING = 1e-12
"""Values this much smaller than the vector they belong to are zero but for rounding."""

CLIPPED_AREA = 0.002
"""The part of the film whose values may lie beyond the colours: at a sharp corner a field may be infinite."""

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
        overlay: What is drawn over the colours, from the same array.
    """

    array: str
    label: str
    unit: str
    kind: Literal["signed", "magnitude", "level"]
    component: int | None = None
    vector: str | None = None
    prefixed: bool = True
    span: tuple[float, float] | None = None
    overlay: Literal["streamlines", "arrows"] | None = None

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
        "fieldlike": _torque("fieldlike", r"field-like torque $T_\mathrm{fl}$"),
        "dampinglike": _torque("dampinglike", r"damping-like torque $T_\mathrm{dl}$"),
        "potential": Map(array="potential", label="potential", unit="V", kind="level"),
        "charge_current": Map(
            array="J", label=r"sheet current $|\mathbf{J}|$", unit="A/m", kind="magnitude", overlay="streamlines"
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


def values(shown: Map, arrays: Mapping[str, np.ndarray], magnitude: float) -> np.ndarray:
    """The values that are shown, with those that are zero but for rounding set to zero.

    Args:
        shown: The map.
        arrays: Among them that of the map, of any shape (...) or (..., components).
        magnitude: From `magnitude`.
    """
    found = arrays[shown.array]
    if shown.component is not None:
        found = found[..., shown.component]
    elif shown.kind == "magnitude":
        found = np.linalg.norm(found, axis=-1)
    return np.where(np.abs(found) < ROUNDING * magnitude, 0.0, found)


def magnitude(shown: Map, arrays: Mapping[str, np.ndarray]) -> float:
    """The largest magnitude, over the nodes, of the vector that the values of a map belong to."""
    vector = arrays.get(shown.vector or shown.array, arrays[shown.array])
    lengths = np.abs(vector) if vector.ndim == 1 else np.linalg.norm(vector, axis=-1)
    return float(np.max(lengths, where=np.isfinite(lengths), initial=0.0))


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
    """

    factor: float
    low: float
    high: float
    label: str
    beyond: str
    only: float | None


def scale(shown: Map, nodal: np.ndarray, pixels: np.ndarray) -> Scale:
    """Colours from the least to the largest value, except for peaks on less than CLIPPED_AREA of the film.

    Args:
        shown: The map.
        nodal: Its values at the nodes; those that are not finite are left out.
        pixels: Its values at evenly spaced points of the film.
    """
    nodal, pixels = nodal[np.isfinite(nodal)], pixels[np.isfinite(pixels)]
    if shown.span:
        low, high = shown.span
        return Scale(factor=1.0, low=low, high=high, label=shown.label, beyond="neither", only=None)
    least, largest = (float(nodal.min()), float(nodal.max())) if nodal.size else (0.0, 0.0)
    peak = max(-least, largest)
    factor, unit = _unit(shown, peak)
    label = f"{shown.label} ({unit})"
    if peak == 0.0 or (shown.kind == "level" and largest - least < 1e-9 * peak):
        only = (least + largest) / 2 / factor
        low = 0.0 if shown.kind == "magnitude" else only - 1.0
        return Scale(factor=factor, low=low, high=only + 1.0, label=label, beyond="neither", only=only)
    if shown.kind == "level":
        return Scale(
            factor=factor, low=least / factor, high=largest / factor, label=label, beyond="neither", only=None
        )
    common = float(np.quantile(np.abs(pixels), 1 - CLIPPED_AREA)) if pixels.size else peak
    clipped = 0.0 < 1.25 * common < peak
    high = (common if clipped else peak) / factor
    signed = shown.kind == "signed"
    beyond = ("both" if signed else "max") if clipped else "neither"
    return Scale(factor=factor, low=-high if signed else 0.0, high=high, label=label, beyond=beyond, only=None)


def _unit(shown: Map, peak: float) -> tuple[float, str]:
    """The power of 1000 that leaves 1 to 1000 of the peak, and the unit that says so."""
    # the addend keeps 1e-6, whose logarithm may come out below -6, in its own decade
    exponent = 3 * math.floor(math.log10(peak) / 3 + 1e-9) if peak > 0.0 else 0
    if exponent == 0:
        return 1.0, shown.unit
    if shown.prefixed and exponent in _PREFIXES:
        return 10.0**exponent, _PREFIXES[exponent] + shown.unit
    return 10.0**exponent, f"$10^{{{exponent}}}$ {shown.unit}"
