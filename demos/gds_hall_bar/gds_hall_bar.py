"""From a mask drawing to a torque map: a Hall bar in GDSII, written by KLayout, with a hole and a dead end.

`gds_hall_bar.toml` says which layers are film, hole, contacts and the region without exchange. One command does the
rest:

    fem-rashba run demos/gds_hall_bar/gds_hall_bar.toml -o out

    python demos/gds_hall_bar/gds_hall_bar.py [FOLDER]

First check, the drawing: the area of the film is that of a bar of 200 nm x 40 nm, of four probes with feet (30 nm x 10
nm and 27 nm^2 each) without a hole of 8 nm x 8 nm, turned by 45 degrees. Second check, Kirchhoff's law. Third check,
torque: between the probes the current spreads evenly over 40 nm, and away from the edges the torque is that of an
infinite medium in the field of that current; the edges fade as exp(-distance/longest length of the film).
"""

import shutil
import sys
from pathlib import Path

import numpy as np

from fem_rashba import currents, load, probe, voltages
from fem_rashba.cli import main as fem_rashba
from fem_rashba.physics.bulk import infinite_medium

HERE = Path(__file__).parent
AREA, WIDTH, CURRENT = 200 * 40 + 4 * (30 * 10 + 27) - 8 * 8, 40.0, 1e-6


def main(folder: Path) -> Path:
    """Solve, check area, currents and torque; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    assert fem_rashba(["run", str(HERE / "gds_hall_bar.toml"), "-o", str(folder / "solution")]) == 0
    solution = load(folder / "solution")
    film, area, volts, amperes = solution.film, solution.device.area, voltages(solution), currents(solution)
    print(f"\narea of the film      {area:.3f} nm^2, as drawn {AREA} nm^2")
    print(f"sum of the currents   {sum(amperes.values()):.0e} A of {amperes['source']:.0e} A")
    print(f"four-point resistance {(volts['left1'] - volts['left2']) / CURRENT:.1f} Ohm, two squares less the part in")
    print(f"  the probes; a square is {film.sheet_resistance:.1f} Ohm")
    found = probe(solution, np.array([[100.0, 0.0]]))[0, 6:9]
    bulk = infinite_medium(film, np.array([0.0, 0.0, 1.0]), (CURRENT * film.sheet_resistance / WIDTH, 0.0)).torque
    off, allowed = np.linalg.norm(found - bulk) / np.linalg.norm(bulk), np.exp(-WIDTH / 2 / film.lengths.longest)
    print(f"torque in the middle  ({found[0]:.5g}, {found[1]:.5g}) eV/nm^2")
    print(f"  infinite medium     ({bulk[0]:.5g}, {bulk[1]:.5g}) eV/nm^2; off by {off:.0e}, allowed {allowed:.0e}")
    assert abs(area / AREA - 1) < 1e-9 and abs(sum(amperes.values())) < 1e-9 * CURRENT
    assert off < allowed
    return Path(shutil.copy(folder / "solution" / "dampinglike.png", folder / "gds_hall_bar.png"))


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "gds_hall_bar"))
