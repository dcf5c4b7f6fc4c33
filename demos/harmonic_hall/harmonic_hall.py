"""A harmonic Hall measurement that never took place: from the torque of a wire to voltages, and back to its fields.

`harmonic_hall.toml` describes a wire of the reference film and what a harmonic Hall measurement takes as given. Panel
(a): with an easy axis along the normal, the second harmonic against a small field along the current (x) and across it
(y). Its slopes over the curvatures of the first harmonic are the effective fields, once they are corrected for the
planar Hall effect (Hayashi et al., Phys. Rev. B 89, 144425 (2014)). Panel (b): with an easy plane the field turns in
it, and the two fields are told apart by the dependence on its angle.

    python demos/harmonic_hall/harmonic_hall.py [FOLDER]

What is known: the torque that was put in. The analysis of the easy axis must give it back.
"""

import json
import sys
from pathlib import Path

import xarray as xr

from fem_rashba.cli import main as fem_rashba
from fem_rashba.results.panels import panels

HERE = Path(__file__).parent
PLANE = ["--set", "harmonic.anisotropy_field=-500 mT", "harmonic.external_field=['0.1 T', '0.2 T', '0.4 T']"]


def main(folder: Path) -> Path:
    """Measure, compare with what was put in, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    toml, files = str(HERE / "harmonic_hall.toml"), [folder / "axis.nc", folder / "plane.nc"]
    assert fem_rashba(["harmonic", toml, "-o", str(files[0])]) == 0
    assert fem_rashba(["harmonic", toml, "-o", str(files[1]), *PLANE]) == 0
    axis, plane = (xr.load_dataset(file, engine="h5netcdf") for file in files)
    for name, found in json.loads(axis.attrs["results"])["effective_field_mT"].items():
        print(f"{name}: {found['put_in']:.4f} mT put in, {found['recovered']:.4f} mT recovered")
        assert abs(found["recovered"] / found["put_in"] - 1) < 1e-3
    with panels(folder / "harmonic_hall.png", columns=2, size=(8.6, 6.6)) as (left, right):
        for state, line in ((1, "o-"), (-1, "x--")):
            curves = 1e9 * axis["second_harmonic"].sel(state=state).transpose("external_field", "field_axis")
            left.plot(axis["external_field"], curves, line, label=[f"$B_{b}$, $m_z = {state:+d}$" for b in "xy"])
        right.plot(plane["angle"], 1e9 * plane["second_harmonic"].T, "o-")
        left.set(xlabel="external field (mT)", ylabel="second harmonic (nV)", title="(a)  easy axis")
        right.set(xlabel="angle of the field (rad)", title="(b)  easy plane")
        left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25))
        right.legend(["100 mT", "200 mT", "400 mT"], loc="upper center", bbox_to_anchor=(0.5, -0.25))
    return folder / "harmonic_hall.png"


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "harmonic_hall"))
