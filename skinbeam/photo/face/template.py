"""The face template placed on a face: outlines of regions, where its colour is learnt, and what is cut out of all."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.face.record import Face
from skinbeam.photo.face.view import FaceView
from skinbeam.photo.gates import template
from skinbeam.photo.view import filled

__all__ = ["above_chin", "holes", "learnt", "outlines"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@cache
def _template() -> tuple[dict[str, Array], Array, dict[str, Any]]:
    """Return region → template outline, the outline where skin colour is learnt, and the holes."""
    table = template()
    found: dict[str, Array] = {}
    for name, points in table["half"].items():
        right = np.array(points)
        if name in table["middle"]:
            found[name] = _closed(right)
        else:
            found[f"{name}-right"], found[f"{name}-left"] = right, right * (-1, 1)
    return found, _closed(np.array(table["learn"]["half"])), table["holes"]


def _closed(half: Array) -> Array:
    """Return a half outline and its mirror image as one outline."""
    return np.concatenate([half, half[::-1] * (-1, 1)])


def outlines(face: Face) -> dict[str, Array]:
    """Return region → outline in pixels, before any look at the colour."""
    placed = {name: face.place(points) for name, points in _template()[0].items()}
    if face.points is not None:
        from skinbeam.photo.face.mesh import MESH_REGIONS

        placed |= {name: face.points[indices] for name, indices in MESH_REGIONS.items()}
    return placed


def learnt(seen: FaceView) -> Mask:
    """Return where the colour of a face is learnt: cheeks, nose and chin."""
    return filled(seen.rgb.shape, seen.face.place(_template()[1])) & ~holes(seen)


def holes(seen: FaceView) -> Mask:
    """Return eyes, mouth and nostrils, as wide as they usually are."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    mask = np.zeros(seen.rgb.shape[:2], bool)
    for x, y, half_x, half_y in _template()[2].values():
        for side in (1, -1):
            ring = np.stack([side * x + half_x * np.cos(angle), y + half_y * np.sin(angle)], axis=1)
            mask |= filled(seen.rgb.shape, seen.face.place(ring))
    return mask


def above_chin(seen: FaceView) -> Mask:
    """Return the part of a view above the lower lip, without what is beside the face."""
    half = np.array([[-0.7, 1.4], [-1.05, 0.6], [-1.05, -1.2]])
    return filled(seen.rgb.shape, seen.face.place(_closed(half)))
