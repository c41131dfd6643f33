"""What the solvers of heat about an axis and in three dimensions are given, checked once for both."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.kernel.checks import require

__all__ = ["Given", "check_given", "durations", "recorded"]

Array = NDArray[np.float64]


class Given(NamedTuple):
    """What both solvers take, in full size, by the names of their arguments; `below` is the temperature of the bottom.

    Parameters
    ----------
    conductivity, heat_capacity_vol, initial, power_density, latent_vol : of every cell.
    power_on, h_surface, outside_surface : of every interval, the last two of every sample where there are several.
    below : K, a number for each sample; any where the bottom is insulated.
    """

    conductivity: Array
    heat_capacity_vol: Array
    initial: Array
    power_density: Array
    latent_vol: Array
    power_on: Array
    h_surface: Array
    outside_surface: Array
    below: Array


def durations(interval_s: ArrayLike) -> Array:
    """Return the lengths of the intervals, (interval,), s.

    Raises
    ------
    ValueError : not one row, or an interval that does not last.
    """
    seconds = np.atleast_1d(np.array(interval_s, dtype=np.float64))
    require(seconds.ndim == 1 and seconds.size > 0, "interval_s is one row of durations", float(seconds.ndim))
    require(np.isfinite(seconds) & (seconds > 0), "an interval must last longer than 0 s", seconds)
    return seconds


def check_given(given: Given, *, tolerance_K: float, radiates: bool) -> None:
    """Refuse numbers that no tissue has; `radiates` says whether a flux leaves the surface besides the film's.

    Raises
    ------
    ValueError : the first rule that is broken, with the place and the number.
    """
    k, c, t0, power, latent, switch, h, outside, below = given
    require(np.isfinite(k) & (k > 0), "conductivity must be positive, W/mK", k)
    require(np.isfinite(c) & (c > 0), "heat capacity must be positive, J/m³K", c)
    require(np.isfinite(power) & (power >= 0), "power density cannot be negative: light does not cool, W/m³", power)
    require(np.isfinite(t0), "the initial temperature must be finite, K", t0)
    require(np.isfinite(switch) & (switch >= 0), "the share of power that is on cannot be negative", switch)
    require(h >= 0, "h_surface cannot be negative, W/m²K", h)
    require(np.isfinite(outside), "outside_surface must be finite, K", outside)
    require(math.isfinite(tolerance_K) and tolerance_K > 0, "tolerance_K must be positive", tolerance_K)
    require(np.isfinite(below), "the temperature of the bottom must be finite, K", below)
    if np.any(latent > 0) or radiates:
        require(t0 > 0, "temperatures must be above 0 K where water boils or the surface radiates", t0)


def recorded(record_cells: ArrayLike | None, cells: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the indices of the cells to keep, (record, axis).

    Raises
    ------
    ValueError : a cell outside the grid.
    """
    record = np.empty((0, len(cells)), np.int64) if record_cells is None else np.array(record_cells, dtype=np.int64)
    require((record >= 0) & (record < cells), "a recorded cell lies outside the grid", record.astype(np.float64))
    return record
