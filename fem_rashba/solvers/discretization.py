"""The problem on a finite-element space: one Lagrange space with blocks of four, (n, Sx, Sy, Sz) at every node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import basix.ufl
import numpy as np
import ufl
from dolfinx import fem, la

from fem_rashba.compat import compiled
from fem_rashba.physics import equations
from fem_rashba.physics.couplings import Coefficients
from fem_rashba.physics.film import Film
from fem_rashba.physics.gridded import Gridded, data_of
from fem_rashba.physics.magnetization import UFL_MATH, field
from fem_rashba.solvers.problem import Problem

FIELDS = 4

Source = Callable[[Any], tuple[Any, Any]]
"""UFL coordinates -> (particles, spin) that appear per ps and nm^2, a scalar and a vector of shape (3,)."""


@dataclass(frozen=True, kw_only=True)
class Discretization:
    """Space, coefficients and measures from which the forms of a problem are made.

    Attributes:
        problem: What is solved.
        space: Lagrange of the problem's degree with four components.
        coefficients: UFL constants (one film) or piecewise constant functions (regions), named as in `Coefficients`.
        magnetization: UFL vector, shape (3,).
        parameters: Those of the magnetization as a UFL constant; None without any.
        sampled: The function with three components that stands for a magnetization on a grid; None for formulas. It is
            to be divided by its length.
        electric_field: UFL constant, shape (2,), V/nm.
        injection: UFL constant, 1, by which all spin that is injected is multiplied.
        quadrature: Metadata of the measures.
    """

    problem: Problem
    space: fem.FunctionSpace
    coefficients: Any
    magnetization: Any
    parameters: fem.Constant | None
    sampled: fem.Function | None
    electric_field: fem.Constant
    injection: fem.Constant
    quadrature: dict[str, Any]

    def at_degree(self, degree: int) -> Discretization:
        """The same problem at another degree. Coefficients are shared, so that those which change do so in both."""
        change = 2 * (degree - self.problem.degree)
        element = basix.ufl.element("Lagrange", self.space.mesh.basix_cell(), degree, shape=(FIELDS,))
        return replace(
            self,
            problem=replace(self.problem, degree=degree),
            space=fem.functionspace(self.space.mesh, element),
            quadrature={"quadrature_degree": self.quadrature["quadrature_degree"] + change},
        )

    @property
    def functions(self) -> SimpleNamespace:
        """What the formula of the magnetization is made of, in UFL."""
        return _functions(self.sampled)

    def measure(self, kind: str) -> ufl.Measure:
        """dx, ds (all exterior facets) or dS (all interior ones), with the quadrature of the problem."""
        return ufl.Measure(kind, domain=self.problem.device.mesh, metadata=self.quadrature)

    def edge_terms(self, u: Any, test: Any, *, driven: bool, share: Any = 1.0) -> Any:
        """The form of the edges: what they take up and, if `driven`, what is injected, times `share`; 0 if nothing."""
        problem, mesh = self.problem, self.problem.device.mesh
        ds = ufl.Measure("ds", domain=mesh, subdomain_data=problem.device.facet_tags, metadata=self.quadrature)
        (_, S), (_, v) = split(u), split(test)
        terms = []
        for tag, velocity in problem.spin_losses.items():
            terms.append(share * equations.edge_loss(S, v, fem.Constant(mesh, velocity)) * ds(tag))
        for tag, current in problem.spin_currents.items() if driven else ():
            inward = self.injection * fem.Constant(mesh, np.array(current))
            terms.append(share * equations.edge_injection(v, inward) * ds(tag))
        return sum(terms)

    @cached_property
    def bilinear(self) -> fem.Form:
        """The compiled form whose matrix is the operator."""
        trial, test = ufl.TrialFunction(self.space), ufl.TestFunction(self.space)
        return self._form(trial, test, ufl.as_vector((0, 0)), driven=False)

    def residual(self, u: fem.Function, source: Source | None = None) -> fem.Form:
        """The compiled form whose vector vanishes, at all free unknowns, at the solution."""
        return self._form(u, ufl.TestFunction(self.space), self.electric_field, source)

    def source_form(self, source: Source) -> fem.Form:
        """The compiled form of what appears in the film."""
        return compiled(self._appearing(source, ufl.TestFunction(self.space)) * self.measure("dx"))

    def _appearing(self, source: Source, test: Any) -> Any:
        charge, spin = source(ufl.SpatialCoordinate(self.space.mesh))
        q, v = split(test)
        return -charge * q - ufl.dot(spin, v)

    def adjoint(self, z: fem.Function) -> fem.Form:
        """The compiled linear form that takes v to the operator's a(v, z)."""
        return self._form(ufl.TestFunction(self.space), z, ufl.as_vector((0, 0)), driven=False)

    def _form(self, u: Any, test: Any, E: Any, source: Source | None = None, *, driven: bool = True) -> fem.Form:
        (n, S), (q, v) = split(u), split(test)
        integrand = equations.weak_form(self.coefficients, n, S, q, v, self.magnetization, E)
        if source is not None:
            integrand += self._appearing(source, test)
        return compiled(integrand * self.measure("dx") + self.edge_terms(u, test, driven=driven))


def split(u: Any) -> tuple[Any, Any]:
    """(n, S) of a function with four components."""
    return u[0], ufl.as_vector((u[1], u[2], u[3]))


def discretize(problem: Problem) -> Discretization:
    """The problem on Lagrange elements of its degree."""
    mesh = problem.device.mesh
    element = basix.ufl.element("Lagrange", mesh.basix_cell(), problem.degree, shape=(FIELDS,))
    parameters = problem.magnetization.parameters
    packed = fem.Constant(mesh, np.array(parameters, dtype=float)) if parameters else None
    # 2 p is exact on affine cells for uniform m; textures and curved cells are no polynomials
    curved = (
        mesh.ufl_domain().ufl_coordinate_element().embedded_superdegree > 1 and mesh.basix_cell().name == "triangle"
    )
    extra = 0 if problem.magnetization.is_uniform and not curved else 4
    sampled = _sampled(problem)
    return Discretization(
        problem=problem,
        space=fem.functionspace(mesh, element),
        coefficients=_coefficients(problem),
        magnetization=field(problem.magnetization, ufl.SpatialCoordinate(mesh), packed, _functions(sampled)),
        parameters=packed,
        sampled=sampled,
        electric_field=fem.Constant(mesh, np.array(problem.electric_field)),
        injection=fem.Constant(mesh, 1.0),
        quadrature={"quadrature_degree": 2 * problem.degree + extra},
    )


def _functions(sampled: fem.Function | None) -> SimpleNamespace:
    if sampled is None:
        return UFL_MATH
    length = ufl.sqrt(ufl.dot(sampled, sampled))
    return SimpleNamespace(
        **(vars(UFL_MATH) | {"sampled": lambda m, x, y: tuple(sampled[i] / length for i in range(3))})
    )


def _sampled(problem: Problem) -> fem.Function | None:
    """A magnetization on a grid as a function: the equations contain its gradient. One degree above the solution, so
    that its error stays behind that of S."""
    data = data_of(problem.magnetization)
    if data is None:
        return None
    function = fem.Function(fem.functionspace(problem.device.mesh, ("Lagrange", problem.degree + 1, (3,))), name="m")
    function.interpolate(lambda x: _numbers(data, x))
    return function


def _numbers(data: Gridded, x: np.ndarray) -> np.ndarray:
    # nodes without a direction count as zero: those around them decide
    return np.nan_to_num(np.stack(data.sampled(x[0], x[1])))


def _coefficients(problem: Problem) -> Any:
    mesh, films = problem.device.mesh, problem.films
    names = [f.name for f in fields(Coefficients)]
    distinct = list({id(film): film for film in films.values()}.values())
    if len(distinct) == 1:
        numbers = distinct[0].coefficients
        return SimpleNamespace(**{n: fem.Constant(mesh, float(getattr(numbers, n))) for n in names})
    space = fem.functionspace(mesh, ("DG", 0))
    return SimpleNamespace(**{name: _by_region(space, problem, films, name) for name in names})


def _by_region(space: fem.FunctionSpace, problem: Problem, films: dict[str, Film], name: str) -> fem.Function:
    function = fem.Function(space, name=name)
    for region, tag in problem.device.regions.items():
        cells = problem.device.cell_tags.find(tag)
        function.x.array[cells] = getattr(films[region].coefficients, name)
    function.x.scatter_forward()
    return function


class CellIntegrals:
    """Integrals of scalar UFL terms over each owned cell: compiled once, computed at each call.

    `kind` "dx": over the cell; "ds": over its exterior facets; "dS": of flux terms of both sides, the net amount that
    leaves the cell through its interior facets, where the term is an average times the normal of the '+' side.
    One form and one assembly serve all terms.
    """

    def __init__(self, discretization: Discretization, terms: Sequence[Any], kind: str = "dx") -> None:
        mesh = discretization.problem.device.mesh
        space = fem.functionspace(mesh, ("DG", 0, (len(terms),)))
        test = ufl.TestFunction(space)
        test = test("+") - test("-") if kind == "dS" else test
        vector = ufl.as_vector(list(terms))
        self._form = compiled(ufl.inner(vector, test) * discretization.measure(kind))
        owned = mesh.topology.index_map(mesh.topology.dim).size_local
        # cell c of DG0 has the one block dofmap[c], which need not be c
        self._blocks = space.dofmap.list[:owned, 0]
        self._count = len(terms)

    def __call__(self) -> np.ndarray:
        """Shape (cells, terms). Collective."""
        assembled = fem.assemble_vector(self._form)
        assembled.scatter_reverse(la.InsertMode.add)
        return assembled.array.reshape(-1, self._count)[self._blocks]


def cell_integrals(discretization: Discretization, terms: Sequence[Any], kind: str = "dx") -> np.ndarray:
    """`CellIntegrals` computed once, shape (cells, terms)."""
    return CellIntegrals(discretization, terms, kind)()
