"""The way in: who has password and code comes in, nobody else does, and nothing tells who exists."""

import contextlib
import dataclasses
import datetime
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyotp
import pytest
from clinic_samples import RECOMMENDED
from pwdlib import PasswordHash
from soft_passkey import SoftPasskey
from sqlalchemy import Connection, delete, event, select, text
from sqlalchemy.exc import OperationalError

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.challenges import ChallengeStore
from skinbeam_clinic.accounts.lockout import FREE_FAILURES
from skinbeam_clinic.accounts.passkeys import PasskeyRepository, PasskeySite
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, clinic_operator, create_clinic, list_clinics
from skinbeam_clinic.accounts.sign_in import IDLE_LIMIT, LONGEST_SESSION, SignIn
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.encryption import DatabaseSecret
from skinbeam_clinic.database.transaction import open_transaction
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import ConflictError, LockedError
from skinbeam_clinic.models import Member
from skinbeam_clinic.repositories import ClinicRepositories

PASSWORD = "quiet otters read maps"
CLINIC = "Harbour Clinic"


@pytest.fixture(scope="module")
def passwords() -> PasswordHasher:
    return PasswordHasher()


@pytest.fixture
def accounts(database: Database, operator: Member, passwords: PasswordHasher) -> AccountRepository:
    return AccountRepository(database, operator, passwords)


@pytest.fixture
def ann(accounts: AccountRepository) -> Member:
    return accounts.add("Ann", Role.OWNER, PASSWORD)


@pytest.fixture
def door(database: Database, passwords: PasswordHasher) -> SignIn:
    return SignIn(database, passwords)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> "Clock":
    made, wall = Clock(), time.time
    monkeypatch.setattr(time, "time", lambda: wall() + made.ahead.total_seconds())
    return made


class Clock:
    def __init__(self) -> None:
        self.ahead = datetime.timedelta()

    def __call__(self) -> datetime.datetime:
        return now()


def test_who_has_the_password_comes_in_whatever_the_case_of_the_name(door: SignIn, ann: Member) -> None:
    came = door.sign_in("harbour CLINIC ", " ANN", PASSWORD)
    assert (came.member, came.step_due) == (ann, None)
    seen = door.find_session(came.token)
    assert seen is not None
    assert seen.member.role == Role.OWNER
    door.sign_out(came.token)
    assert door.find_session(came.token) is None
    assert door.find_session("x") is None


@pytest.mark.parametrize(
    ("clinic", "name", "password"),
    [(CLINIC, "Ann", PASSWORD + "x"), (CLINIC, "Bob", PASSWORD), ("None", "Ann", PASSWORD), (CLINIC, "", PASSWORD)],
)
def test_all_that_is_wrong_is_refused_in_the_same_words(
    clinic: str, name: str, password: str, door: SignIn, ann: Member
) -> None:
    with pytest.raises(InputError) as found:
        door.sign_in(clinic, name, password)
    assert found.value.as_record() == {
        "code": "not-in",
        "message": "clinic, name or password is wrong, or the session has ended",
        "field": "password",
        "hint": "Sign in again.",
    }


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> PasswordHasher:
    """Hashes as the program does, at full cost."""
    monkeypatch.setattr(PasswordHash, "recommended", RECOMMENDED)
    return PasswordHasher()


def test_a_guess_costs_memory_and_time(shipped: PasswordHasher) -> None:
    assert shipped.hash(PASSWORD, DatabaseSecret(b"s" * 32)).startswith("signed:$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.check
def test_a_name_that_nobody_has_takes_as_long_to_refuse(
    database: Database, operator: Member, shipped: PasswordHasher
) -> None:
    AccountRepository(database, operator, shipped).add("Ann", Role.OWNER, PASSWORD)
    door = SignIn(database, shipped)

    def took(name: str) -> float:
        began = time.process_time()
        with pytest.raises(InputError):
            door.sign_in(CLINIC, name, "not the password")
        return time.process_time() - began

    known = statistics.median(took("Ann") for _ in range(FREE_FAILURES))
    unknown = statistics.median(took(f"nobody {i}") for i in range(FREE_FAILURES))
    assert unknown == pytest.approx(known, rel=0.5)  # a hash is nearly all of it; without one it is a hundredth


@pytest.mark.check
def test_failures_lock_a_name_for_growing_waits_also_one_that_nobody_has(
    door: SignIn, ann: Member, clock: Clock
) -> None:
    for name in ("Ann", "Nobody"):
        waits = []
        for _ in range(FREE_FAILURES):
            with pytest.raises(InputError, match="wrong"):
                door.sign_in(CLINIC, name, "wrong")
        for _ in range(3):
            with pytest.raises(LockedError) as found:
                door.sign_in(CLINIC, name, PASSWORD)  # not even the right one is tried
            waits.append((found.value.until - clock()).total_seconds())
            clock.ahead += datetime.timedelta(seconds=waits[-1] + 1)
            with pytest.raises(InputError, match="wrong"):
                door.sign_in(CLINIC, name, "wrong")
        assert waits == pytest.approx([30, 60, 120], abs=5)
    clock.ahead += datetime.timedelta(minutes=16)
    assert door.sign_in(CLINIC, "Ann", PASSWORD).member == ann


def locked_out(door: SignIn, name: str, browser: str = "") -> None:
    for _ in range(FREE_FAILURES):
        with pytest.raises(InputError, match="wrong"):
            door.sign_in(CLINIC, name, "wrong", browser)
    with pytest.raises(LockedError):
        door.sign_in(CLINIC, name, PASSWORD, browser)


def test_a_stranger_does_not_lock_out_who_has_signed_in_from_this_browser(door: SignIn, ann: Member) -> None:
    mine = door.remember_browser("", door.sign_in(CLINIC, "Ann", PASSWORD).member)
    locked_out(door, "Ann")
    assert door.sign_in(CLINIC, "ann", PASSWORD, mine).member == ann
    with pytest.raises(LockedError):  # which forgives the stranger nothing
        door.sign_in(CLINIC, "Ann", PASSWORD)
    locked_out(door, "Ann", mine)  # and a browser that was left behind is no way to guess without end


def test_a_browser_counts_for_those_alone_who_have_signed_in_from_it(
    door: SignIn, ann: Member, accounts: AccountRepository
) -> None:
    bob = accounts.add("Bob", Role.ASSISTANT, PASSWORD)
    mine = door.remember_browser("", ann)
    locked_out(door, "Bob")
    browser, signature = mine.split(".")
    for planted in (mine, f"{browser}.{'0' * 64}", browser, f".{signature}", f"{'0' * 32}.{signature}", "ä", "." * 99):
        with pytest.raises(LockedError):
            door.sign_in(CLINIC, "Bob", PASSWORD, planted)
    both = door.remember_browser(mine, bob)
    for name in ("Ann", "Bob"):
        assert door.sign_in(CLINIC, name, PASSWORD, both).member.name == name
    assert both.startswith(browser)
    assert door.remember_browser(both, bob) == both
    assert "Ann" not in both


def test_of_many_members_at_one_browser_the_last_are_known(door: SignIn, ann: Member) -> None:
    first = known = door.remember_browser("", ann)
    for number in range(20):
        known = door.remember_browser(known, dataclasses.replace(ann, name=f"Nurse {number}"))
    assert len(known) < 1000
    assert first.split(".")[1] not in known


@pytest.mark.check
def test_the_right_password_forgets_the_failures(door: SignIn, ann: Member) -> None:
    for _ in range(2):
        for _ in range(FREE_FAILURES - 1):
            with pytest.raises(InputError, match="wrong"):
                door.sign_in(CLINIC, "Ann", "wrong")
        door.sign_in(CLINIC, "Ann", PASSWORD)


def test_guesses_at_the_same_time_are_all_counted(door: SignIn, ann: Member) -> None:
    def guess(_: int) -> str:
        try:
            door.sign_in(CLINIC, "Ann", "wrong")
        except InputError as error:
            return error.code
        return "in"

    with ThreadPoolExecutor(8) as pool:
        refusals = list(pool.map(guess, range(2 * FREE_FAILURES)))
    assert (refusals.count("not-in"), refusals.count("locked")) == (FREE_FAILURES, FREE_FAILURES)


@pytest.mark.parametrize("address", [pytest.param("postgresql", marks=pytest.mark.check)], indirect=True)
def test_a_success_of_the_same_name_ends_no_attempt_that_is_being_counted(door: SignIn, ann: Member) -> None:
    """A form that is sent twice: the first is answered between two statements of the second."""
    database, between = door._database, []
    with pytest.raises(InputError, match="wrong"):
        door.sign_in(CLINIC, "Ann", "wrong")

    def forget_failures(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("INSERT INTO login_lock") or between:
            return
        between.append(statement)
        with contextlib.suppress(OperationalError), database.engine.begin() as other:
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))  # the other waits until this attempt is counted
            other.execute(delete(tables.LoginLockRow))

    event.listen(database.engine, "after_cursor_execute", forget_failures)
    assert door.sign_in(CLINIC, "Ann", PASSWORD).member == ann
    assert between


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_set_during_a_sign_in_ends_its_session_and_is_no_defect(
    door: SignIn, ann: Member, clock: Clock, hours: float
) -> None:
    def set_clock(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO login_session"):
            clock.ahead = datetime.timedelta(hours=hours)

    event.listen(door._database.engine, "after_cursor_execute", set_clock)
    signed = door.sign_in(CLINIC, "Ann", PASSWORD)
    assert clock.ahead
    assert signed.member == ann
    assert door.find_session(signed.token) is None


def test_a_session_ends_when_it_is_not_used_and_after_half_a_day(door: SignIn, ann: Member, clock: Clock) -> None:
    idle = door.sign_in(CLINIC, "Ann", PASSWORD)
    clock.ahead = IDLE_LIMIT - datetime.timedelta(minutes=1)
    assert door.find_session(idle.token) is not None
    clock.ahead += IDLE_LIMIT - datetime.timedelta(minutes=1)
    assert door.find_session(idle.token) is not None
    clock.ahead += IDLE_LIMIT + datetime.timedelta(minutes=1)
    assert door.find_session(idle.token) is None
    busy, began = door.sign_in(CLINIC, "Ann", PASSWORD), clock.ahead
    while clock.ahead - began < LONGEST_SESSION:
        assert door.find_session(busy.token) is not None
        clock.ahead += datetime.timedelta(minutes=20)
    clock.ahead += datetime.timedelta(minutes=1)
    assert door.find_session(busy.token) is None


def test_a_code_is_asked_for_once_it_is_set_up_and_works_once(
    database: Database, door: SignIn, ann: Member, passwords: PasswordHasher, clock: Clock
) -> None:
    mine = AccountRepository(database, ann, passwords)
    address = mine.new_codes_address()
    app = pyotp.parse_uri(address)
    with pytest.raises(InputError, match="code is wrong"):
        mine.set_codes(address, "000000", PASSWORD)
    code = app.at(clock())  # the next half minute has another one
    mine.set_codes(address, code, PASSWORD)
    first = door.sign_in(CLINIC, "Ann", PASSWORD)
    assert first.step_due
    with pytest.raises(InputError, match="used before"):
        door.confirm_code(first.token, code)
    clock.ahead += datetime.timedelta(seconds=60)
    code = app.at(clock())
    second = door.confirm_code(first.token, f" {code[:3]} {code[3:]}")
    assert not second.step_due
    assert second.token != first.token
    assert door.find_session(first.token) is None, "the token from before the code is worth nothing"
    other = door.sign_in(CLINIC, "Ann", PASSWORD)
    with pytest.raises(InputError, match="used before"):
        door.confirm_code(other.token, code)
    waiting = door.find_session(other.token)
    assert waiting is not None
    assert waiting.step_due


def test_codes_cannot_be_guessed_without_end(
    database: Database, door: SignIn, ann: Member, passwords: PasswordHasher
) -> None:
    mine = AccountRepository(database, ann, passwords)
    address = mine.new_codes_address()
    mine.set_codes(address, pyotp.parse_uri(address).now(), PASSWORD)
    came = door.sign_in(CLINIC, "Ann", PASSWORD)
    for _ in range(FREE_FAILURES):
        with pytest.raises(InputError, match="code is wrong"):
            door.confirm_code(came.token, "12345x")
    with pytest.raises(LockedError):
        door.confirm_code(came.token, "12345x")


def test_who_is_let_out_is_out_at_once(door: SignIn, accounts: AccountRepository, ann: Member) -> None:
    bob = accounts.add("Bob", Role.ASSISTANT, PASSWORD)
    came = door.sign_in(CLINIC, "Bob", PASSWORD)
    accounts.set_access(bob.id, allowed=False)
    assert door.find_session(came.token) is None
    with pytest.raises(InputError, match="wrong"):
        door.sign_in(CLINIC, "Bob", PASSWORD)
    accounts.set_access(bob.id, allowed=True)
    door.sign_in(CLINIC, "Bob", PASSWORD)
    assert [member.name for member in accounts.all()] == ["Ann", "Bob"]


def test_a_new_password_ends_every_session(
    database: Database, door: SignIn, accounts: AccountRepository, ann: Member, passwords: PasswordHasher
) -> None:
    came, mine = door.sign_in(CLINIC, "Ann", PASSWORD), AccountRepository(database, ann, passwords)
    with pytest.raises(InputError, match="password is wrong"):
        mine.change_password("not it", "another set of words")
    mine.change_password(PASSWORD, "another set of words")
    assert door.find_session(came.token) is None
    came = door.sign_in(CLINIC, "Ann", "another set of words")
    accounts.reset_password(ann.id, PASSWORD)
    assert door.find_session(came.token) is None
    door.sign_in(CLINIC, "Ann", PASSWORD)


@pytest.mark.parametrize("change", ["password", "codes", "recovery", "passkey"])
def test_a_request_in_flight_undoes_no_reset(
    change: str, database: Database, accounts: AccountRepository, ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old password was checked just before an owner set another, since somebody else had learned it."""
    assert ann.role == Role.OWNER
    passwords, theirs = PasswordHasher(), "another set of words"
    bob = accounts.add("Bob", Role.ASSISTANT, PASSWORD)
    mine, keys = AccountRepository(database, bob, passwords), PasskeyRepository(database, bob, passwords)
    site, address = PasskeySite("laser.example", "https://laser.example"), mine.new_codes_address()
    if change == "recovery":
        mine.set_codes(address, pyotp.parse_uri(address).now(), PASSWORD)
    answer = SoftPasskey(site.origin, site.host).created(keys.registration_options(site, "Key", PASSWORD))
    verify, consume = passwords.verify, ChallengeStore.consume

    def verify_then_reset(*asked: Any) -> bool:
        right = verify(*asked)
        accounts.reset_password(bob.id, theirs)
        return right

    def consume_then_reset(store: ChallengeStore, challenge: bytes, purpose: str) -> bool:
        right = consume(store, challenge, purpose)
        accounts.reset_password(bob.id, theirs)
        return right

    monkeypatch.setattr(passwords, "verify", verify_then_reset)
    monkeypatch.setattr(ChallengeStore, "consume", consume_then_reset)
    attempts = {
        "password": lambda: mine.change_password(PASSWORD, "words of a stranger"),
        "codes": lambda: mine.set_codes(address, pyotp.parse_uri(address).now(), PASSWORD),
        "recovery": lambda: mine.new_recovery_codes(PASSWORD),
        "passkey": lambda: keys.add(site, "Key", answer),
    }
    with pytest.raises(InputError) as refused:
        attempts[change]()
    assert refused.value.code == "not-in"
    came = SignIn(database, PasswordHasher()).sign_in(CLINIC, "Bob", theirs)
    assert came.step_due is None
    assert (keys.all(), mine.recovery_codes_left()) == ((), 0)


@pytest.mark.parametrize("change", ["disabled", "reset"])
def test_a_sign_in_while_an_owner_closes_the_account_is_refused(
    change: str, database: Database, accounts: AccountRepository, ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ann.role == Role.OWNER
    bob, passwords = accounts.add("Bob", Role.ASSISTANT, PASSWORD), PasswordHasher()
    verify = passwords.verify

    def verify_then_close(*asked: Any) -> bool:
        monkeypatch.setattr(passwords, "verify", verify)
        right = verify(*asked)
        if change == "disabled":
            accounts.set_access(bob.id, allowed=False)
        else:
            accounts.reset_password(bob.id, "another set of words")
        return right

    monkeypatch.setattr(passwords, "verify", verify_then_close)
    with pytest.raises(InputError) as refused:
        SignIn(database, passwords).sign_in(CLINIC, "Bob", PASSWORD)
    assert refused.value.code == "not-in"


def test_a_role_that_somebody_changed_in_the_meantime_is_not_overwritten(
    accounts: AccountRepository, ann: Member
) -> None:
    assert ann.role == Role.OWNER  # one owner stays
    bob = accounts.add("Bob", Role.CLINICIAN, PASSWORD)
    accounts.set_role(bob.id, Role.AUDITOR, previous=Role.CLINICIAN)
    with pytest.raises(ConflictError):
        accounts.set_role(bob.id, Role.OWNER, previous=Role.CLINICIAN)
    assert accounts.set_role(bob.id, Role.AUDITOR, previous=Role.CLINICIAN).role == Role.AUDITOR  # sent again


def test_the_last_owner_stays(accounts: AccountRepository, ann: Member) -> None:
    for attempt in (
        lambda: accounts.set_role(ann.id, Role.AUDITOR),
        lambda: accounts.set_access(ann.id, allowed=False),
    ):
        with pytest.raises(InputError, match="would have no owner left"):
            attempt()
    accounts.add("Bob", Role.OWNER, PASSWORD)
    assert accounts.set_role(ann.id, Role.AUDITOR).role == Role.AUDITOR


def test_an_owner_who_has_not_chosen_a_password_yet_is_not_the_last(
    database: Database, accounts: AccountRepository, ann: Member, passwords: PasswordHasher
) -> None:
    """They may never have been told the one that was set for them, which expires in a week."""
    bob = accounts.add("Bob", Role.OWNER, PASSWORD, temporary=True)
    for attempt in (
        lambda: accounts.set_role(ann.id, Role.AUDITOR),
        lambda: accounts.set_access(ann.id, allowed=False),
    ):
        with pytest.raises(InputError, match="would have no owner left"):
            attempt()
    AccountRepository(database, bob, passwords).change_password(PASSWORD, "another set of words")
    assert accounts.set_role(ann.id, Role.AUDITOR).role == Role.AUDITOR


def test_the_audit_log_tells_a_replaced_password_from_a_chosen_one(
    database: Database, accounts: AccountRepository, ann: Member, passwords: PasswordHasher
) -> None:
    bob = accounts.add("Bob", Role.CLINICIAN, PASSWORD, temporary=True)
    log = ClinicRepositories(database, ann).audit_log
    accounts.reset_password(bob.id, "another set of words", temporary=True)
    actions = [one.action for one in log.newest(50)]
    assert "member.password-replaced" in actions
    assert "member.password-own" not in actions
    AccountRepository(database, bob, passwords).change_password("another set of words", "words of his own")
    assert "member.password-own" in [one.action for one in log.newest(50)]


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "a quite unusual sentence " * 5 + "1234",  # 129 characters
        "aaaaaaaaaaaaaa",
        "Bob Marley 1",
        "bobbobbobbobbob",
        "1234567890qwerty",  # in the list of leaked passwords
        "Password12345!",  # one of the list and a number
        "qwertydragon",
        "Harbour Clinic 2026",
        "skinbeam 2026!",
    ],
)
def test_an_easy_password_is_refused(password: str, accounts: AccountRepository) -> None:
    with pytest.raises(InputError, match="password"):
        accounts.add("Bob Marley" if "Marley" in password else "Bob", Role.OWNER, password)
    assert accounts.all() == ()


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",  # three words, though each may be in the list
        "Xk7qPz9mWv2r",
        "ведро синица лампа",
        "🐙🦀🐋🐬🐟🐠🐡🦈🦑🦐🐚🐳",
        "}~|{?><,./;'",
        "a quite unusual sentence " * 5 + "123",  # 128 characters
    ],
)
def test_any_kind_of_character_makes_a_password_and_nothing_is_cut_off(
    password: str, accounts: AccountRepository, door: SignIn
) -> None:
    accounts.add("Bob", Role.OWNER, password)
    assert door.sign_in(CLINIC, "Bob", password).member.name == "Bob"
    with pytest.raises(InputError):
        door.sign_in(CLINIC, "Bob", password[:-1])


def test_names_are_taken_within_one_clinic_alone(database: Database, accounts: AccountRepository, ann: Member) -> None:
    with pytest.raises(InputError, match="taken"):
        accounts.add("ANN", Role.CLINICIAN, PASSWORD)
    with pytest.raises(InputError, match="taken"):
        create_clinic(database, "HARBOUR clinic")
    other = create_clinic(database, "Hill Clinic")
    assert (
        AccountRepository(database, other, PasswordHasher()).add("Ann", Role.OWNER, PASSWORD).clinic_id != ann.clinic_id
    )
    assert list_clinics(database) == ("Harbour Clinic", "Hill Clinic")
    assert clinic_operator(database, "hill clinic") == other
    with pytest.raises(InputError, match="no clinic"):
        clinic_operator(database, "Valley Clinic")


def test_the_database_holds_neither_password_nor_token(database: Database, door: SignIn, ann: Member) -> None:
    came = door.sign_in(CLINIC, "Ann", PASSWORD)
    for table in tables.Base.metadata.sorted_tables:
        with database.reading() as session:
            stored = str(session.execute(select(table)).all())
        assert PASSWORD not in stored
        assert came.token not in stored
    with database.reading() as session:
        members = session.scalars(select(tables.MemberRow)).all()
    assert all(row.password_hash.startswith("signed:$argon2id$") for row in members)


@pytest.fixture
def early(database: Database, ann: Member) -> str:
    """The hash of Ann's password as earlier versions stored it."""
    hashed = PasswordHash.recommended().hash(PASSWORD)
    with open_transaction(database, ann.clinic_id, ann.id) as work:
        row = work.get(tables.MemberRow, ann.id)
        row.password_hash = hashed
        work.save(row, "member.password")
    return hashed


def stored_hash(database: Database, member: Member) -> str:
    with database.reading() as session:
        return session.get_one(tables.MemberRow, (member.clinic_id, member.id)).password_hash


def test_no_guess_can_be_checked_without_the_secret_of_the_database(
    database: Database, ann: Member, passwords: PasswordHasher
) -> None:
    """A thief of the hashes knows how they are made, and even the password; what they lack is the sealed secret."""
    hashed = stored_hash(database, ann)
    assert passwords.verify(PASSWORD, hashed, database.secret)
    assert not passwords.verify(PASSWORD, hashed, DatabaseSecret(b"s" * 32))
    assert not PasswordHash.recommended().verify(PASSWORD, hashed.removeprefix("signed:"))


def test_a_password_that_was_hashed_without_the_secret_lets_in_and_is_hashed_anew(
    early: str, database: Database, door: SignIn, ann: Member, accounts: AccountRepository
) -> None:
    own = AccountRepository(database, ann, PasswordHasher())
    assert own.confirm_password(PASSWORD) == early
    with pytest.raises(InputError, match="wrong"):
        door.sign_in(CLINIC, "Ann", "wrong")
    assert stored_hash(database, ann) == early
    assert door.sign_in(CLINIC, "Ann", PASSWORD).member == ann
    renewed = stored_hash(database, ann)
    assert renewed.startswith("signed:")
    assert door.sign_in(CLINIC, "Ann", PASSWORD).member == ann
    assert stored_hash(database, ann) == renewed, "once"
    assert verify_database(database)[0].findings == ()
    assert accounts.member(ann.id) == ann


def test_what_fails_while_a_password_is_hashed_anew_leaves_it_as_it_was(
    early: str, database: Database, door: SignIn, ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new hash and the session are kept together or not at all, and the password lets in afterwards."""
    for step in ("begin_session", "ClinicTransaction.save"):
        with monkeypatch.context() as patch:
            patch.setattr(f"skinbeam_clinic.accounts.sign_in.{step}", fail)
            with pytest.raises(RuntimeError, match="here it breaks off"):
                door.sign_in(CLINIC, "Ann", PASSWORD)
        assert stored_hash(database, ann) == early
    assert door.sign_in(CLINIC, "Ann", PASSWORD).member == ann


def fail(*_: object, **__: object) -> None:
    raise RuntimeError("here it breaks off")


def test_of_two_sign_ins_at_once_both_come_in_though_one_hashes_the_password_anew(
    early: str, database: Database, ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = PasswordHasher()
    verify, door = passwords.verify, SignIn(database, passwords)

    def verify_while_another_comes_in(*asked: Any) -> bool:
        right = verify(*asked)
        monkeypatch.setattr(passwords, "verify", verify)
        assert SignIn(database, PasswordHasher()).sign_in(CLINIC, "Ann", PASSWORD).member == ann
        return right

    monkeypatch.setattr(passwords, "verify", verify_while_another_comes_in)
    assert door.sign_in(CLINIC, "Ann", PASSWORD).member == ann
    assert stored_hash(database, ann) != early
