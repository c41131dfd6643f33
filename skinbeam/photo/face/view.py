"""The part of a picture around its face, on which everything else is read."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.face.record import Face
from skinbeam.photo.gates import limit
from skinbeam.photo.reading.read import Picture

__all__ = ["View", "view"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """The part of the picture around the face, reduced where it is large.

    Parameters
    ----------
    rgb : (height, width, 3).
    face : the face in pixels of `rgb`.
    scale : pixels of `rgb` per pixel of the picture.
    origin : x, y of the cut in the picture.
    """

    rgb: Picture
    face: Face
    scale: float
    origin: tuple[int, int]

    def back(self, points: Array) -> Array:
        """Return points (n, 2) of this view as pixels of the picture."""
        return (points + 0.5) / self.scale + self.origin - 0.5


def view(rgb: Picture, face: Face) -> View:
    """Return the view of a face: three pupil distances around it, at most 160 px between the pupils."""
    reach = 3.2 * face.pupil_px
    (x, y), (height, width) = face.middle, rgb.shape[:2]
    x0, y0 = max(int(x - reach), 0), max(int(y - reach), 0)
    x1, y1 = min(int(x + reach) + 1, width), min(int(y + reach) + 1, height)
    cut = rgb[y0:y1, x0:x1]
    scale = min(1.0, limit("face", "analysis_pupil_px") / face.pupil_px)
    if scale < 1:
        # Whole pixels on the finer side, so that one factor holds for both axes to within a pixel.
        size = round(cut.shape[1] * scale), round(cut.shape[0] * scale)
        cut = cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
        scale = size[0] / (x1 - x0)
    # A copy, so that the picture need not be kept.
    return View(np.array(cut), face.moved(scale, x0, y0), scale, (x0, y0))
