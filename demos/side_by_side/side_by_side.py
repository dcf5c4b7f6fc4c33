"""Maps over a sweep, side by side with one scale of colours: the torque in a Hall cross for three Rashba parameters.

`sweep --solutions` writes what `run` writes for each point, `plot` draws one map of all of them, and `load` and `probe`
take each.

    python demos/side_by_side/side_by_side.py [FOLDER]

What is known: with m along the normal the torque away from the edges is that of an infinite medium in the field of the
place (see the demo hall_cross). In the middle the edges have faded to exp(-half the width/longest length of the film);
the elements leave 1e-4.
"""

import sys
from pathlib import Path

import numpy as np

from fem_rashba import load, probe
from fem_rashba.cli import main as fem_rashba
from fem_rashba.physics.bulk import infinite_medium

HERE, STEP = Path(__file__).parent, 0.25  # nm


def main(folder: Path) -> Path:
    """Sweep, draw side by side, compare; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    config, data, points = str(HERE / "side_by_side.toml"), str(folder / "sweep.nc"), folder / "points"
    assert fem_rashba(["sweep", config, "-o", data, "--solutions", str(points)]) == 0
    outs, picture = sorted(map(str, points.glob("[0-9]*"))), folder / "side_by_side.png"
    assert fem_rashba(["plot", *outs, "--quantity", "dampinglike", "-o", str(picture)]) == 0
    for out in outs:
        solution = load(out)
        film, at = solution.film, probe(solution, STEP * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]]))
        field = (at[[2, 4], -1] - at[[1, 3], -1]) / (2 * STEP)
        found, bulk = at[0, 6:9], infinite_medium(film, [0, 0, 1], field).torque
        off, allowed = np.linalg.norm(found - bulk) / np.linalg.norm(bulk), np.exp(-15 / film.lengths.longest) + 3e-4
        print(f"alpha = {film.rashba_parameter:g} eV nm: torque {found} eV/nm^2, off by {off:.0e} of {allowed:.0e}")
        assert off < allowed
    return picture


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "side_by_side"))
