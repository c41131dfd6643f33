"""Copies of a picture that differ from it as the other picture of a pair does, in all but the skin.

What is measured on such a copy ought to be what was measured on the picture: how far it is not is what the comparison
errs by, at the least. A second photograph of the same skin differs by more: by a blush, a look, the shine of the day.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.colour import levels, linear
from skinbeam.photo.face.record import Face
from skinbeam.photo.gates import limit
from skinbeam.photo.pairs.light import LightChange

__all__ = ["copied"]

Image = NDArray[np.float32]


def copied(
    light: Image, face: Face, change: LightChange, flow_pupil: float, rng: np.random.Generator
) -> tuple[Image, Face]:
    """Return a copy of linear light (height, width, 3), and its face as a finder may see it.

    Light, contrast and noise change as between the pictures; the head turns by as much as they needed of a flow; the
    picture is turned, made smaller and stored anew.
    """
    ln = np.log(np.maximum(light, 1e-4))
    middle = np.median(ln, axis=(0, 1))
    ln = middle + change.contrast * (ln - middle) + change.gain_ln + change.field
    ln = ln + change.noise_ln * rng.standard_normal(ln.shape)
    exposed = np.exp(ln)
    height, width = light.shape[:2]
    zoom = rng.uniform(1 - limit("pair", "copy_smaller"), 1.0)
    turn = zoom * np.exp(1j * np.radians(rng.normal(0, limit("pair", "copy_turn_deg"))))
    middle_px = complex(*face.middle)
    shift = middle_px - turn * middle_px + complex(*rng.uniform(-0.5, 0.5, 2))
    y, x = np.mgrid[:height, :width].astype(np.float64)
    of = ((x + 1j * y) - shift) / turn
    wave = _wave(light.shape[:2], face.pupil_px, flow_pupil * face.pupil_px, rng)
    at = np.stack([of.real + wave[0], of.imag + wave[1]], axis=-1).astype(np.float32)
    laid = cv2.remap(exposed.astype(np.float32), at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return _stored(laid), _seen(face, turn, shift, rng)


def _wave(shape: tuple[int, ...], pupil_px: float, size_px: float, rng: np.random.Generator) -> Image:
    """A smooth displacement (2, height, width) whose 95th percentile is about `size_px`."""
    wide = limit("pair", "copy_wave_pupil") * pupil_px
    coarse = max(1.0, wide / 4)
    grid = tuple(max(4, round(side / coarse)) for side in shape)
    raw = [cv2.GaussianBlur(rng.standard_normal(grid).astype(np.float32), (0, 0), 4.0) for _ in range(2)]
    waves = np.stack([cv2.resize(one, shape[::-1], interpolation=cv2.INTER_CUBIC) for one in raw])
    return np.asarray(waves * (size_px / max(float(np.quantile(np.hypot(*waves), 0.95)), 1e-9)), np.float32)


def _stored(light: Image) -> Image:
    """Return light as a JPEG keeps it."""
    coded = np.round(255 * np.clip(levels(light.astype(np.float64)), 0, 1)).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(limit("pair", "copy_quality"))]
    _, data = cv2.imencode(".jpg", coded[..., ::-1], quality)
    kept = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return linear(kept[..., ::-1]).astype(np.float32)


def _seen(face: Face, turn: complex, shift: complex, rng: np.random.Generator) -> Face:
    """Return the face of a turned picture, its points missed by what a finder misses them."""
    missed = limit("pair", "points_sd_pupil") * face.pupil_px * abs(turn)

    def to(point: tuple[float, float]) -> tuple[float, float]:
        there = turn * complex(*point) + shift + missed * complex(*rng.standard_normal(2))
        return there.real, there.imag

    return replace(
        face, right_pupil=to(face.right_pupil), left_pupil=to(face.left_pupil), mouth=to(face.mouth), points=None
    )
