"""Blur images, also within a mask, and match the sharpness of two registered pictures."""

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.comparison.frame import log_light, log_luminance
from skinbeam.photo.limits import limit_entry

__all__ = [
    "blur_light",
    "blur_to_match_px",
    "gaussian_blur",
    "masked_mean",
    "texture_ratio_ln",
]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_LEAST_TEXTURE = 1e-6  # of log luminance; a picture of few colours can have none at all
_FINE_PX = 3.0  # wider blurs are computed on a copy reduced until they have this width, with an error below 1 %


def gaussian_blur(image: Image, sigma_px: float) -> Image:
    """Return an image (height, width, ...) blurred by a Gaussian; a wide one is computed on a coarser grid."""
    coarse = sigma_px / _FINE_PX
    if coarse <= 2:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.float32)
    height, width = image.shape[:2]
    size = max(round(width / coarse), 4), max(round(height / coarse), 4)
    small = cv2.GaussianBlur(cv2.resize(image, size, interpolation=cv2.INTER_AREA), (0, 0), _FINE_PX)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def masked_mean(image: Image, mask: Mask, sigma_px: float) -> Image:
    """Return the Gaussian-weighted mean (height, width, ...) of the pixels within the mask; 0 far from it."""
    inside = mask.astype(np.float32)
    total = gaussian_blur(image * (inside if image.ndim == 2 else inside[..., None]), sigma_px)
    weight = gaussian_blur(inside, sigma_px).clip(1e-6)
    return np.asarray(total / (weight if image.ndim == 2 else weight[..., None]), np.float32)


# Matching of sharpness: the sharper of two registered pictures is blurred until their difference is smallest.


def blur_to_match_px(first: Image, second: Image, mask: Mask) -> tuple[float, float]:
    """Return the blur in pixels for each of two pictures of linear light (height, width, 3); one of the two is 0.

    Parameters
    ----------
    mask : (height, width), features of a face at which sharpness is compared, without marks.
    """
    if not mask.any():
        return 0.0, 0.0
    steps = [0.0, *(float(px) for px in limit_entry("pair", "soften_px")["value"])]
    tried = {(px, 0.0): px for px in steps} | {(0.0, px): px for px in steps}
    green = [np.ascontiguousarray(light[..., 1]) for light in (first, second)]

    def apart(each: tuple[float, float]) -> float:
        a, b = (log_light(blur_light(picture, px))[mask] for picture, px in zip(green, each, strict=True))
        return float(np.std(a - b))

    return min(tried, key=apart)


def texture_ratio_ln(first: Image, second: Image, skin: Mask, pupil_px: float) -> float:
    """Return the logarithm of the fine texture of the skin in the second picture over that in the first.

    Parameters
    ----------
    first, second : linear light (height, width, 3), registered, of equal sharpness.
    """
    narrow, wide = (float(share) * pupil_px for share in limit_entry("pair", "texture_pupil")["value"])

    def strength(light: Image) -> float:
        grey = log_luminance(light)
        # The 68th percentile of the absolute value is the standard deviation, without the marks in its tail.
        return float(np.quantile(np.abs(gaussian_blur(grey, narrow) - gaussian_blur(grey, wide))[skin], 0.68))

    first_strength, second_strength = (max(strength(light), _LEAST_TEXTURE) for light in (first, second))
    return float(np.log(second_strength / first_strength))


def blur_light(light: Image, px: float) -> Image:
    """Blur light by a standard deviation in pixels; 0 leaves it unchanged."""
    return light if px == 0 else np.asarray(cv2.GaussianBlur(light, (0, 0), px), np.float32)
