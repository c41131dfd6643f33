"""A clinic with many patients leaves: they are read together, and what is written and logged is of each alone."""

import datetime
import io
import zipfile
from pathlib import Path

import pytest
from clinic_samples import HOME, Clinics, two_clinics_on
from diary_samples import WARNING, treated
from document_samples import LETTER, PDF
from exchange_samples import picture
from page_statements import statements_sent
from treated_rows import add_treatment
from treatment_samples import fired

from skinbeam_clinic.access import Role
from skinbeam_clinic.appointments.models import Booking, Purpose
from skinbeam_clinic.clinic_transfer.export import export_clinic
from skinbeam_clinic.consultations.suggestions import SuggestionContent
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.diaries.diary_access import DiaryAccess
from skinbeam_clinic.follow_ups.models import AestheticChange, ImprovementQuarter
from skinbeam_clinic.models import PhotographPermissions
from skinbeam_clinic.pulse_settings import SpotSettings
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring
from skinbeam_clinic.treatments.models import AdverseEventGrade, AdverseEventSource

HOUR = datetime.timedelta(hours=1)


def add_patient(made: Clinics, number: int) -> str:
    """Keep a patient with two records of most kinds, and return their id."""
    repositories, doctor = made.repositories(Role.OWNER), made.members[HOME, Role.CLINICIAN].id
    of = treated(repositories, days_ago=30)
    consent = repositories.treatments.get(of.treatment).consent_id
    ends = now() + HOUR
    repositories.patients.set_contact(of.patient, {"name": f"Somebody {number}", "remind_by": "phone", "phone": "1"})
    repositories.consultations.begin(of.patient)
    faces = [
        repositories.photographs.add(of.consultation, picture(mode=mode), "image/jpeg", PhotographPermissions()).id
        for mode in ("RGB", "L")
    ]
    suggested = [SuggestionContent(condition=name, site="cheeks", findings=(), messages=()) for name in ("a", "b")]
    repositories.suggestions.add(of.consultation, faces[0], suggested)
    spot = SpotFiring(of.plan, SpotSettings(device="pulsed-dye-595", site="cheeks", fluence_J_cm2=4), 72, ORAL_CONSENT)
    for times in (1, 2):
        repositories.plans.choose(of.plan, "0.0", "as asked")
        add_treatment(repositories, consent, days_ago=20 - times)
        repositories.treatments.add_area(of.treatment, fired(why=f"noted late {times}"))
        repositories.adverse_events.add(
            of.treatment, kind="burn", grade=AdverseEventGrade.MILD, source=AdverseEventSource.SESSION
        )
        link = repositories.diaries.create_link(of.treatment, language="en", until=ends)
        note = f"{times}".zfill(32)
        DiaryAccess(made.database).open(link.token).add_entry(note, times, WARNING, photograph=None, alarm=True)
        graded = repositories.follow_ups.begin(of.treatment, seen_at=now() - times * HOUR)
        repositories.follow_ups.add_pair(graded.id, *faces[:: 3 - 2 * times])
        repositories.follow_ups.add_grade(graded.id, ImprovementQuarter.FIRST, AestheticChange.SAME)
        repositories.test_spots.fire(of.consultation, spot, now() - times * HOUR)
        repositories.notes.add(of.patient, f"Restless {times}.", consultation_id=of.consultation)
        repositories.attachments.add(of.patient, PDF + b"\n" * times, **LETTER)
        at = now() + (2 * number + times) * 24 * HOUR
        (ahead,) = repositories.appointments.book(Booking(of.patient, doctor, Purpose.FOLLOW_UP, at, at + HOUR))
        repositories.reminders.mark(ahead.id, revision=ahead.revision)
    return of.patient


def export_counted(made: Clinics, folder: Path) -> int:
    """Export the first clinic, and return how many statements were sent to the database."""
    with statements_sent(made.database) as sent:
        export_clinic(made.repositories(Role.OWNER), folder)
    return len(sent)


def count_statements_of_plans(made: Clinics) -> int:
    """Read all plans for a table, and return how many statements were sent to the database."""
    with statements_sent(made.database) as sent:
        assert all(one.consultations for one in made.repositories(Role.OWNER).dossiers.plans("csv"))
    return len(sent)


def contents(folder: Path) -> dict[str, bytes]:
    """The files of an export by their names, with those in a ZIP, whose own bytes contain the time."""
    found = {}
    for path in (one for one in folder.rglob("*") if one.is_file()):
        name = str(path.relative_to(folder))
        if path.suffix == ".zip":
            with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
                found |= {f"{name}/{one}": archive.read(one) for one in archive.namelist()}
        else:
            found[name] = path.read_bytes()
    return found


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.check)])
def test_more_patients_take_no_more_statements_and_are_written_as_one_by_one(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with two_clinics_on(kind, tmp_path) as made:
        counts, tables = [], []
        for number in range(5):
            add_patient(made, number)
            if number in (1, 4):
                tables.append(count_statements_of_plans(made))
                export_counted(made, tmp_path / f"first {number}")  # after it, no rater of these is blind any more
                counts.append(export_counted(made, tmp_path / f"together {number}"))
        assert counts[0] == counts[1]
        assert tables[0] == tables[1]
        monkeypatch.setattr("skinbeam_clinic.exchange.repository._PATIENTS_READ", 1)
        assert export_counted(made, tmp_path / "one by one") > 2 * counts[1]
        together = contents(tmp_path / "together 4")
        assert together == contents(tmp_path / "one by one")
        full = [one for one in together if one.endswith(".csv") and together[one].count(b"\r\n") > 5]
        assert len(full) > 15, full
        assert [one.findings for one in verify_database(made.database)] == [(), ()]


def test_the_log_tells_of_each_patient_what_was_read_of_them(tmp_path: Path) -> None:
    with two_clinics_on("sqlite", tmp_path) as made:
        patients = [add_patient(made, number) for number in range(3)]
        trail = made.repositories(Role.OWNER).audit_log
        before = trail.newest(1)[0].seq
        export_clinic(made.repositories(Role.OWNER), tmp_path / "out")
        for patient in patients:
            told = [one for one in trail.newest(1000, subject=f"patient/{patient}") if one.seq > before]
            actions = [one.action for one in told if one.action != "trail.seen"]
            assert sorted(actions) == ["copy.made", "page.seen", "record.exported", "record.exported"]
            (read,) = [one.records_read for one in told if one.action == "page.seen"]
            assert {name for name in read if name.startswith("patient/")} == {f"patient/{patient}"}
            assert f"contact/{patient}" in read


def test_a_clinic_without_patients_leaves_too(tmp_path: Path) -> None:
    with two_clinics_on("sqlite", tmp_path) as made:
        made.repositories(Role.OWNER).machines.add(device="pulsed-dye-595", serial="SYN-1", name="Dye laser")
        export_counted(made, tmp_path / "out")
        assert b"Dye laser" in (tmp_path / "out" / "machines.csv").read_bytes()
        assert (tmp_path / "out" / "patients.csv").read_bytes().count(b"\r\n") == 1
