"""Spin through a strip with Rashba coupling: it turns over, and makes a voltage along the strip.

A film without exchange has a strip 6 nm wide in which the Rashba coupling is on. Spin along z enters through the lower
edge, 1/(nm ps). In the plain film it decays over the spin-flip length, 11 nm. In the strip it precesses about x, by
k0 = 0.52 per nm of its way, from +z through -y to -z, and the S_y there drives a current along the strip (the inverse
spin-galvanic effect), which the floating source turns into a voltage. `spin_injection.toml` describes the device, the
command line solves it, and this script looks at the section halfway between source and drain.

    python demos/spin_injection/spin_injection.py [FOLDER]

There the section is that of an infinite wire of three layers, whose equations were solved by collocation, independently
of this program (`tests/references/layers.py`; a test compares the numbers below with it).
"""

import sys
from pathlib import Path

import numpy as np

from fem_rashba import load, probe, voltages
from fem_rashba.cli import main as fem_rashba
from fem_rashba.results.panels import panels

HERE = Path(__file__).parent
EXACT, FIELD = np.loadtxt(HERE / "exact.txt"), 1.64204957e-5  # y, S_y, S_z; the field that stops the current, V/nm


def main(folder: Path) -> Path:
    """Solve, compare with the exact layers, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    assert fem_rashba(["run", str(HERE / "spin_injection.toml"), "-o", str(folder / "solution")]) == 0
    solution, (y, *exact) = load(folder / "solution"), EXACT.T
    section = probe(solution, np.linspace((60, 0), (60, 18), 361))
    found, potential = section[np.searchsorted(section[:, 1], y), 4:6].T, probe(solution, [(50, 8), (70, 8)])[:, 9]
    error, field = abs(found - exact).max() / np.abs(exact).max(), (potential[0] - potential[1]) / 20
    print(f"\nS_z: {found[1, 0]:.5f} nm^-2 where it enters, {found[1, -1]:.5f} nm^-2 beyond; off by {error:.0e}")
    print(f"field: {1e6 * field:.3f} uV/nm, exactly {1e6 * FIELD:.3f}; voltage {voltages(solution)['source']:.3e} V")
    assert max(error, abs(field / FIELD - 1)) < 1e-4  # the ends, at 60 nm or five spin-flip lengths, and the elements
    with panels(folder / "spin_injection.png") as (axes,):
        axes.axvspan(5, 11, color="0.9", lw=0, label="Rashba strip")
        axes.plot(section[:, 1], 1e3 * section[:, 4:6], label=["$S_y$", "$S_z$"])
        axes.plot(y, 1e3 * np.transpose(exact), "ko", label=["exact", None])
        axes.set(xlabel="$y$ (nm)", ylabel="$S$ (10$^{-3}$ nm$^{-2}$)", xlim=(-0.3, 18.3))
        axes.legend()
    return folder / "spin_injection.png"


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "spin_injection"))
