"""Maps: tessellation of Lagrange cells, ranges of colours, pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import vtk
from dolfinx import fem, mesh, plot
from matplotlib.image import imread
from mpi4py import MPI

import fem_rashba
from fem_rashba.results.fields import NodalFields
from fem_rashba.results.maps import MAPS, Scale, scale, values
from fem_rashba.results.plot import plot_maps, plot_overview
from fem_rashba.results.raster import rasterize
from fem_rashba.results.streamlines import streamlines
from fem_rashba.results.tessellation import cell_sides, count_sides, lattice, linear_triangles, node_areas

LENGTH, WIDTH = 300.0, 50.0
CELLS = [(cell_type, degree) for cell_type in ("triangle", "quadrilateral") for degree in (1, 2, 3, 4)]
VTK_CELLS = {"triangle": vtk.vtkLagrangeTriangle, "quadrilateral": vtk.vtkLagrangeQuadrilateral}


def film(cell_type: str, degree: int, size: float = 10.0, cross: bool = False) -> NodalFields:
    """A wire of 300 x 50 nm, or a cross of five squares of 50 nm about the origin, without arrays."""
    corners = [[-75.0, -75.0], [75.0, 75.0]] if cross else [[0.0, 0.0], [LENGTH, WIDTH]]
    counts = [round((b - a) / size) for a, b in zip(*corners, strict=True)]
    made = mesh.create_rectangle(MPI.COMM_SELF, corners, counts, mesh.CellType[cell_type])
    if cross:
        middles = mesh.compute_midpoints(made, 2, np.arange(made.topology.index_map(2).size_local))
        inside = np.flatnonzero(np.min(np.abs(middles[:, :2]), axis=1) < 25)
        made = mesh.create_submesh(made, 2, inside.astype(np.int32))[0]
    cells, _, points = plot.vtk_mesh(fem.functionspace(made, ("Lagrange", degree)))
    return NodalFields(
        points=points[:, :2].copy(),
        cells=cells.reshape(-1, cells[0] + 1)[:, 1:],
        cell_type=cell_type,
        degree=degree,
        arrays={},
    )


def driven(empty: NodalFields) -> NodalFields:
    """The film with fields of the sizes that a drive of 1 mV gives."""
    x, y = empty.points.T
    S = 3e-7 * np.column_stack([x - x.mean(), 20 + 0 * x, y - y.mean()]) / 100
    m = np.column_stack([np.cos(x / 40), 0 * x, np.sin(x / 40)])
    T = 0.07 * np.cross(m, S)
    return replace(
        empty,
        arrays={
            "n": 1e-6 * x,
            "potential": 1e-3 * (1 - x / LENGTH),
            "S": S,
            "T": T,
            "fieldlike": -T[:, 2],
            "dampinglike": T[:, 1],
            "J": np.column_stack([0.3 + 0.001 * y, 0 * x]),
            "m": m,
        },
    )


def scale_of(name: str, fields: NodalFields) -> Scale:
    triangles = linear_triangles(fields.cells, fields.cell_type, fields.degree)
    return scale(MAPS[name], fields.arrays, node_areas(fields.points, triangles))


@pytest.fixture(scope="module")
def wire() -> NodalFields:
    return driven(film("quadrilateral", 3))


@pytest.mark.parametrize(("cell_type", "degree"), [*CELLS, ("triangle", 7), ("quadrilateral", 6)])
def test_order_of_nodes_is_that_of_vtk(cell_type: str, degree: int) -> None:
    nodes = lattice(cell_type, degree)
    cell = VTK_CELLS[cell_type]()
    if cell_type == "quadrilateral":
        cell.SetOrder(degree, degree)
    cell.GetPointIds().SetNumberOfIds(len(nodes))
    cell.GetPoints().SetNumberOfPoints(len(nodes))
    cell.Initialize()
    expected = np.reshape(cell.GetParametricCoords(), (-1, 3))[:, :2]
    np.testing.assert_allclose(nodes / degree, expected, atol=1e-12)


@pytest.mark.parametrize(("cell_type", "degree"), CELLS)
@pytest.mark.parametrize(("cross", "area", "perimeter"), [(False, 15e3, 700.0), (True, 12.5e3, 600.0)])
def test_pieces_cover_the_film(cell_type: str, degree: int, cross: bool, area: float, perimeter: float) -> None:
    made = film(cell_type, degree, cross=cross)
    triangles = linear_triangles(made.cells, cell_type, degree)
    assert len(triangles) == len(made.cells) * degree**2 * (1 if cell_type == "triangle" else 2)
    assert node_areas(made.points, triangles).sum() == pytest.approx(area, rel=1e-12)
    sides, count = count_sides(made.points, cell_sides(made.cells, cell_type, degree))
    assert set(count) == {1, 2}
    steps = np.diff(made.points[sides[count == 1]], axis=1)
    assert np.linalg.norm(steps, axis=-1).sum() == pytest.approx(perimeter, rel=1e-12)


def test_sides_of_cells_without_shared_nodes() -> None:
    made = film("triangle", 2)
    apart = np.arange(made.cells.size).reshape(made.cells.shape)
    _, count = count_sides(made.points[made.cells.ravel()], cell_sides(apart, "triangle", 2))
    assert (count == 1).sum() == 2 * (30 + 5)


@pytest.mark.parametrize(("cell_type", "degree"), CELLS)
def test_pixels_take_the_values_of_the_field(cell_type: str, degree: int) -> None:
    made = film(cell_type, degree, size=25.0)
    x, y = made.points.T
    arrays = {"linear": 2 * x - 3 * y, "quadratic": (x**2 - x * y) / 100}
    raster = rasterize(replace(made, arrays=arrays), arrays, 240, 40)
    X, Y = np.meshgrid(raster.x, raster.y)
    np.testing.assert_allclose(raster.arrays["linear"], 2 * X - 3 * Y, atol=1e-9)
    # the nodes are no farther apart than half a cell's diagonal from degree 2 on
    reach = 25 * np.sqrt(2) / (1 if degree == 1 else 2)
    curvature = (1 + np.sqrt(2)) / 100
    assert np.abs(raster.arrays["quadratic"] - (X**2 - X * Y) / 100).max() < curvature * reach**2 / 8


def test_pixels_outside_the_film_are_empty() -> None:
    made = film("quadrilateral", 2, cross=True)
    raster = rasterize(replace(made, arrays={"a": made.points[:, 0]}), ["a"], 150, 150)
    X, Y = np.meshgrid(raster.x, raster.y)
    np.testing.assert_array_equal(np.isfinite(raster.arrays["a"]), np.minimum(abs(X), abs(Y)) < 25)


def test_wrong_cells() -> None:
    cells = np.zeros((3, 6), dtype=int)
    with pytest.raises(ValueError, match=r"a triangle of degree 3 has 10 nodes, the cells have 6"):
        linear_triangles(cells, "triangle", 3)
    with pytest.raises(ValueError, match=r"'hexagon'.*'triangle' or 'quadrilateral'"):
        cell_sides(cells, "hexagon", 2)
    with pytest.raises(ValueError, match=r"at least 1, not 0"):
        lattice("triangle", 0)


@pytest.mark.parametrize("name", ["Sx", "Sy", "Sz", "fieldlike", "dampinglike", "magnetization"])
def test_signed_maps_are_symmetric_about_zero(wire: NodalFields, name: str) -> None:
    chosen = scale_of(name, wire)
    assert chosen.low == -chosen.high < 0


def test_ranges_and_units(wire: NodalFields) -> None:
    Sx, J, potential = (scale_of(name, wire) for name in ("Sx", "charge_current", "potential"))
    assert (Sx.high, Sx.factor) == pytest.approx((450.0, 1e-9))
    assert Sx.label == r"spin density $S_x$ ($10^{-9}$ nm$^{-2}$)"
    assert (J.low, J.high, J.factor) == pytest.approx((0.0, 350.0, 1e-3))
    assert J.label.endswith("(mA/m)")
    assert (potential.low, potential.high, potential.factor) == pytest.approx((0.0, 1.0, 1e-3))
    assert potential.label == "potential (mV)"
    assert {s.beyond for s in (Sx, J, potential)} == {"neither"}


@pytest.mark.parametrize(
    ("size", "factor", "label"),
    [
        (1.0, 1.0, "potential (V)"),
        (999e-6, 1e-6, "potential (µV)"),
        (1e-6, 1e-6, "potential (µV)"),
        (1e-3 * (1 - 1e-12), 1e-3, "potential (mV)"),
        (2e3, 1e3, "potential (kV)"),
        (3e-20, 1e-21, "potential ($10^{-21}$ V)"),
    ],
)
def test_prefixes(wire: NodalFields, size: float, factor: float, label: str) -> None:
    potential = size * wire.points[:, 0] / LENGTH
    chosen = scale_of("potential", replace(wire, arrays={"potential": potential}))
    assert (chosen.factor, chosen.label) == (pytest.approx(factor), label)


def test_rounding_is_zero(wire: NodalFields) -> None:
    x, y = wire.points.T
    S = 1e-6 * np.column_stack([1e-14 * np.sin(x), 1 + y, np.cos(y)])
    chosen = scale_of("Sx", replace(wire, arrays={"S": S}))
    assert (chosen.only, chosen.low, chosen.high) == (0.0, -1.0, 1.0)
    assert not values(MAPS["Sx"], {"S": S}, chosen.zero).any()
    # of the torque's components next to the torque
    T = np.column_stack([0 * x, 1 + y, 0 * x])
    assert scale_of("fieldlike", replace(wire, arrays={"T": T, "fieldlike": 1e-13 * np.cos(x)})).only == 0.0


def test_a_constant_potential_has_one_tick(wire: NodalFields) -> None:
    noise = 1e-13 * np.sin(wire.points[:, 0])
    chosen = scale_of("potential", replace(wire, arrays={"potential": 5e-3 * (1 + noise)}))
    assert chosen.only == pytest.approx(5.0)
    assert chosen.low < 5.0 < chosen.high


def test_a_peak_does_not_darken_the_map() -> None:
    made = film("triangle", 2, size=5.0)
    distance = np.hypot(*(made.points - (150, 25)).T)
    peaked = 1 + 1e3 * (distance < 1)
    J = np.column_stack([peaked, 0 * peaked])
    chosen = scale_of("charge_current", replace(made, arrays={"J": J}))
    assert (chosen.high * chosen.factor, chosen.beyond) == (pytest.approx(1.0), "max")
    S = np.column_stack([-peaked, peaked, peaked])
    chosen = scale_of("Sx", replace(made, arrays={"S": S}))
    assert (chosen.low, chosen.high * chosen.factor) == (-chosen.high, pytest.approx(1.0))
    assert chosen.beyond == "both"


@pytest.mark.parametrize(("apart", "heights"), [(12.4, [12.6, 25, 37.4]), (20, [5, 25, 45]), (600, [25])])
@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_streamlines_of_a_uniform_flow(direction: float, apart: float, heights: list[float]) -> None:
    made = film("quadrilateral", 1)
    J = np.column_stack([np.full(len(made.points), 1e-4 * direction), 0 * made.points[:, 0]])
    raster = rasterize(replace(made, arrays={"J": J}), ["J"], 600, 100)
    lines = streamlines(raster, "J", apart, 0.02)
    # not those at the edges, 12.4 nm farther out
    np.testing.assert_allclose(sorted(line[:, 1].mean() for line in lines), heights, atol=0.01)
    for line in lines:
        assert np.ptp(line[:, 1]) < 1e-3
        assert (direction * np.diff(line[:, 0]) > 0).all()
        assert np.ptp(line[:, 0]) > 0.97 * LENGTH


def test_streamlines_keep_the_stream_function() -> None:
    made = film("triangle", 2, size=2.5, cross=True)
    x, y = made.points.T
    # psi = sin(kx) sin(ky): closed lines about the middle of the cross
    k = np.pi / 50
    J = np.column_stack([np.sin(k * x) * np.cos(k * y), -np.cos(k * x) * np.sin(k * y)])
    lines = streamlines(rasterize(replace(made, arrays={"J": J}), ["J"], 900, 900), "J", 8.0, 0.02)
    assert len(lines) > 10
    for line in lines:
        assert np.ptp(np.prod(np.sin(k * line), axis=1)) < 0.02
    middles = np.array([line[len(line) // 2] for line in lines])
    assert np.ptp(middles, axis=0).min() > 100, "lines in every arm"


def test_streamlines_around_a_hole_in_the_middle() -> None:
    raster = rasterize(replace(driven(film("quadrilateral", 1)), arrays={}), [], 300, 50)
    x, y = np.meshgrid(raster.x - LENGTH / 2, raster.y - WIDTH / 2)
    radius, square = 8.0, x**2 + y**2
    # a potential flow around a cylinder; its stream function is y (1 - (radius/r)^2)
    J = np.stack([1 - radius**2 * (x**2 - y**2) / square**2, -2 * radius**2 * x * y / square**2], axis=-1)
    J[square < radius**2] = np.nan
    lines = streamlines(replace(raster, arrays={"J": J}), "J", 5.0, 0.005)
    assert len(lines) > 4
    for line in lines:
        u, v = (line - (LENGTH / 2, WIDTH / 2)).T
        psi = v * (1 - radius**2 / (u**2 + v**2))
        assert np.ptp(psi) < 0.5
    heights = [line[0, 1] for line in lines]
    assert min(heights) < 10 and max(heights) > 40, "on either side of the hole"


def test_no_streamlines_at_rest() -> None:
    made = film("quadrilateral", 1)
    raster = rasterize(replace(made, arrays={"J": np.zeros((len(made.points), 2))}), ["J"], 60, 10)
    assert streamlines(raster, "J", 12.0, 0.02) == []


@pytest.mark.parametrize(("cell_type", "degree", "cross"), [("quadrilateral", 3, False), ("triangle", 2, True)])
def test_every_map_is_a_picture(tmp_path, cell_type: str, degree: int, cross: bool) -> None:
    paths = plot_maps(driven(film(cell_type, degree, cross=cross)), tmp_path / "maps")
    assert [path.name for path in paths] == [f"{name}.png" for name in MAPS]
    for path in paths:
        picture = imread(path)
        height, width = picture.shape[:2]
        assert 1010 <= width <= 1016, "a column of 8.6 cm at 300 dpi"
        inner = picture[height // 3 : -height // 3, width // 4 : -width // 4, :3]
        assert inner.std() > 1e-3 or path.stem in ("Sy", "charge_current")
        assert picture[..., :3].std() > 0.05


def test_colours_and_directions(tmp_path) -> None:
    made = film("triangle", 3, cross=True)
    x, y = made.points.T
    fields = replace(made, arrays={"S": np.column_stack([x, y, 0 * x])})
    for name, axis in (("Sx", 1), ("Sy", 0)):
        (path,) = plot_maps(fields, tmp_path, [name])
        red_minus_blue = imread(path)[..., 0] - imread(path)[..., 2]
        # below the colour bar
        field = red_minus_blue[len(red_minus_blue) // 6 :]
        where = np.argwhere(field > 0.3)[:, axis].mean() - np.argwhere(field < -0.3)[:, axis].mean()
        # red is positive, and rows count downwards
        assert where > 100 if name == "Sx" else where < -100


def test_zero_fields(tmp_path, wire: NodalFields) -> None:
    zero = {name: np.zeros_like(array) for name, array in wire.arrays.items()}
    for path in plot_maps(replace(wire, arrays=zero), tmp_path):
        assert imread(path).std() > 0.05
    undefined = zero | {"fieldlike": np.full(len(wire.points), np.nan)}
    assert plot_maps(replace(wire, arrays=undefined), tmp_path, ["fieldlike"])


@pytest.mark.parametrize("turn", [False, True])
def test_long_and_tall_devices_waste_no_room(tmp_path, wire: NodalFields, turn: bool) -> None:
    fields = replace(wire, points=wire.points[:, ::-1].copy()) if turn else wire
    (path,) = plot_maps(fields, tmp_path, ["Sz"])
    height, width = imread(path).shape[:2]
    assert (width < 550 and height > 900) if turn else (width > 1000 and height < 400)
    empty = np.flatnonzero((imread(path)[..., :3] == 1).all(axis=(0, 2)))
    assert len(empty) < 0.3 * width


def test_overview(tmp_path, wire: NodalFields) -> None:
    path = plot_overview(wire, tmp_path / "all.png")
    assert 2080 <= imread(path).shape[1] <= 2103, "a page of 17.8 cm at 300 dpi"
    again = plot_overview(wire, tmp_path / "again.png")
    assert path.read_bytes() == again.read_bytes()


def test_wrong_requests(tmp_path, wire: NodalFields) -> None:
    without = replace(wire, arrays={name: wire.arrays[name] for name in ("S", "m")})
    with pytest.raises(ValueError, match=r"no array 'J', which the map 'charge_current' shows; there are 'S', 'm'"):
        plot_maps(without, tmp_path / "maps", ["Sx", "charge_current"])
    assert not (tmp_path / "maps").exists()
    with pytest.raises(ValueError, match=r"unknown map 'Sq'; the maps are 'Sx', 'Sy'"):
        plot_maps(wire, tmp_path, ["Sq"])
    with pytest.raises(ValueError, match=r"no map is named"):
        plot_maps(wire, tmp_path, [])
    with pytest.raises(ValueError, match=r"must end in .png, not 'maps.pdf'"):
        plot_overview(wire, tmp_path / "maps.pdf")


@pytest.mark.mpi
def test_plot_of_a_solution(tmp_path) -> None:
    metal = fem_rashba.Film(
        rashba_parameter="0.01 eV nm",
        exchange_time="10 fs",
        momentum_relaxation_time="1 fs",
        spin_flip_time="1 ps",
        fermi_wavevector="4.3 1/nm",
    )
    device = fem_rashba.wire(length="40 nm", width="20 nm").mesh(metal)
    drive = {"source": fem_rashba.Voltage("1 mV"), "drain": fem_rashba.Ground()}
    solution = fem_rashba.solve(device, metal, fem_rashba.uniform([1, 0, 0]), terminals=drive, degree=2)
    path = MPI.COMM_WORLD.bcast(tmp_path / "maps.png")
    fem_rashba.plot(solution, path)
    assert imread(path)[..., :3].std() > 0.05
    with pytest.raises(ValueError, match=r"must end in .png"):
        fem_rashba.plot(solution, path.with_suffix(".svg"))
