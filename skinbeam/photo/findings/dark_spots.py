"""Find very dark compact spots in skin, such as a melanoma may be, by depth, shape and place.

A pixel that is nearly black has no colour by which melanin could be told from shade, hair or ink, so neither the mask
of skin nor the search for brown spots shows it. Here a spot is what a closing of the picture fills: darker than all
skin around it, compact, and surrounded by skin on every side. Nostrils, eyes and the mouth are as dark and are
recognised by their place on the face; hair, brows, frames and the shade of nose and chin by their shape, or because
skin does not surround them. A wide spot needs less depth and is then not called very dark: the search by colour leaves
out skin with stubble or shade, and spots that an outline of a region cuts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.model.sources import cite_sources
from skinbeam.photo.colour import LUMINANCE, srgb_to_linear
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.limits import limit, limit_entry
from skinbeam.photo.skin_mask import SkinSurface
from skinbeam.photo.view import View, bounding_window

__all__ = ["find_dark_spots"]

Array = NDArray[np.float64]
Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_BLACK = 0.002  # linear light that keeps a logarithm finite: half of the first steps of 8-bit sRGB above black
_SECTORS = 8  # of the ring of skin around a spot


@dataclass(frozen=True)
class _Search:
    """The searched part of a view on a grid that is at least as fine as a spot needs.

    Parameters
    ----------
    light : natural logarithm of luminance.
    depth : how much darker than the skin around it a pixel is, in the same unit.
    skin : whether a pixel has the colour of skin.
    origin : x, y of the part in the view.
    zoom : pixels of the grid per pixel of the view.
    mm_per_px : of the grid.
    """

    light: Image
    depth: Image
    skin: Mask
    origin: tuple[int, int]
    zoom: float
    mm_per_px: float

    def to_view(self, x: float, y: float) -> tuple[float, float]:
        """Convert a point of the grid to pixels of the view."""
        return (x + 0.5) / self.zoom - 0.5 + self.origin[0], (y + 0.5) / self.zoom - 0.5 + self.origin[1]

    def disc(self, diameter_mm: float) -> NDArray[np.uint8]:
        """Return a disc of this diameter, of at least three pixels."""
        radius = max(1, round(diameter_mm / 2 / self.mm_per_px))
        return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)

    def area_px(self, diameter_mm: float) -> float:
        """Return the area of a disc of this diameter."""
        return float(np.pi / 4 * (diameter_mm / self.mm_per_px) ** 2)


@dataclass(frozen=True)
class _DarkBlob:
    """A dark blob: its mask in a window of the grid, and its centre there."""

    mask: Mask
    window: tuple[slice, slice]
    centre: tuple[float, float]


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
    search = _search_area(view, surface, mm_per_px.median)
    marks: list[Mark] = []
    taken = np.zeros(search.light.shape, bool)
    # The very dark ones first: one that lies within a wide spot keeps its kind, at which no laser is offered.
    for kind, levels, least, darkness in (
        ("dark-spots", "levels_ln", "diameter_mm_min", "darker_ln_min"),
        ("unclassified-spots", "wide_levels_ln", "wide_mm", "wide_darker_ln_min"),
    ):
        for blob in _dark_blobs(search, limit_entry("dark-spots", levels)["value"], limit("dark-spots", least)):
            x, y = search.to_view(*blob.centre)
            row, column = round(y), round(x)
            outside = not surface.outline[row, column] or surface.openings[row, column]
            if outside or (taken[blob.window] & blob.mask).any():
                continue
            longest = limit("dark-spots", "brow_elongation_max" if surface.brows[row, column] else "elongation_max")
            if not _is_compact(blob.mask, longest) or (darker := _darker_than_ring(search, blob)) is None:
                continue
            if darker.least >= limit("dark-spots", darkness):
                taken[blob.window] |= blob.mask
                region = surface.nearest_region(x, y)
                marks.append(_dark_mark(search, blob, kind, region, darker, mm_per_px, surface.outline))
    return tuple(marks)


def _search_area(view: View, surface: SkinSurface, mm: float) -> _Search:
    """Return the outlined part of a view with a margin, enlarged where its pixels are coarse."""
    widest = limit("dark-spots", "diameter_mm_max")
    rows, columns = bounding_window(surface.outline, round(widest / mm))
    linear = srgb_to_linear(view.rgb[rows, columns])
    blur_px = max(limit("spots", "smooth_px_min"), limit("spots", "smooth_mm") / mm)
    light = np.log(cv2.GaussianBlur(linear @ LUMINANCE, (0, 0), blur_px) + _BLACK).astype(np.float32)
    zoom = max(1.0, mm / limit("dark-spots", "grid_mm"))
    size = round(light.shape[1] * zoom), round(light.shape[0] * zoom)
    if zoom > 1:
        light = np.asarray(cv2.resize(light, size, interpolation=cv2.INTER_CUBIC), np.float32)
    skin = cv2.resize(surface.skin_colour[rows, columns].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    empty = _Search(light, light, np.asarray(skin), (columns.start, rows.start), zoom, mm / zoom)
    closed = cv2.morphologyEx(light, cv2.MORPH_CLOSE, empty.disc(widest))
    return _Search(light, np.asarray(closed - light, np.float32), empty.skin, empty.origin, zoom, empty.mm_per_px)


def _dark_blobs(search: _Search, levels_ln: Sequence[float], least_mm: float) -> Iterator[_DarkBlob]:
    """Yield the dark blobs from a width on, each cut at half of its own depth.

    A spot may be joined to hair or a fold by shade that is less deep than itself, so several depths are tried; the same
    spot may be yielded at several of them.
    """
    least, most = search.area_px(least_mm), search.area_px(limit("dark-spots", "diameter_mm_max"))
    for level in levels_ln:
        deep = (search.depth > level).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(deep, connectivity=8)
        for label in range(1, count):
            x, y, width, height, area = stats[label].tolist()
            if not least <= area <= most:
                continue
            there = slice(y, y + height), slice(x, x + width)
            whole, depth = labels[there] == label, search.depth[there]
            core = (whole & (depth > 0.5 * np.quantile(depth[whole], 0.9))).astype(np.uint8)
            pieces, numbers, sizes, centres = cv2.connectedComponentsWithStats(core, connectivity=8)
            for piece in range(1, pieces):
                if sizes[piece, cv2.CC_STAT_AREA] >= least:
                    u, v, wide, high = sizes[piece, :4].tolist()
                    window = slice(y + v, y + v + high), slice(x + u, x + u + wide)
                    mask = numbers[v : v + high, u : u + wide] == piece
                    yield _DarkBlob(mask, window, (x + float(centres[piece, 0]), y + float(centres[piece, 1])))


def _is_compact(mask: Mask, longest: float) -> bool:
    """Whether a blob is at most `longest` times as long as wide and fills its convex outline."""
    rows, columns = np.nonzero(mask)
    # A twelfth is the variance of a pixel's own width.
    short, long = np.linalg.eigvalsh(np.cov(np.stack([columns, rows]), bias=True) + np.eye(2) / 12)
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.fillConvexPoly(np.zeros(mask.shape, np.uint8), cv2.convexHull(max(contours, key=cv2.contourArea)), 1)
    solid = mask.sum() / max(int(np.sum(hull)), 1)
    return bool(np.sqrt(long / short) <= longest and solid >= limit("dark-spots", "solidity_min"))


def _darker_than_ring(search: _Search, blob: _DarkBlob) -> _Darkness | None:
    """Return how much darker a blob is than the skin around it, or None if skin does not surround it.

    Each eighth of the ring must be lighter than the blob: the shade beside a nose or under a chin has skin on one side.
    """
    # A spot of a coarse picture is blurred over its pixels.
    pixel_mm = search.mm_per_px * search.zoom * limit("dark-spots", "gap_px")
    gap_mm, ring_mm = (max(limit("dark-spots", name), pixel_mm) for name in ("gap_mm", "ring_mm"))
    near, far = search.disc(2 * gap_mm), search.disc(2 * ring_mm)
    reach = near.shape[0] // 2 + far.shape[0] // 2
    (rows, columns), shape = blob.window, search.light.shape
    top, left = max(rows.start - reach, 0), max(columns.start - reach, 0)
    at = slice(top, min(rows.stop + reach, shape[0])), slice(left, min(columns.stop + reach, shape[1]))
    light, skin = search.light[at], search.skin[at]
    mask = np.zeros(light.shape, np.uint8)
    mask[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = blob.mask
    inner = cv2.dilate(mask, near)
    ring = (cv2.dilate(inner, far) > 0) & (inner == 0)
    if not ring.any() or skin[ring].mean() < limit("dark-spots", "skin_share_min"):
        return None
    y, x = np.nonzero(ring)
    angle = np.arctan2(y + top - blob.centre[1], x + left - blob.centre[0]) / (2 * np.pi)
    sector = np.floor(angle * _SECTORS).astype(int) % _SECTORS
    # The darkest quarter, since blur makes the rim of a small spot lighter.
    around, inside = light[ring], float(np.quantile(light[mask > 0], 0.25))
    if np.unique(sector).size < _SECTORS:
        return None
    darkest = min(float(np.median(around[sector == number])) for number in range(_SECTORS))
    return _Darkness(darkest - inside, float(np.median(around)) - inside)


def _dark_mark(
    search: _Search, blob: _DarkBlob, kind: str, region: str, darker: _Darkness, mm_per_px: Estimate, outline: Mask
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
        excess=np.asarray(darker.most * cover, np.float32),
        contrast=darker.most,
        size_mm=Estimate(size.median, size.low * true["low"], size.high * true["high"], size.level, size.kind),
        looks_suspicious=True,
    )
