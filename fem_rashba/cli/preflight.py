"""What check prints: coefficients, lengths, validity, and what a solve will cost."""

from __future__ import annotations

import math
from dataclasses import fields

from fem_rashba.physics.comparison import Comparison, comparison
from fem_rashba.physics.film import Film, Verdict
from fem_rashba.solvers.estimate import largest_direct, resolved_method, run_GB, unknowns
from fem_rashba.solvers.machine import memory_of_ranks_GB
from fem_rashba.solvers.problem import Problem, warnings

_COEFFICIENTS = (
    ("D", "nm^2/ps", "diffusion"),
    ("C", "nm/ps", "precession"),
    ("Gamma", "nm/ps", "mixed exchange-Rashba term"),
    ("R", "nm/ps", "charge-spin coupling along m"),
    ("B", "nm/ps", "charge-spin coupling in the plane"),
    ("r_dp", "1/ps", "D'yakonov-Perel rate"),
    ("r_phi", "1/ps", "dephasing rate"),
    ("r_sf", "1/ps", "spin-flip rate"),
    ("w", "1/ps", "exchange rate"),
    ("PF", "", "polarization of the equilibrium spin"),
)


def text(problem: Problem, method: str, error_estimate: bool | str = False) -> str:
    """The report on a problem. Collective.

    Args:
        problem: What would be solved.
        method: "auto", "direct" or "iterative".
        error_estimate: Whether errors would be estimated; "auto": if there is the memory for it.
    """
    lines: list[str] = []
    films = problem.films
    for name, film in films.items():
        lines += _film(film, f" of the region {name}" if len(films) > 1 else "")
    lines += _cost(problem, method, error_estimate)
    told = warnings(problem)
    lines += ["", *(f"warning: {warning}" for warning in told)] if told else []
    return "\n".join(lines) + "\n"


def _film(film: Film, where: str) -> list[str]:
    c = film.coefficients
    rows = [(name, getattr(c, name), unit, meaning) for name, unit, meaning in _COEFFICIENTS]
    rows += [
        ("k0", film.rashba_wavevector, "1/nm", "Rashba wavevector"),
        ("n0", film.density, "1/nm^2", "density"),
        ("eF", film.fermi_energy, "eV", "Fermi energy"),
        ("vF", film.fermi_velocity, "nm/ps", "Fermi velocity"),
        ("R_sheet", film.sheet_resistance, "Ohm", "sheet resistance"),
    ]
    lines = [f"coefficients{where}"]
    lines += [f"  {name:<10} {value:>10.4g} {unit:<9} {meaning}" for name, value, unit, meaning in rows]
    lines += [f"lengths{where}, nm"]
    lengths = film.lengths
    for field in fields(lengths):
        value = getattr(lengths, field.name)
        shown = "none" if math.isinf(value) else f"{value:.4g}"
        lines.append(f"  {field.name.replace('_', ' '):<16} {shown:>10}")
    return [*lines, f"validity{where}", *map(_verdict, film.validity), *_kinetic(film, where), ""]


def _kinetic(film: Film, where: str) -> list[str]:
    """The terms in which the couplings differ from the kinetic operator, and by how much in all."""
    try:
        found = comparison(film)
    except ValueError as error:
        return [f"couplings beside the kinetic operator{where}", f"  {error}"]
    return _beside(found, where)


def _beside(found: Comparison, where: str) -> list[str]:
    at = f"1/q = {1 / found.wavevector:.3g} nm" if found.wavevector else "q = 0"
    lines = [f"couplings beside the kinetic operator{where}; share of its norm, averaged over directions of m and q"]
    lines.append(f"  {'':<38} {'couplings':>10} {'kinetic':>10} {'':<8} {'q -> 0':>7} {at:>15}")
    for distance in found.distances:
        total = (distance.average_at_zero, distance.average_at_shortest)
        lines.append(f"  {distance.block.replace('_', ' '):<69} {_share(total[0]):>7} {_share(total[1]):>15}")
        for term in found.terms:
            if term.block == distance.block and term.difference != 0:
                lines.append(
                    f"    {term.name.replace('_', ' '):<36} {term.model:>10.3g} {term.kinetic:>10.3g} {term.unit:<8} "
                    f"{_share(term.at_zero):>7} {_share(term.at_shortest):>15}"
                )
    return lines


def _share(value: float) -> str:
    return "-" if math.isnan(value) else "inf" if math.isinf(value) else f"{100 * value:.3g} %"


def _verdict(verdict: Verdict) -> str:
    relation = "at least" if ">>" in verdict.condition else "at most"
    word = "ok" if verdict.holds else "WARN"
    return f"  {word:<4} {verdict.condition:<36} {verdict.value:>8.3g}   should be {relation} {verdict.limit:g}"


def _cost(problem: Problem, method: str, error_estimate: bool | str) -> list[str]:
    device = problem.device
    size = unknowns(device, problem.degree)
    method = resolved_method(method, size, largest_direct(problem))
    ranks = device.mesh.comm.size
    shortest, longest = device.element_size
    gigabytes, estimating = run_GB(problem, method, estimated=False), ""
    needed = run_GB(problem, method, estimated=True)
    if error_estimate is True or (error_estimate == "auto" and needed <= memory_of_ranks_GB(device.mesh.comm)):
        gigabytes, estimating = needed, " with estimates of errors"
    on = "" if ranks == 1 else f" on {ranks} ranks together"
    return [
        f"mesh of {device.name}",
        f"  {'cells':<16} {device.cells:>10}",
        f"  {'element size':<16} {shortest:>10.3g} to {longest:.3g} nm",
        f"  {'unknowns':<16} {size:>10} of degree {problem.degree}",
        f"  {'memory':<16} {gigabytes:>10.2g} GB{on}, {method} solver{estimating}",
        "terminals " + ", ".join(f"{name} ({type(c).__name__.lower()})" for name, c in problem.terminals.items()),
        "edges " + ", ".join(f"{name} ({spin})" for name, spin in problem.edges.items() if name in device.edges),
    ]
