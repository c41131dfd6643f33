"""A single absorbing sphere in a short pulse: heat and pressure confinement, and the threshold of vapour.

    H* = rho c (T* - T0) / (mu_a k eta)                                                        (melanosome 1)

with T* the temperature at which vapour nucleates, mu_a the absorption coefficient inside the sphere, k the fluence rate
over the irradiance where it lies, and eta <= 1 the mean temperature at the end of the pulse over that without loss of
heat. For eta = 1 this is the relation of Jacques and McAuliffe (1991).

eta follows from heat in an unbounded medium of the same diffusivity kappa. The share of the heat of a uniform sphere
of radius a that is still inside after t is the integral of the Gaussian kernel over the distances of pairs of points,

    G(t) = 4/sqrt(pi) int_0^U u^2 exp(-u^2) (1 - 3u/2U + u^3/2U^3) du,   U = 2a / sqrt(4 kappa t),  (melanosome 2)
    eta  = (1/tau) int_0^tau G dt                                                              (melanosome 3)

for a pulse of constant power and length tau. For long pulses eta -> (2/5) a^2 / (kappa tau), the steady state.

Relaxation: a sphere of Gaussian profile exp(-4 r^2/d^2) has lost half its central temperature at

    (2^(2/3) - 1) d^2 / (16 kappa) = d^2 / (27.2 kappa);                                       (melanosome 4)

the factor of 24 that is also in use puts d/2 at the rms distance sqrt(6 kappa t).

Only the threshold of vapour is given. Shorter pulses break by plasma and pressure, longer ones heat the layer rather
than the granule; `in_range` says which, and outside it nothing here applies.
"""

import math
import tomllib
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.errors import unknown_name
from skinbeam.provenance import used
from skinbeam.sources import Sourced

__all__ = [
    "heat_kept",
    "in_range",
    "nucleation",
    "relaxation_time",
    "stress_confinement_time",
    "threshold_exposure",
]

Array = NDArray[np.float64]


@cache
def _table() -> dict[str, Sourced]:
    file = resources.files("skinbeam") / "data" / "tissue" / "kinetics.toml"
    rows = tomllib.loads(file.read_text(encoding="utf-8"))["nucleation"]
    return {name: Sourced.from_table(row) for name, row in rows.items()}


def nucleation(name: str) -> Sourced:
    """Return a value of `[nucleation]` in `data/tissue/kinetics.toml`, and note that its source was used.

    Raises
    ------
    InputError : no such value; the nearest is named.
    """
    table = _table()
    if name not in table:
        raise unknown_name("nucleation-value", name, table, field="nucleation")
    used(table[name].source)
    return table[name]


def in_range(pulse_s: ArrayLike) -> NDArray[np.bool_]:
    """Return whether pulses of this length are within the range of the thermal threshold."""
    pulse = np.asarray(pulse_s, dtype=np.float64)
    return (pulse >= nucleation("pulse_shortest_s").value) & (pulse <= nucleation("pulse_longest_s").value)


def relaxation_time(diameter_m: ArrayLike, diffusivity_m2_s: ArrayLike) -> Array:
    """Return the thermal relaxation time of a sphere, s (melanosome 4)."""
    return (2 ** (2 / 3) - 1) * np.asarray(diameter_m) ** 2 / (16 * np.asarray(diffusivity_m2_s, dtype=np.float64))


def stress_confinement_time(diameter_m: ArrayLike, sound_speed_m_s: ArrayLike) -> Array:
    """Return the time, s, in which sound crosses the sphere; shorter pulses raise pressure (Vogel 2003, sec. 3)."""
    return np.asarray(diameter_m, dtype=np.float64) / np.asarray(sound_speed_m_s, dtype=np.float64)


def heat_kept(pulse_s: ArrayLike, diameter_m: ArrayLike, diffusivity_m2_s: ArrayLike) -> Array:
    """Return eta (melanosome 3), in (0, 1].

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
    node, weight = np.polynomial.legendre.leggauss(40)
    end = np.sqrt(spread_end)
    knee = np.minimum(end, 1.0)
    x = knee[..., None] * (node + 1) / 2
    near = (weight * 2 * x * _inside(1 / x)).sum(axis=-1) * knee / 2
    # The tail in v = 1/x: dt = -2 dv / v^3.
    v_low, v_high = 1 / end, 1 / knee
    v = v_low[..., None] + (v_high - v_low)[..., None] * (node + 1) / 2
    far = (weight * 2 * _inside(v) / v**3).sum(axis=-1) * (v_high - v_low) / 2
    return np.asarray((near + far) / spread_end)


def _inside(u: Array) -> Array:
    """G of (melanosome 2); `u` is U. Its series for small U replaces the closed form, which cancels there."""
    from_centre = np.array([math.erf(value) for value in u.ravel()]).reshape(u.shape)
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
    start_K: ArrayLike,
    heat_capacity_vol: ArrayLike,
    mua: ArrayLike,
    fluence_ratio: ArrayLike,
    kept: ArrayLike = 1.0,
) -> Array:
    """Return the radiant exposure at the surface, J/m², that brings the sphere to nucleation (melanosome 1).

    Parameters
    ----------
    nucleation_K, start_K : T* and T0. heat_capacity_vol : rho c, J/m³K. mua : 1/m.
    fluence_ratio : fluence rate over irradiance at the depth of the sphere. kept : eta of `heat_kept`.

    Raises
    ------
    ValueError : the start is not below nucleation, or a factor is not positive.
    """
    rise = np.asarray(nucleation_K, dtype=np.float64) - np.asarray(start_K, dtype=np.float64)
    factors = [np.asarray(a, dtype=np.float64) for a in (heat_capacity_vol, mua, fluence_ratio, kept)]
    if np.any(rise <= 0) or any(np.any(f <= 0) for f in factors):
        raise ValueError("a rise and factors above zero are needed")
    return np.asarray(factors[0] * rise / (factors[1] * factors[2] * factors[3]))
