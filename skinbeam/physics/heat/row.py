"""What the solvers of heat along one axis share: what they are given, checked once, their ends and their steps.

A step is TR-BDF2 as a Runge-Kutta method: a trapezium to (2 - sqrt 2) of it, then BDF2 (Hosea and Shampine 1996).
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.heat.cells import Cells
from skinbeam.physics.kernel.arrays import full
from skinbeam.physics.kernel.checks import require

__all__ = ["DIAGONAL", "WEIGHT", "Row", "given_row", "in_series"]

Array = NDArray[np.float64]

WEIGHT: Final = math.sqrt(2.0) / 4.0  # of the first two stages
DIAGONAL: Final = 1.0 - math.sqrt(2.0) / 2.0  # of the last stage


class Row(NamedTuple):
    """What every solver takes, in full size, in the order in which compiled code takes it.

    Parameters
    ----------
    areas : (sample, cell + 1). volumes, half_widths : (sample, cell), as of `Cells`.
    conductivity, heat_capacity_vol, initial, power_density : (sample, cell) W/mK, J/m³K, K, W/m³.
    step_s, power_on, h_surface, outside_surface : (sample, step) s, a share, W/m²K, K.
    h_bottom, outside_bottom : (sample,) W/m²K, K.
    """

    areas: Array
    volumes: Array
    half_widths: Array
    conductivity: Array
    heat_capacity_vol: Array
    initial: Array
    power_density: Array
    step_s: Array
    power_on: Array
    h_surface: Array
    outside_surface: Array
    h_bottom: Array
    outside_bottom: Array


def given_row(
    cells: Cells,
    *cellwise: ArrayLike,
    conductivity: ArrayLike,
    heat_capacity_vol: ArrayLike,
    initial: ArrayLike,
    power_density: ArrayLike,
    step_s: ArrayLike,
    power_on: ArrayLike,
    h_surface: ArrayLike,
    outside_surface: ArrayLike,
    h_bottom: ArrayLike,
    outside_bottom: ArrayLike,
) -> tuple[Row, list[Array]]:
    """Return all that is broadcast to (sample, cell), (sample, step) or (sample,), and `cellwise` with it.

    Raises
    ------
    ValueError : shapes that do not fit, or a step, heat capacity or conductivity that is not positive.
    """
    steps = np.asarray(step_s, dtype=np.float64)
    require(steps.ndim in (1, 2), "step_s must be one duration a step, (step,) or (sample, step)", float(steps.ndim))
    require(np.isfinite(steps) & (steps > 0), "step_s must be positive, s", steps)
    n_step, n_cell = steps.shape[-1], cells.volumes.shape[1]
    each = (conductivity, heat_capacity_vol, initial, power_density)
    n_sample = np.broadcast_shapes(cells.volumes.shape, *(np.shape(a) for a in (*each, *cellwise)))[0]
    for stepwise in (steps, power_on, h_surface, outside_surface):
        n_sample = np.broadcast_shapes((n_sample, n_step), np.shape(stepwise))[0]
    k, c, start, power = (full(a, n_sample, n_cell) for a in each)
    require(np.isfinite(k) & (k > 0), "conductivity must be positive, W/mK", k)
    require(np.isfinite(c) & (c > 0), "heat capacity must be positive, J/m³K", c)
    row = Row(
        full(cells.areas, n_sample, n_cell + 1),
        full(cells.volumes, n_sample, n_cell),
        full(cells.half_widths, n_sample, n_cell),
        k,
        c,
        start,
        power,
        full(steps, n_sample, n_step),
        full(power_on, n_sample, n_step),
        full(h_surface, n_sample, n_step),
        full(outside_surface, n_sample, n_step),
        full(h_bottom, n_sample),
        full(outside_bottom, n_sample),
    )
    return row, [full(a, n_sample, n_cell) for a in cellwise]


@njit(cache=True, error_model="numpy")
def in_series(h: float, inside: float) -> float:  # pragma: no cover - compiled
    """Conductance of an outer film and of half a cell in series, W/m²K; h may be 0 or inf."""
    return 0.0 if h == 0.0 else 1.0 / (1.0 / h + 1.0 / inside)
