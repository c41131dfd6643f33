"""Pairs of pictures of one face: spots drawn on the example's portrait, and second pictures taken otherwise."""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from paths import ROOT

from skinbeam.photo.analysis import PhotoAnalysis, analyse_photograph
from skinbeam.photo.colour import linear_to_srgb, srgb_to_linear
from skinbeam.photo.decoding.photograph import DecodedPhotograph, read_photograph

Array = NDArray[np.float64]
Picture = NDArray[np.uint8]

# The face alone: what lies around it takes time and tells nothing.
PORTRAIT = read_photograph(ROOT / "examples" / "first-consultation" / "face.jpg").rgb[10:265, 100:350]
MELANIN = np.array([0.653, 1, 1.753])
SPOTS = ((92.0, 116.0, 2.6), (156.0, 117.0, 2.6))
# Of the portrait: the middle of the eyes and the distance of the pupils, px.
MIDDLE, PUPILS = (124.0, 92.0), 44.0


def portrait(
    *,
    density: float = 0.0,
    spots: Sequence[tuple[float, float, float]] = SPOTS,
    zoom: float = 1.0,
    light: Array | float = 1.0,
) -> Picture:
    """The portrait with soft discs (x, y, radius in its pixels) that add a density of melanin, under a light."""
    large = cv2.resize(srgb_to_linear(PORTRAIT), None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC).clip(0, 1)
    yy, xx = np.mgrid[: large.shape[0], : large.shape[1]]
    cover = np.zeros(large.shape[:2])
    for x, y, radius in spots:
        away = np.hypot(xx - (x + 0.5) * zoom + 0.5, yy - (y + 0.5) * zoom + 0.5)
        cover = np.maximum(cover, np.clip(radius * zoom + 0.5 - away, 0, 1))
    return encoded(large * np.exp(-cover[..., None] * density * MELANIN) * light)


def encoded(light: Array) -> Picture:
    return np.round(255 * np.clip(linear_to_srgb(light), 0, 1)).astype(np.uint8)


def moved(rgb: Picture, *, turn_deg: float = 0.0, zoom: float = 1.0, noise: float = 0.0, seed: int = 1) -> Picture:
    """A picture turned in its plane, taken from farther away, with the noise of a camera in levels of 255."""
    height, width = rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn_deg, zoom)
    laid = cv2.warpAffine(rgb, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    noisy = laid + np.random.default_rng(seed).normal(0, noise, laid.shape)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


def turned(rgb: Picture, yaw_deg: float, *, zoom: float = 1.0) -> Picture:
    """The head turned to its side and seen again: half an ellipsoid with a nose."""
    (x0, y0), pupils = (zoom * np.array(MIDDLE)), zoom * PUPILS
    y, x = np.mgrid[: rgb.shape[0], : rgb.shape[1]].astype(float)
    u, v = (x - x0) / pupils, (y - y0) / pupils
    yaw, seen = np.radians(yaw_deg), u.copy()
    for _ in range(30):  # where on the head a pixel of the new picture lies
        depth = 1.1 * np.sqrt(np.maximum(0, 1 - (seen / 1.35) ** 2 - ((v - 0.35) / 1.9) ** 2)) - 1.1
        depth = depth + 0.3 * np.exp(-((seen / 0.17) ** 2 + ((v - 0.5) / 0.25) ** 2))
        seen += 0.7 * (u - np.cos(yaw) * seen - np.sin(yaw) * depth)
    at = np.stack([seen * pupils + x0, y], axis=-1).astype(np.float32)
    return np.asarray(cv2.remap(rgb, at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def from_one_side(rgb: Picture, ln: float, *, zoom: float = 1.0) -> Picture:
    """The light stronger towards the right: by so much, in logarithms, two pupil distances from the middle."""
    across = (np.arange(rgb.shape[1]) - zoom * MIDDLE[0]) / (2 * zoom * PUPILS)
    return encoded(srgb_to_linear(rgb) * 0.6 * np.exp(ln * np.clip(across, -1, 1))[None, :, None])


def stored(rgb: Picture, quality: int = 90) -> Picture:
    """A picture as a JPEG keeps it."""
    _, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


def looked_at(rgb: Picture) -> PhotoAnalysis:
    """What is read of a picture; the last three are kept, since most pairs share one."""
    return _looked_at(rgb.tobytes(), rgb.shape)


@lru_cache(maxsize=3)
def _looked_at(data: bytes, shape: tuple[int, ...]) -> PhotoAnalysis:
    rgb = np.frombuffer(data, np.uint8).reshape(shape).copy()
    return analyse_photograph(DecodedPhotograph(rgb, "0" * 64))


__all__ = ["PORTRAIT", "encoded", "from_one_side", "looked_at", "moved", "portrait", "stored", "turned"]
