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
from matplotlib import rc_context
from matplotlib.figure import Figure

from fem_rashba import load, probe, voltages
from fem_rashba.cli import main as fem_rashba

HERE = Path(__file__).parent
# y (nm): S_y, S_z (nm^-2) of the infinite wire; and the field (V/nm) that stops its current
EXACT = {
    0.0: (-0.00384233, 0.05311245),
    5.0: (-0.00423653, 0.01683642),
    7.0: (-0.00978036, 0.00212369),
    9.0: (-0.00463940, -0.00303986),
    11.0: (-0.00026019, -0.00341911),
    18.0: (-0.00021604, -0.00283900),
}
FIELD = 1.64204957e-5
# what the ends change at 60 nm, five spin-flip lengths away, and the elements
TOLERANCE = 1e-4
STYLE = {"font.size": 7, "axes.linewidth": 0.5, "xtick.major.width": 0.5, "ytick.major.width": 0.5}


def main(folder: Path) -> Path:
    """Solve, compare with the exact layers, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    assert fem_rashba(["run", str(HERE / "spin_injection.toml"), "-o", str(folder / "solution")]) == 0
    solution = load(folder / "solution")
    heights, along = np.linspace(0, 18, 361), np.linspace(0, 120, 241)
    section = probe(solution, np.column_stack([np.full_like(heights, 60), heights]))[:, 4:6]
    potential = probe(solution, np.column_stack([along, np.full_like(along, 8)]))[:, 9]
    field = (potential[100] - potential[140]) / 20
    exact = np.array(list(EXACT.values()))
    found = section[np.searchsorted(heights, list(EXACT))]
    error = abs(found - exact).max() / abs(exact).max()
    print(f"\nS_z: {found[0, 1]:.5f} nm^-2 where it enters, {found[-1, 1]:.5f} nm^-2 beyond the strip")
    print(f"largest difference to the exact layers: {error:.0e} of the largest value")
    voltage = voltages(solution)["source"]
    print(f"field: {1e6 * field:.3f} uV/nm, exactly {1e6 * FIELD:.3f}; voltage {1e3 * voltage:.3f} mV")
    assert error < TOLERANCE
    assert abs(field / FIELD - 1) < TOLERANCE
    with rc_context(STYLE):
        figure = Figure(figsize=(8.6 / 2.54, 5 / 2.54), dpi=300, layout="constrained")
        left, right = figure.subplots(1, 2)
        left.axvspan(5, 11, color="0.9", lw=0)
        for k, name in enumerate("yz"):
            left.plot(heights, 1e3 * section[:, k], f"C{k}", lw=1, label=f"$S_{name}$")
            left.plot(list(EXACT), 1e3 * exact[:, k], "ko", ms=2, label="exact" if k else None)
        left.set(xlabel="$y$ (nm)", ylabel="$S$ (10$^{-3}$ nm$^{-2}$)", xlim=(-0.3, 18.3), ylim=(-13, 56))
        left.legend(frameon=False)
        right.plot(along, 1e3 * potential, "C2", lw=1)
        right.set(xlabel="$x$ (nm)", ylabel="potential at $y$ = 8 nm (mV)", xlim=(0, 120))
        figure.savefig(folder / "spin_injection.png", metadata={"Software": None})
    return folder / "spin_injection.png"


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "spin_injection"))
