"""Run demos: python demos/run.py [NAME ... | all] [-o FOLDER]; without a name the wire.

Each demo solves its TOML (`kinetic` has none), asserts a number that is known otherwise, and draws a picture into
FOLDER/NAME (by default demos/out/NAME).
"""

from __future__ import annotations

import argparse
import os
import runpy
import time
from pathlib import Path

HERE = Path(__file__).parent
NAMES = (
    *(
        "wire",
        "infinite_medium",
        "figures",
        "angular",
        "hall_cross",
        "gds_hall_bar",
        "notched_strip",
        "domain_wall",
        "looking",
        "side_by_side",
        "textures",
        "kinetic",
        "van_der_pauw",
        "hall_resistance",
        "sweep",
        "harmonic_hall",
    ),
    *("spin_packet", "turn_on", "pumping", "damping", "spin_waves"),
    "spin_injection",
    "micromagnetics",
)


def main() -> None:
    """Run the demos that the command line names."""
    parser = argparse.ArgumentParser(description="Run demos; each asserts a known number and draws a picture.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*NAMES, "all"]) + "; default: wire")
    parser.add_argument("-o", dest="folder", metavar="FOLDER", type=Path, default=HERE / "out")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in (*NAMES, "all"):
            parser.error(f"unknown demo {name!r}; there are {', '.join(NAMES)}, all")
    names = NAMES if "all" in arguments.names else arguments.names or ["wire"]
    for name in names:
        start = time.perf_counter()
        print(f"--- {name}")
        picture = runpy.run_path(str(HERE / name / f"{name}.py"))["main"](arguments.folder / name)
        print(f"as asserted, after {time.perf_counter() - start:.1f} s; picture: {os.path.relpath(picture)}\n")


if __name__ == "__main__":
    main()
