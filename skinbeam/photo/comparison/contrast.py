"""Measure the contrast of marks with the skin around them, as weighted sums over the picture with fixed weights.

The background under a roundish mark is estimated by a quadratic surface fitted to the plain skin around it, since the
shape of a cheek and its lighting vary about quadratically over a centimetre. The error of this fit is measured on plain
skin of the same face.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.comparison.blur import gaussian_blur, masked_mean
from skinbeam.photo.comparison.mark_groups import MarkGroup
from skinbeam.photo.limits import limit
from skinbeam.photo.pigment_maps.pigment_density import PigmentDirections, optical_density

__all__ = [
    "ContrastMeasure",
    "DensityParts",
    "Probe",
    "ReferenceSkin",
    "density_parts",
    "make_measures",
    "make_probes",
    "measure_contrasts",
    "measure_unevenness",
    "subtract_parts",
]

Array = NDArray[np.float64]
Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_TERMS = 6  # coefficients of a quadratic surface
_REACH = 2.5  # half-width of the window, in standard deviations of the weights


@compared_by_value
@dataclass(frozen=True)
class Probe:
    """Weights for the contrast of one mark: its mean minus that of the surface through the skin around it.

    Parameters
    ----------
    window : rows and columns.
    weights : (height, width) of the window.
    area_px : of the mark.
    """

    window: tuple[slice, slice]
    weights: Image
    area_px: int

    def contrast_in(self, image: Image) -> float:
        """Return the contrast of the mark in an image (height, width)."""
        return float((self.weights * image[self.window]).sum())

    def unevenness_in(self, images: Image, plain: Mask) -> Array:
        """Return the root mean square contrast on plain skin elsewhere of images (height, width, n).

        NaN where there is too little plain skin. Everywhere else the images have the mean of the plain skin nearby.
        """
        support = (np.abs(self.weights) > 1e-3 * np.abs(self.weights).max()).astype(np.float32)
        inside = cv2.filter2D(plain.astype(np.float32), -1, support / support.sum(), borderType=cv2.BORDER_CONSTANT)
        there = inside > limit("pair", "plain_share_min")
        if not there.any():
            return np.full(images.shape[2], np.nan)
        read = cv2.filter2D(images, -1, self.weights).reshape(images.shape)
        return np.asarray(np.sqrt(np.mean(read[there] ** 2, axis=0)), np.float64)


def make_probes(cover: Mask, plain: Mask, pupil_px: float) -> tuple[Probe, ...]:
    """Return the probes of the marks in a mask (height, width) that have enough plain skin around them."""
    count, labels, stats, centres = cv2.connectedComponentsWithStats(cover.astype(np.uint8), connectivity=8)
    probes = [
        _make_probe(labels == label, plain, centres[label], int(stats[label, cv2.CC_STAT_AREA]), pupil_px)
        for label in range(1, count)
    ]
    return tuple(probe for probe in probes if probe is not None)


def _make_probe(mark: Mask, plain: Mask, centre: Array, area_px: int, pupil_px: float) -> Probe | None:
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


# Contrast of groups of marks.

# Channel with the best contrast for a kind of mark: red for melanin and relief, where blood hardly absorbs, else green.
_CHANNEL = {"spots": 0, "scars": 0}
_GREEN = 1
_LINES = ("vessels", "fine-lines")


@compared_by_value
@dataclass(frozen=True)
class DensityParts:
    """Contributions to the darkness of a picture, in optical density.

    Parameters
    ----------
    density : (height, width, 3), of each channel.
    melanin, haemoglobin : (height, width), of green.
    """

    density: Image
    melanin: Image
    haemoglobin: Image


@compared_by_value
@dataclass(frozen=True)
class ReferenceSkin:
    """Skin with which marks are compared.

    Parameters
    ----------
    skin : (height, width), visible in both pictures.
    plain : the part of `skin` without marks other than patches in either picture.
    unmarked : the part of `plain` without any mark, where pigment can be computed from colour.
    unshaded : the part of `unmarked` that no part of the face shades.
    """

    skin: Mask
    plain: Mask
    unmarked: Mask
    unshaded: Mask


def density_parts(light: Image, pigment: PigmentDirections, blur_px: float) -> DensityParts:
    """Decompose linear light (height, width, 3) into contributions to optical density."""
    dense = optical_density(cv2.GaussianBlur(light, (0, 0), blur_px)).astype(np.float32)
    apart = np.linalg.inv(np.stack([pigment.melanin, pigment.blood, np.ones(3)], axis=1)).astype(np.float32)
    solved = dense @ apart[:2].T
    return DensityParts(dense, np.ascontiguousarray(solved[..., 0]), np.ascontiguousarray(solved[..., 1]))


def subtract_parts(parts: DensityParts, other: DensityParts) -> DensityParts:
    """Return what one decomposed picture has more than another."""
    return DensityParts(
        parts.density - other.density, parts.melanin - other.melanin, parts.haemoglobin - other.haemoglobin
    )


@compared_by_value
@dataclass(frozen=True)
class ContrastMeasure:
    """How the contrast of a group of marks is measured: probes of roundish marks; None for patches and lines.

    A patch is compared with the rest of the face, in its pigment; a line with the plain skin nearest to it, and a
    roundish mark with the surface through the skin around it, both in the channel with the best contrast.
    """

    group: MarkGroup
    mask: Mask
    probes: tuple[Probe, ...] | None
    channel_gain: float

    @property
    def channel(self) -> int:
        """Index of the channel: red, green or blue."""
        return _CHANNEL.get(self.group.kind, _GREEN)


def make_measures(
    groups: Sequence[MarkGroup], reference: ReferenceSkin, pigment: PigmentDirections, pupil_px: float
) -> tuple[ContrastMeasure | None, ...]:
    """Return how each group of marks is measured; None where too little of it is visible in both pictures."""
    beside = gaussian_blur(reference.plain.astype(np.float32), limit("pair", "beside_pupil") * pupil_px)
    measures: list[ContrastMeasure | None] = []
    for place in groups:
        there = place.cover & reference.skin
        if place.kind in _LINES:
            there &= beside > limit("pair", "beside_share_min")
        probes = None if place.is_patch or place.kind in _LINES else make_probes(there, reference.plain, pupil_px)
        seen = int(there.sum()) if probes is None else sum(probe.area_px for probe in probes)
        enough = seen >= max(limit("pair", "seen_share_min") * place.cover.sum(), 1)
        added = float(pigment.melanin[0]) if place.kind == "spots" else 1.0
        measures.append(ContrastMeasure(place, there, probes, added) if enough else None)
    return tuple(measures)


def measure_contrasts(
    parts: DensityParts, measures: Sequence[ContrastMeasure | None], reference: ReferenceSkin, pupil_px: float
) -> Array:
    """Return the contrast of each group (place), in optical density of green; NaN where it is not measured."""
    near = limit("pair", "beside_pupil") * pupil_px
    lines = any(measure is not None and measure.group.kind in _LINES for measure in measures)
    over = parts.density - masked_mean(parts.density, reference.plain, near) if lines else parts.density
    return np.array([np.nan if measure is None else _contrast(measure, parts, over, reference) for measure in measures])


def _contrast(measure: ContrastMeasure, parts: DensityParts, over: Image, ground: ReferenceSkin) -> float:
    if measure.group.is_patch:
        image = parts.melanin if measure.group.kind == "diffuse-pigment" else parts.haemoglobin
        return float(image[measure.mask].mean()) - float(np.median(image[ground.unshaded]))
    if measure.probes is None:
        return float(over[..., measure.channel][measure.mask].mean())
    dense, total = parts.density[..., measure.channel], sum(probe.area_px for probe in measure.probes)
    return sum(probe.area_px * probe.contrast_in(dense) for probe in measure.probes) / total / measure.channel_gain


def measure_unevenness(
    pictures: Sequence[DensityParts],
    measures: Sequence[ContrastMeasure | None],
    reference: ReferenceSkin,
    pupil_px: float,
) -> Array:
    """Return the standard deviation of the contrast that skin without marks has in place of each group.

    It is the uncertainty of the zero of a mark's contrast; of the difference of two pictures, it is the error of a
    change. The rows are pictures and the columns groups. NaN where too little plain skin is visible.
    """
    near = limit("pair", "beside_pupil") * pupil_px

    @cache
    def plain_only(channel: int) -> Image:
        images = np.stack([parts.density[..., channel] for parts in pictures], axis=-1)
        return np.where(reference.plain[..., None], images, masked_mean(images, reference.plain, near))

    values = [
        np.full(len(pictures), np.nan)
        if measure is None
        else _unevenness_of_lines_and_patches(measure, pictures, reference, near)
        if measure.probes is None
        else _unevenness_of_roundish(measure, measure.probes, plain_only(measure.channel), reference.plain)
        for measure in measures
    ]
    return np.array(values).reshape(len(measures), len(pictures)).T


def _unevenness_of_roundish(measure: ContrastMeasure, probes: Sequence[Probe], images: Image, plain: Mask) -> Array:
    shares = np.array([probe.area_px * probe.unevenness_in(images, plain) for probe in probes])
    return np.asarray(np.linalg.norm(shares, axis=0)) / sum(probe.area_px for probe in probes) / measure.channel_gain


def _unevenness_of_lines_and_patches(
    measure: ContrastMeasure, pictures: Sequence[DensityParts], ground: ReferenceSkin, near_px: float
) -> Array:
    found = []
    for parts in pictures:
        if measure.group.is_patch:
            image = parts.melanin if measure.group.kind == "diffuse-pigment" else parts.haemoglobin
            wide = masked_mean(image, ground.unshaded, float(np.sqrt(measure.mask.sum() / np.pi)))
            found.append(float(wide[ground.unshaded].std()))
        else:
            dense = np.ascontiguousarray(parts.density[..., measure.channel])
            over = dense - masked_mean(dense, ground.plain, near_px)
            independent = max(measure.mask.sum() / (4 * np.pi * near_px**2), 1.0)
            found.append(float(over[ground.plain].std() / np.sqrt(independent)))
    return np.array(found)
