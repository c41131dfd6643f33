"""Passkeys: who holds one comes in without password and code, and an answer that is not quite right opens nothing."""

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from soft_passkey import PRESENT, SoftPasskey
from sqlalchemy import select

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts import challenges
from skinbeam_clinic.accounts.challenges import CHALLENGE_LIFE
from skinbeam_clinic.accounts.lockout import FREE_FAILURES
from skinbeam_clinic.accounts.passkeys import PasskeyRepository, PasskeySignIn, PasskeySite
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, create_clinic
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.backup import restore_backup, write_backup
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import FILES_VARIABLE, Database
from skinbeam_clinic.database.revisions import open_database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import LockedError, RecordNotFoundError
from skinbeam_clinic.models import Member

PASSWORD = "quiet otters read maps"
SITE = PasskeySite("laser.example", "https://laser.example")


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
def mine(database: Database, ann: Member, passwords: PasswordHasher) -> PasskeyRepository:
    return PasskeyRepository(database, ann, passwords)


@pytest.fixture
def door(database: Database) -> PasskeySignIn:
    return PasskeySignIn(database)


def soft(**otherwise: Any) -> SoftPasskey:
    return SoftPasskey(**({"origin": SITE.origin, "host": SITE.host} | otherwise))


def added(passkeys: PasskeyRepository, name: str = "Telephone", **otherwise: Any) -> SoftPasskey:
    device = soft(**otherwise)
    passkeys.add(SITE, name, device.created(passkeys.registration_options(SITE, name, PASSWORD)))
    return device


def refused(door: PasskeySignIn, answer: str, site: PasskeySite = SITE) -> None:
    with pytest.raises(InputError) as found:
        door.sign_in(site, answer)
    assert found.value.code == "passkey"


def test_a_passkey_lets_its_member_in_in_place_of_password_and_code(
    database: Database, door: PasskeySignIn, mine: PasskeyRepository, ann: Member, passwords: PasswordHasher
) -> None:
    device = added(mine)
    assert [(one.name, one.used_at) for one in mine.all()] == [("Telephone", None)]
    came = door.sign_in(SITE, device.signed(door.authentication_options(SITE)))
    assert (came.member, came.step_due) == (ann, None)
    seen = SignIn(database, passwords).find_session(came.token)
    assert seen is not None
    assert seen.member == ann
    assert mine.all()[0].used_at is not None
    door.sign_in(SITE, device.signed(door.authentication_options(SITE)))
    (checked,) = verify_database(database)
    assert not checked.findings
    with database.reading() as session:
        actions = session.scalars(select(tables.AuditEntryRow.action).order_by(tables.AuditEntryRow.seq)).all()
    assert actions[-4:] == ["passkey.added", "notice.added", "sign-in.passkey", "sign-in.passkey"]


def test_what_a_device_is_asked_names_nobody_to_others_and_demands_finger_face_or_pin(
    door: PasskeySignIn, mine: PasskeyRepository
) -> None:
    new = json.loads(mine.registration_options(SITE, "Telephone", PASSWORD))
    assert new["rp"]["id"] == "laser.example"
    assert new["attestation"] == "none"
    wanted = {"residentKey": "required", "requireResidentKey": True, "userVerification": "required"}
    assert new["authenticatorSelection"] == wanted
    device = added(mine)
    assert [one["id"] for one in json.loads(mine.registration_options(SITE, "x", PASSWORD))["excludeCredentials"]] == [
        json.loads(device.signed(door.authentication_options(SITE)))["id"]
    ]
    asked = json.loads(door.authentication_options(SITE))
    assert (asked["rpId"], asked["userVerification"]) == ("laser.example", "required")
    assert not asked["allowCredentials"]  # nobody is told which passkeys there are


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://laser.example"},
        {"origin": "https://laser.example:8443"},
        {"host": "evil.example"},
        {"flags": PRESENT},  # nobody was asked for finger, face or PIN
        {"flags": 0},
        {"handle": b"x" * 32},
    ],
    ids=str,
)
def test_an_answer_of_another_page_or_of_nobody_opens_nothing(
    change: dict[str, Any], door: PasskeySignIn, mine: PasskeyRepository, database: Database
) -> None:
    device = added(mine)
    other = dataclasses.replace(device, **change)
    refused(door, other.signed(door.authentication_options(SITE)))
    with database.reading() as session:
        last = session.scalar(select(tables.AuditEntryRow).order_by(tables.AuditEntryRow.seq.desc()).limit(1))
    assert last is not None
    assert (last.actor, last.action) == ("unknown", "sign-in.refused")
    device.count = other.count
    door.sign_in(SITE, device.signed(door.authentication_options(SITE)))


@pytest.mark.parametrize(
    "change", [{"origin": "https://evil.example"}, {"host": "evil.example"}, {"flags": PRESENT}, {"id": b"x" * 1024}]
)
def test_a_passkey_of_another_page_or_of_nobody_is_not_kept(change: dict[str, Any], mine: PasskeyRepository) -> None:
    with pytest.raises(InputError, match="not accepted"):
        added(mine, **change)
    assert mine.all() == ()


def test_another_key_opens_nothing(door: PasskeySignIn, mine: PasskeyRepository) -> None:
    device = added(mine)
    refused(door, soft(id=device.id, handle=device.handle).signed(door.authentication_options(SITE)))
    refused(door, soft(handle=device.handle).signed(door.authentication_options(SITE)))
    with pytest.raises(InputError, match="not accepted"):
        added(mine, id=device.id)  # nor takes its place
    door.sign_in(SITE, device.signed(door.authentication_options(SITE)))


def test_a_challenge_is_answered_once_for_its_purpose_and_in_time(
    door: PasskeySignIn, mine: PasskeyRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = added(mine)
    asked = door.authentication_options(SITE)
    answer = device.signed(asked)
    door.sign_in(SITE, answer)
    refused(door, answer)
    refused(door, device.signed(asked))  # signed anew
    refused(door, device.signed(json.dumps({"challenge": "bm9ib2R5IGFza2VkIHRoaXM"})))
    refused(door, device.signed(mine.registration_options(SITE, "x", PASSWORD)))  # given for a new passkey
    with pytest.raises(InputError, match="not accepted"):
        mine.add(
            SITE,
            "x",
            soft().created(json.dumps(json.loads(door.authentication_options(SITE)) | {"user": {"id": "eA"}})),
        )
    asked = door.authentication_options(SITE)
    monkeypatch.setattr(challenges, "now", lambda: now() + CHALLENGE_LIFE + datetime.timedelta(seconds=1))
    refused(door, device.signed(asked))


def test_a_challenge_that_failed_is_not_tried_again(door: PasskeySignIn, mine: PasskeyRepository) -> None:
    device = added(mine)
    asked = door.authentication_options(SITE)
    refused(door, dataclasses.replace(device, origin="https://evil.example").signed(asked))
    refused(door, device.signed(asked))


def test_challenges_of_long_ago_are_thrown_away(
    door: PasskeySignIn, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        door.authentication_options(SITE)
    monkeypatch.setattr(challenges, "now", lambda: now() + CHALLENGE_LIFE + datetime.timedelta(seconds=1))
    door.authentication_options(SITE)
    with database.reading() as session:
        assert len(session.scalars(select(tables.LoginChallengeRow)).all()) == 1


def test_a_device_that_was_copied_is_noticed(door: PasskeySignIn, mine: PasskeyRepository) -> None:
    device = added(mine)
    copy = dataclasses.replace(device)
    for _ in range(3):
        door.sign_in(SITE, device.signed(door.authentication_options(SITE)))
    refused(door, copy.signed(door.authentication_options(SITE)))  # counts from where it was copied


def test_who_is_let_in_no_more_or_was_reset_has_no_passkey(
    database: Database, door: PasskeySignIn, accounts: AccountRepository, ann: Member, passwords: PasswordHasher
) -> None:
    bob = accounts.add("Bob", Role.ASSISTANT, PASSWORD)
    his = PasskeyRepository(database, bob, passwords)
    device = added(his)
    assert {one.name: one.passkey_count for one in accounts.all()} == {"Ann": 0, "Bob": 1}
    came = door.sign_in(SITE, device.signed(door.authentication_options(SITE)))
    accounts.set_access(bob.id, allowed=False)
    assert SignIn(database, passwords).find_session(came.token) is None
    refused(door, device.signed(door.authentication_options(SITE)))
    accounts.set_access(bob.id, allowed=True)
    came = door.sign_in(SITE, device.signed(door.authentication_options(SITE)))
    accounts.reset_password(bob.id, PASSWORD)
    assert SignIn(database, passwords).find_session(came.token) is None
    assert his.all() == ()
    refused(door, device.signed(door.authentication_options(SITE)))
    assert not any(checked.findings for checked in verify_database(database))


def test_a_passkey_opens_its_own_members_clinic_and_no_other(
    database: Database, door: PasskeySignIn, mine: PasskeyRepository, passwords: PasswordHasher
) -> None:
    hill = create_clinic(database, "Hill Clinic")
    eve = AccountRepository(database, hill, passwords).add("Eve", Role.OWNER, PASSWORD)
    hers = PasskeyRepository(database, eve, passwords)
    device, other = added(mine), added(hers)
    assert door.sign_in(SITE, other.signed(door.authentication_options(SITE))).member == eve
    refused(door, dataclasses.replace(other, handle=device.handle).signed(door.authentication_options(SITE)))
    with pytest.raises(RecordNotFoundError):
        hers.remove(mine.all()[0].id)
    with pytest.raises(InputError, match="not accepted"):
        hers.add(SITE, "x", soft().created(mine.registration_options(SITE, "x", PASSWORD)))  # asked of somebody else
    assert len(mine.all()) == len(hers.all()) == 1


def test_only_who_knows_the_password_adds_one_and_removing_it_is_final(
    door: PasskeySignIn, mine: PasskeyRepository
) -> None:
    device = added(mine)
    for _ in range(FREE_FAILURES):
        with pytest.raises(InputError, match="password is wrong"):
            mine.registration_options(SITE, "x", "a guess")
    with pytest.raises(LockedError):
        mine.registration_options(SITE, "x", PASSWORD)
    mine.remove(mine.all()[0].id)
    assert mine.all() == ()
    refused(door, device.signed(door.authentication_options(SITE)))


def test_a_passkey_comes_back_with_a_backup(
    database: Database, mine: PasskeyRepository, tmp_path: Path, environment: dict[str, str]
) -> None:
    device = added(mine)
    PasskeySignIn(database).authentication_options(SITE)  # what waits for an answer stays behind
    write_backup(database, tmp_path / "backup.tar")
    elsewhere, folder = str(tmp_path / "elsewhere.sqlite"), {FILES_VARIABLE: str(tmp_path / "other")}
    assert not any(
        checked.findings for checked in restore_backup(tmp_path / "backup.tar", elsewhere, environment | folder)
    )
    restored = open_database(elsewhere, environment | folder)
    door = PasskeySignIn(restored)
    door.sign_in(SITE, device.signed(door.authentication_options(SITE)))
    restored.close()


HEAD = '{"id":"eA","rawId":"eA","type":"public-key","response":'
NOT_AN_ANSWER = (
    *("", "x", "{}", "[]", "null", "1", "[" * 50_000, '{"id": 1}', "\ud800"),
    '{"id":"!","rawId":"!","type":"public-key","response":{}}',
    HEAD + '{"clientDataJSON":"eA","authenticatorData":"","signature":""}}',
    HEAD + '{"clientDataJSON":"bnVsbA","attestationObject":"9999"}}',
)


@pytest.mark.parametrize("sent", NOT_AN_ANSWER, ids=lambda sent: ascii(sent[:20]))
def test_what_is_no_answer_is_refused(sent: str, door: PasskeySignIn, mine: PasskeyRepository) -> None:
    refused(door, sent)
    with pytest.raises(InputError, match="not accepted"):
        mine.add(SITE, "x", sent)


def test_parts_of_an_answer_that_are_garbled_are_refused(door: PasskeySignIn, mine: PasskeyRepository) -> None:
    device = added(mine)
    for part in ("authenticatorData", "signature", "userHandle"):
        for garbled in ("", "AAAA", None, 5):
            answer = json.loads(device.signed(door.authentication_options(SITE)))
            answer["response"][part] = garbled
            refused(door, json.dumps(answer))
    new = json.loads(soft().created(mine.registration_options(SITE, "x", PASSWORD)))
    new["response"]["attestationObject"] = "o2NmbXRkbm9uZQ"
    with pytest.raises(InputError, match="not accepted"):
        mine.add(SITE, "x", json.dumps(new))
