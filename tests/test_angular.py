"""The torque over the directions of m: the split, the fits, the limit of isotropic relaxation, a device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from references.bulk import bulk_torque as exact_torque
from samples import film, reference, unit_field

from fem_rashba import Ground, Voltage, probe, solve, wire
from fem_rashba.studies.angular import AngularTorque, bulk_torque, device_torque, directions, fit
from fem_rashba.units import HBAR

Z, E = np.array([0.0, 0, 1]), np.array([0.0, 1, 0])


def bulk(over: Any = None, **changes: Any) -> AngularTorque:
    """Of a film whose driving gradient is 1/nm^3 along x."""
    made = film(**changes)
    return bulk_torque(made, unit_field(made), over or directions())


def rms(field: np.ndarray, over: Any) -> float:
    return float(np.sqrt(over.weights @ np.sum(field**2, axis=1)))


# --- directions and parity --------------------------------------------------------------------------------------------


def test_averages_over_the_sphere_are_exact() -> None:
    over = directions(polar=4, azimuthal=8)
    x, y, z = over.magnetization.T
    known = {1: [(x, 0), (z, 0)], 2: [(x * x, 1 / 3), (y * z, 0)], 4: [(x * x * y * y, 1 / 15), (z**4, 1 / 5)]}
    assert over.weights.sum() == pytest.approx(1, rel=1e-14)
    for polynomials in known.values():
        for values, average in polynomials:
            assert over.weights @ values == pytest.approx(average, abs=1e-14)
    np.testing.assert_allclose(np.linalg.norm(over.magnetization, axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(over.magnetization[over.opposite], -over.magnetization, rtol=0, atol=1e-15)


def test_parts_are_odd_and_even() -> None:
    """Each part is that of a torque written as one: the torque of X even in m is odd, and the reverse."""
    found = bulk(rashba_parameter=0.03)
    np.testing.assert_array_equal(found.odd[found.directions.opposite], -found.odd)
    np.testing.assert_array_equal(found.even[found.directions.opposite], found.even)
    np.testing.assert_allclose(found.odd + found.even, found.torque, rtol=0, atol=1e-15 * abs(found.torque).max())
    m = found.directions.magnetization
    f = reference(rashba_parameter=0.03)
    for k in (0, 13, 40):
        T, opposite = (HBAR * exact_torque(f, sign * m[k], (1, 0)) for sign in (1, -1))
        np.testing.assert_allclose(found.odd[k], (T - opposite) / 2, rtol=1e-10, atol=1e-15)
        np.testing.assert_allclose(found.even[k], (T + opposite) / 2, rtol=1e-10, atol=1e-15)


# --- fits -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [1e-3, 1e-2, 5e-2])
def test_amplitudes_of_the_infinite_medium_are_those_of_41(alpha: float) -> None:
    """(41), corrected, in the paper's symbols."""
    made, f = film(rashba_parameter=alpha), reference(rashba_parameter=alpha)
    found = fit(bulk(rashba_parameter=alpha), "infinite_medium", made)
    beta = (f.r_sf + f.r_dp) / f.w
    xi = beta + f.r_phi / f.w
    bt = beta / (1 + xi**2)
    C, B = f.C * f.PF, f.B + f.Gam * f.PF
    odd = {
        "T0": 2 * (1 - xi * bt) * C + bt * B,
        "Tx": -bt * B,
        "Tyz": -bt * (2 * (xi - beta) * C + f.B + 2 * f.R),
    }
    even = {
        "T0": (1 - xi * bt) * B - 2 * bt * C,
        "Tx": bt * (xi - beta) * B,
        "Tyz": 2 * bt * C - (1 - xi * bt) * (f.B + 2 * f.R),
    }
    for part, wanted in ((found.odd, odd), (found.even, even)):
        largest = max(map(abs, wanted.values()))
        assert {name: value / HBAR for name, value in part.items()} == pytest.approx(wanted, abs=1e-10 * largest)
    assert max(found.odd_residual, found.even_residual) < 1e-10


@pytest.mark.parametrize("angle", [0.0, 0.7])
def test_garello_amplitudes_are_found_again(angle: float) -> None:
    """From the spherical components of the form: T0 cos phi e_theta - cos theta sin phi (T0 + T2 s + T4 s^2) e_phi."""
    over = directions(5, 6)
    m = over.magnetization
    theta, phi = np.arccos(m[:, 2]), np.arctan2(m[:, 1], m[:, 0]) - angle
    polar = np.stack([np.cos(theta) * np.cos(phi + angle), np.cos(theta) * np.sin(phi + angle), -np.sin(theta)], axis=1)
    azimuthal = np.stack([-np.sin(phi + angle), np.cos(phi + angle), 0 * phi], axis=1)
    s = np.sin(theta) ** 2

    def series(T0: float, T2: float, T4: float) -> np.ndarray:
        return T0 + T2 * s + T4 * s**2

    odd = (2.0 * np.cos(phi))[:, None] * polar
    odd -= (np.cos(theta) * np.sin(phi) * series(2.0, -0.7, 0.3))[:, None] * azimuthal
    even = (-1.5 * np.cos(theta) * np.sin(phi))[:, None] * polar
    even += (np.cos(phi) * series(-1.5, 0.4, 0.9))[:, None] * azimuthal
    axis = np.array([-np.sin(angle), np.cos(angle), 0])
    found = fit(AngularTorque(directions=over, torque=odd + even, axis=axis), "garello")
    assert found.odd == pytest.approx({"T0": 2.0, "T2": -0.7, "T4": 0.3}, rel=1e-10)
    assert found.even == pytest.approx({"T0": -1.5, "T2": 0.4, "T4": 0.9}, rel=1e-10)
    assert max(found.odd_residual, found.even_residual) < 1e-12
    # the expansion contains the form
    wider = fit(AngularTorque(directions=over, torque=odd + even, axis=axis), "expansion")
    assert wider.odd == pytest.approx({"T0": 2.0, "T2": -0.7, "T4": 0.3, "U2": -0.7, "U4": 0.3}, rel=1e-8)
    assert wider.even == pytest.approx({"T0": -1.5, "T2": 0, "T4": 0, "U2": 0.4, "U4": 0.9}, rel=1e-8, abs=1e-10)


def test_residual_is_what_the_amplitudes_leave() -> None:
    found = bulk()
    T0 = fit(found, "isotropic")
    m = found.directions.magnetization
    fieldlike = np.cross(E, m)
    left = {
        "odd": (found.odd - T0.odd["T0"] * fieldlike, found.odd, T0.odd_residual),
        "even": (found.even - T0.even["T0"] * np.cross(m, fieldlike), found.even, T0.even_residual),
    }
    for rest, part, residual in left.values():
        assert residual == pytest.approx(rms(rest, found.directions) / rms(part, found.directions), rel=1e-12)
        assert residual > 1e-3


@pytest.mark.parametrize("couplings", ["paper", "consistent"])
def test_angular_structure_vanishes_with_the_anisotropy(couplings: str) -> None:
    """tau_dp >> tau_sf: what (35) leaves is of first order in tau_sf/tau_dp, in each part and at any alpha."""
    ratios, odd, even = [1e-2, 1e-3, 1e-4], [], []
    for ratio in ratios:
        r_dp = film(couplings=couplings).coefficients.r_dp
        found = fit(bulk(couplings=couplings, spin_flip_time=ratio / r_dp), "isotropic")
        odd.append(found.odd_residual)
        even.append(found.even_residual)
    for residuals in (odd, even):
        slopes = np.diff(np.log(residuals)) / np.diff(np.log(ratios))
        assert residuals[-1] < 1e-4 and slopes == pytest.approx(1, abs=0.05)


def test_no_torque_leaves_nothing() -> None:
    found = fit(bulk(rashba_parameter=0.0), "garello")
    assert found.odd == {"T0": 0, "T2": 0, "T4": 0} and found.odd_residual == found.even_residual == 0


# --- devices ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_middle_of_a_wide_device_is_the_infinite_medium() -> None:
    """And the average over the film comes closer to it like 1/size: edges and ends are lines."""
    changes = {"rashba_parameter": 0.03, "couplings": "consistent"}
    made, over = film(**changes), directions(3, 2)
    medium = bulk(over, **changes)
    largest = abs(medium.torque).max()
    off = []
    for size in (16, 32):
        device = wire(length=size, width=size).mesh(made, degree=3)

        def solved(m: Any, device: Any = device) -> Any:
            return solve(device, made, m, electric_field=unit_field(made))

        def middle(solution: Any, size: float = size) -> np.ndarray:
            return probe(solution, np.array([[size / 2, size / 2]]))[0, 6:9]

        average = device_torque(solved, over)
        np.testing.assert_allclose(average.axis, E, rtol=0, atol=1e-15)
        off.append(rms(average.torque - medium.torque, over))
    found = device_torque(solved, over, middle)
    assert abs(found.torque - medium.torque).max() < 5e-3 * largest
    assert off[0] / off[1] == pytest.approx(2, rel=0.1)


# --- errors -----------------------------------------------------------------------------------------------------------


def test_errors() -> None:
    with pytest.raises(ValueError, match="azimuthal = 5 must be even"):
        directions(4, 5)
    with pytest.raises(ValueError, match="polar = 0 must be at least 1"):
        directions(0)
    with pytest.raises(ValueError, match="drives nothing"):
        bulk_torque(film(), [0.0, 0.0], directions())
    with pytest.raises(ValueError, match="form = 'garelo' must be one of isotropic, garello"):
        fit(bulk(), "garelo")
    with pytest.raises(ValueError, match="form = 'infinite_medium' needs the film"):
        fit(bulk(), "infinite_medium")
    with pytest.raises(ValueError, match="form = 'garello' takes no film"):
        fit(bulk(), "garello", film())
    with pytest.raises(ValueError, match="2 directions do not determine the 5 amplitudes"):
        fit(bulk(directions(1, 2)), "expansion")


def test_an_axis_that_turns_with_the_magnetization_is_refused() -> None:
    made = film(rashba_parameter=0.05)
    device = wire(length=6, width=4).mesh(made, element_size=1.0, degree=2)
    volts = {"source": Voltage(0.006), "drain": Ground()}
    with pytest.raises(ValueError, match="give torque_axis"):
        device_torque(lambda m: solve(device, made, m, terminals=volts, degree=2), directions(2, 2))
