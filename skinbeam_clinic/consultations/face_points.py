"""Read and display the landmarks of a face in the form, where a person can move them on the photograph."""

import math
import threading
from base64 import b64encode
from dataclasses import dataclass
from typing import Annotated

from skinbeam.model.case import Case
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import parse_record
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.face.manual_landmarks import prepare_landmark_photo
from skinbeam_clinic.consultations.forms import Submission

__all__ = ["PHOTOGRAPH_LOCK", "FacePointsView", "make_face_points_view", "read_points"]

_CROP_PUPIL_DISTANCES = 5.0  # side of the displayed part, in pupil distances: a head with its hair
# Analysing a photograph takes seconds and hundreds of megabytes: one at a time. Who waits for it or holds it asks
# nothing of the database: those who wait could hold all connections that the one who holds it needs.
PHOTOGRAPH_LOCK = threading.Lock()


@dataclass(frozen=True)
class FacePointsView:
    """A photograph on which the landmarks of the face can be moved."""

    picture: Annotated[str, "the upright picture, as an address that holds it"]
    width: Annotated[int, "of the photograph, in whose pixels points are given"]
    height: Annotated[int, "of the photograph"]
    detected: Annotated[tuple[float, ...], "x and y of right pupil, left pupil and mouth that hold where none is moved"]
    points: Annotated[tuple[float, ...], "x and y of the three as they stand: moved, or found"]
    crop: Annotated[tuple[int, ...], "x, y, width and height of the part of the photograph that holds the points"]
    failure: Annotated[str, "why no face was found; empty where one was"]


def read_points(submission: Submission) -> list[float] | None:
    """Return x and y of right pupil, left pupil and mouth as moved on the photograph of a form; None if not moved.

    Raises
    ------
    InputError : they are not six numbers.
    """
    photo = parse_record(
        Case, {"photo": submission.tables["photo"]} if "photo" in submission.tables else {}, file="form"
    ).photo
    return None if photo is None else photo.flat_points


def make_face_points_view(rgb: Picture, submission: Submission) -> FacePointsView:
    """Return the photograph of a form with the landmarks of the face; moved points that cannot be read are ignored."""
    face = prepare_landmark_photo(rgb)
    try:
        moved = read_points(submission)
    except InputError:
        moved = None
    points = face.points if moved is None else tuple(moved)
    whole = (0, 0, face.width_px, face.height_px)
    return FacePointsView(
        f"data:image/jpeg;base64,{b64encode(face.jpeg).decode('ascii')}",
        face.width_px,
        face.height_px,
        face.points,
        points,
        whole if moved is None and face.face_refusal is not None else _crop_face(points, *whole[2:]),
        "" if face.face_refusal is None else face.face_refusal.text,
    )


def _crop_face(points: tuple[float, ...], width: int, height: int) -> tuple[int, ...]:
    """Return x, y, width and height of a crop around the face, so that points can be moved finely on the screen."""
    apart = math.hypot(points[2] - points[0], points[3] - points[1])
    side = min(max(1, round(_CROP_PUPIL_DISTANCES * apart)), width, height)
    across, down = (points[0] + points[2]) / 2, (points[1] + points[3]) / 2 + apart / 2
    x, y = (round(min(max(0.0, middle - side / 2), most - side)) for middle, most in ((across, width), (down, height)))
    return x, y, side, side
