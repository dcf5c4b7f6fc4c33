"""Devices are the same on 1, 2 and 3 ranks, and an error on one rank reaches all."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TRIANGLES = ("round", "ring", "leaf", "moon", "gds", "file")


@cache
def on_ranks(count):
    command = [
        "mpirun",
        "-n",
        str(count),
        sys.executable,
        HERE / "devices_on_ranks.py",
        HERE.parent / "meshes/bent_wire.msh",
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.partition("FOUND")[2])


def flat(value, key=""):
    if isinstance(value, dict):
        return {k: v for name, part in value.items() for k, v in flat(part, f"{key}.{name}").items()}
    if isinstance(value, list):
        return {f"{key}[{i}]": part for i, part in enumerate(value)}
    return {key: value}


@pytest.mark.parametrize("count", [2, 3])
def test_devices_do_not_depend_on_the_number_of_ranks(count):
    one, many = on_ranks(1), on_ranks(count)
    assert many["ranks"] == count
    assert flat(many["devices"]) == pytest.approx(flat(one["devices"]), rel=1e-10, abs=1e-10)
    for device in many["devices"].values():
        assert device["tagged"] == device["cells"]
        assert device["ghosts tagged"]


@pytest.mark.parametrize("count", [2, 3])
def test_parts_are_balanced_and_compact(count):
    """As a partition of the graph of cells is, and consecutive cells of the file are not."""
    for name, part in on_ranks(count)["parts"].items():
        assert len(part["cells"]) == count
        assert max(part["cells"]) < 1.06 * sum(part["cells"]) / count, name
        cut, by_order = part["cuts"]
        # columns of quadrilaterals are numbered one after another, which is hard to beat
        assert 0 < cut < by_order * (0.3 if name in TRIANGLES else 1.1), name


@pytest.mark.parametrize("count", [1, 3])
def test_an_error_on_one_rank_is_the_same_error_on_all(count):
    found = on_ranks(count)
    assert found["ranks"] == count
    assert found["errors"] == ["none.msh: there is no such file; mesh must be the path of a .msh file"]
