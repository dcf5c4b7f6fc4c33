"""The Hall cross with scikit-fem and elements of degree 2: scalar matrices, combined by Kronecker products.

    python peer_skfem.py MESH.npz

PARDISO factorises where pypardiso is installed, SuperLU elsewhere. Symbolic loops over four fields take much longer.
"""

from __future__ import annotations

import sys
from functools import partial

import numpy as np
import peer_form
import scipy.sparse as sparse
import skfem
from skfem.helpers import grad

ELEMENTS = {3: (skfem.MeshTri, skfem.ElementTriP2), 4: (skfem.MeshQuad, skfem.ElementQuad2)}


def mesh(path: str) -> tuple[skfem.Mesh, dict[str, np.ndarray]]:
    """The mesh of the file, and the ends of the sides on each terminal."""
    stored = np.load(path)
    made = ELEMENTS[stored["cells"].shape[1]][0](stored["points"].T, stored["cells"].T)
    return made, {key.removeprefix("terminal_"): stored[key] for key in stored.files if key.startswith("terminal_")}


def solve(given: tuple[skfem.Mesh, dict[str, np.ndarray]]) -> tuple[int, np.ndarray, float]:
    """Unknowns, the integral of S, the area."""
    cells, terminals = given
    basis = skfem.Basis(cells, ELEMENTS[len(cells.t)][1](), intorder=4)
    parts = [lambda u: u, lambda u: grad(u)[0], lambda u: grad(u)[1]]
    A = peer_form.weak_form().reshape(3, 4, 3, 4)
    matrix = 0
    for i in range(3):
        for j in range(3):
            if A[i, :, j].any():
                form = skfem.BilinearForm(lambda u, v, _, i=i, j=j: parts[i](v) * parts[j](u))
                matrix = matrix + sparse.kron(form.assemble(basis), A[i, :, j])
    u, fixed = np.zeros((basis.N, 4)), np.zeros((basis.N, 4), dtype=bool)
    fixed[basis.get_dofs(cells.boundary_facets()).all(), 1:] = True
    facets = np.sort(cells.facets, axis=0)
    for name, ends in terminals.items():
        keys = facets[0] * cells.nvertices + facets[1]
        ends = np.sort(ends, axis=1)
        here = np.flatnonzero(np.isin(keys, ends[:, 0] * cells.nvertices + ends[:, 1]))
        nodes = basis.get_dofs(here).all()
        fixed[nodes, 0] = True
        u[nodes, 0] = -peer_form.coefficients()["states"] * (1e-3 if name == "source" else 0.0)
    matrix, u, free = matrix.tocsr(), u.ravel(), np.flatnonzero(~fixed.ravel())
    u[free] = factorised(matrix[free][:, free], -(matrix @ u)[free])
    weights = skfem.LinearForm(lambda v, _: v).assemble(basis)
    return u.size, weights @ u.reshape(-1, 4)[:, 1:], float(weights.sum())


def factorised(matrix: sparse.csr_matrix, right: np.ndarray) -> np.ndarray:
    """The solution of a linear system."""
    try:
        from pypardiso import spsolve
    except ImportError:
        from scipy.sparse.linalg import spsolve
    return spsolve(matrix.tocsr(), right)


if __name__ == "__main__":
    peer_form.tell(partial(mesh, sys.argv[1]), solve)
