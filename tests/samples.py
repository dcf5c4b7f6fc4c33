"""What several tests use: the reference film twice, SymPy expressions as UFL, and devices made by hand.

`film` is the package's, `reference` the independent one with the same parameters. dolfinx is imported where it
is used, so that the tests of the equations alone start at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from types import SimpleNamespace
from typing import Any

import numpy as np
import sympy as sp
import ufl
from references import film as independent
from references.strong_form import x, y

from fem_rashba.physics.film import Film

PARAMETERS: dict[str, Any] = {
    "rashba_parameter": 1e-2,
    "exchange_time": 1e-2,
    "momentum_relaxation_time": 1e-3,
    "spin_flip_time": 1.0,
    "fermi_wavevector": 4.3,
    "couplings": "paper",
    "denominators": "dirty",
}
FILM_TOML = """
[film]
rashba_parameter = "0.01 eV nm"
exchange_time = "10 fs"
momentum_relaxation_time = "1 fs"
spin_flip_time = "1 ps"
fermi_wavevector = "4.3 1/nm"
"""
"""The same film as the section of a file; more keys of it may follow."""
MAGNET_TOML = f"""{FILM_TOML}thickness = "0.6 nm"
saturation_magnetization = "1 MA/m"
"""
"""With what turns torques into fields."""
X, OBLIQUE = (1.0, 0.0, 0.0), (0.5, 0.3, 0.8)
NO_EXCHANGE = {"exchange_time": inf}


def film(**changes: Any) -> Film:
    """The reference film (model section 1) with changes."""
    return Film(**(PARAMETERS | changes))


def reference(**changes: Any) -> independent.Film:
    """The same film by the independent formulas."""
    p = PARAMETERS | changes
    return independent.coefficients(
        p["rashba_parameter"],
        p["exchange_time"],
        p["momentum_relaxation_time"],
        p["spin_flip_time"],
        p["fermi_wavevector"],
        p.get("effective_mass", 1.0),
        p["couplings"],
        p["denominators"],
    )


def unit(direction: Sequence[float]) -> np.ndarray:
    """direction / |direction|."""
    return np.asarray(direction, float) / np.linalg.norm(direction)


def unit_field(film: Film, direction: Sequence[float] = (1.0, 0.0)) -> list[float]:
    """The electric field in V/nm whose driving gradient (e/eF) n0 E is `direction`, 1/nm^3."""
    return [d / film.coefficients.states for d in direction]


# the names that references.strong_form gives to the fields of Coefficients
_RENAMED = {
    "Gam": "Gamma",
    "b": "hall",
    "k0": "precession",
    "b_w": "charge_b",
    "r_w": "charge_r",
    "w0": "gamma_0",
    "w1": "gamma_1",
    "w2": "gamma_2",
    "cd": "drive",
}


def as_coefficients(symbolic: dict[str, Any], literal: float = 0.0, reciprocal: float = 0.0) -> dict[str, Any]:
    """The coefficients of the strong form (with k0), by the names of the package's `Coefficients`."""
    result = {_RENAMED.get(name, name): value for name, value in symbolic.items()}
    rest = symbolic["r_dp"] - symbolic["D"] * symbolic["k0"] ** 2
    return result | {"r_rest": rest, "literal": literal, "reciprocal": reciprocal}


def to_ufl(expression: Any, coordinates: Any) -> Any:
    """A SymPy expression (a sequence: a UFL vector) of x, y at UFL coordinates."""
    if isinstance(expression, list | tuple | sp.MatrixBase):
        return ufl.as_vector([to_ufl(e, coordinates) for e in expression])
    names = {name: getattr(ufl, name) for name in ("sin", "cos", "tanh", "cosh", "sinh", "exp", "sqrt")}
    return ufl.as_ufl(sp.lambdify((x, y), sp.sympify(expression), [names])(coordinates[0], coordinates[1]))


def ufl_coefficients(values: dict[str, Any], coordinates: Any) -> SimpleNamespace:
    """Coefficients as UFL expressions of the coordinates."""
    return SimpleNamespace(**{name: to_ufl(value, coordinates) for name, value in values.items()})


def square(cell: str, cells: int, size: tuple[float, float] = (1.0, 1.0), sides: Callable | None = None) -> Any:
    """A rectangle from the origin as a device.

    `sides` maps the middle of a facet to the name of a terminal or edge; by default all is the terminal "frame".
    """
    from dolfinx import mesh
    from mpi4py import MPI

    from fem_rashba.devices.device import Device, element_size

    counts = [max(1, round(cells * s / min(size))) for s in size]
    made = mesh.create_rectangle(
        MPI.COMM_WORLD,
        [(0.0, 0.0), size],
        counts,
        mesh.CellType[cell],
        ghost_mode=mesh.GhostMode.shared_facet,
    )
    made.topology.create_connectivity(1, 2)
    facets = np.sort(mesh.exterior_facet_indices(made.topology))
    name = sides or (lambda x, y: "frame")
    named = [name(px, py) for px, py, _ in mesh.compute_midpoints(made, 1, facets)]
    every = ["frame", "source", "drain", "lower", "upper"]
    tags = np.array([every.index(n) + 1 for n in named], dtype=np.int32)
    owned = np.arange(made.topology.index_map(2).size_local + made.topology.index_map(2).num_ghosts, dtype=np.int32)
    present = {n for part in made.comm.allgather(named) for n in part}
    numbers = {n: i + 1 for i, n in enumerate(every) if n in present}
    return Device(
        name="rectangle",
        mesh=made,
        cell_tags=mesh.meshtags(made, 2, owned, np.ones_like(owned)),
        facet_tags=mesh.meshtags(made, 1, facets, tags),
        regions={"film": 1},
        terminals={n: t for n, t in numbers.items() if n in ("frame", "source", "drain")},
        edges={n: t for n, t in numbers.items() if n in ("lower", "upper")},
        element_size=element_size(made),
    )


STRONG = {"couplings": "consistent", "rashba_parameter": 0.03}


def coarse(shape: Any, m: Any, **options: Any) -> Any:
    """The solution on a mesh of 1 nm with P2: discrete symmetries do not need a finer one."""
    from fem_rashba import solve

    made = options.pop("film", None) or film(**STRONG)
    return solve(shape.mesh(made, element_size=1.0, degree=2), made, m, degree=2, **options)


def fields(solution: Any, points: np.ndarray) -> np.ndarray:
    """n, S and T at points, shape (7, points)."""
    from fem_rashba import probe

    return probe(solution, points)[:, 2:9].T


def assert_same(found: np.ndarray, expected: np.ndarray, tolerance: float = 1e-8) -> None:
    """n, S and T each relative to its largest value."""
    for rows in (slice(0, 1), slice(1, 4), slice(4, 7)):
        scale = np.abs(expected[rows]).max()
        assert np.abs(found[rows] - expected[rows]).max() <= tolerance * scale
