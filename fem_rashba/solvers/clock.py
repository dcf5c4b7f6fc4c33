"""Times of a transient solve: a grid of halved steps that hits every time at which fields are written.

Positions are whole numbers, so that no rounding accumulates and a run that is taken up again has the same times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

LEVELS = 40
"""The smallest step is this many halvings below the largest."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """From t = 0 to `end` (ps) in `frames` equal intervals; steps are fixed, or follow a tolerance.

    Attributes:
        end: ps.
        frames: Number of intervals.
        step: The largest fixed step, ps; None with a tolerance.
        tolerance: Of the error of each step, relative to the largest norm that n, or S, has had; None with a step.
    """

    end: float
    frames: int = 1
    step: float | None = None
    tolerance: float | None = 1e-4

    def __post_init__(self) -> None:
        if not (math.isfinite(self.end) and self.end > 0):
            raise ValueError(f"end = {self.end!r} ps must be finite and positive")
        if self.frames != int(self.frames) or self.frames < 1:
            raise ValueError(f"frames = {self.frames!r} must be a whole number of at least 1")
        if (self.step is None) == (self.tolerance is None):
            raise ValueError("either step or tolerance must be given, not both")
        if self.step is not None and not 0 < self.step <= self.end:
            raise ValueError(f"step = {self.step!r} ps must be positive and at most end = {self.end!r} ps")
        if self.tolerance is not None and not 0 < self.tolerance < 1:
            raise ValueError(f"tolerance = {self.tolerance!r} must lie between 0 and 1")

    @property
    def per_frame(self) -> int:
        """Largest steps in one interval: one with a tolerance."""
        # a step that divides the interval does so in spite of rounding
        return 1 if self.step is None else math.ceil(self.end / self.frames / self.step * (1 - 1e-12))

    @property
    def last(self) -> int:
        """The position of `end`."""
        return (self.frames * self.per_frame) << LEVELS

    def time(self, position: int) -> float:
        """In ps."""
        return self.end * (position / self.last)

    def length(self, level: int) -> float:
        """Of a step, ps."""
        return self.end / (self.frames * self.per_frame) / 2**level

    def ticks(self, level: int) -> int:
        """Of a step, in positions."""
        return 1 << (LEVELS - level)

    def frame(self, position: int) -> int | None:
        """The number of the time at which fields are written; None between them."""
        number, rest = divmod(position, self.per_frame << LEVELS)
        return None if rest else number

    def first_level(self, fastest: float) -> int:
        """The level of a first step that is short against the time 1/`fastest`."""
        if self.step is not None:
            return 0
        wanted = min(self.length(0), 0.1 / fastest if fastest > 0 else math.inf)
        return min(LEVELS // 2, math.ceil(math.log2(self.length(0) / wanted)))
