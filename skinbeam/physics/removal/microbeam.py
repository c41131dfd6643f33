"""Compute the lesion of one fractional beam, and the share of skin that many of them cover, for many draws at once.

The model is semi-analytic.

Light. A narrow beam loses photons from its column by scattering through small angles, long before they are absorbed. In
the small-angle limit of the equation of transfer (Ishimaru 1978, ch. 13) the fluence of a beam 2/(pi w0^2) exp(-2 r^2 /
w0^2) of unit energy is, with the phase function of Henyey and Greenstein at small angles,

    phi(r, z) = int q dq / 2pi J0(q r) exp(-q^2 w0^2 / 8 - (mu_a + mu_s) z + mu_s (1 - e^(-a q z)) / (a q)),
    a = (1 - g) / sqrt(g).                                                                   (microbeam 1)

It is replaced by a Gaussian with the same value and curvature on the axis. Photons that have turned round are left out:
against a Monte Carlo run (mu_a 7 and 20 per cm, mu_s' 12 and 15 per cm, w0 35 and 70 um) the axis gets 0.86-0.92 of the
light at 0.2 mm and 0.6-0.8 at 0.6 mm, half of it at 35 um. The depth of a lesion changes by the logarithm of that.

Heat. A Gaussian of width w spreads in radius, w^2 -> w^2 + 8 kappa t, and axial conduction is left out, since the light
falls off over more than the width. A pulse of constant power and length tau gives

    dT(r, t) = (mu_a phi0 E / rho c tau) int w^2 / (w^2 + 8 kappa s) exp(-2 r^2 / (w^2 + 8 kappa s)) ds  (microbeam 2)

over the ages s of the heat, max(0, t - tau) < s < t. Water is not held at 100 degC: a beam that would boil the skin is
outside this model, and the caller can detect that from `peak_K`; `simulate.removal.column` includes the effects that
are left out, for one skin.

Craters. Balance of energy at each radius, z(r) = (H(r) - H0) / h, with h calibrated for each kind of beam
(`calibration.microbeam_calibration`) and the onset H0 of a wide beam. The rim beside the crater follows from the heat
there (`crater_rim`). The rim below was measured at one energy, and is assumed to grow with its square root: a guess,
between no growth, as below a wide crater, whose heat does not depend on the exposure, and growth in proportion. The
mechanism that brings the heat there is not known: to spread so far from a tip it would take a fifth of the pulse.
Cover by randomly placed lesions of cross-section A and density n is 1 - exp(-n A), since they overlap.  (microbeam 3)
"""

import math
from typing import Literal, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.damage.arrhenius import Kinetics, expand_processes, omega_at_dose, rates_of_row
from skinbeam.physics.heat.linear_conduction import graded_time_steps
from skinbeam.physics.numerics.arrays import broadcast_copy, broadcast_samples

__all__ = [
    "CoagulatedColumn",
    "ColumnHeat",
    "DermisProperties",
    "HeatShapes",
    "axis_light",
    "coagulated_column",
    "column_heat",
    "coverage",
    "microbeam_crater",
    "rim_below",
]

Array = NDArray[np.float64]
Profile = Literal["gaussian", "top-hat"]
RadiusBlocks = tuple[tuple[float, float, int], ...]

# Squared radii in units of the width of the light, evenly spaced in r^2 (see `_heat_shape_rows`): first, step and
# number. The far ones are used where the near ones do not suffice: heat of high energies coagulates far beyond the
# light.
_NEAR = ((0.0, 0.375, 25),)
_FAR = ((9.0, 2.25, 13), (45.0, 9.0, 12), (189.0, 45.0, 12), (729.0, 180.0, 12), (2889.0, 720.0, 12))
_NO_LOG = -200.0  # ln of negligible damage
_AGES = 8  # Gauss nodes over the ages of the heat
_LOG_RATE_STEP = 0.03  # of ln(rate) between histories that are computed; others are interpolated
_COOLING = 25.0  # end of the history, in times w^2 / (8 kappa): the axis is then at 4 % of its peak or below


class CoagulatedColumn(NamedTuple):
    """A coagulated column.

    Parameters
    ----------
    depth_m : (sample,) depth at which Omega = 1 on the axis; 0 where it is nowhere reached, inf where it is still
        exceeded at the deepest depth given.
    width_m : (sample,) greatest diameter of Omega = 1.
    radius_m : (sample, depth) radius of Omega = 1 at each depth.
    peak_K : (sample, depth) highest temperature on the axis.
    """

    depth_m: Array
    width_m: Array
    radius_m: Array
    peak_K: Array


def axis_light(
    depth_m: ArrayLike, *, radius_m: ArrayLike, mua: ArrayLike, mus: ArrayLike, g: ArrayLike
) -> tuple[Array, Array]:
    """Return the fluence on the axis per incident peak fluence, and the 1/e² radius of the light, of (microbeam 1).

    Parameters
    ----------
    depth_m : (depth,) increasing, >= 0.
    radius_m : (sample,) 1/e² radius of the beam. mua, mus : (sample,) 1/m. g : (sample,) in (0, 1).

    Returns
    -------
    (sample, depth) each.
    """
    w0, absorbing, scattering, cosine = (
        np.atleast_1d(np.asarray(a, dtype=np.float64))[:, None, None] for a in (radius_m, mua, mus, g)
    )
    if np.any(w0 <= 0) or np.any(absorbing <= 0) or np.any(scattering < 0) or np.any((cosine <= 0) | (cosine >= 1)):
        raise ValueError("radius and mua must be positive, mus at least zero, g between 0 and 1")
    z = np.asarray(depth_m, dtype=np.float64)[None, :, None]
    # In p = q w0 the integrand is negligible beyond 12: exp(-p^2/8) = 1.5e-8.
    node, weight = np.polynomial.legendre.leggauss(64)
    p = (node + 1) * 6.0
    spread = (1 - cosine) / np.sqrt(cosine) * z / w0 * p
    remaining = np.where(spread > 0, -np.expm1(-spread) / np.maximum(spread, 1e-12), 1.0)
    kernel = weight * p * np.exp(-(p**2) / 8 - (absorbing + scattering) * z + scattering * z * remaining)
    value = kernel.sum(axis=-1)
    width = w0[..., 0] * np.sqrt(8 * value / (kernel * p**2).sum(axis=-1))
    return value * 6.0 / 4.0, width  # with no tissue the integral over p is 4


class HeatShapes(NamedTuple):
    """Histories of the rise over the rise if no heat were lost, which depend on one rate alone.

    Parameters
    ----------
    table : (row, radius, time) of rates that grow by a constant factor.
    place : (sample, depth) the fractional row of each depth.
    """

    table: Array
    place: Array


class ColumnHeat(NamedTuple):
    """Heat of one Gaussian beam in skins, for any energy.

    Parameters
    ----------
    depths : (depth,) m. steps : (step,) s. start : (sample,) temperature before the pulse, K.
    rise : (sample, depth) on the axis if no heat were lost, in K per joule that enters.
    width : (sample, depth) 1/e² radius of the light, m.
    pulse_s : length of the pulse. rate : (sample, depth) 8 kappa over the squared width, 1/s.
    shapes : the rise over that, at the radii `_NEAR`.
    """

    depths: Array
    steps: Array
    start: Array
    rise: Array
    width: Array
    pulse_s: float
    rate: Array
    shapes: HeatShapes


class DermisProperties(NamedTuple):
    """Optics, 1/m, heat properties, W/mK and J/m³K, and initial temperature, K, of the dermis; (sample,) each."""

    mua: ArrayLike
    mus: ArrayLike
    g: ArrayLike
    conductivity: ArrayLike
    heat_capacity_vol: ArrayLike
    start_K: ArrayLike


def column_heat(depth_m: ArrayLike, dermis: DermisProperties, *, radius_m: ArrayLike, pulse_s: float) -> ColumnHeat:
    """Compute the heat of one Gaussian beam.

    Parameters
    ----------
    depth_m : (depth,) depths of the result, increasing from 0.
    radius_m : (sample,) 1/e² radius. pulse_s : length of the pulse.

    Raises
    ------
    ValueError : a parameter out of range.
    """
    w0, k, c, start, absorbing = broadcast_samples(
        radius_m, dermis.conductivity, dermis.heat_capacity_vol, dermis.start_K, dermis.mua
    )
    if pulse_s <= 0 or np.any(k <= 0) or np.any(c <= 0):
        raise ValueError("pulse, conductivity and heat capacity must be positive")
    depths = np.asarray(depth_m, dtype=np.float64)
    light, width = axis_light(depths, radius_m=w0, mua=absorbing, mus=dermis.mus, g=dermis.g)
    rise = (2 / (math.pi * w0**2) * absorbing / c)[:, None] * light
    kappa = k / c
    after = _COOLING * float((width**2 / (8 * kappa[:, None])).max())
    steps, _ = graded_time_steps([pulse_s, after], first_fraction=0.1, growth=1.35, largest_fraction=0.2)
    rate = 8 * kappa[:, None] / width**2
    return ColumnHeat(depths, steps, start, rise, width, pulse_s, rate, _heat_shapes(steps, pulse_s, rate, _NEAR))


def coagulated_column(heat: ColumnHeat, energy_J: ArrayLike, processes: Kinetics) -> CoagulatedColumn:
    """Return the column that a beam coagulates.

    Parameters
    ----------
    energy_J : (sample,) that enters the skin, or several where `heat` has one sample.
    processes : kinetics of the endpoint.

    Raises
    ------
    ValueError : an energy below zero.
    """
    energy = np.atleast_1d(np.asarray(energy_J, dtype=np.float64))
    if np.any(energy < 0):
        raise ValueError("energy cannot be negative")
    rise = energy[:, None] * heat.rise
    log_damage, hottest = _column_damage(heat, rise, heat.shapes, processes)
    squared = _last_damage(_squared_radii(_NEAR), log_damage, hottest)
    beyond = np.isinf(squared)
    if beyond.any():
        far = _heat_shapes(heat.steps, heat.pulse_s, heat.rate, _FAR)
        squared[beyond] = _last_damage(_squared_radii(_FAR), *_column_damage(heat, rise, far, processes))[beyond]
    radius = np.sqrt(squared) * heat.width
    deepest = _last_damage(heat.depths, log_damage[:, :, 0], hottest[:, :, 0])
    return CoagulatedColumn(deepest, 2 * radius.max(axis=1), radius, heat.start[:, None] + hottest[:, :, 0])


def _column_damage(heat: ColumnHeat, rise: Array, shapes: HeatShapes, processes: Kinetics) -> tuple[Array, Array]:
    """Return ln Omega, at least -200, and the highest rise over time, K, (sample, depth, radius) each.

    Both fall with the radius. Beyond the first one where Omega is below 1 they are not computed but set to -200 and 0.
    """
    samples, radii = max(len(rise), len(shapes.place)), shapes.table.shape[1]
    log_damage = np.full((samples, rise.shape[1], radii), _NO_LOG)
    hottest = np.zeros(log_damage.shape)
    _column_damage_rows(
        broadcast_copy(heat.start, samples),
        broadcast_copy(rise, samples, rise.shape[1]),
        HeatShapes(shapes.table, broadcast_copy(shapes.place, samples, rise.shape[1])),
        heat.steps,
        expand_processes(processes, samples, 1),
        log_damage,
        hottest,
    )
    return log_damage, hottest


@njit(cache=True)
def _interpolate_cubic(table: Array, row: float, result: Array) -> None:  # pragma: no cover - compiled
    """Write the row of a table at a fractional number, by the cubic through the four rows around it."""
    first = min(max(int(row) - 1, 0), table.shape[0] - 4)
    x = row - first
    a = -(x - 1.0) * (x - 2.0) * (x - 3.0) / 6.0
    b = x * (x - 2.0) * (x - 3.0) / 2.0
    c = -x * (x - 1.0) * (x - 3.0) / 2.0
    d = x * (x - 1.0) * (x - 2.0) / 6.0
    for n in range(result.size):
        result[n] = a * table[first, n] + b * table[first + 1, n] + c * table[first + 2, n] + d * table[first + 3, n]


@njit(cache=True, parallel=True)
def _column_damage_rows(  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    start, rise, shapes, steps, processes, log_damage, hottest
):
    table, place = shapes
    for i in prange(rise.shape[0]):
        base, shape, rates = np.full(table.shape[2], start[i]), np.empty(table.shape[2]), rates_of_row(processes, i)
        for depth in range(rise.shape[1]):
            row = place[i, depth]
            for r in range(table.shape[1]):
                _interpolate_cubic(table[:, r], row, shape)
                hottest[i, depth, r] = rise[i, depth] * shape.max()
                found = omega_at_dose(base, shape, rise[i, depth], steps, rates)
                log_damage[i, depth, r] = max(math.log(max(found, 1e-300)), _NO_LOG)
                if found < 1.0:
                    break


def _squared_radii(blocks: RadiusBlocks) -> Array:
    return np.concatenate([first + step * np.arange(number) for first, step, number in blocks])


def _heat_shapes(steps: Array, pulse_s: float, rate: Array, blocks: RadiusBlocks) -> HeatShapes:
    """Return the integral of (microbeam 2) over tau, for radii in units of w; `rate` = 8 kappa / w², (sample, depth).

    With v = ln(1 + rate s) it is 1/(rate tau) x integral of exp(-2 r^2 e^-v) dv, smooth in v.
    """
    # The histories of many draws and depths differ in this rate alone, so that few are computed. The cubic through
    # four of them errs by less than 1e-4 of a rise, at radii up to three widths by less than 1e-5.
    place = np.log(rate / rate.min()) / _LOG_RATE_STEP
    nodes = rate.min() * np.exp(_LOG_RATE_STEP * np.arange(max(math.ceil(place.max()) + 1, 4)))
    return HeatShapes(_heat_shapes_of(nodes, steps, pulse_s, blocks), place)


def _heat_shapes_of(rates: Array, steps: Array, pulse_s: float, blocks: RadiusBlocks) -> Array:
    """Return the integral of `_heat_shapes` for each rate, (rate, radius, time)."""
    node, weight = np.polynomial.legendre.leggauss(_AGES)
    times = np.concatenate(([0.0], np.cumsum(steps)))
    result = np.empty((rates.size, sum(number for _, _, number in blocks), times.size))
    begin = 0
    for first, step, number in blocks:
        end = begin + number
        _heat_shape_rows(times, pulse_s, rates, 2 * first, 2 * step, begin, end, (node + 1) / 2, weight / 2, result)
        begin = end
    return result


@njit(cache=True, parallel=True)
def _heat_shape_rows(  # pragma: no cover - compiled
    times: Array,
    pulse_s: float,
    rate: Array,
    first: float,
    step: float,
    begin: int,
    end: int,
    node: Array,
    weight: Array,
    result: Array,
) -> None:
    """Fill the radii from `begin` to before `end` of the result, (rate, radius, time)."""
    for i in prange(rate.size):
        sums = np.empty(end - begin)  # in one piece: the result has its times in between
        for n in range(times.size):
            low = math.log1p(rate[i] * max(times[n] - pulse_s, 0.0))
            span = math.log1p(rate[i] * times[n]) - low
            scale = span / (rate[i] * pulse_s)
            sums[:] = 0.0
            for k in range(node.size):
                # Radii are evenly spaced in r^2: each exponential is the one before times a constant factor.
                spread = math.exp(-(low + span * node[k]))
                factor = math.exp(-step * spread)
                term = scale * weight[k] * math.exp(-first * spread)
                for r in range(sums.size):
                    sums[r] += term
                    term *= factor
            result[i, begin:end, n] = sums


def _last_damage(x: Array, log_damage: Array, rise: Array) -> Array:
    """Return the largest x up to which ln Omega stays above 0 on the last axis; 0 or inf at the ends.

    Between two points ln Omega is taken as linear in the peak `rise` of temperature, and x as linear in its logarithm:
    both are far closer to the truth than ln Omega linear in x, since Omega is steep and light falls off exponentially.
    """
    above = log_damage >= 0
    last = np.argmin(above, axis=-1)[..., None]  # index of the first point below 0
    left = np.maximum(last - 1, 0)
    f0, f1, t0, t1 = (
        np.take_along_axis(values, i, axis=-1)[..., 0] for values in (log_damage, rise) for i in (left, last)
    )
    inside = above[..., 0] & ~above.all(axis=-1)
    share = np.where(inside, f0 / np.where(inside, f0 - f1, 1.0), 0.0)
    t0, t1 = np.where(inside, t0, 2.0), np.where(inside, t1, 1.0)
    moved = np.log(t0 / (t0 + share * (t1 - t0))) / np.log(t0 / t1)
    between = x[left[..., 0]] + moved * (x[last[..., 0]] - x[left[..., 0]])
    return np.where(above.all(axis=-1), np.inf, np.where(inside, between, 0.0))


def microbeam_crater(
    *,
    energy_J: ArrayLike,
    radius_m: ArrayLike,
    threshold_J_m2: ArrayLike,
    enthalpy_J_m3: ArrayLike,
    profile: Profile = "gaussian",
) -> tuple[Array, Array]:
    """Return depth and width of the crater of one beam, (sample,), m. All arguments broadcast to (sample,).

    `radius_m` is the 1/e² radius of a Gaussian or the edge of a top-hat. Below the threshold both are 0.

    Raises
    ------
    ValueError : an unknown profile, or a radius, threshold or enthalpy that is not positive.
    """
    energy, radius, threshold, enthalpy = broadcast_samples(energy_J, radius_m, threshold_J_m2, enthalpy_J_m3)
    if np.any(radius <= 0) or np.any(threshold <= 0) or np.any(enthalpy <= 0):
        raise ValueError("radius, threshold and enthalpy must be positive")
    mean = energy / (math.pi * radius**2)
    if profile == "gaussian":
        peak = 2 * mean
        width = 2 * radius * np.sqrt(np.log(np.maximum(peak / threshold, 1.0)) / 2)
    elif profile == "top-hat":
        peak = mean
        width = np.where(peak > threshold, 2 * radius, 0.0)
    else:
        raise ValueError(f'unknown profile "{profile}"; known: gaussian, top-hat')
    return np.maximum(peak - threshold, 0.0) / enthalpy, width


def rim_below(energy_J: ArrayLike, rim_m: ArrayLike, reference_J: float) -> Array:
    """Return the coagulation below the crater, m, from its value `rim_m` at the energy `reference_J`."""
    return np.asarray(rim_m) * np.sqrt(np.asarray(energy_J, dtype=np.float64) / reference_J)


def coverage(density_1_m2: ArrayLike, area_m2: ArrayLike) -> Array:
    """Return the share of skin covered by randomly placed lesions (microbeam 3). Shapes broadcast.

    Raises
    ------
    ValueError : a negative value.
    """
    expected = np.asarray(density_1_m2, dtype=np.float64) * np.asarray(area_m2, dtype=np.float64)
    if np.any(expected < 0):
        raise ValueError("density and area cannot be negative")
    return np.asarray(-np.expm1(-expected))
