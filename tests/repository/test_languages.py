"""The catalogue in other languages than English: whole, not stale, and asked for nothing that English does not need."""

import datetime
import io
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from research.translation_files import HEADER, MESSAGES, english_messages, updated_translation
from skinbeam.evidence.expectation.expect import expect
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.evidence.synthesis.design import arms_for
from skinbeam.model.estimate import Estimate, Unknown
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

FILES = sorted(file for language in LANGUAGES for file in (MESSAGES / language).glob("*.po"))


def named(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_translated_file_holds_every_sentence_as_it_is_today(file: Path) -> None:
    wanted = english_messages()[file.stem]
    with file.open("rb") as lines:
        held = {str(one.context): one for one in read_po(lines, abort_invalid=True) if one.id}
    faults = {
        "nobody has translated": [id for id in wanted if id not in held],
        "stands in no English file any more": [id for id in held if id not in wanted],
        "the English has changed": [id for id, one in held.items() if id in wanted and one.id != wanted[id]],
        "is marked fuzzy": [id for id, one in held.items() if one.fuzzy],
        "has no translation": [id for id, one in held.items() if not str(one.string).strip()],
        "has other parameters": [
            id
            for id, one in held.items()
            if id in wanted and one.string and named(str(one.string)) != named(wanted[id])
        ],
    }
    said = [f"{what}: {', '.join(ids[:10])}{', ...' * (len(ids) > 10)}" for what, ids in faults.items() if ids]
    assert not said, "\n".join(["run `python -m research.translation_files`, and translate", *said])


def test_the_program_for_translations_changes_no_file_that_is_whole() -> None:
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        updated = updated_translation(text, english_messages()[file.stem])
        assert updated == text, "run `python -m research.translation_files`"


def test_the_program_for_translations_adds_renews_and_removes_entries() -> None:
    held = (
        HEADER.format(language="de")
        + """
msgctxt "a.same"
msgid "one \\"two\\""
msgstr "eins"

#, python-brace-format
msgctxt "a.changed"
msgid "old {n}"
msgstr "alt {n}"

msgctxt "a.counts"
msgid "old"
msgstr "alt"

#, python-brace-format
msgctxt "a.counts-no-more"
msgid "old {n}"
msgstr "alt {n}"

msgctxt "a.gone"
msgid "gone"
msgstr "weg"
"""
    )
    english = {"a.new": "new {n}\n", "a.same": 'one "two"', "a.changed": "newer {n}"}
    english |= {"a.counts": "newer {n}", "a.counts-no-more": "newer"}
    made = updated_translation(held, english)
    entries = {str(one.context): one for one in read_po(io.BytesIO(made.encode()), abort_invalid=True) if one.id}
    assert {id: (one.id, one.string) for id, one in entries.items()} == {
        "a.same": ('one "two"', "eins"),
        "a.changed": ("newer {n}", "alt {n}"),
        "a.counts": ("newer {n}", "alt"),
        "a.counts-no-more": ("newer", "alt {n}"),
        "a.new": ("new {n}\n", ""),
    }
    assert [id for id, one in entries.items() if one.fuzzy] == ["a.changed", "a.counts", "a.counts-no-more"]
    assert {id for id, one in entries.items() if "python-brace-format" in one.flags} == {
        "a.changed",
        "a.counts",
        "a.new",
    }
    assert updated_translation(made, english) == made
    assert updated_translation(HEADER.format(language="de"), english).count("msgctxt") == len(english)


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != ENGLISH])
def test_every_file_is_translated(language: str) -> None:
    english = {file.stem for file in (MESSAGES / ENGLISH).glob("*.toml")}
    files = {file.stem for file in (MESSAGES / language).glob("*.po")}
    assert files == english | {NAMES_FILE}, "run `python -m research.translation_files`, and translate"


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


CLINIC_FILES = [file for file in FILES if file.name.startswith("clinic")]


@pytest.mark.parametrize("file", CLINIC_FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_two_things_on_the_pages_of_a_clinic_have_two_names(file: Path) -> None:
    """A form on which a heading and one of its choices are called the same cannot be explained to anybody."""
    english: dict[str, set[str]] = {}
    for one in (one for one in read_po(io.BytesIO(file.read_bytes())) if one.string):
        english.setdefault(str(one.string).casefold(), set()).add(str(one.id).casefold())
    assert {german: shared for german, shared in english.items() if len(shared) > 1} == {}


def test_a_backup_has_one_name_in_german() -> None:
    records = next(file for file in FILES if (file.parent.name, file.name) == ("de", "records.po"))
    told = [str(one.string) for one in read_po(io.BytesIO(records.read_bytes())) if "backup" in str(one.id).lower()]
    assert told
    assert not [sentence for sentence in told if "Backup" in sentence]


def test_a_thing_that_had_two_names_in_german_has_one() -> None:
    """Such as Probestelle on the pages of a clinic, and Probeschuss in its report."""
    dropped = re.compile(r"Probesch[uü]ss|Testpunkt|Probepunkt|\bImpuls|Fotografie(n)?\b")
    texts = [
        (file.name, str(entry.string))
        for file in (MESSAGES / "de").glob("*.po")
        for entry in read_po(io.BytesIO(file.read_bytes()))
        if entry.id and dropped.search(str(entry.string))
    ]
    assert not texts, "say it in the word that other German texts have for the thing"


def test_what_was_translated_from_other_english_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    old = {"number.below": ("less than {least}", "unter {least}")}
    monkeypatch.setattr("skinbeam.text.catalogues._section_translations", lambda *_: old)
    with use_language("de"):
        assert render_message("number.below", {"least": 0.5}) == "below 0.5"


def test_a_language_that_nobody_translated_is_refused() -> None:
    with pytest.raises(ValueError, match="known: en, de"), use_language("xx"):
        pass


def test_translations_are_of_messages() -> None:
    gone = set(translations("de")) - set(catalogue())
    assert not gone, "run `python -m research.translation_files`"


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
        assert translate("from 560 nm, 11 J/cm², 15 by 35 mm, 2 pulses of 3 ms with 20 ms between, 1 pass") == (
            "ab 560 nm, 11 J/cm², 15 mal 35 mm, 2 Pulse von 3 ms im Abstand von 20 ms, 1 Durchgang"
        )
        assert translate("4, 6.5 and 8 J/cm²") == "4; 6,5 und 8 J/cm²"
        assert translate("Age spots (solar lentigines) (cheeks)") == "Altersflecken (Lentigines solares) (Wangen)"
        assert translate("KTP laser, 532 nm: there is no photograph.") == "KTP-Laser, 532 nm: Es gibt kein Foto."
        left_out = "Age spots (solar lentigines) (cheeks), Visible facial veins (nose): there is no photograph."
        assert translate(left_out) == (
            "Altersflecken (Lentigines solares) (Wangen), Sichtbare Gesichtsäderchen (Nase): Es gibt kein Foto."
        )
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
