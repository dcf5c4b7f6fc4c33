"""Commands that look at solutions. Imports that take time happen where a command has come that far."""

from __future__ import annotations

import json
import tempfile
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fem_rashba.cli.loading import named
from fem_rashba.cli.progress import Stages

if TYPE_CHECKING:
    from fem_rashba.results.fields import NodalFields


def current(arguments: Namespace) -> None:
    """Print the currents through a path as JSON."""
    from fem_rashba.results.files import load
    from fem_rashba.results.path import as_data, current_through

    print(json.dumps(as_data(arguments.path, current_through(load(arguments.out), arguments.path)), indent=1))


def report(arguments: Namespace) -> None:
    """Write one HTML file about a solution."""
    from fem_rashba.results.files import load
    from fem_rashba.results.report import report as written

    target = Path(arguments.target or Path(arguments.out) / "report.html")
    solution = load(arguments.out)
    with Stages() as stages, named(str(target)):
        stages("writing the report")
        missing = written(solution, arguments.out, target)
    print(f"{target} written" + (f"; {missing[0].lower()}{missing[1:]}" if missing else ""))


def plot(arguments: Namespace) -> None:
    """Draw maps of a solution, profiles along a line, one map of several solutions, or curves over a sweep or time."""
    outs, line = arguments.outs, arguments.line
    if any(out.endswith(".nc") for out in outs):
        if len(outs) > 1 or line is not None or arguments.mesh:
            raise ValueError(f"a .nc file is drawn alone, without --line and --mesh: {' '.join(outs)}")
        _curves(arguments)
        return
    if line is not None and (arguments.quantities or arguments.mesh):
        raise ValueError("argument --line: profiles show all quantities and no mesh; leave out --quantity and --mesh")
    if len(outs) > 1:
        if len({Path(out).resolve() for out in outs}) < len(outs):
            raise ValueError(f"the folders that are drawn side by side must differ: {' '.join(outs)}")
        if line is not None or len(arguments.quantities or [""]) > 1:
            raise ValueError(f"{len(outs)} folders are drawn side by side with one --quantity, such as Sz, no --line")
        _side_by_side(arguments)
    elif line is not None:
        _profiles(arguments)
    else:
        _maps(arguments)


def _maps(arguments: Namespace) -> None:
    from fem_rashba.mpi import on_root
    from fem_rashba.results.fields import gathered_fields
    from fem_rashba.results.files import load
    from fem_rashba.results.painting import check_names
    from fem_rashba.results.plot import plot_maps

    names = None if arguments.quantities is None else check_names(arguments.quantities)
    (out,) = arguments.outs
    folder = Path(arguments.target or out)
    single = arguments.target is not None and _is_picture(folder, names)
    solution = load(out)
    with Stages() as stages:
        stages("drawing")
        fields = gathered_fields(solution, _spin_currents(names))

        def draw(part: Path) -> Sequence[Path]:
            assert fields is not None  # on the root
            return plot_maps(fields, part, names, arguments.mesh)

        if not single:
            with named(str(folder)):
                drawn = on_root(solution.comm, lambda: _into(folder, draw))
    if single:
        _one(solution.comm, folder, lambda path: draw(path.parent)[0])
    else:
        print(f"{folder}: {', '.join(drawn)}")


def _is_picture(target: Path, names: Sequence[str] | None) -> bool:
    """Whether the target of maps is a PNG file and not a folder."""
    if target.suffix.lower() != ".png":
        if target.is_file():
            raise ValueError(f"argument -o: {str(target)!r} is a file; maps go into a folder, or one into a PNG file")
        return False
    if names is None or len(names) != 1:
        raise ValueError(f"argument -o: {str(target)!r} is one picture: give one --quantity with it, or name a folder")
    return True


def _profiles(arguments: Namespace) -> None:
    from fem_rashba.results.files import load
    from fem_rashba.results.profiles import draw_profiles, profiles

    (out,) = arguments.outs
    target = _picture(arguments.target, Path(out) / "line.png")
    solution = load(out)
    found = profiles(solution, *arguments.line)
    _one(solution.comm, target, lambda path: draw_profiles(found, path))


def _curves(arguments: Namespace) -> None:
    from mpi4py import MPI

    from fem_rashba.mpi import on_root
    from fem_rashba.results.curves import draw_curves
    from fem_rashba.results.series import is_series, read_series
    from fem_rashba.studies.sweep import read
    from fem_rashba.studies.sweep_file import solved

    (out,) = arguments.outs
    target = _picture(arguments.target, Path(out).with_suffix(".png"))
    found = on_root(MPI.COMM_WORLD, lambda: read_series(Path(out)) if is_series(out) else read(out))
    done, points = (0, 0) if "time" in found.dims else solved(found)
    lacking = f"; {done} of {points} points are solved" if done < points else ""
    _one(MPI.COMM_WORLD, target, lambda path: draw_curves(found, path, arguments.quantities), lacking)


def _side_by_side(arguments: Namespace) -> None:
    from fem_rashba.mpi import on_root
    from fem_rashba.results.fields import gathered_fields
    from fem_rashba.results.files import load
    from fem_rashba.results.multiples import differences, plot_multiples
    from fem_rashba.results.painting import check_names

    (name,) = check_names(arguments.quantities or ["dampinglike"])
    target = _picture(arguments.target, Path("multiples.png"))
    fields: list[NodalFields | None] = []
    for out in arguments.outs:
        solution = load(out)
        fields.append(gathered_fields(solution, _spin_currents([name])))
    configs = on_root(solution.comm, lambda: {out: _config(out) for out in arguments.outs})
    titles = list(differences(configs).values())

    def draw(path: Path) -> Path:
        return plot_multiples([f for f in fields if f is not None], titles, path, name, arguments.mesh)

    _one(solution.comm, target, draw)


def _spin_currents(names: Sequence[str] | None) -> bool:
    return any(name.startswith("spin_current") for name in names or ())


def _config(out: str) -> dict[str, Any] | None:
    """The configuration in a summary; None if there is none."""
    from fem_rashba.results.files import SUMMARY

    try:
        found = json.loads((Path(out) / SUMMARY).read_text())["config"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, dict) else None


def _picture(given: str | None, default: Path) -> Path:
    from fem_rashba.results.painting import png

    return png(given) if given else default


def _one(comm: Any, target: Path, draw: Callable[[Path], Path], note: str = "") -> None:
    """A picture that appears whole or not at all. Collective; rank 0 draws."""
    from fem_rashba.mpi import on_root

    with Stages() as stages, named(str(target)):
        stages("drawing")
        on_root(comm, lambda: _whole(target, draw))
    print(f"{target} written{note}")


def _whole(target: Path, draw: Callable[[Path], Path]) -> None:
    with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".maps") as part:
        draw(Path(part) / target.name).rename(target)


def _into(folder: Path, draw: Callable[[Path], Sequence[Path]]) -> list[str]:
    """Draw into a folder, all pictures or none; their names."""
    with tempfile.TemporaryDirectory(dir=folder.absolute().parent, prefix=".maps") as part:
        drawn = draw(Path(part))
        folder.mkdir(exist_ok=True)
        return [path.rename(folder / path.name).name for path in drawn]
