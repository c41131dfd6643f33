"""Leaflet, consent form and report in German: the same plan, said in another language."""

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader
from report_samples import draw_and_write_report, sample, sample_figures, sample_plan

from skinbeam.model.conditions import known_conditions, known_names
from skinbeam.plan_records.course import DeviceSetting, DeviceSetup, MicrobeamSetting
from skinbeam.plan_records.document import StoredMessage
from skinbeam.plan_records.plan import Medicine
from skinbeam.report.consent_form import make_consent, teach_back_questions
from skinbeam.report.formatting import display_value
from skinbeam.report.graphics.figure_data import FigureData
from skinbeam.report.overview import setting_line
from skinbeam.report.report_files import make_leaflet, render_html
from skinbeam.response.records import TargetValue
from skinbeam.text import Message, catalogue, render_message, translate, translate_record, use_language

LETTERS = re.compile(r"[A-Za-z]+")


def words_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def english_in(text: str) -> list[str]:
    """Sentences of the English catalogue that stand in a text, whatever their parameters are."""
    found = []
    for sentence in catalogue().values():
        parts = [part.strip() for part in re.split(r"\{\w+\}", sentence)]
        long = [part for part in parts if len(LETTERS.findall(part)) > 3]
        if long and all(part in text for part in parts):
            found.append(sentence)
    return found


def test_the_share_of_the_skin_under_the_beams_has_the_decimal_sign_of_the_language() -> None:
    columns = MicrobeamSetting(energy_mJ=7.4, diameter_um=60.0, density_per_cm2=1200.0, profile="gaussian")
    setup = DeviceSetup("", "", 1550.0, None, DeviceSetting(1550.0, 1.0, microbeam=columns))
    # Columns of 60 µm at random places: 1 − exp(−1200 π (30 µm)² / cm²) = 3.3 %.
    assert "3.3 % of the skin" in setting_line(setup)
    with use_language("de"):
        assert "3,3 % der Haut" in setting_line(setup)


def test_a_german_name_begins_with_a_capital_where_the_english_one_does() -> None:
    """A heading read "schlaffe Haut, Kieferlinie": the leaflet has these words within a sentence."""
    with use_language("de"):
        for kind in ("condition", "site", "modality"):
            for record in known_names(kind).values():
                own = translate(record.title[:1].upper() + record.title[1:])
                assert own[:1].isupper() or own[:1].isdecimal(), own
        assert (translate("Neck"), translate("focused ultrasound")) == ("Hals", "fokussierter Ultraschall")


def test_what_a_medicine_was_read_as_has_a_name_in_german() -> None:
    """ "Eliquis" was read as "direct-anticoagulant"."""
    person = replace(sample().assessment, medications=(Medicine("Eliquis", 0.0, ("direct-anticoagulant",), (), ()),))
    with use_language("de"):
        page = render_html(replace(sample(), assessment=person), FigureData())
    assert "ein direktes orales Antikoagulans" in page
    assert "direct-anticoagulant" not in page


def test_a_german_word_that_is_wider_than_its_column_is_divided(tmp_path: Path) -> None:
    """ "Gesichtsäderchen," ran into the name of the laser beside it."""
    with use_language("de"):
        draw_and_write_report(sample(), sample_figures(), tmp_path)
        assert "Gesichtsäderchen" in translate(sample().concerns[0].title)
    assert re.search(r"Ge\W+sichtsäderchen", PdfReader(tmp_path / "report.pdf").pages[0].extract_text())


@pytest.mark.parametrize("paper", ["leaflet", "consent"])
def test_what_a_patient_reads_holds_no_english_sentence(paper: str) -> None:
    plan = sample()
    concern = next(one for one in plan.concerns if one.first_laser)
    assert concern.first_laser is not None
    with use_language("de"):
        translated = translate_record(plan)
        place = plan.concerns.index(concern)
        option = translated.concerns[place].options[concern.options.index(concern.first_laser[0])]
        pdf = make_leaflet(plan) if paper == "leaflet" else make_consent(translated, translated.concerns[place], option)
    words = words_of(pdf)
    assert not english_in(words)
    assert {"leaflet": "Pflegen Sie Ihre Haut", "consent": "Ihre Entscheidung"}[paper] in words
    assert PdfReader(io.BytesIO(pdf)).trailer["/Root"]["/Lang"] == "de"
    assert plan.plan_sha256[:12] in words


def test_the_same_in_english_is_seen_to_be_english() -> None:
    plan = sample()
    concern = next(one for one in plan.concerns if one.first_laser)
    assert concern.first_laser is not None
    assert english_in(words_of(make_consent(plan, concern, concern.first_laser[0])))


def test_the_report_is_in_the_language_that_is_spoken() -> None:
    plan = sample()
    with use_language("de"):
        page = render_html(plan, FigureData())
        title, concern = render_message("report.title"), translate(plan.concerns[0].title)
    assert '<html lang="de">' in page
    assert title in page
    assert concern in page
    assert plan.concerns[0].title not in page


def test_another_language_leaves_the_plan_and_its_name_as_they_are() -> None:
    plan = sample()
    with use_language("de"):
        assert translate_record(plan).plan_sha256 == plan.plan_sha256 == sample().plan_sha256
        assert sample().document == plan.document
        assert translate_record(plan).concerns[0].title != plan.concerns[0].title
    assert translate_record(plan) is plan
    assert plan.document["plan_sha256"] == sample_plan()["plan_sha256"]


def test_what_is_right_to_answer_stands_at_the_same_place_in_each_language() -> None:
    plan = sample()
    option = next(one.first_laser[0] for one in plan.concerns if one.first_laser)
    english = teach_back_questions(plan, option)
    with use_language("de"):
        german = teach_back_questions(translate_record(plan), option)
    assert [one.right_index for one in german] == [one.right_index for one in english]
    assert all(one.question != other.question for one, other in zip(german, english, strict=True))


def test_a_text_is_found_again_by_its_english() -> None:
    with use_language("de"):
        assert translate("Visible facial veins") == "Sichtbare Gesichtsäderchen"
        assert translate("visible facial veins") == "sichtbare Gesichtsäderchen"
        assert translate("cheeks, nose") == "Wangen, Nase"
        assert translate("10,600 nm") == "10.600 nm"
        assert translate("below 0.5") == "unter 0,5"
        assert translate("Vbeam 1.5, room 2") == "Vbeam 1.5, room 2"  # what a clinic calls its device
    assert translate("Visible facial veins") == "Visible facial veins"


@pytest.mark.parametrize(
    ("reason", "params"),
    [
        ("not-calibrated", {"device": "Erbium fibre laser, 1550 nm, fractional"}),
        ("no-sign", {"reaction": "Redness"}),
        ("incomplete", {}),
    ],
)
def test_what_is_told_of_an_earlier_session_is_german_in_a_stored_plan(reason: str, params: dict[str, object]) -> None:
    """ "Frühere Sitzung 1: Published doses do not show ..." stood on the page of a plan."""
    entry, why = Message("learned.session", {"number": 1}), Message(f"learned.{reason}", params)
    stored = Message("learned.not-learned", {"entry": entry, "reason": why}).text
    with use_language("de"):
        told = translate(stored)
        expected = [translate(part.text) for part in (entry, why)]
    assert told == ": ".join(expected)
    assert not {"Published", "Redness", "length"} & set(told.replace(":", "").split())


def test_a_sentence_that_the_catalogue_no_longer_says_stays_as_it_was_written() -> None:
    now = StoredMessage("number.below", {"least": 0.5}, "below 0.5")
    old = StoredMessage("number.below", {"least": 0.5}, "less than 0.5")
    gone = StoredMessage("number.gone", {}, "It was said so.")
    with use_language("de"):
        assert [one.text for one in (now, old, gone)] == ["unter 0,5", "less than 0.5", "It was said so."]
        assert now.english == "below 0.5"


def test_a_parameter_that_was_written_is_read_back() -> None:
    inner = Message("number.below", {"least": 12345.0})
    outer = Message("number.unknown", {"reason": inner})
    record = {"id": inner.id, "params": dict(inner.params), "text": inner.text}
    with use_language("de"):
        assert StoredMessage(outer.id, {"reason": record}, outer.english).text == "unbekannt (unter 12.345)"


def test_what_the_value_of_a_target_refers_to_is_said_in_german() -> None:
    values = [
        value
        for condition in known_conditions().values()
        for target in condition.targets
        for value in (target.depth_um, target.size_um, target.melanin_ratio)
        if value is not None
    ]
    assert len(values) > 20
    for sourced in values:
        shown = TargetValue(1.0, 1.0, 1.0, "fixed", sourced.conditions, sourced.source)
        with use_language("de"):
            note = display_value(shown).note
        assert sourced.source in note
        assert sourced.conditions not in note
