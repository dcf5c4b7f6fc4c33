"""A harmonic Hall measurement that never took place: from the torque of a wire to voltages, and back to its fields.

`harmonic_hall.toml` describes a wire of the reference film and what a harmonic Hall measurement takes as given. Panel
(a): with an easy axis along the normal, the second harmonic against a small field along the current (x) and across it
(y). Its slopes over the curvatures of the first harmonic are the effective fields, once they are corrected for the
planar Hall effect (Hayashi et al., Phys. Rev. B 89, 144425 (2014)). Panel (b): with an easy plane the field turns in
it, and the two fields are told apart by the dependence on its angle.

    python demos/harmonic_hall/harmonic_hall.py [FOLDER]

What is known: the torque that was put in. The analysis of the easy axis must give it back; leaving out the correction
for the planar Hall effect must not.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib import rc_context
from matplotlib.figure import Figure

from fem_rashba import config
from fem_rashba.cli import main as fem_rashba
from fem_rashba.studies.macrospin import field_sweep

HERE = Path(__file__).parent
PLANE = ["harmonic.anisotropy_field=-500 mT", "harmonic.external_field=['0.1 T', '0.2 T', '0.4 T']"]
STYLE = {"font.size": 7, "axes.linewidth": 0.5, "xtick.major.width": 0.5, "ytick.major.width": 0.5}


def main(folder: Path) -> Path:
    """Measure, compare with what was put in, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    toml, data = str(HERE / "harmonic_hall.toml"), []
    for name, changes in (("axis", []), ("plane", PLANE)):
        out = str(folder / f"{name}.nc")
        assert fem_rashba(["harmonic", toml, "-o", out, *(word for c in changes for word in ("--set", c))]) == 0
        with xr.open_dataset(out, engine="h5netcdf") as opened:
            data.append(opened.load())
    axis, plane = data
    uncorrected = replace(config.load(toml).harmonic, planar=0.0)
    naive = field_sweep(uncorrected, axis["first_harmonic"].values, axis["second_harmonic"].values)
    for name, found in json.loads(axis.attrs["results"])["effective_field_mT"].items():
        print(
            f"{name}: {found['put_in']:.4f} mT put in, {found['recovered']:.4f} mT recovered, {naive[name]:.4f} mT "
            f"without the planar Hall effect; {found['recovered_per_1e11_A_per_m2']:.4f} mT per 1e11 A/m^2"
        )
        assert abs(found["recovered"] / found["put_in"] - 1) < 1e-3
        assert abs(naive[name] / found["put_in"] - 1) > 0.05
    with rc_context(STYLE):
        figure = Figure(figsize=(8.6 / 2.54, 6.6 / 2.54), dpi=300, layout="constrained")
        left, right = figure.subplots(1, 2)
        for k, state in enumerate((1, -1)):
            for style, field in zip(("o-", "s--"), ("x", "y"), strict=True):
                curve = 1e9 * axis["second_harmonic"].sel(state=state, field_axis=field)
                label = rf"$B_{field}$, $m_z = {state:+d}$"
                left.plot(
                    axis["external_field"], curve, style, color=f"C{k}", lw=1, ms=3 + 2 * k, mfc="none", label=label
                )
        for field in plane["external_field"].values:
            curve = 1e9 * plane["second_harmonic"].sel(external_field=field)
            right.plot(np.degrees(plane["angle"]), curve, "o-", lw=1, ms=2, label=f"{field:g} mT")
        left.set(xlabel="external field (mT)", ylabel="second harmonic (nV)", title="(a)  easy axis")
        right.set(xlabel="angle of the field (deg)", xticks=range(0, 361, 90), title="(b)  easy plane")
        left.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.25))
        right.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.25))
        figure.savefig(folder / "harmonic_hall.png", metadata={"Software": None})
    return folder / "harmonic_hall.png"


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "harmonic_hall"))
