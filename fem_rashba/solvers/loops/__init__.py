"""Loops in C, and what calls them."""
