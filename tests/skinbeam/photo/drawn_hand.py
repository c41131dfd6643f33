"""A hand on a table, as a camera stores it: its outline and its spots are known to the pixel."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from drawn_skin import BLOOD, MELANIN, TONES
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Linear light of what a hand may lie on. Grain is the spread of lines along the wood, in density.
GROUNDS: dict[str, tuple[tuple[float, float, float], float]] = {
    "white paper": ((0.80, 0.80, 0.78), 0.0),
    "blue cloth": ((0.06, 0.11, 0.25), 0.0),
    "black": ((0.015, 0.015, 0.015), 0.0),
    "beige cloth": ((0.75, 0.61, 0.46), 0.0),
    "tan leather": ((0.645, 0.456, 0.262), 0.0),
    "pine": ((0.73, 0.48, 0.24), 0.10),
    "oak": ((0.53, 0.32, 0.147), 0.15),
    "cherry": ((0.36, 0.15, 0.07), 0.15),
}
# The back of a right hand in mm, fingers up: a palm, fingers from knuckle to tip with their half widths, a wrist.
_PALM = [(58, 205), (52, 150), (60, 112), (95, 104), (132, 112), (138, 150), (130, 205)]
_FINGERS = [
    ((66, 118), (56, 52), 8.5),
    ((86, 112), (84, 34), 9.0),
    ((106, 112), (112, 38), 9.0),
    ((125, 118), (140, 62), 8.0),
    ((62, 165), (28, 120), 10.0),
]
_WRIST = [(62, 200), (64, 262), (124, 262), (126, 200)]
_SIZE_mm = (190.0, 250.0)
BACK = (95.0, 155.0)  # the middle of the back of the hand, mm


@dataclass(frozen=True)
class Hand:
    """A hand.

    Parameters
    ----------
    ground : of `GROUNDS`; `skin` is a cloth of just the colour of the skin.
    spots : x, y and diameter in mm, and how many units of density of melanin and of blood are added in green.
    """

    mm_per_px: float = 0.2
    tone: str = "light"
    ground: str = "white paper"
    spots: Sequence[tuple[float, float, float, float, float]] = ()
    texture: float = 0.02
    blur_px: float = 0.7
    exposure: float = 1.0
    seed: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return round(_SIZE_mm[1] / self.mm_per_px), round(_SIZE_mm[0] / self.mm_per_px)

    def outline(self) -> NDArray[np.bool_]:
        """Return where the hand is."""
        there = np.zeros(self.shape, np.uint8)
        for points in (_PALM, _WRIST):
            cv2.fillPoly(there, [np.round(np.array(points) / self.mm_per_px).astype(np.int32)], 1)
        for (x0, y0), (x1, y1), half in _FINGERS:
            start, end = ((round(x / self.mm_per_px), round(y / self.mm_per_px)) for x, y in ((x0, y0), (x1, y1)))
            cv2.line(there, start, end, 1, round(2 * half / self.mm_per_px))
        soft = cv2.GaussianBlur(there.astype(np.float32), (0, 0), 3.0 / self.mm_per_px)
        return np.asarray(soft > 0.5)

    def rgb(self) -> NDArray[np.uint8]:
        """Return the picture: relief, mottling, rounded fingers, spots, noise, sRGB and JPEG."""
        rng, there = np.random.default_rng(self.seed), self.outline()
        brown, red = (_field(rng, self.shape, 3.0 / self.mm_per_px, spread) for spread in (0.04, 0.05))
        shade = sum(_field(rng, self.shape, mm / self.mm_per_px, self.texture) for mm in (0.25, 0.6))
        yy, xx = np.mgrid[: self.shape[0], : self.shape[1]] * self.mm_per_px
        for x, y, wide, melanin, blood in self.spots:
            inside = np.clip((wide / 2 - np.hypot(xx - x, yy - y)) / self.mm_per_px + 0.5, 0, 1)
            brown, red = brown + melanin * inside, red + blood * inside
        # What is round falls off towards its outline, over 6 mm to half its light.
        deep = cv2.distanceTransform(there.astype(np.uint8), cv2.DIST_L2, 5) * self.mm_per_px
        round_off = 0.7 * np.square(np.clip(1 - deep / 6, 0, 1))
        density = brown[..., None] * MELANIN + red[..., None] * BLOOD + (shade + round_off)[..., None]
        skin = np.array(TONES[self.tone]) * np.exp(-density)
        light = self.exposure * np.where(there[..., None], skin, self._ground(rng))
        light = cv2.GaussianBlur(light, (0, 0), self.blur_px)
        light = light + rng.normal(0, 0.006, light.shape) * np.sqrt(np.maximum(light, 1e-4) / 0.3)
        coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
        levels = np.round(255 * np.clip(coded, 0, 1)).astype(np.uint8)
        _, data = cv2.imencode(".jpg", levels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
        return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])

    def _ground(self, rng: np.random.Generator) -> Array:
        if self.ground == "skin":
            return np.broadcast_to(np.array(TONES[self.tone]), (*self.shape, 3))
        colour, grain = GROUNDS[self.ground]
        along = cv2.GaussianBlur(
            rng.standard_normal(self.shape), (0, 0), 0.8 / self.mm_per_px, sigmaY=25.0 / self.mm_per_px
        )
        lines = grain * along / along.std()
        return np.array(colour) * np.exp(-lines[..., None] * np.array([0.7, 1.0, 1.4]))


def _field(rng: np.random.Generator, shape: tuple[int, int], sd_px: float, spread: float) -> Array:
    noise = cv2.GaussianBlur(rng.standard_normal(shape), (0, 0), sd_px)
    return np.asarray(spread * noise / noise.std())


__all__ = ["BACK", "GROUNDS", "Hand"]
