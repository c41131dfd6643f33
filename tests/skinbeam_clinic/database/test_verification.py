"""Whatever is altered, removed, put in or swapped behind the trail's back is found, and its place is told."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyotp
import pytest
from altered_database import run, unguarded
from document_samples import LETTER, PDF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from record_samples import MADE, NO_WAIT, begin_consultation, sign
from rows_after_consent import add_rows_after_consent
from soft_passkey import SoftPasskey
from sqlalchemy import Boolean, inspect, text
from sqlalchemy.exc import IntegrityError

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.oidc_provider import OidcSubject
from skinbeam_clinic.accounts.oidc_sign_in import OidcIdentityRepository
from skinbeam_clinic.accounts.passkeys import PasskeyRepository, PasskeySite
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.database.cleanup import CleanupSummary, clean_database
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.tables import Base
from skinbeam_clinic.database.verification import (
    SIGNED_TABLES,
    IntegrityFinding,
    NotedLogEnd,
    read_noted_ends,
    verify_database,
)
from skinbeam_clinic.errors import DeniedError
from skinbeam_clinic.models import PhotographPermissions
from skinbeam_clinic.repositories import ClinicRepositories

SIGNED = sorted(table.__table__.name for table in SIGNED_TABLES)  # type: ignore[attr-defined]
KEYS = {"clinic_id", "id", "seq"}
PASSWORD = "quiet otters read maps"


@pytest.fixture
def full(database: Database, repositories: ClinicRepositories) -> ClinicRepositories:
    """A clinic with a row in every table."""
    ann = AccountRepository(database, repositories.member, PasswordHasher()).add("Ann", Role.CLINICIAN, PASSWORD)
    AccountRepository(database, repositories.member, PasswordHasher()).add(
        "Ben", Role.ASSISTANT, PASSWORD, temporary=True
    )
    own, keys = AccountRepository(database, ann, PasswordHasher()), PasskeyRepository(database, ann, PasswordHasher())
    address = own.new_codes_address()
    own.set_codes(address, pyotp.parse_uri(address).now(), PASSWORD)
    site, device = (
        PasskeySite("laser.example", "https://laser.example"),
        SoftPasskey("https://laser.example", "laser.example"),
    )
    keys.add(site, "Telephone", device.created(keys.registration_options(site, "Telephone", PASSWORD)))
    ClinicRepositories(database, replace(ann, role=Role.OWNER)).second_factors.set_required(required=True, checked=True)
    OidcIdentityRepository(database, repositories.member).bind(
        ann.id, OidcSubject("https://login.example", "ann-there")
    )
    repositories.closed_days.add("2026-12-25", yearly=True)
    repositories.clinic_contact.save(place="1 Quay Street", phone="030 1000", version="")
    made = begin_consultation(repositories)
    repositories.patients.set_contact(made.patient_id, {"name": "N"})
    face = repositories.photographs.add(made.id, b"a face", "image/png", PhotographPermissions())
    first = repositories.plans.add(made.id, MADE, revision=1)
    repositories.plans.choose(first.id, "vascular", "because")
    added = repositories.clinic_texts.add(use="consent", language="de", title="Vorher", text="Ohne Creme.")
    consent = repositories.consents.record_explanation(
        first.id, option="vascular", cooling_off=NO_WAIT, language="de", texts=[added.id]
    )
    sign(repositories, consent)
    photographs = dict.fromkeys(("photograph_id", "before_id", "after_id"), face.id)
    add_rows_after_consent(
        repositories,
        member_id=ann.id,
        patient_id=made.patient_id,
        consultation_id=made.id,
        plan_id=first.id,
        consent_id=consent.id,
        **photographs,
    )
    repositories.plans.add(made.id, replace(MADE, plan_sha256="q" * 64), revision=1)
    repositories.notes.add(made.patient_id, "Calm.", treatment_id="treatment-1")
    repositories.attachments.add(made.patient_id, PDF, **LETTER)
    link = repositories.patient_links.link(repositories.patients.add().id, made.patient_id, "One person.")
    repositories.patient_links.undo(link.id, "Two persons.")
    return repositories


def found(database: Database) -> list[tuple[str, str]]:
    return [(finding.code, finding.location) for one in verify_database(database) for finding in one.findings]


def test_a_clinic_that_nobody_touched_is_whole(database: Database, full: ClinicRepositories) -> None:
    (one,) = verify_database(database)
    assert one.findings == ()
    with database.reading() as session:
        assert one.entries == session.execute(text("SELECT count(*) FROM trail")).scalar_one()
        assert one.rows == sum(session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in SIGNED)
    assert (one.files, one.spare_files, len(one.end)) == (5, 0, 64)
    database.files.add(full.member.clinic_id, b"an upload that was broken off")
    assert verify_database(database)[0].spare_files == 1


def test_every_table_of_a_clinic_is_signed_or_known_to_change(database: Database) -> None:
    with database.engine.connect() as connection:
        names = set(inspect(connection).get_table_names())
    login = {"login_challenge", "login_lock", "login_session"}
    unsigned = names - set(SIGNED) - {"alembic_version", "clinic", "job", "store", "trail"} - login
    assert not unsigned, f"enter in CONSULTATION_TABLES (follow_up_tables.py) or SIGNED_TABLES: {', '.join(unsigned)}"


def columns(database: Database) -> list[tuple[str, str]]:
    """Every column that holds something in some row."""
    with database.engine.connect() as connection:
        return [
            (name, column["name"])
            for name in [*SIGNED, "trail", "clinic"]
            for column in inspect(connection).get_columns(name)
            if connection.execute(text(f'SELECT count("{column["name"]}") FROM {name}')).scalar_one()
        ]


def altered(value: Any, by: int) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bytes | memoryview):
        content = bytearray(value)
        content[by % len(content)] ^= 1 + by % 255
        return bytes(content)
    if isinstance(value, int):
        return value + 1 + by
    if isinstance(value, str):
        place = by % max(len(value), 1)
        place += value[place : place + 1] == " "  # between day and hour any sign reads as the same moment
        return value[:place] + chr(ord("b") + (value[place : place + 1] == "b")) + value[place + 1 :]
    return value.replace(year=value.year - 1 - by % 50)


@pytest.mark.check
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_one_value_that_is_altered_is_found(
    database: Database, full: ClinicRepositories, data: st.DataObject
) -> None:
    table, column = data.draw(st.sampled_from(columns(database)))
    key = "seq" if table == "trail" else "id"
    with database.engine.connect() as connection:
        held = text(f'SELECT {key}, "{column}" FROM {table} WHERE "{column}" IS NOT NULL ORDER BY {key}')
        rows = connection.execute(held).all()
    row, value = data.draw(st.sampled_from(rows))
    yes_or_no = isinstance(Base.metadata.tables[table].c[column].type, Boolean)  # which SQLite keeps as 1 or 0
    by = data.draw(st.integers(0, 10**6))
    other = type(value)(1 - value) if yes_or_no else altered(value, by)
    change = text(f'UPDATE {table} SET "{column}" = :other WHERE {key} = :row')
    try:
        unguarded(database, lambda connection: connection.execute(change, {"other": other, "row": row}))
    except IntegrityError:  # another row has that key: the database refuses it by itself
        return
    try:
        problems = found(database)
        assert problems, f"{table}.{column} of {row}: {value!r} became {other!r}"
        if column not in KEYS and table in SIGNED:
            assert ("row-altered", f"{table}/{row}") in problems
        if column not in KEYS and table == "trail":
            assert ("entry-altered", f"trail/{row}") in problems
    finally:
        back = text(f'UPDATE {table} SET "{column}" = :value WHERE {key} = :row')
        now = other if column == key else row
        unguarded(database, lambda connection: connection.execute(back, {"value": value, "row": now}))
        assert found(database) == []


def test_a_row_that_is_removed_is_found(database: Database, full: ClinicRepositories) -> None:
    for table in SIGNED:
        with database.reading() as session:
            (row, *_) = session.execute(text(f"SELECT id FROM {table}")).scalars()
        unguarded(database, run(f"DELETE FROM {table} WHERE id = '{row}'"))
        assert ("row-removed", f"{table}/{row}") in found(database)


def test_a_row_that_is_put_in_is_found(database: Database, full: ClinicRepositories) -> None:
    unique = ("id", "pseudonym", "plain_name", "credential", "subject", "serial", "token_hash", "text_id", "name")
    for number, table in enumerate(SIGNED, 1):
        with database.engine.connect() as connection:
            names = [column["name"] for column in inspect(connection).get_columns(table)]
        values = ", ".join("'forged'" if name in unique else f'"{name}"' for name in names)
        listed = ", ".join(f'"{name}"' for name in names)
        unguarded(database, run(f"INSERT INTO {table} ({listed}) SELECT {values} FROM {table} LIMIT 1"))
        findings = found(database)
        assert ("row-inserted", f"{table}/forged") in findings
        assert len(findings) == number


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DELETE FROM trail WHERE seq = 3", ("entry-missing", "trail/3")),
        ("DELETE FROM trail WHERE seq = (SELECT max(seq) FROM trail)", ("trail-cut", None)),
        ("DELETE FROM trail", ("trail-cut", None)),
        ("UPDATE trail SET seq = -seq WHERE seq = 1", ("entry-missing", "trail/1")),
        ("UPDATE clinic SET trail_length = trail_length + 1", ("trail-cut", None)),
        ("UPDATE trail SET detail = '5' WHERE seq = 4", ("entry-altered", "trail/4")),
        ("UPDATE trail SET detail = '{' WHERE seq = 4", ("entry-altered", "trail/4")),
        ("UPDATE trail SET detail = detail || ' ' WHERE seq = 4", ("entry-altered", "trail/4")),
        ("UPDATE plan SET files = '[]'", ("row-altered", None)),
    ],
)
def test_a_trail_that_was_cut_or_mended_is_found(
    statement: str, problem: tuple[str, str | None], database: Database, full: ClinicRepositories
) -> None:
    unguarded(database, run(statement))
    assert any(what == problem[0] and problem[1] in (None, where) for what, where in found(database))


def test_entries_that_change_places_are_found(database: Database, full: ClinicRepositories) -> None:
    for swap in ("seq = 1000 WHERE seq = 4", "seq = 4 WHERE seq = 5", "seq = 5 WHERE seq = 1000"):
        unguarded(database, run(f"UPDATE trail SET {swap}"))
    assert {("entry-altered", "trail/4"), ("entry-altered", "trail/5")} <= set(found(database))


def test_what_is_sealed_for_one_patient_does_not_open_for_another(
    database: Database, repositories: ClinicRepositories
) -> None:
    one, other = repositories.patients.add(), repositories.patients.add()
    repositories.patients.set_contact(one.id, {"name": "One"})
    repositories.patients.set_contact(other.id, {"name": "Other"})
    unguarded(
        database,
        run(
            f"UPDATE contact SET contact_sealed = (SELECT c.contact_sealed FROM contact c WHERE c.id = '{one.id}')"
            f" WHERE id = '{other.id}'"
        ),
    )
    assert found(database) == [("row-altered", f"contact/{other.id}")]
    with pytest.raises(InputError, match="altered, or belong elsewhere"):
        repositories.patients.get_contact(other.id)


def test_a_file_that_is_altered_swapped_or_missing_is_found(database: Database, full: ClinicRepositories) -> None:
    files: list[Path] = sorted(path for path in database.files.folder.rglob("*") if path.is_file())
    first, second = files[0].read_bytes(), files[1].read_bytes()
    for content in (first[:-1], first + b"x", b"", second, bytes([first[0] ^ 1]) + first[1:]):
        files[0].write_bytes(content)
        assert found(database) == [("file-altered", f"file/{files[0].name}")]
    files[0].unlink()
    assert found(database) == [("file-missing", f"file/{files[0].name}")]
    files[0].write_bytes(first)
    assert found(database) == []


def test_what_was_put_back_and_what_is_gone_is_found_by_who_wrote_the_ends_down(
    database: Database, full: ClinicRepositories
) -> None:
    (one,) = verify_database(database)
    note = NotedLogEnd(one.clinic, one.entries, one.end)
    assert verify_database(database, [note])[0].findings == ()
    full.patients.list_all()
    assert verify_database(database, [note])[0].findings == (), "a trail that goes on is no finding"
    for wrong in (replace(note, end="0" * 64), replace(note, entries=note.entries + 100)):
        assert verify_database(database, [wrong])[0].findings == (
            IntegrityFinding("trail-put-back", f"trail/{wrong.entries}"),
        )
    gone = verify_database(database, [note, NotedLogEnd("Gone Clinic", 5, "a" * 64)])[-1]
    assert (gone.clinic, gone.findings) == ("Gone Clinic", (IntegrityFinding("clinic-removed", "--against"),))


@pytest.mark.parametrize(
    "written", ["", "[]", "{}", '{"clinics": [{}]}', '{"clinics": 5}', '{"clinics": [{"clinic": 1}]}']
)
def test_what_is_no_note_is_refused(written: str, tmp_path: Path) -> None:
    (tmp_path / "note.json").write_text(written, encoding="utf-8")
    with pytest.raises(InputError, match="records verify --json"):
        read_noted_ends(tmp_path / "note.json")
    with pytest.raises(InputError, match="records verify --json"):
        read_noted_ends(tmp_path / "none.json")


def test_spare_files_go_once_they_are_a_day_old_and_nothing_that_is_named(
    database: Database, full: ClinicRepositories
) -> None:
    clinic, files = full.member.clinic_id, database.files
    before = set(files.names(clinic))
    young, old, again = (files.add(clinic, content) for content in (b"young", b"old", b"kept again"))
    folder = files.folder / clinic
    half = folder / old[:2] / ".half-written"
    half.write_bytes(b"h")
    ago = time.time() - 25 * 3600
    for path in [path for path in folder.glob("??/*") if path.name != young]:
        os.utime(path, (ago, ago))
    assert files.add(clinic, b"kept again") == again  # whose row is about to be written
    assert verify_database(database)[0].spare_files == 3
    assert clean_database(database) == {"Harbour Clinic": CleanupSummary(files=2, jobs=0)}
    assert set(files.names(clinic)) == before | {young, again}
    assert not half.exists()
    assert files.get(clinic, again) == b"kept again"
    (checked,) = verify_database(database)
    assert (checked.findings, checked.spare_files) == ((), 2)
    assert full.audit_log.newest(2)[1].action == "files.tidied"
    assert clean_database(database) == {"Harbour Clinic": CleanupSummary(files=0, jobs=0)}


def test_who_saw_what_stands_in_the_trail_and_only_some_read_it(database: Database, full: ClinicRepositories) -> None:
    patient = full.patients.list_all()[0]
    full.patients.get(patient.id)
    _, entry = full.audit_log.newest(2, subject=f"patient/{patient.id}")
    assert (entry.actor, entry.action) == ("command line", "patient.seen")
    newest = full.audit_log.newest(3)
    assert [one.action for one in newest] == ["trail.seen", "trail.seen", "patient.seen"]
    for role, may in ((Role.CLINICIAN, False), (Role.ASSISTANT, False), (Role.AUDITOR, True)):
        theirs = ClinicRepositories(database, replace(full.member, role=role)).audit_log
        if may:
            assert theirs.newest(1)
        else:
            with pytest.raises(DeniedError):
                theirs.newest(1)


def test_the_trail_tells_nothing_that_a_patient_answered(database: Database, full: ClinicRepositories) -> None:
    with database.reading() as session:
        trail = str(session.execute(text("SELECT action, subject, detail FROM trail")).all())
    for value in ("42", "female", "because", "Zoë", "a face"):
        assert f"'{value}'" not in trail
        assert f" {value}" not in trail
