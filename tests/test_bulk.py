"""The infinite medium: the exact solve against (26), (28) written out, equations.py and wide wires; the command."""

from __future__ import annotations

import json
import subprocess
import sys
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import basix.ufl
import numpy as np
import pytest
import ufl
from references.algebra import Z_HAT
from references.bulk import bulk_spin, directions, random_parameters
from references.wire import wire_profile
from samples import OBLIQUE, film, reference, unit, unit_field
from ufl.algorithms.apply_algebra_lowering import apply_algebra_lowering

from fem_rashba.cli import main
from fem_rashba.physics import bulk, equations
from fem_rashba.physics.decay import relaxation_matrix
from fem_rashba.units import HBAR


def printed_left(f: Any, m: np.ndarray, S: np.ndarray) -> np.ndarray:
    """The left-hand side of (26)."""
    exchange = f.w * np.cross(S, m)
    return f.r_sf * S + f.r_dp * (S + S[2] * Z_HAT) + exchange + f.r_phi * np.cross(m, np.cross(S, m))


def printed_right(f: Any, m: np.ndarray, G: np.ndarray) -> np.ndarray:
    """(28) with S = n PF m, the printed weights."""
    a, S = np.array([-G[1], G[0], 0.0]), f.PF * m
    mixed = np.cross(m, np.cross(a, S)) + np.cross(a, np.cross(m, S))
    return f.B * a + 2 * f.C * np.cross(a, S) + 2 * f.R * (m @ a) * m + f.Gam * mixed


def test_exact_solve_of_the_printed_equation() -> None:
    rng = np.random.default_rng(1)
    for p, m in zip(random_parameters(1000, 2, couplings="paper"), directions(1000, 3), strict=True):
        made, f, G = film(**p), reference(**p), rng.normal(size=2)
        found = bulk.infinite_medium(made, m, unit_field(made, G))
        left = np.stack([printed_left(f, m, e) for e in np.eye(3)], axis=1)
        S = np.linalg.solve(left, printed_right(f, m, G))
        T = -f.w * np.cross(m, S) + f.r_phi * np.cross(m, np.cross(S, m))
        np.testing.assert_allclose(found.spin_density, S, rtol=0, atol=1e-11 * abs(S).max())
        np.testing.assert_allclose(found.torque, HBAR * T, rtol=0, atol=1e-10 * HBAR * abs(T).max())


def test_any_couplings_and_all_directions_at_once() -> None:
    rng = np.random.default_rng(4)
    m = directions(5, 5)
    for p in random_parameters(200, 6):
        made, f, G = film(**p), reference(**p), rng.normal(size=2)
        found = bulk.infinite_medium(made, m, unit_field(made, G))
        expected = np.array([bulk_spin(f, v, G) for v in m])
        np.testing.assert_allclose(found.spin_density, expected, rtol=0, atol=1e-12 * abs(expected).max())
        assert found.torque.shape == (5, 3) and found.fieldlike.shape == found.dampinglike.shape == (5,)


@pytest.mark.parametrize("couplings", ["paper", "consistent"])
def test_drive_relaxation_and_torque_are_those_of_the_weak_form(couplings: str) -> None:
    """What is solved on a mesh and what is solved here cannot drift apart: the UFL terms at constant fields."""
    domain = ufl.Mesh(basix.ufl.element("Lagrange", "triangle", 1, shape=(2,)))
    made = film(couplings=couplings, denominators="full", rashba_parameter=0.05)
    c, m, S, G = made.coefficients, unit(OBLIQUE), np.array([0.3, -0.7, 0.2]), np.array([0.4, -1.1])
    n = ufl.Constant(domain)
    vectors = [ufl.as_vector([ufl.as_ufl(float(v)) for v in vector]) for vector in (m, S, G / c.states)]
    constants = SimpleNamespace(**{k: ufl.as_ufl(float(v)) for k, v in vars(c).items()})

    def value(expression: Any) -> np.ndarray:
        lowered = apply_algebra_lowering(expression)
        return np.array([lowered[i]((0.0, 0.0)) for i in range(3)], float)

    um, uS, uE = vectors
    hall = c.precession * c.hall * np.array([-G[1], G[0], 0.0])  # the flux form of the rest of B G_z
    np.testing.assert_allclose(
        bulk.drive(c, m, G), hall - value(equations.local_drive(constants, n, um, uE)), rtol=1e-13
    )
    np.testing.assert_allclose(bulk.torque_density(c, S, m), value(equations.torque(constants, uS, um)), rtol=1e-13)
    relaxed = value(
        equations.spin_flip(constants, uS)
        + equations.remaining_dyakonov_perel(constants, uS)
        + equations.torque(constants, uS, um)
    )
    relaxed += c.C * c.precession * (S + S[2] * Z_HAT)  # the covariant derivative's own
    np.testing.assert_allclose(relaxation_matrix(c, m) @ S, relaxed, rtol=1e-12)


@pytest.mark.parametrize("couplings", ["paper", "consistent"])
@pytest.mark.parametrize("m", [(1, 0, 0), (0, 1, 0), (0, 0, 1), OBLIQUE])
def test_middle_of_a_wide_wire(couplings: str, m: tuple[float, ...]) -> None:
    """Far from the edges, with the transverse gradient that keeps the charge from flowing sideways."""
    made, m = film(couplings=couplings, rashba_parameter=0.02), unit(m)
    wire = wire_profile(reference(couplings=couplings, rashba_parameter=0.02), m, 300.0)
    across = float(wire.Gy(150.0)[0])
    found = bulk.infinite_medium(made, m, unit_field(made, (1.0, across)))
    np.testing.assert_allclose(found.spin_density, wire.S(150.0)[:, 0], rtol=0, atol=1e-11)
    np.testing.assert_allclose(found.torque / HBAR, wire.torque(150.0)[:, 0], rtol=0, atol=1e-9)


def test_rotation_and_reversal() -> None:
    """The film is isotropic in its plane; the torque is even in alpha and field reversed together."""
    m, turn = directions(20, 7), np.deg2rad(33.0)
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    field = np.array([1e-3, -2e-4])
    here = bulk.infinite_medium(film(), m, field)
    turned = bulk.infinite_medium(film(), m @ rotation.T, rotation[:2, :2] @ field)
    np.testing.assert_allclose(turned.torque, here.torque @ rotation.T, rtol=0, atol=1e-18)
    np.testing.assert_allclose(turned.fieldlike, here.fieldlike, rtol=1e-10)
    np.testing.assert_allclose(turned.axis, rotation @ here.axis, atol=1e-15)
    reversed_ = bulk.infinite_medium(film(rashba_parameter=-1e-2), m, -field)
    np.testing.assert_allclose(reversed_.torque, here.torque, rtol=0, atol=1e-18)


def test_decomposition_and_axis() -> None:
    x = bulk.infinite_medium(film(), np.array([1.0, 0, 0]), (1e-3, 0))
    assert x.axis.tolist() == [0, 1, 0]
    assert x.fieldlike == pytest.approx(-x.torque[2]) and x.dampinglike == pytest.approx(x.torque[1])
    both = bulk.infinite_medium(film(), np.eye(3), (1e-3, 0))
    assert np.isnan(both.fieldlike).tolist() == np.isnan(both.dampinglike).tolist() == [False, True, False]
    other = bulk.infinite_medium(film(), np.array([0, 1.0, 0]), (1e-3, 0), axis=(3, 0, 0))
    assert other.axis.tolist() == [1, 0, 0] and np.isfinite(other.fieldlike)
    none = bulk.infinite_medium(film(), np.array([1.0, 0, 0]), (0, 0))
    assert none.axis is None and np.isnan(none.fieldlike) and not none.torque.any()


def test_refusals() -> None:
    x = np.array([1.0, 0, 0])
    with pytest.raises(ValueError, match="unit vectors"):
        bulk.infinite_medium(film(), 2 * x, (1e-3, 0))
    with pytest.raises(ValueError, match="unit vectors"):
        bulk.infinite_medium(film(), x[:2], (1e-3, 0))
    with pytest.raises(ValueError, match="not all zero"):
        bulk.infinite_medium(film(), x, (1e-3, 0), axis=(0, 0, 0))
    with pytest.raises(ValueError, match="spin_flip_time = inf nothing relaxes"):
        bulk.infinite_medium(film(rashba_parameter=0.0, spin_flip_time=inf), x, (1e-3, 0))
    assert not bulk.infinite_medium(film(rashba_parameter=0.0), x, (1e-3, 0)).spin_density.any()


# --- the command ------------------------------------------------------------------------------------------------------

FIELD = '[drive]\nelectric_field = ["1 mV/nm", "0.2 mV/nm"]\n'
FILE = """\
[film]
rashba_parameter = "0.02 eV nm"
exchange_time = "10 fs"
momentum_relaxation_time = "1 fs"
spin_flip_time = "1 ps"
fermi_wavevector = "4.3 1/nm"

[device]
shape = "wire"
length = "300 nm"
width = "50 nm"

[magnetization]
direction = [0.5, 0.3, 0.8]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "wire.toml"
    path.write_text(FILE + FIELD)
    return path


def test_command_prints_what_python_finds_without_dolfinx(file: Path) -> None:
    script = (
        "import sys; from fem_rashba.cli import main; status = main(['bulk', sys.argv[1]]);"
        "sys.exit(status or any(name in sys.modules for name in ('dolfinx', 'gmsh', 'petsc4py', 'mpi4py')))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(file)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    expected = bulk.infinite_medium(film(rashba_parameter=0.02), unit(OBLIQUE), (1e-3, 2e-4))
    np.testing.assert_allclose(found["S"], expected.spin_density, rtol=1e-12)
    np.testing.assert_allclose(found["torque"], expected.torque, rtol=1e-12)
    assert found["fieldlike"] == pytest.approx(expected.fieldlike, rel=1e-12)
    assert found["dampinglike"] == pytest.approx(expected.dampinglike, rel=1e-12)
    np.testing.assert_allclose(found["axis"], unit((-0.2, 1, 0)), rtol=1e-12)
    assert [warning for warning in found["warnings"] if "kF vF tau" in warning]


def test_command_takes_axis_and_overrides(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["drive.torque_axis=[0, 2, 0]", "magnetization.direction=[0, 1, 0]"]
    assert main(["bulk", str(file), "--set", *settings]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["axis"], found["fieldlike"], found["dampinglike"]) == ([0, 1, 0], None, None)
    file.write_text(FILE + FIELD + '[regions.left]\nrashba_parameter = "0.03 eV nm"\n')
    assert main(["bulk", str(file)]) == 0
    assert "region 'left' is left out" in json.loads(capsys.readouterr().out)["warnings"][-1]


TEXTURE = '[magnetization]\ntexture = "neel_wall"\ncenter = ["60 nm", "0 nm"]\nwidth = "5 nm"\n'
REFUSED = {
    "voltage": (FILE + '[terminals.source]\nvoltage = "1 mV"\n[terminals.drain]\nvoltage = "0 V"\n', "electric_field"),
    "zero field": (FILE + '[drive]\nelectric_field = ["0 V/nm", "0 V/nm"]\n', "electric_field is missing or zero"),
    "both": (FILE + FIELD + '[terminals.source]\nvoltage = "1 mV"\n', "not both"),
    "texture": (FILE[: FILE.index("[magnetization]")] + TEXTURE + FIELD, "magnetization.texture = 'neel_wall'"),
    "expression": (
        FILE.replace("direction = [0.5, 0.3, 0.8]", 'expression = ["x", "1", "0"]') + FIELD,
        "magnetization.expression",
    ),
    "device": (FILE.replace("width =", "with =") + FIELD, "device.with"),
    "singular": (FILE.replace("0.02 eV nm", "0 eV nm").replace("1 ps", "inf") + FIELD, "nothing relaxes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_command_refuses_in_one_sentence(case: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, message = REFUSED[case]
    file.write_text(text)
    assert main(["bulk", str(file)]) == 2
    told = capsys.readouterr()
    assert told.out == "" and message in told.err and told.err.count("\n") == 1


def test_example_of_the_documentation_runs() -> None:
    text = (Path(__file__).parents[1] / "docs" / "infinite_medium.md").read_text()
    names: dict[str, Any] = {}
    exec(text.split("```python\n")[1].split("```")[0], names)
    assert names["fieldlike"].shape == (181,) and np.isfinite(names["fieldlike"]).all()
