"""Register a second picture of a face to the first: a similarity from three points, then a limited optical flow.

The flow is computed on grey levels normalised by the mean and spread of their surroundings, so that illumination does
not affect it (dense inverse search of Kroeger and others, 2016). Details narrower than its smoothing width cannot be
distorted by it.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.sources import cite_sources
from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.comparison.blur import gaussian_blur
from skinbeam.photo.comparison.frame import ComparisonFrame, log_luminance
from skinbeam.photo.face.face import Face
from skinbeam.photo.limits import limit
from skinbeam.photo.view import shrink_image

__all__ = ["RegisteredPicture", "normalised_luminance", "register", "register_mirrored"]

Array = NDArray[np.float64]
Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SPREADS = 2.5  # range of normalised grey levels that is mapped to 8 bits for the flow, in standard deviations


@compared_by_value
@dataclass(frozen=True)
class RegisteredPicture:
    """A picture registered to the frame of another.

    Parameters
    ----------
    light : (height, width, 3), linear.
    positions : (height, width, 2), x and y in pixels of its own view.
    inside_mask : (height, width), where the frame is inside the picture.
    scale : its pixels per pixel of the frame.
    turn_deg : angle of rotation.
    stretch : length of its lower face relative to the width of the eyes, over that of the frame; 1 where equal.
    flow_pupil : 95th percentile over the face of the flow that remained after the three points, in pupil distances,
        before it was limited.
    agreement : correlation of the normalised grey levels of both faces after registration.
    """

    light: Image
    positions: Image
    inside_mask: Mask
    scale: float
    turn_deg: float
    stretch: float
    flow_pupil: float
    agreement: float


def normalised_luminance(light: Image, pupil_px: float) -> Image:
    """Return log luminance minus its local mean, in units of its local standard deviation."""
    around = limit("pair", "grey_around_pupil") * pupil_px
    grey = cv2.GaussianBlur(log_luminance(light), (0, 0), max(0.7, limit("pair", "grey_blur_pupil") * pupil_px))
    over = grey - gaussian_blur(grey, around)
    spread = np.sqrt(gaussian_blur(over * over, around).clip(0) + np.float32(limit("pair", "grey_floor_ln")) ** 2)
    return np.asarray(over / spread, np.float32)


def register(light: Image, face: Face, frame: ComparisonFrame) -> RegisteredPicture:
    """Register the picture of linear light (height, width, 3), with its face, to a frame."""
    cite_sources("kroeger2016")
    shrunk = min(1.0, frame.pupil_px / face.pupil_px)
    small = shrink_image(light, shrunk)
    moved = face.transformed(shrunk, 0.0, 0.0) if shrunk < 1 else face
    way, flow_pupil, agreement = _find_transform(small, moved, frame)
    at = way.at(*_pixels(frame.light.shape))
    inside = (at[..., 0] >= 0) & (at[..., 1] >= 0) & (at[..., 0] < small.shape[1]) & (at[..., 1] < small.shape[0])
    return RegisteredPicture(
        _sample_at(small, at),
        ((at + 0.5) / shrunk - 0.5).astype(np.float32),
        inside,
        face.pupil_px / frame.pupil_px,
        float(np.degrees(np.angle(way.turn))),
        face.stretch / frame.face.stretch,
        flow_pupil,
        agreement,
    )


def register_mirrored(light: Image, face: Face, frame: ComparisonFrame) -> RegisteredPicture:
    """Register the mirror image of a picture, with its face, to a frame; `positions` are those in the mirror image."""
    last = light.shape[1] - 1
    right, left, mouth = ((last - x, y) for x, y in (face.left_pupil, face.right_pupil, face.mouth))
    mirrored = replace(face, right_pupil=right, left_pupil=left, mouth=mouth, points=None)
    return register(np.ascontiguousarray(light[:, ::-1]), mirrored, frame)


@dataclass(frozen=True)
class _Transform:
    """Mapping from pixels of the frame to those of another picture: rotation and scale, shift, and a flow before both.

    `flow` (h, w, 2), in pixels of the frame, is on a grid `coarse` times as coarse.
    """

    turn: complex
    shift: complex
    flow: Image
    coarse: float

    def at(self, x: Array, y: Array) -> Array:
        """Return the positions of pixels of the frame (height, width) in the other picture (height, width, 2)."""
        u, v = (((axis + 0.5) / self.coarse - 0.5).astype(np.float32) for axis in (x, y))
        flow = cv2.remap(self.flow, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        there = self.turn * (x + flow[..., 0] + 1j * (y + flow[..., 1])) + self.shift
        return np.stack([there.real, there.imag], axis=-1)


def _find_transform(light: Image, face: Face, frame: ComparisonFrame) -> tuple[_Transform, float, float]:
    """Return the transform to another picture of the frame's resolution, the remaining flow, and the agreement.

    The flow is computed on a reduced copy: its first pass corrects errors of the three points, its second pass is the
    remainder.
    """
    coarse = max(1.0, frame.pupil_px / limit("pair", "register_pupil_px"))
    height, width = frame.light.shape[:2]
    size = max(round(width / coarse), 1), max(round(height / coarse), 1)
    own = cv2.resize(frame.face_mask().astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
    pupil_px = frame.pupil_px / coarse
    x, y = ((pixel + 0.5) * coarse - 0.5 for pixel in _pixels((size[1], size[0])))
    # Both are resampled to the grid in the same way, so that equal pictures stay equal.
    first, other = (
        channel if coarse == 1 else cv2.GaussianBlur(channel, (0, 0), 0.5 * coarse) for channel in (frame.light, light)
    )
    grey = normalised_luminance(_sample_at(first, np.stack([x, y], axis=-1)), pupil_px)
    still = np.zeros((*own.shape, 2), np.float32)
    way = _Transform(*_similarity(*(np.array(_points(placed)) for placed in (frame.face, face))), still, coarse)

    def seen() -> Image:
        return normalised_luminance(_sample_at(other, way.at(x, y)), pupil_px)

    flow, weight = _optical_flow(grey, seen(), own, pupil_px)
    of = (x + 1j * y)[own]
    to = way.turn * (of + coarse * (flow[..., 0] + 1j * flow[..., 1])[own]) + way.shift
    way = _Transform(*_similarity(of, to, weight[own]), way.flow, coarse)
    flow, _ = _optical_flow(grey, seen(), own, pupil_px)
    needed = np.hypot(flow[..., 0], flow[..., 1])
    share_kept = np.minimum(1.0, limit("pair", "flow_held_pupil") * pupil_px / np.maximum(needed, 1e-6))
    way = _Transform(way.turn, way.shift, flow * share_kept[..., None] * np.float32(coarse), coarse)
    agreement = float(np.corrcoef(grey[own], seen()[own])[0, 1])
    return way, float(np.quantile(needed[own], 0.95)) / pupil_px, agreement


def _pixels(shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return x and y of every pixel of a shape (height, width, ...)."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    return x, y


def _points(face: Face) -> list[complex]:
    return [complex(*point) for point in (face.right_pupil, face.left_pupil, face.mouth)]


def _similarity(of: Array, to: Array, weight: Array | float = 1.0) -> tuple[complex, complex]:
    """Return rotation and scale, and shift, that map complex points (n) to others: weighted least squares."""
    weight = np.broadcast_to(weight, of.shape)
    a, b = (complex((weight * points).sum() / weight.sum()) for points in (of, to))
    turn = complex((weight * np.conj(of - a) * (to - b)).sum() / (weight * np.abs(of - a) ** 2).sum())
    return turn, b - turn * a


def _sample_at(light: Image, at: Array) -> Image:
    laid = cv2.remap(light, at.astype(np.float32), None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.maximum(laid, 0.0), np.float32)


def _optical_flow(one: Image, other: Image, face: Mask, pupil_px: float) -> tuple[Image, Image]:
    """Return a smooth flow (height, width, 2) between two normalised images, and its forward-backward consistency."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    a, b = (np.clip(128 + 127 / _SPREADS * image, 0, 255).astype(np.uint8) for image in (one, other))
    there, back = search.calc(a, b, None), search.calc(b, a, None)
    y, x = np.mgrid[: a.shape[0], : a.shape[1]].astype(np.float32)
    returned = cv2.remap(back, x + there[..., 0], y + there[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    missed = np.hypot(*np.moveaxis(there + returned, -1, 0)) / (limit("pair", "flow_back_pupil") * pupil_px)
    weight = (np.exp(-(missed**2)) * face).astype(np.float32)
    wide = limit("pair", "flow_smooth_pupil") * pupil_px
    smooth = gaussian_blur(there * weight[..., None], wide) / (gaussian_blur(weight, wide).clip(0) + 1e-3)[..., None]
    return np.asarray(smooth, np.float32), weight
