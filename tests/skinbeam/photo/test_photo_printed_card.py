"""The card that the clinic prints is drawn to size, found in a photograph, and gives scale, light and colour."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from paths import ROOT

from research.photo_checks.card_scenes import CardScene, card_drawing, drawn_card_scene
from skinbeam.api.analyse_photo import report_analysis
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.photo.analysis import PhotoAnalysis, SkinAnalysis, analyse_photograph
from skinbeam.photo.card_colour import read_colour_by_card
from skinbeam.photo.colour import PhotoColour, srgb_to_linear
from skinbeam.photo.decoding.photograph import DecodedPhotograph, read_photograph
from skinbeam.photo.printed_card.finder import find_printed_card
from skinbeam.photo.printed_card.layout import CARD_MM, MARKERS, SCALE_MM, SCREENS
from skinbeam.photo.printed_card.measurement import PrintedCard, measure_printed_card
from skinbeam.photo.view import fill_outline

PORTRAIT = read_photograph(ROOT / "examples" / "first-consultation" / "face.jpg").rgb
DOTS_PER_MM = 600 / 25.4
ON_TABLE: dict[str, Any] = {"K": 5500.0, "stops": -0.5, "mm_per_px": 0.4, "roll_deg": 10.0, "tilt_deg": (0.0, 0.0)}


def scene(seed: int = 0, *, melanin: float = 0.045, **how: Any) -> CardScene:
    return drawn_card_scene(np.random.default_rng(seed), melanin=melanin, **(ON_TABLE | how))


def look(rgb: np.ndarray, **how: Any) -> PhotoAnalysis:
    return analyse_photograph(DecodedPhotograph(rgb, "0" * 64), **how)


def measured(rgb: np.ndarray) -> PrintedCard:
    found = find_printed_card(rgb)
    assert found is not None
    card = measure_printed_card(rgb, found)
    assert isinstance(card, PrintedCard)
    return card


def test_the_page_is_drawn_to_size() -> None:
    """A dot of 600 per inch is 0.04 mm: a line may begin and end one dot off."""
    ink = card_drawing()
    left, top, length = SCALE_MM
    line = ink[round((top + 0.12) * DOTS_PER_MM)] > 0.5
    ends = np.flatnonzero(line)[[0, -1]]
    # The first and the last stroke, 0.16 mm wide, stand around the ends of the line.
    assert (ends[1] - ends[0] + 1) / DOTS_PER_MM == pytest.approx(length + 0.16, abs=2 / DOTS_PER_MM)
    assert ends[0] / DOTS_PER_MM == pytest.approx(left - 0.08, abs=2 / DOTS_PER_MM)
    sheet = np.repeat((255 * (1 - ink)).astype(np.uint8)[..., None], 3, axis=2)
    found = find_printed_card(cv2.copyMakeBorder(sheet, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=(255, 255, 255)))
    assert found is not None
    assert found.px_per_mm == pytest.approx(DOTS_PER_MM, rel=2e-3)  # a dot over the 98 mm between markers is 4e-4


@pytest.mark.parametrize("screen", SCREENS, ids=lambda one: f"{one.black}-{one.pitch_mm:.2f}")
def test_a_screen_holds_the_share_of_black_that_it_is_read_by(screen: Any) -> None:
    x, y = (round((corner + 1.0) * DOTS_PER_MM) for corner in screen.xy_mm)
    side = 10 * 24  # dots: ten periods of the coarse lines
    share = float(card_drawing()[y : y + side, x : x + side].mean())
    # Each line may be a dot too wide or too narrow.
    assert share == pytest.approx(screen.black, abs=1 / (screen.pitch_mm * DOTS_PER_MM))


@pytest.mark.parametrize(
    "how",
    [
        {"roll_deg": 0.0},
        {"roll_deg": 45.0, "tilt_deg": (25.0, 0.0)},
        {"roll_deg": 90.0, "tilt_deg": (0.0, -30.0), "K": 2700.0},
        {"roll_deg": 180.0, "K": 7500.0, "stops": -2.0},
        {"roll_deg": -120.0, "tilt_deg": (20.0, 20.0), "mm_per_px": 0.7, "quality": 60},
    ],
)
def test_the_card_is_found_at_any_turn_and_gives_the_scale(how: dict[str, Any]) -> None:
    drawn = scene(**how)
    found = find_printed_card(drawn.rgb)
    assert found is not None
    assert not found.mirrored
    # Corners of markers are good to half a pixel; the corner of the card lies a third of their distance farther out.
    assert np.linalg.norm(found.outline - drawn.card, axis=1).max() < 1.5
    assert 1 / found.px_per_mm == pytest.approx(drawn.mm_per_px, rel=0.01)  # a pixel over 98 mm is 0.4 to 0.7 %


def test_a_mirror_image_is_read_and_named() -> None:
    drawn = scene()
    analysis = look(np.ascontiguousarray(drawn.rgb[:, ::-1]), site="arms")
    assert "mirror-image" in {problem.code for problem in analysis.problems}
    straight, mirrored = measured(drawn.rgb), measured(np.ascontiguousarray(drawn.rgb[:, ::-1]))
    assert mirrored.card.mirrored
    np.testing.assert_allclose(mirrored.white, straight.white, rtol=0.01)  # of thousands of pixels
    assert mirrored.card.px_per_mm == pytest.approx(straight.card.px_per_mm, rel=0.005)


def covered(drawn: CardScene, count: int) -> np.ndarray:
    """The picture with so many markers under a finger."""
    rgb, plane = drawn.rgb.copy(), find_printed_card(drawn.rgb)
    assert plane is not None
    finger = np.array([(8.0, 8.0), (25.0, 8.0), (25.0, 25.0), (8.0, 25.0)])
    for corner in list(MARKERS.values())[:count]:
        rgb[fill_outline(rgb.shape, plane.to_pixels(finger + corner))] = (180, 120, 95)
    return rgb


def test_one_marker_may_be_covered_and_two_may_not() -> None:
    drawn = scene()
    found = find_printed_card(covered(drawn, 1))
    assert found is not None
    assert np.linalg.norm(found.outline - drawn.card, axis=1).max() < 3.0  # a corner lies outside the three markers
    assert find_printed_card(covered(drawn, 2)) is None


def test_other_pictures_hold_no_card() -> None:
    rng = np.random.default_rng(3)
    tiles = np.kron(rng.integers(0, 2, (40, 40), dtype=np.uint8) * 255, np.ones((16, 16), np.uint8))
    for picture in (PORTRAIT, np.repeat(tiles[..., None], 3, axis=2), rng.integers(0, 256, (400, 400, 3), np.uint8)):
        assert find_printed_card(np.ascontiguousarray(picture, np.uint8)) is None


def test_two_cards_are_not_taken_for_one() -> None:
    drawn = scene()
    assert find_printed_card(np.concatenate([drawn.rgb, drawn.rgb], axis=1)) is None


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_the_cameras_contrast_is_read_from_screens_that_blur_to_grey(seed: int) -> None:
    drawn = scene(seed, mm_per_px=0.5)
    card = measured(drawn.rgb)
    read = np.log([card.contrast.low, card.contrast.median, card.contrast.high])
    assert read[2] - read[0] < 0.17  # 80 % of the prior alone are 0.26 wide
    # The ends of 80 % are 1.28 standard deviations off: three of them miss in one of 400 pictures.
    assert abs(read[1] - np.log(drawn.contrast)) < 3 / 1.28 * (read[2] - read[0]) / 2


@pytest.mark.check
def test_screens_whose_lines_are_resolved_say_next_to_nothing() -> None:
    """Black and white lines that a picture shows as such have the same mean whatever the curve between them."""
    ink = card_drawing()
    light = np.where(ink > 0.5, 0.02, 0.5)[..., None] * np.ones(3)
    shown = []
    for contrast in (1.0, 1.3):
        level = np.clip(255 * (0.18 * (light / 0.18) ** contrast) ** (1 / 2.2), 0, 255).astype(np.uint8)
        shown.append(measured(cv2.copyMakeBorder(level, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=(210, 210, 210))))
    for card in shown:
        # The prior is 0.26 wide; how black ink usually is narrows it a little, the lines do not.
        assert np.log(card.contrast.high / card.contrast.low) > 0.16


def test_light_that_falls_off_is_read_and_named() -> None:
    drawn = scene()
    width = drawn.rgb.shape[1]
    slope = 0.004  # of ln light per pixel: 62 % over the 325 pixels of the width of the card
    fall = np.exp(-slope * (np.arange(width) - drawn.card[:, 0].min()))[None, :, None]
    level = np.round(255 * np.clip((drawn.rgb / 255.0) ** 2.2 * fall, 0, 1) ** (1 / 2.2)).astype(np.uint8)
    plain, uneven = measured(drawn.rgb), measured(level)
    assert plain.light is not None
    assert uneven.light is not None
    # A power of 2.2 stands for the curve of sRGB: within 5 % of its slope between these levels.
    assert (plain.light.slope - uneven.light.slope)[0] == pytest.approx(slope, rel=0.06)
    assert (plain.light.slope - uneven.light.slope)[1] == pytest.approx(0.0, abs=0.05 * slope)
    assert "uneven-light" in {problem.code for problem in look(level, site="arms").problems}


def angle(drawn: CardScene) -> Estimate:
    skin = look(drawn.rgb, site="arms").skin
    assert isinstance(skin, SkinAnalysis)
    assert isinstance(skin.colour, PhotoColour)
    assert skin.colour.calibrated
    return skin.colour.ita_deg


def distance(estimate: Estimate, true: float) -> float:
    """How far a true angle lies from the median, in ends of the interval on its side."""
    side = estimate.high - estimate.median if true > estimate.median else estimate.median - estimate.low
    return abs(true - estimate.median) / side


@pytest.mark.parametrize(
    ("melanin", "K"),
    [
        *((0.02, 7500.0), (0.05, 2700.0), (0.12, 7500.0)),
        *(pytest.param(*pair, marks=pytest.mark.long) for pair in ((0.02, 2700.0), (0.05, 7500.0), (0.12, 2700.0))),
    ],
)
def test_the_angle_is_read_under_warm_and_cold_light(melanin: float, K: float) -> None:
    drawn = scene(1, melanin=melanin, K=K)
    read = angle(drawn)
    # An end of 80 % is 1.28 standard deviations off; two and a half ends are 3.2 of them, one picture in 700.
    assert distance(read, drawn.ita_deg) < 2.5
    assert read.high - read.low < 30  # without a card it is 90 to 100


def test_an_overexposed_white_leaves_the_colour_to_screens_and_blacks() -> None:
    drawn = scene(stops=0.9)
    card = measured(drawn.rgb)
    assert card.white.max() > 1.0
    assert card.light is not None  # from the blacks
    assert distance(angle(drawn), drawn.ita_deg) < 2.5


def test_a_card_that_cannot_serve_says_why_and_still_gives_the_scale() -> None:
    drawn = scene(stops=-0.5)
    burnt = np.where(drawn.rgb > 110, 255, drawn.rgb).astype(np.uint8)
    for screen in SCREENS:  # the greys are lost as well
        plane = find_printed_card(drawn.rgb)
        assert plane is not None
        x, y = screen.xy_mm
        burnt[
            fill_outline(burnt.shape, plane.to_pixels(np.array([(x, y), (x + 15, y), (x + 15, y + 15), (x, y + 15)])))
        ] = 255
    found = find_printed_card(burnt)
    assert found is not None
    refused = measure_printed_card(burnt, found)
    assert isinstance(refused, Unknown)
    assert "overexposed" in refused.reason
    veiled = (0.5 * drawn.rgb + 127).astype(np.uint8)
    hazy = measure_printed_card(veiled, found)
    assert isinstance(hazy, Unknown)
    assert "shines" in hazy.reason
    analysis = look(veiled, site="arms")
    assert "card-not-used" in {warning.code for warning in analysis.warnings}
    assert isinstance(analysis.skin, SkinAnalysis)
    assert isinstance(analysis.skin.scale_mm_per_px, Estimate)


def test_the_card_is_no_skin_and_no_mark_even_under_warm_light() -> None:
    drawn = scene(2, K=2700.0)
    warm = (drawn.rgb * np.array([1.0, 0.8, 0.55])).astype(np.uint8)  # paper in the colour of skin
    skin = look(warm, site="arms").skin
    assert isinstance(skin, SkinAnalysis)
    rows, columns = np.nonzero(skin.regions.skin)
    there = fill_outline(warm.shape, drawn.card)
    at = skin.view.to_picture(np.column_stack([columns, rows]).astype(float)).round().astype(int)
    assert not there[at[:, 1], at[:, 0]].any()
    for mark in skin.marks:
        x, y = skin.view.to_picture(np.array([mark.origin], float)).round().astype(int)[0]
        assert not there[y, x]
    # The report shows the picture as it is, and not the cover under which skin was searched for.
    shown = skin.view.rgb[fill_outline(skin.view.rgb.shape, (drawn.card + 0.5) * skin.view.scale - 0.5)]
    assert shown.std() > 30


def beside_face(
    share: float, at: tuple[float, float], light: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> np.ndarray:
    """The portrait at 1000 pixels with the card, whose width takes a share of the picture."""
    rgb = cv2.resize(PORTRAIT, (1000, 1000), interpolation=cv2.INTER_CUBIC)
    width, height = round(1000 * share), round(1000 * share * CARD_MM[1] / CARD_MM[0])
    ink = cv2.resize(card_drawing(), (width, height), interpolation=cv2.INTER_AREA)[..., None]
    x, y = round(1000 * at[0]), round(1000 * at[1])
    linear = srgb_to_linear(rgb)
    linear[y : y + height, x : x + width] = 0.85 * (1 - ink) + 0.03 * ink
    linear = cv2.GaussianBlur(linear * np.array(light), (0, 0), 0.8)
    return np.round(255 * np.clip(linear, 0, 1) ** (1 / 2.2)).astype(np.uint8)


def test_beside_a_face_the_card_replaces_the_pupils_and_brings_back_the_colour() -> None:
    # 88 px between the pupils: 63 mm are 0.72 mm to a pixel, by which the card of 130 mm takes 181 of 1000 pixels.
    share = 0.181
    documents = {}
    for name, light in (("plain", (1.0, 1.0, 1.0)), ("warm", (1.0, 0.75, 0.5))):
        documents[name] = report_analysis(look(beside_face(share, (0.02, 0.55), light)), None).to_dict()
    for document in documents.values():
        assert document["card"]["kind"] == "printed-card"
        assert document["colour"]["calibrated"]
        scale = document["scale_mm_per_px"]
        assert scale["kind"] == "measured"
        assert scale["median"] == pytest.approx(130 / (1000 * share), rel=0.01)
        assert "uncalibrated-photo" not in {warning["code"] for warning in document["warnings"]}
        told = document["colour"]["ita_deg"]
        # 8.58 of ΔE over three axes at 20 from (50, 0) are 14°, and 80 % of that 36° wide: no less is told of a face.
        assert told["high"] - told["low"] > 25
    warm, plain = (documents[name]["colour"]["ita_deg"]["median"] for name in ("warm", "plain"))
    assert warm == pytest.approx(plain, abs=6)  # rounding of dim blue; without the card they are 20 degrees apart


def test_a_card_far_before_or_behind_a_face_does_not_set_its_scale() -> None:
    analysis = look(beside_face(0.4, (0.02, 0.68)))
    assert "card-size" in {problem.code for problem in analysis.problems}
    assert isinstance(analysis.skin, SkinAnalysis)
    assert isinstance(analysis.skin.scale_mm_per_px, Estimate)
    assert analysis.skin.scale_mm_per_px.kind == "assumed"


def test_a_length_that_a_person_gives_stands_before_the_card() -> None:
    drawn = scene()
    skin = look(drawn.rgb, site="arms", length=[100, 100, 300, 100, 50.0]).skin
    assert isinstance(skin, SkinAnalysis)
    assert isinstance(skin.scale_mm_per_px, Estimate)
    assert skin.scale_mm_per_px.median == pytest.approx(0.25, rel=1e-9)


def test_what_is_unknown_of_paper_and_light_stays_in_the_interval() -> None:
    """Paper that is 3 % darker than assumed, one standard deviation, moves the angle by less than the interval."""
    drawn = scene()
    card = measured(drawn.rgb)
    medians = {"arm": (np.median(srgb_to_linear(drawn.rgb)[drawn.skin], axis=0), drawn.card.mean(axis=0))}
    plain = read_colour_by_card(medians, card, on_face=False)
    darker = read_colour_by_card(medians, replace(card, ln_white=card.ln_white + np.log(0.97)), on_face=False)
    face = read_colour_by_card(medians, card, on_face=True)
    assert isinstance(plain, PhotoColour)
    assert isinstance(darker, PhotoColour)
    assert isinstance(face, PhotoColour)
    assert darker.ita_deg.median > plain.ita_deg.median
    assert distance(plain.ita_deg, darker.ita_deg.median) < 1.0
    assert face.ita_deg.high - face.ita_deg.low > plain.ita_deg.high - plain.ita_deg.low


def test_without_a_card_a_line_says_what_would_narrow_the_colour(run: Callable[..., Any]) -> None:
    ran = run("photo", str(ROOT / "examples" / "first-consultation" / "face.jpg"))
    assert ran.code == 0
    assert sum("skinbeam card" in line for line in ran.out.splitlines() if line.startswith("warning:")) == 1
