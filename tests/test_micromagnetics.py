"""Solutions for magnetizations from OVF files, and OVF files of torque and effective field."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path

import discretisedfield
import numpy as np
import pytest
from samples import FILM_TOML, film, unit_field

from fem_rashba import Ground, load, neel_wall, ovf_magnetization, probe, save, save_ovf, solve, torque, uniform, wire
from fem_rashba.cli import main
from fem_rashba.grids.ovf_read import read_ovf
from fem_rashba.grids.ovf_write import write_ovf
from fem_rashba.physics.gridded import Grid
from fem_rashba.results.micromagnetics import grid_of, gridded_values
from fem_rashba.solvers.modes import spin_waves
from fem_rashba.solvers.problem import pose

MAGNET = {"thickness": 0.6, "saturation_magnetization": 8e5}
OBLIQUE = (0.48, 0.6, 0.64)
TOML = (
    FILM_TOML
    + """
thickness = "0.6 nm"
saturation_magnetization = "0.8 MA/m"
[device]
shape = "wire"
length = "24 nm"
width = "8 nm"
element_size = "2 nm"
degree = 2
[magnetization]
ovf = "m.ovf"
[drive]
electric_field = ["1 mV/nm", "0.2 mV/nm"]
[output]
plots = false
fields = false
"""
)


def magnetization_file(path: Path, size: tuple[float, float], cell: float, m: object, moment: float = 8e5) -> Path:
    """A file that discretisedfield writes: size and cell in nm, m a function of the point in m, or a vector."""
    mesh = discretisedfield.Mesh(
        p1=(0, 0, 0), p2=(size[0] * 1e-9, size[1] * 1e-9, 1e-9), cell=(cell * 1e-9,) * 2 + (1e-9,)
    )
    field = discretisedfield.Field(mesh, nvdim=3, value=m, norm=moment)
    field.to_file(str(path), representation="bin8")
    return path


def small(m: object, **options: object) -> object:
    made = film(**MAGNET)
    device = wire(length=24, width=8).mesh(made, element_size=2.0, degree=2)
    return solve(device, made, m, electric_field=unit_field(made, (1.0, 0.2)), degree=2, **options)


# --- in ---------------------------------------------------------------------------------------------------------------


def test_a_uniform_file_is_the_uniform_magnetization(tmp_path: Path) -> None:
    m = ovf_magnetization(magnetization_file(tmp_path / "m.ovf", (24, 8), 2, OBLIQUE))
    found, expected = small(m), small(uniform(OBLIQUE))
    scale = np.abs(expected.u.x.array).max()
    assert np.abs(found.u.x.array - expected.u.x.array).max() < 1e-10 * scale
    points = np.random.default_rng(1).uniform([0, 0], [24, 8], size=(20, 2))
    np.testing.assert_allclose(probe(found, points), probe(expected, points), rtol=1e-8, atol=1e-12 * scale)


def test_a_finely_sampled_wall_is_the_wall(tmp_path: Path) -> None:
    """The averaged torque, at second order in the size of the cells."""
    made = film(**MAGNET, couplings="consistent")
    device = wire(length=24, width=8).mesh(made, element_size=1.0, degree=2)
    field = unit_field(made, (1.0, 0.2))

    def average(m: object) -> np.ndarray:
        return torque(solve(device, made, m, electric_field=field, degree=2)).average_density

    def wall(p: tuple[float, float, float]) -> tuple[float, float, float]:
        u = (p[0] * 1e9 - 11) / 4
        return 1 / math.cosh(u), 0.0, math.tanh(u)

    exact = average(neel_wall(center=(11, 4), width=4))
    cells = np.array([2.0, 1.0, 0.5])
    errors = []
    for cell in cells:
        m = ovf_magnetization(magnetization_file(tmp_path / "m.ovf", (24, 8), cell, wall))
        errors.append(np.linalg.norm(average(m) - exact) / np.linalg.norm(exact))
    rates = np.log2(np.divide(errors[:-1], errors[1:]))
    assert errors[0] < 0.03
    assert errors[-1] < 2e-3
    assert (rates > 1.7).all(), (errors, rates)


def test_a_solution_holds_its_magnetization(tmp_path: Path) -> None:
    path = magnetization_file(tmp_path / "m.ovf", (24, 8), 2, lambda p: (1, math.sin(p[0] * 2e8), p[1] * 1e8))
    solution = small(ovf_magnetization(path, origin=["0 nm", "0 nm"]))
    save(solution, tmp_path / "out", plots=False)
    path.unlink()
    again = load(tmp_path / "out")
    points = np.random.default_rng(3).uniform([0, 0], [24, 8], size=(20, 2))
    np.testing.assert_array_equal(probe(again, points), probe(solution, points))
    assert grid_of(again) == Grid(corner=(0.0, 0.0, 0.0), cell=(2.0, 2.0, 1.0), counts=(12, 4, 1))
    np.testing.assert_allclose(torque(again).total, torque(solution).total, rtol=1e-12)


def test_what_the_file_does_not_cover_is_said(tmp_path: Path) -> None:
    path = magnetization_file(tmp_path / "m.ovf", (18, 8), 2, OBLIQUE)
    (tmp_path / "device.toml").write_text(TOML)
    assert main(["run", str(tmp_path / "device.toml"), "-o", str(tmp_path / "out")]) == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    (said,) = [warning for warning in summary["warnings"] if "lies outside" in warning]
    # 6 of 24 nm, by whole elements
    assert said.startswith("about 25 % of the film")
    assert summary["config"]["magnetization"] == {"ovf": "m.ovf", "layer": "average"}
    assert path.exists()


def test_spin_waves_with_a_file(tmp_path: Path) -> None:
    made = film(**MAGNET)
    device = wire(length=12, width=6).mesh(made, element_size=2.0, degree=1)
    m = ovf_magnetization(magnetization_file(tmp_path / "m.ovf", (12, 6), 2, OBLIQUE))
    rates = [
        spin_waves(pose(device, made, each, electric_field=[1e-3, 0], degree=1), 2).rates
        for each in (m, uniform(OBLIQUE))
    ]
    np.testing.assert_allclose(rates[0], rates[1], rtol=1e-8)


def test_a_file_in_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Turned about z^ it pumps what the uniform magnetization pumps; it may not travel."""
    magnetization_file(tmp_path / "m.ovf", (24, 8), 2, OBLIQUE)
    time = '[time]\nend = "0.02 ps"\nstep = "0.01 ps"\nframes = 1\nrotation_frequency = "5 THz"\n'
    toml = TOML.replace("degree = 2", "degree = 1")
    (tmp_path / "file.toml").write_text(toml + time)
    (tmp_path / "uniform.toml").write_text(toml.replace('ovf = "m.ovf"', f"direction = {list(OBLIQUE)}") + time)
    totals = []
    for name in ("file", "uniform"):
        assert main(["run", str(tmp_path / f"{name}.toml"), "-o", str(tmp_path / name)]) == 0
        totals.append(json.loads((tmp_path / name / "summary.json").read_text())["torque"]["total"])
    np.testing.assert_allclose(totals[0], totals[1], rtol=1e-7)
    capsys.readouterr()
    (tmp_path / "file.toml").write_text(toml + time + 'velocity = ["1 nm/ps", "0 nm/ps"]\n')
    assert main(["run", str(tmp_path / "file.toml"), "-o", str(tmp_path / "moving")]) == 2
    assert "does not go with a magnetization from a file" in capsys.readouterr().err


# --- out --------------------------------------------------------------------------------------------------------------


def test_sign_and_size_of_the_field(tmp_path: Path) -> None:
    """-M x B of the file of the field is the file of the torque, and -gamma m x B the torque in tesla."""
    solution = small(uniform(OBLIQUE))
    read = {}
    for quantity, unit in (("torque", "J/m3"), ("torque", "T"), ("effective_field", "T"), ("effective_field", "A/m")):
        path = str(tmp_path / f"{quantity}_{unit.replace('/', '')}.ovf")
        save_ovf(solution, path, quantity=quantity, unit=unit, format="binary8", grid=grid_of(solution, (2.0, 2.0)))
        field = discretisedfield.Field.from_file(path)
        assert field.unit == unit
        read[quantity, unit] = field.array.reshape(-1, 3)
    density, tau, B, H = read.values()
    M = 8e5 * np.array(OBLIQUE)
    scale = np.abs(density).max()
    assert np.abs(np.cross(B, M) - density).max() < 1e-12 * scale
    assert np.abs(8e5 * tau - density).max() < 1e-12 * scale
    np.testing.assert_allclose(B, 4e-7 * math.pi * H, rtol=1e-14)
    assert np.abs(B @ OBLIQUE).max() < 1e-12 * np.abs(B).max()
    # eV/nm^2 over 0.6 nm, by hand, in the middle of a cell: its average is not much else
    T = probe(solution, np.array([[11.0, 3.0]]))[0, 6:9] * 1.602176634e-19 / 1e-18 / 0.6e-9
    assert np.abs(density[5 * 4 + 1] - T).max() < 0.05 * np.abs(T).max()


def test_fieldlike_and_dampinglike_fields_make_the_torque(tmp_path: Path) -> None:
    solution = small(uniform(OBLIQUE))
    grid = grid_of(solution, (2.0, 2.0))
    fieldlike, dampinglike, tau = (
        gridded_values(solution, grid, quantity, "T") for quantity in ("fieldlike_field", "dampinglike_field", "torque")
    )
    m, e = np.array(OBLIQUE), solution.axis
    np.testing.assert_allclose(-np.cross(m, fieldlike + dampinglike), tau, atol=1e-12 * np.abs(tau).max())
    assert np.abs(np.cross(fieldlike, e)).max() < 1e-12 * np.abs(fieldlike).max()
    assert np.abs(np.cross(dampinglike, np.cross(m, e))).max() < 1e-12 * np.abs(dampinglike).max()
    # their averages are those of the summary, whose split is of the average: m is uniform
    found = torque(solution).effective_field
    np.testing.assert_allclose(1e3 * fieldlike.mean(axis=(0, 1)), found.fieldlike * e, atol=2e-3 * found.fieldlike)


def test_the_sum_over_cells_is_the_integral() -> None:
    """Cells that end in the device, and a grid that is larger than it."""
    solution = small(uniform(OBLIQUE))
    total = torque(solution).total * 1.602176634e-19 / 1e-18
    grids = (
        Grid(corner=(0.0, 0.0, 0.0), cell=(0.5, 0.5, 1.0), counts=(48, 16, 1)),
        Grid(corner=(-4.0, -2.0, 0.0), cell=(0.5, 0.5, 1.0), counts=(64, 24, 1)),
    )
    for grid in grids:
        density = gridded_values(solution, grid, "torque", "J/m2")
        assert np.abs(density.sum(axis=(0, 1)) * 0.25 - total).max() < 1e-3 * np.abs(total).max()
    assert not density[:4].any()
    assert not density[:, -8:].any()
    assert density[4:-4, 8:-8].any(axis=-1).all()


def test_other_quantities(tmp_path: Path) -> None:
    solution = small(uniform(OBLIQUE))
    grid = grid_of(solution, (4.0, 4.0))
    m = gridded_values(solution, grid, "magnetization")
    np.testing.assert_allclose(m, np.broadcast_to(OBLIQUE, m.shape), atol=1e-14)
    np.testing.assert_allclose(gridded_values(solution, grid, "magnetization", "A/m"), 8e5 * m, atol=1e-8)
    S = gridded_values(solution, grid, "spin_density")
    np.testing.assert_allclose(gridded_values(solution, grid, "spin_density", "1/m3"), S / 0.6e-9, rtol=1e-12)
    middle = probe(solution, np.array([[10.0, 2.0]]))[0, 3:6] * 1e18
    assert np.abs(S[0, 2] - middle).max() < 0.2 * np.abs(middle).max()


def test_default_grids() -> None:
    solution = small(uniform(OBLIQUE))
    # 100 along would be 0.24 nm, 20 across 0.4 nm
    assert grid_of(solution) == Grid(corner=(0.0, 0.0, 0.0), cell=(0.2, 0.2, 0.6), counts=(120, 40, 1))
    assert grid_of(solution, (5.0, 3.0)).counts == (5, 3, 1)


def test_wrong_values(tmp_path: Path) -> None:
    solution, bare = small(uniform(OBLIQUE)), small_without_magnet()
    path = tmp_path / "b.ovf"
    with pytest.raises(ValueError, match="quantity = 'force' must be torque, effective_field"):
        save_ovf(solution, path, quantity="force")
    with pytest.raises(ValueError, match="unit = 'mT' does not go with effective_field; it must be T or A/m"):
        save_ovf(solution, path, quantity="effective_field", unit="mT")
    with pytest.raises(ValueError, match=r"torque in J/m3 needs thickness in \[film\]"):
        save_ovf(bare, path)
    with pytest.raises(
        ValueError, match=r"effective_field in T needs thickness and saturation_magnetization in \[film\]"
    ):
        save_ovf(bare, path, quantity="effective_field")
    with pytest.raises(ValueError, match="fieldlike_field needs the axis of the torque"):
        gridded_values(small_undriven(), grid_of(bare, (4.0, 4.0)), "fieldlike_field")
    with pytest.raises(ValueError, match=r"cell = \[0.0, 1.0\] must be two positive lengths"):
        grid_of(solution, (0.0, 1.0))
    with pytest.raises(ValueError, match="the grid has 1000000000 x 1 cells; it may have at most 16777216"):
        save_ovf(solution, path, grid=Grid(corner=(0.0, 0.0, 0.0), cell=(1.0, 1.0, 1.0), counts=(10**9, 1, 1)))
    assert list(tmp_path.iterdir()) == []


def small_without_magnet() -> object:
    made = film()
    device = wire(length=24, width=8).mesh(made, element_size=4.0, degree=1)
    return solve(device, made, uniform(OBLIQUE), electric_field=[1e-3, 0.0], degree=1)


def small_undriven() -> object:
    made = film(**MAGNET)
    device = wire(length=24, width=8).mesh(made, element_size=4.0, degree=1)
    return solve(device, made, uniform(OBLIQUE), terminals={"source": Ground(), "drain": Ground()}, degree=1)


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.mark.mpi
def test_the_same_files_on_one_two_and_three_ranks(tmp_path: Path) -> None:
    """From a file with an empty corner, placed by its middle, to the field on its grid."""

    def texture(p: tuple[float, float, float]) -> tuple[float, float, float]:
        return math.cos(p[0] * 1e8), math.sin(p[0] * 1e8), p[1] * 2e8 - 1

    def moment(p: tuple[float, float, float]) -> float:
        return 0.0 if p[0] < 4e-9 and p[1] < 4e-9 else 8e5

    magnetization_file(tmp_path / "m.ovf", (30, 10), 1, texture, moment)
    placed = TOML.replace('"m.ovf"', '"m.ovf"\ncenter = ["12 nm", "4 nm"]')
    (tmp_path / "device.toml").write_text(placed)
    found = []
    for ranks in (1, 2, 3):
        for words in (
            ["run", "device.toml", "-o", f"out{ranks}"],
            ["ovf", f"out{ranks}", "-o", f"B{ranks}.ovf", "--quantity", "effective_field", "--format", "binary8"],
        ):
            command = ["mpirun", "-n", str(ranks), "fem-rashba", *words]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stderr
        found.append(read_ovf(tmp_path / f"B{ranks}.ovf"))
    assert found[0].grid == Grid(corner=(0.0, 0.0, 0.0), cell=(1.0, 1.0, 1.0), counts=(30, 10, 1))
    # the device is 24 x 8 nm in the middle of 30 x 10 nm
    outside = found[0].values[0] == 0
    assert outside[0].all()
    assert outside[:, :3].all()
    assert not outside[1:-1, 3:-3].any()
    for other in found[1:]:
        assert other.grid == found[0].grid
        assert np.abs(other.values - found[0].values).max() < 1e-9 * np.abs(found[0].values).max()


def test_from_a_file_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    magnetization_file(tmp_path / "m.ovf", (24, 8), 2, OBLIQUE)
    magnetization_file(tmp_path / "other.ovf", (20, 10), 5, OBLIQUE)
    far = Grid(corner=(100.0, 0.0, 0.0), cell=(2.0, 2.0, 1.0), counts=(2, 2, 1))
    write_ovf(tmp_path / "far.ovf", far, np.ones((2, 2, 3)), label="m", unit="1")
    (tmp_path / "device.toml").write_text(TOML)
    out = str(tmp_path / "out")
    assert main(["check", str(tmp_path / "device.toml")]) == 0
    assert main(["run", str(tmp_path / "device.toml"), "-o", out]) == 0
    capsys.readouterr()
    assert main(["ovf", out, "-o", str(tmp_path / "T.ovf")]) == 0
    assert capsys.readouterr().out.endswith("T.ovf written: torque in J/m3, 12 x 4 x 1 cells of 2 x 2 x 1 nm\n")
    given = ["--grid", str(tmp_path / "other.ovf"), "--quantity", "spin_density", "--format", "text"]
    assert main(["ovf", out, "-o", str(tmp_path / "S.ovf"), *given]) == 0
    assert read_ovf(tmp_path / "S.ovf").grid.counts == (4, 2, 1)
    assert main(["ovf", out, "-o", str(tmp_path / "B.ovf"), "--quantity", "effective_field", "--cell", "4,4"]) == 0
    assert read_ovf(tmp_path / "B.ovf").grid.counts == (6, 2, 1)
    before = sorted(path.name for path in tmp_path.iterdir())
    capsys.readouterr()
    for words, said in (
        (["-o", str(tmp_path / "m.ovf")], "exists and was not written by fem-rashba"),
        (["-o", str(tmp_path / "x.ovf"), "--cell", "0,1"], "must be two lengths DX,DY in nm"),
        (["-o", str(tmp_path / "x.ovf"), "--cell", "1"], "must be two lengths DX,DY in nm"),
        (["-o", str(tmp_path / "x.ovf"), "--grid", str(tmp_path / "device.toml")], "is not an OVF file"),
        (["-o", str(tmp_path / "x.ovf"), "--quantity", "field"], "quantity = 'field' must be torque"),
        (["-o", str(tmp_path / "x.ovf"), "--quantity", "Sz"], "or magnetization; 'Sz' is a map of plot"),
        (["-o", str(tmp_path / "x.ovf"), "--grid", str(tmp_path / "far.ovf")], "x = 101 to 103 nm and y = 1 to 3 nm"),
        (["-o", str(tmp_path / "x.ovf"), "--cell", "1e-6,1e-6"], "so give larger ones"),
    ):
        assert main(["ovf", out, *words]) == 2
        assert said in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('ovf = "none.ovf"', "magnetization.ovf = "),
        ('ovf = "device.toml"', "is not an OVF file"),
        ('ovf = "m.ovf"\nlayer = 4', "magnetization.layer = 4 must be 'average' or a layer"),
        ('ovf = "m.ovf"\nlayer = -1', "magnetization.layer = -1 must be 'average' or the number of a layer"),
        ('ovf = "m.ovf"\norigin = [1, 2]', "magnetization.origin[0] = 1 has no unit"),
        ('ovf = "m.ovf"\norigin = ["1 nm", "2 nm"]\ncenter = ["1 nm", "2 nm"]', "magnetization.origin and center"),
        ('ovf = "m.ovf"\norigin = ["200 nm", "0 nm"]', "grid spans x = 200 to 204 nm and y = 0 to 4 nm on the device"),
        ('ovf = "m.ovf"\nwidth = "5 nm"', "magnetization.width does not go with magnetization.ovf"),
        ("ovf = 5", "magnetization.ovf = 5 must be the path of a file"),
    ],
)
def test_bad_keys(keys: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    magnetization_file(tmp_path / "m.ovf", (4, 4), 2, OBLIQUE)
    (tmp_path / "device.toml").write_text(TOML.replace('ovf = "m.ovf"', keys))
    assert main(["run", str(tmp_path / "device.toml"), "-o", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_bulk_has_no_use_for_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    magnetization_file(tmp_path / "m.ovf", (4, 4), 2, OBLIQUE)
    (tmp_path / "device.toml").write_text(TOML)
    assert main(["bulk", str(tmp_path / "device.toml")]) == 2
    assert "magnetization.ovf = 'm.ovf' does not go with bulk" in capsys.readouterr().err
