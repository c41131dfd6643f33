"""The picture on which a person sets the points of a face: upright, small enough to show, with points to start at."""

from dataclasses import dataclass

import cv2

from skinbeam.messages import Message
from skinbeam.photo.face.finder import Refusal, the_face
from skinbeam.photo.gates import limit
from skinbeam.photo.reading.read import Picture

__all__ = ["PointedFace", "point_face"]

_SIDE_PX = 2000  # of what is shown: its part with the face is as sharp as a telephone's screen
_QUALITY = 88
_APART = 0.2  # pupils of a face that was not found, over the shorter side of the picture: as in a portrait


@dataclass(frozen=True)
class PointedFace:
    """A photograph to set points on.

    Parameters
    ----------
    jpeg : the upright picture, smaller than the photograph.
    width_px, height_px : of the photograph, in whose pixels points are given.
    points : x and y of right pupil, left pupil and mouth as they were found, else in the middle of the picture.
    missing : why no face was found that can be used, or None.
    """

    jpeg: bytes
    width_px: int
    height_px: int
    points: tuple[float, ...]
    missing: Message | None


def point_face(rgb: Picture) -> PointedFace:
    """Return a photograph with the points of its face."""
    height, width = rgb.shape[:2]
    face = the_face(rgb)
    if isinstance(face, Refusal):
        apart, across, down = _APART * min(width, height), width / 2, height / 2
        found = (across - apart / 2, down, across + apart / 2, down, across, down + limit("face", "mouth_at") * apart)
        missing = face.message
    else:
        found, missing = (*face.right_pupil, *face.left_pupil, *face.mouth), None
    scale = min(1.0, _SIDE_PX / max(width, height))
    shown = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else rgb
    _, jpeg = cv2.imencode(".jpg", shown[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return PointedFace(jpeg.tobytes(), width, height, tuple(round(value, 1) for value in found), missing)
