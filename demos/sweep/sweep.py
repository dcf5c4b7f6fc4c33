"""Torque against the polar angle of m and the Rashba parameter: one TOML file, one command, one dataset.

`sweep.toml` sweeps three keys of a wire 12 nm wide with S = 0 at its edges: the Rashba parameter, the length and the
angle theta of m from the normal towards the current. The difference between two lengths is a piece of an infinite wire:
what the terminals change cancels, up to their decay. Its torque is split with e = y and drawn in units of the driving
density gradient g = (e/eF) n0 E.

    python demos/sweep/sweep.py [FOLDER]

What is known: the infinite wire has an exact solution.
"""

import sys
from pathlib import Path

import numpy as np
import xarray as xr

from fem_rashba.cli import main as fem_rashba
from fem_rashba.config import sweeping
from fem_rashba.results.panels import panels
from fem_rashba.units import HBAR

HERE = Path(__file__).parent
EXACT = np.loadtxt(HERE / "exact.txt")  # alpha; fieldlike torque at 30 and 60 deg, dampinglike torque there


def main(folder: Path) -> Path:
    """Sweep, compare with the exact wire, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    assert fem_rashba(["sweep", str(HERE / "sweep.toml"), "-o", str(folder / "sweep.nc")]) == 0
    first, data = sweeping.load(HERE / "sweep.toml").config(0), xr.load_dataset(folder / "sweep.nc", engine="h5netcdf")
    per_g = HBAR * first.film.coefficients.states * first.electric_field[0]
    Tx, Ty, Tz = data["torque_total"].diff("length").squeeze().transpose("component", ...) / (12 * 12) / per_g
    parts = ("fieldlike", Tx * np.cos(Tx["theta"]) - Tz * np.sin(Tz["theta"])), ("dampinglike", Ty)
    with panels(folder / "sweep.png", columns=2) as axes:
        for ax, (name, torque) in zip(axes, parts, strict=True):
            found, exact = torque.isel(theta=[2, 4]).values, EXACT[:, 1:3] if name == "fieldlike" else EXACT[:, 3:]
            print(f"{name} at 30 and 60 deg, hbar nm/ps per g, a row for each alpha:\n{found}")
            assert (abs(found - exact) < 1e-5 * EXACT[:, 1:2]).all(), f"{name} should be {exact}"
            ax.plot(np.degrees(torque["theta"]), torque.T, label=EXACT[:, 0])
            ax.plot([30, 60], exact.T, "kx")
            ax.set(xlabel=r"$\theta$ (deg)", ylabel=rf"{name} ($\hbar$ nm/ps per $g$)", xticks=range(0, 91, 30))
        axes[1].legend(title=r"$\alpha$ (eV nm); x: exact", loc="center")
    return folder / "sweep.png"


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "sweep"))
