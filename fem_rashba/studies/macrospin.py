"""A magnet of one spin in an external field and an alternating current, and its harmonic Hall voltages.

The frame has x along the current, y = e = z x current, z the film normal. All fields are in mT. Slow currents: at every
instant m is where B_ext + B_K m_z z + I b exerts no torque; b is the effective field per current. b(m) may be taken
at the m of no current: what its change adds to the voltages is of third order in the current.

    R(m) = R_A m_z + 2 R_P m_x m_y,    V(t) = I sin(wt) R(m(t)) = V_0 + V_1 sin(wt) + V_2 cos(2 wt) + ...

R_A is half the difference between m = z and -z, and R_P between m_x m_y = 1/2 and -1/2. These are the conventions of
Hayashi, Kim, Yamanouchi and Ohno, Phys. Rev. B 89, 144425 (2014), and xi = R_P/R_A is theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Field = Callable[[np.ndarray], np.ndarray]
_PHASES = 16


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """What a harmonic Hall measurement takes as given.

    Attributes:
        anomalous, planar: R_A and R_P, Ohm.
        anisotropy_field: B_K, mT: positive for an easy axis along the normal, negative for an easy plane.
        external_field: Magnitudes, mT.
        current: Amplitude, A.
        angles: How many directions in the plane, for an easy plane.
    """

    anomalous: float
    planar: float
    anisotropy_field: float
    external_field: tuple[float, ...]
    current: float
    angles: int = 24

    def __post_init__(self) -> None:
        for name, value in (("anomalous_hall_resistance", self.anomalous), ("anisotropy_field", self.anisotropy_field)):
            if value == 0 or not np.isfinite(value):
                raise ValueError(f"{name} = {value:g} must be finite and not zero")
        if not (np.isfinite(self.planar) and abs(1 - 4 * self.xi**2) > 1e-3):
            raise ValueError(
                f"planar_hall_resistance = {self.planar:g} Ohm must be finite and not half the anomalous one, "
                "where the analysis has no solution"
            )
        if not 0 < self.current < np.inf:
            raise ValueError(f"current = {self.current:g} A must be positive")
        self._check_fields()

    def _check_fields(self) -> None:
        fields = self.external_field
        if len(fields) < 2 or len(set(fields)) < len(fields) or not all(0 < field < np.inf for field in fields):
            raise ValueError(f"external_field = {list(fields)} mT must be at least two different positive fields")
        if self.perpendicular and max(fields) >= self.anisotropy_field:
            raise ValueError(
                f"external_field = {max(fields):g} mT must be less than the anisotropy field, "
                f"{self.anisotropy_field:g} mT, or the magnetization lies in the plane"
            )

    @property
    def perpendicular(self) -> bool:
        """Whether the easy axis is the normal."""
        return self.anisotropy_field > 0

    @property
    def stiffness(self) -> float:
        """The least field that holds the magnetization, mT."""
        fields = self.external_field
        return self.anisotropy_field - max(fields) if self.perpendicular else min(fields)

    @property
    def xi(self) -> float:
        """R_P/R_A."""
        return self.planar / self.anomalous

    def resistance(self, m: np.ndarray) -> np.ndarray:
        """R(m) in Ohm, shape (...), of m, shape (..., 3)."""
        return self.anomalous * m[..., 2] + 2 * self.planar * m[..., 0] * m[..., 1]


def equilibrium(
    external: np.ndarray, anisotropy: float, current: np.ndarray, b: Field, start: np.ndarray
) -> np.ndarray:
    """m without a torque, by Newton's method on the sphere.

    Args:
        external: mT, shape (N, 3).
        anisotropy: B_K in mT.
        current: A, shape (N,).
        b: Effective field in mT/A of directions, (N, 3) to (N, 3).
        start: Unit vectors near the solution, shape (N, 3).

    Raises:
        ValueError: If it does not converge: there is no equilibrium near the start.
    """
    z = np.array([0.0, 0.0, 1.0])

    def across(m: np.ndarray) -> np.ndarray:
        total = external + anisotropy * m[:, 2:] * z + current[:, None] * b(m)
        return np.cross(m, total)

    m = start
    scale = np.linalg.norm(external, axis=1).max() + abs(anisotropy)
    for _ in range(50):
        u = np.cross(m, np.where(np.abs(m[:, :1]) < 0.6, [[1.0, 0, 0]], [[0, 0, 1.0]]))
        u /= np.linalg.norm(u, axis=1, keepdims=True)
        basis = np.stack([u, np.cross(m, u)], axis=1)
        torque = across(m)
        right = np.einsum("nij,nj->ni", basis, torque)
        if np.abs(right).max() < 1e-12 * scale:
            return m
        steps = [across(_moved(m, 1e-6 * e)) - across(_moved(m, -1e-6 * e)) for e in (basis[:, 0], basis[:, 1])]
        jacobian = np.stack([np.einsum("nij,nj->ni", basis, step) / 2e-6 for step in steps], axis=2)
        if not np.isfinite(jacobian).all() or np.any(np.linalg.matrix_rank(jacobian) < 2):
            break
        change = -np.linalg.solve(jacobian, right[:, :, None])[:, :, 0]
        change /= np.maximum(1, np.linalg.norm(change, axis=1, keepdims=True) / 0.3)
        m = _moved(m, np.einsum("ni,nij->nj", change, basis))
    raise ValueError("the magnetization finds no equilibrium: the current or the external field is too large")


def at_rest(protocol: Protocol) -> tuple[np.ndarray, np.ndarray]:
    """External fields (mT) and m without a current, both of shape (states, axes, fields, 3) or (fields, angles, 3).

    For an easy axis the field goes along x and along y, with both signs, for m near +z and near -z; for an easy plane
    it turns in the plane.
    """
    magnitudes = np.array(sorted(protocol.external_field))
    if protocol.perpendicular:
        values = sweep_fields(protocol)
        along = np.eye(3)[:2, None] * values[:, None]
        external = np.stack([along, along])
        start = np.broadcast_to(np.array([[0, 0, 1.0], [0, 0, -1.0]])[:, None, None], external.shape)
    else:
        angles = turn_angles(protocol)
        start = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
        external = magnitudes[:, None, None] * start
        start = np.broadcast_to(start, external.shape)
    fields, near = external.reshape(-1, 3), start.reshape(-1, 3)
    m = equilibrium(fields, protocol.anisotropy_field, np.zeros(len(fields)), np.zeros_like, near)
    return external, m.reshape(external.shape)


def sweep_fields(protocol: Protocol) -> np.ndarray:
    """The fields along an axis, mT: both signs and zero."""
    magnitudes = sorted(protocol.external_field)
    return np.array([*(-field for field in reversed(magnitudes)), 0.0, *magnitudes])


def turn_angles(protocol: Protocol) -> np.ndarray:
    """The angles of the field from the current, rad."""
    return np.arange(protocol.angles) * 2 * np.pi / protocol.angles


def harmonics(protocol: Protocol, external: np.ndarray, m: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """V_1 and V_2 in V, each of shape (...).

    Args:
        protocol: Resistances, anisotropy and current.
        external: mT, shape (..., 3).
        m: Without a current, shape (..., 3).
        b: The effective field there, mT/A, shape (..., 3).
    """
    phases = (np.arange(_PHASES) + 0.5) * 2 * np.pi / _PHASES
    fields, start, per_current = (np.repeat(array.reshape(-1, 3), _PHASES, axis=0) for array in (external, m, b))
    currents = protocol.current * np.sin(phases)
    flowing = np.tile(currents, len(fields) // _PHASES)
    found = equilibrium(fields, protocol.anisotropy_field, flowing, lambda _: per_current, start)
    voltage = currents * protocol.resistance(found).reshape(-1, _PHASES)
    first, second = locked_in(voltage, phases)
    return first.reshape(m.shape[:-1]), second.reshape(m.shape[:-1])


def locked_in(voltage: np.ndarray, phases: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """V_1 and V_2 of a voltage at equal steps of phase, shape (N, phases)."""
    return 2 * np.mean(voltage * np.sin(phases), axis=1), 2 * np.mean(voltage * np.cos(2 * phases), axis=1)


def field_sweep(protocol: Protocol, first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """Hayashi's analysis of a perpendicular magnet: ratios of slopes and curvatures, planar Hall effect corrected.

    Args:
        protocol: Of the measurement.
        first, second: V_1 and V_2 over (state, axis, field) as in `at_rest`.

    Returns:
        fieldlike and dampinglike field in mT at the amplitude of the current; anisotropy_field.
    """
    fields, xi = sweep_fields(protocol), protocol.xi
    # slopes and curvatures at zero field; where there are enough fields, of the polynomials of the next order
    order = 4 if len(fields) >= 7 else 2
    found = []
    for state, sign in enumerate((1, -1)):
        ratios = []
        for axis in range(2):
            curve = np.polynomial.Polynomial.fit(fields, first[state, axis], order).convert().coef
            slope = np.polynomial.Polynomial.fit(fields, second[state, axis], order - 1).convert().coef[1]
            ratios.append(slope / (2 * curve[2]))
            found.append(("anisotropy_field", np.sqrt(-curve[0] / (2 * curve[2]))))
        along, across = (-2 * (ratios[i] + 2 * sign * xi * ratios[1 - i]) / (1 - 4 * xi**2) for i in range(2))
        # m x e = -+ x at m = +-z
        found += [("fieldlike", across), ("dampinglike", -sign * along)]
    return {name: float(np.mean([v for n, v in found if n == name])) for name in dict(found)}


def angle_sweep(protocol: Protocol, second: np.ndarray) -> dict[str, float]:
    """The analysis of an easy plane: the field turns in the plane.

    V_2 = -(I/2) [R_A B_dl cos(phi)/(B + |B_K|) + 2 R_P B_fl cos(2 phi) cos(phi)/B]: the two parts are told apart by
    their dependence on the angle, and the fields are slopes over 1/(B + |B_K|) and 1/B.

    Args:
        protocol: Of the measurement.
        second: V_2 over (field, angle) as in `at_rest`.

    Returns:
        dampinglike and, with a planar Hall effect, fieldlike field in mT at the amplitude of the current; residual, the
        share of V_2 that the two dependences leave.
    """
    angles = turn_angles(protocol)
    columns = np.stack([np.cos(angles), np.cos(2 * angles) * np.cos(angles)], axis=1)
    parts = np.linalg.lstsq(columns, second.T, rcond=None)[0]
    external = np.array(sorted(protocol.external_field))
    rest = 1 / (external - protocol.anisotropy_field), 1 / external
    slopes = [float(x @ part / (x @ x)) for x, part in zip(rest, parts, strict=True)]
    left = second.T - columns @ parts
    result = {"dampinglike": -2 * slopes[0] / (protocol.current * protocol.anomalous)}
    if protocol.planar != 0:
        result["fieldlike"] = -slopes[1] / (protocol.current * protocol.planar)
    return result | {"residual": float(np.linalg.norm(left) / max(float(np.linalg.norm(second)), 1e-300))}


def _moved(m: np.ndarray, step: np.ndarray) -> np.ndarray:
    moved = m + step
    return moved / np.linalg.norm(moved, axis=1, keepdims=True)
