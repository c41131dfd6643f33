"""Pictures of an expected result: what changes, what stays to the bit, how often, and what is not drawn."""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from preview_samples import FACE, improving, look, painted, plan, seen
from report_samples import sample

from skinbeam.api.preview import Preview, make_preview, make_preview_page, preview_photo, read_plan_file
from skinbeam.model.document import pretty_json
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.sources import bibliography
from skinbeam.photo.analysis import analyse_photograph
from skinbeam.photo.colour import linear_to_lab, srgb_to_linear
from skinbeam.photo.decoding.photograph import DecodedPhotograph
from skinbeam.photo.face.face import face_view
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.pigment_maps.pigment_density import colour_blur_px
from skinbeam.photo.pigment_maps.skin_colours import skin_colour_grid
from skinbeam.plan_records.plan import HarmShare, Option
from skinbeam.preview.harms import harm_signs
from skinbeam.preview.light_changes import LightChanges, visible_difference
from skinbeam.preview.panels import make_strip
from skinbeam.preview.removals import is_on_site, most_counted_pct
from skinbeam.preview.rendering import PigmentLevels, make_frame, multiply_light
from skinbeam.preview.settings import setting
from skinbeam.preview.sheet import IPTC_ALTERED, encode_png
from skinbeam.preview.strip import PERCENTILES, HarmSign, Panel, PreviewStrip, UndrawnHarm
from skinbeam.preview.study_names import name_studies
from skinbeam.preview.undrawn_harms import find_undrawn_harms, read_undrawn_harm, undrawn_harm_messages
from skinbeam.text import Message, use_document_language, use_language

ENDS = [f"end-p{percentile}.png" for percentile in PERCENTILES]


@pytest.fixture(scope="module")
def strip() -> PreviewStrip:
    return make_strip(plan(), seen())


@pytest.fixture(scope="module")
def made() -> Preview:
    return make_preview(plan(), look())


def test_a_page_is_made_without_the_files_and_is_the_same(made: Preview) -> None:
    page = make_preview_page(plan(), look())
    assert (page.page, page.page_pictures) == (made.page, made.page_pictures)
    assert page.page_pictures
    assert (dict(page.files), bool(made.files)) == ({}, True)


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
    frame = make_frame(seen().view)
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


def test_the_better_the_percentile_the_less_is_left_of_a_spot(strip: PreviewStrip) -> None:
    found, where = pictures(strip), on_picture(spots())
    lightness = [found[name][where].astype(float).mean() for name in ("before.png", *ENDS)]
    assert lightness == sorted(lightness)
    assert lightness[0] < lightness[1] < lightness[3]


def test_a_spot_that_is_gone_leaves_the_skin_that_was_there_before_it() -> None:
    first, blur = seen().marks[0], colour_blur_px(seen().view.place.pupil_px)
    shape, face = seen().view.rgb.shape[:2], seen().face
    assert face is not None
    views = [face_view(one.rgb, face) for one in (painted(), painted(0.0))]
    density = [-np.log(np.maximum(srgb_to_linear(one.rgb)[..., 1], 1e-3)) for one in views]
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
    frequencies = [at(strip, "end", percentile=p).frequency for p in PERCENTILES]
    assert [one.text if one else "" for one in frequencies] == [
        "9 of 10 people gain more than this",
        "5 of 10 people gain more, 5 gain less",
        "1 of 10 people gain more than this",
    ]
    shares = {row.percentile: row.share_removed for row in strip.change_rows if row.picture in ENDS}
    assert shares == {10: pytest.approx(0.2), 50: pytest.approx(0.5), 90: pytest.approx(0.8)}


def test_no_change_is_drawn_as_none_and_stated() -> None:
    made = make_strip(plan(improving(-9.0, 40.0, 100.0)), seen())
    np.testing.assert_array_equal(pictures(made)["end-p10.png"], pictures(made)["before.png"])
    worst, best = at(made, "end", percentile=10), at(made, "end", percentile=90)
    assert worst.frequency is not None
    assert worst.frequency.id == "preview-frequency.none"
    assert best.frequency is not None
    assert best.frequency.id == "preview-frequency.bounded"


def test_a_gain_that_nobody_followed_is_not_drawn_a_year_on(strip: PreviewStrip) -> None:
    for percentile in PERCENTILES:
        later = at(strip, "months", percentile=percentile)
        assert later.picture is None
        assert later.reason is not None
        assert "12 months" in later.reason.text


def test_what_is_kept_of_a_gain_is_drawn_a_year_on() -> None:
    made = make_strip(plan(durability=Estimate(0.5, 0.4, 0.6, 0.8, "pooled")), seen())
    shares = {row.picture: row.share_removed for row in made.change_rows if row.months == 12}
    assert shares == {
        f"months-12-p{p}.png": pytest.approx(share) for p, share in zip(PERCENTILES, (0.1, 0.25, 0.4), strict=True)
    }


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


def test_no_laser_and_a_plan_of_before_are_stated() -> None:
    whole = plan()
    bare = [replace(one, options=tuple(o for o in one.options if o.setup is None)) for one in whole.concerns]
    made = make_strip(replace(whole, concerns=tuple(bare), course=()), seen())
    assert {one.moment.kind for one in made.panels if one.picture is not None} == {"before"}
    assert any(one.reason.id == "preview.no-laser" for one in made.omissions)
    assert at(made, "day", day=0).reason is not None
    old = make_strip(sample(), seen())
    assert any(one.reason.id == "preview.old-plan" for one in old.omissions)


def test_a_spot_that_a_doctor_has_to_see_stays() -> None:
    doubtful = replace(seen(), marks=tuple(replace(mark, looks_suspicious=True) for mark in seen().marks))
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
        if name.startswith("close-up"):
            continue
        assert (picture != before).any() == any(
            row.picture == name and row.share_removed != 0 for row in strip.change_rows
        )
        assert name in traced or (picture == before).all()
    for row in strip.change_rows:
        assert (row.finding is None) != (row.harm is None)
        assert row.sources
        assert set(row.sources) <= {*known, "synthetic2000"}
    assert set(strip.sources) <= {*known, "synthetic2000"}


def test_each_picture_says_what_it_is_and_nothing_of_the_person(strip: PreviewStrip, made: Preview) -> None:
    for name, content in made.files.items():
        if not name.endswith(".png"):
            continue
        with Image.open(io.BytesIO(content)) as picture:
            metadata = dict(picture.text)
            assert (IPTC_ALTERED in metadata.get("XML:com.adobe.xmp", "")) == (not name.endswith("before.png"))
            assert set(metadata) <= {"Software", "Description", "Title", "XML:com.adobe.xmp"}
            assert "exif" not in picture.info
            if name in strip.files:  # the words stand below, and cover nothing
                shown = strip.files[name].picture
                assert shown is not None
                np.testing.assert_array_equal(np.asarray(picture)[: len(shown)], shown)
                assert (np.asarray(picture)[len(shown) :] < 128).any()


def test_the_document_lists_all_and_holds_no_null(made: Preview) -> None:
    files, whole = made.files, made.report.to_dict()
    assert {"preview.json", "strip.png"} < set(files)
    assert json.loads(files["preview.json"]) == whole
    assert "null" not in json.dumps(whole)
    assert {one["file"] for one in whole["pictures"] if isinstance(one["file"], str)} < set(files)
    assert {one["picture"] for one in whole["changes"]} < set(files)


def test_the_figure_of_a_preview_has_a_row_for_each_gain_and_harm_that_is_drawn(made: Preview) -> None:
    gains, harms = made.report.plot().axes
    assert not isinstance(made.report.changes, Unknown)
    assert len(gains.get_yticks()) == len({one.concern for one in made.report.changes if one.estimate is not None}) > 0
    drawn = {(one.harm, one.concern) for one in made.report.changes if one.harm is not None}
    assert len(harms.get_yticks()) == len(drawn) > 0
    with pytest.raises(NotAvailable, match="no picture changes anything"):
        replace(made.report, changes=()).plot()


@pytest.mark.check
def test_the_same_plan_gives_the_same_bytes_and_german_words_change_the_pictures_alone(
    made: Preview,
) -> None:
    assert make_preview(plan(), look()) == made
    with use_language("de"):
        german = make_preview(plan(), look())
    assert german.report == made.report
    assert german.files["strip.png"] != made.files["strip.png"]


@pytest.mark.check
def test_a_document_in_german_has_no_english_sentence(made: Preview) -> None:
    with use_document_language("de"):
        german = make_preview(plan(), look()).report.to_dict()
    english = set(sentences(made.report.to_dict()))
    assert len(english) > 5
    shared = english & set(sentences(german))
    assert not {one for one in shared if not one.startswith(("Synthetic:", "no trial"))}  # texts of the sample plan
    assert len(list(sentences(german))) == len(list(sentences(made.report.to_dict())))


def sentences(held: Any) -> Iterator[str]:
    """Yield each text of several words in a document, but for the names of concerns that programs read."""
    if isinstance(held, str):
        if " " in held:
            yield held
    elif isinstance(held, dict):
        for key, one in held.items():
            if key != "concern":
                yield from sentences(one)
    elif isinstance(held, list):
        for one in held:
            yield from sentences(one)


def test_a_photograph_without_a_face_is_an_unknown_with_every_key(
    made: Preview,
) -> None:
    blank = analyse_photograph(DecodedPhotograph(np.full((200, 200, 3), 128, np.uint8), "1" * 64))
    none = make_preview(plan(), blank)
    assert not none.files
    assert none.page is None
    assert set(none.report.to_dict()) == set(made.report.to_dict())
    assert isinstance(none.report.strip, Unknown)


@pytest.mark.parametrize(
    ("content", "code"), [("{", "not-json"), ("[]", "not-a-plan"), ('{"schema": 1}', "not-a-plan")]
)
def test_what_is_no_plan_is_refused(tmp_path: Path, content: str, code: str) -> None:
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(InputError) as caught:
        preview_photo(FACE, tmp_path / "plan.json", tmp_path / "out").to_dict()
    assert caught.value.code == code
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("language", ["en", "de"])
def test_an_altered_plan_is_refused_in_each_language(tmp_path: Path, language: str) -> None:
    """Also one without the hash of its content, one whose sentence alone was altered, and one of another name."""
    file = tmp_path / "plan.json"
    written = json.loads(pretty_json(plan().document_in(language)))
    file.write_text(json.dumps(written))
    assert read_plan_file(file).plan_sha256 == plan().plan_sha256
    ranked, worded, named, bare = (json.loads(json.dumps(written)) for _ in range(4))
    ranked["concerns"][0]["options"][0]["rank"] += 1
    worded["intended_use"]["text"] += "!"
    named["plan_sha256"] = "0" * 64
    del bare["plan_sha256" if language == "en" else "translation_sha256"]
    for altered in (ranked, worded, named, bare):
        file.write_text(json.dumps(altered))
        with pytest.raises(InputError) as caught:
            read_plan_file(file)
        assert caught.value.code == "altered-plan"
    assert '"plan.json" cannot be checked' in str(caught.value)


@pytest.mark.check
def test_a_plan_in_a_file_makes_the_same_pictures(tmp_path: Path) -> None:
    made = plan()
    (tmp_path / "plan.json").write_text(json.dumps(made.document))
    Image.fromarray(painted().rgb).save(tmp_path / "face.png")
    whole = preview_photo(tmp_path / "face.png", tmp_path / "plan.json", tmp_path / "out").to_dict()
    assert {file.name for file in (tmp_path / "out").iterdir()} >= {"strip.png", "preview.json", *ENDS}
    assert whole["plan_sha256"] == made.plan_sha256
    Image.fromarray(np.full((200, 200, 3), 128, np.uint8)).save(tmp_path / "grey.png")
    with pytest.raises(NotAvailable):
        preview_photo(tmp_path / "grey.png", tmp_path / "plan.json", tmp_path / "none").to_dict()


PIGMENT = st.tuples(st.floats(0.01, 0.3), st.floats(0.003, 0.05))


def test_a_picture_without_a_change_is_not_called_a_gain() -> None:
    """Wherever it has a name: in the strip, its close-ups and its document."""
    made = make_preview(plan(improving(-9.0, 40.0, 100.0), only="age-spots"), look())
    assert isinstance(made.report.pictures, tuple)
    assert isinstance(made.report.close_ups, tuple)
    gains = [one for one in made.report.pictures if one.at == "end"]
    gains += [one for close_up in made.report.close_ups if not close_up.harm for one in close_up.pictures]
    assert {one.label for one in gains if one.percentile == 10} == {"No gain"}
    assert {one.label for one in gains if one.percentile in (50, 90)} == {"Middle gain", "Much gain"}
    assert made.page is not None
    labels = [picture.label for row in made.page.gains for picture in row.pictures]
    assert "Little gain" not in labels
    assert "No gain" in labels


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


def changes() -> LightChanges:
    maps = seen().maps
    assert not isinstance(maps, Unknown)
    return LightChanges.from_analysis(seen(), maps)


def red_cheek() -> Mark:
    """A red area with a hard edge, as a finding is stored: the middle of the cheek."""
    there = cv2.erode(seen().regions.masks["cheek-right"].astype(np.uint8), np.ones((5, 5), np.uint8))
    y, x = np.nonzero(there)
    window = slice(y.min(), y.max() + 1), slice(x.min(), x.max() + 1)
    cover = there[window].astype(np.float32)
    return replace(
        seen().marks[0],
        kind="redness",
        map_name="haemoglobin",
        region="cheek-right",
        origin=(int(x.min()), int(y.min())),
        cover=cover,
        excess=0.3 * cover,
    )


def reddened(mark: Mark) -> LightChanges:
    """The portrait's light with so much more blood where a mark is."""
    plain = changes()
    blood = plain.of_map("haemoglobin", mark.embed_in(plain.skin.shape, mark.excess))
    return replace(plain, light=plain.light * np.exp(blood))


def test_redness_leaves_without_a_change_of_lightness_and_never_past_the_colour_of_plain_skin() -> None:
    mark = red_cheek()
    found = reddened(mark)
    change = found.of_removal([mark], "haemoglobin")
    there = np.abs(change).max(axis=-1) > 0
    assert there.any()
    before = found.light[there]
    after = before * np.exp(change[there])
    weights = np.array([0.2126, 0.7152, 0.0722])
    # A share of a change in ln is not quite a share of light: the rest is of second order in at most 0.3.
    np.testing.assert_allclose(after @ weights, before @ weights, rtol=0.3**2 / 2)
    hue = [np.arctan2(*np.median(linear_to_lab(light), axis=0)[[2, 1]]) for light in (before, after)]
    plain = np.median(linear_to_lab(found.light[found.skin & ~there]), axis=0)
    assert hue[1] >= hue[0]
    # Each halving leaves 1/256 of the change; the colours are those of the whole area.
    assert hue[1] <= max(hue[0], np.arctan2(plain[2], plain[1])) + 0.01


def test_skin_that_is_no_redder_than_the_rest_is_not_made_yellow() -> None:
    assert not changes().of_removal([red_cheek()], "haemoglobin").any()


def test_an_area_has_no_outline() -> None:
    mark = red_cheek()
    amount = np.abs(reddened(mark).of_removal([mark], "haemoglobin")).max(axis=-1)
    where = mark.embed_in(amount.shape, mark.cover) > 0
    rim = where & ~(cv2.erode(where.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0)
    # The cubic rises by 3 r^2 - 2 r^3: a pixel inside an edge that is five wide it is a tenth.
    assert np.median(amount[rim]) < 0.2 * np.percentile(amount[where], 90)


def test_no_mark_becomes_lighter_than_the_skin_around_it() -> None:
    found, mark = changes(), seen().marks[0]
    exaggerated = replace(mark, excess=4.0 * mark.excess)
    change = found.of_removal([exaggerated], mark.map_name)
    ln_light = np.log(np.maximum(found.light, 1e-3))
    where = mark.embed_in(found.skin.shape, mark.cover) > 0.5
    near = cv2.dilate(where.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    ring = near & found.skin & ~(np.abs(change).max(axis=-1) > 0)
    after = (ln_light + change)[where].mean(axis=0)
    around, texture = ln_light[ring].mean(axis=0), ln_light[ring].std(axis=0)
    assert (change >= 0).all()
    # The ring is narrower than the Gaussian that the limit uses; both are plain skin within its texture, told twice.
    assert (after <= around + 2 * texture).all()


@pytest.mark.parametrize("condition", ["age-spots", "wrinkles", "facial-telangiectasia"])
def test_no_more_is_drawn_than_trials_printed(condition: str) -> None:
    assert 0 < most_counted_pct(condition) < 100


def test_nothing_is_stated_to_be_gone_and_marks_that_stay_are_named() -> None:
    made = make_strip(plan(improving(100.0, 100.0, 100.0)), seen())
    shares = [row.share_removed for row in made.change_rows if row.percentile is not None]
    assert shares
    assert all(share is not None and share <= most_counted_pct("age-spots") / 100 for share in shares)
    words = " ".join(
        message.text
        for panel in made.files.values()
        for message in (panel.label, *panel.notes, *((panel.frequency,) if panel.frequency else ()))
    )
    assert "gone" not in words.lower()
    assert any(note.id == "preview.changed" and "stay as they are" in note.text for note in made.notes)
    assert any(note.id == "preview.bounded" for note in made.notes)


def test_days_are_stated_in_words_and_never_shown_as_an_untreated_face(strip: PreviewStrip) -> None:
    days = [panel for panel in strip.panels if panel.moment.kind == "day"]
    assert [panel.picture for panel in days] == [None] * 5
    assert all(panel.reason is not None for panel in days)
    assert any(panel.notes for panel in days)


def test_a_harm_is_drawn_clearly_and_enlarged_like_a_gain(strip: PreviewStrip) -> None:
    found = changes()
    treated = [(concern, concern.first_laser[0]) for concern in plan().concerns if concern.first_laser]
    drawn = [sign for sign in harm_signs(treated, seen(), found) if isinstance(sign, HarmSign)]
    assert drawn
    for sign in drawn:
        # The size holds for the median colour of the field; single pixels of it are lighter or darker.
        assert visible_difference(found.light, sign.ln_light) > 2 * setting("size", "seen_E")
    close_ups = {close_up.harm: close_up for close_up in strip.close_ups}
    assert set(close_ups) == {True, False}
    assert [len(close_ups[harm].panels) for harm in (False, True)] == [1 + len(PERCENTILES), 2]
    for close_up in strip.close_ups:
        shown = [panel.picture for panel in close_up.panels]
        assert shown[0] is not None
        assert all(picture is not None and picture.shape == shown[0].shape for picture in shown)
        assert shown[-1] is not None
        assert (shown[-1] != shown[0]).any()


def test_neck_and_decolletage_are_no_part_of_a_full_face() -> None:
    assert is_on_site("nose", "full-face")
    assert not is_on_site("neck", "full-face")
    assert not is_on_site("decolletage", "full-face")
    assert is_on_site("decolletage", "decolletage")


def test_a_gain_beyond_what_trials_printed_is_never_stated_to_split_people_in_halves() -> None:
    made = make_strip(plan(improving(20.0, 100.0, 100.0), only="age-spots"), seen())
    frequency = at(made, "end", percentile=50).frequency
    assert frequency is not None
    assert frequency.text == "5 of 10 people gain this much or more"


def test_nothing_shows_any_more_is_stated_only_where_the_plan_knows_how_long_it_shows() -> None:
    whole = plan(only="age-spots")

    def shown(days: Unknown | str) -> set[str]:
        def with_days(option: Option) -> Option:
            told = option.shows_days
            shows = days if isinstance(days, Unknown) or isinstance(told, Unknown) else replace(told, what=days)
            return replace(option, shows_days=shows, downtime_days=Unknown("?"), purpura_days=None, healing=())

        concerns = tuple(replace(one, options=tuple(map(with_days, one.options))) for one in whole.concerns)
        panel = at(make_strip(replace(whole, concerns=concerns), seen()), "day", day=30)
        return {panel.reason.id} if panel.reason else set()

    assert shown("trials") == {"preview.day-over"}
    assert shown("calendar") == {"preview.day-unknown"}  # the leaflet says "28 days or more"
    assert shown(Unknown("?")) == {"preview.day-unknown"}


def test_a_harm_that_cannot_be_drawn_on_the_likeliest_concern_is_drawn_on_another() -> None:
    concern, option = next((one, one.first_laser[0]) for one in plan(only="age-spots").concerns if one.first_laser)
    unseen = replace(concern, site="hands")
    likely = replace(
        option, harms=(HarmShare("pih", Estimate(0.5, 0.4, 0.6, 0.9, "pooled"), Message("preview.nothing")),)
    )
    rare = replace(
        option, harms=(HarmShare("pih", Estimate(0.1, 0.0, 0.2, 0.9, "pooled"), Message("preview.nothing")),)
    )
    drawn = [
        one for one in harm_signs([(unseen, likely), (concern, rare)], seen(), changes()) if isinstance(one, HarmSign)
    ]
    assert any(one.name == "dark-mark" and one.frequency.median == 0.1 for one in drawn)


def harm(name: str, p: Estimate | Unknown) -> HarmShare:
    return HarmShare(name, p, Message("preview.nothing"))


def test_harms_without_a_picture_stand_beside_the_drawn_ones_with_their_counts() -> None:
    whole = plan(only="age-spots")
    shares = (
        harm("pih", Estimate(0.1, 0.05, 0.2, 0.9, "pooled")),
        harm("scar", Estimate(0.02, 0.004, 0.06, 0.9, "pooled")),
        harm("prolonged-erythema", Unknown("No trial counted it.")),
        harm("burn-if-cooling-fails", Estimate(0.5, 0.4, 0.6, 0.9, "modelled")),
    )
    concerns = tuple(
        replace(one, options=tuple(replace(option, harms=shares, p_purpura=None) for option in one.options))
        for one in whole.concerns
    )
    made = make_preview(replace(whole, concerns=concerns), look())
    drawn = {change["harm"] for change in json.loads(made.files["preview.json"])["changes"] if "harm" in change}
    assert drawn == {"dark-mark"}
    assert made.page is not None
    beside = " ".join(made.page.undrawn_harms)
    assert "a scar 2 (under 1 to 6)" in beside
    assert "long-lasting redness" in beside
    assert "dark marks" not in beside
    assert "burn" not in beside
    assert any("long-lasting redness. No trial counted it." in footnote for footnote in made.page.footnotes)
    listed = made.report.to_dict()["harms_not_drawn"]
    assert [(one["harm"], "unknown" in one["p"]) for one in listed] == [("scar", False), ("prolonged-erythema", True)]


def test_patients_read_the_name_of_a_study_and_not_its_key() -> None:
    """The reason is stored with the key: the leaflet's pages of the preview have no list of sources to look it up."""
    reason = "Left out: wattanakrai2012 (change in the units of a device, not in per cent)."
    for language, said in (("en", "Wattanakrai 2012 (change"), ("de", "Wattanakrai 2012 (")):
        with use_language(language):
            made = make_preview(plan(improved=Unknown(reason)), look())
            assert made.page is not None
            notes = " ".join(made.page.footnotes)
        assert said in notes
        assert not set(re.findall(r"\w+", notes)) & set(bibliography())


def test_pictures_and_report_round_a_share_to_the_same_people_of_100() -> None:
    """0.6 of 100 is 1 in the report: beside a picture it was below 1."""
    share = Estimate(0.006, 0.002, 0.997, 0.9, "pooled")
    (words,) = undrawn_harm_messages([UndrawnHarm("scar", "melasma", "ablative", share)])
    assert "1 (under 1 to over 99)" in words.text


def test_a_study_of_unread_authors_is_named_by_its_title() -> None:
    assert name_studies("as in m22freckles2019 (no control)").startswith("as in “")
    assert name_studies("a word of every day") == "a word of every day"


def test_a_dark_mark_of_unknown_rate_is_named_beside_the_drawn_one_of_another_concern() -> None:
    concern, option = next((one, one.first_laser[0]) for one in plan(only="age-spots").concerns if one.first_laser)
    counted = replace(option, harms=(harm("pih", Estimate(0.1, 0.0, 0.2, 0.9, "pooled")),), p_purpura=None)
    uncounted = replace(option, modality="ablative", harms=(harm("pih", Unknown("No trial counted it.")),))
    found = find_undrawn_harms([(concern, counted), (concern, replace(uncounted, p_purpura=None))], {"pih": 0.1})
    assert [(one.harm, one.treatment) for one in found] == [("pih", "ablative")]
    assert [read_undrawn_harm(json.loads(pretty_json(one))) for one in found] == list(found)


def test_a_harm_that_is_likelier_where_the_photograph_does_not_show_it_is_named_with_its_share() -> None:
    concern, option = next((one, one.first_laser[0]) for one in plan(only="age-spots").concerns if one.first_laser)
    likelier = replace(option, harms=(harm("pih", Estimate(0.2, 0.1, 0.3, 0.9, "pooled")),), p_purpura=None)
    (named,) = find_undrawn_harms([(concern, likelier)], {"pih": 0.1})
    assert named.p == likelier.harms[0].p
    assert find_undrawn_harms([(concern, likelier)], {"pih": 0.2}) == ()


def test_without_a_counted_improvement_nothing_is_drawn_and_the_reason_is_stated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("skinbeam.preview.removals.most_counted_pct", lambda _condition: 0.0)
    made = make_strip(plan(only="age-spots"), seen())
    assert not any(row.finding for row in made.change_rows)
    assert {one.reason.id for one in made.omissions} >= {"preview.no-counted-gain"}


def test_a_gain_that_no_eye_sees_is_not_drawn_but_named() -> None:
    faint = replace(seen(), marks=tuple(replace(mark, excess=0.03 * mark.excess) for mark in seen().marks))
    made = make_strip(plan(only="age-spots"), faint)
    assert not any(row.finding for row in made.change_rows)
    assert any(omission.reason.id == "preview.too-faint" for omission in made.omissions)
