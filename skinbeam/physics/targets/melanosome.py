"""Heat of a melanosome in a heated layer of melanosomes, and the threshold at which vapour forms around it.

A granule is as warm as the layer around it, whose temperature comes from the simulation of the layer, plus its own
excess. The layer's heating includes the light of all granules, averaged over its volume; the excess of a single granule
is due to its own absorption less that average:

    T = T_l + H u + H (mu_a - mu_l) k eta / (rho c)                                            (melanosome 1)
    H* = (T* - T_l) / (u + (mu_a - mu_l) k eta / (rho c))                                      (melanosome 2)

with T_l the temperature of the layer without light, u its change per radiant exposure H, mu_a the absorption of a
granule, mu_l that of the layer's granules, averaged over its volume, k the fluence rate over the irradiance at its
place, T* the temperature at which vapour nucleates, and eta <= 1 the mean excess at the end of the pulse over that
without loss of heat. A pulse too short for any conduction has eta = 1 and, where only granules absorb, u = mu_l k /
(rho c): the granule alone decides, by H* = rho c (T* - T_l) / (mu_a k), the relation of Jacques and McAuliffe (1991).
In a long one eta -> 0 and the granule is as warm as its layer.

eta follows from heat in an unbounded medium of the same diffusivity kappa. The share of the heat of a uniform sphere of
radius a that is still inside after t is the integral of the Gaussian kernel over the distances of pairs of points,

    G(t) = 4/sqrt(pi) int_0^U u^2 exp(-u^2) (1 - 3u/2U + u^3/2U^3) du,   U = 2a / sqrt(4 kappa t),  (melanosome 3)
    eta  = (1/tau) int_0^tau G dt                                                              (melanosome 4)

for a pulse of constant power and length tau. For long pulses eta -> (2/5) a^2 / (kappa tau), the steady state. In a
train the earlier pulses add G averaged over the time since each.

Relaxation: a sphere of Gaussian profile exp(-4 r^2/d^2) has lost half its central temperature at

    (2^(2/3) - 1) d^2 / (16 kappa) = d^2 / (27.2 kappa);                                       (melanosome 5)

the factor of 24 that is also in use puts d/2 at the rms distance sqrt(6 kappa t).

The threshold covers vapour by heat only. A pulse about as short as sound takes across the granule also stresses it, and
by how much that lowers the threshold is not sourced: the model does not apply below `pulse_shortest_s`.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.model.sources import SourcedValue
from skinbeam.physics.damage.kinetics_table import kinetics_value
from skinbeam.physics.numerics.arrays import gauss_legendre

__all__ = [
    "nucleation_value",
    "retained_heat",
    "retained_heat_in_train",
    "sphere_relaxation_time",
    "threshold_exposure",
]

Array = NDArray[np.float64]

# After a pulse a granule retains 0.1 (d² / 4 kappa t)^1.5 of its heat: a hundred-thousandth at this many d²/kappa.
_NEGLIGIBLE_AFTER = 100.0
_NODES = 12
_TIME_DIGITS = 5  # decimals of a pulse length to which times of a train are rounded before they are compared


def nucleation_value(name: str) -> SourcedValue:
    """Return a value of `[nucleation]` in `data/tissue/kinetics.toml`, and record its source as used.

    Raises
    ------
    InputError : no such value; the message names the nearest one.
    """
    return kinetics_value("nucleation", name)


def sphere_relaxation_time(diameter_m: ArrayLike, diffusivity_m2_s: ArrayLike) -> Array:
    """Return the thermal relaxation time of a sphere, s (melanosome 5)."""
    return (2 ** (2 / 3) - 1) * np.asarray(diameter_m) ** 2 / (16 * np.asarray(diffusivity_m2_s, dtype=np.float64))


def retained_heat(pulse_s: ArrayLike, diameter_m: ArrayLike, diffusivity_m2_s: ArrayLike) -> Array:
    """Return eta (melanosome 4), in (0, 1].

    Gauss quadrature in sqrt(t), in which G is smooth; relative error below 1e-6 up to 1e6 relaxation times.

    Raises
    ------
    ValueError : a value that is not positive.
    """
    arrays = [np.asarray(a, dtype=np.float64) for a in (pulse_s, diameter_m, diffusivity_m2_s)]
    if any(np.any(a <= 0) for a in arrays):
        raise ValueError("pulse, diameter and diffusivity must be positive")
    pulse, diameter, diffusivity = np.broadcast_arrays(*arrays)
    spread_end = 4 * diffusivity * pulse / diameter**2  # 1/U^2 at the end of the pulse
    # Two panels: G falls within 1/U ~ 1 and has a tail of (1/U)^-3 beyond. dt = 2 x dx with x = 1/U.
    node, weight = gauss_legendre(40)
    end = np.sqrt(spread_end)
    knee = np.minimum(end, 1.0)
    x = knee[..., None] * (node + 1) / 2
    near = (weight * 2 * x * _sphere_share(1 / x)).sum(axis=-1) * knee / 2
    # The tail in v = 1/x: dt = -2 dv / v^3.
    v_low, v_high = 1 / end, 1 / knee
    v = v_low[..., None] + (v_high - v_low)[..., None] * (node + 1) / 2
    far = (weight * 2 * _sphere_share(v) / v**3).sum(axis=-1) * (v_high - v_low) / 2
    return np.asarray((near + far) / spread_end)


def retained_heat_in_train(
    start_s: Array, end_s: Array, pulse_s: float, diameter_m: ArrayLike, diffusivity_m2_s: ArrayLike
) -> Array:
    """Return the mean excess at the end of each pulse of a train over that of one pulse without loss, (sample, pulse).

    Parameters
    ----------
    start_s, end_s : (pulse,) start and end of each pulse of constant power. pulse_s : total time of light in which this
        power delivers one dose.
    diameter_m, diffusivity_m2_s : (sample,).
    """
    diameter, diffusivity = (np.asarray(a, dtype=np.float64)[:, None] for a in (diameter_m, diffusivity_m2_s))
    length, own = np.unique(np.round((end_s - start_s) / pulse_s, _TIME_DIGITS), return_inverse=True)
    retained: Array = (retained_heat(length * pulse_s, diameter, diffusivity) * length)[:, own]
    since = end_s[:, None] - end_s[None, :]  # from the end of pulse j (column) to that of pulse n (row)
    later, earlier = np.nonzero((since > 0) & (since < _NEGLIGIBLE_AFTER * np.max(diameter**2 / diffusivity)))
    if later.size == 0:
        return retained
    pairs = np.stack([since[later, earlier], (end_s - start_s)[earlier]], axis=1) / pulse_s
    times, which = np.unique(np.round(pairs, _TIME_DIGITS), axis=0, return_inverse=True)
    node, weight = gauss_legendre(_NODES)
    # In the logarithm of time, in which G t is smooth: dt = t dx.
    growth = np.log1p(times[:, 1:] / times[:, :1])
    at = times[:, :1] * np.exp(growth * (node + 1) / 2)  # (pair, node), in pulse lengths
    reach = diameter[..., None] / np.sqrt(4 * diffusivity[..., None] * at * pulse_s)
    left = (_sphere_share(reach) * at * growth * weight / 2).sum(axis=-1)
    for n, pair in zip(later, which.reshape(-1), strict=True):
        retained[:, n] += left[:, pair]
    return retained


def _sphere_share(u: Array) -> Array:
    """Return G of (melanosome 3); `u` is U. A series replaces the closed form for small U, where that cancels."""
    from scipy.special import erf  # imported late: commands without melanosomes need not load it

    from_centre = erf(u)
    decay = np.exp(-(u**2))
    safe = np.maximum(u, 0.3)
    second = math.sqrt(math.pi) / 4 * from_centre - safe / 2 * decay
    third = (1 - (1 + safe**2) * decay) / 2
    fifth = 1 - (1 + safe**2 + safe**4 / 2) * decay
    closed = 4 / math.sqrt(math.pi) * (second - 3 * third / (2 * safe) + fifth / (2 * safe**3))
    # sum over m of (-1)^m / m! U^(2m+3) (1/(2m+3) - 3/(2(2m+4)) + 1/(2(2m+6)))
    series = np.zeros_like(u)
    for m in range(8):
        moment = 1 / (2 * m + 3) - 3 / (2 * (2 * m + 4)) + 1 / (2 * (2 * m + 6))
        series += (-1) ** m / math.factorial(m) * moment * np.minimum(u, 0.3) ** (2 * m + 3)
    return np.where(u < 0.3, 4 / math.sqrt(math.pi) * series, closed)


def threshold_exposure(
    *,
    nucleation_K: ArrayLike,
    layer_K: ArrayLike,
    heat_capacity_vol: ArrayLike,
    excess_absorption_1_m: ArrayLike,
    retained_share: ArrayLike = 1.0,
    layer_K_m2_J: ArrayLike = 0.0,
) -> Array:
    """Return the radiant exposure at the surface, J/m², that brings the granule to nucleation (melanosome 2).

    Parameters
    ----------
    nucleation_K, layer_K : T* and T_l. heat_capacity_vol : rho c, J/m³K.
    excess_absorption_1_m : (mu_a - mu_l) k, at least 0. kept : eta, of `retained_heat` or `retained_heat_in_train`.
    layer_K_m2_J : u, K per J/m²; 0 for a granule on its own.

    Where neither granule nor layer is heated the dose is infinite.

    Raises
    ------
    ValueError : the start is not below nucleation, a heat capacity that is not positive, or a negative rise.
    """
    rise = np.asarray(nucleation_K, dtype=np.float64) - np.asarray(layer_K, dtype=np.float64)
    capacity, over, layer = (
        np.asarray(a, dtype=np.float64) for a in (heat_capacity_vol, excess_absorption_1_m, layer_K_m2_J)
    )
    if np.any(rise <= 0) or np.any(capacity <= 0) or np.any(over < 0) or np.any(layer < 0):
        raise ValueError("a rise and a heat capacity above zero are needed, and no cooling by light")
    with np.errstate(divide="ignore"):
        return np.asarray(rise / (layer + over * np.asarray(retained_share) / capacity))
