"""How much marks stand out at given places of a picture: what they add to the map that carries them."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.findings.pigment import Pigments
from skinbeam.photo.gates import limit
from skinbeam.photo.maps.pigments import density
from skinbeam.photo.pairs.places import Place
from skinbeam.photo.pairs.probe import Probe, probes_of
from skinbeam.photo.pairs.soft import mean_within, soft

__all__ = ["Ground", "Measure", "Parts", "contrasts", "measures", "parts_of", "unevenness"]

Array = NDArray[np.float64]
Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Channel in which marks of a kind stand out best: melanin and relief in red, where blood hardly absorbs, else in green.
_CHANNEL = {"spots": 0, "scars": 0}
_GREEN = 1
_LINES = ("vessels", "fine-lines")


@dataclass(frozen=True)
class Parts:
    """What darkens a picture, in optical density.

    Parameters
    ----------
    dense : (height, width, 3), of each channel.
    melanin, haemoglobin : (height, width), of green.
    """

    dense: Image
    melanin: Image
    haemoglobin: Image


@dataclass(frozen=True)
class Ground:
    """Skin that marks are held against.

    Parameters
    ----------
    skin : (height, width), seen in both pictures.
    plain : of it, what holds no mark but patches in either.
    even : of that, what holds no mark at all, and whose colour tells what it holds.
    lit : of that, what no part of the face shades.
    """

    skin: Mask
    plain: Mask
    even: Mask
    lit: Mask


def parts_of(light: Image, pigment: Pigments, blur_px: float) -> Parts:
    """Return the parts of linear light (height, width, 3)."""
    dense = density(cv2.GaussianBlur(light, (0, 0), blur_px)).astype(np.float32)
    apart = np.linalg.inv(np.stack([pigment.melanin, pigment.blood, np.ones(3)], axis=1)).astype(np.float32)
    solved = dense @ apart[:2].T
    return Parts(dense, np.ascontiguousarray(solved[..., 0]), np.ascontiguousarray(solved[..., 1]))


@dataclass(frozen=True)
class Measure:
    """How a place is measured: probes of roundish marks; None for patches and lines.

    A patch is held against the rest of the face, in its pigment; a line against the plain skin nearest to it, and a
    roundish mark against the surface through what lies around it, both in the channel in which they stand out best.
    """

    place: Place
    there: Mask
    probes: tuple[Probe, ...] | None
    added: float

    @property
    def channel(self) -> int:
        """Of red, green and blue."""
        return _CHANNEL.get(self.place.kind, _GREEN)


def measures(places: Sequence[Place], ground: Ground, pigment: Pigments, pupil_px: float) -> tuple[Measure | None, ...]:
    """Return how each place is measured; None where too little of it is seen in both pictures."""
    beside = soft(ground.plain.astype(np.float32), limit("pair", "beside_pupil") * pupil_px)
    found: list[Measure | None] = []
    for place in places:
        there = place.cover & ground.skin
        if place.kind in _LINES:
            there &= beside > limit("pair", "beside_share_min")
        probes = None if place.is_patch or place.kind in _LINES else probes_of(there, ground.plain, pupil_px)
        seen = int(there.sum()) if probes is None else sum(probe.area_px for probe in probes)
        enough = seen >= max(limit("pair", "seen_share_min") * place.cover.sum(), 1)
        added = float(pigment.melanin[0]) if place.kind == "spots" else 1.0
        found.append(Measure(place, there, probes, added) if enough else None)
    return tuple(found)


def contrasts(parts: Parts, found: Sequence[Measure | None], ground: Ground, pupil_px: float) -> Array:
    """Return how much each place stands out (place), in optical density of green; NaN where it is not measured."""
    near = limit("pair", "beside_pupil") * pupil_px
    lines = any(one is not None and one.place.kind in _LINES for one in found)
    over = parts.dense - mean_within(parts.dense, ground.plain, near) if lines else parts.dense
    return np.array([np.nan if one is None else _contrast(one, parts, over, ground) for one in found])


def _contrast(one: Measure, parts: Parts, over: Image, ground: Ground) -> float:
    if one.place.is_patch:
        image = parts.melanin if one.place.kind == "diffuse-pigment" else parts.haemoglobin
        return float(image[one.there].mean()) - float(np.median(image[ground.lit]))
    if one.probes is None:
        return float(over[..., one.channel][one.there].mean())
    dense, total = parts.dense[..., one.channel], sum(probe.area_px for probe in one.probes)
    return sum(probe.area_px * probe.read(dense) for probe in one.probes) / total / one.added


def unevenness(parts: Parts, found: Sequence[Measure | None], ground: Ground, pupil_px: float) -> Array:
    """Return what skin without marks reads at such places (place), standard deviation: a mark has no surer zero.

    NaN where too little plain skin is seen to tell.
    """
    return np.array([np.nan if one is None else _uneven(one, parts, ground, pupil_px) for one in found])


def _uneven(one: Measure, parts: Parts, ground: Ground, pupil_px: float) -> float:
    if one.place.is_patch:
        image = parts.melanin if one.place.kind == "diffuse-pigment" else parts.haemoglobin
        wide = mean_within(image, ground.lit, float(np.sqrt(one.there.sum() / np.pi)))
        return float(wide[ground.lit].std())
    dense = np.ascontiguousarray(parts.dense[..., one.channel])
    if one.probes is None:
        near = limit("pair", "beside_pupil") * pupil_px
        over = dense - mean_within(dense, ground.plain, near)
        return float(over[ground.plain].std() / np.sqrt(max(one.there.sum() / (4 * np.pi * near**2), 1.0)))
    shares = [probe.area_px * probe.uneven(dense, ground.plain, pupil_px) for probe in one.probes]
    return float(np.linalg.norm(shares)) / sum(probe.area_px for probe in one.probes) / one.added
