"""Find the only face of a photograph, with pupils and mouth: by a network, by OpenCV's cascades or by a face mesh.

The network (YuNet) ships with this package, and OpenCV runs it; the cascades (Viola and Jones 2001) search where it
finds no face. The mesh is used when its package is installed. All give the same record.
"""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.sources import cite_sources
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.face import mesh
from skinbeam.photo.face.eyes import cascade, find_pupils, measure_iris_px
from skinbeam.photo.face.face import Face
from skinbeam.photo.face.mouth import with_mouth
from skinbeam.photo.face.network import find_faces_by_network, is_turned
from skinbeam.photo.limits import limit, limit_entry, round_towards_value
from skinbeam.photo.view import shrink_image
from skinbeam.text import Message

__all__ = [
    "BACKENDS",
    "FaceFinder",
    "FaceRefusal",
    "check_single_face",
    "face_finder",
    "find_faces",
    "find_faces_by_cascades",
    "find_single_face",
]

Array = NDArray[np.float64]
Gray = NDArray[np.uint8]

cv2.setNumThreads(1)  # a process with threads cannot be forked safely later (plan.parallel)


@dataclass(frozen=True)
class FaceRefusal:
    """Why no face can be used: a code, a message, and the number of faces found."""

    code: str
    message: Message
    faces: int


class FaceFinder(Protocol):
    """A face finder: returns every face of an upright picture (height, width, 3), left to right."""

    def __call__(self, rgb: Picture, /) -> list[Face]:
        """Return the faces with pupils and mouth, in pixels of the picture."""
        ...


@cache
def face_finder() -> FaceFinder:
    """Return the face finder of this installation: the mesh where its package is installed, else the network."""
    return find_faces if importlib.util.find_spec("mediapipe") is None else BACKENDS["mesh"]


def find_faces(rgb: Picture) -> list[Face]:
    """Return the faces that the network finds, or, if it finds none, those of the cascades, left to right."""
    return find_faces_by_network(rgb) or find_faces_by_cascades(rgb)


def find_single_face(rgb: Picture, finder: FaceFinder | None = None) -> Face | FaceRefusal:
    """Return the only face of an upright picture (height, width, 3), or why none can be used."""
    faces = (finder or face_finder())(rgb)
    if is_turned(rgb):
        return FaceRefusal("picture-turned", Message("photo-face.turned"), len(faces))
    return check_single_face(rgb, faces)


def check_single_face(rgb: Picture, faces: Sequence[Face]) -> Face | FaceRefusal:
    """Return the only face of an upright picture with its irises measured, or why it cannot be used."""
    if not faces:
        return FaceRefusal("no-face", Message("photo-face.none"), 0)
    if len(faces) > 1:
        return FaceRefusal("several-faces", Message("photo-face.several", {"faces": len(faces)}), len(faces))
    face = faces[0]
    most = limit("face", "roll_max_deg")
    if abs(face.roll_deg) > most:
        return FaceRefusal(
            "face-tilted",
            Message("photo-face.tilted", {"roll": round_towards_value(abs(face.roll_deg), most), "most": most}),
            1,
        )
    least = limit("gate", "pupil_px_min")
    if face.pupil_px < least:
        return FaceRefusal(
            "too-small",
            Message("photo-face.small", {"pupils": round_towards_value(face.pupil_px, least), "least": least}),
            1,
        )
    return replace(face, iris_px=measure_iris_px(rgb, face))


def find_faces_by_cascades(rgb: Picture) -> list[Face]:
    """Return the faces that two cascades agree on and in which two eyes are found, left to right.

    A face may fall between the scale steps of the cascades; where none is found, copies of other sizes are searched.
    """
    cite_sources("viola2001")
    searched = limit_entry("face", "search_px")
    for side_px in (searched["value"], *searched["also"]):
        if faces := _faces_at(rgb, float(side_px)):
            return faces
    return []


def _faces_at(rgb: Picture, side_px: float) -> list[Face]:
    small, scale = _search_copy(rgb, side_px)
    first, second = (_boxes(small, name) for name in ("frontalface_alt2", "frontalface_default"))
    faces = []
    for box in sorted(box for box in first if any(_overlap(box, other) > 0.3 for other in second)):
        x, y, w, h = (value / scale for value in box)
        eyes = find_pupils(rgb, (x, y, w, h))
        if eyes is not None:
            right, left = eyes
            middle = (right[0] + left[0]) / 2, (right[1] + left[1]) / 2
            faces.append(with_mouth(rgb, Face(right, left, middle, (x, y, w, h), "cascades")))
    return faces


def _search_copy(rgb: Picture, side_px: float) -> tuple[Gray, float]:
    """Return a grey copy whose longer side has at most `side_px` pixels, and its scale."""
    scale = min(1.0, side_px / max(rgb.shape[:2]))
    return cv2.cvtColor(shrink_image(rgb, scale), cv2.COLOR_RGB2GRAY), scale


def _boxes(gray: Gray, name: str) -> list[tuple[int, int, int, int]]:
    least = max(24, min(gray.shape) // 16)
    boxes = cascade(name).detectMultiScale(gray, 1.1, 5, minSize=(least, least))
    return [(int(x), int(y), int(w), int(h)) for x, y, w, h in boxes]


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> float:
    """Intersection over union of two boxes."""
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(w, 0) * max(h, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


# Face finders by `Face.backend`.
BACKENDS: Mapping[str, FaceFinder] = {
    "network": find_faces_by_network,
    "cascades": find_faces_by_cascades,
    "mesh": mesh.find_faces_by_mesh,
}
