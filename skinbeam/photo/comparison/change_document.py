"""Build the part `change` of a photograph's document, and draw its pictures.

The pictures show both photographs side by side in one frame, and the maps of change in melanin and blood, as PNG
without metadata.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.analysis import PhotoAnalysis
from skinbeam.photo.colour import encode_srgb
from skinbeam.photo.comparison.change import FindingChange, PhotoChange, compare_photographs
from skinbeam.photo.comparison.mark_tracking import MarkChange
from skinbeam.photo.comparison.repeatability import MAPS
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.overlays import SCALE_PX, WIDTH_PX, draw_length_bar, write_label, write_png
from skinbeam.text import Message, render_message

__all__ = [
    "PAIR_FILES",
    "ChangeReport",
    "LightDifference",
    "Registration",
    "report_change",
    "side_by_side",
    "write_pair",
]

PAIR_FILES: Mapping[str, str] = {
    "before_after": "before-after.png",
    "melanin": "melanin-change.png",
    "haemoglobin": "haemoglobin-change.png",
}

Image = NDArray[np.float32]

_END = 0.3  # green optical density at the ends of the scale: fixed, so that pictures can be compared
_TICKS = (-0.2, -0.1, 0.0, 0.1, 0.2)
# Less is blue and more is red, which colour-blind people can distinguish (the ends and middle of Brewer's RdBu).
_LESS, _NONE, _MORE = (33, 102, 172), (247, 247, 247), (178, 24, 43)


def write_pair(folder: Path, change: PhotoChange) -> dict[str, str]:
    """Write the pictures of a pair into `folder` and return name → file."""
    write_png(folder / PAIR_FILES["before_after"], side_by_side(change))
    grey = _enlarge(cv2.cvtColor(cv2.cvtColor(_as_picture(change.frame.light), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))
    mm_px = _mm_px(change)
    for name in MAPS:
        significant = cv2.resize(
            change.measurement.significant[name].astype(np.uint8), grey.shape[1::-1], interpolation=cv2.INTER_NEAREST
        )
        shown = cv2.resize(change.measurement.change[name], grey.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        drawn = np.where(significant.astype(bool)[..., None], _colours(shown), grey)
        draw_length_bar(drawn, mm_px)
        write_png(folder / PAIR_FILES[name], np.vstack([drawn, _legend(drawn.shape[1], name)]))
    return dict(PAIR_FILES)


def side_by_side(change: PhotoChange) -> Picture:
    """Return the picture before beside the picture after, which is registered to it and matched in colour."""
    halves = []
    for light, name in ((change.frame.light, "before"), (change.light, "after")):
        half = _enlarge(_as_picture(light))
        draw_length_bar(half, _mm_px(change))
        title = np.full((SCALE_PX, half.shape[1], 3), 255, np.uint8)
        write_label(title, render_message(f"photo-pair.title_{name}"), (half.shape[1] // 2, SCALE_PX // 2))
        halves.append(np.vstack([title, half]))
    gap = np.full((halves[0].shape[0], SCALE_PX // 2, 3), 255, np.uint8)
    return np.hstack([halves[0], gap, halves[1]])


def _as_picture(light: Image) -> Picture:
    return encode_srgb(light.astype(np.float64))


def _enlarge(image: Picture) -> Picture:
    height, width = image.shape[:2]
    size = WIDTH_PX, round(height * WIDTH_PX / width)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _mm_px(change: PhotoChange) -> Estimate:
    return change.mm_per_px.scaled(change.frame.light.shape[1] / WIDTH_PX)


def _colours(values: Image) -> Picture:
    """Map values (height, width) to colours between the ends of the scale."""
    share = np.clip(values / _END, -1, 1)[..., None]
    ends = np.where(share < 0, np.array(_LESS), np.array(_MORE))
    return np.asarray(np.round(np.array(_NONE) + np.abs(share) * (ends - np.array(_NONE))), np.uint8)


def _legend(width: int, name: str) -> Picture:
    """Return a colour bar with its densities and the name of the quantity."""
    values = np.tile(np.linspace(-_END, _END, width, dtype=np.float32), (SCALE_PX, 1))
    bar = _colours(values)
    for tick in _TICKS:
        write_label(bar, f"{tick:+g}" if tick else "0", (round((tick / _END + 1) / 2 * width), SCALE_PX // 2))
    labels = np.full((2 * SCALE_PX, width, 3), 255, np.uint8)
    write_label(labels, render_message(f"photo-pair.map_{name}"), (width // 2, SCALE_PX // 2))
    write_label(labels, render_message("photo-pair.map_grey"), (width // 2, SCALE_PX + SCALE_PX // 2))
    gap = np.full((SCALE_PX // 2, width, 3), 255, np.uint8)
    return np.vstack([gap, bar, labels])


# The part `change` of the document.


@dataclass(frozen=True)
class Registration:
    """How the picture after was registered to the one before; lengths as shares of the pupil distance."""

    pupil_px: float
    scale: float
    turn_deg: float
    stretch: float
    flow_pupil: float
    agreement: float


@compared_by_value
@dataclass(frozen=True)
class LightDifference:
    """How the light of the two pictures differs. `gain` : (3,). `softened_px` : blur that makes both equally sharp."""

    gain: NDArray[np.float64]
    spread: float
    contrast: float
    noise_pct: float
    softened_px: tuple[float, float]


@dataclass(frozen=True)
class ChangeReport:
    """The changes between two pictures of one face, by region and mark by mark.

    Parameters
    ----------
    pictures : name → file, or why there is none.
    """

    before_sha256: str
    registered: Registration
    light: LightDifference
    findings: tuple[FindingChange, ...]
    marks: tuple[MarkChange, ...]
    not_compared: Mapping[str, Unknown]
    pictures: Mapping[str, str | Unknown]
    note: str


def report_change(before: PhotoAnalysis, after: PhotoAnalysis, out: Path | None) -> ChangeReport | Unknown:
    """Return the changes between two pictures and write their pictures into `out`."""
    change = compare_photographs(before, after)
    if isinstance(change, Unknown):
        return change
    laid, light = change.registered, change.light_change
    pictures: Mapping[str, str | Unknown] = dict.fromkeys(PAIR_FILES, Unknown(Message("photo-finding.no_folder").text))
    if out is not None:
        pictures = write_pair(out, change)
    return ChangeReport(
        before_sha256=before.photo_sha256,
        registered=Registration(
            pupil_px=change.frame.pupil_px,
            scale=laid.scale,
            turn_deg=laid.turn_deg,
            stretch=laid.stretch,
            flow_pupil=laid.flow_pupil,
            agreement=laid.agreement,
        ),
        light=LightDifference(
            gain=np.exp(light.gain_ln),
            spread=float(np.exp(light.spread_ln)),
            contrast=light.contrast,
            noise_pct=100 * light.noise_ln,
            softened_px=change.blur_px,
        ),
        findings=change.findings,
        marks=change.marks,
        not_compared={kind: Unknown(reason) for kind, reason in change.not_compared.items()},
        pictures=pictures,
        note=Message("photo-pair.note").text,
    )
