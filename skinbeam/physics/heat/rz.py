"""Heat conduction about an axis: rings and depths, many samples at once, with water that boils.

    dE/dt = (1/r) d/dr (r k dT/dr) + d/dz (k dT/dz) + f(t) q(r, z),    T = T(E) by (enthalpy 1)               (heat 5)

with the surface of (surface 1) at the first depth, insulation at the last ring, and below insulation or a fixed
temperature. Finite volumes as in (heat 1): what leaves a cell enters its neighbour, so that enthalpy is kept to
rounding whatever grid and step.

How it steps in time stands in `heat_rz_march`.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.heat.enthalpy import boiling_of, enthalpy_of
from skinbeam.physics.heat.inputs import Given, check_given, durations, recorded
from skinbeam.physics.heat.rz_march import march
from skinbeam.physics.heat.surface import outgoing_table
from skinbeam.physics.kernel.arrays import full
from skinbeam.physics.kernel.checks import require

__all__ = ["ORDER_SPACE", "ORDER_TIME", "HistoryRZ", "conduct_rz", "ring_volumes"]

ORDER_SPACE: Final = 2
ORDER_TIME: Final = 2

Array = NDArray[np.float64]


class HistoryRZ(NamedTuple):
    """What became of each sample; time 0 is the initial state, time n the end of interval n - 1.

    Parameters
    ----------
    recorded : (sample, time, record) temperature of the recorded cells, K.
    surface : (sample, time, r) temperature of the surface, K.
    gained : (sample, time, 3) heat taken up since the start through the surface, through the bottom and from light, J.
    enthalpy : (sample, time) of all cells, J, zero at 0 K.
    final, peak : (sample, r, z) temperature at the end and the highest after any step, K.
    steps : (sample, 3) explicit steps, implicit steps, steps taken back.
    """

    recorded: Array
    surface: Array
    gained: Array
    enthalpy: Array
    final: Array
    peak: Array
    steps: NDArray[np.int64]


def ring_volumes(r_faces_m: ArrayLike, z_faces_m: ArrayLike) -> Array:
    """Return the volume of every cell, (sample, r, z), m³, of faces (sample, r + 1) or (r + 1,), and so for z."""
    r, z = _faces(r_faces_m, "r"), _faces(z_faces_m, "z")
    result: Array = np.pi * np.diff(r**2, axis=1)[:, :, None] * np.diff(z, axis=1)[:, None, :]
    return result


def _faces(faces_m: ArrayLike, axis: str) -> Array:
    faces = np.atleast_2d(np.asarray(faces_m, dtype=np.float64))
    require(faces.shape[1] >= 3, f"at least three {axis} faces are needed", float(faces.shape[1]))
    require(np.isfinite(faces), f"{axis} faces must be finite", faces)
    require(np.diff(faces, axis=1) > 0, f"{axis} faces must increase", faces[:, 1:])
    if axis == "r":
        require(faces[:, 0] >= 0, "a radius cannot be negative", faces[:, 0])
    return faces


def conduct_rz(
    r_faces_m: ArrayLike,
    z_faces_m: ArrayLike,
    *,
    conductivity: ArrayLike,
    heat_capacity_vol: ArrayLike,
    initial: ArrayLike,
    interval_s: ArrayLike,
    power_density: ArrayLike = 0.0,
    power_on: ArrayLike = 1.0,
    latent_vol: ArrayLike = 0.0,
    boiling_start: ArrayLike = math.inf,
    boiling_end: ArrayLike = math.inf,
    h_surface: ArrayLike = 0.0,
    outside_surface: ArrayLike = 0.0,
    outgoing: tuple[Array, Array] | None = None,
    bottom: ArrayLike | None = None,
    record_cells: ArrayLike | None = None,
    tolerance_K: float = 0.5,
) -> HistoryRZ:
    """Solve (heat 5) for every sample.

    Temperatures are in K; without latent heat and outgoing flux differences will do. Properties of media become those
    of cells by `values[:, medium]`, with `medium` of (r, z). What is given of (sample, ...) is broadcast.

    Parameters
    ----------
    r_faces_m, z_faces_m : (sample, r + 1) and (sample, z + 1), or one row for all samples, m.
    conductivity, heat_capacity_vol, initial, power_density : (sample, r, z) W/mK, J/m³K, K, W/m³.
    interval_s : (interval,) s, shared by all samples; a state is kept at the end of each.
    power_on : (interval,) share of the power density that is on: pulses, sub-pulses and pauses.
    latent_vol, boiling_start, boiling_end : (sample, r, z) J/m³, K, K.
    h_surface, outside_surface : (sample, interval) W/m²K and K; h = 0 is insulated, inf a fixed temperature.
    outgoing : temperatures of the surface, rising, K, and the flux that leaves at each besides the film's, W/m².
    bottom : (sample,) temperature of the last face, K; insulated when left out.
    record_cells : (record, 2) ring and depth of the cells to keep; none when left out.
    tolerance_K : estimated error of one step in any cell, in the first order for a step along lines.

    Raises
    ------
    ValueError : shapes that do not fit; a number that no tissue has, with its place.
    """
    r, z = _faces(r_faces_m, "r"), _faces(z_faces_m, "z")
    cell = (r.shape[1] - 1, z.shape[1] - 1)
    seconds = durations(interval_s)
    fields = conductivity, heat_capacity_vol, initial, power_density, latent_vol, boiling_start, boiling_end
    shapes = [np.broadcast_shapes((1, *cell), np.shape(field)) for field in fields]
    for values in (h_surface, outside_surface):
        shapes.append((np.broadcast_shapes((1, len(seconds)), np.shape(values))[0], *cell))
    samples = np.broadcast_shapes((len(r), *cell), (len(z), *cell), (np.size(0 if bottom is None else bottom), *cell))
    n = np.broadcast_shapes(samples, *shapes)[0]

    k, c, t0, power, latent = (full(field, n, *cell) for field in fields[:5])
    switch, below = full(power_on, seconds.size), full(0.0 if bottom is None else bottom, n)
    h, outside = (full(values, n, seconds.size) for values in (h_surface, outside_surface))
    table = outgoing_table(outgoing)
    given = Given(k, c, t0, power, latent, switch, h, outside, below)
    check_given(given, tolerance_K=tolerance_K, radiates=len(table) > 0)
    record = recorded(record_cells, cell)

    volumes = ring_volumes(r, z)
    boils = (full(end, n, *cell) for end in (boiling_start, boiling_end))
    held = boiling_of(volumes, c, latent, *boils)
    return HistoryRZ(
        *march(
            full(r, n, cell[0] + 1),
            full(z, n, cell[1] + 1),
            k,
            enthalpy_of(t0, held),
            power * volumes,
            *held,
            seconds,
            switch,
            h,
            outside,
            table,
            bottom is not None,
            below,
            record,
            float(tolerance_K),
        )
    )
