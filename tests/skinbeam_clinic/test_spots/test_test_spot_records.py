"""Test spots as they are kept: fired, read, found when they are due, taken along in a copy."""

import datetime
from dataclasses import replace
from typing import Any

import pytest
from record_samples import import_copy, make_plan_record

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.repository import create_clinic
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import ClosedError, DeniedError, RecordNotFoundError
from skinbeam_clinic.models import PhotographPermissions, PlanRecord
from skinbeam_clinic.pulse_settings import SpotSettings
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring, TestSpotRecord

SETTINGS = SpotSettings(device="pulsed-dye-595", site="cheeks", fluence_J_cm2=6.0, pulse_ms=6.0, spot_mm=7.0)


def hours_ago(hours: float) -> datetime.datetime:
    return now() - datetime.timedelta(hours=hours)


def firing(plan: PlanRecord, **settings: Any) -> SpotFiring:
    return SpotFiring(plan.id, replace(SETTINGS, **settings), 72.0, ORAL_CONSENT)


def fired(repositories: ClinicRepositories, hours: float = 0.0) -> TestSpotRecord:
    plan = make_plan_record(repositories)
    return repositories.test_spots.fire(plan.consultation_id, firing(plan), hours_ago(hours) if hours else None)


def test_a_spot_comes_back_as_it_was_fired_and_read(repositories: ClinicRepositories) -> None:
    spot = fired(repositories, 50.0)
    assert (spot.fired_by, spot.readings) == (repositories.member.name, ())
    read = repositories.test_spots.add_reading(spot.id, "blister", note="one, 2 mm")
    (reading,) = read.readings
    assert (reading.reaction, reading.note, reading.read_by) == ("blister", "one, 2 mm", repositories.member.name)
    assert read.hours(reading) == pytest.approx(50.0, abs=0.01)
    assert repositories.test_spots.get(spot.id) == read
    assert repositories.test_spots.of(spot.consultation_id) == (read,)
    patient = repositories.consultations.get(spot.consultation_id).patient_id
    assert repositories.test_spots.of_patient(patient) == (read,)


def test_a_later_reading_takes_the_place_of_none(repositories: ClinicRepositories) -> None:
    spot = fired(repositories, 1000.0)
    repositories.test_spots.add_reading(spot.id, "burn", seen_at=hours_ago(950.0))
    again = repositories.test_spots.add_reading(spot.id, "none")
    assert [one.reaction for one in again.readings] == ["burn", "none"]


def test_a_reading_that_is_sent_again_is_kept_once(repositories: ClinicRepositories) -> None:
    spot = fired(repositories, 100.0)
    for shown, hours in ((0, 2.0), (0, 2.0), (0, 5.0), (2, 5.0), (2, 5.0)):
        repositories.test_spots.add_reading(spot.id, "none", seen_at=hours_ago(hours), shown=shown)
    read = repositories.test_spots.get(spot.id)
    assert [round(read.hours(one)) for one in read.readings] == [98, 95, 95]


def test_a_spot_is_due_once_its_hours_are_over_and_until_it_is_read(repositories: ClinicRepositories) -> None:
    fired(repositories, 71.0)
    late, later = fired(repositories, 73.0), fired(repositories, 100.0)
    assert [spot.id for spot, _ in repositories.test_spots.list_due(9)] == [later.id, late.id]
    assert [spot.id for spot, _ in repositories.test_spots.list_due(1)] == [later.id]
    repositories.test_spots.add_reading(later.id, "none")
    ((spot, patient),) = repositories.test_spots.list_due(9)
    assert (spot.id, patient.id) == (late.id, repositories.consultations.get(late.consultation_id).patient_id)


@pytest.mark.parametrize("early", [(0.0,), (71.0,), (0.0, 24.0, 71.9)])
def test_a_spot_that_was_read_too_early_is_due_again(
    repositories: ClinicRepositories, early: tuple[float, ...]
) -> None:
    spot = fired(repositories, 100.0)
    for after in early:
        repositories.test_spots.add_reading(spot.id, "none", seen_at=spot.fired_at + datetime.timedelta(hours=after))
        repositories.test_spots.add_reading(  # sent again by whoever lost the answer
            spot.id, "none", seen_at=spot.fired_at + datetime.timedelta(hours=after), shown=early.index(after)
        )
    assert len(repositories.test_spots.get(spot.id).readings) == len(early)
    assert [one.id for one, _ in repositories.test_spots.list_due(9)] == [spot.id]
    assert repositories.test_spots.add_reading(spot.id, "redness").is_read
    assert repositories.test_spots.list_due(9) == ()


def test_a_spot_that_is_struck_counts_nowhere_and_stays_stored(
    database: Database, repositories: ClinicRepositories
) -> None:
    spot, read = fired(repositories, 100.0), fired(repositories, 100.0)
    repositories.test_spots.add_reading(read.id, "burn")
    for id, why, code in ((spot.id, "", "no-reason"), (read.id, "it burnt", "spot-read")):  # no burn is struck away
        with pytest.raises(InputError) as found:
            repositories.test_spots.strike(id, why)
        assert found.value.code == code
    assistant = ClinicRepositories(database, replace(repositories.member, role=Role.ASSISTANT))
    with pytest.raises(DeniedError):
        assistant.test_spots.strike(spot.id, "never fired")
    for why in ("never fired", "sent again"):
        repositories.test_spots.strike(spot.id, why)
    patient = repositories.consultations.get(spot.consultation_id).patient_id
    assert repositories.test_spots.of(spot.consultation_id) == ()
    assert repositories.test_spots.of_patient(patient) == ()
    assert repositories.test_spots.list_due(9) == ()
    (struck,) = repositories.test_spots.list_every(spot.consultation_id)
    assert struck.struck is not None
    assert (struck.struck.reason, struck.struck.by) == ("never fired", repositories.member.name)
    assert replace(struck, struck=None) == spot
    assert repositories.test_spots.list_every(read.consultation_id) == repositories.test_spots.of(read.consultation_id)
    with pytest.raises(InputError):
        repositories.test_spots.add_reading(spot.id, "none")


def test_an_assistant_reads_and_fires_none(database: Database, repositories: ClinicRepositories) -> None:
    assistant = ClinicRepositories(database, replace(repositories.member, role=Role.ASSISTANT))
    spot = fired(repositories)
    assert assistant.test_spots.add_reading(spot.id, "none").readings
    with pytest.raises(DeniedError):
        assistant.test_spots.fire(spot.consultation_id, spot.firing)
    with pytest.raises(DeniedError):
        ClinicRepositories(database, replace(repositories.member, role=Role.AUDITOR)).test_spots.add_reading(
            spot.id, "none"
        )


def test_a_closed_consultation_takes_readings_and_no_spots(repositories: ClinicRepositories) -> None:
    spot = fired(repositories)
    repositories.consultations.close(spot.consultation_id, revision=1)
    with pytest.raises(ClosedError):
        repositories.test_spots.fire(spot.consultation_id, spot.firing)
    assert repositories.test_spots.add_reading(spot.id, "blister").readings


@pytest.mark.parametrize("settings", [{"fluence_J_cm2": 0.0}, {"fluence_J_cm2": "six"}, {"site": "moon"}])
def test_what_no_case_file_could_hold_is_not_kept(
    repositories: ClinicRepositories, settings: dict[str, object]
) -> None:
    plan = make_plan_record(repositories)
    with pytest.raises(InputError):
        repositories.test_spots.fire(plan.consultation_id, firing(plan, **settings))
    assert repositories.test_spots.of(plan.consultation_id) == ()


def test_what_cannot_be_is_refused(repositories: ClinicRepositories) -> None:
    spot, other = fired(repositories), fired(repositories)
    photograph = repositories.photographs.add(other.consultation_id, b"\xff\xd8", "image/jpeg", PhotographPermissions())
    soon = now() + datetime.timedelta(minutes=1)
    for code, asked in {
        "in-the-future": lambda: repositories.test_spots.add_reading(spot.id, "none", seen_at=soon),
        "before-firing": lambda: repositories.test_spots.add_reading(spot.id, "none", seen_at=hours_ago(1.0)),
        "unknown-word": lambda: repositories.test_spots.add_reading(spot.id, "fine"),
        "absent": lambda: repositories.test_spots.add_reading(spot.id, "none", photograph_id=photograph.id),
        "too-long": lambda: repositories.test_spots.add_reading(spot.id, "none", note="x" * 6000),
    }.items():
        with pytest.raises(InputError) as refused:
            asked()
        assert refused.value.code == code
    assert repositories.test_spots.get(spot.id).readings == ()


def test_nothing_of_a_spot_lies_open_and_the_trail_names_no_reaction(
    repositories: ClinicRepositories, database: Database
) -> None:
    spot = fired(repositories)
    repositories.test_spots.add_reading(spot.id, "blister", note="secret")
    steps = repositories.audit_log.newest(50, subject=f"test_spot/{spot.id}")
    assert {"test-spot.read", "test-spot.fired"} <= {one.action for one in steps}
    with database.reading() as session:
        stored = repr(session.connection().exec_driver_sql("SELECT * FROM test_spot").all())
        stored += repr(session.connection().exec_driver_sql("SELECT detail FROM trail").all())
    assert not {word for word in ("blister", "secret", "cheeks", "pulsed-dye") if word in stored}
    assert all(checked.findings == () for checked in verify_database(database))


def test_spots_go_along_in_a_copy_and_go_with_their_patient(
    repositories: ClinicRepositories, database: Database
) -> None:
    spot = fired(repositories, 80.0)
    read = repositories.test_spots.add_reading(spot.id, "crust")
    patient = repositories.consultations.get(spot.consultation_id).patient_id
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    taken = import_copy(other, repositories.patient_copies.make(patient))
    (there,) = other.test_spots.of_patient(taken.id)
    assert (there.firing, there.fired_at, there.fired_by, there.readings) == (
        read.firing,
        read.fired_at,
        read.fired_by,
        read.readings,
    )
    assert repositories.erasure.erase(patient, retention_years=0) is None
    with pytest.raises(RecordNotFoundError):
        repositories.test_spots.get(spot.id)
    assert all(checked.findings == () for checked in verify_database(database))
