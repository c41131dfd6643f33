"""Heat conduction in one dimension: a slab or a cylinder, many samples at once.

    c(x) dT/dt = (1/A) d/dx (A k dT/dx) + f(t) q(x) - p(x) (T - T_blood)                      (heat 1)

with c = rho c_p [J/m³K], k [W/mK], power density q [W/m³] switched by f(t), perfusion p = w rho_b c_b [W/m³K]
(Pennes), and a Robin condition at both ends, k dT/dn = h (T_outside - T).                    (heat 2)

Finite volumes: the balance of each cell holds to rounding, so heat is conserved whatever the grid. The flux through a
face is (T2 - T1) / (a1/k1 + a2/k2) with a the distance from centre to face (harmonic mean), which is second order also
where k jumps at a face (Patankar 1980, sec. 4.2). Time: TR-BDF2, L-stable and of second order, with one
factorisation for both stages (Bank et al. 1985; Hosea and Shampine 1996).

The equation is linear: a history is `cooling-only history + dose x history of a unit dose` (heat 3), the second
computed with initial and outside temperatures of zero.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

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
from skinbeam.physics.heat.row import Row, in_series
from skinbeam.physics.kernel.arrays import full

__all__ = ["ORDER_SPACE", "ORDER_TIME", "History", "Linear", "time_steps"]

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


class Linear(NamedTuple):
    """The law of (heat 1): perfusion, W/m³K, and blood of a temperature, K; (sample, cell) and (sample,).

    Without perfusion it is conduction alone.
    """

    perfusion: ArrayLike = 0.0
    blood: ArrayLike = 0.0

    @property
    def cellwise(self) -> tuple[ArrayLike, ...]:
        """Perfusion of each cell."""
        return (self.perfusion,)

    def solve(self, row: Row, cellwise: Sequence[Array]) -> History:
        """Return the solution of (heat 1) with (heat 2)."""
        (perfusion,) = cellwise
        return History(*_march(row, perfusion, full(self.blood, len(row.volumes))))


@njit(cache=True, parallel=True)
def _march(row: Row, perfusion: Array, blood: Array) -> History:  # pragma: no cover - compiled
    n_sample, n_cell = row.volumes.shape
    n_time = row.step_s.shape[1] + 1
    history = History(
        np.empty((n_sample, n_time, row.record.size)),
        np.empty((n_sample, n_time)),
        np.empty((n_sample, n_time, 3)),
        np.empty((n_sample, n_cell)),
    )
    for block in prange((n_sample + LANES - 1) // LANES):
        # One block in a function of its own: the loop that is parallel stays small, and so does compiling it.
        _march_block(block * LANES, row, perfusion, blood, history)
    return history


@njit(cache=True, error_model="numpy")
def _march_block(  # pragma: no cover - compiled
    first: int, row: Row, perfusion: Array, blood: Array, history: History
) -> None:
    areas, volumes, half, k, c, initial, power = row[:7]
    step_s, power_on, h_top, t_top, h_bottom, t_bottom, record = row[7:]
    recorded, surface, gained, final = history
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
