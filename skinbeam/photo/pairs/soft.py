"""Wide blurs: of an image, and of what lies in a mask."""

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["mean_within", "soft"]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_FINE_PX = 3.0  # a blur that is wider than this stands on a copy where it is so wide: its own ripple is below a percent


def soft(image: Image, sigma_px: float) -> Image:
    """Return an image (height, width, ...) blurred by a Gaussian, a wide one on a coarser grid."""
    coarse = sigma_px / _FINE_PX
    if coarse <= 2:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.float32)
    height, width = image.shape[:2]
    size = max(round(width / coarse), 4), max(round(height / coarse), 4)
    small = cv2.GaussianBlur(cv2.resize(image, size, interpolation=cv2.INTER_AREA), (0, 0), _FINE_PX)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def mean_within(image: Image, mask: Mask, sigma_px: float) -> Image:
    """Return the mean (height, width, ...) of what lies near in the mask; far from it, 0."""
    inside = mask.astype(np.float32)
    total = soft(image * (inside if image.ndim == 2 else inside[..., None]), sigma_px)
    weight = soft(inside, sigma_px).clip(1e-6)
    return np.asarray(total / (weight if image.ndim == 2 else weight[..., None]), np.float32)
