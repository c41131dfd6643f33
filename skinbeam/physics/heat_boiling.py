"""Heat conduction in one dimension where water boils: enthalpy and temperature of each cell, many samples at once.

    dU/dt = d/dx (k dT/dx) + f(t) q(x),   with (heat 2) at both ends                            (boiling 1)

    U = c (T - T_s)                    below T_s, where vapour begins to form
        C (T - T_s)                    up to T_e = T_s + D, with C D = L + (c + c_d) D / 2      (boiling 2)
        C D + c_d (T - T_e)            above, in dried tissue

U [J/m³] counts from T_s, c and c_d are the heat capacities of wet and of dried tissue, L [J/m³] is the latent heat of
the water in the cell, and D the range over which it is taken up. Tissue does not boil at one temperature: vapour first
needs a nucleus, then works against the tissue around it, and what is left of the water is bound more and more. T_s may
lie above 100 °C, so that a pulse of milliseconds superheats the water, and may differ between samples. A true
superheat, which falls back to boiling once a nucleus has formed, would need the history of the bubble; here T_s stands
for the temperature at which vapour takes up heat as fast as it comes. Vapour stays in its cell and condenses there.

Space and time are those of `physics.heat` (finite volumes, TR-BDF2). Each stage is a system V U(T) + a A T = b with A
an M-matrix and U piecewise linear. U is the difference of two convex functions, and nested Newton iterations end after
a finite number of linear systems whatever the step (Brugnano and Casulli 2009, extended by Casulli and Zanolli 2010):
the inner ones follow where the water boils, the outer ones where it is gone.

`physics.enthalpy` has the law of water that `heat_rz` and `heat_xyz` follow. There are two because the unknowns differ.
Here it is T, of steps as long as those of `physics.heat`, so that a layered skin that boils is one march like any
other; tissue that has dried holds less heat. There it is U, of steps short enough to be explicit: T is asked for in
every cell and stage, and a law without branches is what vectors and a card are fast at; dried tissue holds as much heat
as wet. Where c_d = c, (boiling 2) is (enthalpy 1) with L of the same value, and a test holds one against the other.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.full import full
from skinbeam.physics.heat import Cells

__all__ = ["ORDER_TIME", "Boiled", "Water", "conduct_boiling"]

# Of second order while every cell stays in one part of (boiling 2); a cell that changes part within a step leaves an
# error of first order in it.
ORDER_TIME: Final = 1

Array = NDArray[np.float64]

# TR-BDF2 as in `physics.heat`.
_GAMMA: Final = 2.0 - math.sqrt(2.0)
_WEIGHT: Final = math.sqrt(2.0) / 4.0
_DIAGONAL: Final = _GAMMA / 2.0


class Water(NamedTuple):
    """What boiling takes up; all broadcast to (sample, cell).

    Parameters
    ----------
    start_K : temperature at which vapour begins to form, T_s.
    range_K : range over which the latent heat is taken up, D > 0.
    latent : latent heat of the water in the cell, J/m³.
    dried : heat capacity of the tissue without its water, J/m³K.
    """

    start_K: ArrayLike
    range_K: ArrayLike
    latent: ArrayLike
    dried: ArrayLike


class Boiled(NamedTuple):
    """Temperatures after each step; time 0 is the initial state.

    Parameters
    ----------
    recorded : (sample, time, cell) K.
    surface : (sample, time) temperature of face 0, K.
    gained : (sample, time, 2) heat taken up since the start through face 0 and through the last face, J/m².
    stored : (sample, time) heat in all cells, less that at the start, J/m².
    vapour : (sample, cell) largest share of the latent heat that the cell held at the end of a step.
    """

    recorded: Array
    surface: Array
    gained: Array
    stored: Array
    vapour: Array


def conduct_boiling(
    cells: Cells,
    water: Water,
    *,
    conductivity: ArrayLike,
    heat_capacity_vol: ArrayLike,
    initial: ArrayLike,
    step_s: ArrayLike,
    power_density: ArrayLike = 0.0,
    power_on: ArrayLike = 1.0,
    h_surface: ArrayLike = 0.0,
    outside_surface: ArrayLike = 0.0,
    h_bottom: ArrayLike = 0.0,
    outside_bottom: ArrayLike = 0.0,
) -> Boiled:
    """Solve (boiling 1) with (boiling 2) for every sample; arguments as in `heat.conduct`, temperatures in K.

    Raises
    ------
    ValueError : shapes that do not fit; a step, range, heat capacity or conductivity that is not positive; latent heat
        below zero, or a range so wide that boiling would take up less than heating does.
    """
    steps = np.array(step_s, dtype=np.float64)
    if steps.ndim != 1 or not np.all(steps > 0):
        raise ValueError("step_s must be one positive duration a step")
    n_cell = cells.volumes.shape[1]
    shapes = [np.shape(a) for a in (conductivity, heat_capacity_vol, initial, power_density, *water)]
    n_sample = np.broadcast_shapes(cells.volumes.shape, *shapes)[0]

    def cellwise(values: ArrayLike) -> Array:
        return full(values, n_sample, n_cell)

    k, c = cellwise(conductivity), cellwise(heat_capacity_vol)
    start, width, latent, dried = (cellwise(part) for part in water)
    if not all(np.all(part > 0) for part in (k, c, width, dried)):
        raise ValueError("conductivity, heat capacities and range must be positive")
    boiling = latent / width + (c + dried) / 2
    if np.any(latent < 0) or np.any(boiling < c) or np.any(boiling < dried):
        raise ValueError("latent heat cannot be negative, nor may boiling take up less than heating")
    return Boiled(
        *_march(
            full(cells.areas, n_sample, n_cell + 1),
            cellwise(cells.volumes),
            cellwise(cells.half_widths),
            k,
            np.stack([c, boiling, dried, start, start + width], axis=1),
            cellwise(initial),
            cellwise(power_density),
            steps,
            full(power_on, n_sample, len(steps)),
            full(h_surface, n_sample, len(steps)),
            full(outside_surface, n_sample, len(steps)),
            full(h_bottom, n_sample),
            full(outside_bottom, n_sample),
        )
    )


@njit(cache=True)
def _in_series(h: float, inside: float) -> float:  # pragma: no cover - compiled
    """Conductance of an outer film and of half a cell in series, W/m²K; h may be 0 or inf."""
    return 0.0 if h == 0.0 else 1.0 / (1.0 / h + 1.0 / inside)


@njit(cache=True)
def _enthalpy(t: float, state: Array, i: int) -> float:  # pragma: no cover - compiled
    """U of (boiling 2) in cell i; `state` is (c, C, c_d, T_s, T_e) of each cell."""
    if t < state[3, i]:
        return state[0, i] * (t - state[3, i])
    if t < state[4, i]:
        return state[1, i] * (t - state[3, i])
    return state[1, i] * (state[4, i] - state[3, i]) + state[2, i] * (t - state[4, i])


@njit(cache=True)
def _solve(  # pragma: no cover - compiled
    known: Array, a: float, volumes: Array, between: Array, top: float, state: Array, t: Array, work: Array
) -> None:
    """Solve V U(T) + a A T = known for `t`, whose values on entry begin the search.

    `work` holds four rows: whether the cell counts as boiling or beyond, whether it counts as dried, and two of the
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
                # U is slope T less this, on the parts that the cells are counted in.
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
                # After the first system temperatures only fall, but for rounding, which must not go on for ever.
                if now < boils[i] or (first and now > boils[i]):
                    boils[i] = now
                    inner = True
            first = False
        outer = False
        for i in range(n):
            if dry[i] == 0.0 and t[i] >= state[4, i]:
                dry[i] = 1.0
                outer = True


@njit(cache=True, parallel=True)
def _march(  # pragma: no cover - compiled
    areas: Array,
    volumes: Array,
    half: Array,
    k: Array,
    state: Array,
    initial: Array,
    power: Array,
    step_s: Array,
    power_on: Array,
    h_top: Array,
    t_top: Array,
    h_bottom: Array,
    t_bottom: Array,
) -> tuple[Array, Array, Array, Array, Array]:
    n_sample, n_cell = volumes.shape
    n_time = step_s.size + 1
    recorded = np.empty((n_sample, n_time, n_cell))
    surface, stored = np.empty((n_sample, n_time)), np.empty((n_sample, n_time))
    gained = np.empty((n_sample, n_time, 2))
    vapour = np.zeros((n_sample, n_cell))
    for s in prange(n_sample):
        _march_one(
            areas[s],
            volumes[s],
            half[s],
            k[s],
            state[s],
            initial[s],
            power[s],
            step_s,
            power_on[s],
            h_top[s],
            t_top[s],
            h_bottom[s],
            t_bottom[s],
            recorded[s],
            surface[s],
            gained[s],
            stored[s],
            vapour[s],
        )
    return recorded, surface, gained, stored, vapour


@njit(cache=True)
def _march_one(  # pragma: no cover - compiled
    areas: Array,
    volumes: Array,
    half: Array,
    k: Array,
    state: Array,
    initial: Array,
    power: Array,
    step_s: Array,
    power_on: Array,
    h_top: Array,
    t_top: Array,
    h_bottom: float,
    t_bottom: float,
    recorded: Array,
    surface: Array,
    gained: Array,
    stored: Array,
    vapour: Array,
) -> None:
    n_cell = volumes.size
    last = n_cell - 1
    between = np.empty(n_cell)  # conductance of the face below each cell, W/K
    for i in range(last):
        between[i] = areas[i + 1] / (half[i] / k[i] + half[i + 1] / k[i + 1])
    between[last] = areas[n_cell] * _in_series(h_bottom, k[last] / half[last])
    inside = k[0] / half[0]
    t, stage = initial.copy(), initial.copy()
    held, flow, known, source = np.empty(n_cell), np.empty(n_cell), np.empty(n_cell), np.empty(n_cell)
    work = np.empty((4, n_cell))
    begun = 0.0
    for i in range(n_cell):
        held[i] = volumes[i] * _enthalpy(t[i], state, i)
        begun += held[i]
        recorded[0, i] = t[i]
    surface[0], stored[0], gained[0, :] = t[0], 0.0, 0.0
    for n in range(step_s.size):
        dt = step_s[n]
        film = _in_series(h_top[n], inside)
        top = areas[0] * film
        a = _DIAGONAL * dt
        for i in range(n_cell):
            source[i] = power_on[n] * power[i] * volumes[i]
        source[0] += top * t_top[n]
        source[last] += between[last] * t_bottom
        through_top = through_bottom = 0.0
        for solved in range(3):
            now = t if solved == 0 else stage
            weight = dt * (_WEIGHT if solved < 2 else _DIAGONAL)
            through_top += weight * top * (t_top[n] - now[0])
            through_bottom += weight * between[last] * (t_bottom - now[last])
            if solved == 2:
                break
            known_weight = a if solved == 0 else _WEIGHT * dt
            for i in range(n_cell):
                q = source[i]
                q += between[i - 1] * (now[i - 1] - now[i]) if i > 0 else -top * now[i]
                q += between[i] * (now[i + 1] - now[i]) if i < last else -between[i] * now[i]
                flow[i] = q if solved == 0 else flow[i] + q
            for i in range(n_cell):
                known[i] = held[i] + known_weight * flow[i] + a * source[i]
            _solve(known, a, volumes, between, top, state, stage, work)
        total = 0.0
        for i in range(n_cell):
            t[i] = stage[i]
            enthalpy = _enthalpy(t[i], state, i)
            held[i] = volumes[i] * enthalpy
            total += held[i]
            taken = min(max((t[i] - state[3, i]) / (state[4, i] - state[3, i]), 0.0), 1.0)
            vapour[i] = max(vapour[i], taken)
            recorded[n + 1, i] = t[i]
        stored[n + 1] = total - begun
        gained[n + 1, 0] = gained[n, 0] + through_top
        gained[n + 1, 1] = gained[n, 1] + through_bottom
        surface[n + 1] = t[0] + film / inside * (t_top[n] - t[0])
