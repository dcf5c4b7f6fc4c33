"""The physics: linear response of the charge density n and the spin density S of a Rashba ferromagnetic film.

Unknowns are the deviations n (electrochemical, 1/nm^2) and S (1/nm^2, rho = n/2 + S.sigma) from an equilibrium whose
spin PF n m follows the local density. All drives enter through the driving density gradient

    G = grad n + (e/eF) n0 E,        G_z = z^ x G.

Strong form, with the fluxes J_n (particles) and J_i (spin along i = x, y), the precessing derivative
d~_i S = d_i S + k a_i x S (k = C/D), a_i = z^ x e_i, and m the direction of the magnetization:

    dn/dt + d_i J_n,i = 0                       J_n = -D G - V x z^,   V = b B S + r R m (m.S)
    dS/dt + d_i J_i + k a_i x J'_i + relaxation = Gamma terms + local drive,     J' = J without its D PF part
                                                J_i = -D d~_i S - D PF G_i m + J_i^SH

Sign conventions: S and m both count as magnetization (PF n m is parallel to m); the torque acts on m and has units of
hbar/(ps nm^2); the electric current density is -e J_n; edges carry the natural conditions nu.J_n = 0, nu_i J_i = 0
unless the terms of an edge say otherwise, nu being the normal out of the film.
Every function below is one effect and returns its term as it stands on the left-hand side of a weak form, or the
quantity it is named after. `c` holds the coefficients (`physics.couplings.Coefficients`); numbers in parentheses are
equations of Wang, Ortiz Pauyac, Manchon, Phys. Rev. B 89, 054405 (2014).
"""

from __future__ import annotations

from typing import Any

from ufl import as_vector, cross, dot, grad, inner

from fem_rashba.physics.calculus import (
    NORMAL,
    PLANE,
    A,
    along_grad_z,
    grad_z_cross,
    grad_z_dot,
    precessing,
    z_cross,
)

# --- what drives and what flows ---------------------------------------------------------------------------------------


def driving_gradient(c: Any, n: Any, E: Any) -> Any:
    """G = grad n + (e/eF) n0 E, shape (2,), 1/nm^3: voltage drop and electric field are the same drive."""
    return grad(n) + c.states * E


def spin_galvanic(c: Any, S: Any, m: Any) -> Any:
    """V = b B S + r R m (m.S), shape (3,): the spin density that drives a charge current; (16)."""
    return c.charge_b * c.B * S + c.charge_r * c.R * m * dot(m, S)


def charge_current(c: Any, n: Any, S: Any, m: Any, E: Any) -> Any:
    """J_n = -D G - V x z^, shape (2,), particles/(ps nm); (16). The electric current density is -e J_n."""
    G, V = driving_gradient(c, n, E), spin_galvanic(c, S, m)
    return -c.D * G - as_vector((V[1], -V[0])) + reciprocal_current(c, S, m) - literal_drift(c, n, m)


def reciprocal_current(c: Any, S: Any, m: Any) -> Any:
    """-b [PF (D m.d_i S + W x z^) + hall z^ x grad S_z], W = -cd C m x S + Gamma (...), shape (2,): Onsager's partners
    of the polarization current, of the local drives with PF, and of the spin-Hall current. Off unless asked for."""
    W = -c.drive * c.C * cross(m, S) + c.Gamma * (c.gamma_0 * S + (c.gamma_1 - c.gamma_2) * dot(m, S) * m)
    carried = c.PF * (c.D * as_vector([dot(m, S.dx(i)) for i in PLANE]) + as_vector((W[1], -W[0])))
    hall = c.hall * as_vector((-S[2].dx(1), S[2].dx(0)))
    return -c.reciprocal * c.charge_b * (carried + hall)


def literal_drift(c: Any, n: Any, m: Any) -> Any:
    """Gamma n m x z^, shape (2,): minus the flux of Gamma grad_z.(m n) in (16). Off unless asked for: an undriven film
    would carry it."""
    return c.literal * c.Gamma * n * as_vector((m[1], -m[0]))


def precessing_diffusion_current(c: Any, S: Any) -> tuple[Any, Any]:
    """-D d~_i S, i = x, y: diffusion, Rashba precession 2C grad_z x S and D'yakonov-Perel relaxation in one; (17)."""
    return tuple(-c.D * precessing(c.precession, i, S) for i in PLANE)  # type: ignore[return-value]


def polarization_current(c: Any, n: Any, m: Any, E: Any) -> tuple[Any, Any]:
    """-D PF G_i m, i = x, y: the spin that the particle current carries; its divergence drives textures, (21)."""
    G = driving_gradient(c, n, E)
    return tuple(-c.D * c.PF * G[i] * m for i in PLANE)  # type: ignore[return-value]


def spin_hall_current(c: Any, n: Any, E: Any) -> tuple[Any, Any]:
    """J_x^SH = hall G_y z^, J_y^SH = -hall G_x z^: the B drive as a flux, B G_z = -d~_i J_i^SH where curl G = 0."""
    G = driving_gradient(c, n, E)
    return c.hall * G[1] * NORMAL, -c.hall * G[0] * NORMAL


def spin_current(c: Any, n: Any, S: Any, m: Any, E: Any) -> tuple[Any, Any]:
    """J_i = -D d~_i S - D PF G_i m + J_i^SH, i = x, y, each of shape (3,), 1/(ps nm): what an edge blocks."""
    diffusion, carried, hall = (
        precessing_diffusion_current(c, S),
        polarization_current(c, n, m, E),
        spin_hall_current(c, n, E),
    )
    return tuple(diffusion[i] + carried[i] + hall[i] for i in PLANE)  # type: ignore[return-value]


# --- what acts locally, everything on the left-hand side --------------------------------------------------------------


def spin_flip(c: Any, S: Any) -> Any:
    """r_sf S; (17)."""
    return c.r_sf * S


def remaining_dyakonov_perel(c: Any, S: Any) -> Any:
    """(r_dp - C^2/D) (S + S_z z^): what the covariant derivative leaves of r_dp, 0 with dirty denominators; (17)."""
    return c.r_rest * (S + S[2] * NORMAL)


def dephasing(c: Any, S: Any, m: Any) -> Any:
    """r_phi m x (S x m): relaxation of the spin transverse to m; (17)."""
    return c.r_phi * cross(m, cross(S, m))


def exchange_precession(c: Any, S: Any, m: Any) -> Any:
    """-w m x S, which is w S x m; (17)."""
    return -c.w * cross(m, S)


def mixed_precession(c: Any, S: Any, m: Any) -> Any:
    """-Gamma [m x (grad_z x S) + grad_z x (m x S)]; (17). The weights (15) gives, (2, 2, 3), add a skew rest."""
    rest = c.gamma_0 + c.gamma_1 - c.gamma_2
    printed = c.gamma_0 * cross(m, grad_z_cross(S)) + c.gamma_1 * _grad_z_cross_product(m, S)
    return -c.Gamma * (printed + rest * (along_grad_z(m, S) + 0.5 * grad_z_dot(m) * S))


def _grad_z_cross_product(m: Any, S: Any) -> Any:
    """grad_z x (m x S) = a_i x (d_i m x S + m x d_i S)."""
    return sum(cross(A[i], cross(m.dx(i), S) + cross(m, S.dx(i))) for i in PLANE)


def local_drive(c: Any, n: Any, m: Any, E: Any) -> Any:
    """Minus (cd C PF G_z x m + 2R (m.G_z) m + Gamma PF (...) + (B - k hall) G_z): drives, no fluxes; (28), (33)."""
    Gz = z_cross(driving_gradient(c, n, E))
    precession = c.drive * c.C * c.PF * cross(Gz, m)
    longitudinal = 2 * c.R * dot(m, Gz) * m
    mixed = c.Gamma * c.PF * (c.gamma_0 * Gz + (c.gamma_1 - c.gamma_2) * dot(m, Gz) * m)
    edelstein_rest = (c.B - c.precession * c.hall) * Gz
    return -(precession + longitudinal + mixed + edelstein_rest)


def local_terms(c: Any, n: Any, S: Any, m: Any, E: Any) -> Any:
    """Everything of the spin balance that is neither a flux nor its rotation, shape (3,), 1/(ps nm^2)."""
    return (
        spin_flip(c, S)
        + remaining_dyakonov_perel(c, S)
        + dephasing(c, S, m)
        + exchange_precession(c, S, m)
        + mixed_precession(c, S, m)
        + local_drive(c, n, m, E)
    )


def torque(c: Any, S: Any, m: Any) -> Any:
    """T = -w m x S + r_phi m x (S x m), shape (3,), hbar/(ps nm^2); (24)."""
    return exchange_precession(c, S, m) + dephasing(c, S, m)


# --- the weak form ----------------------------------------------------------------------------------------------------


def charge_row(c: Any, n: Any, S: Any, q: Any, m: Any, E: Any) -> Any:
    """-grad q.J_n: integrated over the film, tested with 1 on a terminal, the particles that flow in through it."""
    return -inner(charge_current(c, n, S, m, E), grad(q))


def spin_row(c: Any, n: Any, S: Any, v: Any, m: Any, E: Any) -> Any:
    """-(d~_i v).J'_i - (d_i v).(-D PF G_i m) + v.(local terms).

    Plain d_i v goes with the polarization current: the precession of that current is in the local drive (factor cd).
    """
    diffusion, hall = precessing_diffusion_current(c, S), spin_hall_current(c, n, E)
    carried = polarization_current(c, n, m, E)
    fluxes = sum(-dot(precessing(c.precession, i, v), diffusion[i] + hall[i]) - dot(v.dx(i), carried[i]) for i in PLANE)
    return fluxes + dot(v, local_terms(c, n, S, m, E))


def weak_form(c: Any, n: Any, S: Any, q: Any, v: Any, m: Any, E: Any) -> Any:
    """Integrand of the whole problem, linear in (n, S, E) and in (q, v); it vanishes for all (q, v) at the solution."""
    return charge_row(c, n, S, q, m, E) + spin_row(c, n, S, v, m, E)


def edge_loss(S: Any, v: Any, velocity: Any) -> Any:
    """velocity v.S, to be integrated over an edge that takes up spin: nu_i J_i = velocity S."""
    return velocity * dot(v, S)


def edge_injection(v: Any, current: Any) -> Any:
    """-v.current, to be integrated over an edge through which a spin current enters: nu_i J_i = -current."""
    return -dot(v, current)


def spin_balance_density(c: Any, n: Any, S: Any, m: Any, E: Any) -> tuple[Any, ...]:
    """The terms of the spin balance inside the film, each of shape (3,): rotation of the fluxes, then each local term.

    Their integral plus that of nu_i J_i over the edges is zero.
    """
    diffusion, hall = precessing_diffusion_current(c, S), spin_hall_current(c, n, E)
    rotation = sum(c.precession * cross(A[i], diffusion[i] + hall[i]) for i in PLANE)
    return (
        rotation,
        spin_flip(c, S) + remaining_dyakonov_perel(c, S),
        dephasing(c, S, m),
        exchange_precession(c, S, m),
        mixed_precession(c, S, m),
        local_drive(c, n, m, E),
    )


# --- in time ----------------------------------------------------------------------------------------------------------


def storage(c: Any, n_rate: Any, S_rate: Any, q: Any, v: Any, m: Any) -> Any:
    """q dn/dt + v.(dS/dt + PF m dn/dt): the spin in equilibrium, PF n m, is stored too; (16), (17)."""
    return q * n_rate + dot(v, S_rate + c.PF * n_rate * m)


def pumping(c: Any, v: Any, m_rate: Any) -> Any:
    """v.(n0 PF dm/dt): the spin in equilibrium follows the magnetization; (42)."""
    return c.density * c.PF * dot(v, m_rate)
