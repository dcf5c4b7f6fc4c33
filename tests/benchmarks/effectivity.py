"""How good the estimated errors are: estimate over true error, for the problem of every demo.

    python tests/benchmarks/effectivity.py [DEMO ...] [--degree 2] [--accuracy 0.1] [--most 400000]

Each problem is solved on the automatic mesh for a coarse accuracy, with estimates. The truth is the same problem two
degrees higher on that mesh refined twice everywhere (once, where that would have more unknowns than --most: marked by
an asterisk; not at all: an exclamation mark), but for the currents that are given, or are left for the last terminal by
those: they are known. Demos in time and sweeps take part with the steady state of their file; demos without a file, or
in which nothing is driven, are named. A number counts as exact where its true error is below 1e-9 of the largest number
of its kind, so that it is the solver's, or is zero by symmetry; its estimate must then be below 1e-3 of the largest of
its kind, the tolerance of its iteration, or it is a miss. All others are in the table; misses, outside of 0.5 to 5, are
listed one by one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

DEMOS = Path(__file__).parents[2] / "demos"
LOW, HIGH = 0.5, 5.0
ROUNDING = 1e-9
ITERATION = 1e-3


def leaves(value: Any, where: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of a nested structure with their places; regions repeat what the film has."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key != "regions":
                yield from leaves(item, f"{where}.{key}" if where else key)
    elif isinstance(value, list | tuple | np.ndarray):
        for i, item in enumerate(value):
            yield from leaves(item, f"{where}.{'xyz'[i]}")
    elif value is not None:
        yield where, float(value)


def kind(place: str) -> str:
    """What a number is compared with: all voltages, all currents, the components of one vector, or both parts."""
    before, _, last = place.rpartition(".")
    return last if place.startswith("terminals.") else before


def known_currents(terminals: dict[str, Any]) -> dict[str, float]:
    """Currents that need no solution, by place: the given ones, and the rest if one terminal is left for it."""
    given = {
        n: getattr(c, "value", 0.0) for n, c in terminals.items() if type(c).__name__ not in ("Voltage", "Contact")
    }
    if len(terminals) == len(given) + 1:
        given |= {n: -sum(given.values()) for n in terminals if n not in given}
    return {f"terminals.{name}.current_A": current for name, current in given.items()}


def measured(name: str, degree: int, accuracy: float, most: int) -> dict[str, Any]:
    """What one demo gives: sizes, and (estimate, true error, largest of its kind) by place."""
    from dataclasses import replace

    from fem_rashba.cli.loading import mesh_arguments
    from fem_rashba.config import configuration, table
    from fem_rashba.devices.refinement import refined
    from fem_rashba.devices.whole import distributed, gathered
    from fem_rashba.results.errors import with_errors
    from fem_rashba.results.numbers import numbers
    from fem_rashba.results.solution import complete
    from fem_rashba.solvers.enriched import enriched_states
    from fem_rashba.solvers.estimate import unknowns
    from fem_rashba.solvers.steady import SteadyState, solve_steady

    path = DEMOS / name / f"{name}.toml"
    given = {key: value for key, value in table(path).items() if key not in ("time", "sweep", "harmonic")}
    given["device"]["degree"] = degree
    given["magnetization"].pop("angles", None)
    config = configuration(given, path.parent)
    arguments = mesh_arguments(config)
    if config.element_size == "auto":
        arguments |= {"accuracy": accuracy, "goal": "torque"}
    device = config.shape.mesh(**arguments)
    problem = config.problem(device)
    axis = None if config.torque_axis is None else np.array(config.torque_axis) / np.linalg.norm(config.torque_axis)
    states: list[SteadyState] = []
    state = solve_steady(problem, then=lambda solved: states.extend(enriched_states(solved)))
    coarse = complete(state, axis)
    found, errors = dict(leaves(numbers(coarse))), dict(leaves(with_errors(coarse, states, axis).errors))
    finest, times = device, 0
    for _ in range(2):
        grid = gathered(finest)
        assert grid is not None
        finer = distributed(finest, refined(grid, np.ones(len(grid.sides()[0]), dtype=bool)))
        if unknowns(finer, degree + 2) > most:
            break
        finest, times = finer, times + 1
    truth = complete(solve_steady(replace(problem, device=finest, degree=degree + 2)), axis)
    exact = dict(leaves(numbers(truth))) | known_currents(problem.terminals)
    largest: dict[str, float] = {}
    for place in errors:
        largest[kind(place)] = max(largest.get(kind(place), 0.0), abs(exact[place]))
    triples = {p: (errors[p], abs(found[p] - exact[p]), largest[kind(p)]) for p in errors}
    return {"unknowns": state.report.unknowns, "true": truth.report.unknowns, "times": times, "triples": triples}


def row(name: str, found: dict[str, Any]) -> tuple[str, list[str]]:
    """A line of the table, and the misses."""
    noise: dict[str, float] = {}
    for place, (estimate, _, _) in found["triples"].items():
        noise[kind(place)] = max(noise.get(kind(place), 0.0), ITERATION * estimate)
    counted = {
        p: t
        for p, t in found["triples"].items()
        if t[1] > ROUNDING * t[2] or t[0] > max(HIGH * ROUNDING * t[2], noise[kind(p)])
    }
    ratios = {p: t[0] / t[1] if t[1] > 0 else np.inf for p, t in counted.items()}
    exact = len(found["triples"]) - len(ratios)
    star = " " if found["times"] == 2 else "*" if found["times"] == 1 else "!"
    sizes = f"{name:16} {found['unknowns']:9} {found['true']:9}{star} {exact:9}"
    if not ratios:
        return f"{sizes} all exact", []
    values = np.array(sorted(ratios.values()))
    inside = int(((values >= LOW) & (values <= HIGH)).sum())
    line = f"{sizes} {values[0]:8.2f} {np.median(values):8.2f} {values[-1]:8.2f} {inside:4} of {len(values)}"
    misses = [
        f"  {name}: {place}: {ratio:.2g} (true error {counted[place][1] / counted[place][2]:.1e} of the largest)"
        for place, ratio in ratios.items()
        if not LOW <= ratio <= HIGH
    ]
    return line, misses


def main() -> None:
    names = sorted(path.parent.name for path in DEMOS.glob("*/*.py"))
    parser = argparse.ArgumentParser()
    parser.add_argument("demos", nargs="*", metavar="DEMO", help=", ".join(names))
    parser.add_argument("--degree", type=int, choices=(1, 2), default=2)
    parser.add_argument("--accuracy", type=float, default=0.1)
    parser.add_argument("--most", type=int, default=5_000_000)
    given = parser.parse_args()
    heads = f"{'exact':>9} {'least':>8} {'median':>8} {'most':>8}"
    print(f"{'demo':16} {'unknowns':>9} {'true':>9}  {heads} within 0.5 to 5")
    misses: list[str] = []
    for name in given.demos or names:
        if not (DEMOS / name / f"{name}.toml").exists():
            print(f"{name:16} has no file to solve")
            continue
        try:
            line, missed = row(name, measured(name, given.degree, given.accuracy, given.most))
        except ValueError as error:
            line, missed = f"{name:16} has no steady state: {error}", []
        print(line, flush=True)
        misses += missed
    print(f"misses: {len(misses)}")
    print("\n".join(misses))


if __name__ == "__main__":
    main()
