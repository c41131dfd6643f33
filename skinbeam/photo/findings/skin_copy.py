"""Copies of a photograph as another photograph of the same skin may be: smaller, turned, darker, and stored again."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.colour import linear_to_srgb, srgb_to_linear
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.face.regions import SkinRegions
from skinbeam.photo.limits import limit, limit_entry
from skinbeam.photo.view import View, bounding_window

__all__ = ["SkinCopy", "copy_skin"]

Array = NDArray[np.float64]


@compared_by_value
@dataclass(frozen=True)
class SkinCopy:
    """A copy of the analysed skin, as a picture with a view and regions of its own.

    Parameters
    ----------
    rgb : (height, width, 3), the picture.
    mm_per_px : of the picture.
    from_view : (2, 3), matrix from pixels of the original view to pixels of the view of the copy.
    """

    rgb: Picture
    view: View
    regions: SkinRegions
    mm_per_px: Estimate
    from_view: Array

    def from_original(self, points: Array) -> Array:
        """Convert points (n, 2) of the original view to pixels of the view of the copy."""
        return np.asarray(points @ self.from_view[:, :2].T + self.from_view[:, 2])

    def to_original(self, points: Array) -> Array:
        """Convert points (n, 2) of the view of the copy to pixels of the original view."""
        turn, shift = self.from_view[:, :2], self.from_view[:, 2]
        return np.asarray((points - shift) @ np.linalg.inv(turn).T)


def copy_skin(rgb: Picture, view: View, regions: SkinRegions, mm_per_px: Estimate) -> Iterator[SkinCopy]:
    """Yield the copies of the skin in a view of the picture `rgb`.

    The light is only made less: more of it would clip a channel and tell nothing of the mark.

    Parameters
    ----------
    mm_per_px : of the picture.
    """
    rows, columns = bounding_window(regions.skin)
    corners = np.array([[columns.start - 0.5, rows.start - 0.5], [columns.stop - 0.5, rows.stop - 0.5]])
    (x0, y0), (x1, y1) = np.round(view.to_picture(corners) + 0.5).astype(int)
    x0, y0 = max(int(x0), 0), max(int(y0), 0)
    cut = rgb[y0 : int(y1), x0 : int(x1)]
    pupil_px = view.place.pupil_px / view.scale
    finest = min(1.0, limit("face", "detail_pupil_px") / pupil_px)
    # A copy keeps the pixels that lines need, where the picture has them.
    least = min(1.0, limit("gate", "pupil_px_detail") / (finest * pupil_px))
    names = ("scale", "turn_deg", "stops", "outline_pupil")
    rows_of_table = zip(*(limit_entry("reread", name)["value"] for name in names), strict=True)
    for share, turn_deg, stops, missed in rows_of_table:
        scale = finest * max(share, min(least, 1.0))
        off = np.array(missed) * view.place.pupil_px
        yield _copy(cut, (x0, y0), view, regions, mm_per_px, scale, turn_deg, stops, off)


def _copy(
    cut: Picture,
    origin: tuple[int, int],
    view: View,
    regions: SkinRegions,
    mm_per_px: Estimate,
    scale: float,
    turn_deg: float,
    stops: float,
    missed_px: Array,
) -> SkinCopy:
    size = max(round(cut.shape[1] * scale), 1), max(round(cut.shape[0] * scale), 1)
    small = cv2.resize(cut, size, interpolation=cv2.INTER_AREA) if scale < 1 else cut
    scale = size[0] / cut.shape[1]
    turn = cv2.getRotationMatrix2D(((size[0] - 1) / 2, (size[1] - 1) / 2), turn_deg, 1.0)
    turned = cv2.warpAffine(small, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    stored = _stored(cv2.LUT(turned, _exposure_table(stops)))
    # Pixels of the view → of the picture → of the cut, reduced → turned, each by pixel centres.
    enlarged = 1 / view.scale
    shift = 0.5 * enlarged - 0.5 + np.array(view.origin) - origin
    to_small = np.column_stack([np.eye(2) * enlarged * scale, scale * (shift + 0.5) - 0.5])
    to_copy = turn[:, :2] @ to_small
    to_copy[:, 2] += turn[:, 2]
    pupil_px = view.place.pupil_px * enlarged * scale
    reduced = min(1.0, limit("face", "analysis_pupil_px") / pupil_px)
    seen, at = stored, to_copy
    if reduced < 1:
        seen_size = round(size[0] * reduced), round(size[1] * reduced)
        seen = cv2.resize(stored, seen_size, interpolation=cv2.INTER_AREA)
        reduced = seen_size[0] / size[0]
        at = to_copy * reduced
        at[:, 2] += 0.5 * reduced - 0.5
    # Landmarks of another photograph are found a little beside these, and with them the outlines of the regions.
    outlined = at.copy()
    outlined[:, 2] += at[:, :2] @ missed_px
    masks = {
        name: cv2.warpAffine(mask.astype(np.uint8), outlined, seen.shape[1::-1], flags=cv2.INTER_NEAREST) > 0
        for name, mask in regions.masks.items()
    }
    place = replace(view.place, pupil_px=pupil_px * reduced, roll_deg=view.place.roll_deg - turn_deg)
    own = View(np.asarray(seen, np.uint8), place, reduced, (0, 0))
    visible = SkinRegions({name: mask for name, mask in masks.items() if mask.any()}, {}, regions.turned_away)
    return SkinCopy(stored, own, visible, mm_per_px.scaled(1 / scale), at)


def _exposure_table(stops: float) -> NDArray[np.uint8]:
    """Return the level of each of the 256 levels after a change of the exposure."""
    light = srgb_to_linear(np.arange(256, dtype=np.uint8)) * 2.0**stops
    return np.round(255 * np.clip(linear_to_srgb(light), 0, 1)).astype(np.uint8)


def _stored(rgb: Picture) -> Picture:
    _, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(limit("reread", "quality"))])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])
