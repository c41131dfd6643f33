"""Heat conduction in one dimension: a slab or a cylinder, many samples at once.

    c(x) dT/dt = (1/A) d/dx (A k dT/dx) + f(t) q(x) - p(x) (T - T_blood)                      (heat 1)

with c = rho c_p [J/m³K], k [W/mK], power density q [W/m³] switched by f(t), perfusion p = w rho_b c_b [W/m³K]
(Pennes), and a Robin condition at both ends, k dT/dn = h (T_outside - T).                    (heat 2)

Finite volumes: the balance of each cell holds to rounding, so heat is conserved whatever the grid. The flux through a
face is (T2 - T1) / (a1/k1 + a2/k2) with a the distance from centre to face (harmonic mean), which is second order also
where k jumps at a face (Patankar 1980, sec. 4.2). Time: TR-BDF2, L-stable and of second order, with one
factorisation for both stages (Bank et al. 1985; Hosea and Shampine 1996).

The equation is linear: a history is `cooling-only history + dose x history of a unit dose`, the second computed with
initial and outside temperatures of zero.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.heat.cells import Cells
from skinbeam.physics.heat.lanes import (
    CELL,
    FACE,
    FED,
    LANES,
    POWER,
    SINK,
    SOURCE,
    STORE,
    T,
    accept,
    advance,
    feed,
    place,
)
from skinbeam.physics.heat.row import given_row, in_series
from skinbeam.physics.kernel.arrays import full

__all__ = ["ORDER_SPACE", "ORDER_TIME", "History", "conduct", "time_steps"]

ORDER_SPACE: Final = 2
ORDER_TIME: Final = 2

Array = NDArray[np.float64]


class History(NamedTuple):
    """Temperatures after each step; time 0 is the initial state.

    Parameters
    ----------
    recorded : (sample, time, record) temperature of the recorded cells.
    surface : (sample, time) temperature of face 0, from the flux through it in the step that ends there.
    gained : (sample, time, 3) heat taken up since the start through face 0, through the last face, and from
        perfusion, J/m² (slab) or J/m (cylinder).
    final : (sample, cell) temperature of every cell at the end.
    """

    recorded: Array
    surface: Array
    gained: Array
    final: Array


def time_steps(
    durations_s: Sequence[float], *, first_fraction: float = 0.02, growth: float = 1.12, largest_fraction: float = 0.1
) -> tuple[Array, NDArray[np.int64]]:
    """Return steps that start small after each switch and grow geometrically.

    Parameters
    ----------
    durations_s : length of each phase (cooling before, delay, pulse, pause, ..., after); a length of zero gets no step.
    first_fraction : first step of a phase, as a fraction of the shorter of this phase and the one before.
    growth : ratio of successive steps, > 1.
    largest_fraction : longest step as a fraction of its phase.

    Returns
    -------
    step_s : (step,) whose sum over each phase is its duration. phase : (step,) the phase of each step.
    """
    if not durations_s or any(d < 0 or not math.isfinite(d) for d in durations_s) or growth <= 1:
        raise ValueError("finite durations of at least zero and a growth above one are needed")
    pieces, phase, before = [np.empty(0)], [np.empty(0, dtype=np.int64)], math.inf
    for index, duration in enumerate(durations_s):
        if duration == 0:
            continue
        largest = largest_fraction * duration
        step = min(first_fraction * min(duration, before), largest)
        steps, total = [], 0.0
        while total < duration * (1 - 1e-12):
            steps.append(step)
            total += step
            step = min(step * growth, largest)
        sizes = np.array(steps) * (duration / total)
        pieces.append(sizes)
        phase.append(np.full(len(sizes), index))
        before = duration
    return np.concatenate(pieces), np.concatenate(phase)


def conduct(
    cells: Cells,
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
    perfusion: ArrayLike = 0.0,
    blood_temperature: ArrayLike = 0.0,
    record_cells: ArrayLike | None = None,
) -> History:
    """Solve (heat 1) with (heat 2) for every sample.

    Temperatures are in K, or differences: the equation is linear. All but `cells`, `step_s` and `record_cells` are
    broadcast.

    Parameters
    ----------
    cells : geometry; a single row serves all samples.
    conductivity, heat_capacity_vol, initial, power_density, perfusion : (sample, cell) W/mK, J/m³K, K, W/m³, W/m³K.
    step_s : (step,) shared by all samples, or (sample, step).
    power_on : (step,) power over `power_density`, or (sample, step) where pulses differ.
    h_surface, outside_surface : (sample, step) W/m²K and K at face 0; h = 0 is insulated, inf a fixed temperature.
    h_bottom, outside_bottom : (sample,) the same at the last face.
    blood_temperature : (sample,) K.
    record_cells : (record,) cells to keep; all when left out.

    Raises
    ------
    ValueError : shapes that do not fit, or a step, heat capacity or conductivity that is not positive.
    """
    row, (each_perfusion,) = given_row(
        cells,
        perfusion,
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
    n_sample, n_cell = row.volumes.shape
    record = np.arange(n_cell) if record_cells is None else np.array(record_cells, dtype=np.int64)
    return History(*_march(*row, each_perfusion, full(blood_temperature, n_sample), record))


@njit(cache=True, parallel=True)
def _march(  # pragma: no cover - compiled
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
    h_bottom: Array,
    t_bottom: Array,
    perfusion: Array,
    blood: Array,
    record: NDArray[np.int64],
) -> tuple[Array, Array, Array, Array]:
    n_sample, n_cell = volumes.shape
    n_time = step_s.shape[1] + 1
    recorded = np.empty((n_sample, n_time, record.size))
    surface = np.empty((n_sample, n_time))
    gained = np.empty((n_sample, n_time, 3))
    final = np.empty((n_sample, n_cell))
    for block in prange((n_sample + LANES - 1) // LANES):
        # One block in a function of its own: the loop that is parallel stays small, and so does compiling it.
        _march_block(
            block * LANES,
            areas,
            volumes,
            half,
            k,
            c,
            initial,
            power,
            step_s,
            power_on,
            h_top,
            t_top,
            h_bottom,
            t_bottom,
            perfusion,
            blood,
            record,
            recorded,
            surface,
            gained,
            final,
        )
    return recorded, surface, gained, final


@njit(cache=True, error_model="numpy")
def _march_block(  # pragma: no cover - compiled
    first: int,
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
    h_bottom: Array,
    t_bottom: Array,
    perfusion: Array,
    blood: Array,
    record: NDArray[np.int64],
    recorded: Array,
    surface: Array,
    gained: Array,
    final: Array,
) -> None:
    n_sample, n_cell = volumes.shape
    last = n_cell - 1
    rows = np.zeros((n_cell + 2) * int(CELL))
    dt, on, warm = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    outside, taken = np.empty((2, LANES)), np.empty((3, LANES))
    for lane in range(LANES):
        s = min(first + lane, n_sample - 1)  # lanes that are left over repeat the last sample
        for i in range(n_cell):
            at = place(i, lane)
            if i > 0:
                rows[at + FACE] = areas[s, i] / (half[s, i - 1] / k[s, i - 1] + half[s, i] / k[s, i])
            rows[at + STORE] = c[s, i] * volumes[s, i]
            rows[at + SINK] = perfusion[s, i] * volumes[s, i]
            rows[at + POWER] = power[s, i] * volumes[s, i]
            rows[at + FED] = rows[at + SINK] * blood[s]
            rows[at + T] = initial[s, i]
        bottom = areas[s, n_cell] * in_series(h_bottom[s], k[s, last] / half[s, last])
        rows[place(n_cell, lane) + FACE] = bottom
        rows[place(last, lane) + FED] += bottom * t_bottom[s]
        warm[lane], outside[1, lane] = blood[s], t_bottom[s]
        for j in range(record.size):
            recorded[s, 0, j] = initial[s, record[j]]
        surface[s, 0] = initial[s, 0]
        gained[s, 0, :] = 0.0
    for n in range(step_s.shape[1]):
        for lane in range(LANES):
            s = min(first + lane, n_sample - 1)
            dt[lane], on[lane], outside[0, lane] = step_s[s, n], power_on[s, n], t_top[s, n]
            rows[place(0, lane) + FACE] = areas[s, 0] * in_series(h_top[s, n], k[s, 0] / half[s, 0])
        feed(n_cell, rows, on)
        for lane in range(LANES):
            rows[place(0, lane) + SOURCE] += rows[place(0, lane) + FACE] * outside[0, lane]
        advance(n_cell, rows, dt, outside, warm, taken)
        accept(n_cell, rows)
        for j in range(record.size):
            for lane in range(LANES):
                recorded[min(first + lane, n_sample - 1), n + 1, j] = rows[place(record[j], lane) + T]
        for lane in range(LANES):
            s = min(first + lane, n_sample - 1)
            for j in range(3):
                gained[s, n + 1, j] = gained[s, n, j] + taken[j, lane]
            inside = k[s, 0] / half[s, 0]
            share = in_series(h_top[s, n], inside) / inside
            uppermost = rows[place(0, lane) + T]
            surface[s, n + 1] = uppermost + share * (t_top[s, n] - uppermost)
    for lane in range(LANES):
        s = min(first + lane, n_sample - 1)
        for i in range(n_cell):
            final[s, i] = rows[place(i, lane) + T]
