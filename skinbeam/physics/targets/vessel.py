"""A blood vessel in light: absorbed power, and temperature of lumen and wall per unit of dose.

The vessel is a straight cylinder: blood inside, a wall, dermis around. Light in the dermis is close to isotropic, so a
vessel in a fluence rate phi receives phi/4 per area of its surface. A ray that enters crosses a chord of length s and
loses 1 - exp(-mu_a s), so with the mean <.> over rays,

    absorbed power per volume = phi (S / 4V) <1 - exp(-mu_a s)> = phi mu_a shading(mu_a d),         (vessel 1)
    shading(x) = (1/x) <1 - exp(-x s/d)>,  s/d = cos(psi) / sin(alpha),
    weight sin^2(alpha) cos(psi) / pi,                                                              (vessel 2)

alpha the angle with the axis and psi the angle with the normal in the cross-section. The mean chord of isotropic rays
is 4V/S = d (Cauchy), so shading -> 1 for a thin vessel and -> 1/x for a black one. (Rays at right angles to the axis, a
collimated beam, have the mean chord pi d/4 instead.) The mean over chords is evaluated, not the value at the mean
chord, which would overstate absorption by up to 7 %.

Within the lumen, of radius a, the fluence rate at radius r is the mean over directions of the transmission along the
path l from the boundary,

    profile(r) = <exp(-mu_a l)>,  l = (sqrt(a^2 - r^2 sin^2(psi)) - r cos(psi)) / sin(alpha),          (vessel 5)

with weight sin(alpha) over alpha and psi. It falls towards the axis, so the edge of a strongly absorbing vessel heats
first. Its mean over the lumen is the shading: both count the same absorbed rays.

The absorption of the vessel in excess of its surroundings is the source; the absorption of the surroundings is a
background history that the caller adds: temperature = base + dose x (background + vessel) (vessel 3). This module takes
the light to be the same from all sides; `vessel_optics` adds the difference between the lit and the dark side. A part
that varies as cos(n theta) about the axis keeps that form, and heat then also flows along the circle:

    c dT_n/dt = (1/r) d/dr (r k dT_n/dr) - k n^2 T_n / r^2 + q_n.                                             (vessel 8)

Cooling: the usual relaxation time d²/16κ (`cylinder_relaxation_time`) is that of a cylinder in a medium of its own
properties. In it a uniform cylinder, heated instantly, has after that time left, of its mean rise (Carslaw and Jaeger
1959, 13.4, integrated over the radius),

    1 - exp(-2) (I0(2) + I1(2)) = 0.476.                                                        (relaxation 1)

Dermis conducts heat worse than blood; the time in which blood in dermis falls to the same share is computed by solving
for the lumen and its surroundings. In a single medium it is d²/16κ again.
"""

import math
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.heat.cells import Cells, HeatSource, Material, RobinBoundary, cylinder_cells
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction
from skinbeam.physics.numerics.arrays import gauss_legendre

__all__ = [
    "LUMEN_CELLS",
    "RECORDED_CELLS",
    "REMAINING_RISE",
    "LumenPaths",
    "RadialGrid",
    "VesselHistory",
    "azimuthal_loss",
    "cylinder_relaxation_time",
    "lumen_cells",
    "lumen_paths",
    "lumen_profile",
    "lumen_relaxation_time",
    "radial_grid",
    "radial_response",
    "shading",
    "steam_doses",
    "vessel_history",
]

Array = NDArray[np.float64]

LUMEN_CELLS: Final = 10
_WALL_CELLS = 3
RECORDED_CELLS: Final = LUMEN_CELLS + _WALL_CELLS + 1  # one cell beyond the wall, for its outer edge
_RADII, _ANGLES = 8, 16  # Gauss nodes in a cell of the lumen, and in a right angle of directions
_OUTER_GROWTH = 0.15  # size of the cells outside: of the wall's or lumen's cell, plus this share of the distance
_REACH = 4.0  # outer face in diffusion lengths sqrt(4 kappa t) from the wall; erfc(4) = 1.5e-8 of the heat arrives


class VesselHistory(NamedTuple):
    """Temperature rise of a vessel after each step, time 0 first.

    Parameters
    ----------
    cells : of the cells of the lumen, axis first, (sample, vessel, time, cell).
    lumen : mean over the lumen, (sample, vessel, time) like all below.
    lumen_edge : at the boundary of lumen and wall.
    wall : at the outer edge of the wall.
    """

    cells: Array
    lumen: Array
    lumen_edge: Array
    wall: Array


def shading(mua: ArrayLike, diameter_m: ArrayLike) -> Array:
    """Return mean over unattenuated fluence rate inside a vessel in isotropic light (vessel 1), between 0 and 1.

    Gauss quadrature in alpha and psi; relative error below 1e-4 up to mua x diameter = 100.

    Parameters
    ----------
    mua : absorption coefficient of the blood, 1/m. diameter_m : of the lumen. They broadcast.

    Raises
    ------
    ValueError : a negative value.
    """
    x = _optical_diameter(mua, diameter_m)
    node, weight = gauss_legendre(24)
    alpha, psi = (node + 1) * math.pi / 4, (node + 1) * math.pi / 4  # one quadrant; the others are its mirror images
    share = np.multiply.outer(weight * np.sin(alpha) ** 2, weight * np.cos(psi)) * math.pi / 4
    chord = np.cos(psi)[None, :] / np.sin(alpha)[:, None]
    safe = np.maximum(x, 1e-9)[..., None]
    lost = -np.expm1(-safe * chord.ravel())
    return (lost * share.ravel()).sum(axis=-1) / safe[..., 0]


def _optical_diameter(mua: ArrayLike, diameter_m: ArrayLike) -> Array:
    x = np.asarray(mua, dtype=np.float64) * np.asarray(diameter_m, dtype=np.float64)
    if np.any(x < 0) or np.any(np.asarray(mua) < 0):
        raise ValueError("absorption and diameter cannot be negative")
    return x


def lumen_cells() -> tuple[Array, Array]:
    """Return the faces of the lumen cells over its radius, (cell + 1,), and their shares of its volume, (cell,)."""
    # Equal volumes would be coarse at the axis, equal widths at the edge; this spacing is between the two.
    faces = np.linspace(0.0, 1.0, LUMEN_CELLS + 1) ** 0.75
    return faces, np.diff(faces**2)


def lumen_profile(mua: ArrayLike, diameter_m: ArrayLike) -> Array:
    """Return mean over unattenuated fluence rate in each cell of a lumen in isotropic light (vessel 5), (..., cell).

    The profile is interpolated in a table of Gauss quadratures over directions and over the volume of each cell. It is
    then scaled so that its mean is the shading, which is also read from a table (1e-5). Before scaling the two differ
    by less than 1e-3, up to mua x diameter = 50.

    Parameters
    ----------
    mua : absorption coefficient of the blood, 1/m. diameter_m : of the lumen. They broadcast.

    Raises
    ------
    ValueError : a negative value.
    """
    x = _optical_diameter(mua, diameter_m)
    shaded = np.exp(np.interp(np.log(np.maximum(x, 1e-9)), *_shading_table()))
    nodes, logs = _profile_table()
    place = (np.log(np.clip(x, nodes[0], nodes[-1])) - math.log(nodes[0])) / math.log(nodes[1] / nodes[0])
    below = np.minimum(place.astype(np.int64), nodes.size - 2)
    share = (place - below)[..., None]
    profile = np.exp((1 - share) * logs[below] + share * logs[below + 1])
    _, volume = lumen_cells()
    return np.asarray(profile * (shaded / (profile @ volume))[..., None])


@cache
def _shading_table() -> tuple[Array, Array]:
    """Return logarithms of optical diameters from almost transparent to black, and of the shading, (node,) each."""
    logs = np.linspace(math.log(1e-6), math.log(1e5), 3200)
    return logs, np.log(shading(np.exp(logs), 1.0))


@cache
def _profile_table() -> tuple[Array, Array]:
    """Return optical diameters, (node,), in equal logarithmic steps, and the logarithm of the profile, (node, cell)."""
    nodes = np.geomspace(1e-3, 300.0, 400)
    paths = lumen_paths()
    return nodes, np.log(np.stack([np.exp(-x * paths.relative_length) @ paths.weight for x in nodes]))


class LumenPaths(NamedTuple):
    """Rays that reach the cells of a lumen from all directions.

    Parameters
    ----------
    relative_length : path from the boundary over the diameter, (cell, ray).
    inward_cosine : cosine between the ray and the way to the axis, (cell, ray).
    entry_cosine : cosine of the angle about the axis between the place and where the ray entered, (cell, ray).
    relative_radius : mean radius of the cell over that of the lumen, (cell,).
    weight : of each ray, (ray,); they sum to 1.
    """

    relative_length: Array
    inward_cosine: Array
    entry_cosine: Array
    relative_radius: Array
    weight: Array


@cache
def lumen_paths() -> LumenPaths:
    """Return rays over directions and over the volume of each cell, by Gauss quadrature."""
    faces, _ = lumen_cells()
    node, weight = gauss_legendre(_RADII)
    squares = faces[:-1, None] ** 2 + np.diff(faces**2)[:, None] * (node + 1) / 2
    fine, fine_weight = gauss_legendre(_ANGLES)
    alpha = (fine + 1) * math.pi / 4
    # Outward and inward rays are separate: near the edge the path bends sharply between the two.
    psi = np.concatenate([(fine + 1) * math.pi / 4, (fine + 3) * math.pi / 4])
    radius = np.sqrt(squares)[..., None]
    chord = np.sqrt(1 - radius**2 * np.sin(psi) ** 2) - radius * np.cos(psi)
    path = chord[..., None] / np.sin(alpha) / 2
    across = radius + chord * np.cos(psi)  # from the axis to where the ray entered, along the radius of the place
    every = np.broadcast_to(across[..., None], path.shape)
    towards = np.broadcast_to(np.multiply.outer(np.cos(psi), np.sin(alpha)), path.shape)
    angular = np.multiply.outer(np.tile(fine_weight, 2), fine_weight * np.sin(alpha)) * math.pi / 16
    share = np.multiply.outer(weight / 2, angular)
    length, inwards, entry = (values.reshape(LUMEN_CELLS, -1) for values in (path, towards, every))
    return LumenPaths(length, inwards, entry, (np.sqrt(squares) * weight / 2).sum(axis=1), share.reshape(-1))


def cylinder_relaxation_time(diameter_m: ArrayLike, diffusivity_m2_s: ArrayLike) -> Array:
    """Return d^2 / (16 kappa), s: a Gaussian cylinder of 1/e radius d/2 has lost half its axial temperature (vessel 4).

    For display only: damage is computed from histories, never from this number (Anderson and Parrish 1983).
    """
    return np.asarray(diameter_m, dtype=np.float64) ** 2 / (16 * np.asarray(diffusivity_m2_s, dtype=np.float64))


class RadialGrid(NamedTuple):
    """Cells around many vessels, one vessel in each row: lumen, wall, surroundings.

    Parameters
    ----------
    cells : geometry of every row.
    conductivity, heat_capacity_vol : (row, cell) W/mK and J/m³K.
    shape : (sample, vessel), into which the rows are reshaped.
    """

    cells: Cells
    conductivity: Array
    heat_capacity_vol: Array
    shape: tuple[int, ...]


def radial_grid(
    diameter_m: ArrayLike,
    wall_m: ArrayLike,
    duration_s: float,
    *,
    blood: tuple[ArrayLike, ArrayLike],
    dermis: tuple[ArrayLike, ArrayLike],
) -> RadialGrid:
    """Return cells that extend beyond the distance that heat reaches within `duration_s`.

    Parameters
    ----------
    diameter_m, wall_m : (sample, vessel) lumen diameter and wall thickness.
    blood, dermis : conductivity W/mK and heat capacity J/m³K of lumen, and of wall and surroundings; scalar or (sample,
        vessel).

    Raises
    ------
    ValueError : a diameter or wall that is not positive, or shapes that do not fit.
    """
    diameter, wall = np.broadcast_arrays(
        *(np.atleast_2d(np.asarray(a, dtype=np.float64)) for a in (diameter_m, wall_m))
    )
    if not (np.all(diameter > 0) and np.all(wall > 0)):
        raise ValueError("diameter and wall must be positive")
    shape = diameter.shape

    def flat(values: ArrayLike) -> Array:
        return np.broadcast_to(np.asarray(values, dtype=np.float64), shape).reshape(-1, 1)

    k_blood, c_blood, k_dermis, c_dermis = (flat(v) for v in (*blood, *dermis))
    reach = _REACH * np.sqrt(4 * (k_dermis / c_dermis).max() * duration_s)
    cells = _radial_cells(diameter.reshape(-1, 1) / 2, wall.reshape(-1, 1), reach)
    in_lumen = np.arange(cells.volumes.shape[1]) < LUMEN_CELLS
    return RadialGrid(cells, np.where(in_lumen, k_blood, k_dermis), np.where(in_lumen, c_blood, c_dermis), shape)


def azimuthal_loss(grid: RadialGrid, order: int) -> Array:
    """Return the loss k n²/r² along the circle of heat that varies as cos(n theta), for each (row, cell), W/m³K."""
    return np.asarray(order**2 * grid.conductivity / grid.cells.centres**2)


def vessel_history(grid: RadialGrid, recorded: Array) -> VesselHistory:
    """Return the history of every vessel from the first `RECORDED_CELLS` cells of its row, (row, time, cell)."""
    cells, k = grid.cells, grid.conductivity
    inside = recorded[..., :LUMEN_CELLS].reshape(*grid.shape, -1, LUMEN_CELLS)
    _, volume = lumen_cells()
    faces = (LUMEN_CELLS, LUMEN_CELLS + _WALL_CELLS)
    edges = [_face_temperature(recorded, cells, k, face).reshape(*grid.shape, -1) for face in faces]
    return VesselHistory(inside, inside @ volume, *edges)


def radial_response(
    diameter_m: ArrayLike,
    wall_m: ArrayLike,
    power_density: ArrayLike,
    step_s: ArrayLike,
    power_on: ArrayLike,
    *,
    blood: tuple[ArrayLike, ArrayLike],
    dermis: tuple[ArrayLike, ArrayLike],
    order: int = 0,
) -> VesselHistory:
    """Return the rise above the surroundings that power in the lumen causes, linear in that power.

    Parameters
    ----------
    diameter_m, wall_m : (sample, vessel) lumen diameter and wall thickness.
    power_density : (sample, vessel) power per volume of lumen in excess of the absorption of the surroundings, W/m³,
        the same all over the lumen, or (sample, vessel, lumen cell).
    step_s : (step,). power_on : (step,) power over `power_density`, or (sample, step) where pulses differ.
    blood, dermis : as of `radial_grid`.
    order : n of a power that varies as cos(n angle) about the axis, and so does the rise: both are given at angle 0.

    Raises
    ------
    ValueError : as `radial_grid`.
    """
    power = np.asarray(power_density, dtype=np.float64)
    if power.ndim < 3:
        power = np.atleast_2d(power)[..., None]
    diameter, wall, _ = np.broadcast_arrays(
        *(np.atleast_2d(np.asarray(a, dtype=np.float64)) for a in (diameter_m, wall_m)), power[..., 0]
    )
    steps = np.asarray(step_s, dtype=np.float64)
    grid = radial_grid(diameter, wall, float(steps.sum()), blood=blood, dermis=dermis)
    everywhere = np.zeros(grid.cells.volumes.shape)
    everywhere[:, :LUMEN_CELLS] = np.broadcast_to(power, (*grid.shape, LUMEN_CELLS)).reshape(-1, LUMEN_CELLS)
    on = np.asarray(power_on, dtype=np.float64)
    march = HeatProblem1D(
        grid.cells,
        Material(grid.conductivity, grid.heat_capacity_vol),
        0.0,
        steps,
        HeatSource(everywhere, np.repeat(on, grid.shape[1], axis=0) if on.ndim == 2 else on),
        bottom=RobinBoundary(h=math.inf),
        record_cells=np.arange(RECORDED_CELLS),
    )
    found = conduct_1d(march, LinearConduction(perfusion=azimuthal_loss(grid, order)))
    return vessel_history(grid, found.cell_temperature)


def _radial_cells(radius: Array, wall: Array, reach: float) -> Cells:
    """Return cells of lumen, finer towards its edge, of wall, and of surroundings to `reach` beyond the wall."""
    inner, _ = lumen_cells()
    walls = np.linspace(0.0, 1.0, _WALL_CELLS + 1)[1:]
    smallest = np.minimum(radius / LUMEN_CELLS, wall / _WALL_CELLS)
    # Distance from the wall grows as (exp(g u) - 1) / g in units of the smallest cell; the count serves the finest.
    u_end = np.log1p(_OUTER_GROWTH * reach / smallest) / _OUTER_GROWTH
    n_outer = math.ceil(u_end.max())
    u = u_end * np.linspace(0.0, 1.0, n_outer + 1)[1:]
    outer = smallest / _OUTER_GROWTH * np.expm1(_OUTER_GROWTH * u)
    return cylinder_cells(np.concatenate((radius * inner, radius + wall * walls, radius + wall + outer), axis=1))


def _face_temperature(history: Array, cells: Cells, k: Array, face: int) -> Array:
    """Return the temperature at a face between two recorded cells, from the flux through it."""
    before = (k[:, face - 1] / cells.half_widths[:, face - 1])[:, None]
    after = (k[:, face] / cells.half_widths[:, face])[:, None]
    value: Array = (before * history[:, :, face - 1] + after * history[:, :, face]) / (before + after)
    return value


def steam_doses(temperature_deficit: Array, coldest: Array, hottest: Array, least_rise: float) -> tuple[Array, Array]:
    """Return the doses at which all places of a vessel at one time, and any place, reach a temperature, (row,) each.

    At the first dose a vessel is hot enough for vapour over its whole cross-section at one time, at the second anywhere
    at any time.

    Parameters
    ----------
    temperature_deficit : (row, time) difference of that temperature from the temperature without a dose.
    coldest, hottest : (row, place, time) change per unit dose, on the colder side and on the hotter one.
    least_rise : replaces smaller changes.
    """
    everywhere, somewhere = np.empty((2, len(temperature_deficit)))
    rows = (np.require(array, np.float64, ["C", "W"]) for array in (temperature_deficit, coldest, hottest))
    _fill_steam_doses(*rows, least_rise, everywhere, somewhere)
    return everywhere, somewhere


@njit(cache=True, parallel=True)
def _fill_steam_doses(  # pragma: no cover - compiled
    short: Array, coldest: Array, hottest: Array, least_rise: float, everywhere: Array, somewhere: Array
) -> None:
    for row in prange(short.shape[0]):
        slowest = np.full(short.shape[1], -np.inf)
        first = np.inf
        for place in range(coldest.shape[1]):
            for n in range(short.shape[1]):
                slowest[n] = max(slowest[n], short[row, n] / max(coldest[row, place, n], least_rise))
                first = min(first, short[row, n] / max(hottest[row, place, n], least_rise))
        everywhere[row], somewhere[row] = slowest.min(), first


# Cooling of a vessel: (relaxation 1).

_BESSEL = sum(1 / math.factorial(k) ** 2 + 1 / (math.factorial(k) * math.factorial(k + 1)) for k in range(20))
REMAINING_RISE: Final = 1 - math.exp(-2) * _BESSEL  # I0(2) + I1(2) = sum of (1/k!)² and 1/(k! (k+1)!)

_REFERENCE_DIAMETER_M = 100e-6  # any diameter will do: the time is proportional to its square
_FLASH_LENGTH = 1e-3  # length of the heating in relaxation times
_RELAXATION_STEPS = 400
_RELAXATION_END = 4.0  # end of the march in relaxation times of the slower medium


def lumen_relaxation_time(
    diameter_m: ArrayLike, *, blood: tuple[float, float], dermis: tuple[ArrayLike, ArrayLike]
) -> Array:
    """Return the time in which the mean rise of a heated lumen falls to `REMAINING_RISE`, s, (sample,).

    Parameters
    ----------
    diameter_m : scalar or (sample,).
    blood, dermis : conductivity W/mK and heat capacity J/m³K; those of the dermis (sample,).

    Raises
    ------
    ValueError : a diameter that is not positive.
    """
    k, c = (np.atleast_1d(np.asarray(part, dtype=np.float64)) for part in dermis)
    diameter = np.asarray(diameter_m, dtype=np.float64)
    if np.any(diameter <= 0):
        raise ValueError("a diameter must be positive")
    slowest = float(cylinder_relaxation_time(_REFERENCE_DIAMETER_M, min(blood[0] / blood[1], float((k / c).min()))))
    fastest = float(cylinder_relaxation_time(_REFERENCE_DIAMETER_M, max(blood[0] / blood[1], float((k / c).max()))))
    flash = _FLASH_LENGTH * fastest
    steps = np.diff(np.concatenate(([0.0], np.geomspace(flash, _RELAXATION_END * slowest, _RELAXATION_STEPS))))
    on = np.zeros(_RELAXATION_STEPS)
    on[0] = 1.0
    # The wall has the properties of dermis; its thickness only places cells.
    lumen = radial_response(
        np.full((k.size, 1), _REFERENCE_DIAMETER_M),
        _REFERENCE_DIAMETER_M / 10,
        1.0,
        steps,
        on,
        blood=blood,
        dermis=(k[:, None], c[:, None]),
    ).lumen[:, 0, 1:]
    # From the middle of the flash on, its heat has spread as if it had been added instantly.
    times = np.cumsum(steps) - flash / 2
    given = flash / blood[1]
    at = np.array([np.interp(-REMAINING_RISE, -row / given, times) for row in lumen])
    return np.asarray(at * (diameter / _REFERENCE_DIAMETER_M) ** 2)
