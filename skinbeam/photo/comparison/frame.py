"""One picture of a pair, and the frame in which both are compared: the face of the picture before."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import Message
from skinbeam.photo.card.calibration import Calibration, uncorrected
from skinbeam.photo.colour import LUMINANCE, linear
from skinbeam.photo.face.record import Face
from skinbeam.photo.face.regions import SHADED
from skinbeam.photo.face.view import FaceView
from skinbeam.photo.findings.finding import Finding
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.look import Look
from skinbeam.photo.maps.level import Level
from skinbeam.photo.view import filled

__all__ = ["Frame", "Shot", "frame_of", "ln_light", "ln_luminance", "shot_of"]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

# In pupil distances from the middle of the eyes: the part of a face whose form tells how it is turned, and whose it is.
_OVAL = (0.0, 0.42, 0.92, 1.2)
_DARKEST = 1e-3  # keeps a logarithm finite


@dataclass(frozen=True)
class Shot:
    """One picture of a pair, in pixels of its view.

    Parameters
    ----------
    light : (height, width, 3), linear, corrected by the card where there is one.
    skin, known : (height, width), bare skin, and where its colour tells what it holds.
    lit : (height, width), the regions that no part of the face shades.
    mm_per_px : of the view.
    """

    light: Image
    face: Face
    skin: Mask
    known: Mask
    lit: Mask
    marks: tuple[Mark, ...]
    findings: tuple[Finding, ...]
    level: Level
    mm_per_px: Estimate


@dataclass(frozen=True)
class Frame:
    """Where two pictures are compared: the picture before, cut to its face, no finer than the picture after.

    Parameters
    ----------
    cut : rows and columns of the view of the picture before.
    scale : pixels of the frame to a pixel of that view.
    face : in pixels of the frame.
    light : (height, width, 3), linear, of the picture before.
    """

    cut: tuple[slice, slice]
    scale: float
    face: Face
    light: Image

    @property
    def pupil_px(self) -> float:
        """Distance between the pupils."""
        return self.face.pupil_px

    def laid(self, image: Image) -> Image:
        """Return an image (height, width, ...) of the view of the picture before in this frame."""
        height, width = self.light.shape[:2]
        return np.asarray(cv2.resize(image[self.cut], (width, height), interpolation=cv2.INTER_AREA), np.float32)

    def oval(self) -> Mask:
        """Return the face without its rim (height, width)."""
        x, y, half_x, half_y = _OVAL
        angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        ring = self.face.place(np.stack([x + half_x * np.cos(angle), y + half_y * np.sin(angle)], axis=1))
        return filled(self.light.shape, ring)


def ln_light(light: Image) -> Image:
    """Return the logarithm of linear light, of any shape."""
    return np.log(np.maximum(light, _DARKEST))


def ln_luminance(light: Image) -> Image:
    """Return the logarithm of the luminance (height, width) of linear light (height, width, 3)."""
    return ln_light(light @ LUMINANCE.astype(np.float32))


def shot_of(look: Look) -> Shot | Unknown:
    """Return the picture of a pair, or why nothing on it can be compared."""
    seen = look.skin
    if isinstance(seen, Unknown):
        return seen
    if isinstance(seen.maps, Unknown):
        return seen.maps
    if not isinstance(seen.view, FaceView) or isinstance(seen.scale_mm_per_px, Unknown):
        return Unknown(Message("photo-pair.faces_only").text)
    card = look.card if isinstance(look.card, Calibration) else uncorrected()
    return Shot(
        card(linear(seen.view.rgb)).astype(np.float32),
        seen.view.face,
        seen.regions.skin,
        seen.maps.known,
        np.logical_or.reduce([mask for name, mask in seen.regions.masks.items() if name not in SHADED], initial=False)
        & seen.regions.skin,
        seen.marks,
        seen.findings,
        seen.maps.level,
        seen.scale_mm_per_px.scaled(1 / seen.view.scale),
    )


def frame_of(before: Shot, pupil_px: float) -> Frame:
    """Return the frame of a pair whose coarser picture has so many pixels between the pupils."""
    scale = min(1.0, pupil_px / before.face.pupil_px)
    reach = before.face.pupil_px
    (x, y), (height, width) = before.face.middle, before.light.shape[:2]
    x0, y0 = max(int(x - 1.5 * reach), 0), max(int(y - 1.5 * reach), 0)
    x1, y1 = min(int(x + 1.5 * reach) + 1, width), min(int(y + 3.2 * reach) + 1, height)
    size = round((x1 - x0) * scale), round((y1 - y0) * scale)
    cut, whole = (slice(y0, y1), slice(x0, x1)), size[0] / (x1 - x0)
    light = cv2.resize(before.light[cut], size, interpolation=cv2.INTER_AREA)
    return Frame(cut, whole, before.face.moved(whole, x0, y0), light)
