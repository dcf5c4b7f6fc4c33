"""What check says a solve will cost, against what it does cost."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import basix.ufl
import pytest
from dolfinx import fem

from fem_rashba.cli import main
from fem_rashba.devices.shapes import polygon, wire
from fem_rashba.physics.film import Film
from fem_rashba.solvers.estimate import LARGEST_DIRECT, memory_GB, resolved_method, unknowns

FILM = Film(
    rashba_parameter="0.01 eV nm",
    exchange_time="10 fs",
    momentum_relaxation_time="1 fs",
    spin_flip_time="1 ps",
    fermi_wavevector="4.3 1/nm",
)


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "shape", [wire(length=20, width=8), polygon([[0, 0], [20, 0], [15, 9]])], ids=["quadrilaterals", "triangles"]
)
def test_unknowns(shape, degree: int) -> None:
    """As many as the space has."""
    device = shape.mesh(FILM, element_size=2, degree=degree)
    element = basix.ufl.element("Lagrange", device.mesh.basix_cell(), degree, shape=(4,))
    space = fem.functionspace(device.mesh, element)
    assert unknowns(device, degree) == 4 * space.dofmap.index_map.size_global


def test_method() -> None:
    """What auto stands for."""
    assert resolved_method("auto", LARGEST_DIRECT) == "direct"
    assert resolved_method("auto", LARGEST_DIRECT + 1) == "iterative"
    assert resolved_method("iterative", 1) == "iterative"


@pytest.mark.parametrize("method", ["direct", "iterative"])
@pytest.mark.parametrize("cell", ["quadrilateral", "triangle"])
def test_memory_grows(method: str, cell: str) -> None:
    """With everything that it depends on."""
    for degree in (1, 2, 3):
        assert memory_GB(10**6, degree, method, 1, cell) <= memory_GB(10**6, degree + 1, method, 1, cell) + 0.2
    assert 1.8 < memory_GB(10**7, 3, method, 1, cell) / memory_GB(5 * 10**6, 3, method, 1, cell) < 2.2
    assert memory_GB(10**6, 3, method, 2, cell) > memory_GB(10**6, 3, method, 1, cell)


@pytest.mark.slow
@pytest.mark.parametrize("shape, size", [("wire", "2 nm"), ("hall_cross", "1.2 nm")])
def test_memory(shape: str, size: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The peak of a whole run, within 30 %."""
    assert main(["new", shape]) == 0
    path = tmp_path / "device.toml"
    path.write_text(capsys.readouterr().out.replace('element_size = "auto"', f'element_size = "{size}"'))
    assert main(["check", str(path)]) == 0
    expected = float(re.search(r"memory +([\d.]+) GB", capsys.readouterr().out)[1])  # type: ignore[index]
    # VmHWM begins anew with the program; ru_maxrss of a child begins with what its parent uses
    program = (
        "import sys; from fem_rashba.cli import main; status = main(sys.argv[1:]);"
        "print([line for line in open('/proc/self/status') if 'VmHWM' in line][0].split()[1], file=sys.stderr);"
        "sys.exit(status)"
    )
    words = [sys.executable, "-c", program, "run", str(path), "-o", str(tmp_path / "out")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert 1024 * int(done.stderr.split()[-1]) / 1e9 == pytest.approx(expected, rel=0.3)
