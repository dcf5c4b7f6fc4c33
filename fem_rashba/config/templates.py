"""Commented TOML files to start from, one for each shape; they run as they are ("mesh": with its file)."""

from __future__ import annotations

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

_ELEMENTS = """\
element_size = "auto"                   # fine where the film's lengths ask for it; or one length for all
degree = 3                              # of the finite elements, 1 to 4
"""

_DEVICE = {
    "wire": """\
[device]
shape = "wire"                          # x from the source (0) to the drain (length), y from 0 to width
length = "300 nm"
width = "50 nm"
"""
    + _ELEMENTS,
    "hall_cross": """\
[device]
shape = "hall_cross"                    # centred on the origin
arm_width = "30 nm"
arm_length = "40 nm"                    # from the edge of the central square to the terminal
"""
    + _ELEMENTS,
    "notched_strip": """\
[device]
shape = "notched_strip"                 # a wire with a notch in the upper edge (y = width) at x = length/2
length = "200 nm"
width = "50 nm"
notch_width = "30 nm"                   # at the edge
notch_depth = "20 nm"
notch = "v"                             # a sharp tip; "round" is an arc, "slit" a rectangle
notches = 1                             # 2: the lower edge too
"""
    + _ELEMENTS,
    "polygon": """\
[device]
outline = [[0, 0], [120, 0], [120, 30], [70, 30], [50, 45], [0, 45]]    # nm; or several that overlap
# holes = [[[50, 10], [65, 10], [65, 20], [50, 20]]]
"""
    + _ELEMENTS,
    "mesh": """\
[device]
mesh = "device.msh"                     # of Gmsh, relative to this file; physical surfaces are regions,
                                        # physical curves terminals, or edges if they are called edge...
# scale = "1 um"                        # the unit of length in that file; nm if it is not given
degree = 3                              # of the finite elements, 1 to 4
""",
}

_MAGNETIZATION = """\
[magnetization]
direction = [1, 0, 0]                   # of any length; or theta = "90 deg", phi = "0 deg"; or one of
# texture = "neel_wall"                 # or "bloch_wall"; center = ["60 nm", "0 nm"], width = "5 nm", angle
# texture = "spiral"                    # period = "50 nm", direction = [1, 0], plane = "xz"
# texture = "skyrmion"                  # center, radius = "10 nm", width = "5 nm", helicity, polarity = 1
# expression = ["sin(x/10)", "0", "cos(x/10)"]    # x, y in nm; normalised

[drive]
# electric_field = ["1 mV/nm", "0 V/nm"]    # a uniform field, instead of voltages and currents at terminals
# torque_axis = [0, 1, 0]               # e in e x m and m x (e x m); default z x (field or current)
"""

_SOURCE, _DRAIN = (
    """\
[terminals.source]
voltage = "1 mV"                        # or current = "1 uA", floating = true, open = true (an edge)
spin = "sink"                           # no spin density there; or "insulating": no spin crosses
""",
    """\
[terminals.drain]
voltage = "0 V"
""",
)

_TERMINALS = {
    "hall_cross": f"""\
{_SOURCE}
{_DRAIN}
[terminals.left]                        # +y; terminals that are not listed float too
floating = true

[terminals.right]                       # -y
floating = true
""",
    "polygon": f"""\
{_SOURCE}at = [[0, 0], [0, 45]]                  # the ends of a straight piece of the boundary, nm

{_DRAIN}at = [[120, 0], [120, 30]]
""",
}

_EDGES = """\
[edges]                                 # every edge that is no terminal
spin = "sink"
"""

_NAMED_EDGES = {
    "wire": """
# [edges.upper]                         # one edge by itself: lower or upper
# spin = "insulating"
""",
    "notched_strip": """
# [edges.notch]                         # one edge by itself: lower, upper or notch
# spin = "insulating"
""",
    "polygon": """
# [edges.step]                          # a piece of the boundary by itself, under any name
# at = [[50, 45], [70, 30]]
# spin = "insulating"
""",
    "mesh": """
# [edges.NAME]                          # the curves called NAME by themselves
# spin = "insulating"

# [regions.NAME]                        # any key of [film], for the surfaces called NAME
# rashba_parameter = "0.05 eV nm"
""",
}

_REST = """\
[solver]
method = "auto"                         # "direct" or "iterative", by the number of unknowns
tolerance = 1e-10                       # of the relative residual
# petsc = {ksp_type = "gmres"}          # options of PETSc, over those of the method

[output]
fields = true                           # for ParaView
plots = true                            # PNG maps
"""

SHAPES = tuple(_DEVICE)


def template(shape: str) -> str:
    """The text of the file for one of `SHAPES`."""
    terminals = _TERMINALS.get(shape, f"{_SOURCE}\n{_DRAIN}")
    edges = _EDGES + _NAMED_EDGES.get(shape, "")
    return "\n".join([_FILM, _DEVICE[shape], _MAGNETIZATION, terminals, edges, _REST])
