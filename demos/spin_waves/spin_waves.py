"""How long spin lives in a channel: the slowest spin wave against the width.

In a film with Rashba coupling spin precesses as it diffuses, and loses its memory at the D'yakonov-Perel rate. A helix
that turns once in about the Rashba length keeps step with the precession and decays at 7/16 of that rate, the least of
any wave in an infinite film. A channel does better: no spin crosses its edges, waves cling to them, and in a channel
narrower than 1/k0 spin cannot precess out of step at all.

    python demos/spin_waves/spin_waves.py [FOLDER]

`spin_waves.toml` describes a channel; the command `modes` prints the slowest wave of six widths.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

import numpy as np

from fem_rashba.cli import main as fem_rashba
from fem_rashba.config import load
from fem_rashba.physics.spin_waves import bulk_spin_waves
from fem_rashba.results.panels import panels

HERE = Path(__file__).parent
# width (nm): slowest rate (1/ps), from a Legendre-Galerkin solution with numpy alone (`spectral_rates` in
# tests/test_modes.py, polynomials of degree 22 in both directions)
EXACT = {1: 1.359575, 2: 2.237593, 4: 4.585793, 8: 7.899604, 16: 9.647266, 24: 9.816999}
# cubic elements of 1 nm (half the width in the narrowest channels), and what degree 22 leaves (5e-5)
TOLERANCE = 3e-4


def slowest_rate(width: float) -> float:
    """Of the channel of a width in nm, 1/ps."""
    changes = [f"device.width={width} nm", f"device.element_size={min(width / 2, 1)} nm"]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = fem_rashba(["modes", str(HERE / "spin_waves.toml"), "-n", "1", "--set", *changes])
    assert status == 0
    return json.loads(printed.getvalue())["rates_per_ps"][0]


def main(folder: Path) -> Path:
    """Find the waves, compare, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    film = load(HERE / "spin_waves.toml").film
    c, k0 = film.coefficients, film.rashba_wavevector
    print(f"D'yakonov-Perel rate r_dp = {c.r_dp:.4g} 1/ps, 1/k0 = {1 / k0:.3g} nm")
    print("  width  slowest rate - r_sf   error against a spectral solution")
    rates = {width: slowest_rate(width) for width in EXACT}
    for width, rate in rates.items():
        error = abs(rate / EXACT[width] - 1)
        print(f"  {width:<2} nm  {(rate - c.r_sf) / c.r_dp:.5f} r_dp         {error:.0e}")
        assert error < TOLERANCE, f"width {width} nm: {rate} 1/ps should be {EXACT[width]}"
    wavevectors = np.linspace(0, 2, 201)
    waves = bulk_spin_waves(film, np.array([0, 0, 1.0]), k0 * np.column_stack([wavevectors, 0 * wavevectors])).real
    with panels(folder / "spin_waves.png", columns=2, size=(8.6, 4.6)) as (bulk, channel):
        bulk.plot(wavevectors, (waves - c.r_sf) / c.r_dp, lw=1)
        bulk.set(xlabel="$q/k_0$", ylabel=r"rate / $r_\mathrm{dp}$", ylim=(0, 4), xlim=(0, 2), title="infinite film")
        channel.axhline(7 / 16, color="0.5", lw=0.7, ls=":")
        channel.text(1, 0.47, "7/16, infinite film", color="0.4")
        channel.loglog(list(rates), [(rate - c.r_sf) / c.r_dp for rate in rates.values()], "o-", ms=2.5, lw=1)
        channel.set(xlabel="width (nm)", title="slowest wave of a channel", ylim=(0.008, 0.8))
    return folder / "spin_waves.png"


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "spin_waves"))
