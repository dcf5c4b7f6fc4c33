"""The command line: its commands, and how one starts and ends. What they do is in the modules of this package."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from fem_rashba import __version__
from fem_rashba.cli import exits, words

_CONFIG = "CONFIG.toml"


class _Parser(argparse.ArgumentParser):
    """Raises ValueError where argparse prints its usage and exits."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see {self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the arguments default to those of the process.

    Returns:
        The exit status: 0 done, 2 bad input, 3 not converged. The last two say why on standard error.
    """
    comm = exits.world()
    status, message, failure = 0, "", None
    with exits.pipes_may_close(), exits.terminable(comm), exits.silent(0 if comm is None else comm.rank):
        try:
            _run(list(sys.argv[1:] if argv is None else argv))
            print(end="", flush=True)
        except BaseException as error:
            status, message = exits.verdict(error)
            # the frames of the error hold meshes; freeing them is collective, and the other ranks may not come along
            failure = error
    result = exits.agreed(comm, status, message)
    del failure
    return result


def _run(argv: list[str]) -> None:
    argv, petsc = words.split_petsc(argv)
    arguments = parser().parse_args(words.prepared(argv))
    if petsc is not None:
        if arguments.command != "run":
            raise ValueError(f"PETSc options after -- go only with the command run, not with {arguments.command}")
        arguments.petsc = words.petsc_options(petsc)
    module = importlib.import_module(f"fem_rashba.cli.{_COMMANDS[arguments.command][2]}")
    getattr(module, arguments.command)(arguments)


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    top = _Parser(
        prog="fem-rashba",
        description="Charge and spin diffusion and the spin-orbit torque in Rashba ferromagnetic films.",
        epilog="Exit status: 0 done, 2 bad input, 3 not converged. Any command may follow mpirun -n N.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"fem-rashba {__version__}")
    each = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (text, add, _) in _COMMANDS.items():
        add(each.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False))
    return top


def _new(command: argparse.ArgumentParser) -> None:
    from fem_rashba.config.templates import SHAPES

    command.add_argument("shape", metavar="SHAPE", choices=SHAPES, help=", ".join(SHAPES))


def _config(command: argparse.ArgumentParser) -> None:
    command.add_argument("config", metavar=_CONFIG)
    command.add_argument(
        "--set",
        dest="overrides",
        metavar="section.key=value",
        action="append",
        default=[],
        help="a value in place of that of the file; several may follow one --set",
    )


def _modes(command: argparse.ArgumentParser) -> None:
    _config(command)
    command.add_argument("-n", dest="count", metavar="N", type=words.at_least(1), default=6, help="how many; default 6")
    command.add_argument("-o", dest="out", metavar="OUT", help="a folder for their fields")


def _mesh(command: argparse.ArgumentParser) -> None:
    _config(command)
    command.add_argument("-o", dest="out", metavar="device.msh", required=True, help="the file to write, in nm")


def _sketch(command: argparse.ArgumentParser) -> None:
    _config(command)
    command.add_argument("-o", dest="out", metavar="device.png", required=True, help="the picture to write")


def _run_command(command: argparse.ArgumentParser) -> None:
    _config(command)
    command.add_argument("-o", dest="out", metavar="OUT", required=True, help="the folder to write")
    command.epilog = "Options of PETSc may follow after --, such as -- -ksp_type gmres -pc_type ilu."
    command.set_defaults(petsc={})


def _probe(command: argparse.ArgumentParser) -> None:
    command.add_argument("out", metavar="OUT", help="what run wrote")
    where = command.add_mutually_exclusive_group(required=True)
    where.add_argument("--points", metavar="FILE.csv", help="with the columns x and y, in nm")
    where.add_argument("--line", nargs=2, type=words.point, metavar=("X0,Y0", "X1,Y1"), help="its ends, in nm")
    command.add_argument(
        "-n", dest="count", metavar="N", type=words.at_least(2), help="how many points on the line; default 101"
    )


def _sweep(command: argparse.ArgumentParser) -> None:
    _config(command)
    command.add_argument("-o", dest="out", metavar="sweep.nc", required=True, help="the NetCDF file to write")
    command.add_argument(
        "--solutions", metavar="FOLDER", help="a folder for what run writes, one folder in it for each point"
    )
    command.add_argument(
        "--parallel",
        choices=("points", "ranks"),
        help="under mpirun: points shared among the ranks, each solved by one, the default where there are at least "
        "as many points as ranks; or each point solved by all ranks",
    )


def _resistance(command: argparse.ArgumentParser) -> None:
    _config(command)
    command.add_argument("-o", dest="out", metavar="FILE.json", help="a file to write as well")
    command.add_argument(
        "--current", type=words.names(2), metavar="A,B", help="the current enters at A and leaves at B"
    )
    command.add_argument("--voltage", type=words.names(2), metavar="C,D", help="V_C - V_D is measured; default: A,B")
    command.add_argument(
        "--van-der-pauw", type=words.names(4), metavar="A,B,C,D", help="contacts in their order along the edge"
    )


def _harmonic(command: argparse.ArgumentParser) -> None:
    _config(command)
    command.add_argument("-o", dest="out", metavar="harmonic.nc", required=True, help="the NetCDF file to write")


def _fields(command: argparse.ArgumentParser) -> None:
    command.add_argument("sweep", metavar="sweep.nc", help="what sweep wrote")


def _plot(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "outs", metavar="OUT", nargs="+", help="what run wrote, several side by side; or a sweep.nc, series.nc"
    )
    command.add_argument(
        "-o",
        dest="target",
        metavar="PATH",
        help="a folder for maps, by default OUT; or the PNG file of a single picture, by default OUT/line.png, "
        "multiples.png here, or that with the name of the .nc file",
    )
    command.add_argument(
        "--quantity",
        dest="quantities",
        nargs="+",
        metavar="NAME",
        help="maps in place of those that run draws: Sx, torque, spin_current_z and others",
    )
    command.add_argument("--mesh", action="store_true", help="draw the cells over the maps")
    command.add_argument(
        "--line", nargs=2, type=words.point, metavar=("X0,Y0", "X1,Y1"), help="profiles along a line, in nm"
    )


def _current(command: argparse.ArgumentParser) -> None:
    command.add_argument("out", metavar="OUT", help="what run wrote")
    command.add_argument(
        "--path",
        nargs="+",
        type=words.point,
        metavar="X,Y",
        required=True,
        help="two or more points in nm; what flows from the left to the right of the path counts as positive",
    )


def _ovf(command: argparse.ArgumentParser) -> None:
    command.add_argument("out", metavar="OUT", help="what run wrote")
    command.add_argument("-o", dest="file", metavar="FILE.ovf", required=True, help="the file to write")
    command.add_argument(
        "--quantity",
        default="torque",
        metavar="QUANTITY",
        help="torque (default), effective_field, fieldlike_field, dampinglike_field, spin_density or magnetization",
    )
    command.add_argument(
        "--unit", metavar="UNIT", help="J/m3, J/m2 or T of the torque, T or A/m of a field, ...; default: the first"
    )
    where = command.add_mutually_exclusive_group()
    where.add_argument("--cell", type=words.cell, metavar="DX,DY", help="sides of a cell, in nm")
    where.add_argument("--grid", metavar="GRID.ovf", help="a file whose grid is taken; default: that of the input")
    command.add_argument("--format", choices=("text", "binary4", "binary8"), default="binary4", help="default binary4")


def _report(command: argparse.ArgumentParser) -> None:
    command.add_argument("out", metavar="OUT", help="what run wrote")
    command.add_argument("-o", dest="target", metavar="FILE.html", help="the file to write; default OUT/report.html")


_COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None], str]] = {
    "new": ("print a commented TOML file to start from", _new, "commands"),
    "check": ("print coefficients, lengths, validity and the cost of a solve, and solve nothing", _config, "commands"),
    "mesh": ("write the mesh of the device", _mesh, "commands"),
    "sketch": ("draw outline, terminals, edges, regions and mesh of the device, and solve nothing", _sketch, "sketch"),
    "run": ("solve and write a folder", _run_command, "commands"),
    "sweep": ("solve for all values of the keys in [sweep] and write a NetCDF file", _sweep, "sweeping"),
    "fields": ("print the effective fields of a sweep over directions of m as JSON", _fields, "fields"),
    "harmonic": (
        "write a synthetic harmonic Hall measurement, print its effective fields as JSON",
        _harmonic,
        "harmonic",
    ),
    "probe": ("print the solution at points as CSV", _probe, "commands"),
    "modes": ("print the slowest spin waves of the device as JSON", _modes, "commands"),
    "resistance": ("print resistances between the contacts as JSON", _resistance, "resistance"),
    "bulk": ("print the infinite medium of the film, without a mesh, as JSON", _config, "commands"),
    "current": ("print the charge and spin currents through a path as JSON", _current, "looking"),
    "plot": ("draw maps or profiles as PNG files", _plot, "looking"),
    "ovf": ("write torque or effective field for micromagnetic programs", _ovf, "micromagnetics"),
    "report": (
        "write one offline HTML file: numbers, pictures, zoomable maps",
        _report,
        "looking",
    ),
}
"""Command -> what it does, its arguments, the module of this package with the function of its name."""
