"""Find the dose at which the damage of a history that is linear in the dose reaches a target.

Omega of base + dose x unit rises so steeply with the dose that its hottest moment decides almost all of it: a constant
rate during the time near that moment gives a first dose that is right within some per cent. From there ln Omega is
close to linear in ln dose, and inverse quadratic steps that keep the root bracketed between two tried doses converge
quickly.
"""

import math

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.damage.arrhenius import (
    Kinetics,
    ProcessRates,
    check_steps,
    expand_processes,
    omega_at_dose,
    rates_of_row,
    stage_rate,
)
from skinbeam.physics.numerics.interpolation import inverse_quadratic_step

__all__ = ["dose_for_unit_omega", "dose_for_unit_omega_everywhere"]

Array = NDArray[np.float64]

_WIDTH = 1e-9  # of the bracket around the dose, relative
_NEAR = 1e-7  # tolerance of ln(Omega / target), which rises at least as fast as ln dose
_LEAST = 1e-6  # fraction of `low` below which a dose counts as zero
_NO_OMEGA = 1e-300


def dose_for_unit_omega(
    base_K: ArrayLike,
    unit_K: ArrayLike,
    step_s: ArrayLike,
    processes: Kinetics,
    *,
    low: float,
    high: float,
    target: float = 1.0,
) -> Array:
    """Return, for each sample, the dose at which the history base + dose x unit reaches Omega = `target`.

    The search covers `low` to `high`, and down to a millionth of `low`, and ends when Omega is met to 1e-7 or the dose
    is known to 1e-9, both relative.

    Parameters
    ----------
    base_K : (sample, time) history without the dose, K.
    unit_K : (sample, time) change per unit dose, K, >= 0.
    step_s : (time - 1,)

    Returns
    -------
    (sample,) dose; 0 where base alone reaches the target (or a millionth of `low` does), inf where `high` does not.

    Raises
    ------
    ValueError : bounds out of order, a negative unit response, shapes that do not fit.
    """
    unit = np.asarray(unit_K, dtype=np.float64)
    return dose_for_unit_omega_everywhere(base_K, unit[:, None], step_s, processes, low=low, high=high, target=target)


def dose_for_unit_omega_everywhere(
    base_K: ArrayLike,
    unit_K: ArrayLike,
    step_s: ArrayLike,
    processes: Kinetics,
    *,
    low: float,
    high: float,
    target: float = 1.0,
) -> Array:
    """Return the largest of the doses that several places of each sample need; otherwise as `dose_for_unit_omega`.

    The search starts at the place with the lowest peak of the unit response, and goes on at places where that dose is
    not enough.

    Parameters
    ----------
    unit_K : (sample, place, time) change per unit dose, K, >= 0.

    Raises
    ------
    ValueError : as `dose_for_unit_omega`.
    """
    if not 0 < low < high or target <= 0:
        raise ValueError("0 < low < high and target > 0 are needed")
    # A read-only array is another type to Numba and would be compiled again.
    base, unit = (np.require(history, np.float64, ["C", "W"]) for history in (base_K, unit_K))
    # An implicit step may undershoot by a small part of the peak where nothing was heated, which does no harm.
    if base.shape != (len(unit), *unit.shape[2:]) or unit.min(initial=0.0) < -0.01 * unit.max(initial=0.0):
        raise ValueError("base and unit must have one shape, and the unit response cannot be negative")
    steps = check_steps(base, step_s)
    result: Array = _search_samples(base, unit, steps, expand_processes(processes, len(base), 1), low, high, target)
    return result


@njit(cache=True)
def _temperature_of_rate(  # pragma: no cover - compiled
    wanted: float, cold: float, hot: float, rates: ProcessRates
) -> float:
    """Return the temperature between `cold` and `hot` at which the rate is `wanted`, to a tenth of a kelvin.

    If no such temperature exists, it is the nearer end.
    """
    while hot - cold > 0.1:
        middle = 0.5 * (cold + hot)
        if stage_rate(middle, rates) < wanted:
            cold = middle
        else:
            hot = middle
    return 0.5 * (cold + hot)


@njit(cache=True)
def _first_guess(  # pragma: no cover - compiled
    base: Array, unit: Array, step_s: Array, rates: ProcessRates, low: float, high: float, target: float
) -> tuple[float, float]:
    """Return a dose near the solution, within the bounds, and the local exponent of Omega in the dose.

    The exponent is that of the power of the dose with which Omega rises there.
    """
    at = int(np.argmax(unit))
    cold, hot, long = base[at] + low * unit[at], base[at] + high * unit[at], step_s.sum()
    if not hot > cold:
        return high, 1.0
    dose, power = high, 1.0
    for _ in range(2):
        peak = _temperature_of_rate(target / long, cold, hot, rates)
        dose = min(max((peak - base[at]) / unit[at], low), high)
        over = stage_rate(peak + 0.5, rates)
        under = stage_rate(peak - 0.5, rates)
        steep = math.log(over / under) if under > 0.0 and over > under else 1.0
        power = max(steep * (peak - base[at]), 1.0)
        # Time during which the rate is within a factor of e of its maximum.
        long = 0.0
        for n in range(step_s.size):
            if 0.5 * (base[n] + base[n + 1] + dose * (unit[n] + unit[n + 1])) > peak - 1.0 / steep:
                long += step_s[n]
        if long == 0.0:
            long = step_s[max(at - 1, 0)]
    return dose, power


@njit(cache=True)
def _log_omega(  # pragma: no cover - compiled
    base: Array, unit: Array, log_dose: float, step_s: Array, rates: ProcessRates, target: float
) -> float:
    """Return ln of Omega over the target."""
    there = omega_at_dose(base, unit, math.exp(log_dose), step_s, rates)
    return math.log(max(there, _NO_OMEGA) / target)


@njit(cache=True)
def _search_dose(  # pragma: no cover - compiled
    base: Array, unit: Array, step_s: Array, rates: ProcessRates, low: float, high: float, target: float
) -> float:
    dose, power = _first_guess(base, unit, step_s, rates, low, high, target)
    start = end = math.log(dose)
    y = _log_omega(base, unit, start, step_s, rates, target)
    low_y = high_y = y
    least, most = math.log(_LEAST * low), math.log(high)
    stride = 0.01 + 1.1 * min(abs(y) / power, 0.5)
    other, other_y = start, y
    # Look for a dose on the other side of the root: first a little beyond its estimate, then further and further.
    while low_y >= 0.0 or high_y < 0.0:
        if high_y < 0.0:
            if end >= most:
                return np.inf
            other, other_y = start, low_y
            start, low_y, end = end, high_y, min(end + stride, most)
            high_y = _log_omega(base, unit, end, step_s, rates, target)
        else:
            if start <= least:
                return 0.0
            other, other_y = end, high_y
            end, high_y, start = start, low_y, max(start - stride, least)
            low_y = _log_omega(base, unit, start, step_s, rates, target)
        stride *= 2.0
    tries = 0
    while end > start + _WIDTH:
        tries += 1
        # Bisect every fourth time: a rate that begins at a temperature makes a jump of Omega, on which the other steps
        # converge slowly.
        half = tries % 4 == 0
        middle = 0.5 * (start + end) if half else inverse_quadratic_step(start, end, other, low_y, high_y, other_y)
        # Stay away from the ends by the requested width, so that the last step closes the bracket.
        middle = min(max(middle, start + 0.4 * _WIDTH), end - 0.4 * _WIDTH)
        y = _log_omega(base, unit, middle, step_s, rates, target)
        if abs(y) <= _NEAR:
            return math.exp(middle)
        if y < 0.0:
            other, other_y, start, low_y = start, low_y, middle, y
        else:
            other, other_y, end, high_y = end, high_y, middle, y
    return math.exp(0.5 * (start + end))


@njit(cache=True, parallel=True)
def _search_samples(  # pragma: no cover - compiled
    base: Array, unit: Array, step_s: Array, rates: ProcessRates, low: float, high: float, target: float
) -> Array:
    result = np.empty(base.shape[0])
    for s in prange(base.shape[0]):
        result[s] = _search_all_places(base[s], unit[s], step_s, rates_of_row(rates, s), low, high, target)
    return result


@njit(cache=True)
def _search_all_places(  # pragma: no cover - compiled
    base: Array, units: Array, step_s: Array, rates: ProcessRates, low: float, high: float, target: float
) -> float:
    coldest = 0
    for place in range(1, units.shape[0]):
        if units[place].max() < units[coldest].max():
            coldest = place
    dose = _search_dose(base, units[coldest], step_s, rates, low, high, target)
    for place in range(units.shape[0]):
        if not 0.0 < dose < np.inf or place == coldest:
            continue
        unit = units[place]
        if _log_omega(base, unit, math.log(dose), step_s, rates, target) < -_NEAR:
            dose = _search_dose(base, unit, step_s, rates, low, high, target)
    return dose
