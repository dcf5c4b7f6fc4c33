"""Resistances of Ohmic sheets by conformal mapping, in squares (units of the sheet resistance).

A sheet with insulating edges is mapped onto the upper half-plane or the unit disk, where the potential of currents
between points of the boundary is a sum of logarithms: the map keeps resistances. An arm of the width W becomes the
neighbourhood of a point; at the distance x into it the potential is that of x/W squares but for exp(-2 pi x/W) at an
equipotential end. What is left when the straight parts are subtracted is the `excess` of a corner, a step, or a
constriction. Each excess is computed from its integral by quadrature; where there is a closed form, a test of these
references compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import cos, inf, log, pi, sqrt

from scipy.integrate import quad


def integral(function: Callable[[float], float], *points: float) -> float:
    """Over the intervals between the points."""
    return sum(quad(function, a, b, epsabs=1e-12, epsrel=1e-12, limit=200)[0] for a, b in pairwise(points))


def corner() -> float:
    """Excess of a right-angle bend of two arms of equal widths, straight parts counted up to the inner corner.

    dz/dt = C/t sqrt((t - 1)/(t + 1)) has the inner corner (3 pi/2) at t = 1, the outer one (pi/2) at -1, the arms at 0
    and infinity, their widths pi C. The potential is ln(t)/pi, the length along the inner side from the corner the
    integral of dz, and t -> 1/t exchanges the arms. Closed form: 1 - (2/pi) ln 2.
    """
    return 2 / pi * integral(lambda t: (1 - sqrt((t - 1) / (t + 1))) / t, 1, 2, inf)


def step(ratio: float) -> float:
    """Excess of a sudden step on one side of a strip, from a width b to ratio b.

    dz/dt = C/t sqrt((t - 1)/(t - p)): the narrow arm at 0, of width pi C/sqrt(p), the re-entrant corner at 1, the other
    one at p, the wide arm at infinity, of width pi C: p = ratio^2. Closed form, k the ratio:
    [(k + 1/k) ln((k + 1)/(k - 1)) - 2 ln(4k/(k^2 - 1))]/pi.
    """
    p = ratio**2
    narrow = integral(lambda t: (1 - ratio * sqrt((1 - t) / (p - t))) / t, 0, 0.5, 1)
    # t = p + s^2 takes the root out of the denominator
    wide = integral(lambda s: 2 * (s - sqrt(p + s * s - 1)) / (p + s * s), 0, sqrt(p), inf)
    return (narrow + log(p) + wide) / pi


def contact(part: float) -> float:
    """Excess of a contact that covers a part of the end of a strip, from one edge on.

    t = cosh(pi z/W) maps the half strip onto the half-plane, the contact 0 <= y <= part W onto tau <= t <= 1, tau =
    cos(pi part). The potential is Re arccosh((2t - 1 - tau)/(1 - tau))/pi, far away ln(4t/(1 - tau))/pi with t =
    exp(pi x/W)/2. The mirror image of the half strip makes the contact the opening beside a slit across a strip: twice
    this is the excess of that slit, (4/pi) ln(1/cos(pi d/(2 W))) for a depth d = (1 - part) W.
    """
    tau = cos(pi * part)
    return log(2 / (1 - tau)) / pi


def cross(arm: float) -> dict[str, float]:
    """Resistances of a cross of four arms of the width 1 and the length `arm`, two arms floating.

    dz/dt = C sqrt(1 + t^4)/(1 - t^4) maps the unit disk, the arms being 1, i, -1, -i, the re-entrant corners between
    them; the residue at t = 1 gives the width, C = 2 sqrt(2)/pi. A current from t = a to t = b has the potential
    ln(|t - b|/|t - a|)/pi. Near t = 1 the distance from the central square is ln(K/(1 - t))/pi, K from the integral of
    dz along the real axis.

    Returns:
        "straight": Between opposite arms. "around": between neighbours. "neighbours": (V_C - V_D)/I between the other
        two arms, for a current between neighbours; ln(2)/pi, by van der Pauw's theorem.
    """
    regular = integral(lambda s: (2 * sqrt(2 + 2 * s**4) / ((1 + s) * (1 + s * s)) - 1) / (1 - s), 0, 0.5, 1)
    log_k = regular - pi / 2
    return {
        "straight": 2 * (arm + (log(2) - log_k) / pi),
        "around": 2 * (arm + (log(2) / 2 - log_k) / pi),
        "neighbours": log(2) / pi,
    }


def ring(inner: float, outer: float) -> float:
    """Of a ring between two circular contacts: the integral of dr/(2 pi r)."""
    return log(outer / inner) / (2 * pi)
