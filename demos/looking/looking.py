"""Where the spin current of a domain wall goes: a line cut, streamlines, currents through cuts, and a report.

The current carries spin along m, and m turns by 180 degrees at the wall. `looking.toml` has no Rashba coupling, no spin
flip, and edges that let no spin through: spin then can leave only into the magnetization. What comes in through a cut
before the wall and does not go out through one behind it is the torque on the wall, because angular momentum is
conserved:

    hbar (J_before - J_after) = int T,

the left-hand side from the currents of the fields, the right-hand side from the spin density. If the spin followed m
without any accumulation, both would be hbar PF (I/e) (m_after - m_before): 2 hbar PF for each electron, along z.

    python demos/looking/looking.py [FOLDER]
"""

import shutil
import sys
from pathlib import Path

import numpy as np

from fem_rashba import current_through, load, torque
from fem_rashba.cli import main as fem_rashba
from fem_rashba.units import AMPERE_PER_RATE, HBAR

HERE = Path(__file__).parent


def main(folder: Path) -> Path:
    """Solve, look, compare; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    out = str(folder / "solution")
    for command in (
        ["run", str(HERE / "looking.toml"), "-o", out],
        ["plot", out, "--quantity", "spin_current_z", "torque", "-o", str(folder / "maps")],
        ["plot", out, "--line", "0,10", "100,10", "-o", str(folder / "line.png")],
        ["report", out, "-o", str(folder / "report.html")],
    ):
        assert fem_rashba(command) == 0
    solution = load(out)
    before, after = (current_through(solution, [(x, 0), (x, 20)]) for x in (10, 90))
    lost, taken = HBAR * (before.spin - after.spin), torque(solution).total
    follows = 2 * HBAR * solution.film.coefficients.PF * before.charge / AMPERE_PER_RATE
    print(f"\ncharge through the cuts     {before.charge * 1e6:.6f} uA, {after.charge * 1e6:.6f} uA")
    print(f"spin current through them   {before.spin_amperes[2]:.6g} A, {after.spin_amperes[2]:.6g} A (z)")
    print(f"spin lost, torque on it     {lost[2]:.6g} eV, {taken[2]:.6g} eV; if the spin followed m {follows:.6g} eV")
    assert np.abs(lost - taken).max() < 1e-4 * np.abs(taken).max()
    return Path(shutil.copy(folder / "maps" / "spin_current_z.png", folder / "looking.png"))


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "looking"))
