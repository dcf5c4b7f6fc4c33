"""Figures 2 and 3 of Wang, Ortiz Pauyac and Manchon, Phys. Rev. B 89, 054405 (2014), for both couplings.

The wire of `figures.toml`, 50 nm wide, magnetized along a field of 1 mV/nm, S = 0 at its edges, for both couplings and
both denominators. The two upper rows show S_z and S_y across the middle of the wire, in units of the Edelstein density
(alpha tau/hbar) g, g = (e/eF) n0 E, for the four Rashba parameters of Fig. 2. The two lower rows show the average
fieldlike and dampinglike torque against the Rashba parameter: markers are wires, lines the infinite medium. Figure 3
does not give its exchange times; here they are 5, 10, 20 and 50 fs. The table says what becomes of the paper's
statements; docs/figures.md reads it.

    python demos/figures/figures.py [FOLDER]

EXACT are the numbers of an infinite wire, from its ordinary differential equations, split into decaying and growing
modes by Schur forms; `tests/references/wire.py` has that solution, which shares no code with the package.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from scipy.integrate import simpson

from fem_rashba import config, probe, solve
from fem_rashba.physics.bulk import infinite_medium
from fem_rashba.units import HBAR

HERE = Path(__file__).parent
# alpha = 0.05 eV nm, 10 fs: antisymmetric share of int S_z^2; average fieldlike and dampinglike torque (hbar nm/ps)/g
EXACT = {
    ("paper", "dirty"): (0.021620232, 9.961220323, -3.706273969),
    ("paper", "full"): (0.013187409, 6.063863817, -1.363104919),
    ("consistent", "dirty"): (0.867688494, 7.410558818, 0.741403179),
    ("consistent", "full"): (0.227349360, 4.858308558, 0.778111781),
}
TOLERANCE = 1e-3  # of elements of degree 2
PROFILES, TIMES = (5e-4, 5e-3, 1e-2, 5e-2), (0.005, 0.01, 0.02, 0.05)  # eV nm, ps
WIRES, LINE = (5e-4, 1e-2, 2e-2, 5e-2, 1e-1), np.geomspace(5e-4, 0.1, 93)
Y = np.linspace(0, 50, 1001)
TORQUES = ((0.004, 200.0), (-50.0, 50.0))
SCALES = {"paper": ((-2, 0.3), (0, 4.6), *TORQUES), "consistent": ((-0.45, 0.25), (0, 1.25), *TORQUES)}
STYLE = {"font.size": 7, "axes.titlesize": 7, "axes.linewidth": 0.5, "xtick.major.width": 0.5, "ytick.major.width": 0.5}


def wire(given: Any, film: Any) -> tuple[Any, ...]:
    """(S_y, S_z in Edelstein densities, fieldlike, dampinglike torque in ueV/nm^2) of the middle of the wire."""
    device = given.shape.mesh(film, degree=given.degree)
    options: dict[str, Any] = {"electric_field": given.electric_field, "edges": given.edges, "degree": given.degree}
    at = probe(solve(device, film, given.magnetization, **options), np.column_stack([np.full_like(Y, 75), Y])).T
    edelstein = film.rashba_parameter * film.momentum_relaxation_time / HBAR * gradient(given)
    # m = x^ and e = y^: the fieldlike torque lies along e x m = -z^, the dampinglike along m x (e x m) = y^
    return at[4] / edelstein, at[5] / edelstein, -1e6 * simpson(at[8], x=Y) / 50, 1e6 * simpson(at[7], x=Y) / 50


def gradient(given: Any) -> float:
    """g, 1/nm^3."""
    return float(given.film.density / given.film.fermi_energy * given.electric_field[0])


def main(folder: Path) -> Path:
    """Solve, compare, tell, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    given = config.load(HERE / "figures.toml")
    with rc_context(STYLE):
        figure = Figure(figsize=(17.8 / 2.54, 16.5 / 2.54), dpi=260, layout="constrained")
        panels = figure.subplots(4, 4)
        for k, key in enumerate(EXACT):
            draw(panels[:, k], given, key)
        for row, name in zip(panels[:2], "zy", strict=True):
            row[0].set_ylabel(rf"$S_{name}$ / ($\alpha\tau g/\hbar$)")
        for row, name in zip(panels[2:], ("fieldlike", "dampinglike"), strict=True):
            row[0].set_ylabel(f"{name} torque ($\\mu$eV/nm$^2$)")
        panels[1, 3].legend(title=r"$\alpha$ (eV nm)", frameon=False, loc="lower center")
        tight = {"handletextpad": 0.1, "columnspacing": 0.5, "borderpad": 0}
        panels[2, 3].legend(title=r"$\tau_\Delta$ (fs)", frameon=False, loc="lower right", ncols=2, **tight)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        # a palette: lines need few colors, and the file is a third as large
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").quantize(64)
        picture.save(folder / "figures.png", dpi=(260, 260), optimize=True)
    return folder / "figures.png"


def draw(panels: Any, given: Any, key: tuple[str, str]) -> None:
    """One column of the picture and of the table: a choice of couplings and denominators."""
    base = replace(given.film, couplings=key[0], denominators=key[1])
    found = {}
    for time in TIMES:
        for alpha in sorted({*WIRES, *PROFILES} if time == 0.01 else WIRES):
            film = replace(base, rashba_parameter=alpha, exchange_time=time, exchange_splitting=None)
            found[alpha, time] = wire(given, film)
    share = {alpha: antisymmetric(found[alpha, 0.01][1]) for alpha in PROFILES}
    torques = np.array(found[0.05, 0.01][2:]) / (1e6 * HBAR * gradient(given))
    exact = np.array(EXACT[key])
    error = max(abs(share[0.05] - exact[0]), *abs(torques - exact[1:]) / exact[1])
    assert error < TOLERANCE, f"{key}: {share[0.05]}, {torques} should be {exact}"

    for k, alpha in enumerate(PROFILES):
        for axes, profile in zip(panels[:2], found[alpha, 0.01][1::-1], strict=True):
            axes.plot(Y, profile, f"C{k}", lw=1, ls=("-", "--", "-.", ":")[k], label=f"{alpha:g}")
    print(f"\n{key[0]} couplings, {key[1]} denominators; off the exact wire by {error:.0e}")
    print("  antisymmetric share of S_z: " + ", ".join(f"{share[a]:.2%} at {a:g}" for a in PROFILES) + " eV nm")
    for k, time in enumerate(TIMES):
        at = np.array([found[alpha, time][2:] for alpha in WIRES]).T
        films = (replace(base, rashba_parameter=a, exchange_time=time, exchange_splitting=None) for a in LINE)
        media = [infinite_medium(film, np.array([1.0, 0, 0]), given.electric_field) for film in films]
        line = 1e6 * np.array([(medium.fieldlike, medium.dampinglike) for medium in media]).T
        for axes, bulk, marks in zip(panels[2:], line, at, strict=True):
            axes.plot(LINE, bulk, f"C{k}", lw=0.8, ls=("-", "--", "-.", ":")[k])
            axes.plot(WIRES, marks, f"C{k}" + "os^D"[k], ms=2.5, label=f"{1e3 * time:g}")
        slopes = np.gradient(np.log(abs(line)), np.log(LINE), axis=1)
        least = slopes[0].argmin()
        print(f"  {1e3 * time:>3g} fs, infinite: slope of the fieldlike torque down to {slopes[0, least]:.2f}", end="")
        print(
            f" at {LINE[least]:.3f} eV nm, then up to {slopes[0, least:].max():.2f}, {slopes[0, -1]:.2f} at 0.1;",
            end="",
        )
        peak = LINE[abs(line[1]).argmax()] * base.fermi_wavevector * time / HBAR
        print(f" dampinglike {slopes[1, -1]:.2f} at 0.1, largest at alpha kF/Delta = {peak:.1f}")
    panels[0].set(title=f"{key[0]}, {key[1]}")
    for axes in panels[:2]:
        axes.set(xlim=(0, 50), xlabel="$y$ (nm)")
    for axes in panels[2:]:
        axes.set(xscale="log", xlim=(4e-4, 0.125), xlabel=r"$\alpha$ (eV nm)")
    panels[2].set_yscale("log")
    panels[3].set_yscale("symlog", linthresh=0.1, linscale=0.5)
    # the same scales in every column but those of S, which depend on the couplings
    for axes, limits in zip(panels, SCALES[key[0]], strict=True):
        axes.set_ylim(limits)
    panels[3].axhline(0, color="0.7", lw=0.5, zorder=0)


def antisymmetric(profile: np.ndarray) -> float:
    """The share of int f^2 that belongs to the part odd about the middle."""
    return float(simpson((profile - profile[::-1]) ** 2, x=Y) / 4 / simpson(profile**2, x=Y))


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "figures"))
