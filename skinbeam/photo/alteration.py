"""Measure whether a picture of a face was tinted or enlarged: its pixels then show less than their number promises."""

import cv2
import numpy as np

from skinbeam.photo.colour import LUMINANCE, linear_to_lab, srgb_to_linear
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.view import View, shrink_image

__all__ = ["hue_spread", "judged_box", "laplacian_share"]

_SPREAD_PUPIL_PX = 40.0  # between the pupils: the noise of colour that a JPEG adds is finer
_LIGHTNESS_STEP = 4.0  # pixels within so much of L* count as equally light
_MOST = 0.9  # share of the pixels
_BRIGHT = 0.95  # share of the pixels that are darker than what is taken for full light


def judged_box(view: View) -> Picture:
    """Return the part of the picture on which light, sharpness and alterations are judged."""
    x0, y0, x1, y1 = view.place.quality_box
    return view.rgb[y0:y1, x0:x1]


def hue_spread(view: View) -> float:
    """Return by how much a* and b* of nine in ten pixels differ at most from the median of equally light pixels.

    In a tinted picture, such as a sepia one, colour is a function of lightness alone; lips, eyes, hair, shade and skin
    of one lightness differ on every face.
    """
    rgb = cv2.GaussianBlur(shrink_image(judged_box(view), _SPREAD_PUPIL_PX / view.place.pupil_px), (0, 0), 1.0)
    light = srgb_to_linear(rgb).reshape(-1, 3)
    bright = float(np.quantile(light @ LUMINANCE, _BRIGHT))
    # The colours of a dim picture are as far apart as its light is bright.
    lab = linear_to_lab(light / max(bright, 1e-6))
    step = (lab[:, 0] / _LIGHTNESS_STEP).astype(int)
    away = np.zeros(len(lab))
    for level in np.unique(step):
        alike = lab[step == level, 1:]
        away[step == level] = np.hypot(*(alike - np.median(alike, axis=0)).T)
    return float(np.quantile(away, _MOST))


def laplacian_share(view: View, pupil_px: float) -> float:
    """Return the variance of the Laplacian over that of brightness, with the face reduced to so many px between pupils.

    The division by the variance makes it the same for a darker or flatter copy. A smaller face is not enlarged.
    """
    gray = cv2.cvtColor(judged_box(view), cv2.COLOR_RGB2GRAY).astype(np.float64)
    small = shrink_image(gray, pupil_px / view.place.pupil_px)
    spread = float(small.var())
    return float(cv2.Laplacian(small, cv2.CV_64F).var()) / spread if spread > 0 else 0.0
