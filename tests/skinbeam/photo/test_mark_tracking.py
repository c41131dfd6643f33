"""Marks of a pair, one by one: a drawn spot that was taken away is gone, and nothing else is told."""

import cv2
import numpy as np
import pytest
from drawn_pairs import SPOTS, encoded, looked_at, moved, portrait, stored

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.photo.colour import srgb_to_linear
from skinbeam.photo.comparison.change import PhotoChange, compare_or_refuse, measure_finding_changes
from skinbeam.photo.comparison.mark_groups import MarkGroup
from skinbeam.photo.comparison.mark_tracking import MarkOutcome
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.limits import limit
from skinbeam.photo.pigment_maps.blood_separation import blood_separation
from skinbeam.photo.pigment_maps.skin_colours import skin_colour_grid
from skinbeam.photo.pigment_maps.skin_level import SkinLevel
from skinbeam.text import Message

ZOOM = 2.0


def taken_again(rgb: Picture) -> Picture:
    return stored(moved(rgb, turn_deg=2, zoom=0.92, noise=3))


def outcomes(before: Picture, after: Picture) -> dict[str, MarkOutcome]:
    change = compare_or_refuse(looked_at(before), looked_at(after))
    assert isinstance(change, PhotoChange), change
    return {one.region: one.outcome for one in change.marks if one.region.startswith("cheek")}


@pytest.fixture(scope="module")
def spotted() -> Picture:
    return portrait(density=0.5, zoom=ZOOM)


@pytest.fixture(scope="module")
def with_one() -> Picture:
    """The portrait with the spot of the left cheek alone."""
    return portrait(density=0.5, zoom=ZOOM, spots=SPOTS[1:])


def test_the_spot_that_was_taken_away_is_gone_and_the_other_unchanged(spotted: Picture, with_one: Picture) -> None:
    change = compare_or_refuse(looked_at(spotted), looked_at(taken_again(with_one)))
    assert isinstance(change, PhotoChange)
    told = {one.region: one for one in change.marks if one.region.startswith("cheek")}
    assert {name: one.outcome for name, one in told.items()} == {
        "cheek-right": MarkOutcome.GONE,
        "cheek-left": MarkOutcome.UNCHANGED,
    }
    gone = told["cheek-right"]
    assert (gone.before, gone.after) == (True, False)
    assert (gone.finds, gone.copies) == (3, 3)
    assert isinstance(gone.contrast_change, Estimate)
    assert gone.contrast_change.high < 0
    record = gone.as_record()
    assert (record["outcome"], record["told"]) == ("gone", "was seen before and is not seen any more")


@pytest.mark.check  # three pairs of two seconds each
def test_a_spot_that_came_is_new_a_fading_one_weaker_and_all_others_unchanged(
    spotted: Picture, with_one: Picture
) -> None:
    came = outcomes(with_one, taken_again(spotted))
    assert came == {"cheek-right": MarkOutcome.NEW, "cheek-left": MarkOutcome.UNCHANGED}
    same = outcomes(spotted, taken_again(spotted))
    assert same == {"cheek-right": MarkOutcome.UNCHANGED, "cheek-left": MarkOutcome.UNCHANGED}
    faded = outcomes(spotted, taken_again(portrait(density=0.3, zoom=ZOOM)))
    assert faded == {"cheek-right": MarkOutcome.WEAKER, "cheek-left": MarkOutcome.WEAKER}


def test_a_mirror_image_is_refused_in_words(spotted: Picture) -> None:
    mirrored = np.ascontiguousarray(spotted[:, ::-1])
    refused = compare_or_refuse(looked_at(spotted), looked_at(taken_again(mirrored)))
    assert isinstance(refused, Message)
    assert "mirror image" in refused.text


def test_smoothed_skin_is_refused_as_a_filter_and_a_blurred_picture_is_not(spotted: Picture) -> None:
    """A filter keeps eyes and brows and takes the texture of skin; the blur of a lens takes both."""
    soft = cv2.GaussianBlur(spotted, (0, 0), 4)
    fine = spotted.astype(float) - soft
    filtered = np.clip(soft + np.where(np.abs(fine) < 25, 0.3 * fine, fine), 0, 255).astype(np.uint8)
    refused = compare_or_refuse(looked_at(spotted), looked_at(stored(filtered)))
    assert isinstance(refused, Message)
    assert "smoothed by a filter" in refused.text
    blurred = stored(cv2.GaussianBlur(spotted, (0, 0), 1.4))
    assert isinstance(compare_or_refuse(looked_at(spotted), looked_at(blurred)), PhotoChange)


@pytest.mark.check  # three pairs of two seconds each
@pytest.mark.parametrize("quality", [40, 60, 95])
def test_what_only_storing_changed_is_no_change_of_a_mark(quality: int, spotted: Picture) -> None:
    assert set(outcomes(spotted, stored(spotted, quality)).values()) == {MarkOutcome.UNCHANGED}


def test_a_picture_that_cannot_be_used_is_refused_with_its_own_fault(spotted: Picture) -> None:
    dark = encoded(srgb_to_linear(spotted) * 0.004)
    refused = compare_or_refuse(looked_at(spotted), looked_at(dark))
    assert isinstance(refused, Message)
    assert refused.id == "photo-pair.after_unread"
    assert isinstance(refused.params["reason"], Message)  # so that a stored refusal can be told in another language


def level(ita_deg: float) -> SkinLevel:
    """The skin of the optics whose typology angle is next to this one, at 2 % of blood."""
    grid = skin_colour_grid()
    ln = np.linspace(grid.ln_melanin[0], grid.ln_melanin[-1], 200)
    angles = [float(grid.ita_deg(np.exp(value), 0.02)) for value in ln]
    melanin = float(np.exp(ln[int(np.argmin(np.abs(np.array(angles) - ita_deg)))]))
    angle = Estimate(ita_deg, ita_deg - 8, ita_deg + 8, 0.9, "modelled", 100, ("skinbeam2026photo",))
    return SkinLevel(melanin, 0.02, 0.1, 0.1, 1.0, 0.1, 1.0, np.ones(3), angle)


def test_blood_is_separable_on_light_skin_and_not_where_brown_is_as_grey_as_shade() -> None:
    """Measured directions of brown and red, read by the optics: not on medium brown skin (photo 7)."""
    least = limit("pair", "blood_separation_min")
    assert all(blood_separation(level(ita)) > least for ita in (55.0, 35.0, 15.0))
    assert all(blood_separation(level(ita)) < least for ita in (0.0, -10.0, -20.0))


def test_redness_is_not_compared_where_the_optics_cannot_tell_blood(spotted: Picture) -> None:
    look = looked_at(spotted)
    change = compare_or_refuse(look, look)
    assert isinstance(change, PhotoChange)
    group = MarkGroup("redness", "cheek-left", "haemoglobin", np.ones((2, 2), bool), 1, 1)  # in place of the first
    for told in (True, False):
        (found,) = measure_finding_changes((group,), change.measurement, change.light_change, blood_is_separable=told)
        assert isinstance(found.contrast_change, Unknown) is not told
        assert ("of this tone" in found.message.text) is not told
