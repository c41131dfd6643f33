"""The part of a picture that is analysed, with its scale: the same record for a face and a hand."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.decoding.photograph import Picture

__all__ = ["Box", "View", "ViewPlace", "bounding_window", "fill_outline", "shrink_image", "widen_outline"]

Array = NDArray[np.float64]
Box = tuple[int, int, int, int]  # x0, y0, x1, y1; x1 and y1 are exclusive


@dataclass(frozen=True)
class ViewPlace:
    """The analysed part of a person, in pixels of a view.

    Parameters
    ----------
    site : of all of it, by the name of the case file: `full-face`, or the site that the user named.
    pupil_px : pupil distance, the unit of length of the limits of a photograph: measured on a face, that of 63 mm
        elsewhere.
    roll_deg : angle of the line of the eyes; 0 without eyes.
    quality_box : where light and sharpness are judged.
    report_box : part that a picture for a report shows.
    """

    site: str
    pupil_px: float
    roll_deg: float
    quality_box: Box
    report_box: Box


@compared_by_value
@dataclass(frozen=True)
class View:
    """The part of the picture around the analysed skin, reduced where it is large.

    Parameters
    ----------
    rgb : (height, width, 3).
    place : in pixels of `rgb`.
    scale : pixels of `rgb` per pixel of the picture.
    origin : x, y of the cut in the picture.
    """

    rgb: Picture
    place: ViewPlace
    scale: float
    origin: tuple[int, int]

    def to_picture(self, points: Array) -> Array:
        """Convert points (n, 2) of this view to pixels of the picture."""
        return (points + 0.5) / self.scale + self.origin - 0.5

    def from_picture(self, points: Array) -> Array:
        """Convert points (n, 2) of the picture to pixels of this view."""
        return (points + 0.5 - self.origin) * self.scale - 0.5


def shrink_image(image: NDArray[Any], scale: float) -> NDArray[Any]:
    """Return an image made smaller by a scale below 1, by the means of its pixels; otherwise the image itself."""
    return image if scale >= 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def widen_outline(outline: Array, factor: float) -> Array:
    """Return an outline (n, 2) made wider about its middle."""
    middle: Array = outline.mean(axis=0)
    return middle + factor * (outline - middle)


def fill_outline(shape: tuple[int, ...], outline: Array) -> NDArray[np.bool_]:
    """Return the mask of the inside of an outline (n, 2) in pixels, for an image of a shape (height, width, ...)."""
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1)
    return mask.astype(bool)


def bounding_window(mask: NDArray[np.bool_], margin: int = 0) -> tuple[slice, slice]:
    """Return the rows and columns that contain a non-empty mask, with a margin."""
    ends = (np.flatnonzero(mask.any(axis=axis))[[0, -1]] for axis in (1, 0))
    rows, columns = (slice(max(int(first) - margin, 0), int(last) + 1 + margin) for first, last in ends)
    return rows, columns
