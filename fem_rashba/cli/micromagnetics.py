"""The command that writes OVF files. Imports that take time happen where the command has come that far."""

from __future__ import annotations

from argparse import Namespace

from fem_rashba.cli.loading import named
from fem_rashba.cli.progress import Stages


def ovf(arguments: Namespace) -> None:
    """Write a quantity of a solution as an OVF file."""
    from fem_rashba.grids.ovf_read import read_grid
    from fem_rashba.grids.ovf_write import check_target

    check_target(arguments.file)
    given = None if arguments.grid is None else read_grid(arguments.grid, f"--grid {arguments.grid}")
    from fem_rashba.results.files import load
    from fem_rashba.results.micromagnetics import grid_of, save_ovf
    from fem_rashba.results.ovf_units import unit_of

    solution = load(arguments.out)
    grid = grid_of(solution, arguments.cell) if given is None else given
    unit = unit_of(solution, arguments.quantity, arguments.unit)
    with Stages() as stages, named(arguments.file):
        stages("writing")
        save_ovf(solution, arguments.file, quantity=arguments.quantity, unit=unit, grid=grid, format=arguments.format)
    cells, sides = (" x ".join(f"{n:g}" for n in numbers) for numbers in (grid.counts, grid.cell))
    print(f"{arguments.file} written: {arguments.quantity} in {unit}, {cells} cells of {sides} nm")
