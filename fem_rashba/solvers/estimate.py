"""What a solve costs, before it is done."""

from __future__ import annotations

from fem_rashba.devices.device import Device
from fem_rashba.solvers.discretization import FIELDS
from fem_rashba.solvers.problem import Problem

# per unknown, for degrees 1 to 4; a factorisation fills in a little more the larger it is
_KILOBYTES = {
    ("direct", "quadrilateral"): (3.4, 4.1, 5.3, 6.7),
    ("direct", "triangle"): (3.4, 4.0, 3.9, 5.1),
    ("iterative", "quadrilateral"): (1.7, 1.8, 2.9, 3.3),
    ("iterative", "triangle"): (1.7, 1.9, 2.2, 2.4),
}
_UNASSEMBLED = 0.7
_FILL = 0.9
"""Entries of incomplete factors on top of those of the matrix, a part of these, where there are `fill_levels`."""
# GB of the libraries alone, and of the pictures, which are drawn when the solver is done
_FIRST_RANK, _OTHER_RANK, _DRAWING = 0.35, 0.28, 0.2


def unknowns(device: Device, degree: int) -> int:
    """Number of unknowns of a solve: all fields at the nodes of Lagrange elements. Not collective."""
    topology = device.mesh.topology
    topology.create_entities(1)
    vertices, sides, cells = (topology.index_map(dimension).size_global for dimension in range(3))
    inside = (degree - 1) * (degree - 2) // 2 if topology.cell_name() == "triangle" else (degree - 1) ** 2
    return FIELDS * (vertices + (degree - 1) * sides + inside * cells)


LARGEST_DIRECT = 1_000_000
"""Unknowns up to which "auto" factorises; above, the memory of that, not its time, is what a machine runs out of."""

LARGEST_DIRECT_UNASSEMBLED = 200_000
"""The same where multigrid assembles nothing. That is faster from about 20,000 on, but a factorisation leaves nothing
but rounding."""


def resolved_method(method: str, size: int, largest: int = LARGEST_DIRECT) -> str:
    """The method that "auto" stands for at a number of unknowns, if `largest` may be factorised."""
    return ("direct" if size <= largest else "iterative") if method == "auto" else method


def largest_direct(problem: Problem) -> int:
    """Unknowns of a steady problem up to which "auto" factorises."""
    return LARGEST_DIRECT_UNASSEMBLED if levels_assemble_nothing(problem) else LARGEST_DIRECT


def assembles_nothing(problem: Problem) -> bool:
    """Whether multigrid assembles nothing: uniform m, one film, and even elements or one rank."""
    simple = problem.magnetization.is_uniform and len({id(film) for film in problem.films.values()}) == 1
    return simple and (problem.device.mesh.comm.size == 1 or is_even(problem.device))


LARGEST_COARSE = {"even": 150_000, "graded": 1_000_000}
"""Above this many unknowns of degree 1 aggregates of nodes take the place of a factorisation. Flat elements need many
more iterations with aggregates."""


def levels_assemble_nothing(problem: Problem) -> bool:
    """Whether multigrid below the problem does so too: on flat elements there must be a small lowest degree."""
    if is_even(problem.device):
        return assembles_nothing(problem)
    vertices = problem.device.mesh.topology.index_map(0).size_global
    return assembles_nothing(problem) and problem.degree > 1 and FIELDS * vertices <= LARGEST_COARSE["graded"]


LARGEST_SHARP = 400_000
"""Unknowns two degrees higher up to which errors are estimated there; beyond, one degree higher."""


def degrees_added(device: Device, degree: int) -> int:
    """By how many degrees the solution is higher that errors are estimated by."""
    return 2 if unknowns(device, degree + 2) <= LARGEST_SHARP else 1


def is_even(device: Device) -> bool:
    """Whether all elements are of about one size and none is flat."""
    shortest, longest = device.element_size
    return longest <= 4 * shortest


def fill_levels(device: Device) -> int:
    """How many levels of fill incomplete factors have on a graded mesh.

    Flat triangles need some: a node is not coupled to the one across the other diagonal of two, but an elimination
    couples them as strongly as any. One level is enough for columns of them, but not where these are cut in half. On
    quadrilaterals that coupling is there, and more entries take the time that fewer iterations save.
    """
    return 2 if device.mesh.basix_cell().name == "triangle" and not is_even(device) else 0


def couplings(degree: int, cell: str) -> float:
    """To how many nodes a node is coupled on average, itself included, in a large mesh of Lagrange elements."""
    on_side = degree + 1
    if cell == "quadrilateral":
        around, cells, inside, nodes = 4, 1, (degree - 1) ** 2, on_side**2
    else:
        around, cells, inside, nodes = 6, 2, (degree - 1) * (degree - 2) // 2, on_side * (degree + 2) // 2
    # of each vertex: one vertex, half of the sides around it, and that many cells
    sides = around // 2 * (degree - 1)
    at_vertex, at_side = around * (nodes - on_side) + 1, 2 * nodes - on_side
    return (at_vertex + sides * at_side + cells * inside * nodes) / (1 + sides + cells * inside)


def memory_GB(  # noqa: N802
    unknowns: int,
    degree: int,
    method: str,
    ranks: int,
    cell: str = "quadrilateral",
    *,
    added: int = 0,
    assembled: bool = True,
    swept: bool = False,
    even: bool = True,
) -> float:
    """Peak memory in GB (1e9 bytes) of a whole run with all outputs, of all ranks together.

    Fitted to runs of 2e4 to 9e5 unknowns on one to four ranks, most of which it meets within 10 %.

    Args:
        unknowns: Number of unknowns.
        degree: Of the elements, 1 to 4.
        method: "direct" or "iterative".
        ranks: Number of ranks.
        cell: "quadrilateral" or "triangle".
        added: Degrees by which errors are estimated; 0: not at all.
        assembled: Whether estimates assemble matrices (not `assembles_nothing`). One of a higher degree needs three
            times its entries, with the incomplete factorisation and what it is made of.
        swept: Whether multigrid assembles nothing (`levels_assemble_nothing`).
        even: Whether nothing is factorised there.
    """
    fill = _FILL if cell == "triangle" and not even else 0.0
    # bytes of incomplete factors for an entry of the matrix: blocks in single precision with columns
    factors = 0.0 if even else 68 * (1 + fill)
    solve = _KILOBYTES[method, cell][degree - 1]
    if method != "direct" and swept:
        solve = _UNASSEMBLED + 1e-3 * factors * couplings(degree, cell) / FIELDS
    elif method != "direct":
        solve += 1e-3 * 8 * FIELDS * fill * couplings(degree, cell)
    solve *= 1e-6 * unknowns
    if method == "direct":
        solve *= (unknowns / 1e5) ** 0.085
    if added:
        finer, entries = unknowns * ((degree + added) / degree) ** 2, couplings(degree + added, cell)
        assembled_bytes = (3 + fill) * 8 * FIELDS * entries
        solve += 1e-9 * finer * (assembled_bytes if assembled else (20 + factors / FIELDS) * entries + 60)
    return _FIRST_RANK + _OTHER_RANK * (ranks - 1) + max(solve, _DRAWING)


def run_GB(problem: Problem, method: str, *, estimated: bool) -> float:  # noqa: N802
    """Peak memory in GB of a run, of all ranks together.

    Args:
        problem: What is solved.
        method: "direct" or "iterative".
        estimated: Whether errors are estimated.
    """
    device, degree = problem.device, problem.degree
    return memory_GB(
        unknowns(device, degree),
        degree,
        method,
        device.mesh.comm.size,
        device.mesh.basix_cell().name,
        added=degrees_added(device, degree) if estimated else 0,
        assembled=not assembles_nothing(problem),
        swept=levels_assemble_nothing(problem),
        even=is_even(device),
    )
