"""How fine elements of each degree are for a wanted accuracy."""

from __future__ import annotations

import math
from dataclasses import dataclass

GOALS = ("map", "torque", "current")
COARSEST, FINEST = 0.1, 1e-9
"""Range of the accuracy."""


@dataclass(frozen=True, kw_only=True)
class Grading:
    """How elements of one degree are graded.

    Attributes:
        reach: c of the size rule: the part of 1/|kappa| that one element resolves.
        growth: Largest ratio of neighbouring elements.
        corner: Element size at a corner, as a part of that at an edge.
        singular: The same at a re-entrant right angle, where derivatives are infinite.
        corner_growth: Largest ratio of neighbouring elements near corners.
        arc: Angle of a circular side that one element spans, rad.
        interior: Largest element, as a part of the smaller side of the device's bounding box.
    """

    reach: float
    growth: float
    corner: float
    singular: float
    corner_growth: float
    arc: float
    interior: float = 1 / 4


GRADINGS = {
    1: Grading(reach=0.1, growth=1.15, corner=1.0, singular=1 / 32, corner_growth=1.5, arc=0.4),
    2: Grading(reach=0.35, growth=1.3, corner=1 / 2, singular=1 / 256, corner_growth=2.0, arc=0.12),
    3: Grading(reach=0.6, growth=1.4, corner=1 / 4, singular=1 / 512, corner_growth=2.5, arc=0.06),
    4: Grading(reach=0.7, growth=1.5, corner=1 / 8, singular=1 / 8192, corner_growth=2.5, arc=0.025),
}
"""By degree, where no accuracy is asked for. Measured on wires, crosses, v and round notches and partial contacts, spin
sinks, alpha = 0.005 and 0.05 eV nm, against finer P4 solutions at 4000 to 6000 points crowded towards the boundary.
Largest error of the torque, relative to its maximum: at 99 % of the points 4e-4 (P2), 1.1e-4 (P3), 1.3e-5 (P4); at the
worst one, next to a re-entrant corner, 1.1e-3, 2.5e-4, 8e-5. Average torques: 4e-6, 8e-7, 3e-8. P1 on a wire: 2e-3,
averages 6e-5."""

# the errors that `GRADINGS` make: of maps, next to re-entrant corners, of averages on wires, crosses, slits and tips
_MAPS = {1: 2e-3, 2: 4e-4, 3: 1.1e-4, 4: 1.3e-5}
_WORST = {1: 5e-3, 2: 1.1e-3, 3: 2.5e-4, 4: 8e-5}
_AVERAGES = {1: 6e-5, 2: 1.15e-6, 3: 4e-8, 4: 1e-9}
# how much smaller the first elements at corners must be than their power says for a map to be right there too: in
# coarse meshes those that follow them, which grow faster, make as much of the error
_AT_CORNERS = {1: 1 / 3, 2: 1 / 3, 3: 1 / 6, 4: 1 / 3}


def grading(degree: int, accuracy: float | None = None, goal: str = "map") -> Grading:
    """The grading of one degree for a relative error, of the torque's map or of average torques and currents.

    Elements of size h interpolate a mode with an error of h^(p + 1), and averages, which are as good as the square of a
    gradient, have one of h^2p; so sizes and their growth (its logarithm is the slope of the size) scale with a power of
    the accuracy. At a corner where the solution behaves like r^s the first element makes an error of h^s in the map and
    h^2s in averages; s = 2/3 at a right angle, and `Grading.singular` is for that one.

    Args:
        degree: 1 to 4.
        accuracy: None for `GRADINGS`.
        goal: "map", "torque" or "current".

    Raises:
        ValueError: If the degree, accuracy or goal is none of these.
    """
    if degree not in GRADINGS:
        raise ValueError(f"degree = {degree!r} must be one of {', '.join(map(str, GRADINGS))}")
    if goal not in GOALS:
        raise ValueError(f"goal = {goal!r} must be one of {', '.join(map(repr, GOALS))}")
    standard = GRADINGS[degree]
    if accuracy is None:
        return standard
    if isinstance(accuracy, bool | str) or not FINEST <= accuracy <= COARSEST:
        raise ValueError(f"accuracy = {accuracy!r} must be between {FINEST:g} and {COARSEST:g}")
    is_map = goal == "map"
    part = accuracy / (_MAPS if is_map else _AVERAGES)[degree]
    coarser = part ** (1 / (degree + 1) if is_map else 1 / (2 * degree))
    # of r^1 and r^(2/3), as parts of an edge's element that has become coarser itself
    at_corner, power = (accuracy / _WORST[degree], 1.0) if is_map else (part, 0.5)
    corner, singular = (at_corner ** (power / s) / coarser for s in (1.0, 2 / 3))
    if is_map:
        singular *= _AT_CORNERS[degree]
    return Grading(
        reach=standard.reach * coarser,
        growth=math.exp(min(math.log(standard.growth) * coarser, _STEEPEST)),
        corner=min(standard.corner * corner, 1.0),
        singular=min(standard.singular * singular, 1.0),
        corner_growth=math.exp(min(math.log(standard.corner_growth) * coarser, _STEEPEST)),
        arc=min(standard.arc * part**0.25, _LONGEST_ARC),
        interior=min(standard.interior * coarser, 1 / 2),
    )


def finest_start(degree: int, goal: str) -> float:
    """The accuracy whose elements are half as large as those of `GRADINGS`: from there on a solution says where.

    Args:
        degree: 1 to 4.
        goal: "map", "torque" or "current".
    """
    errors, power = (_MAPS, degree + 1) if goal == "map" else (_AVERAGES, 2 * degree)
    return max(errors[degree] * 0.5**power, FINEST)


_STEEPEST = math.log(3.0)
_LONGEST_ARC = 0.5
