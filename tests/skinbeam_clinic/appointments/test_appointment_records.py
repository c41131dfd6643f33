"""Appointments: nobody and nothing is in two at a time, however many book at once; times outlast a change of clocks."""

import io
import json
import threading
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from record_samples import import_copy
from treatment_samples import ORDERED, agreed

from skinbeam.model.errors import InputError
from skinbeam.text import to_local_time
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, create_clinic
from skinbeam_clinic.appointments.models import Appointment, AppointmentState, Booking, Purpose
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.revisions import open_database
from skinbeam_clinic.errors import ClashError, DeniedError, RecordNotFoundError
from skinbeam_clinic.models import Member
from skinbeam_clinic.repositories import ClinicRepositories

TEN = (datetime.now(UTC) + timedelta(days=7)).replace(hour=10, minute=0, second=0, microsecond=0)
HALF = timedelta(minutes=30)


def members(database: Database, operator: Member, *roles: Role) -> list[Member]:
    accounts = AccountRepository(database, operator, PasswordHasher())
    return [accounts.add(f"{role} {number}", role, "four words nobody guesses") for number, role in enumerate(roles)]


@pytest.fixture
def ann(database: Database, operator: Member) -> Member:
    return members(database, operator, Role.CLINICIAN)[0]


@pytest.fixture
def booking(repositories: ClinicRepositories, ann: Member) -> Booking:
    """A session at ten, in a week."""
    machine = repositories.machines.add(device="pulsed-dye-595", serial="1", name="Dye laser")
    patient = repositories.patients.add("Heron")
    return Booking(patient.id, ann.id, Purpose.SESSION, TEN, TEN + HALF, machine.id)


def another(repositories: ClinicRepositories, database: Database, operator: Member) -> dict[str, str]:
    """A patient, a member and a machine that nobody has booked."""
    (member,) = members(database, operator, Role.OWNER)
    machine = repositories.machines.add(device="pulsed-dye-595", serial="2", name="Other laser")
    return {"patient_id": repositories.patients.add("Stork").id, "member_id": member.id, "machine_id": machine.id}


@pytest.mark.parametrize("shared", ["patient", "member", "machine"])
def test_who_or_what_is_taken_is_refused_and_named(
    repositories: ClinicRepositories, database: Database, operator: Member, booking: Booking, shared: str
) -> None:
    (first,) = repositories.appointments.book(booking)
    free = another(repositories, database, operator)
    for begins in (TEN - HALF / 2, TEN, TEN + HALF / 2):
        other = replace(booking, **free | {f"{shared}_id": getattr(booking, f"{shared}_id")})
        other = replace(other, starts_at=begins, ends_at=begins + HALF)
        with pytest.raises(ClashError) as found:
            repositories.appointments.book(other)
        assert [(clash.resource, clash.appointment_id) for clash in found.value.clashes] == [(shared, first.id)]
    assert len(repositories.appointments.book(replace(booking, **free))) == 1  # nothing is shared


def test_what_is_booked_on_closed_days_is_counted_and_nothing_else(
    repositories: ClinicRepositories, booking: Booking
) -> None:
    """Whoever enters closed days reads which appointments are to be moved."""
    repositories.appointments.book(booking, replace(booking, starts_at=TEN + HALF, ends_at=TEN + 2 * HALF))
    (given_up,) = repositories.appointments.book(replace(booking, starts_at=TEN - HALF, ends_at=TEN))
    repositories.appointments.cancel(given_up.id, revision=given_up.revision)
    assert repositories.appointments.count_on_closed_days() == {}
    day = to_local_time(TEN).date()
    repositories.closed_days.add((day + timedelta(days=1)).isoformat())
    assert repositories.appointments.count_on_closed_days() == {}
    repositories.closed_days.add(day.isoformat())
    assert repositories.appointments.count_on_closed_days() == {day: 2}


def test_ends_that_touch_and_times_that_were_given_up_are_free(
    repositories: ClinicRepositories, booking: Booking
) -> None:
    (first,) = repositories.appointments.book(booking)
    after, before = (replace(booking, starts_at=TEN + by, ends_at=TEN + by + HALF) for by in (HALF, -HALF))
    repositories.appointments.book(after, before)
    with pytest.raises(ClashError):
        repositories.appointments.book(booking)
    repositories.appointments.cancel(first.id, revision=first.revision)
    repositories.appointments.book(booking)


def test_a_long_one_is_found_by_what_begins_late_in_it(repositories: ClinicRepositories, booking: Booking) -> None:
    repositories.appointments.book(replace(booking, ends_at=TEN + timedelta(hours=12)))
    late = TEN + timedelta(hours=11, minutes=55)
    with pytest.raises(ClashError):
        repositories.appointments.book(replace(booking, starts_at=late, ends_at=late + HALF))


def test_a_series_is_booked_whole_or_not_at_all(repositories: ClinicRepositories, booking: Booking) -> None:
    week = timedelta(days=7)
    series = [
        replace(booking, starts_at=TEN + number * week, ends_at=TEN + number * week + HALF) for number in range(4)
    ]
    repositories.appointments.book(series[2])
    with pytest.raises(ClashError) as found:
        repositories.appointments.book(*series)
    assert {clash.index for clash in found.value.clashes} == {2}
    assert len(repositories.appointments.of(booking.patient_id)) == 1
    with pytest.raises(ClashError) as found:  # two of one series at one time
        repositories.appointments.book(series[0], series[0])
    assert {(clash.index, clash.appointment_id) for clash in found.value.clashes} == {(1, "")}
    assert len(repositories.appointments.of(booking.patient_id)) == 1


def test_two_who_book_at_once_never_both_have_the_time(
    address: str, environment: dict[str, str], repositories: ClinicRepositories, booking: Booking
) -> None:
    """Ten times, four programs at once: one has it, and three are told so."""
    opened = [open_database(address, environment) for _ in range(4)]
    for number in range(10):
        begins = TEN + number * HALF
        asked = replace(booking, starts_at=begins, ends_at=begins + HALF)
        ready, ended = threading.Barrier(4), []

        def book(
            database: Database,
            asked: Booking = asked,
            ready: threading.Barrier = ready,
            ended: list[str] = ended,
        ) -> None:
            own = ClinicRepositories(database, repositories.member)
            ready.wait()
            try:
                own.appointments.book(asked)
                ended.append("booked")
            except ClashError:
                ended.append("told")

        threads = [threading.Thread(target=book, args=(database,)) for database in opened]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(ended) == ["booked", "told", "told", "told"]
    for database in opened:
        database.close()


def test_an_appointment_is_moved_by_who_read_it_last(repositories: ClinicRepositories, booking: Booking) -> None:
    (one,) = repositories.appointments.book(booking)
    changes = {"ends_at": TEN + 2 * HALF, "member_id": one.member_id, "machine_id": None}
    moved = repositories.appointments.move(one.id, starts_at=TEN + HALF / 2, revision=one.revision, **changes)
    assert (moved.starts_at, moved.machine, moved.revision) == (TEN + HALF / 2, "", 2)  # over its own old time
    with pytest.raises(InputError) as found:
        repositories.appointments.move(one.id, starts_at=TEN, revision=one.revision, **changes)
    assert found.value.code == "appointment-changed"
    repositories.appointments.book(replace(booking, starts_at=TEN - HALF, ends_at=TEN))
    with pytest.raises(ClashError):
        repositories.appointments.move(one.id, starts_at=TEN - HALF / 2, revision=moved.revision, **changes)
    assert repositories.appointments.get(one.id) == moved


def test_it_is_kept_or_missed_on_its_day_and_a_cancelled_one_never(
    repositories: ClinicRepositories, booking: Booking
) -> None:
    (ahead,) = repositories.appointments.book(booking)
    with pytest.raises(InputError) as found:
        repositories.appointments.set_attendance(ahead.id, attended=True, revision=ahead.revision)
    assert found.value.code == "appointment-ahead"
    cancelled = repositories.appointments.cancel(ahead.id, revision=ahead.revision)
    over = replace(booking, starts_at=datetime.now(UTC) - HALF, ends_at=datetime.now(UTC))
    (one,) = repositories.appointments.book(over)
    missed = repositories.appointments.set_attendance(one.id, attended=False, revision=one.revision)
    assert missed.state is AppointmentState.MISSED
    came = repositories.appointments.set_attendance(
        one.id, attended=True, revision=missed.revision
    )  # late, but they came
    assert came.state is AppointmentState.ATTENDED
    for refused in (
        lambda: repositories.appointments.set_attendance(ahead.id, attended=False, revision=cancelled.revision),
        lambda: repositories.appointments.cancel(one.id, revision=came.revision),
    ):
        with pytest.raises(InputError) as found:
            refused()
        assert found.value.code == "appointment-over"


def test_what_cannot_be_booked_says_why(
    repositories: ClinicRepositories, database: Database, operator: Member, booking: Booking
) -> None:
    assistant, auditor = members(database, operator, Role.ASSISTANT, Role.AUDITOR)
    repositories.machines.set_in_use(str(booking.machine_id), in_use=False)
    without = replace(booking, machine_id=None)
    other = repositories.consultations.begin(repositories.patients.add("Stork").id)
    for asked, code in (
        (booking, "appointment-machine"),
        (replace(without, member_id=assistant.id), "appointment-member"),
        (replace(without, member_id=auditor.id, purpose=Purpose.READING), "appointment-member"),
        (replace(without, member_id="nobody"), "absent"),
        (replace(without, patient_id="nobody"), "absent"),
        (replace(without, machine_id="none"), "absent"),
        (replace(without, consultation_id=other.id), "absent"),
        (replace(without, ends_at=TEN), "appointment-length"),
        (replace(without, ends_at=TEN + timedelta(hours=12, minutes=5)), "appointment-length"),
    ):
        with pytest.raises(InputError) as found:
            repositories.appointments.book(asked)
        assert found.value.code == code
    repositories.appointments.book(replace(without, member_id=assistant.id, purpose=Purpose.READING))


def test_who_may_book_and_in_their_own_clinic(
    repositories: ClinicRepositories, database: Database, operator: Member, booking: Booking
) -> None:
    assistant, auditor = (
        ClinicRepositories(database, one) for one in members(database, operator, Role.ASSISTANT, Role.AUDITOR)
    )
    (one,) = assistant.appointments.book(booking)
    with pytest.raises(DeniedError):
        auditor.appointments.book(booking)
    assert auditor.appointments.between(TEN, TEN + HALF) == (one,)
    stranger = ClinicRepositories(database, create_clinic(database, "Hill Clinic", synthetic=True))
    assert stranger.appointments.between(TEN, TEN + HALF) == ()
    with pytest.raises(RecordNotFoundError):
        stranger.appointments.get(one.id)
    assert [step.action for step in repositories.audit_log.newest(50, subject=f"appointment/{one.id}")][1:] == [
        "appointment.booked"
    ]


def test_moments_are_kept_in_utc(repositories: ClinicRepositories, booking: Booking) -> None:
    zurich = TEN.astimezone(tz=None)
    (one,) = repositories.appointments.book(replace(booking, starts_at=zurich))
    stored = repositories.appointments.get(one.id)
    assert (stored.starts_at, stored.starts_at.utcoffset()) == (TEN, timedelta(0))


def of_copy(repositories: ClinicRepositories, patient: str) -> list[dict[str, object]]:
    record = json.loads(zipfile.ZipFile(io.BytesIO(repositories.patient_copies.make(patient))).read("record.json"))
    found: list[dict[str, object]] = record["appointments"]
    return found


def test_a_copy_holds_the_appointments_and_they_are_not_taken_in(
    repositories: ClinicRepositories, booking: Booking
) -> None:
    (one,) = repositories.appointments.book(booking)
    (copied,) = of_copy(repositories, booking.patient_id)
    assert (copied["id"], copied["starts_at"], copied["state"]) == (one.id, TEN.isoformat(), "booked")
    again = import_copy(repositories, repositories.patient_copies.make(booking.patient_id))
    assert repositories.appointments.of(again.id) == ()


def test_erasure_cancels_what_is_to_come_while_records_must_stay_and_removes_all_afterwards(
    repositories: ClinicRepositories, booking: Booking
) -> None:
    repositories.consultations.begin(booking.patient_id)
    begun = datetime.now(UTC) - timedelta(hours=1)
    ahead, over = repositories.appointments.book(booking, replace(booking, starts_at=begun, ends_at=begun + HALF))

    def states() -> list[tuple[str, AppointmentState]]:
        found: tuple[Appointment, ...] = repositories.appointments.of(booking.patient_id)
        return [(one.id, one.state) for one in found]

    assert repositories.erasure.erase(booking.patient_id, retention_years=10) is not None
    assert states() == [(over.id, AppointmentState.BOOKED), (ahead.id, AppointmentState.CANCELLED)]
    assert repositories.erasure.erase(booking.patient_id, retention_years=0) is None
    assert states() == []
    with pytest.raises(RecordNotFoundError):
        repositories.appointments.book(booking)


def test_a_treatment_that_begins_is_of_the_appointment_and_says_that_it_was_kept(
    repositories: ClinicRepositories, ann: Member
) -> None:
    consent = agreed(repositories)
    patient = repositories.consultations.get(repositories.plans.get(consent.plan_id).consultation_id).patient_id
    at = datetime.now(UTC)
    near = Booking(patient, ann.id, Purpose.SESSION, at, at + HALF)
    other_day = replace(near, starts_at=TEN, ends_at=TEN + HALF)
    reading = replace(near, purpose=Purpose.READING, starts_at=at - HALF, ends_at=at)
    repositories.appointments.book(other_day, reading)
    (one,) = repositories.appointments.book(near)
    made = repositories.treatments.begin(consent.id, ORDERED)
    attended = repositories.appointments.get(one.id)
    assert (made.appointment_id, attended.state, attended.treatment_id) == (one.id, AppointmentState.ATTENDED, made.id)
    states = [each.state for each in repositories.appointments.of(patient) if each.id != one.id]
    assert states == [AppointmentState.BOOKED, AppointmentState.BOOKED]


def test_a_treatment_begins_without_an_appointment_and_in_nobody_elses(
    repositories: ClinicRepositories, ann: Member
) -> None:
    consent, at = agreed(repositories), datetime.now(UTC)
    stork = repositories.patients.add("Stork").id
    (theirs,) = repositories.appointments.book(Booking(stork, ann.id, Purpose.SESSION, at, at + HALF))
    with pytest.raises(RecordNotFoundError):
        repositories.treatments.begin(consent.id, ORDERED, appointment_id=theirs.id)
    assert repositories.treatments.begin(consent.id, ORDERED).appointment_id is None
