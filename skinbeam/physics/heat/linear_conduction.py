"""Solve linear heat conduction with perfusion in one dimension, a slab or a cylinder, for many samples at once.

    c(x) dT/dt = (1/A) d/dx (A k dT/dx) + f(t) q(x) - p(x) (T - T_blood)                      (heat 1)

with c = rho c_p [J/m³K], k [W/mK], power density q [W/m³] switched by f(t), perfusion p = w rho_b c_b [W/m³K]
(Pennes), and a Robin condition at both ends, k dT/dn = h (T_outside - T).                    (heat 2)

Finite volumes: the balance of each cell holds to rounding, so heat is conserved on any grid. The flux through a face is
(T2 - T1) / (a1/k1 + a2/k2) with a the distance from centre to face (harmonic mean), which is second order also where k
jumps at a face (Patankar 1980, sec. 4.2). Time: TR-BDF2, L-stable and of second order, with one factorisation for both
stages (Bank et al. 1985; Hosea and Shampine 1996).

The equation is linear: a history is `cooling-only history + dose x history of a unit dose` (heat 3), the second
computed with initial and outside temperatures of zero.

Several rows of cells are solved side by side, so that the compiler produces vector instructions. All values of `LANES`
rows are stored in one array, cell by cell, and within a cell field by field: positions of a field in neighbouring cells
then differ by constants that the compiler knows, so that it can prove that no two overlap. Indices are unsigned, since
a signed index could count from the end of the array and would have to be checked.

An unused cell with a temperature of zero precedes the first cell and follows the last: flow from outside is part of the
sources.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.heat.conduction_1d import TR_BDF2_DIAGONAL, TR_BDF2_WEIGHT, HeatArrays1D, series_conductance
from skinbeam.physics.numerics.arrays import broadcast_copy
from skinbeam.physics.numerics.threads import map_in_threads

__all__ = [
    "CELL",
    "FACE",
    "INFLOW",
    "LANES",
    "ORDER_SPACE",
    "ORDER_TIME",
    "POWER",
    "SINK",
    "SOURCE",
    "STAGE",
    "STORE",
    "LinearConduction",
    "T",
    "TemperatureHistory",
    "accept_step",
    "advance_lanes",
    "field_offset",
    "graded_time_steps",
    "set_sources",
]

Array = NDArray[np.float64]

U = np.uint64
LANES: Final = 16
# Fields of a cell, in W/K unless stated otherwise: heat capacity (J/K), conductance of the face above, perfusion, power
# when it is on and other heat input (W), the sum of both in a step, temperature before and after the step (K); the rest
# is work space.
STORE, FACE, SINK, POWER, INFLOW, SOURCE, T, STAGE, FLOW, PIVOT, UPPER = (U(LANES * field) for field in range(11))
CELL: Final = U(11 * LANES)
_LANES, _ONE = U(LANES), U(1)


@njit(cache=True)
def field_offset(cell: int, lane: int):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Return the index at which the fields of a cell begin, to which one of the names above is added."""
    return (U(cell) + _ONE) * CELL + U(lane)


@njit(cache=True, error_model="numpy")
def advance_lanes(  # pragma: no cover - compiled
    cells: int, rows: Array, step_s: Array, outside: Array, blood: Array, perfused: bool, taken: Array
) -> None:
    """Advance all lanes by one step, from `T` to `STAGE`.

    Each stage is one sweep down, which factorises, sums the flows and eliminates, and one sweep up: the rows of all
    lanes together fill the nearest cache, and every further sweep would read them again.

    Parameters
    ----------
    step_s, blood : (lane,) s, K. outside : (2, lane) temperature outside the first face and the last, K.
    perfused : False where no cell has a perfusion whose heat is counted.
    taken : (3, lane) output: the heat taken up through the first face, through the last, and from perfusion.
    """
    first, beyond = CELL, (U(cells) + _ONE) * CELL
    taken[:] = 0.0
    _add_heat_taken(cells, rows, T, TR_BDF2_WEIGHT, step_s, outside, blood, perfused, taken)
    # Both stages solve (store - a L) stage = store t + known flows by Thomas' algorithm with one factorisation.
    for cell in range(first, beyond, CELL):
        for lane in range(_LANES):
            at = cell + lane
            a = TR_BDF2_DIAGONAL * step_s[lane]
            above, below, sink, source = rows[at + FACE], rows[at + CELL + FACE], rows[at + SINK], rows[at + SOURCE]
            diagonal = rows[at + STORE] + a * (above + below + sink)
            inverse = 1.0 / (diagonal - a * above * rows[at - CELL + UPPER])
            rows[at + PIVOT] = inverse
            rows[at + UPPER] = a * below * inverse
            here = rows[at + T]
            flow = source - sink * here + above * (rows[at - CELL + T] - here) + below * (rows[at + CELL + T] - here)
            rows[at + FLOW] = flow
            known = rows[at + STORE] * here + a * flow + a * (source + above * rows[at - CELL + STAGE])
            rows[at + STAGE] = known * inverse
    for back in range(first, beyond, CELL):
        for lane in range(_LANES):
            up = beyond - back + lane
            rows[up + STAGE] += rows[up + UPPER] * rows[up + CELL + STAGE]
    _add_heat_taken(cells, rows, STAGE, TR_BDF2_WEIGHT, step_s, outside, blood, perfused, taken)
    # The second stage needs the first one of the cell above until its own is eliminated, and so puts it into `FLOW`.
    for cell in range(first, beyond, CELL):
        for lane in range(_LANES):
            at = cell + lane
            a = TR_BDF2_DIAGONAL * step_s[lane]
            above, source, here = rows[at + FACE], rows[at + SOURCE], rows[at + STAGE]
            flow = rows[at + FLOW] + source - rows[at + SINK] * here + above * (rows[at - CELL + STAGE] - here)
            flow += rows[at + CELL + FACE] * (rows[at + CELL + STAGE] - here)
            known = rows[at + STORE] * rows[at + T] + TR_BDF2_WEIGHT * step_s[lane] * flow
            known += a * (source + above * rows[at - CELL + FLOW])
            rows[at + FLOW] = known * rows[at + PIVOT]
    for back in range(first, beyond, CELL):
        for lane in range(_LANES):
            up = beyond - back + lane
            rows[up + STAGE] = rows[up + FLOW] + rows[up + UPPER] * rows[up + CELL + STAGE]
    _add_heat_taken(cells, rows, STAGE, TR_BDF2_DIAGONAL, step_s, outside, blood, perfused, taken)


@njit(cache=True)
def _add_heat_taken(  # pragma: no cover - compiled
    cells: int,
    rows: Array,
    now: int,
    share: float,
    step_s: Array,
    outside: Array,
    blood: Array,
    perfused: bool,
    taken: Array,
) -> None:
    """Add the heat that flows in at the temperatures `now` in a share of the step; the rest as of `advance_lanes`."""
    first, beyond = CELL, (U(cells) + _ONE) * CELL
    last = beyond - CELL
    for lane in range(_LANES):
        weight = share * step_s[lane]
        taken[0, lane] += weight * rows[first + FACE + lane] * (outside[0, lane] - rows[first + now + lane])
        taken[1, lane] += weight * rows[beyond + FACE + lane] * (outside[1, lane] - rows[last + now + lane])
    if not perfused:
        return
    for cell in range(first, beyond, CELL):
        for lane in range(_LANES):
            at = cell + lane
            taken[2, lane] += share * step_s[lane] * rows[at + SINK] * (blood[lane] - rows[at + now])


@njit(cache=True)
def set_sources(cells: int, rows: Array, power_on: Array) -> None:  # pragma: no cover - compiled
    """Write the sources of the cells for a step in which the share `power_on` (lane,) of the power is on."""
    for cell in range(CELL, (U(cells) + _ONE) * CELL, CELL):
        for lane in range(_LANES):
            rows[cell + lane + SOURCE] = power_on[lane] * rows[cell + lane + POWER] + rows[cell + lane + INFLOW]


@njit(cache=True)
def accept_step(cells: int, rows: Array) -> None:  # pragma: no cover - compiled
    """Make the result of the last step the start of the next one."""
    for cell in range(CELL, (U(cells) + _ONE) * CELL, CELL):
        for lane in range(_LANES):
            rows[cell + lane + T] = rows[cell + lane + STAGE]


# The solver of (heat 1) and (heat 2).

ORDER_SPACE: Final = 2
ORDER_TIME: Final = 2


class TemperatureHistory(NamedTuple):
    """Temperatures after each step; time 0 is the initial state.

    Parameters
    ----------
    cell_temperature : (sample, time, record) temperature of the recorded cells.
    surface : (sample, time) temperature of face 0, from the flux through it in the step that ends there.
    heat_gain : (sample, time, 3) heat taken up since the start through face 0, through the last face, and from
        perfusion, J/m² (slab) or J/m (cylinder).
    final : (sample, cell) temperature of every cell at the end.
    """

    cell_temperature: Array
    surface: Array
    heat_gain: Array
    final: Array


def graded_time_steps(
    durations_s: Sequence[float], *, first_fraction: float = 0.02, growth: float = 1.12, largest_fraction: float = 0.1
) -> tuple[Array, NDArray[np.int64]]:
    """Return time steps that start small after each switch and grow geometrically.

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


class LinearConduction(NamedTuple):
    """Conduction with perfusion by (heat 1): perfusion, W/m³K, (sample, cell), and blood temperature, K, (sample,).

    Without perfusion it is conduction alone.
    """

    perfusion: ArrayLike = 0.0
    blood: ArrayLike = 0.0

    @property
    def cell_properties(self) -> tuple[ArrayLike, ...]:
        """Return the properties that are given for each cell: the perfusion."""
        return (self.perfusion,)

    def solve(self, row: HeatArrays1D, cellwise: Sequence[Array]) -> TemperatureHistory:
        """Solve (heat 1) with (heat 2)."""
        (perfusion,) = cellwise
        return TemperatureHistory(*_march_rows(row, perfusion, broadcast_copy(self.blood, len(row.volumes))))


def _march_rows(row: HeatArrays1D, perfusion: Array, blood: Array) -> TemperatureHistory:
    n_sample, n_cell = row.volumes.shape
    n_time = row.step_s.shape[1] + 1
    history = TemperatureHistory(
        np.empty((n_sample, n_time, row.record.size)),
        np.empty((n_sample, n_time)),
        np.empty((n_sample, n_time, 3)),
        np.empty((n_sample, n_cell)),
    )
    blocks = -(-n_sample // LANES)
    map_in_threads(lambda block: _march_lanes(block * LANES, row, perfusion, blood, history), range(blocks))
    return history


@njit(cache=True, nogil=True, error_model="numpy")
def _march_lanes(  # pragma: no cover - compiled
    first: int, row: HeatArrays1D, perfusion: Array, blood: Array, history: TemperatureHistory
) -> None:
    areas, volumes, half, k, c, initial, power = row[:7]
    step_s, power_on, h_top, t_top, h_bottom, t_bottom, record = row[7:]
    recorded, surface, gained, final = history
    n_sample, n_cell = volumes.shape
    last = n_cell - 1
    rows = np.zeros((n_cell + 2) * int(CELL))
    dt, on, warm = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    outside, taken = np.empty((2, LANES)), np.empty((3, LANES))
    perfused = np.any(perfusion != 0.0)
    for lane in range(LANES):
        s = min(first + lane, n_sample - 1)  # spare lanes repeat the last sample
        for i in range(n_cell):
            at = field_offset(i, lane)
            if i > 0:
                rows[at + FACE] = areas[s, i] / (half[s, i - 1] / k[s, i - 1] + half[s, i] / k[s, i])
            rows[at + STORE] = c[s, i] * volumes[s, i]
            rows[at + SINK] = perfusion[s, i] * volumes[s, i]
            rows[at + POWER] = power[s, i] * volumes[s, i]
            rows[at + INFLOW] = rows[at + SINK] * blood[s]
            rows[at + T] = initial[s, i]
        bottom = areas[s, n_cell] * series_conductance(h_bottom[s], k[s, last] / half[s, last])
        rows[field_offset(n_cell, lane) + FACE] = bottom
        rows[field_offset(last, lane) + INFLOW] += bottom * t_bottom[s]
        warm[lane], outside[1, lane] = blood[s], t_bottom[s]
        for j in range(record.size):
            recorded[s, 0, j] = initial[s, record[j]]
        surface[s, 0] = initial[s, 0]
        gained[s, 0, :] = 0.0
    for n in range(step_s.shape[1]):
        for lane in range(LANES):
            s = min(first + lane, n_sample - 1)
            dt[lane], on[lane], outside[0, lane] = step_s[s, n], power_on[s, n], t_top[s, n]
            rows[field_offset(0, lane) + FACE] = areas[s, 0] * series_conductance(h_top[s, n], k[s, 0] / half[s, 0])
        set_sources(n_cell, rows, on)
        for lane in range(LANES):
            rows[field_offset(0, lane) + SOURCE] += rows[field_offset(0, lane) + FACE] * outside[0, lane]
        advance_lanes(n_cell, rows, dt, outside, warm, perfused, taken)
        accept_step(n_cell, rows)
        for lane in range(LANES):
            s = min(first + lane, n_sample - 1)
            for j in range(record.size):
                recorded[s, n + 1, j] = rows[field_offset(record[j], lane) + T]
            for j in range(3):
                gained[s, n + 1, j] = gained[s, n, j] + taken[j, lane]
            inside = k[s, 0] / half[s, 0]
            share = series_conductance(h_top[s, n], inside) / inside
            uppermost = rows[field_offset(0, lane) + T]
            surface[s, n + 1] = uppermost + share * (t_top[s, n] - uppermost)
    for lane in range(LANES):
        s = min(first + lane, n_sample - 1)
        for i in range(n_cell):
            final[s, i] = rows[field_offset(i, lane) + T]
