"""Current and torque concentrate in a constriction: a strip with a slit, and two references for it.

`notched_strip.toml` puts 10 mV across a strip 50 nm wide that a slit narrows to 20 nm over 80 nm. The command line
solves it and draws the maps; this script reads the solution back.

    python demos/notched_strip/notched_strip.py [FOLDER]

First check, torque. Halfway along the constriction the current is straight again but for exp(-pi 40/20) = 2e-3, so the
section is that of an infinite wire 20 nm wide, for which the averaged torque per driving gradient is known exactly.

Second check, charge. Without Rashba coupling the film is an Ohmic sheet, and conformal mapping gives the resistance of
a sudden step from a width b to k b: on top of the squares of both parts

    step = [(k + 1/k) ln((k + 1)/(k - 1)) - 2 ln(4k/(k^2 - 1))] / pi    squares.

The resistance is (170/50 + 80/20 + 2 step) R_sheet but for exp(-2 pi 85/50) = 2e-5: each step is 85 nm, 1.7 widths,
from a terminal, and 4 widths from the other step.
"""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.integrate import simpson

from fem_rashba import Ground, Voltage, balance, load, notched_strip, probe, resistance, solve, uniform
from fem_rashba.cli import main as fem_rashba
from fem_rashba.units import HBAR

HERE = Path(__file__).parent
LENGTH, WIDTH, SLIT, DEPTH = 250.0, 50.0, 80.0, 30.0
NARROW = WIDTH - DEPTH
# of a wire 20 nm wide with these parameters: average torque per driving gradient, hbar nm/ps
FIELDLIKE, DAMPINGLIKE = 5.36368148, -0.637348992


def main(folder: Path) -> Path:
    """Solve, compare with both references; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    assert fem_rashba(["run", str(HERE / "notched_strip.toml"), "-o", str(folder / "solution")]) == 0
    solution = load(folder / "solution")
    film, worth = solution.film, balance(solution)

    middle, y = LENGTH / 2, np.linspace(0, NARROW, 801)
    ends = probe(solution, np.array([[middle - 2, NARROW / 2], [middle + 2, NARROW / 2]]))
    g = -film.density / film.fermi_energy * (ends[1, -1] - ends[0, -1]) / 4  # nm^-3
    section = probe(solution, np.column_stack([np.full_like(y, middle), y]))
    # m = x^ and e = y^: the fieldlike torque lies along e x m = -z^, the dampinglike along m x (e x m) = y^
    found = np.array([simpson(-section[:, 8], x=y), simpson(section[:, 7], x=y)]) / NARROW / HBAR / g
    off = found / (FIELDLIKE, DAMPINGLIKE) - 1
    allowed = np.exp(-np.pi * SLIT / 2 / NARROW)
    print("\nmiddle of the constriction, average torque per driving gradient, hbar nm/ps")
    print(f"  fieldlike    {found[0]:.6f}, wire {FIELDLIKE:.6f}; off by {off[0]:.0e}, allowed {allowed:.0e}")
    print(f"  dampinglike  {found[1]:.6f}, wire {DAMPINGLIKE:.6f}; off by {off[1]:.0e}, allowed {allowed:.0e}")
    print(f"balances       charge {worth.charge:.0e}, sections {worth.section:.0e}, spin {worth.spin:.0e}")
    assert (abs(off) < allowed).all()

    ohmic = replace(film, rashba_parameter=0)
    strip = notched_strip(length=LENGTH, width=WIDTH, notch_width=SLIT, notch_depth=DEPTH, notch="slit")
    drive = {"source": Voltage("10 mV"), "drain": Ground()}
    plain = solve(strip.mesh(ohmic, degree=2), ohmic, uniform([1, 0, 0]), terminals=drive, degree=2)
    squares = resistance(plain, "source", "drain") / ohmic.sheet_resistance
    k = WIDTH / NARROW
    step = ((k + 1 / k) * np.log((k + 1) / (k - 1)) - 2 * np.log(4 * k / (k * k - 1))) / np.pi
    exact = (LENGTH - SLIT) / WIDTH + SLIT / NARROW + 2 * step
    print(f"squares        {squares:.5f} at alpha = 0, to be {exact:.5f}; off by {squares / exact - 1:.0e}")
    assert abs(squares / exact - 1) < np.exp(-np.pi * (LENGTH - SLIT) / WIDTH)
    return Path(shutil.copy(folder / "solution" / "fieldlike.png", folder / "notched_strip.png"))


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "notched_strip"))
