"""From the file of a micromagnetic program to the spin-orbit field on it, and back.

`skyrmion.ovf` is a Neel skyrmion in a strip on 60 x 30 cells of 2 nm, written by discretisedfield (Ubermag); files of
mumax3 and OOMMF are read the same way. The command line solves it with 1 uA along x; torque and effective field are
written on the same grid, for mumax3's B_ext.Add(LoadFile("B.ovf"), 1), say.

    python demos/micromagnetics/micromagnetics.py [FOLDER]

Three checks. discretisedfield reads both files: -M x B must be the torque. Far from the skyrmion and from edges the
field must be that of the infinite medium, m = z^, in the mean electric field; skyrmion and edges bend the current by
less than 1e-3. And m of the file covers the sphere once: Q = (1/4 pi) int m.(d_x m x d_y m) = -1, up to the cells.
"""

import sys
from pathlib import Path

import numpy as np
from discretisedfield import Field

from fem_rashba import load, save_ovf, texture_force, voltages
from fem_rashba.cli import main as fem_rashba
from fem_rashba.physics.bulk import infinite_medium
from fem_rashba.results.panels import panels

HERE = Path(__file__).parent


def main(folder: Path) -> Path:
    """Solve, write, read, compare, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    assert fem_rashba(["run", str(HERE / "micromagnetics.toml"), "-o", str(folder / "solution")]) == 0
    solution, names = load(folder / "solution"), ("magnetization", "torque", "effective_field")
    for name in names:
        save_ovf(solution, folder / f"{name}.ovf", quantity=name)
    m, T, B = (Field.from_file(str(folder / f"{name}.ovf")).array[:, :, 0] for name in names)
    bulk = infinite_medium(solution.film, np.array([0.0, 0.0, 1.0]), [voltages(solution)["source"] / 120, 0.0])
    exact = np.cross([0, 0, 1], bulk.torque * 1.602176634e-19 / 1e-18) / (1e6 * 1e-9)  # M_s = 1 MA/m, t = 1 nm
    off = abs(np.cross(B, 1e6 * m) - T).max() / abs(T).max(), abs(B[12, 15] - exact).max() / abs(exact).max()
    print(f"\nfar from the skyrmion B = {1e3 * B[12, 15].round(8)} mT, off by {off[1]:.0e}; -M x B off by {off[0]:.0e}")
    assert off[0] < 0.02 and off[1] < 1e-3 and abs(texture_force(solution).topological_charge + 1) < 0.02
    labels = {"xlabel": "$x$ (nm)", "ylabel": "$y$ (nm)"}
    with panels(folder / "micromagnetics.png", rows=2, size=(8.6, 9.0), subplot_kw=labels) as axes:
        for ax, v, label in zip(axes, (m.T, 1e3 * B.T), ("$m_z$", "$B_z$ (mT)"), strict=True):
            ax.figure.colorbar(ax.imshow(v[2], "RdBu_r", origin="lower", extent=(0, 120, 0, 60)), ax=ax, label=label)
            ax.quiver(range(3, 120, 6), range(3, 60, 6), *v[:2, 1::3, 1::3], pivot="mid", scale=24 * abs(v[:2]).max())
    return folder / "micromagnetics.png"


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "micromagnetics"))
