"""Landmarks set by a person: prepare the picture to set them on, and build the face from them without a search."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2

from skinbeam.model.errors import InputError
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.face.face import Face
from skinbeam.photo.face.finder import FaceRefusal, find_single_face
from skinbeam.photo.limits import limit
from skinbeam.photo.view import shrink_image
from skinbeam.text import Message

__all__ = [
    "LandmarkPhoto",
    "face_from_landmarks",
    "prepare_landmark_photo",
]


def face_from_landmarks(rgb: Picture, points: Sequence[float]) -> Face:
    """Build a face from x and y of the person's right pupil, left pupil and mouth, in pixels.

    Raises
    ------
    InputError : not six numbers, outside the picture, or not the right pupil, the left and the mouth below them.
    """
    height, width = rgb.shape[:2]
    hint = Message("photo-points.hint").text
    if len(points) != 6 or not all(math.isfinite(value) for value in points):
        raise InputError("bad-points", Message("photo-points.six").text, field="points", hint=hint)
    right, left, mouth = ((float(points[k]), float(points[k + 1])) for k in (0, 2, 4))
    if not all(0 <= x < width and 0 <= y < height for x, y in (right, left, mouth)):
        params = {"width": width, "height": height}
        raise InputError("bad-points", Message("photo-points.outside", params).text, field="points", hint=hint)
    # The mouth must be below the line from the right pupil to the left.
    across = left[0] - right[0], left[1] - right[1]
    below = across[0] * (mouth[1] - right[1]) - across[1] * (mouth[0] - right[0])
    if across[0] <= 0 or below <= 0:
        raise InputError("bad-points", Message("photo-points.order").text, field="points", hint=hint)
    apart = math.hypot(*across)
    box = (right[0] - 0.6 * apart, right[1] - apart, 2.2 * apart, 3.0 * apart)
    return Face(right, left, mouth, box, "points")


# The picture on which a person sets the points of a face: upright, reduced, with initial points.

_SIDE_PX = 2000  # longer side of the displayed picture: its part with the face is as sharp as a telephone's screen
_QUALITY = 88
_PUPIL_SPACING = 0.2  # initial pupil distance if no face was found, relative to the shorter side, as in a portrait


@dataclass(frozen=True)
class LandmarkPhoto:
    """A photograph on which a person sets points.

    Parameters
    ----------
    jpeg : the upright picture, smaller than the photograph.
    width_px, height_px : of the photograph, in whose pixels points are given.
    points : x and y of right pupil, left pupil and mouth as found, else in the middle of the picture.
    face_refusal : why no usable face was found, or None.
    """

    jpeg: bytes
    width_px: int
    height_px: int
    points: tuple[float, ...]
    face_refusal: Message | None


def prepare_landmark_photo(rgb: Picture) -> LandmarkPhoto:
    """Return a photograph with initial landmarks of its face."""
    height, width = rgb.shape[:2]
    face = find_single_face(rgb)
    if isinstance(face, FaceRefusal):
        apart, across, down = _PUPIL_SPACING * min(width, height), width / 2, height / 2
        points_px = (
            across - apart / 2,
            down,
            across + apart / 2,
            down,
            across,
            down + limit("face", "mouth_at") * apart,
        )
        missing = face.message
    else:
        points_px, missing = (*face.right_pupil, *face.left_pupil, *face.mouth), None
    scale = min(1.0, _SIDE_PX / max(width, height))
    shown = shrink_image(rgb, scale)
    _, jpeg = cv2.imencode(".jpg", shown[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return LandmarkPhoto(jpeg.tobytes(), width, height, tuple(round(value, 1) for value in points_px), missing)
