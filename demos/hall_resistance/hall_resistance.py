"""Planar Hall resistance of a cross over the angle of m, and what breaks Onsager's relation in it.

For m in the plane at the angle phi to the current, the voltage across the cross of `hall_resistance.toml` is even in m
and goes as sin 2 phi: the planar Hall effect of the charge-spin coupling (anisotropic scattering is not in the model).

    python demos/hall_resistance/hall_resistance.py [FOLDER]

What is known: the mirror at the diagonal of the cross exchanges the pairs of contacts and phi with 90 deg - phi, so
R(phi) - R(90 deg - phi) is the Onsager residual R_AB,CD(m) - R_CD,AB(-m), for any couplings. For `consistent` it is not
zero, and the curve is not symmetric about 45 deg; with `reciprocal_current` both hold to the solver's tolerance.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from fem_rashba import config, reversal
from fem_rashba.physics.couplings import COUPLINGS
from fem_rashba.results.figure import STYLE

HERE = Path(__file__).parent
PHI = np.arange(0.0, 180.0, 15.0)
PAIRED = replace(COUPLINGS["consistent"], reciprocal_current=True)


def main(folder: Path) -> Path:
    """Solve, compare, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    toml = HERE / "hall_resistance.toml"
    turned = [config.load(toml, [f"magnetization.phi={phi:g} deg"], driven=False).magnetization for phi in PHI]
    given = config.load(toml, driven=False)
    device = given.shape.mesh(given.film, element_size=given.element_size, degree=given.degree)
    pairs = {"current": ("source", "drain"), "voltage": ("left", "right")}
    found = {}
    for name, couplings in (("consistent", "consistent"), ("reciprocal", PAIRED)):
        film = replace(given.film, couplings=couplings)
        each = [reversal(device, film, m, degree=given.degree).four_point(**pairs) for m in turned]
        found[name] = planar, residual = np.array([[r.even, r.onsager] for r in each]).T
        mirrored = planar - planar[np.searchsorted(PHI, (90 - PHI) % 180)]
        print(f"{name:<11} planar Hall {amplitude(planar, 2):+.4f} Ohm sin 2 phi")
        print(f"{'':<11} Onsager residual up to {abs(residual).max():.1e} Ohm")
        assert abs(mirrored - residual).max() < 1e-10 * film.sheet_resistance
        assert (abs(residual).max() < 1e-10 * film.sheet_resistance) == (name == "reciprocal")
    with rc_context(STYLE):
        draw(found, folder / "hall_resistance.png")
    return folder / "hall_resistance.png"


def amplitude(values: np.ndarray, times: int) -> float:
    """Of sin(times phi) in values at PHI."""
    return float(2 * np.mean(values * np.sin(times * np.radians(PHI))))


def draw(found: dict[str, np.ndarray], path: Path) -> None:
    """Points, and the first wave that the symmetry of each allows."""
    figure = Figure(figsize=(8.6 / 2.54, 9.0 / 2.54), dpi=240, layout="constrained")
    panels, fine = figure.subplots(2, sharex=True), np.linspace(0, 180, 181)
    for (name, rows), color in zip(found.items(), ("C3", "C0"), strict=True):
        for axes, values, times in zip(panels, rows * [[1], [1e3]], (2, 4), strict=True):
            axes.plot(fine, amplitude(values, times) * np.sin(times * np.radians(fine)), color, lw=0.8)
            axes.plot(PHI, values, "o", color=color, ms=3, label=name)
    panels[0].set_title(r"planar Hall resistance ($\Omega$); lines $\sin 2\varphi$", loc="left", fontsize=7.5)
    panels[1].set_title(r"Onsager residual (m$\Omega$); lines $\sin 4\varphi$", loc="left", fontsize=7.5)
    panels[1].set(xlabel=r"angle of m to the current, $\varphi$ (deg)", xticks=range(0, 181, 45))
    panels[0].legend(loc="upper left", frameon=False)
    figure.savefig(path, metadata={"Software": None})


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "hall_resistance"))
