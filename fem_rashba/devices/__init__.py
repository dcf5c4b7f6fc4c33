"""Where the equations are solved: shapes and mesh files, meshed into devices with named terminals and edges."""

from fem_rashba.devices.device import Device
from fem_rashba.devices.gmsh_io import Estimate
from fem_rashba.devices.shapes import Shape, hall_cross, mesh_file, notched_strip, polygon, wire

__all__ = ["Device", "Estimate", "Shape", "hall_cross", "mesh_file", "notched_strip", "polygon", "wire"]
