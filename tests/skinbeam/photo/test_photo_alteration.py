"""A tinted or an enlarged picture of a face is named, and what it cannot show is not read from it."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from drawn_pairs import looked_at, portrait, stored
from PIL import Image, ImageOps

from skinbeam.model.estimate import Unknown
from skinbeam.photo.analysis import SkinAnalysis
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.findings.finding import LINE_KINDS

# Red, green and blue of a sepia picture by those of the photograph, as editors compute it.
SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
COLOUR_KINDS = ("spots", "diffuse-pigment", "redness", "inflamed")


def tinted(dark: str, light: str) -> Callable[[Picture], Picture]:
    return lambda rgb: np.asarray(ImageOps.colorize(Image.fromarray(rgb).convert("L"), dark, light))


def lit(*gain: float) -> Callable[[Picture], Picture]:
    return lambda rgb: np.clip(rgb * np.array(gain), 0, 255).astype(np.uint8)


def enlarged(share: float) -> Callable[[Picture], Picture]:
    def change(rgb: Picture) -> Picture:
        small = cv2.resize(rgb, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, rgb.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.uint8)

    return change


def read(rgb: Picture) -> tuple[SkinAnalysis, set[str]]:
    analysis = looked_at(np.ascontiguousarray(rgb))
    assert isinstance(analysis.skin, SkinAnalysis)
    return analysis.skin, {problem.code for problem in analysis.problems}


def unread(skin: SkinAnalysis) -> set[str]:
    return {one.kind for one in skin.findings if isinstance(one.area_mm2, Unknown)}


@pytest.mark.parametrize(
    "tint",
    [
        lambda rgb: np.clip(rgb @ SEPIA.T, 0, 255).astype(np.uint8),
        tinted("#201008", "#ffe8c0"),
        tinted("#301000", "#ffd0a0"),
    ],
    ids=["editor", "pale", "red-brown"],
)
def test_no_colour_of_skin_is_read_from_a_tint(tint: Callable[[Picture], Picture]) -> None:
    skin, problems = read(stored(tint(portrait(density=0.5, zoom=3.0)), 90))
    assert problems & {"tinted", "colour-cast"}  # one of no hue that skin can have is named as a cast
    assert isinstance(skin.colour, Unknown)
    assert isinstance(skin.maps, Unknown)
    assert unread(skin) >= set(COLOUR_KINDS)


@pytest.mark.parametrize("light", [(1.0, 1.0, 1.0), (1.0, 0.85, 0.6), (0.9, 0.95, 1.0), (0.35, 0.3, 0.25)], ids=str)
@pytest.mark.parametrize("quality", [pytest.param(95, marks=pytest.mark.long), 40])
def test_a_face_in_coloured_light_is_no_tint(light: tuple[float, ...], quality: int) -> None:
    _, problems = read(stored(lit(*light)(portrait(zoom=3.0)), quality))
    assert "tinted" not in problems


@pytest.mark.parametrize("share", [0.15, 0.25])
def test_no_lines_are_read_from_a_small_picture_that_was_enlarged(share: float) -> None:
    """However many pixels it has: those between the pupils alone would pass."""
    skin, problems = read(enlarged(share)(portrait(zoom=3.5)))
    assert "too-soft-for-detail" in problems
    assert unread(skin) >= {*LINE_KINDS, "pores"}


def test_detail_that_is_there_is_read() -> None:
    skin, problems = read(portrait(zoom=3.5))
    assert "too-soft-for-detail" not in problems
    assert not unread(skin) & set(LINE_KINDS)
