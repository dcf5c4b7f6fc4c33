"""The sheet resistance of a film from an irregular plate, measured as van der Pauw did.

`van_der_pauw.toml` draws a plate with four arms that end in the contacts A, B, C, D. One factorisation of the device
gives both four-point resistances, and van der Pauw's equation the sheet resistance, as `fem-rashba resistance` does:

    exp(-pi R_AB,DC/R_s) + exp(-pi R_BC,AD/R_s) = 1.

The picture shows the current of both measurements, 1 uA from A to B and from B to C, the other two contacts floating.

    python demos/van_der_pauw/van_der_pauw.py [FOLDER]

What is known: the sheet resistance eF/(e^2 D n0) of the film, whatever the shape, because the end of a long arm is a
point contact but for exp(-2 pi length/width), 4e-6 for the shortest arm, A.
"""

import sys
from pathlib import Path

from PIL import Image

from fem_rashba import Current, Ground, config, resistances, solve, van_der_pauw
from fem_rashba.results.fields import gathered_fields
from fem_rashba.results.multiples import plot_multiples

HERE = Path(__file__).parent


def main(folder: Path) -> Path:
    """Measure, compare with the film, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    given = config.load(HERE / "van_der_pauw.toml", driven=False)
    film, m, device = given.film, given.magnetization, given.shape.mesh(given.film)
    plate = van_der_pauw(resistances(device, film, m), ["A", "B", "C", "D"])
    (first, second), off = plate.resistances, plate.sheet_resistance / film.sheet_resistance - 1
    print(f"R_AB,DC, R_BC,AD   {first:.2f} Ohm, {second:.2f} Ohm; correction f = {plate.correction:.4f}")
    print(f"sheet resistance   {plate.sheet_resistance:.3f} Ohm, of the film {film.sheet_resistance:.3f} Ohm")
    print(f"van der Pauw sum   1 {plate.sum(film.sheet_resistance) - 1:+.0e}; sheet resistance off by {off:.0e}")
    assert abs(off) < 1e-5
    drives = [{"A": Current("1 uA"), "B": Ground()}, {"B": Current("1 uA"), "C": Ground()}]
    maps = [gathered_fields(solve(device, film, m, terminals=drive)) for drive in drives]
    titles = [
        rf"A (below) to B (right): $V_D - V_C$ = {first / 1e3:.3f} mV",
        rf"B (right) to C (above): $V_A - V_D$ = {second / 1e3:.3f} mV",
    ]
    picture = plot_multiples(maps, titles, folder / "van_der_pauw.png", "charge_current")
    Image.open(picture).convert("RGB").quantize(128).save(picture, optimize=True)  # a quarter of the size
    return picture


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "van_der_pauw"))
