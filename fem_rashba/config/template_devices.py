"""The parts of commented TOML files that depend on the shape of the device."""

from __future__ import annotations

_ELEMENTS = """\
element_size = "auto"                   # fine where the film's lengths ask for it; or one length for all
degree = 3                              # of the finite elements, 1 to 4
"""

DEVICE = {
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
    "l_bend": """\
[device]
shape = "l_bend"                        # a bend to the left, from the source at x = 0
arm_width = "30 nm"
source_length = "60 nm"                 # from the terminal to the square of the corner
drain_length = "60 nm"
"""
    + _ELEMENTS,
    "t_junction": """\
[device]
shape = "t_junction"                    # a wire with a stem on its +y side, at x = length/2
length = "120 nm"
width = "30 nm"
stem_width = "20 nm"
stem_length = "40 nm"                   # from the wire to the terminal
"""
    + _ELEMENTS,
    "hall_bar": """\
[device]
shape = "hall_bar"                      # a wire with probes on both sides
length = "240 nm"
width = "40 nm"
probe_width = "10 nm"
probe_length = "20 nm"                  # from the wire to the terminal
pairs = 2                               # evenly spaced; or where: ["60 nm", "180 nm"]
"""
    + _ELEMENTS,
    "cloverleaf": """\
[device]
shape = "cloverleaf"                    # a disc about the origin with slits along its diagonals
radius = "50 nm"
contact_width = "20 nm"                 # along the rim
slit_width = "10 nm"
slit_length = "30 nm"                   # from the rim
"""
    + _ELEMENTS,
    "corbino": """\
[device]
shape = "corbino"                       # a ring about the origin between two contacts
inner_radius = "20 nm"
outer_radius = "60 nm"
"""
    + _ELEMENTS,
    "polygon": """\
[device]
outline = [[0, 0], [120, 0], [120, 30], [70, 30], [50, 45], [0, 45]]    # nm; or several that overlap
# holes = [[[50, 10], [65, 10], [65, 20], [50, 20]]]
"""
    + _ELEMENTS,
    "gds": """\
[device]
gds = "device.gds"                      # relative to this file
# cell = "HALL_BAR"                     # by default the only one that no other refers to
snap = "auto"                           # sides and corners nearer than this are one; the database unit
"""
    + _ELEMENTS
    + """\

[device.layers]                         # a layer, or [layer, datatype]
film = 1                                # the union of what is drawn there
# holes = 2
source = 10                             # terminals: the boundary of the film that their shapes cover or touch
drain = 11                              # so are edges and regions, if they have sections [edges.NAME], [regions.NAME]
""",
    "mesh": """\
[device]
mesh = "device.msh"                     # of Gmsh, relative to this file; physical surfaces are regions,
                                        # physical curves terminals, or edges if they are called edge...
# scale = "1 um"                        # the unit of length in that file; nm if it is not given
degree = 3                              # of the finite elements, 1 to 4
""",
}

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

_CROSS = f"""\
{_SOURCE}
{_DRAIN}
[terminals.left]                        # +y; terminals that are not listed float too
floating = true

[terminals.right]                       # -y
floating = true
"""

_TERMINALS = {
    "corbino": """\
[terminals.inner]
voltage = "1 mV"                        # or current = "1 uA", floating = true, open = true (an edge)
spin = "sink"                           # no spin density there; or "insulating": no spin crosses

[terminals.outer]
voltage = "0 V"
""",
    "hall_cross": _CROSS,
    "cloverleaf": _CROSS,
    "t_junction": f"""\
{_SOURCE}
{_DRAIN}
[terminals.left]                        # the stem; terminals that are not listed float too
floating = true
""",
    "hall_bar": f"""\
{_SOURCE}
{_DRAIN}
[terminals.left1]                       # +y; left2, right1 (-y) and right2 float too
floating = true
""",
    "polygon": f"""\
{_SOURCE}at = [[0, 0], [0, 45]]                  # the ends of a straight piece of the boundary, nm

{_DRAIN}at = [[120, 0], [120, 30]]
""",
}

NAMED_EDGES = {
    "wire": """
# [edges.upper]                         # one edge by itself: lower or upper
# spin = "insulating"
""",
    "notched_strip": """
# [edges.notch]                         # one edge by itself: lower, upper or notch
# spin = "insulating"
""",
    "l_bend": """
# [edges.inner]                         # one edge by itself: inner or outer
# spin = "insulating"
""",
    "cloverleaf": """
# [edges.slit]                          # one edge by itself: rim or slit
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


def terminals(shape: str) -> str:
    """The sections of the terminals."""
    return _TERMINALS.get(shape, f"{_SOURCE}\n{_DRAIN}")
