"""The clock of the machine is set, by minutes, hours or years: what was promised by time holds, and nobody is stuck."""

import datetime
import time

import pyotp
import pytest

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.challenges import CHALLENGE_LIFE, ChallengeStore
from skinbeam_clinic.accounts.lockout import FREE_FAILURES
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, create_clinic
from skinbeam_clinic.accounts.sign_in import IDLE_LIMIT, LONGEST_SESSION, SignIn
from skinbeam_clinic.audit_log.hash_chain import CLOCK_SET_BACK
from skinbeam_clinic.consents.repository import SignatureKind
from skinbeam_clinic.database import columns
from skinbeam_clinic.database.backup import log_in_every_clinic
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import LockedError
from skinbeam_clinic.jobs.queue import JobQueue
from skinbeam_clinic.models import Consent, ConsentAnswers, JobProgress, Member, NewPlan, PlanRecord
from skinbeam_clinic.repositories import ClinicRepositories

PASSWORD = "four words nobody guesses"
MINUTE, HOUR, DAY = (datetime.timedelta(**{unit: 1}) for unit in ("minutes", "hours", "days"))
BY = pytest.mark.parametrize("by", [2 * MINUTE, 5 * HOUR, 400 * DAY])
ONE = pytest.mark.parametrize("by", [5 * HOUR])  # where a hash of a password takes its time


class Clock:
    """The clock that the whole program reads; a counter of time, which nobody sets, goes on."""

    def __init__(self) -> None:
        self.wrong_s = 0.0
        self.later_s = 0.0

    def set(self, by: datetime.timedelta) -> None:
        """Set it, as somebody does who moves its hands."""
        self.wrong_s += by.total_seconds()

    def wait(self, time: datetime.timedelta) -> None:
        """Let time pass."""
        self.later_s += time.total_seconds()


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made, wall, counter = Clock(), time.time, time.clock_gettime
    monkeypatch.setattr(time, "time", lambda: wall() + made.wrong_s + made.later_s)
    monkeypatch.setattr(time, "clock_gettime", lambda which: counter(which) + made.later_s)
    return made


@pytest.fixture
def door(database: Database, operator: Member) -> SignIn:
    AccountRepository(database, operator, PasswordHasher()).add("Ann", Role.OWNER, PASSWORD)
    return SignIn(database, PasswordHasher())


def plan_of(repositories: ClinicRepositories, number: int = 1, consultation: str = "") -> PlanRecord:
    of = consultation or repositories.consultations.begin(repositories.patients.add().id).id
    revision = repositories.consultations.get(of).revision
    return repositories.plans.add(
        of, NewPlan("c" * 64, f"{number:064}", "0", 0, 1, {"plan.json": b"%d" % number}), revision=revision
    )


def explained(
    repositories: ClinicRepositories, plan: PlanRecord, cooling_off: datetime.timedelta = 14 * DAY
) -> Consent:
    return repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=cooling_off)


def sign(repositories: ClinicRepositories, consent: Consent) -> Consent:
    """Tell it back rightly, and sign it."""
    repositories.consents.record_teach_back(consent.id, {}, ())
    return signed(repositories, consent)


def signed(repositories: ClinicRepositories, consent: Consent) -> Consent:
    given = {"kind": SignatureKind.TYPED, "signature": b"S", "document": b"%PDF", "signed_at": now()}
    return repositories.consents.sign(consent.id, answers=ConsentAnswers(), **given)  # type: ignore[arg-type]


def refused(repositories: ClinicRepositories, consent: Consent) -> str:
    with pytest.raises(InputError) as found:
        sign(repositories, consent)
    return found.value.code


@BY
def test_a_clock_that_is_set_ends_sessions_and_makes_none_longer(
    door: SignIn, hands: Clock, by: datetime.timedelta
) -> None:
    token = door.sign_in("Harbour Clinic", "Ann", PASSWORD).token
    hands.set(-by)
    assert door.find_session(token) is None
    fresh = door.sign_in("Harbour Clinic", "Ann", PASSWORD).token
    for _ in range(3):
        hands.wait(IDLE_LIMIT * 0.9)
        assert door.find_session(fresh) is not None
    hands.set(by + 5 * MINUTE)
    assert (door.find_session(fresh) is None) == (by + 5 * MINUTE > IDLE_LIMIT)
    hands.wait(LONGEST_SESSION)
    assert door.find_session(fresh) is None


def test_a_clock_that_is_put_right_by_seconds_ends_no_session(door: SignIn, hands: Clock) -> None:
    token = door.sign_in("Harbour Clinic", "Ann", PASSWORD).token
    hands.set(-datetime.timedelta(seconds=20))
    assert door.find_session(token) is not None


@ONE
def test_a_lock_lasts_no_longer_for_a_clock_that_is_set_back(
    door: SignIn, hands: Clock, by: datetime.timedelta
) -> None:
    def tried(password: str) -> str:
        with pytest.raises(InputError) as found:
            door.sign_in("Harbour Clinic", "Ann", password)
        return found.value.code

    for _ in range(FREE_FAILURES):
        assert tried("wrong") == "not-in"
    assert tried(PASSWORD) == "locked"
    hands.set(-by)
    waited = datetime.timedelta()
    while waited <= 16 * MINUTE:
        try:
            door.sign_in("Harbour Clinic", "Ann", PASSWORD)
        except LockedError:
            hands.wait(MINUTE)
            waited += MINUTE
        else:
            break
    assert waited <= 15 * MINUTE, "who has the password waits for what a lock lasts, and not for the clock"


@ONE
def test_a_clock_that_is_set_frees_no_guesses(door: SignIn, hands: Clock, by: datetime.timedelta) -> None:
    """Each jump is worth one guess at most; the count of failures stays."""
    for _ in range(FREE_FAILURES):
        with pytest.raises(InputError):
            door.sign_in("Harbour Clinic", "Ann", "wrong")
    for step in (-by, by):
        hands.set(step)
        codes = []
        for _ in range(4):
            with pytest.raises(InputError) as found:
                door.sign_in("Harbour Clinic", "Ann", "wrong")
            codes.append(found.value.code)
        assert codes.count("locked") >= 3


@BY
def test_a_challenge_is_good_for_its_minutes_alone(database: Database, hands: Clock, by: datetime.timedelta) -> None:
    challenges = ChallengeStore(database)
    old = challenges.create("sign-in")
    hands.set(-by - CHALLENGE_LIFE)
    assert not challenges.consume(old, "sign-in")
    assert challenges.consume(challenges.create("sign-in"), "sign-in")


@ONE
def test_a_code_that_was_used_is_never_good_again(
    database: Database, operator: Member, hands: Clock, by: datetime.timedelta
) -> None:
    accounts = AccountRepository(database, operator, PasswordHasher())
    ann = accounts.add("Ann", Role.OWNER, PASSWORD)
    own, door = AccountRepository(database, ann, PasswordHasher()), SignIn(database, PasswordHasher())
    uri = own.new_codes_address()
    codes = pyotp.parse_uri(uri)
    assert isinstance(codes, pyotp.TOTP)
    own.set_codes(uri, codes.at(int(time.time())), PASSWORD)
    hands.wait(HOUR)
    used, token = codes.at(int(time.time())), door.sign_in("Harbour Clinic", "Ann", PASSWORD).token
    door.confirm_code(token, used)
    for step in (-by, by, -by):
        hands.set(step)
        for code in (used, codes.at(int(time.time()))) if step < datetime.timedelta() else (used,):
            token = door.sign_in("Harbour Clinic", "Ann", PASSWORD).token
            with pytest.raises(InputError) as found:
                door.confirm_code(token, code)
            assert found.value.code == "wrong-code"
    hands.set(by)
    hands.wait(MINUTE)
    token = door.sign_in("Harbour Clinic", "Ann", PASSWORD).token
    door.confirm_code(token, codes.at(int(time.time())))


@BY
def test_a_job_of_a_worker_that_is_gone_waits_for_no_clock(
    database: Database, repositories: ClinicRepositories, hands: Clock, by: datetime.timedelta
) -> None:
    job = repositories.jobs.add("plan", {"number": 1})
    first, queue = JobQueue(database), JobQueue(database)
    assert first.take("plan") is not None
    hands.set(-by)
    again = queue.take("plan")
    assert again is not None
    assert (again.id, again.attempt) == (job.id, 2)
    assert queue.take("plan") is None, "who has it now holds it"
    hands.set(by)
    assert queue.report(again, JobProgress(step="at work")), "and goes on holding it while the clock is set"
    assert queue.take("plan") is None
    assert queue.finish(again)


def test_a_worker_goes_on_with_its_job_when_the_clock_is_set(
    database: Database, repositories: ClinicRepositories, hands: Clock
) -> None:
    repositories.jobs.add("plan", {"number": 1})
    queue = JobQueue(database)
    job = queue.take("plan")
    assert job is not None
    for by in (5 * HOUR, -9 * HOUR, 400 * DAY):
        hands.set(by)
        assert queue.report(job)
        assert queue.take("plan") is None
    assert queue.finish(job, JobProgress(plan="x"))


@BY
def test_the_trail_stays_whole_and_says_that_the_clock_was_set_back(
    database: Database, repositories: ClinicRepositories, hands: Clock, by: datetime.timedelta
) -> None:
    repositories.patients.add()
    hands.set(-by)
    repositories.patients.add()
    repositories.patients.add()
    newest = repositories.audit_log.newest(4)[1:]  # the first is that somebody reads it
    assert [one.action for one in newest] == ["patient.added", "patient.added", CLOCK_SET_BACK]
    assert newest[-1].actor == "clock"
    hands.set(by)
    repositories.patients.add()
    assert [one.action for one in repositories.audit_log.newest(2)[1:]] == ["patient.added"]
    assert [one.findings for one in verify_database(database)] == [()]


def test_each_clinic_is_told_that_the_clock_was_set_back_where_one_transaction_writes_to_all(
    database: Database, repositories: ClinicRepositories, hands: Clock
) -> None:
    every = [repositories, ClinicRepositories(database, create_clinic(database, "Hill Clinic"))]
    hands.set(-datetime.timedelta(hours=1))
    log_in_every_clinic(database, "backup.made")
    log_in_every_clinic(database, "backup.finished")
    for one in every:
        told = [entry.action for entry in one.audit_log.newest(4)[1:]]
        assert told == ["backup.finished", "backup.made", CLOCK_SET_BACK]
    assert [one.findings for one in verify_database(database)] == [(), ()]


def test_times_of_the_trail_do_not_run_back_when_the_clock_is_put_right_by_seconds(
    repositories: ClinicRepositories, hands: Clock
) -> None:
    for _ in range(5):
        repositories.patients.add()
        hands.set(-datetime.timedelta(seconds=10))
    entries = repositories.audit_log.newest(100)
    assert CLOCK_SET_BACK not in {one.action for one in entries}
    times = [one.at for one in entries]
    assert times == sorted(times, reverse=True)


@BY
def test_no_clock_shortens_the_time_to_think_it_over(
    repositories: ClinicRepositories, hands: Clock, by: datetime.timedelta
) -> None:
    consent = explained(repositories, plan_of(repositories), cooling_off=by)
    hands.set(by + 6 * MINUTE)
    assert refused(repositories, consent) == "clock-set"
    hands.set(-by - 6 * MINUTE)
    assert refused(repositories, consent) == "too-early"
    hands.set(-by)
    assert refused(repositories, consent) == "too-early"
    hands.set(by)
    hands.wait(by + MINUTE)
    assert sign(repositories, consent).signed_at is not None


def test_a_program_that_starts_anew_takes_the_clock_as_it_is(
    repositories: ClinicRepositories, hands: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    consent = explained(repositories, plan_of(repositories))
    hands.set(15 * DAY)
    assert refused(repositories, consent) == "clock-set"
    monkeypatch.setattr(columns, "_BOOT_TIME", time.time() - time.clock_gettime(columns._COUNTER))
    assert sign(repositories, consent).signed_at is not None


def test_a_clock_that_drifts_stops_nobody(repositories: ClinicRepositories, hands: Clock) -> None:
    consent = explained(repositories, plan_of(repositories))
    hands.wait(14 * DAY)
    hands.set(MINUTE)
    assert sign(repositories, consent).signed_at is not None


@BY
def test_who_failed_the_last_teach_back_may_not_sign_whatever_the_clock_showed(
    repositories: ClinicRepositories, hands: Clock, by: datetime.timedelta
) -> None:
    consent = explained(repositories, plan_of(repositories), cooling_off=datetime.timedelta(0))
    hands.wait(2 * by)
    repositories.consents.record_teach_back(consent.id, {"eyes": "closed"}, ())
    hands.set(-by)
    repositories.consents.record_teach_back(consent.id, {"eyes": "open"}, ("eyes",))
    with pytest.raises(InputError) as found:
        signed(repositories, consent)
    assert found.value.code == "not-told-back"
    assert [one.wrong for one in sign(repositories, consent).told] == [(), ("eyes",), ()]


@BY
def test_the_last_plan_and_the_last_choice_count_whatever_the_clock_showed(
    repositories: ClinicRepositories, hands: Clock, by: datetime.timedelta
) -> None:
    first = plan_of(repositories)
    repositories.plans.choose(first.id, "0.0")
    hands.set(-by)
    repositories.plans.choose(first.id, "0.1")
    assert [one.option for one in repositories.plans.list_choices(first.id)] == ["0.0", "0.1"]
    second = plan_of(repositories, 2, first.consultation_id)
    hands.set(by)
    assert [one.id for one in repositories.plans.of(first.consultation_id)] == [first.id, second.id]
    assert explained(repositories, second).plan_id == second.id


def test_what_was_explained_while_the_clock_was_ahead_can_be_explained_again(
    repositories: ClinicRepositories, hands: Clock
) -> None:
    plan = plan_of(repositories)
    hands.set(400 * DAY)
    wrong = explained(repositories, plan)
    hands.set(-400 * DAY)
    right = explained(repositories, plan)
    assert [one.id for one in repositories.consents.of(plan.consultation_id)] == [wrong.id, right.id]
    hands.wait(15 * DAY)
    assert sign(repositories, right).signed_at is not None


def test_a_clock_that_jumps_ahead_erases_nothing_that_the_law_keeps(
    repositories: ClinicRepositories, hands: Clock
) -> None:
    plan = plan_of(repositories)
    patient = repositories.consultations.get(plan.consultation_id).patient_id
    hands.set(11 * 366 * DAY)
    assert repositories.erasure.erase(patient, retention_years=10) is not None
    assert repositories.plans.get(plan.id).id == plan.id
    hands.set(-11 * 366 * DAY)
    hands.wait(11 * 366 * DAY)
    assert repositories.erasure.erase(patient, retention_years=10) is None
