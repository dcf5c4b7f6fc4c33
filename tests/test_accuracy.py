"""Estimated discretisation errors against true ones, and meshes refined until the errors are small enough."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dolfinx import fem
from mpi4py import MPI
from samples import FILM_TOML, film

from fem_rashba.cli import main
from fem_rashba.devices.conditions import Current, Floating, Ground, Voltage
from fem_rashba.devices.refinement import refined
from fem_rashba.devices.shapes import corbino, hall_cross, notched_strip, wire
from fem_rashba.devices.whole import distributed, gathered
from fem_rashba.physics.magnetization import uniform
from fem_rashba.results.files import load, save
from fem_rashba.results.integrals import integrals
from fem_rashba.results.numbers import numbers
from fem_rashba.results.probe import probe
from fem_rashba.results.solution import Solution, solve
from fem_rashba.solvers.adjoint import adjoint_solution
from fem_rashba.solvers.discretization import FIELDS
from fem_rashba.solvers.enriched import Enriched
from fem_rashba.solvers.goals import Goal, torque_along
from fem_rashba.solvers.indicators import weighted_residuals
from fem_rashba.solvers.linear import ConvergenceError
from fem_rashba.solvers.machine import memory_of_ranks_GB
from fem_rashba.solvers.operators import steady_operator
from fem_rashba.solvers.problem import pose
from fem_rashba.solvers.singular import corner_exponents, remainder
from fem_rashba.solvers.steady import Solved, solve_steady
from fem_rashba.studies.adaptive import Step, _stuck, solve_adaptively

OBLIQUE = uniform([0.5, 0.3, 0.8])
VOLTS = {"source": Voltage(1e-3), "drain": Ground()}
CROSS = {"source": Voltage(1e-3), "drain": Ground(), "left": Current(2e-9)}
WIRE = """
[device]
shape = "wire"
length = "20 nm"
width = "8 nm"
element_size = "2 nm"
degree = 2
[magnetization]
direction = [1, 0, 0]
[terminals.source]
voltage = "1 mV"
[terminals.drain]
voltage = "0 V"
"""


def solved(shape: Any, size: float, degree: int, **others: Any) -> Solution:
    device = shape.mesh(film(), element_size=size, degree=degree)
    return solve(device, film(), OBLIQUE, degree=degree, torque_axis=[0, 1, 0], **others)


def leaves(value: Any, where: str = "") -> dict[str, float]:
    """The numbers of a nested structure by their places."""
    if isinstance(value, dict):
        return {k: v for key, item in value.items() for k, v in leaves(item, f"{where}.{key}").items()}
    if isinstance(value, list | tuple | np.ndarray):
        return {k: v for i, item in enumerate(value) for k, v in leaves(item, f"{where}.{i}").items()}
    return {} if value is None else {where: float(value)}


def effectivities(coarse: Solution, truth: Solution) -> dict[str, float]:
    """Estimated over true error of each number that has one: what the drive gives has rounding only."""
    found, errors, exact = leaves(numbers(coarse)), leaves(coarse.errors), leaves(numbers(truth))
    assert set(errors) < set(found)
    rounding = {
        place: 1e-9 * (1e-6 if place.endswith("_A") else 1e-3 if place.endswith("_V") else 0) for place in errors
    }
    true = {place: abs(found[place] - exact[place]) for place in errors}
    return {place: errors[place] / true[place] for place in errors if true[place] > rounding[place]}


@pytest.mark.parametrize("degree", [1, 2])
def test_smooth(degree: int) -> None:
    """A wire: every estimate is the error but for a fifth."""
    others: dict[str, Any] = {"terminals": VOLTS, "edges": "insulating"}
    shape = wire(length=24, width=8)
    coarse = solved(shape, 2.0, degree, error_estimate=True, **others)
    found = effectivities(coarse, solved(shape, 0.5, degree + 2, **others))
    assert len(found) > 10
    assert all(0.8 < value < 1.25 for value in found.values()), found


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("added", [1, 2])
@pytest.mark.parametrize("shape", ["cross", "notch"])
def test_re_entrant_corners(shape: str, added: int, degree: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cross with a given current, and a notch with a sharp tip, against meshes that are graded for 1e-9."""
    made, terminals = {
        "cross": (hall_cross(arm_width=6, arm_length=3), CROSS),
        "notch": (notched_strip(length=12, width=6, notch_width=4, notch_depth=2), VOLTS),
    }[shape]
    if added == 1:  # as for large problems
        monkeypatch.setattr("fem_rashba.solvers.estimate.LARGEST_SHARP", 0)
    coarse = solved(made, 1.5, degree, error_estimate=True, terminals=terminals)
    graded = made.mesh(film(), degree=4, accuracy=1e-9, goal="torque")
    truth = solve(graded, film(), OBLIQUE, degree=4, torque_axis=[0, 1, 0], terminals=terminals)
    found = effectivities(coarse, truth)
    assert ({".terminals.left.voltage_V", ".terminals.right.voltage_V"} <= set(found)) == (shape == "cross")
    assert ".terminals.source.current_A" in found
    # contributions to the spin along z nearly cancel at the tip
    cancels = ("spin_density.average.2",) if shape == "notch" and (added, degree) == (2, 2) else ()
    assert all(value > (0.4 if place.endswith(cancels) else 0.5) for place, value in found.items()), found
    # one degree more may say too much of a component whose error passes through zero
    assert all(value < 5 for place, value in found.items() if added == 2 or not place[-1].isdigit()), found


def test_the_axis_has_an_error_where_it_is_not_given() -> None:
    """It then follows from the mean current, which here runs askew."""
    shape = hall_cross(arm_width=6, arm_length=3)
    device, graded = shape.mesh(film(), element_size=1.5, degree=2), shape.mesh(film(), degree=4, accuracy=1e-8)
    given: dict[str, Any] = {"terminals": CROSS | {"left": Current(2e-8)}}
    coarse = solve(device, film(), OBLIQUE, degree=2, error_estimate=True, **given)
    truth = solve(graded, film(), OBLIQUE, degree=4, **given)
    assert coarse.axis is not None and truth.axis is not None and coarse.errors is not None
    estimates, true = np.array(coarse.errors["torque"]["axis"]), np.abs(coarse.axis - truth.axis)
    assert true[:2].min() > 1e-6 and estimates[2] == 0
    assert (estimates[:2] > 0.5 * true[:2]).all() and (estimates[:2] < 2 * true[:2]).all()
    said = solve(device, film(), OBLIQUE, degree=2, error_estimate=True, torque_axis=[0, 1, 0], **given)
    assert said.errors is not None and said.errors["torque"]["axis"] == [0, 0, 0]


def test_without_the_weights_corners_would_be_missed() -> None:
    """Exponents of corners: pi/w between like sides, pi/(2w) where a condition ends; and what they make of p."""
    device = hall_cross(arm_width=8, arm_length=8).mesh(film(), element_size=4, degree=1)
    space = fem.functionspace(device.mesh, ("Lagrange", 1))
    posed = pose(device, film(), OBLIQUE, terminals=VOLTS)
    exponents = corner_exponents(posed, space)
    at = space.tabulate_dof_coordinates()[:, :2]
    corners = np.all(np.isclose(np.abs(at), 4), axis=1)
    assert corners.sum() == 4 and np.allclose(exponents[corners], 2 / 3)
    assert np.isinf(exponents[np.all(np.abs(at) < 3, axis=1)]).all()
    assert remainder(2 / 3, 3, 4) == pytest.approx(1 / (1 - 0.75 ** (8 / 3)))


def test_the_estimate_changes_no_number() -> None:
    """With and without it, to the last digit."""
    shape = hall_cross(arm_width=8, arm_length=8)
    one, other = (leaves(numbers(solved(shape, 4.0, 1, terminals=CROSS, error_estimate=e))) for e in (True, False))
    assert one == other


def test_nothing_to_estimate() -> None:
    """Without a Rashba coupling nothing makes spin, and a straight wire has no error but rounding."""
    device = wire(length=24, width=8).mesh(film(), element_size=4, degree=1)
    found = solve(device, film(rashba_parameter=0), OBLIQUE, terminals=VOLTS, degree=1, error_estimate=True)
    errors = found.errors
    assert errors is not None
    assert max(map(abs, errors["torque"]["total"])) < 1e-12
    assert errors["terminals"]["source"]["current_A"] < 1.01e-12 * found.state.currents["source"]


def test_saved_with_the_solution(tmp_path: Path) -> None:
    """`save`, summary.json and `load`."""
    solution = solved(wire(length=24, width=8), 4.0, 1, terminals=VOLTS, error_estimate=True)
    save(solution, tmp_path / "out", fields=False, plots=False)
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["discretization_errors"] == solution.errors
    assert load(tmp_path / "out").errors == solution.errors


@pytest.mark.parametrize("goal", ["torque", "current", "voltage"])
def test_adjoint(goal: str) -> None:
    """What the adjoint makes of the residual of another function is the difference that this function makes."""
    device = hall_cross(arm_width=8, arm_length=8).mesh(film(), element_size=4, degree=2)
    problem = pose(device, film(), OBLIQUE, terminals=CROSS, degree=2)
    found: list[tuple[float, float]] = []

    def then(solved: Solved) -> None:
        d, terminals = solved.discretization, solved.terminals
        form = {
            "torque": torque_along(np.array([0.6, 0.0, 0.8])),
            "current": Goal(inflows={"source": 2.0}),
            "voltage": Goal(levels={"left": 3.0}),
        }[goal]
        operator, z = steady_operator(d), adjoint_solution(solved, form)
        # the given levels, and nothing else: far from the solution
        other = fem.Function(d.space)
        terminals.impose(other, terminals.levels | {"left": 0.0}, (0.0, 0.0))
        targets = dict(zip(terminals.free, terminals.targets(), strict=True))

        # inflows through contacts are residuals, which those of the other function have in them
        inflows = dict(zip(terminals.contacts, terminals.inflows(operator.defect(solved.u)), strict=True))
        change = solved.u.x.array[: terminals.owned] - other.x.array[: terminals.owned]
        primal = form.vector(d) @ change + form.levels.get("left", 0.0) * terminals.levels["left"]
        primal += sum(weight * inflows[name] for name, weight in form.inflows.items())

        residual = operator.defect(other) @ z.x.array[: terminals.owned]
        given = sum(rate * z.x.array[FIELDS * terminals.blocks[name][0]] for name, rate in targets.items())
        found.append((float(primal), float(given - residual)))

    solve_steady(problem, then=then)
    primal, dual = found[0]
    assert dual == pytest.approx(primal, rel=1e-9)


@pytest.mark.parametrize("degree", [2])
def test_adjoint_of_the_estimate(degree: int) -> None:
    """One degree higher, too: the error of the goal found by the adjoint is that found by the solution."""
    device = hall_cross(arm_width=8, arm_length=8).mesh(film(), element_size=2, degree=degree)
    problem = pose(device, film(), OBLIQUE, terminals=VOLTS, degree=degree)

    def then(solved: Solved) -> None:
        enriched = Enriched(solved)
        state = enriched.state()
        change = (
            integrals(state).torque - integrals(replace(state, discretization=solved.discretization, u=solved.u)).torque
        )
        for direction in np.eye(3):
            dual = weighted_residuals(enriched, state, torque_along(direction))
            assert dual.error == pytest.approx(float(direction @ change), rel=0.05, abs=0.01 * np.abs(change).max())
            assert dual.by_cell.sum() > 0.9 * abs(dual.error)
        enriched.destroy()

    solve_steady(problem, then=then)


@pytest.mark.parametrize("shape", ["cross", "triangles", "curved"])
def test_refined_meshes(shape: str) -> None:
    """Area, lengths and regions stay, tags follow, there are no hanging nodes, and flat strips stay flat."""
    made = {
        "cross": hall_cross(arm_width=8, arm_length=8),
        "triangles": notched_strip(length=30, width=10, notch_width=5, notch_depth=4),
        "curved": corbino(inner_radius=5, outer_radius=20),
    }[shape]
    device = made.mesh(film(), element_size=4, degree=1)
    grid = gathered(device)
    assert grid is not None
    again = device
    for seed in range(3):
        ends, _ = grid.sides()
        chosen = np.random.default_rng(seed).choice(len(ends), 4)
        grid = refined(grid, np.isin(np.arange(len(ends)), chosen))
        again = distributed(device, grid)
        grid = gathered(again)
        assert grid is not None
    assert again.cells > device.cells
    assert again.area == pytest.approx(device.area, rel=1e-12)
    # the length of a parabola is no polynomial: the quadrature of the parts is closer
    exactly = 1e-9 if shape == "curved" else 1e-12
    for name in device.terminals:
        assert again.terminal_length(name) == pytest.approx(device.terminal_length(name), rel=exactly)
    for name in device.edges:
        assert again.edge_length(name) == pytest.approx(device.edge_length(name), rel=exactly)
    _, of_cells = grid.sides()
    assert (np.bincount(of_cells.ravel()) == 1).sum() == len(grid.facets)


@pytest.mark.parametrize("shape, goal", [("cross", "torque"), ("notch", "current"), ("cross", "map")])
def test_accuracy_is_reached(shape: str, goal: str) -> None:
    """Against degree 4 on a mesh refined everywhere: the error is below what was asked for, in a few meshes."""
    made = {
        "cross": hall_cross(arm_width=8, arm_length=8),
        "notch": notched_strip(length=30, width=10, notch_width=5, notch_depth=4),
    }[shape]
    device = made.mesh(film(), element_size=4, degree=2)
    accuracy = 1e-2 if goal == "map" else 1e-3
    found = solve_adaptively(device, film(), OBLIQUE, terminals=VOLTS, degree=2, accuracy=accuracy, goal=goal)
    assert found.adaptivity is not None
    steps = found.adaptivity["steps"]
    assert found.adaptivity["reached"] and 1 < len(steps) < 12
    assert steps[-1]["estimate"] <= accuracy < steps[0]["estimate"]
    assert [step["unknowns"] for step in steps] == sorted({step["unknowns"] for step in steps})
    exact = solve(made.mesh(film(), element_size=1, degree=4), film(), OBLIQUE, terminals=VOLTS, degree=4)
    if goal == "torque":
        change = found.integrals.torque - exact.integrals.torque
        error = np.linalg.norm(change) / np.linalg.norm(exact.integrals.torque)
    elif goal == "current":
        error = abs(found.state.currents["drain"] / exact.state.currents["drain"] - 1)
    else:
        points = np.random.default_rng(1).uniform(-3.9, 3.9, (400, 2))
        S, T = (probe(solution, points)[:, 3:6] for solution in (found, exact))
        error = np.sqrt(((S - T) ** 2).sum() / (T**2).sum())
    # no estimate is exact; the table of tests/benchmarks/effectivity.py has how exact it is
    assert error < 2 * accuracy
    assert error > 1e-3 * accuracy


def test_limit_of_unknowns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last solution is kept, the exit status is 3, one sentence says why."""
    path = tmp_path / "wire.toml"
    path.write_text(FILM_TOML + WIRE)
    out = tmp_path / "out"
    changes = ["solver.accuracy=1e-8", "solver.most_unknowns=2000", "output.fields=false", "output.plots=false"]
    assert main(["run", str(path), "-o", str(out), "--set", *changes]) == 3
    said = capsys.readouterr()
    assert "most_unknowns" in said.err and "accuracy = 1e-08 is not reached" in said.err
    assert "Traceback" not in said.err
    found = json.loads((out / "summary.json").read_text())
    assert found["adaptivity"]["reached"] is False
    assert found["adaptivity"]["steps"][-1]["unknowns"] == found["mesh"]["dofs"] <= 2000
    assert load(out).adaptivity == found["adaptivity"]


@pytest.mark.parametrize("ranks", [1, pytest.param(2, marks=pytest.mark.mpi)])
def test_no_convergence_on_a_finer_mesh(ranks: int, tmp_path: Path) -> None:
    """Iterations that do for the first mesh only: its solution is kept, and the sentence says what stopped."""
    path, out = tmp_path / "cross.toml", tmp_path / "out"
    device = WIRE.replace('"wire"', '"hall_cross"').replace("length", "arm_length").replace("width", "arm_width")
    path.write_text(FILM_TOML + device.replace('"2 nm"', '"4 nm"').replace('"20 nm"', '"8 nm"'))
    changes = ["solver.accuracy=1e-7", "solver.method=iterative", "output.fields=false", "output.plots=false"]
    words = [sys.executable, "-m", "fem_rashba", "run", str(path), "-o", str(out), "--set", *changes]
    words += ["--", "-ksp_max_it", "12", "-ksp_rtol", "1e-10"]
    done = subprocess.run(["mpirun", "-n", str(ranks), *words], capture_output=True, text=True, timeout=300)
    assert done.returncode == 3, done.stderr
    sentence = next(line for line in done.stderr.splitlines() if "is not reached" in line)
    assert "with 1044 unknowns the iterative solver stopped at a relative residual" in sentence
    assert "has the last solution" in sentence and "Traceback" not in done.stderr
    found = json.loads((out / "summary.json").read_text())
    assert [step["unknowns"] for step in found["adaptivity"]["steps"]] == [420] == [found["mesh"]["dofs"]]
    assert found["adaptivity"]["reached"] is False and found["discretization_errors"]["torque"]


def test_no_way_on() -> None:
    """A goal that is zero by symmetry has no relative error; that is said, and not tried for ever."""
    steps = [Step(cells=1, unknowns=1, estimate=0.5)] * 9
    assert "did not make it half as large" in _stuck(steps)
    assert "40 meshes" in _stuck([replace(steps[0], estimate=0.1**k) for k in range(40)])
    assert _stuck([replace(steps[0], estimate=0.5**k) for k in range(12)]) == ""


@pytest.mark.parametrize(
    "changes, said",
    [
        (["solver.accuracy=0"], "solver.accuracy = 0 must be a number between 0 and 1"),
        (["solver.accuracy=1e-3", "solver.goal=energy"], "solver.goal = 'energy' must be 'torque', 'current' or 'map'"),
        (["solver.goal=map"], "solver.goal = 'map' needs solver.accuracy"),
        (["solver.accuracy=1e-3", "solver.error_estimate=false"], "does not go with solver.accuracy"),
        (["solver.error_estimate=maybe"], "solver.error_estimate = 'maybe' must be 'auto', true or false"),
        (["solver.accuracy=1e-3", "solver.most_unknowns=0"], "solver.most_unknowns = 0 must be a whole number"),
        (["solver.accuracy=1e-3", "time.end=1 ps", "time.step=0.1 ps"], "solver.accuracy is for the steady state"),
    ],
)
def test_bad_keys(changes: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, status 2."""
    path = tmp_path / "wire.toml"
    path.write_text(FILM_TOML + WIRE)
    assert main(["run", str(path), "-o", str(tmp_path / "out"), "--set", *changes]) == 2
    assert said in capsys.readouterr().err


def test_only_run_refines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Other commands that solve say that they do not."""
    path = tmp_path / "wire.toml"
    path.write_text(FILM_TOML + WIRE)
    assert main(["modes", str(path), "--set", "solver.accuracy=1e-3"]) == 2
    assert "is for the command run; leave it out for modes" in capsys.readouterr().err


@pytest.mark.parametrize("bad", [{"goal": "energy"}, {"accuracy": 2.0}])
def test_bad_arguments(bad: dict[str, Any]) -> None:
    """In Python, before anything is solved."""
    device = wire(length=24, width=8).mesh(film(), element_size=4, degree=1)
    with pytest.raises(ValueError, match="must"):
        solve_adaptively(device, film(), OBLIQUE, terminals=VOLTS, **({"accuracy": 1e-3} | bad))


def test_no_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """An iteration that does not converge is an error where an estimate was asked for, and none where it was not."""
    monkeypatch.setattr("fem_rashba.solvers.two_levels.MOST", 1)
    monkeypatch.setitem(Enriched.correction.__kwdefaults__, "tolerance", 1e-14)
    arguments: dict[str, Any] = {"terminals": VOLTS, "error_estimate": "auto"}
    assert solved(wire(length=24, width=8), 4.0, 1, **arguments).errors is None
    with pytest.raises(ConvergenceError, match="1 iterations at a higher degree did not come to 1e-14"):
        solved(wire(length=24, width=8), 4.0, 1, **arguments | {"error_estimate": True})


@pytest.mark.parametrize("method", ["direct", "iterative"])
def test_methods_agree(method: str) -> None:
    """On the factorisation and on multigrid: the same estimates to a few percent, and the same way to an accuracy."""
    shape = hall_cross(arm_width=8, arm_length=8)
    found = solved(shape, 4.0, 2, terminals=CROSS, error_estimate=True, method=method)
    other = solved(shape, 4.0, 2, terminals=CROSS, error_estimate=True)
    assert found.errors is not None and other.errors is not None
    assert found.errors["torque"]["total"] == pytest.approx(other.errors["torque"]["total"], rel=0.05)
    device = shape.mesh(film(), element_size=4, degree=2)
    arguments: dict[str, Any] = {"terminals": VOLTS, "degree": 2, "accuracy": 2e-3, "goal": "current"}
    meshes = solve_adaptively(device, film(), OBLIQUE, method=method, **arguments)
    assert meshes.adaptivity is not None and meshes.adaptivity["reached"]


@pytest.mark.parametrize("size", [2.0, "auto"])
@pytest.mark.parametrize("added", [1, 2])
def test_matrices_or_none(added: int, size: float | str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On even and on graded elements: the same estimates but for the tolerance of the iteration."""
    if added == 1:
        monkeypatch.setattr("fem_rashba.solvers.estimate.LARGEST_SHARP", 0)
    found = []
    for do in (True, False):
        monkeypatch.setattr("fem_rashba.solvers.enriched.assembles_nothing", lambda _, do=do: do)
        solution = solved(hall_cross(arm_width=8, arm_length=8), size, 2, terminals=CROSS, error_estimate=True)
        assert solution.errors is not None
        found.append(solution.errors["torque"]["total"])
    assert found[0] == pytest.approx(found[1], rel=0.01, abs=2e-3 * max(found[1]))
    assert found[0] != found[1]


@pytest.mark.parametrize("method", ["direct", "iterative"])
def test_affordable(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By either method, unless the machine is too small; then one sentence says so."""
    arguments: dict[str, Any] = {"terminals": VOLTS, "error_estimate": "auto", "method": method}
    shape = wire(length=24, width=8)
    assert solved(shape, 4.0, 2, **arguments).errors is not None
    monkeypatch.setattr("fem_rashba.solvers.enriched.memory_of_ranks_GB", lambda comm: 0.25)
    small = solved(shape, 4.0, 2, **arguments)
    assert small.errors is None
    assert any("need about" in told and "there are 0.25 GB" in told for told in small.warnings)
    assert solved(shape, 4.0, 2, **arguments | {"error_estimate": True}).errors is not None


@pytest.mark.parametrize("added", [1, 2])
def test_zero_by_symmetry(added: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With m along the normal there is no torque along it: its error is not raised to a share of the others."""
    if added == 1:
        monkeypatch.setattr("fem_rashba.solvers.estimate.LARGEST_SHARP", 0)
    device = hall_cross(arm_width=8, arm_length=8).mesh(film(), element_size=2, degree=2)
    found = solve(device, film(), uniform([0, 0, 1]), terminals=VOLTS, degree=2, error_estimate=True)
    assert found.errors is not None
    x, y, z = found.errors["torque"]["total"]
    assert z < 2e-3 * min(x, y)


def test_known_currents() -> None:
    """Given ones, and that of the one terminal which is left, have the difference to what is known as their error."""
    drive = {"source": Current(3e-9), "drain": Ground(), "left": Current(-1e-9), "right": Floating()}
    found = solved(hall_cross(arm_width=6, arm_length=3), 1.5, 1, terminals=drive, error_estimate=True)
    assert found.errors is not None
    for name, known in {"source": 3e-9, "drain": -2e-9, "left": -1e-9, "right": 0.0}.items():
        error = found.errors["terminals"][name]["current_A"]
        assert error == pytest.approx(abs(found.state.currents[name] - known), abs=1e-23)
        assert error < 1e-18
    assert found.errors["terminals"]["drain"]["voltage_V"] == 0.0
    assert found.errors["terminals"]["source"]["voltage_V"] > 1e-9


def test_memory_of_ranks() -> None:
    """What the kernel says, or less in a container."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    total = int(next(line.split()[1] for line in lines if line.startswith("MemTotal")))
    assert 0.1 < memory_of_ranks_GB(MPI.COMM_WORLD) < 1.01 * 1024e-9 * total


@pytest.mark.mpi
@pytest.mark.parametrize("ranks", [2, 3])
def test_on_ranks(ranks: int, tmp_path: Path) -> None:
    """Refined on several ranks: the numbers of one rank to the accuracy asked for, the estimates to a fifth."""
    path = tmp_path / "wire.toml"
    path.write_text(FILM_TOML + WIRE)
    changes = ["solver.accuracy=3e-4", "device.element_size=5 nm", "output.fields=false", "output.plots=false"]
    found = []
    for count in (1, ranks):
        out = tmp_path / f"out{count}"
        words = [sys.executable, "-m", "fem_rashba", "run", str(path), "-o", str(out), "--set", *changes]
        done = subprocess.run(["mpirun", "-n", str(count), *words], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        found.append(json.loads((out / "summary.json").read_text()))
    one, other = found
    assert len(one["adaptivity"]["steps"]) == len(other["adaptivity"]["steps"]) > 1
    totals = [np.array(summary["torque"]["total"]) for summary in found]
    assert np.linalg.norm(totals[0] - totals[1]) < 3e-4 * np.linalg.norm(totals[0])
    first = [summary["adaptivity"]["steps"][0] for summary in found]
    assert first[0]["unknowns"] == first[1]["unknowns"]
    assert first[1]["estimate"] == pytest.approx(first[0]["estimate"], rel=0.2)


def test_the_closing_report_tells_the_errors_of_what_is_not_given() -> None:
    from fem_rashba.cli.closing import text
    from fem_rashba.results.summary import summary

    own = film()
    device = wire(length=20.0, width=8.0).mesh(own, element_size=2.0, degree=2)
    currents = VOLTS | {"source": Current(1e-9)}
    for drive, told, every in ((VOLTS, "currents", {"currents"}), (currents, "voltages", {"currents", "voltages"})):
        solution = solve(device, own, OBLIQUE, terminals=drive, degree=2, error_estimate=True)
        lines = {
            line.split()[0]: line.split()[1] for line in text("out", summary(solution)).splitlines() if line[:1] == " "
        }
        wrong, known = solution.errors["terminals"], summary(solution)["terminals"]
        key = "current_A" if told == "currents" else "voltage_V"
        expected = max(abs(t[key]) for t in wrong.values()) / max(abs(t[key]) for t in known.values())
        assert float(lines[told]) == pytest.approx(expected, rel=0.05)
        assert expected > 1e-9
        assert {"currents", "voltages"} & lines.keys() == every
