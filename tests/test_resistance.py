"""The conductance matrix against solves that are driven as in a laboratory, Onsager's relation, the command line."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from math import exp, inf, log, pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import OBLIQUE, coarse, film

from fem_rashba import (
    Couplings,
    Current,
    Floating,
    Ground,
    Injected,
    Open,
    Relaxing,
    Voltage,
    hall_cross,
    neel_wall,
    resistances,
    reversal,
    uniform,
    van_der_pauw,
    voltages,
)
from fem_rashba.cli import main
from fem_rashba.physics.couplings import COUPLINGS
from fem_rashba.studies.resistance import Resistances
from fem_rashba.studies.van_der_pauw import sheet_resistance

CROSS = hall_cross(arm_width=6, arm_length=4)
WALL = neel_wall(center=[1, -0.5], width=3, angle=1.1)
ALONG, ACROSS = ("source", "drain"), ("left", "right")
BENT = ("source", "right"), ("left", "drain")


def of(m: Any, study: Any = resistances, **options: Any) -> Any:
    """`resistances` or `reversal` of the cross on a coarse mesh."""
    made = film(rashba_parameter=0.03, **options.pop("film", {}))
    return study(CROSS.mesh(made, element_size=1.0, degree=2), made, m, degree=2, **options)


@pytest.mark.parametrize(("current", "voltage"), [(ALONG, ACROSS), BENT, (("left", "drain"), ("left", "source"))])
def test_four_points_as_in_a_laboratory(current: tuple[str, str], voltage: tuple[str, str]) -> None:
    """A given current, the other contacts floating: the voltages of such a solve."""
    made = film(rashba_parameter=0.03)
    drive = {current[0]: Current("2 nA", "insulating"), current[1]: Voltage("3 mV")}
    solution = coarse(CROSS, WALL, film=made, terminals=drive, edges="insulating")
    volts = voltages(solution)
    spins = {current[0]: Floating("insulating")}
    found = of(WALL, terminals=spins, edges="insulating").four_point(current=current, voltage=voltage)
    assert found == pytest.approx((volts[voltage[0]] - volts[voltage[1]]) / 2e-9, abs=1e-10 * film().sheet_resistance)


def test_an_open_terminal_is_an_edge() -> None:
    made = film(rashba_parameter=0.03)
    found = of(uniform(OBLIQUE), terminals={"right": Open(), "source": Voltage("7 mV")})
    assert found.terminals == ("source", "drain", "left")
    driven = {"source": Current("1 nA"), "drain": Ground(), "right": Open()}
    volts = voltages(coarse(CROSS, uniform(OBLIQUE), film=made, terminals=driven))
    expected = [volts[name] / 1e-9 for name in found.terminals]
    assert found.matrix("drain")[:, 0] == pytest.approx(expected, rel=1e-8, abs=1e-6)
    assert found.balance < 1e-9


@pytest.mark.parametrize(
    ("injected", "same"),
    [
        (Injected(spin_density=[1e-3, 0, 2e-3]), "sink"),
        (Injected(spin_current=[0, 1e-3, 0]), "insulating"),
        (Relaxing("0 nm/ps"), "insulating"),
    ],
)
def test_injected_spin_is_no_response_to_a_voltage(injected: Any, same: str) -> None:
    found, plain = (of(uniform(OBLIQUE), edges=edges) for edges in (injected, same))
    assert found.conductance == pytest.approx(plain.conductance, rel=1e-10)
    told = [text for text in found.warnings if "injected spin is left out" in text]
    assert len(told) == (0 if isinstance(injected, Relaxing) else 1)


RECIPROCAL = {
    "weights": Couplings(charge_weights=(4, 8), gamma_weights=(1, 1, 2)),
    "scaled": Couplings(charge_weights=(1, 2), gamma_weights=(2, 2, 3)),
    "no rest": Couplings(charge_weights=(4, 8), gamma_weights=(1, 1, 1)),
}


@pytest.mark.parametrize("name", RECIPROCAL)
@pytest.mark.parametrize("m", [uniform(OBLIQUE), WALL], ids=["uniform", "wall"])
@pytest.mark.parametrize("denominators", ["dirty", "full"])
def test_onsager(name: str, m: Any, denominators: str) -> None:
    """Sinks, no polarization, r = 2 b, equal first weights of Gamma: R_AB,CD(m) = R_CD,AB(-m)."""
    made = {"couplings": RECIPROCAL[name], "polarization": 0.0, "denominators": denominators}
    found = of(m, reversal, film=made)
    assert found.onsager_relative < 1e-12
    hall, bent = found.four_point(current=ALONG, voltage=ACROSS), found.four_point(current=BENT[0], voltage=BENT[1])
    assert abs(hall.odd) > 1e-3
    assert abs(hall.even) > 1e-1
    for each in (hall, bent):
        assert each.onsager_relative < 1e-9
        assert each.antisymmetric == pytest.approx(each.odd, abs=1e-9 * abs(each.resistance))
        assert each.symmetric == pytest.approx(each.even, abs=1e-9 * abs(each.resistance))
        assert each.odd + each.even == pytest.approx(each.resistance, rel=1e-12)
        assert each.even - each.odd == pytest.approx(each.reversed, rel=1e-12)
    # it is the reversal that makes them equal
    assert abs(hall.resistance - hall.exchanged) > 1e-3


PAIRED = {
    "sink": (COUPLINGS["consistent"], "sink", "dirty"),
    "sink, full": (Couplings(charge_weights=(3, 6)), "sink", "full"),
    "insulating": (Couplings(charge_weights=(4, 8), gamma_weights=(0, 0, 0)), "insulating", "dirty"),
    "relaxing": (Couplings(charge_weights=(4, 8), gamma_weights=(0, 0, 0)), Relaxing("40 nm/ps"), "dirty"),
    "insulating, full": (Couplings(charge_weights=(4, 8), gamma_weights=(0, 0, 0)), "insulating", "full"),
}


@pytest.mark.parametrize("case", PAIRED)
@pytest.mark.parametrize("m", [uniform(OBLIQUE), WALL], ids=["uniform", "wall"])
def test_onsager_with_the_reciprocal_current(case: str, m: Any) -> None:
    """With it also with the drives by the equilibrium spin and, without the Gamma bracket, where no spin crosses."""
    couplings, edges, denominators = PAIRED[case]
    made = {"couplings": replace(couplings, reciprocal_current=True), "denominators": denominators}
    spins = {name: Floating(edges) for name in (*ALONG, *ACROSS)}
    found = of(m, reversal, film=made, edges=edges, terminals=spins)
    assert found.onsager_relative < 1e-12
    assert found.forward.balance < 1e-12
    for current, voltage in ((ALONG, ACROSS), BENT, (("left", "source"), ("left", "drain"))):
        each = found.four_point(current=current, voltage=voltage)
        assert each.onsager_relative < 1e-9
        assert abs(each.resistance - each.exchanged) > 1e-3
    assert found.forward.couplings == "custom"


@pytest.mark.parametrize("couplings", ["paper", "consistent"])
@pytest.mark.parametrize("edges", ["sink", "insulating"])
def test_named_couplings_violate_onsager(couplings: str, edges: str) -> None:
    found = of(uniform(OBLIQUE), reversal, film={"couplings": couplings}, edges=edges)
    hall = found.four_point(current=ALONG, voltage=ACROSS)
    assert hall.couplings == couplings
    assert hall.onsager == pytest.approx(hall.resistance - hall.exchanged_reversed, rel=1e-12)
    assert abs(hall.onsager) > 0.1
    assert found.onsager_relative > 1e-5


def test_the_equation_of_van_der_pauw() -> None:
    """Pairs of resistances whose exponentials add up to 1."""
    for share in (0.5, 0.25, 0.9, 1e-6):
        pair = [-log(share) / pi, -log(1 - share) / pi]
        assert sheet_resistance(*pair) == pytest.approx(1.0, rel=1e-10)
        assert sheet_resistance(1e5 * pair[1], 1e5 * pair[0]) == pytest.approx(1e5, rel=1e-10)


def test_van_der_pauw_of_a_matrix() -> None:
    """Four points, a right angle apart, on the edge of a disk of 1000 Ohm: the potential -(1000 Ohm/pi) ln r per A."""
    # r is larger by sqrt(2) to the opposite point than to the neighbours; the contacts themselves are small disks
    bent, contact = 1000 * log(2) / pi, 4000.0
    opposite = -bent / 2
    potential = contact * np.eye(4) + opposite * np.roll(np.eye(4), 2, axis=0)
    found = Resistances(terminals=tuple("abcd"), conductance=np.linalg.pinv(_centred(potential)), couplings="paper")
    measured = van_der_pauw(found, list("abcd"))
    assert measured.resistances == pytest.approx([bent, bent], rel=1e-9)
    assert measured.sheet_resistance == pytest.approx(1000, rel=1e-9)
    assert measured.correction == pytest.approx(1, rel=1e-9)
    assert measured.sum(500.0) == pytest.approx(2 * exp(-2 * log(2)), rel=1e-9)


def _centred(potential: np.ndarray) -> np.ndarray:
    """The potentials up to a constant for each current: rows and columns that add up to 0."""
    project = np.eye(4) - 0.25
    return np.asarray(project @ potential @ project)


MATRIX = np.array([[2.0, -1.0, -1.0], [-1.0, 2.0, -1.0], [-1.0, -1.0, 2.0]])


def test_three_contacts_in_a_triangle() -> None:
    """1 S between every two: 2/3 Ohm from one to another, half the voltage at the third."""
    found = Resistances(terminals=("a", "b", "c"), conductance=MATRIX, couplings="paper")
    assert found.matrix("c") == pytest.approx(np.array([[2, 1, 0], [1, 2, 0], [0, 0, 0]]) / 3)
    assert found.four_point(current=("a", "b"), voltage=("a", "b")) == pytest.approx(2 / 3)
    assert found.four_point(current=("a", "b"), voltage=("b", "c")) == pytest.approx(-1 / 3)
    assert found.balance == 0


def test_mistakes_are_sentences() -> None:
    found = Resistances(terminals=("a", "b", "c"), conductance=MATRIX, couplings="paper")
    for names, told in (
        (("a", "d"), "unknown contact 'd'; this device has 'a', 'b', 'c'"),
        (("a", "a"), "two different contacts"),
        ("ab", "two different contacts"),
        (("a",), "two different contacts"),
    ):
        for pairs in ({"current": names, "voltage": ("a", "b")}, {"current": ("a", "b"), "voltage": names}):
            with pytest.raises(ValueError, match=told):
                found.four_point(**pairs)
    with pytest.raises(ValueError, match="unknown contact 'd'"):
        found.matrix("d")
    for contacts in ("abcd", ["a", "b", "c"], ["a", "b", "c", "a"]):
        with pytest.raises(ValueError, match="four different contacts"):
            van_der_pauw(found, contacts)
    with pytest.raises(ValueError, match="finite matrix of 2 x 2"):
        Resistances(terminals=("a", "b"), conductance=MATRIX, couplings="paper")
    with pytest.raises(ValueError, match="at least two terminals that are not open; this device has only 'a'"):
        Resistances(terminals=("a",), conductance=np.eye(1), couplings="paper")
    apart = np.kron(np.eye(2), [[1.0, -1.0], [-1.0, 1.0]])
    with pytest.raises(ValueError, match="'a' and 'c' are not connected"):
        Resistances(terminals=tuple("abcd"), conductance=apart, couplings="paper")
    for value in (0.0, -1.0, inf):
        with pytest.raises(ValueError, match="must be positive and finite"):
            sheet_resistance(1.0, value)


def test_wrong_order_of_contacts_is_told() -> None:
    ring = 3 * np.eye(4) - np.roll(np.eye(4), 1, axis=0) - np.roll(np.eye(4), -1, axis=0) - 1e-3
    found = Resistances(terminals=tuple("abcd"), conductance=ring - np.diag(ring.sum(axis=0)), couplings="paper")
    assert van_der_pauw(found, list("abcd")).correction == pytest.approx(1)
    with pytest.raises(ValueError, match="in their order along the edge"):
        van_der_pauw(found, list("acbd"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"terminals": {"sorce": Open()}}, "unknown terminal 'sorce'"),
        ({"terminals": {name: Open() for name in ("source", "left", "right")}}, "this device has only 'drain'"),
        ({"terminals": {name: Open() for name in (*ALONG, *ACROSS)}}, "this device has none"),
        ({"film": {"couplings": Couplings(literal_drift=True)}}, "literal_drift = true must be false"),
        ({"method": "magic"}, "method = 'magic'"),
        ({"tolerance": 2.0}, "tolerance = 2.0"),
        ({"petsc": {"ksp_tipe": "gmres"}}, "'ksp_tipe' is used by nothing"),
    ],
)
def test_mistakes_in_a_study_are_sentences(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        of(uniform(OBLIQUE), **options)


TOML = """
[film]
rashba_parameter = "0.03 eV nm"
exchange_time = "10 fs"
momentum_relaxation_time = "1 fs"
spin_flip_time = "1 ps"
fermi_wavevector = "4.3 1/nm"
[device]
shape = "hall_cross"
arm_width = "6 nm"
arm_length = "4 nm"
element_size = "1 nm"
degree = 2
[magnetization]
direction = [0.5, 0.3, 0.8]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "cross.toml"
    path.write_text(TOML)
    return path


def printed(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    assert main(["resistance", *map(str, words)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return dict(json.loads(out))


def test_the_command_without_a_drive(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The numbers of the study, and a file that is replaced only if it is ours."""
    file = config.parent / "r.json"
    words = ("--current", "source,drain", "--voltage", "left,right", "--van-der-pauw", "source,left,drain,right")
    shown = printed(capsys, config, "-o", file, *words)
    found = of(uniform(OBLIQUE), reversal)
    assert json.loads(file.read_text()) == shown
    assert shown["conductance_S"] == pytest.approx(found.forward.conductance, rel=1e-9)
    assert shown["resistance_ohm"] == pytest.approx(found.forward.matrix("drain"), rel=1e-9, abs=1e-6)
    hall = found.four_point(current=ALONG, voltage=ACROSS)
    assert shown["four_point"] == shown["hall"]
    assert shown["hall"]["odd_ohm"] == pytest.approx(hall.odd, rel=1e-6)
    assert shown["hall"]["onsager"]["residual_ohm"] == pytest.approx(hall.onsager, rel=1e-6)
    assert shown["hall"]["onsager"]["couplings"] == shown["onsager"]["couplings"] == "paper"
    assert shown["van_der_pauw"]["sheet_resistance_ohm"] == pytest.approx(film().sheet_resistance, rel=0.05)
    assert shown["film_sheet_resistance_ohm"] == pytest.approx(film().sheet_resistance, rel=1e-9)
    printed(capsys, config, "-o", file)
    assert "four_point" not in json.loads(file.read_text())
    file.write_text("{}")
    assert main(["resistance", str(config), "-o", str(file)]) == 2
    assert "was not written by fem-rashba" in capsys.readouterr().err
    assert file.read_text() == "{}"
    assert sorted(path.name for path in config.parent.iterdir()) == ["cross.toml", "r.json"]


def test_the_command_leaves_the_drive_out(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = printed(capsys, config)
    field = config.parent / "field.toml"
    field.write_text(TOML + '[drive]\nelectric_field = ["1 mV/nm", "0 V/nm"]\n[terminals.left]\nspin = "sink"\n')
    driven = printed(capsys, field)
    assert driven["contacts"] == bare["contacts"]
    assert driven["conductance_S"] == bare["conductance_S"]
    told = [text for text in driven["warnings"] if "electric_field is left out" in text]
    assert len(told) == 1
    assert driven["warnings"] == told + bare["warnings"]
    (config.parent / "current.toml").write_text(
        TOML
        + '[terminals.source]\ncurrent = "1 uA"\n[terminals.left]\nfloating = true\n[terminals.right]\nopen = true\n'
        '[time]\nend = "1 ps"\nstep = "0.5 ps"\n[regions.film]\nspin_flip_time = "2 ps"\n'
    )
    some = printed(capsys, config.parent / "current.toml")
    assert some["contacts"] == ["source", "drain", "left"]
    assert "hall" not in some
    assert any("[time] is left out" in text for text in some["warnings"])
    assert any("regions have films of their own" in text for text in some["warnings"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--current", "source,sorce"], "--current: 'sorce' must be a terminal that is not open"),
        (["--current", "source,drain", "--voltage", "left,up"], "--voltage: 'up'"),
        (["--van-der-pauw", "source,left,drain,up"], "--van-der-pauw: 'up'"),
        (["--van-der-pauw", "source,left,drain"], "4 different terminals"),
        (["--van-der-pauw", "source,drain,left,right"], "in their order along the edge"),
        (["--current", "source,source"], "2 different terminals"),
        (["--current", "source"], "2 different terminals"),
        (["--voltage", "left,right"], "--voltage needs --current"),
        (["-o", "r.txt"], "must end in .json"),
        (["-o", "nowhere/r.json"], "does not exist"),
        (
            ["--set", "terminals.source.open=true", "terminals.left.open=true", "terminals.right.open=true"],
            "fem-rashba: a resistance needs at least two terminals",
        ),
        (["--set", "terminals.sorce.open=true"], "this device has no such terminal"),
    ],
)
def test_mistakes_on_the_command_line(
    config: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["resistance", str(config), *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert err.count("\n") == 1


def test_names_of_a_mesh_file_are_checked_before_the_solve(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = ["--set", "terminals.source.voltage=1 V", "-o", str(config.parent / "device.msh")]
    assert main(["mesh", str(config), *drive]) == 0
    sections = TOML.split("[device]")[0], TOML[TOML.index("[magnetization]") :]
    path = config.parent / "file.toml"
    path.write_text('[device]\nmesh = "device.msh"\ndegree = 1\n'.join(sections))
    capsys.readouterr()
    assert set(printed(capsys, path)["contacts"]) == {*ALONG, *ACROSS}
    monkeypatch.setattr("fem_rashba.studies.resistance.reversal", None)
    assert main(["resistance", str(path), "--current", "source,top"]) == 2
    assert "--current: 'top' must be a terminal that is not open" in capsys.readouterr().err


@pytest.mark.mpi
def test_same_numbers_on_one_two_and_three_ranks(config: Path) -> None:
    found = []
    for ranks in (1, 2, 3):
        words = ["fem-rashba", "resistance", config.name, "--current", "source,right", "--voltage", "left,drain"]
        words += ["-o", "r.json"]
        command = ["mpirun", "-n", str(ranks), *words]
        done = subprocess.run(command, cwd=config.parent, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
        assert json.loads((config.parent / "r.json").read_text()) == found[-1]
        assert found[-1]["solver"]["ranks"] == ranks
    for other in found[1:]:
        assert other["conductance_S"] == pytest.approx(np.array(found[0]["conductance_S"]), rel=1e-9)
        for key in ("resistance_ohm", "odd_ohm", "even_ohm"):
            scale = abs(found[0]["four_point"]["resistance_ohm"])
            assert other["four_point"][key] == pytest.approx(found[0]["four_point"][key], abs=1e-9 * scale)
        residuals = [each["four_point"]["onsager"]["residual_ohm"] for each in (other, found[0])]
        assert residuals[0] == pytest.approx(residuals[1], rel=1e-6)
