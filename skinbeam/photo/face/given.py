"""The landmarks that a person set: they stand as given, and nothing is searched."""

import math
from collections.abc import Sequence

from skinbeam.errors import InputError
from skinbeam.messages import Message
from skinbeam.photo.face.record import Face
from skinbeam.photo.reading.read import Picture

__all__ = ["face_given"]


def face_given(rgb: Picture, points: Sequence[float], *, field: str = "points") -> Face:
    """Return the face whose pupils and mouth are given as x and y of each, the person's right pupil first, in pixels.

    Raises
    ------
    InputError : not six numbers, outside the picture, or not the right pupil, the left and the mouth below them.
    """
    height, width = rgb.shape[:2]
    hint = Message("photo-points.hint").text
    if len(points) != 6 or not all(math.isfinite(value) for value in points):
        raise InputError("bad-points", Message("photo-points.six").text, field=field, hint=hint)
    right, left, mouth = ((float(points[k]), float(points[k + 1])) for k in (0, 2, 4))
    if not all(0 <= x < width and 0 <= y < height for x, y in (right, left, mouth)):
        params = {"width": width, "height": height}
        raise InputError("bad-points", Message("photo-points.outside", params).text, field=field, hint=hint)
    # Seen along the line from pupil to pupil, the mouth lies below it: to the right of its direction in a picture.
    across = left[0] - right[0], left[1] - right[1]
    below = across[0] * (mouth[1] - right[1]) - across[1] * (mouth[0] - right[0])
    if across[0] <= 0 or below <= 0:
        raise InputError("bad-points", Message("photo-points.order").text, field=field, hint=hint)
    apart = math.hypot(*across)
    box = (right[0] - 0.6 * apart, right[1] - apart, 2.2 * apart, 3.0 * apart)
    return Face(right, left, mouth, box, "points")
