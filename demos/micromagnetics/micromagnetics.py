"""From the file of a micromagnetic program to the spin-orbit field on it, and back.

`skyrmion.ovf` is a Neel skyrmion in a strip on 60 x 30 cells of 2 nm, written by discretisedfield (Ubermag); files of
mumax3 and OOMMF are read the same way. The command line solves it with 1 uA along x and writes torque and effective
field on the same grid, for mumax3's B_ext.Add(LoadFile("B.ovf"), 1), say.

    python demos/micromagnetics/micromagnetics.py [FOLDER]

Three checks. discretisedfield reads both files: -M x B must be the torque. Far from the skyrmion and from edges the
field must be that of the infinite medium, m = z^, in the mean electric field; skyrmion and edges bend the current by
less than 1e-3. And m of the file covers the sphere once: Q = (1/4 pi) int m.(d_x m x d_y m) = -1, up to the cells.
"""

import sys
from pathlib import Path

import discretisedfield
import numpy as np
from matplotlib import style
from matplotlib.figure import Figure

from fem_rashba import load, texture_force, voltages
from fem_rashba.cli import main as fem_rashba
from fem_rashba.physics.bulk import infinite_medium

HERE = Path(__file__).parent
MS, THICKNESS = 1e6, 1e-9  # A/m, m


def main(folder: Path) -> Path:
    """Solve, write, read, compare, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    assert fem_rashba(["run", str(HERE / "micromagnetics.toml"), "-o", str(folder / "solution")]) == 0
    read = {}
    for quantity in ("magnetization", "torque", "effective_field"):
        path = str(folder / f"{quantity}.ovf")
        assert fem_rashba(["ovf", str(folder / "solution"), "-o", path, "--quantity", quantity]) == 0
        read[quantity] = discretisedfield.Field.from_file(path).array[:, :, 0]
    m, T, B = read.values()  # J/m^3, T

    solution = load(folder / "solution")
    bulk = infinite_medium(solution.film, np.array([0.0, 0.0, 1.0]), [voltages(solution)["source"] / 120, 0.0])
    exact = np.cross([0, 0, 1], bulk.torque * 1.602176634e-19 / 1e-18) / (MS * THICKNESS)
    off = [abs(np.cross(B, MS * m) - T).max() / abs(T).max(), abs(B[12, 15] - exact).max() / abs(exact).max()]
    charge = texture_force(solution).topological_charge
    print(f"\nfield far from the skyrmion  ({1e3 * B[12, 15, 0]:.5f}, {1e3 * B[12, 15, 1]:.5f}) mT")
    print(f"  infinite medium            ({1e3 * exact[0]:.5f}, {1e3 * exact[1]:.5f}) mT; off by {off[1]:.0e}")
    print(f"-M x B against the torque    off by {off[0]:.0e}, cells are averages")
    print(f"topological charge           {charge:.4f}")
    assert off[0] < 0.02
    assert off[1] < 1e-3
    assert abs(charge + 1) < 0.02
    return drawn(folder / "micromagnetics.png", m, 1e3 * B)


def drawn(path: Path, m: np.ndarray, B: np.ndarray) -> Path:
    """m and B (mT) on the grid: the component along z as colour, those in the plane as arrows."""
    x, y = np.arange(60) * 2 + 1, np.arange(30) * 2 + 1
    # discretisedfield changes matplotlib's own sizes
    with style.context(["default", {"font.size": 7, "axes.titlesize": 7, "axes.linewidth": 0.5}]):
        figure = Figure(figsize=(8.6 / 2.54, 8.2 / 2.54), dpi=250, layout="constrained")
        panels = figure.subplots(2, 1, sharex=True)
        for axes, field, title in zip(panels, (m, B), ("magnetization", "effective field (mT)"), strict=True):
            limit = np.abs(field[..., 2]).max()
            image = axes.pcolormesh(x, y, field[..., 2].T, cmap="RdBu_r", vmin=-limit, vmax=limit, rasterized=True)
            few = np.s_[1::3, 1::3]
            along, up = (field[..., i][few].T for i in (0, 1))
            longest = np.hypot(along, up).max() / 5.5
            axes.quiver(x[1::3], y[1::3], along, up, pivot="mid", width=0.004, scale_units="xy", scale=longest)
            figure.colorbar(image, ax=axes, label="$z$ component")
            axes.set(aspect="equal", ylabel="$y$ (nm)", title=title)
        axes.set_xlabel("$x$ (nm)")
        figure.savefig(path, metadata={"Software": None})
    return path


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "micromagnetics"))
