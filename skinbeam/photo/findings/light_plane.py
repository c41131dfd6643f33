"""Find wide round spots in uneven light, each by the plane of light through the skin around it.

Light falls off across a face by more than a brown spot darkens it, and a wide spot reaches from the lit into the shaded
part. So a spot is compared with a plane, fitted to the logarithm of light of the skin in a ring around it; hairs and
neighbouring marks count less. Where skin is darker than such a ring, a spot is cut at half of its own depth below the
plane, and the plane is fitted again around what was cut out. Folds and the shade beside a nose lie below such planes,
too, but are not round; the tail of a brow may be, so that brows are left out.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.findings.skin_search import DarkBlob, SkinSearch, is_on_every_side, sectors_around
from skinbeam.photo.limits import limit, limit_entry

__all__ = ["find_blobs_below_plane"]

Array = NDArray[np.float64]
Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_LEAST_RING_PX = 20  # fewer pixels of skin fix no plane
_FITS = 4  # of a plane, each with less weight of what the one before left over
_OUTLIER, _LEAST_SPREAD = 1.5, 0.02  # spreads from the plane beyond which a pixel counts less; of even skin, in ln


def find_blobs_below_plane(search: SkinSearch) -> Iterator[tuple[DarkBlob, float]]:
    """Yield the dark blobs of the bare skin with how far they lie below the plane around, in ln of green light.

    None of them overlaps another.
    """
    taken = np.zeros(search.green.shape, bool)
    for x, y, radius_mm in _dark_places(search):
        if taken[y, x] or (found := _cut_out(search, x, y, radius_mm)) is None:
            continue
        blob, darker = found
        u, v = (round(value) for value in blob.centre)
        if search.bare[v, u] and not (taken[blob.window] & blob.mask).any():
            taken[blob.window] |= blob.mask
            yield blob, darker


def _dark_places(search: SkinSearch) -> list[tuple[int, int, float]]:
    """Return x, y and radius in mm of what is darker than a ring of skin around it, the darkest first.

    The mean of a ring is that of a plane through it at its middle, so that a slope of light adds nothing.
    """
    skin, found = search.skin.astype(np.float32), []
    gap, wide = limit("dark-spots", "gap_mm"), limit("dark-spots", "ring_mm")
    for radius_mm in limit_entry("light-plane", "radii_mm")["value"]:
        inside, hole, ring = (
            _disc(mm / search.mm_per_px) for mm in (0.75 * radius_mm, radius_mm + gap, radius_mm + gap + wide)
        )
        edge = (ring.shape[0] - hole.shape[0]) // 2
        ring[edge : edge + hole.shape[0], edge : edge + hole.shape[1]] -= hole
        weight, light = (
            cv2.filter2D(image, -1, ring, borderType=cv2.BORDER_CONSTANT) for image in (skin, skin * search.green)
        )
        around = light / np.maximum(weight, 1) - cv2.filter2D(search.green, -1, inside / inside.sum())
        deep = np.where(weight > limit("dark-spots", "skin_share_min") * ring.sum(), around, 0)
        peak = deep >= cv2.dilate(deep, _disc(0.7 * radius_mm / search.mm_per_px).astype(np.uint8))
        for y, x in np.argwhere(peak & search.bare & (deep > limit("light-plane", "place_darker_ln_min"))):
            found.append((float(deep[y, x]), int(x), int(y), float(radius_mm)))
    return [(x, y, radius_mm) for _, x, y, radius_mm in sorted(found, reverse=True)]


def _disc(radius_px: float) -> Image:
    half = int(np.ceil(radius_px))
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    return np.asarray(np.hypot(x, y) <= radius_px, np.float32)


def _cut_out(search: SkinSearch, x: int, y: int, radius_mm: float) -> tuple[DarkBlob, float] | None:
    """Return the blob at a dark place and how far it lies below the plane; None where skin does not surround it."""
    widest = limit("dark-spots", "diameter_mm_max")
    reach = int(np.ceil(widest / search.mm_per_px))
    top, left = max(y - reach, 0), max(x - reach, 0)
    at = slice(top, y + reach + 1), slice(left, x + reach + 1)
    light, skin = search.green[at].astype(np.float64), search.skin[at]
    rows, columns = np.mgrid[: light.shape[0], : light.shape[1]]
    away_mm = search.mm_per_px * np.hypot(columns - (x - left), rows - (y - top))
    (gap_mm, wide_mm), narrow = search.ring_mm, search.disc(limit("light-plane", "bridge_mm"))
    mask = away_mm <= 0.6 * radius_mm
    ring = (away_mm > radius_mm + gap_mm) & (away_mm <= radius_mm + gap_mm + wide_mm)
    for _ in range(2):
        if (plane := _plane_through(light, ring & skin, columns, rows)) is None:
            return None
        depth = plane - light
        deep = (depth > 0.5 * np.quantile(depth[mask], 0.75)).astype(np.uint8)
        _, labels = cv2.connectedComponents(cv2.morphologyEx(deep, cv2.MORPH_OPEN, narrow), connectivity=4)
        own = np.bincount(labels[mask], minlength=2)
        own[0] = 0
        mask = labels == own.argmax()
        if not own.any() or any(side.any() for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1])):
            return None
        ring = search.ring_around(mask)
    if not search.area_px(limit("dark-spots", "wide_mm")) <= mask.sum() <= search.area_px(widest):
        return None
    plane = _plane_through(light, ring & skin, columns, rows)
    if plane is None or skin[ring].mean() < limit("dark-spots", "skin_share_min"):
        return None
    u, v = float(columns[mask].mean()), float(rows[mask].mean())
    depth = plane - light
    darker = float(np.quantile(depth[mask], 0.75)) - float(np.median(depth[ring]))
    # At the edge of a cast shadow the plane is steep.
    fall = float(np.hypot(plane[0, 1] - plane[0, 0], plane[1, 0] - plane[0, 0]) * np.sqrt(4 / np.pi * mask.sum()))
    if not is_on_every_side(sectors_around(ring, (u, v))) or fall > limit("light-plane", "fall_max") * darker:
        return None
    return DarkBlob(mask, at, (u + left, v + top)), darker


def _plane_through(light: Array, skin: Mask, columns: Array, rows: Array) -> Array | None:
    """Return the plane (height, width) through the light of the skin; None where too little skin is left.

    What is far from the plane counts less, by Huber's weights.
    """
    if skin.sum() < _LEAST_RING_PX:
        return None
    terms = np.stack([np.ones(light.shape), columns, rows], axis=-1)
    there, seen, weight = terms[skin], light[skin], np.ones(int(skin.sum()))
    for _ in range(_FITS):
        plane = np.linalg.lstsq(there * weight[:, None], seen * weight, rcond=None)[0]
        off = np.abs(seen - there @ plane)
        spread = max(1.4826 * float(np.median(off)), _LEAST_SPREAD)
        weight = np.sqrt(1 / np.maximum(off / (_OUTLIER * spread), 1))
    return np.asarray(terms @ plane)
