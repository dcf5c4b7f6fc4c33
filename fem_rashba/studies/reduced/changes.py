"""Along which lines the coefficients of the points of a sweep change around one of them, and how."""

from __future__ import annotations

import numpy as np

from fem_rashba.solvers.reduced.points import Changes, Points

NEIGHBOURS, LINES = 12, 3
"""From how many neighbours derivatives are taken, and along how many lines at most."""

_LEAST = 0.2
_SAME = 1e-9


def changes_around(points: Points, point: int) -> Changes:
    """Derivatives along the lines on which the neighbours of a point lie, by a fit of second degree to them.

    They need not be accurate: a basis gets functions from them, whose errors show in its residuals.
    """
    every = np.concatenate([points.t, points.lifted, points.loaded], axis=1)
    scale = np.abs(every).max(axis=0)
    away = (every - every[point]) / np.where(scale > 0, scale, 1.0)
    distance = np.linalg.norm(away, axis=1)
    order = np.argsort(distance)
    # at the poles of a sphere all azimuths are one direction
    near = away[order[distance[order] > _SAME][:NEIGHBOURS]]
    if not len(near):
        return Changes(slopes=points[:0], curvatures=points[:0])
    _, sizes, lines = np.linalg.svd(near, full_matrices=False)
    along = near @ lines[sizes > _LEAST * sizes[0]][:LINES].T
    along /= np.abs(along).max()
    count = along.shape[1]
    squares = [along[:, i] * along[:, j] / (1 + (i == j)) for i in range(count) for j in range(i, count)]
    rows = np.linalg.lstsq(np.column_stack([along, *squares]), near, rcond=None)[0] * scale
    t, lifted, loaded = np.split(rows, np.cumsum([points.t.shape[1], points.lifted.shape[1]]), axis=1)
    found = Points(t=t, lifted=lifted, loaded=loaded, coercivity=np.ones(len(rows)))
    return Changes(slopes=found[:count], curvatures=found[count:])
