"""Planar Hall resistance of a cross over the angle of m, and what breaks Onsager's relation in it.

For m in the plane at the angle phi to the current, the voltage across the cross of `hall_resistance.toml` is even in m
and goes as sin 2 phi: the planar Hall effect of the charge-spin coupling (anisotropic scattering is not in the model).

    python demos/hall_resistance/hall_resistance.py [FOLDER]

What is known: the mirror at the diagonal of the cross exchanges the pairs of contacts and phi with 90 deg - phi, so
R(phi) - R(90 deg - phi) is the Onsager residual R_AB,CD(m) - R_CD,AB(-m), for any couplings. For the consistent ones it
is not zero, and the curve is not symmetric about 45 deg; with `reciprocal_current` both hold to the solver's tolerance.
"""

import sys
from pathlib import Path

import numpy as np

from fem_rashba import config, reversal
from fem_rashba.results.panels import panels

HERE = Path(__file__).parent
PHI = np.arange(0.0, 180.0, 15.0)


def main(folder: Path) -> Path:
    """Solve, compare, draw; returns the path of the picture."""
    with panels(folder / "hall_resistance.png", rows=2, size=(8.6, 9.0), sharex=True) as (upper, lower):
        for reciprocal in ("false", "true"):
            changes = [[f"magnetization.phi={p} deg", f"film.custom.reciprocal_current={reciprocal}"] for p in PHI]
            turned = [config.load(HERE / "hall_resistance.toml", change) for change in changes]
            film = turned[0].film
            device = turned[0].shape.mesh(film, element_size=turned[0].element_size, degree=2)
            both = [reversal(device, film, each.magnetization, degree=2) for each in turned]
            each = [found.four_point(current=("source", "drain"), voltage=("left", "right")) for found in both]
            planar, residual = np.array([[found.even, found.onsager] for found in each]).T
            print(f"reciprocal_current = {reciprocal}: planar Hall resistance at 45 deg {planar[3]:+.4f} Ohm")
            print(f"  Onsager residual up to {abs(residual).max():.1e} Ohm")
            assert abs(planar - planar[(6 - np.arange(12)) % 12] - residual).max() < 1e-10 * film.sheet_resistance
            assert (abs(residual).max() < 1e-10 * film.sheet_resistance) == (reciprocal == "true")
            upper.plot(PHI, planar, "o:", label=f"reciprocal_current = {reciprocal}")
            lower.plot(PHI, 1e3 * residual, "o:")
        upper.set(ylabel=r"planar Hall resistance ($\Omega$)")
        lower.set(xlabel=r"$\varphi$ (deg)", ylabel=r"Onsager residual (m$\Omega$)", xticks=range(0, 181, 45))
        upper.legend()
    return folder / "hall_resistance.png"


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "hall_resistance"))
