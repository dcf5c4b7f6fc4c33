"""Torque in an infinite medium from weak to strong spin-orbit coupling, with the limits of the paper.

Far from edges the spin balance (26) is solved exactly and its torque drawn against the Rashba parameter, m along the
field, with the limits of weak coupling, (36) and (37), and of strong coupling, the torque of the Edelstein spin density
(19). The unit is the particle current of the film times hbar k0, in which every limit is a level, (38) and (50) too. At
the same current density a heavy metal with a spin-Hall angle of 0.01 exerts the torque of (48) and (49), with which
Sec. VII B compares. Where the picture is gray, 4 zeta^2 > 0.1, the film has left the range of the equations.

    python demos/infinite_medium/infinite_medium.py [FOLDER]

Asserted: the limits are reached at both ends, and the closed forms (29)-(32), (40), (41) equal the linear solve for any
direction of m at all alpha.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from fem_rashba import Film, config
from fem_rashba.physics import bulk, closed_forms, limits

HERE = Path(__file__).parent
ALPHAS = np.geomspace(1e-4, 10, 241)  # eV nm
SPIN_HALL_ANGLE = 0.01
ALONG_X, ACROSS = np.array([1.0, 0.0]), np.array([0.0, 1.0, 0.0])
STYLE = {"font.size": 7, "axes.titlesize": 7, "axes.linewidth": 0.5, "xtick.major.width": 0.5, "ytick.major.width": 0.5}


def main(folder: Path) -> Path:
    """Compare and draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    file = config.load(HERE / "infinite_medium.toml")
    couplings = {name: [replace(file.film, rashba_parameter=a, couplings=name) for a in ALPHAS] for name in NAMES}
    print("relative error     (36), (37) at 1e-4 eV nm   (19) at 10 eV nm   (29)-(32), (40) anywhere")
    curves = {}
    for name, films in couplings.items():
        curves[name] = exact, weak, strong = np.array([torques(film) for film in films]).transpose(1, 2, 0)
        scale = abs(exact).max(axis=0)
        off = abs(weak - exact).max(axis=0)[0] / scale[0], abs(strong - exact).max(axis=0)[-1] / scale[-1]
        closed = max(off_closed_forms(film) for film in films)
        print(f"  {name:16} {off[0]:.0e}                      {off[1]:.0e}              {closed:.0e}")
        assert max(off) < 1e-4 and closed < 1e-10
    with rc_context(STYLE):
        draw(curves, couplings).savefig(folder / "infinite_medium.png", metadata={"Software": None})
    return folder / "infinite_medium.png"


def torques(film: Film) -> np.ndarray:
    """(fieldlike, dampinglike) of m = x per particle current, 1/nm: exact, weak and strong limit; shape (3, 2)."""
    c, m = film.coefficients, np.array([1.0, 0.0, 0.0])
    T = bulk.torque_density(c, bulk.spin_density(c, m, bulk.drive(c, m, ALONG_X)), m)
    exact, strong = (bulk.decomposition(v, m, ACROSS) for v in (T, limits.strong_coupling_torque(film, m, ALONG_X)))
    return np.array([exact, limits.weak_coupling_amplitudes(film), strong]) / c.D


def off_closed_forms(film: Film) -> float:
    """The largest relative difference of (29)-(32), (40) to the linear solve, over directions of m."""
    c, m = film.coefficients, np.random.default_rng(1).normal(size=(50, 3))
    m /= np.linalg.norm(m, axis=1)[:, None]
    X = bulk.drive(c, m, ALONG_X)
    S = bulk.spin_density(c, m, X)
    T = bulk.torque_density(c, S, m)
    spin = closed_forms.longitudinal_spin(c, m, X)[:, None] * m + closed_forms.transverse_spin(c, m, X)
    pairs = (spin, S), (closed_forms.torque(c, m, X), T), (closed_forms.angular_torque(c, m, ALONG_X), T)
    return max(abs(found - expected).max() / abs(expected).max() for found, expected in pairs)


def draw(curves: dict[str, np.ndarray], couplings: dict[str, list[Film]]) -> Figure:
    """Columns: couplings; rows: fieldlike and dampinglike torque over hbar k0 and the particle current."""
    figure = Figure(figsize=(15 / 2.54, 10 / 2.54), dpi=200, layout="constrained")
    axes = figure.subplots(2, 2, sharex=True, sharey="row")
    for column, (name, films) in zip(axes.T, couplings.items(), strict=True):
        k0 = np.array([film.rashba_wavevector for film in films])
        simple = [limits.fieldlike_per_current(f) for f in films], [limits.dampinglike_per_current(f) for f in films]
        numbers = ("(36)", "(38)"), ("(37)", "(50)")
        for k, (ax, (full, short)) in enumerate(zip(column, numbers, strict=True)):
            exact, weak, strong = curves[name][:, k] / k0
            ax.axvspan(ALPHAS[[4 * film.zeta**2 > 0.1 for film in films]][0], ALPHAS[-1], color="0.93", lw=0)
            ax.axhline(0, color="0.6", lw=0.4)
            ax.plot(ALPHAS, weak, "C1--", lw=0.9, label=f"weak coupling, {full}")
            ax.plot(ALPHAS, simple[k] / k0, "C3:", lw=1.2, label=f"simplified, {short}")
            ax.plot(ALPHAS, strong, "C2--", lw=0.9, label="strong coupling, (19)")
            ax.plot(ALPHAS, exact, "C0", lw=1.4, label="exact, (26)")
        heavy = limits.spin_hall_torque(SPIN_HALL_ANGLE, 1 / films[0].thickness)
        column[1].plot(ALPHAS, heavy / k0, "0.4", lw=0.9, ls="-.", label=f"spin Hall, (49), angle {SPIN_HALL_ANGLE}")
        column[0].set_title(f"{name} couplings")
        column[1].set_xlabel(r"Rashba parameter $\alpha$ (eV nm)")
    axes[0, 0].set(xscale="log", xlim=(ALPHAS[0], ALPHAS[-1]), ylim=(0, 0.22))
    axes[1, 0].set_ylim(-0.048, 0.035)
    for row, kind in zip(axes, ("fieldlike", "dampinglike"), strict=True):
        row[0].set_ylabel(f"{kind} torque / ($\\hbar k_0$ current)")
        row[1].legend(frameon=False, loc="upper left" if kind == "fieldlike" else "lower left")
    return figure


NAMES = ("paper", "consistent")

if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "infinite_medium"))
