"""Meshes of all shapes: seconds of meshing beside those of the solve, unknowns, errors obtained beside those asked for.

    python tests/benchmarks/meshes.py [--shapes wire v ...] [--degrees 2 3 4] [--goal map|torque|current]
                                      [--accuracies 1e-2 1e-3 ...] [--rashba_parameter 0.02] [--times]

A row "auto" is the mesh that a degree has where no accuracy is asked for. Errors are relative, against degree 4 on a
mesh of accuracy 3e-6 (of the map): of the average torque, of the largest terminal current, and of the torque at 99 % of
the cells of a mesh of degree 2. Edges and contacts are spin sinks; regions have a quarter of the Rashba parameter.
Seconds are those of a second run, when all forms
are compiled. --times leaves the errors, and with them the reference, out.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fem_rashba import (
    Film,
    Ground,
    Solution,
    Voltage,
    cloverleaf,
    corbino,
    currents,
    gds_file,
    hall_bar,
    hall_cross,
    l_bend,
    notched_strip,
    polygon,
    probe,
    solve,
    t_junction,
    torque,
    uniform,
    wire,
)
from fem_rashba.devices.device import Device
from fem_rashba.devices.shape import Shape

MASK = Path(__file__).parents[2] / "meshes/hall_bar.gds"


def circle(count: int, radius: float = 30.0) -> list[list[float]]:
    """A round mask as it comes out of a drawing program."""
    angles = [2 * math.pi * i / count for i in range(count)]
    return [[radius * math.cos(a), radius * math.sin(a)] for a in angles]


def rounded(count: int) -> Shape:
    """A disc of so many sides between two contacts of an eighth of the rim."""
    corners, eighth = circle(count), max(count // 8, 1)
    layers = {"source": range(eighth), "drain": range(count // 2, count // 2 + eighth)}
    # a contact on the first side of each eighth, since a terminal of an outline is straight
    ends = {name: [corners[sides[0]], corners[sides[0] + 1]] for name, sides in layers.items()}
    return polygon(corners, terminals=ends)


def _strip(notch: str) -> Callable[[], Shape]:
    return lambda: notched_strip(length=80, width=24, notch_width=14, notch_depth=8, notch=notch)


def turned(*corners: tuple[float, float]) -> list[list[float]]:
    """By 0.4 rad."""
    c, s = math.cos(0.4), math.sin(0.4)
    return [[c * x - s * y, s * x + c * y] for x, y in corners]


def oblique(*region: tuple[float, float]) -> Shape:
    """A wire of 80 x 24 nm at an angle, with a region."""
    corners = turned((0, 0), (80, 0), (80, 24), (0, 24))
    ends = {"source": [corners[3], corners[0]], "drain": [corners[1], corners[2]]}
    return polygon(corners, terminals=ends).with_regions({"other": turned(*region)})


TRIANGLE = [[0, 0], [40, 60], [80, 10]]
HOLE = [[40, 20], [45, 30], [35, 30]]
SHAPES: dict[str, Callable[[], Shape]] = {
    "wire": lambda: wire(length=80, width=24),
    "hall_cross": lambda: hall_cross(arm_width=20, arm_length=25),
    "slit": _strip("slit"),
    "v": _strip("v"),
    "round": _strip("round"),
    "l_bend": lambda: l_bend(arm_width=24, source_length=30, drain_length=30),
    "t_junction": lambda: t_junction(length=80, width=24, stem_width=16, stem_length=20),
    "hall_bar": lambda: hall_bar(length=100, width=20, probe_width=8, probe_length=12),
    "cloverleaf": lambda: cloverleaf(radius=30, contact_width=8, slit_width=4, slit_length=18),
    "corbino": lambda: corbino(inner_radius=10, outer_radius=30),
    "outline": lambda: polygon(
        TRIANGLE, holes=[HOLE], terminals={"source": [[0, 0], [20, 30]], "drain": [[80, 10], [60, 35]]}
    ),
    "disc124": lambda: rounded(124),
    "disc1000": lambda: rounded(1000),
    "across": lambda: oblique((25, -1), (50, -1), (50, 30), (25, 30)),
    "along": lambda: oblique((-1, -1), (90, -1), (90, 12), (-1, 12)),
    "quarter": lambda: corbino(inner_radius=10, outer_radius=30).with_regions(
        {"other": [[0, 0], [40, 0], [40, 40], [0, 40]]}
    ),
    "gds": lambda: gds_file(MASK, layers={"film": 1, "holes": 2, "source": 10, "drain": [11, 0]}),
}


def solved(device: Device, film: Film, degree: int) -> Solution:
    ends = ("source", "drain") if "source" in device.terminals else ("inner", "outer")
    terminals = dict(zip(ends, (Voltage("1 mV"), Ground()), strict=True))
    regions = {name: own for name, own in films(device.regions, film).items() if name != "film"}
    m = uniform([0.5, 0.3, 0.8])
    return solve(device, film, m, terminals=terminals, edges="sink", regions=regions, degree=degree)


def films(names: Iterable[str], film: Film) -> dict[str, Film]:
    """Of each region."""
    other = replace(film, rashba_parameter=float(film.rashba_parameter) / 4)
    return {name: film if name == "film" else other for name in names}


def places(device: Device) -> np.ndarray:
    """Some middles of cells, which crowd where elements are small, shape (N, 2), nm."""
    middles = device.mesh.geometry.x[device.mesh.geometry.dofmap[:, :4]][:, :, :2]
    # the corners of a triangle come first, whatever its order
    middles = middles[:, : 3 if device.mesh.topology.cell_name() == "triangle" else 4].mean(axis=1)
    return np.random.default_rng(0).permutation(middles)[:2000]


def numbers(solution: Solution, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Average torque, terminal currents by name, torque at the places."""
    found = currents(solution)
    return (
        torque(solution).average_density,
        np.array([found[name] for name in sorted(found)]),
        probe(solution, at)[:, 6:9],
    )


def errors(found: tuple[np.ndarray, ...], expected: tuple[np.ndarray, ...]) -> str:
    average, current, points = found
    largest = np.linalg.norm(expected[2], axis=1).max()
    return (
        f"{np.linalg.norm(average - expected[0]) / np.linalg.norm(expected[0]):9.1e}"
        f"{np.abs(current - expected[1]).max() / np.abs(expected[1]).max():9.1e}"
        f"{np.quantile(np.linalg.norm(points - expected[2], axis=1), 0.99) / largest:9.1e}"
    )


def rows(name: str, given: Any, film: Film) -> None:
    shape = SHAPES[name]()
    own = films(getattr(shape.geometry, "region_names", ["film"]), film)
    expected = at = None
    if not given.times:
        at = places(shape.mesh(own, degree=2, accuracy=1e-3))
        expected = numbers(solved(shape.mesh(own, degree=4, accuracy=3e-6), film, 4), at)
    for degree in given.degrees:
        for accuracy in (None, *given.accuracies):
            wanted: dict[str, Any] = {} if accuracy is None else {"accuracy": accuracy, "goal": given.goal}
            shape.mesh(own, degree=degree, **wanted)
            start = time.perf_counter()
            device = shape.mesh(own, degree=degree, **wanted)
            meshed = time.perf_counter() - start
            solution = solved(device, film, degree)
            # what the solver needs, from the mesh to the solution: first without, then with all compiled
            start = time.perf_counter()
            solution = solved(device, film, degree)
            solving = time.perf_counter() - start
            unknowns = solution.state.report.unknowns
            asked = "auto" if accuracy is None else f"{accuracy:g}"
            text = "" if at is None or expected is None else errors(numbers(solution, at), expected)
            print(
                f"{name:11}{degree:2}{asked:>7}{unknowns:9}{meshed:8.2f}{solving:8.2f}{meshed / solving:7.2f}{text}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--degrees", nargs="+", type=int, default=[2, 3, 4])
    parser.add_argument("--accuracies", nargs="*", type=float, default=[1e-2, 1e-3, 1e-4])
    parser.add_argument("--goal", choices=("map", "torque", "current"), default="torque")
    parser.add_argument("--rashba_parameter", type=float, default=0.02)
    parser.add_argument("--times", action="store_true")
    given = parser.parse_args()
    film = Film(
        rashba_parameter=given.rashba_parameter,
        exchange_time="10 fs",
        momentum_relaxation_time="1 fs",
        spin_flip_time="1 ps",
        fermi_wavevector="4.3 1/nm",
    )
    more = "" if given.times else "   torque  current      map"
    print(f"{'shape':11} P  asked unknowns  mesh s solve s  ratio{more}")
    for name in given.shapes:
        rows(name, given, film)


if __name__ == "__main__":
    main()
