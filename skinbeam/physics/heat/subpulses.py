"""A nominal pulse made of sub-pulses: when its light is on, and with what power.

n sub-pulses of length l begin evenly over a pulse of length T, the first at 0, the last ending at T:

    begin_k = k (T - l) / (n - 1),  k = 0 .. n - 1,                                                   (subpulses 1)

and the power is T / (n l) times that of the flat pulse of the same energy. n l = T is the flat pulse.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["subpulse_phases"]

Array = NDArray[np.float64]
_DIGITS = 9  # of the pulse: switches nearer than that are one


def subpulse_phases(pulse_s: float, trains: Sequence[tuple[int, float]]) -> tuple[Array, Array]:
    """Return the phases that several ways of making a pulse share, and the power of each way in each.

    Parameters
    ----------
    pulse_s : length of the nominal pulse.
    trains : (number of sub-pulses, length of each in s) of each way.

    Returns
    -------
    duration_s : (phase,) whose sum is `pulse_s`. power : (train, phase) over that of the flat pulse.

    Raises
    ------
    ValueError : no train, or sub-pulses longer than their spacing.
    """
    if not trains or any(n < 1 or length <= 0 or n * length > pulse_s * (1 + 1e-6) for n, length in trains):
        raise ValueError("trains of at least one sub-pulse, none longer than their spacing, are needed")
    begins = [np.linspace(0.0, max(1.0 - length / pulse_s, 0.0), n) if n > 1 else np.zeros(1) for n, length in trains]
    # What touches the next sub-pulse ends where that begins.
    ends = [
        np.minimum(begin + length / pulse_s, np.append(begin[1:], 1.0))
        for begin, (_, length) in zip(begins, trains, strict=True)
    ]
    switches = np.unique(np.round(np.concatenate([*begins, *ends, [0.0, 1.0]]), _DIGITS))
    middle = (switches[1:] + switches[:-1]) / 2
    share = np.diff(switches)
    lit = np.stack(
        [
            ((begin[:, None] < middle) & (middle < end[:, None])).any(axis=0)
            for begin, end in zip(begins, ends, strict=True)
        ]
    )
    return pulse_s * share, lit / (lit @ share)[:, None]
