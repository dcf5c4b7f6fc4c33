"""Pictures are the same whatever settings of matplotlib are in force."""

from __future__ import annotations

import matplotlib
import numpy as np
from matplotlib.image import imread

from fem_rashba.results.profiles import draw_profiles


def test_settings_of_others(tmp_path) -> None:
    """Such as those that discretisedfield makes when it is imported."""
    values = np.linspace(0.0, 1.0, 20)[:, None] * np.ones(10)
    plain = imread(draw_profiles(values, tmp_path / "plain.png"))
    with matplotlib.style.context("dark_background"), matplotlib.rc_context({"font.size": 20, "lines.linewidth": 5}):
        other = imread(draw_profiles(values, tmp_path / "other.png"))
    assert np.array_equal(plain, other)
    assert plain[..., :3].mean() > 0.8, "white paper"
