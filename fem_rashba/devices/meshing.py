"""Element sizes: what the film's decay lengths ask for at edges, corners and domain walls. Lengths in nm.

The solution is a sum of modes exp(-kappa d), d the distance from an edge. Interpolating one with degree p to the same
error everywhere needs elements of size

    h(d) = (c / |kappa|) exp(Re kappa d / (p + 1)),

so the size is the least of these over the modes, and grows from element to element by a limited factor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from fem_rashba.devices.grading import GRADINGS, Grading, grading
from fem_rashba.physics.film import Film
from fem_rashba.physics.magnetization import Wall
from fem_rashba.units import quantity

Films = Film | Mapping[str, Film]
Size = Callable[[np.ndarray], np.ndarray]


MOST_CELLS = 5e7

SHORTEST = 1e-3
"""Shortest length of a film that is meshed automatically, nm: far below any atom."""


@dataclass(frozen=True, kw_only=True)
class Sizing:
    """The element sizes of one device.

    Attributes:
        layer: Size as a function of the distance to an edge.
        corner: From the exponent of a corner (`corners.corners`), and the part of the usual growth that is wanted, to
            the size as a function of the distance to it.
        walls: Each wall with the size as a function of the distance to it.
        arc: From the radius of a circular side to the size as a function of the distance to it.
        largest: Upper limit.
        regions: The layer of each region's own film, where films differ.
    """

    layer: Size
    corner: Callable[..., Size]
    walls: tuple[tuple[Wall, Size], ...]
    arc: Callable[[float], Size]
    largest: float
    regions: Mapping[str, Size] = field(default_factory=dict)


def layer_size(film: Films, degree: int, *, width: float = 0.0, grading: Grading | None = None) -> Size:
    """The element size as a function of the distance from an edge, or from a wall of the given width.

    A wall excites no modes that are much shorter than its width: there |kappa| is at most 1/width.

    Args:
        film: The film, or the film of each region: the finest counts.
        degree: Polynomial degree of the elements.
        width: nm; 0 for an edge.
        grading: None for that of the degree in `GRADINGS`.

    Returns:
        A function of distances (nm) to sizes (nm), of any shape.
    """
    grading = grading or GRADINGS[degree]
    films = list(film.values()) if isinstance(film, Mapping) else [film]
    kappa = np.concatenate([np.asarray(f.decay_rates).ravel() for f in films])
    if width > 0.0:
        kappa = np.append(kappa, 1.0 / width)
        kappa = kappa / np.maximum(1.0, np.abs(kappa) * width)
    kappa = kappa[np.abs(kappa) > 0.0]
    first = grading.reach / np.abs(kappa)
    rates = np.maximum(kappa.real, 0.0) / (degree + 1)
    first, rates = _binding(first, rates)
    slope = math.log(grading.growth)
    # from here on the exponential would outgrow the limit and a straight line of that slope takes over
    start = np.log(np.maximum(slope / np.maximum(first * rates, 1e-300), 1.0)) / np.maximum(rates, 1e-300)

    def size(distance: np.ndarray) -> np.ndarray:
        d = np.asarray(distance, dtype=float)
        least = np.full(d.shape, np.inf)
        for h0, rate, bend in zip(first, rates, start, strict=True):
            h = h0 * np.exp(rate * np.minimum(d, bend)) + slope * np.maximum(d - bend, 0.0)
            np.minimum(least, h, out=least)
        return least

    return size


def _binding(first: np.ndarray, rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The modes that no other mode undercuts at every distance."""
    order = np.lexsort((rates, first))
    first, rates = first[order], rates[order]
    before = np.concatenate([[np.inf], np.minimum.accumulate(rates)[:-1]])
    keep = rates < before * (1.0 - 1e-3)
    return first[keep], rates[keep]


def sizing(
    film: Films,
    extent: tuple[float, float],
    *,
    element_size: str | float,
    degree: int,
    walls: Sequence[Wall],
    largest: float | None,
    accuracy: float | None = None,
    goal: str = "map",
) -> Sizing:
    """The element sizes for a device of the given extent (nm).

    Args:
        film: The film, or the film of each region.
        extent: Width and height of the bounding box, nm.
        element_size: "auto", or a length: the same everywhere, whatever else is asked for.
        degree: Polynomial degree of the elements.
        walls: Lines along which the magnetization turns.
        largest: Upper limit in nm of the automatic size.
        accuracy, goal: As of `grading.grading`, for the automatic size.

    Raises:
        ValueError: If the degree, the accuracy or a size is out of range.
    """
    graded = grading(degree, accuracy, goal)
    if element_size != "auto":
        h = _positive(element_size, "element_size", extent)
        _check_count(extent, h, f"element_size = {element_size!r}")
        same = _constant(h)
        return Sizing(
            layer=same, corner=lambda exponent, steepness=1.0: same, walls=(), arc=lambda radius: same, largest=h
        )
    cap = graded.interior * min(extent)
    if largest is not None:
        if not largest > 0.0:
            raise ValueError(f"largest = {largest!r} must be positive")
        cap = min(cap, largest)
    _check_count(extent, cap, f"the automatic element_size in a device of {extent[0]:g} nm x {extent[1]:g} nm")
    _check_lengths(film)
    layer = layer_size(film, degree, grading=graded)
    return Sizing(
        layer=layer,
        corner=lambda exponent, steepness=1.0: _corner_size(layer, graded, exponent, steepness, _ROUNDED * max(extent)),
        walls=tuple((wall, layer_size(film, degree, width=wall.width, grading=graded)) for wall in walls),
        arc=lambda radius: _arc_size(radius, graded),
        largest=cap,
        regions={name: layer_size(each, degree, grading=graded) for name, each in film.items()}
        if isinstance(film, Mapping)
        else {},
    )


def _check_count(extent: tuple[float, float], size: float, what: str) -> None:
    """Refuse what would fill any memory before a word is said."""
    count = extent[0] * extent[1] / size**2
    if count > MOST_CELLS:
        raise ValueError(f"{what} makes about {count:.0e} cells; there may be {MOST_CELLS:.0e}")


def _check_lengths(film: Films) -> None:
    """Raises ValueError for lengths that only a wrong unit can give."""
    for each in film.values() if isinstance(film, Mapping) else [film]:
        fastest = float(np.abs(each.decay_rates).max())
        if fastest * SHORTEST > 1.0:
            raise ValueError(
                f"the shortest length of the film is {1 / fastest:.2g} nm, which no mesh resolves (at least "
                f"{SHORTEST:g} nm is allowed); check the units of its times and of rashba_parameter"
            )


_SMALLEST = 5e-6
"""Of the first element of a layer."""

_ROUNDED = 1e-7
"""Of the extent: Gmsh takes smaller elements for none, and its triangles overlap."""


def _corner_size(layer: Size, grading: Grading, exponent: float, steepness: float, least: float) -> Size:
    """r^s needs first elements that shrink with s < 1; at s = 2/3 `grading.singular`."""
    # 2/(3 s) keeps h^s, the error there; 3 (1 - s) fades it out where r^s becomes smooth
    power = min(3.0 * (1.0 - exponent), 2.0 / (3.0 * exponent))
    part = min(grading.corner, grading.singular ** max(power, 0.0))
    # at ends of contacts and at tips, s near 1/2, what is singular is also larger: a tenth there makes up for it, but
    # for elements so flat that a solver's rounding is more than what they gain
    part = max(part * min(1.0, max(1.5 * exponent, 0.75)) ** 8, min(part, _SMALLEST))
    first, slope = max(part * float(layer(np.zeros(1))[0]), least), steepness * math.log(grading.corner_growth)
    return lambda distance: np.minimum(first + slope * distance, layer(distance))


def _arc_size(radius: float, grading: Grading) -> Size:
    """However long the film's lengths are, an arc must look like one, and across the film the currents follow it."""
    return lambda distance: grading.arc * radius + math.log(grading.growth) / 2 * np.asarray(distance)


def _positive(value: str | float, key: str, extent: tuple[float, float]) -> float:
    if value != value or (
        isinstance(value, str) and not value.strip()[:1].isdigit() and value.strip()[:1] not in "+-."
    ):
        raise ValueError(f"{key} = {value!r} must be 'auto' or a length, such as '2 nm'")
    h = quantity(value, "nm", key)
    if not 0.0 < h <= max(extent):
        raise ValueError(f"{key} = {value!r} must be positive and at most the size of the device, {max(extent):g} nm")
    return h


def _constant(h: float) -> Size:
    return lambda distance: np.full(np.shape(distance), h)
