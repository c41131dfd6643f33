"""Extract skin from the picture at the resolution that vessels, lines and pores need, and estimate its blur."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.colour import LUMINANCE, srgb_to_linear
from skinbeam.photo.colour_target import ColourCalibration
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.face.regions import SkinRegions
from skinbeam.photo.limits import limit
from skinbeam.photo.pigment_maps.pigment_density import chromophore_directions, optical_density
from skinbeam.photo.view import View

__all__ = ["BlurEstimate", "SkinDetail", "extract_detail", "measure_detail"]

Array = NDArray[np.float64]
Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_LUMA = LUMINANCE.astype(np.float32)
_FINE, _COARSE = 0.8, 1.6  # pixels: the two additional blurs whose gradients are compared
_STEP = 1 / 3  # variance of the central difference, in pixels squared


@dataclass(frozen=True)
class BlurEstimate:
    """The blur of a picture: standard deviation of its point spread in pixels of the detail, with bounds."""

    px: float
    low_px: float
    high_px: float


@compared_by_value
@dataclass(frozen=True)
class SkinDetail:
    """The skin of a face at a finer resolution than the view.

    Parameters
    ----------
    blood, shade : (height, width), optical density added by blood, and by light and relief.
    bright : (height, width), optical density of the brightness, which a JPEG stores for every pixel.
    masks : region → (height, width).
    mm_per_px : of this detail.
    view_px : pixels of the view per pixel of this detail.
    origin : x, y of this detail's first pixel in pixels of the view.
    view_shape : height and width of the view.
    """

    blood: Image
    shade: Image
    bright: Image
    masks: dict[str, Mask]
    mm_per_px: Estimate
    blur: BlurEstimate
    view_px: float
    origin: tuple[float, float]
    view_shape: tuple[int, int]

    def to_view(self, points: Array) -> Array:
        """Convert points (n, 2) of this detail to pixels of the view."""
        return np.asarray((points + 0.5) * self.view_px - 0.5 + self.origin)

    def from_view(self, points: Array) -> Array:
        """Convert points (n, 2) of the view to pixels of this detail."""
        return np.asarray((points - self.origin + 0.5) / self.view_px - 0.5)


def extract_detail(
    rgb: Picture, view: View, regions: SkinRegions, mm_per_px: Estimate, calibration: ColourCalibration
) -> SkinDetail:
    """Return the regions of a face from the whole picture `rgb`, at most `face.detail_pupil_px` between the pupils.

    Parameters
    ----------
    mm_per_px : of the picture.
    calibration : correction of linear light.
    """
    rows, columns = (np.flatnonzero(regions.skin.any(axis=axis)) for axis in (1, 0))
    corners = np.array([[columns[0] - 0.5, rows[0] - 0.5], [columns[-1] + 0.5, rows[-1] + 0.5]])
    height, width = rgb.shape[:2]
    x0, y0 = np.maximum(np.floor(view.to_picture(corners[:1])[0] + 0.5).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(view.to_picture(corners[1:])[0] + 0.5).astype(int), (width, height))
    cut = rgb[y0:y1, x0:x1]
    scale = min(1.0, limit("face", "detail_pupil_px") * view.scale / view.place.pupil_px)
    if scale < 1:
        cut = cv2.resize(cut, (round(cut.shape[1] * scale), round(cut.shape[0] * scale)), interpolation=cv2.INTER_AREA)
        scale = cut.shape[1] / (x1 - x0)
    light = calibration(srgb_to_linear(cut)).astype(np.float32)
    view_px = view.scale / scale
    origin = float((x0 - view.origin[0]) * view.scale), float((y0 - view.origin[1]) * view.scale)
    to_view = np.array([[view_px, 0, origin[0] + 0.5 * view_px - 0.5], [0, view_px, origin[1] + 0.5 * view_px - 0.5]])
    masks = {
        name: cv2.warpAffine(
            mask.astype(np.uint8), to_view, cut.shape[1::-1], flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        ).astype(bool)
        for name, mask in regions.masks.items()
    }
    view_shape = view.rgb.shape[0], view.rgb.shape[1]
    return measure_detail(light, masks, mm_per_px.scaled(1 / scale), view_px, origin, view_shape)


def measure_detail(
    light: Image,
    masks: dict[str, Mask],
    mm_per_px: Estimate,
    view_px: float,
    origin: tuple[float, float],
    view_shape: tuple[int, int],
) -> SkinDetail:
    """Return the detail of linear light (height, width, 3); other arguments as in `SkinDetail`."""
    blood, shade, bright = _split_channels(light)
    return SkinDetail(blood, shade, bright, masks, mm_per_px, _estimate_blur(light), view_px, origin, view_shape)


def _split_channels(light: Image) -> tuple[Image, Image, Image]:
    """Split light (height, width, 3) into the density of blood, that of light and relief, and the brightness.

    A JPEG stores brightness for every pixel and colour for every second one, so the shade is computed as brightness
    minus the contribution of the pigments, which is derived from smoothed colour.
    """
    dense = optical_density(light.astype(np.float64)).astype(np.float32)
    added = chromophore_directions()
    apart = np.linalg.inv(added).astype(np.float32)
    smooth = cv2.GaussianBlur(dense, (0, 0), limit("detail", "colour_px"))
    pigments = smooth @ apart[:2].T
    bright = -np.log(np.maximum(light @ _LUMA, 1e-4))
    taken = pigments @ (_LUMA @ added[:, :2]).astype(np.float32)
    return np.ascontiguousarray(pigments[..., 1]), np.asarray(bright - taken, np.float32), bright


def _estimate_blur(light: Image) -> BlurEstimate:
    """Estimate the blur of a picture from its sharpest edges, those of lids, lashes, lips and hair.

    A step that is blurred by b has the gradient 1/sqrt(b² + s²) after a further blur s, so b follows from the ratio of
    the gradients after two blurs (Zhuo and Sim 2011, eq. 4, with a blur on both sides). A line that is narrower than
    the blur has the square of that ratio. Lashes are lines and lids are steps, so the true value is in between.
    """
    bright = cv2.GaussianBlur(light @ _LUMA, (0, 0), _FINE)
    coarse = cv2.GaussianBlur(bright, (0, 0), float(np.sqrt(_COARSE**2 - _FINE**2)))
    sharp, soft = (np.hypot(*(np.gradient(image, axis=axis) for axis in (0, 1))) for image in (bright, coarse))
    peak = sharp >= cv2.dilate(sharp, np.ones((3, 3), np.uint8))
    steep = limit("detail", "edge_noise") * float(np.median(sharp))
    strong = peak & (sharp > max(steep, float(np.quantile(sharp, limit("detail", "edge_quantile")))))
    ratio = (sharp[strong] / np.maximum(soft[strong], 1e-6)) ** 2
    ratio = ratio[ratio > 1.02]
    if len(ratio) < limit("detail", "edge_px_min"):
        return BlurEstimate(*(limit("detail", f"blur_px{end}") for end in ("", "_low", "_high")))
    fine, wide = _FINE**2 + _STEP, _COARSE**2 + _STEP
    step = np.maximum((wide - ratio * fine) / (ratio - 1), 0.0)
    line = np.maximum((wide - np.sqrt(ratio) * fine) / (np.sqrt(ratio) - 1), 0.0)
    low, high = (float(np.sqrt(np.quantile(squared, 0.3))) for squared in (step, line))
    least, most = limit("detail", "blur_px_low"), limit("detail", "blur_px_high")
    low, high = max(low, least), max(min(high, most), least)
    return BlurEstimate((low + high) / 2, min(low, high), high) if low <= high else BlurEstimate(high, least, high)
