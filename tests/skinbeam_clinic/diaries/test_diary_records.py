"""Diaries: what a token opens and what it does not, alarms that are there with their entry, and who decides."""

import datetime
import json
import threading
import zipfile
from io import BytesIO

import pytest
from diary_samples import CALM, WARNING, Treated, add_event, treated
from record_samples import import_copy

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, create_clinic
from skinbeam_clinic.database.cleanup import clean_database
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.diaries import diary_access
from skinbeam_clinic.diaries import repository as drawer
from skinbeam_clinic.diaries.diary_access import DiaryAccess
from skinbeam_clinic.diaries.models import DiaryNote
from skinbeam_clinic.errors import DeniedError, RecordNotFoundError
from skinbeam_clinic.jobs import queue
from skinbeam_clinic.jobs.queue import ALARM_JOB, JobQueue
from skinbeam_clinic.models import JobProgress
from skinbeam_clinic.repositories import ClinicRepositories

KEY = "0" * 31
DAY = datetime.timedelta(days=1)


@pytest.fixture
def session(database: Database, repositories: ClinicRepositories) -> Treated:
    return treated(repositories)


@pytest.fixture
def token(repositories: ClinicRepositories, session: Treated) -> str:
    return linked(repositories, session)


def linked(repositories: ClinicRepositories, session: Treated, days: float = 10) -> str:
    return repositories.diaries.create_link(session.treatment, language="de", until=now() + days * DAY).token


def opens(database: Database, token: str) -> bool:
    try:
        DiaryAccess(database).open(token).status()
    except RecordNotFoundError:
        return False
    return True


def write(
    database: Database, token: str, note: DiaryNote, key: str = KEY + "0", photograph: bytes | None = None
) -> None:
    DiaryAccess(database).open(token).add_entry(key, 1, note, photograph=photograph, alarm=bool(note.signs))


def clock(monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    """Have the program's clock go wrong by some days."""
    for module in (diary_access, queue, drawer):
        monkeypatch.setattr(module, "now", lambda: now() + days * DAY)


def test_a_token_opens_its_own_diary_and_tells_the_clinic_what_was_written(
    database: Database, repositories: ClinicRepositories, session: Treated, token: str
) -> None:
    diary = DiaryAccess(database).open(token)
    assert (diary.language, diary.clinic, diary.option) == ("de", "Harbour Clinic", "0.0")
    assert json.loads(diary.read_plan())["schema"] == "skinbeam.plan/1"
    write(database, token, WARNING, photograph=b"\xff\xd8\xff skin")
    write(database, token, CALM, key=KEY + "1")
    first, second = repositories.diaries.of(session.treatment)
    assert (first.note, second.note, first.day) == (WARNING, CALM, 1)
    assert first.photograph_id is not None
    photograph, content = repositories.photographs.read_content(first.photograph_id)
    assert content == b"\xff\xd8\xff skin"
    assert (photograph.permissions.care, photograph.permissions.teaching, photograph.added_by) == (
        True,
        False,
        "patient",
    )


def test_the_database_does_not_hold_what_opens_a_diary(database: Database, token: str) -> None:
    with database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM diary_link").all()
        trail = connection.exec_driver_sql("SELECT * FROM trail").all()
    assert rows
    assert token not in repr(rows) + repr(trail)
    assert len(token) >= 192 // 6


@pytest.mark.parametrize("bad", ["", "x", "a" * 43, "../..", "\x00", "\ud800", "x" * 100_000])
def test_what_was_never_a_token_opens_nothing(database: Database, token: str, bad: str) -> None:
    assert opens(database, token)
    assert not opens(database, bad)
    assert not opens(database, token[:-1])
    assert not opens(database, token + "a")


def test_a_link_is_over_when_its_time_is_or_a_newer_one_or_the_clinic_or_erasure_ends_it(
    database: Database, repositories: ClinicRepositories, session: Treated
) -> None:
    assert not opens(database, linked(repositories, session, days=-0.001))
    first, second = linked(repositories, session), linked(repositories, session)
    assert (opens(database, first), opens(database, second)) == (False, True)
    other = linked(repositories, treated(repositories))
    repositories.diaries.end_link(session.treatment)
    assert (opens(database, second), opens(database, other)) == (False, True)
    third = linked(repositories, session)
    assert (
        repositories.erasure.erase(session.patient, retention_years=10) is not None
    )  # contact alone: the records must be kept
    assert (opens(database, third), opens(database, other)) == (False, True)
    fourth = linked(repositories, session)
    assert repositories.erasure.erase(session.patient, retention_years=0) is None
    assert (opens(database, fourth), opens(database, other)) == (False, True)
    assert [one.findings for one in verify_database(database)] == [()]


def test_a_diary_that_was_open_when_its_link_ended_takes_nothing_more(
    database: Database, repositories: ClinicRepositories, session: Treated, token: str
) -> None:
    diary = DiaryAccess(database).open(token)
    repositories.diaries.end_link(session.treatment)
    with pytest.raises(RecordNotFoundError):
        diary.add_entry(KEY + "0", 1, WARNING, photograph=None, alarm=True)
    assert repositories.diaries.of(session.treatment) == ()


def test_a_clock_that_is_wrong_opens_no_ended_link_and_closes_no_good_one(
    database: Database, repositories: ClinicRepositories, session: Treated, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, good = linked(repositories, session), linked(repositories, session)
    clock(monkeypatch, -5)
    assert (opens(database, ended), opens(database, good)) == (False, True)
    write(database, good, WARNING)
    assert len(repositories.diaries.of(session.treatment)) == 1
    clock(monkeypatch, 11)
    assert not opens(database, good)


def test_links_that_are_over_are_tidied_away(
    database: Database, repositories: ClinicRepositories, session: Treated
) -> None:
    old = linked(repositories, session, days=-2)
    good = linked(repositories, session)
    assert len(repositories.diaries.list_links(session.treatment)) == 2
    clean_database(database)
    assert [one.ended_at for one in repositories.diaries.list_links(session.treatment)] == [None]
    assert (opens(database, old), opens(database, good)) == (False, True)
    assert [one.findings for one in verify_database(database)] == [()]


def test_what_is_sent_again_is_kept_once_also_by_many_at_a_time(
    database: Database, repositories: ClinicRepositories, session: Treated, token: str
) -> None:
    threads = [threading.Thread(target=write, args=(database, token, WARNING)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(repositories.diaries.of(session.treatment)) == len(repositories.alarms.list_open()) == 1
    write(database, token, WARNING, key=KEY + "1")
    assert len(repositories.diaries.of(session.treatment)) == len(repositories.alarms.list_open()) == 2


def test_who_goes_back_and_adds_a_photograph_has_it_kept_once(
    database: Database, repositories: ClinicRepositories, session: Treated, token: str
) -> None:
    write(database, token, CALM)
    for _ in range(2):
        write(database, token, CALM, photograph=b"\xff\xd8\xff blister")
    write(database, token, CALM)
    assert [one.photograph_id is not None for one in repositories.diaries.of(session.treatment)] == [False, True]


def test_a_key_of_another_diary_reaches_nothing_there(
    database: Database, repositories: ClinicRepositories, session: Treated, token: str
) -> None:
    other = treated(repositories)
    write(database, token, CALM)
    write(database, linked(repositories, other), WARNING)  # with the same key
    assert [one.note for one in repositories.diaries.of(session.treatment)] == [CALM]
    assert [one.note for one in repositories.diaries.of(other.treatment)] == [WARNING]
    with pytest.raises(InputError, match="not sent by a page"):
        write(database, token, CALM, key="x")


def test_an_alarm_is_there_with_its_entry_and_the_job_that_tells_of_it_or_none_of_them(
    database: Database, repositories: ClinicRepositories, session: Treated, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diary_access.ClinicTransaction, "add_job", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write(database, token, WARNING)
    monkeypatch.undo()
    assert repositories.diaries.of(session.treatment) == repositories.alarms.list_open() == ()
    assert JobQueue(database).take(ALARM_JOB) is None
    write(database, token, WARNING)
    job = JobQueue(database).take(ALARM_JOB)
    assert job is not None
    assert job.payload == {"alarm": repositories.alarms.list_open()[0].id, "consultation": session.consultation}


def test_somebody_answers_and_a_clinician_decides_and_until_then_the_course_is_stopped(
    database: Database, repositories: ClinicRepositories, session: Treated, token: str
) -> None:
    assert not repositories.alarms.is_course_stopped(session.consultation)
    write(database, token, WARNING)
    count, (alarm,) = repositories.alarms.count(), repositories.alarms.list_open()
    assert (count.count, count.since) == (1, alarm.raised_at)
    assert repositories.alarms.is_course_stopped(session.consultation)
    assert DiaryAccess(database).open(token).status().has_open_alarm
    accounts = AccountRepository(database, repositories.member, PasswordHasher())
    assistant, auditor = (
        ClinicRepositories(database, accounts.add(role, role, "four words nobody guesses"))
        for role in (Role.ASSISTANT, Role.AUDITOR)
    )
    with pytest.raises(DeniedError):
        auditor.alarms.answer(alarm.id, "called")
    with pytest.raises(InputError, match="not been answered yet"):
        repositories.alarms.decide(alarm.id, "a burn", adverse_event_id=None)
    for bad in ("", "  ", "x" * 2001):
        with pytest.raises(InputError):
            assistant.alarms.answer(alarm.id, bad)
    answered = assistant.alarms.answer(alarm.id, "Called; comes at noon.")
    assert (answered.answer, answered.answered_by) == ("Called; comes at noon.", "assistant")
    assert (repositories.alarms.count().count, len(repositories.alarms.list_open())) == (0, 1)
    assert repositories.alarms.is_course_stopped(session.consultation)
    status = DiaryAccess(database).open(token).status()
    assert (status.has_open_alarm, status.answered_at) == (False, answered.answered_at)
    with pytest.raises(InputError, match="has answered this"):
        repositories.alarms.answer(alarm.id, "again")
    with pytest.raises(DeniedError):
        assistant.alarms.decide(alarm.id, "harmless", adverse_event_id=None)
    event = add_event(repositories, session)
    with pytest.raises(RecordNotFoundError):
        repositories.alarms.decide(alarm.id, "a burn", adverse_event_id="none")
    decided = repositories.alarms.decide(alarm.id, "A small burn.", adverse_event_id=event)
    assert (decided.adverse_event_id, decided.reason) == (event, "A small burn.")
    assert not repositories.alarms.is_course_stopped(session.consultation)
    assert repositories.alarms.list_open() == ()
    with pytest.raises(InputError, match="has decided"):
        repositories.alarms.decide(alarm.id, "no", adverse_event_id=None)
    assert [one.findings for one in verify_database(database)] == [()]


def test_what_nobody_has_read_is_marked_until_somebody_says_so(
    database: Database, repositories: ClinicRepositories, session: Treated
) -> None:
    token = linked(repositories, session)
    write(database, token, CALM)
    write(database, token, WARNING, key=KEY + "1")
    (unread,), _ = repositories.diaries.list_unread(9)
    assert (unread.treatment_id, unread.entries, unread.questions) == (session.treatment, 2, 1)
    assert [one.read_at for one in repositories.diaries.of(session.treatment)] == [None, None]
    repositories.diaries.mark_read(session.treatment)
    write(database, token, CALM, key=KEY + "2")
    assert [one.read_by for one in repositories.diaries.of(session.treatment)] == ["command line", "command line", None]
    (unread,), _ = repositories.diaries.list_unread(9)
    assert unread.entries == 1


def test_of_the_unread_diaries_those_that_have_waited_longest_are_listed(
    database: Database, repositories: ClinicRepositories, session: Treated
) -> None:
    later = treated(repositories)
    write(database, linked(repositories, session), CALM)
    write(database, linked(repositories, later), WARNING)
    shown, number = repositories.diaries.list_unread(1)
    assert ([one.treatment_id for one in shown], number) == ([session.treatment], 2)
    repositories.diaries.mark_read(session.treatment)
    shown, number = repositories.diaries.list_unread(1)
    assert ([one.treatment_id for one in shown], number) == ([later.treatment], 1)


def test_another_clinic_finds_none_of_it(
    database: Database, repositories: ClinicRepositories, session: Treated, token: str
) -> None:
    write(database, token, WARNING)
    (alarm,) = repositories.alarms.list_open()
    stranger = ClinicRepositories(database, create_clinic(database, "Hill Clinic", synthetic=True))
    assert stranger.alarms.list_open() == ()
    assert stranger.diaries.list_unread(9) == ((), 0)
    assert stranger.alarms.count().count == 0
    for ask in (
        lambda: stranger.alarms.get(alarm.id),
        lambda: stranger.alarms.answer(alarm.id, "x"),
        lambda: stranger.alarms.decide(alarm.id, "x", adverse_event_id=None),
        lambda: stranger.diaries.of(session.treatment),
        lambda: stranger.diaries.list_links(session.treatment),
        lambda: stranger.diaries.create_link(session.treatment, language="en", until=now() + DAY),
        lambda: stranger.diaries.end_link(session.treatment),
        lambda: stranger.diaries.mark_read(session.treatment),
    ):
        with pytest.raises(RecordNotFoundError):
            ask()
    assert opens(database, token)


def test_no_link_before_the_treatment_has_begun(database: Database, repositories: ClinicRepositories) -> None:
    with pytest.raises(InputError, match="has not begun"):
        linked(repositories, treated(repositories, began=False))


def test_a_patients_copy_holds_the_diary_with_its_photographs_and_what_was_done(
    database: Database, repositories: ClinicRepositories, session: Treated, token: str
) -> None:
    write(database, token, WARNING, photograph=b"\xff\xd8\xff skin")
    write(database, token, CALM, key=KEY + "1")
    repositories.alarms.answer(repositories.alarms.list_open()[0].id, "Called.")
    with zipfile.ZipFile(BytesIO(repositories.patient_copies.make(session.patient))) as packed:
        first, second = json.loads(packed.read("record.json"))["consultations"][0]["diary"]
        assert packed.read(first["photograph"]) == b"\xff\xd8\xff skin"
    assert (first["note"]["signs"], first["alarm"]["answer"]) == (["fever"], "Called.")
    assert (second["note"]["pain"], second["alarm"], second["photograph"]) == (2, None, "")
    copied = ClinicRepositories(database, create_clinic(database, "Hill Clinic", synthetic=True))
    assert import_copy(copied, repositories.patient_copies.make(session.patient)).pseudonym == "P00001"


def test_the_law_counts_its_years_from_the_last_entry_of_a_diary(
    database: Database, repositories: ClinicRepositories, session: Treated
) -> None:
    before = repositories.erasure.preview(session.patient, retention_years=10).retain_until
    write(database, linked(repositories, session), CALM)
    after = repositories.erasure.preview(session.patient, retention_years=10).retain_until
    assert before is not None
    assert after is not None
    assert after > before


def test_the_trail_says_who_and_nothing_of_what(
    database: Database, repositories: ClinicRepositories, session: Treated, token: str
) -> None:
    write(database, token, DiaryNote(9, "spreading", ("pus",), "Call me at home"))
    repositories.alarms.answer(repositories.alarms.list_open()[0].id, "Told to come.")
    with database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT actor, action, detail FROM trail").all()
    assert {(actor, action) for actor, action, _ in rows} >= {("patient", "diary.written"), ("patient", "alarm.raised")}
    held = repr(rows)
    assert not any(word in held for word in ("pus", "spreading", "at home", "Told to come"))


def test_a_job_that_was_put_off_comes_back_when_its_time_is_or_the_clock_is_set_back(
    database: Database, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(database, token, WARNING)
    waiting = JobQueue(database)
    job = waiting.take(ALARM_JOB)
    assert job is not None
    assert waiting.postpone(job, datetime.timedelta(hours=2), JobProgress(fault="x"))
    assert waiting.take(ALARM_JOB) is None
    clock(monkeypatch, 0.1)
    again = waiting.take(ALARM_JOB)
    assert again is not None
    assert (again.attempt, again.progress) == (1, JobProgress(fault="x"))
    waiting.postpone(again, datetime.timedelta(hours=2))
    clock(monkeypatch, -3)  # until then it would wait for days
    assert waiting.take(ALARM_JOB) is not None
