"""Change of the optics of skin with temperature and denaturation.

Part of the change is reversed on cooling; that by denaturation is not. The scattering coefficient of dermis over that
at the reference temperature T0, warmed to T with a damage integral Omega of its collagen, is

    (1 + s (T - T0)) (e^-Omega + (1 - e^-Omega) d),                                      (heated 1)

s the reversible relative change (Laufer and others 1998), d the scattering that remains where all collagen is
denatured. The mean cosine is unchanged, because reduced scattering is what was measured.
Absorption of the water in a place over that of all of it at its reference temperature is

    (1 - v) (1 + w (T - T0)),                                                            (heated 2)

w the relative change (Röttgers and others 2014), v the share that is vapour, which is so thin that it absorbs nothing.
Both lines are constant beyond the hottest temperature for which they are meant.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["scattering_factor", "water_absorption_factor"]

Array = NDArray[np.float64]


def scattering_factor(
    temperature_K: ArrayLike,
    omega: ArrayLike,
    *,
    slope_1_K: ArrayLike,
    reference_K: float,
    hottest_K: float,
    denatured: ArrayLike,
) -> Array:
    """Return scattering over that of native tissue at the reference temperature (heated 1). Shapes broadcast.

    Parameters
    ----------
    omega : damage integral of collagen. denatured : d.
    """
    native = np.exp(-np.asarray(omega, dtype=np.float64))
    return np.asarray(
        _linear_factor(temperature_K, slope_1_K, reference_K, hottest_K)
        * (native + (1 - native) * np.asarray(denatured))
    )


def water_absorption_factor(
    temperature_K: ArrayLike, vapour: ArrayLike, *, slope_1_K: ArrayLike, reference_K: float, hottest_K: float
) -> Array:
    """Return absorption of water over that of all of it at the reference temperature (heated 2). Shapes broadcast.

    Parameters
    ----------
    vapour : share of the water that has boiled, 0 to 1.
    """
    return np.asarray((1 - np.asarray(vapour)) * _linear_factor(temperature_K, slope_1_K, reference_K, hottest_K))


def _linear_factor(temperature_K: ArrayLike, slope_1_K: ArrayLike, reference_K: float, hottest_K: float) -> Array:
    warmed = np.minimum(np.asarray(temperature_K, dtype=np.float64), hottest_K) - reference_K
    return np.asarray(1 + np.asarray(slope_1_K) * warmed)
