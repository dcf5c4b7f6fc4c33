"""Torque and force of a current on a Neel wall, a Bloch wall and a skyrmion, with and without Rashba coupling.

`textures.toml` describes a square film with a skyrmion; this script also puts walls of the same width in its place, and
solves each with the Rashba coupling of the file and without any. It maps the torque T on the magnetization and prints
the force that T exerts on the texture as a whole,

    F_i = int T.(m x d_i m),

whose derivation is in fem_rashba/results/spin_transfer.py.

    python demos/textures/textures.py [FOLDER]

Without Rashba coupling the forces are those of spin transfer: along the electrons for the walls and, because it has a
topological charge, nearly across them for the skyrmion. What is asserted is spin transfer to a spiral, which has an
exact solution without Rashba coupling. Along x with wavevector q, m turns into t = (dm/dx)/q. In the frame
(m, t, m x t) the spin density S is constant and D d^2S/dx^2 = -D q^2 S_t t, so that, g the driving density gradient,

    (D q^2 + r) S_t + w S_n = D PF g q,    r S_n - w S_t = 0,    r = 1/tau_sf + 1/tau_phi,  w = 1/tau_ex,

n the third axis, and T = (w S_n + S_t/tau_phi) t + (S_n/tau_phi - w S_t) n.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fem_rashba import (
    Film,
    Solution,
    bloch_wall,
    config,
    force_density,
    neel_wall,
    probe,
    solve,
    spiral,
    texture_force,
    wire,
    zhang_li,
)
from fem_rashba.physics.magnetization import values
from fem_rashba.units import HBAR

HERE = Path(__file__).parent
PERIOD = 20.0  # nm
STYLE = {"font.size": 7, "axes.titlesize": 7, "axes.linewidth": 0.5, "xtick.major.width": 0.5, "ytick.major.width": 0.5}


def main(folder: Path) -> Path:
    """Solve, compare with the exact spiral, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    file = config.load(HERE / "textures.toml")
    bare = replace(file.film, rashba_parameter=0)
    check_spiral(bare)

    wall = {"center": ["30 nm", "30 nm"], "width": "5 nm"}
    textures = {"Neel wall": neel_wall(**wall), "Bloch wall": bloch_wall(**wall), "skyrmion": file.magnetization}
    device = file.shape.mesh(file.film, element_size=file.element_size, degree=file.degree)
    solutions = {}
    print("\nat 1 mV/nm             force x, y (meV/nm)   total torque x, y, z (meV)")
    for name, m in textures.items():
        for film in (bare, file.film):
            solution = solve(device, film, m, electric_field=file.electric_field, edges=file.edges, degree=file.degree)
            found = texture_force(solution)
            force, total = (1e3 * v + 0.0 for v in (found.force, found.total_torque))
            numbers = "  ".join(f"{v:9.4f}" for v in (*force.round(6), *total.round(6)))
            print(f"{name:10}  alpha {float(film.rashba_parameter):<5g} {numbers}")
        solutions[name] = solution  # that with Rashba coupling
    with rc_context(STYLE):
        draw(solutions).savefig(folder / "textures.png", metadata={"Software": None})
    return folder / "textures.png"


def check_spiral(film: Film) -> None:
    """Assert the torque in the middle of a long spiral."""
    c, q = film.coefficients, 2 * np.pi / PERIOD
    device = wire(length="80 nm", width="6 nm").mesh(film, element_size="1 nm")
    solution = solve(device, film, spiral(period=PERIOD), electric_field=["1 mV/nm", 0.0], edges="insulating")
    fit = zhang_li(solution, window=[[30, 0], [50, 6]])
    x = np.linspace(30, 50, 201)
    T = probe(solution, np.column_stack([x, np.full_like(x, 3)]))[:, 6:9]

    r, g = c.r_sf + c.r_phi, c.states * 1e-3
    S_t, S_n = np.linalg.solve([[c.D * q**2 + r, c.w], [-c.w, r]], [c.D * c.PF * g * q, 0])
    T_t, T_n = HBAR * (c.w * S_n + c.r_phi * S_t), HBAR * (c.r_phi * S_n - c.w * S_t)
    t = np.column_stack([-np.sin(q * x), 0 * x, np.cos(q * x)])
    off = np.linalg.norm(T - (T_t * t - T_n * np.array([0, 1, 0])), axis=1).max() / np.hypot(T_t, T_n)
    b = c.r_sf / c.w / (1 + (r / c.w) ** 2)
    print(f"spiral, period {PERIOD:g} nm        found      exact      (25), q -> 0")
    for name, found, exact, smooth in (
        ("adiabatic P_a", fit.adiabatic, T_t, c.PF * (1 - r / c.w * b)),
        ("nonadiabatic P_n", fit.nonadiabatic, -T_n, c.PF * b),
    ):
        print(f"  {name:24} {found:.7f}  {exact / (HBAR * c.D * g * q):.7f}  {smooth:.7f}")
    print(f"  torque off by {off:.0e} of its size, allowed 1e-3")
    assert off < 1e-3


def draw(solutions: dict[str, Solution]) -> Figure:
    """Maps of the torque (color T_z, arrows in the plane) and of the force density along the current."""
    figure = Figure(figsize=(15 / 2.54, 9.5 / 2.54), dpi=150, layout="constrained")
    axes = figure.subplots(2, 3, sharex=True, sharey=True)
    x = np.linspace(0.25, 59.75, 120)
    grid = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    coarse = np.s_[7::15, 7::15]
    maps = {}
    for name, solution in solutions.items():
        T = 1e6 * probe(solution, grid)[:, 6:9].T.reshape(3, 120, 120)
        push = 1e6 * force_density(solution, grid)[:, 0].reshape(120, 120)
        up = values(solution.problem.magnetization, *grid.T)[2].reshape(120, 120)
        maps[name] = T, push, up
    labels = (
        r"$T_z$ ($\mu$eV/nm$^2$); arrows $T_x, T_y$",
        r"$\mathbf{T}\cdot(\mathbf{m}\times\partial_x\mathbf{m})$ ($\mu$eV/nm$^3$)",
    )
    for row, label in enumerate(labels):
        pictures = {name: (T[2], push)[row] for name, (T, push, _) in maps.items()}
        inner = [abs(p[12:-12, 12:-12]).max() for p in pictures.values()]  # without the layers at the edges
        levels = np.linspace(-max(inner), max(inner), 24)  # none at 0: what is small stays white
        ticks = MaxNLocator(7).tick_values(levels[0], levels[-1])
        arrows = max(np.hypot(*T[:2]).max() for T, _, _ in maps.values())
        for ax, (name, picture) in zip(axes[row], pictures.items(), strict=True):
            color = ax.contourf(x, x, picture, levels, cmap="RdBu_r", extend="both")
            T, _, up = maps[name]
            ax.contour(x, x, up, levels=[0], colors="0.4", linewidths=0.6, linestyles="dashed")
            if row == 0:
                ax.quiver(x[coarse[0]], x[coarse[1]], *T[:2][:, *coarse], scale=12 * arrows, width=0.008, pivot="mid")
                ax.set_title(name)
            else:
                ax.set_xlabel("$x$ (nm)")
            ax.set_aspect("equal")
        axes[row, 0].set_ylabel("$y$ (nm)")
        figure.colorbar(color, ax=axes[row], label=label, shrink=0.9, ticks=ticks[abs(ticks) < levels[-1]])
    return figure


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "textures"))
