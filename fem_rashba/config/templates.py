"""Commented TOML files to start from, one for each shape; they run as they are ("mesh": with its file)."""

from __future__ import annotations

from fem_rashba.config.template_devices import DEVICE, NAMED_EDGES, terminals

_FILM = """\
# Every value with a dimension carries its unit: "10 fs", "0.3 um", "66 meV".

[film]
rashba_parameter = "0.01 eV nm"         # may be 0
exchange_time = "10 fs"                 # or exchange_splitting = "66 meV"; "inf" and "0 eV": no exchange
momentum_relaxation_time = "1 fs"
spin_flip_time = "1 ps"                 # "inf": no spin flip
fermi_wavevector = "4.3 1/nm"
effective_mass = 1.0                    # in free electron masses
couplings = "paper"                     # "paper", "consistent", or "custom" with a section [film.custom]
denominators = "dirty"                  # or "full"
# thickness = "0.6 nm"                  # with the next: the torque as effective fields too
# saturation_magnetization = "1 MA/m"
"""

_MAGNETIZATION = """\
[magnetization]
direction = [1, 0, 0]                   # of any length; or theta = "90 deg", phi = "0 deg"; or one of
# texture = "neel_wall"                 # or "bloch_wall"; center = ["60 nm", "0 nm"], width = "5 nm", angle
# texture = "spiral"                    # period = "50 nm", direction = [1, 0], plane = "xz"
# texture = "skyrmion"                  # center, radius = "10 nm", width = "5 nm", helicity, polarity = 1
# expression = ["sin(x/10)", "0", "cos(x/10)"]    # x, y in nm; normalised
# ovf = "m.ovf"                         # of a micromagnetic program; center = ["0 nm", "0 nm"], layer = "average"

[drive]
# electric_field = ["1 mV/nm", "0 V/nm"]    # a uniform field, instead of voltages and currents at terminals
# torque_axis = [0, 1, 0]               # e in e x m and m x (e x m); default z x (field or current)
"""

_EDGES = """\
[edges]                                 # every edge that is no terminal
spin = "sink"                           # "insulating"; "relaxing" with loss_velocity = "100 nm/ps"; "injected" with
                                        # spin_density = ["1e-6 1/nm^2", ...] or spin_current = ["1 1/(nm ps)", ...]
"""

_REST = """\
[solver]
method = "auto"                         # "direct" or "iterative", by the number of unknowns
tolerance = 1e-10                       # of the relative residual
error_estimate = "auto"                 # of every number: true, false, or where there is the memory for it
# accuracy = 1e-3                       # refine until the error of the goal is below this part of it
# goal = "torque"                       # "current" or "map"
# petsc = {ksp_type = "gmres"}          # options of PETSc, over those of the method

[output]
fields = true                           # for ParaView
plots = true                            # PNG maps
"""

SHAPES = tuple(DEVICE)


def template(shape: str) -> str:
    """The text of the file for one of `SHAPES`."""
    edges = _EDGES + NAMED_EDGES.get(shape, "")
    return "\n".join([_FILM, DEVICE[shape], _MAGNETIZATION, terminals(shape), edges, _REST])
