"""Solutions on disk: whole or absent, the same again after load, and readable by VTK."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import numpy as np
import pytest
import pyvista

import fem_rashba as fr
from fem_rashba.results import archive

FILM = {
    "rashba_parameter": "0.01 eV nm",
    "exchange_time": "10 fs",
    "momentum_relaxation_time": "1 fs",
    "spin_flip_time": "1 ps",
    "fermi_wavevector": "4.3 1/nm",
}
WALL = {"center": ["14 nm", "5 nm"], "width": "3 nm", "angle": "30 deg"}


@pytest.fixture(scope="module", params=["quadrilateral", "curved"])
def solution(request: pytest.FixtureRequest) -> fr.Solution:
    film = fr.Film(**FILM, couplings=fr.Couplings(drive_factor=1.5))
    if request.param == "quadrilateral":
        shape, degree = fr.wire(length="30 nm", width="10 nm"), 2
    else:
        shape = fr.notched_strip(length="30 nm", width="10 nm", notch_width="6 nm", notch_depth="2.5 nm", notch="round")
        degree = 3
    device = shape.mesh(film, element_size="1.5 nm", degree=degree)
    terminals = {"source": fr.Current("1 nA"), "drain": fr.Ground(spin="insulating")}
    return fr.solve(device, film, fr.neel_wall(**WALL), terminals=terminals, degree=degree)


def test_load_gives_the_same_solution(solution: fr.Solution, tmp_path: Path) -> None:
    fr.save(solution, tmp_path / "out", plots=False)
    again = fr.load(tmp_path / "out")
    points = np.array([[1.0, 1.0], [14.0, 5.0], [29.5, 0.25], [15.0, 7.4]])
    assert np.allclose(fr.probe(again, points), fr.probe(solution, points), rtol=1e-12, atol=1e-25)
    assert fr.currents(again) == fr.currents(solution)
    assert fr.voltages(again) == fr.voltages(solution)
    assert again.film == solution.film
    assert again.problem.magnetization == solution.problem.magnetization
    assert again.problem.terminals == solution.problem.terminals
    assert fr.torque(again).dampinglike == pytest.approx(fr.torque(solution).dampinglike, rel=1e-12)
    assert fr.balance(again).spin == pytest.approx(fr.balance(solution).spin, rel=1e-6)
    assert again.device.terminal_length("drain") == pytest.approx(10.0)


def test_summary_is_plain_json_and_has_the_sections_of_the_contract(solution: fr.Solution, tmp_path: Path) -> None:
    fr.save(solution, tmp_path / "out", fields=False, plots=False, config={"film": {}})
    found = json.loads((tmp_path / "out" / "summary.json").read_text())
    sections = "film mesh solver terminals torque spin_density balance versions config warnings"
    assert set(found) == {*sections.split(), "discretization_errors", "adaptivity"}
    symbols = ["D", "C", "Gamma", "R", "B", "r_dp", "r_phi", "r_sf", "w", "k0", "PF", "n0", "eF", "vF"]
    assert set(symbols) <= set(found["film"])
    assert set(found["terminals"]["source"]) == {"voltage_V", "current_A", "length_nm"}
    assert found["terminals"]["source"]["current_A"] == pytest.approx(1e-9, rel=1e-9)
    assert found["mesh"]["area_nm2"] == pytest.approx(solution.device.area)
    average, total = (np.array(found["torque"][key]) for key in ("average_density", "total"))
    assert total == pytest.approx(average * solution.device.area)
    assert set(found["balance"]) >= {"charge", "section", "spin"}


def test_vtk_reads_the_fields(solution: fr.Solution, tmp_path: Path) -> None:
    fr.save(solution, tmp_path / "out", plots=False)
    grid = pyvista.get_reader(str(tmp_path / "out" / "fields.pvd")).read()[0]
    assert {"n", "potential", "S", "T", "J", "m"} <= set(grid.point_data)
    expected = {"quadrilateral": 70, "triangle": 69}[solution.device.mesh.basix_cell().name]
    assert set(grid.celltypes) == {expected}, "Lagrange cells"
    assert grid.n_cells == solution.device.cells
    nodes = np.asarray(grid.points)[:, :2]
    inner = nodes[:: max(1, len(nodes) // 40)]
    probed = fr.probe(solution, inner)
    picked = slice(None, None, max(1, len(nodes) // 40))
    for name, columns in {"n": [2], "S": [3, 4, 5], "T": [6, 7, 8], "potential": [9]}.items():
        values = np.asarray(grid.point_data[name])[picked].reshape(len(inner), -1)
        size = np.abs(probed[:, columns]).max()
        assert np.allclose(values, probed[:, columns], rtol=0, atol=1e-6 * size), name
    assert np.linalg.norm(grid.point_data["m"], axis=1) == pytest.approx(1.0)


def test_current_in_the_file_carries_the_terminal_current(solution: fr.Solution, tmp_path: Path) -> None:
    fr.save(solution, tmp_path / "out", plots=False)
    grid = pyvista.get_reader(str(tmp_path / "out" / "fields.pvd")).read()[0]
    near = np.abs(grid.points[:, 0] - 3.0) < 1.0
    mean = np.asarray(grid.point_data["J"])[near, 0].mean()
    # A/m times the width; nodes are not weighted by area, so this is a check of unit and sign
    assert mean * 10e-9 == pytest.approx(1e-9, rel=0.05)


def test_a_folder_of_ours_is_replaced_whole(solution: fr.Solution, tmp_path: Path) -> None:
    out = tmp_path / "out"
    fr.save(solution, out, plots=False)
    (out / "left over").write_text("")
    fr.save(solution, out, fields=False, plots=False)
    assert sorted(path.name for path in out.iterdir()) == ["solution.npz", "summary.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("content", ["file", "folder", "foreign summary"])
def test_anything_else_is_refused(solution: fr.Solution, tmp_path: Path, content: str) -> None:
    out = tmp_path / "out"
    if content == "file":
        out.write_text("mine")
    else:
        out.mkdir()
        (out / "summary.json").write_text('{"mine": 1}' if content == "foreign summary" else "")
    with pytest.raises(ValueError, match="not written by fem-rashba"):
        fr.save(solution, out)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_nothing_is_left_when_writing_fails(
    solution: fr.Solution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive.zipfile.ZipFile, "open", full)
    with pytest.raises(OSError, match="No space"):
        fr.save(solution, tmp_path / "out", plots=False)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no solution"):
        fr.load(tmp_path)
    (tmp_path / "solution.npz").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(ValueError, match="cannot be read"):
        fr.load(tmp_path)
    np.savez(tmp_path / "solution.npz", about=np.array('{"format": 99}'))
    with pytest.raises(ValueError, match="format 99"):
        fr.load(tmp_path)


def test_a_truncated_solution_is_refused(solution: fr.Solution, tmp_path: Path) -> None:
    fr.save(solution, tmp_path / "out", fields=False, plots=False)
    state = tmp_path / "out" / "solution.npz"
    state.write_bytes(state.read_bytes()[:-2000])
    with pytest.raises(ValueError, match="cannot be read"):
        fr.load(tmp_path / "out")


def test_no_hidden_folder_is_left(solution: fr.Solution, tmp_path: Path) -> None:
    """A writer that lives on would write its last words into the temporary folder, under its old name."""
    fr.save(solution, tmp_path / "out", plots=False)
    gc.collect()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
