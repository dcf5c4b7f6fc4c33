"""Values at points of curved devices, up to the edge."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from samples import film

from fem_rashba import Ground, Voltage, corbino, probe, solve, uniform


def potentials() -> tuple[np.ndarray, np.ndarray]:
    """Found and exact, at points a fifth of a nanometre from the rim and all over a ring with long curved elements."""
    own, rng = film(rashba_parameter=0.02), np.random.default_rng(0)
    device = corbino(inner_radius=10, outer_radius=30).mesh(own, degree=2, accuracy=1e-2, goal="torque")
    found = solve(device, own, uniform([0, 0, 1]), terminals={"inner": Voltage(1e-3), "outer": Ground()}, degree=2)
    angles, radii = rng.uniform(0, 2 * np.pi, 2000), np.sqrt(rng.uniform(10.01**2, 29.99**2, 2000))
    radii[:1000] = 29.99 - 0.2 * rng.random(1000)
    values = probe(found, radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1))
    return values[:, -1], np.log(30 / radii) / np.log(3) * 1e-3


def test_points_between_an_arc_and_its_chords() -> None:
    found, exact = potentials()
    assert np.abs(found - exact).max() < 3e-6
    own = film()
    ring = corbino(inner_radius=10, outer_radius=30).mesh(own, degree=2)
    solution = solve(ring, own, uniform([0, 0, 1]), terminals={"inner": Voltage(1e-3), "outer": Ground()}, degree=2)
    for radius in (9.9, 30.1):
        with pytest.raises(ValueError, match="lies outside the device"):
            probe(solution, np.array([[radius, 0.0]]))


@pytest.mark.mpi
def test_on_ranks() -> None:
    program = (
        f"import sys\nsys.path[:0] = {sys.path!r}\nfrom test_location import potentials\nfrom mpi4py import MPI\n"
        "found, exact = potentials()\nif MPI.COMM_WORLD.rank == 0:\n    print(abs(found - exact).max())\n"
    )
    done = subprocess.run(["mpirun", "-n", "3", sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 3e-6
