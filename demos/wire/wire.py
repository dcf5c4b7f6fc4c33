"""Spin density across a wire: Fig. 2 of Wang, Ortiz Pauyac and Manchon, Phys. Rev. B 89, 054405 (2014).

A field of 1 mV/nm drives a current along a wire 50 nm wide whose magnetization points along the current. The Rashba
coupling turns this into a spin density S, zero at the edges: S_y along the Rashba field and, because S precesses about
the magnetization, S_z out of the plane. `wire.toml` describes the wire, the command line solves it for four Rashba
parameters, and this script reads the four solutions back and looks at the section x = 150 nm.

    python demos/wire/wire.py [FOLDER]

Halfway between the terminals the section is that of an infinite wire, whose equations have an exact solution. The
problem is linear: what is compared is S and the torque T per driving density gradient g = (e/eF) n0 E.
"""

import sys
from pathlib import Path

import numpy as np
from scipy.integrate import simpson

from fem_rashba import balance, load, probe
from fem_rashba.cli import main as fem_rashba
from fem_rashba.results.panels import panels
from fem_rashba.units import HBAR

HERE = Path(__file__).parent
# alpha (eV nm): S_y and S_z at y = 25 nm (nm), average fieldlike and dampinglike torque (hbar nm/ps), all per g
EXACT = {
    5e-4: (0.00301030446, -0.000255650572, 0.293681383, -0.00460270443),
    5e-3: (0.0299259796, -0.00300871965, 2.91971131, -0.0884635026),
    1e-2: (0.0583607593, -0.0085850859, 5.69862825, -0.419880057),
    5e-2: (0.0967114340, -0.0473163264, 9.96122032, -3.70627397),
}
# Elements of degree 3 on the automatic mesh: maps to 1e-4 of their maximum. The terminals change the section by less:
# their spin decays as exp(-150/11) = 1e-6 or faster, and their layers, in series with the wire, change g by up to 6e-5.
TOLERANCE = 1e-4


def main(folder: Path) -> Path:
    """Solve, compare with the exact wire, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    y = np.linspace(0, 50, 1001)
    profiles, rows = {}, []
    for alpha, exact in EXACT.items():
        out = str(folder / f"solution_{alpha:g}")
        toml, change = str(HERE / "wire.toml"), f"film.rashba_parameter={alpha} eV nm"
        assert fem_rashba(["run", toml, "-o", out, "--set", change]) == 0
        solution = load(out)
        g = solution.film.density / solution.film.fermi_energy * 1e-3  # nm^-3, at 1 mV/nm
        _, _, _, _, Sy, Sz, _, Ty, Tz, _ = probe(solution, np.column_stack([np.full_like(y, 150), y])).T
        profiles[alpha] = {"S_z": Sz, "S_y": Sy}
        # m = x^ and e = y^: the fieldlike torque lies along e x m = -z^, the dampinglike along m x (e x m) = y^
        found = np.array([Sy[500], Sz[500], -simpson(Tz, x=y) / 50 / HBAR, simpson(Ty, x=y) / 50 / HBAR]) / g
        largest = np.array([abs(f).max() for f in (Sy, Sz, Tz / HBAR, Ty / HBAR)]) / g
        error = max(abs(found - exact) / largest)
        assert error < TOLERANCE, f"alpha = {alpha} eV nm: {found} should be {exact}"
        rows.append((alpha, *found, error, balance(solution).spin))

    print("\nmiddle of the wire, per g; error: largest difference to the exact wire, as a part of the largest value")
    print("  alpha    S_y(25 nm)  S_z(25 nm)  fieldlike  dampinglike  error  spin balance")
    print("  eV nm    nm          nm          hbar nm/ps, averages")
    for row in rows:
        print("  {:<7g}  {:<10.6f}  {:<10.6f}  {:<9.5f}  {:<11.5f}  {:.0e}  {:.0e}".format(*row))
    with panels(folder / "wire.png", 2, 2, size=(8.6, 7.2), sharex=True) as axes:
        for k, (alpha, profile) in enumerate(profiles.items()):
            times, label = (10, rf"{alpha:g} ($\times$10)") if k == 0 else (1, f"{alpha:g}")
            for ax, (name, S) in zip(axes.reshape(2, 2)[k // 2], profile.items(), strict=True):
                ax.plot(y, 1e4 * times * S, f"C{k}", lw=1, ls=("-", "--")[k % 2], label=label)
                ax.set(ylabel=f"${name}$ (10$^{{-4}}$ nm$^{{-2}}$)", xlim=(0, 50))
            axes[k // 2 * 2 + 1].legend(title=r"$\alpha$ (eV nm)")
            axes[2 + k % 2].set_xlabel("$y$ (nm)")
    return folder / "wire.png"


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "wire"))
