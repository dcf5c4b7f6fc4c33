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
from matplotlib import rc_context
from matplotlib.figure import Figure

from fem_rashba.cli import main as fem_rashba
from fem_rashba.config import sweeping
from fem_rashba.units import HBAR

HERE = Path(__file__).parent
# alpha (eV nm): average fieldlike and dampinglike torque of the exact wire at 30 and 60 degrees, hbar nm/ps per g
EXACT = {
    0.005: ((2.60283268, -0.354931492), (2.59710666, -0.360732225)),
    0.01: ((5.08371613, -0.838991293), (5.02974418, -0.868417315)),
    0.02: ((9.03604632, -2.60111951), (8.58038048, -2.53407345)),
}
STYLE = {"font.size": 7, "axes.linewidth": 0.5, "xtick.major.width": 0.5, "ytick.major.width": 0.5}


def main(folder: Path) -> Path:
    """Sweep, compare with the exact wire, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    assert fem_rashba(["sweep", str(HERE / "sweep.toml"), "-o", str(folder / "sweep.nc")]) == 0
    first = sweeping.load(HERE / "sweep.toml").config(0)
    per_g = HBAR * first.film.coefficients.states * first.electric_field[0]
    with xr.open_dataset(folder / "sweep.nc", engine="h5netcdf") as data, rc_context(STYLE):
        piece = data["torque_total"].diff("length").isel(length=0) / (12 * 12) / per_g
        m = data["magnetization"].isel(length=0)
        crossed = xr.cross(xr.zeros_like(m) + [0, 1, 0], m, dim="component")
        split = {"fieldlike": crossed, "dampinglike": xr.cross(m, crossed, dim="component")}
        parts = {name: (piece * vector).sum("component") for name, vector in split.items()}  # e and m are perpendicular
        figure = Figure(figsize=(8.6 / 2.54, 5 / 2.54), dpi=300, layout="constrained")
        for axes, (name, torque), column in zip(figure.subplots(1, 2), parts.items(), range(2), strict=True):
            for k, (alpha, exact) in enumerate(EXACT.items()):
                curve = torque.sel(rashba_parameter=alpha)
                at = curve.sel(theta=np.radians([30, 60]), method="nearest")
                known = np.array(exact)[:, column]
                error = abs(at - known).max().item() / abs(np.array(exact)).max()
                print(
                    f"alpha = {alpha} eV nm: {name} {at.values} hbar nm/ps per g; exact wire {known}; error {error:.0e}"
                )
                assert error < 1e-5, (name, alpha, error)
                axes.plot(np.degrees(curve["theta"]), curve, f"C{k}", lw=1, label=f"{alpha:g}")
                axes.plot([30, 60], known, f"C{k}x", ms=4)
            axes.set(xlabel=r"$\theta$ (deg)", ylabel=rf"{name} ($\hbar$ nm/ps per $g$)", xticks=range(0, 91, 30))
        figure.axes[1].legend(title=r"$\alpha$ (eV nm), exact: x", frameon=False, loc="center")
        figure.savefig(folder / "sweep.png", metadata={"Software": None})
    return folder / "sweep.png"


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "sweep"))
