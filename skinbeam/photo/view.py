"""The part of a picture on which skin is read, and how large what is seen there is: the same for a face and a hand."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.decoding.photograph import Picture

__all__ = ["Box", "View", "ViewPlace", "bounding_window", "fill_outline"]

Array = NDArray[np.float64]
Box = tuple[int, int, int, int]  # x0, y0, x1, y1; the last column and row lie outside


@dataclass(frozen=True)
class ViewPlace:
    """What of a person is read, in pixels of a view.

    Parameters
    ----------
    site : of all of it, by the name of the case file: `full-face`, or the one that a person named.
    pupil_px : what a distance between two pupils is, the length that limits of a photograph are written in: seen on a
        face, of 63 mm elsewhere.
    roll_deg : how the line of the eyes lies; 0 where there are none.
    judged : where light and sharpness are judged.
    drawn : what a picture for a report shows.
    """

    site: str
    pupil_px: float
    roll_deg: float
    judged: Box
    drawn: Box


@dataclass(frozen=True)
class View:
    """The part of the picture around what is read, reduced where it is large.

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

    def back(self, points: Array) -> Array:
        """Return points (n, 2) of this view as pixels of the picture."""
        return (points + 0.5) / self.scale + self.origin - 0.5


def fill_outline(shape: tuple[int, ...], outline: Array) -> NDArray[np.bool_]:
    """Return what an outline (n, 2) in pixels holds of an image of a shape (height, width, ...)."""
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1)
    return mask.astype(bool)


def bounding_window(there: NDArray[np.bool_], margin: int = 0) -> tuple[slice, slice]:
    """Return the rows and columns that hold all of a mask that is not empty, and a margin as far as there is one."""
    ends = (np.flatnonzero(there.any(axis=axis))[[0, -1]] for axis in (1, 0))
    rows, columns = (slice(max(int(first) - margin, 0), int(last) + 1 + margin) for first, last in ends)
    return rows, columns
