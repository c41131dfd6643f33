"""Skin colour in a photograph: conversions of sRGB and Lab, white card, individual typology angle (ITA)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.sources import cite_sources
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.limits import limit, limit_entry
from skinbeam.text import Message

__all__ = [
    "LUMINANCE",
    "TO_XYZ",
    "PhotoColour",
    "encode_srgb",
    "highest_channel",
    "ita_deg",
    "linear_to_lab",
    "linear_to_srgb",
    "read_colour",
    "region_angles",
    "srgb_to_linear",
    "white_card_gain",
]

Array = NDArray[np.float64]

# sRGB primaries, IEC 61966-2-1; the white is the sum of the columns, so that (1, 1, 1) is L = 100 exactly.
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
LUMINANCE = TO_XYZ[1]
_WHITE = TO_XYZ.sum(axis=1)
_SIDE = 6 / 29  # where the Lab curve becomes linear, CIE 15


def srgb_to_linear(rgb: Picture) -> Array:
    """Convert sRGB bytes (..., 3) to linear light, 0 to 1 (IEC 61966-2-1)."""
    steps = np.arange(256) / 255
    table = np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4)
    return table[rgb]


def linear_to_srgb(light: Array) -> Array:
    """Convert linear light (...), 0 to 1, to sRGB levels, 0 to 1 (IEC 61966-2-1): inverse of `srgb_to_linear`."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0.0) ** (1 / 2.4) - 0.055)


def encode_srgb(light: Array) -> Picture:
    """Convert linear light (...) to sRGB bytes (IEC 61966-2-1); what lies beyond 0 and 1 is clipped."""
    return np.asarray(np.round(255 * linear_to_srgb(np.clip(light, 0.0, 1.0))), np.uint8)


def highest_channel(rgb: Picture) -> NDArray[np.uint8]:
    """Return the highest channel of sRGB bytes (..., 3)."""
    return np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])  # much faster than .max(axis=-1)


def linear_to_lab(light: Array) -> Array:
    """Convert linear sRGB light (..., 3) to CIE L*, a*, b* under D65 (CIE 15)."""
    ratio = light @ TO_XYZ.T / _WHITE
    f = np.where(ratio > _SIDE**3, np.cbrt(ratio), ratio / (3 * _SIDE**2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def ita_deg(L: float, b: float) -> float | Unknown:
    """Return the individual typology angle, atan((L* - 50)/b*) (Chardon 1991), for yellowish skin only."""
    if b <= 0:
        return Unknown(Message("photo-colour.blue").text)
    return math.degrees(math.atan2(L - 50, b))


def white_card_gain(rgb: Picture, card: Sequence[float]) -> Array | Unknown:
    """Return the factor (3,) on linear light that makes the card at x, y, width, height (pixels) neutral white.

    Unknown when the patch cannot be used: clipped, too dark, coloured.

    Raises
    ------
    InputError : not four numbers, too small, outside the picture.
    """
    height, width = rgb.shape[:2]
    hint = Message("photo-colour.card_hint").text
    if len(card) != 4 or not all(math.isfinite(value) for value in card):
        raise InputError("bad-card", Message("photo-colour.card_four").text, field="white_card", hint=hint)
    x, y, w, h = (round(value) for value in card)
    least = int(limit("colour", "card_side_px"))
    if x < 0 or y < 0 or w < least or h < least or x + w > width or y + h > height:
        params = {"x": x, "y": y, "w": w, "h": h, "width": width, "height": height, "least": least}
        message = Message("photo-colour.card_outside", params)
        raise InputError("bad-card", message.text, field="white_card", hint=hint)
    patch = rgb[y : y + h, x : x + w].reshape(-1, 3)
    light = srgb_to_linear(patch).mean(axis=0)
    _, a, b = linear_to_lab(light)
    if np.mean((patch >= 254).any(axis=1)) > limit("colour", "card_clipped_max"):
        return Unknown(Message("photo-colour.card_clipped").text)
    if patch.mean(axis=0).min() < limit("colour", "card_level_min"):
        return Unknown(Message("photo-colour.card_dark").text)
    if math.hypot(a, b) > limit("colour", "card_chroma_max"):
        return Unknown(Message("photo-colour.card_coloured").text)
    return np.asarray(limit("colour", "card_reflectance") / light)


def region_angles(lab: Mapping[str, Array]) -> dict[str, float] | Unknown:
    """Return the typology angle of each region from its L*, a*, b*, without those that look bluish.

    Unknown where there is no region or most look bluish.
    """
    if not lab:
        return Unknown(Message("photo-colour.no_skin").text)
    read = {name: ita_deg(float(L), float(b)) for name, (L, _, b) in lab.items()}
    angles = {name: angle for name, angle in read.items() if not isinstance(angle, Unknown)}
    return angles if 2 * len(angles) > len(read) else Unknown(Message("photo-colour.blue").text)


@dataclass(frozen=True)
class PhotoColour:
    """The skin colour measured on one photograph.

    Parameters
    ----------
    ita_deg : of the face, with the spread of a photograph of this kind.
    regions_ita_deg : ITA of each region's median colour as measured, without spread; the lighting is part of it.
    darkest_deg : the lowest of `regions_ita_deg`.
    calibrated : whether a white card or a chart was used.
    """

    ita_deg: Estimate
    regions_ita_deg: Mapping[str, float]
    darkest_deg: float
    calibrated: bool


def read_colour(
    medians: Mapping[str, Array], uncalibrated_deg: Estimate | None = None, *, residual_delta_E: float = 0.0
) -> PhotoColour | Unknown:
    """Return the colour of a face from the median linear light (3,) of its regions.

    With a card the spread adds in quadrature (photo 1): the unevenness between the regions, and the error of a camera
    after chart correction, propagated through the ITA formula (its gradient is 1/r, r the distance from (50, 0)). A
    region that looks bluish is left out, and where most do the colour of the face is unknown.

    Parameters
    ----------
    uncalibrated_deg : the angle of a picture without a card, as estimated from the optics of skin; None with a card.
    residual_delta_E : residual error of a chart's correction on its own patches. Since skin is not a patch, the error
        that was found on skin after such a correction remains the lower bound.
    """
    values = {name: linear_to_lab(light) for name, light in medians.items()}
    angles = region_angles(values)
    if isinstance(angles, Unknown):
        return angles
    cite_sources("chardon1991", "iec61966")
    if uncalibrated_deg is not None:
        return PhotoColour(uncalibrated_deg, angles, min(angles.values()), calibrated=False)
    L, _, b = np.median([values[name] for name in angles], axis=0)
    middle = float(np.median(list(angles.values())))
    left = max(limit("colour", "camera_delta_E"), residual_delta_E)
    axis_error = left / math.sqrt(3)  # ΔE divided equally among L*, a*, b*
    camera = math.degrees(math.atan2(axis_error, math.hypot(L - 50, b)))
    level = limit("colour", "level")
    reach = NormalDist().inv_cdf((1 + level) / 2) * math.hypot(camera, float(np.std(list(angles.values()))))
    basis = ("skinbeam2026photo", limit_entry("colour", "camera_delta_E")["source"], "chardon1991")
    low, high = max(middle - reach, -90.0), min(middle + reach, 90.0)
    return PhotoColour(Estimate(middle, low, high, level, "measured", basis=basis), angles, min(angles.values()), True)
