"""Texts of the clinic: every change is a new version, and a consent keeps the ones it was explained with."""

import itertools
from dataclasses import replace

import pytest
from altered_database import run, unguarded
from record_samples import NO_WAIT, make_plan_record, sign

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import PERMITTED_ROLES, AccessRight, Role
from skinbeam_clinic.accounts.repository import create_clinic
from skinbeam_clinic.clinic_texts.models import LONGEST_TEXT, LONGEST_TITLE, ClinicText, TextUse
from skinbeam_clinic.clinic_texts.printed import Change, compare_texts
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import ConflictError, DeniedError, RecordNotFoundError
from skinbeam_clinic.repositories import ClinicRepositories


def a_text(repositories: ClinicRepositories, **changed: str) -> ClinicText:
    written = {"use": "consent", "language": "en", "title": "Before", "text": "Come without cream."} | changed
    return repositories.clinic_texts.add(**written)  # type: ignore[arg-type]


def test_every_change_is_a_version_and_earlier_ones_stay(repositories: ClinicRepositories) -> None:
    texts, first = repositories.clinic_texts, a_text(repositories)
    second = texts.revise(first.text_id, language="en", title="Before", text="Come early.", number=1)
    gone = texts.withdraw(first.text_id, language="en", number=2)
    german = texts.revise(first.text_id, language="de", title="Vorher", text="Ohne Creme.", number=0)
    assert texts.list_versions(first.text_id) == (german, first, second, gone)
    assert [(one.number, one.withdrawn, one.text) for one in (first, second, gone)] == [
        (1, False, "Come without cream."),
        (2, False, "Come early."),
        (3, True, "Come early."),
    ]
    assert first.written_at < second.written_at < gone.written_at
    assert texts.list_in_force(TextUse.CONSENT) == (german,)
    again = texts.revise(first.text_id, language="en", title="Before", text="Come early.", number=3)
    assert again.number == 4, "what was withdrawn is written again"
    assert set(texts.list_in_force(TextUse.CONSENT)) == {german, again}
    assert texts.list_in_force(TextUse.LETTER) == ()
    actions = [one.action for one in repositories.audit_log.newest(20)]
    assert (actions.count("clinic-text.written"), actions.count("clinic-text.withdrawn")) == (4, 1)


def test_what_is_sent_twice_or_changes_nothing_makes_no_version(repositories: ClinicRepositories) -> None:
    texts, first = repositories.clinic_texts, a_text(repositories, form_key="k")
    assert a_text(repositories, form_key="k") == first
    assert a_text(repositories, form_key="k", text="Otherwise.") != first
    changed = {"language": "en", "title": "Before", "text": "Come early."}
    second = texts.revise(first.text_id, number=1, **changed)
    assert texts.revise(first.text_id, number=1, **changed) == second
    gone = texts.withdraw(first.text_id, language="en", number=2)
    assert texts.withdraw(first.text_id, language="en", number=2) == gone


@pytest.mark.parametrize("language", ["", "fr", "a\x00b"])
def test_a_text_is_withdrawn_in_a_language_that_there_is(repositories: ClinicRepositories, language: str) -> None:
    """PostgreSQL takes no text with a zero character: whoever sent one got the page of a defect."""
    first = a_text(repositories)
    with pytest.raises(RecordNotFoundError):
        repositories.clinic_texts.withdraw(first.text_id, language=language, number=1)


def test_nobody_overwrites_what_somebody_else_wrote(repositories: ClinicRepositories) -> None:
    texts, first = repositories.clinic_texts, a_text(repositories)
    texts.revise(first.text_id, language="en", title="Before", text="Second.", number=1)
    for attempt in (
        lambda: texts.revise(first.text_id, language="en", title="Before", text="Other.", number=1),
        lambda: texts.revise(first.text_id, language="de", title="Before", text="Other.", number=1),
        lambda: texts.withdraw(first.text_id, language="en", number=1),
    ):
        with pytest.raises(ConflictError):
            attempt()
    assert len(texts.list_all()) == 2
    with pytest.raises(RecordNotFoundError):
        texts.withdraw(first.text_id, language="de", number=0)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"use": "poster"}, "use"),
        ({"language": "xx"}, "language"),
        ({"treatment": "magic"}, "treatment"),
        ({"use": "letter", "treatment": "vascular"}, "treatment"),
        ({"use": "note", "treatment": "vascular"}, "treatment"),
        ({"title": " "}, "title"),
        ({"title": "x" * (LONGEST_TITLE + 1)}, "title"),
        ({"text": "\n \n"}, "text"),
        ({"text": "x" * (LONGEST_TEXT + 1)}, "text"),
        *(({"text": f"a{sign}b"}, "text") for sign in "\x00\x1b\x7f\u202e\u2066\ud800"),
        ({"title": "a\u202eb"}, "title"),
    ],
)
def test_what_no_paper_can_print_is_refused(
    repositories: ClinicRepositories, changed: dict[str, str], field: str
) -> None:
    with pytest.raises(InputError) as found:
        a_text(repositories, **changed)
    assert (found.value.code, found.value.field) == ("bad-clinic-text", field)
    assert repositories.clinic_texts.list_all() == ()


def test_a_text_is_kept_as_paragraphs_whatever_it_was_pasted_from(repositories: ClinicRepositories) -> None:
    pasted = "\r\n  §\xa0630e:\tone\r\ntwo\u2028three\r\n\r\n \r\n\r\nfour \n"
    one = a_text(repositories, title=" A \xa0 title ", text=pasted)
    assert (one.title, one.text) == ("A title", "§ 630e: one\ntwo\nthree\n\nfour")
    assert one.paragraphs == (("§ 630e: one", "two", "three"), ("four",))


def test_a_text_of_one_treatment_is_on_no_paper_of_another(repositories: ClinicRepositories) -> None:
    every, one = a_text(repositories), a_text(repositories, treatment="vascular", title="Vessels")
    assert repositories.clinic_texts.list_in_force(TextUse.CONSENT, "vascular") == (every, one)
    assert repositories.clinic_texts.list_in_force(TextUse.CONSENT, "ablative") == (every,)


def test_who_answers_for_consent_writes_and_everybody_of_the_clinic_reads(
    database: Database, repositories: ClinicRepositories
) -> None:
    first = a_text(repositories)
    for role in Role:
        theirs = ClinicRepositories(database, replace(repositories.member, role=role)).clinic_texts
        assert theirs.list_versions(first.text_id) == (first,)
        if role not in PERMITTED_ROLES[AccessRight.TREAT]:
            for attempt in (
                lambda own=theirs: own.add(use="letter", language="en", title="x", text="x"),
                lambda own=theirs: own.revise(first.text_id, language="en", title="x", text="x", number=1),
                lambda own=theirs: own.withdraw(first.text_id, language="en", number=1),
            ):
                with pytest.raises(DeniedError):
                    attempt()


def test_a_consent_keeps_the_versions_it_was_explained_with(
    database: Database, repositories: ClinicRepositories
) -> None:
    texts, first = repositories.clinic_texts, a_text(repositories)
    other = a_text(repositories, title="Phone")
    plan = make_plan_record(repositories)
    shown = [other.id, first.id]
    consent = repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=NO_WAIT, texts=shown)
    second = texts.revise(first.text_id, language="en", title="Before", text="Come early.", number=1)
    texts.withdraw(other.text_id, language="en", number=1)
    signed = sign(repositories, consent)
    assert signed.texts == consent.texts == (other, first), "in the order of the form"
    assert repositories.consents.get(signed.id).texts == (other, first)
    later = repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=NO_WAIT, texts=[second.id])
    assert later.texts == (second,)
    assert verify_database(database)[0].findings == ()


def test_a_consent_is_explained_with_nothing_that_its_form_cannot_show(
    database: Database, repositories: ClinicRepositories
) -> None:
    texts, first = repositories.clinic_texts, a_text(repositories)
    german = texts.revise(first.text_id, language="de", title="Vorher", text="Ohne Creme.", number=0)
    letter, gone = a_text(repositories, use="letter"), a_text(repositories, title="Gone")
    withdrawn = texts.withdraw(gone.text_id, language="en", number=1)
    second = texts.revise(first.text_id, language="en", title="Before", text="Come early.", number=1)
    stranger = a_text(ClinicRepositories(database, create_clinic(database, "Other Clinic")))
    plan = make_plan_record(repositories)
    for wrong in (german, letter, stranger):
        with pytest.raises(RecordNotFoundError):
            repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=NO_WAIT, texts=[wrong.id])
    for old in (first, gone, withdrawn):
        with pytest.raises(InputError) as found:
            repositories.consents.record_explanation(
                plan.id, option="0.0", cooling_off=NO_WAIT, texts=[second.id, old.id]
            )
        assert found.value.code == "clinic-text-changed"
    assert repositories.consents.of(plan.consultation_id) == (), "what was refused left nothing behind"


@pytest.mark.parametrize("column", ["title", "text", "use", "treatment", "language", "number", "withdrawn"])
def test_a_version_that_is_altered_behind_the_log_is_found(
    database: Database, repositories: ClinicRepositories, column: str
) -> None:
    first = a_text(repositories)
    value = {"number": "7", "withdrawn": "true"}.get(column, "'letter'")
    unguarded(database, run(f"UPDATE clinic_text SET {column} = {value}"))
    (finding,) = verify_database(database)[0].findings
    assert (finding.code, finding.location) == ("row-altered", f"clinic_text/{first.id}")


def test_a_comparison_leaves_nothing_out() -> None:
    samples = ("", "a", "a b", "b a", "a b c\nd", "a x c\n\nd", "Come early.", "Come late, and early.")
    for older, newer in itertools.product(samples, repeat=2):
        pieces = compare_texts(older, newer)
        assert "".join(one.text for one in pieces if one.change is not Change.ADDED) == older
        assert "".join(one.text for one in pieces if one.change is not Change.REMOVED) == newer
        assert older != newer or {one.change for one in pieces} <= {Change.SAME}
