"""Measure pores and texture: dark points of the shade, and its roughness."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.findings.detail import SkinDetail
from skinbeam.photo.limits import limit

__all__ = ["SkinTexture", "measure_textures"]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_MAD = 1.4826  # standard deviation of a normal law over its median absolute deviation


@dataclass(frozen=True)
class SkinTexture:
    """The fine relief of a region.

    Parameters
    ----------
    pores : number of dark points.
    area_mm2 : of the region that was searched.
    contrast : mean density of the points above the skin beside them.
    roughness : standard deviation of the shade between the scales of a pore and of a fold, in optical density; it
        includes the noise of the picture.
    """

    pores: int
    area_mm2: float
    contrast: float
    roughness: float


def measure_textures(detail: SkinDetail) -> Mapping[str, SkinTexture]:
    """Return region → texture, for the regions that are large enough."""
    mm = detail.mm_per_px.median
    sigma = limit("pores", "sigma_mm") / mm
    filled = _fill_outside(detail.shade, np.logical_or.reduce(list(detail.masks.values())))
    points = cv2.GaussianBlur(filled, (0, 0), sigma) - cv2.GaussianBlur(filled, (0, 0), 1.6 * sigma)
    band = cv2.GaussianBlur(filled, (0, 0), sigma) - cv2.GaussianBlur(filled, (0, 0), limit("pores", "coarse_mm") / mm)
    peak = points >= cv2.dilate(points, np.ones((3, 3), np.uint8))
    rim = max(round(limit("pores", "rim_mm") / mm), 1)
    textures = {}
    for name, mask in detail.masks.items():
        inner = cv2.erode(mask.astype(np.uint8), np.ones((2 * rim + 1, 2 * rim + 1), np.uint8), borderValue=0) > 0
        area = float(inner.sum()) * mm**2
        if area < limit("pores", "area_mm2_min"):
            continue
        noise = _MAD * float(np.median(np.abs(points[inner] - np.median(points[inner]))))
        least = max(limit("pores", "density_min") * _RESPONSE_SHARE, limit("pores", "noise_factor") * noise)
        pore = peak & inner & (points > least)
        height = float(points[pore].mean()) / _RESPONSE_SHARE if pore.any() else 0.0
        textures[name] = SkinTexture(int(pore.sum()), area, height, float(band[inner].std()))
    return textures


# Response of the filter to a point of Gaussian profile s: after a blur by s its centre has 1/2 of its height, after one
# by 1.6 s it has 1/(1 + 1.6²); the response is the difference.
_RESPONSE_SHARE = 1 / 2 - 1 / (1 + 1.6**2)


def _fill_outside(image: Image, mask: Mask) -> Image:
    return np.where(mask, image, np.float32(np.median(image[mask]))).astype(np.float32)
