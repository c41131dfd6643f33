"""Passkeys: who holds one comes in without password and code, and an answer that is not quite right opens nothing."""

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from soft_passkey import PRESENT, SoftPasskey
from sqlalchemy import select

from skinbeam.errors import InputError
from skinbeam.records.faults import AbsentError, LockedError
from skinbeam.records.kept import Member
from skinbeam.records.people import challenges
from skinbeam.records.people.accounts import Accounts, create_clinic
from skinbeam.records.people.challenges import LIFE
from skinbeam.records.people.locks import FREE_FAILURES
from skinbeam.records.people.passkeys import PasskeyDoor, Passkeys, Site
from skinbeam.records.people.passwords import Passwords
from skinbeam.records.people.signin import SignIn
from skinbeam.records.roles import Role
from skinbeam.records.store import tables
from skinbeam.records.store.columns import now
from skinbeam.records.store.database import FOLDER_VARIABLE, Database
from skinbeam.records.store.upgrades import open_database
from skinbeam.records.upkeep.backup import backup, restore
from skinbeam.records.upkeep.verify import verify

PASSWORD = "quiet otters read maps"
SITE = Site("laser.example", "https://laser.example")


class AnyPassword(Passwords):
    """Takes no time over passwords, which other tests are about."""

    def hash(self, password: str) -> str:
        return password

    def fits(self, password: str, kept: str | None) -> bool:
        return password == kept


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return AnyPassword()


@pytest.fixture
def accounts(database: Database, operator: Member, passwords: Passwords) -> Accounts:
    return Accounts(database, operator, passwords)


@pytest.fixture
def ann(accounts: Accounts) -> Member:
    return accounts.add("Ann", Role.OWNER, PASSWORD)


@pytest.fixture
def mine(database: Database, ann: Member, passwords: Passwords) -> Passkeys:
    return Passkeys(database, ann, passwords)


@pytest.fixture
def door(database: Database) -> PasskeyDoor:
    return PasskeyDoor(database)


def soft(**otherwise: Any) -> SoftPasskey:
    return SoftPasskey(**({"origin": SITE.origin, "host": SITE.host} | otherwise))


def added(passkeys: Passkeys, name: str = "Telephone", **otherwise: Any) -> SoftPasskey:
    device = soft(**otherwise)
    passkeys.add(SITE, name, device.created(passkeys.ask(SITE, name, PASSWORD)))
    return device


def refused(door: PasskeyDoor, answer: str, site: Site = SITE) -> None:
    with pytest.raises(InputError) as found:
        door.sign_in(site, answer)
    assert found.value.code == "passkey"


def test_a_passkey_lets_its_member_in_in_place_of_password_and_code(
    database: Database, door: PasskeyDoor, mine: Passkeys, ann: Member, passwords: Passwords
) -> None:
    device = added(mine)
    assert [(one.name, one.used_at) for one in mine.all()] == [("Telephone", None)]
    came = door.sign_in(SITE, device.signed(door.ask(SITE)))
    assert (came.member, came.code_due) == (ann, False)
    seen = SignIn(database, passwords).who(came.token)
    assert seen is not None
    assert seen.member == ann
    assert mine.all()[0].used_at is not None
    door.sign_in(SITE, device.signed(door.ask(SITE)))
    (checked,) = verify(database)
    assert not checked.findings
    with database.reading() as session:
        said = session.scalars(select(tables.Entry.action).order_by(tables.Entry.seq)).all()
    assert said[-3:] == ["passkey.added", "sign-in.passkey", "sign-in.passkey"]


def test_what_a_device_is_asked_names_nobody_to_others_and_demands_finger_face_or_pin(
    door: PasskeyDoor, mine: Passkeys
) -> None:
    new = json.loads(mine.ask(SITE, "Telephone", PASSWORD))
    assert new["rp"]["id"] == "laser.example"
    assert new["attestation"] == "none"
    wanted = {"residentKey": "required", "requireResidentKey": True, "userVerification": "required"}
    assert new["authenticatorSelection"] == wanted
    device = added(mine)
    assert [one["id"] for one in json.loads(mine.ask(SITE, "x", PASSWORD))["excludeCredentials"]] == [
        json.loads(device.signed(door.ask(SITE)))["id"]
    ]
    asked = json.loads(door.ask(SITE))
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
    change: dict[str, Any], door: PasskeyDoor, mine: Passkeys, database: Database
) -> None:
    device = added(mine)
    other = dataclasses.replace(device, **change)
    refused(door, other.signed(door.ask(SITE)))
    with database.reading() as session:
        last = session.scalar(select(tables.Entry).order_by(tables.Entry.seq.desc()).limit(1))
    assert last is not None
    assert (last.actor, last.action) == ("unknown", "sign-in.refused")
    device.count = other.count
    door.sign_in(SITE, device.signed(door.ask(SITE)))


@pytest.mark.parametrize(
    "change", [{"origin": "https://evil.example"}, {"host": "evil.example"}, {"flags": PRESENT}, {"id": b"x" * 1024}]
)
def test_a_passkey_of_another_page_or_of_nobody_is_not_kept(change: dict[str, Any], mine: Passkeys) -> None:
    with pytest.raises(InputError, match="not accepted"):
        added(mine, **change)
    assert mine.all() == ()


def test_another_key_opens_nothing(door: PasskeyDoor, mine: Passkeys) -> None:
    device = added(mine)
    refused(door, soft(id=device.id, handle=device.handle).signed(door.ask(SITE)))
    refused(door, soft(handle=device.handle).signed(door.ask(SITE)))
    with pytest.raises(InputError, match="not accepted"):
        added(mine, id=device.id)  # nor takes its place
    door.sign_in(SITE, device.signed(door.ask(SITE)))


def test_a_challenge_is_answered_once_for_its_purpose_and_in_time(
    door: PasskeyDoor, mine: Passkeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = added(mine)
    asked = door.ask(SITE)
    answer = device.signed(asked)
    door.sign_in(SITE, answer)
    refused(door, answer)
    refused(door, device.signed(asked))  # signed anew
    refused(door, device.signed(json.dumps({"challenge": "bm9ib2R5IGFza2VkIHRoaXM"})))
    refused(door, device.signed(mine.ask(SITE, "x", PASSWORD)))  # given for a new passkey
    with pytest.raises(InputError, match="not accepted"):
        mine.add(SITE, "x", soft().created(json.dumps(json.loads(door.ask(SITE)) | {"user": {"id": "eA"}})))
    asked = door.ask(SITE)
    monkeypatch.setattr(challenges, "now", lambda: now() + LIFE + datetime.timedelta(seconds=1))
    refused(door, device.signed(asked))


def test_a_challenge_that_failed_is_not_tried_again(door: PasskeyDoor, mine: Passkeys) -> None:
    device = added(mine)
    asked = door.ask(SITE)
    refused(door, dataclasses.replace(device, origin="https://evil.example").signed(asked))
    refused(door, device.signed(asked))


def test_challenges_of_long_ago_are_thrown_away(
    door: PasskeyDoor, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        door.ask(SITE)
    monkeypatch.setattr(challenges, "now", lambda: now() + LIFE + datetime.timedelta(seconds=1))
    door.ask(SITE)
    with database.reading() as session:
        assert len(session.scalars(select(tables.LoginChallenge)).all()) == 1


def test_a_device_that_was_copied_is_noticed(door: PasskeyDoor, mine: Passkeys) -> None:
    device = added(mine)
    copy = dataclasses.replace(device)
    for _ in range(3):
        door.sign_in(SITE, device.signed(door.ask(SITE)))
    refused(door, copy.signed(door.ask(SITE)))  # counts from where it was copied


def test_who_is_let_in_no_more_or_was_reset_has_no_passkey(
    database: Database, door: PasskeyDoor, accounts: Accounts, ann: Member, passwords: Passwords
) -> None:
    bob = accounts.add("Bob", Role.ASSISTANT, PASSWORD)
    his = Passkeys(database, bob, passwords)
    device = added(his)
    assert {one.name: one.passkeys for one in accounts.all()} == {"Ann": 0, "Bob": 1}
    came = door.sign_in(SITE, device.signed(door.ask(SITE)))
    accounts.set_in(bob.id, allowed=False)
    assert SignIn(database, passwords).who(came.token) is None
    refused(door, device.signed(door.ask(SITE)))
    accounts.set_in(bob.id, allowed=True)
    came = door.sign_in(SITE, device.signed(door.ask(SITE)))
    accounts.reset(bob.id, PASSWORD)
    assert SignIn(database, passwords).who(came.token) is None
    assert his.all() == ()
    refused(door, device.signed(door.ask(SITE)))
    assert not any(checked.findings for checked in verify(database))


def test_a_passkey_opens_its_own_members_clinic_and_no_other(
    database: Database, door: PasskeyDoor, mine: Passkeys, passwords: Passwords
) -> None:
    hill = create_clinic(database, "Hill Clinic")
    eve = Accounts(database, hill, passwords).add("Eve", Role.OWNER, PASSWORD)
    hers = Passkeys(database, eve, passwords)
    device, other = added(mine), added(hers)
    assert door.sign_in(SITE, other.signed(door.ask(SITE))).member == eve
    refused(door, dataclasses.replace(other, handle=device.handle).signed(door.ask(SITE)))
    with pytest.raises(AbsentError):
        hers.remove(mine.all()[0].id)
    with pytest.raises(InputError, match="not accepted"):
        hers.add(SITE, "x", soft().created(mine.ask(SITE, "x", PASSWORD)))  # asked of somebody else
    assert len(mine.all()) == len(hers.all()) == 1


def test_only_who_knows_the_password_adds_one_and_removing_it_is_final(door: PasskeyDoor, mine: Passkeys) -> None:
    device = added(mine)
    for _ in range(FREE_FAILURES):
        with pytest.raises(InputError, match="password is wrong"):
            mine.ask(SITE, "x", "a guess")
    with pytest.raises(LockedError):
        mine.ask(SITE, "x", PASSWORD)
    mine.remove(mine.all()[0].id)
    assert mine.all() == ()
    refused(door, device.signed(door.ask(SITE)))


def test_a_passkey_comes_back_with_a_backup(
    database: Database, mine: Passkeys, tmp_path: Path, environment: dict[str, str]
) -> None:
    device = added(mine)
    PasskeyDoor(database).ask(SITE)  # what waits for an answer stays behind
    backup(database, tmp_path / "backup.tar")
    elsewhere, folder = str(tmp_path / "elsewhere.sqlite"), {FOLDER_VARIABLE: str(tmp_path / "other")}
    assert not any(checked.findings for checked in restore(tmp_path / "backup.tar", elsewhere, environment | folder))
    restored = open_database(elsewhere, environment | folder)
    door = PasskeyDoor(restored)
    door.sign_in(SITE, device.signed(door.ask(SITE)))
    restored.close()


HEAD = '{"id":"eA","rawId":"eA","type":"public-key","response":'
NOT_AN_ANSWER = (
    *("", "x", "{}", "[]", "null", "1", "[" * 50_000, '{"id": 1}', "\ud800"),
    '{"id":"!","rawId":"!","type":"public-key","response":{}}',
    HEAD + '{"clientDataJSON":"eA","authenticatorData":"","signature":""}}',
    HEAD + '{"clientDataJSON":"bnVsbA","attestationObject":"9999"}}',
)


@pytest.mark.parametrize("sent", NOT_AN_ANSWER, ids=lambda sent: ascii(sent[:20]))
def test_what_is_no_answer_is_refused(sent: str, door: PasskeyDoor, mine: Passkeys) -> None:
    refused(door, sent)
    with pytest.raises(InputError, match="not accepted"):
        mine.add(SITE, "x", sent)


def test_parts_of_an_answer_that_are_garbled_are_refused(door: PasskeyDoor, mine: Passkeys) -> None:
    device = added(mine)
    for part in ("authenticatorData", "signature", "userHandle"):
        for garbled in ("", "AAAA", None, 5):
            answer = json.loads(device.signed(door.ask(SITE)))
            answer["response"][part] = garbled
            refused(door, json.dumps(answer))
    new = json.loads(soft().created(mine.ask(SITE, "x", PASSWORD)))
    new["response"]["attestationObject"] = "o2NmbXRkbm9uZQ"
    with pytest.raises(InputError, match="not accepted"):
        mine.add(SITE, "x", json.dumps(new))
