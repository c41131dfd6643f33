"""Upright copies of a face at one size, and the way back to the picture: what looks at faces sees them all alike."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.decoding.photograph import Picture

__all__ = ["UprightCrop", "upright_crop"]

Array = NDArray[np.float64]
Point = tuple[float, float]


@compared_by_value
@dataclass(frozen=True)
class UprightCrop:
    """A square copy of a face with the eyes level.

    Parameters
    ----------
    rgb : (side, side, 3); beyond the picture its edge is repeated.
    to_crop : (2, 3) matrix from pixels of the picture to pixels of the copy.
    """

    rgb: Picture
    to_crop: Array

    def to_picture(self, points: ArrayLike) -> Array:
        """Convert points (n, 2) of the copy to pixels of the picture."""
        back = cv2.invertAffineTransform(self.to_crop)
        return np.asarray(np.asarray(points, np.float64) @ back[:, :2].T + back[:, 2])


def upright_crop(
    rgb: Picture, right: Point, left: Point, *, apart_px: float, side_px: int, eyes_at: float
) -> UprightCrop:
    """Return a copy of the face with these eyes.

    Parameters
    ----------
    right, left : the person's eyes, in pixels of the picture.
    apart_px : distance between them in the copy.
    side_px : width and height of the copy.
    eyes_at : height of the point between the eyes, as a share of the copy from its upper edge.
    """
    dx, dy = left[0] - right[0], left[1] - right[1]
    middle = np.array([(right[0] + left[0]) / 2, (right[1] + left[1]) / 2])
    scale, angle = apart_px / math.hypot(dx, dy), math.atan2(dy, dx)
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    to_crop = np.array([[cos, sin, 0.0], [-sin, cos, 0.0]])
    to_crop[:, 2] = np.array([side_px / 2 - 0.5, side_px * eyes_at - 0.5]) - to_crop[:, :2] @ middle
    source, from_source = rgb, to_crop
    if scale < 1:  # reduced in two steps: whole pixels are averaged first, so that nothing finer than a pixel aliases
        source, to_source = _reduced_part(rgb, middle, side_px / scale, scale)
        from_source = to_crop.copy()
        from_source[:, :2] = to_crop[:, :2] / to_source.scale
        from_source[:, 2] += to_crop[:, :2] @ (np.array(to_source.origin) + 0.5 / to_source.scale - 0.5)
    copy = cv2.warpAffine(
        source,
        from_source,
        (side_px, side_px),
        flags=cv2.INTER_LINEAR if scale < 1 else cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return UprightCrop(copy, to_crop)


@dataclass(frozen=True)
class _Part:
    """Where a reduced part of a picture lies: its upper left corner, and its pixels per pixel of the picture."""

    origin: tuple[int, int]
    scale: Array


def _reduced_part(rgb: Picture, middle: Array, reach: float, scale: float) -> tuple[Picture, _Part]:
    """Return the part of a picture within `reach` of a point, reduced to at most twice the wanted scale."""
    height, width = rgb.shape[:2]
    x0, y0 = (min(max(int(value - reach), 0), size - 1) for value, size in zip(middle, (width, height), strict=True))
    x1, y1 = (
        max(min(int(value + reach) + 1, size), start + 1)
        for value, size, start in zip(middle, (width, height), (x0, y0), strict=True)
    )
    cut = rgb[y0:y1, x0:x1]
    size = tuple(max(round(value * min(1.0, 1.5 * scale)), 1) for value in (x1 - x0, y1 - y0))
    reduced = cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
    return reduced, _Part((x0, y0), np.array(size) / (x1 - x0, y1 - y0))
