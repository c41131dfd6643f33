"""Marks in measured colours of people who set no limit: a brown one is never told as red on brown and dark skin."""

from collections import Counter
from itertools import product

import cv2
import numpy as np
import pytest

from research.photo_checks.colour_reading import READINGS, draw_skin, read_drawn
from research.photo_checks.mark_colours import KINDS, TONES, load_mark_colours
from skinbeam.model.estimate import Estimate
from skinbeam.photo.face.regions import SkinRegions
from skinbeam.photo.findings.spots import find_round_marks
from skinbeam.photo.pigment_maps.mark_colour import mark_colour
from skinbeam.photo.pigment_maps.pigment_density import optical_density, pigment_directions
from skinbeam.photo.pigment_maps.skin_level import estimate_skin_level

SIDE_PX, MM_PER_PX = 96, 0.39  # of drawn skin
# One standard deviation of the density of a spot of ten pixels in a picture of a telephone.
NOISE = 0.02**2 * np.eye(3)


def shares(every: int) -> dict[tuple[str, str], dict[str, float]]:
    """Return the share of each reading by kind and tone, for one in so many of the measured colours."""
    counts: dict[tuple[str, str], Counter[str]] = {key: Counter() for key in product(KINDS, TONES)}
    for one in read_drawn(load_mark_colours()[::every]):
        counts[one.kind, one.tone][one.reading] += 1
    return {key: {name: found[name] / found.total() for name in READINGS} for key, found in counts.items()}


@pytest.mark.check
def test_brown_marks_on_brown_and_dark_skin_are_not_classified_as_red_and_hardly_a_mark_is_missed() -> None:
    found = shares(every=4)
    for tone in ("intermediate", "tan", "brown", "dark"):
        # 90 to 135 discs in 10 to 15 colours of each tone; the promise is 5 %.
        assert found["brown", tone]["red"] <= 0.05, tone
        assert found["brown", tone]["brown"] >= 0.7, tone
    for key in product(KINDS, TONES):
        # Missed before were 5 to 29 %, on light skin 9 to 20.
        assert found[key]["missed"] <= 0.12, key
    for tone in TONES:
        # What is red may be left untold, but it is more often told as red than as brown but on dark skin.
        assert found["red", tone]["brown"] <= 0.25, tone
        assert tone == "dark" or found["red", tone]["red"] > found["red", tone]["brown"], tone


@pytest.mark.parametrize("kind", KINDS)
def test_the_colour_of_a_measured_mark_makes_its_kind_the_more_probable_one(kind: str) -> None:
    """Nine in ten; by an even guess six in ten of the 280 colours would be right in one of a thousand cases."""
    right = []
    for colour in load_mark_colours():
        if colour.kind == kind:
            least = TONES[colour.tone]
            shares = mark_colour(colour.darker(0.3), NOISE, Estimate(least + 8, least - 15, least + 30, 0.9, "assumed"))
            right.append(shares.brown > shares.red if kind == "brown" else shares.red > shares.brown)
    assert np.mean(right) >= 0.9


@pytest.mark.check
def test_a_pale_uneven_spot_of_7_mm_is_one_spot_that_a_doctor_must_see() -> None:
    yy, xx = np.mgrid[:SIDE_PX, :SIDE_PX]
    away = np.hypot(xx - SIDE_PX / 2, yy - SIDE_PX / 2)
    spots = []
    for number, colour in enumerate([one for one in load_mark_colours() if one.kind == "brown"][::4]):
        uneven = cv2.GaussianBlur(np.random.default_rng(number).standard_normal(away.shape), (0, 0), 2.0)
        cover = np.clip(3.5 / MM_PER_PX + 0.5 - away, 0, 1) * np.clip(1 + 0.5 * uneven / uneven.std(), 0, None)
        brown, red = np.array(colour.density), np.array([0.28, 1.0, 0.53])
        light = draw_skin(colour, cover, np.full(away.shape, 0.15), (brown, red), number)
        level = estimate_skin_level(np.median(light.reshape(-1, 3), axis=0), calibrated=False)
        regions = SkinRegions({"cheek-right": np.ones(away.shape, bool)}, {}, ())
        scale = Estimate(MM_PER_PX, 0.9 * MM_PER_PX, 1.1 * MM_PER_PX, 0.95, "assumed")
        marks = find_round_marks(optical_density(light), pigment_directions(level), level.ita_deg, regions, scale)
        inside = [mark for mark in marks if (mark.embed_in(away.shape, mark.cover) > 0.2)[away < 9].any()]
        spots.append((len(inside), any(mark.needs_examination for mark in inside)))
    # Before, four in ten had the notice; of 72 discs, 44 and more are two deviations above 36, its half.
    assert sum(seen for _, seen in spots) >= 0.62 * len(spots)
    # Parts without the notice look like harmless freckles: 9 of 72; 15 are two deviations of a count more.
    assert sum(parts > 1 and not seen for parts, seen in spots) <= 15


def test_noise_and_an_unknown_tone_take_certainty_away_and_never_turn_it() -> None:
    ita = Estimate(-7.0, -20.0, 6.0, 0.9, "assumed")
    unknown = Estimate(-7.0, -80.0, 60.0, 0.9, "assumed")
    brown, red = np.array([0.24, 0.3, 0.39]), np.array([0.08, 0.3, 0.15])
    for darker, name in ((brown, "brown"), (red, "red")):
        sure, noisy, untoned = (
            getattr(mark_colour(darker, share * NOISE, tone), name)
            for share, tone in ((1.0, ita), (25.0, ita), (1.0, unknown))
        )
        assert sure > max(noisy, untoned)
        assert min(noisy, untoned) > 0.4


def test_a_mark_lighter_in_green_has_no_colour() -> None:
    with pytest.raises(ValueError, match="not darker in green"):
        mark_colour(np.array([0.1, -0.1, 0.1]), NOISE, Estimate(30.0, 20.0, 40.0, 0.9, "assumed"))
