"""Optical density of skin in a picture, and the contributions of melanin and blood to it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.colour import srgb_to_linear
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.limits import colour_direction
from skinbeam.photo.pigment_maps.skin_colours import skin_colour_grid
from skinbeam.photo.pigment_maps.skin_level import SkinLevel

__all__ = [
    "PigmentDirections",
    "chromophore_directions",
    "colour_blur_px",
    "optical_density",
    "pigment_directions",
    "smooth_for_colour",
]

Array = NDArray[np.float64]

_DARKEST = 1 / (255 * 12.92)  # linear light of the first sRGB step above black: keeps the logarithm finite


def optical_density(light: Array) -> Array:
    """Return the optical density, -ln, of linear light (..., 3)."""
    return np.asarray(-np.log(np.maximum(light, _DARKEST)))


def chromophore_directions() -> Array:
    """Return the density of each channel per unit of melanin, of blood and of shade, (channel, 3) (photo 2)."""
    return np.stack([colour_direction("melanin"), colour_direction("haemoglobin"), np.ones(3)], axis=1)


def colour_blur_px(pupil_px: float) -> float:
    """Return the blur for reading colour, a fiftieth of the pupil distance, since JPEG stores colour coarsely."""
    return max(0.7, 0.02 * pupil_px)


def smooth_for_colour(rgb: Picture, pupil_px: float) -> Array:
    """Return linear light of a picture, blurred for reading colour."""
    return np.asarray(cv2.GaussianBlur(srgb_to_linear(rgb), (0, 0), colour_blur_px(pupil_px)))


# Colour change of this face for more melanin and more blood, by the optics of skin.

_TIMES = 2.0  # factor on the face's pigment: a spot has about twice as much


@compared_by_value
@dataclass(frozen=True)
class PigmentDirections:
    """Directions (3,) in optical density, green set to 1, and green density per e-fold of melanin.

    On light skin melanin absorbs mostly blue; on dark skin, where little blue is left, mostly red. With one direction
    for all faces a spot on dark skin would be classified as a shadow.
    """

    melanin: Array
    blood: Array
    green_per_ln_melanin: float


def pigment_directions(level: SkinLevel) -> PigmentDirections:
    """Return the directions at the level of a face."""
    colours = skin_colour_grid()
    before = np.log(colours.colours(level.melanin, level.blood))
    melanin = before - np.log(colours.colours(_TIMES * level.melanin, level.blood))
    blood = before - np.log(colours.colours(level.melanin, _TIMES * level.blood))
    return PigmentDirections(melanin / melanin[1], blood / blood[1], float(melanin[1] / np.log(_TIMES)))
