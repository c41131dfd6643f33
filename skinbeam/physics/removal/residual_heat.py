"""Compute the heat that ablation leaves under the floor of a crater, and the depth of its thermal damage.

Energy. The part of a pulse's energy that does not leave with the ejected matter remains: h delta in blow-off (the
integral over tissue below the floor) and H0 in the steady state, by the balance H = Q + h z of (ablation 1) and
(ablation 2). The floor was about to leave, so it holds h; the heat below it is taken to fall off as light does,

    w(z) = w0 exp(-z / l),   l = Q / w0,   w0 = h,                                                   (ablation 4)

Steam. Where w exceeds w_b = rho c (T_boil - T0) it boils water. Whether that steam escapes before it condenses deeper
is not known: a share f of the excess over w_b leaves with it, so that the rest starts from

    w(z) - f max(w(z) - w_b, 0).                                                                     (ablation 5)

Conduction into an insulated half space, from an exponential that is flat down to p and falls off as exp(-(z - p) / l):

    2 theta / theta0 = erf((p - z) / 2s) + erf((p + z) / 2s) + g(z - p) + g(-z - p),
    g(y) = exp(s^2 / l^2 - y / l) erfc(s / l - y / 2s),   s = sqrt(kappa t)                          (ablation 6)

(Carslaw and Jaeger 1959, sec. 2.2 and 2.4, by images). Heat that arrived during the pulse is older when the front
stops: the last Q / H of a pulse delivered it, so on average it is older by half of that part of the pulse.

Heat Q of a much earlier pulse is a plane source where its floor was, of the size of the spot: at the distance y on the
axis of a disc of radius a, or of a Gaussian of 1/e^2 radius a, it is after t

    theta = Q / (rho c sqrt(pi kappa t)) exp(-y^2 / 4 kappa t) F,
    F = 1 - exp(-a^2 / 4 kappa t)  or  1 / (1 + 8 kappa t / a^2)                                     (ablation 7)

(Carslaw and Jaeger 1959, sec. 10.4).

Boiling tissue is not held at T_boil where the steam stays: its heat is, at later times and depths, the same heat. The
temperature near the floor is overstated, where collagen is destroyed either way.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.damage.arrhenius import (
    Kinetics,
    ProcessRates,
    expand_processes,
    omega,
    omega_at_dose,
    rates_of_row,
)
from skinbeam.physics.numerics.arrays import broadcast_copy, broadcast_samples
from skinbeam.physics.numerics.interpolation import inverse_quadratic_step

__all__ = [
    "LEAST_RISE_K",
    "PLANE_SOURCE_FACTOR",
    "EarlierPulseHeat",
    "FloorHeat",
    "boiling_energy",
    "damage_reach",
    "diffusion_times",
    "floor_temperature_rise",
    "plane_rise",
    "residual_damage_depth",
]

Array = NDArray[np.float64]

# Under a plane source Q of an insulated half space the highest rise at z is Q / (rho c z) times this.
PLANE_SOURCE_FACTOR = math.sqrt(2 / (math.pi * math.e))
LEAST_RISE_K = 10.0  # smaller rises damage collagen only after minutes: the search ends where the rise is lower
_DEPTHS = 11  # depths of a search, and of its refinement between two of them
_TIMES = np.concatenate(([0.0], np.geomspace(1e-5, 10.0, 36)))  # in units of (greatest depth)² / kappa
_STEPS = np.diff(_TIMES)
# Fractions of the greatest depth: where a search begins, the smallest depth other than the floor itself, and the final
# width.
_NEAR, _LEAST, _WIDTH = 0.1, 1e-3, 1e-9
_LN_OMEGA_TOLERANCE = 1e-4  # of ln Omega
_NO_OMEGA = 1e-200


class EarlierPulseHeat(NamedTuple):
    """Heat left by an earlier pulse.

    Parameters
    ----------
    age_s : since that pulse. above_m : (sample,) height above the present floor at which it was left. heat_J_m2 :
        (sample,).
    radius_m : of the spot; 1/e² radius when `gaussian`.
    """

    age_s: float
    height_above_floor_m: Array
    heat_J_m2: Array
    radius_m: float
    gaussian: bool


class FloorHeat(NamedTuple):
    """Heat below the floor of a crater, and the tissue in which it spreads; each of one sample or (sample,).

    Parameters
    ----------
    heat_J_m2, floor_J_m3 : Q and w0 of (ablation 4).
    boiling_J_m3 : w_b. vented : f of (ablation 5).
    diffusivity_m2_s, heat_capacity_vol : m²/s, J/m³K.
    """

    heat_J_m2: ArrayLike
    floor_J_m3: ArrayLike
    boiling_J_m3: ArrayLike
    vented_share: ArrayLike
    diffusivity_m2_s: ArrayLike
    heat_capacity_vol: ArrayLike


def plane_rise(
    earlier: EarlierPulseHeat, depth_m: Array, time_s: Array, diffusivity_m2_s: Array, heat_capacity_vol: Array
) -> Array:
    """Return the rise by (ablation 7) at depths below the present floor and times from now; all shapes broadcast."""
    spread = 4 * diffusivity_m2_s * (earlier.age_s + time_s)
    if earlier.gaussian:
        lateral = 1 / (1 + 2 * spread / earlier.radius_m**2)
    else:
        lateral = -np.expm1(-(earlier.radius_m**2) / spread)
    wide = (slice(None), *[None] * (np.ndim(depth_m) - 1))
    near = np.exp(-((depth_m + earlier.height_above_floor_m[wide]) ** 2) / spread)
    result: Array = 2 * earlier.heat_J_m2[wide] / (heat_capacity_vol * np.sqrt(math.pi * spread)) * near * lateral
    return result


def boiling_energy(heat_J_m2: ArrayLike, floor_J_m3: ArrayLike, boiling_J_m3: ArrayLike) -> Array:
    """Return the part of the heat of (ablation 4) that exceeds `boiling_J_m3`, J/m². Shapes broadcast."""
    floor, boiling = np.asarray(floor_J_m3, dtype=np.float64), np.asarray(boiling_J_m3, dtype=np.float64)
    ratio = np.maximum(floor / boiling, 1.0)
    return np.asarray(heat_J_m2) * (1 - (1 + np.log(ratio)) / ratio)


def floor_temperature_rise(depth_m: ArrayLike, time_s: ArrayLike, floor_heat: FloorHeat) -> Array:
    """Return the temperature rise by (ablation 5) and (ablation 6), (sample, time, depth), K.

    Parameters
    ----------
    depth_m : (sample, depth) below the floor. time_s : (sample, time) since the heat was there, >= 0.
    """
    depth, time = (np.atleast_2d(np.asarray(a, dtype=np.float64)) for a in (depth_m, time_s))
    given = broadcast_samples(*floor_heat)
    n = max(len(depth), len(time), given[0].size)
    heat, floor, boiling, share, kappa, capacity = (broadcast_copy(row, n) for row in given)
    depth, time = (np.array(np.broadcast_to(a, (n, a.shape[1]))) for a in (depth, time))
    result = np.empty((n, time.shape[1], depth.shape[1]))
    _rise(depth, np.sqrt(kappa[:, None] * time), heat / floor, floor, boiling, share, result)
    result /= capacity[:, None, None]
    return result


def residual_damage_depth(
    floor_heat: FloorHeat,
    *,
    start_K: ArrayLike,
    processes: Kinetics,
    age_s: ArrayLike = 0.0,
    earlier: Sequence[EarlierPulseHeat] = (),
    guess_m: Array | None = None,
) -> Array:
    """Return the depth below the floor down to which Ω of `processes` is at least 1, (sample,), m.

    The search ends when ln Ω is 0 to 1e-4, which corresponds to a relative change of 1e-5 in depth.

    Parameters
    ----------
    start_K : (sample,) temperature without this heat.
    age_s : (sample,) how long the heat has spread when the front stops.
    earlier : heat of the pulses before.
    guess_m : (sample,) a first guess of the depth, which shortens the search.
    """
    *given, start, age = broadcast_samples(*floor_heat, start_K, age_s)
    given[0] = np.maximum(given[0], 1e-9)
    heat, floor, boiling, _, _, capacity = given
    flat = heat / floor * np.log(np.maximum(floor / boiling, 1.0))
    total = heat + sum(pulse.heat_J_m2 for pulse in earlier)
    deepest = flat + PLANE_SOURCE_FACTOR * total / (capacity * LEAST_RISE_K)
    n = heat.size
    planes = np.array(
        [[broadcast_copy(pulse.height_above_floor_m, n), broadcast_copy(pulse.heat_J_m2, n)] for pulse in earlier]
    ).reshape(-1, 2, n)
    near = deepest * _NEAR if guess_m is None else np.clip(guess_m, _LEAST * deepest, 0.9 * deepest)
    result: Array = _damage_zones(
        _DepthSearch(*(broadcast_copy(value, n) for value in (*given, start, age, deepest, near))),
        _EarlierHeat(
            planes,
            np.array([pulse.age_s for pulse in earlier]),
            np.array([pulse.radius_m for pulse in earlier]),
            any(pulse.gaussian for pulse in earlier),
        ),
        expand_processes(processes, n, 1),
    )
    return result


def diffusion_times(farthest_m: Array, diffusivity_m2_s: Array) -> Array:
    """Return times, (sample, time), s, that cover the spread of heat over a distance, (sample,), and far beyond."""
    unit = farthest_m**2 / diffusivity_m2_s
    return np.asarray(_TIMES * unit[:, None])


def damage_reach(
    rise: Callable[[Array], Array],
    farthest_m: Array,
    diffusivity_m2_s: Array,
    start_K: Array,
    processes: Kinetics,
) -> Array:
    """Return the distance up to which Ω of `processes` is at least 1, (sample,), m; 0 where it is nowhere.

    Parameters
    ----------
    rise : function that returns the rise, (sample, time, distance), K, at distances (sample, distance) and the times of
        `diffusion_times`; it falls with the distance.
    farthest_m : (sample,) upper end of the search.
    start_K : (sample,) temperature without this heat.
    """
    unit = farthest_m**2 / diffusivity_m2_s
    # Omega is linear in time: with time in units of its own for each sample, all share their steps.
    own = replace(processes, frequency_1_s=processes.frequency_1_s * unit[:, None])

    def log_omega(distance: Array) -> Array:
        found = omega(start_K[:, None, None] + rise(distance), _STEPS, own)
        return np.log(np.maximum(found, _NO_OMEGA))

    coarse = np.geomspace(1e-3, 1.0, _DEPTHS) * farthest_m[:, None]
    (low, high), _ = _bracket_depths(coarse, log_omega)
    fine = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, _DEPTHS)
    (below, above), (first, last) = _bracket_depths(fine, log_omega)
    step = np.where(first > last, first - last, 1.0)
    # Where nothing is damaged, both ends are the first depth.
    return np.where(first < 0, 0.0, below + (above - below) * np.clip(first / step, 0.0, 1.0))


def _bracket_depths(
    depth: Array, log_omega: Callable[[Array], Array]
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return the depths between which Omega falls below 1, and ln Omega there, each (sample,), by bisection."""
    row, last = np.arange(len(depth)), depth.shape[1] - 1
    low, high = np.zeros(len(depth), dtype=np.int64), np.full(len(depth), last + 1)  # numbers of damaged depths
    found = np.zeros(depth.shape)
    while np.any(low < high):
        middle = np.minimum((low + high) // 2, last)
        log = log_omega(depth[row, middle][:, None])[:, 0]
        found[row, middle] = log
        open_, damaged = low < high, log >= 0
        low, high = np.where(open_ & damaged, middle + 1, low), np.where(open_ & ~damaged, middle, high)
    at = np.minimum(low, last)
    before = np.maximum(at - 1, 0)
    return (np.where(at > 0, depth[row, before], 0.0), depth[row, at]), (found[row, before], found[row, at])


@njit(cache=True)
def _scaled_erfc(x: float) -> float:  # pragma: no cover - compiled
    """Return exp(x²) erfc(x) for x >= 0; beyond 20 by its series, to 1e-8 (Abramowitz and Stegun 1964, 7.1.23)."""
    if x < 20.0:
        return math.exp(x * x) * math.erfc(x)
    return (1.0 - 0.5 / (x * x)) / (x * math.sqrt(math.pi))


@njit(cache=True)
def _tail(y: float, s: float, length: float) -> float:  # pragma: no cover - compiled
    """Return g(y) of (ablation 6) without overflow."""
    a = s / length - y / (2.0 * s)
    if a < 0.0:
        return math.exp((s / length) ** 2 - y / length) * math.erfc(a)
    return math.exp(-((y / (2.0 * s)) ** 2)) * _scaled_erfc(a)


@njit(cache=True)
def _half_space(z: float, s: float, flat: float, length: float) -> float:  # pragma: no cover - compiled
    """Return theta / theta0 of (ablation 6)."""
    if s == 0.0:
        return math.exp(-max(z - flat, 0.0) / length)
    total = _tail(z - flat, s, length) + _tail(-z - flat, s, length)
    if flat > 0.0:
        total += math.erf((flat - z) / (2.0 * s)) + math.erf((flat + z) / (2.0 * s))
    return 0.5 * total


@njit(cache=True)
def _energy(  # pragma: no cover - compiled
    z: float, s: float, length: float, floor: float, boiling: float, vented: float
) -> float:
    """Return the energy density by (ablation 5) and (ablation 6), J/m³."""
    boils = floor > boiling and vented > 0.0
    share = vented if boils else 0.0
    value = 0.0
    if share < 1.0:
        value += (1.0 - share) * floor * _half_space(z, s, 0.0, length)
    if boils:
        value += share * boiling * _half_space(z, s, length * math.log(floor / boiling), length)
    return value


@njit(cache=True, parallel=True)
def _rise(  # pragma: no cover - compiled
    depth: Array, spread: Array, length: Array, floor: Array, boiling: Array, vented: Array, result: Array
) -> None:
    for i in prange(depth.shape[0]):
        for n in range(spread.shape[1]):
            for k in range(depth.shape[1]):
                result[i, n, k] = _energy(depth[i, k], spread[i, n], length[i], floor[i], boiling[i], vented[i])


@njit(cache=True)
def _plane(  # pragma: no cover - compiled
    depth: float, spread: float, heat: float, radius: float, gaussian: bool, capacity: float
) -> float:
    """Return the temperature rise by (ablation 7); `spread` is 4 kappa t."""
    lateral = 1.0 / (1.0 + 2.0 * spread / radius**2) if gaussian else -math.expm1(-(radius**2) / spread)
    return 2.0 * heat / (capacity * math.sqrt(math.pi * spread)) * math.exp(-(depth**2) / spread) * lateral


class _DepthSearch(NamedTuple):
    """The heat of each sample and where its damage is looked for, (sample,) each.

    Parameters
    ----------
    heat, floor, boiling, vented, diffusivity, capacity : as in `FloorHeat`.
    start_K, age_s : temperature without this heat, and how long the heat has spread.
    deepest_m, near_m : the greatest and the first depth to try.
    """

    heat: Array
    floor: Array
    boiling: Array
    vented: Array
    diffusivity: Array
    capacity: Array
    start_K: Array
    age_s: Array
    deepest_m: Array
    near_m: Array


class _EarlierHeat(NamedTuple):
    """Heat of earlier pulses.

    Parameters
    ----------
    planes : height above the floor, m, and heat, J/m², (pulse, 2, sample).
    ages_s, radii_m : since the pulse, and of its spot, (pulse,).
    """

    planes: Array
    ages_s: Array
    radii_m: Array
    gaussian: bool


@njit(cache=True, parallel=True)
def _damage_zones(  # pragma: no cover - compiled
    search: _DepthSearch, earlier: _EarlierHeat, rates: ProcessRates
) -> Array:
    result = np.empty(search.near_m.size)
    for i in prange(result.size):
        result[i] = _damage_zone(np.int64(i), search, earlier, rates)  # signed, or it is compiled twice
    return result


@njit(cache=True)
def _damage_zone(  # pragma: no cover - compiled
    i: int, search: _DepthSearch, earlier: _EarlierHeat, rates: ProcessRates
) -> float:
    """Return the depth at which ln Omega is 0; the search brackets it outwards or inwards from `near`."""
    deepest = search.deepest_m[i]
    start = end = search.near_m[i]
    y = _log_omega_at(start, i, search, earlier, rates)
    low_y = high_y = y  # ln Omega falls with depth: the bracket needs it above 0 at `start` and below 0 at `end`
    other, other_y, stride = start, y, 1.2
    while low_y < 0.0 or high_y >= 0.0:
        if high_y >= 0.0:
            if end >= deepest:
                return deepest
            other, other_y = start, low_y
            start, low_y, end = end, high_y, min(end * stride, deepest)
            high_y = _log_omega_at(end, i, search, earlier, rates)
        else:
            if start == 0.0:
                return 0.0
            other, other_y = end, high_y
            end, high_y = start, low_y
            start = start / stride if start > _LEAST * deepest else 0.0
            low_y = _log_omega_at(start, i, search, earlier, rates)
        stride *= stride
    tries = 0
    while end - start > _WIDTH * deepest:
        tries += 1
        middle = (
            0.5 * (start + end) if tries % 4 == 0 else inverse_quadratic_step(start, end, other, low_y, high_y, other_y)
        )
        y = _log_omega_at(middle, i, search, earlier, rates)
        if abs(y) <= _LN_OMEGA_TOLERANCE:
            return middle
        if y > 0.0:
            other, other_y, start, low_y = start, low_y, middle, y
        else:
            other, other_y, end, high_y = end, high_y, middle, y
    return 0.5 * (start + end)


@njit(cache=True)
def _log_omega_at(  # pragma: no cover - compiled
    depth: float, i: int, search: _DepthSearch, earlier: _EarlierHeat, rates: ProcessRates
) -> float:
    kappa, capacity, floor = search.diffusivity[i], search.capacity[i], search.floor[i]
    planes, ages, radii, gaussian = earlier
    unit = search.deepest_m[i] ** 2 / kappa
    length = search.heat[i] / floor
    history = np.empty(_TIMES.size)
    for n in range(_TIMES.size):
        time = _TIMES[n] * unit
        s = math.sqrt(kappa * (search.age_s[i] + time))
        rise = _energy(depth, s, length, floor, search.boiling[i], search.vented[i]) / capacity
        for k in range(ages.size):
            spread = 4.0 * kappa * (ages[k] + time)
            rise += _plane(depth + planes[k, 0, i], spread, planes[k, 1, i], radii[k], gaussian, capacity)
        history[n] = search.start_K[i] + rise
    there = omega_at_dose(history, history, 0.0, _STEPS, rates_of_row(rates, i))
    return math.log(max(there * unit, _NO_OMEGA))
