"""What in a photograph makes its colours or its sides doubtful: shine on the skin, coloured whites of the eyes, a turn.

Each is a suspicion with its sentence for the photographer and takes nothing away. Make-up is not among them: nothing
that was tried tells it from a face (docs/tried.md), so it is asked.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.messages import Message
from skinbeam.photo.colour import LUMINANCE, lab, linear
from skinbeam.photo.face.record import Face
from skinbeam.photo.face.regions import Regions
from skinbeam.photo.face.view import FaceView
from skinbeam.photo.gates import limit
from skinbeam.photo.reading.read import Picture
from skinbeam.photo.view import View
from skinbeam.provenance import used

__all__ = ["edge_fraction", "eye_white", "shine_fraction", "suspicions", "unequal_sides"]

Array = NDArray[np.float64]

# Where the white of the eye is looked at, in widths of the iris from the pupil: along the eye, and across downwards.
_ALONG, _ACROSS = np.linspace(0.6, 0.85, 8), np.linspace(-0.05, 0.2, 6)


def suspicions(seen: View, regions: Regions, *, calibrated: bool) -> Iterator[tuple[str, Message]]:
    """Yield the code and sentence of what is doubtful; the colour of the light only where no card tells it."""
    shine, most = shine_fraction(linear(seen.rgb[regions.skin])), limit("gate", "shine_max")
    if shine > most:
        yield "shiny-skin", Message("photo-quality.shine", {"percent": round(100 * shine), "most": round(100 * most)})
    white = eye_white(seen.rgb, seen.face) if isinstance(seen, FaceView) and not calibrated else None
    if white is not None and float(np.hypot(*white)) > limit("gate", "eye_white_chroma_max"):
        yield "coloured-light", Message("photo-quality.eye_white", {"chroma": round(float(np.hypot(*white)))})
    reached = 0.0 if isinstance(seen, FaceView) else edge_fraction(regions)
    if reached > limit("site", "edge_share"):
        yield "skin-to-the-edge", Message("photo-site.edge", {"percent": round(100 * reached)})
    apart = unequal_sides(regions)
    if apart > limit("gate", "sides_apart_max") and not regions.far_side:
        yield "unequal-sides", Message("photo-quality.sides", {"percent": round(100 * apart)})
    roll = abs(seen.place.roll_deg)
    if roll > limit("gate", "roll_deg"):
        yield "tilted-head", Message("photo-quality.roll", {"roll": round(roll)})


def shine_fraction(light: Array) -> float:
    """Return the share of skin (n, 3), linear light, that shines.

    What a surface mirrors adds the light's own white to the colour of the skin (the dichromatic model of Shafer 1985):
    a shining pixel is far brighter than the skin's median and less saturated than it.
    """
    used("shafer1985")
    brightness = light @ LUMINANCE
    saturation = 1 - light.min(axis=1) / np.maximum(light.max(axis=1), 1e-6)
    bright = brightness > limit("gate", "shine_brighter") * np.median(brightness)
    return float(np.mean(bright & (saturation < limit("gate", "shine_paler") * np.median(saturation))))


def eye_white(rgb: Picture, face: Face) -> Array | None:
    """Return a* and b* of the white of the eyes: the median of the brighter half on each side of each iris.

    None where the iris was not measured.
    """
    if face.iris_px is None:
        return None
    turn = np.radians(face.roll_deg)
    along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    colours = []
    for pupil in (face.right_pupil, face.left_pupil):
        for side in (-1, 1):
            steps = side * _ALONG[:, None, None] * along + _ACROSS[None, :, None] * across
            at = (np.array(pupil) + face.iris_px * steps).astype(np.float32)
            light = linear(cv2.remap(rgb, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)).reshape(-1, 3)
            brightness = light @ LUMINANCE
            colours.append(np.median(light[brightness >= np.median(brightness)], axis=0))
    values = lab(np.array(colours))
    return np.asarray(np.median(values[:, 1:], axis=0))


def edge_fraction(regions: Regions) -> float:
    """Return the share of the edge of a whole picture that lies on skin."""
    skin = regions.skin
    return float(np.concatenate([skin[0], skin[-1], skin[1:-1, 0], skin[1:-1, -1]]).mean())


def unequal_sides(regions: Regions) -> float:
    """Return by how much the smaller of the two cheeks falls short of the larger, as a share."""
    areas = [float(regions.masks[name].sum()) for name in ("cheek-right", "cheek-left") if name in regions.masks]
    return 1 - min(areas) / max(areas) if len(areas) == 2 else 0.0
