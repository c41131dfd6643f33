"""Find the pupils inside a face box or near known eyes, and measure the visible iris.

Eye cascades are run at several sizes of the box, since one size misses narrow or wrinkled lids that another finds. The
pupil is the point with the strongest outward increase in brightness along circles of an iris's size, to both sides and
below, where lids do not cover it (the operator of Daugman 1993), and with the darkest centre. Brows, lashes and the
frames of glasses, which are as dark as a pupil, have no such round edge.

The diameter of the iris is measured in the same way on both eyes with one size; with the pupil distance it is a known
length on the face.
"""

import math
import threading
from pathlib import Path

import cv2
import cv2.data as cv2_data
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.sources import cite_sources
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.face.face import Face
from skinbeam.photo.face.upright import upright_crop
from skinbeam.photo.limits import limit, limit_entry

__all__ = [
    "FaceBox",
    "cascade",
    "find_pupils",
    "find_pupils_near",
    "measure_iris_px",
]

Array = NDArray[np.float64]
Gray = NDArray[np.uint8]
FaceBox = tuple[float, float, float, float]  # x, y, width, height
Point = tuple[float, float]

_SIZES_PX = (160, 240, 320)  # widths to which a face box is resized for the eye cascades
# Two sizes find a pupil near a known eye as repeatably as three, in six tenths of the time: over 105 turned, smaller,
# lighter, darker and mirrored portraits it moved by 0.8 % of the pupil distance (root mean square) with either.
_SIZES_NEAR_PX = (160, 240)
_PUPIL_FINE_PX = 400  # width to which it is resized for the edge of the iris
_UPPER_FACE = 0.62  # upper share of a box that contains the eyes
# From the horizontal, downwards positive: the upper lid covers what is above, the lower one what is far below.
_PUPIL_ARC_RAD = np.radians(np.linspace(-25.0, 45.0, 15))


class _ThreadCascades(threading.local):
    """The cascades that this thread has loaded."""

    def __init__(self) -> None:
        self.by_name: dict[str, cv2.CascadeClassifier] = {}


_CASCADES = _ThreadCascades()


def cascade(name: str) -> cv2.CascadeClassifier:
    """Return a cascade that ships with OpenCV; each thread has its own, since detection writes into the object."""
    if name not in _CASCADES.by_name:
        file = Path(cv2_data.haarcascades) / f"haarcascade_{name}.xml"
        _CASCADES.by_name[name] = cv2.CascadeClassifier(str(file))
    return _CASCADES.by_name[name]


def find_pupils(rgb: Picture, box: FaceBox) -> tuple[Point, Point] | None:
    """Return the person's right and left pupil inside a face box, or None where two eyes are not found."""
    cite_sources("daugman1993")
    x, y, width, height = box
    x0, y0 = max(int(x), 0), max(int(y), 0)
    upper = rgb[y0 : math.ceil(y + _UPPER_FACE * height), x0 : math.ceil(x + width)]
    gray = cv2.cvtColor(upper, cv2.COLOR_RGB2GRAY)
    seen = np.concatenate([_eye_candidates(_rescale(gray, size / width)) / (size / width) for size in _SIZES_PX])
    middle = 0.5 * gray.shape[1]
    centres = []
    for side in (seen[seen[:, 0] < 0.96 * middle], seen[seen[:, 0] > 1.04 * middle]):
        side = side[(side[:, 1] > 0.5 * middle) & (side[:, 1] < 1.16 * middle)]
        if len(side) < limit("face", "eye_answers_min"):
            return None
        centres.append(np.median(side, axis=0))
    scale = _PUPIL_FINE_PX / width
    right, left = _best_pupils(_rescale(gray, scale), [centre * scale for centre in centres])
    return _to_picture(right / scale, x0, y0), _to_picture(left / scale, x0, y0)


# The copy of a face with known eyes: as wide as a face box is on which the cascades find eyes best, the eyes half way
# down; of its height only the part with the eyes and brows is searched.
_BOX_OF_PUPILS = 2.6  # usual width of a face box of the cascades in pupil distances
_EYE_ROWS = slice(60, 300)


def find_pupils_near(rgb: Picture, right: Point, left: Point) -> tuple[Point, Point]:
    """Return the person's right and left pupil near eyes that are known to about a tenth of their distance.

    An eye on which the cascades do not agree, closed or behind a dark lens, stays where it was.
    """
    cite_sources("viola2001", "daugman1993")
    apart = _PUPIL_FINE_PX / _BOX_OF_PUPILS
    crop = upright_crop(rgb, right, left, apart_px=apart, side_px=_PUPIL_FINE_PX, eyes_at=0.5)
    gray = np.asarray(cv2.cvtColor(crop.rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    scales = [size / _PUPIL_FINE_PX for size in _SIZES_NEAR_PX]
    seen = np.concatenate([_eye_candidates(_rescale(gray[_EYE_ROWS], scale)) / scale for scale in scales])
    seen += (0.0, _EYE_ROWS.start)
    middle = _PUPIL_FINE_PX / 2 - 0.5
    starts = [np.array([middle + side * apart / 2, middle]) for side in (-1, 1)]
    near = [seen[np.hypot(*(seen - start).T) < limit("face", "eye_reach") * apart] for start in starts]
    known = [len(answers) >= limit("face", "eye_answers_min") for answers in near]
    centres = [np.median(near[k], axis=0) if known[k] else starts[k] for k in (0, 1)]
    pupils = _best_pupils(gray, centres)
    pupils_in_picture = crop.to_picture(np.array([pupils[k] if known[k] else starts[k] for k in (0, 1)]))
    return (float(pupils_in_picture[0, 0]), float(pupils_in_picture[0, 1])), (
        float(pupils_in_picture[1, 0]),
        float(pupils_in_picture[1, 1]),
    )


def _to_picture(point: Array, x0: int, y0: int) -> Point:
    return float(point[0] + x0), float(point[1] + y0)


def _rescale(gray: Gray, scale: float) -> Gray:
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(gray, None, fx=scale, fy=scale, interpolation=way), np.uint8)


def _eye_candidates(gray: Gray) -> Array:
    """Return the centres (n, 2) of the cascades' detections of eyes, which include brows.

    The cascades search the box and its mirror image, so that a mirrored picture gives mirrored eyes.
    """
    width = gray.shape[1]
    seen: list[Point] = []
    for image, mirrored in ((gray, False), (cv2.flip(gray, 1), True)):
        for name in ("eye_tree_eyeglasses", "eye"):
            boxes = cascade(name).detectMultiScale(image, 1.05, 3, minSize=(width // 8, width // 8))
            for ex, ey, ew, eh in boxes:
                centre = ex + ew / 2
                seen.append((width - centre if mirrored else centre, ey + eh / 2))
    return np.array(seen, dtype=np.float64).reshape(-1, 2)


def _best_pupils(gray: Gray, centres: list[Array]) -> list[Array]:
    """Return the centres of two irises, each near its start point, at the common size with the best joint response."""
    record = limit_entry("face", "iris_of_box")
    radii = np.linspace(float(record["low"]), float(record["high"]), 7) * gray.shape[1]
    smooth = cv2.GaussianBlur(gray, (0, 0), 0.004 * gray.shape[1]).astype(np.float32)
    answers = [_iris_responses(smooth, centre, radii) for centre in centres]
    together = sum(answer.max(axis=(1, 2)) / max(float(answer.max()), 1e-6) for _, answer in answers)
    size = int(np.argmax(together))
    return [grid[np.unravel_index(int(answer[size].argmax()), answer.shape[1:])] for grid, answer in answers]


def _iris_responses(smooth: NDArray[np.float32], centre: Array, radii: Array) -> tuple[Array, Array]:
    """Return points (rows, columns, 2) around a centre, and for each radius how well each fits an iris centre."""
    width = smooth.shape[1]
    reach, likely = limit("face", "pupil_reach") * width, limit("face", "pupil_spread") * width
    steps = np.arange(-reach, reach + 1.0, 2.0)
    grid = np.stack(np.meshgrid(centre[0] + steps, centre[1] + steps), axis=-1)
    near = np.exp(-0.5 * np.sum((grid - centre) ** 2, axis=-1) / likely**2)
    responses = []
    for radius in radii:
        edges, depths = [], []
        for side in (1, -1):
            white, rim, middle = (
                _arc_brightness(smooth, grid, k * radius, side, _PUPIL_ARC_RAD) for k in (1.25, 0.85, 0.25)
            )
            edges.append(np.median(white - rim, axis=-1))  # a glint covers few of the points, so the median ignores it
            depths.append(np.median(white, axis=-1) - np.median(middle, axis=-1))
        # Both sides must respond: a fold of the lid has only one edge.
        edge = np.minimum(*edges) + 0.25 * np.maximum(*edges)
        responses.append(np.maximum(edge + np.minimum(*depths), 0.0) * near)
    return grid, np.stack(responses)


def _arc_brightness(gray: NDArray[np.float32], grid: Array, radius: float, side: int, arc_rad: Array) -> Array:
    """Return brightness (rows, columns, arc) on the arc to one side of each point."""
    offsets = radius * np.stack([side * np.cos(arc_rad), np.sin(arc_rad)], axis=-1)
    at = (grid[:, :, None, :] + offsets).astype(np.float32)
    rows = at.reshape(-1, len(arc_rad), 2)
    seen = cv2.remap(gray, rows, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.float64).reshape(at.shape[:-1])


# Diameter of the visible iris. Only sizes that an iris can have for the pupil distance are tried, which excludes the
# edge of the pupil itself and the corners of the eye.

_IRIS_FINE_PX = 480.0  # pupil distance to which the eyes are resized for the edge of the iris
_IRIS_ARC_RAD = np.radians(np.linspace(-20.0, 40.0, 13))  # from the horizontal, downwards positive


def measure_iris_px(rgb: Picture, face: Face) -> float | None:
    """Return the horizontal diameter of the visible iris in pixels of a picture, or None if its edge is not visible."""
    if face.pupil_px < limit("iris", "pupil_px_min"):
        return None
    cite_sources("daugman1993")
    scale = _IRIS_FINE_PX / face.pupil_px
    radii, answers = _radii(), []
    for pupil in (face.right_pupil, face.left_pupil):
        answers.append(_edge_by_radius(_iris_window(rgb, pupil, face.roll_deg, scale), radii))
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
    """Return the radii to try, in fine pixels."""
    record = limit_entry("iris", "diameter_of_pupil_distance")
    return np.arange(0.5 * float(record["low"]) * _IRIS_FINE_PX, 0.5 * float(record["high"]) * _IRIS_FINE_PX, 0.5)


def _iris_window(rgb: Picture, pupil: tuple[float, float], roll_deg: float, scale: float) -> NDArray[np.float32]:
    """Return the brightness around a pupil, with the eyes level, at the fine size."""
    half = int(0.2 * _IRIS_FINE_PX)
    turn = cv2.getRotationMatrix2D(pupil, roll_deg, scale)
    turn[:, 2] += half - np.array(pupil)
    if scale < 1:  # a large picture is smoothed first to avoid aliasing in the reduced copy
        reach = int(0.3 * _IRIS_FINE_PX / scale)
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
    """Return for each radius the strongest edge of a circle near the middle that is present on both sides."""
    half = gray.shape[0] // 2
    steps = np.arange(-12.0, 12.5, 2.0)
    grid = np.stack(np.meshgrid(half + steps, half + steps), axis=-1)
    edges = []
    for radius in radii:
        sides = []
        for side in (1, -1):
            white, rim = (_arc_brightness(gray, grid, radius + off, side, _IRIS_ARC_RAD) for off in (4.0, -4.0))
            sides.append(np.median(white - rim, axis=-1))
        edges.append(np.minimum(*sides).max())
    return np.array(edges)
