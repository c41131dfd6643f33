"""Unscattered light at normal incidence in plane layers: attenuated, and reflected back and forth between interfaces.

Intensities add (no interference: layers are many wavelengths thick and rough on that scale). A slab of transmission
a = e^-τ between surfaces of reflectance r₁ and r₂ gives the closed forms of every textbook,
T = (1 − r₁)(1 − r₂) a / (1 − r₁ r₂ a²) (light 7); here they are applied from the bottom layer upwards.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.light.fresnel import normal_reflectance
from skinbeam.physics.light.modes import mean_decay

__all__ = ["Beam", "beam_mean", "collimated_beam"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Beam:
    """Collimated light, as fractions of the incident power.

    Parameters
    ----------
    down, up : entering each layer at its top and at its bottom, (sample, layer).
    returned : leaving upwards after entering, without the first surface's reflection, (sample,).
    through : leaving below the last layer, (sample,).
    """

    down: Array
    up: Array
    returned: Array
    through: Array


def collimated_beam(around: Array, tau: Array) -> Beam:
    """Return the collimated light in layers of optical thickness `tau`, (sample, layer), inf where semi-infinite.

    Parameters
    ----------
    around : refractive indices from the ambient medium to what lies below, (sample, layer + 2).
    """
    r = normal_reflectance(around[:, :-1], around[:, 1:])
    passed = np.exp(-tau)
    layers = tau.shape[1]
    below = np.empty_like(r)  # of interface i and all that lies below it
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
    return Beam(down, up, (1.0 - r[:, 0]) * passed[:, 0] * up[:, 0], (1.0 - r[:, layers]) * falling)


def beam_mean(down: Array, up: Array, top: Array, bottom: Array, end: Array) -> Array:
    """Return the mean collimated fluence rate from optical depth `top` to `bottom` of a layer that ends at `end`."""
    below = np.maximum(end - bottom, 0.0)
    return (down * np.exp(-top) + up * np.exp(-below)) * mean_decay(bottom - top)
