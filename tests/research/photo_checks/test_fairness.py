"""Darker skin may not be read worse without a word."""

import numpy as np
import pytest

from research.photo_checks.fairness import TONES, angle_error, detection_rates, melanin_error, plain_pictures
from skinbeam.photo.pigment_maps.blood_contrast import shows_redness
from skinbeam.photo.pigment_maps.skin_level import estimate_skin_level


@pytest.mark.parametrize("name", TONES)
def test_the_angle_lies_in_its_interval_for_every_tone(name: str) -> None:
    """Nine in ten are meant: of 72 pictures, 58 and more in all but one of a hundred draws (binomial)."""
    assert angle_error(TONES[name]).coverage >= 58 / 72


@pytest.mark.parametrize("name", TONES)
def test_a_spot_is_read_within_its_deviation_for_every_tone(name: str) -> None:
    assert melanin_error(TONES[name])[2]


def test_redness_is_reported_as_not_measurable_where_the_skin_may_be_too_dark_for_it() -> None:
    read = {
        name: [shows_redness(estimate_skin_level(light, calibrated=False)) for light in plain_pictures(TONES[name])]
        for name in TONES
    }
    assert np.mean(read["very light"]) > 0.6  # a picture a stop too dark leaves its skin open
    assert np.mean(read["dark"]) < 0.1


@pytest.mark.check
@pytest.mark.parametrize("name", ["light", "tan"])
def test_flushed_cheeks_are_found_and_plain_skin_has_hardly_any_mark(name: str) -> None:
    found = detection_rates(TONES[name])
    assert min(found.flushed) >= 0.8  # of six pictures five
    assert found.false_spots <= 2.0
