"""The tables of a report, as HTML."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from fem_rashba.results.html import number, picture, scaled, table, toml

BALANCES = {
    "charge": "sum of the terminal currents, over the largest",
    "section": "terminal currents against the currents of the fields through cross-sections; shrinks with the elements",
    "spin": "spin balance with the fluxes of the fields at the edges; shrinks with the elements",
    "spin_residual": "spin balance with the fluxes of the equations: that of the solver",
}


def device(numbers: dict[str, Any], mesh: Path) -> str:
    """The picture of the device and what its mesh is."""
    m = numbers["mesh"]
    rows = [
        ["cells", number(m["cells"], 12)],
        ["unknowns", number(m["dofs"], 12)],
        ["degree of the elements", number(m["degree"])],
        ["area", f"{number(m['area_nm2'])} nm²"],
        ["shortest and longest side of a cell", f"{number(m['h_min_nm'], 3)} nm, {number(m['h_max_nm'], 3)} nm"],
    ]
    shown = picture(mesh, "Mesh, regions, terminals, and edges by their spin condition.")
    return f'<div class="single">{shown}</div>{table([], rows, numbers=[1])}'


def results(numbers: dict[str, Any]) -> str:
    """Warnings, terminals, torque and spin, and what these are worth."""
    warnings = "".join(f'<p class="warning">Warning: {escape(w)}</p>' for w in numbers["warnings"])
    noise = 1e-9 * max((abs(t["current_A"]) for t in numbers["terminals"].values()), default=0.0)
    terminals = [
        [
            escape(name),
            "open" if t["voltage_V"] is None else scaled(t["voltage_V"], "V"),
            scaled(t["current_A"] if abs(t["current_A"]) > noise else 0.0, "A"),
            f"{number(t['length_nm'])} nm",
        ]
        for name, t in numbers["terminals"].items()
    ]
    balance, solver = numbers["balance"], numbers["solver"]
    defects = [[name.replace("_", " "), number(balance.get(name), 2), words] for name, words in BALANCES.items()]
    residual = f"largest relative residual of the {escape(str(solver['method']))} solver"
    defects.append(["residual", number(solver["residual"], 2), residual])
    return "".join(
        (
            warnings,
            table(["terminal", "voltage", "current into the film", "length"], terminals, numbers=[1, 2, 3]),
            _torque(numbers["torque"], numbers["spin_density"]),
            table(["defect", "", "what it compares"], defects, "What the numbers are worth, relative", [1]),
        )
    )


def _torque(torque: dict[str, Any], spin: dict[str, Any]) -> str:
    rows = [["axis e", number(torque["axis"], 4)]]
    rows += [[name, scaled(torque[name], "eV/nm²")] for name in ("fieldlike", "dampinglike")]
    fields = torque.get("effective_field_mT")
    if fields is not None:
        for name in ("fieldlike", "dampinglike"):
            per = fields["per_1e11_A_per_m2"][name]
            rows.append([f"{name} effective field", f"{number(fields[name])} mT; {number(per)} mT per 10¹¹ A/m²"])
    rows.append(["average torque density (x, y, z)", f"{number(torque['average_density'], 5)} eV/nm²"])
    rows.append(["total torque (x, y, z)", f"{number(torque['total'], 5)} eV"])
    rows.append(["average spin density (x, y, z)", f"{number(spin['average'], 5)} nm⁻²"])
    regions = torque.get("regions") or {}
    for name, part in regions.items() if len(regions) > 1 else ():
        both = f"{scaled(part['fieldlike'], 'eV/nm²')}, {scaled(part['dampinglike'], 'eV/nm²')}"
        rows.append([f"region {escape(name)}: fieldlike, dampinglike", both])
    return table(["torque and spin", ""], rows)


def film(film: dict[str, Any]) -> str:
    """The range of the equations, lengths and coefficients."""
    rows = []
    for verdict in film.get("validity") or []:
        kind = "good" if verdict["holds"] else "bad"
        words = f'<span class="{kind}">{"holds" if verdict["holds"] else "does not hold"}</span>'
        rows.append([escape(verdict["condition"]), number(verdict["value"], 3), number(verdict["limit"], 3), words])
    lengths = [[escape(k.replace("_", " ")), f"{number(v, 4)} nm"] for k, v in film["lengths_nm"].items()]
    lengths.append(["sheet resistance", f"{number(film['sheet_resistance_ohm'])} Ω"])
    coefficients = [[escape(k), number(film[k])] for k in film if isinstance(film[k], float)]
    return (
        table(["condition", "value", "limit", ""], rows, "Range of the equations", [1, 2])
        + table([], lengths, "Lengths", [1])
        + table([], coefficients, "Coefficients, in nm, ps and eV", [1])
    )


def configuration(config: dict[str, Any] | None) -> str:
    """The TOML, with every default."""
    if not config:
        return "<p>The solution was saved from Python without a configuration.</p>"
    return f"<p>As resolved, every default filled in.</p><pre>{escape(toml(config))}</pre>"
