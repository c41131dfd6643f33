"""Find the printed card in a photograph, at any turn and tilt, also in a mirror image.

OpenCV's detector reads the ArUco markers. Three of the four, each once, must lie on one plane as they do on the card;
no other pattern passes, and one marker may be covered.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.limits import limit
from skinbeam.photo.printed_card.layout import CARD_MM, MARKER_MM, MARKERS, marker_dictionary
from skinbeam.photo.view import shrink_image

__all__ = ["FoundCard", "find_printed_card"]

Array = NDArray[np.float64]

_SEARCH_PX = (1600, 4096)  # longer side of the copy that is searched first, and of the one after it
_SIDE = np.array([(0.0, 0.0), (MARKER_MM, 0.0), (MARKER_MM, MARKER_MM), (0.0, MARKER_MM)])


@compared_by_value
@dataclass(frozen=True)
class FoundCard:
    """A printed card found in a picture.

    Parameters
    ----------
    plane : homography (3, 3) from mm on the card to pixels of the picture.
    mirrored : whether the picture shows a mirror image of the card.
    """

    plane: Array
    mirrored: bool

    def to_pixels(self, mm: Array) -> Array:
        """Convert points (n, 2) in mm on the card to pixels of the picture."""
        return _map_points(self.plane, mm)

    def to_mm(self, pixels: Array) -> Array:
        """Convert points (n, 2) in pixels of the picture to mm on the card."""
        inverse: Array = np.linalg.inv(self.plane).astype(np.float64)
        return _map_points(inverse, pixels)

    @property
    def outline(self) -> Array:
        """Corners (4, 2) of the card in pixels, from its upper left one."""
        width, height = CARD_MM
        return self.to_pixels(np.array([(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]))

    @property
    def px_per_mm(self) -> float:
        """Pixels per mm at the middle of the card, along the direction in which it is not foreshortened."""
        x, y = np.array(CARD_MM) / 2
        across, down = self.to_pixels(np.array([(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)])).reshape(2, 2, 2)
        local = np.stack([across[1] - across[0], down[1] - down[0]], axis=1) / 2
        return float(np.linalg.svd(local, compute_uv=False)[0])


def _map_points(plane: Array, points: Array) -> Array:
    return np.asarray(cv2.perspectiveTransform(points.reshape(-1, 1, 2), plane).reshape(points.shape))


@cache
def _detector() -> "cv2.aruco.ArucoDetector":
    settings = cv2.aruco.DetectorParameters()
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    settings.adaptiveThreshWinSizeMax = 53
    settings.minMarkerPerimeterRate = 0.02
    return cv2.aruco.ArucoDetector(marker_dictionary(), settings)


def find_printed_card(rgb: Picture) -> FoundCard | None:
    """Return the printed card in a picture (height, width, 3), or None."""
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    longer, searched = max(gray.shape), 0
    for side_px in _SEARCH_PX:
        scale = min(1.0, side_px / longer)
        if round(scale * longer) == searched:
            break
        searched = round(scale * longer)
        small = shrink_image(gray, scale)
        for mirrored in (False, True):
            plane = _find_plane(np.ascontiguousarray(small[:, ::-1]) if mirrored else small)
            if plane is None:
                continue
            if mirrored:
                plane = np.array([[-1.0, 0.0, small.shape[1] - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]) @ plane
            full = np.array([[1 / scale, 0.0, 0.5 / scale - 0.5], [0.0, 1 / scale, 0.5 / scale - 0.5], [0.0, 0.0, 1.0]])
            return FoundCard(full @ plane, mirrored)
    return None


def _find_plane(gray: NDArray[np.uint8]) -> Array | None:
    """Return the homography (3, 3) from mm on the card to pixels, by at least three of its markers, or None."""
    corners, numbers, _ = _detector().detectMarkers(gray)
    if numbers is None:
        return None
    read = [int(number) for number in numbers.ravel()]
    seen = {number: corner.reshape(4, 2) for number, corner in zip(read, corners, strict=True) if number in MARKERS}
    seen = {number: corner for number, corner in seen.items() if read.count(number) == 1}
    if len(seen) < limit("printed-card", "markers_min"):
        return None
    mm = np.concatenate([_SIDE + MARKERS[number] for number in seen])
    pixels = np.concatenate(list(seen.values())).astype(np.float64)
    plane, _ = cv2.findHomography(mm, pixels, 0)
    if plane is None:
        return None
    side_px = float(
        np.median([np.linalg.norm(corner - np.roll(corner, 1, axis=0), axis=1) for corner in seen.values()])
    )
    missed = np.linalg.norm(_map_points(plane, mm) - pixels, axis=1).max()
    return np.asarray(plane) if missed <= limit("printed-card", "corner_sides_max") * side_px else None
