"""What lies on a face and is no skin, where it is in this picture: brows, lips and teeth, frames of glasses."""

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.face.bare import disc
from skinbeam.photo.face.skin import Tones
from skinbeam.photo.face.template import holes
from skinbeam.photo.face.view import FaceView
from skinbeam.photo.gates import limit
from skinbeam.photo.view import filled

__all__ = ["covered"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Where brows lie in pupil distances from the middle of the eyes: across, and down.
_ACROSS, _DOWN = np.linspace(0.1, 1.05, 96), np.linspace(-0.62, -0.14, 49)
_USUAL_BROW = -0.33
_LIPS = (0.62, 0.36)  # half axes about the middle of the mouth within which lips and teeth lie, in pupil distances


def covered(seen: FaceView, tone: Tones) -> Mask:
    """Return eyes, nostrils, mouth, brows, beard and frames (height, width), each with a margin."""
    return holes(seen) | _brows(seen, tone) | _mouth(seen, tone) | _framed(seen, tone) | _beard(seen, tone)


def _brows(seen: FaceView, tone: Tones) -> Mask:
    """Return the band of each brow: darker or less red than the skin above and below it."""
    hair = (-tone.light - 1.5 * np.minimum(tone.red, 0)).astype(np.float32)
    height, width = seen.rgb.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    for side in (-1, 1):
        at = np.stack(np.meshgrid(side * _ACROSS, _DOWN), axis=-1)
        pixels = seen.face.place(at.reshape(-1, 2)).astype(np.float32).reshape(at.shape)
        seen_hair = cv2.remap(hair, pixels, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        # What stands out over a height of a third of a pupil distance, and half as much along the brow.
        stands = cv2.morphologyEx(seen_hair, cv2.MORPH_TOPHAT, np.ones((35, 1), np.uint8))
        stands = cv2.GaussianBlur(stands, (0, 0), 3.0) * np.exp(-0.5 * ((_DOWN - _USUAL_BROW) / 0.15) ** 2)[:, None]
        ridge = stands.argmax(axis=0)
        strong = stands.max(axis=0) > limit("skin", "brow_stands_min")
        ridge = np.where(strong, ridge, int(np.abs(_DOWN - _USUAL_BROW).argmin()))
        for column in range(len(_ACROSS)):
            rows = np.abs(np.arange(len(_DOWN)) - ridge[column]) <= 5
            if strong[column]:
                rows |= stands[:, column] > 0.35 * stands[ridge[column], column]
            elif _ACROSS[column] < 0.2 or _ACROSS[column] > 0.9:
                continue  # beyond its ends a brow need not be
            for x, y in pixels[rows, column]:
                mask[_clipped(y, height), _clipped(x, width)] = 1
    return np.asarray(cv2.dilate(mask, disc(seen, limit("skin", "brow_margin_pupil"))) > 0)


def _clipped(value: float, size: int) -> int:
    return min(max(round(float(value)), 0), size - 1)


def _mouth(seen: FaceView, tone: Tones) -> Mask:
    """Return lips, teeth and what is between them: redder, paler or much darker than skin, about the mouth."""
    where = _ellipse(seen, *_LIPS)
    teeth = (tone.red < -0.35) & (tone.light > -0.8)
    other = where & ((tone.red > limit("skin", "lips_redder")) | teeth | (tone.light < -1.1))
    joined = cv2.morphologyEx(other.astype(np.uint8), cv2.MORPH_CLOSE, disc(seen, 0.04))
    _, labels = cv2.connectedComponents(joined)
    touching = np.unique(labels[_ellipse(seen, 0.3, 0.1)])
    mouth = np.isin(labels, touching[touching > 0])
    return np.asarray(cv2.dilate(mouth.astype(np.uint8), disc(seen, 0.04)) > 0)


def _ellipse(seen: FaceView, half_x: float, half_y: float) -> Mask:
    face = seen.face
    mask = np.zeros(seen.rgb.shape[:2], np.uint8)
    axes = round(half_x * face.pupil_px), round(half_y * face.pupil_px)
    centre = round(face.mouth[0]), round(face.mouth[1])
    cv2.ellipse(mask, centre, axes, face.roll_deg, 0, 360, 1, cv2.FILLED)
    return mask.astype(bool)


def _framed(seen: FaceView, tone: Tones) -> Mask:
    """Return where fine structure is far stronger than on this face's skin, and what is behind the lenses of glasses.

    The lower rim of a frame runs below a whole eye; lids and lashes end above it. Rimless glasses are not seen.
    """
    strong = (tone.rough > limit("skin", "structure_max")).astype(np.uint8)
    mask = cv2.dilate(strong, disc(seen, 0.02)).astype(bool)
    across, down = np.linspace(-0.2, 0.2, 41), np.linspace(0.22, 0.5, 29)
    for side in (-1, 1):
        below = np.stack(np.meshgrid(0.5 * side + across, down), axis=-1)
        pixels = seen.face.place(below.reshape(-1, 2)).astype(np.float32).reshape(below.shape)
        rim = cv2.remap(strong, pixels, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        if rim.any(axis=0).mean() > limit("skin", "rim_share_min"):
            lens = np.array([[-0.42, -0.2], [0.42, -0.2], [0.42, 0.36], [-0.42, 0.36]])
            mask |= filled(seen.rgb.shape, seen.face.place(lens + np.array([0.5 * side, 0.0])))
    return np.asarray(mask)


def _beard(seen: FaceView, tone: Tones) -> Mask:
    """Return beard, moustache, stubble: below the nose, darker than the cheeks and neither redder nor yellower.

    Shade on skin makes it redder and pigment makes it yellower; hair in front of it or in its pores does neither.
    """
    face = seen.face
    cheeks = np.zeros(seen.rgb.shape[:2], bool)
    for side in (-1, 1):
        box = np.array([[0.42, 0.4], [0.8, 0.4], [0.8, 0.66], [0.42, 0.66]]) * (side, 1.0)
        cheeks |= filled(seen.rgb.shape, face.place(box))
    soft_px = limit("skin", "beard_blur_pupil") * face.pupil_px
    light, red, yellow = (
        cv2.GaussianBlur(field, (0, 0), soft_px) - float(np.median(field[cheeks]))
        for field in (tone.light, tone.red, tone.yellow)
    )
    hair = (light < -limit("skin", "beard_darker")) & (red < limit("skin", "beard_redder"))
    hair &= yellow < -limit("skin", "beard_bluer")
    there = filled(seen.rgb.shape, face.place(np.array([[-1.2, 0.68], [1.2, 0.68], [1.2, 2.0], [-1.2, 2.0]])))
    return np.asarray(cv2.dilate((hair & there).astype(np.uint8), disc(seen, 0.03)).astype(bool))
