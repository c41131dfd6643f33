"""Match the illumination of one picture to that of another, using skin without marks, and measure the difference."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.colour import LUMINANCE
from skinbeam.photo.comparison.blur import gaussian_blur, masked_mean
from skinbeam.photo.comparison.frame import ComparisonFrame, log_light, log_luminance
from skinbeam.photo.limits import limit

__all__ = ["LightChange", "log_gain", "match_light"]

Array = NDArray[np.float64]
Image = NDArray[np.float32]
Mask = NDArray[np.bool_]


@compared_by_value
@dataclass(frozen=True)
class LightChange:
    """Difference in illumination between two pictures.

    Parameters
    ----------
    gain_ln : (3,), of red, green and blue, removed from the picture.
    field : (height, width, 3), remaining large-scale difference of the illumination, in logarithms.
    spread_ln : of its brightness over the skin, from the 5th to the 95th percentile.
    contrast : of brows, lids and lips, relative to the other picture.
    noise_ln : of one pixel, standard deviation of the difference of both pictures.
    """

    gain_ln: Array
    field: Image
    spread_ln: float
    contrast: float
    noise_ln: float


def match_light(light: Image, frame: ComparisonFrame, plain_skin: Mask, unmarked: Mask) -> tuple[Image, LightChange]:
    """Match linear light (height, width, 3) of a registered picture to a frame; also return the difference.

    Parameters
    ----------
    plain_skin : (height, width), skin without marks, visible in both pictures.
    unmarked : (height, width), everything but marks.
    """
    gain = log_gain(light, frame, plain_skin)
    left = (_log_ratio(light, frame.light) - gain).astype(np.float32)
    field = masked_mean(left, plain_skin, limit("pair", "light_wide_pupil") * frame.pupil_px)
    brightness = (field @ LUMINANCE.astype(np.float32))[plain_skin] / LUMINANCE.sum()
    low, high = np.quantile(brightness, (0.05, 0.95))
    fine = cv2.Laplacian(left[..., 1], cv2.CV_32F, ksize=1)[plain_skin]
    noise = 1.4826 * float(np.median(np.abs(fine))) / 20**0.5  # divided by the norm of the kernel
    change = LightChange(gain, field, float(high - low), _contrast(light, frame, unmarked), noise)
    return (light / np.exp(gain)).astype(np.float32), change


def log_gain(light: Image, frame: ComparisonFrame, plain_skin: Mask) -> Array:
    """Return the log ratio of a registered picture to a frame (3,): the median over `plain_skin`."""
    return np.asarray(np.median(_log_ratio(light[plain_skin], frame.light[plain_skin]), axis=0), np.float64)


def _log_ratio(light: Image, other: Image) -> Image:
    return np.asarray(log_light(light) - log_light(other), np.float32)


def _contrast(light: Image, frame: ComparisonFrame, unmarked: Mask) -> float:
    """Return the contrast of the features of a face relative to that in the frame."""
    there = frame.face_mask() & unmarked
    spread = []
    for picture in (light, frame.light):
        grey = log_luminance(picture)
        fine = cv2.GaussianBlur(grey, (0, 0), max(0.7, 0.03 * frame.pupil_px))
        over = fine - gaussian_blur(grey, limit("pair", "light_wide_pupil") * frame.pupil_px)
        spread.append(float(over[there].std()))
    return spread[0] / max(spread[1], 1e-6)
