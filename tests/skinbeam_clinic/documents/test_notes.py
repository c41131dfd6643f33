"""Clinical notes: nobody changes what was written, who may not see names sees that there is one, and a strike stays."""

import dataclasses
import datetime

import pytest
from record_samples import ANSWERS, make_plan_record
from sqlalchemy import text
from treated_rows import add_treatment, agree

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.documents.plain_text import LONGEST_NOTE, LONGEST_REASON
from skinbeam_clinic.errors import DeniedError, RecordNotFoundError
from skinbeam_clinic.models import PatientRecord
from skinbeam_clinic.repositories import ClinicRepositories

WORDS = "Zoë asks about the sea.\nTold: shade & a hat."


@pytest.fixture
def patient(repositories: ClinicRepositories) -> PatientRecord:
    return repositories.patients.add("Heron")


def of_role(repositories: ClinicRepositories, role: Role) -> ClinicRepositories:
    database = repositories.erasure._access.database
    return ClinicRepositories(database, dataclasses.replace(repositories.member, role=role))


def test_a_note_is_read_as_it_was_written_and_an_addition_is_another(
    repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    first = repositories.notes.add(patient.id, WORDS)
    second = repositories.notes.add(patient.id, "And a scarf.")
    assert repositories.notes.of(patient.id) == (first, second)
    assert (first.words, first.noted_by, first.struck) == (WORDS, repositories.member.name, None)
    assert first.noted_at < second.noted_at


def test_a_note_is_about_a_consultation_or_a_session_of_this_patient(
    repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    plan = make_plan_record(repositories)
    treatment = add_treatment(repositories, agree(repositories, plan.id), days_ago=3)
    theirs = repositories.consultations.get(plan.consultation_id).patient_id
    note = repositories.notes.add(theirs, WORDS, treatment_id=treatment)
    assert (note.consultation_id, note.treatment_id) == (plan.consultation_id, treatment)
    repositories.consultations.close(plan.consultation_id, revision=1)
    late = repositories.notes.add(theirs, WORDS, consultation_id=plan.consultation_id)
    assert late.consultation_id == plan.consultation_id, "a closed consultation can still be written about"
    for about in (
        {"treatment_id": treatment},
        {"consultation_id": plan.consultation_id},
        {"consultation_id": "0" * 32},
    ):
        with pytest.raises(RecordNotFoundError):
            repositories.notes.add(patient.id, WORDS, **about)
    assert repositories.notes.of(patient.id) == ()


def test_a_mistake_is_struck_with_its_reason_and_both_stay_readable(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    note = repositories.notes.add(patient.id, WORDS)
    struck = of_role(repositories, Role.ASSISTANT).notes.strike(note.id, "another person")
    assert struck.struck is not None
    assert (struck.words, struck.struck.reason) == (WORDS, "another person")
    assert dataclasses.replace(struck, struck=None) == note
    assert repositories.notes.strike(note.id, "again") == struck, "once struck, it stays so"
    actions = [one.action for one in repositories.audit_log.newest(20)]
    assert (actions.count("note.written"), actions.count("note.struck")) == (1, 1)
    assert verify_database(database)[0].findings == ()


@pytest.mark.parametrize("role", Role)
def test_who_may_not_see_names_sees_that_there_is_a_note(
    repositories: ClinicRepositories, patient: PatientRecord, role: Role
) -> None:
    note = repositories.notes.add(patient.id, WORDS)
    repositories.notes.strike(note.id, "Zoë is another")
    theirs = of_role(repositories, role)
    (seen,) = theirs.notes.of(patient.id)
    assert (seen.id, seen.noted_at) == (note.id, note.noted_at)
    assert seen.struck is not None
    hidden = role is Role.AUDITOR
    assert (seen.words, seen.struck.reason) == (("", "") if hidden else (WORDS, "Zoë is another"))
    read = [one.action for one in repositories.audit_log.newest(5) if one.action.startswith("notes.")]
    assert read[0] == ("notes.listed" if hidden else "notes.seen")
    for attempt in (lambda: theirs.notes.add(patient.id, "x"), lambda: theirs.notes.strike(note.id, "x")):
        if hidden:
            with pytest.raises(DeniedError):
                attempt()
        else:
            attempt()


def test_the_database_and_the_log_hold_no_word_of_it(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    repositories.notes.strike(repositories.notes.add(patient.id, "unmistakable").id, "unmistakable reason")
    with database.reading() as session:
        for table in ("clinical_note", "trail"):
            assert "unmistakable" not in str(session.execute(text(f"SELECT * FROM {table}")).all())


def test_what_is_sealed_for_one_patient_does_not_open_for_another(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    one, other = repositories.notes.add(patient.id, "one"), repositories.notes.add(patient.id, "other")
    sealed = "SELECT note_sealed FROM clinical_note WHERE id = :one"
    swap = f"UPDATE clinical_note SET note_sealed = ({sealed}) WHERE id = :other"
    with database.writing() as session:
        session.execute(text(swap), {"one": one.id, "other": other.id})
    with pytest.raises(InputError) as raised:
        repositories.notes.of(patient.id)
    assert raised.value.code == "altered-data"
    assert [one.location for one in verify_database(database)[0].findings] == [f"clinical_note/{other.id}"]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  a \r\n\r\nb\rc  ", "a \n\nb\nc"),
        ("a\x00b\x07c\ud800d", "abcd"),
        ("a\tb\u2028c", "a\tb\nc"),
        ("\u202eright\u200f", "\u202eright\u200f"),  # a script from right to left needs its marks
        ("<b>{{ 1 }}</b>", "<b>{{ 1 }}</b>"),
        ("x" * LONGEST_NOTE, "x" * LONGEST_NOTE),
    ],
)
def test_a_note_is_plain_text(
    repositories: ClinicRepositories, patient: PatientRecord, typed: str, stored: str
) -> None:
    assert repositories.notes.add(patient.id, typed).words == stored


@pytest.mark.parametrize(
    ("typed", "code"), [("", "no-reason"), (" \n\x00", "no-reason"), ("x" * (LONGEST_NOTE + 1), "too-long")]
)
def test_an_empty_note_and_a_book_are_refused(
    repositories: ClinicRepositories, patient: PatientRecord, typed: str, code: str
) -> None:
    with pytest.raises(InputError) as raised:
        repositories.notes.add(patient.id, typed)
    assert (raised.value.code, raised.value.field) == (code, "notes")
    assert repositories.notes.of(patient.id) == ()


@pytest.mark.parametrize(
    ("why", "code"), [("", "no-reason"), ("\x00", "no-reason"), ("x" * (LONGEST_REASON + 1), "too-long")]
)
def test_nothing_is_struck_without_a_reason(
    repositories: ClinicRepositories, patient: PatientRecord, why: str, code: str
) -> None:
    note = repositories.notes.add(patient.id, WORDS)
    with pytest.raises(InputError) as raised:
        repositories.notes.strike(note.id, why)
    assert raised.value.code == code
    assert repositories.notes.of(patient.id) == (note,)


def test_a_form_that_is_sent_twice_writes_one_note(repositories: ClinicRepositories, patient: PatientRecord) -> None:
    consultation = repositories.consultations.begin(patient.id, ANSWERS).id
    for words, about in (("a", None), ("a", None), ("b", None), ("a", consultation)):
        repositories.notes.add(patient.id, words, consultation_id=about, form_key="f" * 32)
    assert [one.words for one in repositories.notes.of(patient.id)] == ["a", "b", "a"]


def test_nothing_is_written_about_whoever_was_erased(repositories: ClinicRepositories, patient: PatientRecord) -> None:
    note = repositories.notes.add(patient.id, WORDS)
    until = repositories.erasure.erase(patient.id, retention_years=10)
    assert until is not None, "a note is a record of treatment"
    assert until > note.noted_at + datetime.timedelta(days=3650)
    assert repositories.notes.of(patient.id) == (note,)
    assert repositories.erasure.erase(patient.id, retention_years=0) is None
    with pytest.raises(RecordNotFoundError):
        repositories.notes.add(patient.id, WORDS)
