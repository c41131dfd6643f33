"""The right to a copy and the right to be forgotten: everything comes out, goes in elsewhere, and can go for good."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exchange_samples import picture
from record_samples import ANSWERS, MADE, NO_WAIT, sign
from sqlalchemy import text
from treatment_samples import fired, started

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.repository import create_clinic
from skinbeam_clinic.consultations.forms import MARKS_PHOTOGRAPH, POINTS_PHOTOGRAPH, Submission
from skinbeam_clinic.consultations.photograph_marks import read_marks
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import DeniedError, RecordNotFoundError
from skinbeam_clinic.exchange.deidentification import deidentify_dossier
from skinbeam_clinic.exchange.fhir.bundle import make_bundle, parse_whole_bundle
from skinbeam_clinic.models import PatientRecord, PhotographPermissions
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.treatments.models import AdverseEventGrade, AdverseEventSource, Treatment, TreatmentState

FACE = b"\xff\xd8 a face"


@pytest.fixture
def patient(repositories: ClinicRepositories) -> PatientRecord:
    """A patient of whom something of every kind is kept."""
    made = repositories.patients.add("Heron", year_of_birth=1984)
    repositories.patients.set_contact(made.id, {"name": "Zoë"})
    consultation = repositories.consultations.begin(made.id, ANSWERS)
    repositories.photographs.add(consultation.id, FACE, "image/jpeg", PhotographPermissions(teaching=True))
    plan = repositories.plans.add(consultation.id, MADE, revision=1)
    repositories.plans.choose(plan.id, "vascular", "because")
    sign(repositories, repositories.consents.record_explanation(plan.id, option="vascular", cooling_off=NO_WAIT))
    return made


def test_a_copy_holds_everything_that_is_kept(repositories: ClinicRepositories, patient: PatientRecord) -> None:
    with zipfile.ZipFile(io.BytesIO(repositories.patient_copies.make(patient.id))) as archive:
        record = json.loads(archive.read("record.json"))
        (one,) = record["consultations"]
        assert (record["contact"], record["patient"]["year_of_birth"], one["answers"]) == (
            {"name": "Zoë"},
            1984,
            ANSWERS.as_record(),
        )
        assert archive.read(one["photographs"][0]["file"]) == FACE
        assert {n: archive.read(place) for n, place in one["plans"][0]["files"].items()} == MADE.files
        assert one["plans"][0]["choices"][0]["notes"] == "because"
        assert archive.read(one["consents"][0]["document"]) == b"%PDF the document"
    assert "copy.made" in [step.action for step in repositories.audit_log.newest(100, subject=f"patient/{patient.id}")]


def test_a_copy_goes_into_another_clinic_without_its_consent(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    taken = other.patient_copies.import_copy(repositories.patient_copies.make(patient.id))
    (one,) = other.consultations.of(taken.id)
    contact = other.patients.get_contact(taken.id)
    assert contact is not None
    assert (contact.details, taken.year_of_birth, one.answers) == ({"name": "Zoë"}, 1984, ANSWERS)
    (photograph,) = other.photographs.of(one.id)
    assert other.photographs.read_content(photograph.id)[1] == FACE
    assert photograph.permissions == PhotographPermissions(teaching=True)
    (plan,) = other.plans.of(one.id)
    assert (plan.plan_sha256, plan.seed) == (MADE.plan_sha256, MADE.seed)
    assert other.plans.read_file(plan.id, "plan.json") == MADE.files["plan.json"]
    assert other.consents.of(one.id) == ()
    assert all(checked.findings == () for checked in verify_database(database))


@pytest.mark.parametrize("born", ["3.4.1984", "April 1984", ""])
def test_a_copy_whose_date_of_birth_is_in_other_words_keeps_them_and_its_year(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord, born: str
) -> None:
    details = {"name": "Zoë", "born": born}  # as releases stored it that took any text
    stored = repositories.patients.get_contact(patient.id)
    assert stored is not None
    repositories.patients.set_contact(patient.id, details, version=stored.version)
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    taken = pass_copy(repositories, other, patient.id)
    contact = other.patients.get_contact(taken.id)
    assert contact is not None
    assert (contact.details, taken.year_of_birth) == (details, 1984)


def pass_copy(repositories: ClinicRepositories, other: ClinicRepositories, patient_id: str) -> PatientRecord:
    return other.patient_copies.import_copy(repositories.patient_copies.make(patient_id))


def pass_bundle(repositories: ClinicRepositories, other: ClinicRepositories, patient_id: str) -> PatientRecord:
    bundle = make_bundle(deidentify_dossier(repositories.dossiers.export(patient_id, "fhir")), "Harbour Clinic")
    return other.dossier_importer.import_dossier(parse_whole_bundle(bundle))


@pytest.mark.parametrize("hand_over", [pass_copy, pass_bundle])
def test_marks_and_points_belong_to_the_photograph_in_the_other_clinic_too(
    hand_over: Callable[..., PatientRecord], database: Database, repositories: ClinicRepositories
) -> None:
    consultation = repositories.consultations.begin(repositories.patients.add().id)
    photograph = repositories.photographs.add(consultation.id, picture(), "image/jpeg", PhotographPermissions()).id
    mark = {"kind": "spots", "region": "nose", "x_mm": "1.5", "y_mm": "20", "size_mm": "3", "decision": "confirmed"}
    points = tuple((f"photo.points.{number}.{axis}", "0.5") for number in range(3) for axis in range(2))
    entries = (*points, (POINTS_PHOTOGRAPH, photograph), (MARKS_PHOTOGRAPH, photograph))
    entries = (*entries, *((f"mark.0.{key}", value) for key, value in mark.items()))
    consultation = repositories.consultations.save(
        consultation.id, Submission(entries, photograph), revision=consultation.revision
    )

    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    (one,) = other.consultations.of(hand_over(repositories, other, consultation.patient_id).id)
    (taken,) = other.photographs.of(one.id)
    assert one.answers.photo == taken.id != photograph
    assert read_marks(one.answers) == read_marks(consultation.answers) != ()
    assert one.answers.tables["photo"] == consultation.answers.tables["photo"]


def test_a_plan_from_a_photograph_is_valid_in_the_other_clinic(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    (consultation,) = repositories.consultations.of(patient.id)
    (photograph,) = repositories.photographs.of(consultation.id)
    consultation = repositories.consultations.save(
        consultation.id, replace(ANSWERS, photo=photograph.id), revision=consultation.revision
    )
    repositories.plans.add(consultation.id, MADE, revision=consultation.revision)
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    (one,) = other.consultations.of(pass_copy(repositories, other, patient.id).id)
    assert one.state == "planned"
    assert {plan.consultation_revision for plan in other.plans.of(one.id)} == {one.revision}


def packed(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.json", content)
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x05\x06",
        packed(other=b"{}"),
        packed(record=b"[]"),
        packed(record=b"{"),
        packed(record=b'{"schema": 1}'),
    ],
)
def test_what_is_no_copy_is_refused_and_makes_no_patient(content: bytes, repositories: ClinicRepositories) -> None:
    with pytest.raises(InputError, match="not a copy"):
        repositories.patient_copies.import_copy(content)
    assert repositories.patients.list_all() == ()


def without_a_photograph(record: Any) -> None:
    record["consultations"][0]["photographs"][0]["file"] = "../elsewhere.jpg"


def without_a_seed(record: Any) -> None:
    del record["consultations"][0]["plans"][0]["seed"]


@pytest.mark.parametrize("harm", [without_a_photograph, without_a_seed])
def test_a_copy_that_lacks_something_is_refused_whole(
    harm: Callable[[Any], None], repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    with zipfile.ZipFile(io.BytesIO(repositories.patient_copies.make(patient.id))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    record = json.loads(files["record.json"])
    harm(record)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in (files | {"record.json": json.dumps(record).encode()}).items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match="not a copy"):
        repositories.patient_copies.import_copy(made.getvalue())
    assert repositories.patients.list_all() == (patient,)


def test_who_they_are_goes_at_once_and_the_rest_stays_for_care_as_long_as_it_must(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    before = repositories.erasure.preview(patient.id, retention_years=10)
    assert (before.has_contact, before.consultations, before.photographs, before.plans, before.consents) == (
        True,
        1,
        1,
        1,
        1,
    )
    assert before.requested_at is None
    until = repositories.erasure.erase(patient.id, retention_years=10)
    (one,) = repositories.consultations.of(patient.id)
    assert until is not None
    assert 10 * 365 < (until - one.saved_at).days < 10 * 367
    assert repositories.patients.get_contact(patient.id) is None
    assert repositories.photographs.of(one.id)[0].permissions == PhotographPermissions(care=True)
    left = repositories.erasure.preview(patient.id, retention_years=10)
    assert (left.has_contact, left.photographs, left.retain_until) == (False, 1, until)
    assert left.requested_at is not None
    assert one.answers == ANSWERS
    assert verify_database(database)[0].findings == ()


def test_what_need_not_be_kept_is_gone_for_good_and_the_trail_stays_whole(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    other = repositories.consultations.begin(repositories.patients.add("Crane").id)
    shared = repositories.photographs.add(other.id, FACE, "image/jpeg", PhotographPermissions())
    assert repositories.erasure.preview(patient.id, retention_years=0).retain_until is None
    assert repositories.erasure.erase(patient.id, retention_years=0) is None
    left = repositories.erasure.preview(patient.id, retention_years=100)
    assert (left.has_contact, left.consultations, left.retain_until) == (False, 0, None)
    with database.reading() as session:
        for table in ("contact", "plan", "choice", "consent", "consent_void"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
        assert session.execute(text("SELECT count(*) FROM consultation")).scalar_one() == 1
        assert "Heron" not in str(session.execute(text("SELECT * FROM patient")).all())
        assert "Heron" not in str(session.execute(text("SELECT * FROM trail")).all())
    assert list(database.files.names(repositories.member.clinic_id)) == [shared.file], (
        "another patient's photograph stays"
    )
    assert [one.pseudonym for one in repositories.patients.list_all()] == ["Crane"]
    with pytest.raises(RecordNotFoundError):
        repositories.consultations.begin(patient.id)
    (checked,) = verify_database(database)
    assert (checked.findings, checked.spare_files) == ((), 0)


def test_only_those_who_may_copy_and_erase_and_in_their_own_clinic(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    for role, copies, erases in (
        (Role.CLINICIAN, True, False),
        (Role.ASSISTANT, False, False),
        (Role.AUDITOR, False, False),
    ):
        theirs = ClinicRepositories(database, replace(repositories.member, role=role))
        if copies:
            assert theirs.patient_copies.make(patient.id)
        else:
            with pytest.raises(DeniedError):
                theirs.patient_copies.make(patient.id)
        with pytest.raises(DeniedError):
            theirs.erasure.preview(patient.id, retention_years=0)
        if not erases:
            with pytest.raises(DeniedError):
                theirs.erasure.erase(patient.id, retention_years=0)
    stranger = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    for attempt in (
        lambda: stranger.patient_copies.make(patient.id),
        lambda: stranger.erasure.preview(patient.id, retention_years=0),
        lambda: stranger.erasure.erase(patient.id, retention_years=0),
    ):
        with pytest.raises(RecordNotFoundError):
            attempt()
    assert repositories.patients.get(patient.id) == patient


def test_copies_and_erasure_by_command(
    environment: dict[str, str], tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from skinbeam_clinic.database.revisions import open_database, upgrade_database

    for name, value in (environment | {"SKINBEAM_DB": str(tmp_path / "c.sqlite")}).items():
        monkeypatch.setenv(name, value)
    upgrade_database(str(tmp_path / "c.sqlite"), environment)
    opened = open_database(str(tmp_path / "c.sqlite"), environment)
    repositories = ClinicRepositories(opened, create_clinic(opened, "Hill Clinic"))
    repositories.consultations.begin(repositories.patients.add("Heron").id, ANSWERS)
    file, clinic = str(tmp_path / "heron.zip"), ("--clinic", "Hill Clinic", "--json")
    assert run("records", "export", "Heron", "-o", file, *clinic).code == 0
    assert run("records", "import", file, *clinic).document["patient"] == "P00002"
    assert run("records", "import", str(tmp_path / "none.zip"), *clinic).code == 2
    assert run("records", "export", "Egret", "-o", file, *clinic).document["error"]["code"] == "no-patient"
    document = run("records", "erase", "Heron", "--keep-years", "5", *clinic).document
    assert document["erased"] is False
    assert "Heron" not in {one.pseudonym for one in repositories.patients.list_all()}
    assert run("records", "erase", document["kept_as"], "--keep-years", "0", *clinic).document["erased"] is True
    assert [one.pseudonym for one in repositories.patients.list_all()] == ["P00002"]
    opened.close()


@pytest.fixture
def treated(repositories: ClinicRepositories) -> Treatment:
    """A treatment with a corrected row and an event, and a note beside it."""
    made = started(repositories)
    first = repositories.treatments.add_area(made.id, fired())
    repositories.treatments.add_area(made.id, fired(site="nose", corrects=first.id, why="another place"))
    repositories.adverse_events.add(
        made.id, kind="blister", grade=AdverseEventGrade.MILD, source=AdverseEventSource.SESSION
    )
    repositories.treatments.add_note(made.id, "calm")
    return repositories.treatments.end(made.id, TreatmentState.DONE)


def owner_of(repositories: ClinicRepositories, treatment: Treatment) -> str:
    return repositories.consultations.get(treatment.consultation_id).patient_id


def test_a_copy_holds_treatments_and_another_clinic_reads_what_was_done(
    database: Database, repositories: ClinicRepositories, treated: Treatment
) -> None:
    packed = repositories.patient_copies.make(owner_of(repositories, treated))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        (held,) = json.loads(archive.read("record.json"))["consultations"][0]["treatments"]
    assert [row["fired"]["site"] for row in held["areas"]] == ["cheeks", "nose"]
    assert (held["serial"], held["events"][0]["kind"], held["notes"][0]["words"]) == ("SYN-1", "blister", "calm")
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    (plan,) = other.plans.of(other.consultations.of(other.patient_copies.import_copy(packed).id)[0].id)
    notes = other.plans.list_choices(plan.id)[-1].notes
    assert "pulsed-dye-595, serial number SYN-1. nose (both): wavelength_nm 595, fluence_J_cm2 7.5" in notes
    assert "blister, mild" in notes
    assert "cheeks" not in notes  # the row was corrected
    assert all(checked.findings == () for checked in verify_database(database))


def test_an_erased_patient_leaves_no_row_of_a_treatment_and_the_trail_stays_whole(
    database: Database, repositories: ClinicRepositories, treated: Treatment
) -> None:
    patient = owner_of(repositories, treated)
    assert repositories.erasure.preview(patient, retention_years=0).treatments == 1
    assert repositories.erasure.erase(patient, retention_years=0) is None
    with database.reading() as session:
        for table in ("treatment", "treated_area", "adverse_event"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
        assert session.execute(text("SELECT count(*) FROM machine")).scalar_one() == 1, "the clinic keeps its machine"
    (checked,) = verify_database(database)
    assert (checked.findings, checked.spare_files) == ((), 0)


def test_the_years_to_keep_count_from_what_was_done_last(repositories: ClinicRepositories, treated: Treatment) -> None:
    patient = owner_of(repositories, treated)
    ended = repositories.erasure.preview(patient, retention_years=10).retain_until
    repositories.adverse_events.resolve(treated.events[0].id)
    over = repositories.erasure.preview(patient, retention_years=10).retain_until
    assert ended is not None
    assert over is not None
    assert over > ended
