"""A turning magnetization pumps spin, and with spin-orbit coupling charge: (43) and (44) of the paper.

The magnetization starts to turn about y at t = 0. The spin in equilibrium no longer follows it; what stays behind is

    dS = -s0 tau_Delta/(1 + xi^2) (m x dm/dt + xi dm/dt)                                                       (43)

(the paper prints it without the minus). m x dm/dt points along y all the time, so dS does, and by the spin-galvanic
effect a direct current flows along x between the grounded terminals: j_x = e B S_y, proportional to the frequency (44).

    python demos/pumping/pumping.py [FOLDER]
"""

import sys
from pathlib import Path

import numpy as np
from scipy.io import netcdf_file

from fem_rashba import load
from fem_rashba.cli import main as fem_rashba
from fem_rashba.physics.dynamics import pumped_spin
from fem_rashba.results.panels import panels
from fem_rashba.units import SHEET_CURRENT

HERE = Path(__file__).parent
# (43) neglects D'yakonov-Perel relaxation, 0.085/ps beside the 11/ps of the other two
TOLERANCE = 1e-2


def main(folder: Path) -> Path:
    """Solve, compare with (43) and (44), draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / "solution"
    assert fem_rashba(["run", str(HERE / "pumping.toml"), "-o", str(out)]) == 0
    with netcdf_file(out / "series.nc", mmap=False) as series:
        t, S, j, width = (
            series.variables["time"][:].copy(),
            series.variables["spin_density"][:].copy(),
            series.variables["current"][:].copy(),
            12e-9,
        )
    film, rate = load(out).film, 2 * np.pi * 2e-3
    here = np.array([np.sin(rate * t[-1]), 0.0, np.cos(rate * t[-1])])
    expected = pumped_spin(film, here, rate * np.cross([0.0, 1.0, 0.0], here))
    current = SHEET_CURRENT * film.coefficients.B * expected[1] * width
    print("\nat the end       found          (43), (44)")
    for name, found, exact in (*zip("xyz", S[-1], expected, strict=True), ("I", j[-1, 1], -current)):
        print(f"  {'S_' + name if name != 'I' else 'I (A)':<14} {found:<14.6g} {exact:<14.6g}")
    assert abs(S[-1] - expected).max() < TOLERANCE * abs(expected).max()
    assert abs(j[-1, 1] + current) < TOLERANCE * abs(current)
    with panels(folder / "pumping.png", size=(8.6, 5.5)) as (axes,):
        axes.semilogx(1e3 * t[1:], 1e6 * S[1:, 1], "C0", lw=0.8, label="$S_y$")
        axes.axhline(1e6 * expected[1], color="C0", lw=0.5, ls=":", label="(43)")
        axes.set(xlabel="$t$ (fs)", ylabel="$S_y$ (10$^{-6}$ nm$^{-2}$)", xlim=(1, 1e3 * t[-1]))
        axes.legend()
    return folder / "pumping.png"


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "pumping"))
