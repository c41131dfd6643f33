"""Solve heat conduction in one dimension where water boils, for many samples at once.

    dU/dt = d/dx (k dT/dx) + f(t) q(x),   with (heat 2) at both ends                            (boiling 1)

    U = c (T - T_s)                    below T_s, where vapour begins to form
        C (T - T_s)                    up to T_e = T_s + D, with C D = L + (c + c_d) D / 2      (boiling 2)
        C D + c_d (T - T_e)            above, in dried tissue

U [J/m³] counts from T_s, c and c_d are the heat capacities of wet and of dried tissue, L [J/m³] is the latent heat of
the water in the cell, and D the range over which it is taken up. Tissue does not boil at one temperature: vapour first
needs a nucleus, then works against the tissue around it, and the remaining water is bound more and more. T_s may be
above 100 °C, so that a pulse of milliseconds superheats the water, and may differ between samples. A true superheat,
which falls back to boiling once a nucleus has formed, would need the history of the bubble; this model uses for T_s the
temperature at which vapour takes up heat as fast as it arrives. Vapour stays in its cell and condenses there.

Discretisation in space and time is that of `physics.heat.linear_conduction` (finite volumes, TR-BDF2). Each stage is a
system V U(T) + a A T = b with A an M-matrix and U piecewise linear. U is the difference of two convex functions, and
nested Newton iterations end after a finite number of linear systems whatever the step (Brugnano and Casulli 2009,
extended by Casulli and Zanolli 2010): the inner iterations follow where the water boils, the outer ones where it is
gone.

The law is that of `heat.axisymmetric` and `heat.three_dimensional`, whose state is the enthalpy and which compute the
temperature from it (`heat.enthalpy`). In this module the state is the temperature, in steps as long as those of
`physics.heat.linear_conduction`, so that a layered skin that boils is solved like any other.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.heat.conduction_1d import TR_BDF2_DIAGONAL, TR_BDF2_WEIGHT, HeatArrays1D, series_conductance
from skinbeam.physics.numerics.arrays import require
from skinbeam.physics.numerics.threads import map_in_threads

__all__ = ["ORDER_TIME", "BoilingHistory", "BoilingWater"]

# Second order while every cell stays in one branch of (boiling 2); a cell that changes its branch within a step adds an
# error of first order in the step.
ORDER_TIME: Final = 1

Array = NDArray[np.float64]


class BoilingHistory(NamedTuple):
    """Temperatures after each step; time 0 is the initial state.

    Parameters
    ----------
    cell_temperature : (sample, time, record) temperature of the recorded cells, K.
    surface : (sample, time) temperature of face 0, K.
    heat_gain : (sample, time, 2) heat taken up since the start through face 0 and through the last face, J/m².
    stored_heat : (sample, time) heat in all cells, less that at the start, J/m².
    vapour : (sample, cell) largest share of the latent heat that the cell held at the end of a step.
    """

    cell_temperature: Array
    surface: Array
    heat_gain: Array
    stored_heat: Array
    vapour: Array


class BoilingWater(NamedTuple):
    """Conduction with water that boils, by (boiling 1) with (boiling 2); all fields broadcast to (sample, cell).

    Parameters
    ----------
    start_K : temperature at which vapour begins to form, T_s.
    range_K : range over which the latent heat is taken up, D > 0.
    latent_heat : latent heat of the water in the cell, J/m³.
    dried_heat_capacity : heat capacity of the tissue without its water, J/m³K.
    """

    start_K: ArrayLike
    range_K: ArrayLike
    latent_heat: ArrayLike
    dried_heat_capacity: ArrayLike

    @property
    def cell_properties(self) -> tuple[ArrayLike, ...]:
        """Return the properties that are given for each cell: all fields."""
        return tuple(self)

    def solve(self, row: HeatArrays1D, cellwise: Sequence[Array]) -> BoilingHistory:
        """Solve (boiling 1) with (heat 2), temperatures in K.

        Raises
        ------
        ValueError : a range or heat capacity that is not positive; latent heat below zero, or a range so wide that
            boiling would take up less than heating does.
        """
        start, width, latent, dried = cellwise
        c = row.heat_capacity_vol
        require(np.isfinite(width) & (width > 0), "the range over which water boils must be positive, K", width)
        require(np.isfinite(dried) & (dried > 0), "the heat capacity of dried tissue must be positive, J/m³K", dried)
        require(np.isfinite(latent) & (latent >= 0), "latent heat cannot be negative, J/m³", latent)
        boiling = latent / width + (c + dried) / 2
        require((boiling >= c) & (boiling >= dried), "boiling cannot take up less than heating, J/m³K", boiling)
        return BoilingHistory(*_march_rows(row, np.stack([c, boiling, dried, start, start + width], axis=1)))


@njit(cache=True)
def _cell_enthalpy(t: float, state: Array, i: int) -> float:  # pragma: no cover - compiled
    """Return U of (boiling 2) in cell i; `state` is (c, C, c_d, T_s, T_e) of each cell."""
    if t < state[3, i]:
        return state[0, i] * (t - state[3, i])
    if t < state[4, i]:
        return state[1, i] * (t - state[3, i])
    return state[1, i] * (state[4, i] - state[3, i]) + state[2, i] * (t - state[4, i])


@njit(cache=True)
def _solve_temperatures(  # pragma: no cover - compiled
    known: Array, a: float, volumes: Array, between: Array, top: float, state: Array, t: Array, work: Array
) -> None:
    """Solve V U(T) + a A T = known for `t`, whose values on entry are the first guess.

    `work` has four rows: whether the cell counts as boiling or dried, whether it counts as dried, and two rows of the
    factorisation.
    """
    n, last = volumes.size, volumes.size - 1
    boils, dry, pivot, upper = work[0], work[1], work[2], work[3]
    for i in range(n):
        boils[i] = 1.0 if t[i] >= state[3, i] else 0.0
        dry[i] = 0.0
    outer = True
    while outer:
        inner, first = True, True
        while inner:
            for i in range(n):
                c, boiling, dried, start, end = state[0, i], state[1, i], state[2, i], state[3, i], state[4, i]
                slope = (boiling if boils[i] > 0.0 else c) - (boiling - dried) * dry[i]
                # U is slope T minus this offset, on the branches to which the cells are assigned.
                offset = (boiling if boils[i] > 0.0 else c) * start - (boiling - dried) * dry[i] * end
                above = top if i == 0 else between[i - 1]
                diagonal = volumes[i] * slope + a * (above + between[i])
                right = known[i] + volumes[i] * offset
                if i > 0:
                    diagonal -= a * above * upper[i - 1]
                    right += a * above * t[i - 1]
                pivot[i] = 1.0 / diagonal
                upper[i] = a * between[i] * pivot[i]
                t[i] = right * pivot[i]
            for i in range(last - 1, -1, -1):
                t[i] += upper[i] * t[i + 1]
            inner = False
            for i in range(n):
                now = 1.0 if t[i] >= state[3, i] else 0.0
                # After the first system temperatures only fall, except for rounding, which must not make the iteration
                # endless.
                if now < boils[i] or (first and now > boils[i]):
                    boils[i] = now
                    inner = True
            first = False
        outer = False
        for i in range(n):
            if dry[i] == 0.0 and t[i] >= state[4, i]:
                dry[i] = 1.0
                outer = True


def _march_rows(row: HeatArrays1D, state: Array) -> BoilingHistory:
    n_sample, n_cell = row.volumes.shape
    n_time = row.step_s.shape[1] + 1
    found = BoilingHistory(
        np.empty((n_sample, n_time, row.record.size)),
        np.empty((n_sample, n_time)),
        np.empty((n_sample, n_time, 2)),
        np.empty((n_sample, n_time)),
        np.zeros((n_sample, n_cell)),
    )
    map_in_threads(lambda s: _march_sample(s, row, state[s], found), range(n_sample))
    return found


@njit(cache=True, nogil=True)
def _march_sample(
    s: int, row: HeatArrays1D, state: Array, history: BoilingHistory
) -> None:  # pragma: no cover - compiled
    areas, volumes, half, k, initial = (
        row.areas[s],
        row.volumes[s],
        row.half_widths[s],
        row.conductivity[s],
        row.initial[s],
    )
    power, step_s, power_on = row.power_density[s], row.step_s[s], row.power_on[s]
    h_top, t_top, h_bottom, t_bottom = row.h_surface[s], row.outside_surface[s], row.h_bottom[s], row.outside_bottom[s]
    recorded, surface, gained, stored = (
        history.cell_temperature[s],
        history.surface[s],
        history.heat_gain[s],
        history.stored_heat[s],
    )
    record, vapour = row.record, history.vapour[s]
    n_cell = volumes.size
    last = n_cell - 1
    between = np.empty(n_cell)  # conductance of the face below each cell, W/K
    for i in range(last):
        between[i] = areas[i + 1] / (half[i] / k[i] + half[i + 1] / k[i + 1])
    between[last] = areas[n_cell] * series_conductance(h_bottom, k[last] / half[last])
    inside = k[0] / half[0]
    t, stage = initial.copy(), initial.copy()
    enthalpy_J, flow, known, source = np.empty(n_cell), np.empty(n_cell), np.empty(n_cell), np.empty(n_cell)
    work = np.empty((4, n_cell))
    begun = 0.0
    for i in range(n_cell):
        enthalpy_J[i] = volumes[i] * _cell_enthalpy(t[i], state, i)
        begun += enthalpy_J[i]
    for j in range(record.size):
        recorded[0, j] = t[record[j]]
    surface[0], stored[0], gained[0, :] = t[0], 0.0, 0.0
    for n in range(step_s.size):
        dt = step_s[n]
        film = series_conductance(h_top[n], inside)
        top = areas[0] * film
        a = TR_BDF2_DIAGONAL * dt
        for i in range(n_cell):
            source[i] = power_on[n] * power[i] * volumes[i]
        source[0] += top * t_top[n]
        source[last] += between[last] * t_bottom
        through_top = through_bottom = 0.0
        for solved in range(3):
            now = t if solved == 0 else stage
            weight = dt * (TR_BDF2_WEIGHT if solved < 2 else TR_BDF2_DIAGONAL)
            through_top += weight * top * (t_top[n] - now[0])
            through_bottom += weight * between[last] * (t_bottom - now[last])
            if solved == 2:
                break
            known_weight = a if solved == 0 else TR_BDF2_WEIGHT * dt
            for i in range(n_cell):
                q = source[i]
                q += between[i - 1] * (now[i - 1] - now[i]) if i > 0 else -top * now[i]
                q += between[i] * (now[i + 1] - now[i]) if i < last else -between[i] * now[i]
                flow[i] = q if solved == 0 else flow[i] + q
            for i in range(n_cell):
                known[i] = enthalpy_J[i] + known_weight * flow[i] + a * source[i]
            _solve_temperatures(known, a, volumes, between, top, state, stage, work)
        total = 0.0
        for i in range(n_cell):
            t[i] = stage[i]
            enthalpy = _cell_enthalpy(t[i], state, i)
            enthalpy_J[i] = volumes[i] * enthalpy
            total += enthalpy_J[i]
            taken = min(max((t[i] - state[3, i]) / (state[4, i] - state[3, i]), 0.0), 1.0)
            vapour[i] = max(vapour[i], taken)
        for j in range(record.size):
            recorded[n + 1, j] = t[record[j]]
        stored[n + 1] = total - begun
        gained[n + 1, 0] = gained[n, 0] + through_top
        gained[n + 1, 1] = gained[n, 1] + through_bottom
        surface[n + 1] = t[0] + film / inside * (t_top[n] - t[0])
