"""Check and broadcast the input of the heat solvers about an axis and in three dimensions."""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.heat.boiling import BoilingWater
from skinbeam.physics.heat.cells import INSULATED, NO_SOURCE, HeatSource, Material, RobinBoundary
from skinbeam.physics.heat.enthalpy import boiling_cells, cell_enthalpy
from skinbeam.physics.numerics.arrays import broadcast_copy, require

__all__ = ["HeatArrays", "HeatProblem", "IntervalConditions", "check_faces", "count_samples", "expand_problem"]

Array = NDArray[np.float64]

_NEVER_BOILS: Final = BoilingWater(math.inf, math.inf, 0.0, 0.0)


class HeatProblem(NamedTuple):
    """Material, heat source and boundary conditions of the cells of a grid.

    Temperatures are in K; where no water boils, differences of temperature suffice. Fields are given for every cell and
    are broadcast; (sample, ...) about an axis.

    Parameters
    ----------
    material, initial, water : of every cell. Properties of media become those of cells by `values[..., medium]`.
        Without water nothing boils.
    interval_s : (interval,) s, shared by all samples; the state at the end of each is recorded.
    source : power density of every cell, and the share of it that is on, (interval,): pulses, sub-pulses and pauses.
    surface : (interval,), or (sample, interval).
    bottom : temperature of the last face, K, or (sample,) of them; insulated when left out.
    record_cells : (record, axis) indices of the cells to record; none when left out.
    tolerance_K : estimated error of one step in any cell, in the first order for a step along lines.
    """

    material: Material
    initial: ArrayLike
    interval_s: ArrayLike
    source: HeatSource = NO_SOURCE
    water: BoilingWater | None = None
    surface: RobinBoundary = INSULATED
    bottom: ArrayLike | None = None
    record_cells: ArrayLike | None = None
    tolerance_K: float = 0.5


class HeatArrays(NamedTuple):
    """A problem broadcast to full arrays for compiled code; where there are samples, they are the first axis.

    Parameters
    ----------
    conductivity, energy, power : of every cell, W/mK, J at the start, W of light.
    store, start, share, latent, gain, boils : heat storage of the cells, as in `enthalpy.BoilingCells`.
    seconds, power_on, h_surface, outside_surface : of every interval, the last two of every sample.
    bottom_fixed : whether the bottom has the temperature `bottom_K`, K, (sample,) or a single value.
    record : (record, axis).
    """

    conductivity: Array
    energy: Array
    power: Array
    store: Array
    start: Array
    share: Array
    latent: Array
    gain: Array
    boils: bool
    seconds: Array
    power_on: Array
    h_surface: Array
    outside_surface: Array
    bottom_fixed: bool
    bottom_K: Array
    record: NDArray[np.int64]
    tolerance_K: float


class IntervalConditions(NamedTuple):
    """Conditions that are switched between intervals: share of the power, film W/m²K, outside temperature K."""

    power_share: float
    h: float
    outside_K: float


def check_faces(faces_m: ArrayLike, axis: str) -> Array:
    """Check and return the faces along an axis, (face,) or (sample, face), m.

    Raises
    ------
    ValueError : fewer than three, faces that do not increase, or a radius below 0.
    """
    faces = np.atleast_1d(np.asarray(faces_m, dtype=np.float64))
    require(faces.shape[-1] >= 3, f"at least three {axis} faces are needed", float(faces.shape[-1]))
    require(np.isfinite(faces), f"{axis} faces must be finite", faces)
    require(np.diff(faces) > 0, f"{axis} faces must increase", faces[..., 1:])
    if axis == "r":
        require(faces[..., 0] >= 0, "a radius cannot be negative", faces[..., 0])
    return faces


def count_samples(problem: HeatProblem, cells: tuple[int, ...], *others: int) -> int:
    """Return the number of samples of a problem in these cells; `others` are the numbers of samples of other arguments.

    Raises
    ------
    ValueError : shapes that do not fit.
    """
    fields = *problem.material, problem.initial, problem.source.power_density, *(problem.water or ())
    shapes = [np.broadcast_shapes((1, *cells), np.shape(field)) for field in fields]
    for values in problem.surface:
        shapes.append((np.broadcast_shapes((1, np.size(problem.interval_s)), np.shape(values))[0], *cells))
    for number in (*others, np.size(0.0 if problem.bottom is None else problem.bottom)):
        shapes.append((number, *cells))
    return np.broadcast_shapes(*shapes)[0]


def expand_problem(problem: HeatProblem, volumes: Array, *samples: int) -> HeatArrays:
    """Broadcast a problem to full arrays, in cells of these volumes, m³; `samples` is the number of samples, if any.

    Raises
    ------
    ValueError : shapes that do not fit; a number that no tissue has, with its place.
    """
    cells = volumes.shape[len(samples) :]
    seconds = np.atleast_1d(np.array(problem.interval_s, dtype=np.float64))
    require(seconds.ndim == 1 and seconds.size > 0, "interval_s is one row of durations", float(seconds.ndim))
    require(np.isfinite(seconds) & (seconds > 0), "an interval must last longer than 0 s", seconds)
    source = problem.source
    fields = *problem.material, problem.initial, source.power_density, *(problem.water or _NEVER_BOILS)
    k, c, t0, power, *water = (broadcast_copy(field, *samples, *cells) for field in fields)
    switch = broadcast_copy(source.power_on, seconds.size)
    h, outside = (broadcast_copy(values, *samples, seconds.size) for values in problem.surface)
    below = broadcast_copy(0.0 if problem.bottom is None else problem.bottom, *(samples or (1,)))
    require(np.isfinite(k) & (k > 0), "conductivity must be positive, W/mK", k)
    require(np.isfinite(c) & (c > 0), "heat capacity must be positive, J/m³K", c)
    require(np.isfinite(power) & (power >= 0), "power density cannot be negative: light does not cool, W/m³", power)
    require(np.isfinite(t0), "the initial temperature must be finite, K", t0)
    require(np.isfinite(switch) & (switch >= 0), "the share of power that is on cannot be negative", switch)
    require(h >= 0, "h_surface cannot be negative, W/m²K", h)
    require(np.isfinite(outside), "outside_surface must be finite, K", outside)
    tolerance = float(problem.tolerance_K)
    require(math.isfinite(tolerance) and tolerance > 0, "tolerance_K must be positive", tolerance)
    require(np.isfinite(below), "the temperature of the bottom must be finite, K", below)
    by_cell = boiling_cells(volumes, c, water)
    if by_cell.boils:
        require(t0 > 0, "temperatures must be above 0 K where water boils", t0)
    record = _record_indices(problem.record_cells, cells)
    energy, light, fixed = cell_enthalpy(t0, by_cell), power * volumes, problem.bottom is not None
    return HeatArrays(k, energy, light, *by_cell, seconds, switch, h, outside, fixed, below, record, tolerance)


def _record_indices(record_cells: ArrayLike | None, cells: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the indices of the cells to record, (record, axis)."""
    chosen = np.empty((0, len(cells))) if record_cells is None else record_cells
    record = np.array(chosen, dtype=np.int64, order="C")  # of one layout, so that kernels are compiled once
    require((record >= 0) & (record < cells), "a recorded cell lies outside the grid", record.astype(np.float64))
    return record
