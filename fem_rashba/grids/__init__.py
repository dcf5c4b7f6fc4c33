"""Rectangular grids of micromagnetic programs: OVF files in and out, and the magnetization in them. NumPy only."""
