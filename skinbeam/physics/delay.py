"""Damage that begins after a delay: the shoulder of cell survival below 55 °C.

First-order death is too fast at 43 to 55 °C, where survival stays near one for a time and falls at a constant rate only
then. Pearce (2015) lets the process start after a delay that depends on the temperature:

    Omega = integral of k(T) dt from t_d on,   integral of dt / t_d(T) from 0 to t_d = 1         (delay 1)

(at a held temperature the delay itself). The delays are those of cells in a dish and were not read: the caller brings
them, and no plan uses this. For pulses the delay means nothing: it is for minutes of heat.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.damage import Kinetics, omega_growth

__all__ = ["omega_after_delay"]

Array = NDArray[np.float64]


def omega_after_delay(
    history_K: ArrayLike, step_s: ArrayLike, processes: Kinetics, delay_s: Callable[[Array], Array]
) -> Array:
    """Return Omega at the end of a history, with the process at rest until its delay has passed.

    Parameters
    ----------
    history_K, step_s, processes : as of `damage.omega`.
    delay_s : from temperatures in K to the delay at each, > 0, inf where nothing ever starts.

    Raises
    ------
    ValueError : a delay that is not positive; or as `damage.omega`.
    """
    history = np.asarray(history_K, dtype=np.float64)
    growth = omega_growth(history, step_s, processes)
    delays = np.asarray(delay_s(history), dtype=np.float64)
    if not np.all(delays > 0):
        raise ValueError("a delay must be positive")
    steps = np.asarray(step_s, dtype=np.float64)
    if history.ndim == 3:
        steps = steps[:, None]
    # The way to the start of the process, linear within a step.
    way = np.cumsum(0.5 * (1 / delays[:, :-1] + 1 / delays[:, 1:]) * steps, axis=1)
    before = np.concatenate([np.zeros_like(way[:, :1]), way[:, :-1]], axis=1)
    share = np.clip((way - 1) / np.where(way > before, way - before, 1.0), 0.0, 1.0)
    return np.asarray((np.where(before >= 1, 1.0, np.where(way > 1, share, 0.0)) * growth).sum(axis=1))
