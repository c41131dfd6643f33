"""Lab, the typology angle and what a photograph may say of it."""

import math

import numpy as np
import pytest
from hypothesis import strategies as st
from paths import ROOT

from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Unknown
from skinbeam.photo.colour import PhotoColour, ita_deg, linear_to_lab, read_colour, srgb_to_linear, white_card_gain
from skinbeam.photo.pigment_maps.skin_level import estimate_skin_level

# sRGB → L*, a*, b* under D65, 2°, as printed by B. Lindbloom's calculator (two decimals).
PRINTED = {
    (255, 255, 255): (100.0, 0.0, 0.0),
    (0, 0, 0): (0.0, 0.0, 0.0),
    (255, 0, 0): (53.24, 80.09, 67.20),
    (0, 255, 0): (87.73, -86.18, 83.18),
    (0, 0, 255): (32.30, 79.19, -107.86),
    (119, 119, 119): (50.03, 0.0, 0.0),
}


@pytest.mark.parametrize("rgb", PRINTED)
def test_lab_is_the_printed_one(rgb: tuple[int, int, int]) -> None:
    # The matrix has four decimals: 5e-5 of a ratio near 0.1 moves 500(x - y) by up to 0.03.
    np.testing.assert_allclose(linear_to_lab(srgb_to_linear(np.array(rgb, np.uint8))), PRINTED[rgb], atol=0.04)


def test_linear_light_joins_at_the_corner_of_srgb() -> None:
    steps = srgb_to_linear(np.arange(256, dtype=np.uint8))
    assert (np.diff(steps) > 0).all()
    assert (steps[0], steps[255]) == (0.0, 1.0)
    assert steps[188] == pytest.approx(0.5, abs=0.005)  # half the light is level 188 of 255


@pytest.mark.parametrize(("L", "b", "angle"), [(65, 15, 45.0), (50, 12, 0.0), (35, 15, -45.0), (70, 20 / 3**0.5, 60.0)])
def test_ita_is_chardons(L: float, b: float, angle: float) -> None:
    found = ita_deg(L, b)
    assert isinstance(found, float)
    assert found == pytest.approx(angle)


def test_bluish_skin_has_no_angle() -> None:
    assert isinstance(ita_deg(60, -1), Unknown)


SKIN = {
    "cheek-left": np.array([0.42, 0.25, 0.18]),
    "nose": np.array([0.50, 0.30, 0.20]),
    "chin": np.array([0.4, 0.26, 0.2]),
}


def without_a_card(skin: dict[str, np.ndarray]) -> PhotoColour:
    middle = np.median(list(skin.values()), axis=0)
    found = read_colour(skin, estimate_skin_level(middle, calibrated=False).ita_deg)
    assert isinstance(found, PhotoColour)
    return found


def test_an_uncalibrated_photograph_spans_more_than_the_light_moved_one_portrait() -> None:
    free, held = without_a_card(SKIN), read_colour(SKIN)
    assert isinstance(held, PhotoColour)
    assert free.ita_deg.low < held.ita_deg.low < held.ita_deg.high < free.ita_deg.high
    assert free.ita_deg.high - free.ita_deg.low > 22  # the cheeks of one portrait differ by this much
    assert free.darkest_deg == min(free.regions_ita_deg.values())
    assert (free.calibrated, held.calibrated) == (False, True)


@pytest.mark.parametrize("factor", [0.5, 0.7, 1.4, 2.0])
def test_the_interval_holds_the_same_skin_in_other_exposures(factor: float) -> None:
    """One stop either way, the stated standard deviation, stays inside the interval."""
    at_par = without_a_card(SKIN)
    other = without_a_card({name: light * factor for name, light in SKIN.items()})
    assert other.ita_deg.low <= at_par.ita_deg.median <= other.ita_deg.high


def test_one_bluish_region_is_left_out_and_most_of_them_say_nothing() -> None:
    blue = np.array([0.25, 0.25, 0.3])
    held = read_colour({**SKIN, "jaw": blue})
    assert isinstance(held, PhotoColour)
    assert set(held.regions_ita_deg) == set(SKIN)
    assert isinstance(read_colour({"jaw": blue, "nose": blue, "chin": SKIN["chin"]}), Unknown)


angles = st.floats(-80, 80)


def with_card(rgb: tuple[int, int, int]) -> np.ndarray:
    picture = np.full((100, 120, 3), 90, np.uint8)
    picture[10:40, 20:60] = rgb
    return picture


def test_a_card_takes_the_colour_of_the_light_away() -> None:
    gain = white_card_gain(with_card((220, 200, 180)), [20, 10, 40, 30])
    assert isinstance(gain, np.ndarray)
    balanced = srgb_to_linear(np.array((220, 200, 180), np.uint8)) * gain
    np.testing.assert_allclose(balanced, 0.9, rtol=1e-12)


@pytest.mark.parametrize(
    ("rgb", "word"), [((255, 255, 255), "clipped"), ((50, 50, 50), "dark"), ((240, 180, 80), "coloured")]
)
def test_a_card_that_cannot_serve_says_why(rgb: tuple[int, int, int], word: str) -> None:
    found = white_card_gain(with_card(rgb), [20, 10, 40, 30])
    assert isinstance(found, Unknown)
    assert word in found.reason


@pytest.mark.parametrize("card", [[0, 0, 4, 40], [100, 0, 40, 40], [-1, 0, 40, 40], [0, 0, 40], [0, 0, math.nan, 40]])
def test_a_card_outside_the_picture_is_refused(card: list[float]) -> None:
    with pytest.raises(InputError) as caught:
        white_card_gain(with_card((200, 200, 200)), card)
    assert caught.value.field == "white_card"


def test_the_example_ships_without_metadata() -> None:
    from PIL import Image

    portrait = ROOT / "examples" / "first-consultation" / "face.jpg"
    with Image.open(portrait) as image:
        assert not image.getexif()
        assert image.size == (512, 512)
