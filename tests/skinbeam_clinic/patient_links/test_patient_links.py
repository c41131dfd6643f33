"""Two records of one person: what is linked, what is refused, and what is read of both."""

import datetime
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from altered_database import run, unguarded
from diary_samples import WARNING, treated
from document_samples import LETTER, PDF
from record_samples import ANSWERS, MADE, NO_WAIT
from sqlalchemy import text
from treatment_samples import ORDERED, agreed, fired, started

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.appointments.models import Booking, Purpose
from skinbeam_clinic.consultations.forms import NO_ANSWERS, Submission
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.diaries.diary_access import DiaryAccess
from skinbeam_clinic.errors import ClashError, DeniedError, RecordNotFoundError, ReplacedError
from skinbeam_clinic.models import PhotographPermissions
from skinbeam_clinic.patients.recorded_history import read_history
from skinbeam_clinic.pulse_settings import SpotSettings
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring, TestSpotRecord
from skinbeam_clinic.treatments.models import TreatmentState

SPOT = SpotSettings(device="pulsed-dye-595", site="cheeks", fluence_J_cm2=6.0)
DAY = datetime.timedelta(days=1)


def patients(repositories: ClinicRepositories, number: int) -> list[str]:
    return [repositories.patients.add().id for _ in range(number)]


def spot(repositories: ClinicRepositories, consultation: str, reaction: str = "") -> TestSpotRecord:
    plan = repositories.plans.add(consultation, MADE, revision=1)
    at = now() - 4 * DAY
    made = repositories.test_spots.fire(consultation, SpotFiring(plan.id, SPOT, 72.0, ORAL_CONSENT), at)
    return repositories.test_spots.add_reading(made.id, reaction) if reaction else made


def test_a_link_closes_the_duplicate_and_rewrites_nothing(database: Database, repositories: ClinicRepositories) -> None:
    closed, kept = patients(repositories, 2)
    repositories.patients.set_contact(closed, {"name": "Ann Maier", "born": "1980-04-03"})
    before = [repositories.patients.get(id) for id in (closed, kept)], repositories.patients.get_contact(closed)
    link = repositories.patient_links.link(closed, kept, "Married; was Maier.")
    assert (link.patient_id, link.kept_id, link.reason, link.end) == (closed, kept, "Married; was Maier.", None)
    assert (
        [repositories.patients.get(id) for id in (closed, kept)],
        repositories.patients.get_contact(closed),
    ) == before
    assert repositories.patient_links.of(closed) == repositories.patient_links.of(kept) == (link,)
    assert repositories.patient_links.read_person(closed).is_replaced
    assert not repositories.patient_links.read_person(kept).is_replaced
    assert repositories.patient_links.link(closed, kept, "sent again") == link, "the answer was lost"
    (check,) = verify_database(database)
    assert check.findings == ()
    unguarded(database, run("UPDATE patient_link SET kept_id = patient_id"))
    assert [one.code for one in verify_database(database)[0].findings] == ["row-altered"]


def test_a_reason_lies_open_nowhere_and_an_auditor_sees_that_there_is_a_link(
    database: Database, repositories: ClinicRepositories
) -> None:
    closed, kept = patients(repositories, 2)
    link = repositories.patient_links.link(closed, kept, "Married; was Maier.")
    repositories.patient_links.undo(link.id, "Twins called Maier.")
    with database.reading() as session:
        for table in ("patient_link", "patient_link_end", "trail"):
            assert "Maier" not in repr(session.execute(text(f"SELECT * FROM {table}")).all())
    auditor = AccountRepository(database, repositories.member, PasswordHasher()).add(
        "Aud", Role.AUDITOR, "four words and a comma"
    )
    (shown,) = ClinicRepositories(database, auditor).patient_links.of(closed)
    assert (shown.reason, shown.end and shown.end.reason, shown.linked_by) == ("", "", link.linked_by)
    assert repositories.patient_links.of(closed, names_hidden=True)[0].reason == ""
    with pytest.raises(DeniedError):
        ClinicRepositories(database, auditor).patient_links.link(closed, kept, "because")


def test_a_chain_leads_to_its_last_and_no_circle_is_made(repositories: ClinicRepositories) -> None:
    first, second, third, other = patients(repositories, 4)
    links = repositories.patient_links
    links.link(first, second, "one")
    later = links.link(second, third, "two")
    for id in (first, second, third):
        person = links.read_person(id)
        assert (person.current.id, person.ids) == (third, {first, second, third})
    for closed, kept in ((third, first), (third, second), (second, first), (first, other), (other, first)):
        with pytest.raises(ReplacedError, match=repositories.patients.get(third).pseudonym):
            links.link(closed, kept, "a circle, or a second link")
    with pytest.raises(InputError) as found:
        links.link(third, third, "itself")
    assert found.value.code == "same-record"
    links.undo(later.id, "two persons")
    assert links.read_person(first).current.id == second
    assert links.read_person(third).ids == {third}
    assert links.undo(later.id, "sent again").end == links.of(third)[0].end


def test_of_two_links_at_once_that_would_be_a_circle_one_is_refused(repositories: ClinicRepositories) -> None:
    for _ in range(5):
        pair = patients(repositories, 2)
        ready = threading.Barrier(2)

        def link(ids: tuple[str, str], ready: threading.Barrier = ready) -> bool:
            ready.wait()
            try:
                repositories.patient_links.link(*ids, "both at once")
            except ReplacedError:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(link, [(pair[0], pair[1]), (pair[1], pair[0])])) == [False, True]
        assert len(repositories.patient_links.of(pair[0])) == 1


@pytest.mark.parametrize(
    ("closed", "kept", "differs"),
    [
        ("1980-04-03", "1980-04-30", True),
        ("1980-04-03", "1980-04-03", False),
        ("1980-04-03", "1981", True),
        ("1980-04-03", "1980", False),
        ("1980-04-03", "", False),
        ("1980", "1981", True),
        ("", "", False),
    ],
)
def test_different_dates_of_birth_are_linked_only_as_a_typing_error(
    repositories: ClinicRepositories, closed: str, kept: str, *, differs: bool
) -> None:
    ids = []
    for born in (closed, kept):
        year = int(born) if len(born) == 4 else None
        ids.append(repositories.patients.add(year_of_birth=year).id)
        if len(born) > 4:
            repositories.patients.set_contact(ids[-1], {"name": "Ann", "born": born})
    if differs:
        with pytest.raises(InputError) as found:
            repositories.patient_links.link(*ids, "one person")
        assert found.value.code == "birth-differs"
    link = repositories.patient_links.link(*ids, "one person", birth_confirmed=True)
    assert link.birth_confirmed is differs, "what was confirmed is stored only where it was asked"


def test_a_session_that_is_on_is_ended_first(repositories: ClinicRepositories) -> None:
    session = started(repositories)
    closed = repositories.consultations.get(session.consultation_id).patient_id
    (kept,) = patients(repositories, 1)
    with pytest.raises(InputError) as found:
        repositories.patient_links.link(closed, kept, "one person")
    assert found.value.code == "session-running"


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_link_and_its_end_have_a_reason(repositories: ClinicRepositories, reason: str) -> None:
    closed, kept = patients(repositories, 2)
    link = repositories.patient_links.link(closed, kept, "one person")
    for act in (
        lambda: repositories.patient_links.link(kept, closed, reason),
        lambda: repositories.patient_links.undo(link.id, reason),
    ):
        with pytest.raises(InputError, match=r"reason|long"):
            act()


def test_nothing_new_is_begun_in_a_closed_record(database: Database, repositories: ClinicRepositories) -> None:
    """Each way to something new leads to the record that is kept; what was done before can still be followed up."""
    consent = agreed(repositories)
    plan = repositories.plans.get(consent.plan_id)
    consultation = repositories.consultations.get(plan.consultation_id)
    closed, (kept,) = consultation.patient_id, patients(repositories, 1)
    prepared = repositories.treatments.begin(consent.id, ORDERED)
    waiting = spot_of(repositories, consultation.id, plan.id)
    doctor = AccountRepository(database, repositories.member, PasswordHasher()).add(
        "Doc", Role.CLINICIAN, "four words and a comma"
    )
    asked = Booking(closed, doctor.id, Purpose.CONSULTATION, now() + DAY, now() + DAY + DAY / 48)
    repositories.patients.set_contact(closed, {"name": "Zoë", "phone": "0123 4567", "remind_by": "phone"})
    (booked,) = repositories.appointments.book(asked)
    note = repositories.notes.add(closed, "Calm.")
    repositories.patient_links.link(closed, kept, "one person")
    begun: dict[str, Callable[[], object]] = {
        "consultation": lambda: repositories.consultations.begin(closed),
        "answers": lambda: repositories.consultations.save(consultation.id, ANSWERS, revision=1),
        "plan": lambda: repositories.plans.add(consultation.id, replace(MADE, plan_sha256="q" * 64), revision=1),
        "choice": lambda: repositories.plans.choose(plan.id, "0.0"),
        "explanation": lambda: repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=NO_WAIT),
        "session": lambda: repositories.treatments.begin(consent.id, ORDERED),
        "start": lambda: repositories.treatments.start(prepared.id),
        "spot": lambda: spot_of(repositories, consultation.id, plan.id),
        "appointment": lambda: repositories.appointments.book(
            replace(asked, starts_at=now() + 2 * DAY, ends_at=now() + 2 * DAY + DAY / 48)
        ),
        "reminder": lambda: repositories.reminders.mark(booked.id, revision=booked.revision),
        "note": lambda: repositories.notes.add(closed, "Restless."),
        "attachment": lambda: repositories.attachments.add(closed, PDF, **LETTER),
        "contact": lambda: repositories.patients.set_contact(closed, {"name": "Zoé"}),
        "pseudonym": lambda: repositories.patients.set_pseudonym(closed, "Other"),
        "erasure": lambda: repositories.erasure.erase(closed, retention_years=10),
        "preview": lambda: repositories.erasure.preview(closed, retention_years=10),
    }
    name = repositories.patients.get(kept).pseudonym
    for what, act in begun.items():
        with pytest.raises(ReplacedError, match=name) as found:
            act()
        assert name in (found.value.hint or ""), what
    repositories.test_spots.add_reading(waiting.id, "blister")
    repositories.photographs.add(consultation.id, b"\xff\xd8\xff", "image/jpeg", PhotographPermissions())
    repositories.notes.strike(note.id, "wrong page")
    repositories.appointments.cancel(booked.id, revision=booked.revision)
    assert repositories.consents.withdraw(consent.id).void_reason == "withdrawn"


def spot_of(repositories: ClinicRepositories, consultation: str, plan: str) -> TestSpotRecord:
    return repositories.test_spots.fire(consultation, SpotFiring(plan, SPOT, 72.0, ORAL_CONSENT), now() - 4 * DAY)


def test_what_was_done_to_the_skin_is_read_in_all_records_of_a_person(repositories: ClinicRepositories) -> None:
    """Each kind of record by which a plan, a form or a session is decided, from each record of the person."""
    session = started(repositories)
    repositories.treatments.add_area(session.id, fired())
    repositories.treatments.end(session.id, TreatmentState.DONE)
    first = repositories.consultations.get(session.consultation_id).patient_id
    second, third, stranger = patients(repositories, 3)
    read = spot(repositories, repositories.consultations.begin(second).id, "blister")
    typed = Submission(
        (
            ("session.0.week", "0"),
            ("session.0.treats", "redness"),
            ("session.0.device", "pulsed-dye-595"),
            ("session.0.fluence_J_cm2", "9"),
            ("session.0.adverse", "burn"),
        )
    )
    told = repositories.consultations.begin(third, typed)
    links = [
        repositories.patient_links.link(one, other, "one person") for one, other in ((third, second), (second, first))
    ]
    expected = {f"treatment/{session.id}", f"test_spot/{read.id}"}
    for id in (first, second, third):
        facts = {fact.record for fact in read_history(repositories, id).facts}
        assert facts >= expected, "a session, and a spot"
        assert (f"consultation/{told.id}" in facts) is (id != third), (
            "typed rows of another record; the own are answers"
        )
        assert [one.id for one in repositories.test_spots.of_patient(id)] == [read.id]
        assert [one.treatment_id for one in repositories.follow_ups.list_courses(id)] == [session.id]
        assert {one.patient_id for one in repositories.consultations.of_person(id)} == {first, second, third}
    assert read_history(repositories, stranger).facts == ()
    for link in links:
        repositories.patient_links.undo(link.id, "two persons")
    assert [fact.record for fact in read_history(repositories, first).facts] == [f"treatment/{session.id}"]
    assert [fact.record for fact in read_history(repositories, third).facts] == []


def test_an_incomplete_row_of_another_record_is_told_until_it_is_said_completely(
    repositories: ClinicRepositories,
) -> None:
    closed, kept = patients(repositories, 2)
    spot_fields = ("test_spot.1.device", "pulsed-dye-595"), ("test_spot.1.reaction", "scar")
    session_fields = ("session.0.adverse", "burn"), ("session.0.week", "3"), ("session.0.weeks_ago", "8")
    repositories.consultations.begin(closed, Submission((*spot_fields, *session_fields)))
    assert read_history(repositories, closed).incomplete == (), "the form tells of its own rows"
    repositories.patient_links.link(closed, kept, "one person")
    history = read_history(repositories, kept)
    assert history.facts == ()
    assert [one.field for one in history.list_incomplete(NO_ANSWERS)] == ["test_spot.1.site", "session.0.treats"]
    whole_spot = (*spot_fields, ("test_spot.1.site", "cheeks"), ("test_spot.1.read_after_h", "72"))
    # Weeks are counted from another beginning in each record, and from another day.
    whole_session = ("session.0.adverse", "burn"), ("session.0.week", "0"), ("session.0.treats", "redness")
    answers = Submission((*whole_spot, *whole_session, ("session.0.weeks_ago", "11")))
    assert history.list_incomplete(answers) == ()
    milder = Submission(
        tuple((name, {"scar": "none", "burn": "redness"}.get(text, text)) for name, text in answers.entries)
    )
    assert len(history.list_incomplete(milder)) == 2


def test_a_person_is_at_one_place_at_a_time_in_whichever_record(
    database: Database, repositories: ClinicRepositories
) -> None:
    closed, kept, stranger = patients(repositories, 3)
    accounts = AccountRepository(database, repositories.member, PasswordHasher())
    doctors = [accounts.add(name, Role.CLINICIAN, "four words and a comma").id for name in ("Doc", "Dot")]
    booking = Booking(closed, doctors[0], Purpose.CONSULTATION, now() + DAY, now() + DAY + DAY / 48)
    (booked,) = repositories.appointments.book(booking)
    other = replace(booking, patient_id=kept, member_id=doctors[1])
    assert repositories.appointments.list_taken_spans(other, now() + 3 * DAY) == ()
    repositories.patient_links.link(closed, kept, "one person")
    with pytest.raises(ClashError) as found:
        repositories.appointments.book(other)
    assert [(one.resource, one.appointment_id) for one in found.value.clashes] == [("patient", booked.id)]
    assert repositories.appointments.list_taken_spans(other, now() + 3 * DAY) == ((booked.starts_at, booked.ends_at),)
    assert repositories.appointments.book(replace(other, patient_id=stranger))


def test_an_alarm_in_one_record_stops_the_courses_of_the_person(
    database: Database, repositories: ClinicRepositories
) -> None:
    harmed, other, stranger = (treated(repositories, days_ago=2.0) for _ in range(3))
    link = repositories.diaries.create_link(harmed.treatment, language="en", until=now() + DAY)
    DiaryAccess(database).open(link.token).add_entry("0" * 32, 1, WARNING, photograph=None, alarm=True)
    repositories.patient_links.link(harmed.patient, other.patient, "one person")
    stopped = [repositories.alarms.is_course_stopped(one.consultation) for one in (harmed, other, stranger)]
    assert stopped == [True, True, False]
    (alarm,) = repositories.alarms.list_open()
    assert alarm.patient_id == other.patient, "lists show the record that is kept"
    repositories.alarms.answer(alarm.id, "called")
    repositories.alarms.decide(alarm.id, "a blister", adverse_event_id=None)
    assert not repositories.alarms.is_course_stopped(other.consultation)


def test_outcomes_are_counted_by_person(repositories: ClinicRepositories) -> None:
    one, other, stranger = (treated(repositories, days_ago=100.0) for _ in range(3))
    repositories.patient_links.link(one.patient, other.patient, "one person")
    found = [course.patient_id for course in repositories.outcomes.courses()]
    assert sorted(found) == sorted([other.patient, other.patient, stranger.patient])


def test_search_and_lists_show_the_record_that_is_kept(repositories: ClinicRepositories) -> None:
    closed, kept = patients(repositories, 2)
    repositories.patients.set_contact(closed, {"name": "Ann Maier"})
    repositories.patients.set_contact(kept, {"name": "Ann Huber"})
    waiting = spot(repositories, repositories.consultations.begin(closed).id)
    repositories.patient_links.link(closed, kept, "married")
    pseudonym = repositories.patients.get(closed).pseudonym
    for asked in ("Maier", "Huber", "Ann", pseudonym, ""):
        found, number = repositories.patients.search(asked, 10)
        assert ([one.id for one in found], number) == ([kept], 1), asked
    assert [one.id for one in repositories.patient_links.list_replaced({kept})[kept]] == [closed]
    ((due, patient),) = repositories.test_spots.list_due(10)
    assert (due.id, patient.id) == (waiting.id, kept)


def test_a_link_names_two_patients_who_are_there(repositories: ClinicRepositories) -> None:
    (there,) = patients(repositories, 1)
    (erased,) = patients(repositories, 1)
    repositories.erasure.erase(erased, retention_years=0)
    for ids in ((there, erased), (erased, there), (there, "f" * 32), ("f" * 32, there)):
        with pytest.raises(RecordNotFoundError):
            repositories.patient_links.link(*ids, "one person")
    with pytest.raises(RecordNotFoundError):
        repositories.patient_links.undo("f" * 32, "two persons")
