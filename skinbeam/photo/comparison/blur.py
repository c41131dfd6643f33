"""Two registered pictures made equally sharp: the sharper one is blurred until both differ least."""

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.gates import entry
from skinbeam.photo.pairs.shot import ln_light

__all__ = ["softened", "softer_px"]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]


def softer_px(first: Image, second: Image, where: Mask) -> tuple[float, float]:
    """Return by how much each of two pictures of linear light (height, width, 3) is to be blurred; one of them is 0.

    Parameters
    ----------
    where : (height, width), the features of a face by which it is told: no marks.
    """
    if not where.any():
        return 0.0, 0.0
    steps = [0.0, *(float(px) for px in entry("pair", "soften_px")["value"])]
    tried = {(px, 0.0): px for px in steps} | {(0.0, px): px for px in steps}
    green = [np.ascontiguousarray(light[..., 1]) for light in (first, second)]

    def apart(each: tuple[float, float]) -> float:
        a, b = (ln_light(softened(one, px))[where] for one, px in zip(green, each, strict=True))
        return float(np.std(a - b))

    return min(tried, key=apart)


def softened(light: Image, px: float) -> Image:
    """Return light blurred by a standard deviation in pixels; 0 leaves it as it is."""
    return light if px == 0 else np.asarray(cv2.GaussianBlur(light, (0, 0), px), np.float32)
