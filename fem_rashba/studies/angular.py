"""The torque over the sphere of directions of m: its parts odd and even in m, and fits to forms of its dependence.

e is the axis of the torque's decomposition, z^ x E of a field; x = e x z^ is the direction of the field, theta the
polar angle of m, s = sin^2 theta, w = z^ x m, u = m x w. A part is odd if it changes its sign with m, even if not:
e x m is odd, m x (e x m) even. Numbers in parentheses are equations of Wang, Ortiz Pauyac, Manchon, Phys. Rev. B 89,
054405 (2014). Forms, each with amplitudes that do not depend on m:

isotropic        (35), odd T0 e x m, even T0 m x (e x m)
garello          odd   (T0 + T2 s + T4 s^2) e x m + (T2 + T4 s) (m.x) u
                 even  T0 m x (e x m) + (T2 + T4 s) (m.x) w
expansion        odd   (T0 + T2 s + T4 s^2) e x m + (U2 + U4 s) (m.x) u
                 even  (T0 + T2 s + T4 s^2) m x (e x m) + (U2 + U4 s) (m.x) w
infinite_medium  (40), odd   gamma_theta [T0 e x m + chi_theta (Tx (m.x) u + Tyz (m.e) m_z w)]
                       even  gamma_theta [T0 m x (e x m) + chi_theta (Tx (m.x) w + Tyz (m.e) m_z u)]

`garello` is the form that Garello et al., Nature Nanotechnology 8, 587 (2013), fitted to experiments. `expansion` frees
its amplitudes: everything that a film which is the same in all directions of its plane admits up to s^2, in the even
powers of sin theta of the two spherical components. chi_theta and gamma_theta, (31), depend on the film.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fem_rashba.physics.bulk import infinite_medium
from fem_rashba.physics.closed_forms import anisotropy
from fem_rashba.physics.film import Film
from fem_rashba.physics.magnetization import Magnetization, uniform
from fem_rashba.results.solution import Solution
from fem_rashba.results.torque import torque

FORMS = ("isotropic", "garello", "expansion", "infinite_medium")
Basis = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Directions:
    """Directions of m that contain -m with every m.

    Attributes:
        magnetization: Unit vectors, shape (N, 3).
        weights: Of an average over the sphere, shape (N,); their sum is 1.
        opposite: Where -m stands, shape (N,).
    """

    magnetization: np.ndarray
    weights: np.ndarray
    opposite: np.ndarray


@dataclass(frozen=True, kw_only=True)
class AngularTorque:
    """The torque at directions of m.

    Attributes:
        directions: N directions.
        torque: T, shape (N, 3), eV/nm^2.
        axis: Unit vector e, shape (3,).
    """

    directions: Directions
    torque: np.ndarray
    axis: np.ndarray

    @property
    def odd(self) -> np.ndarray:
        """(T(m) - T(-m))/2, shape (N, 3), eV/nm^2."""
        return (self.torque - self.torque[self.directions.opposite]) / 2

    @property
    def even(self) -> np.ndarray:
        """(T(m) + T(-m))/2, shape (N, 3), eV/nm^2."""
        return (self.torque + self.torque[self.directions.opposite]) / 2


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The least-squares fit of a form.

    Attributes:
        form: One of `FORMS`.
        odd, even: The amplitudes of the two parts by name, eV/nm^2.
        odd_residual, even_residual: What the form leaves, root mean square over the sphere, as a share of that part.
    """

    form: str
    odd: dict[str, float]
    even: dict[str, float]
    odd_residual: float
    even_residual: float


def directions(polar: int = 8, azimuthal: int = 8) -> Directions:
    """A product rule: Gauss points in cos theta, equal steps in phi that leave out the axes.

    It averages polynomials in m exactly up to the degree min(2 polar - 1, azimuthal - 1).

    Raises:
        ValueError: If `polar` is less than 1, or `azimuthal` less than 2 or odd.
    """
    if polar < 1:
        raise ValueError(f"polar = {polar} must be at least 1")
    if azimuthal < 2 or azimuthal % 2:
        raise ValueError(f"azimuthal = {azimuthal} must be even, or -m is not among the directions")
    nodes, shares = np.polynomial.legendre.leggauss(polar)
    angles = (np.arange(azimuthal) + 0.5) * 2 * np.pi / azimuthal
    cos, phi = np.repeat(nodes, azimuthal), np.tile(angles, polar)
    sin = np.sqrt(1 - cos**2)
    places = np.arange(polar * azimuthal).reshape(polar, azimuthal)
    return Directions(
        magnetization=np.stack([sin * np.cos(phi), sin * np.sin(phi), cos], axis=1),
        weights=np.repeat(shares / 2, azimuthal) / azimuthal,
        opposite=np.roll(places[::-1], azimuthal // 2, axis=1).ravel(),
    )


def bulk_torque(film: Film, electric_field: Sequence[str | float], over: Directions) -> AngularTorque:
    """The torque in an infinite medium, by the exact solution of (26).

    Raises:
        ValueError: As `infinite_medium`, or without a field.
    """
    found = infinite_medium(film, over.magnetization, electric_field)
    if found.axis is None:
        raise ValueError(f"electric_field = {list(electric_field)!r} drives nothing")
    return AngularTorque(directions=over, torque=found.torque, axis=found.axis)


def average_torque(solution: Solution) -> np.ndarray:
    """The torque density averaged over the film, shape (3,), eV/nm^2. Collective."""
    return torque(solution).average_density


def device_torque(
    solved: Callable[[Magnetization], Solution],
    over: Directions,
    measured: Callable[[Solution], np.ndarray] = average_torque,
) -> AngularTorque:
    """The torque on a uniformly magnetized device: one solve for each direction. Collective.

    Args:
        solved: The solution for a magnetization, such as `lambda m: solve(device, film, m, electric_field=...)`.
        over: The directions.
        measured: The torque density of a solution, shape (3,), eV/nm^2; by default its average.

    Raises:
        ValueError: If the axis of the torque's decomposition is not the same for all directions.
    """
    found, axis = [], None
    for m in over.magnetization:
        solution = solved(uniform([float(component) for component in m]))
        axis = solution.axis if axis is None else axis
        if axis is None or solution.axis is None or not np.allclose(axis, solution.axis, rtol=0, atol=1e-9):
            raise ValueError("the axis of the torque is absent or turns with the magnetization: give torque_axis")
        found.append(measured(solution))
    assert axis is not None
    return AngularTorque(directions=over, torque=np.array(found), axis=axis)


def fit(angular: AngularTorque, form: str, film: Film | None = None) -> Fit:
    """The amplitudes of a form by least squares over the sphere, for the odd and for the even part.

    Args:
        angular: The torque over directions.
        form: One of `FORMS`.
        film: For "infinite_medium" only.

    Raises:
        ValueError: If the form is unknown, has a film too few or too many, or the directions do not determine it.
    """
    if form not in FORMS:
        raise ValueError(f"form = {form!r} must be one of {', '.join(FORMS)}")
    if (film is None) == (form == "infinite_medium"):
        raise ValueError(f"form = {form!r} {'needs the film' if film is None else 'takes no film'}")
    odd, even = basis(form, angular.directions.magnetization, angular.axis, film)
    odd_amplitudes, odd_residual = _least_squares(odd, angular.odd, angular.directions.weights)
    even_amplitudes, even_residual = _least_squares(even, angular.even, angular.directions.weights)
    return Fit(
        form=form,
        odd=odd_amplitudes,
        even=even_amplitudes,
        odd_residual=odd_residual,
        even_residual=even_residual,
    )


def basis(form: str, m: np.ndarray, e: np.ndarray, film: Film | None = None) -> tuple[Basis, Basis]:
    """What each amplitude multiplies, shape (N, 3): of the odd part and of the even one."""
    z = np.array([0.0, 0.0, 1.0])
    w = np.cross(z, m)
    u = np.cross(m, w)
    s = np.sum(w**2, axis=1, keepdims=True)
    along, lifted = (m @ np.cross(e, z))[:, None], (m @ e)[:, None] * m[:, 2:]
    fieldlike = np.cross(e, m)
    dampinglike = np.cross(m, fieldlike)
    if form == "infinite_medium":
        assert film is not None
        chi, gamma = anisotropy(film.coefficients, m)
        return (
            {"T0": gamma * fieldlike, "Tx": gamma * chi * along * u, "Tyz": gamma * chi * lifted * w},
            {"T0": gamma * dampinglike, "Tx": gamma * chi * along * w, "Tyz": gamma * chi * lifted * u},
        )
    odd, even = {"T0": fieldlike}, {"T0": dampinglike}
    if form == "garello":
        odd |= {"T2": s * fieldlike + along * u, "T4": s * (s * fieldlike + along * u)}
        even |= {"T2": along * w, "T4": s * along * w}
    elif form == "expansion":
        odd |= {"T2": s * fieldlike, "T4": s**2 * fieldlike, "U2": along * u, "U4": s * along * u}
        even |= {"T2": s * dampinglike, "T4": s**2 * dampinglike, "U2": along * w, "U4": s * along * w}
    return odd, even


def _least_squares(basis: Basis, part: np.ndarray, weights: np.ndarray) -> tuple[dict[str, float], float]:
    """The amplitudes, and the share of the part that they leave."""
    root = np.sqrt(weights)[:, None]
    columns = np.stack([(root * field).ravel() for field in basis.values()], axis=1)
    wanted = (root * part).ravel()
    amplitudes, _, rank, _ = np.linalg.lstsq(columns, wanted, rcond=1e-10)
    if rank < len(basis):
        raise ValueError(f"{len(weights)} directions do not determine the {len(basis)} amplitudes: take more")
    norm = float(np.linalg.norm(wanted))
    left = float(np.linalg.norm(wanted - columns @ amplitudes))
    return dict(zip(basis, map(float, amplitudes), strict=True)), left / norm if norm > 0 else 0.0
