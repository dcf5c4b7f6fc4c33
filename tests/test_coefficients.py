"""The coefficients of a film against independent formulas and the table of the model."""

from __future__ import annotations

from dataclasses import asdict
from math import inf, pi

import numpy as np
import pytest
from samples import film, reference

from fem_rashba.physics.couplings import Couplings


@pytest.mark.parametrize("denominators", ["dirty", "full"])
@pytest.mark.parametrize("couplings", ["paper", "consistent"])
@pytest.mark.parametrize("alpha", [0.0, 5e-4, -0.02, 0.1])
def test_coefficients_of_a_film(alpha: float, couplings: str, denominators: str) -> None:
    for changes in ({}, {"exchange_time": inf, "spin_flip_time": inf}, {"effective_mass": 0.4, "spin_flip_time": 0.2}):
        given = {"rashba_parameter": alpha, "couplings": couplings, "denominators": denominators} | changes
        found, expected = film(**given), reference(**given)
        names = {"Gam": "Gamma", "b": "hall", "b_w": "charge_b", "r_w": "charge_r", "w0": "gamma_0", "w1": "gamma_1"}
        names |= {"w2": "gamma_2", "cd": "drive", "k_cov": "precession"}
        c = asdict(found.coefficients)
        for name in ("D", "C", "R", "B", "r_dp", "r_phi", "r_sf", "w", "PF", *names):
            assert c[names.get(name, name)] == pytest.approx(getattr(expected, name), rel=1e-13, abs=0), name
        assert (c["states"], c["density"]) == pytest.approx((expected.n0 / expected.eF, expected.n0), rel=1e-13)
        assert c["r_rest"] == pytest.approx(expected.r_dp - expected.C**2 / expected.D, abs=1e-12 * (1 + c["r_dp"]))
        assert found.rashba_wavevector == pytest.approx(expected.k0, rel=1e-13)
        assert (found.fermi_velocity, found.fermi_energy) == pytest.approx((expected.vF, expected.eF), rel=1e-13)


@pytest.mark.parametrize(
    ("alpha", "row"),
    [
        (5e-4, (0.01312, 1.626, 0.0813, 0.00380, 1.62e-5, 0.02134)),
        (5e-3, (0.1312, 16.26, 0.813, 0.0380, 0.01621, 2.134)),
        (1e-2, (0.2625, 32.52, 1.626, 0.0760, 0.1297, 8.536)),
        (5e-2, (1.312, 162.6, 8.130, 0.380, 16.21, 213.4)),
        (1e-1, (2.625, 325.2, 16.26, 0.760, 129.7, 853.6)),
    ],
)
def test_coefficients_of_the_paper(alpha: float, row: tuple[float, ...]) -> None:
    """The printed parameters, to the digits of the table."""
    made = film(rashba_parameter=alpha)
    c = made.coefficients
    assert (made.rashba_wavevector, c.C, c.Gamma, c.R, c.B, c.r_dp) == pytest.approx(row, rel=2e-3)
    common = (497.80, 0.70447, 123.90, 0.09343, 2.9428, 100, 10, 1)
    found = (made.fermi_velocity, made.fermi_energy, c.D, c.PF, made.density, c.w, c.r_phi, c.r_sf)
    assert found == pytest.approx(common, rel=5e-5)
    assert (made.density, made.sheet_resistance) == pytest.approx((4.3**2 / (2 * pi), 12.06e3), rel=4e-4)


def test_weights_of_custom_couplings() -> None:
    """Each weight arrives under its own name."""
    custom = Couplings(charge_weights=(1.5, 2.5), gamma_weights=(3.5, 4.5, 5.5), drive_factor=6.5)
    c = film(couplings=custom).coefficients
    found = (c.charge_b, c.charge_r, c.gamma_0, c.gamma_1, c.gamma_2, c.drive, c.literal, c.reciprocal)
    assert found == (1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 0.0, 0.0)
    quarter = film(couplings=Couplings(polarization_factor=0.25)).coefficients.PF
    assert quarter == pytest.approx(0.25 * reference().PF, rel=1e-13)
    assert film(couplings=Couplings(literal_drift=True)).coefficients.literal == 1.0
    assert film(couplings=Couplings(reciprocal_current=True)).coefficients.reciprocal == 1.0
    assert film(polarization=0.3).coefficients.PF == 0.3


@pytest.mark.parametrize(("b", "polarization"), [(4.0, 0.5), (4.0, -0.5), (1.0, 1.0)])
def test_reciprocal_current_needs_a_small_polarization(b: float, polarization: float) -> None:
    """Diffusion of (n, m.S) is stable if the quadratic form n^2 + 2 b PF n S + b S^2 is positive."""
    couplings = Couplings(charge_weights=(b, 2 * b), reciprocal_current=True)
    for factor, stable in ((0.98, True), (1.02, False)):
        PF = factor * polarization
        form = np.array([[1, b * PF], [b * PF, b]])
        assert (np.linalg.eigvalsh(form).min() > 0) == stable
        if stable:
            assert film(couplings=couplings, polarization=PF).coefficients.PF == PF
        else:
            with pytest.raises(ValueError, match="polarization = .* must be between .* diffusion is unstable"):
                film(couplings=couplings, polarization=PF)
