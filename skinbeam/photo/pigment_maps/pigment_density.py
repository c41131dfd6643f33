"""Optical density of skin, and what blood adds to it apart from melanin and light, by one direction for all faces."""

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.colour import linear
from skinbeam.photo.gates import triple
from skinbeam.photo.reading.read import Picture

__all__ = ["blood_index", "blur_px", "density", "directions", "smoothed"]

Array = NDArray[np.float64]

_DARKEST = 1 / (255 * 12.92)  # linear light of the first sRGB step above black: keeps the logarithm finite


def density(light: Array) -> Array:
    """Return the optical density, -ln, of linear light (..., 3)."""
    return np.asarray(-np.log(np.maximum(light, _DARKEST)))


def directions() -> Array:
    """Return what a unit of melanin, of blood and of shade adds to the density of each channel, (channel, 3)."""
    return np.stack([triple("pigments", "melanin"), triple("pigments", "haemoglobin"), np.ones(3)], axis=1)


def blood_index(dense: Array) -> Array:
    """Return how much of green density (...) blood explains of densities (..., 3), up to a constant of the light.

    The density is taken as m·melanin + h·haemoglobin + s·(1, 1, 1), with fixed directions for the bands of a camera
    (`data/photo.toml`), and solved for h (photo 2). A change of brightness moves s alone, so uneven light leaves it;
    coloured light adds a constant, so only differences within one picture mean anything.
    """
    return np.asarray(dense @ np.linalg.inv(directions())[1])


def blur_px(pupil_px: float) -> float:
    """Return how far a picture is blurred for its colour, a fiftieth of the pupil distance: JPEG stores it coarsely."""
    return max(0.7, 0.02 * pupil_px)


def smoothed(rgb: Picture, pupil_px: float) -> Array:
    """Return linear light of a picture, blurred for its colour."""
    return np.asarray(cv2.GaussianBlur(linear(rgb), (0, 0), blur_px(pupil_px)))
