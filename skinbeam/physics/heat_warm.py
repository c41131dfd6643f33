"""Heat conduction in one dimension where conductivity and heat capacity change with temperature, many samples at once.

    dE/dt = (1/A) d/dx (A k(T) dT/dx) + f(t) q(x),   with (heat 2) at both ends                    (warm 1)

    k(T) = k (1 + b (T - T_r)),   E(T) = c ((T - T_r) + g (T - T_r)² / 2)                          (warm 2)

E [J/m³] is the enthalpy above T_r, k and c are the properties at T_r, b and g [1/K] their relative slopes, so that the
heat capacity is c (1 + g (T - T_r)). In one material that is heated evenly all follows by integration; with c constant
Kirchhoff's transform Θ = ∫ k dT makes the steady state linear (Carslaw and Jaeger 1959, 1.6).

Space and time are those of `physics.heat`: the conductance of a face is that of two half cells in series, each with the
conductivity at its own temperature, and TR-BDF2. What is followed is enthalpy, so heat is conserved to rounding. Each
stage is solved by Newton's iteration on its tridiagonal system; where no property is left it divides by 0, and the
outcome is refused.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.cells import Cells
from skinbeam.physics.heat_row import DIAGONAL, WEIGHT, given_row, in_series
from skinbeam.physics.refuse import require

__all__ = ["ORDER_SPACE", "ORDER_TIME", "Slopes", "Warmed", "conduct_warm"]

ORDER_SPACE: Final = 2
ORDER_TIME: Final = 2

Array = NDArray[np.float64]

# Newton's corrections shrink quadratically: one below this share of the largest rise leaves an error at rounding.
_SMALL: Final = 1e-9
_MOST: Final = 50
# Properties at this share of theirs or below are no tissue's: the line has been drawn out too far.
_LEAST: Final = 0.1


class Slopes(NamedTuple):
    """How properties change with temperature; all broadcast to (sample, cell).

    Parameters
    ----------
    reference_K : temperature at which the properties are given, T_r.
    conductivity, heat_capacity : relative slopes, b and g, 1/K.
    """

    reference_K: ArrayLike
    conductivity: ArrayLike
    heat_capacity: ArrayLike


class Warmed(NamedTuple):
    """Temperatures after each step; time 0 is the initial state.

    Parameters
    ----------
    recorded : (sample, time, cell) K.
    surface : (sample, time) temperature of face 0, K.
    gained : (sample, time, 2) heat taken up since the start through face 0 and through the last face, J/m².
    stored : (sample, time) enthalpy of all cells, less that at the start, J/m².
    """

    recorded: Array
    surface: Array
    gained: Array
    stored: Array


def conduct_warm(
    cells: Cells,
    slopes: Slopes,
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
) -> Warmed:
    """Solve (warm 1) with (warm 2) for every sample; other arguments as in `heat.conduct`, temperatures in K.

    Raises
    ------
    ValueError : shapes that do not fit; a step, heat capacity or conductivity that is not positive; temperatures at
        which a property is a tenth of its own or less.
    """
    row, (reference, b, g) = given_row(
        cells,
        *slopes,
        conductivity=conductivity,
        heat_capacity_vol=heat_capacity_vol,
        initial=initial,
        power_density=power_density,
        step_s=step_s,
        power_on=power_on,
        h_surface=h_surface,
        outside_surface=outside_surface,
        h_bottom=h_bottom,
        outside_bottom=outside_bottom,
    )
    (n_sample, n_cell), n_step = row.volumes.shape, row.step_s.shape[1]
    result = Warmed(
        np.empty((n_sample, n_step + 1, n_cell)),
        np.empty((n_sample, n_step + 1)),
        np.empty((n_sample, n_step + 1, 2)),
        np.empty((n_sample, n_step + 1)),
    )
    for s in range(n_sample):
        _march_one(*(part[s] for part in (*row, reference, b, g, *result)))
    for slope, name in ((b, "conductivity"), (g, "heat capacity")):
        share = 1.0 + slope[:, None, :] * (result.recorded - reference[:, None, :])
        # A state that is not a number has gone where no property was left.
        require(share > _LEAST, f"the {name} must stay above a tenth of its own as it is drawn out", share)
    return result


@njit(cache=True, error_model="numpy")
def _flows(  # pragma: no cover - compiled
    t: Array,
    areas: Array,
    half: Array,
    k: Array,
    reference: Array,
    b: Array,
    ends: tuple[float, float, float, float],
    flow: Array,
    above: Array,
    here: Array,
) -> tuple[float, float]:
    """Write the net heat into each cell, W, and the slopes of what crosses faces; return what enters at both ends, W.

    `ends` is h and temperature above, h and temperature below. What crosses face i, downwards, changes with the cell
    above by `above[i]` and with the cell below by -`here[i]`, W/K.
    """
    n = t.size
    top = crosses = 0.0
    for i in range(n):
        flow[i] = 0.0
    for i in range(n + 1):
        # Half cells on both sides, or one and a film, in series.
        upper = lower = upper_slope = lower_slope = 0.0
        hot = cold = 0.0
        if i > 0:
            j = i - 1
            conducts = k[j] * (1.0 + b[j] * (t[j] - reference[j]))
            upper = half[j] / conducts
            upper_slope = upper * k[j] * b[j] / conducts
            hot = t[j]
        if i < n:
            conducts = k[i] * (1.0 + b[i] * (t[i] - reference[i]))
            lower = half[i] / conducts
            lower_slope = lower * k[i] * b[i] / conducts
            cold = t[i]
        if i == 0:
            hot = ends[1]
            conductance = areas[i] * in_series(ends[0], 1.0 / lower)
        elif i == n:
            cold = ends[3]
            conductance = areas[i] * in_series(ends[2], 1.0 / upper)
        else:
            conductance = areas[i] / (upper + lower)
        crosses = conductance * (hot - cold)
        bent = crosses * conductance / areas[i] if areas[i] > 0.0 else 0.0
        above[i] = conductance + bent * upper_slope
        here[i] = conductance - bent * lower_slope
        if i > 0:
            flow[i - 1] -= crosses
        if i < n:
            flow[i] += crosses
        if i == 0:
            top = crosses
    return top, -crosses


@njit(cache=True, error_model="numpy")
def _march_one(  # pragma: no cover - compiled
    areas: Array,
    volumes: Array,
    half: Array,
    k: Array,
    c: Array,
    initial: Array,
    power: Array,
    step_s: Array,
    power_on: Array,
    h_top: Array,
    t_top: Array,
    h_bottom: float,
    t_bottom: float,
    reference: Array,
    b: Array,
    g: Array,
    recorded: Array,
    surface: Array,
    gained: Array,
    stored: Array,
) -> None:
    n = volumes.size
    t, stage, flow, known = initial.copy(), initial.copy(), np.empty(n), np.empty(n)
    held, total, pivot = np.empty(n), np.empty(n), np.empty(n)
    above, here, change = np.empty(n + 1), np.empty(n + 1), np.empty(n)
    begun = 0.0
    for i in range(n):
        rise = t[i] - reference[i]
        held[i] = volumes[i] * c[i] * rise * (1.0 + 0.5 * g[i] * rise)
        begun += held[i]
        recorded[0, i] = t[i]
    surface[0], stored[0], gained[0, :] = t[0], 0.0, 0.0
    for step in range(step_s.size):
        dt = step_s[step]
        a = DIAGONAL * dt
        ends = (h_top[step], t_top[step], h_bottom, t_bottom)
        through_top = through_bottom = 0.0
        for solved in range(3):
            now = t if solved == 0 else stage
            top, bottom = _flows(now, areas, half, k, reference, b, ends, flow, above, here)
            weight = dt * (WEIGHT if solved < 2 else DIAGONAL)
            through_top += weight * top
            through_bottom += weight * bottom
            if solved == 2:
                break
            for i in range(n):
                q = flow[i] + power_on[step] * power[i] * volumes[i]
                total[i] = q if solved == 0 else total[i] + q
                known[i] = held[i] + (a if solved == 0 else WEIGHT * dt) * total[i]
                known[i] += a * power_on[step] * power[i] * volumes[i]
            for _ in range(_MOST):
                # E(stage) - a flow(stage) = known, by Newton: Thomas' algorithm on the derivatives.
                _flows(stage, areas, half, k, reference, b, ends, flow, above, here)
                largest = warmest = 0.0
                for i in range(n):
                    rise = stage[i] - reference[i]
                    warmest = max(warmest, abs(rise))
                    missing = known[i] + a * flow[i] - volumes[i] * c[i] * rise * (1.0 + 0.5 * g[i] * rise)
                    diagonal = volumes[i] * c[i] * (1.0 + g[i] * rise) + a * (here[i] + above[i + 1])
                    if i > 0:
                        share = a * above[i] * pivot[i - 1]
                        diagonal -= share * a * here[i]
                        missing += share * change[i - 1]
                    pivot[i] = 1.0 / diagonal
                    change[i] = missing
                for i in range(n - 1, -1, -1):
                    if i < n - 1:
                        change[i] += a * here[i + 1] * change[i + 1]
                    change[i] *= pivot[i]
                    stage[i] += change[i]
                    largest = max(largest, abs(change[i]))
                if largest <= _SMALL * max(warmest, 1.0):
                    break
        gathered = 0.0
        for i in range(n):
            t[i] = stage[i]
            rise = t[i] - reference[i]
            held[i] = volumes[i] * c[i] * rise * (1.0 + 0.5 * g[i] * rise)
            gathered += held[i]
            recorded[step + 1, i] = t[i]
        stored[step + 1] = gathered - begun
        gained[step + 1, 0] = gained[step, 0] + through_top
        gained[step + 1, 1] = gained[step, 1] + through_bottom
        inside = k[0] * (1.0 + b[0] * (t[0] - reference[0])) / half[0]
        surface[step + 1] = t[0] + in_series(h_top[step], inside) / inside * (t_top[step] - t[0])
