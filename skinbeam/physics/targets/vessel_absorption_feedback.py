"""Solve the radial heat problem of a vessel whose blood absorption depends on its own temperature.

The power density in each cell of the lumen is given at some mean temperatures of the lumen, and is linear between them.
In each step with light it is that of the mean between the start and the end of the step, where the temperature at the
end is predicted with the power at the start: of second order in the step, like the steps of (heat 1). Outside the lumen
the equations are unchanged: (heat 1) about the axis, and (vessel 8) beside it, as in `vessel`.

Blood may also change irreversibly, by a first-order process at the mean temperature of the lumen (damage 1). The power
is then also given at some shares of changed blood, 1 - exp(-Omega), which is predicted together with the temperature.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.damage.arrhenius import Kinetics, ProcessRates, expand_processes, mean_stage_rate, rates_of_row
from skinbeam.physics.heat.linear_conduction import (
    CELL,
    FACE,
    LANES,
    SINK,
    SOURCE,
    STAGE,
    STORE,
    T,
    accept_step,
    advance_lanes,
    field_offset,
)
from skinbeam.physics.numerics.arrays import broadcast_copy
from skinbeam.physics.numerics.threads import map_in_threads
from skinbeam.physics.targets.vessel import (
    LUMEN_CELLS,
    RECORDED_CELLS,
    RadialGrid,
    VesselHistory,
    azimuthal_loss,
    lumen_cells,
    vessel_history,
)

__all__ = ["march_heated_blood"]

Array = NDArray[np.float64]

# A process that never changes blood: its rate is zero at any temperature.
_NO_DAMAGE = Kinetics(np.array([1.0]), np.array([0.0]), np.array([np.inf]), np.array([np.inf]))


def march_heated_blood(
    grid: RadialGrid,
    power_density: Array,
    temperature_range_K: tuple[float, float],
    surroundings_K: Array,
    step_s: ArrayLike,
    power_on: ArrayLike,
    blood_change: Kinetics | None = None,
) -> tuple[VesselHistory, ...]:
    """Return the rise above the surroundings due to power in the lumen that depends on the temperature.

    Parameters
    ----------
    power_density : (order, sample, vessel, node, lumen cell) power per volume in excess of the absorption of the
        surroundings, W/m³, at mean temperatures of the lumen spaced evenly from the first to the second of
        `temperature_range_K`; constant outside them. Order n varies as cos(n angle) about the axis; a history is
        returned for each. The mean depends on order 0 alone. With `blood_change` (order, sample, vessel, share, node,
        lumen cell), the shares of changed blood spaced evenly from 0 to 1.
    surroundings_K : (sample, vessel, time) temperature without the vessel, K.
    step_s : (step,). power_on : (step,) power over `power_density`, or (sample, step) where pulses differ.
    blood_change : process that changes blood, its parameters (sample, process).

    Raises
    ------
    ValueError : shapes that do not fit, or fewer than two nodes or shares.
    """
    steps = np.array(step_s, dtype=np.float64)
    power_density = power_density[:, :, :, None] if blood_change is None else power_density
    rows, orders = len(grid.cells.volumes), len(power_density)
    shares, nodes = power_density.shape[-3:-1]
    expected = (orders, *grid.shape, shares, nodes, LUMEN_CELLS)
    if power_density.shape != expected or nodes < 2 or not temperature_range_K[0] < temperature_range_K[1]:
        raise ValueError("a power for each vessel and cell at two temperatures or more is needed")
    if blood_change is not None and shares < 2:
        raise ValueError("blood that changes needs a power at two shares of changed blood or more")
    if surroundings_K.shape != (*grid.shape, steps.size + 1):
        raise ValueError(f"{steps.size} steps need {steps.size + 1} temperatures of the surroundings")
    on = np.asarray(power_on, dtype=np.float64)
    on = np.repeat(on, grid.shape[1], axis=0) if on.ndim == 2 else on
    _, share = lumen_cells()
    processes = expand_processes(blood_change if blood_change is not None else _NO_DAMAGE, grid.shape[0], grid.shape[1])
    lowest, highest = temperature_range_K
    powers = [part.reshape(rows, shares, nodes, LUMEN_CELLS) for part in power_density]
    lumens = _Lumens(
        broadcast_copy(grid.cells.areas, rows, grid.cells.areas.shape[1]),
        broadcast_copy(grid.cells.volumes, rows, grid.cells.volumes.shape[1]),
        broadcast_copy(grid.cells.half_widths, rows, grid.cells.half_widths.shape[1]),
        np.array(grid.conductivity),
        np.array(grid.heat_capacity_vol),
        np.stack([azimuthal_loss(grid, order) * grid.cells.volumes for order in range(orders)], axis=1),
        np.ascontiguousarray(np.stack(powers, axis=1)),  # of one layout, so that the kernel is compiled once
        lowest,
        highest,
        np.array(surroundings_K.reshape(rows, -1)),
        steps,
        broadcast_copy(on, rows, steps.size),
        np.array(share),
    )
    recorded = _march_vessels(lumens, processes, RECORDED_CELLS)
    return tuple(vessel_history(grid, recorded[:, order]) for order in range(orders))


class _Lumens(NamedTuple):
    """Input of the compiled code: by vessel, except for steps, the ends of `between_K` and the shares of cells."""

    areas: Array
    volumes: Array
    half: Array
    k: Array
    c: Array
    sink: Array
    power: Array
    lowest: float
    highest: float
    surroundings: Array
    step_s: Array
    power_on: Array
    share: Array


def _march_vessels(lumens: _Lumens, rates: ProcessRates, n_recorded: int) -> Array:
    n_vessel, orders = lumens.power.shape[:2]
    recorded = np.empty((n_vessel, orders, lumens.step_s.size + 1, n_recorded))
    blocks = -(-n_vessel // LANES)
    map_in_threads(lambda block: _march_lanes(block * LANES, lumens, rates, recorded), range(blocks))
    return recorded


@njit(cache=True, nogil=True, error_model="numpy")
def _march_lanes(  # pragma: no cover - compiled
    first: int, lumens: _Lumens, rates: ProcessRates, recorded: Array
) -> None:
    areas, volumes, half, k, c, sink = lumens.areas, lumens.volumes, lumens.half, lumens.k, lumens.c, lumens.sink
    surroundings, step_s, power_on, share = lumens.surroundings, lumens.step_s, lumens.power_on, lumens.share
    n_vessel, n_cell = volumes.shape
    orders = lumens.power.shape[1]
    rows = np.zeros((orders, (n_cell + 2) * int(CELL)))
    outside, taken, none = np.zeros((2, LANES)), np.empty((3, LANES)), np.zeros(LANES)
    dt, start, at, omega, changed = np.empty((5, LANES))
    which = np.minimum(first + np.arange(LANES), n_vessel - 1)  # spare lanes repeat the last vessel
    for order in range(orders):
        for lane in range(LANES):
            row = which[lane]
            for i in range(n_cell):
                here = field_offset(i, lane)
                rows[order, here + STORE] = c[row, i] * volumes[row, i]
                rows[order, here + SINK] = sink[row, order, i]
                # The last face has the temperature of the surroundings.
                onwards = half[row, i + 1] / k[row, i + 1] if i + 1 < n_cell else 0.0
                conductance = areas[row, i + 1] / (half[row, i] / k[row, i] + onwards)
                rows[order, field_offset(i + 1, lane) + FACE] = conductance
            recorded[row, order, 0] = 0.0
    omega[:] = 0.0
    dark, changing = True, lumens.power.shape[2] > 1
    for n in range(step_s.size):
        lit = False
        for lane in range(LANES):
            lit = lit or power_on[which[lane], n] > 0.0
        dark = dark and not lit
        if dark:
            for lane in range(LANES):
                recorded[which[lane], :, n + 1] = 0.0
            continue
        dt[:] = step_s[n]
        for tried in range(2 if lit else 1):
            for lane in range(LANES):
                row = which[lane]
                if tried == 0:
                    start[lane] = at[lane] = _lumen_mean(rows[0], T, lane, share) + surroundings[row, n]
                    changed[lane] = omega[lane]
                    continue
                end = _lumen_mean(rows[0], STAGE, lane, share) + surroundings[row, n + 1]
                at[lane] = 0.5 * (start[lane] + end)
                if changing:
                    cold, hot = min(start[lane], at[lane]), max(start[lane], at[lane])
                    rate = mean_stage_rate(cold, hot, rates_of_row(rates, row))
                    changed[lane] = omega[lane] + 0.5 * step_s[n] * rate
            for order in range(orders if tried == 1 or not lit else 1):
                for lane in range(LANES):
                    row = which[lane]
                    turned = -math.expm1(-changed[lane])
                    _write_power(at[lane], turned, lumens, row, order, power_on[row, n], rows[order], lane)
                advance_lanes(n_cell, rows[order], dt, outside, none, False, taken)
        for order in range(orders):
            accept_step(n_cell, rows[order])
            for lane in range(LANES):
                for j in range(recorded.shape[3]):
                    recorded[which[lane], order, n + 1, j] = rows[order, field_offset(j, lane) + T]
        if changing:
            for lane in range(LANES):
                row = which[lane]
                end = _lumen_mean(rows[0], T, lane, share) + surroundings[row, n + 1]
                cold, hot = min(start[lane], end), max(start[lane], end)
                omega[lane] += step_s[n] * mean_stage_rate(cold, hot, rates_of_row(rates, row))


@njit(cache=True)
def _lumen_mean(rows: Array, field: int, lane: int, share: Array) -> float:  # pragma: no cover - compiled
    total = 0.0
    for i in range(share.size):
        total += share[i] * rows[field_offset(i, lane) + field]
    return total


@njit(cache=True)
def _write_power(  # pragma: no cover - compiled
    at: float, changed: float, lumens: _Lumens, row: int, order: int, power_on: float, rows: Array, lane: int
) -> None:
    """Write the power of each cell of a lumen at its mean temperature and share of changed blood, W/m."""
    power, volumes, lowest, highest = lumens.power[row, order], lumens.volumes[row], lumens.lowest, lumens.highest
    shares, nodes = power.shape[0], power.shape[1]
    node = (min(max(at, lowest), highest) - lowest) / (highest - lowest) * (nodes - 1)
    below = min(int(node), nodes - 2)
    part = node - below
    turned = changed * (shares - 1)
    less = min(int(turned), max(shares - 2, 0))
    more, weight = min(less + 1, shares - 1), turned - less
    for i in range(power.shape[2]):
        few = (1.0 - part) * power[less, below, i] + part * power[less, below + 1, i]
        many = (1.0 - part) * power[more, below, i] + part * power[more, below + 1, i]
        rows[field_offset(i, lane) + SOURCE] = power_on * volumes[i] * ((1.0 - weight) * few + weight * many)
