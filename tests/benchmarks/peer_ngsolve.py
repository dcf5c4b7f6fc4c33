"""The Hall cross with NGSolve and a direct solver (umfpack or pardiso), on a given mesh or on a graded one of its own.

python peer_ngsolve.py MESH.npz DEGREE SOLVER
python peer_ngsolve.py graded DEGREE SOLVER EDGE CORNER GRADING
"""

from __future__ import annotations

import sys
from functools import partial

import netgen.meshing
import ngsolve
import numpy as np
import peer_form
from netgen.geom2d import SplineGeometry
from ngsolve import H1, BilinearForm, GridFunction, Integrate, dx, grad

TERMINALS = ("source", "drain", "left", "right")
ARM_WIDTH, ARM_LENGTH = 50.0, 75.0


def given_mesh(path: str) -> ngsolve.Mesh:
    """That of the file."""
    stored = np.load(path)
    made = netgen.meshing.Mesh(dim=2)
    points = np.column_stack([stored["points"], np.zeros(len(stored["points"]))])
    made.AddPoints(points)
    made.Add(netgen.meshing.FaceDescriptor(surfnr=1, domin=1, bc=1))
    made.AddElements(dim=2, index=1, data=stored["cells"].astype(np.int32), base=0)
    for number, name in enumerate((*TERMINALS, "edge"), start=1):
        ends = stored[f"terminal_{name}"] if name != "edge" else stored["edge"]
        made.AddElements(dim=1, index=number, data=ends.astype(np.int32), base=0)
        made.SetBCName(number - 1, name)
    return ngsolve.Mesh(made)


def graded_mesh(edge: float, corner: float, grading: float) -> ngsolve.Mesh:
    """One of NGSolve's own with elements of these sizes (nm) at edges and corners."""
    w, far = ARM_WIDTH / 2, ARM_WIDTH / 2 + ARM_LENGTH
    outline = [(-far, -w), (-w, -w), (-w, -far), (w, -far), (w, -w), (far, -w)]
    outline += [(far, w), (w, w), (w, far), (-w, far), (-w, w), (-far, w)]
    names = ["edge"] * 12
    for name, side in {"source": 11, "right": 2, "drain": 5, "left": 8}.items():
        names[side] = name
    geometry = SplineGeometry()
    inner = {(x, y) for x in (-w, w) for y in (-w, w)}
    points = [geometry.AppendPoint(*p, maxh=corner if p in inner else edge / 2) for p in outline]
    for k, name in enumerate(names):
        geometry.Append(["line", points[k], points[(k + 1) % 12]], bc=name, maxh=edge)
    return ngsolve.Mesh(geometry.GenerateMesh(maxh=20.0, grading=grading))


def solve(mesh: ngsolve.Mesh, degree: int, inverse: str) -> tuple[int, np.ndarray, float]:
    """Unknowns, the integral of S, the area."""
    scalar, spin = H1(mesh, order=degree, dirichlet="|".join(TERMINALS)), H1(mesh, order=degree, dirichlet=".*")
    space = ngsolve.FESpace([scalar, spin, spin, spin])
    trial, test = space.TnT()
    jets = [list(f) + [grad(part)[i] for i in (0, 1) for part in f] for f in (trial, test)]
    A = peer_form.weak_form()
    form = BilinearForm(space, condense=degree > 2)
    # of the ways to write this, the one that NGSolve assembles fastest
    rows = [sum(float(A[i, j]) * jets[0][j] for j in np.flatnonzero(A[i])) for i in range(12)]
    form += sum(row * jets[1][i] for i, row in enumerate(rows)).Compile() * dx
    form.Assemble()
    u = GridFunction(space)
    level = -1e-3 * peer_form.coefficients()["states"]
    u.components[0].Set(mesh.BoundaryCF({"source": level}, default=0.0), definedon=mesh.Boundaries("source"))
    right = (-form.mat * u.vec).Evaluate()
    if degree > 2:
        right.data += form.harmonic_extension_trans * right
        u.vec.data += form.mat.Inverse(space.FreeDofs(True), inverse=inverse) * right
        u.vec.data += form.harmonic_extension * u.vec
        u.vec.data += form.inner_solve * right
    else:
        u.vec.data += form.mat.Inverse(space.FreeDofs(), inverse=inverse) * right
    total = np.array([Integrate(u.components[i], mesh) for i in (1, 2, 3)])
    return space.ndof, total, Integrate(1.0, mesh)


if __name__ == "__main__":
    ngsolve.SetNumThreads(1)
    where, degree, inverse = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    made = partial(graded_mesh, *map(float, sys.argv[4:])) if where == "graded" else partial(given_mesh, where)
    peer_form.tell(made, lambda mesh: solve(mesh, degree, inverse))
