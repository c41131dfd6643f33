"""Pictures of an expected result: what changes, what stays to the bit, how often, and what is not drawn."""

import io
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from preview_samples import FACE, improving, look, painted, plan, seen
from report_samples import sample

from skinbeam.api.preview import Preview, make_preview, preview_document
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.sources import bibliography
from skinbeam.photo.analysis import analyse_photograph
from skinbeam.photo.colour import linear_to_lab, srgb_to_linear
from skinbeam.photo.decoding.photograph import DecodedPhotograph, read_photograph
from skinbeam.photo.pigment_maps.pigment_density import colour_blur_px
from skinbeam.photo.pigment_maps.skin_colours import skin_colour_grid
from skinbeam.preview.healing_signs import healing_signs
from skinbeam.preview.panels import make_strip
from skinbeam.preview.rendering import PigmentLevels, encode_srgb, make_frame, multiply_light
from skinbeam.preview.sheet import IPTC_ALTERED, encode_png, render_rows
from skinbeam.preview.strip import PERCENTILES, Panel, PreviewStrip
from skinbeam.text import use_language

ENDS = [f"end-p{percentile}.png" for percentile in PERCENTILES]


@pytest.fixture(scope="module")
def strip() -> PreviewStrip:
    return make_strip(plan(), seen())


@pytest.fixture(scope="module")
def made() -> Preview:
    return make_preview(plan(), look())


def pictures(strip: PreviewStrip) -> dict[str, np.ndarray]:
    return {name: panel.picture for name, panel in strip.files.items() if panel.picture is not None}


def at(strip: PreviewStrip, kind: str, **moment: int) -> Panel:
    return next(
        one
        for one in strip.panels
        if one.moment.kind == kind and all(getattr(one.moment, name) == value for name, value in moment.items())
    )


def on_picture(mask: np.ndarray) -> np.ndarray:
    """Where a mask of the view lies on a picture, by whole pixels of the view."""
    frame = make_frame(seen().view, None)
    x0, y0, x1, y1 = frame.box
    height, width = frame.picture.shape[:2]
    rows = np.minimum((np.arange(height) * (y1 - y0) / height).astype(int), y1 - y0 - 1)
    columns = np.minimum((np.arange(width) * (x1 - x0) / width).astype(int), x1 - x0 - 1)
    return mask[y0:y1, x0:x1][np.ix_(rows, columns)]


def spots() -> np.ndarray:
    whole = np.zeros(seen().view.rgb.shape[:2], bool)
    for mark in seen().marks:
        whole |= mark.embed_in(whole.shape, mark.excess) > 0
    return whole


def test_the_strip_holds_every_moment_and_percentile(strip: PreviewStrip) -> None:
    kinds = [(one.moment.kind, one.moment.day, one.moment.percentile) for one in strip.panels]
    assert kinds[:6] == [("before", None, None), *(("day", day, None) for day in (0, 1, 3, 7, 30))]
    assert [one for one in kinds if one[0] == "end"] == [("end", None, p) for p in PERCENTILES]
    assert [one for one in kinds if one[0] == "months"] == [("months", None, p) for p in PERCENTILES]


def test_what_no_finding_touches_is_the_photograph_to_the_bit(strip: PreviewStrip) -> None:
    before, elsewhere = pictures(strip)["before.png"], ~on_picture(spots())
    for name in ENDS:
        made = pictures(strip)[name]
        np.testing.assert_array_equal(made[elsewhere], before[elsewhere])
        assert (made != before).any()


def test_the_days_change_the_treated_skin_alone(strip: PreviewStrip) -> None:
    before, regions = pictures(strip)["before.png"], seen().regions.masks
    treated = np.logical_or.reduce([mask for name, mask in regions.items() if name.startswith(("cheek", "periorb"))])
    for day in (0, 1, 3, 7):
        made = pictures(strip)[f"day-{day}.png"]
        np.testing.assert_array_equal(made[~on_picture(treated)], before[~on_picture(treated)])


def test_the_better_the_percentile_the_less_is_left_of_a_spot(strip: PreviewStrip) -> None:
    found, where = pictures(strip), on_picture(spots())
    lightness = [found[name][where].astype(float).mean() for name in ("before.png", *ENDS)]
    assert lightness == sorted(lightness)
    assert lightness[0] < lightness[1] < lightness[3]


def test_a_spot_that_is_gone_leaves_the_skin_that_was_there_before_it() -> None:
    first, blur = seen().marks[0], colour_blur_px(seen().view.place.pupil_px)
    shape = seen().view.rgb.shape[:2]
    clean = analyse_photograph(read_photograph(FACE)).skin
    assert not isinstance(clean, Unknown)
    density = [-np.log(np.maximum(srgb_to_linear(one.view.rgb)[..., 1], 1e-3)) for one in (seen(), clean)]
    true = np.where(first.embed_in(shape, np.ones_like(first.cover)) > 0, density[0] - density[1], 0.0)
    measured = cv2.GaussianBlur(true, (0, 0), blur)[first.window].astype(np.float32)
    known = replace(first, excess=measured, cover=(measured > 0.1).astype(np.float32))
    made = make_strip(plan(improving(100.0, 100.0, 100.0)), replace(seen(), marks=(known,)))
    core = on_picture(cv2.erode((true > 0.4).astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0)
    found = pictures(made)
    now, then = (-np.log(srgb_to_linear(found[name])[..., 1][core]) for name in ("end-p50.png", "before.png"))
    # Two steps of van Cittert leave (1 - g)^3 of what a blur passes by g: in the middle of such a disc about a tenth.
    assert (then - now).mean() == pytest.approx(0.5, rel=0.2)


def test_texture_stays_inside_a_finding(strip: PreviewStrip) -> None:
    # What is multiplied is smoother than a pixel: only rounding to bytes is as fine as the texture.
    before, made = (pictures(strip)[name].astype(float)[..., 1] for name in ("before.png", "end-p90.png"))
    ratio = np.log(made + 1) - np.log(before + 1)
    fine = ratio[1:-1, 1:-1] - (ratio[:-2, 1:-1] + ratio[2:, 1:-1] + ratio[1:-1, :-2] + ratio[1:-1, 2:]) / 4
    texture = np.log(before + 1)
    texture = (
        texture[1:-1, 1:-1] - (texture[:-2, 1:-1] + texture[2:, 1:-1] + texture[1:-1, :-2] + texture[1:-1, 2:]) / 4
    )
    inside = on_picture(spots())[1:-1, 1:-1]
    # Half a level of rounding in each picture, of about 150 levels, five pixels combined: 0.004.
    assert np.abs(fine[inside]).mean() < 0.004
    assert np.abs(texture).mean() > 0.004


def test_the_frequencies_point_the_right_way(strip: PreviewStrip) -> None:
    said = [at(strip, "end", percentile=p).frequency for p in PERCENTILES]
    assert [one.text if one else "" for one in said] == ["9 of 10 see more", "5 of 10 see less", "9 of 10 see less"]
    shares = {row.percentile: row.share_removed for row in strip.change_rows if row.picture in ENDS}
    assert shares == {10: pytest.approx(0.2), 50: pytest.approx(0.5), 90: pytest.approx(0.8)}


def test_no_change_is_drawn_as_none_and_said() -> None:
    made = make_strip(plan(improving(-9.0, 40.0, 100.0)), seen())
    np.testing.assert_array_equal(pictures(made)["end-p10.png"], pictures(made)["before.png"])
    worst, best = at(made, "end", percentile=10), at(made, "end", percentile=90)
    assert worst.frequency is not None
    assert worst.frequency.id == "preview-frequency.none"
    assert best.frequency is not None
    assert best.frequency.id == "preview-frequency.gone-p90"
    assert [note.id for note in worst.notes] == ["preview.no-change"]


def test_a_gain_that_nobody_followed_is_not_drawn_a_year_on(strip: PreviewStrip) -> None:
    for percentile in PERCENTILES:
        later = at(strip, "months", percentile=percentile)
        assert later.picture is None
        assert later.reason is not None
        assert "12 months" in later.reason.text


def test_what_is_kept_of_a_gain_is_drawn_a_year_on() -> None:
    made = make_strip(plan(kept=Estimate(0.5, 0.4, 0.6, 0.8, "pooled")), seen())
    shares = {row.picture: row.share_removed for row in made.change_rows if row.months == 12}
    assert shares == {
        f"months-12-p{p}.png": pytest.approx(share) for p, share in zip(PERCENTILES, (0.1, 0.25, 0.4), strict=True)
    }


def test_signs_vanish_after_their_duration(strip: PreviewStrip) -> None:
    option = {concern.place: concern.first_laser[0] for concern in plan().concerns if concern.first_laser}
    drawn = [row for row in strip.change_rows if row.day is not None]
    assert drawn
    for row in drawn:
        lasts = max(one.high for one in option[row.concern].shows if one.what == "redness")
        assert row.day is not None
        assert row.day <= lasts
    np.testing.assert_array_equal(pictures(strip)["day-30.png"], pictures(strip)["before.png"])


def test_a_sign_is_as_strong_as_its_source_says(strip: PreviewStrip) -> None:
    before, made = (linear_to_lab(srgb_to_linear(pictures(strip)[name])) for name in ("before.png", "day-0.png"))
    cheek = seen().regions.masks["cheek-right"]
    inner = on_picture(cv2.erode(cheek.astype(np.uint8), np.ones((11, 11))) > 0)
    seen_E = float(np.median(np.linalg.norm(made - before, axis=-1)[inner]))
    # Bytes are rounded, a level is about 0.4 of L*, a* or b*; and pixels of the field are not its median.
    assert seen_E == pytest.approx(2.3, abs=0.7)


@pytest.mark.parametrize("stops", [0.0, -1.0, -2.0])
def test_redness_is_as_faint_on_darker_skin(stops: float) -> None:
    rgb = painted().rgb
    dark = analyse_photograph(
        DecodedPhotograph(
            encode_srgb(srgb_to_linear(rgb) * 2.0**stops * np.array([1.0, 2.0 ** (stops / 4), 1.0])), "2" * 64
        )
    )
    assert not isinstance(dark.skin, Unknown)
    drawn, _ = healing_signs([(one, one.first_laser[0]) for one in plan().concerns if one.first_laser], dark.skin)
    # Skin has indices of 0 to 2; a just visible difference is a small part of that, whatever the tone.
    assert drawn
    assert all(0.0 < float(one.map_change.max()) < 0.4 for one in drawn if one.name == "erythema")


@pytest.mark.parametrize(
    ("concern", "improved", "reason"),
    [
        ("fine-lines-periorbital", improving(), "120"),
        ("age-spots", Unknown("Studies counted only how many responded."), "responded"),
    ],
)
def test_what_cannot_be_drawn_says_why_in_place_of_a_picture(
    concern: str, improved: Estimate | Unknown, reason: str
) -> None:
    made = make_strip(plan(improved, only=concern), seen())
    for percentile in PERCENTILES:
        for kind in ("end", "months"):
            panel = at(made, kind, percentile=percentile)
            assert panel.picture is None
            assert reason in " ".join(note.text for note in panel.notes)


def test_no_laser_and_a_plan_of_before_are_said() -> None:
    whole = plan()
    bare = [replace(one, options=tuple(o for o in one.options if o.setup is None)) for one in whole.concerns]
    made = make_strip(replace(whole, concerns=tuple(bare), course=()), seen())
    assert {one.moment.kind for one in made.panels if one.picture is not None} == {"before"}
    assert any(one.reason.id == "preview.no-laser" for one in made.omissions)
    assert at(made, "day", day=0).reason is not None
    old = make_strip(sample(), seen())
    assert any(one.reason.id == "preview.old-plan" for one in old.omissions)


def test_a_spot_that_a_doctor_has_to_see_stays() -> None:
    doubtful = replace(seen(), marks=tuple(replace(mark, needs_examination=True) for mark in seen().marks))
    made = make_strip(plan(only="age-spots"), doubtful)
    assert not any(row.finding for row in made.change_rows)
    assert any(one.reason.id == "preview.seen-by-a-doctor" for one in made.omissions)


def test_harms_have_a_picture_of_their_own_with_their_frequency(strip: PreviewStrip) -> None:
    harms = [one for one in strip.panels if one.moment.kind == "harm"]
    assert harms
    for one in harms:
        assert one.frequency is not None
        assert "of 100" in one.frequency.text
        assert (one.picture != pictures(strip)["before.png"]).any()


def test_every_change_is_traced_to_a_finding_or_a_sign_and_to_sources(strip: PreviewStrip) -> None:
    before = pictures(strip)["before.png"]
    known = bibliography()
    traced = {row.picture for row in strip.change_rows}
    for name, picture in pictures(strip).items():
        assert (picture != before).any() == any(
            row.picture == name and row.share_removed != 0 for row in strip.change_rows
        )
        assert name in traced or (picture == before).all()
    for row in strip.change_rows:
        assert (row.finding is None) != (row.healing_sign is None)
        assert row.sources
        assert set(row.sources) <= {*known, "synthetic2000"}
    assert set(strip.sources) <= {*known, "synthetic2000"}


def test_each_picture_says_what_it_is_and_nothing_of_the_person(strip: PreviewStrip, made: Preview) -> None:
    for name, content in made.files.items():
        if not name.endswith(".png"):
            continue
        with Image.open(io.BytesIO(content)) as picture:
            told = dict(picture.text)
            assert (IPTC_ALTERED in told.get("XML:com.adobe.xmp", "")) == (name != "before.png")
            assert set(told) <= {"Software", "Description", "Title", "XML:com.adobe.xmp"}
            assert "exif" not in picture.info
            if name in strip.files:  # the words stand below, and cover nothing
                shown = strip.files[name].picture
                assert shown is not None
                np.testing.assert_array_equal(np.asarray(picture)[: len(shown)], shown)
                assert (np.asarray(picture)[len(shown) :] < 128).any()


def test_the_document_lists_all_and_holds_no_null(made: Preview) -> None:
    files, whole = made.files, made.document
    assert {"preview.json", "strip.png"} < set(files)
    assert json.loads(files["preview.json"]) == whole
    assert "null" not in json.dumps(whole)
    assert {one["file"] for one in whole["pictures"] if isinstance(one["file"], str)} < set(files)
    assert {one["picture"] for one in whole["changes"]} < set(files)


def test_a_row_for_a_page_says_what_stands_in_it_and_every_picture_stands_in_one(strip: PreviewStrip) -> None:
    rows = render_rows(strip)
    labels = [label for _, row in rows for label in row]
    assert {panel.label.english for panel in strip.files.values()} <= {label.english for label in labels}
    for picture, row in rows:
        assert 1 <= len(row) <= 3  # four would leave words of less than 9 points on the 180 mm of a page
        assert picture.shape[1] == rows[0][0].shape[1]


@pytest.mark.check
def test_the_same_plan_gives_the_same_bytes_and_german_words_change_the_pictures_alone(
    made: Preview,
) -> None:
    assert make_preview(plan(), look()) == made
    with use_language("de"):
        german = make_preview(plan(), look())
    assert german.document == made.document
    assert german.files["strip.png"] != made.files["strip.png"]


def test_a_photograph_without_a_face_is_an_unknown_with_every_key(
    made: Preview,
) -> None:
    blank = analyse_photograph(DecodedPhotograph(np.full((200, 200, 3), 128, np.uint8), "1" * 64))
    none = make_preview(plan(), blank)
    assert not none.files
    assert not none.rows
    assert set(none.document) == set(made.document)
    assert "unknown" in none.document["strip"]


@pytest.mark.parametrize(
    ("content", "code"), [("{", "not-json"), ("[]", "not-a-plan"), ('{"schema": 1}', "not-a-plan")]
)
def test_what_is_no_plan_is_refused(tmp_path: Path, content: str, code: str) -> None:
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(InputError) as caught:
        preview_document(FACE, tmp_path / "plan.json", tmp_path / "out")
    assert caught.value.code == code
    assert not (tmp_path / "out").exists()


@pytest.mark.check
def test_a_plan_in_a_file_makes_the_same_pictures(tmp_path: Path) -> None:
    made = plan()
    (tmp_path / "plan.json").write_text(json.dumps(made.document))
    Image.fromarray(painted().rgb).save(tmp_path / "face.png")
    whole = preview_document(tmp_path / "face.png", tmp_path / "plan.json", tmp_path / "out")
    assert {file.name for file in (tmp_path / "out").iterdir()} >= {"strip.png", "preview.json", *ENDS}
    assert whole["plan_sha256"] == made.plan_sha256
    Image.fromarray(np.full((200, 200, 3), 128, np.uint8)).save(tmp_path / "grey.png")
    with pytest.raises(NotAvailable):
        preview_document(tmp_path / "grey.png", tmp_path / "plan.json", tmp_path / "none")


PIGMENT = st.tuples(st.floats(0.01, 0.3), st.floats(0.003, 0.05))


@given(PIGMENT, st.sampled_from(["melanin", "haemoglobin"]), st.floats(-0.3, 0.3))
def test_a_unit_of_pigment_is_one_of_green_density_and_its_colour_that_of_the_optics(
    held: tuple[float, float], name: str, added: float
) -> None:
    melanin, blood = (np.asarray(np.log(value)) for value in held)
    factor = PigmentLevels(melanin, blood).ln_factor({name: added})
    colours = skin_colour_grid()
    green = slice(1, 2)
    most, least = (
        float((colours.read(*ends, green) - colours.read(melanin, blood, green))[0])
        for ends in (
            ((colours.ln_melanin[end], blood) if name == "melanin" else (melanin, colours.ln_blood[end]))
            for end in (0, -1)
        )
    )
    if least + 0.02 < -added < most - 0.02:  # what the table can make
        # Five steps of Newton on a smooth curve, read between points 3 % apart.
        assert factor[1] == pytest.approx(-added, abs=0.01)
    if added != 0 and abs(factor[1]) > 1e-6:
        assert np.sign(factor[1]) == -np.sign(added)
        assert (np.sign(factor) == -np.sign(added)).sum() >= 2


@given(st.integers(0, 2**32 - 1), st.floats(-0.5, 0.5))
def test_pixels_that_are_not_touched_are_kept(seed: int, by: float) -> None:
    rng = np.random.default_rng(seed)
    rgb = rng.integers(0, 256, (6, 7, 3), dtype=np.uint8)
    touched = rng.random((6, 7)) < 0.4
    made = multiply_light(rgb, np.full((6, 7, 3), by, np.float32), touched)
    np.testing.assert_array_equal(made[~touched], rgb[~touched])
    same = multiply_light(rgb, np.zeros((6, 7, 3), np.float32), np.ones((6, 7), bool))
    np.testing.assert_array_equal(same, rgb)


def test_the_assumption_moves_the_picture_and_its_ends_do_not_cross() -> None:
    made = {power: make_strip(plan(only="age-spots"), seen(), exponent=power) for power in (0.5, 1.0, 2.0)}
    shares = [next(row.share_removed for row in one.change_rows if row.percentile == 50) for one in made.values()]
    assert shares == sorted(shares, reverse=True)  # type: ignore[type-var]
    assert shares[0] == pytest.approx(0.5**0.5)


def test_a_file_is_the_same_each_time() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    assert encode_png(picture, altered=True) == encode_png(picture, altered=True)
