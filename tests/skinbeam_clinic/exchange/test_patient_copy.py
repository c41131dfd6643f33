"""The right to a copy and the right to be forgotten: everything comes out, goes in elsewhere, and can go for good."""

import datetime
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exchange_samples import picture
from page_statements import statements_sent
from record_samples import ANSWERS, MADE, NO_WAIT, import_copy, sign
from sqlalchemy import text
from treatment_samples import fired, started

from skinbeam.model.case import Case
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import parse_record
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, create_clinic
from skinbeam_clinic.appointments.models import Booking, Purpose
from skinbeam_clinic.consultations.answers import carry_past_sessions
from skinbeam_clinic.consultations.forms import MARKS_PHOTOGRAPH, POINTS_PHOTOGRAPH, Submission
from skinbeam_clinic.consultations.photograph_marks import read_marks
from skinbeam_clinic.database.columns import clock_set_to
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import DeniedError, RecordNotFoundError
from skinbeam_clinic.exchange.deidentification import deidentify_dossier
from skinbeam_clinic.exchange.fhir.bundle import make_bundle, parse_whole_bundle
from skinbeam_clinic.exchange.record_formats import make_importer
from skinbeam_clinic.follow_ups.models import AestheticChange, ImprovementQuarter
from skinbeam_clinic.models import PatientRecord, PhotographPermissions
from skinbeam_clinic.pulse_settings import SpotSettings
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring
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
    added = repositories.clinic_texts.add(use="consent", language="en", title="Before", text="Come without cream.")
    explained = repositories.consents.record_explanation(
        plan.id, option="vascular", cooling_off=NO_WAIT, texts=[added.id]
    )
    sign(repositories, explained)
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
        assert [text["text"] for text in one["consents"][0]["texts"]] == ["Come without cream."]
    assert "copy.made" in [step.action for step in repositories.audit_log.newest(100, subject=f"patient/{patient.id}")]


def test_a_copy_goes_into_another_clinic_without_its_consent(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    taken = import_copy(other, repositories.patient_copies.make(patient.id))
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


def test_a_copy_takes_no_more_statements_after_many_others(
    database: Database, repositories: ClinicRepositories
) -> None:
    other, counts = ClinicRepositories(database, create_clinic(database, "Hill Clinic")), []
    for _ in range(6):
        copy = repositories.patient_copies.make(repositories.patients.add().id)
        with statements_sent(database) as sent:
            import_copy(other, copy)
        counts.append(len(sent))
    assert counts[1:] == counts[1:2] * 5


def pass_copy(repositories: ClinicRepositories, other: ClinicRepositories, patient_id: str) -> PatientRecord:
    return import_copy(other, repositories.patient_copies.make(patient_id))


def pass_bundle(repositories: ClinicRepositories, other: ClinicRepositories, patient_id: str) -> PatientRecord:
    bundle = make_bundle(deidentify_dossier(repositories.dossiers.export(patient_id, "fhir")), "Harbour Clinic")
    return other.dossier_importer.import_dossier(parse_whole_bundle(bundle))


def moments(repositories: ClinicRepositories, patient_id: str) -> list[tuple[str, datetime.datetime]]:
    """When everything of a patient was made that two clinics can both hold, by what it is."""
    found = []
    for one in repositories.consultations.of(patient_id):
        found += [("begun", one.created_at), ("saved", one.saved_at)]
        found += [("photograph", each.added_at) for each in repositories.photographs.of(one.id)]
        for plan in repositories.plans.of(one.id):
            choices = repositories.plans.list_choices(plan.id)
            found += [(f"plan {plan.plan_sha256}", plan.made_at), *((each.notes, each.made_at) for each in choices)]
        for spot in repositories.test_spots.list_every(one.id):
            found += [("spot", spot.fired_at), *((each.reaction, each.seen_at) for each in spot.readings)]
    return sorted(found)


def photograph_numbers(repositories: ClinicRepositories, patient_id: str) -> list[int | None]:
    """Which photograph each reading of a test spot shows, by its number in the consultation."""
    found: list[int | None] = []
    for one in repositories.consultations.of(patient_id):
        numbers = {each.id: number for number, each in enumerate(repositories.photographs.of(one.id))}
        readings = [each for spot in repositories.test_spots.of(one.id) for each in spot.readings]
        found += [None if each.photograph_id is None else numbers[each.photograph_id] for each in readings]
    return found


@pytest.mark.parametrize("closed", [False, True])
def test_a_copy_says_in_another_clinic_what_it_says_in_its_own(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord, closed: bool
) -> None:
    """When it was, in which state, what shows what, and what does not count: nothing becomes of today by the move."""
    with clock_set_to(datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=400)):
        consultation = repositories.consultations.begin(patient.id, ANSWERS)
        before = repositories.photographs.add(consultation.id, FACE, "image/jpeg", PhotographPermissions())
        plan = repositories.plans.add(consultation.id, MADE, revision=1)
        repositories.plans.choose(plan.id, "0.1", "long ago")
        settings = SpotSettings(device="pulsed-dye-595", site="cheeks", fluence_J_cm2=5.0)
        read, struck = (
            repositories.test_spots.fire(consultation.id, SpotFiring(plan.id, settings, 24.0, ORAL_CONSENT, why=why))
            for why in ("one", "two")
        )
        repositories.test_spots.strike(struck.id, "another patient")
    repositories.test_spots.add_reading(read.id, "crust", photograph_id=before.id)
    if closed:
        repositories.consultations.close(consultation.id, revision=1)
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    taken = pass_copy(repositories, other, patient.id)
    assert moments(other, taken.id) == moments(repositories, patient.id)
    assert photograph_numbers(other, taken.id) == photograph_numbers(repositories, patient.id) == [0]
    states = [one.state for one in other.consultations.of(taken.id)]
    assert states == ["closed" if closed else "planned", "planned"], "consent given elsewhere does not hold"
    (here,) = [one.id for one in other.consultations.of(taken.id) if one.created_at == consultation.created_at]
    assert [spot.firing.why for spot in other.test_spots.of(here)] == ["one"], "what was struck counts nowhere"
    struck = [(spot.firing.why, spot.struck.reason) for spot in other.test_spots.list_every(here) if spot.struck]
    assert struck == [("two", "another patient")]
    assert all(checked.findings == () for checked in verify_database(database))


@pytest.mark.parametrize("hand_over", [pass_copy, pass_bundle])
def test_a_person_is_imported_once(
    hand_over: Callable[..., PatientRecord], database: Database, repositories: ClinicRepositories
) -> None:
    patient = repositories.patients.add("Heron", year_of_birth=1984)
    repositories.consultations.begin(patient.id, ANSWERS)
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    first = hand_over(repositories, other, patient.id)
    for again in (pass_copy, pass_bundle):  # in whatever form, and as it is now
        with pytest.raises(InputError, match=f"is {first.pseudonym} here"):
            again(repositories, other, patient.id)
    assert other.patients.list_all() == (first,)
    other.erasure.erase(first.id, retention_years=0)
    assert hand_over(repositories, other, patient.id).year_of_birth == 1984


def test_an_import_of_a_copy_is_whole_or_nothing(
    database: Database, repositories: ClinicRepositories, patient: PatientRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = repositories.patient_copies.make(patient.id)
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))

    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("skinbeam_clinic.exchange.repository._ConsultationWriter._plan", fail)
    with pytest.raises(RuntimeError, match="the disk is full"):
        import_copy(other, copy)
    assert other.patients.list_all() == ()


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
    revisions = [plan.consultation_revision for plan in other.plans.of(one.id)]
    assert revisions == [plan.consultation_revision for plan in repositories.plans.of(consultation.id)]
    assert revisions[-1] == one.revision


def packed(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.json", content)
    return made.getvalue()


def encrypted(archive: bytes) -> bytes:
    """An archive that says of its only file that it has a password, as some programs pack one."""
    local, central = b"PK\x03\x04\x14\0", b"PK\x01\x02\x14\x03\x14\0"
    return archive.replace(local + b"\0", local + b"\1").replace(central + b"\0", central + b"\1")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x05\x06",
        packed(other=b"{}"),
        packed(record=b"[]"),
        packed(record=b"{"),
        packed(record=b'{"schema": 1}'),
        encrypted(packed(record=b"{}")),
    ],
)
def test_what_is_no_copy_is_refused_and_makes_no_patient(content: bytes, repositories: ClinicRepositories) -> None:
    with pytest.raises(InputError, match="not a copy"):
        import_copy(repositories, content)
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
        import_copy(repositories, made.getvalue())
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
        for table in ("contact", "plan", "choice", "consent", "consent_void", "consent_text"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
        for table in ("consultation", "clinic_text"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 1
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
    again = run("records", "import", file, *clinic)
    assert (again.code, again.document["error"]["code"]) == (2, "imported-already")
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
    there = fired(site="nose", corrects=first.id, why="another place", reason="asked for")
    repositories.treatments.add_area(made.id, there)
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
    (plan,) = other.plans.of(other.consultations.of(import_copy(other, packed).id)[0].id)
    notes = other.plans.list_choices(plan.id)[-1].notes
    assert "pulsed-dye-595, serial number SYN-1. nose (both): wavelength_nm 595, fluence_J_cm2 7.5" in notes
    assert "blister, mild" in notes
    assert "cheeks" not in notes  # the row was corrected
    assert all(checked.findings == () for checked in verify_database(database))


def test_what_a_clinician_graded_elsewhere_comes_with_its_session(
    database: Database, repositories: ClinicRepositories, treated: Treatment
) -> None:
    """A course that made the skin worse is not begun again elsewhere as if nobody had judged it."""
    graded = repositories.follow_ups.begin(treated.id)
    repositories.follow_ups.add_grade(graded.id, ImprovementQuarter.WORSE, AestheticChange.WORSE, hidden=False)
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    there = other.consultations.of(pass_copy(repositories, other, owner_of(repositories, treated)).id)
    (session,) = carry_past_sessions([one.answers for one in there]).tables["session"]
    assert session["response_pct"] == -50.0, "the middle of what is worse by up to all"


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("typed", [(), (("session.0.week", "0"), ("session.0.treats", "redness"))])
def test_what_was_treated_elsewhere_is_where_the_next_consultation_begins(
    database: Database,
    repositories: ClinicRepositories,
    treated: Treatment,
    typed: tuple[tuple[str, str], ...],
    later: bool,
) -> None:
    """So that a plan takes into account what was fired there, and what came of it, beside what was typed there, also in
    a consultation that was begun after the treatments.
    """
    consultation = repositories.consultations.get(treated.consultation_id)
    answers = Submission((*consultation.answers.entries, *typed))
    if later:
        repositories.consultations.begin(consultation.patient_id, answers)
    repositories.consultations.save(consultation.id, answers, revision=consultation.revision)
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    there = other.consultations.of(pass_copy(repositories, other, consultation.patient_id).id)
    assert (len(there), there[-1].state) == (3 if later else 2, "closed")
    assert there[-1].created_at > there[-2].created_at, "rows of one moment have no order"
    sessions = carry_past_sessions([one.answers for one in there]).tables["session"]
    assert len(sessions) == 1 + bool(typed)
    recorded = sessions[-1]
    assert (recorded["device"], recorded["fluence_J_cm2"], recorded["adverse"]) == ("pulsed-dye-595", 7.5, ["blister"])
    assert (recorded["site"], "weeks_ago" in recorded) == ("nose", False), "as corrected, and not as planned"
    assert parse_record(Case, {"session": sessions}, file="form").session[-1].adverse == ["blister"]


def test_of_a_session_typed_elsewhere_each_field_comes_once_and_stays_with_it(
    repositories: ClinicRepositories, database: Database, treated: Treatment
) -> None:
    """The form begins with its second row, and the copy numbers rows from the first on."""
    consultation = repositories.consultations.get(treated.consultation_id)
    typed = {"week": "0", "treats": "redness", "weeks_ago": "7", "site": "nose"}
    rows = [(f"session.1.{name}", text) for name, text in typed.items()]
    answers = Submission((*consultation.answers.entries, *rows))
    repositories.consultations.save(consultation.id, answers, revision=consultation.revision)
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    (one, _) = other.consultations.of(import_copy(other, repositories.patient_copies.make(consultation.patient_id)).id)
    names = [name for name, _ in one.answers.entries]
    assert len(set(names)) == len(names)
    first, second = one.answers.tables["session"]
    assert (first["treats"], first["weeks_ago"], first["site"]) == ("redness", 7.0, "nose")
    assert (second["site"], "weeks_ago" in second) == ("nose", False)


@pytest.mark.parametrize("closed", [False, True])
def test_nobody_is_treated_under_a_plan_that_knows_nothing_of_what_was_fired_elsewhere(
    database: Database, repositories: ClinicRepositories, treated: Treatment, closed: bool
) -> None:
    """The plan of a course that burnt was open in the other clinic, where no record told of the burn."""
    consultation = repositories.consultations.get(treated.consultation_id)
    if closed:
        repositories.consultations.close(consultation.id, revision=consultation.revision)
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    (one, _) = other.consultations.of(import_copy(other, repositories.patient_copies.make(consultation.patient_id)).id)
    assert one.state == ("closed" if closed else "draft")
    assert other.consultations.reopen(one.id).state == "draft"
    assert all(plan.consultation_revision != one.revision for plan in other.plans.of(one.id))
    (session,) = one.answers.tables["session"]
    assert session["adverse"] == ["blister"]
    kept = [entry for entry in one.answers.entries if not entry[0].startswith("session.")]
    assert kept == list(consultation.answers.entries)


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


def test_the_command_tells_what_of_a_copy_is_in_the_copy_alone(
    database: Database, repositories: ClinicRepositories, treated: Treatment
) -> None:
    patient = owner_of(repositories, treated)
    starts_at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=9)
    ends_at = starts_at + datetime.timedelta(minutes=30)
    member = AccountRepository(database, repositories.member, PasswordHasher()).add(
        "ann", Role.OWNER, "quiet otters read"
    )
    repositories.appointments.book(Booking(patient, member.id, Purpose.READING, starts_at, ends_at))
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    _, told = make_importer(repositories.patient_copies.make(patient))(other)
    consents = repositories.consents.of(treated.consultation_id)
    assert told == {"left_out": {"appointments": 1, "consents": len(consents)}}
