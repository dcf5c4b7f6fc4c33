"""Damping torques of a moving domain wall: (46), and (47), the chiral one, which is odd under inversion.

A wall that moves pumps spin everywhere that m changes. To lowest order this spin, (43), acts back as (25) with
Y = -s0 dm/dt. Its diffusion gives the damping torque T_D (46), its precession about the Rashba field T_R (47):

    T_D = s0 tau_Delta D m x [m x lap(m x dm/dt)]           (the paper prints a minus)
    T_R = 2 s0 tau_Delta C m x {m x [grad_z x (m x dm/dt)]}

The wall of `damping.toml` is solved twice: as it is, and inverted, m(-r), so that it looks and moves the other way. At
points that correspond dm/dt is the same, and gradients have the other sign: half the sum of the two torques less (25)
is T_D, half their difference T_R. The precession makes spin along m, too, of which (47) knows nothing. It diffuses, and
the torque that it gives back on its way enlarges T_R by D tau_sf/width^2.

    python demos/damping/damping.py [FOLDER]
"""

import sys
from pathlib import Path

import numpy as np

from fem_rashba import load, probe
from fem_rashba.cli import main as fem_rashba
from fem_rashba.physics import dynamics
from fem_rashba.results.panels import panels
from fem_rashba.units import HBAR

HERE = Path(__file__).parent
INVERTED = [
    'magnetization.expression=["0", "1/cosh((x - 601)/100)", "-tanh((x - 601)/100)"]',
    'time.velocity=["-25 m/s", "0 m/s"]',
]
# squares of tau_Delta/tau_phi = 0.025, tau_Delta/tau_sf = 0.02, D tau_sf/width^2 = 0.025 and k0 width = 0.05 are left
TOLERANCE = 0.01


def main(folder: Path) -> Path:
    """Solve both walls, compare with (46) and (47), draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    x = np.linspace(300, 900, 301)
    T = [
        torque_density(folder / "wall", [], x),
        torque_density(folder / "inverted", INVERTED, 1200 - x),
    ]
    film = load(folder / "wall").film
    lowest, diffusive, chiral = expected(film, (x - 600) / 100, 0.025 / 100, 100.0)
    found = {"T_D": ((T[0] + T[1]) / 2 - lowest, diffusive), "T_R": ((T[0] - T[1]) / 2, chiral)}
    sizes = {"T_D": 1.0, "T_R": 1 + (film.lengths.spin_flip / 100) ** 2}
    print("\nsize of the torque over that of the formula, by least squares")
    for name, (numeric, formula) in found.items():
        size = (numeric * formula).sum() / (formula**2).sum()
        print(f"  {name}  {size:.4f}, to be {sizes[name]:.4f}")
        assert abs(size / sizes[name] - 1) < TOLERANCE
    with panels(folder / "damping.png", rows=2, size=(8.6, 7.0), sharex=True) as (upper, lower):
        for axes, power, (name, (numeric, formula)) in zip((upper, lower), (9, 10), found.items(), strict=True):
            for k, component in enumerate("xyz"):
                axes.plot(x, 10**power * numeric[:, k], f"C{k}", lw=0.8, label=f"${component}$")
                axes.plot(x, 10**power * formula[:, k], f"C{k}", lw=0.8, ls=":")
            axes.set(ylabel=rf"${name}$ ($10^{{-{power}}}\,\hbar$/ps nm$^2$)", xlim=(x[0], x[-1]))
        upper.legend()
        lower.set_xlabel("$x$ (nm)")
    return folder / "damping.png"


def torque_density(out: Path, changes: list[str], x: np.ndarray) -> np.ndarray:
    """The torque on the middle line of the wire at the end, shape (points, 3), hbar/(ps nm^2)."""
    sets = [word for change in changes for word in ("--set", change)]
    assert fem_rashba(["run", str(HERE / "damping.toml"), "-o", str(out), *sets]) == 0
    return probe(load(out), np.column_stack([x, np.full_like(x, 12.5)]))[:, 6:9] / HBAR


def expected(film, u: np.ndarray, rate: float, width: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(25), (46) and (47) for m = (0, sech u, tanh u), du/dt = -rate, du/dx = 1/width."""
    sech, tanh = 1 / np.cosh(u), np.tanh(u)
    m, zero = np.column_stack([0 * u, sech, tanh]), 0 * u
    m_rate = -rate * np.column_stack([zero, -sech * tanh, sech**2])
    # m x dm/dt = -rate sech u x^, so that lap and grad_z x of it are derivatives of sech
    laplacian = np.column_stack([-rate * sech * (1 - 2 * sech**2) / width**2, zero, zero])
    curl = np.column_stack([zero, zero, -rate * sech * tanh / width])
    return (
        dynamics.texture_torque(film, m, -dynamics.equilibrium_spin(film) * m_rate),
        dynamics.diffusive_damping_torque(film, m, laplacian),
        dynamics.chiral_damping_torque(film, m, curl),
    )


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "damping"))
