"""Find very dark compact spots in skin, such as a melanoma may be, by depth, shape and place.

A pixel that is nearly black has no colour by which melanin could be told from shade, hair or ink, so neither the mask
of skin nor the search for brown spots shows it. Here a spot is what a closing of the picture fills: darker than all
skin around it, compact, and surrounded by skin on every side. Nostrils, eyes and the mouth are as dark and are
recognised by their place on the face; hair, brows, frames and the shade of nose and chin by their shape, or because
skin does not surround them. A wide spot needs less depth and is then not called very dark: the search by colour leaves
out skin with stubble or shade, and spots that an outline of a region cuts. A wide round one is also looked for below
the plane of light through the skin around.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.model.sources import cite_sources
from skinbeam.photo.findings.light_plane import find_blobs_below_plane
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.findings.skin_search import (
    SECTORS,
    DarkBlob,
    SkinSearch,
    is_on_every_side,
    search_skin,
    sectors_around,
)
from skinbeam.photo.limits import limit, limit_entry
from skinbeam.photo.skin_mask import SkinSurface
from skinbeam.photo.view import View

__all__ = ["find_dark_spots"]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class _Darkness:
    """How much darker a blob is than the skin around it: than the darkest side of that skin, and than most of it."""

    least: float
    most: float


def find_dark_spots(view: View, surface: SkinSurface, mm_per_px: Estimate) -> tuple[Mark, ...]:
    """Return the very dark compact spots in the skin of a view, and wide dark ones as spots of no certain colour.

    A doctor must see each of them.

    Parameters
    ----------
    mm_per_px : of the view.
    """
    cite_sources("skinbeam2026photo")
    if not surface.outline.any():
        return ()
    search = search_skin(view, surface, mm_per_px.median)
    marks: list[Mark] = []
    taken = np.zeros(search.light.shape, bool)
    for kind, blob, darker_ln in _dark_kinds(search, surface):
        if not (taken[blob.window] & blob.mask).any():
            taken[blob.window] |= blob.mask
            region = surface.nearest_region(*search.to_view(*blob.centre))
            marks.append(_dark_mark(search, blob, kind, region, darker_ln, mm_per_px, surface.outline))
    return tuple(marks)


def _dark_kinds(search: SkinSearch, surface: SkinSurface) -> Iterator[tuple[str, DarkBlob, float]]:
    """Yield kind, blob and depth of the dark spots; the same spot may be yielded again.

    The very dark ones come first: one that lies within a wide spot keeps its kind, at which no laser is offered.
    """
    widest = search.disc(limit("dark-spots", "diameter_mm_max"))
    depth = np.asarray(cv2.morphologyEx(search.light, cv2.MORPH_CLOSE, widest) - search.light, np.float32)
    for kind, levels, least, darkness in (
        ("dark-spots", "levels_ln", "diameter_mm_min", "darker_ln_min"),
        ("unclassified-spots", "wide_levels_ln", "wide_mm", "wide_darker_ln_min"),
    ):
        levels_ln = limit_entry("dark-spots", levels)["value"]
        for blob in _dark_blobs(search, depth, levels_ln, limit("dark-spots", least)):
            column, row = (round(value) for value in search.to_view(*blob.centre))
            if not surface.outline[row, column] or surface.openings[row, column]:
                continue
            longest = limit("dark-spots", "brow_elongation_max" if surface.brows[row, column] else "elongation_max")
            if not _is_compact(blob.mask, longest) or (darker := _darker_than_ring(search, blob)) is None:
                continue
            if darker.least >= limit("dark-spots", darkness):
                yield kind, blob, darker.most
    for blob, darker_ln in find_blobs_below_plane(search):
        deep = limit("light-plane", "darker_ln_min") <= darker_ln <= limit("light-plane", "darker_ln_max")
        if deep and _is_compact(blob.mask, limit("light-plane", "elongation_max")):
            yield "unclassified-spots", blob, darker_ln


def _dark_blobs(search: SkinSearch, depth: Image, levels_ln: Sequence[float], least_mm: float) -> Iterator[DarkBlob]:
    """Yield the dark blobs from a width on, each cut at half of its own depth.

    A spot may be joined to hair or a fold by shade that is less deep than itself, so several depths are tried; the same
    spot may be yielded at several of them.
    """
    least, most = search.area_px(least_mm), search.area_px(limit("dark-spots", "diameter_mm_max"))
    for level in levels_ln:
        deep = (depth > level).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(deep, connectivity=8)
        for label in range(1, count):
            x, y, width, height, area = stats[label].tolist()
            if not least <= area <= most:
                continue
            there = slice(y, y + height), slice(x, x + width)
            whole, below = labels[there] == label, depth[there]
            core = (whole & (below > 0.5 * np.quantile(below[whole], 0.9))).astype(np.uint8)
            pieces, numbers, sizes, centres = cv2.connectedComponentsWithStats(core, connectivity=8)
            for piece in range(1, pieces):
                if sizes[piece, cv2.CC_STAT_AREA] >= least:
                    u, v, wide, high = sizes[piece, :4].tolist()
                    window = slice(y + v, y + v + high), slice(x + u, x + u + wide)
                    mask = numbers[v : v + high, u : u + wide] == piece
                    yield DarkBlob(mask, window, (x + float(centres[piece, 0]), y + float(centres[piece, 1])))


def _is_compact(mask: Mask, longest: float) -> bool:
    """Whether a blob is at most `longest` times as long as wide and fills its convex outline."""
    rows, columns = np.nonzero(mask)
    # A twelfth is the variance of a pixel's own width.
    short, long = np.linalg.eigvalsh(np.cov(np.stack([columns, rows]), bias=True) + np.eye(2) / 12)
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.fillConvexPoly(np.zeros(mask.shape, np.uint8), cv2.convexHull(max(contours, key=cv2.contourArea)), 1)
    solid = mask.sum() / max(int(np.sum(hull)), 1)
    return bool(np.sqrt(long / short) <= longest and solid >= limit("dark-spots", "solidity_min"))


def _darker_than_ring(search: SkinSearch, blob: DarkBlob) -> _Darkness | None:
    """Return how much darker a blob is than the skin around it, or None if skin does not surround it.

    Each eighth of the ring must be lighter than the blob: the shade beside a nose or under a chin has skin on one side.
    """
    reach = search.ring_reach_px
    (rows, columns), shape = blob.window, search.light.shape
    top, left = max(rows.start - reach, 0), max(columns.start - reach, 0)
    at = slice(top, min(rows.stop + reach, shape[0])), slice(left, min(columns.stop + reach, shape[1]))
    light, skin = search.light[at], search.skin[at]
    mask = np.zeros(light.shape, bool)
    mask[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = blob.mask
    ring = search.ring_around(mask)
    if not ring.any() or skin[ring].mean() < limit("dark-spots", "skin_share_min"):
        return None
    sector = sectors_around(ring, (blob.centre[0] - left, blob.centre[1] - top))
    # The darkest quarter, since blur makes the rim of a small spot lighter.
    around, inside = light[ring], float(np.quantile(light[mask], 0.25))
    if not is_on_every_side(sector):
        return None
    darkest = min(float(np.median(around[sector == number])) for number in range(SECTORS))
    return _Darkness(darkest - inside, float(np.median(around)) - inside)


def _dark_mark(
    search: SkinSearch, blob: DarkBlob, kind: str, region: str, darker_ln: float, mm_per_px: Estimate, outline: Mask
) -> Mark:
    """Return the mark of a blob, in pixels of the view."""
    (rows, columns), (height, width) = blob.window, outline.shape
    x0, y0 = search.to_view(columns.start, rows.start)
    x1, y1 = search.to_view(columns.stop, rows.stop)
    left, top = max(int(x0), 0), max(int(y0), 0)
    x, y = np.meshgrid(np.arange(left, min(int(x1) + 2, width)), np.arange(top, min(int(y1) + 2, height)))
    across, down = (
        ((at - first + 0.5) * search.zoom - 0.5 - start).astype(np.float32)
        for at, first, start in zip((x, y), search.origin, (columns.start, rows.start), strict=True)
    )
    cover = cv2.remap(blob.mask.astype(np.float32), across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    px = float(np.sqrt(4 / np.pi * blob.mask.sum())) / search.zoom
    size, true = mm_per_px.scaled(px), limit_entry("spots", "true_of_found")
    return Mark(
        kind=kind,
        region=region,
        map_name="shade",
        origin=(left, top),
        cover=np.asarray(cover, np.float32),
        excess=np.asarray(darker_ln * cover, np.float32),
        contrast=darker_ln,
        size_mm=Estimate(size.median, size.low * true["low"], size.high * true["high"], size.level, size.kind),
        looks_suspicious=True,
    )
