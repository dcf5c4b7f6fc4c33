"""Reference solutions that share no code with the package under test.

Everything here is derived from the written model alone and uses only NumPy,
SciPy and SymPy, so an agreement with the package is evidence and not an echo.
Units: nm, ps, eV, elementary charge.
"""
