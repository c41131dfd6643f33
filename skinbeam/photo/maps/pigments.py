"""Pigment maps: how much melanin and haemoglobin colour each pixel of skin, apart from how much light falls on it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.colour import linear
from skinbeam.photo.gates import triple
from skinbeam.photo.reading.read import Picture

__all__ = ["PigmentMaps", "blur_px", "density", "pigments", "smoothed"]

Array = NDArray[np.float64]

_DARKEST = 1 / (255 * 12.92)  # linear light of the first sRGB step above black: keeps the logarithm finite


@dataclass(frozen=True)
class PigmentMaps:
    """Index maps (height, width), in units of green optical density (natural logarithm), up to a constant of the light.

    Parameters
    ----------
    melanin, haemoglobin : the two pigments.
    shade : what is common to all channels: light, shadow, grey.
    """

    melanin: Array
    haemoglobin: Array
    shade: Array


def density(light: Array) -> Array:
    """Return the optical density, -ln, of linear light (..., 3)."""
    return np.asarray(-np.log(np.maximum(light, _DARKEST)))


def pigments(light: Array) -> PigmentMaps:
    """Return the maps of linear light (height, width, 3).

    The density of a pixel is taken as m·melanin + h·haemoglobin + s·(1, 1, 1), with fixed directions for the bands
    of a camera (`data/photo.toml`), and solved for m, h, s (photo 2). A change of brightness moves s alone, so
    uneven light leaves the pigments; coloured light adds a constant to them, so only differences within one picture
    mean anything.
    """
    directions = np.stack([triple("pigments", "melanin"), triple("pigments", "haemoglobin"), np.ones(3)], axis=1)
    solved = density(light) @ np.linalg.inv(directions).T
    return PigmentMaps(solved[..., 0], solved[..., 1], solved[..., 2])


def blur_px(pupil_px: float) -> float:
    """Return how far a picture is blurred for its colour, a fiftieth of the pupil distance: JPEG stores it coarsely."""
    return max(0.7, 0.02 * pupil_px)


def smoothed(rgb: Picture, pupil_px: float) -> Array:
    """Return linear light of a picture, blurred for its colour."""
    return np.asarray(cv2.GaussianBlur(linear(rgb), (0, 0), blur_px(pupil_px)))
