"""Find faces with MediaPipe's face mesh (478 points), an optional backend used when its package is installed.

It is imported late, because the import takes a second. Index lists contain points of that mesh; right and left are the
person's own.
"""

import os
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.face.face import Face

__all__ = ["MESH_REGIONS", "asymmetry", "find_faces_by_mesh"]

Array = NDArray[np.float64]

_RIGHT_IRIS, _LEFT_IRIS, _UPPER_LIP, _LOWER_LIP = 468, 473, 13, 14
_NOSE, _RIGHT_EDGE, _LEFT_EDGE = 1, 234, 454

_LISTS = """
forehead 10 338 297 332 284 251 301 300 293 334 296 336 9 107 66 105 63 70 71 21 54 103 67 109
nose 168 193 122 196 236 198 209 49 48 64 98 97 2 326 327 294 278 279 429 420 456 419 351 417
cheek-right 227 116 117 118 119 120 47 126 142 36 206 216 212 202 204 211 170 149 150 136 172 58 132 93 234
cheek-left 447 345 346 347 348 349 277 355 371 266 426 436 432 422 424 431 395 378 379 365 397 288 361 323 454
periorbital-right 46 53 52 65 55 193 245 128 121 120 119 118 117 111 35 124
periorbital-left 276 283 282 295 285 417 465 357 350 349 348 347 346 340 265 353
perioral 2 326 327 423 426 436 432 422 424 418 421 200 201 194 204 202 212 216 206 203 98 97
chin 204 194 201 200 421 418 424 431 395 378 400 377 152 148 176 149 170 211
"""
MESH_REGIONS = {line.split()[0]: [int(word) for word in line.split()[1:]] for line in _LISTS.strip().splitlines()}


@cache
def _models() -> tuple[Any, Any]:
    os.environ.setdefault("GLOG_minloglevel", "3")  # its native library writes to the terminal otherwise
    import mediapipe

    detection = mediapipe.solutions.face_detection.FaceDetection(model_selection=1, min_detection_confidence=0.5)
    mesh = mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=True)
    return detection, mesh


def find_faces_by_mesh(rgb: Picture) -> list[Face]:
    """Return the faces of an upright picture, left to right; each is cropped first, as the mesh misses small ones."""
    detection, mesh = _models()
    height, width = rgb.shape[:2]
    faces = []
    for found in detection.process(rgb).detections or []:
        box = found.location_data.relative_bounding_box
        x0, y0 = max(int((box.xmin - 0.4 * box.width) * width), 0), max(int((box.ymin - 0.6 * box.height) * height), 0)
        x1, y1 = int((box.xmin + 1.4 * box.width) * width), int((box.ymin + 1.4 * box.height) * height)
        cut = np.ascontiguousarray(rgb[y0:y1, x0:x1])
        answer = mesh.process(cut).multi_face_landmarks
        if answer:
            points = np.array([(p.x * cut.shape[1] + x0, p.y * cut.shape[0] + y0) for p in answer[0].landmark])
            faces.append(_face(points, (box.xmin * width, box.ymin * height, box.width * width, box.height * height)))
    return sorted(faces, key=lambda face: face.box)


def _face(points: Array, box: tuple[float, float, float, float]) -> Face:
    right, left, mouth = points[_RIGHT_IRIS], points[_LEFT_IRIS], (points[_UPPER_LIP] + points[_LOWER_LIP]) / 2
    return Face(_pair(right), _pair(left), _pair(mouth), box, "mesh", points)


def _pair(point: Array) -> tuple[float, float]:
    return float(point[0]), float(point[1])


def asymmetry(points: Array) -> float:
    """Return the position of the nose between the edges of the face: 0 in the middle, -1 at the person's right edge."""
    nose, right, left = points[_NOSE, 0], points[_RIGHT_EDGE, 0], points[_LEFT_EDGE, 0]
    return float(2 * (nose - right) / (left - right) - 1)
