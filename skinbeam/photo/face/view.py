"""The part of a picture around its face, on which everything else is read."""

from dataclasses import dataclass

import cv2
import numpy as np

from skinbeam.photo.face.record import Face
from skinbeam.photo.gates import limit
from skinbeam.photo.reading.read import Picture
from skinbeam.photo.view import Box, Place, View

__all__ = ["WHOLE", "FaceView", "view"]

WHOLE = "full-face"  # the site of all of a face
# In pupil distances around the point between the pupils: to the sides, up, down.
_JUDGED, _DRAWN = (0.9, 0.5, 1.8), (1.6, 1.5, 2.8)


@dataclass(frozen=True)
class FaceView(View):
    """The view of a face.

    Parameters
    ----------
    face : the face in pixels of `rgb`.
    """

    face: Face


def view(rgb: Picture, face: Face) -> FaceView:
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
    here = face.moved(scale, x0, y0)
    judged, drawn = (_around(here, around, cut) for around in (_JUDGED, _DRAWN))
    place = Place(WHOLE, here.pupil_px, here.roll_deg, judged, drawn)
    # A copy, so that the picture need not be kept.
    return FaceView(np.array(cut), place, scale, (x0, y0), here)


def _around(face: Face, reach: tuple[float, float, float], rgb: Picture) -> Box:
    """Return so many pupil distances around a face, within the picture."""
    (x, y), (height, width) = face.middle, rgb.shape[:2]
    side, up, down = (share * face.pupil_px for share in reach)
    x0, y0 = max(round(x - side), 0), max(round(y - up), 0)
    return x0, y0, min(round(x + side), width), min(round(y + down), height)
