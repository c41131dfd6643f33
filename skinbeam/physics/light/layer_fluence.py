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
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.light.layer_modes import (
    TINY,
    LayerModes,
    LayerOperators,
    LayerOptics,
    LayerSources,
    ModeSpace,
    mean_decay,
    resonant_decay,
)
from skinbeam.physics.light.plane_layers import normal_reflectance
from skinbeam.physics.numerics.memory_layout import NJIT_OPTIONS
from skinbeam.physics.numerics.small_matrices import apply

__all__ = [
    "CollimatedLight",
    "DiffuseFluence",
    "LayerBeams",
    "beams_of_sample",
    "collimated_light",
    "find_bin_means",
    "find_fluence",
]

Array = NDArray[np.float64]


@compared_by_value
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


# Mean fluence rates: (light 16).

# Below this kh a mode is expressed by cosh and sinh.
THIN_LAYER = 0.5
# Where k is closer to 1 than this, φ is computed as one function, and else as the difference of its two decays: that
# loses one digit at most, and spares two exponentials for each bin.
RESONANCE = 0.1


class DiffuseFluence(NamedTuple):
    """Diffuse fluence rate of each mode, weighted with the contribution of a unit of the mode.

    Parameters
    ----------
    falling, rising : factors of e^-kτ and e^-k(τ_layer − τ), (layer, mode), as all but the last two.
    even, odd : c / cosh kh and d / cosh kh, 0 where thick.
    from_above, from_below : factors of φ, 0 unless near resonance.
    as_beam_down, as_beam_up : factors of e^-τ and e^-(τ_layer − τ), (layer,).
    """

    falling: Array
    rising: Array
    even: Array
    odd: Array
    from_above: Array
    from_below: Array
    as_beam_down: Array
    as_beam_up: Array


class LayerBeams(NamedTuple):
    """Collimated light entering layers, (sample, layer), or (layer,) of one sample.

    Parameters
    ----------
    down, up : at the top and at the bottom, what delta-M counts as unscattered included.
    """

    down: Array
    up: Array


@njit(cache=True)
def beams_of_sample(beams: LayerBeams, sample: int) -> LayerBeams:  # pragma: no cover - compiled
    """Return the collimated light of one sample."""
    return LayerBeams(beams.down[sample], beams.up[sample])


@njit(cache=True, **NJIT_OPTIONS)
def find_fluence(  # pragma: no cover - compiled
    modes: LayerModes,
    operators: LayerOperators,
    sources: LayerSources,
    layer: int,
    tau: float,
    beam: LayerBeams,
    enter_top: Array,
    enter_bottom: Array,
    fluence: DiffuseFluence,
    space: ModeSpace,
) -> float:
    """Compute the diffuse light inside one layer, and return its mean fluence rate; undefined where semi-infinite.

    Only the part that is even about the middle of the layer counts for the mean, and that of cosh kx / cosh kh is
    tanh kh / kh.

    Parameters
    ----------
    modes, operators, sources : of the layer.
    tau : scaled optical thickness.
    beam : collimated light of one sample.
    enter_top, enter_bottom : diffuse light entering it there, (node,).
    """
    beam_down, beam_up = beam.down[layer], beam.up[layer]
    x, z, k, half, unit = modes.x, modes.z, modes.k, modes.half, modes.fluence
    particular, ratio = modes.particular, modes.tanh_ratio
    top, bottom, tops, bottoms = space.vectors[0], space.vectors[1], space.vectors[2], space.vectors[3]
    uneven, turned, cross = space.vectors[4], space.vectors[5], space.vectors[6]
    nodes, endless = len(k), math.isinf(tau)
    for i in range(nodes):
        top[i] = enter_top[i] - beam_down * sources.top[i] - beam_up * sources.bottom[i]
        bottom[i] = enter_bottom[i] - beam_down * sources.bottom[i] - beam_up * sources.top[i]
    apply(operators.even, top, tops)
    apply(operators.even, bottom, bottoms)
    as_beam_down, as_beam_up = 0.0, 0.0
    for m in range(nodes):
        fluence.even[layer, m] = fluence.odd[layer, m] = 0.0
        above, below = beam_down * particular[m] * unit[m], beam_up * particular[m] * unit[m]
        resonant = abs(1.0 - k[m]) < RESONANCE
        fluence.from_above[layer, m] = above if resonant else 0.0
        fluence.from_below[layer, m] = below if resonant else 0.0
        above, below = (0.0, 0.0) if resonant else (above / (1.0 - k[m]), below / (1.0 - k[m]))
        as_beam_down += above
        as_beam_up += below
        fluence.falling[layer, m] = -above + (2.0 * tops[m] * unit[m] if endless else 0.0)
        fluence.rising[layer, m] = -below
    fluence.as_beam_down[layer], fluence.as_beam_up[layer] = as_beam_down, as_beam_up
    if endless:
        return math.nan

    # P = (B⁻¹ + A⁻¹) top + (B⁻¹ − A⁻¹) bottom, over 1 + e^-2kh, with B = X + Zkt, A = Xt + Zk = C k, t = tanh kh
    # (C as in `find_operators`); Q the same with top and bottom exchanged. B⁻¹ − A⁻¹ = A⁻¹ (Zk − X)(1 − t) B⁻¹.
    for m in range(nodes):
        decay = math.exp(-2.0 * half[m])
        uneven[m] = 2.0 * decay / (1.0 + decay) * (bottoms[m] - tops[m])
    for i in range(nodes):
        total = 0.0
        for m in range(nodes):
            total += (z[i, m] * k[m] - x[i, m]) * uneven[m]
        turned[i] = total
        top[i] -= bottom[i]
    apply(operators.odd, turned, cross)
    apply(operators.odd, top, turned)
    mean = 0.0
    for m in range(nodes):
        both = tops[m] + bottoms[m]
        mean += unit[m] * both * ratio[m]
        mean += unit[m] * (beam_down + beam_up) * particular[m] * tau * _decay_difference(tau, k[m] * tau)
        if half[m] < THIN_LAYER:
            near = unit[m] / math.cosh(half[m])
            fluence.even[layer, m] = near * both
            fluence.odd[layer, m] = -near * turned[m]
        else:
            far = unit[m] / (1.0 + math.exp(-2.0 * half[m]))
            fluence.falling[layer, m] += far * (2.0 * tops[m] + cross[m] / k[m])
            fluence.rising[layer, m] += far * (2.0 * bottoms[m] - cross[m] / k[m])
    return mean


@njit(cache=True, **NJIT_OPTIONS)
def find_bin_means(  # pragma: no cover - compiled
    edges: Array,
    nodes: NDArray[np.int64],
    optics: LayerOptics,
    beam: LayerBeams,
    modes: LayerModes,
    fluence: DiffuseFluence,
    total: Array,
) -> None:
    """Compute the mean fluence rates in bins, (bin,), of one sample.

    Bins are cut where layers meet. Below the last layer the fluence rate is 0.

    Parameters
    ----------
    edges : of the bins, m, (bin + 1,).
    nodes, optics, beam : of one sample, (layer,); `nodes` counts the directions that exist in a layer.
    modes : of every layer.
    """
    thickness, scaled = optics.thickness, optics.scaled
    layer, start, end = 0, 0.0, thickness[0]
    for bin in range(len(total)):
        total[bin] = 0.0
        low, width = edges[bin], edges[bin + 1] - edges[bin]
        while True:
            while layer < len(thickness) and end <= low:
                layer += 1
                start = end
                end += thickness[min(layer, len(thickness) - 1)]
            if layer == len(thickness):
                break
            high = min(edges[bin + 1], end)
            share = (high - low) / width
            # Rounding may put an edge a little outside its layer.
            top, bottom = max(low - start, 0.0), min(high - start, thickness[layer])
            down = beam.down[layer] + fluence.as_beam_down[layer]
            up = beam.up[layer] + fluence.as_beam_up[layer]
            total[bin] += share * (
                _mean_of_modes(layer, nodes[layer], scaled[layer], thickness[layer], top, bottom, modes, fluence)
                + _mean_collimated(down, up, scaled[layer], thickness[layer], top, bottom)
            )
            low = high
            if low >= edges[bin + 1]:
                break


@njit(cache=True, **NJIT_OPTIONS)
def _mean_collimated(  # pragma: no cover - compiled
    down: float, up: float, attenuation: float, thickness: float, top: float, bottom: float
) -> float:
    """Return the mean collimated fluence rate between two depths in a layer."""
    mean = down * math.exp(-attenuation * top)
    if up != 0.0:
        mean += up * math.exp(-attenuation * max(thickness - bottom, 0.0))
    return mean * mean_decay(attenuation * (bottom - top))


@njit(cache=True, **NJIT_OPTIONS)
def _mean_of_modes(  # pragma: no cover - compiled
    layer: int,
    nodes: int,
    scaled: float,
    thickness: float,
    top: float,
    bottom: float,
    modes: LayerModes,
    fluence: DiffuseFluence,
) -> float:
    """Return the mean diffuse fluence rate between two depths in a layer, without the part that decays as the beam."""
    rates, half = modes.k[layer], modes.half[layer]
    falling, rising, even, odd = fluence.falling[layer], fluence.rising[layer], fluence.even[layer], fluence.odd[layer]
    from_above, from_below = fluence.from_above[layer], fluence.from_below[layer]
    tau = 0.0 if math.isinf(thickness) else scaled * thickness
    above, wide = scaled * top, scaled * bottom - scaled * top
    below = max(tau - scaled * bottom, 0.0)
    middle = 0.5 * (scaled * top + scaled * bottom - tau)
    total = 0.0
    for m in range(nodes):
        rate = rates[m]
        path = rate * wide
        shape = mean_decay(path)
        total += shape * falling[m] * math.exp(-rate * above)
        if rising[m] != 0.0:
            total += shape * rising[m] * math.exp(-rate * below)
        if half[m] < THIN_LAYER:
            across = even[m] * _thin_cosh(rate * middle) + odd[m] * middle * _thin_sinhc(rate * middle)
            total += across * _thin_sinhc(0.5 * path)
        if from_above[m] != 0.0 or from_below[m] != 0.0:
            decay_above, decay_below = math.exp(-above), math.exp(-below)
            steep = wide * _decay_difference(wide, path)
            total += from_above[m] * (decay_above * steep + shape * resonant_decay(rate, above, decay_above))
            total += from_below[m] * (decay_below * steep + shape * resonant_decay(rate, below, decay_below))
    return total


@njit(cache=True, fastmath={"arcp", "contract"}, **NJIT_OPTIONS)
def _thin_cosh(y: float) -> float:  # pragma: no cover - compiled
    """Return cosh y for |y| < `THIN_LAYER`, where its series ends within rounding."""
    q = y * y
    series = 1.0 + q / 132.0 * (1.0 + q / 182.0)
    return 1.0 + q / 2.0 * (1.0 + q / 12.0 * (1.0 + q / 30.0 * (1.0 + q / 56.0 * (1.0 + q / 90.0 * series))))


@njit(cache=True, fastmath={"arcp", "contract"}, **NJIT_OPTIONS)
def _thin_sinhc(y: float) -> float:  # pragma: no cover - compiled
    """Return sinh y / y for |y| < `THIN_LAYER`, where its series ends within rounding."""
    q = y * y
    series = 1.0 + q / 110.0 * (1.0 + q / 156.0)
    return 1.0 + q / 6.0 * (1.0 + q / 20.0 * (1.0 + q / 42.0 * (1.0 + q / 72.0 * series)))


@njit(cache=True, **NJIT_OPTIONS)
def _decay_difference(y1: float, y2: float) -> float:  # pragma: no cover - compiled
    """Return (η(y1) − η(y2)) / (y1 − y2) of η = `mean_decay`, finite where y1 = y2 > 0; 0 where both are 0.

    Where both are 0 the true value is −1/2, but it is only ever multiplied by the width of a bin, 0 there too.
    """
    low, high = min(y1, y2), max(y1, y2)
    return (math.exp(-low) * mean_decay(high - low) - mean_decay(low)) / max(high, TINY)
