"""Attachments: judged by their content, sealed, handed out as they were sent, and to nobody who may not see names."""

import dataclasses
from pathlib import Path

import pytest
from document_samples import HOSTILE_FILES, LETTER, PDF, scan
from sqlalchemy import text

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.database.cleanup import clean_database
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.documents.attachment_content import judge_content
from skinbeam_clinic.documents.plain_text import LONGEST_DESCRIPTION, clean_file_name
from skinbeam_clinic.errors import DeniedError
from skinbeam_clinic.models import PatientRecord
from skinbeam_clinic.repositories import ClinicRepositories

WHOLE = {
    "application/pdf": PDF,
    "image/jpeg": scan("JPEG"),
    "image/png": scan("PNG"),
}


@pytest.fixture
def patient(repositories: ClinicRepositories) -> PatientRecord:
    return repositories.patients.add("Heron")


@pytest.mark.parametrize("media_type", WHOLE)
def test_a_file_comes_back_as_it_was_sent_and_is_judged_by_its_content(
    repositories: ClinicRepositories, patient: PatientRecord, media_type: str
) -> None:
    content = WHOLE[media_type]
    sent = {"kind": "pathology-report", "name": "C:\\scans\\befund.exe", "description": " two\nlines "}
    added = repositories.attachments.add(patient.id, content, **sent)
    ending = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}[media_type]
    assert (added.media_type, added.name, added.size_bytes) == (media_type, f"befund{ending}", len(content))
    assert (added.kind, added.description) == ("pathology-report", "two lines")
    assert repositories.attachments.of(patient.id) == (added,)
    assert repositories.attachments.read_content(added.id) == (added, content)


def test_a_file_with_more_than_one_meaning_is_what_it_begins_with() -> None:
    page = b"<script>alert(1)</script>"
    assert judge_content(PDF + page) == "application/pdf"
    assert judge_content(scan() + page) == "image/jpeg"
    assert judge_content(scan() + b"PK\x03\x04" + b"\0" * 100) == "image/jpeg"


@pytest.mark.parametrize("what", HOSTILE_FILES)
def test_anything_else_is_refused_with_a_plain_message(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord, what: str
) -> None:
    content, code = HOSTILE_FILES[what]
    with pytest.raises(InputError) as raised:
        repositories.attachments.add(patient.id, content, **LETTER)
    assert raised.value.field == "attachment"
    assert raised.value.hint
    assert code is None or raised.value.code == code
    assert repositories.attachments.of(patient.id) == ()
    assert list(database.files.names(repositories.member.clinic_id)) == [], "nothing of it is stored"


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("../../../etc/passwd", "passwd.pdf"),
        ("..\\..\\boot.ini", "boot.pdf"),
        ("a\x00b.pdf", "ab.pdf"),
        ("\u202efdp.exe", "fdp.pdf"),
        ("brief.pdf.html", "brief.pdf.pdf"),
        ('x";filename="y.html', "x_;filename=_y.pdf"),
        ("<b>.svg", "_b_.pdf"),
        ("CON.pdf", "_CON.pdf"),
        ("lpt1", "_lpt1.pdf"),
        ("", "letter.pdf"),
        ("...", "letter.pdf"),
        (".pdf", "pdf.pdf"),
        ("/", "letter.pdf"),
        ("Überweisung Müller.PDF", "Überweisung Müller.pdf"),
        ("x" * 500 + ".pdf", "x" * 80 + ".pdf"),
        ("a\r\nSet-Cookie: b.pdf", "aSet-Cookie_ b.pdf"),
    ],
)
def test_a_name_leads_nowhere_and_hides_nothing(sent: str, stored: str) -> None:
    assert clean_file_name(sent, ".pdf", "letter") == stored


def test_who_may_not_see_names_sees_that_there_is_a_file_and_cannot_open_it(
    repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    added = repositories.attachments.add(patient.id, PDF, **LETTER)
    repositories.attachments.strike(added.id, "of Zoë")
    member = dataclasses.replace(repositories.member, role=Role.AUDITOR)
    auditor = ClinicRepositories(repositories.erasure._access.database, member)
    (seen,) = auditor.attachments.of(patient.id)
    assert (seen.kind, seen.size_bytes, seen.media_type) == (added.kind, len(PDF), "application/pdf")
    assert seen.struck is not None
    assert (seen.name, seen.description, seen.struck.reason) == ("", "", "")
    for attempt in (
        lambda: auditor.attachments.read_content(added.id),
        lambda: auditor.attachments.add(patient.id, PDF, **LETTER),
        lambda: auditor.attachments.strike(added.id, "x"),
    ):
        with pytest.raises(DeniedError):
            attempt()


def test_each_read_stands_in_the_log_with_what_was_read_and_no_word_of_it(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    sent = LETTER | {"name": "unmistakable.pdf", "description": "unmistakable"}
    added = repositories.attachments.add(patient.id, PDF, **sent)
    repositories.attachments.read_content(added.id)
    with database.reading() as session:
        rows = session.execute(text("SELECT detail FROM trail WHERE action = 'attachment.seen'")).scalars().all()
        (detail,) = map(str, rows)
        for words in ("referral-letter", "application/pdf", str(len(PDF))):
            assert words in detail
        for table in ("attachment", "trail"):
            assert "unmistakable" not in str(session.execute(text(f"SELECT * FROM {table}")).all())


def test_a_mistake_is_struck_and_stays_readable(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    added = repositories.attachments.add(patient.id, PDF, **LETTER)
    struck = repositories.attachments.strike(added.id, "of another person")
    assert struck.struck is not None
    assert struck.struck.reason == "of another person"
    assert repositories.attachments.read_content(added.id) == (struck, PDF)
    assert repositories.attachments.strike(added.id, "again") == struck
    with pytest.raises(InputError, match="empty"):
        repositories.attachments.strike(added.id, " ")
    assert verify_database(database)[0].findings == ()


def test_a_file_that_was_altered_is_noticed_and_not_handed_out(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    added = repositories.attachments.add(patient.id, PDF, **LETTER)
    (name,) = database.files.names(repositories.member.clinic_id)
    (path,) = Path(database.files.folder).rglob(name)
    assert PDF not in path.read_bytes(), "it is sealed"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError) as raised:
        repositories.attachments.read_content(added.id)
    assert raised.value.code == "altered-data"
    assert [one.location for one in verify_database(database)[0].findings] == [f"file/{name}"]


def test_no_tidying_takes_the_file_of_an_attachment(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    added = repositories.attachments.add(patient.id, PDF, **LETTER)
    clean_database(database)
    (checked,) = verify_database(database)
    assert (checked.files, checked.spare_files, checked.findings) == (1, 0, ())
    assert repositories.attachments.read_content(added.id)[1] == PDF


def test_what_is_told_of_it_is_checked(repositories: ClinicRepositories, patient: PatientRecord) -> None:
    for told, code in (
        ({"kind": "novel"}, "bad-attachment-kind"),
        ({"kind": "novel\x00"}, "bad-attachment-kind"),
        ({"description": "x" * (LONGEST_DESCRIPTION + 1)}, "too-long"),
    ):
        with pytest.raises(InputError) as raised:
            repositories.attachments.add(patient.id, PDF, **LETTER | told)
        assert raised.value.code == code


def test_a_form_that_is_sent_twice_stores_one_file(repositories: ClinicRepositories, patient: PatientRecord) -> None:
    for content in (PDF, PDF, PDF + b"\n"):
        repositories.attachments.add(patient.id, content, **LETTER, form_key="f" * 32)
    assert [one.size_bytes for one in repositories.attachments.of(patient.id)] == [len(PDF), len(PDF) + 1]
