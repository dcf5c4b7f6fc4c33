"""How far the couplings of the paper are from the kinetic equation they come from.

Section II of Wang, Ortiz Pauyac and Manchon, Phys. Rev. B 89, 054405 (2014), goes from the kinetic equation (9) to the
diffusion equations (16) and (17). The package computes the angular averages behind that step without the dirty limit,
and splits both operators into the same terms. Panel (a) shows, for the reference film, each coefficient of the
equations that the package solves as a part of the kinetic one: 1 is agreement, 0 a term that is missing. (The kinetic
operator has no term along m, m (m.grad_z n) or grad_z.[m (m.S)], to divide R by.) Panel (b) shows what that does to the
torque of a uniform current on m || current, in units of (Delta/hbar) alpha tau/2 per driving density gradient g, the
torque of the Edelstein density. S counts as magnetization throughout. No mesh is needed.

    python demos/kinetic/kinetic.py [FOLDER]
"""

import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from fem_rashba import Film
from fem_rashba.physics.bulk import decomposition, infinite_medium
from fem_rashba.physics.comparison import comparison
from fem_rashba.physics.kinetic import moments, rashba_length
from fem_rashba.units import HBAR

HERE = Path(__file__).parent
FILM: dict[str, Any] = {
    "rashba_parameter": "0.01 eV nm",
    "exchange_time": "10 fs",
    "momentum_relaxation_time": "1 fs",
    "spin_flip_time": "1 ps",
    "fermi_wavevector": "4.3 1/nm",
}
# block, term, label, couplings/kinetic in the dirty limit for `paper` and `consistent`; None depends on the film
TERMS = (
    ("spin", "exchange", r"exchange, $1/\tau_\Delta$", 1, 1),
    ("spin", "dephasing", r"dephasing, $1/\tau_\varphi$", 1, 1),
    ("spin", "dyakonov_perel", r"D'yakonov–Perel, $1/\tau_{\rm dp}$", 1, 1),
    ("spin", "diffusion", "diffusion, $D$", 1, 1),
    ("spin", "precession", "Rashba precession, $C$", 1, 1),
    ("spin", "gamma_0", r"$\Gamma$, first weight", 1 / 6, 1 / 3),
    ("spin", "gamma_2", r"$\Gamma$, last weight", 1 / 6, 1 / 4),
    ("spin", "precessing_diffusion", r"$m\times\nabla^2 S$", 0, 0),
    ("spin_from_charge", "edelstein", r"$\nabla_z n$", None, None),
    ("spin_from_charge", "precessional", r"$m\times\nabla_z n$", 8, 2),
    ("spin_from_charge", "transverse", r"$\nabla_z n\perp m$", 0, 0),
    ("spin_from_charge", "carried", r"$m\,\nabla^2 n$", 4, 2),
    ("charge_from_spin", "edelstein", r"$\nabla_z\cdot S$", 1 / 2, 2),
    ("charge_from_spin", "precessional", r"$\nabla_z\cdot(m\times S)$", 0, 0),
    ("charge_from_spin", "transverse", r"$\nabla_z\cdot S\perp m$", 0, 0),
    ("charge_from_spin", "carried", r"$\nabla^2(m\cdot S)$", 0, 0),
)
HEADINGS = {"spin": "spin", "spin_from_charge": "spin from charge", "charge_from_spin": "charge from spin"}
COUPLINGS = {"paper": ("C0", "o"), "consistent": ("C1", "s")}
ALPHAS = np.geomspace(5e-4, 0.1, 61)
STYLE = {"font.size": 7, "axes.linewidth": 0.5, "xtick.major.width": 0.5, "ytick.major.width": 0.5}


def film(**changes: Any) -> Film:
    """The reference film with changes."""
    return Film(**(FILM | changes))


def ratios(made: Film) -> list[float]:
    """Coefficient of the couplings over the kinetic one, for each of TERMS."""
    found = {(term.block, term.name): term for term in comparison(made).terms}
    return [found[block, name].model / found[block, name].kinetic for block, name, *_ in TERMS]


def torque(made: Film, kinetic: bool) -> tuple[float, float]:
    """(fieldlike, dampinglike) for m = x^ and a current along x, in units of (Delta/hbar) alpha tau/2 g."""
    m, axis = np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
    c = made.coefficients
    unit = made.splitting / HBAR * rashba_length(made) / 2
    if not kinetic:
        found = infinite_medium(made, m, [1 / c.states, 0.0])
        return float(found.fieldlike) / HBAR / unit, float(found.dampinglike) / HBAR / unit
    # (Lam + r_sf) S = (alpha tau/2) Lam grad_z n, S counted as magnetization; the exchange field acts back on m
    relaxation = moments(made, m).relaxation
    spin = np.linalg.solve(relaxation + c.r_sf * np.eye(3), rashba_length(made) / 2 * relaxation @ axis)
    fieldlike, dampinglike = decomposition(-made.splitting / HBAR * np.cross(m, spin), m, axis)
    return float(fieldlike) / unit, float(dampinglike) / unit


def check() -> None:
    """The numbers that are known in closed form."""
    # m along the film normal, A = 1 + delta^2 + 4 zeta^2: C and Gamma at any disorder
    made = film(rashba_parameter="0.05 eV nm")
    v, zeta, delta = made.fermi_velocity, made.zeta, made.delta
    A = 1 + delta**2 + 4 * zeta**2
    drift = -moments(made, np.array([0, 0, 1.0])).drift[0]
    assert abs(drift[0, 2] / (2 * zeta * v / A**2) - 1) < 1e-12
    assert abs(drift[1, 2] / (zeta * delta * v * (3 + delta**2 + 4 * zeta**2) / A**2) - 1) < 1e-12
    # the dirty limit of every ratio, in a film ten thousand times as dirty
    made = film()
    delta, zeta = made.delta, made.zeta
    for k, couplings in enumerate(COUPLINGS):
        found = ratios(film(couplings=couplings, momentum_relaxation_time="0.1 as"))
        for (block, name, *_, paper, consistent), ratio in zip(TERMS, found, strict=True):
            wanted = (paper, consistent)[k]
            if wanted is None:
                # B + Gamma PF against B/2; both have Gamma PF = alpha delta^2, B = 2 alpha zeta^2
                wanted = 2 + (delta / zeta) ** 2
            assert abs(ratio - wanted) < 1e-3, f"{couplings}, {block}, {name}: {ratio} should be {wanted}"
    # a uniform drive without spin flip: S = (alpha tau/2) grad_z n, and alpha tau grad_z n for `consistent`
    for alpha in ("0.001 eV nm", "0.05 eV nm"):
        made = film(rashba_parameter=alpha, spin_flip_time="inf", couplings="consistent")
        assert np.allclose(torque(made, kinetic=True), (1, 0), rtol=0, atol=1e-9)
        assert np.allclose(torque(made, kinetic=False), (2, 2 * made.delta), rtol=0, atol=1e-9)


def main(folder: Path) -> Path:
    """Compare, assert what is known, draw; returns the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    check()
    found = {couplings: ratios(film(couplings=couplings)) for couplings in COUPLINGS}
    print("couplings/kinetic, reference film      paper  consistent")
    for k, (block, name, *_) in enumerate(TERMS):
        label = f"{HEADINGS[block]}: {name.replace('_', ' ')}"
        print(f"  {label:<36} {found['paper'][k] + 0.0:5.2f}  {found['consistent'][k] + 0.0:10.2f}")
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.6 / 2.54, 12.4 / 2.54), dpi=260, layout="constrained")
        upper, lower = figure.subplots(2, 1, height_ratios=[2.3, 1])
        draw_terms(upper, found)
        draw_torques(lower)
        figure.savefig(folder / "kinetic.png", metadata={"Software": None})
    return folder / "kinetic.png"


def draw_terms(axes: Any, found: dict[str, list[float]]) -> None:
    """Panel (a)."""
    places, y, headings = [], 0.0, []
    for k, (block, *_) in enumerate(TERMS):
        if k == 0 or block != TERMS[k - 1][0]:
            y += 0.35 * (k > 0)
            headings.append((y, HEADINGS[block]))
            y += 0.9
        places.append(y)
        y += 1
    axes.axvline(1, color="0.15", lw=0.8)
    axes.axvline(0, color="0.7", lw=0.5)
    for couplings, (color, marker) in COUPLINGS.items():
        hollow = {"mfc": "none", "ms": 5.5} if couplings == "consistent" else {"ms": 3}
        axes.plot(found[couplings], places, marker, color=color, label=couplings, mew=0.9, **hollow)
    for place in places:
        axes.axhline(place, color="0.92", lw=0.5, zorder=0)
    axes.set_yticks(places, [label for _, _, label, *_ in TERMS])
    for place, heading in headings:
        axes.text(-0.02, place, heading, transform=axes.get_yaxis_transform(), ha="right", va="center", weight="bold")
    for x, name, side in ((0.5, "missing", "right"), (0.75, "kinetic", "left")):
        axes.text(x, -0.75, name, ha=side, va="bottom", color="0.3")
    axes.set(ylim=(y - 0.2, -0.6), xlim=(-0.6, 9), xlabel="coefficient / kinetic coefficient")
    axes.set_xticks([0, 1, 2, 4, 6, 8])
    axes.tick_params(axis="y", length=0)
    axes.legend(frameon=False, loc="upper right", title="couplings", alignment="left")
    axes.text(-0.55, 1, "(a)", transform=axes.transAxes, va="bottom")


def draw_torques(axes: Any) -> None:
    """Panel (b)."""
    choices = [("paper", False, "C0"), ("consistent", False, "C1"), ("consistent", True, "0.15")]
    for couplings, kinetic, color in choices:
        values = [torque(film(rashba_parameter=float(a), couplings=couplings), kinetic) for a in ALPHAS]
        for k, style in enumerate(("-", "--")):
            axes.plot(ALPHAS, np.array(values)[:, k], style, color=color, lw=1)
    axes.axhline(0, color="0.7", lw=0.5, zorder=0)
    for y, name, color in ((7.0, "paper", "C0"), (2.4, "consistent", "C1"), (1.2, "kinetic", "0.15")):
        axes.text(6e-4, y, name, color=color)
    for style, name in (("-", "fieldlike"), ("--", "dampinglike")):
        axes.plot([], [], style, color="0.5", lw=1, label=name)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(0, 0.62))
    axes.set(xscale="log", xlim=ALPHAS[[0, -1]], ylim=(-2.4, 9), yticks=range(-2, 9, 2), xlabel=r"$\alpha$ (eV nm)")
    axes.set_ylabel(r"torque / $(\Delta/\hbar)(\alpha\tau/2)\,g$")
    axes.text(-0.55, 1, "(b)", transform=axes.transAxes, va="top")


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "kinetic"))
