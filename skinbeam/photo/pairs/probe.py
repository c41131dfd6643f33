"""How much a roundish mark stands out of the skin around it: a sum over the picture with weights that are set once.

What the skin would be like under a mark is taken from a quadratic surface through the plain skin around it: the form of
a cheek and the light on it bend like one over a centimetre. What it misses is measured on plain skin of the same face.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.gates import limit
from skinbeam.photo.pairs.soft import mean_within

__all__ = ["Probe", "probes_of"]

Array = NDArray[np.float64]
Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_TERMS = 6  # of a quadratic surface
_REACH = 2.5  # standard deviations of the weights to the edge of the window


@dataclass(frozen=True)
class Probe:
    """Weights of one mark: its mean less that of the surface through the skin around it.

    Parameters
    ----------
    window : rows and columns.
    weights : (height, width) of the window.
    area_px : of the mark.
    """

    window: tuple[slice, slice]
    weights: Image
    area_px: int

    def read(self, image: Image) -> float:
        """Return how much the mark stands out of an image (height, width)."""
        return float((self.weights * image[self.window]).sum())

    def uneven(self, image: Image, plain: Mask, pupil_px: float) -> float:
        """Return what it reads on plain skin elsewhere, root mean square; NaN where no such skin is large enough."""
        support = (np.abs(self.weights) > 1e-3 * np.abs(self.weights).max()).astype(np.float32)
        inside = cv2.filter2D(plain.astype(np.float32), -1, support / support.sum(), borderType=cv2.BORDER_CONSTANT)
        there = inside > limit("pair", "plain_share_min")
        near = mean_within(image, plain, limit("pair", "beside_pupil") * pupil_px)
        read = cv2.filter2D(np.where(plain, image, near), -1, self.weights)
        return float(np.sqrt(np.mean(read[there] ** 2))) if there.any() else float("nan")


def probes_of(cover: Mask, plain: Mask, pupil_px: float) -> tuple[Probe, ...]:
    """Return the probes of the marks (height, width) around which there is plain skin enough."""
    count, labels, stats, centres = cv2.connectedComponentsWithStats(cover.astype(np.uint8), connectivity=8)
    found = [
        _probe(labels == label, plain, centres[label], int(stats[label, cv2.CC_STAT_AREA]), pupil_px)
        for label in range(1, count)
    ]
    return tuple(probe for probe in found if probe is not None)


def _probe(mark: Mask, plain: Mask, centre: Array, area_px: int, pupil_px: float) -> Probe | None:
    sigma = limit("pair", "around_pupil") * pupil_px + float(np.sqrt(area_px / np.pi))
    (x, y), reach = centre, int(np.ceil(_REACH * sigma))
    height, width = mark.shape
    window = (
        slice(max(int(y) - reach, 0), min(int(y) + reach + 1, height)),
        slice(max(int(x) - reach, 0), min(int(x) + reach + 1, width)),
    )
    v, u = np.mgrid[window]
    u, v = (u - x) / sigma, (v - y) / sigma
    terms = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=-1)
    own = mark[window]
    weight = np.where(plain[window] & ~own, np.exp(-(u * u + v * v) / 2), 0.0)
    if weight.sum() < limit("pair", "around_share_min") * 2 * np.pi * sigma**2:
        return None
    weighted = terms * weight[..., None]
    normal = np.einsum("yxk,yxl->kl", weighted, terms)
    if np.linalg.matrix_rank(normal, tol=1e-6 * float(np.trace(normal))) < _TERMS:
        return None
    around = weighted @ np.linalg.solve(normal, terms[own].mean(axis=0))
    return Probe(window, (own / own.sum() - around).astype(np.float32), area_px)
