"""Detect roundish marks: brown spots, red spots, shallow dents by their shade, and spots whose colour shows no kind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.photo.face.region_sites import REGION_SITES
from skinbeam.photo.face.regions import SkinRegions
from skinbeam.photo.findings.mark import MapName, Mark, shift_mark
from skinbeam.photo.limits import limit, limit_entry
from skinbeam.photo.pigment_maps.mark_colour import MarkColour, mark_colour
from skinbeam.photo.pigment_maps.pigment_density import PigmentDirections
from skinbeam.photo.view import bounding_window

__all__ = ["find_colourless_spots", "find_round_marks", "make_patch_mark"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_RING_PX = 5  # width of the ring of skin around a spot with which it is compared
_LEAST_PX = 5  # smaller areas are no spots of any kind
_UNCLASSIFIED = "unclassified-spots"


@dataclass(frozen=True)
class _SpotKind:
    """A kind of spot, whose name is also the section of its limits.

    Parameters
    ----------
    channel : in which it is searched for.
    in_channel : density in that channel per unit of green density of the kind, by the optics of skin.
    """

    kind: str
    map_name: MapName
    channel: int
    in_channel: float

    def is_reported(self, colour: MarkColour) -> bool:
        """Whether a colour is certainly of this kind."""
        if self.kind == "spots":
            return colour.red <= limit("darkening", "red_max") and colour.brown > colour.shade
        if self.kind == "inflamed":
            return colour.red >= limit("darkening", "red_min")
        return colour.shade >= limit("darkening", "shade_min")


@dataclass(frozen=True)
class _Blob:
    """A roundish dark area of a region.

    Parameters
    ----------
    mask : in pixels of the window of the region.
    darker : (3,), density in red, green and blue above that of the ring of skin around.
    noise : (3, 3), its covariance.
    """

    mask: Mask
    darker: Array
    noise: Array

    @property
    def is_distinct(self) -> bool:
        """Whether it is dark enough in green to be reported without a kind."""
        return bool(self.darker[1] >= limit(_UNCLASSIFIED, "contrast_od_min"))


def find_round_marks(
    dense: Array, pigment: PigmentDirections, ita_deg: Estimate, regions: SkinRegions, mm_per_px: Estimate
) -> tuple[Mark, ...]:
    """Return brown spots, red spots, dents, and dark spots that may be more than one of these.

    A mark is darker than the skin around it: in red light, where haemoglobin hardly absorbs, or in green. It is
    roundish and wholly inside its region, since marks that touch an outline are mostly shade, hair or brow. Its kind is
    told if the colour of its darkening leaves no other; a place that is reported as two kinds has none.

    Parameters
    ----------
    dense : (height, width, 3), optical density of the view.
    ita_deg : typology angle of the skin.
    mm_per_px : of the view.
    """
    kinds = (
        _SpotKind("spots", "melanin", 0, float(pigment.melanin[0])),
        _SpotKind("inflamed", "haemoglobin", 1, 1.0),
        _SpotKind("scars", "shade", 0, 1.0),
    )
    marks: list[Mark] = []
    for name, whole in regions.masks.items():
        at = bounding_window(whole, _RING_PX)
        candidates: list[Mark] = []
        for kind in kinds:
            if kind.kind != "scars" or REGION_SITES.get(name, name) in limit_entry("scars", "sites")["value"]:
                candidates += _marks_of_kind(kind, name, dense[at], whole[at], ita_deg, mm_per_px)
        marks += [shift_mark(mark, at) for mark in _one_kind_each(candidates, whole[at].shape)]
    return tuple(marks)


def find_colourless_spots(dense: Array, regions: SkinRegions, mm_per_px: Estimate) -> tuple[Mark, ...]:
    """Return roundish dark spots by green light alone, in which melanin and blood both are dark.

    None has a kind: without colour a dent and a shade are as dark as pigment. Limits are those of brown spots.

    Parameters
    ----------
    dense : as in `find_round_marks`; only green is used.
    """
    sought = _SpotKind("spots", "shade", 1, 1.0)
    marks: list[Mark] = []
    for name, whole in regions.masks.items():
        at = bounding_window(whole, _RING_PX)
        raised = _top_hat(dense[at][..., 1], whole[at], limit("spots", "diameter_mm_max") / mm_per_px.median)
        kind = replace(sought, kind=_UNCLASSIFIED)
        for blob in _blobs(sought, dense[at], whole[at], raised, mm_per_px):
            if blob.is_distinct:
                marks.append(shift_mark(_spot_mark(kind, name, blob.mask, raised, mm_per_px), at))
    return tuple(marks)


def _marks_of_kind(
    sought: _SpotKind, region: str, dense: Array, mask: Mask, ita_deg: Estimate, mm_per_px: Estimate
) -> Iterator[Mark]:
    """Yield the marks of a kind, and the dark spots found on the way that may be of another kind."""
    widest = limit(sought.kind, "diameter_mm_max") / mm_per_px.median
    raised = _top_hat(dense[..., sought.channel], mask, widest)
    for blob in _blobs(sought, dense, mask, raised, mm_per_px):
        colour = mark_colour(blob.darker, blob.noise, ita_deg)
        if sought.is_reported(colour):
            yield _spot_mark(sought, region, blob.mask, raised / sought.in_channel, mm_per_px)
        elif sought.kind != "scars" and blob.is_distinct and colour.shade <= limit(_UNCLASSIFIED, "shade_max"):
            unclassified = replace(sought, kind=_UNCLASSIFIED, map_name="shade", in_channel=1.0)
            yield _spot_mark(unclassified, region, blob.mask, raised, mm_per_px)


def _one_kind_each(marks: Sequence[Mark], shape: tuple[int, ...]) -> list[Mark]:
    """Return the marks with one kind at each place: what is reported as brown and as red is of no certain kind."""
    order = {"spots": 0, "inflamed": 0, _UNCLASSIFIED: 1, "scars": 2}
    distinct: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: (order[mark.kind], -mark.area_px)):
        own = mark.embed_in(shape, mark.cover) > 0
        over = [k for k, other in enumerate(distinct) if (own & (other.embed_in(shape, other.cover) > 0)).any()]
        if not over:
            distinct.append(mark)
        elif {"spots", "inflamed"} == {mark.kind, distinct[over[0]].kind}:
            suspicious = distinct[over[0]].looks_suspicious or mark.looks_suspicious
            distinct[over[0]] = replace(
                distinct[over[0]], kind=_UNCLASSIFIED, map_name="shade", looks_suspicious=suspicious
            )
    return distinct


def _spot_mark(sought: _SpotKind, region: str, blob: Mask, raised: Array, mm_per_px: Estimate) -> Mark:
    """Return the mark of a blob and of the raised pixels next to it, since a blurred edge extends beyond the blob."""
    edge = cv2.dilate(blob.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    suspicious = False
    if sought.kind != "scars":
        across = _diameter(float(blob.sum()))
        large_enough = across >= limit("spots", "shape_px_min")
        greatest = _longest(blob) if large_enough else across
        wide = mm_per_px.median * greatest >= limit("spots", "seen_diameter_mm")
        suspicious = wide or (large_enough and _is_irregular(blob, raised))
    mark = make_patch_mark(
        sought.kind, region, sought.map_name, blob, np.where(edge, raised, 0.0), mm_per_px, suspicious
    )
    size, true = mark.size_mm, limit_entry("spots", "true_of_found")
    true_size = replace(size, low=size.low * true["low"], high=size.high * true["high"])
    return replace(mark, size_mm=true_size, unit_density=sought.in_channel)


def make_patch_mark(
    kind: str,
    region: str,
    map_name: MapName,
    mask: Mask,
    excess: Array,
    mm_per_px: Estimate,
    looks_suspicious: bool = False,
) -> Mark:
    """Return the mark of a part of the view.

    Parameters
    ----------
    mask : (height, width), the covered area.
    excess : (height, width), the excess in its map; 0 where it adds nothing.
    """
    rows, columns = bounding_window(mask | (excess > 0))
    cover = mask[rows, columns].astype(np.float32)
    return Mark(
        kind=kind,
        region=region,
        map_name=map_name,
        origin=(columns.start, rows.start),
        cover=cover,
        excess=excess[rows, columns].astype(np.float32),
        contrast=float(excess[mask].mean()),
        size_mm=mm_per_px.scaled(_diameter(float(cover.sum()))),
        looks_suspicious=looks_suspicious,
    )


def _diameter(area: float) -> float:
    """Return the diameter of the disc with this area."""
    return float(np.sqrt(4 / np.pi * area))


def _blobs(sought: _SpotKind, dense: Array, mask: Mask, raised: Array, mm_per_px: Estimate) -> Iterator[_Blob]:
    """Yield the roundish dark areas of a region that are darker in green; `raised` is the excess of the channel."""
    kind = sought.kind
    widest = limit(kind, "diameter_mm_max") / mm_per_px.median
    least = max(limit(kind, "contrast_od_min"), limit(kind, "noise_factor") * float(np.median(raised[mask])))
    strong, joined = _dark_areas(raised, mask, least, limit("spots", "fragments_mm") / mm_per_px.median)
    edge = mask & ~cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0).astype(bool)
    # A neighbouring mark, with its blurred rim, is no plain skin to compare with.
    parts = list(_components(strong))
    marked = sum(parts, np.zeros(mask.shape, bool))
    marked = cv2.dilate(marked.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    taken = np.zeros(mask.shape, bool)
    for blob in (*_components(joined), *parts):
        if not limit(kind, "diameter_px_min") <= _diameter(float(blob.sum())) <= widest or (blob & taken).any():
            continue
        if (blob & edge).any() or _elongation(blob) > limit(kind, "elongation_max"):
            continue
        near, wide = (
            cv2.dilate(blob.astype(np.uint8), np.ones((2 * px + 1, 2 * px + 1), np.uint8)) for px in (2, _RING_PX)
        )
        ring = mask & (near == 0) & (wide > 0)
        if (ring & ~marked).sum() >= 2 * _RING_PX:
            ring &= ~marked
        if ring.sum() < 2 * _RING_PX:
            continue
        darker = dense[blob].mean(axis=0) - dense[ring].mean(axis=0)
        noise = _noise(dense, blob, ring)
        # A darkening that its noise explains has no colour.
        if darker[sought.channel] > 0 and darker[1] > limit("darkening", "deviations") * np.sqrt(noise[1, 1]):
            taken |= blob
            yield _Blob(blob, darker, noise)


def _components(dark: NDArray[np.uint8]) -> Iterator[Mask]:
    """Yield the connected parts of an area of more than a few pixels."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    for label in range(1, count):
        if stats[label, cv2.CC_STAT_AREA] >= _LEAST_PX:
            yield labels == label


def _longest(blob: Mask) -> float:
    """Return the greatest diameter of a blob: that of the circle around it."""
    rows, columns = np.nonzero(blob)
    (_, radius) = cv2.minEnclosingCircle(np.stack([columns, rows], axis=1).astype(np.float32))
    return float(2 * radius + 1)


def _dark_areas(raised: Array, mask: Mask, least: float, gap_px: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return where skin is raised by more than the least, without and with the narrow gaps raised by half of it.

    Mottling and texture cut a wide pale spot into parts, each of which would pass for a freckle. Parts whose union is
    no spot stay apart.
    """
    strong, faint = ((mask & (raised > share * least)).astype(np.uint8) for share in (1.0, 0.5))
    radius = round(gap_px / 2) if gap_px >= 2 else 0  # narrower gaps are the grain of the picture
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return strong, np.asarray(strong | (cv2.morphologyEx(strong, cv2.MORPH_CLOSE, disc) & faint), np.uint8)


def _noise(dense: Array, blob: Mask, ring: Mask) -> Array:
    """Return the covariance (3, 3) of the mean density of a blob above that of the ring around it.

    An even slope of the light across the ring is no noise.
    """
    each = limit("darkening", "correlated_px")  # neighbouring pixels are alike
    apart = each / max(float(blob.sum()), each) + each / max(float(ring.sum()), each)
    rows, columns = np.nonzero(ring)
    plane = np.stack([np.ones(rows.size), rows, columns], axis=1)
    rest = dense[ring] - plane @ np.linalg.lstsq(plane, dense[ring], rcond=None)[0]
    return np.cov(rest.T) * apart + limit("maps", "floor_ln") ** 2 * np.eye(3)


def _top_hat(image: Array, mask: Mask, diameter: float) -> Array:
    """Return the white top-hat of `image` by a disc within `mask`: narrow peaks remain, slopes vanish."""
    radius = max(1, round(diameter / 2))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    part = image.astype(np.float32)
    beyond = float(np.abs(part).max()) + 1.0  # pixels outside the mask must never be chosen
    low = cv2.erode(np.where(mask, part, np.float32(beyond)), disc)
    opened = cv2.dilate(np.where(mask, low, np.float32(-beyond)), disc)
    return np.where(mask, part - opened, 0.0)


def _elongation(blob: Mask) -> float:
    """Return the ratio of the longer to the shorter axis of a blob by its second moments."""
    rows, columns = np.nonzero(blob)
    # A twelfth is the variance of a pixel's own width; it keeps the ratio of a line one pixel wide finite.
    spread = np.cov(np.stack([columns, rows]), bias=True) + np.eye(2) / 12
    small, large = np.linalg.eigvalsh(spread)
    return float(np.sqrt(large / small))


def _is_irregular(blob: Mask, raised: Array) -> bool:
    """Whether a spot has a notched outline, unlike halves, or an uneven brown."""
    contours, _ = cv2.findContours(blob.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(contours, key=cv2.contourArea)
    hull = cv2.contourArea(cv2.convexHull(outline))
    solid = cv2.contourArea(outline) / hull if hull > 0 else 1.0
    inner = cv2.erode(blob.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    brown = raised[inner] if inner.sum() >= 9 else raised[blob]
    low, high = np.quantile(brown, (0.1, 0.9))
    uneven = (high - low) / max(float(np.median(brown)), 1e-9)
    return bool(
        solid < limit("spots", "seen_solidity_min")
        or _unlike_halves(blob) > limit("spots", "seen_asymmetry_max")
        or uneven > limit("spots", "seen_unevenness_max")
    )


def _unlike_halves(blob: Mask) -> float:
    """Return the share of a spot that is outside the spot after a half turn about its centre."""
    rows, columns = np.nonzero(blob)
    turned = np.round([2 * rows.mean() - rows, 2 * columns.mean() - columns]).astype(int)
    turned = np.clip(turned, 0, np.array(blob.shape)[:, None] - 1)
    return float(1 - blob[turned[0], turned[1]].mean())
