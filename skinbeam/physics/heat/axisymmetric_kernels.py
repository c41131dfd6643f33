"""Kernels for heat conduction about an axis: flows into the cells and time steps.

Finite volumes of (heat 5): conductances of the faces between cells, and of half a cell at both ends of the depths. All
cells are stored in one long line, ring after ring, so that the four neighbours of a cell are at fixed distances, and
the flows are a single loop, which becomes vector instructions.

Samples are stepped one after another. Each step is as long as its estimated error allows. A step that is stable with
few explicit stages is explicit (chebyshev 1); a longer one is implicit along radii and then along depths,

    (C - a L_z) C^-1 (C - a L_r) k_1 = F(E),   (C - a L_z) C^-1 (C - a L_r) k_2 = F(E + dt C k_1) - 2 C k_1,
    E' = E + dt C (3 k_1 + k_2) / 2,   a = (1 - 1/sqrt 2) dt,   C = dE/dT                                     (heat 6)

with F the flow into the cells and L its part between them. This is of second order whatever the factors on the left, in
this case the split L = L_r + L_z and the C of the start (Verwer et al. 1999, SIAM J. Sci. Comput. 20:1456), and stable
for every step. Its error is estimated by that of the first order, dt (k_1 + k_2) / 2. Every solution along lines is
entered in the energy balance with what it lets through at both ends.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from skinbeam.physics.heat.enthalpy import write_capacities, write_temperatures
from skinbeam.physics.heat.problem import HeatArrays, IntervalConditions
from skinbeam.physics.heat.surface_exchange import surface_flux
from skinbeam.physics.numerics.memory_layout import NJIT_OPTIONS
from skinbeam.physics.numerics.threads import map_in_threads
from skinbeam.physics.numerics.time_stepping import (
    FASTMATH,
    MAX_STAGES,
    RKC_COEFFICIENTS,
    ROSENBROCK_GAMMA,
    control_step,
    restart_step,
    stage_count,
)
from skinbeam.physics.numerics.tridiagonal import factor_tridiagonal, solve_tridiagonal, transpose_blocks

__all__ = [
    "AxisymmetricBody",
    "axisymmetric_body",
    "decay_rate_bound",
    "march_axisymmetric",
]

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy")
def _face_conductances(r: Array, z: Array, k: Array, fixed: bool) -> tuple[Array, Array]:  # pragma: no cover - compiled
    """Return conductances of the faces before each ring, (r + 1, z), and above each depth, (r, z + 1), W/K.

    They are 0 where a face is insulated.
    """
    rings, depths = k.shape
    out, down = np.zeros((rings + 1, depths)), np.zeros((rings, depths + 1))
    for i in range(rings):
        area, half = np.pi * (r[i + 1] ** 2 - r[i] ** 2), (r[i + 1] - r[i]) / 2
        for j in range(depths):
            thick = z[j + 1] - z[j]
            if i > 0:
                before = (r[i] - r[i - 1]) / 2
                out[i, j] = 2 * np.pi * r[i] * thick / (before / k[i - 1, j] + half / k[i, j])
            if j > 0:
                down[i, j] = area / ((z[j] - z[j - 1]) / 2 / k[i, j - 1] + thick / 2 / k[i, j])
        if fixed:
            down[i, depths] = area * k[i, depths - 1] / ((z[depths] - z[depths - 1]) / 2)
    return out, down


class AxisymmetricBody(NamedTuple):
    """One sample: conductances W/K, light W, heat storage of the cells, and the half cells below the surface."""

    out: Array
    down: Array
    along: Array  # of `down` between cells, ring after ring; 0 where a ring ends
    power: Array
    store: Array
    per_store: Array
    most_per_store: Array  # largest inverse heat capacity, that of dried cells included
    start: Array
    share: Array
    latent: Array
    gain: Array
    boils: bool
    inside: Array  # W/m²K
    area: Array  # m²
    bottom_K: float


@njit(fastmath=FASTMATH, **NJIT_OPTIONS)
def _write_flows(
    on: float,
    light: Array,
    here: Array,
    inner: Array,
    outer: Array,
    above: Array,
    below: Array,
    to_inner: Array,
    to_outer: Array,
    to_above: Array,
    to_below: Array,
    flow: Array,
) -> None:  # pragma: no cover - compiled
    """Write the flow into each cell from its neighbours and from light, W, without the flow across top and bottom."""
    for i in range(len(flow)):
        t = here[i]
        f = on * light[i] + to_inner[i] * (inner[i] - t) + to_outer[i] * (outer[i] - t)
        flow[i] = f + to_above[i] * (above[i] - t) + to_below[i] * (below[i] - t)


class _StepState(NamedTuple):
    """The state of one sample at the start or the end of a step.

    Parameters
    ----------
    energy : enthalpy of the cells, J, (ring, depth).
    t : temperature, K, (1 + ring + 1, depth): no cell conducts to its first and its last row.
    rates : flow into the cells, W, (ring, depth).
    film : conductance of the film, W/K, (ring,).
    ends : heat flow through top and bottom, W, (2,).
    """

    energy: Array
    t: Array
    rates: Array
    film: Array
    ends: Array


@njit(cache=True)
def _empty_state(rings: int, depths: int) -> _StepState:  # pragma: no cover - compiled
    return _StepState(
        np.empty((rings, depths)),
        np.zeros((rings + 2, depths)),
        np.empty((rings, depths)),
        np.zeros(rings),
        np.zeros(2),
    )


@njit(cache=True)
def _write_rates(  # pragma: no cover - compiled
    energy: Array, body: AxisymmetricBody, now: IntervalConditions, state: _StepState, flow: Array
) -> None:
    """Write temperature, film and ends of a state, and the flows into `flow`, for cells of this energy."""
    t, film = state.t, state.film
    rings, depths = energy.shape
    n, last = energy.size, depths - 1
    one_sample = 1, n
    write_temperatures(
        energy.reshape(one_sample),
        body.per_store.reshape(one_sample),
        body.start.reshape(one_sample),
        body.share.reshape(one_sample),
        body.latent.reshape(one_sample),
        body.gain.reshape(one_sample),
        body.boils,
        t[1:-1].reshape(one_sample),
    )
    line, out = t.ravel(), body.out.ravel()
    _write_flows(
        now.power_share,
        body.power.ravel(),
        line[depths : depths + n],
        line[:n],
        line[2 * depths :],
        line[last : last + n],
        line[depths + 1 : depths + 1 + n],
        out[:n],
        out[depths:],
        body.along[:n],
        body.along[1:],
        flow.ravel(),
    )
    top = bottom = 0.0
    for i in range(rings):
        flux, slope, _ = surface_flux(t[i + 1, 0], body.inside[i], now.h, now.outside_K)
        up = body.down[i, depths] * (body.bottom_K - t[i + 1, last])
        film[i] = body.area[i] * slope
        flow[i, 0] += body.area[i] * flux
        flow[i, last] += up
        top += body.area[i] * flux
        bottom += up
    state.ends[0], state.ends[1] = top, bottom


@njit(cache=True, error_model="numpy")
def axisymmetric_body(
    r: Array, z: Array, arrays: HeatArrays, s: int
) -> AxisymmetricBody:  # pragma: no cover - compiled
    """Return one sample of a problem, with conductances computed from its faces, m."""
    k, store = arrays.conductivity[s], arrays.store[s]
    out, down = _face_conductances(r, z, k, arrays.bottom_fixed)
    inside = k[:, 0] / ((z[1] - z[0]) / 2)
    area = np.pi * (r[1:] ** 2 - r[:-1] ** 2)
    along = np.zeros(k.size + 1)
    for i in range(len(k)):
        along[i * k.shape[1] + 1 : (i + 1) * k.shape[1]] = down[i, 1:-1]
    per_store, share, gain = 1.0 / store, arrays.share[s], arrays.gain[s]
    most = per_store * np.maximum(1.0 + share * gain, 1.0)
    return AxisymmetricBody(
        out, down, along, arrays.power[s], store, per_store, most, arrays.start[s], share, arrays.latent[s], gain,
        arrays.boils, inside, area, arrays.bottom_K[s],
    )  # fmt: skip


@njit(cache=True)
def decay_rate_bound(body: AxisymmetricBody) -> float:  # pragma: no cover - compiled
    """Return an upper bound of the decay rates, 1/s, for any film, by Gershgorin's circles."""
    rings, depths = body.store.shape
    worst = 0.0
    for i in range(rings):
        for j in range(depths):
            g = body.out[i, j] + body.out[i + 1, j] + body.down[i, j + 1]
            g += body.area[i] * body.inside[i] if j == 0 else body.down[i, j]
            worst = max(worst, 2.0 * g * body.most_per_store[i, j])
    return worst


# Time steps.


@njit(cache=True, fastmath=FASTMATH)
def _explicit_step(
    dt: float,
    stages: int,
    state: _StepState,
    body: AxisymmetricBody,
    now: IntervalConditions,
    after: _StepState,
    other: Array,
) -> tuple[float, float]:  # pragma: no cover - compiled
    """Write the energy after an explicit step into `after`; return the heat that entered at top and bottom, J."""
    y, f0, f = state.energy.ravel(), state.rates.ravel(), after.rates.ravel()
    top, bottom = state.ends[0], state.ends[1]
    # Two arrays take turns, so that the last stage is written into `after`.
    newest, before = (after.energy, other) if stages % 2 == 1 else (other, after.energy)
    w1, w2 = newest.ravel(), before.ravel()
    m1 = RKC_COEFFICIENTS[stages, 1, 2] * dt
    for i in range(len(y)):
        w2[i] = y[i]
        w1[i] = y[i] + m1 * f0[i]
    top1, top2, bottom1, bottom2 = m1 * top, 0.0, m1 * bottom, 0.0
    for j in range(2, stages + 1):
        mu, nu = RKC_COEFFICIENTS[stages, j, 0], RKC_COEFFICIENTS[stages, j, 1]
        m, g = RKC_COEFFICIENTS[stages, j, 2] * dt, RKC_COEFFICIENTS[stages, j, 3] * dt
        _write_rates(newest, body, now, after, after.rates)
        w1, w2 = newest.ravel(), before.ravel()
        for i in range(len(y)):
            w2[i] = (1.0 - mu - nu) * y[i] + mu * w1[i] + nu * w2[i] + m * f[i] + g * f0[i]
        top1, top2 = mu * top1 + nu * top2 + m * after.ends[0] + g * top, top1
        bottom1, bottom2 = mu * bottom1 + nu * bottom2 + m * after.ends[1] + g * bottom, bottom1
        newest, before = before, newest
    return top1, bottom1


@njit(cache=True)
def _solve_along_lines(
    a: float,
    rates: Array,
    body: AxisymmetricBody,
    apparent: Array,
    across: Array,
    work: Array,
    turned: Array,
) -> tuple[float, float]:  # pragma: no cover - compiled
    """Replace flows, W, by the rates of temperature, K/s, of (heat 6).

    Returns the corrections to the heat flow through top and bottom, W.
    """
    solve_tridiagonal(body.out, a, work[3], work[4], rates)
    x, c = rates.ravel(), apparent.ravel()
    for i in range(len(x)):
        x[i] *= c[i]
    transpose_blocks(rates, turned[1])
    solve_tridiagonal(across, a, turned[2], turned[3], turned[1])
    last = len(across) - 1
    top = bottom = 0.0
    for i in range(across.shape[1]):
        top -= a * across[0, i] * turned[1, 0, i]
        bottom -= a * across[last, i] * turned[1, last - 1, i]
    transpose_blocks(turned[1], rates)
    return top, bottom


@njit(cache=True, fastmath=FASTMATH)
def _implicit_step(
    dt: float,
    state: _StepState,
    body: AxisymmetricBody,
    now: IntervalConditions,
    after: _StepState,
    work: Array,
    turned: Array,
    across: Array,
) -> tuple[float, float, float]:  # pragma: no cover - compiled
    """Write the energy after an implicit step into `after`.

    Returns the heat that entered at top and bottom, J, and the error, K.
    """
    apparent = body.store
    if body.boils:
        apparent = work[2]
        write_capacities(state.energy, body.store, body.start, body.share, body.latent, body.gain, apparent)
    a = ROSENBROCK_GAMMA * dt
    across[0] = state.film
    transpose_blocks(apparent, turned[0])
    factor_tridiagonal(apparent, body.out, a, work[3], work[4])
    factor_tridiagonal(turned[0], across, a, turned[2], turned[3])
    rates1, rates2 = work[0], work[1]
    rates1[:] = state.rates
    mend_top, mend_bottom = _solve_along_lines(a, rates1, body, apparent, across, work, turned)
    top1, bottom1 = state.ends[0] + mend_top, state.ends[1] + mend_bottom
    y, c, w = state.energy.ravel(), apparent.ravel(), after.energy.ravel()
    k1, k2 = rates1.ravel(), rates2.ravel()
    for i in range(len(y)):
        w[i] = y[i] + dt * c[i] * k1[i]
    _write_rates(after.energy, body, now, after, rates2)
    for i in range(len(y)):
        k2[i] -= 2.0 * c[i] * k1[i]
    mend_top, mend_bottom = _solve_along_lines(a, rates2, body, apparent, across, work, turned)
    top2, bottom2 = after.ends[0] - 2.0 * top1 + mend_top, after.ends[1] - 2.0 * bottom1 + mend_bottom
    worst = 0.0
    for i in range(len(y)):
        w[i] = y[i] + dt * c[i] * (1.5 * k1[i] + 0.5 * k2[i])
    for i in range(len(y)):
        worst = max(worst, abs(k1[i] + k2[i]))
    return dt * (1.5 * top1 + 0.5 * top2), dt * (1.5 * bottom1 + 0.5 * bottom2), dt / 2 * worst


class _Histories(NamedTuple):
    """What is written of every sample: the fields of `AxisymmetricHistory`, in their order."""

    recorded: Array
    faces: Array
    gained: Array
    total: Array
    final: Array
    peak: Array
    steps: NDArray[np.int64]


@njit(cache=True, nogil=True)
def _march_sample(  # pragma: no cover - compiled
    body: AxisymmetricBody, arrays: HeatArrays, s: int, histories: _Histories
) -> None:
    """Write the history of sample `s`."""
    seconds, record = arrays.seconds, arrays.record
    switch, h, outside = arrays.power_on, arrays.h_surface[s], arrays.outside_surface[s]
    gained, steps, peak = histories.gained[s], histories.steps[s], histories.peak[s]
    rings, depths = body.store.shape
    work, turned = np.empty((5, rings, depths)), np.empty((4, depths, rings))
    across = np.ascontiguousarray(body.down.T)
    # The states at the start and at the end of a step are swapped when the step is accepted.
    state, after = _empty_state(rings, depths), _empty_state(rings, depths)
    state.energy[:] = arrays.energy[s]
    fastest = decay_rate_bound(body)
    now = IntervalConditions(switch[0], h[0], outside[0])
    _write_rates(state.energy, body, now, state, state.rates)
    peak[:] = state.t[1:-1]
    light = body.power.sum()
    dt, grown = restart_step(fastest)
    for n in range(len(seconds) + 1):
        histories.total[s, n] = state.energy.sum()
        for m in range(len(record)):
            histories.recorded[s, n, m] = state.t[1 + record[m, 0], record[m, 1]]
        for i in range(rings):
            histories.faces[s, n, i] = surface_flux(state.t[1 + i, 0], body.inside[i], now.h, now.outside_K)[2]
        if n == len(seconds):
            break
        switched = n == 0 or switch[n] != now.power_share or h[n] != now.h or outside[n] != now.outside_K
        if switched:
            now = IntervalConditions(switch[n], h[n], outside[n])
            _write_rates(state.energy, body, now, state, state.rates)
            dt, grown = restart_step(fastest)
        gained[n + 1] = gained[n]
        gained[n + 1, 2] += now.power_share * light * seconds[n]
        left = seconds[n]
        while left > 0.0:
            parts = math.ceil(left / dt)
            step = left / parts
            stages = stage_count(step, fastest)
            explicit = stages <= MAX_STAGES
            if explicit:
                heat_top, heat_bottom = _explicit_step(step, stages, state, body, now, after, work[0])
                error = 0.0
            else:
                heat_top, heat_bottom, error = _implicit_step(step, state, body, now, after, work, turned, across)
            _write_rates(after.energy, body, now, after, after.rates)
            if explicit:
                error = _explicit_error(step, state, after, body.most_per_store)
            taken, dt, grown = control_step(step, error, arrays.tolerance_K, explicit, dt, grown)
            if not taken:
                steps[2] += 1
                continue
            steps[0 if explicit else 1] += 1
            left = 0.0 if parts == 1 else left - step
            gained[n + 1, 0] += heat_top
            gained[n + 1, 1] += heat_bottom
            state, after = after, state
            _update_peak(peak, state.t[1:-1])
    histories.final[s] = state.t[1:-1]


@njit(cache=True, fastmath=FASTMATH)
def _explicit_error(
    dt: float, state: _StepState, after: _StepState, per_store: Array
) -> float:  # pragma: no cover - compiled
    """Return the largest error of an explicit step by (chebyshev 2), K."""
    y, z, f, g = state.energy.ravel(), after.energy.ravel(), state.rates.ravel(), after.rates.ravel()
    p = per_store.ravel()
    worst = 0.0
    for i in range(len(y)):
        worst = max(worst, abs(0.8 * (y[i] - z[i]) + 0.4 * dt * (f[i] + g[i])) * p[i])
    return worst


@njit(cache=True, fastmath=FASTMATH)
def _update_peak(peak: Array, t: Array) -> None:  # pragma: no cover - compiled
    p, now = peak.ravel(), t.ravel()
    for i in range(len(p)):
        p[i] = max(p[i], now[i])


def march_axisymmetric(
    r: Array, z: Array, arrays: HeatArrays
) -> tuple[Array, Array, Array, Array, Array, Array, NDArray[np.int64]]:
    """Return the fields of `AxisymmetricHistory` for every sample; `r` and `z` are faces of cells, (sample, face)."""
    n, rings, depths = arrays.conductivity.shape
    times = len(arrays.seconds) + 1
    found = _Histories(
        np.empty((n, times, len(arrays.record))),
        np.empty((n, times, rings)),
        np.zeros((n, times, 3)),
        np.empty((n, times)),
        np.empty((n, rings, depths)),
        np.empty((n, rings, depths)),
        np.zeros((n, 3), np.int64),
    )
    map_in_threads(lambda s: _march_sample(axisymmetric_body(r[s], z[s], arrays, s), arrays, s, found), range(n))
    return found
