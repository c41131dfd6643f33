"""A portrait with painted spots, and a made-up plan whose trials say what one patient improves by."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from paths import ROOT
from report_samples import sample

from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.photo.analysis import PhotoAnalysis, SkinAnalysis, analyse_photograph
from skinbeam.photo.decoding.photograph import DecodedPhotograph, read_photograph
from skinbeam.plan_records.plan import Plan

FACE = ROOT / "examples" / "first-consultation" / "face.jpg"
# One on each cheek of the portrait: x, y, radius in pixels.
SPOTS = ((193.0, 128.0, 2.0), (250.0, 133.0, 2.0))
MELANIN = np.array([0.653, 1.0, 1.753])


def improving(low: float = 20.0, median: float = 50.0, high: float = 80.0) -> Estimate:
    return Estimate(median, low, high, 0.8, "pooled", basis=("synthetic2000",))


def plan(improved: Value | None = None, *, durability: Value | None = None, only: str = "") -> Plan:
    """The sample plan; every option improves by so much, and so much of that is kept for a year."""
    made = improving() if improved is None else improved

    def with_gain(option: Any) -> Any:
        expected = replace(option.expected, person_improvement_pct=made)
        if durability is not None:
            expected = replace(expected, durability={**expected.durability, "12": durability})
        return replace(option, expected=expected)

    whole = sample()
    concerns = [replace(one, options=tuple(map(with_gain, one.options))) for one in whole.concerns]
    return replace(whole, concerns=tuple(one for one in concerns if only in ("", one.condition)))


def painted(strength: float = 0.5, spots: tuple[tuple[float, float, float], ...] = SPOTS) -> DecodedPhotograph:
    """The portrait with soft discs of melanin laid over it, so dense in green."""
    rgb = read_photograph(FACE).rgb
    yy, xx = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    cover = np.zeros(rgb.shape[:2])
    for x, y, radius in spots:
        cover = np.maximum(cover, np.clip(radius + 0.5 - np.hypot(xx - x, yy - y), 0, 1))
    level = rgb / 255
    light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    light = light * np.exp(-strength * cover[..., None] * MELANIN)
    level = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return DecodedPhotograph(np.round(255 * np.clip(level, 0, 1)).astype(np.uint8), "0" * 64)


@cache
def look() -> PhotoAnalysis:
    return analyse_photograph(painted())


def seen() -> SkinAnalysis:
    skin = look().skin
    assert not isinstance(skin, Unknown)
    return skin
