"""PETSc options: those of a method with the user's over them, and which of them nothing used."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

from petsc4py import PETSc

Options = Mapping[str, str]


def merged(preset: Options, given: Options) -> dict[str, str]:
    """The options of a method under those of the user.

    With another preconditioner the rest of the method means nothing, and PETSc's own defaults go with it.
    """
    if given.get("pc_type", preset["pc_type"]) != preset["pc_type"]:
        return dict(given)
    return {**preset, **given}


def was_used(name: str) -> bool:
    """Whether something asked for the option of this full name."""
    options = PETSc.Options()
    if hasattr(options, "used"):  # from petsc4py 3.23
        return bool(options.used(name))
    found = ctypes.c_int(0)
    ctypes.CDLL(PETSc.__file__).PetscOptionsUsed(None, name.encode(), ctypes.byref(found))
    return bool(found.value)


def reason(error: PETSc.Error) -> str:
    """What PETSc says, without where in its source."""
    return str(error).strip().splitlines()[-1].rpartition("] ")[2]
