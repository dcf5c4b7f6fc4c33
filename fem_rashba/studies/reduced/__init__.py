"""Sweeps by reduced bases."""
