"""Resistances between the contacts of a device: the conductance matrix, four-point resistances, Onsager's relation.

G_ij is the conventional current into the film through contact i per volt at contact j. A four-point resistance is

    R_AB,CD = (V_C - V_D)/I,    the current I enters at A and leaves at B; nothing flows through the other contacts.

Onsager's relation is R_AB,CD(m) = R_CD,AB(-m), or G_ij(m) = G_ji(-m). The equations have it for some couplings only
(docs/resistance.md), so by how much it is violated stands beside every result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from fem_rashba.devices.conditions import Condition, Open, Voltage
from fem_rashba.devices.device import Device
from fem_rashba.devices.spin import SpinCondition
from fem_rashba.physics.film import Film
from fem_rashba.physics.magnetization import Magnetization, opposite
from fem_rashba.solvers.problem import Problem, pose, warnings
from fem_rashba.solvers.responses import solve_responses
from fem_rashba.solvers.steady import SolverReport

Pair = Sequence[str]
CONNECTED = 1e-9
"""Least conductance between connected contacts, as a part of the largest."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Resistances:
    """What flows between the N contacts of a device.

    Attributes:
        terminals: Names of the contacts.
        conductance: G, shape (N, N), S.
        couplings: Those of the film, or films: "paper", "consistent" or "custom".
        report: How G was found; None for a matrix from elsewhere.
        warnings: What a user should know of the problem.

    Raises:
        ValueError: If there are fewer than two contacts, G has another shape, or no current can flow between some.
    """

    terminals: tuple[str, ...]
    conductance: np.ndarray
    couplings: str
    report: SolverReport | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.terminals)
        require_contacts(self.terminals)
        if np.shape(self.conductance) != (count, count) or not np.isfinite(self.conductance).all():
            raise ValueError(f"conductance must be a finite matrix of {count} x {count} for {count} terminals")
        apart = set(range(count)) - _reached(self.conductance)
        if apart:
            first, other = self.terminals[0], self.terminals[min(apart)]
            raise ValueError(f"the terminals {first!r} and {other!r} are not connected by the film")

    @cached_property
    def balance(self) -> float:
        """Largest sum of a row or column of G relative to its largest entry: 0 but for the solver's tolerance."""
        sums = np.concatenate([self.conductance.sum(axis=0), self.conductance.sum(axis=1)])
        return float(np.abs(sums).max() / np.abs(self.conductance).max())

    def matrix(self, ground: str) -> np.ndarray:
        """R_ij, shape (N, N), Ohm: voltage of i relative to `ground`, per ampere that enters at j and leaves there.

        Raises:
            ValueError: If there is no such contact.
        """
        (zero,) = self._indices([ground])
        others = [i for i in range(len(self.terminals)) if i != zero]
        result = np.zeros_like(self.conductance)
        result[np.ix_(others, others)] = np.linalg.inv(self.conductance[np.ix_(others, others)])
        return result

    def four_point(self, *, current: Pair, voltage: Pair) -> float:
        """R_AB,CD in Ohm. The pairs may share contacts: ("A", "B") twice is the resistance from A to B.

        Args:
            current: Contacts A, B: where the current enters, where it leaves.
            voltage: Contacts C, D.

        Raises:
            ValueError: If a contact is unknown, or a pair is not two different contacts.
        """
        enters, _ = self._indices(current, "current")
        plus, minus = self._indices(voltage, "voltage")
        volts = self.matrix(current[1])[:, enters]
        return float(volts[plus] - volts[minus])

    def _indices(self, names: Pair, what: str = "") -> list[int]:
        if isinstance(names, str) or (what and (len(names) != 2 or names[0] == names[1])):
            raise ValueError(f"{what} = {names!r} must be two different contacts")
        for name in names:
            if name not in self.terminals:
                raise ValueError(f"unknown contact {name!r}; this device has {', '.join(map(repr, self.terminals))}")
        return [self.terminals.index(name) for name in names]


@dataclass(frozen=True, kw_only=True)
class FourPoint:
    """A four-point resistance, the same with m reversed, and both with the pairs exchanged; Ohm.

    Attributes:
        current, voltage: The pairs A, B and C, D.
        resistance: R_AB,CD(m).
        reversed: R_AB,CD(-m).
        exchanged: R_CD,AB(m).
        exchanged_reversed: R_CD,AB(-m).
        couplings: Those of the film.
    """

    current: tuple[str, str]
    voltage: tuple[str, str]
    resistance: float
    reversed: float
    exchanged: float
    exchanged_reversed: float
    couplings: str

    @property
    def odd(self) -> float:
        """(R_AB,CD(m) - R_AB,CD(-m))/2: across a bar or cross the Hall resistance."""
        return (self.resistance - self.reversed) / 2

    @property
    def even(self) -> float:
        """(R_AB,CD(m) + R_AB,CD(-m))/2: across a cross planar Hall resistance and what misplaced contacts add."""
        return (self.resistance + self.reversed) / 2

    @property
    def antisymmetric(self) -> float:
        """(R_AB,CD(m) - R_CD,AB(m))/2, without a reversal of m; by Onsager's relation the odd part."""
        return (self.resistance - self.exchanged) / 2

    @property
    def symmetric(self) -> float:
        """(R_AB,CD(m) + R_CD,AB(m))/2; by Onsager's relation the even part."""
        return (self.resistance + self.exchanged) / 2

    @property
    def onsager(self) -> float:
        """R_AB,CD(m) - R_CD,AB(-m), Ohm: zero where Onsager's relation holds."""
        return self.resistance - self.exchanged_reversed

    @property
    def onsager_relative(self) -> float:
        """The same relative to the larger of the two."""
        largest = max(abs(self.resistance), abs(self.exchanged_reversed))
        return abs(self.onsager) / largest if largest > 0 else 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Reversal:
    """The resistances of a device at m and at -m."""

    forward: Resistances
    backward: Resistances

    @property
    def onsager(self) -> float:
        """Largest |G_ij(m) - G_ji(-m)|, S."""
        return float(np.abs(self.forward.conductance - self.backward.conductance.T).max())

    @property
    def onsager_relative(self) -> float:
        """The same relative to the largest entry of G."""
        return self.onsager / float(np.abs(self.forward.conductance).max())

    def four_point(self, *, current: Pair, voltage: Pair) -> FourPoint:
        """R_AB,CD at m and -m, and with the pairs exchanged.

        Args:
            current: Contacts A, B: where the current enters, where it leaves.
            voltage: Contacts C, D.

        Raises:
            ValueError: If a contact is unknown, or a pair is not two different contacts.
        """
        direct = {"current": current, "voltage": voltage}
        exchanged = {"current": voltage, "voltage": current}
        return FourPoint(
            current=(current[0], current[1]),
            voltage=(voltage[0], voltage[1]),
            resistance=self.forward.four_point(**direct),
            reversed=self.backward.four_point(**direct),
            exchanged=self.forward.four_point(**exchanged),
            exchanged_reversed=self.backward.four_point(**exchanged),
            couplings=self.forward.couplings,
        )


def resistances(
    device: Device,
    film: Film,
    magnetization: Magnetization,
    *,
    terminals: Mapping[str, Condition] | None = None,
    edges: SpinCondition | Mapping[str, SpinCondition] = "sink",
    regions: Mapping[str, Film] | None = None,
    degree: int = 3,
    **solver: Any,
) -> Resistances:
    """The conductance matrix of all contacts, by one factorisation and one right-hand side for each. Collective.

    Args:
        device: From a shape's `mesh`.
        film: Its film.
        magnetization: `uniform(...)` or a texture.
        terminals: As for `solve`. All are contacts but those that are `Open`; of a contact only the spin condition
            matters, not its voltage or current.
        edges: Spin conditions, as for `solve`; spin that is injected drives something else and is left out.
        regions: Films of named regions.
        degree: Of the elements, 1 to 4.
        solver: method, tolerance, petsc, progress, as for `solve`.

    Raises:
        ValueError: For a wrong value, fewer than two contacts, or couplings that make resistances depend on the ground.
        ConvergenceError: If the solver does not converge.
    """
    contacts = _contacts(device, dict(terminals or {}))
    problem = pose(device, film, magnetization, terminals=contacts, edges=edges, regions=regions, degree=degree)
    if any(each.weights.literal_drift for each in problem.films.values()):
        raise ValueError(
            "literal_drift = true must be false for resistances: the current would depend on the voltage of the ground"
        )
    found = solve_responses(problem, **solver)
    return Resistances(
        **{field.name: getattr(found, field.name) for field in fields(found)},
        couplings=_couplings(problem),
        warnings=(*_left_out(problem), *warnings(problem)),
    )


def reversal(device: Device, film: Film, magnetization: Magnetization, **options: Any) -> Reversal:
    """The resistances at m and at -m, with a factorisation for each; the options of `resistances`. Collective."""
    forward, backward = (resistances(device, film, m, **options) for m in (magnetization, opposite(magnetization)))
    return Reversal(forward=forward, backward=backward)


def _contacts(device: Device, given: dict[str, Condition]) -> dict[str, Condition]:
    """Every terminal at 0 V but the open ones."""
    for name in given:
        if name not in device.terminals:
            known = ", ".join(map(repr, device.terminals))
            raise ValueError(f"unknown terminal {name!r}; this device has {known}")
    closed = {name: given.get(name) for name in device.terminals if not isinstance(given.get(name), Open)}
    require_contacts(tuple(closed))
    grounded = {
        name: Voltage(0.0, (condition.spin if condition else None) or "sink") for name, condition in closed.items()
    }
    return given | grounded


def require_contacts(names: tuple[str, ...]) -> None:
    """Raises ValueError for fewer than two."""
    if len(names) < 2:
        has = f"only {names[0]!r}" if names else "none"
        raise ValueError(f"a resistance needs at least two terminals that are not open; this device has {has}")


def _left_out(problem: Problem) -> tuple[str, ...]:
    return ("injected spin is left out: resistances are responses to voltages",) if problem.injects_spin else ()


def _couplings(problem: Problem) -> str:
    each = [film.couplings if isinstance(film.couplings, str) else "custom" for film in problem.films.values()]
    return ", ".join(dict.fromkeys(each))


def _reached(conductance: np.ndarray) -> set[int]:
    """The contacts to which a current can flow from the first one."""
    linked = np.abs(conductance) > CONNECTED * np.abs(conductance).max()
    reached, new = {0}, {0}
    while new:
        new = {int(j) for i in new for j in np.flatnonzero(linked[i] | linked[:, i])} - reached
        reached |= new
    return reached
