"""The sections and keys of a TOML file: of what kind each value is, and its default.

Only what can be said of a value by itself is here. Ranges and what must fit together belong to the objects
(`Film`, the shapes, the conditions), which check them for Python and TOML alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fem_rashba.config.kinds import Choice, Kind, Plain, Quantities, Quantity, is_number
from fem_rashba.devices.spin import CURRENT, DENSITY, SPIN_WORDS, VELOCITY


@dataclass(frozen=True)
class Key:
    """A key of a section: what it may be, and its default (None: it may be absent)."""

    kind: Kind
    default: Any = None
    required: bool = False


def _numbers(*counts: int) -> Plain:
    allowed = f"a list of {' or '.join(map(str, counts))} numbers"
    return Plain(allowed, lambda v: isinstance(v, list) and len(v) in counts and all(map(is_number, v)))


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and "\0" not in value


def _required(kind: Kind) -> Key:
    return Key(kind, required=True)


NUMBER = Plain("a number", is_number)
BOOLEAN = Plain("true or false", lambda v: isinstance(v, bool))
ONLY_TRUE = Plain("true, or be left out", lambda v: v is True)
LIST = Plain("a list of points [x, y] in nm, or a list of such lists", lambda v: isinstance(v, list))
_PAIR = _numbers(2)
ENDS = Plain(
    "two points [[x0, y0], [x1, y1]] in nm",
    lambda v: isinstance(v, list) and len(v) == 2 and all(map(_PAIR.fits, v)),
)
FILE = Plain("the path of a file", _is_path)
TABLE = Plain("a section", lambda v: isinstance(v, dict))
FORMULAS = Plain(
    'a list of three formulas of x and y, such as ["sin(x/10)", "0", "cos(x/10)"]',
    lambda v: isinstance(v, list) and len(v) == 3 and all(isinstance(f, str) for f in v),
)
INITIAL = Plain(
    "'zero', 'steady' or a list of four formulas of x and y for n, Sx, Sy, Sz, such as ['0', 'exp(-x**2)', '0', '0']",
    lambda v: (
        v in ("zero", "steady")
        if isinstance(v, str)
        else isinstance(v, list) and len(v) == 4 and all(isinstance(f, str) for f in v)
    ),
)
LAYER = Plain(
    "'average' or the number of a layer, 0 the lowest", lambda v: v == "average" or (type(v) is int and v >= 0)
)
_AXES = Plain("two different axes, such as 'xz'", lambda v: isinstance(v, str))
PAIRS = Plain(
    "a whole number of at least 1, or a list of positions such as ['60 nm', '180 nm']",
    lambda v: v >= 1 if type(v) is int else isinstance(v, list) and len(v) > 0 and all(isinstance(at, str) for at in v),
)
SPIN = {
    "spin": Key(Choice(SPIN_WORDS)),
    "loss_velocity": Key(Quantity(VELOCITY)),
    "spin_density": Key(Quantities(DENSITY, 3)),
    "spin_current": Key(Quantities(CURRENT, 3)),
}
LENGTH, ANGLE = Quantity("nm"), Quantity("rad")
_POINT = _required(Quantities("nm", 2))
_LENGTH = _required(LENGTH)

FILM = {
    "rashba_parameter": _required(Quantity("eV nm")),
    "exchange_time": Key(Quantity("ps", ("inf",))),
    "exchange_splitting": Key(Quantity("eV")),
    "momentum_relaxation_time": _required(Quantity("ps")),
    "spin_flip_time": _required(Quantity("ps", ("inf",))),
    "fermi_wavevector": _required(Quantity("1/nm")),
    "effective_mass": Key(Plain("a number, in free electron masses", is_number), 1.0),
    "couplings": Key(Choice(("paper", "consistent", "custom")), "paper"),
    "denominators": Key(Choice(("dirty", "full")), "dirty"),
    "polarization": Key(NUMBER),
    "thickness": Key(LENGTH),
    "saturation_magnetization": Key(Quantity("A/m")),
    "custom": Key(TABLE),
}
CUSTOM = {
    "charge_weights": Key(_numbers(2), [1.0, 1.0]),
    "gamma_weights": Key(_numbers(3), [1.0, 1.0, 2.0]),
    "drive_factor": Key(NUMBER, 2.0),
    "polarization_factor": Key(NUMBER, 1.0),
    "literal_drift": Key(BOOLEAN, False),
    "reciprocal_current": Key(BOOLEAN, False),
}
SHAPES: dict[str, dict[str, Key]] = {
    "wire": {"length": _LENGTH, "width": _LENGTH},
    "hall_cross": {"arm_width": _LENGTH, "arm_length": _LENGTH},
    "notched_strip": {
        "length": _LENGTH,
        "width": _LENGTH,
        "notch_width": _LENGTH,
        "notch_depth": _LENGTH,
        "notch": Key(Choice(("v", "round", "slit")), "v"),
        "notches": Key(Choice((1, 2)), 1),
    },
    "l_bend": {"arm_width": _LENGTH, "source_length": _LENGTH, "drain_length": _LENGTH},
    "t_junction": {"length": _LENGTH, "width": _LENGTH, "stem_width": _LENGTH, "stem_length": _LENGTH},
    "hall_bar": {
        "length": _LENGTH,
        "width": _LENGTH,
        "probe_width": _LENGTH,
        "probe_length": _LENGTH,
        "pairs": Key(PAIRS, 2),
    },
    "cloverleaf": {"radius": _LENGTH, "contact_width": _LENGTH, "slit_width": _LENGTH, "slit_length": _LENGTH},
    "corbino": {"inner_radius": _LENGTH, "outer_radius": _LENGTH},
}
"""The shapes by the names of the functions that make them."""
MESH = {"mesh": _required(FILE), "scale": Key(LENGTH)}
GDS = {
    "gds": _required(FILE),
    "layers": _required(
        Plain(
            "a section of names and layers, such as {film = 1, holes = 2, source = [10, 0]}",
            lambda v: isinstance(v, dict) and len(v) > 0,
        )
    ),
    "cell": Key(Plain("the name of a cell", lambda v: isinstance(v, str) and bool(v))),
    "snap": Key(Quantity("nm", ("auto",)), "auto"),
}
OUTLINE = {"outline": _required(LIST), "holes": Key(LIST)}
DEGREE = {"degree": Key(Choice((1, 2, 3, 4)), 3)}
DISCRETIZATION = {"element_size": Key(Quantity("nm", ("auto",)), "auto"), **DEGREE}
TEXTURES = {
    "neel_wall": {"center": _POINT, "width": _LENGTH, "angle": Key(ANGLE, "0 deg")},
    "bloch_wall": {"center": _POINT, "width": _LENGTH, "angle": Key(ANGLE, "0 deg")},
    "spiral": {"period": _LENGTH, "direction": Key(_numbers(2, 3), [1, 0]), "plane": Key(_AXES, "xz")},
    "skyrmion": {
        "center": _POINT,
        "radius": _LENGTH,
        "width": _LENGTH,
        "helicity": Key(ANGLE, "0 deg"),
        "polarity": Key(Choice((1, -1)), 1),
    },
}
MAGNETIZATIONS = {
    "direction": {"direction": _required(_numbers(3))},
    "theta": {"theta": _required(ANGLE), "phi": Key(ANGLE, "0 deg")},
    "expression": {"expression": _required(FORMULAS)},
    "ovf": {
        "ovf": _required(FILE),
        "origin": Key(Quantities("nm", 2)),
        "center": Key(Quantities("nm", 2)),
        "layer": Key(LAYER, "average"),
    },
}
DRIVE = {"electric_field": Key(Quantities("V/nm", 2)), "torque_axis": Key(_numbers(3))}
CONDITIONS = {
    "voltage": Key(Quantity("V")),
    "current": Key(Quantity("A")),
    "floating": Key(ONLY_TRUE),
    "contact": Key(ONLY_TRUE),
    "open": Key(ONLY_TRUE),
}
REGION = FILM | {"polygon": Key(LIST)}
TERMINAL = CONDITIONS | SPIN | {"at": Key(ENDS)}
EDGE = SPIN | {"at": Key(ENDS)}
SOLVER = {
    "method": Key(Choice(("auto", "direct", "iterative")), "auto"),
    "tolerance": Key(Plain("a number between 0 and 1", lambda v: is_number(v) and 0 < v < 1), 1e-10),
    "petsc": Key(TABLE, {}),
}
ACCURACY = {
    "error_estimate": Key(Plain("'auto', true or false", lambda v: isinstance(v, bool) or v == "auto"), "auto"),
    "accuracy": Key(Plain("a number between 0 and 1", lambda v: is_number(v) and 0 < v < 1)),
    "goal": Key(Choice(("torque", "current", "map"))),
    "most_unknowns": Key(Plain("a whole number of at least 1", lambda v: type(v) is int and v >= 1), 2_000_000),
}
"""Keys of [solver] too: which errors there may be, and what they are of."""
OUTPUT = {"fields": Key(BOOLEAN, True), "plots": Key(BOOLEAN, True)}
TIME = {
    "end": _required(Quantity("ps")),
    "tolerance": Key(Plain("a number between 0 and 1", lambda v: is_number(v) and 0 < v < 1)),
    "step": Key(Quantity("ps")),
    "scheme": Key(Choice(("tr-bdf2", "esdirk3")), "tr-bdf2"),
    "frames": Key(Plain("a whole number of at least 1", lambda v: type(v) is int and 1 <= v < 10000), 10),
    "initial": Key(INITIAL, "zero"),
    "checkpoint": Key(Quantity("s"), "30 s"),
    "rotation_axis": Key(_numbers(3)),
    "rotation_frequency": Key(Quantity("1/ps")),
    "velocity": Key(Quantities("nm/ps", 2)),
}
HARMONIC = {
    "anomalous_hall_resistance": _required(Quantity("ohm")),
    "planar_hall_resistance": _required(Quantity("ohm")),
    "anisotropy_field": _required(Quantity("mT")),
    "external_field": _required(Quantities("mT")),
    "current": _required(Quantity("A")),
    "angles": Key(Plain("a whole number of at least 8", lambda v: type(v) is int and 8 <= v < 10000), 24),
}
_ALL_SHAPES = {key: value for keys in SHAPES.values() for key, value in keys.items()}
_ALL_TEXTURES = {key: value for keys in TEXTURES.values() for key, value in keys.items() if key != "direction"}
SECTIONS: dict[str, tuple[str, ...]] = {
    "film": tuple(FILM),
    "device": ("shape", *MESH, *OUTLINE, *GDS, *_ALL_SHAPES, *DISCRETIZATION),
    "magnetization": ("direction", "theta", "phi", "texture", "expression", "ovf", "origin", "layer", *_ALL_TEXTURES),
    "drive": tuple(DRIVE),
    "terminals": (),
    "edges": tuple(SPIN),
    "regions": (),
    "solver": (*SOLVER, *ACCURACY),
    "output": tuple(OUTPUT),
    "time": tuple(TIME),
    "sweep": (),
    "harmonic": tuple(HARMONIC),
}
"""The keys of every section, whatever they go with."""
