"""Effective fields of a sweep over directions: values, odd and even parts, amplitudes with uncertainties."""

from __future__ import annotations

import json
from math import pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from samples import film, reference, unit_field

from fem_rashba.cli import main
from fem_rashba.physics.bulk import infinite_medium
from fem_rashba.studies.angular import basis
from fem_rashba.studies.experiment import amplitudes, mean_axis, parts, report
from fem_rashba.studies.plan import Axis
from fem_rashba.studies.sweep_file import dataset
from fem_rashba.units import HBAR

E_AXIS = np.array([0.0, 1.0, 0.0])
THICKNESS, MOMENT = 0.6e-9, 1e6  # m, A/m


def sphere(count: int, seed: int = 1) -> np.ndarray:
    m = np.random.default_rng(seed).normal(size=(count, 3))
    return m / np.linalg.norm(m, axis=1, keepdims=True)


def row(m: np.ndarray, torque: np.ndarray, density: float = 2e10, **others: Any) -> dict[str, Any]:
    """A point of a sweep, as its journal has it."""
    per = 1e3 * 1.602176634e-19 / 1e-18 / (MOMENT * THICKNESS)  # e/(Ms t) in mT nm^2/eV
    e, crossed = E_AXIS, np.cross(E_AXIS, m)
    norm = crossed @ crossed
    return {
        "magnetization": m.tolist(),
        "torque_average_density": torque.tolist(),
        "torque_axis": e.tolist(),
        "field_per_torque": per,
        "current_density": density,
        "fieldlike_field_per_1e11": float(torque @ crossed / norm * per * 1e11 / density),
        "dampinglike_field_per_1e11": float(torque @ np.cross(m, crossed) / norm * per * 1e11 / density),
        "balance_spin": 1e-3,
        "warnings": "",
        "message": "",
        **others,
    }


def swept(directions: np.ndarray, rows: dict[int, Any]) -> xr.Dataset:
    values = tuple(tuple(map(float, m)) for m in directions)
    axis = Axis(path=("magnetization", "direction"), name="direction", values=values, numbers=None, unit="")
    return dataset([axis], rows, {})


def test_amplitudes_put_in_come_out_with_their_scatter() -> None:
    """Random directions without their opposites; the standard error is that of many noisy measurements."""
    m, rng = sphere(25), np.random.default_rng(2)
    odd, even = basis("garello", m, E_AXIS)
    wanted = np.array([1.0, -0.4, 0.2, 0.3, 0.7, -0.1])
    exact = sum(w * field for w, field in zip(wanted, [*odd.values(), *even.values()], strict=True))
    found = amplitudes(m, exact, E_AXIS, "garello", np.zeros(25))
    both = [*found.odd.values(), *found.even.values()]
    np.testing.assert_allclose([a.value for a in both], wanted, rtol=0, atol=1e-12)
    assert found.residual < 1e-13
    assert all(a.fit is not None and a.fit < 1e-12 and a.discretization == 0 for a in both)
    draws, errors = [], []
    for _ in range(400):
        noise = rng.normal(scale=0.01, size=(25, 3))
        noise -= np.sum(noise * m, axis=1, keepdims=True) * m
        again = amplitudes(m, exact + noise, E_AXIS, "garello", np.zeros(25))
        both = [*again.odd.values(), *again.even.values()]
        draws.append([a.value for a in both])
        errors.append([a.fit for a in both])
    np.testing.assert_allclose(np.mean(errors, axis=0), np.std(draws, axis=0), rtol=0.15)


def test_discretization_is_the_scatter_of_wrong_torques() -> None:
    m, rng = sphere(12), np.random.default_rng(3)
    exact = 2.0 * np.cross(E_AXIS, m)
    defects = np.linspace(0.001, 0.01, 12)
    sizes = (defects * np.linalg.norm(exact, axis=1))[:, None]
    draws = [
        amplitudes(m, exact + sizes * rng.normal(size=(12, 3)), E_AXIS, "isotropic", defects).odd["T0"].value
        for _ in range(2000)
    ]
    found = amplitudes(m, exact, E_AXIS, "isotropic", defects).odd["T0"]
    assert found.discretization == pytest.approx(np.std(draws), rel=0.1)


def test_the_isotropic_limit_has_its_closed_forms() -> None:
    """Fast spin flips and a weak Rashba parameter: (35) with (36) and (37), in mT per 1e11 A/m^2."""
    changes = {"spin_flip_time": 1e-3, "rashba_parameter": 1e-4}
    given, f = film(**changes), reference(**changes)
    m = np.concatenate([sphere(7), -sphere(7)])
    torques = infinite_medium(given, m, unit_field(given)).torque
    found = report(swept(m, {i: row(m[i], torques[i]) for i in range(14)}))
    (group,) = found["groups"]
    assert found["unit"] == "mT per 1e11 A/m^2"
    factor = 1e3 * 0.1602176634 / (MOMENT * THICKNESS) * 1e11 / 2e10
    xi = (f.r_sf + f.r_dp + f.r_phi) / f.w
    bt = (f.r_sf + f.r_dp) / f.w / (1 + xi**2)
    closed = f.PF * np.array([2 * (1 - xi * bt) * f.C + bt * f.Gam, (1 - xi * bt) * f.Gam - 2 * bt * f.C])
    expected = factor * HBAR * closed
    fit = group["forms"]["isotropic"]
    assert fit["odd"]["T0"]["value"] == pytest.approx(expected[0], rel=1e-4)
    assert fit["even"]["T0"]["value"] == pytest.approx(expected[1], rel=1e-4)
    assert fit["residual"] < 1e-4
    assert len(group["parts"]) == 7
    for part in group["parts"]:
        direction = np.array(part["magnetization"])
        scale = np.linalg.norm(part["odd"]) + np.linalg.norm(part["even"])
        np.testing.assert_allclose(part["odd"], expected[0] * np.cross(E_AXIS, direction), atol=1e-4 * scale)
    assert group["directions"][0]["fieldlike"] == pytest.approx(expected[0], rel=1e-4)


def test_a_pole_of_several_azimuths_counts_once() -> None:
    """The fit of directions with the normal three times is that of directions with the normal once."""
    m, wanted = sphere(9), np.array([1.0, -0.4, 0.2, 0.3, 0.7, -0.1])
    m[0] = [0, 0, 1]
    again = np.vstack([m, m[:1], m[:1] + [1e-13, 0, 0]])
    odd, even = basis("garello", again, E_AXIS)
    torques = sum(w * field for w, field in zip(wanted, [*odd.values(), *even.values()], strict=True))
    torques = torques + 0.1 * np.cross(again, [1.0, 2.0, 3.0])
    once, thrice = (report(swept(m, {i: row(m[i], torques[i]) for i in range(len(m))})) for m in (m, again))
    (one,), (three,) = once["groups"], thrice["groups"]
    assert len(three["directions"]) == 9 and thrice["points"]["solved"] == 11
    assert three == one


def test_parts_need_the_opposite() -> None:
    m = np.array([[0, 0, 1.0], [1, 0, 0], [0, 0, -1], [0, 1, 0]])
    ((place, odd, even),) = parts(m, np.array([[3.0, 1, 0], [9, 9, 9], [1, 1, 0], [9, 9, 9]]))
    assert place == 0
    assert odd.tolist() == [1, 0, 0]
    assert even.tolist() == [2, 1, 0]


def test_forms_that_the_directions_do_not_determine() -> None:
    m = np.array([[0.0, 0, 1], [0, 0, -1]])
    (group,) = report(swept(m, {i: row(m[i], np.array([1.0, 2, 0])) for i in range(2)}))["groups"]
    assert "2 directions do not determine the 6 amplitudes of garello" in group["forms"]["garello"]["error"]
    # as many numbers as amplitudes: there is no scatter to tell from
    (single,) = report(swept(m[:1], {0: row(m[0], np.array([1.0, 2, 0]))}))["groups"]
    assert single["forms"]["isotropic"]["odd"]["T0"]["fit"] is None
    with pytest.raises(ValueError, match="turns with the magnetization"):
        mean_axis(np.array([[0.0, 1, 0], [0.2, 1, 0]]))


def test_what_has_no_effective_fields() -> None:
    m = sphere(2)
    without = {i: row(m[i], np.ones(3), field_per_torque=None) for i in range(2)}
    with pytest.raises(ValueError, match="film.thickness and film.saturation_magnetization"):
        report(swept(m, without))
    textured = {i: row(m[i], np.ones(3), magnetization=None) for i in range(2)}
    with pytest.raises(ValueError, match="no point with a uniform magnetization"):
        report(swept(m, textured))


def test_fields_of_a_sweep(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """From a TOML file to JSON; one group for each value of what is no direction."""
    from test_sweep import BASE

    config, out = tmp_path / "sweep.toml", tmp_path / "sweep.nc"
    config.write_text(
        BASE + '[sweep]\nmagnetization.theta = ["40 deg", "140 deg"]\nmagnetization.phi = ["30 deg", "210 deg"]\n'
        'film.rashba_parameter = ["0.01 eV nm", "0.02 eV nm"]\n'
    )
    assert main(["sweep", str(config), "-o", str(out)]) == 0
    capsys.readouterr()
    assert main(["fields", str(out)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["points"] == {"solved": 8, "swept": 8}
    assert printed["at_units"]["film.rashba_parameter"] == "eV nm"
    groups = printed["groups"]
    assert [group["at"] for group in groups] == [{"film.rashba_parameter": 0.01}, {"film.rashba_parameter": 0.02}]
    with xr.open_dataset(out, engine="h5netcdf") as found:
        for i, group in enumerate(groups):
            expected = found["dampinglike_field_per_1e11"].isel(rashba_parameter=i).values.ravel()
            np.testing.assert_array_equal([d["dampinglike"] for d in group["directions"]], expected)
            assert len(group["parts"]) == 2
            theta = 40 * pi / 180
            assert group["directions"][0]["magnetization"][2] == pytest.approx(np.cos(theta))
            assert group["forms"]["isotropic"]["residual"] < 0.1
    (tmp_path / "mine.nc").write_text("x")
    assert main(["fields", str(tmp_path / "mine.nc")]) == 2
    assert "must be a file that sweep wrote" in capsys.readouterr().err
