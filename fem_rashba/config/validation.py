"""The sections of a TOML file against the schema, with every default filled in."""

from __future__ import annotations

from typing import Any

from fem_rashba.config.kinds import shown
from fem_rashba.config.schema import (
    ACCURACY,
    CONDITIONS,
    CUSTOM,
    DEGREE,
    DISCRETIZATION,
    DRIVE,
    EDGE,
    FILM,
    GDS,
    HARMONIC,
    MAGNETIZATIONS,
    MESH,
    OUTLINE,
    OUTPUT,
    REGION,
    SECTIONS,
    SHAPES,
    SOLVER,
    SPIN,
    TERMINAL,
    TEXTURES,
    TIME,
)
from fem_rashba.config.tables import (
    Table,
    checked,
    checked_variant,
    nearest,
    one_of,
    owner_of,
    require_table,
    split_choice,
)


def resolved(table: Table) -> Table:
    """Every section with every default, the values as written.

    Raises:
        ValueError: For the first section or key that is unknown, missing or not what it must be.
    """
    for name, value in table.items():
        _check_section(name, value)
    for name in ("film", "device", "magnetization"):
        if name not in table:
            raise ValueError(f"the section [{name}] is missing; it takes {', '.join(SECTIONS[name])}")
    if "time" in table and "accuracy" in table.get("solver", {}):
        raise ValueError("solver.accuracy is for the steady state; leave it out with the section [time]")
    return {
        "film": _film(table["film"]),
        "device": _device(table["device"]),
        "magnetization": magnetization(table["magnetization"]),
        "drive": checked(table.get("drive", {}), DRIVE, "drive"),
        "terminals": {name: _terminal(own, f"terminals.{name}") for name, own in table.get("terminals", {}).items()},
        "edges": _edges(table.get("edges", {})),
        "regions": {name: _region(own, f"regions.{name}") for name, own in table.get("regions", {}).items()},
        "solver": _solver(table.get("solver", {})),
        "output": checked(table.get("output", {}), OUTPUT, "output"),
        **({"time": checked(table["time"], TIME, "time")} if "time" in table else {}),
        **({"harmonic": checked(table["harmonic"], HARMONIC, "harmonic")} if "harmonic" in table else {}),
    }


def _check_section(name: str, value: Any) -> None:
    if name == "sweep":
        raise ValueError("the section [sweep] is for the command sweep; leave it out for any other")
    if name in SECTIONS:
        require_table(value, name)
        return
    kind, owner = ("section", None) if isinstance(value, dict) else ("key", owner_of(name))
    if owner is not None:
        raise ValueError(f"the key {name} stands before any section; it belongs below [{owner}]")
    known = ", ".join(f"[{section}]" for section in SECTIONS)
    raise ValueError(f"unknown {kind} {name!r}; the nearest section is [{nearest(name, SECTIONS)}] of {known}")


def _film(table: Table) -> Table:
    result = checked(table, FILM, "film")
    couplings = result["couplings"]
    if couplings == "custom" and "custom" not in table:
        raise ValueError(f"film.couplings = 'custom' needs the section [film.custom], which takes {', '.join(CUSTOM)}")
    if couplings != "custom" and "custom" in table:
        raise ValueError(f"[film.custom] does not go with film.couplings = {couplings!r}, only with 'custom'")
    if couplings == "custom":
        result["custom"] = checked(table["custom"], CUSTOM, "film.custom")
    return result


def _region(table: Any, where: str) -> Table:
    result = checked(table, REGION, where, partial=True)
    if "custom" in result:
        result["custom"] = checked(table["custom"], CUSTOM, f"{where}.custom")
    return result


def _device(table: Table) -> Table:
    known = SECTIONS["device"]
    choice = one_of(table, ("shape", "mesh", "outline", "gds"), "device")
    if choice != "shape":
        # a mesh has elements
        keys = {"mesh": MESH | DEGREE, "outline": OUTLINE | DISCRETIZATION, "gds": GDS | DISCRETIZATION}[choice]
        return checked_variant(table, keys, "device", choice, known)
    shape, rest = split_choice(table, "shape", SHAPES, "device")
    keys = SHAPES[shape] | DISCRETIZATION
    return {"shape": shape} | checked_variant(rest, keys, "device", f"shape = {shape!r}", known)


def magnetization(table: Table) -> Table:
    """[magnetization] with every default."""
    known = SECTIONS["magnetization"]
    if "phi" in table and "theta" not in table:
        raise ValueError("magnetization.phi needs magnetization.theta, the angle from the normal, such as '90 deg'")
    # a spiral has a direction too
    first = () if "texture" in table else ("direction",)
    choice = one_of(table, (*first, "theta", "texture", "expression", "ovf"), "magnetization")
    if choice != "texture":
        return checked_variant(table, MAGNETIZATIONS[choice], "magnetization", choice, known)
    texture, rest = split_choice(table, "texture", TEXTURES, "magnetization")
    keys = TEXTURES[texture]
    return {"texture": texture} | checked_variant(rest, keys, "magnetization", f"texture = {texture!r}", known)


def _terminal(table: Any, where: str) -> Table:
    result = checked(table, TERMINAL, where)
    given = [name for name in CONDITIONS if name in result]
    if len(given) > 1:
        raise ValueError(f"[{where}] has {' and '.join(given)}; it may have one of {', '.join(CONDITIONS)}")
    return result


def _edges(table: Table) -> Table:
    common = checked({key: value for key, value in table.items() if key in SPIN}, SPIN, "edges")
    common = {"spin": "sink"} | common
    result: Table = dict(common)
    for name, own in table.items():
        if name in SPIN:
            continue
        if not isinstance(own, dict):
            raise ValueError(
                f"unknown key edges.{name}; the nearest valid key is edges.{nearest(name, SPIN)}, and named edges are "
                "sections"
            )
        given = checked(own, EDGE, f"edges.{name}")
        # what is said for all edges holds here unless the edge has a condition of its own
        result[name] = given if "spin" in given else common | given
    return result


def _solver(table: Table) -> Table:
    result = checked(table, SOLVER | ACCURACY, "solver")
    if "accuracy" in result:
        result = result | {"goal": result.get("goal", "torque")}
        if result["error_estimate"] is False:
            raise ValueError("solver.error_estimate = false does not go with solver.accuracy, which needs estimates")
    elif "goal" in result:
        raise ValueError(f"solver.goal = {shown(result['goal'])} needs solver.accuracy, a number such as 1e-3")
    for name, value in result["petsc"].items():
        if not isinstance(value, str | bool | int | float):
            raise ValueError(f"solver.petsc.{name} = {shown(value)} must be a string, a number, true or false")
    return result
