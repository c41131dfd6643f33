"""Detect patches: redness of a region, and diffuse pigment without an edge."""

import math
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.photo.face.regions import SkinRegions
from skinbeam.photo.findings.mark import Mark, shift_mark
from skinbeam.photo.findings.spots import make_patch_mark
from skinbeam.photo.limits import limit
from skinbeam.photo.pigment_maps.blood_contrast import blood_contrast
from skinbeam.photo.pigment_maps.darkening import darkening_direction
from skinbeam.photo.pigment_maps.inversion import SkinMaps
from skinbeam.photo.pigment_maps.pigment_density import PigmentDirections
from skinbeam.photo.view import bounding_window

__all__ = ["find_diffuse_pigment", "find_redness"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_REACH = 4.5  # margin in standard deviations: OpenCV's kernel for doubles covers four and a pixel


def find_redness(dense: Array, ita_deg: Estimate, regions: SkinRegions, mm_per_px: Estimate) -> tuple[Mark, ...]:
    """Return regions that hold more blood than the median of all regions and are not merely shaded, each as one mark.

    A site with one region has no other region for comparison: there, parts of it that exceed its median are marks, if
    they are as wide as a brown patch must be.

    Parameters
    ----------
    dense : (height, width, 3), optical density of the view.
    ita_deg : typology angle of the skin.
    """
    if len(regions.masks) == 1:
        ((name, mask),) = regions.masks.items()
        return tuple(_red_parts(dense, ita_deg, name, mask, mm_per_px))
    medians = {name: np.median(dense[mask], axis=0) for name, mask in regions.masks.items()}
    face = np.median(list(medians.values()), axis=0)
    patches = []
    for name, median in medians.items():
        if (blood := blood_contrast(median - face, ita_deg)).is_certain:
            more = np.where(regions.masks[name], (dense - face) @ blood.gain, 0.0)
            there = more > limit("redness", "contrast_min")
            patches.append(make_patch_mark("redness", name, "haemoglobin", there, np.maximum(more, 0.0), mm_per_px))
    return tuple(patches)


def _red_parts(dense: Array, ita_deg: Estimate, region: str, mask: Mask, mm_per_px: Estimate) -> Iterator[Mark]:
    """Yield the parts of a region whose blood exceeds that of the rest, each judged by its own colour."""
    middle = np.median(dense[mask], axis=0)
    smooth_px = limit("diffuse-pigment", "smooth_mm") / mm_per_px.median
    smooth = np.stack(
        [_smooth(dense[..., channel] - middle[channel], mask, smooth_px) for channel in range(3)], axis=-1
    )
    # The gain of faint redness without shade finds the parts; what shade there is then decides on each.
    faint = blood_contrast(limit("redness", "contrast_min") * darkening_direction("red", ita_deg).vector, ita_deg)
    for there in _wide_parts(mask & (smooth @ faint.gain > limit("redness", "contrast_min")), mm_per_px):
        blood = blood_contrast(np.median(dense[there], axis=0) - middle, ita_deg)
        if blood.is_certain:
            more = np.where(there, np.maximum((dense - middle) @ blood.gain, 0.0), 0.0)
            yield make_patch_mark("redness", region, "haemoglobin", there, more, mm_per_px)


def find_diffuse_pigment(
    maps: SkinMaps, pigment: PigmentDirections, regions: SkinRegions, mm_per_px: Estimate
) -> tuple[Mark, ...]:
    """Return brown patches that are too wide for a spot: skin with more melanin than most of the face.

    The possible error of the map within the picture is subtracted first.
    """
    blur = limit("diffuse-pigment", "smooth_mm") / mm_per_px.median
    middle = float(np.median(maps.melanin[regions.skin]))
    patches = []
    for name, whole in regions.masks.items():
        at = bounding_window(whole, math.ceil(_REACH * blur))
        mask, melanin = whole[at], maps.melanin[at]
        doubt = limit("diffuse-pigment", "deviations") * maps.melanin_sd[at] / melanin
        smooth = _smooth(np.log(melanin / middle), mask, blur)
        brown = mask & maps.valid[at] & (smooth > math.log(limit("diffuse-pigment", "ratio_min")) + doubt)
        for there in _wide_parts(brown, mm_per_px):
            excess = np.where(there, smooth * pigment.green_per_ln_melanin, 0.0)
            patches.append(
                shift_mark(make_patch_mark("diffuse-pigment", name, "melanin", there, excess, mm_per_px), at)
            )
    return tuple(patches)


def _smooth(image: Array, mask: Mask, sigma: float) -> Array:
    """Return the image blurred within the mask, ignoring pixels outside it."""
    weight = cv2.GaussianBlur(mask.astype(np.float64), (0, 0), sigma)
    return np.asarray(cv2.GaussianBlur(np.where(mask, image, 0.0), (0, 0), sigma) / np.maximum(weight, 1e-6))


def _wide_parts(mask: Mask, mm_per_px: Estimate) -> Iterator[Mask]:
    least = limit("diffuse-pigment", "area_mm2_min") / mm_per_px.median**2
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    for label in range(1, count):
        if stats[label, cv2.CC_STAT_AREA] >= least:
            yield labels == label
