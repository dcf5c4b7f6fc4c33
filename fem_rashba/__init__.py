"""Charge and spin diffusion and the spin-orbit torque in Rashba ferromagnetic films, on any planar device."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"

_HOME = {
    "Film": "physics.film",
    "Couplings": "physics.couplings",
    "uniform": "physics.magnetization",
    **dict.fromkeys(("neel_wall", "bloch_wall", "spiral", "skyrmion", "expression"), "physics.textures"),
    "ovf_magnetization": "grids.magnetization",
    **dict.fromkeys(("wire", "hall_cross", "notched_strip", "polygon", "mesh_file", "gds_file"), "devices.shapes"),
    **dict.fromkeys(("l_bend", "t_junction", "hall_bar", "cloverleaf", "corbino"), "devices.shapes"),
    "Device": "devices.device",
    **dict.fromkeys(("Voltage", "Current", "Floating", "Ground", "Open", "Contact"), "devices.conditions"),
    **dict.fromkeys(("Relaxing", "Injected"), "devices.spin"),
    "ConvergenceError": "solvers.linear",
    "Recycling": "solvers.recycling",
    "Solution": "results.solution",
    "solve": "results.solution",
    "torque": "results.torque",
    "currents": "results.terminals",
    "voltages": "results.terminals",
    "resistance": "results.terminals",
    "balance": "results.balance",
    **dict.fromkeys(("zhang_li", "texture_force", "force_density"), "results.spin_transfer"),
    "probe": "results.probe",
    "current_through": "results.path",
    "save_ovf": "results.micromagnetics",
    "plot": "results.plot",
    "save": "results.files",
    "load": "results.files",
    "summary": "results.summary",
    **dict.fromkeys(("resistances", "reversal"), "studies.resistance"),
    "van_der_pauw": "studies.van_der_pauw",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    # loaded at first use: a command that only reads a configuration must not wait for dolfinx, gmsh and vtk
    if name not in _HOME:
        raise AttributeError(f"module 'fem_rashba' has no attribute {name!r}")
    from importlib import import_module

    try:
        return getattr(import_module(f"fem_rashba.{_HOME[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name not in ("dolfinx", "ufl", "basix", "petsc4py", "mpi4py"):
            raise
        raise ImportError(
            f"fem_rashba needs {error.name}, which comes with FEniCSx: `conda env create -f environment.yml`, or run "
            "`./fenics setup` in the repository"
        ) from error


def __dir__() -> list[str]:
    return __all__
