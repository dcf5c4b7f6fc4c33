"""The equations for the peers, with NumPy alone: numbers that turn any finite-element program into this model.

Written from docs/model.md and not from the package's UFL, for a uniform magnetization, dirty denominators, the
couplings of the paper and voltages at terminals. The weak form at a point is v^T A u with u, shape (12,), made of
(n, S), d_x (n, S) and d_y (n, S), and v the same of the test functions.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HBAR, HBAR2_OVER_ME = 6.582119569509066e-4, 0.0761996423
FILM = {"alpha": 0.05, "tau_exchange": 1e-2, "tau": 1e-3, "tau_sf": 1.0, "kF": 4.3}
DIRECTION = np.array([0.5, 0.3, 0.8]) / np.linalg.norm([0.5, 0.3, 0.8])
Z = np.array([0.0, 0.0, 1.0])
ACROSS = (np.array([0.0, 1.0, 0.0]), np.array([-1.0, 0.0, 0.0]))
"""a_i = z^ x e_i."""


def coefficients() -> dict[str, float]:
    """The coefficients of the model, nm, ps, eV."""
    alpha, tau, kF = FILM["alpha"], FILM["tau"], FILM["kF"]
    splitting = HBAR / FILM["tau_exchange"]
    zeta, delta = alpha * kF * tau / HBAR, splitting * tau / HBAR
    vF, eF = kF * HBAR2_OVER_ME / HBAR, HBAR2_OVER_ME * kF**2 / 2
    C = zeta * vF
    return {
        "D": vF**2 * tau / 2,
        "C": C,
        "Gamma": delta * C / 2,
        "R": alpha / HBAR * delta**2 / 2,
        "B": 2 * alpha / HBAR * zeta**2,
        "r_phi": delta**2 / tau,
        "r_sf": 1 / FILM["tau_sf"],
        "w": splitting / HBAR,
        "k": 2 * alpha / HBAR2_OVER_ME,
        "b": alpha * tau / HBAR * C,
        "PF": splitting / eF,
        "states": kF**2 / (2 * np.pi) / eF,
    }


def weak_form() -> np.ndarray:
    """A, shape (12, 12)."""
    c, m, unit = coefficients(), DIRECTION, np.eye(12)
    return np.array([[_density(c, m, v.reshape(3, 4), u.reshape(3, 4)) for u in unit] for v in unit])


def _density(c: dict[str, float], m: np.ndarray, v: np.ndarray, u: np.ndarray) -> float:
    q_along, n_along = v[1:, 0], u[1:, 0]
    S, w = u[0, 1:], v[0, 1:]
    S_along, w_along = u[1:, 1:], v[1:, 1:]
    turned_S = [S_along[i] + c["k"] * np.cross(ACROSS[i], S) for i in (0, 1)]
    turned_w = [w_along[i] + c["k"] * np.cross(ACROSS[i], w) for i in (0, 1)]
    G = n_along
    G_z = np.array([-G[1], G[0], 0.0])
    V = c["B"] * S + c["R"] * m * (m @ S)
    charge = c["D"] * q_along @ G + q_along @ np.array([V[1], -V[0]])
    hall = (c["b"] * G[1] * Z, -c["b"] * G[0] * Z)
    spin = sum(
        c["D"] * turned_w[i] @ turned_S[i] + c["D"] * c["PF"] * (w_along[i] @ m) * G[i] - turned_w[i] @ hall[i]
        for i in (0, 1)
    )
    local = c["r_sf"] * S + c["r_phi"] * np.cross(m, np.cross(S, m)) - c["w"] * np.cross(m, S)
    bracket = sum(
        ACROSS[i] * (m @ S_along[i]) + m * (ACROSS[i] @ S_along[i]) - 2 * (m @ ACROSS[i]) * S_along[i] for i in (0, 1)
    )
    drive = (
        2 * c["C"] * c["PF"] * np.cross(G_z, m)
        + 2 * c["R"] * (m @ G_z) * m
        + c["Gamma"] * c["PF"] * np.cross(m, np.cross(G_z, m))
        + (c["B"] - c["k"] * c["b"]) * G_z
    )
    return float(charge + spin + w @ (local - c["Gamma"] * bracket - drive))


def dampinglike(total_spin: np.ndarray, area: float) -> float:
    """Of the averaged torque along e = y^, eV/nm^2, from the integral of S."""
    c, m, e = coefficients(), DIRECTION, np.array([0.0, 1.0, 0.0])
    T = -c["w"] * np.cross(m, total_spin) + c["r_phi"] * np.cross(m, np.cross(total_spin, m))
    across = np.cross(e, m)
    return float(HBAR * T @ np.cross(m, across) / (across @ across) / area)


def peak_memory() -> float:
    """GB that this process has had at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 1e9


def tell(meshed: Callable[[], Any], solved: Callable[[Any], tuple[int, np.ndarray, float]]) -> None:
    """Prints one measurement as JSON: seconds of the mesh and of the solve, unknowns, torque, memory.

    Args:
        meshed: Makes the mesh.
        solved: From the mesh to (unknowns, integral of S, area).
    """
    start = time.perf_counter()
    mesh = meshed()
    between, used = time.perf_counter(), time.process_time()
    unknowns, spin, area = solved(mesh)
    end, used = time.perf_counter(), time.process_time() - used
    row = {"mesh": between - start, "seconds": end - between, "cpu": used, "unknowns": int(unknowns)}
    print(json.dumps(row | {"torque": dampinglike(spin, area), "GB": peak_memory()}))
