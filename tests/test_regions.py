"""Devices of several films against exact layered wires, a closed form of spin injection, and sums over regions."""

from __future__ import annotations

import itertools
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from references.layers import INSULATING, SINK, Edge, layered_wire
from samples import OBLIQUE, film, reference, unit, unit_field

from fem_rashba import (
    Contact,
    Device,
    Floating,
    Ground,
    Injected,
    Relaxing,
    Solution,
    Voltage,
    balance,
    currents,
    mesh_file,
    probe,
    solve,
    torque,
    uniform,
)
from fem_rashba.cli import main
from fem_rashba.config.templates import template
from fem_rashba.devices.borders import border_heights
from fem_rashba.solvers.problem import pose, warnings
from fem_rashba.units import AMPERE_PER_RATE, HBAR

MESHES = Path(__file__).parents[1] / "meshes"
PLAIN: dict[str, Any] = {"rashba_parameter": 0.0}
RASHBA: dict[str, Any] = {"rashba_parameter": 0.03}
NORMAL: dict[str, Any] = {"rashba_parameter": 0.01, "exchange_time": np.inf, "momentum_relaxation_time": 3e-3}
DENSE: dict[str, Any] = {"fermi_wavevector": 7.0, "spin_flip_time": 0.1, "momentum_relaxation_time": 5e-4}
CONSISTENT: dict[str, Any] = {"couplings": "consistent", "denominators": "full"}
STACKS = {
    "Rashba strip in a plain film": [(PLAIN, 3.0), (RASHBA, 4.0), (PLAIN, 3.0)],
    "nonmagnetic lead": [(RASHBA, 5.0), (NORMAL, 5.0)],
    "everything differs": [(DENSE | CONSISTENT, 4.0), (RASHBA, 3.0), (NORMAL | CONSISTENT, 3.0)],
}
ENDS = {"source": Contact(), "drain": Contact()}


def rectangle(xs: Any, ys: Any, region: Callable[[float, float], int]) -> Device:
    """Quadrilaterals between grid lines; source at the left, drain at the right, regions "r0", "r1", ..."""
    from dolfinx import mesh
    from mpi4py import MPI

    from fem_rashba.devices.device import element_size

    made = mesh.create_rectangle(
        MPI.COMM_WORLD,
        [(0.0, 0.0), (1.0, 1.0)],
        [len(xs) - 1, len(ys) - 1],
        mesh.CellType.quadrilateral,
        ghost_mode=mesh.GhostMode.shared_facet,
    )
    points = made.geometry.x
    for axis, lines in enumerate((xs, ys)):
        points[:, axis] = np.interp(points[:, axis], np.linspace(0, 1, len(lines)), lines)
    cells = np.arange(made.topology.index_map(2).size_local + made.topology.index_map(2).num_ghosts, dtype=np.int32)
    middles = mesh.compute_midpoints(made, 2, cells)
    numbers = np.array([region(x, y) + 1 for x, y, _ in middles], dtype=np.int32)
    made.topology.create_connectivity(1, 2)
    facets = np.sort(mesh.exterior_facet_indices(made.topology))
    x, y, _ = mesh.compute_midpoints(made, 1, facets).T
    tags = np.select([np.isclose(x, xs[0]), np.isclose(x, xs[-1]), np.isclose(y, ys[0])], [1, 2, 3], 4)
    count = made.comm.allreduce(int(numbers.max(initial=0)), op=MPI.MAX)
    return Device(
        name="rectangle",
        mesh=made,
        cell_tags=mesh.meshtags(made, 2, cells, numbers),
        facet_tags=mesh.meshtags(made, 1, facets, tags.astype(np.int32)),
        regions={f"r{i}": i + 1 for i in range(count)},
        terminals={"source": 1, "drain": 2},
        edges={"lower": 3, "upper": 4},
        element_size=element_size(made),
    )


def layered(stack: list[tuple[dict[str, Any], float]], length: float, m: Any, **options: Any) -> Solution:
    """A wire of layers of some widths above each other, elements of degree 3 half a nm high."""
    borders = np.cumsum([0.0] + [width for _, width in stack])
    ys = np.unique(np.concatenate([np.linspace(a, b, round(2 * (b - a)) + 1) for a, b in itertools.pairwise(borders)]))
    device = rectangle(np.linspace(0, length, round(length / 2) + 1), ys, lambda x, y: int((borders < y).sum()) - 1)
    films = {f"r{i}": film(**changes) for i, (changes, _) in enumerate(stack)}
    return solve(device, films["r0"], uniform(m), regions=films, degree=3, **options)


class Middle:
    """The section halfway: points of each layer, S there, and the driving gradient along x."""

    def __init__(self, solution: Solution, stack: list, length: float, field: float) -> None:
        borders = np.cumsum([0.0] + [width for _, width in stack])
        self.y = [np.linspace(a, b, 9)[1:-1] for a, b in itertools.pairwise(borders)]
        x = length / 2
        self.S = [probe(solution, np.column_stack([np.full_like(y, x), y]))[:, 3:6].T for y in self.y]
        ends = probe(solution, np.array([[x - 2.0, borders[-1] / 2], [x + 2.0, borders[-1] / 2]]))[:, 2]
        self.gradient = field + float(ends[1] - ends[0]) / 4


@pytest.mark.parametrize("name", STACKS)
def test_layers_under_a_field(name: str) -> None:
    """S across the interfaces, the current of all layers, and the torque of each."""
    stack, length = STACKS[name], 70.0
    loss = {"lower": "insulating", "upper": Relaxing(80.0)}
    field = unit_field(film())
    solution = layered(stack, length, OBLIQUE, electric_field=field, edges=loss)
    middle = Middle(solution, stack, length, 1.0)
    films = [(reference(**changes), width) for changes, width in stack]
    exact = layered_wire(films, unit(OBLIQUE), middle.gradient, INSULATING, Edge(velocity=80.0))
    largest = max(np.abs(layer.values).max() for layer in exact)
    for layer, y, S in zip(exact, middle.y, middle.S, strict=True):
        assert np.abs(S - layer.S(y)).max() < 2e-4 * largest
    total = -AMPERE_PER_RATE * sum(layer.current for layer in exact)
    assert currents(solution)["source"] == pytest.approx(total, rel=1e-5)
    for number, layer in enumerate(exact):
        # per length of wire; the ends are other than the middle, so by probing
        y = np.linspace(layer.y[0], layer.y[-1], 2001)[:-1] + (layer.y[-1] - layer.y[0]) / 4000
        T = probe(solution, np.column_stack([np.full_like(y, length / 2), y]))[:, 6:9].mean(axis=0) / HBAR
        expected = layer.total_torque / (layer.y[-1] - layer.y[0])
        scale = max(np.abs(part.total_torque).max() for part in exact)
        assert np.abs(T - expected).max() < 1e-4 * scale, number
    assert balance(solution).spin < 1e-3  # type: ignore[operator]


def test_injection_through_an_interface() -> None:
    """Into a plain film, across a Rashba strip, out at a sink; the strip makes the voltage of the open ends."""
    stack, length, current = STACKS["Rashba strip in a plain film"], 70.0, (0.01, -0.03, 0.02)
    edges = {"lower": Injected(spin_current=current), "upper": "sink"}
    ends = {"source": Floating(), "drain": Ground()}
    solution = layered(stack, length, OBLIQUE, terminals=ends, edges=edges)
    films = [(reference(**changes), width) for changes, width in stack]
    alone = layered_wire(films, unit(OBLIQUE), 0.0, Edge(current=current), SINK)
    driven = layered_wire(films, unit(OBLIQUE), 1.0, INSULATING, SINK)
    gradient = -sum(layer.current for layer in alone) / sum(layer.current for layer in driven)
    middle = Middle(solution, stack, length, 0.0)
    assert middle.gradient == pytest.approx(gradient, rel=1e-3)
    largest = max(np.abs(layer.values).max() for layer in alone)
    for one, other, y, S in zip(alone, driven, middle.y, middle.S, strict=True):
        assert np.abs(S - one.S(y) - gradient * other.S(y)).max() < 1e-4 * largest


def test_spin_injection_from_a_ferromagnet() -> None:
    """Across the current, alpha = 0: the spin that particles J carry up to the border diffuses away to both sides.

    -D S' + PF J m is continuous, so S = A exp(-distance/l) m with A (D1/l1 + D2/l2) = J (PF1 - PF2), l^2 = D tau_sf.
    """
    changes = [
        {"rashba_parameter": 0.0, "spin_flip_time": 0.2},
        {"rashba_parameter": 0.0, "spin_flip_time": 0.4, "exchange_time": np.inf, "momentum_relaxation_time": 2e-3},
    ]
    films = {f"r{i}": film(**c) for i, c in enumerate(changes)}
    # 24 spin-flip lengths of the one, 14 of the other
    xs = np.concatenate([-np.geomspace(121, 1, 80) + 1, np.geomspace(1, 141, 80)[1:] - 1])
    device = rectangle(xs, np.linspace(0, 2, 2), lambda x, y: int(x > 0))
    ends = {"source": Voltage("1 mV", "insulating"), "drain": Ground("insulating")}
    m = unit(OBLIQUE)
    solution = solve(device, films["r0"], uniform(OBLIQUE), regions=films, terminals=ends, edges="insulating", degree=3)
    flow = -currents(solution)["source"] / AMPERE_PER_RATE / 2.0  # particles along +x per length
    c = [f.coefficients for f in films.values()]
    lengths = [np.sqrt(k.D / k.r_sf) for k in c]
    A = flow * (c[0].PF - c[1].PF) / sum(k.D / length for k, length in zip(c, lengths, strict=True))
    x = np.array([-12.0, -5.0, -1.0, 0.5, 3.0, 20.0])
    exact = A * np.exp(-np.abs(x) / np.where(x < 0, *lengths))[:, None] * m
    found = probe(solution, np.column_stack([x, np.ones(6)]))
    np.testing.assert_allclose(found[:, 3:6], exact, atol=1e-5 * abs(A))
    # Ohm on both sides: resistances in series
    squares = sum(f.sheet_resistance * width / 2 for f, width in zip(films.values(), (120, 140), strict=True))
    assert currents(solution)["source"] == pytest.approx(1e-3 / squares, rel=1e-6)
    assert np.abs(torque(solution).total).max() < 1e-9 * abs(A)


def test_torque_of_regions() -> None:
    """None in a nonmagnetic region, wherever m points there, though spin goes through it; the others add up."""
    stack = [(RASHBA, 4.0), (NORMAL, 4.0), (RASHBA, 2.0)]
    solution = layered(stack, 20.0, OBLIQUE, electric_field=unit_field(film()), edges="insulating")
    found = torque(solution)
    assert set(found.regions) == {"r0", "r1", "r2"}
    assert np.all(found.regions["r1"].total == 0)
    assert np.abs(solution.integrals.regions["r1"].spin_density).max() > 1e-3
    np.testing.assert_allclose(sum(part.total for part in found.regions.values()), found.total, rtol=1e-12)
    at = probe(solution, np.array([[10.0, 6.0], [10.0, 2.0]]))[:, 6:9]
    assert np.all(at[0] == 0)
    assert np.abs(at[1]).max() > 0
    assert found.regions["r1"].fieldlike == 0


def test_coarse_borders_are_told() -> None:
    """The height of the elements counts, each side with its own film; no word where the films are the same."""
    ys = [0.0, 1.5, 3.0, 3.25, 3.5, 6.0]
    device = rectangle(np.linspace(0, 20, 3), ys, lambda x, y: int(y > 3))
    assert border_heights(device) == pytest.approx({("r0", "r1"): 1.5, ("r1", "r0"): 0.25})
    made = film()
    assert 0.25 < made.lengths.shortest < 1.5

    def told(regions: dict[str, Any]) -> list[str]:
        problem = pose(device, made, uniform(OBLIQUE), regions=regions, terminals={"source": Ground()})
        return [text for text in warnings(problem) if "border" in text]

    assert told({"r0": made, "r1": made}) == []
    (text,) = told({"r1": film(**NORMAL)})
    assert text.startswith("region 'r0': its elements at the border with 'r1' are up to 1.5 nm high, larger than")


def test_heights_of_triangles() -> None:
    """On a mesh file, a bent border, any number of ranks: never more than the longest side."""
    device = mesh_file(MESHES / "bent_wire.msh").mesh(film())
    heights = border_heights(device)
    assert set(heights) == {("film", "lead"), ("lead", "film")}
    assert all(device.element_size[0] / 2 < height <= device.element_size[1] for height in heights.values())


def test_mesh_file_of_two_regions(tmp_path: Path) -> None:
    """From TOML to summary.json: a nonmagnetic lead by [regions.lead], its film, no torque in it, the warnings."""
    toml = template("mesh").replace('mesh = "device.msh"', f'mesh = "{MESHES / "bent_wire.msh"}"')
    toml = toml.replace("degree = 3", "degree = 1")
    (tmp_path / "device.toml").write_text(toml + '\n[regions.lead]\nexchange_splitting = "0 eV"\n')
    changes = ["output.plots=false", "output.fields=false"]
    assert main(["run", str(tmp_path / "device.toml"), "-o", str(tmp_path / "out"), "--set", *changes]) == 0
    numbers = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert numbers["film"]["regions"]["lead"]["w"] == 0
    assert numbers["film"]["regions"]["film"]["w"] == pytest.approx(100.0)
    regions = numbers["torque"]["regions"]
    assert regions["lead"]["total"] == [0, 0, 0]
    assert regions["film"]["total"] == pytest.approx(numbers["torque"]["total"], rel=1e-12)
    assert numbers["config"]["regions"]["lead"] == {"exchange_splitting": "0 eV"}
    told = " ".join(numbers["warnings"])
    assert "at the border with 'lead'" in told
    assert "n0 or PF differ between regions" in told


def test_numbers_of_the_demo() -> None:
    """What demos/spin_injection asserts is what the layers say."""
    demo = runpy.run_path(str(MESHES.parent / "demos" / "spin_injection" / "spin_injection.py"))
    plain = {"rashba_parameter": 0.0, "exchange_time": np.inf, "couplings": "consistent"}
    stack = [(plain, 5.0), (plain | {"rashba_parameter": 0.02}, 6.0), (plain, 7.0)]
    films = [(reference(**changes), width) for changes, width in stack]
    alone = layered_wire(films, (0, 0, 1.0), 0.0, Edge(current=(0, 0, 1.0)), INSULATING)
    driven = layered_wire(films, (0, 0, 1.0), 1.0, INSULATING, INSULATING)
    gradient = -sum(layer.current for layer in alone) / sum(layer.current for layer in driven)
    assert demo["FIELD"] == pytest.approx(gradient / film(**plain).coefficients.states, rel=1e-8)
    for y, *expected in demo["EXACT"]:
        one, other = next(pair for pair in zip(alone, driven, strict=True) if pair[0].y[0] <= y <= pair[0].y[-1])
        np.testing.assert_allclose((one.S(y) + gradient * other.S(y))[1:], expected, atol=6e-9)
