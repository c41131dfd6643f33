"""The time at which damage is done within an exposure."""

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.damage.arrhenius import Kinetics, omega_growth

__all__ = ["time_of_unit_omega"]

Floats = NDArray[np.float64]


def time_of_unit_omega(history_K: Floats, step_s: Floats, power_on: Floats, processes: Kinetics) -> Floats:
    """Return the time at which Ω passes 1 since the beam came on, (sample,), s; 0 if before, inf if never.

    Within a step ln Ω is linear in the logarithm of time: exact for a held temperature (Ω ~ t), and Ω of a rising one
    is close to a power of time over a step.
    """
    end = np.cumsum(step_s)
    if power_on.any():
        end = np.maximum(end - step_s[power_on == 0].sum(), 0.0)
    total = np.cumsum(omega_growth(history_K, step_s, processes), axis=1)
    reached = total >= 1
    first = np.argmax(reached, axis=1)
    row = np.arange(len(first))
    ever = reached.any(axis=1)
    after = np.where(ever, total[row, first], 1.0)
    before = np.where(ever & (first > 0), np.minimum(total[row, first - 1], 1.0), 0.0)
    start = np.maximum(end[first] - step_s[first], 0.0)
    usable = (before > 0) & (start > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(usable, -np.log(before) / (np.log(after) - np.log(before)), 1.0)
        inside = start * np.exp(power * (np.log(end[first]) - np.log(start)))
    return np.where(ever, np.where(usable, inside, end[first]), np.inf)
