"""Bare skin that hangs together: what is taken for a mark of it, what parts it, and how its pieces are told apart."""

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.gates import limit
from skinbeam.photo.view import View, window

__all__ = ["bare_skin", "disc", "pieces", "widest_mark"]

Mask = NDArray[np.bool_]


def bare_skin(seen: View, skin: Mask, cover: Mask, sample: Mask) -> Mask:
    """Return bare skin (height, width) that hangs together with the sample but for narrow gaps, edges drawn in."""
    whole = cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_OPEN, disc(seen, limit("skin", "open_pupil")))
    # A dark spot or a very red patch is skin, though not of the face's usual colour; a wider gap is something else.
    gaps, labels, stats, _ = cv2.connectedComponentsWithStats(1 - whole)
    small = [k for k in range(1, gaps) if stats[k, cv2.CC_STAT_AREA] < widest_mark(seen)]
    whole[np.isin(labels, small)] = 1
    # The shade under a chin and the frame of glasses part a face; a jacket of its colour lies farther off.
    _, labels = cv2.connectedComponents(cv2.dilate(whole, disc(seen, limit("skin", "bridge_pupil"))))
    own = np.bincount(labels[sample], minlength=1)
    own[0] = 0
    whole = cv2.erode(whole, disc(seen, limit("skin", "erode_pupil")))
    return np.asarray(whole.astype(bool) & (labels == own.argmax()) & ~cover)


def widest_mark(seen: View) -> float:
    """Return the area, in pixels, of the widest mark that is taken for one of the skin."""
    return float(np.pi / 4 * (limit("skin", "mark_pupil") * seen.place.pupil_px) ** 2)


def pieces(mask: Mask, *, share: float) -> tuple[Mask, NDArray[np.int32]] | None:
    """Return the largest piece of a mask with those that have a share of its area, and the outline of the largest."""
    if not mask.any():
        return None
    at = window(mask)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask[at].astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]
    largest = (labels == 1 + areas.argmax()).astype(np.uint8)
    corner = (at[1].start, at[0].start)
    contours, _ = cv2.findContours(largest, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE, offset=corner)
    kept = np.zeros_like(mask)
    kept[at] = np.isin(labels, 1 + np.flatnonzero(areas >= share * areas.max()))
    return kept, np.asarray(contours[0], np.int32)


def disc(seen: View, pupils: float) -> NDArray[np.uint8]:
    """Return a disc whose radius is so many pupil distances, at least one pixel."""
    radius = max(1, round(pupils * seen.place.pupil_px))
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)
