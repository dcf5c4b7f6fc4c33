"""TOML files: every section and key arrives in the object it is for, with its default where it is left out."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import FILM_TOML as FILM

from fem_rashba.config import Config, load, schema
from fem_rashba.devices.conditions import Contact, Current, Floating, Open, Voltage
from fem_rashba.physics.couplings import COUPLINGS, Couplings
from fem_rashba.physics.film import Film
from fem_rashba.physics.magnetization import values

WIRE = """
[device]
shape = "wire"
length = "0.03 um"
width = "8 nm"
"""
ALONG_X = """
[magnetization]
direction = [1, 0, 0]
"""
VOLTAGE = """
[terminals.source]
voltage = "1 mV"
"""
FIELD = """
[drive]
electric_field = ["1 mV/nm", "-0.2 MV/m"]
"""
OUTLINE = """
[device]
outline = [[0, 0], [20, 0], [20, 8], [0, 8]]
"""

Load = Callable[..., Config]


@pytest.fixture
def loaded(tmp_path: Path) -> Load:
    """Loads the sections given as text."""

    def load_sections(*sections: str, overrides: tuple[str, ...] = (), **options: Any) -> Config:
        path = tmp_path / "device.toml"
        path.write_text("\n".join(sections))
        return load(path, overrides, **options)

    return load_sections


def m_at(config: Config, x: float, y: float) -> list[float]:
    """m at a point."""
    return values(config.magnetization, np.array([x]), np.array([y]))[:, 0].tolist()


def test_smallest_file(loaded: Load) -> None:
    """What need not be said has the defaults of the contract."""
    config = loaded(FILM, WIRE, ALONG_X, VOLTAGE)
    assert config.film == Film(
        rashba_parameter="0.01 eV nm",
        exchange_time="10 fs",
        momentum_relaxation_time="1 fs",
        spin_flip_time="1 ps",
        fermi_wavevector="4.3 1/nm",
    )
    assert config.regions == {}
    assert config.shape.geometry.extent == (30.0, 8.0)
    assert config.magnetization.parameters == (1.0, 0.0, 0.0)
    assert config.terminals == {"source": Voltage("1 mV")}
    assert config.edges == {"edge": "sink"}
    assert config.electric_field == (0.0, 0.0)
    assert config.torque_axis is None
    assert (config.element_size, config.degree) == ("auto", 3)
    assert (config.solver.method, config.solver.tolerance, config.solver.petsc) == ("auto", 1e-10, {})
    assert (config.output.fields, config.output.plots) == (True, True)


def test_defaults_are_those_of_python() -> None:
    """The schema repeats defaults of Film and Couplings; they are the same."""
    in_film = {field.name: field.default for field in dataclasses.fields(Film)}
    for name, key in schema.FILM.items():
        if key.default is not None:
            assert key.default == in_film[name]
    for field in dataclasses.fields(Couplings):
        default = schema.CUSTOM[field.name].default
        assert (tuple(default) if isinstance(default, list) else default) == field.default


def test_every_key_of_the_film_is_known() -> None:
    """[film] has the fields of Film, and [film.custom] those of Couplings."""
    assert set(schema.FILM) == {field.name for field in dataclasses.fields(Film)} | {"custom"}
    assert set(schema.CUSTOM) == {field.name for field in dataclasses.fields(Couplings)}
    assert set(COUPLINGS) | {"custom"} == set(schema.FILM["couplings"].kind.options)


def test_film(loaded: Load) -> None:
    """Every key of [film] and [film.custom]."""
    text = """
[film]
rashba_parameter = "-5 meV nm"
exchange_splitting = "66 meV"
momentum_relaxation_time = "2 fs"
spin_flip_time = inf
fermi_wavevector = "0.43 1/angstrom"
effective_mass = 2
couplings = "custom"
denominators = "full"
polarization = 0.09
thickness = "0.6 nm"
saturation_magnetization = "1 MA/m"

[film.custom]
charge_weights = [4, 8]
gamma_weights = [2, 2, 3]
drive_factor = 1
polarization_factor = 0.5
literal_drift = true
reciprocal_current = true
"""
    film = loaded(text, WIRE, ALONG_X, VOLTAGE).film
    switches = {"literal_drift": True, "reciprocal_current": True}
    assert film.weights == dataclasses.replace(COUPLINGS["consistent"], **switches)
    numbers = (film.rashba_parameter, film.splitting, film.momentum_relaxation_time, film.fermi_wavevector)
    assert numbers == pytest.approx((-0.005, 0.066, 0.002, 4.3), rel=1e-12)
    assert (film.spin_flip_time, film.effective_mass, film.denominators) == (math.inf, 2, "full")
    assert (film.polarization, film.thickness) == (0.09, pytest.approx(0.6))
    assert film.saturation_magnetization == pytest.approx(1e6)


def test_no_exchange(loaded: Load) -> None:
    """Both ways to say that there is none."""
    for line in ('exchange_time = "inf"', 'exchange_splitting = "0 eV"'):
        assert loaded(FILM.replace('exchange_time = "10 fs"', line), WIRE, ALONG_X, VOLTAGE).film.splitting == 0


def test_regions(loaded: Load) -> None:
    """A region has the keys of [film] but for its own; alternatives replace each other."""
    own = '[regions.film]\nexchange_splitting = "10 meV"\ncouplings = "custom"\n[regions.film.custom]\ndrive_factor = 1'
    config = loaded(FILM, WIRE, ALONG_X, VOLTAGE, own)
    region = config.regions["film"]
    assert (region.splitting, region.exchange_time) == (pytest.approx(0.01), None)
    assert region.weights == Couplings(drive_factor=1)
    assert region.rashba_parameter == config.film.rashba_parameter
    assert config.film.splitting == pytest.approx(0.0658, abs=1e-4)


def test_region_without_custom_couplings(loaded: Load) -> None:
    """A region may go back from custom couplings to named ones."""
    custom = FILM + 'couplings = "custom"\n[film.custom]\ndrive_factor = 1'
    config = loaded(custom, WIRE, ALONG_X, VOLTAGE, '[regions.film]\ncouplings = "paper"')
    assert config.regions["film"].weights == COUPLINGS["paper"]


@pytest.mark.parametrize(
    "device, terminals, edges",
    [
        (
            'shape = "hall_cross"\narm_width = "4 nm"\narm_length = "3 nm"',
            {"source", "drain", "left", "right"},
            {"edge"},
        ),
        (
            'shape = "notched_strip"\nlength = "30 nm"\nwidth = "9 nm"\nnotch_width = "4 nm"\nnotch_depth = "2 nm"\n'
            'notch = "round"\nnotches = 2',
            {"source", "drain"},
            {"lower", "upper", "notch"},
        ),
    ],
)
def test_shapes(device: str, terminals: set[str], edges: set[str], loaded: Load) -> None:
    """The other shapes and their keys."""
    geometry = loaded(FILM, f"[device]\n{device}", ALONG_X, VOLTAGE).shape.geometry
    assert set(geometry.terminals) == terminals
    assert set(geometry.edges) == edges


def test_outline(loaded: Load) -> None:
    """Polygons with holes; their terminals and named edges say where they are."""
    device = "[device]\noutline = [[[0, 0], [20, 0], [20, 8], [0, 8]], [[5, 8], [9, 8], [9, 12], [5, 12]]]\n"
    device += 'holes = [[[2, 2], [4, 2], [4, 4]]]\nelement_size = "2 nm"\ndegree = 2'
    places = '[terminals.source]\nvoltage = "1 mV"\nat = [[0, 0], [0, 8]]\n[terminals.top]\nat = [[5, 12], [9, 12]]\n'
    places += '[edges.right]\nat = [[20, 0], [20, 4.5]]\nspin = "insulating"'
    config = loaded(FILM, device, ALONG_X, places)
    geometry = config.shape.geometry
    assert set(geometry.terminals) == {"source", "top"}
    assert set(geometry.edges) == {"edge", "right"}
    assert geometry.area == pytest.approx(20 * 8 + 4 * 4 - 2)
    assert config.edges == {"edge": "sink", "right": "insulating"}
    assert (config.element_size, config.degree) == ("2 nm", 2)


def test_mesh_file(loaded: Load, tmp_path: Path) -> None:
    """Paths are relative to the TOML file; a scale has a unit; names are those that are said."""
    folder = tmp_path / "meshes"
    folder.mkdir()
    (folder / "bar.msh").write_text("$MeshFormat")
    device = '[device]\nmesh = "meshes/bar.msh"\nscale = "1 um"\ndegree = 2'
    edges = '[edges]\nspin = "insulating"\n[edges.side]\nspin = "sink"\n[edges.other]'
    config = loaded(FILM, device, ALONG_X, '[terminals."left lead"]\nvoltage = "1 mV"', edges)
    file = config.shape.geometry
    assert (file.path, file.scale) == (folder / "bar.msh", pytest.approx(1000))
    assert (file.terminals, file.edges) == (("left lead",), ("side", "other"))
    assert config.edges == {"edge": "insulating", "side": "sink", "other": "insulating"}


@pytest.mark.parametrize(
    "text, at, m",
    [
        ("direction = [0, 3, 4]", (1, 2), (0, 0.6, 0.8)),
        ('theta = "90 deg"\nphi = "90 deg"', (1, 2), (0, 1, 0)),
        ('theta = "60 deg"', (1, 2), (math.sin(math.pi / 3), 0, 0.5)),
        ('texture = "neel_wall"\ncenter = ["10 nm", "0 nm"]\nwidth = "2 nm"', (10, 3), (1, 0, 0)),
        ('texture = "bloch_wall"\ncenter = ["10 nm", "0 nm"]\nwidth = "2 nm"', (10, 3), (0, 1, 0)),
        (
            'texture = "neel_wall"\ncenter = ["0 nm", "4 nm"]\nwidth = "2 nm"\nangle = "90 deg"',
            (7, 6),
            (0, 1 / math.cosh(1), math.tanh(1)),
        ),
        ('texture = "spiral"\nperiod = "8 nm"', (2, 5), (0, 0, 1)),
        ('texture = "spiral"\nperiod = "8 nm"\ndirection = [0, 1]\nplane = "yz"', (5, 1), (0, 0.5**0.5, 0.5**0.5)),
        (
            'texture = "skyrmion"\ncenter = ["10 nm", "4 nm"]\nradius = "3 nm"\nwidth = "1 nm"',
            (13, 4),
            (1, 0, 0),
        ),
        (
            'texture = "skyrmion"\ncenter = ["10 nm", "4 nm"]\nradius = "3 nm"\nwidth = "1 nm"\n'
            'helicity = "90 deg"\npolarity = -1',
            (13, 4),
            (0, 1, 0),
        ),
        ('expression = ["x", "2*y", "0"]', (3, 2), (0.6, 0.8, 0)),
    ],
)
def test_magnetization(text: str, at: tuple[float, float], m: tuple[float, ...], loaded: Load) -> None:
    """Every form of [magnetization], at a point where m is known."""
    config = loaded(FILM, WIRE, f"[magnetization]\n{text}", VOLTAGE)
    assert m_at(config, *at) == pytest.approx(m, abs=1e-12)


def test_angles_along_axes_are_exact(loaded: Load) -> None:
    """90 deg is no angle of 1e-17 to an axis: "m parallel to e" must be recognised."""
    config = loaded(FILM, WIRE, '[magnetization]\ntheta = "90 deg"\nphi = "180 deg"', VOLTAGE)
    assert config.magnetization.parameters == (-1.0, 0.0, 0.0)


def test_field(loaded: Load) -> None:
    """A uniform field; a terminal of which nothing electrical is said is what it is when it is not listed."""
    more = '[terminals.left]\nspin = "insulating"\n[terminals.right]\ncontact = true\n[terminals.drain]\nspin = "sink"'
    device = '[device]\nshape = "hall_cross"\narm_width = "4 nm"\narm_length = "3 nm"'
    config = loaded(FILM, device, ALONG_X, FIELD + "torque_axis = [0, 0, 2]", more)
    assert config.electric_field == pytest.approx((1e-3, -2e-4))
    assert config.torque_axis == (0, 0, 2)
    assert config.terminals == {"left": Open("insulating"), "right": Contact(), "drain": Contact()}


def test_terminals(loaded: Load) -> None:
    """Every condition of a terminal."""
    device = '[device]\nshape = "hall_cross"\narm_width = "4 nm"\narm_length = "3 nm"'
    terminals = """
[terminals.source]
current = "1 uA"
spin = "insulating"
[terminals.drain]
voltage = "0 V"
[terminals.left]
floating = true
spin = "insulating"
[terminals.right]
open = true
"""
    assert loaded(FILM, device, ALONG_X, terminals).terminals == {
        "source": Current("1 uA", "insulating"),
        "drain": Voltage(0.0),
        "left": Floating("insulating"),
        "right": Open(),
    }


def test_solver_and_output(loaded: Load) -> None:
    """[solver] and [output]; PETSc options of the command line go over those of the file."""
    text = '[solver]\nmethod = "iterative"\ntolerance = 1e-6\npetsc = {ksp_type = "gmres", ksp_max_it = 7}\n'
    text += "[output]\nfields = false\nplots = false"
    config = loaded(FILM, WIRE, ALONG_X, VOLTAGE, text, petsc={"ksp_type": "fgmres", "ksp_monitor": ""})
    assert (config.solver.method, config.solver.tolerance) == ("iterative", 1e-6)
    assert config.solver.petsc == {"ksp_type": "fgmres", "ksp_max_it": 7, "ksp_monitor": ""}
    assert (config.output.fields, config.output.plots) == (False, False)
    assert loaded(FILM, WIRE, ALONG_X, VOLTAGE).solver.petsc == {}


def test_resolved(loaded: Load) -> None:
    """What goes into summary.json: the values as written, and the defaults."""
    found = loaded(FILM, WIRE, ALONG_X, VOLTAGE, "[terminals.drain]\n[edges.upper]").resolved
    assert found["film"]["exchange_time"] == "10 fs"
    assert found["film"]["couplings"] == "paper"
    assert found["device"] == {
        "shape": "wire",
        "length": "0.03 um",
        "width": "8 nm",
        "element_size": "auto",
        "degree": 3,
    }
    assert found["terminals"] == {
        "source": {"voltage": "1 mV", "spin": "sink"},
        "drain": {"floating": True, "spin": "sink"},
    }
    assert found["edges"] == {"spin": "sink", "upper": {"spin": "sink"}}
    assert found["solver"] == {
        "method": "auto",
        "tolerance": 1e-10,
        "petsc": {},
        "error_estimate": "auto",
        "most_unknowns": 2_000_000,
    }
    assert found["output"] == {"fields": True, "plots": True}


def test_resolved_is_a_file(loaded: Load) -> None:
    """The resolved sections, as overrides of a file, are the same configuration again."""
    first = loaded(FILM, WIRE, ALONG_X, VOLTAGE)
    film = "\n".join(f"{key} = {value!r}" for key, value in first.resolved["film"].items())
    again = loaded(f"[film]\n{film}", WIRE, ALONG_X, VOLTAGE)
    assert (again.film, again.resolved) == (first.film, first.resolved)


@pytest.mark.parametrize(
    "setting, value",
    [
        ("film.rashba_parameter=0.05 eV nm", "0.05 eV nm"),
        ("film.rashba_parameter='0.05 eV nm'", "0.05 eV nm"),
        ('film.rashba_parameter = "0.05 eV nm" ', "0.05 eV nm"),
        ("film.spin_flip_time=inf", "inf"),
        ("device.degree=2", 2),
        ("magnetization.direction=[0, 0, 1]", [0, 0, 1]),
        ("output.plots=false", False),
        ('terminals.drain."spin"=insulating', "insulating"),
        ("solver.petsc.ksp_type=gmres", "gmres"),
        ("edges.spin=insulating", "insulating"),
    ],
)
def test_override(setting: str, value: Any, loaded: Load) -> None:
    """Values are TOML, or else strings; sections that the file does not have are made."""
    found: Any = loaded(FILM, WIRE, ALONG_X, VOLTAGE, overrides=(setting,)).resolved
    for part in setting.partition("=")[0].replace('"', "").strip().split("."):
        found = found[part]
    assert found == value


def test_override_replaces(loaded: Load) -> None:
    """The last one holds."""
    config = loaded(FILM, WIRE, ALONG_X, VOLTAGE, overrides=("device.degree=1", "device.degree=2"))
    assert config.degree == 2


def test_byte_order_mark(tmp_path: Path) -> None:
    """Files of editors on Windows."""
    path = tmp_path / "windows.toml"
    text = "\r\n".join((FILM + WIRE + ALONG_X + VOLTAGE).splitlines())
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load(path).degree == 3


def test_problem(loaded: Load) -> None:
    """The problem on the device has everything, and the names of the device are checked."""
    insulating = '[edges.upper]\nspin = "insulating"'
    config = loaded(FILM, WIRE, ALONG_X, VOLTAGE, insulating, overrides=("device.degree=1",))
    device = config.shape.mesh(config.film, element_size="4 nm", degree=config.degree)
    problem = config.problem(device)
    assert problem.edges == {"edge": "sink", "lower": "sink", "upper": "insulating"}
    assert problem.terminals == {"source": Voltage("1 mV"), "drain": Floating()}
    assert (problem.film, problem.degree) == (config.film, 1)
    cross = loaded(FILM, OUTLINE, ALONG_X, '[terminals.a]\nvoltage = "1 mV"\nat = [[0, 0], [0, 8]]')
    with pytest.raises(ValueError, match=r"terminals.a.*'source'"):
        cross.problem(device)
