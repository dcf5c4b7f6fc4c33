"""Synthetic harmonic Hall measurements: against the equation of motion, and what the analysis recovers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import solve_ivp
from test_sweep import BASE, mpi

from fem_rashba.cli import main
from fem_rashba.studies.macrospin import Protocol, angle_sweep, at_rest, equilibrium, field_sweep, harmonics, locked_in

GIVEN: dict[str, Any] = {
    "anomalous": 2.0,
    "planar": 0.6,
    "anisotropy_field": 500.0,
    "external_field": (15.0, 30.0, 45.0),
    "current": 1e-3,
}
PLANE = GIVEN | {"anisotropy_field": -800.0, "external_field": (100.0, 200.0, 400.0), "angles": 12}
FIELDLIKE, DAMPINGLIKE = 1.5, -0.8  # mT at the amplitude of the current
E_AXIS = np.array([0.0, 1.0, 0.0])


def effective_field(m: np.ndarray) -> np.ndarray:
    """B along e, and along m x e."""
    return FIELDLIKE * E_AXIS + DAMPINGLIKE * np.cross(m, E_AXIS)


def integrated(protocol: Protocol, phases: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """V_1 and V_2 of spins that obey the equation of motion, each at a current that stands still until they do too.

    The torques are put into the equation as they are, with the effective field taken anew at every instant.
    """
    external, start = at_rest(protocol)
    field = np.repeat(external.reshape(-1, 3), len(phases), axis=0)
    share = np.tile(np.sin(phases), field.shape[0] // len(phases))[:, None]
    damping, gamma = 0.7, 0.176e-3  # rad/(ps mT)

    def rate(_: float, packed: np.ndarray) -> np.ndarray:
        m = packed.reshape(-1, 3)
        total = field + share * effective_field(m)
        total[:, 2] += protocol.anisotropy_field * m[:, 2]
        precession = -gamma * np.cross(m, total)
        return ((precession + damping * np.cross(m, precession)) / (1 + damping**2)).ravel()

    first = np.repeat(start.reshape(-1, 3), len(phases), axis=0)
    end = solve_ivp(rate, (0, 4000), first.ravel(), method="LSODA", rtol=1e-10, atol=1e-13).y[:, -1].reshape(-1, 3)
    r = protocol.anomalous * end[:, 2] + 2 * protocol.planar * end[:, 0] * end[:, 1]
    voltage = protocol.current * np.tile(np.sin(phases), len(r) // len(phases)) * r
    found = locked_in(voltage.reshape(-1, len(phases)), phases)
    return found[0].reshape(start.shape[:-1]), found[1].reshape(start.shape[:-1])


PHASES = (np.arange(8) + 0.5) * 2 * np.pi / 8


@pytest.mark.parametrize("given", [GIVEN, PLANE], ids=["easy axis", "easy plane"])
def test_voltages_are_those_of_the_equation_of_motion(given: dict[str, Any]) -> None:
    protocol = Protocol(**given)
    external, m = at_rest(protocol)
    first, second = harmonics(protocol, external, m, effective_field(m) / protocol.current)
    moved = integrated(protocol, PHASES)
    # b at rest against b of the moment: of the order (b/B)^2, 2e-4 in the plane
    np.testing.assert_allclose(first, moved[0], rtol=0, atol=5e-5 * np.abs(moved[0]).max())
    np.testing.assert_allclose(second, moved[1], rtol=0, atol=5e-4 * np.abs(moved[1]).max())


def test_fields_are_recovered_from_the_equation_of_motion() -> None:
    """Hayashi's analysis of voltages that this package did not compute: to 1e-3."""
    protocol = Protocol(**GIVEN)
    found = field_sweep(protocol, *integrated(protocol, PHASES))
    assert found["fieldlike"] == pytest.approx(FIELDLIKE, rel=1e-3)
    assert found["dampinglike"] == pytest.approx(DAMPINGLIKE, rel=1e-3)
    assert found["anisotropy_field"] == pytest.approx(500, rel=1e-3)
    # without the correction for the planar Hall effect they are far off
    wrong = field_sweep(Protocol(**GIVEN | {"planar": 0.0}), *integrated(protocol, PHASES))
    assert abs(wrong["dampinglike"] - DAMPINGLIKE) > 0.3


def test_fields_are_recovered_in_an_easy_plane() -> None:
    protocol = Protocol(**PLANE)
    found = angle_sweep(protocol, integrated(protocol, PHASES)[1])
    assert found["fieldlike"] == pytest.approx(FIELDLIKE, rel=1e-3)
    assert found["dampinglike"] == pytest.approx(DAMPINGLIKE, rel=1e-3)
    assert found["residual"] < 1e-3
    assert "fieldlike" not in angle_sweep(Protocol(**PLANE | {"planar": 0.0}), np.ones((3, 12)))


def test_two_fields_are_enough() -> None:
    protocol = Protocol(**GIVEN | {"external_field": (2.0, 1.0)})
    external, m = at_rest(protocol)
    found = field_sweep(protocol, *harmonics(protocol, external, m, effective_field(m) / protocol.current))
    assert found["fieldlike"] == pytest.approx(FIELDLIKE, rel=1e-3)


WRONG = [
    ({"anomalous": 0.0}, "anomalous_hall_resistance = 0"),
    ({"anisotropy_field": 0.0}, "anisotropy_field = 0"),
    ({"planar": 1.0}, "not half the anomalous one"),
    ({"planar": np.inf}, "planar_hall_resistance = inf"),
    ({"current": 0.0}, "current = 0 A must be positive"),
    ({"external_field": (10.0,)}, "at least two different"),
    ({"external_field": (10.0, -5.0)}, "at least two different"),
    ({"external_field": (10.0, 600.0)}, "external_field = 600 mT must be less than the anisotropy field"),
]


@pytest.mark.parametrize(("change", "says"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_a_wrong_protocol(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Protocol(**GIVEN | change)


def test_no_equilibrium() -> None:
    start = np.array([[0.0, 0, 1]])
    with pytest.raises(ValueError, match="finds no equilibrium"):
        equilibrium(np.full((1, 3), 5.0), 100.0, np.ones(1), lambda m: np.nan * m, start)
    with pytest.raises(ValueError, match="finds no equilibrium"):
        equilibrium(np.array([[1.0, 0, 0]]), 0.0, np.zeros(1), np.zeros_like, np.array([[0.0, 1, 0]]))


HARMONIC = """
[harmonic]
anomalous_hall_resistance = "1 ohm"
planar_hall_resistance = "0.2 ohm"
anisotropy_field = "0.5 T"
external_field = ["10 mT", "20 mT", "30 mT"]
current = "100 nA"
"""


def test_from_a_device_to_its_fields(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    config, out = tmp_path / "wire.toml", tmp_path / "harmonic.nc"
    config.write_text(BASE + HARMONIC)
    assert main(["harmonic", str(config), "-o", str(out)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "are inputs: the model's own Hall resistances lack intrinsic and skew contributions" in found["inputs"]
    assert main(["run", str(config), "-o", str(tmp_path / "out"), "--set", "magnetization.theta=0 deg"]) == 0
    capsys.readouterr()
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    fields = summary["torque"]["effective_field_mT"]
    per_current = 100e-9 / summary["terminals"]["source"]["current_A"]
    for name in ("fieldlike", "dampinglike"):
        own = found["effective_field_mT"][name]
        assert own["put_in"] == pytest.approx(fields[name] * per_current, rel=1e-4)
        assert own["recovered"] == pytest.approx(own["put_in"], rel=1e-3)
        per = fields["per_1e11_A_per_m2"][name]
        assert own["recovered_per_1e11_A_per_m2"] == pytest.approx(per, rel=1e-3)
    with xr.open_dataset(out, engine="h5netcdf") as data:
        assert data["second_harmonic"].dims == ("state", "field_axis", "external_field")
        assert data["second_harmonic"].attrs["units"] == "V"
        assert data["external_field"].values.tolist() == [-30, -20, -10, 0, 10, 20, 30]
        assert json.loads(data.attrs["results"]) == found
    # what is no sweep
    assert main(["fields", str(out)]) == 2
    assert "must be a file that sweep wrote" in capsys.readouterr().err


def test_a_current_along_y_gives_the_same_fields(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The wire turned by 90 degrees, with an easy plane."""
    change = [
        "harmonic.anisotropy_field=-1 T",
        'harmonic.external_field=["0.2 T", "0.4 T"]',
        "harmonic.angles=8",
    ]
    turned = BASE.replace(
        'shape = "wire"\nlength = "12 nm"\nwidth = "6 nm"', "outline = [[0, 0], [6, 0], [6, 12], [0, 12]]"
    )
    turned = turned.replace("[terminals.source]", "[terminals.source]\nat = [[0, 0], [6, 0]]")
    turned = turned.replace("[terminals.drain]", "[terminals.drain]\nat = [[0, 12], [6, 12]]")
    results = []
    for name, text in (("wire", BASE), ("turned", turned)):
        (tmp_path / f"{name}.toml").write_text(text + HARMONIC)
        words = ["harmonic", str(tmp_path / f"{name}.toml"), "-o", str(tmp_path / f"{name}.nc")]
        assert main([*words, *(w for c in change for w in ("--set", c))]) == 0
        results.append(json.loads(capsys.readouterr().out)["effective_field_mT"])
    for name in ("fieldlike", "dampinglike"):
        for key, value in results[0][name].items():
            assert results[1][name][key] == pytest.approx(value, rel=1e-6), (name, key)


@pytest.mark.mpi
def test_harmonic_on_two_ranks(tmp_path: Path) -> None:
    plane = HARMONIC.replace('"0.5 T"', '"-1 T"').replace('"10 mT", "20 mT"', '"300 mT"') + "angles = 8\n"
    (tmp_path / "wire.toml").write_text(BASE + plane)
    results = []
    for ranks in (1, 2):
        done = mpi(ranks, tmp_path, "fem-rashba", "harmonic", "wire.toml", "-o", f"{ranks}.nc")
        assert done.returncode == 0, done.stderr
        results.append(json.loads(done.stdout)["effective_field_mT"]["dampinglike"])
    assert results[1] == pytest.approx(results[0], rel=1e-8)


REFUSED = {
    "section": (BASE, [], "the section [harmonic] is missing"),
    "thickness": (
        BASE.replace('thickness = "0.6 nm"\nsaturation_magnetization = "1 MA/m"\n', "") + HARMONIC,
        [],
        "film.thickness and film.saturation_magnetization are missing",
    ),
    "drive": (BASE.replace('"1 mV"', '"0 V"') + HARMONIC, [], "no current flows"),
    "time": (BASE + HARMONIC, ['time.end="1 ps"'], "[time] does not go with harmonic"),
    "unit": (BASE + HARMONIC, ["harmonic.current=3"], "harmonic.current = 3 has no unit"),
    "field": (BASE + HARMONIC, ['harmonic.external_field=["1 T", "2 V"]'], "harmonic.external_field[1] = '2 V'"),
    "range": (BASE + HARMONIC, ['harmonic.external_field=["1 T", "2 T"]'], "harmonic.external_field = 2000 mT must be"),
    "key": (
        BASE + HARMONIC,
        ["harmonic.angels=3"],
        "unknown key harmonic.angels; the nearest valid key is harmonic.angles",
    ),
    "large": (BASE + HARMONIC, ["harmonic.current=1 mA"], "harmonic.current = 0.001 A makes an effective field of"),
    "angles": (BASE + HARMONIC, ["harmonic.angles=3"], "harmonic.angles = 3 must be a whole number of at least 8"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture, name: str) -> None:
    text, changes, says = REFUSED[name]
    (tmp_path / "wire.toml").write_text(text)
    words = ["harmonic", str(tmp_path / "wire.toml"), "-o", str(tmp_path / "harmonic.nc")]
    assert main([*words, *(w for c in changes for w in ("--set", c))]) == 2
    out, said = capsys.readouterr()
    assert says in said
    assert said.count("\n") == 1
    assert out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["wire.toml"]
