"""The page of a report, as HTML."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from fem_rashba.results.html import label, number, picture, scaled, table
from fem_rashba.results.maps import KNOWN
from fem_rashba.results.report_tables import configuration, device, film, results
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


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """PNG files.

    Attributes:
        mesh: Outline, terminals and cells.
        cuts: Profiles along lines.
        maps: By their names in `KNOWN`.
        series: Curves of a run in time, None of a steady state.
    """

    mesh: Path
    cuts: list[Path]
    maps: dict[str, Path]
    series: Path | None


@dataclass(frozen=True, kw_only=True)
class Zoom:
    """Zoomable maps.

    Attributes:
        data: As JSON, None without.
        ratio: Width of the film over its height.
        note: What to say of them.
    """

    data: str | None
    ratio: float
    note: str


@dataclass(frozen=True, kw_only=True)
class Assets:
    """What a page needs besides its words.

    Attributes:
        style: CSS.
        script: That draws the zoomable maps.
        viewer: The scripts of vtk.js.
    """

    style: str
    script: str
    viewer: Sequence[str]

    @property
    def policy(self) -> str:
        """The Content-Security-Policy: these scripts and pictures inside the page, and nothing from elsewhere."""
        digests = (hashlib.sha256(text.encode()).digest() for text in (self.script, *self.viewer))
        allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
        return (
            f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
            "base-uri 'none'; form-action 'none'"
        )


def page(name: str, numbers: dict[str, Any], pictures: Pictures, zoom: Zoom, assets: Assets) -> str:
    """The HTML file.

    Args:
        name: Of the device.
        numbers: The content of summary.json.
        pictures: To be put inside.
        zoom: The zoomable maps.
        assets: Style and scripts.
    """
    title = f"{name.replace('_', ' ')}: fem_rashba report"
    sections = {
        "Device": device(numbers, pictures.mesh),
        "Numbers": results(numbers),
        **({} if pictures.series is None else {"In time": _series(pictures.series)}),
        "Zoomable maps": _zoom(zoom),
        "Profiles": _profiles(pictures.cuts),
        "Maps": _maps(pictures.maps),
        "Conventions": "<ul>" + "".join(f"<li>{words}</li>" for words in CONVENTIONS) + "</ul>",
        "Film": film(numbers["film"]),
        "Configuration": configuration(numbers.get("config")),
        "Versions": table([], [[escape(k), escape(str(v))] for k, v in numbers["versions"].items()]),
    }
    anchors = {heading: heading.lower().replace(" ", "-") for heading in sections}
    links = " ".join(f'<a href="#{anchor}">{heading}</a>' for heading, anchor in anchors.items())
    body = "\n".join(f'<h2 id="{anchors[heading]}">{heading}</h2>\n{text}' for heading, text in sections.items())
    # inert until the script above has found WebGL
    inert = "\n".join(f'<script type="text/plain" class="viewer">{text}</script>' for text in assets.viewer)
    scripts = f"{inert}\n<script>{assets.script}</script>" if zoom.data is not None else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{assets.policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{escape(title)}</title>
<style>
{assets.style}</style>
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


def _series(curves: Path) -> str:
    words = (
        "What series.nc has, the numbers above being those of its end. All that follows is the last state; fields.pvd, "
        "if it was written, has the others."
    )
    return f'<div class="single">{picture(curves, words)}</div>'


def _zoom(zoom: Zoom) -> str:
    if zoom.data is None:
        return f"<p>{escape(zoom.note)}</p>"
    options = "".join(f"<option{' selected' if n == 'dampinglike' else ''}>{_plain(n)}</option>" for n in ZOOMED)
    return f"""<div id="zoom">
<div class="controls">
<label>Quantity <select id="quantity">{options}</select></label>
<label><input type="checkbox" id="cells"> cells</label>
<button type="button" id="reset">whole film</button>
</div>
<div id="view" style="aspect-ratio: {zoom.ratio:.3g}" tabindex="0" role="application"
 aria-label="Zoomable map: arrow keys move, + and - zoom, 0 shows all">
<div id="scale" hidden></div></div>
<div id="bar" aria-hidden="true"></div>
<div id="ticks"></div>
<div id="bar-label" aria-live="polite"></div>
<div id="under"></div>
<p class="soft">Drag to move, turn the wheel or pinch to zoom, point to read a value. {escape(zoom.note)}</p>
<noscript><p>Zoomable maps need JavaScript; the pictures below show the same.</p></noscript>
</div>
<script type="application/json" id="zoom-data">{zoom.data}</script>"""


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
