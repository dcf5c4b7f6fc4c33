"""Reduced bases: few solves from which those at all other points follow, with bounds of their errors."""
