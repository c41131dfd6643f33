"""Prepare the two pictures of a pair, and the common frame of the comparison: the face of the picture before."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.analysis import PhotoAnalysis
from skinbeam.photo.colour import LUMINANCE, srgb_to_linear
from skinbeam.photo.colour_target import ColourCalibration, no_calibration
from skinbeam.photo.face.face import Face, FaceView
from skinbeam.photo.face.regions import SHADED
from skinbeam.photo.findings.finding import SkinFinding
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.pigment_maps.skin_level import SkinLevel
from skinbeam.photo.view import fill_outline
from skinbeam.text import Message

__all__ = ["ComparedPhoto", "ComparisonFrame", "compared_photo", "comparison_frame", "log_light", "log_luminance"]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

# In pupil distances from the middle of the eyes: the part of a face whose shape shows its pose and its identity.
_OVAL = (0.0, 0.42, 0.92, 1.2)
_DARKEST = 1e-3  # keeps a logarithm finite


@compared_by_value
@dataclass(frozen=True)
class ComparedPhoto:
    """One picture of a pair, in pixels of its view.

    Parameters
    ----------
    light : (height, width, 3), linear, corrected by the card where there is one.
    skin, pigment_known : (height, width), bare skin, and where its pigment can be computed from its colour.
    unshaded : (height, width), the regions that no part of the face shades.
    mm_per_px : of the view.
    """

    light: Image
    face: Face
    skin: Mask
    pigment_known: Mask
    unshaded: Mask
    marks: tuple[Mark, ...]
    findings: tuple[SkinFinding, ...]
    level: SkinLevel
    mm_per_px: Estimate


@compared_by_value
@dataclass(frozen=True)
class ComparisonFrame:
    """The frame of a comparison: the picture before, cropped to its face, no finer than the picture after.

    Parameters
    ----------
    window : rows and columns of the view of the picture before.
    scale : pixels of the frame per pixel of that view.
    face : in pixels of the frame.
    light : (height, width, 3), linear, of the picture before.
    """

    window: tuple[slice, slice]
    scale: float
    face: Face
    light: Image

    @property
    def pupil_px(self) -> float:
        """Distance between the pupils."""
        return self.face.pupil_px

    def resample(self, image: Image) -> Image:
        """Transform an image (height, width, ...) of the view of the picture before into this frame."""
        height, width = self.light.shape[:2]
        return np.asarray(cv2.resize(image[self.window], (width, height), interpolation=cv2.INTER_AREA), np.float32)

    def face_mask(self) -> Mask:
        """Return a mask of the face without its rim (height, width)."""
        x, y, half_x, half_y = _OVAL
        angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        ring = self.face.template_to_pixels(np.stack([x + half_x * np.cos(angle), y + half_y * np.sin(angle)], axis=1))
        return fill_outline(self.light.shape, ring)


def log_light(light: Image) -> Image:
    """Return the logarithm of linear light, of any shape."""
    return np.log(np.maximum(light, _DARKEST))


def log_luminance(light: Image) -> Image:
    """Return the logarithm of the luminance (height, width) of linear light (height, width, 3)."""
    return log_light(light @ LUMINANCE.astype(np.float32))


def compared_photo(analysis: PhotoAnalysis) -> ComparedPhoto | Unknown:
    """Return the picture of a pair, or why it cannot be compared."""
    seen = analysis.skin
    if isinstance(seen, Unknown):
        return seen
    if isinstance(seen.maps, Unknown):
        return seen.maps
    if not isinstance(seen.view, FaceView) or isinstance(seen.scale_mm_per_px, Unknown):
        return Unknown(Message("photo-pair.faces_only").text)
    card = analysis.calibration if isinstance(analysis.calibration, ColourCalibration) else no_calibration()
    return ComparedPhoto(
        card(srgb_to_linear(seen.view.rgb)).astype(np.float32),
        seen.view.face,
        seen.regions.skin,
        seen.maps.valid,
        np.logical_or.reduce([mask for name, mask in seen.regions.masks.items() if name not in SHADED], initial=False)
        & seen.regions.skin,
        seen.marks,
        seen.findings,
        seen.maps.level,
        seen.scale_mm_per_px.scaled(1 / seen.view.scale),
    )


def comparison_frame(before: ComparedPhoto, pupil_px: float) -> ComparisonFrame:
    """Return the frame of a pair whose coarser picture has `pupil_px` pixels between the pupils."""
    scale = min(1.0, pupil_px / before.face.pupil_px)
    reach = before.face.pupil_px
    (x, y), (height, width) = before.face.middle, before.light.shape[:2]
    x0, y0 = max(int(x - 1.5 * reach), 0), max(int(y - 1.5 * reach), 0)
    x1, y1 = min(int(x + 1.5 * reach) + 1, width), min(int(y + 3.2 * reach) + 1, height)
    size = round((x1 - x0) * scale), round((y1 - y0) * scale)
    cut, whole = (slice(y0, y1), slice(x0, x1)), size[0] / (x1 - x0)
    light = cv2.resize(before.light[cut], size, interpolation=cv2.INTER_AREA)
    return ComparisonFrame(cut, whole, before.face.transformed(whole, x0, y0), light)
