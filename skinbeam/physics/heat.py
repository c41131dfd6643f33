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

from skinbeam.physics.cells import Cells
from skinbeam.physics.full import full
from skinbeam.physics.heat_row import DIAGONAL, WEIGHT, given_row, in_series

__all__ = ["ORDER_SPACE", "ORDER_TIME", "History", "advance", "conduct", "time_steps"]

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


@njit(cache=True)
def advance(  # pragma: no cover - compiled
    dt: float,
    store: Array,
    between: Array,
    sink: Array,
    source: Array,
    top: float,
    t_top: float,
    t_bottom: float,
    blood: float,
    t: Array,
    stage: Array,
    flow: Array,
    pivot: Array,
    upper: Array,
) -> tuple[float, float, float]:
    """One step of a row from `t` to `stage`; `flow`, net heat into each cell, `pivot` and `upper` are room to work in.

    Returns heat taken up through face 0, through the last face, and from perfusion. `between` is the conductance of
    the face below each cell, `top` that of face 0; `source` holds all that does not hang on the temperature.
    """
    n_cell = store.size
    last = n_cell - 1
    a = DIAGONAL * dt
    # Thomas factorisation of (store - a L), the matrix of both stages.
    for i in range(n_cell):
        above = top if i == 0 else between[i - 1]
        diagonal = store[i] + a * (above + between[i] + sink[i])
        if i > 0:
            diagonal -= a * above * upper[i - 1]
        pivot[i] = 1.0 / diagonal
        upper[i] = a * between[i] * pivot[i]
    through_top = through_bottom = from_blood = 0.0
    for solved in range(3):
        # Heat flows of the newest state, weighted into the balance of the whole step.
        now = t if solved == 0 else stage
        weight = dt * (WEIGHT if solved < 2 else DIAGONAL)
        for i in range(n_cell):
            from_blood += weight * sink[i] * (blood - now[i])
        through_top += weight * top * (t_top - now[0])
        through_bottom += weight * between[last] * (t_bottom - now[last])
        if solved == 2:
            break
        for i in range(n_cell):
            q = source[i] - sink[i] * now[i]
            q += between[i - 1] * (now[i - 1] - now[i]) if i > 0 else -top * now[i]
            q += between[i] * (now[i + 1] - now[i]) if i < last else -between[i] * now[i]
            flow[i] = q if solved == 0 else flow[i] + q
        # Both stages solve (store - a L) stage = store t + known flows.
        known_weight = a if solved == 0 else WEIGHT * dt
        for i in range(n_cell):
            known = store[i] * t[i] + known_weight * flow[i] + a * source[i]
            if i > 0:
                known += a * between[i - 1] * stage[i - 1]
            stage[i] = known * pivot[i]
        for i in range(last - 1, -1, -1):
            stage[i] += upper[i] * stage[i + 1]
    return through_top, through_bottom, from_blood


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
    for s in prange(n_sample):
        # One sample in a function of its own: the loop that is parallel stays small, and so does compiling it.
        _march_one(
            areas[s],
            volumes[s],
            half[s],
            k[s],
            c[s],
            initial[s],
            power[s],
            step_s[s],
            power_on[s],
            h_top[s],
            t_top[s],
            h_bottom[s],
            t_bottom[s],
            perfusion[s],
            blood[s],
            record,
            recorded[s],
            surface[s],
            gained[s],
            final[s],
        )
    return recorded, surface, gained, final


@njit(cache=True)
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
    perfusion: Array,
    blood: float,
    record: NDArray[np.int64],
    recorded: Array,
    surface: Array,
    gained: Array,
    t: Array,
) -> None:
    n_cell = volumes.size
    last = n_cell - 1
    between = np.empty(n_cell)  # conductance of the face below each cell, W/K
    store, sink, source = np.empty(n_cell), np.empty(n_cell), np.empty(n_cell)
    for i in range(n_cell):
        if i < last:
            between[i] = areas[i + 1] / (half[i] / k[i] + half[i + 1] / k[i + 1])
        else:
            between[i] = areas[n_cell] * in_series(h_bottom, k[i] / half[i])
        store[i] = c[i] * volumes[i]
        sink[i] = perfusion[i] * volumes[i]
        t[i] = initial[i]
    stage, flow = np.empty(n_cell), np.empty(n_cell)
    pivot, upper = np.empty(n_cell), np.empty(n_cell)
    for j in range(record.size):
        recorded[0, j] = t[record[j]]
    surface[0] = t[0]
    gained[0, :] = 0.0
    inside = k[0] / half[0]
    for n in range(step_s.size):
        film = in_series(h_top[n], inside)
        top = areas[0] * film
        # Power and heat from blood at zero temperature difference: constant over the step.
        for i in range(n_cell):
            source[i] = power_on[n] * power[i] * volumes[i] + sink[i] * blood
        source[0] += top * t_top[n]
        source[last] += between[last] * t_bottom
        through_top, through_bottom, from_blood = advance(
            step_s[n], store, between, sink, source, top, t_top[n], t_bottom, blood, t, stage, flow, pivot, upper
        )
        for i in range(n_cell):
            t[i] = stage[i]
        gained[n + 1, 0] = gained[n, 0] + through_top
        gained[n + 1, 1] = gained[n, 1] + through_bottom
        gained[n + 1, 2] = gained[n, 2] + from_blood
        for j in range(record.size):
            recorded[n + 1, j] = t[record[j]]
        surface[n + 1] = t[0] + film / inside * (t_top[n] - t[0])
