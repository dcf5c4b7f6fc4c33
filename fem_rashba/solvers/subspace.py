"""Right-hand sides solved together: each residual is the least that the directions of all of them allow.

Distributed arrays hold the owned unknowns of each rank, a column for each right-hand side or direction.
"""

from __future__ import annotations

import numpy as np
from mpi4py import MPI

from fem_rashba.solvers.columns import Action, norms, total

# directions of which less than this is new, of their length, are rounding
_ROUNDING = 1e-12


def projected(comm: MPI.Comm, product: Action, directions: np.ndarray, rights: np.ndarray) -> np.ndarray:
    """The combinations of directions, shape (owned, d), with the least residuals of right-hand sides. Collective."""
    length = norms(comm, directions)
    directions = directions[:, length > 0] / length[length > 0]
    products, directions = _orthonormal(comm, product(directions), directions)
    return directions @ total(comm, products.T @ rights)


def reduced(
    comm: MPI.Comm,
    product: Action,
    precondition: Action,
    residuals: np.ndarray,
    aims: np.ndarray,
    most: int,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Generalised conjugate residuals with directions in common. Collective.

    Args:
        comm: The ranks.
        product: The operator.
        precondition: Of residuals to directions; need not be linear.
        residuals: What is left, shape (owned, k).
        aims: The length down to which each is to be brought, shape (k,).
        most: Largest number of iterations.

    Returns:
        Corrections of the solutions and what they leave of the residuals, shapes (owned, k), and the number of
        iterations; after `most` of them, or where nothing gets better, the best found.
    """
    corrections, left = np.zeros_like(residuals), residuals.copy()
    every: list[tuple[np.ndarray, np.ndarray]] = []
    for iteration in range(most):
        open_ones = norms(comm, left) > aims
        if not open_ones.any():
            return corrections, left, iteration
        directions = precondition(left[:, open_ones])
        products = product(directions)
        _take_out(comm, every, products, directions)
        products, directions = _orthonormal(comm, products, directions)
        if not products.shape[1]:
            return corrections, left, iteration + 1
        every.append((products, directions))
        share = total(comm, products.T @ left)
        corrections += directions @ share
        left -= products @ share
    return corrections, left, most


def _take_out(
    comm: MPI.Comm, every: list[tuple[np.ndarray, np.ndarray]], products: np.ndarray, directions: np.ndarray
) -> None:
    """Makes products orthogonal to known ones, in place, and directions what they belong to. Collective."""
    for _ in range(2):
        before = norms(comm, products)
        for known, its in every:
            share = total(comm, known.T @ products)
            products -= known @ share
            directions -= its @ share
        # where little is left of a column, once leaves what rounding makes of it
        if (norms(comm, products) > 0.5 * before).all():
            return


def _orthonormal(comm: MPI.Comm, products: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An orthonormal basis of products, and the combinations of directions that have it. Collective.

    Both have no columns if a product is not a number.
    """
    sizes = norms(comm, products)
    if not np.isfinite(sizes).all():
        return products[:, :0], directions[:, :0]
    if len(sizes) == 1 and sizes[0] > 0:
        return products / sizes, directions / sizes
    own, upper = np.linalg.qr(products)
    uppers = comm.allgather(upper)
    first = sum(len(one) for one in uppers[: comm.rank])
    all_ranks, upper = np.linalg.qr(np.concatenate(uppers))
    left, sizes, right = np.linalg.svd(upper)
    # one rank decides about the last digits
    all_ranks, left, sizes, right = comm.bcast((all_ranks, left, sizes, right))
    kept = sizes > _ROUNDING * sizes.max(initial=0.0)
    basis = own @ all_ranks[first : first + own.shape[1]] @ left[:, kept]
    return basis, directions @ (right[kept].T / sizes[kept])
