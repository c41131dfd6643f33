"""Find the mouth of a face whose eyes are known."""

from dataclasses import replace

import cv2
import numpy as np

from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.face.face import Face
from skinbeam.photo.limits import limit

__all__ = ["with_mouth"]


def with_mouth(rgb: Picture, face: Face) -> Face:
    """Return `face` with its mouth: lips, teeth and the gap between them, else the position in the template.

    Brightness changes fastest from row to row at a mouth, with or without a beard. Redness alone would follow a flushed
    chin or a lip under a moustache, so it counts near that row only.
    """
    at = replace(face, mouth=_point_below_eyes(face, limit("face", "mouth_at")))
    usual, spread = limit("face", "mouth_at"), limit("face", "mouth_spread")
    rows, columns = np.linspace(usual - 2 * spread, usual + 2 * spread, 65), np.linspace(-0.3, 0.3, 31)
    grid = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    pixels = at.template_to_pixels(grid).astype(np.float32).reshape(len(rows), len(columns), 2)
    (x0, y0), (x1, y1) = np.floor(pixels.min(axis=(0, 1))), np.ceil(pixels.max(axis=(0, 1)))
    x0, y0 = max(int(x0), 0), max(int(y0), 0)
    cut = rgb[y0 : int(y1) + 2, x0 : int(x1) + 2]
    if not cut.size:
        return at
    pixels -= np.array([x0, y0], np.float32)
    soft = cv2.GaussianBlur(cut, (0, 0), max(0.5, 0.015 * face.pupil_px))
    sample = cv2.remap(soft, pixels, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float64) + 4.0
    light = np.log(sample)
    likely = np.exp(-0.5 * ((rows - usual) / spread) ** 2)
    change = np.abs(np.gradient(light.mean(axis=2), axis=0)).mean(axis=1)
    change = cv2.GaussianBlur(change, (0, 0), 4.0).ravel() * likely
    red = (light[..., 0] - light[..., 1]).mean(axis=1)
    below = rows - rows[change.argmax()]  # the sharpest change is at the lower edge of the upper lip: most red is below
    red = np.maximum(red - np.median(red), 0.0) * (below > -0.5 * spread) * (below < 1.5 * spread)
    if change.max() <= 0:
        return at
    strong = np.maximum(change / change.max() - 0.5, 0.0)
    weight = strong / strong.sum() + (red / red.sum() if red.sum() > 0 else 0.0)
    return replace(face, mouth=_point_below_eyes(face, float((weight * rows).sum() / weight.sum())))


def _point_below_eyes(face: Face, distance: float) -> tuple[float, float]:
    """Return the point `distance` pupil distances straight below the middle of the eyes."""
    (x0, y0), (x1, y1) = face.right_pupil, face.left_pupil
    return face.middle[0] - distance * (y1 - y0), face.middle[1] + distance * (x1 - x0)
