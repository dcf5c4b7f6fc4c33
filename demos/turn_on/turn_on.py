"""The spin-orbit torque after an electric field is switched on.

The field acts from t = 0 on a film in equilibrium. S precesses about m with the period 2 pi tau_Delta = 63 fs, and the
torque with it, until dephasing, tau_phi = 100 fs, has settled what is transverse to m. The last value is that of
the steady solve, which knows nothing of time.

    python demos/turn_on/turn_on.py [FOLDER]
"""

import sys
from pathlib import Path

from scipy.io import netcdf_file

from fem_rashba import load, solve, torque
from fem_rashba.cli import main as fem_rashba
from fem_rashba.results.panels import panels

HERE = Path(__file__).parent
# what is left of the slowest decay after 2 ps, and the error of the steps
TOLERANCE = 2e-3


def main(folder: Path) -> Path:
    """Solve in time and without, compare, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / "solution"
    assert fem_rashba(["run", str(HERE / "turn_on.toml"), "-o", str(out)]) == 0
    last = load(out)
    problem = last.problem
    steady = torque(
        solve(
            last.device,
            last.film,
            problem.magnetization,
            terminals=problem.terminals,
            electric_field=problem.electric_field,
            degree=problem.degree,
        )
    )
    with netcdf_file(out / "series.nc", mmap=False) as series:
        t, parts = series.variables["time"][:].copy(), {}
        for name in ("fieldlike", "dampinglike"):
            parts[name] = series.variables[name][:].copy()
    scale = abs(steady.fieldlike)
    print(f"\n{len(t) - 1} steps        at the end    steady        (eV/nm^2)")
    for name, values in parts.items():
        print(f"  {name:<12}  {values[-1]:<12.6g}  {getattr(steady, name):<12.6g}")
        assert abs(values[-1] - getattr(steady, name)) < TOLERANCE * scale
    with panels(folder / "turn_on.png", size=(8.6, 5.5)) as (axes,):
        for k, (name, values) in enumerate(parts.items()):
            axes.semilogx(1e3 * t[1:], values[1:] / scale, f"C{k}", lw=0.8, label=name)
            axes.axhline(getattr(steady, name) / scale, color=f"C{k}", lw=0.5, ls=":")
        axes.set(xlabel="$t$ (fs)", ylabel="torque / steady fieldlike torque", xlim=(1e-1, 1e3 * t[-1]))
        axes.legend()
    return folder / "turn_on.png"


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "turn_on"))
