"""Spots and redness on the skin of a face, in pixels and contrasts."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.gates import limit, triple
from skinbeam.photo.maps import PigmentMaps, density
from skinbeam.photo.regions import Regions

__all__ = ["Redness", "Spots", "redness", "spots"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Spots:
    """Pigmented spots of one region: how many, their pixels together, their mean contrast in red optical density."""

    count: int
    area_px: int
    contrast: float
    mask: Mask


@dataclass(frozen=True)
class Redness:
    """A region redder than the face's median: pixels above the limit, contrast of the region in haemoglobin index."""

    area_px: int
    contrast: float


def spots(light: Array, maps: PigmentMaps, regions: Regions, pupil_px: float) -> dict[str, Spots]:
    """Return region → spots, for the regions that have any.

    A spot is darker in red light than the skin around it, where haemoglobin hardly absorbs, and melanin explains at
    least a share of that by colour; roundish; wholly inside its region, since what touches an outline is mostly
    shade, hair or brow.
    """
    found: dict[str, Spots] = {}
    widest, narrowest = limit("spots", "diameter_pupil_max") * pupil_px, limit("spots", "diameter_px_min")
    share = limit("spots", "melanin_share_min")
    red, melanin_in_red = density(light)[..., 0], triple("pigments", "melanin")[0]
    for name, mask in regions.masks.items():
        contrast = _raised(red, mask, widest)
        least = max(
            limit("spots", "contrast_od_min"), limit("spots", "noise_factor") * float(np.median(contrast[mask]))
        )
        brown = _raised(maps.melanin, mask, widest) * melanin_in_red >= share * contrast
        dark = (mask & brown & (contrast > least)).astype(np.uint8)
        edge = mask & ~cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0).astype(bool)
        kept = np.zeros_like(mask)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
        number = 0
        for label in range(1, count):
            blob = labels == label
            diameter = float(np.sqrt(4 / np.pi * stats[label, cv2.CC_STAT_AREA]))
            if not narrowest <= diameter <= widest or (blob & edge).any():
                continue
            ring = mask & ~blob & cv2.dilate(blob.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
            darker, browner = (float(image[blob].mean() - image[ring].mean()) for image in (red, maps.melanin))
            if browner * melanin_in_red >= share * darker and _elongation(blob) <= limit("spots", "elongation_max"):
                kept |= blob
                number += 1
        if number:
            found[name] = Spots(number, int(kept.sum()), float(contrast[kept].mean()), kept)
    return found


def _raised(image: Array, mask: Mask, diameter: float) -> Array:
    """Return how far `image` rises above its opening with a disc inside `mask`: narrow peaks stay, slopes vanish."""
    radius = max(1, round(diameter / 2))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    beyond = float(np.abs(image).max()) + 1.0  # outside the mask nothing may win
    low = cv2.erode(np.where(mask, image, beyond), disc)
    opened = cv2.dilate(np.where(mask, low, -beyond), disc)
    return np.where(mask, image - opened, 0.0)


def _elongation(blob: Mask) -> float:
    """Return the ratio of the longer to the shorter axis of a blob by its second moments."""
    rows, columns = np.nonzero(blob)
    # A twelfth is the variance of a pixel's own width: a line one pixel wide stays finite.
    spread = np.cov(np.stack([columns, rows]), bias=True) + np.eye(2) / 12
    small, large = np.linalg.eigvalsh(spread)
    return float(np.sqrt(large / small))


def redness(maps: PigmentMaps, regions: Regions) -> Mapping[str, Redness]:
    """Return region → redness, for regions whose median haemoglobin index stands out from the median of all regions."""
    index = maps.haemoglobin
    medians = {name: float(np.median(index[mask])) for name, mask in regions.masks.items()}
    face = float(np.median(list(medians.values())))
    least = limit("redness", "contrast_min")
    return {
        name: Redness(int((index[regions.masks[name]] - face > least).sum()), median - face)
        for name, median in medians.items()
        if median - face > least
    }
