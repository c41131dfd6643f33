"""Pictures of a pair: both side by side in one frame, and where melanin and blood changed, as PNG without metadata."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Estimate
from skinbeam.messages import text
from skinbeam.photo.colour import levels
from skinbeam.photo.overlays import SCALE_PX, WIDTH_PX, length_bar, write_png, written_at
from skinbeam.photo.pairs.change import Change
from skinbeam.photo.pairs.repeated import MAPS
from skinbeam.photo.reading.read import Picture

__all__ = ["PAIR_FILES", "side_by_side", "write_pair"]

PAIR_FILES: Mapping[str, str] = {
    "before_after": "before-after.png",
    "melanin": "melanin-change.png",
    "haemoglobin": "haemoglobin-change.png",
}

Image = NDArray[np.float32]

_END = 0.3  # green optical density at the ends of the scale: the same in every picture, so that pictures compare
_TICKS = (-0.2, -0.1, 0.0, 0.1, 0.2)
# Less is blue, more is red, both told apart by any eye (the ends and middle of RdBu by Brewer).
_LESS, _NONE, _MORE = (33, 102, 172), (247, 247, 247), (178, 24, 43)


def write_pair(folder: Path, change: Change) -> dict[str, str]:
    """Write the pictures of a pair into `folder` and return name → file."""
    write_png(folder / PAIR_FILES["before_after"], side_by_side(change))
    grey = _enlarged(cv2.cvtColor(cv2.cvtColor(_seen(change.frame.light), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))
    mm_px = _mm_px(change)
    for name in MAPS:
        told = cv2.resize(
            change.measured.told[name].astype(np.uint8), grey.shape[1::-1], interpolation=cv2.INTER_NEAREST
        )
        shown = cv2.resize(change.measured.change[name], grey.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        drawn = np.where(told.astype(bool)[..., None], _colours(shown), grey)
        length_bar(drawn, mm_px)
        write_png(folder / PAIR_FILES[name], np.vstack([drawn, _legend(drawn.shape[1], name)]))
    return dict(PAIR_FILES)


def side_by_side(change: Change) -> Picture:
    """Return the picture before and the one after beside it, laid over it and matched to its colours."""
    halves = []
    for light, name in ((change.frame.light, "before"), (change.light, "after")):
        half = _enlarged(_seen(light))
        length_bar(half, _mm_px(change))
        title = np.full((SCALE_PX, half.shape[1], 3), 255, np.uint8)
        written_at(title, text(f"photo-pair.title_{name}"), (half.shape[1] // 2, SCALE_PX // 2))
        halves.append(np.vstack([title, half]))
    gap = np.full((halves[0].shape[0], SCALE_PX // 2, 3), 255, np.uint8)
    return np.hstack([halves[0], gap, halves[1]])


def _seen(light: Image) -> Picture:
    return np.asarray(np.round(255 * np.clip(levels(light.astype(np.float64)), 0, 1)), np.uint8)


def _enlarged(image: Picture) -> Picture:
    height, width = image.shape[:2]
    size = WIDTH_PX, round(height * WIDTH_PX / width)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _mm_px(change: Change) -> Estimate:
    return change.mm_per_px.scaled(change.frame.light.shape[1] / WIDTH_PX)


def _colours(values: Image) -> Picture:
    """Return values (height, width) as colours between the ends of the scale."""
    share = np.clip(values / _END, -1, 1)[..., None]
    ends = np.where(share < 0, np.array(_LESS), np.array(_MORE))
    return np.asarray(np.round(np.array(_NONE) + np.abs(share) * (ends - np.array(_NONE))), np.uint8)


def _legend(width: int, name: str) -> Picture:
    """A bar of the colours, with the densities that they stand for, and what they are of."""
    values = np.tile(np.linspace(-_END, _END, width, dtype=np.float32), (SCALE_PX, 1))
    bar = _colours(values)
    for tick in _TICKS:
        written_at(bar, f"{tick:+g}" if tick else "0", (round((tick / _END + 1) / 2 * width), SCALE_PX // 2))
    said = np.full((2 * SCALE_PX, width, 3), 255, np.uint8)
    written_at(said, text(f"photo-pair.map_{name}"), (width // 2, SCALE_PX // 2))
    written_at(said, text("photo-pair.map_grey"), (width // 2, SCALE_PX + SCALE_PX // 2))
    gap = np.full((SCALE_PX // 2, width, 3), 255, np.uint8)
    return np.vstack([gap, bar, said])
