"""What resistance prints: conductances and resistances of the contacts of a TOML file's device, as JSON."""

from __future__ import annotations

import json
import os
import tempfile
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fem_rashba.cli.loading import config_of, meshed, named
from fem_rashba.cli.progress import Stages

if TYPE_CHECKING:
    from fem_rashba.config import Config
    from fem_rashba.studies.resistance import FourPoint, Resistances, Reversal
    from fem_rashba.studies.van_der_pauw import VanDerPauw

CROSS = ("source", "drain"), ("left", "right")
"""Current and voltage of the Hall resistance of a device with these contacts."""
SIGNATURE = "fem_rashba"
"""The key by which a file of this command is known, before it is replaced."""


def resistance(arguments: Namespace) -> None:
    """Print the resistances of a device and, if asked to, write them to a file."""
    if arguments.voltage is not None and arguments.current is None:
        raise ValueError("--voltage needs --current A,B: where the current enters and where it leaves")
    config = config_of(arguments, driven=False)
    _check_contacts(config, arguments)
    from fem_rashba.mpi import on_root

    if arguments.out is not None:
        check_target(Path(arguments.out))
    with Stages() as stages:
        found, comm = _measured(config, arguments, stages)
        result = report(found, config, arguments)
        text = json.dumps(result, indent=1, allow_nan=False)
        if arguments.out is not None:
            with named(arguments.out):
                on_root(comm, lambda: _write(Path(arguments.out), text))
    print(text)


def _check_contacts(config: Config, arguments: Namespace) -> None:
    """Raises ValueError for a contact that the device lacks, before it is meshed where the shape says its names."""
    from fem_rashba.devices.outline import Outline

    if isinstance(config.shape.geometry, Outline):  # a mesh file says its names when it is read
        _check_asked(arguments, _contacts(config, config.shape.geometry.terminals))


def _contacts(config: Config, terminals: Iterable[str]) -> list[str]:
    from fem_rashba.devices.conditions import Open

    return [name for name in terminals if not isinstance(config.terminals.get(name), Open)]


def _check_asked(arguments: Namespace, contacts: Iterable[str]) -> None:
    from fem_rashba.studies.resistance import require_contacts

    contacts = list(contacts)
    require_contacts(tuple(contacts))
    for option in ("current", "voltage", "van_der_pauw"):
        for name in getattr(arguments, option) or ():
            if name not in contacts:
                has = ", ".join(map(repr, contacts)) or "none"
                option = option.replace("_", "-")
                raise ValueError(f"--{option}: {name!r} must be a terminal that is not open; this device has {has}")


def _measured(config: Config, arguments: Namespace, stages: Stages) -> tuple[Reversal, Any]:
    """The conductances at m and -m, and the ranks that share the mesh. Collective."""
    from dataclasses import asdict

    from fem_rashba.config.builders import in_section
    from fem_rashba.config.schema import FILM
    from fem_rashba.studies.resistance import reversal

    device = meshed(config, stages)
    config.check_names(device.terminals, device.edges, device.regions)
    _check_asked(arguments, _contacts(config, device.terminals))
    with in_section("film", FILM):
        found = reversal(
            device,
            config.film,
            config.magnetization,
            terminals=config.terminals,
            edges=config.edges,
            regions=config.regions,
            degree=config.degree,
            progress=stages,
            **asdict(config.solver),
        )
    return found, device.mesh.comm


def report(found: Reversal, config: Config, arguments: Namespace) -> dict[str, Any]:
    """Everything that is printed, as plain data.

    Raises:
        ValueError: If the contacts of van der Pauw are not in their order.
    """
    from fem_rashba import __version__
    from fem_rashba.studies.van_der_pauw import van_der_pauw

    forward = found.forward
    contacts = forward.terminals
    ground = "drain" if "drain" in contacts else contacts[-1]
    result: dict[str, Any] = {
        "contacts": list(contacts),
        "conductance_S": forward.conductance.tolist(),
        "ground": ground,
        "resistance_ohm": (forward.matrix(ground) + 0.0).tolist(),
        "balance": forward.balance,
        "film_sheet_resistance_ohm": config.film.sheet_resistance,
        "onsager": {
            "couplings": forward.couplings,
            "residual_S": found.onsager,
            "relative": found.onsager_relative,
        },
    }
    if arguments.current is not None:
        pairs = {"current": arguments.current, "voltage": arguments.voltage or arguments.current}
        result["four_point"] = four_point(found.four_point(**pairs))
    if {*CROSS[0], *CROSS[1]} <= set(contacts):
        result["hall"] = four_point(found.four_point(current=CROSS[0], voltage=CROSS[1]))
    if arguments.van_der_pauw is not None:
        result["van_der_pauw"] = sheet(van_der_pauw(forward, arguments.van_der_pauw), config.film.sheet_resistance)
    return result | {"solver": _solver(forward), "warnings": warnings(config, forward), SIGNATURE: __version__}


def four_point(found: FourPoint) -> dict[str, Any]:
    """A four-point resistance as plain data, Ohm."""
    return {
        "current": list(found.current),
        "voltage": list(found.voltage),
        "resistance_ohm": found.resistance + 0.0,
        "reversed_ohm": found.reversed + 0.0,
        "odd_ohm": found.odd + 0.0,
        "even_ohm": found.even + 0.0,
        "exchanged_ohm": found.exchanged + 0.0,
        "antisymmetric_ohm": found.antisymmetric + 0.0,
        "symmetric_ohm": found.symmetric + 0.0,
        "onsager": {
            "couplings": found.couplings,
            "residual_ohm": found.onsager + 0.0,
            "relative": found.onsager_relative,
        },
    }


def sheet(found: VanDerPauw, known: float) -> dict[str, Any]:
    """A van der Pauw measurement as plain data; the sum is that for the sheet resistance of the film."""
    return {
        "contacts": list(found.contacts),
        "resistance_ohm": list(found.resistances),
        "sheet_resistance_ohm": found.sheet_resistance,
        "correction": found.correction,
        "sum": found.sum(known),
    }


def warnings(config: Config, found: Resistances) -> list[str]:
    """What a user should know: what of the file is left out, and where the film leaves the model."""
    result = []
    if any(map(float, _field(config))):
        result.append("drive.electric_field is left out: resistances are responses to voltages of the contacts")
    if config.time is not None:
        result.append("[time] is left out: the magnetization is that at its start")
    if config.regions:
        result.append("film_sheet_resistance_ohm is that of [film]; regions have films of their own")
    return result + list(found.warnings)


def _field(config: Config) -> tuple[float, float]:
    from fem_rashba.config import builders

    return builders.electric_field(config.resolved["drive"])


def _solver(found: Resistances) -> dict[str, Any]:
    assert found.report is not None  # it comes from a solve
    names = ("method", "unknowns", "iterations", "residual", "seconds", "ranks")
    return {name: getattr(found.report, name) for name in names}


def check_target(path: Path) -> None:
    """Raises ValueError unless `path` is that of a .json file, free or ours, in an existing folder."""
    if path.suffix != ".json":
        raise ValueError(f"cannot write {str(path)!r}: its name must end in .json")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"cannot write {str(path)!r}: the folder {str(path.parent)!r} does not exist")
    if path.exists() and not _is_ours(path):
        raise ValueError(f"cannot write {str(path)!r}: it exists and was not written by fem-rashba")


def _is_ours(path: Path) -> bool:
    try:
        return SIGNATURE in json.loads(path.read_text())
    except (OSError, ValueError, TypeError):
        return False


def _write(path: Path, text: str) -> None:
    with tempfile.TemporaryDirectory(dir=path.absolute().parent, prefix=".resistance") as folder:
        part = Path(folder) / path.name
        part.write_text(text + "\n")
        os.replace(part, path)
