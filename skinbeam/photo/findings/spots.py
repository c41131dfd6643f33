"""What is seen as a roundish spot: brown ones, inflamed ones, and shallow dents by their shade."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.photo.face.regions import REGION_SITES, SkinRegions
from skinbeam.photo.findings.mark import CarriedBy, Mark, shift_mark
from skinbeam.photo.limits import limit, limit_entry
from skinbeam.photo.pigment_maps.pigment_density import PigmentDirections
from skinbeam.photo.view import bounding_window

__all__ = ["find_dents", "find_inflamed_spots", "find_spots", "make_patch_mark"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_RING_PX = 5  # around a spot, of skin that it is held against


@dataclass(frozen=True)
class _SpotKind:
    """A kind of spot, which is also the section of its limits.

    Parameters
    ----------
    dense : (height, width, 3), optical density.
    channel : in which it is looked for.
    direction : (3,), what explains a share of its darkening, green set to 1.
    pigment : what else may.
    """

    kind: str
    carried_by: CarriedBy
    dense: Array
    channel: int
    direction: Array
    pigment: PigmentDirections

    @property
    def in_channel(self) -> float:
        """What a unit of green density of the kind adds in its channel."""
        return float(self.direction[self.channel])

    def share(self, darker: Array) -> float:
        """Return how much of the darkening (3,) in its channel the kind explains."""
        parts = np.linalg.solve(np.stack([self.pigment.melanin, self.pigment.blood, np.ones(3)], axis=1), darker)
        kinds = ("melanin", "haemoglobin", "shade")
        return float(parts[kinds.index(self.carried_by)]) * self.in_channel / float(darker[self.channel])


def find_spots(dense: Array, pigment: PigmentDirections, regions: SkinRegions, mm_per_px: Estimate) -> tuple[Mark, ...]:
    """Return the pigmented spots.

    A spot is darker in red light than the skin around it, where haemoglobin hardly absorbs, and melanin explains at
    least a share of that by colour; roundish; wholly inside its region, since what touches an outline is mostly
    shade, hair or brow.

    Parameters
    ----------
    dense : (height, width, 3), optical density of the view.
    mm_per_px : of the view.
    """
    return _spot_marks(_SpotKind("spots", "melanin", dense, 0, pigment.melanin, pigment), regions, mm_per_px)


def find_inflamed_spots(
    dense: Array, pigment: PigmentDirections, regions: SkinRegions, mm_per_px: Estimate
) -> tuple[Mark, ...]:
    """Return the red spots: roundish, darker in green light, which blood explains by colour."""
    return _spot_marks(_SpotKind("inflamed", "haemoglobin", dense, 1, pigment.blood, pigment), regions, mm_per_px)


def find_dents(dense: Array, pigment: PigmentDirections, regions: SkinRegions, mm_per_px: Estimate) -> tuple[Mark, ...]:
    """Return shallow dents: roundish, darker in every colour alike, so that shade explains them and no pigment does."""
    sites = limit_entry("scars", "sites")["value"]
    masks = {name: mask for name, mask in regions.masks.items() if REGION_SITES.get(name, name) in sites}
    sought = _SpotKind("scars", "shade", dense, 0, np.ones(3), pigment)
    return _spot_marks(sought, replace(regions, masks=masks), mm_per_px)


def _spot_marks(sought: _SpotKind, regions: SkinRegions, mm_per_px: Estimate) -> tuple[Mark, ...]:
    found = []
    widest = limit(sought.kind, "diameter_mm_max") / mm_per_px.median
    for name, whole in regions.masks.items():
        at = bounding_window(whole, _RING_PX)
        mask, part = whole[at], replace(sought, dense=sought.dense[at])
        raised = _top_hat(part.dense[..., sought.channel], mask, widest)
        excess = raised / sought.in_channel
        found += [
            shift_mark(_spot_mark(part, name, blob, excess, mm_per_px), at)
            for blob in _blobs(part, mask, raised, widest)
        ]
    return tuple(found)


def _spot_mark(sought: _SpotKind, region: str, blob: Mask, raised: Array, mm_per_px: Estimate) -> Mark:
    """The mark of a blob; a blurred edge lies outside it, so that what is raised next to it belongs to it too."""
    edge = cv2.dilate(blob.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    to_be_seen = False
    if sought.kind == "spots":
        wide = mm_per_px.median * _diameter(float(blob.sum())) >= limit("spots", "seen_diameter_mm")
        large_enough = _diameter(float(blob.sum())) >= limit("spots", "shape_px_min")
        to_be_seen = wide or (large_enough and _is_irregular(blob, raised))
    found = make_patch_mark(
        sought.kind, region, sought.carried_by, blob, np.where(edge, raised, 0.0), mm_per_px, to_be_seen
    )
    size, true = found.size_mm, limit_entry("spots", "true_of_found")
    return replace(found, size_mm=replace(size, low=size.low * true["low"], high=size.high * true["high"]))


def make_patch_mark(
    kind: str,
    region: str,
    carried_by: CarriedBy,
    there: Mask,
    excess: Array,
    mm_per_px: Estimate,
    to_be_seen: bool = False,
) -> Mark:
    """Return the mark of a part of the view.

    Parameters
    ----------
    there : (height, width), what it covers.
    excess : (height, width), what it adds to its map; 0 where it adds nothing.
    """
    rows, columns = bounding_window(there | (excess > 0))
    cover = there[rows, columns].astype(np.float32)
    return Mark(
        kind=kind,
        region=region,
        carried_by=carried_by,
        origin=(columns.start, rows.start),
        cover=cover,
        excess=excess[rows, columns].astype(np.float32),
        contrast=float(excess[there].mean()),
        size_mm=mm_per_px.scaled(_diameter(float(cover.sum()))),
        to_be_seen=to_be_seen,
    )


def _diameter(area: float) -> float:
    """Return the diameter of the disc of an area."""
    return float(np.sqrt(4 / np.pi * area))


def _blobs(sought: _SpotKind, mask: Mask, raised: Array, widest: float) -> Iterator[Mask]:
    """The spots of a region, each as a mask of the view; `raised` is how far its channel rises above what is around."""
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
        darker = sought.dense[blob].mean(axis=0) - sought.dense[ring].mean(axis=0)
        if darker[sought.channel] > 0 and sought.share(darker) >= limit(kind, "share_min"):
            yield blob


def _top_hat(image: Array, mask: Mask, diameter: float) -> Array:
    """Return how far `image` rises above its opening with a disc inside `mask`: narrow peaks stay, slopes vanish."""
    radius = max(1, round(diameter / 2))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    part = image.astype(np.float32)
    beyond = float(np.abs(part).max()) + 1.0  # outside the mask nothing may win
    low = cv2.erode(np.where(mask, part, np.float32(beyond)), disc)
    opened = cv2.dilate(np.where(mask, low, np.float32(-beyond)), disc)
    return np.where(mask, part - opened, 0.0)


def _elongation(blob: Mask) -> float:
    """Return the ratio of the longer to the shorter axis of a blob by its second moments."""
    rows, columns = np.nonzero(blob)
    # A twelfth is the variance of a pixel's own width: a line one pixel wide stays finite.
    spread = np.cov(np.stack([columns, rows]), bias=True) + np.eye(2) / 12
    small, large = np.linalg.eigvalsh(spread)
    return float(np.sqrt(large / small))


def _is_irregular(blob: Mask, raised: Array) -> bool:
    """Whether a spot's outline has notches, one half of it is unlike the other, or its brown is uneven."""
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
    """Return the share of a spot that does not lie on the spot once it is turned by half about its middle."""
    rows, columns = np.nonzero(blob)
    turned = np.round([2 * rows.mean() - rows, 2 * columns.mean() - columns]).astype(int)
    turned = np.clip(turned, 0, np.array(blob.shape)[:, None] - 1)
    return float(1 - blob[turned[0], turned[1]].mean())
