"""Find the only face of a photograph, with pupils and mouth, by OpenCV's cascades or by a face mesh.

The cascades (Viola and Jones 2001) are the default and need only the OpenCV wheel. The mesh is used when its package is
installed; both give the same record.
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
from skinbeam.photo.limits import limit, limit_entry
from skinbeam.text import Message

__all__ = [
    "BACKENDS",
    "FaceFinder",
    "FaceRefusal",
    "check_single_face",
    "face_finder",
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
    """Return the face finder of this installation: the mesh where its package is installed, else the cascades."""
    return BACKENDS["cascades" if importlib.util.find_spec("mediapipe") is None else "mesh"]


def find_single_face(rgb: Picture, finder: FaceFinder | None = None) -> Face | FaceRefusal:
    """Return the only face of an upright picture (height, width, 3), or why none can be used."""
    faces = (finder or face_finder())(rgb)
    if _is_turned(rgb):
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
        return FaceRefusal("face-tilted", Message("photo-face.tilted", {"roll": abs(face.roll_deg), "most": most}), 1)
    least = limit("gate", "pupil_px_min")
    if face.pupil_px < least:
        return FaceRefusal("too-small", Message("photo-face.small", {"pupils": face.pupil_px, "least": least}), 1)
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
    first, second = (_boxes(small, name)[0] for name in ("frontalface_alt2", "frontalface_default"))
    faces = []
    for box in sorted(box for box in first if any(_overlap(box, other) > 0.3 for other in second)):
        x, y, w, h = (value / scale for value in box)
        eyes = find_pupils(rgb, (x, y, w, h))
        if eyes is not None:
            right, left = eyes
            middle = (right[0] + left[0]) / 2, (right[1] + left[1]) / 2
            faces.append(_with_mouth(rgb, Face(right, left, middle, (x, y, w, h), "cascades")))
    return faces


def _search_copy(rgb: Picture, side_px: float) -> tuple[Gray, float]:
    """Return a grey copy whose longer side has at most `side_px` pixels, and its scale."""
    scale = min(1.0, side_px / max(rgb.shape[:2]))
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else rgb
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), scale


def _boxes(gray: Gray, name: str, *, step: float = 1.1) -> tuple[list[tuple[int, int, int, int]], float]:
    """Return the boxes of a cascade and the sum of their weights."""
    least = max(24, min(gray.shape) // 16)
    found, _, weights = cascade(name).detectMultiScale3(
        gray, scaleFactor=step, minNeighbors=5, minSize=(least, least), outputRejectLevels=True
    )
    return [(int(x), int(y), int(w), int(h)) for x, y, w, h in found], float(np.sum(weights)) if len(found) else 0.0


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> float:
    """Intersection over union of two boxes."""
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(w, 0) * max(h, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def _is_turned(rgb: Picture) -> bool:
    """Whether a face is detected more strongly after a quarter or half turn of the picture."""
    gray, _ = _search_copy(rgb, limit("face", "search_px"))
    half = cv2.resize(gray, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    upright = _boxes(half, "frontalface_alt2", step=1.2)[1]
    turns = (cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE)
    strongest = max(_boxes(cv2.rotate(half, turn), "frontalface_alt2", step=1.2)[1] for turn in turns)
    return strongest > 0 and strongest > limit("face", "turned_gain") * upright


def _with_mouth(rgb: Picture, face: Face) -> Face:
    """Return `face` with its mouth: lips, teeth and the gap between them, else the position in the template.

    Brightness changes fastest from row to row at a mouth, with or without a beard. Redness alone would follow a flushed
    chin or a lip under a moustache, so it counts near that row only.
    """
    at = replace(face, mouth=_point_below_eyes(face, limit("face", "mouth_at")))
    usual, spread = limit("face", "mouth_at"), limit("face", "mouth_spread")
    rows, columns = np.linspace(usual - 2 * spread, usual + 2 * spread, 65), np.linspace(-0.3, 0.3, 31)
    grid = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    pixels = at.template_to_pixels(grid).astype(np.float32).reshape(len(rows), len(columns), 2)
    (x0, y0), (x1, y1) = np.floor(pixels.min(axis=(0, 1))), np.ceil(pixels.max(axis=(0, 1)))
    x0, y0 = max(int(x0), 0), max(int(y0), 0)
    cut = rgb[y0 : int(y1) + 2, x0 : int(x1) + 2]
    if not cut.size:
        return at
    pixels -= np.array([x0, y0], np.float32)
    soft = cv2.GaussianBlur(cut, (0, 0), max(0.5, 0.015 * face.pupil_px))
    sample = cv2.remap(soft, pixels, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float64) + 4.0
    light = np.log(sample)
    likely = np.exp(-0.5 * ((rows - usual) / spread) ** 2)
    change = np.abs(np.gradient(light.mean(axis=2), axis=0)).mean(axis=1)
    change = cv2.GaussianBlur(change, (0, 0), 4.0).ravel() * likely
    red = (light[..., 0] - light[..., 1]).mean(axis=1)
    below = rows - rows[change.argmax()]  # the sharpest change is at the lower edge of the upper lip: most red is below
    red = np.maximum(red - np.median(red), 0.0) * (below > -0.5 * spread) * (below < 1.5 * spread)
    if change.max() <= 0:
        return at
    strong = np.maximum(change / change.max() - 0.5, 0.0)
    weight = strong / strong.sum() + (red / red.sum() if red.sum() > 0 else 0.0)
    return replace(face, mouth=_point_below_eyes(face, float((weight * rows).sum() / weight.sum())))


def _point_below_eyes(face: Face, distance: float) -> tuple[float, float]:
    """Return the point `distance` pupil distances straight below the middle of the eyes."""
    (x0, y0), (x1, y1) = face.right_pupil, face.left_pupil
    return face.middle[0] - distance * (y1 - y0), face.middle[1] + distance * (x1 - x0)


# Face finders by `Face.backend`.
BACKENDS: Mapping[str, FaceFinder] = {"cascades": find_faces_by_cascades, "mesh": mesh.find_faces_by_mesh}
