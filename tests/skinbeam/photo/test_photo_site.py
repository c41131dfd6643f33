"""A hand without a face: its skin is found on grounds of many colours, and measured where somebody gives a length."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_hand import BACK, GROUNDS, Hand
from drawn_skin import Drawn, wave
from paths import ROOT

from skinbeam.api.analyse_photo import report_analysis, report_photo
from skinbeam.model.document import canonical_json
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.photo.analysis import PhotoAnalysis, SkinAnalysis, analyse_photograph
from skinbeam.photo.body_site import find_site, resolve_site
from skinbeam.photo.decoding.photograph import DecodedPhotograph
from skinbeam.photo.findings.finding import FACE_ONLY_KINDS, FINDING_KINDS, SkinFinding

FACE = ROOT / "examples" / "first-consultation" / "face.jpg"
# x, y and diameter in mm; 0.6 of density is a strong spot.
SPOTS = [(80.0, 140.0, 4.0, 0.6, 0.0), (110.0, 160.0, 3.0, 0.6, 0.0), (95.0, 180.0, 6.0, 0.6, 0.0)]


def ruler(mm_per_px: float) -> tuple[float, ...]:
    return 10.0, 10.0, 310.0, 10.0, 300 * mm_per_px


def look(rgb: np.ndarray, length: Sequence[float] | None = None, site: str = "hands") -> PhotoAnalysis:
    return analyse_photograph(DecodedPhotograph(rgb, "0"), site=site, length=length)


def kinds(seen: PhotoAnalysis) -> dict[str, SkinFinding]:
    assert isinstance(seen.skin, SkinAnalysis)
    return {finding.kind: finding for finding in seen.skin.findings}


@pytest.fixture(scope="module")
def hand() -> PhotoAnalysis:
    return look(Hand(mm_per_px=0.25, spots=SPOTS).rgb(), ruler(0.25))


def test_the_spots_of_a_hand_are_found_where_they_are_and_as_wide(hand: PhotoAnalysis) -> None:
    assert isinstance(hand.skin, SkinAnalysis)
    assert [problem.code for problem in hand.problems] == []
    found = []
    for mark in hand.skin.marks:
        assert (mark.kind, mark.region) == ("spots", "hands")
        rows, columns = np.nonzero(mark.cover)
        middle = np.array([[columns.mean() + mark.origin[0], rows.mean() + mark.origin[1]]])
        x, y = (hand.skin.view.to_picture(middle)[0] + 0.5) * 0.25
        found.append((x, y, mark.size_mm.median))
    assert len(found) == len(SPOTS)
    for x, y, wide, *_ in SPOTS:
        near = min(found, key=lambda one: math.dist(one[:2], (x, y)))
        # A pixel of the view is 0.39 mm: the middle of a disc is good to half of one, its width to one at each side.
        assert math.dist(near[:2], (x, y)) < 0.3
        assert near[2] == pytest.approx(wide, abs=0.8)
    spots = kinds(hand)["spots"]
    assert isinstance(spots.area_mm2, Estimate)
    assert spots.area_mm2.low < sum(math.pi / 4 * wide**2 for _, _, wide, *_ in SPOTS) < spots.area_mm2.high


def test_a_spot_that_barely_stands_out_is_no_surer_than_its_rim() -> None:
    faint = kinds(look(Hand(mm_per_px=0.4, tone="dark", spots=[(*BACK, 6.0, 0.35, 0.0)]).rgb(), ruler(0.4)))["spots"]
    assert faint.count == 1
    assert faint.size_mm is not None
    assert faint.size_mm.low < 6.0 < faint.size_mm.high


def test_a_hand_gives_what_a_face_gives(hand: PhotoAnalysis) -> None:
    assert isinstance(hand.skin, SkinAnalysis)
    assert hand.faces == 0
    assert hand.skin.face is None
    assert set(hand.skin.regions.masks) == {"hands"}
    assert not isinstance(hand.skin.maps, Unknown)
    assert not isinstance(hand.skin.colour, Unknown)
    assert {finding.site for finding in hand.skin.findings} == {"hands"}
    found = kinds(hand)
    assert set(found) == set(FINDING_KINDS)
    assert found["spots"].count == 3
    for kind in ("vessels", "redness", "diffuse-pigment"):
        assert isinstance(found[kind].area_mm2, Estimate)
        assert found[kind].area_mm2.median == 0.0, kind
    for kind in FACE_ONLY_KINDS:
        assert isinstance(found[kind].count, Unknown)
        assert "on faces" in found[kind].count.reason


def test_without_a_length_nothing_is_measured_and_the_reason_says_what_to_do(tmp_path: Path) -> None:
    seen = look(Hand(mm_per_px=0.25, spots=SPOTS).rgb())
    assert isinstance(seen.skin, SkinAnalysis)
    assert isinstance(seen.skin.scale_mm_per_px, Unknown)
    assert seen.skin.marks == ()
    assert not isinstance(seen.skin.maps, Unknown)
    for kind in set(FINDING_KINDS) - set(FACE_ONLY_KINDS):
        area = kinds(seen)[kind].area_mm2
        assert isinstance(area, Unknown)
        assert "--length" in area.reason
    document = report_analysis(seen, tmp_path).to_dict()
    assert document["maps"] == {name: f"{name}.png" for name in ("regions", "marks", "melanin", "haemoglobin")}
    read = json.loads(canonical_json(document))
    assert "--length" in read["scale_mm_per_px"]["unknown"]
    assert "without a face" in read["face"]["unknown"]


@pytest.mark.check
def test_twice_the_pixels_say_the_same_of_a_hand(hand: PhotoAnalysis) -> None:
    rgb = cv2.resize(Hand(mm_per_px=0.25, spots=SPOTS).rgb(), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    twice = kinds(look(rgb, ruler(0.125)))["spots"]
    once = kinds(hand)["spots"]
    assert twice.count == once.count
    assert isinstance(twice.area_mm2, Estimate)
    assert isinstance(once.area_mm2, Estimate)
    # Both are read on a view of 0.39 mm to a pixel, whose grids lie half a pixel apart: a seventh of a disc of 3 mm.
    assert twice.area_mm2.median == pytest.approx(once.area_mm2.median, rel=0.15)


def kept(tone: str, ground: str) -> tuple[float, float]:
    """The share of a hand that is read, and the share of what is read that is no hand."""
    drawn = Hand(mm_per_px=0.5, tone=tone, ground=ground)
    found = find_site(drawn.rgb(), "hands", Estimate(0.5, 0.49, 0.51, 0.95, "measured", basis=()))
    assert isinstance(found, tuple), found
    mask = found[1].masks["hands"]
    outline = cv2.resize(drawn.outline().astype(np.uint8), mask.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    return float((mask & outline).sum() / outline.sum()), float((mask & ~outline).sum() / mask.sum())


@pytest.mark.parametrize("ground", ["white paper", "pine"])
def test_a_hand_is_told_from_what_it_lies_on(ground: str) -> None:
    of_hand, beside = kept("medium", ground)
    assert of_hand > 0.5  # outlines are drawn in, and a finger is two outlines
    assert beside < 0.01


@pytest.mark.check
@pytest.mark.parametrize("tone", ["light", "medium", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_hands_of_every_tone_are_told_from_every_ground(tone: str, ground: str) -> None:
    of_hand, beside = kept(tone, ground)
    assert of_hand > 0.5
    assert beside < 0.01


@pytest.mark.check
@pytest.mark.parametrize("tone", ["light", "medium", "dark"])
def test_a_ground_of_just_the_colour_of_the_skin_is_told_from_it_or_said_to_be_doubtful(tone: str) -> None:
    _, beside = kept(tone, "skin")
    told = [problem.code for problem in look(Hand(mm_per_px=0.5, tone=tone, ground="skin").rgb(), ruler(0.5)).problems]
    assert (beside < 0.01) is ("skin-to-the-edge" not in told)


def test_a_close_view_of_skin_says_that_it_reaches_the_edge_and_finds_no_spot() -> None:
    plain = look(Drawn(mm_per_px=0.2, size_mm=(80.0, 60.0)).rgb(), (10, 10, 310, 10, 60), "arms")
    assert "skin-to-the-edge" in [problem.code for problem in plain.problems]
    assert kinds(plain)["spots"].count == 0


def test_a_vessel_of_an_arm_is_found_and_as_wide() -> None:
    lines = [(wave(15, y, 30), 0.8, 0.3) for y in (20, 30)]
    seen = look(Drawn(mm_per_px=0.16, tone="light", vessels=lines).rgb(), (10, 10, 310, 10, 48), "arms")
    vessels = kinds(seen)["vessels"]
    assert vessels.count == 2
    assert isinstance(vessels.width_mm, Estimate)
    assert vessels.width_mm.median == pytest.approx(0.8, abs=0.2)  # docs/photo.md: 0.15 mm, and the noise of one pixel


def test_a_red_part_of_a_hand_is_red_over_the_rest_of_it() -> None:
    red = look(Hand(mm_per_px=0.5, spots=[(*BACK, 26.0, 0.0, 0.3)]).rgb(), ruler(0.5))
    area = kinds(red)["redness"].area_mm2
    assert isinstance(area, Estimate)
    assert area.median == pytest.approx(math.pi * 13**2, rel=0.3)  # its rim is lost in mottling, 2 mm wide


def test_a_picture_too_coarse_for_vessels_or_for_anything_says_so_in_mm() -> None:
    coarse = look(Hand(mm_per_px=1.0).rgb(), (10, 10, 110, 10, 100))
    assert [problem.code for problem in coarse.problems] == ["too-small-for-detail"]
    vessels = kinds(coarse)["vessels"].count
    assert isinstance(vessels, Unknown)
    assert "0.525" in vessels.reason  # 63 mm over 120 px
    small = look(cv2.resize(Hand(mm_per_px=1.0).rgb(), (95, 125)), (10, 10, 60, 10, 2.2 * 50))
    assert isinstance(small.skin, Unknown)
    assert "2.1 mm" in small.skin.reason  # 63 mm over 30 px


def test_what_is_no_skin_is_refused() -> None:
    for colour in ((40, 80, 150), (128, 128, 128)):
        seen = look(np.full((200, 200, 3), colour, np.uint8))
        assert isinstance(seen.skin, Unknown)
        assert seen.problems[0].code == "no-skin"


def test_a_face_is_not_read_as_a_hand() -> None:
    with pytest.raises(NotAvailable, match="A face is in the picture"):
        report_photo(FACE, site="hands").to_dict()


def test_no_face_is_refused_with_the_way_to_read_a_hand(tmp_path: Path) -> None:
    file = tmp_path / "hand.png"
    cv2.imwrite(str(file), Hand(mm_per_px=0.5).rgb()[..., ::-1])
    with pytest.raises(NotAvailable, match="--site"):
        report_photo(file).to_dict()
    assert report_photo(file, site="hands").to_dict()["quality"]["ok"]


def test_a_site_is_one_off_the_face_by_any_of_its_names() -> None:
    assert resolve_site("hand") == "hands"
    assert resolve_site("Décolletage") == "decolletage"
    with pytest.raises(InputError) as on_face:
        resolve_site("cheeks")
    assert (on_face.value.code, on_face.value.field) == ("not-a-place", "site")
    assert "neck, decolletage, hands, arms" in on_face.value.hint
    with pytest.raises(InputError) as unknown:
        resolve_site("hnads")
    assert (unknown.value.code, unknown.value.field) == ("unknown-site", "site")
    with pytest.raises(InputError) as both:
        analyse_photograph(
            DecodedPhotograph(np.zeros((99, 99, 3), np.uint8), "0"), points=(1, 1, 2, 1, 1, 3), site="hands"
        )
    assert (both.value.code, both.value.field) == ("site-and-points", "site")
