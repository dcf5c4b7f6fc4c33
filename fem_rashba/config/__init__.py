"""TOML file -> everything a run needs.

The sections are checked against the schema, then become a `Film`, a magnetization, conditions and, last, a
shape: only that needs Gmsh and dolfinx, so most mistakes are found before those are imported. Modules are imported in
the functions because the templates are in this package too, and printing one should not wait for NumPy and UFL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fem_rashba.config.timing import Time
    from fem_rashba.devices.conditions import Condition
    from fem_rashba.devices.device import Device
    from fem_rashba.devices.shapes import Shape
    from fem_rashba.devices.spin import SpinCondition
    from fem_rashba.physics.film import Film
    from fem_rashba.physics.magnetization import Magnetization
    from fem_rashba.solvers.problem import Problem
    from fem_rashba.studies.macrospin import Protocol

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Solver:
    """How to solve, as in `fem_rashba.results.solution.solve`."""

    method: str
    tolerance: float
    petsc: dict[str, str | float | bool]


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Which errors are estimated, and how small they have to be.

    Attributes:
        error_estimate: True, False or "auto", where there is the memory for it.
        accuracy: Largest relative error of the goal; None: the mesh stays as it is.
        goal: "torque", "current" or "map"; None without an accuracy.
        most_unknowns: Where refinement ends.
    """

    error_estimate: bool | str
    accuracy: float | None = None
    goal: str | None = None
    most_unknowns: int = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Output:
    """What to write besides the summary and the state: fields for ParaView, plots."""

    fields: bool
    plots: bool


@dataclass(frozen=True, kw_only=True)
class Config:
    """What a TOML file says, complete, and checked as far as that goes without a mesh.

    Attributes:
        film: The film of every region that has none of its own.
        regions: Films of named regions.
        shape: To be meshed.
        magnetization: m(x, y), or m(t, x, y) as [time] moves it.
        terminals: Conditions of the terminals that the file lists.
        edges: Spin conditions by the name of the edge; "edge" stands for those not named.
        electric_field: (Ex, Ey) in V/nm.
        torque_axis: Direction e of the torque's decomposition; None for the default.
        element_size: "auto", or a length with its unit.
        degree: Of the elements.
        solver: How to solve.
        accuracy: Which errors are estimated, and how small they have to be.
        output: What to write.
        time: How a run goes in time; None for the steady state.
        harmonic: A harmonic Hall measurement, for the command of that name.
        resolved: The sections with every default, as plain values.
    """

    film: Film
    regions: dict[str, Film]
    shape: Shape
    magnetization: Magnetization
    terminals: dict[str, Condition]
    edges: dict[str, SpinCondition]
    electric_field: tuple[float, float]
    torque_axis: tuple[float, float, float] | None
    element_size: str
    degree: int
    solver: Solver
    accuracy: Accuracy
    output: Output
    time: Time | None
    harmonic: Protocol | None
    resolved: dict[str, Any]

    def problem(self, device: Device) -> Problem:
        """The problem on the device that the shape became. Collective.

        Raises:
            ValueError: For a name that the device does not have, a magnetization without a direction
                somewhere, or what else does not fit together.
        """
        from fem_rashba.config.builders import in_section
        from fem_rashba.config.schema import FILM
        from fem_rashba.mpi import on_all
        from fem_rashba.physics.magnetization import values
        from fem_rashba.solvers.problem import pose

        self._check_device(device.terminals, device.edges, device.regions)
        points = device.mesh.geometry.x
        with in_section("magnetization"):
            on_all(device.mesh.comm, lambda: values(self.magnetization, points[:, 0], points[:, 1]))
        with in_section("film", FILM):
            return pose(
                device,
                self.film,
                self.magnetization,
                terminals=self.terminals,
                electric_field=self.electric_field,
                edges=self.edges,
                regions=self.regions,
                degree=self.degree,
            )

    def check_names(self, terminals: Iterable[str], edges: Iterable[str], regions: Iterable[str]) -> None:
        """Raises ValueError unless a device with these names has all terminals, edges and regions of the file."""
        from fem_rashba.config.builders import check_names

        check_names(self.terminals, terminals, "terminals")
        check_names(self.edges, ["edge", *edges], "edges")
        check_names(self.regions, regions, "regions")

    def _check_device(self, terminals: Iterable[str], edges: Iterable[str], regions: Iterable[str]) -> None:
        from fem_rashba.config.builders import in_section
        from fem_rashba.devices.conditions import resolved_terminals

        self.check_names(terminals, edges, regions)
        with in_section("terminals"):
            resolved_terminals(list(terminals), self.terminals, self.electric_field)


def load(
    path: str | Path, overrides: Sequence[str] = (), petsc: Mapping[str, str] = _NONE, *, driven: bool = True
) -> Config:
    """What a TOML file says.

    Args:
        path: Of the file; paths in it are relative to its folder.
        overrides: Values in place of those of the file, as "section.key=value".
        petsc: PETSc options over those of the file.
        driven: Whether a drive matters. If not, none is needed, and terminals are contacts unless they are open.

    Raises:
        ValueError: For the first thing that is wrong, naming the key, its value and what is allowed.
    """
    return configuration(table(path, overrides), Path(path).parent, petsc, driven=driven)


def configuration(
    given: dict[str, Any], folder: Path, petsc: Mapping[str, str] = _NONE, *, driven: bool = True
) -> Config:
    """As `load`, of the tables of a file in a folder."""
    from fem_rashba.config import builders, measuring, validation
    from fem_rashba.config.geometry import shape as device_shape
    from fem_rashba.config.schema import ACCURACY, SOLVER
    from fem_rashba.config.timing import moving, timing
    from fem_rashba.devices.outline import Outline

    resolved = validation.resolved(given)
    resolved["solver"]["petsc"] = {**resolved["solver"]["petsc"], **petsc}
    field = builders.electric_field(resolved["drive"]) if driven else (0.0, 0.0)
    terminals = conditions(resolved, field) if driven else listed(resolved, field)
    film, device = resolved["film"], resolved["device"]
    config = Config(
        film=builders.film(film, "film"),
        regions={
            name: builders.film(builders.region_table(film, own), f"regions.{name}")
            for name, own in resolved["regions"].items()
        },
        magnetization=moving(builders.magnetization(resolved["magnetization"], folder), resolved.get("time", {})),
        terminals=terminals,
        edges=builders.edges(resolved["edges"]),
        electric_field=field,
        torque_axis=builders.torque_axis(resolved["drive"]),
        element_size=device.get("element_size", "auto"),
        degree=device["degree"],
        solver=Solver(**{key: resolved["solver"][key] for key in SOLVER}),
        accuracy=Accuracy(**{key: value for key, value in resolved["solver"].items() if key in ACCURACY}),
        output=Output(**resolved["output"]),
        time=timing(resolved["time"]) if "time" in resolved else None,
        harmonic=measuring.protocol(resolved["harmonic"]) if "harmonic" in resolved else None,
        resolved=builders.described(resolved, terminals),
        shape=device_shape(resolved, folder),
    )
    geometry = config.shape.geometry
    if isinstance(geometry, Outline):  # a mesh file says its names when it is read
        check = config._check_device if driven else config.check_names
        check(geometry.terminals, geometry.edges, geometry.region_names)
    return config


def sections(path: str | Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The sections of a TOML file with every default, as plain values, as in `load`."""
    from fem_rashba.config import validation

    return validation.resolved(table(path, overrides))


def table(path: str | Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The tables of a TOML file with the values of `overrides`, as they are written."""
    from fem_rashba.config import toml_file

    given = toml_file.read(path)
    for text in overrides:
        toml_file.override(given, text)
    return given


def conditions(resolved: dict[str, Any], field: tuple[float, float]) -> dict[str, Condition]:
    """The conditions of the listed terminals, checked as far as that goes whatever terminals a device has besides."""
    from fem_rashba.config.builders import in_section
    from fem_rashba.devices.conditions import resolved_terminals

    terminals = listed(resolved, field)
    with in_section("terminals"):
        resolved_terminals([*terminals, *({"source", "drain"} - set(terminals))], terminals, field)
    return terminals


def listed(resolved: dict[str, Any], field: tuple[float, float]) -> dict[str, Condition]:
    """The conditions of the listed terminals."""
    from fem_rashba.config import builders

    return {name: builders.condition(name, own, field) for name, own in resolved["terminals"].items()}
