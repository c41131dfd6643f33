"""How wide the visible iris is in the picture: with the pupil distance, a length on the face that is known in people.

Around each pupil the edge between iris and white is sought on both sides along arcs that lids do not cover, with one
size for both eyes (the operator of Daugman 1993). Sizes are those that an iris can have between two pupils, which
leaves the pupil's own edge and the corners of the eye out.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.face.record import Face
from skinbeam.photo.gates import entry, limit
from skinbeam.photo.reading.read import Picture
from skinbeam.provenance import used

__all__ = ["iris_px"]

Array = NDArray[np.float64]

_FINE_PX = 480.0  # between the pupils, to which the eyes are brought before the edge is sought
_ARC_RAD = np.radians(np.linspace(-20.0, 40.0, 13))  # from the horizontal, downwards positive


def iris_px(rgb: Picture, face: Face) -> float | None:
    """Return the horizontal diameter of the visible iris in pixels of a picture, or None where its edge is not seen."""
    if face.pupil_px < limit("iris", "pupil_px_min"):
        return None
    used("daugman1993")
    scale = _FINE_PX / face.pupil_px
    radii, answers = _radii(), []
    for pupil in (face.right_pupil, face.left_pupil):
        answers.append(_edge_by_radius(_around(rgb, pupil, face.roll_deg, scale), radii))
    alone = [float(radii[int(np.argmax(answer))]) for answer in answers]
    together = answers[0] / max(answers[0].max(), 1e-6) + answers[1] / max(answers[1].max(), 1e-6)
    best = int(np.argmax(together))
    apart = max(alone) / min(alone) - 1
    if best in (0, len(radii) - 1) or apart > limit("iris", "apart_max"):
        return None
    if min(answer[best] for answer in answers) < limit("iris", "edge_min"):
        return None
    return 2.0 * float(radii[best]) / scale


def _radii() -> Array:
    """Return the radii that are tried, in fine pixels."""
    record = entry("iris", "diameter_of_pupil_distance")
    return np.arange(0.5 * float(record["low"]) * _FINE_PX, 0.5 * float(record["high"]) * _FINE_PX, 0.5)


def _around(rgb: Picture, pupil: tuple[float, float], roll_deg: float, scale: float) -> NDArray[np.float32]:
    """Return the brightness around a pupil, the eyes level, at the fine size."""
    half = int(0.2 * _FINE_PX)
    turn = cv2.getRotationMatrix2D(pupil, roll_deg, scale)
    turn[:, 2] += half - np.array(pupil)
    if scale < 1:  # a large picture is smoothed first, so that the reduced copy has no steps of its own
        reach = int(0.3 * _FINE_PX / scale)
        x, y = (round(value) for value in pupil)
        x0, y0 = max(x - reach, 0), max(y - reach, 0)
        cut = cv2.GaussianBlur(rgb[y0 : y + reach, x0 : x + reach], (0, 0), 0.4 / scale)
        turn[:, 2] += turn[:, :2] @ (x0, y0)
        rgb = cut
    cut = cv2.warpAffine(
        rgb, turn, (2 * half + 1, 2 * half + 1), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    gray = cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.GaussianBlur(gray, (0, 0), 2.0), np.float32)


def _edge_by_radius(gray: NDArray[np.float32], radii: Array) -> Array:
    """Return for each radius the strongest edge that a circle of it near the middle has on both sides at once."""
    half = gray.shape[0] // 2
    steps = np.arange(-12.0, 12.5, 2.0)
    grid = np.stack(np.meshgrid(half + steps, half + steps), axis=-1)
    found = []
    for radius in radii:
        sides = []
        for side in (1, -1):
            white, rim = (_on_arc(gray, grid, radius + off, side) for off in (4.0, -4.0))
            sides.append(np.median(white - rim, axis=-1))
        found.append(np.minimum(*sides).max())
    return np.array(found)


def _on_arc(gray: NDArray[np.float32], grid: Array, radius: float, side: int) -> Array:
    """Return brightness (rows, columns, arc) on the arc to one side of each point."""
    offsets = radius * np.stack([side * np.cos(_ARC_RAD), np.sin(_ARC_RAD)], axis=-1)
    at = (grid[:, :, None, :] + offsets).astype(np.float32)
    seen = cv2.remap(gray, at.reshape(-1, len(_ARC_RAD), 2), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.float64).reshape(at.shape[:-1])
