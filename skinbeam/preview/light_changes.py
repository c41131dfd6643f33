"""Compute how the light of a photograph changes where marks are removed or a harm appears, as ln of a factor.

A removal is computed with the optics of skin and then bounded by the skin around it: a mark never becomes lighter than
its surroundings, and redness changes its colour alone. Lightness and texture of the photograph stay.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.analysis import SkinAnalysis
from skinbeam.photo.colour import linear_to_lab, srgb_to_linear
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.pigment_maps.inversion import SkinMaps
from skinbeam.photo.pigment_maps.pigment_density import colour_blur_px
from skinbeam.preview.rendering import Array, Float, PigmentLevels
from skinbeam.preview.settings import setting

__all__ = ["LightChanges", "fade_mask", "visible_difference"]

Mask = NDArray[np.bool_]

_AREA_KINDS = ("redness", "diffuse-pigment")  # findings that are regions of skin; all others are single marks
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of linear sRGB (IEC 61966-2-1)
_ITERATIONS = 2  # of van Cittert; more would sharpen noise
_EDGE_GAIN = 1.6  # makes the edge fade outside the cover of a mark
_TEXTURE_PX = 0.8  # structures finer than this are texture and are not measured
_DARKEST = 1e-3  # of linear light, below which its logarithm is noise
_SHARE_MIN = 0.01  # of plain skin among the surroundings, below which nothing can be compared with it
_HALVINGS = 8  # a share of colour to 1/256
_STRONG = 0.5  # of the greatest excess: where a change is judged
_TYPICAL_PCT = 90.0  # percentile of the colour difference of a change


@compared_by_value
@dataclass(frozen=True)
class LightChanges:
    """The light of a view and of the plain skin on it, and the changes that findings make when they are removed.

    Parameters
    ----------
    light : (height, width, 3), linear.
    skin : where skin of a known region is seen.
    """

    light: Array
    skin: Mask
    maps: SkinMaps
    pigment: PigmentLevels
    pupil_px: float

    @classmethod
    def from_analysis(cls, analysis: SkinAnalysis, maps: SkinMaps) -> "LightChanges":
        """Return the light of an analysed photograph."""
        light = srgb_to_linear(analysis.view.rgb)
        return cls(light, analysis.regions.skin, maps, PigmentLevels.from_maps(maps), analysis.view.place.pupil_px)

    def of_map(self, map_name: str, change: Float) -> Float:
        """Return ln of the factor on light (height, width, 3) where a map changes by `change`."""
        touched = change != 0
        whole = np.zeros((*touched.shape, 3), np.float32)
        whole[touched] = self.pigment.at(touched).ln_factor({map_name: change[touched]})
        return whole

    def of_removal(self, marks: Sequence[Mark], map_name: str) -> Float:
        """Return ln of the factor on light when marks of one kind and map are gone entirely."""
        excess = self._joint_excess(marks)
        change = self.of_map(map_name, -excess)
        covered = excess > 0
        if not covered.any():
            return change
        if marks[0].kind == "redness":
            change[covered] = self._without_lightness(change[covered], self.light[covered])
            return np.asarray(change * self._colour_share(change, covered), np.float32)
        name = "area_surroundings_pupil" if marks[0].kind in _AREA_KINDS else "mark_surroundings_pupil"
        return np.clip(change, 0.0, self._lightness_left(covered, setting("picture", name) * self.pupil_px))

    def _joint_excess(self, marks: Sequence[Mark]) -> Float:
        """Return the joint excess of marks in their map; where two overlap, the larger one is used."""
        whole = np.zeros(self.skin.shape, np.float32)
        for mark in marks:
            there = whole[mark.window]
            np.maximum(there, self._feather(mark), out=there)
        return whole

    def _feather(self, mark: Mark) -> Float:
        """Return the excess of a mark, faded at its edge so that no outline shows."""
        if mark.kind in _AREA_KINDS:
            rim_px = setting("picture", "field_rim_pupil") * self.pupil_px
            weight = fade_mask(np.pad(mark.cover > 0, 1), rim_px)[1:-1, 1:-1]
            return np.asarray(np.maximum(mark.excess, 0.0) * weight, np.float32)
        if mark.line is not None:
            return np.asarray(np.maximum(mark.excess, 0.0), np.float32)
        return _sharpen_excess(mark, colour_blur_px(self.pupil_px))

    def _without_lightness(self, change: Array | Float, light: Array) -> Float:
        """Return a change of colour that leaves the luminance of each pixel as it is."""
        before = np.maximum(light @ _LUMINANCE, _DARKEST)
        after = np.maximum((light * np.exp(change)) @ _LUMINANCE, _DARKEST)
        return np.asarray(change - np.log(after / before)[:, None], np.float32)

    def _colour_share(self, change: Float, covered: Mask) -> float:
        """Return the share of a change after which a red area has the hue of the plain skin, never a yellower one."""
        plain = self.skin & ~covered
        if not plain.any():
            return 0.0
        aim = _median_hue(self.light[plain])
        light, whole = self.light[covered], change[covered].astype(np.float64)
        if _median_hue(light * np.exp(whole)) <= aim:
            return 1.0
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            half = (low + high) / 2
            low, high = (half, high) if _median_hue(light * np.exp(half * whole)) <= aim else (low, half)
        return low

    def _lightness_left(self, covered: Mask, surroundings_px: float) -> Float:
        """Return ln of the factor on each channel up to the plain skin around, (height, width, 3), and its texture."""
        ln_light = np.log(np.maximum(self.light, _DARKEST)).astype(np.float32)
        near = cv2.dilate(covered.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        plain = (self.skin & ~near).astype(np.float32)
        share = np.asarray(cv2.GaussianBlur(plain, (0, 0), surroundings_px))[..., None]

        def around(values: Float) -> Float:
            blurred = cv2.GaussianBlur(np.asarray(values * plain[..., None]), (0, 0), surroundings_px)
            return np.asarray(blurred / np.maximum(share, _SHARE_MIN), np.float32)

        coarse = np.asarray(cv2.GaussianBlur(ln_light, (0, 0), _TEXTURE_PX), np.float32)
        mean = around(coarse)
        texture = np.sqrt(around(np.asarray((coarse - mean) ** 2, np.float32)))
        left = np.where(share < _SHARE_MIN, 0.0, mean + texture - coarse)
        return np.asarray(np.maximum(left, 0.0), np.float32)


def visible_difference(light: Array, ln_factor: Float) -> float:
    """Return the CIE 1976 colour difference that a change makes where it is strong (90th percentile)."""
    amount = np.abs(ln_factor).max(axis=-1)
    if not amount.any():
        return 0.0
    strong = amount >= _STRONG * amount.max()
    before = light[strong]
    after = np.clip(before * np.exp(ln_factor[strong].astype(np.float64)), 0.0, 1.0)
    return float(np.percentile(np.linalg.norm(linear_to_lab(after) - linear_to_lab(before), axis=-1), _TYPICAL_PCT))


def fade_mask(mask: Mask, rim_px: float) -> Float:
    """Return weights (height, width) that rise smoothly from 0 at the edge of a mask to 1 at `rim_px` inside it.

    In a mask that is nowhere so wide, they reach 1 in its middle.
    """
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    rise = np.clip(inside / max(min(rim_px, float(inside.max())), 1.0), 0.0, 1.0)
    return np.asarray(rise * rise * (3.0 - 2.0 * rise), np.float32)


def _median_hue(light: Array) -> float:
    """Return the hue angle of the median colour, in radians from red towards yellow."""
    _, a, b = np.median(linear_to_lab(light), axis=0)
    return float(np.arctan2(b, a))


def _sharpen_excess(mark: Mark, blur_px: float) -> Float:
    """Return the excess of a mark before blurring, by van Cittert's iteration, faded at its edge.

    The picture was blurred to find the mark. The excess that is subtracted from the sharp picture has to be as sharp,
    or a dark core would remain of a removed small spot.
    """
    near = cv2.dilate(mark.cover, np.ones((3, 3), np.uint8))
    edge = np.clip(_EDGE_GAIN * cv2.GaussianBlur(near, (0, 0), max(1.0, blur_px)), 0.0, 1.0)
    measured = np.maximum(mark.excess, 0.0) * edge
    sharp = measured.copy()
    for _ in range(_ITERATIONS):
        sharp = np.maximum(sharp + measured - cv2.GaussianBlur(sharp, (0, 0), blur_px), 0.0)
    return np.asarray(np.where(measured > 0, sharp, 0.0), np.float32)
