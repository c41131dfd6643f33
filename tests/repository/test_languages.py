"""The catalogue in other languages than English: whole, not stale, and asked for nothing that English does not need."""

import datetime
import string
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import skinbeam
from skinbeam.assessment.medicines import medications
from skinbeam.evidence.expectation.expect import expect
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.evidence.synthesis.design import arms_for
from skinbeam.laser.device import devices
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.vocabulary import NameKind, vocabulary_table
from skinbeam.text import (
    ENGLISH,
    LANGUAGES,
    Formatter,
    Message,
    catalogue,
    current_language,
    render_message,
    translations,
    use_language,
)
from skinbeam.text.translation import NAMES_FILE, translate

MESSAGES = Path(skinbeam.__file__).parent / "data" / "messages"
FILES = sorted(file for language in LANGUAGES for file in (MESSAGES / language).glob("*.po"))


def named(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def ids_of(stem: str) -> dict[str, str]:
    """What the English of a translated file is: a file of messages, or the titles of the data files."""
    if stem == NAMES_FILE:
        kinds: tuple[NameKind, ...] = ("condition", "site", "modality")
        titles = {f"{kind}.{name}": entry["title"] for kind in kinds for name, entry in vocabulary_table(kind).items()}
        titles |= {f"medication.{name}": medicine.title for name, medicine in medications().items()}
        titles |= {f"device.{name}": device.title for name, device in devices().items()}
        return titles | reasons_of_studies_left_out()
    sections = tomllib.loads((MESSAGES / "en" / f"{stem}.toml").read_text(encoding="utf-8"))
    return {f"{section}.{name}": message for section, held in sections.items() for name, message in held.items()}


def reasons_of_studies_left_out() -> dict[str, str]:
    """Why no study of a treatment can be counted, as a plan says it: each reason under the first row that has it."""
    first: dict[str, str] = {}
    for arm in trial_arms():
        if not arms_for(arm.condition, arm.modality):
            first.setdefault(arm.excluded, arm.row)
    return {f"trial-left-out.{row}": reason for reason, row in first.items()}


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_translated_file_holds_every_sentence_as_it_is_today(file: Path) -> None:
    wanted = ids_of(file.stem)
    with file.open("rb") as lines:
        held = {str(one.context): one for one in read_po(lines, abort_invalid=True) if one.id}
    assert not wanted.keys() - held.keys(), "nobody has translated these"
    assert not held.keys() - wanted.keys(), "these stand in no English file any more"
    stale = [id for id, one in held.items() if one.id != wanted[id]]
    assert not stale, "the English of these has changed: translate them again, and copy it into msgid"
    for id, one in held.items():
        assert not one.fuzzy, id
        assert str(one.string).strip(), id
        assert named(str(one.string)) == named(wanted[id]), id


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != ENGLISH])
def test_every_file_is_translated(language: str) -> None:
    english = {file.stem for file in (MESSAGES / ENGLISH).glob("*.toml")}
    assert {file.stem for file in (MESSAGES / language).glob("*.po")} == english | {NAMES_FILE}


def test_each_language_has_a_folder() -> None:
    assert {folder.name for folder in MESSAGES.iterdir() if folder.is_dir()} == set(LANGUAGES)


def test_a_sentence_is_shown_in_the_language_that_is_chosen() -> None:
    message = Message("number.below", {"least": 12345.0})
    assert message.text == "below 12,345"
    with use_language("de"):
        assert message.text == "unter 12.345"
        assert message.english == "below 12,345"
        assert message.as_record()["text"] == "below 12,345"
        with use_language("en"):
            assert render_message("number.below", {"least": 0.5}) == "below 0.5"
    assert current_language() == "en"


def test_why_no_study_can_be_counted_is_translated_from_the_stored_english() -> None:
    cells = {(arm.condition, arm.modality) for arm in trial_arms() if arm.condition}
    asked = sorted(cell for cell in cells if not arms_for(*cell))
    messages = [expect(EvidenceQuestion(*one)).abstains for one in asked]
    told = [message for message in messages if message is not None and message.id == "evidence.none-usable"]
    assert len(told) > 10
    for message in told:
        with use_language("de"):
            assert translate(message.english) == message.text


def test_german_numbers_intervals_and_dates() -> None:
    with use_language("de"):
        write = Formatter()
        assert [write.number(value) for value in (7.1, 12345, 1064, 0.00123456)] == ["7,1", "12.345", "1064", "0,00123"]
        assert write.interval(Estimate(5.0, 3.0, 8.0, 0.8, "modelled")) == "5 (3 bis 8)"
        assert write.interval(Estimate(0.5, 0.00001, 1.0, 0.8, "modelled")) == "0,5 (unter 0,0001 bis 1)"
        assert write.interval(Unknown("x")) == "unbekannt (x)"
        assert write.date(datetime.date(2026, 11, 22)) == "22. November 2026"
        assert write.value([0.5, datetime.date(2026, 3, 1)]) == "0,5, 1. März 2026"
        assert write.value([11, 18.5, 23.5]) == "11; 18,5; 23,5"
        assert translate("11, 18.5, 23.5 J/cm²") == "11; 18,5; 23,5 J/cm²"


def test_what_was_translated_from_other_english_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    old = {"number.below": ("less than {least}", "unter {least}")}
    monkeypatch.setattr("skinbeam.text.catalogues._section_translations", lambda *_: old)
    with use_language("de"):
        assert render_message("number.below", {"least": 0.5}) == "below 0.5"


def test_a_language_that_nobody_translated_is_refused() -> None:
    with pytest.raises(ValueError, match="known: en, de"), use_language("xx"):
        pass


def test_translations_are_of_messages() -> None:
    assert set(translations("de")) <= set(catalogue())


def test_who_speaks_english_does_not_wait_for_other_languages() -> None:
    asked = (
        "import sys; from skinbeam.text import render_message as text; text('terminal.plan', {'hash': 'x'}); "
        "print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    assert "babel" not in loaded


def test_what_a_plan_lists_is_translated_part_by_part() -> None:
    with use_language("de"):
        assert translate("560 nm, 10.5 J/cm², spot 7 mm, pulse 1.5 ms, 1 pass, spray cooling") == (
            "560 nm, 10,5 J/cm², Spot 7 mm, Puls 1,5 ms, 1 Durchgang, Spraykühlung"
        )
        assert translate("4, 6.5 and 8 J/cm²") == "4; 6,5 und 8 J/cm²"
        assert translate("Age spots (solar lentigines) (cheeks)") == "Altersflecken (Lentigines solares) (Wangen)"
        assert translate("KTP laser, 532 nm: there is no photograph.") == "KTP-Laser, 532 nm: Es gibt keine Fotografie."
        assert translate("Mrs Smith: there is no photograph.") == "Mrs Smith: there is no photograph."


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("22 November 2026", "22. November 2026"),
        ("1 March 2026", "1. März 2026"),
        ("31 February 2026", "31 February 2026"),
    ],
)
def test_a_date_within_a_stored_sentence_is_translated(english: str, german: str) -> None:
    with use_language("de"):
        assert translate(english) == german
