"""A very dark spot drawn on a face is told wherever skin shows, and nothing that belongs to a face is one."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from paths import ROOT
from portrait import portrait_analysis

from research.photo_checks.dark_spots import COLOURS, draw_spot, skin_places, spots_found
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.photo.analysis import SkinAnalysis, analyse_photograph
from skinbeam.photo.colour import linear_to_srgb, srgb_to_linear
from skinbeam.photo.decoding.photograph import DecodedPhotograph, Picture, read_photograph
from skinbeam.photo.face.face import Face
from skinbeam.photo.face.finder import find_single_face
from skinbeam.photo.findings.dark_spots import find_dark_spots
from skinbeam.photo.findings.finding import referral_message, suggest_concerns
from skinbeam.photo.scale import face_scale
from skinbeam.photo.skin_mask import SkinSurface
from skinbeam.photo.view import View, ViewPlace

MM_PX = Estimate(0.4, 0.36, 0.44, 0.95, "assumed")
SIDE = 120  # pixels of a square patch of skin
SKIN = {"light": (214, 168, 144), "medium": (176, 122, 92), "dark": (118, 76, 58)}


@cache
def portrait() -> DecodedPhotograph:
    return read_photograph(ROOT / "examples" / "first-consultation" / "face.jpg")


@cache
def face() -> Face:
    found = find_single_face(portrait().rgb)
    assert isinstance(found, Face)
    return found


def black_nose() -> Picture:
    """The portrait with a black disc of 7 mm on the middle of the nose."""
    ((x, y),) = face().template_to_pixels(np.array([[0.0, 0.42]]))
    diameter = 7.0 / face_scale(face()).median
    return draw_spot(portrait().rgb, (x, y), diameter, COLOURS["near black"], ragged=False, seed=1, edge_px=0.5)


@cache
def analysis_of(name: str) -> SkinAnalysis:
    found = portrait_analysis() if name == "plain" else analyse_photograph(replace(portrait(), rgb=black_nose()))
    skin = found.skin
    assert not isinstance(skin, Unknown)
    return skin


def patch(tone: str = "medium") -> Picture:
    """A patch of skin with mottling and light from one side."""
    rng = np.random.default_rng(3)
    mottled = cv2.GaussianBlur(rng.standard_normal((SIDE, SIDE)), (0, 0), 4)
    shade = 1 + 0.04 * mottled / mottled.std() + np.linspace(-0.15, 0.15, SIDE)
    return np.clip(np.array(SKIN[tone]) * shade[..., None] + rng.normal(0, 1.5, (SIDE, SIDE, 3)), 0, 255).astype(
        np.uint8
    )


def dark_spot_places(rgb: Picture, **changes: np.ndarray) -> list[tuple[float, float, float]]:
    """x, y and width in mm of the very dark spots of a patch that is skin everywhere."""
    whole, none = np.ones((SIDE, SIDE), bool), np.zeros((SIDE, SIDE), bool)
    corners = np.array([[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE]], np.float64)
    surface = SkinSurface(whole, whole, none, none, {"cheek-right": corners})
    box = (0, 0, SIDE, SIDE)
    view = View(rgb, ViewPlace("cheek", 157.0, 0.0, box, box), 1.0, (0, 0))
    marks = [mark for mark in find_dark_spots(view, replace(surface, **changes), MM_PX) if mark.kind == "dark-spots"]
    centres = [np.argwhere(mark.embed_in(rgb.shape, mark.cover) > 0.5).mean(axis=0) for mark in marks]
    return [(x, y, mark.size_mm.median) for (y, x), mark in zip(centres, marks, strict=True)]


def spot(rgb: Picture, size_mm: float, colour: str = "near black", ragged: bool = False, at: int = 60) -> Picture:
    return draw_spot(rgb, (at, 60.0), size_mm / 0.4, COLOURS[colour], ragged=ragged, seed=11, edge_px=0.7)


@pytest.mark.parametrize("tone", SKIN)
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("size_mm", [2.5, 5.0, 8.0])
def test_a_dark_spot_is_told_where_it_lies(tone: str, colour: str, ragged: bool, size_mm: float) -> None:
    ((x, y, width),) = dark_spot_places(spot(patch(tone), size_mm, colour, ragged))
    assert (x, y) == pytest.approx((60, 60), abs=1.5)
    # Half of the depth in the logarithm of light lies at 7/8 of the cover where the depth is 4: with a drawn edge of
    # 0.28 mm and a blur of 0.35 mm, that is 0.5 mm inside the drawn outline, on both sides.
    assert width == pytest.approx(size_mm, abs=1.0 + 0.15 * size_mm * ragged)


def test_plain_skin_of_any_tone_has_none() -> None:
    assert all(dark_spot_places(patch(tone)) == [] for tone in SKIN)


def test_a_brown_spot_with_more_than_half_of_the_light_is_no_dark_spot() -> None:
    rgb = patch("light").astype(np.float64)
    disc = np.hypot(*(np.mgrid[:SIDE, :SIDE] - 60)) < 8
    for factor, found in ((0.8, 0), (0.5, 1)):  # in sRGB: 0.62 and 0.22 of the light
        changed = np.where(disc[..., None], factor * rgb, rgb).astype(np.uint8)
        assert len(dark_spot_places(changed)) == found


def kinds_of_disc(light: float, size_mm: float) -> list[str]:
    """Return the kinds told of a disc with this share of the light of even skin around it."""
    rgb = np.full((SIDE, SIDE, 3), SKIN["light"], np.float64)
    disc = np.hypot(*(np.mgrid[:SIDE, :SIDE] - 60)) < size_mm / 2 / 0.4
    rgb[disc] = 255 * linear_to_srgb(light * srgb_to_linear(np.uint8(SKIN["light"])))
    return kinds_told(rgb)


def kinds_told(rgb: np.ndarray) -> list[str]:
    """Return the kinds told on even skin."""
    whole, none = np.ones((SIDE, SIDE), bool), np.zeros((SIDE, SIDE), bool)
    corners = np.array([[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE]], np.float64)
    box = (0, 0, SIDE, SIDE)
    view = View(np.round(rgb).astype(np.uint8), ViewPlace("cheek", 157.0, 0.0, box, box), 1.0, (0, 0))
    surface = SkinSurface(whole, whole, none, none, {"cheek-right": corners})
    return [mark.kind for mark in find_dark_spots(view, surface, MM_PX)]


@pytest.mark.parametrize(
    ("light", "size_mm", "kinds"),
    [
        (0.45, 6.0, ["dark-spots"]),
        (0.45, 3.0, ["dark-spots"]),
        (0.6, 6.0, ["unclassified-spots"]),  # two thirds of the light are enough of a wide one
        (0.6, 3.0, []),
        (0.75, 6.0, []),
    ],
)
def test_a_wide_spot_need_not_be_very_dark(light: float, size_mm: float, kinds: list[str]) -> None:
    assert kinds_of_disc(light, size_mm) == kinds


def shaded_skin(fall_per_mm: float, spot_mm: float = 0.0, green: float = 0.6) -> np.ndarray:
    """Even skin whose light falls off from left to right, with a brown spot of a density in green in its middle."""
    y, x = 0.4 * (np.mgrid[:SIDE, :SIDE] - 60.0)
    cover = np.clip((spot_mm / 2 - np.hypot(x, y)) / 0.4 + 0.5, 0, 1)
    density = green * cover[..., None] * (0.67, 1.0, 1.5) + fall_per_mm * x[..., None]
    return np.asarray(255 * linear_to_srgb(0.7 * srgb_to_linear(np.uint8(SKIN["light"])) * np.exp(-density)))


@pytest.mark.parametrize("fall_per_mm", [0.0, 0.04, 0.08])
@pytest.mark.parametrize("size_mm", [5.0, 7.0, 10.0])
def test_a_wide_brown_spot_is_told_where_light_falls_off_by_more_than_it_darkens(
    size_mm: float, fall_per_mm: float
) -> None:
    """Over 10 mm and the skin around, 0.08 in a mm is twice the density of the spot: faces turn from light so."""
    assert kinds_told(shaded_skin(fall_per_mm, size_mm)) == ["unclassified-spots"]
    assert kinds_told(shaded_skin(fall_per_mm)) == []


@pytest.mark.parametrize("size_mm", [5.0, 7.0, 10.0])
def test_what_is_too_deep_for_a_spot_below_the_plane_is_told_as_very_dark(size_mm: float) -> None:
    assert kinds_told(shaded_skin(0.08, size_mm, green=1.3)) == ["dark-spots"]


def test_the_edge_of_a_cast_shadow_and_a_fold_are_no_wide_spots() -> None:
    plain = srgb_to_linear(np.round(shaded_skin(0.0)).astype(np.uint8))
    y, x = 0.4 * (np.mgrid[:SIDE, :SIDE] - 60.0)
    shadow = 0.6 / (1 + np.exp(-(x + 2.0 * np.exp(-(y**2) / 8)) / 0.6))  # with a bay as wide as a spot
    fold = 0.6 * np.exp(-(x**2) / 8) * (np.abs(y) < 12)
    for dark in (shadow, fold):
        assert kinds_told(255 * linear_to_srgb(plain * np.exp(-dark[..., None]))) == []


def test_a_very_dark_core_of_a_wide_spot_keeps_its_kind() -> None:
    """At very dark spots no laser is offered; at spots of no certain colour a doctor is asked for alone."""
    rgb = np.full((SIDE, SIDE, 3), SKIN["light"], np.float64)
    away_mm = 0.4 * np.hypot(*(np.mgrid[:SIDE, :SIDE] - 60))
    light = srgb_to_linear(np.uint8(SKIN["light"]))
    for size_mm, density in ((10.0, 0.45), (3.0, 1.6)):
        rgb[away_mm < size_mm / 2] = 255 * linear_to_srgb(np.exp(-density) * light)
    assert kinds_told(rgb) == ["dark-spots"]


@pytest.mark.parametrize("density", [(0.5, 0.7, 1.05), (0.3, 1.0, 0.6)], ids=["brown", "red"])
def test_a_wide_dark_spot_that_the_outline_of_a_region_cuts_is_seen_by_a_doctor(
    density: tuple[float, float, float],
) -> None:
    plain = analysis_of("plain")
    rows, columns = np.nonzero(plain.regions.masks["cheek-right"])
    x, y = int(columns[np.argmax(rows)]), int(rows.max()) - 1
    at = plain.view.to_picture(np.array([[x, y]], np.float64))[0]
    yy, xx = np.mgrid[: portrait().rgb.shape[0], : portrait().rgb.shape[1]]
    cover = np.clip(4.0 - np.hypot(xx - at[0], yy - at[1]), 0, 1)[..., None]  # 10 mm wide
    light = srgb_to_linear(portrait().rgb) * np.exp(-cover * np.array(density))
    rgb = np.round(255 * linear_to_srgb(light)).astype(np.uint8)
    skin = analyse_photograph(replace(portrait(), rgb=rgb)).skin
    assert not isinstance(skin, Unknown)
    (mark,) = (mark for mark in skin.marks if (mark.embed_in(skin.view.rgb.shape, mark.cover) > 0.25)[y, x])
    assert (mark.kind, mark.needs_examination) == ("unclassified-spots", True)
    assert referral_message(skin.findings) is not None


def test_a_strand_of_hair_and_an_edge_of_shade_are_no_spots() -> None:
    strand = patch()
    cv2.line(strand, (30, 40), (80, 90), (30, 25, 22), 6, cv2.LINE_AA)
    edge = patch()
    edge[:, 60:] = edge[:, 60:] // 3
    assert dark_spot_places(strand) == dark_spot_places(edge) == []
    # On skin beside them a spot is still told.
    assert len(dark_spot_places(spot(edge, 5.0, at=25))) == 1


def test_a_dark_thing_on_cloth_in_an_opening_or_outside_is_no_spot() -> None:
    rgb, none = spot(patch(), 6.0), np.zeros((SIDE, SIDE), bool)
    assert len(dark_spot_places(rgb)) == 1
    assert (
        dark_spot_places(rgb, skin_colour=none)
        == dark_spot_places(rgb, outline=none)
        == dark_spot_places(rgb, openings=~none)
        == []
    )


def test_around_brows_only_a_round_spot_is_told() -> None:
    brow = np.ones((SIDE, SIDE), bool)
    oval = patch()
    cv2.ellipse(oval, (60, 60), (13, 6), 0, 0, 360, (30, 25, 22), cv2.FILLED, cv2.LINE_AA)
    assert len(dark_spot_places(oval)) == 1
    assert dark_spot_places(oval, brows=brow) == []
    assert len(dark_spot_places(spot(patch(), 6.0), brows=brow)) == 1


def test_the_portrait_itself_raises_no_alarm() -> None:
    assert [mark for mark in analysis_of("plain").marks if mark.needs_examination] == []
    assert referral_message(analysis_of("plain").findings) is None


def test_a_black_disc_on_the_middle_of_the_nose_is_told() -> None:
    skin = analysis_of("nose")
    (mark,) = (mark for mark in skin.marks if mark.kind == "dark-spots")
    assert (mark.region, mark.needs_examination) == ("nose", True)
    finding = next(finding for finding in skin.findings if finding.kind == "dark-spots")
    assert (finding.site, finding.count, finding.to_be_seen, finding.suggests) == ("nose", 1, 1, None)
    assert suggest_concerns([finding]) == ()  # nobody offers to treat it: it is no age spot
    said = referral_message(skin.findings)
    assert said is not None
    assert said.text.startswith("A doctor must see this before any laser: a very dark spot")


def test_spots_of_5_mm_of_every_colour_on_the_portrait_are_told() -> None:
    places = [(x, y) for _, x, y in skin_places(portrait().rgb, face(), 8.0)]
    found = []
    for group in range(3):  # far apart, so that no spot is the skin around another
        rgb, centres = portrait().rgb, face().template_to_pixels(np.array(places[group::3]))
        for number, (x, y) in enumerate(centres):
            colour, diameter = list(COLOURS.values())[number % 4], 5.0 / face_scale(face()).median
            rgb = draw_spot(rgb, (x, y), diameter, colour, ragged=number % 2 == 0, seed=number, edge_px=0.5)
        found += spots_found(rgb, centres) or [False] * len(centres)
    assert len(found) >= 14
    assert sum(found) >= 0.9 * len(found)  # 44 pixels between the pupils: 5 mm are three and a half of them


def test_a_picture_without_colour_still_tells_a_dark_spot() -> None:
    grey = cv2.cvtColor(cv2.cvtColor(black_nose(), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    skin = analyse_photograph(replace(portrait(), rgb=grey)).skin
    assert not isinstance(skin, Unknown)
    assert isinstance(skin.maps, Unknown)
    assert [mark.region for mark in skin.marks if mark.kind == "dark-spots"] == ["nose"]
    assert {mark.kind for mark in skin.marks} <= {"dark-spots", "unclassified-spots", "fine-lines"}
