"""The words and tables of a report, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from fem_rashba.results.html import label, number, picture, scaled, table, toml
from fem_rashba.results.maps import KNOWN
from fem_rashba.results.zoomable import ZOOMED

CONVENTIONS = (
    "Carriers have the charge −e. A terminal's current is the conventional current into the film; all of them add "
    "up to zero. Sheet current densities are electric: J = −e J<sub>n</sub>.",
    "S and m both count as magnetization: the equilibrium spin is parallel to m. S is in units of ħ per area. The "
    "spin current J<sup>a</sup> is the flow of the component a of S, drawn in A/m with 2e for each ħ.",
    "T acts on the magnetization. It is split along the axis e: T = T<sub>fl</sub> e × m + T<sub>dl</sub> "
    "m × (e × m); e is ẑ × the electric field or the mean current unless the configuration says otherwise. "
    "Effective fields: B<sub>fl</sub> = T<sub>fl</sub> e/(M<sub>s</sub> t), B<sub>dl</sub> = T<sub>dl</sub> "
    "(m × e)/(M<sub>s</sub> t).",
    "ẑ is the normal of the film, from the substrate up. n is the deviation of the density, electrochemical: the "
    "potential is −(e<sub>F</sub>/n<sub>0</sub>) n − E·r. Lengths are in nm.",
)

BALANCES = {
    "charge": "sum of the terminal currents, over the largest",
    "section": "terminal currents against the currents of the fields through cross-sections; shrinks with the elements",
    "spin": "spin balance with the fluxes of the fields at the edges; shrinks with the elements",
    "spin_residual": "spin balance with the fluxes of the equations: that of the solver",
}


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """PNG files.

    Attributes:
        mesh: Outline, terminals and cells.
        cuts: Profiles along lines.
        maps: By their names in `KNOWN`.
    """

    mesh: Path
    cuts: list[Path]
    maps: dict[str, Path]


def page(
    name: str,
    numbers: dict[str, Any],
    pictures: Pictures,
    zoomed: str | None,
    ratio: float,
    note: str,
    style: str,
    script: str,
    viewer: Sequence[str],
    allowed: str,
) -> str:
    """The HTML file.

    Args:
        name: Of the device.
        numbers: The content of summary.json.
        pictures: To be put inside.
        zoomed: JSON of the zoomable maps, None without.
        ratio: Width of the film over its height.
        note: On the zoomable maps.
        style: CSS.
        script: That draws the zoomable maps.
        viewer: The scripts of vtk.js.
        allowed: The scripts that may run, for the Content-Security-Policy.
    """
    title = f"{name.replace('_', ' ')}: fem_rashba report"
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    sections = {
        "Device": _device(numbers, pictures.mesh),
        "Numbers": _numbers(numbers),
        "Zoomable maps": _zoom(zoomed, ratio, note),
        "Profiles": _profiles(pictures.cuts),
        "Maps": _maps(pictures.maps),
        "Conventions": "<ul>" + "".join(f"<li>{words}</li>" for words in CONVENTIONS) + "</ul>",
        "Film": _film(numbers["film"]),
        "Configuration": _config(numbers.get("config")),
        "Versions": table([], [[escape(k), escape(str(v))] for k, v in numbers["versions"].items()]),
    }
    anchors = {heading: heading.lower().replace(" ", "-") for heading in sections}
    links = " ".join(f'<a href="#{anchor}">{heading}</a>' for heading, anchor in anchors.items())
    body = "\n".join(f'<h2 id="{anchors[heading]}">{heading}</h2>\n{text}' for heading, text in sections.items())
    # inert until the script above has found WebGL
    inert = "\n".join(f'<script type="text/plain" class="viewer">{text}</script>' for text in viewer)
    scripts = f"{inert}\n<script>{script}</script>" if zoomed is not None else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>{escape(title)}</h1>
<p class="soft">{_lead(numbers)}</p>
<nav aria-label="Sections">{links}</nav>
</header>
<main>
{body}
</main>
{scripts}
</body>
</html>
"""


def _lead(numbers: dict[str, Any]) -> str:
    torque, time = numbers["torque"], numbers.get("time")
    words = [f"{numbers['mesh']['cells']} cells, {numbers['mesh']['dofs']} unknowns, everything in this one file."]
    if time is not None:
        words.insert(0, f"The state at the end of a run in time, at {number(time['end_ps'])} ps.")
    if torque["fieldlike"] is not None:
        words.append(
            f"Fieldlike torque {scaled(torque['fieldlike'], 'eV/nm²')}, dampinglike "
            f"{scaled(torque['dampinglike'], 'eV/nm²')} on average."
        )
    return " ".join(words)


def _device(numbers: dict[str, Any], mesh: Path) -> str:
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


def _numbers(numbers: dict[str, Any]) -> str:
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


def _zoom(zoomed: str | None, ratio: float, note: str) -> str:
    if zoomed is None:
        return f"<p>{escape(note)}</p>"
    options = "".join(f"<option{' selected' if n == 'dampinglike' else ''}>{_plain(n)}</option>" for n in ZOOMED)
    return f"""<div id="zoom">
<div class="controls">
<label>Quantity <select id="quantity">{options}</select></label>
<label><input type="checkbox" id="cells"> cells</label>
<button type="button" id="reset">whole film</button>
</div>
<div id="view" style="aspect-ratio: {ratio:.3g}" tabindex="0" role="application"
 aria-label="Zoomable map: arrow keys move, + and - zoom, 0 shows all">
<div id="scale" hidden></div></div>
<div id="bar" aria-hidden="true"></div>
<div id="ticks"></div>
<div id="bar-label" aria-live="polite"></div>
<div id="under"></div>
<p class="soft">Drag to move, turn the wheel or pinch to zoom, point to read a value. {escape(note)}</p>
<noscript><p>Zoomable maps need JavaScript; the pictures below show the same.</p></noscript>
</div>
<script type="application/json" id="zoom-data">{zoomed}</script>"""


def _plain(name: str) -> str:
    """The label of a map without markup, for a list."""
    text = label(KNOWN[name].label)
    for mark in ("<sub>", "</sub>", "<sup>", "</sup>"):
        text = text.replace(mark, "")
    return text


def _profiles(cuts: Sequence[Path]) -> str:
    words = "Along the middle of the film, where the line is in it."
    return '<div class="maps">' + "".join(picture(cut, words) for cut in cuts) + "</div>"


def _maps(maps: dict[str, Path]) -> str:
    shown = "".join(picture(path, label(KNOWN[name].label)) for name, path in maps.items())
    words = "White is zero where a quantity has a sign; a pointed end of a bar says that there are peaks beyond it."
    return f'<p class="soft">{words}</p><div class="maps">{shown}</div>'


def _film(film: dict[str, Any]) -> str:
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


def _config(config: dict[str, Any] | None) -> str:
    if not config:
        return "<p>The solution was saved from Python without a configuration.</p>"
    return f"<p>As resolved, every default filled in.</p><pre>{escape(toml(config))}</pre>"
