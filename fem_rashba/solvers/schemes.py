"""Runge-Kutta schemes in time: explicit first stage, one diagonal entry, stiffly accurate and L-stable.

The last stage is the solution at the end of the step, and its rate the first one of the next step. All implicit stages
of a step have the same matrix.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """A tableau.

    Attributes:
        order: Of the solution.
        nodes: Where the stages lie in the step, from 0 to 1.
        matrix: Of the stages, lower triangular; the last row has the weights of the solution.
        embedded: Weights of a second solution. The difference of the two, the estimate of the error, is of third order.
    """

    order: int
    nodes: tuple[float, ...]
    matrix: tuple[tuple[float, ...], ...]
    embedded: tuple[float, ...]

    @property
    def diagonal(self) -> float:
        """The diagonal entry of all stages but the first."""
        return self.matrix[-1][-1]


def _tr_bdf2() -> Scheme:
    """Hosea and Shampine, Appl. Numer. Math. 20, 21 (1996): the trapezoidal rule, then BDF2, in one step."""
    middle, diagonal, w = 2 - math.sqrt(2), 1 - math.sqrt(0.5), math.sqrt(2) / 4
    return Scheme(
        order=2,
        nodes=(0.0, middle, 1.0),
        matrix=((0.0,), (diagonal, diagonal), (w, w, diagonal)),
        embedded=((1 - w) / 3, (3 * w + 1) / 3, diagonal / 3),
    )


def _esdirk3() -> Scheme:
    """The implicit part of ARK3(2)4L[2]SA, Kennedy and Carpenter, Appl. Numer. Math. 44, 139 (2003)."""
    diagonal = 1767732205903 / 4055673282236
    third = (2746238789719 / 10658868560708, -640167445237 / 6845629431997)
    last = (1471266399579 / 7840856788654, -4482444167858 / 7529755066697, 11266239266428 / 11593286722821)
    return Scheme(
        order=3,
        nodes=(0.0, 2 * diagonal, 0.6, 1.0),
        matrix=((0.0,), (diagonal, diagonal), (*third, diagonal), (*last, diagonal)),
        embedded=(
            2756255671327 / 12835298489170,
            -10771552573575 / 22201958757719,
            9247589265047 / 10645013368117,
            2193209047091 / 5459859503100,
        ),
    )


SCHEMES = {"tr-bdf2": _tr_bdf2(), "esdirk3": _esdirk3()}
