"""How far the couplings of a film are from the kinetic operator, term by term.

Both operators act on X = (n, S) exp(i q.r) and are split into the same terms, each a coefficient times a matrix made of
m and the direction of q. Coefficients stand as on the right-hand side of dX/dt. The kinetic ones are the least-squares
fit over all directions of m; what the terms cannot express is the rest. Rotating m and q together changes nothing, so
that averages over m, with q along x, are averages over both. S counts as magnetization, as in `physics.equations`; in
the variables of the Hamiltonian (1) all couplings of spin and charge have the other sign.

The terms, a_i = z^ x e_i, grad_z = a_i d_i:

    spin               relaxation   exchange m x S; dephasing -(S - m (m.S)); dyakonov_perel -(S + S_z z^);
                                    spin_flip -S, the same in both
                       gradient     precession 2 grad_z x S; gamma_0 a_i (m.d_i S); gamma_1 m (grad_z.S);
                                    gamma_2 -(m.grad_z) S
                       diffusion    diffusion lap S; precessing_diffusion m x lap S
    spin_from_charge   edelstein grad_z n; longitudinal m (m.grad_z n); transverse grad_z n - m (m.grad_z n);
                       precessional m x grad_z n; carried m lap n
    charge_from_spin   the same with the divergence: grad_z.S; grad_z.[m (m.S)]; grad_z.[S - m (m.S)];
                       grad_z.(m x S); lap (m.S)
    charge             diffusion lap n; literal_drift grad_z.(m n)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from fem_rashba.physics.film import Film
from fem_rashba.physics.kinetic import (
    as_magnetization,
    cross_matrix,
    kernel,
    model_operator,
    rashba_length,
    static_operator,
)

POLAR, AZIMUTHS = 10, 20
BLOCKS = {
    "spin": (slice(1, 4), slice(1, 4), 0),
    "spin_from_charge": (slice(1, 4), slice(0, 1), 1),
    "charge_from_spin": (slice(0, 1), slice(1, 4), 1),
    "charge": (slice(0, 1), slice(0, 1), 2),
}
"""Rows, columns and lowest order in q of the parts of an operator."""
UNITS = ("1/ps", "nm/ps", "nm^2/ps")


@dataclass(frozen=True, kw_only=True)
class Term:
    """One term of the equations; nan where a ratio has no meaning.

    Attributes:
        block: Row and column: "spin", "spin_from_charge", "charge_from_spin" or "charge".
        name: Of the term.
        unit: Of the coefficients.
        model: Coefficient of the film's couplings.
        kinetic: Coefficient of the kinetic operator.
        difference: (model - kinetic)/|kinetic|.
        at_zero: Norm of the difference over the norm of the kinetic block, root mean square over m, as q -> 0.
        at_shortest: The same at |q| = 1/shortest length.
    """

    block: str
    name: str
    unit: str
    model: float
    kinetic: float
    difference: float
    at_zero: float
    at_shortest: float


@dataclass(frozen=True, kw_only=True)
class Distance:
    """Norm of (model - kinetic) over the norm of kinetic for one block of the operator.

    `average` is the root mean square and `worst` the greatest over m, as q -> 0 and at |q| = 1/shortest length. `rest`
    is the part of the kinetic block that no term expresses, and `beyond` what its expansion to second order in q loses
    at that q.
    """

    block: str
    average_at_zero: float
    worst_at_zero: float
    average_at_shortest: float
    worst_at_shortest: float
    rest_at_zero: float
    rest_at_shortest: float
    beyond_at_shortest: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The couplings of a film beside the kinetic operator; `wavevector` is 1/shortest length in 1/nm."""

    wavevector: float
    terms: tuple[Term, ...]
    distances: tuple[Distance, ...]


@dataclass(frozen=True)
class _Part:
    """A term before it is weighed: -coefficient (i |q|)^order matrix in M, matrix (directions, rows, columns)."""

    block: str
    name: str
    order: int
    matrix: np.ndarray
    model: float
    kinetic: float = 0.0


# it takes longer than a small solve, and the points of a sweep mostly have the same film
@lru_cache(maxsize=64)
def comparison(film: Film) -> Comparison:
    """The couplings of a film beside the kinetic operator."""
    m, weights = directions()
    shortest = film.lengths.shortest
    q = 0.0 if math.isinf(shortest) else 1 / shortest
    exact, model = as_magnetization(_orders(static_operator, film, m)), _orders(model_operator, film, m)
    every = as_magnetization(kernel(film, m, np.array([q, 0.0])))
    parts = _fitted(_parts(film, m), exact, film, weights)
    terms: list[Term] = []
    distances = []
    for block, (rows, columns, lowest) in BLOCKS.items():
        here = [part for part in parts if part.block == block]
        fit = np.zeros_like(exact)
        for part in here:
            fit[part.order, :, rows, columns] -= part.kinetic * part.matrix
        known, chosen, fit = (array[:, :, rows, columns] for array in (exact, model, fit))
        near, far = np.arange(3) == lowest, (1j * q) ** np.arange(3)
        small = _present(_rms(_sum(near, known), weights), film, lowest, 1.0)
        large = _present(_rms(_sum(far, known), weights), film, lowest, q)
        terms += [_term(part, _rms(part.matrix, weights), lowest, q, small, large) for part in here]
        # terms of lower order than any kinetic one
        unbounded = math.inf if np.any(chosen[:lowest]) else 0.0
        distances.append(
            Distance(
                block=block,
                average_at_zero=_ratio(_rms(_sum(near, chosen - known), weights), small) + unbounded,
                worst_at_zero=_worst(_sum(near, chosen - known), _sum(near, known), small) + unbounded,
                average_at_shortest=_ratio(_rms(_sum(far, chosen - known), weights), large),
                worst_at_shortest=_worst(_sum(far, chosen - known), _sum(far, known), large),
                rest_at_zero=_ratio(_rms(_sum(near, fit - known), weights), small),
                rest_at_shortest=_ratio(_rms(_sum(far, fit - known), weights), large),
                beyond_at_shortest=_ratio(_rms(_sum(far, known) - every[:, rows, columns], weights), large),
            )
        )
    return Comparison(wavevector=q, terms=tuple(terms), distances=tuple(distances))


def _term(part: _Part, norm: float, lowest: int, q: float, small: float, large: float) -> Term:
    gap = part.model - part.kinetic
    if abs(gap) <= 1e-12 * max(abs(part.model), abs(part.kinetic)):
        gap = 0.0
    size = abs(gap) * norm
    at_zero = size if part.order == lowest else 0.0 if part.order > lowest or size == 0 else math.inf
    return Term(
        block=part.block,
        name=part.name,
        unit=UNITS[part.order],
        model=part.model,
        kinetic=part.kinetic,
        difference=_ratio(gap, abs(part.kinetic)),
        at_zero=_ratio(at_zero, small),
        at_shortest=_ratio(size * q**part.order, large),
    )


def directions() -> tuple[np.ndarray, np.ndarray]:
    """Directions m over the sphere, shape (N, 3), and their weights, whose sum is 1."""
    cosine, weight = np.polynomial.legendre.leggauss(POLAR)
    azimuth = 2 * np.pi * np.arange(AZIMUTHS) / AZIMUTHS
    c, p = (array.ravel() for array in np.meshgrid(cosine, azimuth, indexing="ij"))
    s = np.sqrt(1 - c**2)
    return np.stack([s * np.cos(p), s * np.sin(p), c], axis=1), np.repeat(weight, AZIMUTHS) / 2 / AZIMUTHS


def _orders(operator: Callable[..., np.ndarray], film: Film, m: np.ndarray) -> np.ndarray:
    """M_k of M(q x^) = sum over k of (i q)^k M_k, real, shape (3, directions, 4, 4)."""
    zero, plus, minus = (operator(film, m, np.array([q, 0.0])) for q in (0.0, 1.0, -1.0))
    return np.stack([zero, (plus - minus) / 2j, zero - (plus + minus) / 2]).real


def _parts(film: Film, m: np.ndarray) -> list[_Part]:
    """Every term for q along x, where a_x = y^, with the coefficient that the film's couplings give it."""
    c, one, a = film.coefficients, np.eye(3), np.array([0.0, 1.0, 0.0])
    ones = np.broadcast_to(one, (len(m), 3, 3))
    mm, along = m[:, :, None] * m[:, None, :], (m @ a)[:, None]
    y = np.broadcast_to(a, m.shape)
    across = cross_matrix(m)
    longitudinal, mixed = 2 * c.R, c.Gamma * c.PF * (c.gamma_1 - c.gamma_2)
    # 2R = Gamma Delta/eF exactly: with the printed weights the two cancel
    longitudinal = 0.0 if math.isclose(longitudinal, -mixed, rel_tol=1e-12) else longitudinal + mixed
    parts = [
        _Part("spin", "exchange", 0, across, c.w),
        _Part("spin", "dephasing", 0, mm - one, c.r_phi),
        _Part("spin", "dyakonov_perel", 0, ones * np.array([-1, -1, -2]), c.r_dp),
        _Part("spin", "spin_flip", 0, -ones, c.r_sf),
        _Part("spin", "precession", 1, 2 * cross_matrix(y), c.C),
        _Part("spin", "gamma_0", 1, y[:, :, None] * m[:, None, :], c.gamma_0 * c.Gamma),
        _Part("spin", "gamma_1", 1, m[:, :, None] * y[:, None, :], c.gamma_1 * c.Gamma),
        _Part("spin", "gamma_2", 1, -along[:, :, None] * ones, c.gamma_2 * c.Gamma),
        _Part("spin", "diffusion", 2, ones, c.D),
        _Part("spin", "precessing_diffusion", 2, across, 0.0),
    ]
    paired = c.reciprocal * c.charge_b * c.PF
    into = {
        "edelstein": (1, y, c.B + c.Gamma * c.PF * c.gamma_0, c.charge_b * c.B + paired * c.Gamma * c.gamma_0),
        "longitudinal": (
            *(1, along * m, longitudinal),
            c.charge_r * c.R + paired * c.Gamma * (c.gamma_1 - c.gamma_2),
        ),
        "transverse": (1, y - along * m, 0.0, 0.0),
        "precessional": (1, np.cross(m, y), -c.drive * c.C * c.PF, -paired * c.drive * c.C),
        "carried": (2, m, c.D * c.PF, paired * c.D),
    }
    for name, (order, vector, source, _) in into.items():
        parts.append(_Part("spin_from_charge", name, order, vector[:, :, None], source))
    for name, (order, vector, _, current) in into.items():
        # y.(m x S) = -(m x y).S
        sign = -1 if name == "precessional" else 1
        parts.append(_Part("charge_from_spin", name, order, sign * vector[:, None, :], current))
    nothing = np.ones((len(m), 1, 1))
    parts.append(_Part("charge", "diffusion", 2, nothing, c.D))
    parts.append(_Part("charge", "literal_drift", 1, along[:, :, None], c.literal * c.Gamma))
    return parts


def _fitted(parts: list[_Part], exact: np.ndarray, film: Film, weights: np.ndarray) -> list[_Part]:
    """The terms with their kinetic coefficients: fits, and for the first-order coupling those of the same Lam."""
    fits = {("spin", "spin_flip"): film.coefficients.r_sf}
    root = np.sqrt(weights)[:, None, None]
    for block, (rows, columns, _) in BLOCKS.items():
        for order in range(3):
            here = [p for p in parts if p.block == block and p.order == order]
            coupling = block in ("spin_from_charge", "charge_from_spin") and order == 1
            if here and not coupling:
                given = sum(fits["spin", p.name] * p.matrix for p in here if p.name == "spin_flip")
                free = [p for p in here if p.name != "spin_flip"]
                target = -exact[order, :, rows, columns] - given
                shapes = np.stack([(root * p.matrix).ravel() for p in free], axis=1)
                found = np.linalg.lstsq(shapes, (root * target).ravel(), rcond=None)[0]
                found[np.abs(found) < 1e-12 * _scale(film, order)] = 0.0
                fits |= {(block, p.name): float(f) for p, f in zip(free, found, strict=True)}
    length = rashba_length(film)
    for block, factor in (("spin_from_charge", length / 2), ("charge_from_spin", 2 * length)):
        fits[block, "edelstein"] = factor * fits["spin", "dyakonov_perel"]
        fits[block, "transverse"] = factor * fits["spin", "dephasing"]
        fits[block, "precessional"] = -factor * fits["spin", "exchange"]
    # + 0.0 because a coefficient of -0.0 reads as a sign
    return [replace(p, model=p.model + 0.0, kinetic=fits.get((p.block, p.name), 0.0) + 0.0) for p in parts]


def _scale(film: Film, order: int) -> float:
    """The natural size of a coefficient, (vF tau)^order/tau."""
    return film.lengths.mean_free_path**order / float(film.momentum_relaxation_time)


def _present(norm: float, film: Film, order: int, q: float) -> float:
    """The norm of a block, 0 where it is rounding."""
    return 0.0 if norm <= 1e-12 * _scale(film, order) * q**order else norm


def _sum(factors: np.ndarray, orders: np.ndarray) -> np.ndarray:
    return np.tensordot(factors, orders, axes=1)


def _rms(array: np.ndarray, weights: np.ndarray) -> float:
    """Root mean square over the directions of the Frobenius norm."""
    return float(np.sqrt(weights @ np.sum(np.abs(array) ** 2, axis=(1, 2))))


def _worst(difference: np.ndarray, known: np.ndarray, present: float) -> float:
    if present == 0:
        return math.nan
    sizes = np.linalg.norm(known, axis=(1, 2))
    return float((np.linalg.norm(difference, axis=(1, 2)) / sizes.clip(1e-12 * present)).max())


def _ratio(numerator: float, denominator: float) -> float:
    if denominator == 0:
        return 0.0 if numerator == 0 else math.nan
    return numerator / denominator
