"""The problem: everything that determines a solution, complete and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from dolfinx.mesh import compute_midpoints
from mpi4py import MPI

from fem_rashba.devices.borders import border_heights
from fem_rashba.devices.conditions import Condition, Current, Voltage, resolved_terminals
from fem_rashba.devices.device import Device
from fem_rashba.devices.measures import cell_areas
from fem_rashba.devices.spin import Injected, Relaxing, SpinCondition, check_spin
from fem_rashba.physics.film import Film
from fem_rashba.physics.gridded import Gridded, data_of
from fem_rashba.physics.magnetization import Magnetization, values
from fem_rashba.units import quantity

DEGREES = (1, 2, 3, 4)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A device, a film, a magnetization and a drive.

    Attributes:
        device: Mesh, regions, terminals, edges.
        film: The film of every region that has none of its own.
        regions: Films of named regions.
        magnetization: m(x, y).
        terminals: A condition for every terminal of the device.
        edges: Spin condition of every edge of the device.
        electric_field: (Ex, Ey) in V/nm.
        degree: Polynomial degree of the elements, 1 to 4.
    """

    device: Device
    film: Film
    regions: Mapping[str, Film]
    magnetization: Magnetization
    terminals: Mapping[str, Condition]
    edges: Mapping[str, SpinCondition]
    electric_field: tuple[float, float]
    degree: int

    @property
    def films(self) -> dict[str, Film]:
        """The film of every region by name."""
        return {name: self.regions.get(name, self.film) for name in self.device.regions}

    def spin_condition(self, name: str) -> SpinCondition:
        """The spin condition of a terminal."""
        spin = self.terminals[name].spin
        return self.edges["edge"] if spin is None else spin

    @property
    def spin_conditions(self) -> dict[int, SpinCondition]:
        """The spin condition of every terminal and edge by its facet tag."""
        found = {tag: self.spin_condition(name) for name, tag in self.device.terminals.items()}
        return found | {tag: self.edges[name] for name, tag in self.device.edges.items()}

    @property
    def fixed_spin(self) -> dict[int, tuple[float, float, float]]:
        """S in 1/nm^2 on the facet tags where it is given; sinks, where it is zero, come first."""
        conditions = self.spin_conditions
        found = {tag: (0.0, 0.0, 0.0) for tag, spin in conditions.items() if spin == "sink"}
        given = ((tag, s.spin_density) for tag, s in conditions.items() if isinstance(s, Injected))
        return found | {tag: density for tag, density in given if density is not None}  # type: ignore[return-value]

    @property
    def spin_losses(self) -> dict[int, float]:
        """Loss velocity in nm/ps on the facet tags that relax spin."""
        return {t: float(s.loss_velocity) for t, s in self.spin_conditions.items() if isinstance(s, Relaxing)}

    @property
    def spin_currents(self) -> dict[int, tuple[float, float, float]]:
        """Spin current in 1/(nm ps) that enters on facet tags where it is given."""
        given = ((tag, s.spin_current) for tag, s in self.spin_conditions.items() if isinstance(s, Injected))
        return {tag: current for tag, current in given if current is not None}  # type: ignore[misc]

    @property
    def injects_spin(self) -> bool:
        """Whether spin is injected anywhere."""
        return any(isinstance(spin, Injected) for spin in self.spin_conditions.values())

    @property
    def drives_charge(self) -> bool:
        """Whether a field, a current or a difference of voltages is given."""
        volts = {float(c.value) for c in self.terminals.values() if isinstance(c, Voltage)}
        amperes = [float(c.value) for c in self.terminals.values() if isinstance(c, Current)]
        return any(self.electric_field) or any(amperes) or len(volts) > 1


def pose(
    device: Device,
    film: Film,
    magnetization: Magnetization,
    *,
    terminals: Mapping[str, Condition] | None = None,
    electric_field: Sequence[str | float] = (0.0, 0.0),
    edges: SpinCondition | Mapping[str, SpinCondition] = "sink",
    regions: Mapping[str, Film] | None = None,
    degree: int = 3,
) -> Problem:
    """The problem of a driven device, with every default filled in.

    Args:
        device: From a shape's `mesh`.
        film: Its film.
        magnetization: `uniform(...)`, a texture, or one from a file.
        terminals: Conditions by name; those not given float under voltages or currents; under an electric field source
            and drain are contacts and the others open.
        electric_field: Uniform field (Ex, Ey), strings with units or V/nm; instead of voltages and currents.
        edges: "sink", "insulating", `Relaxing` or `Injected` for every edge that is no terminal, or by the name of the
            edge, "edge" standing for those not named.
        regions: Films of named regions.
        degree: Of the elements, 1 to 4.

    Raises:
        ValueError: For anything that does not fit together, and where the spin density would have no unique solution.
    """
    if degree not in DEGREES:
        raise ValueError(f"degree = {degree!r} must be 1, 2, 3 or 4")
    if isinstance(electric_field, str) or len(electric_field) != 2:
        raise ValueError(f"electric_field = {electric_field!r} must be two fields [Ex, Ey]")
    field = (
        quantity(electric_field[0], "V/nm", "electric_field"),
        quantity(electric_field[1], "V/nm", "electric_field"),
    )
    if not np.isfinite(field).all():
        raise ValueError(f"electric_field = {list(electric_field)!r} must be finite")
    regions = dict(regions or {})
    for name in regions:
        if name not in device.regions:
            raise ValueError(f"unknown region {name!r}; this device has {', '.join(map(repr, device.regions))}")
    problem = Problem(
        device=device,
        film=film,
        regions=regions,
        magnetization=magnetization,
        terminals=resolved_terminals(list(device.terminals), terminals or {}, field),
        edges=_edge_conditions(device, edges),
        electric_field=field,
        degree=degree,
    )
    _check(problem)
    return problem


def _coarse_borders(problem: Problem) -> list[str]:
    """Where the elements at the border of two films are too large for the layer that the spin has there. Collective."""
    films, found = problem.films, []
    for (name, other), height in border_heights(problem.device).items():
        shortest = films[name].lengths.shortest
        if films[name] != films[other] and height > shortest:
            found.append(
                f"region {name!r}: its elements at the border with {other!r} are up to {height:.3g} nm high, larger "
                f"than its shortest length, {shortest:.3g} nm"
            )
    return found


def _voltage_span(problem: Problem) -> float:
    """Largest difference of potential that the drive imposes, V; given currents are left out. Collective."""
    x = problem.device.mesh.geometry.x[:, :2]
    along = x @ np.array(problem.electric_field)
    comm = problem.device.mesh.comm
    highest = comm.allreduce(float(along.max(initial=-np.inf)), op=MPI.MAX)
    lowest = comm.allreduce(float(along.min(initial=np.inf)), op=MPI.MIN)
    voltages = [float(c.value) for c in problem.terminals.values() if isinstance(c, Voltage)]
    return max(highest - lowest, max(voltages, default=0.0) - min(voltages, default=0.0))


def _edge_conditions(device: Device, edges: SpinCondition | Mapping[str, SpinCondition]) -> dict[str, SpinCondition]:
    by_name = dict(edges) if isinstance(edges, Mapping) else {"edge": edges}
    for name, spin in by_name.items():
        check_spin(spin, f"spin of the edge {name!r}")
        if name != "edge" and name not in device.edges:
            known = ", ".join(map(repr, device.edges))
            raise ValueError(f"unknown edge {name!r}; this device has {known}")
    rest = by_name.get("edge", "sink")
    return {"edge": rest} | {name: by_name.get(name, rest) for name in device.edges}


def _check(problem: Problem) -> None:
    masses = {film.effective_mass for film in problem.films.values()}
    if len(masses) > 1:
        raise ValueError(
            f"effective_mass = {sorted(masses)} differs between regions; it must be one value, because "
            "the continuity of n is that of the potential only where n0/eF is the same"
        )
    coefficients = [film.coefficients for film in problem.films.values()]
    held = problem.fixed_spin or any(problem.spin_losses.values())
    if not held and all(c.r_sf == 0 and c.r_dp == 0 for c in coefficients):
        raise ValueError(
            "the spin density is not determined: with rashba_parameter = 0, spin_flip_time = inf and no edge or "
            "terminal with spin = 'sink' or 'relaxing' nothing relaxes it; change one of the three"
        )
    points = problem.device.mesh.geometry.x
    values(problem.magnetization, points[:, 0], points[:, 1])
    data = data_of(problem.magnetization)
    if data is not None and _uncovered(problem, data) > 1 - 1e-9:
        x, y = (f"{a} = {low:g} to {high:g} nm" for a, (low, high) in zip("xy", data.extent, strict=True))
        raise ValueError(
            f"no part of the film lies in the cells with magnetization of the file, whose grid spans {x} and {y} on "
            "the device; place it with origin or center"
        )


def _uncovered(problem: Problem, data: Gridded) -> float:
    """The part of the film, by the middles of its cells, where a grid has no magnetization. Collective."""
    mesh = problem.device.mesh
    areas = cell_areas(mesh)
    middles = compute_midpoints(mesh, 2, np.arange(len(areas), dtype=np.int32))
    outside = areas[~data.covers(middles[:, 0], middles[:, 1])].sum()
    return float(mesh.comm.allreduce(outside, op=MPI.SUM)) / problem.device.area


def _warnings_of_data(problem: Problem, data: Gridded) -> list[str]:
    outside = _uncovered(problem, data)
    if outside < 1e-6:
        return list(data.notes)
    return [
        *data.notes,
        f"about {100 * outside:.2g} % of the film lies outside the cells with magnetization of the file; "
        "there m is that of the nearest of them",
    ]


def warnings(problem: Problem) -> list[str]:
    """What a user should know before trusting the numbers: parameters that leave the range of the model. Collective."""
    found = []
    for name, film in problem.films.items():
        where = f"region {name!r}: " if len(problem.films) > 1 else ""
        found += [f"{where}{verdict}" for verdict in film.validity if not verdict.holds]
    shortest = min(film.lengths.shortest for film in problem.films.values())
    finest = problem.device.element_size[0]
    if finest > shortest:
        found.append(
            f"the finest elements, {finest:.3g} nm, are larger than the shortest length of the film, {shortest:.3g} nm"
        )
    found += _coarse_borders(problem)
    span = _voltage_span(problem)
    energy = min(film.fermi_energy for film in problem.films.values())
    if span > 0.1 * energy:
        found.append(f"the drive spans {span:.3g} V; linear response needs far less than eF/e = {energy:.3g} V")
    data = data_of(problem.magnetization)
    if data is not None:
        found += _warnings_of_data(problem, data)
    smallest = min(film.density for film in problem.films.values())
    largest = max((float(np.linalg.norm(S)) for S in problem.fixed_spin.values()), default=0.0)
    if largest > 0.05 * smallest:
        found.append(
            f"the injected spin density, {largest:.3g} 1/nm^2, is not small against n0/2 = {smallest / 2:.3g} 1/nm^2, "
            "that of particles which are all polarized; linear response needs far less"
        )
    if len({(film.density, film.coefficients.PF) for film in problem.films.values()}) > 1:
        found.append("n0 or PF differ between regions: the continuity of n and S across them is an assumption")
    return found
