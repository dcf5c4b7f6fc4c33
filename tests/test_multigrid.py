"""The iterative solver: few iterations whatever the film, the degree and the elements, and the same solution."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from samples import film

STRONG = {"rashba_parameter": 0.05}
# precession far faster than any relaxation: a smoother that takes the fields one by one fails here
WEAK = {"rashba_parameter": 1e-3, "exchange_time": 2e-3, "spin_flip_time": math.inf}
MOST = 12


def solved(made, device, method, *, edges="sink", m=None, degree, regions=None, tolerance=1e-10):
    from fem_rashba import Current, Ground, solve, uniform

    return solve(
        device,
        made,
        m or uniform([0.5, 0.3, 0.8]),
        terminals={"source": Current("1 nA"), "drain": Ground()},
        edges=edges,
        regions=regions,
        degree=degree,
        method=method,
        tolerance=tolerance,
    )


def assert_equal(device, made, most=MOST, **options):
    direct, iterative = (solved(made, device, method, **options) for method in ("direct", "iterative"))
    assert iterative.state.report.method == "iterative" and direct.state.report.method == "direct"
    assert iterative.state.report.iterations <= most
    a, b = (solution.state.u.x.array.reshape(-1, 4) for solution in (direct, iterative))
    for component in range(4):
        size = np.abs(a[:, component]).max()
        assert np.abs(a - b)[:, component].max() <= 1e-6 * max(size, np.abs(a[:, 1:]).max())
    assert iterative.state.voltages == pytest.approx(direct.state.voltages, rel=1e-6)
    return iterative


@pytest.mark.parametrize("changes", [STRONG, WEAK], ids=["strong", "weak"])
@pytest.mark.parametrize("degree", [1, 2, 3, 4])
def test_graded_quadrilaterals(changes, degree):
    """Elements hundreds of times as long as wide at the edges, and re-entrant corners."""
    from fem_rashba import hall_cross

    made = film(**changes)
    device = hall_cross(arm_width=8.0, arm_length=4.0).mesh(made, degree=degree)
    assert_equal(device, made, edges="insulating" if changes is WEAK else "sink", degree=degree)


# short lengths and much anisotropy: the hardest corner of the box on flat triangles
HARD = {"rashba_parameter": 0.1, "exchange_time": 2e-3, "spin_flip_time": math.inf}


@pytest.mark.parametrize("changes", [STRONG, HARD], ids=["strong", "hard"])
@pytest.mark.parametrize("degree", [2, 3, 4])
@pytest.mark.parametrize("notch", ["v", "round"])
def test_flat_triangles(notch, degree, changes):
    """Layers along sides and arcs, which incomplete factors without fill take 13 to 40 iterations for, or stall on.

    The more elements differ in size, the more error a residual leaves.
    """
    from fem_rashba import notched_strip, uniform

    made = film(**changes)
    shape = notched_strip(length=24.0, width=12.0, notch_width=6.0, notch_depth=4.0, notch=notch)
    device = shape.mesh(made, degree=degree)
    edges, tolerance = ("sink", 1e-10) if changes is STRONG else ("insulating", 1e-11)
    assert_equal(device, made, degree=degree, edges=edges, m=uniform([0.1, 1.0, 0.1]), tolerance=tolerance, most=8)


@pytest.mark.parametrize("degree", [2, 3])
def test_flat_triangles_cut_in_half(degree):
    """As refinement leaves them: one level of fill is too little, the less the larger the mesh is."""
    from fem_rashba import notched_strip
    from fem_rashba.devices.refinement import refined
    from fem_rashba.devices.whole import distributed, gathered

    made = film(**STRONG)
    shape = notched_strip(length=24.0, width=12.0, notch_width=6.0, notch_depth=4.0, notch="round")
    device = shape.mesh(made, degree=degree)
    for seed in range(2):
        grid = gathered(device)
        assert grid is not None
        marked = np.random.default_rng(seed).random(len(grid.sides()[0])) < 0.1
        device = distributed(device, refined(grid, marked))
    assert_equal(device, made, degree=degree)


def test_flat_triangles_with_a_texture():
    """Assembled levels have the same entries in their factors."""
    from fem_rashba import neel_wall, notched_strip

    made = film(**STRONG)
    wall = neel_wall(center=(12.0, 6.0), width=4.0)
    shape = notched_strip(length=24.0, width=12.0, notch_width=6.0, notch_depth=4.0, notch="v")
    assert_equal(shape.mesh(made, degree=3), made, degree=3, m=wall)


def test_entries_of_incomplete_factors():
    """Those of the matrix, and those of fill whose level is low enough: of the entries that make it, plus one."""
    from scipy.sparse import csr_array

    from fem_rashba.solvers.loops.elimination import elimination

    random = np.random.default_rng(5).random((40, 40)) < 0.05
    pattern = random | random.T | np.eye(40, dtype=bool)
    rows = csr_array(pattern.astype(float))
    for levels in (0, 1, 2):
        found = elimination(rows.indptr.astype(np.int32), rows.indices.astype(np.int32), levels=levels)
        level = np.where(pattern[np.ix_(found.order, found.order)], 0, 99)
        for k in range(40):
            later = level[k + 1 :, k, None] + level[None, k, k + 1 :] + 1
            level[k + 1 :, k + 1 :] = np.minimum(level[k + 1 :, k + 1 :], later)
        expected = level <= levels
        ends = np.append(found.upper, len(found.columns))
        made = np.zeros((40, 40), dtype=int)
        for i in range(40):
            left = found.columns[found.lower[i] : found.lower[i + 1]]
            right = found.columns[found.upper[i] : ends[ends > found.upper[i]].min()]
            assert (np.diff(left) > 0).all() and (np.diff(right) < 0).all() and right[-1] == i
            made[i, left] += 1
            made[i, right] += 1
        assert (made == expected).all()
        # every entry of the matrix has its place
        row = np.repeat(np.arange(40), np.diff(rows.indptr))
        at = found.columns[found.place]
        assert (found.order[at] == rows.indices).all() and len(set(found.place)) == len(row)


@pytest.mark.parametrize("changes", [STRONG, WEAK], ids=["strong", "weak"])
def test_curved_triangles_with_a_texture(changes):
    from fem_rashba import neel_wall, notched_strip

    made = film(**changes)
    shape = notched_strip(length=40.0, width=20.0, notch_width=10.0, notch_depth=5.0, notch="round")
    wall = neel_wall(center=(20.0, 10.0), width=4.0)
    assert_equal(shape.mesh(made, element_size=1.5, degree=3), made, edges="insulating", m=wall, degree=3)


def test_elements_larger_than_the_lengths_of_the_film():
    """The coarsest level does not resolve the precession; n still needs it."""
    from fem_rashba import wire

    made = film(**STRONG)
    assert_equal(wire(length=100.0, width=40.0).mesh(made, element_size=4.0, degree=2), made, degree=2)


def test_aggregates_where_the_lowest_degree_is_large(monkeypatch):
    """Above a limit the lowest degree is not factorised, where matrices are assembled."""
    from fem_rashba import wire
    from fem_rashba.solvers import multigrid, unassembled

    monkeypatch.setattr(unassembled.UnassembledMultigrid, "serves", lambda discretization: False)
    monkeypatch.setitem(multigrid.LARGEST_COARSE, "even", 5000)
    for changes in (STRONG, WEAK):
        made = film(**changes)
        device = wire(length=60.0, width=30.0).mesh(made, element_size=1.0, degree=2)
        assert_equal(device, made, edges="insulating", degree=2)


@pytest.mark.parametrize(
    ("changes", "degree", "edges"),
    [(STRONG, 1, "relaxing"), (STRONG, 2, "sink"), (WEAK, 2, "insulating"), (WEAK, 3, "relaxing"), (STRONG, 4, "sink")],
)
def test_even_elements(changes, degree, edges):
    """Sweeps over the nodes, and a grid below degree 1: no level is assembled. Curved triangles."""
    from fem_rashba import Relaxing, notched_strip
    from fem_rashba.solvers.levels import levels
    from fem_rashba.solvers.unassembled import UnassembledMultigrid

    made = film(**changes)
    shape = notched_strip(length=30.0, width=16.0, notch_width=10.0, notch_depth=3.0, notch="round")
    device = shape.mesh(made, element_size=1.0 if degree < 3 else 2.0, degree=degree)
    condition = Relaxing(loss_velocity=50.0) if edges == "relaxing" else edges
    iterative = assert_equal(device, made, edges=condition, degree=degree)
    assert isinstance(levels(iterative.state.discretization), UnassembledMultigrid)


def even(degree=2, element_size=1.0, m=None):
    from fem_rashba import Relaxing, Voltage, uniform, wire
    from fem_rashba.devices.conditions import Ground
    from fem_rashba.solvers.problem import pose

    made = film(**STRONG)
    device = wire(length=30.0, width=16.0).mesh(made, element_size=element_size, degree=degree)
    terminals = {"source": Voltage(1e-3), "drain": Ground()}
    edges = Relaxing(loss_velocity=50.0)
    return pose(device, made, m or uniform([0.5, 0.3, 0.8]), terminals=terminals, edges=edges, degree=degree)


def graded(degree=3, m=None):
    return even(degree, "auto", m)


def test_what_is_not_assembled():
    """One film and uniform m, on flat elements with a lower degree; unless the levels of PETSc are asked for."""
    from fem_rashba import neel_wall
    from fem_rashba.solvers.discretization import discretize
    from fem_rashba.solvers.estimate import levels_assemble_nothing
    from fem_rashba.solvers.levels import levels

    wall = neel_wall(center=(15.0, 8.0), width=4.0)
    assert levels(discretize(even(1))).kind == levels(discretize(graded(2))).kind == "python"
    assert levels(discretize(even()), {"pc_type": "mg"}).kind == levels(discretize(graded(1))).kind == "mg"
    assert levels(discretize(even(2, 1.0, wall))).kind == levels(discretize(graded(3, wall))).kind == "mg"
    # what forecasts of memory take it for
    for problem in (even(1), even(), graded(1), graded(2), even(2, 1.0, wall), graded(3, wall)):
        assert levels_assemble_nothing(problem) == (levels(discretize(problem)).kind == "python")


ROUNDED = 1e-8
"""Entries that are mirrored but for rounding may round to neighbours in single precision, where few do."""


def mismatch_of_transposes(problem):
    """y.(P x) - (P^T y).x for random x and y, relative to the sizes of both, of the preconditioner P. Collective."""
    from fem_rashba.solvers.discretization import discretize
    from fem_rashba.solvers.levels import levels
    from fem_rashba.solvers.linear import LinearSystem
    from fem_rashba.solvers.operators import steady_operator
    from fem_rashba.solvers.terminals import Terminals

    d = discretize(problem)
    settings = {"method": "iterative", "tolerance": 1e-10, "options": {}, "multigrid": levels(d)}
    system = LinearSystem(steady_operator(d), Terminals(d), **settings)
    system.factorize()
    (x, y), images = system.matrix.createVecs(), system.matrix.createVecs()
    for seed, vector in enumerate((x, y)):
        random = np.random.default_rng([seed, d.space.mesh.comm.rank])
        vector.array[:] = random.standard_normal(len(vector.array))
    for vector, image, adjoint in ((x, images[0], False), (y, images[1], True)):
        system.precondition(vector, image, adjoint=adjoint)
    size = x.norm() * images[1].norm()
    result = (y.dot(images[0]) - images[1].dot(x)) / size
    system.destroy()
    return result


def flat(degree=3):
    """On flat triangles."""
    from fem_rashba import Voltage, notched_strip, uniform
    from fem_rashba.devices.conditions import Ground
    from fem_rashba.solvers.problem import pose

    made = film(**STRONG)
    shape = notched_strip(length=24.0, width=12.0, notch_width=6.0, notch_depth=4.0, notch="v")
    terminals = {"source": Voltage(1e-3), "drain": Ground()}
    return pose(shape.mesh(made, degree=degree), made, uniform([0.5, 0.3, 0.8]), terminals=terminals, degree=degree)


@pytest.mark.parametrize("posed", [even, graded, flat])
def test_transpose_of_the_preconditioner(posed):
    """Estimates of errors rely on it."""
    assert mismatch_of_transposes(posed()) == pytest.approx(0, abs=ROUNDED)


@pytest.mark.parametrize("posed", [even, graded, flat])
def test_auto(posed, monkeypatch):
    """Above a limit, known to `check` too, "auto" is multigrid: totals are as good as with a direct method."""
    from fem_rashba.solvers import estimate, unassembled
    from fem_rashba.solvers.steady import solve_steady

    problem = posed()
    assert solve_steady(problem).report.method == "direct"
    for module in (estimate, unassembled):
        monkeypatch.setattr(module, "LARGEST_DIRECT_UNASSEMBLED", 5000)
    direct, auto = solve_steady(problem, method="direct"), solve_steady(problem)
    size = auto.report.unknowns
    assert auto.report.method == estimate.resolved_method("auto", size, estimate.largest_direct(problem)) == "iterative"
    assert auto.currents == pytest.approx(direct.currents, rel=1e-9)
    fields = [state.u.x.array.reshape(-1, 4) for state in (direct, auto)]
    charges, spins = ([own[:, part].sum(axis=0) for own in fields] for part in (0, slice(1, 4)))
    assert charges[1] == pytest.approx(charges[0], rel=0, abs=1e-11 * np.abs(fields[0][:, 0]).sum())
    assert spins[1] == pytest.approx(spins[0], rel=0, abs=1e-9 * np.abs(spins[0]).max())


def test_auto_where_the_iteration_does_not_converge(monkeypatch):
    """It factorises, on one rank and what is small enough; "iterative" is an error."""
    from fem_rashba.solvers import linear, unassembled
    from fem_rashba.solvers.cycle import Cycle
    from fem_rashba.solvers.recycling import Recycling
    from fem_rashba.solvers.steady import solve_steady

    problem = graded()
    direct = solve_steady(problem, method="direct")
    monkeypatch.setattr(unassembled, "LARGEST_DIRECT_UNASSEMBLED", 1000)
    monkeypatch.setattr(Cycle, "__call__", lambda cycle, b, **others: np.zeros_like(b))
    for recycling in (None, Recycling(smallest=0)):
        found = solve_steady(problem, recycling=recycling)
        assert found.report.method == "direct" and found.report.residual < 1e-10
        assert found.currents == pytest.approx(direct.currents, rel=1e-12)
    for changes in ({"method": "iterative"}, {"petsc": {"ksp_max_it": 5}}):
        with pytest.raises(linear.ConvergenceError, match="the iterative solver stopped"):
            solve_steady(problem, **changes)
    monkeypatch.setattr(linear, "LARGEST_DIRECT", 2000)
    with pytest.raises(linear.ConvergenceError, match="the iterative solver stopped"):
        solve_steady(problem)


def test_in_time():
    """The operator of each time step at every degree, as the magnetization turns."""
    from fem_rashba import uniform, wire
    from fem_rashba.devices.conditions import Current, Ground
    from fem_rashba.physics.motion import in_motion
    from fem_rashba.solvers.clock import Clock
    from fem_rashba.solvers.discretization import discretize
    from fem_rashba.solvers.evolution import Evolution
    from fem_rashba.solvers.problem import pose
    from fem_rashba.solvers.transient import first_moment, moments

    made = film(**STRONG)
    device = wire(length=30.0, width=10.0).mesh(made, degree=3)
    m = in_motion(uniform([1, 0, 0.5]), rotation_axis=[0, 0, 1], rotation_frequency=2.0)
    terminals = {"source": Current("1 nA"), "drain": Ground()}
    found = {}
    for method in ("direct", "iterative"):
        problem = pose(device, made, m, terminals=terminals, degree=3)
        system = Evolution(discretize(problem), method=method, tolerance=1e-10, petsc={})
        clock = Clock(end=0.05, step=0.01, tolerance=None)
        *_, last = moments(system, clock, first_moment(system, clock, "zero"))
        found[method] = last.u.copy()
        assert system.method == method and (method == "direct" or 1 < system.iterations <= MOST)
        system.destroy()
    a, b = found["direct"].reshape(-1, 4), found["iterative"].reshape(-1, 4)
    assert np.abs(a - b).max(axis=0) == pytest.approx(0, abs=1e-6 * np.abs(a[:, 1:]).max())


@pytest.mark.mpi
@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks(ranks, tmp_path):
    """The ranks divide the film across the flat elements of its edges."""
    program = (
        "import sys\n"
        f"sys.path[:0] = {sys.path!r}\n"
        "import test_multigrid as t\n"
        "from samples import film\n"
        "from fem_rashba import hall_cross\n"
        "for changes, edges in ((t.STRONG, 'sink'), (t.WEAK, 'insulating')):\n"
        "    made = film(**changes)\n"
        "    device = hall_cross(arm_width=20.0, arm_length=10.0).mesh(made, degree=2)\n"
        "    solution = t.solved(made, device, 'iterative', edges=edges, degree=2)\n"
        "    if device.mesh.comm.rank == 0:\n"
        "        print(solution.state.report.iterations, repr(solution.state.voltages['source']))\n"
    )

    def on(n):
        command = ["mpirun", "-n", str(n), sys.executable, "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return np.array([[float(word) for word in line.split()] for line in done.stdout.splitlines()])

    one, several = on(1), on(ranks)
    # PT-Scotch divides the film in another way in each run: with three layers of overlap up to 28 iterations were seen
    assert several.shape == (2, 2) and (several[:, 0] <= MOST).all()
    assert several[:, 1] == pytest.approx(one[:, 1], rel=1e-7)


def even_numbers(case):
    """Iterations of a solve on even elements, voltages, currents, sums of positive and of negative values by field."""
    from fem_rashba import Current, Floating, Relaxing, hall_cross, solve, uniform
    from fem_rashba.devices.conditions import Ground, Voltage
    from fem_rashba.solvers.estimate import largest_direct
    from fem_rashba.solvers.levels import levels
    from fem_rashba.solvers.unassembled import UnassembledMultigrid

    changes, degree, edges, drive = EVEN_CASES[case]
    made = film(**changes)
    device = hall_cross(arm_width=10.0, arm_length=8.0).mesh(made, element_size=1.0 if degree < 3 else 2.0)
    currents = {"source": Current("1 nA"), "drain": Ground(), "left": Floating(), "right": Voltage(2e-4)}
    solution = solve(
        device,
        made,
        uniform([0.5, 0.3, 0.8]),
        terminals=currents if drive == "currents" else None,
        electric_field=(1e-4, 3e-5) if drive == "field" else (0.0, 0.0),
        edges=Relaxing(loss_velocity=50.0) if edges == "relaxing" else edges,
        degree=degree,
        method="iterative",
        tolerance=1e-12,
    )
    state = solution.state
    multigrid = levels(state.discretization)
    assert isinstance(multigrid, UnassembledMultigrid)
    assert multigrid.largest_direct == largest_direct(state.discretization.problem)
    owned = state.u.x.array[: 4 * state.u.function_space.dofmap.index_map.size_local].reshape(-1, 4)
    sums = device.mesh.comm.allreduce(np.array([np.maximum(owned, 0).sum(axis=0), np.minimum(owned, 0).sum(axis=0)]))
    return [state.report.iterations, *state.voltages.values(), *state.currents.values(), *sums.T.reshape(-1)]


EVEN_CASES = [
    (STRONG, 1, "relaxing", "field"),
    (STRONG, 2, "sink", "currents"),
    (WEAK, 3, "insulating", "currents"),
    (STRONG, 4, "insulating", "currents"),
]


@pytest.mark.mpi
@pytest.mark.parametrize("case", range(len(EVEN_CASES)))
def test_even_elements_on_ranks(case, tmp_path):
    """Sweeps within each rank: the numbers of one rank, in about as many iterations."""
    call = f"for number in t.even_numbers({case}):\n    root and print(repr(float(number)))"
    one, *several = (printed(ranks, call, tmp_path) for ranks in (1, 2, 3))
    terminals = 2 if EVEN_CASES[case][3] == "field" else 4
    assert len(one) == 1 + 2 * terminals + 8
    groups = np.split(np.arange(len(one)), np.cumsum([1, terminals, terminals, 2]))[1:]
    for numbers in several:
        assert numbers[0] <= one[0] + 3
        for group in groups:
            assert numbers[group] == pytest.approx(one[group], rel=0, abs=1e-10 * np.abs(one[group]).max())


@pytest.mark.mpi
@pytest.mark.parametrize("ranks", [2, 3])
def test_transpose_of_the_preconditioner_on_ranks(ranks, tmp_path):
    call = "for degree in (1, 2, 3):\n    found = t.mismatch_of_transposes(t.even(degree))\n"
    mismatches = printed(ranks, f"{call}    root and print(repr(float(found)))", tmp_path)
    assert len(mismatches) == 3 and mismatches == pytest.approx(0, abs=ROUNDED)


def tiny_currents(cells, degree):
    """Of a square, by the direct and the iterative method, and how many nodes this rank has."""
    from samples import square

    from fem_rashba import solve, uniform
    from fem_rashba.devices.conditions import Ground, Voltage

    device = square("quadrilateral", cells, size=(2.0, 2.0), sides=lambda x, y: "source" if y < 0.1 else "drain")
    terminals = {"source": Voltage(1e-3), "drain": Ground()}
    options = {"terminals": terminals, "degree": degree, "tolerance": 1e-10}
    m = uniform([0.5, 0.3, 0.8])
    found = [solve(device, film(**STRONG), m, method=method, **options) for method in ("direct", "iterative")]
    return [solution.state.currents["source"] for solution in found], device.mesh.topology.index_map(0).size_local


@pytest.mark.mpi
def test_a_rank_without_nodes(tmp_path):
    """Of one cell on three ranks two have none."""
    call = "(a, b), nodes = t.tiny_currents(1, 3)\nnone = MPI.COMM_WORLD.allreduce(int(nodes == 0))\n"
    direct, iterative, none = printed(3, f"{call}root and print(a, b, none, sep='\\n')", tmp_path)
    assert none == 2 and iterative == pytest.approx(direct, rel=1e-8)


@pytest.mark.parametrize(("cells", "degree"), [(2, 1), (3, 2)])
def test_fewer_free_nodes_than_functions_of_the_grid(cells, degree):
    (direct, iterative), _ = tiny_currents(cells, degree)
    assert iterative == pytest.approx(direct, rel=1e-8)


def refused():
    """Whether this rank is told that the first one cannot factorise."""
    from mpi4py import MPI
    from petsc4py import PETSc
    from scipy.sparse import csr_array

    from fem_rashba.solvers.coarsest import Coarsest, petsc_matrix

    class Short:
        def setUp(self):  # noqa: N802, PETSc's name
            raise PETSc.Error(55)  # out of memory

    comm = MPI.COMM_WORLD
    grid = Coarsest(petsc_matrix(csr_array(np.eye(4))) if comm.rank == 0 else None, comm)
    if comm.rank == 0:
        grid._solver = Short()
    try:
        grid.factorise()
    except PETSc.Error as error:
        return error.ierr == 55
    return False


def test_a_singular_grid():
    """MUMPS raises nothing by itself."""
    from mpi4py import MPI
    from petsc4py import PETSc
    from scipy.sparse import csr_array

    from fem_rashba.solvers.coarsest import Coarsest, petsc_matrix

    grid = Coarsest(petsc_matrix(csr_array(np.ones((4, 4)))), MPI.COMM_SELF)
    with pytest.raises(PETSc.Error):
        grid.factorise()
    grid.destroy()


@pytest.mark.mpi
def test_a_grid_that_cannot_be_factorised(tmp_path):
    """It is on one rank, and the others must not wait for it."""
    call = "told = MPI.COMM_WORLD.allreduce(int(t.refused()))\nroot and print(told)"
    assert printed(3, call, tmp_path) == [3]


def printed(ranks, call, folder):
    """The numbers that a call of this module prints on ranks, of which `root` is the first."""
    program = (
        f"import sys\nsys.path[:0] = {sys.path!r}\nfrom mpi4py import MPI\nimport test_multigrid as t\n"
        f"root = MPI.COMM_WORLD.rank == 0\n{call}\n"
    )
    command = ["mpirun", "-n", str(ranks), sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=folder)
    assert done.returncode == 0, done.stderr
    return np.array([float(line) for line in done.stdout.splitlines()])
