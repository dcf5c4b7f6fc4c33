"""A solution: the problem, the finite-element function (n, Sx, Sy, Sz), and how it was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from dolfinx import fem
from mpi4py import MPI

from fem_rashba.devices.conditions import Condition
from fem_rashba.devices.device import Device
from fem_rashba.devices.spin import SpinCondition
from fem_rashba.physics.film import Film
from fem_rashba.physics.magnetization import Magnetization
from fem_rashba.results.integrals import Integrals, integrals
from fem_rashba.solvers.discretization import Discretization
from fem_rashba.solvers.enriched import affordable_states, enriched_states
from fem_rashba.solvers.problem import Problem, pose
from fem_rashba.solvers.recycling import Recycling
from fem_rashba.solvers.steady import Progress, Solved, SolverReport, SteadyState, solve_steady

NO_AXIS = (
    "injected spin alone gives the torque no axis: fieldlike and dampinglike are left out, unless torque_axis is given"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """What `solve` and `load` return.

    Attributes:
        state: The function, the voltages and currents of the terminals, the solver's report.
        axis: Unit vector e along which the torque is split, shape (3,); None if there is neither a field nor a current.
        warnings: What the program would tell a user about this solution.
        errors: Estimated discretisation errors, as `discretization_errors` in summary.json; None where nobody asked.
        adaptivity: How the mesh was refined, as `adaptivity` in summary.json; None where it was not.
    """

    state: SteadyState
    axis: np.ndarray | None
    warnings: tuple[str, ...] = ()
    errors: Mapping[str, Any] | None = None
    adaptivity: Mapping[str, Any] | None = None

    @property
    def discretization(self) -> Discretization:
        """Space, coefficients and measures."""
        return self.state.discretization

    @property
    def problem(self) -> Problem:
        """What was solved."""
        return self.state.discretization.problem

    @property
    def device(self) -> Device:
        """The device."""
        return self.problem.device

    @property
    def film(self) -> Film:
        """The film."""
        return self.problem.film

    @property
    def report(self) -> SolverReport:
        """How it was solved."""
        return self.state.report

    @property
    def u(self) -> fem.Function:
        """(n, Sx, Sy, Sz) in 1/nm^2."""
        return self.state.u

    @property
    def comm(self) -> MPI.Comm:
        """The communicator of the mesh."""
        return self.device.mesh.comm

    @cached_property
    def integrals(self) -> Integrals:
        """Integrals over the film and its regions. Collective at the first use."""
        return integrals(self.state)

    def changed(self, **changes: Any) -> Solution:
        """The same state with other attributes; integrals that are known stay so."""
        found = replace(self, **changes)
        if "integrals" in self.__dict__:
            found.__dict__["integrals"] = self.integrals
        return found


def solve(
    device: Device,
    film: Film,
    magnetization: Magnetization,
    *,
    terminals: Mapping[str, Condition] | None = None,
    electric_field: Sequence[str | float] = (0.0, 0.0),
    edges: SpinCondition | Mapping[str, SpinCondition] = "sink",
    regions: Mapping[str, Film] | None = None,
    degree: int = 3,
    method: str = "auto",
    tolerance: float = 1e-10,
    petsc: Mapping[str, str | float | bool] | None = None,
    torque_axis: Sequence[float] | None = None,
    progress: Progress | None = None,
    error_estimate: bool | str = False,
    recycling: Recycling | None = None,
) -> Solution:
    """Charge and spin density of a driven device. Collective.

    Args:
        device: From a shape's `mesh`.
        film: Its film.
        magnetization: `uniform(...)` or a texture.
        terminals: `Voltage`, `Ground`, `Current`, `Floating`, `Open` or `Contact` by name. Those not given float under
            voltages or currents; under an electric field source and drain are contacts and the others open.
        electric_field: Uniform field (Ex, Ey), strings with units or V/nm; instead of voltages and currents.
        edges: "sink", "insulating", `Relaxing` or `Injected`, for every edge or by the edge's name ("edge" stands for
            those not named).
        regions: Films of named regions.
        degree: Of the elements, 1 to 4.
        method: "auto", "direct" or "iterative".
        tolerance: Largest relative residual.
        petsc: PETSc options, over those of the method.
        torque_axis: e of the torque's decomposition; default z^ x (field, or mean current).
        progress: Called with the name of each stage.
        error_estimate: Whether to estimate the discretisation error of every number too; "auto": where the machine has
            the memory for it and it can be found, else a warning says so.
        recycling: What solves of similar problems on the same device have left, and leave to the next ones; not
            together with error_estimate.

    Raises:
        ValueError: For a wrong value.
        ConvergenceError: If the solver does not converge.
    """
    axis = None if torque_axis is None else unit_axis(torque_axis)
    if recycling is not None and error_estimate:
        raise ValueError("recycling goes only without error_estimate, which needs a factorisation of its own")
    problem = pose(
        device,
        film,
        magnetization,
        terminals=terminals,
        electric_field=electric_field,
        edges=edges,
        regions=regions,
        degree=degree,
    )
    enriched: list[SteadyState] = []
    told: list[str] = []

    def then(solved: Solved) -> None:
        if error_estimate is True:
            enriched.extend(enriched_states(solved))
            return
        states, why = affordable_states(solved)
        enriched.extend(states)
        told.extend([why] if why else [])

    state = solve_steady(
        problem,
        method=method,
        tolerance=tolerance,
        petsc=petsc,
        progress=progress,
        then=then if error_estimate else None,
        recycling=recycling,
    )
    solution = complete(state, axis)
    solution = solution.changed(warnings=(*solution.warnings, *told))
    if not enriched:
        return solution
    from fem_rashba.results.errors import with_errors

    return with_errors(solution, enriched, axis)


def complete(state: SteadyState, axis: np.ndarray | None) -> Solution:
    """The solution of a state; without an axis, z^ x (field, or mean current). Collective.

    A current that injected spin alone drives is no axis: without a field, a current or a voltage there is none.
    """
    problem = state.discretization.problem
    if axis is not None:
        return Solution(state=state, axis=axis)
    if problem.injects_spin and not problem.drives_charge:
        return Solution(state=state, axis=None, warnings=(NO_AXIS,))
    solution = Solution(state=state, axis=None)
    current = np.zeros(2) if any(problem.electric_field) else solution.integrals.charge_current
    return solution.changed(axis=natural_axis(problem, current))


def natural_axis(problem: Problem, charge_current: np.ndarray) -> np.ndarray | None:
    """z^ x (field, or electric current) as a unit vector; None if there is neither.

    Args:
        problem: That of the solution.
        charge_current: int J_n, shape (2,).
    """
    field = np.array(problem.electric_field)
    # electrons flow against the electric current: a voltage drop has the axis of the field that it stands for
    along = field if field.any() else -charge_current
    length = float(np.hypot(*along))
    return np.array([-along[1], along[0], 0.0]) / length if length > 0 else None


def unit_axis(axis: Sequence[float]) -> np.ndarray:
    """axis/|axis|.

    Raises:
        ValueError: If it is not three finite numbers, or is zero.
    """
    numbers = all(isinstance(a, int | float | np.number) and not isinstance(a, bool) for a in axis)
    if len(axis) != 3 or not numbers or not np.isfinite(axis).all() or not np.any(axis):
        raise ValueError(f"torque_axis = {list(axis)!r} must be three finite numbers, not all zero")
    return np.array(axis, dtype=float) / np.linalg.norm(axis)
