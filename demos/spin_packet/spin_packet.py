"""A packet of spin spreads, precesses and relaxes in a wire that no spin can leave.

Without spin-orbit coupling diffusion takes no part in the average of S over the wire. It obeys (17) without gradients,

    d<S>/dt = w m x <S> - r_phi m x (<S> x m) - r_sf <S>,

so that with m along z <S_z> decays with 1/tau_sf, and <S_x> and <S_y> turn with w = 1/tau_Delta while they decay with
1/tau_sf + 1/tau_phi. `spin_packet.toml` describes the wire and the packet; the command line solves it, and this script
reads the time series.

    python demos/spin_packet/spin_packet.py [FOLDER]
"""

import sys
from pathlib import Path

import numpy as np
from scipy.io import netcdf_file

from fem_rashba import load
from fem_rashba.cli import main as fem_rashba
from fem_rashba.results.panels import panels

HERE = Path(__file__).parent
# of the largest average; the tolerance of one step is 1e-4, and errors of many steps add up
TOLERANCE = 5e-3


def main(folder: Path) -> Path:
    """Solve, compare with the exact averages, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / "solution"
    assert fem_rashba(["run", str(HERE / "spin_packet.toml"), "-o", str(out)]) == 0
    with netcdf_file(out / "series.nc", mmap=False) as series:
        t, S = series.variables["time"][:].copy(), series.variables["spin_density"][:].copy()
    exact = averages(load(out).film.coefficients, S[0], t)
    error = abs(S - exact).max() / abs(S).max()
    print(f"\n{len(t) - 1} steps; largest difference to the exact averages: {error:.1e} of the largest average")
    assert error < TOLERANCE
    with panels(folder / "spin_packet.png", size=(8.6, 5.5)) as (axes,):
        fine = np.linspace(0, t[-1], 500)
        for k, name in enumerate("xyz"):
            axes.plot(fine, averages(load(out).film.coefficients, S[0], fine)[:, k], f"C{k}", lw=0.8)
            axes.plot(t, S[:, k], f"C{k}o", ms=1.5, label=rf"$\langle S_{name}\rangle$")
        axes.set(xlabel="$t$ (ps)", ylabel="average spin density (nm$^{-2}$)", xlim=(0, t[-1]))
        axes.legend()
    return folder / "spin_packet.png"


def averages(c, start: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The exact average of S at times t, shape (times, 3)."""
    turning = (start[0] + 1j * start[1]) * np.exp((1j * c.w - c.r_sf - c.r_phi) * t)
    return np.column_stack([turning.real, turning.imag, start[2] * np.exp(-c.r_sf * t)])


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "spin_packet"))
