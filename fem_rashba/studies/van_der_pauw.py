"""Sheet resistance by the method of van der Pauw, Philips Research Reports 13, 1 (1958).

Of contacts A, B, C, D in their order along the edge of a sheet without holes, in whatever shape, if they are small,

    exp(-pi R_AB,DC/R_s) + exp(-pi R_BC,AD/R_s) = 1,    R_AB,DC = (V_D - V_C)/I_AB.

R_s follows from the two resistances alone: R_s = (pi/ln 2) (R_AB,DC + R_BC,AD)/2 f, f the correction function of their
ratio. A hole, a wide contact, or a contact inside, makes the sum another one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.optimize import brentq

from fem_rashba.studies.resistance import Resistances


@dataclass(frozen=True, kw_only=True)
class VanDerPauw:
    """A measurement of the sheet resistance.

    Attributes:
        contacts: A, B, C, D along the edge.
        resistances: R_AB,DC and R_BC,AD, Ohm.
        sheet_resistance: That solves the equation, Ohm per square.
        correction: f.
    """

    contacts: tuple[str, ...]
    resistances: tuple[float, float]
    sheet_resistance: float
    correction: float

    def sum(self, sheet_resistance: float) -> float:
        """The sum of the two exponentials for a sheet resistance that is known otherwise: 1 for an ideal sample."""
        return math.fsum(math.exp(-math.pi * r / sheet_resistance) for r in self.resistances)


def van_der_pauw(found: Resistances, contacts: Sequence[str]) -> VanDerPauw:
    """The sheet resistance from four contacts, given in their order along the edge.

    Raises:
        ValueError: If these are not four different contacts of the device, or not in their order.
    """
    if isinstance(contacts, str) or len(contacts) != 4 or len(set(contacts)) != 4:
        raise ValueError(f"contacts = {contacts!r} must be four different contacts in their order along the edge")
    a, b, c, d = contacts
    first = found.four_point(current=(a, b), voltage=(d, c))
    second = found.four_point(current=(b, c), voltage=(a, d))
    if not min(first, second) > 0:
        raise ValueError(
            f"contacts = {list(contacts)!r} must be in their order along the edge: R_AB,DC = {first:.4g} Ohm and "
            f"R_BC,AD = {second:.4g} Ohm must both be positive"
        )
    sheet = sheet_resistance(first, second)
    return VanDerPauw(
        contacts=tuple(contacts),
        resistances=(first, second),
        sheet_resistance=sheet,
        correction=2 * sheet * math.log(2) / (math.pi * (first + second)),
    )


def sheet_resistance(first: float, second: float) -> float:
    """R_s with exp(-pi first/R_s) + exp(-pi second/R_s) = 1; of two positive resistances, in their unit.

    Raises:
        ValueError: If they are not positive and finite.
    """
    for value in (first, second):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"resistance = {value!r} must be positive and finite")
    # in units of the larger one; equal resistances give pi/ln 2, and a vanishing other one lets R_s fall to 0 slowly
    largest, ratio = max(first, second), min(first, second) / max(first, second)
    inverse = brentq(lambda s: math.exp(-s) + math.exp(-ratio * s) - 1.0, 1e-9, 50.0 / ratio, xtol=1e-15, rtol=1e-14)
    return math.pi * largest / inverse
