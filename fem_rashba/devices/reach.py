"""How far into the film a side is the nearest one. Lengths in nm."""

from __future__ import annotations

import numpy as np

from fem_rashba.devices.outline import Outline
from fem_rashba.devices.pieces import Pieces

_PER_ARC, _AT_ONCE, _SAME = 48, 200_000, 1e-5


def reach(outline: Outline, pieces: Pieces, wanted: np.ndarray) -> np.ndarray:
    """How far along its normal each point of the boundary is the nearest one, shape (N,); 0 at corners.

    That is the radius of the largest circle within the film that touches the boundary there. If it touches at q, where
    the normal is n, it passes through b for r = |b - q|^2 / (2 n.(b - q)), and a line through l of normal m for
    r = (q - l).m / (1 - n.m).

    Args:
        outline, pieces: Of the film.
        wanted: Of which points, booleans of shape (N,); 0 at all others.
    """
    found = np.where(wanted & np.any(pieces.normals != 0.0, axis=1), np.inf, 0.0)
    straight = [side for side in outline.sides if side.centre is None]
    lines = np.array([(*side.start, *side.vector / side.length, side.length) for side in straight]).reshape(-1, 5)
    points = np.concatenate([side.points(1 if side.centre is None else _PER_ARC)[:-1] for side in outline.sides])
    chosen = np.flatnonzero(found)
    for part in np.array_split(chosen, len(chosen) * len(points) // _AT_ONCE + 1):
        q, n = pieces.points[part], pieces.normals[part]
        found[part] = np.minimum(_to_points(q, n, points), _to_lines(q, n, lines))
    return found


def _to_points(q: np.ndarray, n: np.ndarray, b: np.ndarray) -> np.ndarray:
    x, y = b[:, 0] - q[:, :1], b[:, 1] - q[:, 1:]
    ahead, squared = n[:, :1] * x + n[:, 1:] * y, x**2 + y**2
    # nearer than that the digits of both are lost
    within = (ahead > 1e-9 * np.sqrt(squared)) & (squared > _SAME**2 * np.ptp(b, axis=0).max() ** 2)
    return np.asarray(np.where(within, squared / np.where(within, 2 * ahead, 1.0), np.inf).min(axis=1))


def _to_lines(q: np.ndarray, n: np.ndarray, lines: np.ndarray) -> np.ndarray:
    x0, y0, tx, ty, length = lines.T
    x, y, nx, ny = q[:, :1] - x0, q[:, 1:] - y0, n[:, :1], n[:, 1:]
    # the normal of a side is (-ty, tx)
    distance, parallel = tx * y - ty * x, tx * ny - ty * nx
    # a side that is parallel and faces the same way is never touched
    within = (distance > 1e-9 * length) & (parallel < 1.0 - 1e-12)
    r = np.where(within, distance / np.where(within, 1.0 - parallel, 1.0), 0.0)
    touched = tx * (x + r * nx) + ty * (y + r * ny)
    within &= (touched >= 0.0) & (touched <= length)
    return np.asarray(np.where(within, r, np.inf).min(axis=1, initial=np.inf))
