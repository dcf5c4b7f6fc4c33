"""Axes for curves of one's own: a PNG file in the style of the maps, whatever matplotlib is set to."""

from __future__ import annotations

import matplotlib
import pytest
from matplotlib.image import imread

from fem_rashba.results.panels import panels


def drawn(path) -> bytes:
    with panels(path, 2, 3, size=(12.7, 7.62)) as axes:
        assert axes.shape == (6,)
        axes[0].plot([0, 1], [1000.0, 1000.001], label="a curve")
        axes[0].legend()
    return path.read_bytes()


def test_a_figure_has_its_size_and_its_folder(tmp_path) -> None:
    drawn(tmp_path / "new" / "six.png")
    assert imread(tmp_path / "new" / "six.png").shape[:2] == (900, 1500), "3 x 5 inches at 300 dpi"


def test_settings_of_the_user_change_nothing(tmp_path) -> None:
    with matplotlib.rc_context({"font.size": 20, "lines.linewidth": 9, "axes.facecolor": "red"}):
        changed = drawn(tmp_path / "changed.png")
        assert matplotlib.rcParams["font.size"] == 20
    assert changed == drawn(tmp_path / "plain.png")


def test_no_file_without_a_figure(tmp_path) -> None:
    with pytest.raises(ValueError, match=r"must end in .png, not 'curves.pdf'"), panels(tmp_path / "curves.pdf"):
        pass
    with pytest.raises(ZeroDivisionError), panels(tmp_path / "curves.png") as (axes,):
        axes.plot([0], [1 / 0])
    assert not list(tmp_path.iterdir())
