"""The loops in C against dense matrices of NumPy, on patterns that no mesh has."""

from __future__ import annotations

import numpy as np
import pytest
from mpi4py import MPI
from scipy.sparse import csr_array

from fem_rashba.solvers import background
from fem_rashba.solvers.loops.factors import IncompleteFactors
from fem_rashba.solvers.loops.kernels import Kernels
from fem_rashba.solvers.loops.pattern import summation


def matrix(pattern: np.ndarray, *, extras: bool = True, seed: int = 0) -> tuple[Kernels, np.ndarray]:
    """A matrix with random entries on a symmetric pattern of nodes, some fields of which are fixed; the same, dense."""
    random = np.random.default_rng(seed)
    nodes, blocks = len(pattern), random.normal(size=(4, 4, 4))
    blocks[0] += 6 * np.eye(4)
    scalars = random.normal(size=(nodes, nodes, 4))
    turned = scalars.transpose(1, 0, 2)
    # as on a mesh: the first two are symmetric, the others not
    scalars = np.concatenate([(scalars + turned)[:, :, :2], (scalars - turned)[:, :, 2:]], axis=2) / 4
    scalars[..., 0] += 5 * np.eye(nodes)
    few = (
        random.normal(size=(nodes, nodes, 4, 4))
        * (random.random((nodes, nodes)) < 0.3)[..., None, None]
        * pattern[..., None, None]
    )
    few *= float(extras)
    free = (random.random((nodes, 4)) < 0.8).astype(float)
    graph = csr_array(pattern.astype(float))
    rows, columns = pattern.nonzero()
    at = np.flatnonzero(np.abs(few[rows, columns]).max(axis=(1, 2)) > 0)
    made = Kernels(
        starts=graph.indptr.astype(np.int32),
        columns=columns.astype(np.int32),
        scalars=np.ascontiguousarray(scalars[rows, columns]),
        blocks=blocks,
        extra_rows=rows[at].astype(np.int32),
        extra_columns=columns[at].astype(np.int32),
        extra_blocks=np.ascontiguousarray(few[rows, columns][at]),
        free=free,
    )
    dense = (np.einsum("nmk,kij->nmij", scalars, blocks) + few) * pattern[..., None, None]
    return made, dense.transpose(0, 2, 1, 3).reshape(4 * nodes, 4 * nodes)


def chain(nodes: int) -> np.ndarray:
    """Nodes coupled to two others each, in an order that hides it."""
    order = np.random.default_rng(1).permutation(nodes)
    place = np.argsort(order)
    return np.abs(place[:, None] - place[None]) <= 1


@pytest.mark.parametrize("pattern", [np.ones((7, 7), dtype=bool), chain(40)], ids=["full", "chain"])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("extras", [False, True])
def test_factors_are_exact_where_there_is_no_fill(pattern: np.ndarray, transposed: bool, extras: bool) -> None:
    made, dense = matrix(pattern, extras=extras)
    mask = made.free.ravel() > 0
    b = np.random.default_rng(2).normal(size=made.free.shape)
    found = IncompleteFactors(made, levels=0).solve(b, transposed=transposed)
    own = dense[np.ix_(mask, mask)]
    expected = np.zeros(b.size)
    expected[mask] = np.linalg.solve(own.T if transposed else own, b.ravel()[mask])
    # single precision, times the condition of these matrices
    assert found.ravel() == pytest.approx(expected, rel=0, abs=1e-4 * np.abs(expected).max())
    assert not found.ravel()[~mask].any()


def test_factors_leave_out_fill_only() -> None:
    """L U is the matrix on its pattern; the two are each other's transposes to rounding of double precision."""
    pattern = np.eye(30, dtype=bool) | (np.random.default_rng(3).random((30, 30)) < 0.1)
    made, dense = matrix(pattern | pattern.T)
    factors = IncompleteFactors(made, levels=0)
    inverse = np.array([factors.solve(unit.reshape(-1, 4) * made.free).ravel() for unit in np.eye(120)]).T
    mirrored = np.array(
        [factors.solve(unit.reshape(-1, 4) * made.free, transposed=True).ravel() for unit in np.eye(120)]
    )
    assert mirrored == pytest.approx(inverse, rel=0, abs=1e-12 * np.abs(inverse).max())
    mask = made.free.ravel() > 0
    product = np.zeros_like(dense)
    product[np.ix_(mask, mask)] = np.linalg.inv(inverse[np.ix_(mask, mask)])
    on = np.kron(pattern | pattern.T, np.ones((4, 4), dtype=bool)) & np.outer(mask, mask)
    off = np.outer(mask, mask) & ~on
    assert product[on] == pytest.approx(dense[on], rel=0, abs=1e-4 * np.abs(dense).max())
    assert np.abs(product[off]).max() > 1e-2 * np.abs(dense).max()


def test_factors_with_fill() -> None:
    """Each level of fill comes nearer to the inverse; with all of it, that is what they are."""
    pattern = np.eye(30, dtype=bool) | (np.random.default_rng(3).random((30, 30)) < 0.04)
    made, dense = matrix(pattern | pattern.T)
    mask = made.free.ravel() > 0
    own, left = dense[np.ix_(mask, mask)], []
    for levels in (0, 1, 2, 30):
        factors = IncompleteFactors(made, levels=levels)
        inverse = np.array([factors.solve(unit.reshape(-1, 4) * made.free).ravel() for unit in np.eye(120)]).T
        left.append(float(np.abs(np.eye(len(own)) - own @ inverse[np.ix_(mask, mask)]).max()))
    # that of single precision is in all of them
    assert left[0] > 5 * left[1] > 25 * left[2] and left[3] < 2e-4 < 1e-2 < left[0]


def test_product_and_sweeps() -> None:
    """A sweep solves each node's own equations, one node after the other."""
    made, dense = matrix(chain(25))
    random, mask = np.random.default_rng(4), made.free.ravel()
    b, x = random.normal(size=(25, 4)) * made.free, random.normal(size=(25, 4)) * made.free
    assert made.product(x).ravel() == pytest.approx(mask * (dense @ x.ravel()), abs=1e-12)
    assert made.residual(b, x).ravel() == pytest.approx(mask * (b.ravel() - dense @ x.ravel()), abs=1e-12)
    for downwards in (False, True):
        expected, found = x.ravel().copy(), x.copy()
        for node in range(24, -1, -1) if downwards else range(25):
            own = 4 * node + np.flatnonzero(made.free[node])
            rest = b.ravel()[own] - dense[own] @ expected
            expected[own] += np.linalg.solve(dense[np.ix_(own, own)], rest)
        made.sweep(b, found, downwards=downwards)
        assert found.ravel() == pytest.approx(expected, abs=1e-5)
    begun, fresh = np.zeros_like(x), np.zeros_like(x)
    made.sweep(b, begun, downwards=False, zero=True)
    made.sweep(b, fresh, downwards=False)
    assert begun == pytest.approx(fresh, abs=1e-12)
    assert made.transposed.product(x).ravel() == pytest.approx(mask * (dense.T @ x.ravel()), abs=1e-12)


def test_pattern_of_a_sum_over_cells() -> None:
    """Every entry of an element matrix goes where its row and its column are."""
    random = np.random.default_rng(5)
    dofs = np.array([random.choice(20, size=5, replace=False) for _ in range(12)], dtype=np.int32)
    targets, pattern = summation(dofs, 22)
    assert pattern.rows[targets].reshape(12, 5, 5).tolist() == np.repeat(dofs[:, :, None], 5, axis=2).tolist()
    assert pattern.columns[targets].reshape(12, 5, 5).tolist() == np.repeat(dofs[:, None], 5, axis=1).tolist()
    keys = pattern.rows.astype(int) * 22 + pattern.columns
    assert (np.diff(keys) > 0).all()
    assert len(keys) == len(np.unique(targets))


@pytest.mark.parametrize("extras", [False, True])
def test_galerkin_product(extras: bool) -> None:
    made, dense = matrix(chain(18), extras=extras)
    random = np.random.default_rng(6)
    weights = random.random((18, 5)) * (random.random((18, 5)) < 0.4)
    weights[:, 4] = 0.0
    product = background.galerkin(made, csr_array(weights), made.free, MPI.COMM_SELF)
    assert product is not None
    found = product.toarray()
    whole = made.free.ravel()[:, None] * np.kron(weights, np.eye(4))
    expected = whole.T @ dense @ whole
    # a function of no node has a diagonal
    expected[range(16, 20), range(16, 20)] = 1.0
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
