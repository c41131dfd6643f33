"""Shine, coloured whites of the eyes and a face turned aside are told as suspicions; a matt, frontal face has none."""

import numpy as np
import pytest
from test_photo_scale import eyes

from skinbeam.photo.colour import linear_to_lab, srgb_to_linear
from skinbeam.photo.face.eyes import measure_iris_px
from skinbeam.photo.face.regions import SkinRegions
from skinbeam.photo.quality import cheek_asymmetry, eye_white_colour, shine_fraction


def skin(n: int = 4000) -> np.ndarray:
    """Matt skin in linear light: shade spreads it by a third."""
    return np.array([0.42, 0.22, 0.15]) * np.random.default_rng(2).lognormal(0, 0.3, (n, 1))


@pytest.mark.parametrize("share", [0.02, 0.05, 0.2])
def test_the_share_that_shines_is_what_mirrors_white(share: float) -> None:
    light, mirrored = skin(), round(share * 4000)
    light[:mirrored] += 0.5  # the lamp, added to the colour of the skin
    assert shine_fraction(light) == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize("colour", [(1.0, 1.0, 1.0), (1.3, 1.0, 0.6)])
@pytest.mark.parametrize("exposure", [0.3, 1.0])
def test_shade_and_coloured_light_are_no_shine(colour: tuple[float, float, float], exposure: float) -> None:
    assert shine_fraction(skin() * colour * exposure) < 0.005


def test_the_white_of_the_eye_takes_the_colour_of_the_light() -> None:
    picture, face = eyes(150, 0.19)
    assert eye_white_colour(picture, face) is None  # without a measured iris nobody knows where it is
    face = face.__class__(**{**vars(face), "iris_px": measure_iris_px(picture, face)})
    neutral = eye_white_colour(picture, face)
    assert neutral is not None
    assert np.hypot(*neutral) < 3
    warm = np.round(picture * (1.0, 0.85, 0.6)).astype(np.uint8)
    expected = linear_to_lab(srgb_to_linear(np.round(np.array((225, 225, 225)) * (1.0, 0.85, 0.6)).astype(np.uint8)))[
        1:
    ]
    np.testing.assert_allclose(eye_white_colour(warm, face), expected, atol=3)


def test_a_cheek_that_is_half_hidden_is_told() -> None:
    whole, half = np.ones((40, 30), bool), np.ones((40, 30), bool)
    half[:, 15:] = False
    assert cheek_asymmetry(SkinRegions({"cheek-right": whole, "cheek-left": half}, {}, ())) == pytest.approx(0.5)
    assert cheek_asymmetry(SkinRegions({"cheek-right": whole, "cheek-left": whole}, {}, ())) == 0
    assert cheek_asymmetry(SkinRegions({"cheek-right": whole}, {}, ())) == 0
