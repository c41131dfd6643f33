"""Patches of skin with drawn marks, as a camera stores them: what was drawn is known to the pixel."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.photo.colour import srgb_to_linear
from skinbeam.photo.findings.detail import SkinDetail, measure_detail

Array = NDArray[np.float64]

MELANIN, BLOOD = np.array([0.653, 1, 1.753]), np.array([0.256, 1, 0.882])
# Linear light of light, medium and dark skin in an ordinary exposure.
TONES = {"light": (0.72, 0.50, 0.40), "medium": (0.50, 0.31, 0.22), "dark": (0.20, 0.105, 0.065)}
_FINER = 4


@dataclass(frozen=True)
class Drawn:
    """A patch.

    Parameters
    ----------
    vessels, folds : points (n, 2) in mm, width in mm, density of blood or of shade.
    texture : standard deviation of the relief, in density.
    slope : of the light across the patch, in density.
    exposure : factor on all light.
    """

    mm_per_px: float = 0.16
    size_mm: tuple[float, float] = (60.0, 40.0)
    tone: str = "medium"
    vessels: Sequence[tuple[Array, float, float]] = ()
    folds: Sequence[tuple[Array, float, float]] = ()
    texture: float = 0.02
    slope: float = 0.3
    exposure: float = 1.0
    seed: int = 0
    light: tuple[float, float, float] = field(default=(1.0, 1.0, 1.0))

    def rgb(self) -> NDArray[np.uint8]:
        """Return the picture: relief and mottling of the skin, uneven light, blur, noise, sRGB and JPEG."""
        rng = np.random.default_rng(self.seed)
        width, height = (round(side / self.mm_per_px) for side in self.size_mm)
        shape = (height, width)
        blood = self._lines(self.vessels, shape) + _field(rng, shape, 2.5 / self.mm_per_px, 0.05)
        brown = _field(rng, shape, 3 / self.mm_per_px, 0.04)
        shade = self._lines(self.folds, shape) + self.slope * np.linspace(-0.5, 0.5, width)
        shade = shade + sum(_field(rng, shape, sd / self.mm_per_px, self.texture) for sd in (0.25, 0.6))
        density = brown[..., None] * MELANIN + blood[..., None] * BLOOD + shade[..., None]
        light = self.exposure * np.array(self.light) * TONES[self.tone] * np.exp(-density)
        light = cv2.GaussianBlur(light, (0, 0), 0.7)
        light = light + rng.normal(0, 0.006, light.shape) * np.sqrt(np.maximum(light, 1e-4) / 0.3)
        coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
        _, data = cv2.imencode(
            ".jpg", np.round(255 * np.clip(coded, 0, 1)).astype(np.uint8)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92]
        )
        return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])

    def detail(self) -> SkinDetail:
        """Return the patch as the detail of a cheek."""
        light = srgb_to_linear(self.rgb()).astype(np.float32)
        scale = Estimate(self.mm_per_px, 0.95 * self.mm_per_px, 1.05 * self.mm_per_px, 0.95, "assumed")
        shape = (light.shape[0], light.shape[1])
        return measure_detail(light, {"cheek-right": np.ones(shape, bool)}, scale, 1.0, (0.0, 0.0), shape)

    def _lines(self, lines: Sequence[tuple[Array, float, float]], shape: tuple[int, int]) -> Array:
        scale = _FINER / self.mm_per_px
        density = np.zeros((shape[0] * _FINER, shape[1] * _FINER), np.float32)
        for points, width_mm, value in lines:
            drawn = np.zeros(density.shape, np.uint8)
            at = np.round(np.asarray(points) * scale * 16).astype(np.int32)
            cv2.polylines(drawn, [at], False, 255, max(round(width_mm * scale), 1), cv2.LINE_8, 4)
            density = np.maximum(density, value / 255 * drawn)
        return np.asarray(cv2.resize(density, shape[::-1], interpolation=cv2.INTER_AREA), np.float64)


def wave(
    x: float, y: float, length: float, *, turn_deg: float = 0.0, height: float = 0.4, period: float = 8.0
) -> Array:
    """Return a wavy line in mm that begins at x, y."""
    along = np.linspace(0, length, 80)
    across = height * np.sin(2 * np.pi * along / period)
    turn = np.radians(turn_deg)
    return np.stack(
        [x + np.cos(turn) * along - np.sin(turn) * across, y + np.sin(turn) * along + np.cos(turn) * across], axis=1
    )


def length_of(points: Array) -> float:
    """Return the length of a line."""
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def _field(rng: np.random.Generator, shape: tuple[int, int], sd_px: float, spread: float) -> Array:
    noise = cv2.GaussianBlur(rng.standard_normal(shape), (0, 0), sd_px)
    return np.asarray(spread * noise / noise.std())


__all__ = ["BLOOD", "MELANIN", "TONES", "Drawn", "length_of", "wave"]
