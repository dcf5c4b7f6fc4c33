"""Spin-transfer torque on a domain wall, and what a weak Rashba coupling adds to it.

A current through a wall brings spin that no longer points along the local magnetization. `domain_wall.toml` describes a
Neel wall 20 nm wide in a strip without Rashba coupling; the command line solves it, once as it is and once with a weak
coupling; this script reads both back and looks at the torque along the middle of the strip.

    python demos/domain_wall/domain_wall.py [FOLDER]

Without Rashba coupling the spin source is Y = D PF (G.grad) m, G the driving density gradient. In a wall much wider
than the exchange length l, diffusion inside the wall can be left out, and the torque is (25) of the paper:

    T = (1 - xi b) Y - b m x Y,    b = beta/(1 + xi^2),  beta = tau_ex/tau_sf,  xi = tau_ex (1/tau_sf + 1/tau_phi),

tau_ex the exchange time: an adiabatic part along dm/dx and a nonadiabatic one along m x dm/dx. What was left out is
smaller by (l/width of the wall)^2, because D d^2S/dx^2 competes with the precession S/tau_ex.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from fem_rashba import balance, load, probe
from fem_rashba.cli import main as fem_rashba
from fem_rashba.units import HBAR

HERE = Path(__file__).parent
WIDTH, WEAK = 20.0, 1e-4  # nm, eV nm
STYLE = {"font.size": 7, "axes.titlesize": 7, "axes.linewidth": 0.5, "xtick.major.width": 0.5, "ytick.major.width": 0.5}


def main(folder: Path) -> Path:
    """Solve, compare with the closed form, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    x = np.linspace(80, 220, 281)
    u = (x - 150) / WIDTH
    m = np.array([1 / np.cosh(u), 0 * u, np.tanh(u)])
    adiabatic = np.array([-np.tanh(u), 0 * u, 1 / np.cosh(u)])  # unit vector along dm/dx
    nonadiabatic = np.cross(m, adiabatic, axis=0)
    parts = {}
    for alpha in (0, WEAK):
        out, change = str(folder / f"solution_{alpha:g}"), f"film.rashba_parameter={alpha} eV nm"
        assert fem_rashba(["run", str(HERE / "domain_wall.toml"), "-o", out, "--set", change]) == 0
        T = probe(load(out), np.column_stack([x, np.full_like(x, 10)]))[:, 6:9].T  # eV/nm^2
        parts[alpha] = np.array([(T * adiabatic).sum(axis=0), (T * nonadiabatic).sum(axis=0)])

    solution = load(folder / "solution_0")
    film, c, worth = solution.film, solution.film.coefficients, balance(solution)
    xi = (c.r_sf + c.r_phi) / c.w
    b = c.r_sf / c.w / (1 + xi**2)
    Y = HBAR * c.D * c.PF * (film.density / film.fermi_energy * 1e-3) / WIDTH / np.cosh(u)  # |dm/dx| = sech(u)/width
    exact = np.array([(1 - xi * b) * Y, -b * Y])
    off = abs(parts[0] - exact).max() / Y.max()
    allowed = (film.lengths.exchange / WIDTH) ** 2
    peak = 1e6 * np.array([parts[0][:, 140], exact[:, 140]])
    print("\ncenter of the wall, torque in ueV/nm^2    alpha = 0    closed form")
    print(f"  adiabatic                               {peak[0, 0]:<11.5f}  {peak[1, 0]:.5f}")
    print(f"  nonadiabatic                            {peak[0, 1]:<11.5f}  {peak[1, 1]:.5f}")
    print(f"largest difference anywhere: {off:.1e} of the largest source, allowed (l/width)^2 = {allowed:.1e}")
    print(f"balances: charge {worth.charge:.0e}, sections {worth.section:.0e}, spin {worth.spin:.0e}")
    assert off < allowed
    with rc_context(STYLE):
        figure = Figure(figsize=(8.6 / 2.54, 4.8 / 2.54), dpi=300, layout="constrained")
        for k, (axes, name) in enumerate(zip(figure.subplots(1, 2), ("adiabatic", "nonadiabatic"), strict=True)):
            for alpha, style, label in ((0, "C0-", r"$\alpha$ = 0"), (WEAK, "C3--", r"$\alpha$ = 10$^{-4}$ eV nm")):
                axes.plot(x, 1e6 * parts[alpha][k], style, lw=1, label=label)
            axes.plot(x[::14], 1e6 * exact[k][::14], "ko", ms=2, label=r"(25), $\alpha$ = 0")
            axes.set(xlabel="$x$ (nm)", xlim=(x[0], x[-1]), title=f"{name} ($\\mu$eV/nm$^2$)")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
        figure.savefig(folder / "domain_wall.png", metadata={"Software": None})
    return folder / "domain_wall.png"


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "domain_wall"))
