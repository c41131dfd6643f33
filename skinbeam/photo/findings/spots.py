"""Detect roundish spots: brown spots, inflamed spots, and shallow dents by their shade."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.photo.face.regions import REGION_SITES, SkinRegions
from skinbeam.photo.findings.mark import MapName, Mark, shift_mark
from skinbeam.photo.limits import limit, limit_entry
from skinbeam.photo.pigment_maps.pigment_density import PigmentDirections
from skinbeam.photo.view import bounding_window

__all__ = ["find_dents", "find_inflamed_spots", "find_spots", "make_patch_mark"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_RING_PX = 5  # width of the ring of skin around a spot with which it is compared


@dataclass(frozen=True)
class _SpotKind:
    """A kind of spot, whose name is also the section of its limits.

    Parameters
    ----------
    density : (height, width, 3), optical density.
    channel : in which it is searched for.
    direction : (3,), density of the chromophore that explains a share of its darkening, green set to 1.
    pigment : directions of all chromophores that may contribute.
    """

    kind: str
    map_name: MapName
    density: Array
    channel: int
    direction: Array
    pigment: PigmentDirections

    @property
    def in_channel(self) -> float:
        """Density in its channel per unit of green density of the kind."""
        return float(self.direction[self.channel])

    def share(self, darker: Array) -> float:
        """Return the share of the darkening (3,) in its channel that the kind explains."""
        parts = np.linalg.solve(np.stack([self.pigment.melanin, self.pigment.blood, np.ones(3)], axis=1), darker)
        kinds = ("melanin", "haemoglobin", "shade")
        return float(parts[kinds.index(self.map_name)]) * self.in_channel / float(darker[self.channel])


def find_spots(dense: Array, pigment: PigmentDirections, regions: SkinRegions, mm_per_px: Estimate) -> tuple[Mark, ...]:
    """Return the pigmented spots.

    A spot is darker in red light than the skin around it, where haemoglobin hardly absorbs, and melanin explains at
    least a share of that by colour. It is roundish and wholly inside its region, since marks that touch an outline are
    mostly shade, hair or brow.

    Parameters
    ----------
    dense : (height, width, 3), optical density of the view.
    mm_per_px : of the view.
    """
    return _spot_marks(_SpotKind("spots", "melanin", dense, 0, pigment.melanin, pigment), regions, mm_per_px)


def find_inflamed_spots(
    dense: Array, pigment: PigmentDirections, regions: SkinRegions, mm_per_px: Estimate
) -> tuple[Mark, ...]:
    """Return the red spots: roundish, darker in green light, with a colour that blood explains."""
    return _spot_marks(_SpotKind("inflamed", "haemoglobin", dense, 1, pigment.blood, pigment), regions, mm_per_px)


def find_dents(dense: Array, pigment: PigmentDirections, regions: SkinRegions, mm_per_px: Estimate) -> tuple[Mark, ...]:
    """Return shallow dents: roundish and equally darker in all channels, explained by shade and by no pigment."""
    sites = limit_entry("scars", "sites")["value"]
    masks = {name: mask for name, mask in regions.masks.items() if REGION_SITES.get(name, name) in sites}
    sought = _SpotKind("scars", "shade", dense, 0, np.ones(3), pigment)
    return _spot_marks(sought, replace(regions, masks=masks), mm_per_px)


def _spot_marks(sought: _SpotKind, regions: SkinRegions, mm_per_px: Estimate) -> tuple[Mark, ...]:
    found = []
    widest = limit(sought.kind, "diameter_mm_max") / mm_per_px.median
    for name, whole in regions.masks.items():
        at = bounding_window(whole, _RING_PX)
        mask, part = whole[at], replace(sought, density=sought.density[at])
        raised = _top_hat(part.density[..., sought.channel], mask, widest)
        excess = raised / sought.in_channel
        found += [
            shift_mark(_spot_mark(part, name, blob, excess, mm_per_px), at)
            for blob in _blobs(part, mask, raised, widest)
        ]
    return tuple(found)


def _spot_mark(sought: _SpotKind, region: str, blob: Mask, raised: Array, mm_per_px: Estimate) -> Mark:
    """Return the mark of a blob and of the raised pixels next to it, since a blurred edge extends beyond the blob."""
    edge = cv2.dilate(blob.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    to_be_seen = False
    if sought.kind == "spots":
        wide = mm_per_px.median * _diameter(float(blob.sum())) >= limit("spots", "seen_diameter_mm")
        large_enough = _diameter(float(blob.sum())) >= limit("spots", "shape_px_min")
        to_be_seen = wide or (large_enough and _is_irregular(blob, raised))
    found = make_patch_mark(
        sought.kind, region, sought.map_name, blob, np.where(edge, raised, 0.0), mm_per_px, to_be_seen
    )
    size, true = found.size_mm, limit_entry("spots", "true_of_found")
    return replace(found, size_mm=replace(size, low=size.low * true["low"], high=size.high * true["high"]))


def make_patch_mark(
    kind: str,
    region: str,
    map_name: MapName,
    mask: Mask,
    excess: Array,
    mm_per_px: Estimate,
    needs_examination: bool = False,
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
        needs_examination=needs_examination,
    )


def _diameter(area: float) -> float:
    """Return the diameter of the disc with this area."""
    return float(np.sqrt(4 / np.pi * area))


def _blobs(sought: _SpotKind, mask: Mask, raised: Array, widest: float) -> Iterator[Mask]:
    """Yield the spots of a region, each as a mask of the view; `raised` is the local excess of its channel."""
    kind = sought.kind
    least = max(limit(kind, "contrast_od_min"), limit(kind, "noise_factor") * float(np.median(raised[mask])))
    dark = (mask & (raised > least)).astype(np.uint8)
    edge = mask & ~cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0).astype(bool)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    for label in range(1, count):
        diameter = _diameter(stats[label, cv2.CC_STAT_AREA])
        if not limit(kind, "diameter_px_min") <= diameter <= widest:
            continue
        blob = labels == label
        if (blob & edge).any() or _elongation(blob) > limit(kind, "elongation_max"):
            continue
        near, wide = (
            cv2.dilate(blob.astype(np.uint8), np.ones((2 * px + 1, 2 * px + 1), np.uint8)) for px in (2, _RING_PX)
        )
        ring = mask & (near == 0) & (wide > 0)
        darker = sought.density[blob].mean(axis=0) - sought.density[ring].mean(axis=0)
        if darker[sought.channel] > 0 and sought.share(darker) >= limit(kind, "share_min"):
            yield blob


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
