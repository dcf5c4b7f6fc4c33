"""The torque over all directions of m, and why it is more than a fieldlike and a dampinglike part.

`angular.toml` describes a square of the reference film, 40 nm wide, S = 0 at its edges; it is solved for 24 directions
of m, for both couplings, and the torque is split into parts odd and even in m. Panel (a) has the infinite medium: what
each of three forms leaves of the two parts, against tau_sf/tau_dp, which the spin-flip time changes. The fieldlike and
dampinglike torque (35) alone (`isotropic`) leave a part that vanishes with the anisotropy of relaxation, tau_dp >>
tau_sf, as Sec. IV C of Wang, Ortiz Pauyac and Manchon, Phys. Rev. B 89, 054405 (2014), says of (40). Panel (b) has the
components of the even part along e_theta and e_phi, over cos theta sin phi and cos phi: without anisotropy both would
be one constant. It compares the infinite medium, the middle of the square and its average. The forms are those of
`fem_rashba/studies/angular.py`.

    python demos/angular/angular.py [FOLDER]

What is known: the six amplitudes of (40) are (41), and the middle of the square is an infinite medium up to the decay
of its edges, exp(-20 nm/longest length).
"""

import sys
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fem_rashba import config, probe, solve
from fem_rashba.physics.closed_forms import amplitudes
from fem_rashba.studies.angular import AngularTorque, bulk_torque, device_torque, directions, fit
from fem_rashba.units import HBAR

HERE = Path(__file__).parent
OVER = directions(polar=6, azimuthal=4)
RATIOS = np.geomspace(1e-3, 1e2, 51)  # tau_sf/tau_dp
FORMS = {"isotropic": ("-", "(35)"), "garello": ("--", "Garello"), "expansion": (":", "expansion")}
STYLE = {"font.size": 7, "axes.titlesize": 7, "axes.linewidth": 0.5, "xtick.major.width": 0.5, "ytick.major.width": 0.5}


def main(folder: Path) -> Path:
    """Solve, compare with (41), draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    with rc_context(STYLE):
        figure = Figure(figsize=(8.6 / 2.54, 11.5 / 2.54), dpi=240, layout="constrained")
        panels = figure.subplots(2, 2, sharey="row")
        for column, couplings in zip(panels.T, ("paper", "consistent"), strict=True):
            given = config.load(HERE / "angular.toml", [f"film.couplings={couplings}"])
            column[0].set_title(couplings)
            vanishing(column[0], given)
            device(column[1], given)
        panels[0, 0].set_ylabel("(a)  share that is left")
        panels[1, 0].set_ylabel(r"(b)  amplitude, even ($\mu$eV/nm$^2$)")
        figure.legend(*styles(), loc="outside upper center", ncols=5, frameon=False, handlelength=1.3, columnspacing=1)
        handles, labels = panels[1, 1].get_legend_handles_labels()
        names = [rf"{label}, $e_{part}$" for label in labels[::2] for part in (r"\theta", r"\varphi")]
        figure.legend(handles, names, loc="outside lower center", ncols=3, frameon=False)
        figure.savefig(folder / "angular.png", metadata={"Software": None})
    return folder / "angular.png"


def vanishing(axes: Any, given: Any) -> None:
    """Panel (a): what the forms leave of the odd and of the even part."""
    rate = given.film.coefficients.r_dp
    films = [replace(given.film, spin_flip_time=float(ratio / rate)) for ratio in RATIOS]
    torques = [bulk_torque(film, given.electric_field, OVER) for film in films]
    for form, (style, _) in FORMS.items():
        left = np.array([(f.odd_residual, f.even_residual) for f in (fit(torque, form) for torque in torques)])
        for k in range(2):
            axes.plot(RATIOS, left[:, k], f"C{k}", ls=style, lw=1)
        if form == "isotropic":
            # of first order in the anisotropy
            slopes = np.log(left[5] / left[0]) / np.log(RATIOS[5] / RATIOS[0])
            assert np.allclose(slopes, 1, rtol=0, atol=0.05), slopes
    axes.set(xscale="log", yscale="log", xlim=RATIOS[[0, -1]], ylim=(1e-10, 2), xlabel=r"$\tau_{\rm sf}/\tau_{\rm dp}$")


def device(axes: Any, given: Any) -> None:
    """Panel (b), and the table."""
    film, mesh, states = given.film, given.shape.mesh(given.film, degree=given.degree), []
    middle = np.array([[20.0, 20.0]])

    def solved(m: Any) -> Any:
        states.append(solve(mesh, film, m, electric_field=given.electric_field, edges=given.edges, degree=given.degree))
        return states[-1]

    average = device_torque(solved, OVER)
    again = iter(states)
    at_middle = device_torque(lambda m: next(again), OVER, lambda state: probe(state, middle)[0, 6:9])
    infinite = bulk_torque(film, given.electric_field, OVER)
    unit = HBAR * film.coefficients.states * given.electric_field[0]  # of amplitudes per g
    known = np.array(astuple(amplitudes(film.coefficients)))
    print(f"\n{given.film.couplings}: amplitudes of (40) per g, hbar nm/ps")
    print("           odd: T0     Tx        Tyz       even: T0  Tx        Tyz      left of odd, even: (40), Garello")
    for name, found in (("infinite", infinite), ("middle", at_middle), ("average", average)):
        fitted, garello = fit(found, "infinite_medium", film), fit(found, "garello")
        values = np.array([*fitted.odd.values(), *fitted.even.values()]) / unit
        left = [fitted.odd_residual, fitted.even_residual, garello.odd_residual, garello.even_residual]
        print(f"  {name:<9}" + "".join(f" {v:9.5f}" for v in values) + "      " + " ".join(f"{r:7.0e}" for r in left))
        if name != "average":
            # (41) in the order of the fit: fieldlike T0, dampinglike x, fieldlike yz; dampinglike T0, fieldlike x, ...
            off = abs(values - known[[0, 4, 3, 1, 2, 5]]).max() / abs(known).max()
            allowed = 1e-10 if name == "infinite" else np.exp(-20 / film.lengths.longest)
            assert off < allowed, f"{name}: {values} should be {known}"
    curves(axes, bulk_torque(film, given.electric_field, directions(40, 4)), "0.15", ("--", "-"), "infinite")
    curves(axes, at_middle, "C0", ("o", "o"), "middle")
    curves(axes, average, "C3", ("^", "^"), "average")
    axes.axhline(0, color="0.7", lw=0.5, zorder=0)
    axes.set(xlim=(0, 90), xticks=range(0, 91, 30), xlabel=r"$\theta$ (deg)")


def curves(axes: Any, found: AngularTorque, color: str, markers: tuple[str, str], label: str) -> None:
    """The even part over its dependence in (35): T0 in both components, were it not for the anisotropy."""
    m, even = (array.reshape(-1, 4, 3) for array in (found.directions.magnetization, 1e6 * found.even))
    theta, phi = np.arccos(m[..., 2]), np.arctan2(m[..., 1], m[..., 0])
    e_phi = np.stack([-np.sin(phi), np.cos(phi), 0 * phi], axis=-1)
    polar = np.sum(even * np.cross(e_phi, m), axis=-1) * np.sin(phi) / np.cos(theta)
    azimuthal = np.sum(even * e_phi, axis=-1) * np.cos(phi)
    for component, marker, face in ((polar, markers[0], "none"), (azimuthal, markers[1], color)):
        # over phi, sin^2 and cos^2 average to 1/2
        axes.plot(
            np.degrees(theta[:, 0]), 2 * component.mean(axis=1), marker, color=color, mfc=face, ms=4, lw=1, label=label
        )


def styles() -> tuple[list[Any], list[str]]:
    """The legend of panel (a)."""
    lines = [Line2D([], [], color="0.3", ls=style, lw=1) for style, _ in FORMS.values()]
    lines += [Line2D([], [], color=f"C{k}", lw=1) for k in range(2)]
    return lines, [*(label for _, label in FORMS.values()), "odd", "even"]


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "angular"))
