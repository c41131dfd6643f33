"""`skinbeam records`, as whoever runs the machine types it."""

import contextlib
import io
import os
import re
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.database.connection import database_url, open_engine
from skinbeam_clinic.database.encryption import KEY_VARIABLE, generate_key
from skinbeam_clinic.database.revisions import newest_revision, open_database
from skinbeam_clinic.errors import UnreachableError
from skinbeam_clinic.models import SignInStep

Run = Callable[..., Any]
PASSWORD = "quiet otters read maps"


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(KEY_VARIABLE, generate_key())
    return str(tmp_path / "clinic.sqlite")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What comes through a pipe."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_the_first_owner_comes_in(address: str, run: Run, typed: Callable[[str], None]) -> None:
    assert run("records", "upgrade", "--db", address, "--json").document["revision"] == newest_revision()
    typed(f"{PASSWORD}\n")
    ran = run("records", "create-user", "Ann", "--clinic", "Harbour Clinic", "--new-clinic", "--db", address, "--json")
    assert (ran.code, ran.document["user"], ran.document["role"]) == (0, "Ann", "owner")
    assert PASSWORD not in ran.out + ran.err
    typed(f"{PASSWORD}\n")
    asked = ("records", "create-user", "Bob", "--clinic", "Harbour Clinic", "--role", "auditor", "--db", address)
    assert "role: auditor" in run(*asked).out
    database = open_database(address, {KEY_VARIABLE: os.environ[KEY_VARIABLE]})
    signed = [SignIn(database, PasswordHasher()).sign_in("Harbour Clinic", name, PASSWORD) for name in ("Ann", "Bob")]
    assert [one.member.role for one in signed] == ["owner", "auditor"]
    assert [one.step_due for one in signed] == [SignInStep.SETUP] * 2, "a new clinic requires a second factor"
    database.close()


def test_verify_tells_that_all_is_whole_or_each_thing_that_is_not(
    address: str, run: Run, typed: Callable[[str], None]
) -> None:
    run("records", "upgrade", "--db", address)
    typed(f"{PASSWORD}\n")
    run("records", "create-user", "Ann", "--clinic", "Harbour Clinic", "--new-clinic", "--db", address)
    whole = run("records", "verify", "--db", address, "--json")
    assert whole.code == 0
    assert [(one["clinic"], one["entries"], one["rows"]) for one in whole.document["clinics"]] == [
        ("Harbour Clinic", 3, 2)
    ]
    with contextlib.closing(sqlite3.connect(address)) as connection, connection:
        connection.execute("DROP TRIGGER trail_no_update")
        connection.execute("UPDATE trail SET actor = 'somebody else' WHERE seq = 1")
        connection.execute("UPDATE member SET role = 'auditor'")
    broken = run("records", "verify", "--db", address)
    assert broken.code == 2
    assert 'error: trail/1: clinic "Harbour Clinic": this entry of the audit log was altered.' in broken.err
    assert re.search(r'error: member/\w{32}: clinic "Harbour Clinic": this record was altered', broken.err)
    assert run("records", "verify", "--db", address, "--json").document["error"]["code"] == "entry-altered"


def test_a_new_key_seals_everything_and_the_old_one_can_be_removed(
    address: str, run: Run, typed: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("records", "upgrade", "--db", address)
    typed(f"{PASSWORD}\n")
    run("records", "create-user", "Ann", "--clinic", "Harbour Clinic", "--new-clinic", "--db", address)
    old, new = os.environ[KEY_VARIABLE], generate_key()
    monkeypatch.setenv(KEY_VARIABLE, f"{new},{old}")
    assert "clinic Harbour Clinic; rows 0; files 0; rows_left 0" in run("records", "reseal", "--db", address).out
    monkeypatch.setenv(KEY_VARIABLE, new)
    assert run("records", "verify", "--db", address).code == 0
    monkeypatch.setenv(KEY_VARIABLE, old)
    assert run("records", "verify", "--db", address, "--json").document["error"]["code"] == "wrong-key"
    monkeypatch.setenv(KEY_VARIABLE, new)
    with contextlib.closing(sqlite3.connect(address)) as connection, connection:
        connection.execute("UPDATE member SET code_secret_sealed = x'00'")
    broken = run("records", "reseal", "--db", address)
    assert broken.code == 2
    assert re.search(r'error: member/\w{32}: clinic "Harbour Clinic": this record was altered', broken.err)


def test_a_new_clinic_may_do_without_a_second_factor(address: str, run: Run, typed: Callable[[str], None]) -> None:
    run("records", "upgrade", "--db", address)
    typed(f"{PASSWORD}\n")
    words = ("--clinic", "Harbour Clinic", "--new-clinic", "--without-second-factor", "--db", address)
    assert run("records", "create-user", "Ann", *words).code == 0
    database = open_database(address, {KEY_VARIABLE: os.environ[KEY_VARIABLE]})
    assert SignIn(database, PasswordHasher()).sign_in("Harbour Clinic", "Ann", PASSWORD).step_due is None
    database.close()


@pytest.mark.parametrize(
    ("words", "field", "message", "hint"),
    [
        (("--clinic", "None"), "--clinic", 'no clinic is called "None"', "create-user --new-clinic"),
        (
            ("--clinic", "None", "--role", "doctor"),
            "--role",
            'unknown role "doctor"',
            "Known: assistant, auditor, clinician",
        ),
        (("--clinic", "New", "--new-clinic", "--role", "auditor"), "--role", "the first member", "--role owner"),
        (("--clinic", "New", "--new-clinic", "--role", "ownr"), "--role", 'unknown role "ownr"', '"owner"'),
        (("--clinic", "New", "--new-clinic"), "password", "wrong length", "12 to"),
        (("--clinic", " ", "--new-clinic"), "--clinic", "cannot be a name", "1 to"),
    ],
    ids=["clinic", "doctor", "first", "role", "password", "name"],
)
def test_what_cannot_be_is_refused_and_makes_no_clinic(
    words: tuple[str, ...], field: str, message: str, hint: str, address: str, run: Run, typed: Callable[[str], None]
) -> None:
    run("records", "upgrade", "--db", address)
    typed("short\n" if "wrong length" in message else f"{PASSWORD}\n")
    ran = run("records", "create-user", "Ann", *words, "--db", address, "--json")
    assert ran.code == 2
    assert ran.document["error"]["field"] == field
    assert message in ran.document["error"]["message"]
    assert hint in ran.document["error"]["hint"]
    typed(f"{PASSWORD}\n")
    assert run("records", "create-user", "Ann", "--clinic", "New", "--db", address).code == 2


def test_a_taken_name_is_the_name_and_no_file_is_taken_for_a_database(
    address: str, run: Run, typed: Callable[[str], None], tmp_path: Path
) -> None:
    run("records", "upgrade", "--db", address)
    for name, more, field in (
        ("Ann", ("--new-clinic",), None),
        ("ANN", (), "NAME"),
        ("Bob", ("--new-clinic",), "--clinic"),
    ):
        typed(f"{PASSWORD}\n")
        ran = run("records", "create-user", name, "--clinic", "Harbour Clinic", *more, "--db", address, "--json")
        assert ran.document.get("error", {}).get("field") == field
    other = tmp_path / "letter.txt"
    other.write_text("Dear colleague, " * 100, encoding="utf-8")
    said = run("records", "verify", "--db", str(other), "--json").document["error"]
    assert "the file is no database" in said["message"]
    assert "Check the path" in said["hint"]


def test_a_database_that_was_never_set_up_names_the_command(address: str, run: Run) -> None:
    ran = run("records", "create-user", "Ann", "--clinic", "C", "--db", address, "--json")
    assert ran.code == 2
    assert ran.document["error"]["hint"].endswith(f"skinbeam records upgrade --db {address}")
    assert not Path(address).exists(), "a path that is misspelt makes no file"


def test_a_database_in_a_folder_that_is_missing_names_the_folder(tmp_path: Path) -> None:
    """The first hour of the manual got: "not available: No such file or directory. Check that it is running"."""
    folder = tmp_path / "srv" / "skinbeam"
    with pytest.raises(UnreachableError) as refused:
        open_engine(database_url(str(folder / "clinic.sqlite")))
    assert str(folder) in refused.value.message
    assert refused.value.hint.endswith(f"mkdir -p -m 0700 {folder}")
    assert not folder.exists()


def test_without_a_key_the_hint_is_a_line_to_paste(address: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    ran = run("records", "upgrade", "--db", address, "--json")
    assert ran.code == 2
    assert f"export {KEY_VARIABLE}=" in ran.document["error"]["hint"]
