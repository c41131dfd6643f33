"""Find faces with YuNet, a small network (Wu, Peng and Yu 2023) whose weights ship with this package.

OpenCV runs it. The picture is searched at several sizes. Each face found is then looked at a second time, upright and
at one size, also mirrored: what is no face seldom answers there, and the eyes are the median of the answers. They are
good to a tenth of the pupil distance and only say where the pupils are looked for (`eyes`).
"""

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.sources import cite_sources
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.face.eyes import find_pupils_near
from skinbeam.photo.face.face import Face
from skinbeam.photo.face.mouth import with_mouth
from skinbeam.photo.face.upright import upright_crop
from skinbeam.photo.limits import limit, limit_entry

__all__ = ["find_faces_by_network", "is_turned"]

Array = NDArray[np.float64]
Point = tuple[float, float]

_WEIGHTS = "data/face_network/face_detection_yunet_2023mar.onnx"
_SAME_FACE = 0.4  # of the smaller of two boxes: with more in common they are answers to one face
# The second look: a copy whose eyes are so far apart, its size, and the sizes at which it is looked at.
_LOOK_APART_PX, _LOOK_SIDE_PX, _LOOK_SIZES_PX, _LOOK_EYES_AT = 64.0, 320, (320, 256, 224), 0.45
_LOOK_OFF_MAX = 0.12  # of the copy: an answer farther from its middle is to another face
_LEAST_SCORE = 0.5  # below it the network itself gives no answer


@dataclass(frozen=True)
class _Answer:
    """One answer of the network: box x, y, width, height; right eye, left eye, nose, corners of the mouth; score."""

    box: tuple[float, float, float, float]
    points: Array  # (5, 2)
    score: float

    @property
    def eyes(self) -> tuple[Point, Point]:
        (x0, y0), (x1, y1) = self.points[:2]
        return (float(x0), float(y0)), (float(x1), float(y1))


class _ThreadNetwork(threading.local):
    """The network of this thread: OpenCV writes the size of the picture into it."""

    def __init__(self) -> None:
        self.detector: cv2.FaceDetectorYN | None = None


_NETWORK = _ThreadNetwork()


@cache
def _weights() -> NDArray[np.uint8]:
    return np.frombuffer((resources.files("skinbeam") / _WEIGHTS).read_bytes(), np.uint8)


def _answers(rgb: Picture) -> list[_Answer]:
    """Return the network's answers on a picture as it is; in a strip, it also answers with boxes of no area."""
    if _NETWORK.detector is None:
        nothing = np.empty(0, np.uint8)
        _NETWORK.detector = cv2.FaceDetectorYN.create("onnx", _weights(), nothing, (320, 320), _LEAST_SCORE)
    _NETWORK.detector.setInputSize(rgb.shape[1::-1])
    _, rows = _NETWORK.detector.detect(np.ascontiguousarray(rgb[..., ::-1]))
    answers = []
    for row in np.empty((0, 15)) if rows is None else np.asarray(rows, np.float64):
        x, y, width, height = (float(value) for value in row[:4])
        if width <= 0 or height <= 0:
            continue
        answers.append(_Answer((x, y, width, height), row[4:14].reshape(5, 2), float(row[14])))
    return answers


def find_faces_by_network(rgb: Picture) -> list[Face]:
    """Return the faces that the network finds in an upright picture and again on an upright copy, left to right."""
    cite_sources("wu2023yunet")
    faces: list[Face] = []
    for answer in _search(rgb, limit("face", "network_score_min")):
        eyes = _second_look(rgb, answer.eyes)
        if eyes is None:
            continue
        right, left = find_pupils_near(rgb, *eyes)
        middle = (right[0] + left[0]) / 2, (right[1] + left[1]) / 2
        face = with_mouth(rgb, Face(right, left, middle, answer.box, "network"))
        if all(math.dist(face.middle, other.middle) > face.pupil_px / 2 for other in faces):
            faces.append(face)
    return sorted(faces, key=lambda face: face.box)


def _search(rgb: Picture, least: float) -> list[_Answer]:
    """Return one answer for each face, the strongest first, in pixels of the picture."""
    record = limit_entry("face", "network_px")
    answers: list[_Answer] = []
    copy = rgb
    for side_px in (record["value"], *record["also"]):  # falling: each copy is made from the one before
        copy = _reduced(copy, float(side_px))
        scale = np.array(rgb.shape[1::-1]) / copy.shape[1::-1]
        for answer in _answers(copy):
            if answer.score >= least:
                (x, y), (width, height) = np.array(answer.box).reshape(2, 2) * scale
                box = float(x), float(y), float(width), float(height)
                answers.append(_Answer(box, (answer.points + 0.5) * scale - 0.5, answer.score))
    distinct: list[_Answer] = []
    for answer in sorted(answers, key=lambda answer: -answer.score):
        if all(_in_common(answer.box, other.box) < _SAME_FACE for other in distinct):
            distinct.append(answer)
    return distinct


def _reduced(rgb: Picture, side_px: float) -> Picture:
    """Return a copy whose longer side has at most `side_px` pixels."""
    scale = side_px / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    size = max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _in_common(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the common area of two boxes as a share of the smaller one."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0) / min(a[2] * a[3], b[2] * b[3])


def _second_look(rgb: Picture, eyes: tuple[Point, Point]) -> tuple[Point, Point] | None:
    """Return the eyes as seen on an upright copy of a face, or None if there is no face.

    The copy is made twice, since the first one is as far off as the eyes that the search gave.
    """
    for _ in range(2):
        if not math.dist(*eyes):
            return None
        crop = upright_crop(rgb, *eyes, apart_px=_LOOK_APART_PX, side_px=_LOOK_SIDE_PX, eyes_at=_LOOK_EYES_AT)
        seen, scores = [], []
        for size in _LOOK_SIZES_PX:
            copy = _reduced(crop.rgb, size)
            for mirrored in (False, True):
                answer = _middle_answer(cv2.flip(copy, 1) if mirrored else copy)
                scores.append(0.0 if answer is None else answer.score)
                if answer is not None:
                    points = answer.points[:2]
                    if mirrored:
                        points = (points * (-1, 1) + (size - 1, 0))[::-1]
                    seen.append((points + 0.5) * _LOOK_SIDE_PX / size - 0.5)
        if np.median(scores) < limit("face", "second_look_min"):
            return None
        (x0, y0), (x1, y1) = crop.to_picture(np.median(seen, axis=0))
        eyes = (float(x0), float(y0)), (float(x1), float(y1))
    return eyes


def _middle_answer(copy: Picture) -> _Answer | None:
    """Return the answer whose eyes are in the middle of a copy of the second look, or None."""
    size = copy.shape[0]
    middle = size / 2, size * _LOOK_EYES_AT
    answers = {math.dist(answer.points[:2].mean(axis=0), middle): answer for answer in _answers(copy)}
    nearest = min(answers, default=math.inf)
    return answers[nearest] if nearest <= _LOOK_OFF_MAX * size else None


def is_turned(rgb: Picture) -> bool:
    """Whether the network answers more strongly after a quarter or half turn of the picture."""
    small = _reduced(_reduced(rgb, limit("face", "network_px")), 320)
    strengths = []
    for turns in range(4):
        copy = np.ascontiguousarray(np.rot90(small, turns))
        scores = [answer.score for side_px in (320, 160) for answer in _answers(_reduced(copy, side_px))]
        strengths.append(max(scores, default=0.0))
    return max(strengths[1:]) > max(strengths[0], limit("face", "network_score_min"))
