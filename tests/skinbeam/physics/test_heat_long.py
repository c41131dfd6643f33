"""Heat beside a second code: `make validate` runs it and prints what it finds."""

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, cg
from skfem import Basis, BilinearForm, ElementHex1, LinearForm, MeshHex
from skfem.helpers import dot, grad

from skinbeam.physics.heat.cells import HeatSource, Material
from skinbeam.physics.heat.problem import HeatProblem
from skinbeam.physics.heat.three_dimensional import conduct_xyz
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.space import Inclusion, LayeredSpace, infinite_cylinder_shape

pytestmark = pytest.mark.long

# The vessel in skin of Example 4 of MCmatlab: a cube of a millimetre, gel above epidermis above dermis, in it a vessel
# along y, 532 nm, 3 W in a flat spot, five pulses of 1 ms every 5 ms, then 20 ms. Its damage parameters are
# placeholders and are left out.
CELLS = 100
FACES = np.linspace(-5e-4, 5e-4, CELLS + 1), np.linspace(-5e-4, 5e-4, CELLS + 1), np.linspace(0.0, 1e-3, CELLS + 1)
POWER_W, START = 3.0, 310.15
TRAIN_S, ON = [1e-3, 4e-3] * 5 + [20e-3], [1.0, 0.0] * 5 + [0.0]
CAPACITY, CONDUCTIVITY = np.array([4.19e6, 3.761e6, 3.761e6, 3.798e6]), np.array([0.58, 0.37, 0.37, 0.52])
SENSORS_UM = {
    "epidermis, beam axis": (5, 5, 135),
    "epidermis, inside the edge of the beam": (245, 5, 135),
    "top of the vessel": (5, 5, 415),
    "middle of the vessel": (5, 5, 505),
    "bottom of the vessel": (5, 5, 585),
    "beside the vessel": (115, 5, 505),
    "dermis above the vessel": (5, 5, 305),
    "gel above the epidermis": (5, 5, 85),
}


def medium() -> np.ndarray:
    """Gel, epidermis, dermis, blood of every cell by its centre."""
    x, _, z = ((f[1:] + f[:-1]) / 2 for f in FACES)
    plane = np.where(z < 1e-4, 0, np.where(z < 1.6e-4, 1, 2)) + 0 * x[:, None].astype(int)
    plane[x[:, None] ** 2 + (z - 5e-4) ** 2 < 1e-8] = 3
    return np.repeat(plane[:, None, :], CELLS, axis=1)


def absorbed() -> np.ndarray:
    """Power density by the light engine, W/m³; mirrored, as the scene is, so that a quarter of it is enough."""
    layers = LayeredMedium(
        [0.036, 1660.0, 45.9], [0.0, 37600.0, 35700.0], [0.0, 0.9, 0.9], [1.3] * 3, [1e-4, 6e-5, 8.4e-4], 1.3, 1.3
    )
    blood = Inclusion([infinite_cylinder_shape(0.0, 5e-4, 1e-4)], mua_per_m=23100.0, mus_per_m=9400.0, g=0.9)
    space = LayeredSpace(layers, [blood], half_widths_m=(5e-4, 5e-4))
    tally = LightTally(FACES[2], nx=CELLS, ny=CELLS, dx=1e-5, dy=1e-5)
    field = MonteCarlo(photons=4_000_000).compute_light(space, LightBeam(kind="flat", spot_mm=0.6), tally)
    assert field.absorbed_xyz is not None
    density = POWER_W * field.absorbed_xyz
    density = (density + density[::-1]) / 2
    return (density + density[:, ::-1]) / 2


def by_elements(power: np.ndarray, kind: np.ndarray, dt_s: float) -> np.ndarray:
    """Rises at the sensors, (time, sensor), by finite elements; two backward steps a switch, then the trapezium rule.

    A quarter of the cube, hexahedra with corners at the corners of the cells: other unknowns, another discretisation in
    space and time, another solver. Of a cell the mean of its eight corners is taken, as a finite volume has a mean.
    """
    half = CELLS // 2
    corners = np.linspace(0.0, 5e-4, half + 1), np.linspace(0.0, 5e-4, half + 1), FACES[2]
    mesh = MeshHex.init_tensor(*corners)
    basis = Basis(mesh, ElementHex1(), intorder=2)
    middle = mesh.p[:, mesh.t].mean(axis=1)
    i, j, k = (np.searchsorted(c, m) - 1 for c, m in zip(corners, middle, strict=True))
    at = kind[half + i, half + j, k]

    def each(values: np.ndarray) -> np.ndarray:
        return np.repeat(values[:, None], basis.X.shape[1], axis=1)

    mass = BilinearForm(lambda u, v, w: w.c * u * v).assemble(basis, c=each(CAPACITY[at])).tocsr()
    stiff = BilinearForm(lambda u, v, w: w.k * dot(grad(u), grad(v))).assemble(basis, k=each(CONDUCTIVITY[at])).tocsr()
    load = LinearForm(lambda v, w: w.q * v).assemble(basis, q=each(power[half + i, half + j, k]))
    seen = []
    for x, y, z in SENSORS_UM.values():
        here = np.flatnonzero((i == x // 10) & (j == y // 10) & (k == z // 10))
        assert len(here) == 1
        seen.append(mesh.t[:, here[0]])

    t = np.zeros(mesh.p.shape[1])
    history = [np.zeros(len(seen))]
    for duration, on in zip(TRAIN_S, ON, strict=True):
        steps = round(duration / dt_s)
        for n in range(steps):
            theta = 1.0 if n < 2 else 0.5  # what a switch stirs up is damped
            left = mass + theta * dt_s * stiff
            right = mass @ t - (1.0 - theta) * dt_s * (stiff @ t) + dt_s * on * load
            diagonal = 1.0 / left.diagonal()
            jacobi = LinearOperator(left.shape, lambda v, d=diagonal: d * v, dtype=np.float64)
            t, failed = cg(left, right, x0=t, rtol=1e-8, M=jacobi)
            assert failed == 0
        history.append(np.array([t[corner].mean() for corner in seen]))
    return np.array(history)


def test_pulse_train_on_a_vessel_agrees_with_finite_elements() -> None:
    """Peak and end of the rise at each sensor within 3 % (NOTES.md 4) of the elements', on the same light."""
    kind, power = medium(), absorbed()
    cells = [(CELLS // 2 + x // 10, CELLS // 2 + y // 10, z // 10) for x, y, z in SENSORS_UM.values()]
    history = conduct_xyz(
        FACES,
        HeatProblem(
            Material(CONDUCTIVITY[kind], CAPACITY[kind]), START, TRAIN_S, HeatSource(power, ON), record_cells=cells
        ),
    )
    found, expected = history.cell_temperature - START, by_elements(power, kind, 1e-4)
    print("\nrise, K: ours, highest at a switch and at the end, then the elements'")
    worst = 0.0
    for n, name in enumerate(SENSORS_UM):
        ours, theirs = (found[:, n].max(), found[-1, n]), (expected[:, n].max(), expected[-1, n])
        off = [a / b - 1.0 for a, b in zip(ours, theirs, strict=True)]
        worst = max(worst, *map(abs, off))
        rises = "".join(f"{rise:8.2f}" for rise in (*ours, *theirs))
        print(f"{name:40s}{rises}  {100 * off[0]:+.2f} % {100 * off[1]:+.2f} %")
    print(f"steps {history.steps}, largest difference {100 * worst:.2f} %")
    assert worst < 0.03
