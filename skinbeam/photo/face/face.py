"""A face with its landmarks as a record, and the view of the picture around it."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.limits import limit
from skinbeam.photo.view import Box, View, ViewPlace

__all__ = [
    "WHOLE_FACE",
    "Face",
    "FaceView",
    "face_view",
]

Array = NDArray[np.float64]


@compared_by_value
@dataclass(frozen=True)
class Face:
    """One face, in pixels of an upright picture; right and left are the person's own.

    Parameters
    ----------
    right_pupil, left_pupil, mouth : x, y.
    box : x, y, width, height of the detection.
    backend : `network`, `cascades`, `mesh` or `points`.
    points : (478, 2) mesh points, or None.
    iris_px : horizontal diameter of the visible iris, the same for both eyes, or None where its edge is not seen.
    """

    right_pupil: tuple[float, float]
    left_pupil: tuple[float, float]
    mouth: tuple[float, float]
    box: tuple[float, float, float, float]
    backend: str
    points: Array | None = None
    iris_px: float | None = None

    @property
    def pupil_px(self) -> float:
        """Distance between the pupils."""
        return math.dist(self.right_pupil, self.left_pupil)

    @property
    def roll_deg(self) -> float:
        """Rotation in the picture plane; 0 when the eyes are level, ±180 when upside down."""
        (x0, y0), (x1, y1) = self.right_pupil, self.left_pupil
        return math.degrees(math.atan2(y1 - y0, x1 - x0))

    @property
    def stretch(self) -> float:
        """Length of the lower face relative to that of the template (`face.mouth_at`)."""
        return math.dist(self.middle, self.mouth) / (self.pupil_px * limit("face", "mouth_at"))

    @property
    def middle(self) -> tuple[float, float]:
        """The point midway between the pupils."""
        (x0, y0), (x1, y1) = self.right_pupil, self.left_pupil
        return (x0 + x1) / 2, (y0 + y1) / 2

    def template_to_pixels(self, template: Array) -> Array:
        """Convert template points (n, 2), in pupil distances from `middle`, to pixels; the lower face is stretched."""
        (x0, y0), (x1, y1) = self.right_pupil, self.left_pupil
        across = np.array([x1 - x0, y1 - y0])
        down = np.array([-across[1], across[0]])
        x, y = template[:, 0], template[:, 1]
        y = np.where(y > 0, y * self.stretch, y)
        return np.asarray(self.middle + x[:, None] * across + y[:, None] * down)

    def transformed(self, scale: float, dx: float, dy: float) -> "Face":
        """Return this face in the coordinates of a picture cropped at (dx, dy) and then scaled."""

        def to(point: tuple[float, float]) -> tuple[float, float]:
            # A resize maps the edges of the picture to edges; the half pixels convert between edges and pixel centres.
            return (point[0] + 0.5 - dx) * scale - 0.5, (point[1] + 0.5 - dy) * scale - 0.5

        x, y = to((self.box[0], self.box[1]))
        points = None if self.points is None else (self.points + 0.5 - (dx, dy)) * scale - 0.5
        return replace(
            self,
            right_pupil=to(self.right_pupil),
            left_pupil=to(self.left_pupil),
            mouth=to(self.mouth),
            box=(x, y, self.box[2] * scale, self.box[3] * scale),
            points=points,
            iris_px=None if self.iris_px is None else self.iris_px * scale,
        )


# The part of a picture around its face, on which everything else is measured.

WHOLE_FACE = "full-face"  # site name of a whole face
# In pupil distances around the point between the pupils: to the sides, up, down.
_JUDGED_REACH, _OUTLINE_REACH = (0.9, 0.5, 1.8), (1.6, 1.5, 2.8)


@compared_by_value
@dataclass(frozen=True)
class FaceView(View):
    """The view of a face.

    Parameters
    ----------
    face : the face in pixels of `rgb`.
    """

    face: Face


def face_view(rgb: Picture, face: Face) -> FaceView:
    """Return the view of a face: three pupil distances around it, at most 160 px between the pupils."""
    reach = 3.2 * face.pupil_px
    (x, y), (height, width) = face.middle, rgb.shape[:2]
    x0, y0 = max(int(x - reach), 0), max(int(y - reach), 0)
    x1, y1 = min(int(x + reach) + 1, width), min(int(y + reach) + 1, height)
    cut = rgb[y0:y1, x0:x1]
    scale = min(1.0, limit("face", "analysis_pupil_px") / face.pupil_px)
    if scale < 1:
        # The size is rounded to whole pixels, so that one factor applies to both axes to within a pixel.
        size = round(cut.shape[1] * scale), round(cut.shape[0] * scale)
        cut = cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
        scale = size[0] / (x1 - x0)
    here = face.transformed(scale, x0, y0)
    judged, drawn = (_box_around_face(here, around, cut) for around in (_JUDGED_REACH, _OUTLINE_REACH))
    place = ViewPlace(WHOLE_FACE, here.pupil_px, here.roll_deg, judged, drawn)
    # A copy, so that the whole picture can be freed.
    return FaceView(np.array(cut), place, scale, (x0, y0), here)


def _box_around_face(face: Face, reach: tuple[float, float, float], rgb: Picture) -> Box:
    """Return the box of these pupil distances around a face, clipped to the picture."""
    (x, y), (height, width) = face.middle, rgb.shape[:2]
    side, up, down = (share * face.pupil_px for share in reach)
    x0, y0 = max(round(x - side), 0), max(round(y - up), 0)
    return x0, y0, min(round(x + side), width), min(round(y + down), height)
