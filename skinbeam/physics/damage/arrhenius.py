"""Thermal damage by first-order processes with Arrhenius rates: damage integrals, stages, and combined sets.

    dOmega/dt = A exp(-Ea / R T),   surviving fraction S = exp(-Omega)                          (damage 1)

Rates of several processes add, so Omegas add. A set with two temperature ranges is two processes, each with a rate of
zero outside its own range. Temperature is linear in time within a step, and the integral over a step is then exact:

    integral of exp(-B/T) dT = T E2(B/T),   B = Ea / R,                                         (damage 2)

with E2 the exponential integral (Abramowitz and Stegun 1964, 5.1.4 and 5.1.22).

A held temperature reaches Omega = 1 in the time t at T = Ea / (R ln(A t)).                     (damage 3)

Stages that have to happen one after another have the combined rate

    1 / k = sum over stages of 1 / k_stage,   k_stage = sum of the rates of its processes              (stages 1)

The times that the stages take add, so the slowest stage dominates. Their rate is integrated to 1e-6, with Gauss points
in parts of a step: four points where no exponent changes by more than two leave less than 1e-6 of the rate (2^9 (4!)^4
/ (9 (8!)^3) for an exponential; a change of stage has its poles at i pi, further off), two points where none changes by
more than a tenth, 3e-8. The ends of the temperature range of a process are ends of parts.

A and Ea of published sets are correlated: ln A = a Ea + b (compensation law). The temperature of damage is what is
uncertain, so a set is varied by moving it along a line of slope a until its threshold at a reference time t has moved
from T to T' = T + delta. With ln A' = ln A + a (Ea' - Ea) in (damage 3),

    Ea' = R T' (ln(A t) - a Ea) / (1 - a R T').                                                 (damage 4)

`a` is the slope of least squares through the sets of `data/tissue/kinetics.toml`. All lines of slope a have rates that
do not depend on Ea at the isokinetic temperature 1/(a R), so no threshold can be moved across it.

Sets that all have to happen are combined into one damage, each a stage of it:

    1 / k = 1 / k1 + 1 / k2 + ...        the slowest sets the pace                                   (combine 1)

This is the form of two limiting processes, one for long and one for very short heating (Lukac et al. 2019).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from skinbeam.model.errors import unknown_name_error
from skinbeam.model.sources import cite_sources
from skinbeam.model.units import GAS_CONSTANT_J_MOL_K, ZERO_CELSIUS_K
from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.damage.kinetics_table import compensation_slope, kinetics_sets

__all__ = [
    "Kinetics",
    "ProcessRates",
    "check_steps",
    "combine_stages",
    "expand_processes",
    "mean_stage_rate",
    "omega",
    "omega_at_dose",
    "omega_growth",
    "omega_rate_bound",
    "rates_of_row",
    "read_kinetics",
    "shift_kinetics",
    "shift_threshold",
    "stage_rate",
    "surviving_fraction",
    "threshold_temperature",
]

Array = NDArray[np.float64]

_TWO, _TWO_WEIGHT = np.polynomial.legendre.leggauss(2)
_FOUR, _FOUR_WEIGHT = np.polynomial.legendre.leggauss(4)
_LN_NO_RATE = -60.0  # a rate below exp(-60) per second causes no damage within a lifetime


class ProcessRates(NamedTuple):
    """Processes as compiled code takes them: ln A, B = Ea / R and the ends of the range in K.

    Each is (process,), or (row, process) with a row for each history. `stages` is (process,), rising.
    """

    ln_a: Array
    b: Array
    low: Array
    high: Array
    stages: NDArray[np.int64]


@njit(cache=True)
def rates_of_row(rates: ProcessRates, row: int) -> ProcessRates:  # pragma: no cover - compiled
    """Return the processes of one row."""
    return ProcessRates(rates.ln_a[row], rates.b[row], rates.low[row], rates.high[row], rates.stages)


@njit(cache=True)
def stage_rate(t: float, rates: ProcessRates) -> float:  # pragma: no cover - compiled
    """Return the rate of (stages 1) at a temperature in K, 1/s."""
    ln_a, b, low, high, stages = rates
    slowness, p = 0.0, 0
    while p < stages.size:
        here, total = stages[p], 0.0
        while p < stages.size and stages[p] == here:
            if low[p] <= t < high[p]:
                total += math.exp(ln_a[p] - b[p] / t)
            p += 1
        if total == 0.0:
            return 0.0
        slowness += 1.0 / total
    return 1.0 / slowness


@njit(cache=True)
def mean_stage_rate(cold: float, hot: float, rates: ProcessRates) -> float:  # pragma: no cover - compiled
    """Return the mean rate, 1/s, while the temperature rises evenly from `cold` to `hot`, K."""
    if hot <= cold:
        return stage_rate(cold, rates)
    ln_a, b, low, high, stages = rates
    fastest = -np.inf
    for p in range(stages.size):
        fastest = max(fastest, ln_a[p] - b[p] / hot)
    if fastest < _LN_NO_RATE:
        return 0.0
    total, start = 0.0, cold
    while start < hot:
        end = hot
        for p in range(stages.size):
            if start < low[p] < end:
                end = low[p]
            if start < high[p] < end:
                end = high[p]
        change = b.max() * (1.0 / start - 1.0 / end)
        few = change < 0.1
        nodes, weights = (_TWO, _TWO_WEIGHT) if few else (_FOUR, _FOUR_WEIGHT)
        parts = 1 if few else math.ceil(change / 2.0)
        width = (end - start) / parts
        for part in range(parts):
            for node in range(nodes.size):
                t = start + width * (part + 0.5 * (1.0 + nodes[node]))
                total += 0.5 * width * weights[node] * stage_rate(t, rates)
        start = end
    return total / (hot - cold)


# Damage integrals: (damage 1) to (damage 4).


@compared_by_value
@dataclass(frozen=True)
class Kinetics:
    """First-order processes that together cause one kind of damage.

    Parameters
    ----------
    frequency_1_s, activation_J_mol : (process,) or (sample, process) A and Ea.
    low_K, high_K : the same shape; the rate is zero outside low <= T < high.
    stages : number of the stage of each process, rising. Rates of one stage add; stages happen one after another.
        Empty: all processes are of one stage.
    """

    frequency_1_s: Array
    activation_J_mol: Array
    low_K: Array
    high_K: Array
    stages: tuple[int, ...] = ()


def read_kinetics(name: str) -> Kinetics:
    """Read a set of `data/tissue/kinetics.toml` by name, and record its source as used.

    Raises
    ------
    InputError : no such set; the message names the nearest one.
    """
    sets = kinetics_sets()
    if name not in sets:
        raise unknown_name_error("kinetics", name, sets, field="kinetics")
    cite_sources(sets[name].source)
    rows = sets[name].processes
    return Kinetics(
        np.array([math.exp(row.ln_frequency) for row in rows]),
        np.array([row.activation_J_mol for row in rows]),
        np.array([0.0 if row.low_C is None else row.low_C + ZERO_CELSIUS_K for row in rows]),
        np.array([np.inf if row.high_C is None else row.high_C + ZERO_CELSIUS_K for row in rows]),
    )


def threshold_temperature(frequency_1_s: ArrayLike, activation_J_mol: ArrayLike, hold_s: ArrayLike) -> Array:
    """Return the temperature, K, that reaches Omega = 1 when held for `hold_s` (damage 3).

    Raises
    ------
    ValueError : A t <= 1, where no temperature does.
    """
    exponent = np.log(frequency_1_s) + np.log(hold_s)
    if np.any(exponent <= 0):
        raise ValueError("A t must exceed one")
    return np.asarray(activation_J_mol) / (GAS_CONSTANT_J_MOL_K * exponent)


def shift_threshold(
    frequency_1_s: ArrayLike, activation_J_mol: ArrayLike, delta_K: ArrayLike, *, reference_s: float
) -> tuple[Array, Array]:
    """Return (A, Ea) moved along the compensation line so that the threshold at `reference_s` moves by `delta_K`.

    Equation (damage 4); shapes broadcast.

    Raises
    ------
    ValueError : the new threshold would be on the isokinetic temperature of the line or beyond it.
    """
    slope = compensation_slope()
    ln_a, ea = np.log(frequency_1_s), np.asarray(activation_J_mol, dtype=np.float64)
    target = threshold_temperature(frequency_1_s, ea, reference_s) + np.asarray(delta_K)
    offset = ln_a + math.log(reference_s) - slope * ea
    moved = GAS_CONSTANT_J_MOL_K * target * offset / (1 - slope * GAS_CONSTANT_J_MOL_K * target)
    if not np.all(np.isfinite(moved) & (moved > 0)):
        raise ValueError("the threshold cannot be moved across the isokinetic temperature")
    return np.exp(ln_a + slope * (moved - ea)), moved


def shift_kinetics(base: Kinetics, delta_K: ArrayLike, *, reference_s: float) -> Kinetics:
    """Return `base` with every threshold, and every end of a range, moved by `delta_K` (sample,) → (sample, process).

    Raises
    ------
    ValueError : as `shift_threshold`.
    """
    delta = np.atleast_1d(np.asarray(delta_K, dtype=np.float64))[:, None]
    frequency, activation = shift_threshold(base.frequency_1_s, base.activation_J_mol, delta, reference_s=reference_s)
    low = np.where(base.low_K > 0, base.low_K + delta, 0.0)
    return Kinetics(frequency, activation, low, base.high_K + delta, base.stages)


def omega(history_K: ArrayLike, step_s: ArrayLike, processes: Kinetics) -> Array:
    """Return Omega at the end of a history that is linear between its times.

    Parameters
    ----------
    history_K : (sample, time) or (sample, time, cell) temperatures in K.
    step_s : (time - 1,)
    processes : rates; (sample, process) arrays give each sample its own.

    Returns
    -------
    (sample,) or (sample, cell).

    Raises
    ------
    ValueError : shapes that do not fit, or a temperature that is not above 0 K.
    """
    history = np.asarray(history_K, dtype=np.float64)
    rows = np.array(np.moveaxis(history, 1, -1), order="C")  # (sample, [cell,] time)
    n_cell = 1 if history.ndim == 2 else history.shape[2]
    flat = rows.reshape(-1, history.shape[1])
    steps = check_steps(flat, step_s)
    result: Array = _omega_rows(flat, steps, expand_processes(processes, len(history), n_cell))
    return result.reshape(rows.shape[:-1])


def omega_growth(history_K: ArrayLike, step_s: ArrayLike, processes: Kinetics) -> Array:
    """Return the growth of Omega in each step, (sample, step) or (sample, step, cell); otherwise as `omega`.

    Parameters
    ----------
    step_s : (step,), or (sample, step) where each sample has steps of its own.
    """
    history = np.asarray(history_K, dtype=np.float64)
    steps = np.broadcast_to(np.asarray(step_s, dtype=np.float64), (len(history), history.shape[1] - 1))
    before, after = (np.array(part.reshape(len(history), -1)) for part in (history[:, :-1], history[:, 1:]))
    # All steps are computed at once, each with a length of one second; the rate is then multiplied by the step length
    # of the sample.
    rate = omega(np.stack([before, after], axis=1), [1.0], processes).reshape(history[:, 1:].shape)
    return rate * (steps if history.ndim == 2 else steps[:, :, None])


def omega_rate_bound(hottest_K: ArrayLike, processes: Kinetics) -> Array:
    """Return an upper bound of the rate of Omega, 1/s, at or below the temperatures (sample, cell), K."""
    hottest = np.asarray(hottest_K, dtype=np.float64)[:, :, None]
    frequency, activation = (
        np.broadcast_to(part, (len(hottest), np.shape(part)[-1]))[:, None, :]
        for part in (processes.frequency_1_s, processes.activation_J_mol)
    )
    return np.asarray((frequency * np.exp(-activation / (GAS_CONSTANT_J_MOL_K * hottest))).sum(axis=2))


def surviving_fraction(omegas: ArrayLike) -> Array:
    """Return the surviving fraction exp(-Omega) (damage 1)."""
    return np.exp(-np.asarray(omegas, dtype=np.float64))


def check_steps(rows: Array, step_s: ArrayLike) -> Array:
    """Check and return the steps of histories (row, time).

    Raises
    ------
    ValueError : as `omega`.
    """
    steps = np.array(step_s, dtype=np.float64)
    if rows.ndim != 2 or steps.shape != (rows.shape[1] - 1,):
        raise ValueError(f"{rows.shape[-1]} times need {rows.shape[-1] - 1} steps, not {steps.shape}")
    if not np.all(rows > 0):
        raise ValueError("temperatures must be above 0 K")
    return steps


def expand_processes(processes: Kinetics, n_sample: int, n_cell: int) -> ProcessRates:
    """Return the processes of every row, (sample x cell, process)."""
    n_process = np.shape(processes.frequency_1_s)[-1]

    def rows(values: Array) -> Array:
        return np.repeat(np.broadcast_to(values, (n_sample, n_process)), n_cell, axis=0)

    return ProcessRates(
        rows(np.log(processes.frequency_1_s)),
        rows(processes.activation_J_mol / GAS_CONSTANT_J_MOL_K),
        rows(processes.low_K),
        rows(processes.high_K),
        np.array(processes.stages or (0,) * n_process, dtype=np.int64),
    )


@njit(cache=True)
def _arrhenius_rate(t: float, ln_a: float, b: float) -> float:  # pragma: no cover - compiled
    return math.exp(ln_a - b / t)


@njit(cache=True)
def _t_e2(t: float, ln_a: float, b: float) -> float:  # pragma: no cover - compiled
    """Return A T E2(B/T) by six levels of its continued fraction (Abramowitz and Stegun 1964, 5.1.22, contracted).

    Relative error below 1e-11 for B/T > 30; the sets for skin have 60 to 300.
    """
    x = b / t
    fraction = x + 10.0 - 30.0 / (x + 12.0)
    fraction = x + 8.0 - 20.0 / fraction
    fraction = x + 6.0 - 12.0 / fraction
    fraction = x + 4.0 - 6.0 / fraction
    fraction = x + 2.0 - 2.0 / fraction
    return t * math.exp(ln_a - x) / fraction


@njit(cache=True)
def omega_at_dose(  # pragma: no cover - compiled
    base: Array, unit: Array, dose: float, step_s: Array, rates: ProcessRates
) -> float:
    """Return Omega of the history base + dose x unit."""
    ln_a, b, low, high, stages = rates
    if stages[0] != stages[-1]:
        total = 0.0
        after = base[0] + dose * unit[0]
        for n in range(step_s.size):
            before = after
            after = base[n + 1] + dose * unit[n + 1]
            total += step_s[n] * mean_stage_rate(min(before, after), max(before, after), rates)
        return total
    total = 0.0
    for p in range(ln_a.size):
        total += _omega_of_process(base, unit, dose, step_s, ln_a[p], b[p], low[p], high[p])
    return total


@njit(cache=True)
def _omega_of_process(  # pragma: no cover - compiled
    base: Array, unit: Array, dose: float, step_s: Array, ln_a: float, b: float, low: float, high: float
) -> float:
    """Return Omega of one process, whose rate is zero below `low` and from `high` on."""
    # A rate below exp(-60) per second causes no damage within a lifetime.
    negligible = b / max(ln_a + 60.0, 1e-300)  # K
    total = 0.0
    after = base[0] + dose * unit[0]
    known_K, known = 0.0, 0.0  # the last temperature at which the integral was needed, which the next step begins at
    for n in range(step_s.size):
        before = after
        after = base[n + 1] + dose * unit[n + 1]
        cold, hot = min(before, after), max(before, after)
        if hot < low or cold >= high or hot < negligible:
            continue
        first, last = min(max(before, low), high), min(max(after, low), high)
        start, end = min(first, last), max(first, last)
        share = (end - start) / (hot - cold) if hot > cold else 1.0
        if b * (end - start) < 0.1 * start * end:
            # (damage 2) would cancel; Simpson's rule has a relative error of exponent**4 / 2880 here.
            middle = _arrhenius_rate(0.5 * (start + end), ln_a, b)
            mean = (_arrhenius_rate(start, ln_a, b) + 4.0 * middle + _arrhenius_rate(end, ln_a, b)) / 6.0
        else:
            at_first = known if known_K == first else _t_e2(first, ln_a, b)
            known_K, known = last, _t_e2(last, ln_a, b)
            mean = abs(known - at_first) / (end - start)
        total += step_s[n] * share * mean
    return total


@njit(cache=True, parallel=True)
def _omega_rows(rows: Array, step_s: Array, rates: ProcessRates) -> Array:  # pragma: no cover - compiled
    result = np.empty(rows.shape[0])
    for s in prange(rows.shape[0]):
        result[s] = omega_at_dose(rows[s], rows[s], 0.0, step_s, rates_of_row(rates, s))
    return result


def combine_stages(*parts: Kinetics) -> Kinetics:
    """Combine processes that all have to happen into one damage (combine 1); all or none have rates by sample."""
    stages = [number for number, part in enumerate(parts) for _ in range(np.shape(part.frequency_1_s)[-1])]
    return Kinetics(
        np.concatenate([part.frequency_1_s for part in parts], axis=-1),
        np.concatenate([part.activation_J_mol for part in parts], axis=-1),
        np.concatenate([part.low_K for part in parts], axis=-1),
        np.concatenate([part.high_K for part in parts], axis=-1),
        tuple(stages),
    )
