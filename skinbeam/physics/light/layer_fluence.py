"""Collimated light and mean fluence rates in plane layers.

Unscattered light at normal incidence is attenuated, and reflected back and forth between interfaces. Intensities add
(no interference: layers are many wavelengths thick and rough on that scale). A slab of transmission a = e^-τ between
surfaces of reflectance r₁ and r₂ gives the closed forms of every textbook, T = (1 − r₁)(1 − r₂) a / (1 − r₁ r₂ a²)
(light 7); the code applies them from the bottom layer upwards.

The fluence rate inside the layers is averaged over bins of depth in closed form. Each mode of a layer has, with x = τ −
τ_layer/2 and h = τ_layer/2,

    α(τ) = c cosh kx / cosh kh + d sinh kx / (k cosh kh)      where kh is small,
    α(τ) = P e^-kτ + Q e^-k(τ_layer − τ)                      elsewhere,                               (light 16)

and s φ(τ), s φ(τ_layer − τ) for the collimated light from above and below (`layer_modes.resonant_decay`). P and Q are
never differences of nearly equal numbers, so the fluence rate keeps its relative precision as deep as floating point
reaches.
"""

import math
from dataclasses import dataclass, fields

import numpy as np
from numba import njit
from numpy.typing import NDArray

from skinbeam.physics.light.layer_modes import TINY, LayerModes, LayerOperators, LayerSources, apply_matrix, mean_decay
from skinbeam.physics.light.plane_layers import normal_reflectance

__all__ = [
    "CollimatedLight",
    "DiffuseFluence",
    "collimated_light",
    "diffuse_fluence",
    "mean_collimated_fluence",
    "mean_layer_fluence",
]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CollimatedLight:
    """Collimated light, as fractions of the incident power.

    Parameters
    ----------
    down, up : entering each layer at its top and at its bottom, (sample, layer).
    internal_reflectance : leaving upwards after entering, without the first surface's reflection, (sample,).
    transmittance : leaving below the last layer, (sample,).
    """

    down: Array
    up: Array
    internal_reflectance: Array
    transmittance: Array


def collimated_light(around: Array, tau: Array) -> CollimatedLight:
    """Return the collimated light in layers of optical thickness `tau`, (sample, layer), inf where semi-infinite.

    Parameters
    ----------
    around : refractive indices from the ambient medium to the medium below the layers, (sample, layer + 2).
    """
    r = normal_reflectance(around[:, :-1], around[:, 1:])
    passed = np.exp(-tau)
    layers = tau.shape[1]
    below = np.empty_like(r)  # reflectance of interface i and all that is below it
    below[:, layers] = r[:, layers]
    for i in range(layers - 1, -1, -1):
        inner = passed[:, i] ** 2 * below[:, i + 1]
        below[:, i] = r[:, i] + (1.0 - r[:, i]) ** 2 * inner / (1.0 - r[:, i] * inner)
    down, up = np.empty_like(tau), np.empty_like(tau)
    falling = np.ones_like(tau[:, 0])
    for i in range(layers):
        inner = passed[:, i] ** 2 * below[:, i + 1]
        down[:, i] = (1.0 - r[:, i]) * falling / (1.0 - r[:, i] * inner)
        falling = passed[:, i] * down[:, i]
        up[:, i] = below[:, i + 1] * falling
    return CollimatedLight(down, up, (1.0 - r[:, 0]) * passed[:, 0] * up[:, 0], (1.0 - r[:, layers]) * falling)


def mean_collimated_fluence(down: Array, up: Array, top: Array, bottom: Array, end: Array) -> Array:
    """Return the mean collimated fluence rate from optical depth `top` to `bottom` of a layer that ends at `end`."""
    below = np.maximum(end - bottom, 0.0)
    return (down * np.exp(-top) + up * np.exp(-below)) * mean_decay(bottom - top)


# Mean fluence rates: (light 16).

# Below this kh a mode is expressed by cosh and sinh.
THIN_LAYER = 0.5


@dataclass(frozen=True)
class DiffuseFluence:
    """Diffuse fluence rate of each mode, weighted with the contribution of a unit of the mode.

    Parameters
    ----------
    tau : scaled optical thickness; 0 where semi-infinite, (sample, layer).
    k : (sample, layer, mode), as all following fields. thin_k : the same where thin, else 0.
    falling, rising : P and Q, 0 where thin.
    even, odd : c / cosh kh and d / cosh kh, 0 where thick.
    from_above, from_below : factors of φ.
    """

    tau: Array
    k: Array
    thin_k: Array
    falling: Array
    rising: Array
    even: Array
    odd: Array
    from_above: Array
    from_below: Array

    def mean(self, layer: NDArray[np.intp], top: Array, bottom: Array) -> Array:
        """Return the mean diffuse fluence rate in pieces of layers, (sample, piece).

        Parameters
        ----------
        layer : index of the layer of each piece. top, bottom : optical depths in it between which the mean is taken.
        """
        result = np.empty(top.shape)
        of_layers = (np.ascontiguousarray(getattr(self, f.name)) for f in fields(self))
        _bin_means(
            np.ascontiguousarray(layer), np.ascontiguousarray(top), np.ascontiguousarray(bottom), result, *of_layers
        )
        return result


@njit(cache=True, nogil=True)
def _mean_decay(y: float) -> float:  # pragma: no cover - compiled
    """Return (1 - e^-y) / y, as `layer_modes.mean_decay`."""
    safe = max(y, TINY)
    return -math.expm1(-safe) / safe


@njit(cache=True, nogil=True)
def _sinhc(y: float) -> float:  # pragma: no cover - compiled
    safe = max(abs(y), TINY)
    return math.sinh(safe) / safe


@njit(cache=True, nogil=True)
def _resonant_decay(k: float, tau: float, decay: float) -> float:  # pragma: no cover - compiled
    """Return φ(τ), as `layer_modes.resonant_decay`; `decay` is e^-tau."""
    slower = decay if k >= 1.0 else math.exp(-k * tau)
    return -slower * tau * _mean_decay(abs(1.0 - k) * tau)


@njit(cache=True, nogil=True)
def _bin_means(  # pragma: no cover - compiled
    layer: NDArray[np.intp],
    top: Array,
    bottom: Array,
    result: Array,
    tau: Array,
    k: Array,
    thin_k: Array,
    falling: Array,
    rising: Array,
    even: Array,
    odd: Array,
    from_above: Array,
    from_below: Array,
) -> None:
    for s in range(top.shape[0]):
        for piece in range(top.shape[1]):
            i, above = layer[s, piece], top[s, piece]
            wide, below = bottom[s, piece] - above, max(tau[s, i] - bottom[s, piece], 0.0)
            middle = 0.5 * (above + bottom[s, piece] - tau[s, i])
            decay_above, decay_below = math.exp(-above), math.exp(-below)
            decay_wide = _mean_decay(wide)
            total = 0.0
            for m in range(k.shape[2]):
                rate = k[s, i, m]
                path = rate * wide
                shape = _mean_decay(path)
                if falling[s, i, m] != 0.0:
                    total += shape * falling[s, i, m] * math.exp(-rate * above)
                if rising[s, i, m] != 0.0:
                    total += shape * rising[s, i, m] * math.exp(-rate * below)
                if even[s, i, m] != 0.0 or odd[s, i, m] != 0.0:
                    thin = thin_k[s, i, m]
                    across = even[s, i, m] * math.cosh(thin * middle) + odd[s, i, m] * middle * _sinhc(thin * middle)
                    total += across * _sinhc(0.5 * thin * wide)
                if from_above[s, i, m] == 0.0 and from_below[s, i, m] == 0.0:
                    continue
                # The divided difference of `mean_decay` between the two paths.
                low, high = min(wide, path), max(wide, path)
                before = decay_wide if low == wide else shape
                steep = wide * (math.exp(-low) * _mean_decay(high - low) - before) / max(high, TINY)
                if from_above[s, i, m] != 0.0:
                    total += from_above[s, i, m] * (
                        decay_above * steep + shape * _resonant_decay(rate, above, decay_above)
                    )
                if from_below[s, i, m] != 0.0:
                    total += from_below[s, i, m] * (
                        decay_below * steep + shape * _resonant_decay(rate, below, decay_below)
                    )
            result[s, piece] = total


def mean_layer_fluence(
    modes: LayerModes,
    operators: LayerOperators,
    sources: LayerSources,
    *,
    beam_down: Array,
    beam_up: Array,
    enter_top: Array,
    enter_bottom: Array,
) -> Array:
    """Return the mean diffuse fluence rate in each layer, (sample, layer); undefined where semi-infinite.

    Only the part that is even about the middle of the layer counts, and the mean of cosh kx / cosh kh is tanh kh / kh.
    Parameters as in `diffuse_fluence`.
    """
    beam, end = (beam_down + beam_up)[..., None], modes.end[..., None]
    entering = enter_top + enter_bottom - beam * (sources.top + sources.bottom)
    steep = end * _divided_difference(end, modes.k * end)
    means = apply_matrix(operators.even, entering) * modes.tanh_ratio + beam * modes.particular * steep
    return np.asarray(np.sum(modes.fluence * means, axis=-1))


def diffuse_fluence(
    modes: LayerModes,
    operators: LayerOperators,
    sources: LayerSources,
    *,
    beam_down: Array,
    beam_up: Array,
    enter_top: Array,
    enter_bottom: Array,
) -> DiffuseFluence:
    """Return the diffuse light inside the layers.

    Parameters
    ----------
    beam_down, beam_up : collimated light entering each layer at its top and its bottom, (sample, layer).
    enter_top, enter_bottom : diffuse light entering each layer there, (sample, layer, node).
    """
    down, up = beam_down[..., None], beam_up[..., None]
    top = enter_top - down * sources.top - up * sources.bottom
    bottom = enter_bottom - down * sources.bottom - up * sources.top
    half = modes.half
    endless = np.isinf(half)
    thin = half < THIN_LAYER
    tops, bottoms = apply_matrix(operators.even, top), apply_matrix(operators.even, bottom)

    # P = (B⁻¹ + A⁻¹) top + (B⁻¹ − A⁻¹) bottom, over 1 + e^-2kh, with B = X + Zkt, A = Xt + Zk = C k, t = tanh kh
    # (C as in `layer_operators`); Q the same with top and bottom exchanged. B⁻¹ − A⁻¹ = A⁻¹ (Zk − X)(1 − t) B⁻¹.
    decay = np.exp(-2.0 * half)
    missing = 2.0 * decay / (1.0 + decay)
    k = np.where(thin | endless, 1.0, modes.k)
    turn = modes.z * modes.k[..., None, :] - modes.x
    cross_top = apply_matrix(operators.odd, apply_matrix(turn, missing * tops)) / k
    cross_bottom = apply_matrix(operators.odd, apply_matrix(turn, missing * bottoms)) / k
    falling = np.where(endless, 2.0 * tops, (2.0 * tops - cross_top + cross_bottom) / (1.0 + decay))
    rising = np.where(endless, 0.0, (2.0 * bottoms - cross_bottom + cross_top) / (1.0 + decay))
    thick = np.where(thin, 0.0, modes.fluence)
    near = np.where(thin, modes.fluence / np.cosh(np.where(thin, half, 0.0)), 0.0)
    return DiffuseFluence(
        tau=modes.end,
        k=modes.k,
        thin_k=np.where(thin, modes.k, 0.0),
        falling=falling * thick,
        rising=rising * thick,
        even=near * (tops + bottoms),
        odd=-near * apply_matrix(operators.odd, top - bottom),
        from_above=down * modes.particular * modes.fluence,
        from_below=up * modes.particular * modes.fluence,
    )


def _divided_difference(y1: Array, y2: Array) -> Array:
    """Return (η(y1) − η(y2)) / (y1 − y2) of η = `mean_decay`, finite where y1 = y2 > 0; 0 where both are 0.

    Where both are 0 the true value is −1/2, but it is only ever multiplied by the width of a bin, 0 there too.
    """
    low, high = np.minimum(y1, y2), np.maximum(y1, y2)
    return np.asarray((np.exp(-low) * mean_decay(high - low) - mean_decay(low)) / np.maximum(high, TINY))
