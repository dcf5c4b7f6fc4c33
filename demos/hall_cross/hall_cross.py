"""Resistance, Hall voltage and spin-orbit torque of a Hall cross, and two closed forms that they must meet.

`hall_cross.toml` sends 1 uA through a cross of 50 nm wide arms whose magnetization points out of the plane. The command
line solves it and draws the maps; this script reads the solution back.

    python demos/hall_cross/hall_cross.py [FOLDER]

First check, torque. For m = z^ the equations have no direction of their own in the plane, and the current comes from a
potential that solves Laplace's equation nearly everywhere: every derivative that the next order could contain, lap G,
grad div G or curl G, vanishes. Away from the edges the torque therefore is that of an infinite medium at the local
driving gradient G, however G varies; the edges fade as exp(-distance/longest length of the film).

Second check, charge. Without Rashba coupling the film is an Ohmic sheet. Van der Pauw's theorem gives the voltage
between two neighbouring arms per current between the other two: (ln 2 / pi) times the sheet resistance, if the arms are
long; arms 2 widths long change that by about exp(-2 pi 2) = 3.5e-6.
"""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from fem_rashba import Ground, Voltage, balance, currents, hall_cross, load, probe, solve, uniform, voltages
from fem_rashba.cli import main as fem_rashba
from fem_rashba.units import HBAR

HERE = Path(__file__).parent
WIDTH, LENGTH, Z = 50.0, 100.0, np.array([0.0, 0.0, 1.0])


def main(folder: Path) -> Path:
    """Solve, compare with both closed forms; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    assert fem_rashba(["run", str(HERE / "hall_cross.toml"), "-o", str(folder / "solution")]) == 0
    solution = load(folder / "solution")
    film, c = solution.film, solution.film.coefficients

    # G = -(n0/eF) grad(potential), from points 0.25 nm around the center; the torque is that at the center
    points = 0.25 * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
    at = probe(solution, points)
    potential, T = at[:, -1], at[0, 6:9]
    Gx, Gy = -film.density / film.fermi_energy * (potential[[1, 3]] - potential[[2, 4]]) / 0.5
    # the drive X of an infinite medium, and the S at which relaxation and precession about z^ balance it
    Gz = np.array([-Gy, Gx, 0.0])
    X = (c.B + c.Gamma * c.PF) * Gz + 2 * c.C * c.PF * np.cross(Gz, Z)
    rate = c.r_sf + c.r_dp + c.r_phi
    S = (rate * X + c.w * np.cross(Z, X)) / (rate**2 + c.w**2)
    bulk = HBAR * (c.r_phi * S - c.w * np.cross(Z, S))
    off = np.linalg.norm(T - bulk) / np.linalg.norm(bulk)
    allowed = np.exp(-WIDTH / 2 / film.lengths.longest)
    volts, worth = voltages(solution), balance(solution)
    print(f"\nHall resistance       {(volts['left'] - volts['right']) / 1e-6:.5f} Ohm")
    print(f"torque at the center  ({T[0]:.5g}, {T[1]:.5g}, {T[2]:.1g}) eV/nm^2")
    print(f"  infinite medium     ({bulk[0]:.5g}, {bulk[1]:.5g}, 0) eV/nm^2; off by {off:.0e}, allowed {allowed:.0e}")
    print(f"balances              charge {worth.charge:.0e}, sections {worth.section:.0e}, spin {worth.spin:.0e}")
    assert off < allowed

    ohmic = replace(film, rashba_parameter=0)
    device = hall_cross(arm_width=WIDTH, arm_length=LENGTH).mesh(ohmic, degree=2)
    neighbours = {"source": Voltage("1 mV"), "right": Ground()}
    corner = solve(device, ohmic, uniform(Z), terminals=neighbours, degree=2)
    found = (voltages(corner)["left"] - voltages(corner)["drain"]) / currents(corner)["source"]
    exact = np.log(2) / np.pi * ohmic.sheet_resistance
    print(f"van der Pauw, alpha 0 {found:.3f} Ohm, to be {exact:.3f} Ohm; difference {found / exact - 1:.0e}")
    assert abs(found / exact - 1) < 3 * np.exp(-2 * np.pi * LENGTH / WIDTH)
    return Path(shutil.copy(folder / "solution" / "dampinglike.png", folder / "hall_cross.png"))


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "hall_cross"))
