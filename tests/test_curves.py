"""Curves over a sweep, drawn from its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.image import imread

from fem_rashba.cli import main
from fem_rashba.results.curves import draw_curves
from fem_rashba.studies.sweep_file import write


def sweep(second: bool, sign: float = 1.0) -> xr.Dataset:
    """A file as `sweep` writes it: fieldlike rises along theta, and with the Rashba parameter."""
    theta = np.radians(np.linspace(0, 90, 7))
    alpha = np.array([0.01, 0.02]) if second else np.array([0.01])
    values = sign * 1e-7 * alpha[:, None] * (1 + theta)
    current = np.stack([values, -values], axis=-1)
    names = ("rashba_parameter", "theta")
    found = xr.Dataset(
        {
            "fieldlike": (names, values, {"units": "eV nm^-2"}),
            "dampinglike": (names, -values, {"units": "eV nm^-2"}),
            "current": ((*names, "terminal"), current, {"units": "A"}),
            "message": (names, np.full(values.shape, "", dtype=object)),
        },
        {
            "rashba_parameter": ("rashba_parameter", alpha, {"units": "eV nm", "toml_key": "film.rashba_parameter"}),
            "theta": ("theta", theta, {"units": "rad", "long_name": "theta", "toml_key": "magnetization.theta"}),
            "terminal": ("terminal", np.array(["source", "drain"], dtype=object)),
        },
        {"program": "fem_rashba"},
    )
    return found if second else found.isel(rashba_parameter=0, drop=True)


def test_a_rising_curve_rises(tmp_path: Path) -> None:
    slopes = []
    for sign in (1.0, -1.0):
        picture = imread(draw_curves(sweep(False, sign), tmp_path / "a.png", ["fieldlike"]))[..., :3]
        rows, columns = np.nonzero(picture[..., 2] - picture[..., 0] > 0.4)
        assert len(rows) > 500
        slopes.append(np.polyfit(columns, rows, 1)[0])
    assert slopes[0] < -0.1 and slopes[1] > 0.1, "rows of a picture count downwards"


def test_a_curve_for_each_point_of_the_other_key(tmp_path: Path) -> None:
    one, two = (imread(draw_curves(sweep(second), tmp_path / "a.png"))[..., :3] for second in (False, True))
    # two curves have colours of their own and a legend; four panels in both
    assert two.shape[0] > one.shape[0]
    violet = np.abs(two - (0.267, 0.005, 0.329)).max(axis=-1) < 0.1
    assert violet.sum() > 1000
    assert (np.abs(one - (0.267, 0.005, 0.329)).max(axis=-1) < 0.1).sum() < 100


def test_what_rounding_leaves_fills_no_axis(tmp_path: Path) -> None:
    """A current that is driven, and one of nothing."""
    found = sweep(True)
    current = found["current"].values
    current[...] = [1e-6, 0]
    current += 1e-22 * np.arange(current.size).reshape(current.shape)
    steady = imread(draw_curves(found, tmp_path / "a.png", ["current"]))[..., :3]
    current[...] = [1e-6, 0]
    exact = imread(draw_curves(found, tmp_path / "b.png", ["current"]))[..., :3]
    assert steady.shape == exact.shape and np.abs(steady - exact).mean() < 1e-3


def test_more_curves_than_names(tmp_path: Path) -> None:
    found = sweep(True)
    many = xr.concat([found] * 10, "rashba_parameter", join="override")
    many["rashba_parameter"] = ("rashba_parameter", np.linspace(0, 1, 20), found["rashba_parameter"].attrs)
    few, all_of_them = (imread(draw_curves(each, tmp_path / "a.png")).shape[0] for each in (found, many))
    # eight names and what they are of, in place of two
    assert (all_of_them - few) / 300 == pytest.approx(7 * 0.17, abs=0.01)


def test_plot_takes_a_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("s.nc"), sweep(True))
    assert main(["plot", "s.nc", "--quantity", "dampinglike"]) == 0
    assert capsys.readouterr().out == "s.png written\n"
    assert imread("s.png").std() > 0.05
    Path("text.nc").write_text("no sweep")
    Path("folder.nc").mkdir()
    write(Path("other.nc"), sweep(True)[[]])
    for words, message in (
        (["s.nc", "--quantity", "messag"], "the file has no quantity 'messag'; it has 'fieldlike', 'dampinglike'"),
        (["s.nc", "--mesh"], "a .nc file is drawn alone, without --line and --mesh: s.nc"),
        (["s.nc", "out"], "a .nc file is drawn alone"),
        (["none.nc"], "'none.nc' must be a file that sweep wrote; there is no such file"),
        (["other.nc"], "'other.nc' must be a file that sweep wrote"),
        (["folder.nc"], "'folder.nc' must be a file that sweep wrote; it is a folder"),
        (["text.nc"], "'text.nc' must be a file that sweep wrote"),
        (["s.nc", "-o", "x.svg"], "must end in .png"),
    ):
        assert main(["plot", *words]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
    with pytest.raises(ValueError, match="must end in .png"):
        draw_curves(sweep(False), "x.pdf")
