"""Notes and attachments in copies, exports and erasure: whole where a name may stand, and nowhere else."""

import base64
import csv
import dataclasses
import datetime
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from document_samples import HOSTILE_FILES, LETTER, PDF, scan
from record_samples import ANSWERS, import_copy, make_plan_record
from sqlalchemy import text
from treated_rows import add_treatment, agree

from skinbeam.model.errors import InputError
from skinbeam_clinic.accounts.repository import create_clinic
from skinbeam_clinic.clinic_transfer.export import export_clinic
from skinbeam_clinic.clinic_transfer.mapping import ImportKind
from skinbeam_clinic.clinic_transfer.planning import ImportFile
from skinbeam_clinic.clinic_transfer.preview import plan_files
from skinbeam_clinic.database.columns import clock_set_to, now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.exchange.deidentification import deidentify_dossier
from skinbeam_clinic.exchange.dicom import make_dicom_archive
from skinbeam_clinic.exchange.fhir.bundle import make_bundle, parse_whole_bundle
from skinbeam_clinic.exchange.record_formats import make_exporter, make_importer
from skinbeam_clinic.repositories import ClinicRepositories

SECRET = "unmistakable"  # in every text of a note and an attachment, and in the file
FILE = PDF.replace(b"%%EOF", SECRET.encode() + b"\n%%EOF")
TOLD = {"kind": "laboratory-result", "name": f"{SECRET}.pdf", "description": SECRET}


@pytest.fixture
def patient(repositories: ClinicRepositories) -> str:
    """A patient with a note of each kind and an attachment of each, one of them struck."""
    consultation = repositories.consultations.begin(repositories.patients.add("Heron").id, ANSWERS)
    patient = consultation.patient_id
    repositories.notes.add(patient, f"{SECRET} general")
    repositories.notes.add(patient, f"{SECRET} about", consultation_id=consultation.id)
    repositories.notes.strike(repositories.notes.add(patient, f"{SECRET} wrong").id, SECRET)
    repositories.attachments.add(patient, FILE, **TOLD)
    repositories.attachments.strike(repositories.attachments.add(patient, scan(), **LETTER).id, SECRET)
    return patient


def nameless(records: tuple[Any, ...]) -> list[Any]:
    """Records without the ids that each clinic gives."""
    gone = {"id": "", "patient_id": "", "consultation_id": None, "treatment_id": None}
    return [
        dataclasses.replace(one, **{name: value for name, value in gone.items() if hasattr(one, name)})
        for one in records
    ]


def test_a_copy_holds_them_whole_and_another_clinic_reads_the_same(
    database: Database, repositories: ClinicRepositories, patient: str
) -> None:
    content = repositories.patient_copies.make(patient)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        record = json.loads(archive.read("record.json"))
        assert [one["words"] for one in record["notes"]] == [
            f"{SECRET} {kind}" for kind in ("general", "about", "wrong")
        ]
        assert [archive.read(one["file"]) for one in record["attachments"]] == [FILE, scan()]
        assert [one["file"] for one in record["attachments"]] == ["attachments/001.pdf", "attachments/002.jpg"]
    with clock_set_to(now() + datetime.timedelta(days=400)):
        other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
        taken = import_copy(other, content)
    assert nameless(other.notes.of(taken.id)) == nameless(repositories.notes.of(patient)), "with times and authors"
    assert nameless(other.attachments.of(taken.id)) == nameless(repositories.attachments.of(patient))
    contents = [other.attachments.read_content(one.id)[1] for one in other.attachments.of(taken.id)]
    assert contents == [FILE, scan()]
    (here,) = [one.id for one in other.consultations.of(taken.id)]
    assert [one.consultation_id for one in other.notes.of(taken.id)] == [None, here, None]
    assert all(checked.findings == () for checked in verify_database(database))


def test_a_note_about_a_session_is_about_its_consultation_in_another_clinic(
    database: Database, repositories: ClinicRepositories
) -> None:
    plan = make_plan_record(repositories)
    treatment = add_treatment(repositories, agree(repositories, plan.id), days_ago=3)
    patient = repositories.consultations.get(plan.consultation_id).patient_id
    repositories.notes.add(patient, SECRET, treatment_id=treatment)
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    taken = import_copy(other, repositories.patient_copies.make(patient))
    (note,) = other.notes.of(taken.id)
    made = {one.created_at: one.id for one in other.consultations.of(taken.id)}
    assert (note.consultation_id, note.treatment_id) == (
        made[repositories.consultations.get(plan.consultation_id).created_at],
        None,
    )


def test_a_copy_of_an_earlier_version_has_neither(
    database: Database, repositories: ClinicRepositories, patient: str
) -> None:
    def without(record: dict[str, Any], _: dict[str, bytes]) -> None:
        del record["notes"], record["attachments"]

    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    taken = import_copy(other, altered(repositories.patient_copies.make(patient), without))
    assert (other.notes.of(taken.id), other.attachments.of(taken.id)) == ((), ())


def altered(copy: bytes, change: Callable[[dict[str, Any], dict[str, bytes]], object]) -> bytes:
    """A copy as somebody has made it who changed its record or its files."""
    with zipfile.ZipFile(io.BytesIO(copy)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    record = json.loads(files["record.json"])
    change(record, files)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in (files | {"record.json": json.dumps(record).encode()}).items():
            archive.writestr(name, content)
    return made.getvalue()


HARMS: dict[str, Callable[[dict[str, Any], dict[str, bytes]], object]] = {
    "a file is missing": lambda _, files: files.pop("attachments/001.pdf"),
    "a kind that is none": lambda record, _: record["attachments"][0].update(kind="novel"),
    "a time without its zone": lambda record, _: record["notes"][0].update(noted_at="2026-01-02T10:00:00"),
    "a strike without its zone": lambda record, _: record["notes"][2]["struck"].update(at="2026-01-02T10:00:00"),
    "a field that is not known": lambda record, _: record["notes"][0].update(mood="calm"),
    "an author as long as a book": lambda record, _: record["notes"][0].update(noted_by="x" * 20_000),
    "a reason as long as a book": lambda record, _: record["attachments"][1]["struck"].update(reason="x" * 20_000),
    "an empty note": lambda record, _: record["notes"][0].update(words=" "),
    "a note as long as a book": lambda record, _: record["notes"][0].update(words="x" * 20_000),
    "a description as long as a book": lambda record, _: record["attachments"][0].update(description="x" * 20_000),
    **{
        what: lambda _, files, content=content: files.update({"attachments/001.pdf": content})
        for what, (content, _) in HOSTILE_FILES.items()
    },
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_copy_with_a_document_that_no_clinic_stores_is_refused_whole(
    repositories: ClinicRepositories, patient: str, harm: str
) -> None:
    copy = altered(repositories.patient_copies.make(patient), HARMS[harm])
    before = len(repositories.patients.list_all())
    with pytest.raises(InputError):
        import_copy(repositories, copy)
    assert len(repositories.patients.list_all()) == before


def test_what_a_copy_says_of_type_size_and_name_is_not_believed(
    database: Database, repositories: ClinicRepositories, patient: str
) -> None:
    def lie(record: dict[str, Any], _: dict[str, bytes]) -> None:
        record["attachments"][0] |= {"media_type": "text/html", "size_bytes": 1, "name": "../../x.html"}

    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    taken = import_copy(other, altered(repositories.patient_copies.make(patient), lie))
    first = other.attachments.of(taken.id)[0]
    assert (first.media_type, first.size_bytes, first.name) == ("application/pdf", len(FILE), "x.pdf")


def test_the_export_of_a_clinic_holds_every_one_of_them(
    repositories: ClinicRepositories, patient: str, tmp_path: Path
) -> None:
    counts = export_clinic(repositories, tmp_path / "left")
    assert (counts["notes"], counts["attachments"]) == (3, 2)
    tables = {
        name: list(csv.DictReader(io.StringIO((tmp_path / "left" / f"{name}.csv").read_text("utf-8-sig"))))
        for name in ("notes", "attachments")
    }
    assert [one["words"] for one in tables["notes"]] == [one.words for one in repositories.notes.of(patient)]
    assert [bool(one["struck"]) for one in tables["notes"]] == [False, False, True]
    assert json.loads(tables["attachments"][1]["struck"])["reason"] == SECRET
    assert {one["patient"] for name in tables for one in tables[name]} == {"Heron"}
    with zipfile.ZipFile(tmp_path / "left" / "copies" / "00001.zip") as archive:
        assert archive.read("attachments/001.pdf") == FILE
    assert SECRET not in (tmp_path / "left" / "fhir" / "00001.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("form", ["fhir", "csv", "parquet", "evidence", "practice"])  # DICOM holds photographs alone
def test_no_export_without_names_holds_a_word_of_them(
    repositories: ClinicRepositories, patient: str, form: str
) -> None:
    about = ("Heron", patient) if form == "fhir" else ("", "")
    content, _ = make_exporter(form, about[0])(repositories, about[1])
    for hidden in (SECRET.encode(), base64.b64encode(FILE)[:40], base64.b64encode(scan())[:40], b"asks about a mole"):
        assert hidden not in content, form
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert not any(SECRET.encode() in archive.read(name) for name in archive.namelist())


def test_a_bundle_says_that_there_are_documents_and_is_taken_in_without_them(
    database: Database, repositories: ClinicRepositories, patient: str
) -> None:
    handed = deidentify_dossier(repositories.dossiers.export(patient, "fhir"))
    assert make_dicom_archive(handed)[1] == ()
    bundle = make_bundle(handed, "Harbour Clinic")
    found = [entry["resource"] for entry in json.loads(bundle)["entry"]]
    ids = {one.id for one in (*repositories.notes.of(patient), *repositories.attachments.of(patient))}
    documents = [one for one in found if one["id"] in ids]
    assert [(one["resourceType"], one["status"]) for one in documents] == [
        ("DocumentReference", status)
        for status in ("current", "current", "entered-in-error", "current", "entered-in-error")
    ]
    assert [one["content"][0]["attachment"]["contentType"] for one in documents] == [
        *("text/plain",) * 3,
        "application/pdf",
        "image/jpeg",
    ]
    assert parse_whole_bundle(bundle) == handed.dossier
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    taken, told = make_importer(bundle)(other)
    assert {name: len(held) for name, held in told.items()} == {"notes_left_out": 3, "attachments_left_out": 2}
    assert (other.notes.of(taken.id), other.attachments.of(taken.id)) == ((), ())


def test_an_erasure_keeps_them_as_long_as_it_must_and_leaves_nothing(
    database: Database, repositories: ClinicRepositories, patient: str
) -> None:
    other = repositories.patients.add("Crane").id
    shared = repositories.attachments.add(other, FILE, **TOLD)
    before = repositories.erasure.preview(patient, retention_years=10)
    assert (before.notes, before.attachments) == (3, 2)
    assert repositories.erasure.erase(patient, retention_years=10) is not None
    assert len(repositories.notes.of(patient)) == 3
    assert repositories.erasure.erase(patient, retention_years=0) is None
    with database.reading() as session:
        count = "SELECT count(*) FROM {} WHERE patient_id = :patient"
        for table in ("clinical_note", "attachment"):
            assert session.execute(text(count.format(table)), {"patient": patient}).scalar_one() == 0
    assert repositories.attachments.read_content(shared.id)[1] == FILE, "another patient's file stays"
    (checked,) = verify_database(database)
    assert (checked.findings, checked.files, checked.spare_files) == ((), 1, 0)


def test_the_years_to_keep_count_from_the_last_note_or_attachment(repositories: ClinicRepositories) -> None:
    long_ago = now() - datetime.timedelta(days=11 * 366)
    with clock_set_to(long_ago):
        patients = [repositories.patients.add().id for _ in range(4)]
        for patient in patients:
            repositories.consultations.begin(patient, ANSWERS)
    noted, attached, only_noted, _ = patients
    repositories.notes.add(noted, "Calm.")
    repositories.attachments.add(attached, PDF, **LETTER)
    with clock_set_to(long_ago):
        bare = repositories.patients.add().id
        repositories.notes.add(bare, "Calm.")
    due = {one.id: one for one in repositories.erasure.list_erasable(retention_years=10)}
    assert due.keys() == {only_noted, patients[3], bare}
    for patient in (noted, attached):
        assert repositories.erasure.preview(patient, retention_years=10).retain_until is not None
    assert repositories.erasure.preview(bare, retention_years=10).retain_until is None
    assert repositories.erasure.preview(bare, retention_years=20).retain_until is not None, "a note alone is a record"


@pytest.mark.parametrize("kind", ["note", "note about a consultation", "attachment"])
def test_an_import_that_somebody_has_written_to_is_not_undone(repositories: ClinicRepositories, kind: str) -> None:
    files = [
        ImportFile(ImportKind.PATIENTS, "patients.csv", b"pseudonym\nIMPORTED-1\n"),
        ImportFile(
            ImportKind.SESSIONS, "s.csv", b"patient,date,treats,device\nIMPORTED-1,2026-01-12,redness,pulsed-dye-595\n"
        ),
    ]
    made = repositories.imports.write(plan_files(files, None))
    (patient,) = repositories.patients.list_all()
    if kind == "attachment":
        repositories.attachments.add(patient.id, PDF, **LETTER)
    else:
        (consultation,) = repositories.consultations.of(patient.id)
        repositories.notes.add(patient.id, "Calm.", consultation_id=consultation.id if "about" in kind else None)
    with pytest.raises(InputError) as raised:
        repositories.imports.undo(made.id)
    assert raised.value.code == "import-in-use"
