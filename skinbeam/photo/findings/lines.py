"""Detect lines: vessels in the map of blood, and wrinkles in the map of brightness."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.photo.colour import LUMINANCE
from skinbeam.photo.findings.detail import SkinDetail
from skinbeam.photo.findings.mark import LineSight, MapName, Mark
from skinbeam.photo.findings.ridges import (
    LineProfile,
    LineTrace,
    LineWidth,
    centre_line,
    fit_line_box,
    line_profile,
    ridge_strength,
    trace_lines,
)
from skinbeam.photo.limits import limit
from skinbeam.photo.pigment_maps.pigment_density import chromophore_directions
from skinbeam.text import Message

__all__ = ["find_vessels", "find_wrinkles", "is_line_of", "look_at_lines"]

Array = NDArray[np.float64]
Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_FINER = 4  # factor of supersampling when a line is drawn


@dataclass(frozen=True)
class _Line:
    """A line in pixels of the detail: position, region, cross-section in brightness, and what it looks like."""

    trace: LineTrace
    region: str
    profile: LineProfile
    sight: LineSight


def find_vessels(detail: SkinDetail) -> tuple[Mark, ...]:
    """Return the visible vessels: lines that are darkened by blood and have the width of vessels."""
    lines = _find_lines(detail, detail.blood, "vessels")
    return tuple(_line_mark(detail, line, "vessels", "haemoglobin", _blood_in_bright()) for line in lines)


def find_wrinkles(detail: SkinDetail) -> tuple[Mark, ...]:
    """Return lines and wrinkles: dark lines in brightness that blood does not explain; their depth is not measured.

    Light in a furrow is reflected by skin more than once and becomes redder, so part of its shade looks like blood: on
    faces a third to three fifths, compared with four fifths and more for a vessel.
    """
    lines = _find_lines(detail, detail.bright, "fine-lines")
    return tuple(_line_mark(detail, line, "fine-lines", "shade", 1.0) for line in lines)


def look_at_lines(detail: SkinDetail, kind: str, lines: Sequence[Array]) -> list[LineSight]:
    """Return how lines that were found on another picture look here, (n, 2) each in pixels of the view.

    A line is not traced again: it breaks elsewhere in every picture, and a part of it may be too short or too wide to
    be found alone.
    """
    inner, scales = _searched_skin(detail, kind)
    if not inner.any():
        return [LineSight(0.0, 0.0, 0.0, 0.0, 0.0) for _ in lines]
    strength = ridge_strength(detail.blood if kind == "vessels" else detail.bright, inner, scales)
    # The middle of a line is known to a pixel.
    strong = cv2.dilate((inner & (strength > limit(kind, "strength_min"))).astype(np.uint8), np.ones((3, 3), np.uint8))
    sights = []
    for line in lines:
        points = detail.from_view(line)
        share = float(_mask_at(strong > 0, points).mean())
        sights.append(_sight(detail, kind, centre_line(detail.bright, points), share)[1])
    return sights


def is_line_of(kind: str, length_mm: float, sights: Sequence[LineSight]) -> bool:
    """Whether a line is of a kind by the medians of what it looks like in several pictures."""
    density, width_mm, width_share, blood_share = np.median(
        [(sight.density, sight.width_mm, sight.width_share, sight.blood_share) for sight in sights], axis=0
    ).tolist()
    if density < limit(kind, "density_min") or width_share >= limit(kind, "widest_share"):
        return False
    if length_mm < limit(kind, "slender_min") * width_mm:
        return False
    if kind == "vessels":
        return bool(blood_share >= limit(kind, "blood_share_min"))
    return bool(blood_share <= limit(kind, "blood_share_max"))


def _sight(detail: SkinDetail, kind: str, points: Array, share: float) -> tuple[LineProfile, LineSight]:
    """Return the cross-section of a line in pixels of the detail, and what the line looks like."""
    reach = round(limit(kind, "width_mm_max") / detail.mm_per_px.median)
    across = line_profile(detail.bright, points, reach, detail.blur)
    height, wide = fit_line_box(detail.blood, points, reach, detail.blur)
    red, all_of_it = max(height, 0.0) * wide * _blood_in_bright(), across.height * across.width.px
    return across, LineSight(
        share=share,
        density=across.observed_height,
        width_mm=across.width.px * detail.mm_per_px.median,
        width_share=across.width.px / reach,
        blood_share=red / all_of_it if all_of_it > 0 else 0.0,  # what is not darker fails by its density
    )


def _searched_skin(detail: SkinDetail, kind: str) -> tuple[Mask, list[float]]:
    """Return where lines of a kind are searched for, and the scales of the ridge filter in pixels."""
    mm = detail.mm_per_px.median
    skin = np.logical_or.reduce(list(detail.masks.values()))
    rim = round(limit(kind, "rim_mm") / mm)
    inner = cv2.erode(skin.astype(np.uint8), np.ones((2 * rim + 1, 2 * rim + 1), np.uint8), borderValue=0).astype(bool)
    return inner, [max(limit(kind, f"sigma_mm_{size}") / mm, 0.7) for size in ("low", "mid", "high")]


def _find_lines(detail: SkinDetail, image: Image, kind: str) -> Iterator[_Line]:
    """Yield the lines of a kind in its map, each with the region that contains most of it."""
    mm = detail.mm_per_px.median
    inner, scales = _searched_skin(detail, kind)
    if not inner.any():
        return
    names = list(detail.masks)
    traced = trace_lines(
        image,
        inner,
        scales,
        seed=limit(kind, "strength_seed"),
        grow=limit(kind, "strength_grow"),
        length_px=limit(kind, "length_mm_min") / mm,
    )
    for trace in traced:
        if trace.strength < limit(kind, "strength_min"):
            continue
        line = LineTrace(centre_line(detail.bright, trace.points), trace.strength)
        across, sight = _sight(detail, kind, line.points, 1.0)
        if is_line_of(kind, line.length_px * mm, [sight]):
            inside = [int(_mask_at(mask, line.points).sum()) for mask in detail.masks.values()]
            yield _Line(line, names[int(np.argmax(inside))], across, sight)


def _blood_in_bright() -> float:
    """Return the density of brightness that a unit of blood's density adds."""
    return float(LUMINANCE @ chromophore_directions()[:, 1])


def _mask_at(mask: Mask, points: Array) -> Mask:
    x, y = np.round(points).astype(int).T
    height, width = mask.shape
    return np.asarray(mask[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)])


def _line_mark(detail: SkinDetail, line: _Line, kind: str, carried_by: MapName, in_bright: float) -> Mark:
    """Return the mark of a line in the view; `in_bright` is the density of brightness per unit of its map."""
    points = detail.to_view(line.trace.points)
    blur = detail.blur.px * detail.view_px
    width = line.profile.width.px * detail.view_px
    origin, cover = _draw_line(points, width, blur, detail.view_shape)
    return Mark(
        kind=kind,
        region=line.region,
        map_name=carried_by,
        origin=origin,
        cover=cover,
        excess=cover * np.float32(line.profile.height / in_bright),
        contrast=line.profile.observed_height / in_bright,
        size_mm=detail.mm_per_px.scaled(line.trace.length_px),
        line=points,
        width_mm=_width_mm(line.profile.width, detail),
        sight=line.sight,
    )


def _width_mm(width: LineWidth, detail: SkinDetail) -> Value:
    """Return a width with the intervals of scale and blur; unknown where the likely blur explains all of it."""
    least = limit("detail", "width_px_min")
    if width.px <= least:
        most = width.high_px * detail.mm_per_px.high
        return Unknown(Message("finding.narrower", {"mm": most}).text)
    scale = detail.mm_per_px
    low, middle, high = (
        width.low_px * scale.low if width.low_px > least else 0.0,
        width.px * scale.median,
        width.high_px * scale.high,
    )
    return Estimate(middle, low, high, scale.level, scale.kind, basis=(*scale.basis, "zhuo2011"))


def _draw_line(points: Array, width: float, blur: float, view: tuple[int, int]) -> tuple[tuple[int, int], Image]:
    """Draw a line (n, 2) of a width: return the origin in the view, in pixels, and how much of each pixel it covers."""
    rim = int(np.ceil(width / 2 + 3 * blur)) + 2
    x0, y0 = np.maximum(np.floor(points.min(axis=0)).astype(int) - rim, 0)
    x1, y1 = np.minimum(np.ceil(points.max(axis=0)).astype(int) + rim + 1, view[::-1])
    fine = np.zeros(((y1 - y0) * _FINER, (x1 - x0) * _FINER), np.uint8)
    at = np.round(((points - (x0, y0) + 0.5) * _FINER - 0.5) * 16).astype(np.int32)
    thick = max(round(width * _FINER), 1)
    cv2.polylines(fine, [at], False, 255, thick, cv2.LINE_AA, 4)
    cover = cv2.resize(fine, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    cover *= min(width * _FINER / thick, 1.0)  # a line narrower than can be drawn covers less
    return (int(x0), int(y0)), cv2.GaussianBlur(cover, (0, 0), blur) if blur > 0 else cover
