"""(46), (47) read off a Bloch wall that moves through a strip of finite elements, and the order of what they leave out.

Left out are the rates, xi = tau_Delta (1/tau_sf + 1/tau_phi), and higher gradients, of which the first to count is the
diffusion of spin along m, D tau_sf/width^2. The film, alpha too, is one at which everything else is smaller: alpha^2
through (k0 width)^2, the velocity through v width/D.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from references import moving_wall as exact
from samples import film, reference, square

from fem_rashba import Ground, bloch_wall, expression
from fem_rashba.physics import dynamics
from fem_rashba.physics.film import Film
from fem_rashba.physics.motion import in_motion
from fem_rashba.solvers.clock import Clock
from fem_rashba.solvers.discretization import FIELDS, discretize
from fem_rashba.solvers.evolution import Evolution
from fem_rashba.solvers.problem import pose
from fem_rashba.solvers.transient import first_moment, moments

ALPHA = 1e-5
LENGTH = 14  # of the strip, in widths of the wall
MIDDLE = 4  # points are taken at |u| < 4, where the ends are not felt


@dataclass(frozen=True, kw_only=True)
class Wall:
    """A film of exchange_time 10 fs and the wall in it; lengths in nm, times in ps; steps of 2 spin-flip times."""

    momentum_relaxation_time: float
    spin_flip_time: float
    width: float
    velocity: float
    cells: int = 4  # of degree 4, per width
    steps: int = 8

    def parameters(self, alpha: float) -> dict[str, float]:
        times = {"momentum_relaxation_time": self.momentum_relaxation_time, "spin_flip_time": self.spin_flip_time}
        return {"rashba_parameter": alpha} | times

    def film(self) -> Film:
        return film(**self.parameters(ALPHA))


def scaled(s: float, **numerics: int) -> Wall:
    """xi = 0.075 s and D tau_sf/width^2 = 0.17 s^2."""
    D = film(momentum_relaxation_time=2.5e-4 * s).coefficients.D
    times = {"momentum_relaxation_time": 2.5e-4 * s, "spin_flip_time": 0.2 / s}
    return Wall(**times, width=6 / s, velocity=0.02 * s * D * s / 6, **numerics)


def spin_density(wall: Wall, alpha: float, inverted: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """u along the middle line of the strip, and S there once it follows the wall, shape (points, 3)."""
    length, height, size = LENGTH * wall.width, wall.width / wall.cells, 1e-6 * wall.width
    device = square(
        "quadrilateral",
        1,
        (length, height),
        lambda x, y: "source" if x < size else "drain" if x > length - size else "lower",
    )
    end = 16 * wall.spin_flip_time
    start = length / 2 - wall.velocity * end
    if inverted:
        u = f"(x - {length - start})/{wall.width}"
        m = in_motion(expression(["0", f"1/cosh({u})", f"-tanh({u})"]), velocity=[-wall.velocity, 0])
    else:
        m = in_motion(bloch_wall(center=[start, 0], width=wall.width), velocity=[wall.velocity, 0])
    terminals = {name: Ground(spin="insulating") for name in device.terminals}
    problem = pose(device, film(**wall.parameters(alpha)), m, edges="insulating", degree=4, terminals=terminals)
    evolution = Evolution(discretize(problem), method="direct", tolerance=1e-10, petsc={})
    clock = Clock(end=end, step=end / wall.steps, tolerance=None)
    *_, last = moments(evolution, clock, first_moment(evolution, clock))
    evolution.destroy()
    space = evolution.discretization.space
    points, owned = space.tabulate_dof_coordinates(), space.dofmap.index_map.size_local
    table = np.column_stack([points[:owned, :2], last.u.reshape(-1, FIELDS)[:owned, 1:]])
    table = np.concatenate(space.mesh.comm.allgather(table))
    u = (table[:, 0] - length / 2) / wall.width
    keep = (abs(table[:, 1] - height / 2) < size) & (abs(u) < MIDDLE)
    order = np.argsort(u[keep])
    return u[keep][order], table[keep][order, 2:]


def torque(made: Film, m: np.ndarray, S: np.ndarray) -> np.ndarray:
    """(24)."""
    c = made.coefficients
    return -c.w * np.cross(m, S) - c.r_phi * np.cross(m, np.cross(m, S))


def formulas(wall: Wall, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(25) with Y = -s0 dm/dt, (46), (47); m x dm/dt = -(v/width) sech u x^."""
    made, zero, sech, tanh = wall.film(), 0 * u, 1 / np.cosh(u), np.tanh(u)
    m, rate = exact.wall(u), wall.velocity / wall.width
    m_rate = -rate * exact.wall_slope(u)
    laplacian = np.column_stack([-rate * sech * (1 - 2 * sech**2) / wall.width**2, zero, zero])
    curl = np.column_stack([zero, zero, -rate * sech * tanh / wall.width])
    return (
        dynamics.texture_torque(made, m, -dynamics.equilibrium_spin(made) * m_rate),
        dynamics.diffusive_damping_torque(made, m, laplacian),
        dynamics.chiral_damping_torque(made, m, curl),
    )


def separated(wall: Wall, plus: np.ndarray, minus: np.ndarray, u: np.ndarray) -> list[np.ndarray]:
    """T_D, even in alpha, and T_R, odd, from the torques of alpha and -alpha."""
    return [(plus + minus) / 2 - formulas(wall, u)[0], (plus - minus) / 2]


def read_off(wall: Wall) -> tuple[np.ndarray, list[np.ndarray]]:
    """u, and T_D and T_R of the finite elements."""
    (u, plus), (_, minus) = (spin_density(wall, alpha) for alpha in (ALPHA, -ALPHA))
    m, made = exact.wall(u), wall.film()
    return u, separated(wall, torque(made, m, plus), torque(made, m, minus), u)


def linear_response(wall: Wall, u: np.ndarray) -> list[np.ndarray]:
    """T_D and T_R of the infinite medium, nothing expanded."""
    films = [reference(**wall.parameters(alpha)) for alpha in (ALPHA, -ALPHA)]
    return separated(wall, *(exact.torque(f, wall.width, wall.velocity, u) for f in films), u)


def relative(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def size(found: np.ndarray, expected: np.ndarray) -> float:
    """Of the torque over that of the formula, by least squares."""
    return float((found * expected).sum() / (expected**2).sum())


def errors(wall: Wall) -> list[float]:
    """Of (46) and (47): relative difference of the vectors over the wall."""
    u, found = read_off(wall)
    return [relative(f, e) for f, e in zip(found, formulas(wall, u)[1:], strict=True)]


def order(errors: list[float], parameters: list[float]) -> float:
    return float(np.polyfit(np.log(parameters), np.log(errors), 1)[0])


@pytest.mark.parametrize("s", [1.0, 0.5])
def test_moving_wall_is_the_linear_response(s: float) -> None:
    wall = scaled(s)
    u, found = read_off(wall)
    for torques in zip(found, linear_response(wall, u), formulas(wall, u)[1:], strict=True):
        assert relative(*torques[:2]) < 2e-4
        assert relative(*torques[::2]) > 0.05


def test_damping_torques_are_approached_at_first_order() -> None:
    """Numerical errors do not count: finer elements and half the steps change the smallest errors by few per cent."""
    scales, cells = [1.0, 0.5, 0.25, 0.125], [4, 4, 4, 6]
    found = np.array([errors(scaled(s, cells=c)) for s, c in zip(scales, cells, strict=True)])
    for column in found.T:
        assert column[-1] < 0.03
        assert order(column, scales) > 0.95
        assert order(column[:2], scales[:2]) > 0.9
        assert order(column[-2:], scales[-2:]) == pytest.approx(1, abs=0.12)
    finer = errors(scaled(scales[-1], cells=9, steps=16))
    assert finer == pytest.approx(found[-1], rel=0.04)


def test_spin_along_m_enlarges_the_chiral_torque() -> None:
    """By D tau_sf/width^2 in the sense of least squares, as the expansion gives; xi = 0.002 is far below."""
    parameters, rest, sizes = [0.04, 0.02, 0.01], [], []
    for parameter in parameters:
        D = film(momentum_relaxation_time=1e-5).coefficients.D
        width = float(np.sqrt(10 * D / parameter))
        wall = Wall(momentum_relaxation_time=1e-5, spin_flip_time=10, width=width, velocity=1e-3 * D / width)
        u, (_, chiral) = read_off(wall)
        sizes.append(size(chiral, formulas(wall, u)[2]) - 1)
        rest.append(abs(sizes[-1] - parameter))
    assert min(sizes) > 0
    assert order(rest, parameters) > 1.7
    assert rest[-1] < 0.1 * parameters[-1]


def test_reversal_of_alpha_is_the_inversion_of_the_texture() -> None:
    """T_R is odd under r -> -r: what the demo and the paper call chiral."""
    wall = scaled(1.0)
    u, reversed_alpha = spin_density(wall, -ALPHA)
    v, inverted = spin_density(wall, ALPHA, inverted=True)
    np.testing.assert_allclose(v, -u[::-1], atol=1e-9)
    scale = abs(reversed_alpha).max()
    np.testing.assert_allclose(inverted[::-1], reversed_alpha, rtol=0, atol=1e-9 * scale)
