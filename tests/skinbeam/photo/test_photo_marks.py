"""Drawn spots, dents and patches come back where they lie; taking away what a mark adds leaves the skin around it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.photo.face.regions import SkinRegions
from skinbeam.photo.findings.finding import suggest_concerns
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.findings.patches import find_redness
from skinbeam.photo.findings.spots import find_round_marks
from skinbeam.photo.findings.summary import PixelScale, acne_severity, summarise_marks
from skinbeam.photo.pigment_maps.pigment_density import (
    PigmentDirections,
    chromophore_directions,
    optical_density,
)

MELANIN, BLOOD, SHADE = np.array([0.653, 1, 1.753]), np.array([0.256, 1, 0.882]), np.ones(3)
BETWEEN = np.array([0.43, 1.0, 1.05])  # midway between brown and red as measured on light skin
MM_PER_PX = Estimate(0.4, 0.3, 0.5, 0.95, "assumed")
SHAPE = (100, 140)
PIGMENTS = PigmentDirections(MELANIN, BLOOD, 0.4)
ITA_DEG = Estimate(46.0, 25.0, 60.0, 0.9, "assumed")
MEASURE = PixelScale(MM_PER_PX, "full-face", 1.0, 0.0, {"cheek-right": 11700.0})


def painted(cover: np.ndarray, density: np.ndarray) -> np.ndarray:
    """Linear light (height, width, 3) of plain skin with a density laid where it is covered."""
    return np.array([0.5, 0.32, 0.24]) * np.exp(-cover[..., None] * density)


def disc(x: float = 70, y: float = 40, radius: float = 6, flat: float = 1.0) -> np.ndarray:
    """Cover (height, width) of a soft disc, or of an ellipse that is `flat` times as high as wide."""
    yy, xx = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return np.clip(radius + 0.5 - np.hypot(xx - x, (yy - y) / flat), 0, 1)


def cheek() -> SkinRegions:
    mask = np.zeros(SHAPE, bool)
    mask[5:-5, 5:-5] = True
    return SkinRegions({"cheek-right": mask}, {}, ())


def found(light: np.ndarray) -> tuple[Mark, ...]:
    return find_round_marks(optical_density(light), PIGMENTS, ITA_DEG, cheek(), MM_PER_PX)


def test_a_spot_lies_where_it_was_painted() -> None:
    (mark,) = found(painted(disc(), 0.4 * MELANIN))
    assert (mark.kind, mark.region, mark.map_name) == ("spots", "cheek-right", "melanin")
    rows, columns = np.nonzero(mark.embed_in(SHAPE, mark.cover))
    assert (columns.mean(), rows.mean()) == pytest.approx((70, 40), abs=0.2)
    # The limit of contrast cuts the soft edge somewhere within its one pixel.
    assert np.pi * 6**2 < mark.area_px < np.pi * 7.5**2
    assert mark.size_mm.median == pytest.approx(0.4 * 2 * np.sqrt(mark.area_px / np.pi), rel=1e-6)


@pytest.mark.parametrize(
    ("kind", "density"), [("spots", 0.4 * MELANIN), ("inflamed", 0.4 * BLOOD), ("scars", 0.4 * SHADE)]
)
def test_each_kind_is_told_by_its_colour_alone(kind: str, density: np.ndarray) -> None:
    (mark,) = found(painted(disc(radius=4), density))
    assert mark.kind == kind
    # A soft edge takes up to a fifth of the mean.
    channel = 1 if kind == "inflamed" else 0
    assert 0.8 * density[channel] < mark.contrast * mark.unit_density <= density[channel]


def test_a_spot_between_brown_and_red_is_told_as_neither_and_suggests_nothing() -> None:
    (mark,) = found(painted(disc(radius=4), 0.4 * BETWEEN))
    assert mark.kind == "unclassified-spots"
    (finding,) = summarise_marks(mark.kind, [mark], MEASURE)
    assert finding.suggests is None
    assert finding.told is not None
    assert "of unclear colour" in finding.told.text
    assert suggest_concerns([finding] * 5) == ()


def test_a_wide_spot_of_no_certain_colour_must_be_seen_by_a_doctor_too() -> None:
    small, wide = (found(painted(disc(radius=radius), 0.4 * BETWEEN)) for radius in (4, 8))
    for marks, seen in ((small, 0), (wide, 1)):
        (finding,) = summarise_marks("unclassified-spots", marks, MEASURE)
        assert finding.to_be_seen == seen
    assert finding.note is not None
    assert "must be seen by a doctor before any laser" in finding.note.text


def test_a_spot_that_is_brown_within_and_red_around_keeps_the_notice_of_its_rim() -> None:
    core, whole = disc(radius=2.5), disc(radius=8)
    light = painted(whole, 0.2 * BLOOD) * np.exp(-core[..., None] * 0.2 * MELANIN)
    (mark,) = found(light)
    assert mark.kind == "unclassified-spots"
    assert mark.needs_examination
    # The same red alone is an inflamed spot, for which no doctor is asked.
    (red,) = found(painted(whole, 0.2 * BLOOD))
    assert (red.kind, red.needs_examination) == ("inflamed", False)


def test_taking_a_spot_away_leaves_the_skin_around_it() -> None:
    light = painted(disc(), 0.4 * MELANIN)
    (mark,) = found(light)
    melanin = optical_density(light) @ np.linalg.inv(chromophore_directions())[0]
    left = melanin - mark.embed_in(melanin.shape, mark.excess)
    assert left.max() - left.min() < 0.02  # of 0.4 that was painted
    assert mark.contrast == pytest.approx(0.4, rel=0.1)


@settings(max_examples=25)
@given(st.floats(0.3, 3.0), st.floats(0, 0.8), st.floats(3, 10), st.integers(25, 115), st.integers(25, 75))
def test_neither_exposure_nor_a_slope_of_light_moves_a_spot(
    exposure: float, slope: float, radius: float, x: int, y: int
) -> None:
    light = painted(disc(x, y, radius), 0.4 * MELANIN)
    ramp = np.exp(-slope * np.linspace(0, 1, SHAPE[1]))[None, :, None]
    (plain,), (lit,) = found(light), found(exposure * ramp * light)
    # A slope of 0.8 over 140 pixels changes the contrast in red by 0.006 a pixel: the outline moves by less than one.
    assert lit.size_mm.median == pytest.approx(plain.size_mm.median, abs=2 * 0.4)
    assert lit.contrast == pytest.approx(plain.contrast, rel=0.15)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_picture_has_the_same_spots(turns: int) -> None:
    light = painted(np.maximum(disc(40, 30, 5), disc(90, 60, 8)), 0.4 * MELANIN)
    turned = np.ascontiguousarray(np.rot90(light, turns))
    mask = np.ascontiguousarray(np.rot90(cheek().masks["cheek-right"], turns))
    regions = SkinRegions({"cheek-right": mask}, {}, ())
    again = find_round_marks(optical_density(turned), PIGMENTS, ITA_DEG, regions, MM_PER_PX)
    assert sorted(mark.area_px for mark in again) == sorted(mark.area_px for mark in found(light))


def test_wide_and_irregular_spots_must_be_seen_by_a_doctor() -> None:
    notch = disc(radius=7) * (1 - disc(x=76, y=40, radius=5))
    uneven = disc(radius=7) * np.where(np.arange(SHAPE[1]) < 70, 0.4, 1.4)
    cases = {"small": (disc(radius=5), False), "wide": (disc(radius=8), True), "notched": (notch, True)}
    cases["uneven"] = (uneven, True)
    for name, (cover, seen) in cases.items():
        marks = found(painted(cover, 0.4 * MELANIN))
        assert any(mark.needs_examination for mark in marks) is seen, name
        (finding,) = summarise_marks("spots", marks, MEASURE)
        assert (finding.to_be_seen >= 1) is seen
        if seen:
            assert finding.note is not None
            assert "must be seen by a doctor before any laser" in finding.note.text


def test_spots_are_told_by_their_size_and_suggest_a_condition() -> None:
    small = np.maximum.reduce([disc(30, 30, 3), disc(60, 30, 3), disc(90, 30, 3)])
    (freckles,) = summarise_marks("spots", found(painted(small, 0.4 * MELANIN)), MEASURE)
    (lentigines,) = summarise_marks("spots", found(painted(disc(radius=5), 0.4 * MELANIN)), MEASURE)
    assert (freckles.count, freckles.freckle_like, freckles.suggests) == (3, 3, "freckles")
    assert (lentigines.count, lentigines.lentigo_like, lentigines.suggests) == (1, 1, "age-spots")
    assert isinstance(freckles.severity, Unknown)
    assert freckles.told is not None
    assert freckles.told.text.startswith("3 brown spots")


def test_redness_is_a_mark_of_its_region() -> None:
    halves = {"cheek-right": np.zeros(SHAPE, bool), "nose": np.zeros(SHAPE, bool), "chin": np.zeros(SHAPE, bool)}
    for name, start in zip(halves, (5, 50, 95), strict=True):
        halves[name][10:90, start : start + 40] = True
    light = painted(halves["cheek-right"].astype(float), 0.3 * BLOOD)
    regions = SkinRegions(halves, {}, ())
    (mark,) = find_redness(optical_density(light), ITA_DEG, regions, MM_PER_PX)
    assert (mark.kind, mark.region, mark.area_px) == ("redness", "cheek-right", 3200)
    # Blood differs in colour between people, by 0.1 of its green density in red, and its amount is drawn to the usual.
    assert mark.contrast == pytest.approx(0.3, abs=0.05)
    # Shade of the same depth in green, grey or as warm as light from skin makes it, holds no blood to be told.
    for shade in (np.ones(3), np.array([0.8, 1.0, 1.26]), np.array([0.7, 1.0, 1.3])):
        for depth in (-0.6, -0.3, 0.3, 0.6):
            dark = painted(halves["cheek-right"].astype(float), depth * shade)
            assert find_redness(optical_density(dark), ITA_DEG, regions, MM_PER_PX) == ()


@pytest.mark.parametrize(
    ("right", "left", "severity"), [(3, 0, "mild"), (5, 5, "mild"), (6, 0, "moderate"), (2, 21, "severe")]
)
def test_acne_is_graded_by_the_worse_half(right: int, left: int, severity: str) -> None:
    (mark,) = found(painted(disc(radius=4), 0.4 * BLOOD))
    assert acne_severity([mark.region] * right + ["cheek-left"] * left) == severity
    assert isinstance(acne_severity(["nose"] * 30), Unknown)


def test_a_mark_is_one_patch() -> None:
    (mark,) = found(painted(disc(), 0.4 * MELANIN))
    with pytest.raises(ValueError, match="one patch"):
        replace(mark, cover=mark.cover[1:])
