"""From the outputs of a reduced model to the numbers of the points of a sweep, with the bounds of their errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fem_rashba.physics.film import Film
from fem_rashba.results.integrals import Region
from fem_rashba.results.solution import natural_axis
from fem_rashba.results.torque import current_density, field_per_torque, torque_of
from fem_rashba.solvers.problem import Problem
from fem_rashba.solvers.reduced.adjoint import Output
from fem_rashba.solvers.reduced.model import Reduced
from fem_rashba.solvers.reduced.points import Found
from fem_rashba.studies.record import Row, plain
from fem_rashba.units import AMPERE_PER_RATE, HBAR, SHEET_CURRENT


@dataclass(frozen=True, kw_only=True)
class Case:
    """What points share that differ in their magnetization alone.

    Attributes:
        problem: With the magnetization of any of them.
        axis: e of the torque's decomposition, if it is given.
        warnings: What `run` would warn of.
    """

    problem: Problem
    axis: np.ndarray | None
    warnings: str = ""


@dataclass(frozen=True, kw_only=True)
class Cases:
    """The points of a sweep.

    Attributes:
        cases: All that differ in more than the magnetization.
        of: The number of each point's case, shape (N,).
        m: The magnetization of each point, shape (N, 3).
    """

    cases: list[Case]
    of: np.ndarray
    m: np.ndarray

    def __len__(self) -> int:
        return len(self.of)


class Outputs:
    """What the outputs of a model mean.

    Args:
        model: The model.
        cases: The points.
    """

    def __init__(self, model: Reduced, cases: Cases) -> None:
        self._model, self._cases = model, cases
        self._place = {output: k for k, output in enumerate(model.outputs)}
        self._area = model.area
        self._along = [model.along(axis) for axis in range(2)]

    # --- what is linear in the outputs: a matrix for each point

    def spins(self) -> np.ndarray:
        """int S from the outputs, shape (3, outputs)."""
        result = np.zeros((3, len(self._place)))
        for output, k in self._place.items():
            if output.kind == "spin":
                result[output.axis, k] = 1.0
        return result

    def torques(self, points: np.ndarray) -> np.ndarray:
        """int T in hbar/ps from the outputs, shape (points, 3, outputs)."""
        m, of = self._cases.m[points], self._cases.of[points]
        result = np.zeros((len(points), 3, len(self._place)))
        precession, projection = _crosses(m), np.eye(3) - m[:, :, None] * m[:, None, :]
        for output, k in self._place.items():
            if output.kind != "spin":
                continue
            films = [_film(case.problem, output) for case in self._cases.cases]
            w = np.array([film.coefficients.w for film in films])[of, None]
            r_phi = np.array([film.coefficients.r_phi for film in films])[of, None]
            result[:, :, k] = -w * precession[:, :, output.axis] + r_phi * projection[:, :, output.axis]
        return result

    def inflows(self, case: int) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Names of the contacts, and particles per ps that flow in as a matrix (contacts, outputs) and a constant."""
        drive = self._model.drive
        names = list(self._model.space.terminals.contacts)
        matrix, constant = np.zeros((len(names), len(self._place))), np.zeros(len(names))
        for name, rate in zip(drive.free, drive.loaded(self._cases.cases[case].problem), strict=False):
            constant[names.index(name)] = rate
        for name in drive.held[:-1]:
            matrix[names.index(name), self._place[Output("current", name)]] = 1.0
        last = names.index(drive.held[-1])
        matrix[last], constant[last] = -matrix.sum(axis=0), -constant.sum()
        return names, matrix, constant

    def levels(self, case: int) -> tuple[np.ndarray, np.ndarray]:
        """n + (e/eF) n0 E.r on the contacts, as a matrix and a constant."""
        drive = self._model.drive
        names = list(self._model.space.terminals.contacts)
        matrix, constant = np.zeros((len(names), len(self._place))), np.zeros(len(names))
        for name, level in zip(drive.held, drive.lifted(self._cases.cases[case].problem), strict=False):
            constant[names.index(name)] = level
        for name in drive.free:
            matrix[names.index(name), self._place[Output("level", name)]] = 1.0
        return matrix, constant

    def flows(self, case: int) -> tuple[np.ndarray, np.ndarray]:
        """int J_n, shape (2,), as a matrix and a constant."""
        names, matrix, constant = self.inflows(case)
        result, offset = np.zeros((2, len(self._place))), np.zeros(2)
        for axis, along in enumerate(self._along):
            if along is None:
                result[axis, self._place[Output("flow", "", axis)]] = -1.0
            else:
                x = np.array([along[name] for name in names])
                result[axis], offset[axis] = -x @ matrix, -x @ constant
        return result, offset

    # --- bounds

    def spreads(self, found: Found, points: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """For torque, spin, current, voltage and flow: their sizes and the bounds of their errors, shape (points,)."""
        torques, values = self.torques(points), found.values
        result = {
            "torque": (np.linalg.norm(np.einsum("nik,nk->ni", torques, values), axis=1), found.bounds(torques)),
            "spin": (np.linalg.norm(values @ self.spins().T, axis=1), found.bounds(self.spins())),
        }
        of = self._cases.of[points]
        sizes = {name: (np.zeros(len(points)), np.zeros(len(points))) for name in ("current", "voltage", "flow")}
        for case in np.unique(of):
            own = np.flatnonzero(of == case)
            _, matrix, constant = self.inflows(case)
            sizes["current"][0][own] = np.abs(values[own] @ matrix.T + constant).max(axis=1)
            sizes["current"][1][own] = np.max([found.bounds(row[None], own) for row in matrix], axis=0)
            matrix, constant = self.levels(case)
            sizes["voltage"][0][own] = np.ptp(values[own] @ matrix.T + constant, axis=1)
            sizes["voltage"][1][own] = np.max([found.bounds(row[None], own) for row in matrix], axis=0)
            matrix, constant = self.flows(case)
            sizes["flow"][0][own] = np.linalg.norm(values[own] @ matrix.T + constant, axis=1)
            sizes["flow"][1][own] = found.bounds(matrix, own)
        return result | sizes

    # --- rows

    def rows(self, found: Found, points: np.ndarray, spin_bound: np.ndarray) -> list[Row]:
        """The rows of points, as `record` makes them of solutions."""
        torques, spreads = self.torques(points), self.spreads(found, points)
        totals = np.einsum("nik,nk->ni", torques, found.values)
        crossed = np.cross(self._cases.m[points], totals)
        spins = found.values @ self.spins().T
        cached: dict[int, Any] = {}
        rows = []
        for place, point in enumerate(points):
            number = int(self._cases.of[point])
            if number not in cached:
                cached[number] = self.inflows(number), self.levels(number), self.flows(number)
            bounds = {name: error[place] for name, (_, error) in spreads.items()}
            averages = spins[place], totals[place], crossed[place]
            row = self._row(int(point), found.values[place], averages, cached[number])
            states = self._cases.cases[number].problem.film.coefficients.states
            row |= {
                "torque_error_bound": HBAR * bounds["torque"] / self._area,
                "spin_density_error_bound": bounds["spin"] / self._area,
                "current_error_bound": AMPERE_PER_RATE * bounds["current"],
                "voltage_error_bound": bounds["voltage"] / states,
                "charge_current_error_bound": SHEET_CURRENT * bounds["flow"] / self._area,
                "spin_map_error_bound": spin_bound[place],
                "spin_map": found.spin[place],
            }
            texts = {"warnings": self._cases.cases[number].warnings, "message": ""}
            rows.append({name: plain(value) for name, value in row.items()} | texts)
        return rows

    def currents_and_voltages(self, point: int, values: np.ndarray) -> tuple[dict[str, float], dict[str, float]]:
        """By the names of the contacts, A and V."""
        number = int(self._cases.of[point])
        return self._contacts(number, values, (self.inflows(number), self.levels(number)))

    def _contacts(self, number: int, values: np.ndarray, terms: Any) -> tuple[dict[str, float], dict[str, float]]:
        states = self._cases.cases[number].problem.film.coefficients.states
        (names, matrix, constant), (levels, offset), *_ = terms
        currents = -AMPERE_PER_RATE * (matrix @ values + constant)
        voltages = -(levels @ values + offset) / states
        return dict(zip(names, currents.tolist(), strict=True)), dict(zip(names, voltages.tolist(), strict=True))

    def _row(self, point: int, values: np.ndarray, averages: tuple[np.ndarray, ...], terms: Any) -> Row:
        case, m = self._cases.cases[int(self._cases.of[point])], self._cases.m[point]
        problem, film = case.problem, case.problem.film
        _, _, (matrix, constant) = terms
        flow = matrix @ values + constant
        axis = case.axis
        if axis is None and (problem.drives_charge or not problem.injects_spin):
            axis = natural_axis(problem, flow)
        spin, total, crossed = averages
        part = Region(
            area=self._area,
            spin_density=spin,
            torque=total,
            crossed_torque=crossed,
            moments=self._area * m[:, None] * m,
            charge_current=flow,
            spin_balance=np.zeros((6, 3)),
        )
        split = torque_of(part, axis, film, {})
        fields = split.effective_field
        current, voltage = self._contacts(int(self._cases.of[point]), values, terms)
        return {
            "fieldlike": split.fieldlike,
            "dampinglike": split.dampinglike,
            "torque_average_density": split.average_density,
            "torque_total": split.total,
            "torque_axis": axis,
            "magnetization": m,
            "spin_density": part.spin_density / part.area,
            "voltage": voltage,
            "current": current,
            "charge_current": -SHEET_CURRENT * flow / part.area,
            "current_density": current_density(part, film),
            "fieldlike_field": None if fields is None else fields.fieldlike,
            "dampinglike_field": None if fields is None else fields.dampinglike,
            "fieldlike_field_per_1e11": None if fields is None else fields.fieldlike_per_1e11,
            "dampinglike_field_per_1e11": None if fields is None else fields.dampinglike_per_1e11,
            "field_per_torque": field_per_torque(film),
            "cells": problem.device.cells,
            "dofs": self._model.unknowns,
        }


def _film(problem: Problem, output: Output) -> Film:
    if not output.of:
        return next(iter(problem.films.values()))
    names = {tag: name for name, tag in problem.device.regions.items()}
    return problem.films[names[int(output.of)]]


def _crosses(m: np.ndarray) -> np.ndarray:
    """The matrices of m x, shape (N, 3, 3)."""
    x, y, z = m.T
    zero = np.zeros(len(m))
    return np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]).transpose(2, 0, 1)
