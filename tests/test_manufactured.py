"""Convergence rates by manufactured solutions: p + 1 in L2 and p in H1 for n, Sx, Sy and Sz.

The sources come from references.strong_form. Any fields and coefficients will do, so all are of size 1 on a square of
1 nm, and no term is small beside the others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp
from dolfinx import fem
from references.strong_form import COEFFICIENTS, lambdify, strong_form, x, y
from samples import OBLIQUE, as_coefficients, film, square, unit

from fem_rashba import Contact, Ground, expression, uniform
from fem_rashba.solvers.discretization import Discretization, cell_integrals, discretize, split
from fem_rashba.solvers.problem import pose
from fem_rashba.solvers.steady import solve_steady

FIELD = np.array([0.7, -0.4])
BUBBLE = sp.sin(sp.pi * x) * sp.sin(sp.pi * y)
# an equipotential frame in a field: n + g.(r - r_c) is constant on it
ACROSS = FIELD[0] * (x - sp.Rational(1, 2)) + FIELD[1] * (y - sp.Rational(1, 2))
N = BUBBLE * (1 + x / 2 - y / 3) - ACROSS
S = [BUBBLE * (1 - y), BUBBLE * (x / 2 - y), BUBBLE * (1 + x * y)]
# no flux of any kind through y = 0 and y = 1, where nothing is imposed
FLAT = sp.sin(sp.pi * x) * sp.sin(sp.pi * y) ** 2
OPEN_N = FLAT * (1 + x / 2)
OPEN_S = [FLAT * (1 - y), FLAT * (x / 2 - y), FLAT * (1 + x * y)]

FORMULAS = ("1 + x/2", "y - x/3", "1 + x*y/2")
RAW = [1 + x / 2, y - x / 3, 1 + x * y / 2]
TEXTURE = [e / sp.sqrt(sum(v**2 for v in RAW)) for e in RAW]

PRINTED = {"b_w": 1, "r_w": 1, "w0": 1, "w1": 1, "w2": 2, "cd": 2}
DERIVED = {"b_w": 4, "r_w": 8, "w0": 2, "w1": 2, "w2": 3, "cd": 1}
BASE = dict.fromkeys((*COEFFICIENTS, "k0"), 0.0) | {"D": 1.0, "r_sf": 0.5} | PRINTED
ALONE = {
    "diffusion": {},
    "precession": {"k0": 0.9, "r_dp": 0.81},
    "relaxation": {"r_dp": 1.5},
    "dephasing": {"r_phi": 3.0},
    "exchange": {"w": 4.0},
    "polarization": {"PF": 0.6},
    "precessing drive": {"C": 0.9, "PF": 0.6},
    "mixed": {"Gam": 0.8},
    "mixed drive": {"Gam": 0.8, "PF": 0.6},
    "derived mixed": {"Gam": 0.4, "PF": 0.6} | DERIVED,
    "longitudinal": {"R": 0.5},
    "derived longitudinal": {"R": 0.1} | DERIVED,
    "edelstein": {"B": 0.5},
    "spin Hall": {"k0": 0.9, "r_dp": 0.81, "b": 0.6, "B": 0.54},
}
ALL = BASE | {"D": 1.3, "C": 0.6, "Gam": 0.5, "R": 0.2, "B": 0.3, "b": 0.4, "r_dp": 1.5, "r_phi": 1.2, "w": 2.0}
ALL |= {"PF": 0.5, "k0": 0.5}
VARYING = ALL | {
    "D": 1.3 + x / 3,
    "C": 0.6 - y / 4,
    "Gam": 0.5 + x * y / 3,
    "B": 0.3 + x / 5,
    "b": 0.4 - x * y / 4,
    "r_phi": 1.2 + y,
    "w": 2 - x,
    "PF": 0.5 + y / 4,
    "k0": 0.5 + x / 4,
}


def prepared(cell: str, cells: int, degree: int, c: dict[str, Any], m: Any, ends: bool) -> Discretization:
    """The unit square with given coefficients: constants, or functions of degree 2, which represent VARYING."""
    made = film()
    sides = (lambda x, y: "source" if x < 0.01 else "drain" if x > 0.99 else "lower") if ends else None
    device = square(cell, cells, sides=sides)
    g = 0 * FIELD if ends else FIELD
    problem = pose(
        device,
        made,
        m,
        terminals={name: Ground() if ends else Contact() for name in device.terminals},
        electric_field=list(g / made.coefficients.states),
        edges="insulating",
        degree=degree,
    )
    usual = discretize(problem)
    values = as_coefficients(c, c.get("literal", 0.0)) | {"states": made.coefficients.states}
    constant = all(not sp.sympify(v).free_symbols for v in values.values())
    space = fem.functionspace(device.mesh, ("Lagrange", 2))
    for name, value in values.items():
        if constant:
            getattr(usual.coefficients, name).value = float(value)
        else:
            function = fem.Function(space)
            function.interpolate(lambdify(value))
            setattr(usual.coefficients, name, function)
    return usual


def errors(d: Discretization, exact: list[Any], form: Any) -> np.ndarray:
    """L2 norms and H1 seminorms of the errors of the four fields, shape (2, 4)."""
    mesh, degree = d.problem.device.mesh, d.problem.degree

    def interpolated(expressions: list[Any], degree: int) -> fem.Function:
        function = fem.Function(fem.functionspace(mesh, ("Lagrange", degree, (4,))))
        function.interpolate(lambdify(expressions))
        return function

    given = interpolated([form.f_n, *form.f_S], degree + 2)
    state = solve_steady(d.problem, source=lambda r: split(given), discretization=d)
    error = interpolated(exact, 6)
    found = fem.Function(error.function_space)
    found.interpolate(state.u)
    error.x.array[:] -= found.x.array
    squares = [error[i] ** 2 for i in range(4)]
    squares += [sum(error[i].dx(k) ** 2 for k in (0, 1)) for i in range(4)]
    norms = replace(d, quadrature={"quadrature_degree": 12})
    return np.sqrt(mesh.comm.allreduce(cell_integrals(norms, squares).sum(axis=0))).reshape(2, 4)


def check_rates(cell: str, degree: int, c: dict[str, Any], texture: bool = True, ends: bool = False) -> None:
    """Halving the elements divides the errors by 2**(p + 1) and 2**p."""
    m, symbolic = (expression(FORMULAS), TEXTURE) if texture else (uniform(OBLIQUE), list(unit(OBLIQUE)))
    fields = (OPEN_N, *OPEN_S) if ends else (N, *S)
    g = (0, 0) if ends else FIELD
    form = strong_form(fields[0], fields[1:], symbolic, c, g, literal_drift=bool(c.get("literal")))
    coarse = {1: 12, 2: 6, 3: 4, 4: 3}[degree]
    found = [errors(prepared(cell, n, degree, c, m, ends), list(fields), form) for n in (coarse, 2 * coarse)]
    rates = np.log2(found[0] / found[1])
    assert (rates[0] > degree + 0.75).all(), rates
    assert (rates[1] > degree - 0.15).all(), rates


@pytest.mark.parametrize("name", ALONE)
def test_each_effect_alone(name: str) -> None:
    check_rates("triangle", 2, BASE | ALONE[name])


@pytest.mark.parametrize(
    ("cell", "degree", "weights"),
    [
        ("triangle", 1, DERIVED),
        ("triangle", 2, PRINTED),
        ("quadrilateral", 3, DERIVED),
        ("triangle", 4, PRINTED),
    ],
)
def test_all_effects(cell: str, degree: int, weights: dict[str, float]) -> None:
    check_rates(cell, degree, ALL | weights)


def test_uniform_magnetization() -> None:
    """With the quadrature of the package, which is lower then."""
    check_rates("quadrilateral", 2, ALL | DERIVED, texture=False)


@pytest.mark.parametrize(("cell", "weights"), [("triangle", DERIVED), ("quadrilateral", PRINTED)])
def test_varying_coefficients(cell: str, weights: dict[str, float]) -> None:
    check_rates(cell, 2, VARYING | weights)


def test_literal_drift() -> None:
    check_rates("triangle", 2, ALL | {"literal": 1.0})


def test_natural_conditions() -> None:
    check_rates("triangle", 2, ALL, ends=True)
